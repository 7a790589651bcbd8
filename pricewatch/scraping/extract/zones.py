"""What the elements around a text say of it: about the item, about other items, part of the frame, hidden."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from pricewatch.scraping.extract.dom import Attributes, Document, ancestors, ids

FAR = 99
NEAR_STEPS = 3
MAX_DEPTH = 80
PRICE_WORDS = re.compile(
    r"price|cena|preis|prijs|prix|precio|prezzo|preco|amount|pris\b|hinta|ár\b|cost\b|buybox|kaina|цена|fiyat|pret\b|"
    r"kakaku|cijena"
)
_MAIN = re.compile(
    r"(?:^|[-_ ])(?:current|now|final|sale|special|our|main|primary|today|actual|selling|buy|big|new|offer|promo|"
    r"product|pdp|detail)[-_ ]?(?:price|cena|preis|prijs|prix|precio|prezzo|amount)|priceblock|pricetopay|buybox|"
    r"price-?(?:current|now|final|new|sale|actual|special|main)|"
    r"product[-_]?(?:price|detail|main|info|page|summary)|pdp|prod-?price|itemprop:price"
)
_OTHER = re.compile(
    r"related|recommend|similar|up-?sell|cross-?sell|carousel|swiper|slick-|also-?(?:bought|viewed|like)|recently|"
    r"history|viewed|accessor|bestsell|trending|sponsor|advert|"
    r"(?:^| )ads?(?: |$|[-_](?:slot|unit|banner|box|wrapper))|suggest|alternativ|complementary|"
    r"compar(?:e|ison)[-_](?!price|at)|comparison-?(?:table|chart|grid)|hotspot|products?-?(?:slider|list|grid|card|tile|box|item|"
    r"miniature|thumb|teaser)s?\b(?![-_]*(?:price|preis|prijs))|productlist|other-?(?:offers|sellers|products)|"
    r"more-?(?:items|from)|frequently|polecan|podobne|inne-|zobacz|recom|reco-|promobox|shelf|plp|grid-item|you-?may|"
    r"listing-?item|search-?result|set-?products|outfit|review|comment|question|faq|protection|insurance|warranty|"
    r"bundle|tile\b(?![-_]*(?:price|preis|prijs))|teaser"
)
_CHROME = re.compile(
    r"mini-?cart|(?:header|top|side)-?(?:cart|basket|bag)|shopping-?(?:cart|bag)|"
    r"(?:cart|basket|bag)-?(?:drawer|popup|summary|icon|totals?|preview|items|count|amount|dropdown|sidebar|empty|"
    r"link)|"
    r"(?:^| )(?:cart|basket|footer|nav|menu|sidebar|koszyk)(?= |$)|(?:site|page|main|global)-?(?:footer|nav)|"
    r"footer|navigation|navbar|mega-?menu|breadcrumb|topbar|wishlist|filter|facet|newsletter|cookie|tooltip|modal|"
    r"dialog|popup|popover"
)
_HEADER = re.compile(r"(?:^|[ _-])header(?=[ _-]|$)|topbar|top-bar")
_HIDDEN = re.compile(
    r"(?:^|[ _-])(?:hidden|d-none|visually-?hidden|sr-only|hide|invisible)(?=[ _-]|$)|(?:^| )template(?= |$)|"
    r"display: ?none"
)
_BIG = re.compile(r"font(?:-size)?:[^;]*?(?:1[89]|[2-6]\d)(?:\.\d+)?px|font-size: ?(?:1\.[3-9]|[2-5](?:\.\d+)?)r?em")
_OUTERMOST = ids("body", "html", "-document")
_CHROME_TAGS, (_ASIDE,), (_FORM,) = ids("footer", "nav"), ids("aside"), ids("form")
_SELLS = re.compile(r"buy|product|purchase|summary|price|order|offer|kauf|koop|zakup|detail|info")
_TO_CART = re.compile(
    r"(?:^| )cart(?= |$)|variations|add-?to-?(?:cart|basket|bag)"
)  # what a shop calls its form to buy
_STRUCK_TAGS = ids("del", "s", "strike")
_BIG_TAGS, _HEADER_TAG, _LINK = ids("big", "h2"), ids("header"), ids("a")
_NAMES = frozenset(
    ["id", "data-testid", "data-test-id", "data-test", "data-automation-id", "data-box-name", "data-role", "data-cy",
     "data-qa", "data-hook", "data-dot", "data-price-type", "data-name", "data-component"]
)  # fmt: skip


class Marks(NamedTuple):
    """What the names of one element say."""

    other: bool
    chrome: bool
    header: bool
    hidden: bool
    price: bool
    main: bool


class Zone(NamedTuple):
    """What an element and all around it say of the text inside; `price` and `main` count steps up to such markup."""

    other: bool = False
    chrome: bool = False
    header: bool = False
    hidden: bool = False
    link: bool = False
    big: bool = False
    struck: bool = False
    price: int = FAR
    main: int = FAR
    names: tuple[str, ...] = ()

    @property
    def near(self) -> str:
        """The names of the element and of the two around it."""
        return " | ".join(self.names)


@lru_cache(maxsize=32_768)
def marks_of(words: str) -> Marks:
    """Read the names (class, id, test id) of one element, in lower case."""
    return Marks(
        other=bool(_OTHER.search(words)),
        chrome=bool(_CHROME.search(words)),
        header=bool(_HEADER.search(words)),
        hidden=bool(_HIDDEN.search(words)),
        price=bool(PRICE_WORDS.search(words)),
        main=bool(_MAIN.search(words)),
    )


def names_of(attributes: Attributes) -> str:
    """The names that an element is marked with, in lower case and bounded."""
    words = attributes.get("class") or ""
    if len(attributes) > (words != ""):  # more than a class
        if not _NAMES.isdisjoint(attributes):
            words += "".join(f" {value}" for name, value in attributes.items() if value and name in _NAMES)
        if prop := attributes.get("itemprop"):
            words += f" itemprop:{prop}"
    return words[:300].lower().strip() if words else ""


def _names_and_style(attributes: Attributes) -> tuple[str, str]:
    if not attributes:
        return "", ""
    style = (attributes.get("style") or "").lower()
    return names_of(attributes), style + ";display:none" if "hidden" in attributes else style


class Zones:
    """The zones of one document, worked out once for each element, and once for elements alike in one place."""

    def __init__(self, document: Document) -> None:
        heading = document.main_heading
        self._known: dict[int, Zone] = {}
        self._named: dict[int, tuple[str, str]] = {}
        self._alike: dict[tuple[int, int, str, str, bool], Zone] = {}
        self._around = {node.mem_id for node in ancestors(heading, 60)} if heading is not None else set[int]()

    def of(self, node: LexborNode | None) -> Zone:
        """The zone of an element."""
        chain: list[tuple[LexborNode, int]] = []
        known, zone = self._known, _NOWHERE
        while node is not None and len(chain) < MAX_DEPTH:
            place = node.mem_id
            if place in known:
                zone = known[place]
                break
            if node.tag_id in _OUTERMOST:
                break
            chain.append((node, place))
            node = node.parent
        for inner, place in reversed(chain):
            zone = known[place] = self._inner(inner, place, zone)
        return zone

    def named(self, node: LexborNode, place: int) -> tuple[str, str]:
        """The names and the style of an element, looked at once."""
        known = self._named.get(place)
        if known is None:
            known = self._named[place] = _names_and_style(node.attributes)
        return known

    def _inner(self, node: LexborNode, place: int, outer: Zone) -> Zone:
        words, style = self.named(node, place)
        tag, around = node.tag_id, place in self._around
        key = (id(outer), tag, words, style, around)
        zone = self._alike.get(key)
        if zone is None:
            zone = self._alike[key] = _step(outer, tag, words, style, around)
        return zone


_NOWHERE = Zone()


@lru_cache(maxsize=16_384)
def _step(outer: Zone, tag: int, words: str, style: str, around_heading: bool) -> Zone:
    """One step inwards; what holds the item's own title is about the item, whatever it is called."""
    other, chrome, header, hidden, price, main = marks_of(words)
    about = not around_heading
    chrome = chrome and not (tag == _FORM and _TO_CART.search(words))
    return Zone(
        about and (outer.other or other),
        about and (outer.chrome or chrome or tag in _CHROME_TAGS or (tag == _ASIDE and not _SELLS.search(words))),
        about and (outer.header or header or tag in _HEADER_TAG),
        outer.hidden or hidden or (style != "" and "display:none" in style.replace(" ", "")),
        outer.link or tag in _LINK,
        outer.big or tag in _BIG_TAGS or (style != "" and bool(_BIG.search(style))),
        outer.struck or tag in _STRUCK_TAGS or "line-through" in style,
        0 if price else min(outer.price + 1, FAR),
        0 if main else min(outer.main + 1, FAR),
        (words, *outer.names[: NEAR_STEPS - 1]),
    )
