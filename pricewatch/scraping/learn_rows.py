"""Learn the offer rows of a page on which many sell one item, from one row's known price."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from selectolax.lexbor import LexborNode

from pricewatch.domain.offer import SiteKind
from pricewatch.scraping.extract.dom import ancestors, attribute, inside, text_of
from pricewatch.scraping.extract.hints import OfferRowHints, ReadHints
from pricewatch.scraping.extract.identifiers import alike
from pricewatch.scraping.extract.offers import FREE, shipping_of
from pricewatch.scraping.extract.selectors import first
from pricewatch.scraping.learn_names import tokens_of
from pricewatch.scraping.learn_page import LaidOpen, Place, readings_of
from pricewatch.scraping.learn_selectors import Selector, selectors_for

MIN_ROWS = 2
MAX_ROWS = 200
MAX_INSIDE = 150
MOST = 0.8
_SELLER_WORDS = re.compile(
    r"seller|merchant|shop|store|vendor|retailer|dealer|h[aä]e?ndler|sklep|sprzedaw|verkoper|winkel|prodejce|obchod|"
    r"anbieter|soldby|partner"
)
_LANDED = re.compile(
    r"z (?:wysyłką|dostawą)|incl\.? (?:shipping|delivery|verzend)|inkl\.? versand|s dopravou|including (?:shipping|"
    r"delivery)|total|razem|gesamt",
    re.IGNORECASE,
)
_SHIPPING_WORDS = re.compile(
    r"shipping|delivery|versand|liefer|dostaw|wysyłk|przesyłk|doprav|verzend|bezorg|poštovn|livraison|env[ií]o|postage",
    re.IGNORECASE,
)
_DO = re.compile(
    r"^\W*(?:idź|do sklepu|zum|go to|visit|zobacz|sprawdź|see|details?|kup|buy|bekijk|více|do obchodu|więcej|info)",
    re.IGNORECASE,
)
_STATED = ("data-shop-name", "data-merchant-name", "data-seller-name", "data-merchant", "data-seller", "data-shop",
           "data-shop-url")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rows:
    """One way to find the rows of a page: the elements, and the selectors of row and price."""

    nodes: tuple[LexborNode, ...]
    row: Selector
    price: str
    home: LexborNode


@dataclass(frozen=True, slots=True)
class Said:
    """What a selector says in each row: empty where it finds nothing."""

    selector: str
    values: tuple[str, ...]
    cost: int
    words: str


def row_hints(places: Sequence[Place], page: LaidOpen, sellers: Mapping[str, Decimal]) -> Iterator[ReadHints]:
    """Ways to read the page's offers, the likeliest first; `sellers` are offers that are known by their names."""
    ways: list[tuple[tuple[int, int], OfferRowHints]] = []
    for place in places[:4]:
        for rows in _rows_around(place, page):
            if hints := _described(rows, page, sellers):
                known = sum(name in sellers for name in _sellers(rows, hints))
                ways.append(((-known, rows.row.cost + 2 * len(ways)), hints))
                break
    for _, hints in sorted(ways, key=lambda way: way[0]):
        yield page.context.hints.model_copy(update={"offers": hints})


def kind_of_rows(page: LaidOpen) -> SiteKind:
    """What sort of page shows such rows: running bids mean an auction, a shop's own kind stays, else a comparison."""
    if page.context.kind is not SiteKind.SHOP:
        return page.context.kind
    bids = any(row.bid is not None for row in page.reading.rows)
    return SiteKind.AUCTION if bids else SiteKind.COMPARISON


# --- rows and prices -------------------------------------------------------------------------------------------


def _rows_around(place: Place, page: LaidOpen) -> Iterator[Rows]:
    """From the price outwards: elements that have others of their make, each with a price at the same spot."""
    for home in (place.node, *ancestors(place.node, 8)):
        if home.tag in {"body", "html", "main", "tbody", "table"}:
            return
        for row in _row_selectors(home, page):
            nodes = _matches(row.css, page)
            if len(nodes) < MIN_ROWS or home.mem_id not in {node.mem_id for node in nodes} or _nested(nodes):
                continue
            price = _price_inside(place, home, nodes, page)
            if price is not None:
                yield Rows(tuple(nodes), row, price, home)
                break


def _row_selectors(home: LexborNode, page: LaidOpen) -> list[Selector]:
    found = selectors_for(home, strange=page.strange, positions=False)
    tokens = {token.css for token in tokens_of(home, page.strange)}
    own = [selector for selector in found if selector.css in tokens or " " in selector.css]
    return own[:60]


def _matches(css: str, page: LaidOpen) -> list[LexborNode]:
    return page.document.all(css)[:MAX_ROWS]


def _nested(nodes: Sequence[LexborNode]) -> bool:
    places = {node.mem_id for node in nodes}
    return any(around.mem_id in places for node in nodes[:20] for around in ancestors(node, 12))


def _price_inside(place: Place, home: LexborNode, rows: Sequence[LexborNode], page: LaidOpen) -> str | None:
    """The selector of the price inside a row: right in the known row, and a price in most of the others."""
    if place.node.mem_id == home.mem_id:
        return None
    wanted, suffix = readings_of(place.text, page), f"@{place.attribute}" if place.attribute else ""
    for selector in selectors_for(place.node, root=home, strange=page.strange):
        css = selector.css + suffix
        if readings_of(first(home, (css,)), page) != wanted:
            continue
        priced = sum(bool(readings_of(first(row, (css,)), page)) for row in rows)
        if priced >= MIN_ROWS and priced >= MOST * len(rows):
            return css
    return None


# --- what stands in the rows -----------------------------------------------------------------------------------


def _described(rows: Rows, page: LaidOpen, sellers: Mapping[str, Decimal]) -> OfferRowHints | None:
    """The rows with their sellers; None when nothing in them names different sellers."""
    seller = _best(_texts(rows, page), lambda said: _seller_score(said, page, sellers))
    if seller is None:
        return None
    shipping = _best(_texts(rows, page), lambda said: _shipping_score(said, rows, page))
    update: dict[str, object] = {"row": rows.row.css, "seller": (seller.selector,), "price": (rows.price,)}
    if shipping is not None:
        landed = any(_LANDED.search(value) for value in shipping.values)
        update["landed" if landed else "shipping"] = (shipping.selector,)
    return OfferRowHints.model_validate(update)


def _sellers(rows: Rows, hints: OfferRowHints) -> list[str]:
    return [first(row, hints.seller) for row in rows.nodes]


def _best(said: Sequence[Said], score: Callable[[Said], float]) -> Said | None:
    ranked = [(score(each), -each.cost, -place) for place, each in enumerate(said)]
    if not ranked or max(ranked)[0] <= 0:
        return None
    return said[-max(ranked)[2]]


def _texts(rows: Rows, page: LaidOpen) -> list[Said]:
    """What every element of the known row, and each of its telling attributes, says in all rows."""
    found: dict[str, Said] = {}
    for node in (rows.home, *inside(rows.home, "*")[:MAX_INSIDE]):
        words = " ".join(filter(None, (attribute(node, "class"), attribute(node, "id"), attribute(node, "itemprop"))))
        for name in ("", "alt", "title", *_STATED):
            if name and not attribute(node, name):
                continue
            if said := _said(node, name, rows, page, words):
                found.setdefault(said.selector, said)
    return list(found.values())


def _said(node: LexborNode, name: str, rows: Rows, page: LaidOpen, words: str) -> Said | None:
    here = attribute(node, name) if name else text_of(node, 100)
    suffix = f"@{name}" if name else ""
    own = node.mem_id == rows.home.mem_id
    if not 2 <= len(here) <= 90 or (own and not name.startswith("data-")):
        return None
    if own:
        return Said(f"[{name}]{suffix}", tuple(attribute(row, name) for row in rows.nodes), 1, words)
    for selector in selectors_for(node, root=rows.home, strange=page.strange, positions=False)[:12]:
        css = selector.css + suffix
        if first(rows.home, (css,)) == here:
            values = tuple(first(row, (css,)) for row in rows.nodes)
            return Said(css, values, selector.cost, f"{words} {name}".lower())
    return None


def _seller_score(said: Said, page: LaidOpen, sellers: Mapping[str, Decimal]) -> float:
    """How likely these are the sellers' names: different ones, called so, and no prices, buttons or item names."""
    named = [value for value in said.values if value]
    if len(named) < MOST * len(said.values) or len(set(named)) < MIN_ROWS:
        return 0
    if any(readings_of(value, page) or _DO.match(value) or len(value) > 60 for value in named):
        return 0
    if any(alike(value, page.name) and len(value.split()) > 2 for value in named):
        return 0
    known = sum(value in sellers for value in set(named))
    called = bool(_SELLER_WORDS.search(said.words) or _SELLER_WORDS.search(said.selector.lower()))
    pictured = said.selector.endswith("@alt")
    different = len(set(named)) / len(named)
    if not (known or called or pictured) and (different < 1 or len(named) < 3):
        return 0
    delivery = any(_SHIPPING_WORDS.search(value) for value in named)
    return 100 * known + 10 * called + 4 * pictured + 5 * different - 30 * delivery


def _shipping_score(said: Said, rows: Rows, page: LaidOpen) -> float:
    """How likely these are delivery costs: called so, read as costs, and not the price itself."""
    stated = [value for value in said.values if value]
    called = bool(_SHIPPING_WORDS.search(said.words) or any(_SHIPPING_WORDS.search(value) for value in stated))
    if said.selector == rows.price or not called or "@" in said.selector:
        return 0
    costs = [shipping_of(value, page.context, page.document.language) for value in stated]
    if not any(costs) and not any(FREE.search(value) for value in stated):
        return 0
    if any(_price_text(row, rows.price, page) in value for row, value in zip(rows.nodes, said.values, strict=True)):
        return 0
    read = sum(cost is not None for cost in costs)
    return read / len(said.values) if 2 * read >= len(said.values) else 0


def _price_text(row: LexborNode, css: str, page: LaidOpen) -> str:
    text = first(row, (css,))
    return text if readings_of(text, page) else "\0"
