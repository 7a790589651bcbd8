"""What the elements around a text say of it: about the item, about other items, part of the frame, hidden."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from pricewatch.scraping.extract.dom import Document, ancestors

FAR = 99
NEAR_STEPS = 3
MAX_DEPTH = 80
PRICE_WORDS = re.compile(
    r"price|cena|preis|prijs|prix|precio|prezzo|preco|amount|pris\b|hinta|ár\b|cost\b|buybox|kaina|цена"
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
    r"compar(?:e|ison)-|product-?(?:list|grid|card|tile)s?\b|productlist|other-?(?:offers|sellers|products)|"
    r"more-?(?:items|from)|frequently|polecan|podobne|inne-|zobacz|recom|reco-|promobox|shelf|plp|grid-item|you-?may|"
    r"listing-?item|search-?result|set-?products|outfit|review|comment|question|faq|protection|insurance|warranty|"
    r"bundle|tile\b|teaser"
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
    r"(?:^|[ _-])(?:hidden|d-none|visually-?hidden|sr-only|hide|invisible|template)(?=[ _-]|$)|display: ?none"
)
_BIG = re.compile(r"font(?:-size)?:[^;]*?(?:1[89]|[2-6]\d)(?:\.\d+)?px|font-size: ?(?:1\.[3-9]|[2-5](?:\.\d+)?)r?em")
_CHROME_TAGS = frozenset({"footer", "nav", "aside"})
_STRUCK_TAGS = frozenset({"del", "s", "strike"})
_NAMES = ("id", "data-testid", "data-test", "data-automation-id")


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


def names_of(attributes: dict[str, str | None]) -> str:
    """The names that an element is marked with, in lower case and bounded."""
    words = attributes.get("class") or ""
    for name in _NAMES:
        value = attributes.get(name)
        if value:
            words += " " + value
    prop = attributes.get("itemprop")
    return (f"{words} itemprop:{prop}" if prop else words)[:300].lower().strip()


class Zones:
    """The zones of one document, worked out once for each element."""

    def __init__(self, document: Document) -> None:
        heading = document.main_heading
        self._known: dict[int, Zone] = {}
        self._around = {node.mem_id for node in ancestors(heading, 60)} if heading is not None else set[int]()

    def of(self, node: LexborNode | None, depth: int = 0) -> Zone:
        """The zone of an element."""
        if node is None or depth > MAX_DEPTH:
            return Zone()
        place = node.mem_id
        known = self._known.get(place)
        if known is None:
            tag = node.tag or ""
            if tag in {"body", "html", "-document"}:
                return Zone()
            known = self._inner(node, tag, self.of(node.parent, depth + 1), place in self._around)
            self._known[place] = known
        return known

    def _inner(self, node: LexborNode, tag: str, outer: Zone, around_heading: bool) -> Zone:
        """One step inwards; what holds the item's own title is about the item, whatever it is called."""
        attributes = node.attributes
        words = names_of(attributes) if attributes else ""
        marks = marks_of(words)
        style = (attributes.get("style") or "").lower() if attributes else ""
        about = not around_heading
        return Zone(
            other=about and (outer.other or marks.other),
            chrome=about and (outer.chrome or marks.chrome or tag in _CHROME_TAGS),
            header=about and (outer.header or marks.header or tag == "header"),
            hidden=outer.hidden or marks.hidden or "hidden" in attributes or "display:none" in style.replace(" ", ""),
            link=outer.link or tag == "a",
            big=outer.big or tag in {"big", "h2"} or bool(style and _BIG.search(style)),
            struck=outer.struck or tag in _STRUCK_TAGS or "line-through" in style,
            price=0 if marks.price else min(outer.price + 1, FAR),
            main=0 if marks.main else min(outer.main + 1, FAR),
            names=(words, *outer.names[: NEAR_STEPS - 1]),
        )
