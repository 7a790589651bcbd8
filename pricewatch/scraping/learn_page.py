"""A page laid open for learning: its reading, its tree, and every place where one amount stands, with its role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborNode

from pricewatch.domain.offer import PriceRole, Verdict
from pricewatch.ports import Page
from pricewatch.scraping.extract.charset import utf8
from pricewatch.scraping.extract.dom import Document, ancestors, attribute, inside, text_of
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.extract.identifiers import alike
from pricewatch.scraping.extract.microdata import same_page
from pricewatch.scraping.extract.page import read_page
from pricewatch.scraping.extract.price_text import parse_price
from pricewatch.scraping.extract.reading import Reading
from pricewatch.scraping.extract.records import Candidate
from pricewatch.scraping.extract.roles import role_of
from pricewatch.scraping.extract.score import scored
from pricewatch.scraping.extract.visible import Scan, Walker
from pricewatch.scraping.extract.zones import PRICE_WORDS, Zone, Zones

MAX_HOLDER = 60
MAX_CUTS = 500
BARE_SCORE = 10
ATTRIBUTE_SCORE = 20
ELSEWHERE = "in a part that looks like other products"
OPEN_ROLES = frozenset({PriceRole.REGULAR, PriceRole.SALE, PriceRole.FROM})
PAST_ROLES = frozenset({PriceRole.WAS, PriceRole.LOWEST_30_DAYS})
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_DIGITS = re.compile(r"\D")
_PRICED_ATTRIBUTES = (
    "[content],[value],[data-price],[data-amount],[data-value],[data-product-price],[data-price-amount]"
)
_UNREADABLE = {
    Verdict.BLOCKED: "the site shows a challenge, consent or login page instead",
    Verdict.GONE: "the page says that the item is no longer there",
    Verdict.UNREADABLE: "the page cannot be read",
}


@dataclass(frozen=True, slots=True)
class LaidOpen:
    """One page with all that was found on it; `strange` are words that belong to this one item."""

    page: Page
    context: SiteContext
    reading: Reading
    document: Document
    scan: Scan
    scored: tuple[Candidate | None, ...]
    strange: frozenset[str]

    @property
    def address(self) -> str:
        return self.page.final_url or self.page.url

    @property
    def name(self) -> str:
        return self.reading.identity.name or self.document.heading


@dataclass(frozen=True, slots=True)
class Place:
    """Where an amount stands: an element's text, or its `attribute`; `hard` when what speaks for its role is plain.

    `alien` names the other product that the place belongs to.
    """

    node: LexborNode
    role: PriceRole
    why: str
    score: int
    hard: bool
    text: str
    attribute: str = ""
    alien: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the amount can be what a buyer pays for the page's own item."""
        return self.role in OPEN_ROLES and not self.alien

    @property
    def is_past_or_beside(self) -> bool:
        """Whether the page says that it was the price once, or stands among other products."""
        return self.why == ELSEWHERE or self.role in PAST_ROLES


def unusable(reading: Reading) -> str:
    """Why nothing can be learned from a page, in words; empty = something may."""
    reason = _UNREADABLE.get(reading.verdict, "")
    return f"{reason}: {reading.message}" if reason and reading.message else reason


def lay_open(page: Page, context: SiteContext) -> LaidOpen | str:
    """Read a page and keep its tree; a page that nothing can be learned from is the reason in words."""
    reading = read_page(page, context)
    if reason := unusable(reading):
        return reason
    document = Document.parse(utf8(page.body, page.headers), page.final_url or page.url)
    for selector in context.hints.ignore:
        _cut_out(document, selector)
    scan = Walker(document).walk()
    return LaidOpen(page, context, reading, document, scan, tuple(scored(scan)), _strange(page, reading))


def _cut_out(document: Document, selector: str) -> None:
    for _ in range(MAX_CUTS):
        node = document.first(selector)
        if node is None:
            return
        node.decompose()


def _strange(page: Page, reading: Reading) -> frozenset[str]:
    """The item's own numbers, and the last part of its address: names that carry them fit no other product."""
    known = reading.identity
    try:
        last = urlsplit(page.final_url or page.url).path.rstrip("/").rpartition("/")[2].partition(".")[0].lower()
    except ValueError:
        last = ""
    words = {known.gtin, known.sku.lower(), known.mpn.lower(), last if len(last) >= 8 else ""}
    return frozenset(word for word in words if len(word) >= 4 and word != "price")


# --- where an amount stands ------------------------------------------------------------------------------------


def places_of(amount: Decimal, page: LaidOpen) -> list[Place]:
    """Every place whose number can mean the amount, the likeliest first; one for each element."""
    shown = list(_among_the_shown(amount, page))
    whole = {place.node.mem_id for place in shown}
    bare = (p for p in _bare(amount, page) if not any(n.mem_id in whole for n in ancestors(p.node, 3)))
    found = [*shown, *bare, *_in_attributes(amount, page)]
    once: dict[tuple[int, str], Place] = {}
    for place in found:
        once.setdefault((place.node.mem_id, place.attribute), place)
    return sorted(once.values(), key=lambda place: (not place.is_open, place.hard, -place.score))


def _among_the_shown(amount: Decimal, page: LaidOpen) -> Iterator[Place]:
    for spot, candidate in zip(page.scan.spots, page.scored, strict=True):
        if candidate and amount in candidate.amounts and spot.node.tag != "body":
            yield _place(spot.node, candidate, page)


def _place(node: LexborNode, candidate: Candidate, page: LaidOpen) -> Place:
    alien = other_item(node, page)
    role, why = candidate.role, next((w for w in reversed(candidate.why) if _tells_role(w)), "")
    if role is PriceRole.OTHER_PRODUCT and not alien and not _tells_role(why):
        role, why = PriceRole.REGULAR, ELSEWHERE
    hard = why.startswith(("struck", "preceded", "followed")) or bool(alien)
    return Place(node, role, why, candidate.score, hard, text_of(node, 80), alien=alien)


def _tells_role(why: str) -> bool:
    return why.startswith(("struck out", "preceded by", "followed by", "markup says"))


def _bare(amount: Decimal, page: LaidOpen) -> Iterator[Place]:
    """Numbers without any sign, which the reader takes only inside markup that names a price."""
    body, zones = page.document.tree.body, Zones(page.document)
    whole, seen = str(int(amount)), set[int]()
    for node in body.traverse(include_text=True, skip_empty=True) if body is not None else ():
        if node.tag != "-text" or len(text := node.text_content or "") > MAX_HOLDER:
            continue
        if whole not in _DIGITS.sub("", text) or node.parent is None or node.parent.tag in {"script", "style"}:
            continue
        holder = _holder(node.parent, amount, page)
        if holder is not None and holder.mem_id not in seen:
            seen.add(holder.mem_id)
            yield _by_zone(holder, zones.of(holder), "", page)


def _holder(node: LexborNode, amount: Decimal, page: LaidOpen) -> LexborNode | None:
    """The smallest element that reads as the amount, when no small element around it reads as another one."""
    held: LexborNode | None = None
    for around in (node, *ancestors(node, 3)):
        text = text_of(around, MAX_HOLDER + 1)
        if len(text) > MAX_HOLDER or around.tag in {"body", "html"}:
            break
        readings = readings_of(text, page)
        if amount in readings:  # of "129" inside "129 00 zł" the whole
            held = around if held is None or _adds_decimals(text, text_of(held)) else held
        elif held is not None and len(text) <= len(text_of(held)) + 8 and readings:
            return None
    return held


def _adds_decimals(text: str, held: str) -> bool:
    whole, part = _DIGITS.sub("", text), _DIGITS.sub("", held)
    return whole.startswith(part) and 0 < len(whole) - len(part) <= 2


def _in_attributes(amount: Decimal, page: LaidOpen) -> Iterator[Place]:
    zones = Zones(page.document)
    for node in page.document.all(_PRICED_ATTRIBUTES)[:400]:
        for name, value in node.attributes.items():
            named = name.startswith("data-") or name in {"content", "value"}
            if named and value and len(value) <= 24 and amount in readings_of(value, page) and _is_price(node, name):
                yield _by_zone(node, zones.of(node), name, page)


def _is_price(node: LexborNode, name: str) -> bool:
    words = " ".join((name, *(attribute(node, a) for a in ("itemprop", "property", "name", "id", "class"))))
    return bool(PRICE_WORDS.search(words.lower()))


def _by_zone(node: LexborNode, zone: Zone, name: str, page: LaidOpen) -> Place:
    words = f"{zone.near} {attribute(node, 'property')} {attribute(node, 'name')}"
    role, why = role_of("", "", "", words, struck=zone.struck)
    alien = other_item(node, page)
    score = (ATTRIBUTE_SCORE if name else BARE_SCORE) - 30 * (zone.other or zone.chrome)
    text = attribute(node, name) if name else text_of(node, 80)
    return Place(node, role, why, score, bool(alien) or why.startswith("struck"), text, name, alien)


def readings_of(text: str, page: LaidOpen) -> tuple[Decimal, ...]:
    """Every amount that a text on the page can mean."""
    site = page.context
    return parse_price(
        text,
        locale=site.locale or page.document.language,
        currency=site.currency or None,
        decimal=site.hints.decimal,
    ).amounts_above_zero()


# --- whose price it is -----------------------------------------------------------------------------------------


def other_item(node: LexborNode, page: LaidOpen) -> str:
    """The name of the other product whose tile the element is part of; empty = it is in none.

    A tile names something that is not the page's item in a linked heading, or is one of several alike with links.
    """
    heading = page.document.main_heading
    around_heading = {a.mem_id for a in ancestors(heading, 60)} if heading is not None else set[int]()
    for around in (node, *ancestors(node, 7)):
        if around.mem_id in around_heading or around.tag in {"body", "html", "main"}:
            return ""
        if named := _tile_name(around, page):
            return named
    return ""


def _tile_name(node: LexborNode, page: LaidOpen) -> str:
    links = [node] if node.tag == "a" else inside(node, "a[href]")[:6]
    leading = [link for link in links if _leads_away(attribute(link, "href"), page)]
    if not leading:
        return ""
    named = [*inside(node, "h2 a,h3 a,h4 a,h5 a"), *(h for link in leading for h in inside(link, "h2,h3,h4,h5"))]
    if node.tag == "a" or _is_repeated(node):
        named += [*inside(node, "h2,h3,h4,h5,h6,img[alt],[class*=title i],[class*=name i]"), *leading]
    names = [name for n in named[:12] if _is_name(name := _name_of(n))]
    return "" if any(alike(name, page.name) for name in names) else next(iter(names), "")


def _is_repeated(node: LexborNode) -> bool:
    """Whether one of the elements right beside it is of the same make and holds a link, too."""
    for beside in (_beside(node, forward=True), _beside(node, forward=False)):
        same = beside is not None and beside.tag == node.tag
        if beside is not None and same and attribute(beside, "class") == attribute(node, "class"):
            return bool(inside(beside, "a[href]"))
    return False


def _beside(node: LexborNode, *, forward: bool) -> LexborNode | None:
    sibling = node.next if forward else node.prev
    while sibling is not None and (sibling.tag or "-").startswith("-"):
        sibling = sibling.next if forward else sibling.prev
    return sibling


def _is_name(text: str) -> bool:
    return len(_LONG_WORD.findall(text)) >= 2


def _name_of(node: LexborNode) -> str:
    return attribute(node, "alt") if node.tag == "img" else text_of(node, 120)


def _leads_away(href: str, page: LaidOpen) -> bool:
    if not href or href.startswith(("#", "javascript:", "mailto:", "tel:")):
        return False
    try:
        return not same_page(urljoin(page.address, href), page.address)
    except ValueError:
        return False


def one_of_many(node: LexborNode, page: LaidOpen) -> bool:
    """Whether an element, or one close around it, has two siblings of the same make that show prices as well."""
    for around in (node, *ancestors(node, 2)):
        parent, words = around.parent, attribute(around, "class")
        if parent is None or parent.tag in {"body", "html"}:
            return False
        alike_ones = [n for n in parent.iter() if n.tag == around.tag and attribute(n, "class") == words]
        if sum(bool(readings_of(text_of(n, MAX_HOLDER), page)) for n in alike_ones[:40]) >= 3:
            return True
    return False
