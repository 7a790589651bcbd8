"""Learn from one known price how a site shows its prices: settings first, then selectors that last.

Nothing is taken on trust: whatever is learned reads every given page again, and must give the known prices to the
grosz, and a sane price on the pages whose price nobody has named. Else the answer is a reason in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from pricewatch.domain.offer import PriceRole, SiteKind, Verdict
from pricewatch.ports import Page
from pricewatch.scraping.extract.dom import ancestors
from pricewatch.scraping.extract.hints import ReadHints, SiteContext
from pricewatch.scraping.extract.page import read_page
from pricewatch.scraping.extract.price_text import amounts_of
from pricewatch.scraping.extract.reading import Reading
from pricewatch.scraping.extract.records import Source
from pricewatch.scraping.extract.selectors import find
from pricewatch.scraping.learn_page import ELSEWHERE, LaidOpen, Place, lay_open, one_of_many, places_of, readings_of
from pricewatch.scraping.learn_rows import kind_of_rows, row_hints
from pricewatch.scraping.learn_selectors import Selector, selectors_for

MAX_PLACES = 6
MAX_READ_AGAIN = 6
CLOSE = 10  # points within which two places are equally likely
FAR_APART = 25
STRUCTURED = "the page's structured data is right where its visible text misleads"


class How(StrEnum):
    """What it takes to read a site rightly."""

    GENERIC = "generic reading"
    SETTINGS = "settings"
    SELECTOR = "selector"
    STRUCTURED = "structured data"
    ROWS = "offer rows"


@dataclass(frozen=True, slots=True)
class Example:
    """One page of the site, and what a buyer pays there now when that is known; `sellers` are known offers by name."""

    page: Page
    price: Decimal | None = None
    sellers: Mapping[str, Decimal] | None = None

    @property
    def address(self) -> str:
        return self.page.final_url or self.page.url


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learned: the `[read]` table that reads every page rightly, or the `reason` why there is none."""

    hints: ReadHints
    how: How = How.GENERIC
    kind: SiteKind = SiteKind.SHOP
    reason: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Option:
    """One selector that reads all pages, the place that it was made for, and what it gives on each page."""

    selector: Selector
    place: Place
    hints: ReadHints
    values: tuple[Decimal | None, ...]


def learn(examples: Sequence[Example], context: SiteContext) -> Lesson:
    """Find the least that has to be said for all pages to be read rightly; the first page's price must be known."""
    opened: list[LaidOpen] = []
    for example in examples:
        page = lay_open(example.page, context)
        if isinstance(page, str):
            return _refused(context, f"{example.address}: {page}")
        opened.append(page)
    if not any(_fault(p.reading, e.price, context) for p, e in zip(opened, examples, strict=True)):
        return Lesson(context.hints, How.GENERIC, context.kind)
    bare = next((p for p, e in zip(opened, examples, strict=True) if not e.price and not _numbers(p)), None)
    if bare is not None:
        return _refused(context, f"{bare.address} shows no price at all; give a page that has one")
    known = [(page, example.price) for page, example in zip(opened, examples, strict=True) if example.price]
    if not known:
        return _refused(context, _doubt(opened, context))
    if shows_rows(opened[0].reading, context.kind):
        return _learn_rows(examples, known[0], context)
    lesson = _learn_price(opened, examples, known[0], context)
    rows = _learn_rows(examples, known[0], context) if lesson.reason else lesson
    return lesson if rows.reason else rows


def _learn_price(
    opened: Sequence[LaidOpen], examples: Sequence[Example], known: tuple[LaidOpen, Decimal], context: SiteContext
) -> Lesson:
    """Try what may help, the most lasting first: a setting, named selectors, structured data, positions."""
    decimal = _decimal(*known)
    settled = context.hints.model_copy(update={"decimal": decimal})
    if decimal and not why_wrong(examples, context, settled):
        return Lesson(settled, How.SETTINGS, context.kind)
    named = _by_selector(opened, examples, known, context, positions=False)
    if named is not None:
        return named
    structured = context.hints.model_copy(update={"prefer": "structured"})
    if not why_wrong(examples, context, structured):
        return Lesson(structured, How.STRUCTURED, context.kind, notes=(STRUCTURED,))
    counted = _by_selector(opened, examples, known, context, positions=True)
    return counted or _refused(context, _overruled(*known, examples) or _missing(*known))


def _refused(context: SiteContext, reason: str) -> Lesson:
    return Lesson(context.hints, kind=context.kind, reason=reason)


# --- whether a reading is right --------------------------------------------------------------------------------


def _fault(reading: Reading, price: Decimal | None, context: SiteContext) -> str:
    """What is wrong with a reading; empty = it is right, or sane where the price is not known."""
    if reading.verdict is not Verdict.PRODUCT:
        return f"it reads as {reading.verdict.value}"
    if shows_rows(reading, context.kind):
        return _fault_of_rows(reading, price)
    if reading.ambiguous:
        return f"its price can be read as {' or '.join(reading.readings[:4])}"
    if reading.price is None:
        return "its price has no currency" if reading.source and not reading.currency else "no price is found on it"
    if price is not None and reading.price.amount != price:
        return f"it reads as {reading.price}, not {price}"
    return f"it contradicts itself: {reading.conflict}" if reading.conflict else ""


def shows_rows(reading: Reading, kind: SiteKind) -> bool:
    """Whether a page's offers are rows: on comparison sites always, on marketplaces and auctions where there are any.

    A shop's page has one price, its own.
    """
    return kind is SiteKind.COMPARISON or (kind is not SiteKind.SHOP and bool(reading.rows))


def _fault_of_rows(reading: Reading, price: Decimal | None) -> str:
    offers = [row for row in reading.rows if row.price]
    if not offers or not any(row.seller for row in offers):
        return "no offers with sellers are found on it"
    if any(len(row.price.amounts) > 1 for row in offers if row.price):
        return "prices of its offers can be read in two ways"
    said = [row.price.amount for row in offers if row.price]
    return "" if price is None or price in said else f"none of its {len(said)} offers costs {price}"


def why_wrong(examples: Sequence[Example], context: SiteContext, hints: ReadHints) -> str:
    """Read all pages with these hints and say what is wrong first; empty = all are right."""
    told = replace(context, hints=hints)
    for example in examples:
        if fault := _fault(read_page(example.page, told), example.price, context):
            return f"{example.address}: {fault}"
    return ""


def _doubt(opened: Sequence[LaidOpen], context: SiteContext) -> str:
    faults = [(page.address, _fault(page.reading, None, context)) for page in opened]
    address, fault = next((address, fault) for address, fault in faults if fault)
    return f"{address}: {fault}; name the price that a buyer pays there and it is learned"


# --- offer rows ------------------------------------------------------------------------------------------------


def _learn_rows(examples: Sequence[Example], known: tuple[LaidOpen, Decimal], context: SiteContext) -> Lesson:
    """The rows around the known price, when they read rightly on all pages; their sellers must have names."""
    page, price = known
    places = [place for place in places_of(price, page) if not place.why.startswith("struck")]
    if not places:
        return _refused(context, _missing(page, price))
    kind = kind_of_rows(page)
    sellers = next((e.sellers for e in examples if e.page is page.page and e.sellers), {})
    wrong = ""
    for hints in row_hints(places, page, sellers):
        wrong = why_wrong(examples, replace(context, kind=kind), hints)
        if not wrong:
            return Lesson(hints, How.ROWS, kind)
    return _refused(context, wrong or f"{price} is on {page.address}, but in no row that others beside it are like")


# --- settings --------------------------------------------------------------------------------------------------


def _decimal(page: LaidOpen, price: Decimal) -> str:
    """The decimal mark that a known price proves where its text can be read in two ways; empty = none is needed."""
    for candidate in (*page.reading.agreeing, *page.reading.rejected):
        if price in candidate.amounts and len(candidate.amounts) > 1:
            return _proven(candidate.digits or candidate.text, price)
    for place in places_of(price, page)[:MAX_PLACES]:
        if len(readings_of(place.text, page)) > 1:
            return _proven(place.text, price)
    return ""


def _proven(text: str, price: Decimal) -> str:
    written = "." if "." in text else ","
    digits = "".join(c for c in text if c.isdigit() or c in ".,").strip(".,")
    as_decimal = len(amounts_of(digits)) > 1 and amounts_of(digits)[0] == price
    return written if as_decimal else "," if written == "." else "."


# --- selectors -------------------------------------------------------------------------------------------------


def _by_selector(
    opened: Sequence[LaidOpen],
    examples: Sequence[Example],
    known: tuple[LaidOpen, Decimal],
    context: SiteContext,
    *,
    positions: bool,
) -> Lesson | None:
    """The best selector that reads all pages, a reason why two cannot be told apart, or None when there is none."""
    page, price = known
    places = [] if _overruled(page, price, examples) else trusted(places_of(price, page))[:MAX_PLACES]
    found = (_option(place, page, opened, examples, context, positions=positions) for place in places)
    options = [o for o in found if o is not None and not (positions and one_of_many(o.place.node, page))]
    if not options:
        return None
    if reason := _torn(options, opened, price):
        return _refused(context, reason)
    chosen = min(options, key=lambda option: option.selector.cost - option.place.score / 10)
    return Lesson(chosen.hints, How.SELECTOR, context.kind, notes=_remarks(chosen, opened))


def trusted(places: Sequence[Place]) -> list[Place]:
    """The places that can be the price: plain ones; else the only one there is, unless its words speak against it."""
    plain = [place for place in places if place.is_open]
    soft = [place for place in places if not place.hard]
    return plain or (soft if len(soft) == 1 else [])


def _overruled(page: LaidOpen, price: Decimal, examples: Sequence[Example]) -> str:
    """Why one known price is not enough: the page speaks against it and plainly shows another; empty = it is.

    A second page's known price settles it.
    """
    reading = page.reading
    doubtful = reading.price is None or reading.ambiguous or bool(reading.conflict) or reading.price.amount == price
    places = trusted(places_of(price, page))
    if (
        doubtful
        or not places
        or not all(place.is_past_or_beside for place in places)
        or sum(bool(e.price) for e in examples) > 1
    ):
        return ""
    said = "; ".join(dict.fromkeys(_described(place) for place in places))
    return (
        f"{price} is on {page.address}, but not as what a buyer pays for its item: {said}; that seems to be "
        f"{reading.price}. If {price} is right, name the price of a second page as well"
    )


def _option(
    place: Place,
    home: LaidOpen,
    opened: Sequence[LaidOpen],
    examples: Sequence[Example],
    context: SiteContext,
    *,
    positions: bool,
) -> _Option | None:
    """The cheapest selector for a place that is unique on its page and gives a right or sane price on all."""
    suffix = f"@{place.attribute}" if place.attribute else ""
    tried = 0
    for selector in selectors_for(place.node, strange=home.strange, positions=positions):
        css = selector.css + suffix
        if selector.by_position is not positions or not _is_unique(css, place, home):
            continue
        if not _reads_all(css, opened, examples):
            continue
        hints = _with_price(context.hints, css, place, home, examples)
        if not why_wrong(examples, context, hints):
            return _Option(selector, place, hints, _values(css, opened))
        tried += 1
        if tried >= MAX_READ_AGAIN:
            break
    return None


def _is_unique(selector: str, place: Place, page: LaidOpen) -> bool:
    """Whether a selector finds the place first, and besides nothing that says another price."""
    hits = find(page.document, selector)
    if not hits or hits[0][1].mem_id != place.node.mem_id:
        return False
    return all(text == hits[0][0] for text, _ in hits)


def _reads_all(selector: str, opened: Sequence[LaidOpen], examples: Sequence[Example]) -> bool:
    """Whether it finds a price on every page, and not one and the same amount on all: that is no product's price."""
    values = _values(selector, opened)
    if None in values:
        return False
    unknown = [value for value, example in zip(values, examples, strict=True) if example.price is None]
    said = {page.reading.price.amount for page in opened[1:] if page.reading.price}
    return not unknown or set(values) != {values[0]} or values[0] in said


def _values(selector: str, opened: Sequence[LaidOpen]) -> tuple[Decimal | None, ...]:
    found = []
    for page in opened:
        hits = find(page.document, selector)
        amounts = readings_of(hits[0][0], page) if hits else ()
        found.append(amounts[0] if amounts else None)
    return tuple(found)


def _with_price(
    hints: ReadHints, selector: str, place: Place, page: LaidOpen, examples: Sequence[Example]
) -> ReadHints:
    """The hints with the selector under its role, and the decimal mark where the text alone can mean two amounts."""
    reduced = place.role is PriceRole.SALE or page.reading.was is not None
    role = PriceRole.SALE if reduced else PriceRole.REGULAR
    update: dict[str, object] = {"prices": {**hints.prices, role: (selector,)}}
    price = next((example.price for example in examples if example.page is page.page), None)
    if price is not None and len(readings_of(place.text, page)) > 1:
        update["decimal"] = _proven(place.text, price)
    return hints.model_copy(update=update)


def _torn(options: Sequence[_Option], opened: Sequence[LaidOpen], price: Decimal) -> str:
    """Why it cannot be said which of two places is the price; empty = it can."""
    first = options[0]
    for other in options[1:]:
        gap = abs(first.place.score - other.place.score)
        if len(opened) > 1 and other.values != first.values and gap < FAR_APART:
            return (
                f"{price} stands in two places that cannot be told apart ({_called(first)} and {_called(other)}), "
                "and on the other pages they say different prices; name the price of a second page as well"
            )
        if len(opened) == 1 and gap < CLOSE and not _same_block(first.place, other.place):
            return (
                f"{price} stands in two places that cannot be told apart ({_called(first)} and {_called(other)}); "
                "give a second product page of the site as well"
            )
    return ""


def _called(option: _Option) -> str:
    return f"`{option.selector.css}`"


def _same_block(one: Place, other: Place) -> bool:
    """Whether two places are one price shown twice: one inside the other, side by side, or not shown at all."""
    mine, its = ([p.node.mem_id, *(n.mem_id for n in ancestors(p.node, 2))] for p in (one, other))
    return bool(set(mine) & set(its)) or bool(one.attribute or other.attribute)


def _remarks(option: _Option, opened: Sequence[LaidOpen]) -> tuple[str, ...]:
    remarks = []
    if option.selector.by_position:
        remarks.append("the selector counts elements, because nothing there has a name that lasts; watch it")
    if option.place.why and not option.place.is_open:
        remarks.append(f"it was not taken for the price because {option.place.why}")
    if len(opened) == 1:
        remarks.append("checked on one page only; a second address makes it surer")
    return tuple(remarks)


# --- why nothing was learned -----------------------------------------------------------------------------------


def _missing(page: LaidOpen, price: Decimal) -> str:
    places = places_of(price, page)
    stated = [c for c in (*page.reading.agreeing, *page.reading.rejected) if price in c.amounts]
    if not places and stated:
        return f"{price} stands only in the page's data ({stated[0].where or stated[0].source}), not where it is seen"
    if not places:
        return f"{price} is not on {page.address}; it shows {_shown(page)}"
    if not trusted(places):
        roles = "; ".join(dict.fromkeys(_described(place) for place in places))
        return f"{price} is on {page.address}, but not as what a buyer pays for its item: {roles}"
    return (
        f"{price} is on {page.address}, but nothing tells its element from those around it on every page "
        f"({len(places)} places, first {places[0].text[:40]!r})"
    )


def _described(place: Place) -> str:
    if place.alien:
        return f"the price of another product, {place.alien[:60]!r}"
    if place.why == ELSEWHERE:
        return f"it stands {place.why}"
    return f"{place.role.value.replace('_', ' ')} price ({place.why or 'by its place'})"


def _shown(page: LaidOpen) -> str:
    return ", ".join(_numbers(page)[:5]) or "no price at all"


def _numbers(page: LaidOpen) -> list[str]:
    """Every amount that the page shows or states, each once."""
    reading = page.reading
    candidates = [c for c in (*reading.agreeing, *reading.rejected, *page.scored) if c is not None]
    said = (f"{c.amount} {c.currency}".strip() for c in candidates if c.source is not Source.SELECTOR)
    return list(dict.fromkeys(said))
