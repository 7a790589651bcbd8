"""The prices that a visitor sees: every amount in the text, with its role and a score for being the price."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from pricewatch.domain.offer import PriceRole
from pricewatch.scraping.extract.currencies import SYMBOLS
from pricewatch.scraping.extract.dom import Document, ancestors, path_of, squeeze
from pricewatch.scraping.extract.numerals import Numeral, is_plain_money, numerals, plain
from pricewatch.scraping.extract.price_text import amounts_of
from pricewatch.scraping.extract.records import Candidate, Source
from pricewatch.scraping.extract.roles import role_of

MAX_SPOTS = 160
ALIKE = "one of many alike"
_TEXT = 2
_DIGIT_OR_SIGN = re.compile(rf"[\d{SYMBOLS}]|zł|Kč|EUR|PLN|CZK|USD|GBP|CHF|\bkr\b|руб|грн|\blei\b|\bFt\b|,-")
_PRICE_MARKUP = re.compile(r"price|cena|preis|prijs|prix|precio|prezzo|preco|amount|pris\b|hinta|ár\b|cost\b|buybox|kaina|цена", re.I)
_MAIN_MARKUP = re.compile(
    r"(?:^|[-_ ])(?:current|now|final|sale|special|our|main|primary|today|actual|selling|buy|big|new|offer|promo|product|pdp|detail)"
    r"[-_ ]?(?:price|cena|preis|prijs|prix|precio|prezzo|amount)|priceblock|pricetopay|buybox|price-?(?:current|now|final|new|sale|actual|special|main)"
    r"|product[-_]?(?:price|detail|main|info|page|summary)|pdp|prod-?price|itemprop:price",
    re.I,
)
_OTHER_MARKUP = re.compile(
    r"related|recommend|similar|up-?sell|cross-?sell|carousel|swiper|slick-|also-?(?:bought|viewed|like)|recently|history|viewed|"
    r"accessor|bestsell|trending|sponsor|advert|\bads?\b|suggest|alternativ|complementary|compar(?:e|ison)-|"
    r"product-?(?:list|grid|card|tile)s?\b|productlist|other-?(?:offers|sellers|products)|more-?(?:items|from)|frequently|fbt|"
    r"polecan|podobne|inne-|zobacz|recom|reco-|promobox|shelf|plp|grid-item|you-?may|listing-?item|search-?result|"
    r"set-?products|outfit|review|comment|question|faq|protection|insurance|warranty|bundle|sims-|cerberus|tile\b|teaser",
    re.I,
)
_CHROME_MARKUP = re.compile(
    r"mini-?cart|(?:header|top|side)-?(?:cart|basket|bag)|(?:cart|basket|bag)-?(?:drawer|popup|summary|icon|totals?|preview|items|count|amount|dropdown|sidebar|empty|link)|"
    r"shopping-?(?:cart|bag)|(?:^| )(?:cart|basket|footer|nav|menu|sidebar|koszyk)(?= |$)|(?:site|page|main|global)-?(?:footer|nav)|"
    r"footer|navigation|navbar|mega-?menu|breadcrumb|topbar|wishlist|filter|facet|newsletter|cookie|tooltip|modal|dialog|popup|popover",
    re.I,
)
_HEADER_MARKUP = re.compile(r"(?:^|[ _-])header(?=[ _-]|$)|topbar|top-bar", re.I)
_HIDDEN_MARKUP = re.compile(r"(?:^|[ _-])(?:hidden|d-none|visually-?hidden|sr-only|hide|invisible|template)(?=[ _-]|$)|display: ?none", re.I)
_NUMBERS = re.compile(r"\d+")
_BIG = re.compile(r"font(?:-size)?:[^;]*?(?:1[89]|[2-6]\d)(?:\.\d+)?px|font-size: ?(?:1\.[3-9]|[2-5](?:\.\d+)?)r?em", re.I)
_LABEL = re.compile(
    r"(?:\bprice|\bcena(?: brutto)?|preis|prijs|\bprix|precio|prezzo|preço|\bpris|hinta|цена|ціна|kaina|cijena|ár|"
    r"\bnow|jetzt|teraz|\bnyní|\bonly|\bnur|tylko|価格|售價|特價|מחיר)\W{0,6}$",
    re.I,
)
_CHROME_TAGS = frozenset({"footer", "nav", "aside"})
_SKIP_TAGS = frozenset({"script", "style", "noscript", "template", "textarea", "svg", "title"})
_BUY = re.compile(r"add to (?:your )?(?:cart|basket|bag|trolley|order)|buy (?:it )?now|do koszyka|kup teraz|kupuj|in den (?:waren|einkaufs)korb|in winkelwagen|do košík|"
                  r"ajouter au panier|añadir a|aggiungi al carrello|adicionar ao carrinho|comprar|köp|kjøp|lisää|kosárba|в корзину|купить|lisa ostukorvi|pievienot|grozā|הוסף|加入購物車|buy\b|order now", re.I)


class Zone(NamedTuple):
    """What an element's ancestors say of everything inside it."""

    other: bool = False
    chrome: bool = False
    header: bool = False
    hidden: bool = False
    link: bool = False
    big: bool = False
    struck: bool = False
    price: int = 99  # steps up to the nearest price markup
    main: int = 99
    near: str = ""  # class words of the nearest steps


@dataclass(slots=True)
class Spot:
    """One place in the text where money stands."""

    node: LexborNode
    text: str
    numeral: Numeral
    order: int
    before: str
    behind: str
    zone: Zone


@dataclass(slots=True)
class Scan:
    """One walk over the page's text: money spots, where the headings are and where the buy button is."""

    spots: list[Spot] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    buttons: list[int] = field(default_factory=list)
    length: int = 0
    texts: list[str] = field(default_factory=list)


class Walker:
    """Walks the body once; what ancestors say is worked out once per element."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.zones: dict[int, Zone] = {}
        self.seen: set[tuple[int, int]] = set()
        self.heading = document.main_heading
        self.around_heading = {node.mem_id for node in ancestors(self.heading, 60)} if self.heading else set()

    def walk(self) -> Scan:
        """Visit all text in page order."""
        scan = Scan()
        body = self.document.tree.body
        if body is None:
            return scan
        heading = self.heading.mem_id if self.heading else 0
        skip = False
        for node in body.traverse(include_text=True, skip_empty=True):
            if node.tag_id != _TEXT:
                tag = node.tag
                skip = tag in _SKIP_TAGS
                if node.mem_id == heading:
                    scan.headings.append(len(scan.texts))
                continue
            if skip:
                skip = False
                continue
            self._text(scan, node, node.text_content or "")
        scan.length = len(scan.texts)
        return scan

    def _text(self, scan: Scan, node: LexborNode, raw: str) -> None:
        text = raw.strip()
        scan.texts.append(text)
        if len(text) < 60 and _BUY.search(text):
            scan.buttons.append(len(scan.texts))
        if len(scan.spots) >= MAX_SPOTS or len(text) > 400 or not _DIGIT_OR_SIGN.search(text):
            return
        for spot in self._spots(scan, node, text):
            scan.spots.append(spot)

    def _spots(self, scan: Scan, node: LexborNode, text: str) -> list[Spot]:
        line = plain(text)
        parent = node.parent
        if parent is None:
            return []
        found = list(numerals(line))
        money = [n for n in found if is_plain_money(n)]
        zone = self.zone(parent)
        holder, order = parent, len(scan.texts)
        if money and _split_decimals(node, line, money[-1]):
            money = []
        if not money:
            priced = zone.price <= 2 and bool(found) and not re.search(r"[^\W\d_]{4,}", line)
            lone_sign = not found and len(line) <= 12
            if not (priced or lone_sign or (found and len(line) <= 14)):
                return []
            holder, line, found = _whole(parent, line)
            money = [n for n in found if is_plain_money(n)] or (found[:1] if priced and zone.price <= 2 else [])
            zone = self.zone(holder)
        made = []
        for numeral in money[:4]:
            key = (holder.mem_id, numeral.start)
            if key in self.seen:
                continue
            self.seen.add(key)
            before, behind = line[: numeral.start], line[numeral.end :]
            if len(before.strip()) < 3 or len(behind.strip()) < 2:
                outer = _around(holder, line)
                before, behind = outer[0] + " " + before, behind + " " + outer[1]
            made.append(Spot(holder, line, numeral, order, before, behind, zone))
        return made

    def zone(self, node: LexborNode | None, depth: int = 0) -> Zone:
        """What a node and its ancestors say; remembered for each node."""
        if node is None or depth > 60:
            return Zone()
        known = self.zones.get(node.mem_id)
        if known is None:
            known = self._zone(node, self.zone(node.parent, depth + 1))
            self.zones[node.mem_id] = known
        return known

    def _zone(self, node: LexborNode, outer: Zone) -> Zone:
        tag = node.tag or ""
        if tag in {"body", "html", "-document"}:
            return Zone()
        attributes = node.attributes
        words = " ".join(
            filter(None, (attributes.get("class"), attributes.get("id"), attributes.get("data-testid"), attributes.get("data-test"), attributes.get("data-automation-id")))
        )[:300]  # fmt: skip
        prop = attributes.get("itemprop") or ""
        if prop:
            words += f" itemprop:{prop}"
        style = attributes.get("style") or ""
        inner = node.mem_id not in self.around_heading  # what holds the item's own title is about the item
        return Zone(
            other=inner and (outer.other or bool(_OTHER_MARKUP.search(words))),
            chrome=inner and (outer.chrome or tag in _CHROME_TAGS or bool(_CHROME_MARKUP.search(words))),
            header=inner and (outer.header or tag == "header" or bool(_HEADER_MARKUP.search(words))),
            hidden=outer.hidden or "hidden" in attributes or bool(_HIDDEN_MARKUP.search(words + " " + style)),
            link=outer.link or tag == "a",
            big=outer.big or (bool(style) and bool(_BIG.search(style))) or tag in {"big", "h2"},
            struck=outer.struck or tag in {"del", "s", "strike"} or "line-through" in style,
            price=0 if _PRICE_MARKUP.search(words) else min(outer.price + 1, 99),
            main=0 if _MAIN_MARKUP.search(words) else min(outer.main + 1, 99),
            near=" | ".join((words, *outer.near.split(" | ")[:2])),
        )


def _split_decimals(node: LexborNode, line: str, numeral: Numeral) -> bool:
    """Whether the decimals of a number at the end of a text stand in the next element."""
    if not numeral.digits.isdigit() or numeral.end != len(line):
        return False
    following = node.next
    if following is None or following.tag_id == _TEXT:
        return False
    text = (following.text(strip=True) or "")[:6]
    return bool(re.fullmatch(r"[.,]?\d{2}|[.,]\d?", text))


def _whole(node: LexborNode, line: str) -> tuple[LexborNode, str, list[Numeral]]:
    """The smallest element around a part of a price that holds it whole."""
    best = (node, line, list(numerals(line)))
    holder: LexborNode | None = node
    for _ in range(4):
        if holder is None or holder.tag in {"body", "html", "tr", "ul"}:
            break
        text = mended(plain(squeeze(holder.text(separator=" ")[:400])))
        if len(text) > 60:
            break
        found = list(numerals(text))
        if len(found) > 2:
            break
        best = (holder, text, found)
        if any(n.codes for n in found):
            return best
        holder = holder.parent
    return _beside(node, line) or best


def _beside(node: LexborNode, line: str) -> tuple[LexborNode, str, list[Numeral]] | None:
    """The number in the element before or behind one that holds the sign alone, or the other way round."""
    for sibling, first in ((_sibling(node, -1), True), (_sibling(node, 1), False)):
        if sibling is None:
            continue
        other = mended(plain(squeeze(sibling.text(separator=" ")[:80])))
        if not other or len(other) > 14:
            continue
        behind = _sibling(sibling, 1)
        if not first and behind is not None and re.fullmatch(r"\d{2}", decimals := behind.text(strip=True)[:4]):
            other = f"{other} {decimals}"
        text = f"{other} {line}" if first else f"{line} {other}"
        found = list(numerals(text))
        if len(found) == 1 and found[0].codes:
            return sibling, text, found
    return None


def _sibling(node: LexborNode, step: int) -> LexborNode | None:
    other = node.next if step > 0 else node.prev
    while other is not None and other.tag_id == _TEXT:
        if (other.text_content or "").strip():
            return None
        other = other.next if step > 0 else other.prev
    return other


_BROKEN = (
    (re.compile(r"(\d) ([.,]) ?(\d{2})(?!\d)"), r"\1\2\3"),
    (re.compile(r"(\d[.,]) (\d{2,3})(?!\d)"), r"\1\2"),
    (re.compile(r"(\d) ([.,]\d{2})(?!\d)"), r"\1\2"),
)


def mended(text: str) -> str:
    """Join a number that elements have torn apart: `449 ,00 zł`, `12 . 48`."""
    for pattern, joined in _BROKEN:
        text = pattern.sub(joined, text)
    return text


def _around(node: LexborNode, line: str) -> tuple[str, str]:
    """The text before and behind an element inside its nearest larger container."""
    outer = node.parent
    for _ in range(3):
        if outer is None or outer.tag == "body":
            return "", ""
        text = plain(squeeze(outer.text(separator=" ")[:2000]))
        if len(text) > len(line) + 3:
            if len(text) > 260:
                return "", ""
            before, _, behind = text.partition(line)
            return before[-70:], behind[:40]
        outer = outer.parent
    return "", ""


def scored(scan: Scan) -> list[Candidate | None]:
    """A candidate for every spot, in page order; None where the number is no amount."""
    shapes = Counter(shape_of(spot) for spot in scan.spots)
    start = scan.headings[0] if scan.headings else -1
    return [_scored(spot, scan, start, shapes) for spot in scan.spots]


def ranked(found: Sequence[Candidate | None]) -> list[Candidate]:
    """The candidates, the highest score first: that is the price which the page shows."""
    return sorted((c for c in found if c), key=lambda c: -c.score)


def tiles_of(scan: Scan) -> int:
    """How many different amounts the most repeated pattern of markup shows."""
    shapes: dict[str, set[str]] = {}
    for spot in scan.spots:
        shapes.setdefault(shape_of(spot), set()).add(spot.numeral.digits)
    return max(map(len, shapes.values()), default=0)


def shape_of(spot: Spot) -> str:
    """The pattern of markup a spot stands in: its element, the classes around it, numbers left out."""
    return _NUMBERS.sub("#", f"{spot.node.tag}|{spot.zone.near}|{spot.zone.other}")


def _scored(spot: Spot, scan: Scan, start: int, shapes: Counter[str]) -> Candidate | None:
    amounts = tuple(a for a in amounts_of(spot.numeral.digits) if a > 0)
    if not amounts:
        return None
    if spot.numeral.hundredths:
        amounts = tuple(a.scaleb(-2) for a in amounts)
    zone = spot.zone
    tags = frozenset({"del"}) if zone.struck else frozenset()
    role, reason = role_of(spot.before, spot.behind, zone.near, tags)
    points = list(_points(spot, scan, start, shapes))
    code = spot.numeral.codes[0] if spot.numeral.codes else ""
    why = tuple(name for name, _ in points if name) + ((reason,) if reason else ())
    score = sum(value for _, value in points)
    if (zone.other or zone.chrome) and zone.main > 2 and role in {PriceRole.REGULAR, PriceRole.SALE, PriceRole.FROM}:
        role = PriceRole.OTHER_PRODUCT
    text = spot.text[max(0, spot.numeral.start - 20) : spot.numeral.end + 10]
    return Candidate(Source.VISIBLE, role, amounts, code, text, path_of(spot.node), score, why, spot.numeral.codes, spot.numeral.digits)


def _points(spot: Spot, scan: Scan, start: int, shapes: Counter[str]) -> list[tuple[str, int]]:
    zone, points = spot.zone, [("", 0)]
    if zone.main <= 2:
        points.append(("main price markup", 30))
    if zone.price <= 5:
        points.append(("price markup", 25 - 4 * zone.price))
    if spot.numeral.codes:
        points.append(("", 10))
    if start >= 0:
        distance = spot.order - start
        points.append(_distance_points(distance))
    elif spot.order < 0.5 * scan.length:
        points.append(("", 5))
    if any(0 <= b - spot.order <= 25 for b in scan.buttons):
        points.append(("before the buy button", 10))
    if zone.other:
        points.append(("among other products", -40))
    if zone.chrome or (zone.header and spot.order < start):
        points.append(("in header, footer or cart", -35))
    if zone.hidden:
        points.append(("hidden", -12))
    if zone.link:
        points.append(("inside a link", -12))
    if shapes[shape_of(spot)] >= 4:
        points.append((ALIKE, -15))
    if zone.big:
        points.append(("large type", 12))
    if _LABEL.search(spot.before[-24:]):
        points.append(("labelled as the price", 20))
    if len(spot.text) > 60:
        points.append(("in running text", -15))
    return points


def _distance_points(distance: int) -> tuple[str, int]:
    if distance < -30:
        return "far before the title", -20
    if distance < 0:
        return "just before the title", 5
    if distance <= 40:
        return "below the title", 25 - distance // 4
    return ("", 8) if distance <= 120 else ("far below the title", -10)

