"""Find a site's new selectors after its layout changed, from what was known before; never onto another product.

A page counts only when it still shows its item: the GTIN is the same where both say one, and the title agrees. A
proposal counts only when one definition reads all such pages, gives the last accepted price exactly on at least
half of them (on one that is alone: on it), and on the others one within the range that prices move in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from rapidfuzz import fuzz

from pricewatch.domain.offer import SiteKind, Verdict
from pricewatch.ports import Page
from pricewatch.scraping.extract.hints import OfferRowHints, ReadHints, SiteContext
from pricewatch.scraping.extract.page import read_page
from pricewatch.scraping.extract.reading import Reading
from pricewatch.scraping.extract.records import Source
from pricewatch.scraping.extract.selectors import first
from pricewatch.scraping.learn import Example, How, Lesson, learn, shows_rows, trusted
from pricewatch.scraping.learn_page import OPEN_ROLES, lay_open, places_of, unusable

RANGE = (Decimal("0.6"), Decimal("1.67"))  # how far a price may have moved since it was last accepted
ALIKE = 90  # per cent of the shorter title's words that the other one of the same item has
ALIKE_WITH_GTIN = 40
_WORD = re.compile(r"\w+")
_MODEL = re.compile(r"\b(?=\w*\d)[\w.,/-]*\w")


@dataclass(frozen=True, slots=True)
class Known:
    """What was last accepted from one page: its item, its prices by seller, and the page itself where it is kept."""

    url: str
    title: str
    gtin: str = ""
    prices: tuple[tuple[str, Decimal], ...] = ()
    kept: Page | None = None
    stated: Decimal | None = None  # today's price, where a person says it

    @property
    def price(self) -> Decimal | None:
        return self.stated or (self.prices[0][1] if len(self.prices) == 1 else None)


@dataclass(frozen=True, slots=True)
class Case:
    """A known page, and the same address as it is today."""

    known: Known
    page: Page


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of one page: what it says `now` with the proposed definition, or the `fault` for which it is left."""

    url: str
    before: tuple[Decimal, ...]
    now: tuple[Decimal, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Repair:
    """A proposed `[read]` table; None when nothing is broken (`reason` empty) or nothing sure was found."""

    hints: ReadHints | None
    how: How = How.GENERIC
    reason: str = ""
    checked: tuple[Checked, ...] = ()
    notes: tuple[str, ...] = ()


def repair(cases: Sequence[Case], context: SiteContext) -> Repair:
    """Propose how to read the site's pages as they are now; why not, in words, when that is not sure."""
    faults = [stranger(case, context) for case in cases]
    left = [_checked(case, fault) for case, fault in zip(cases, faults, strict=True) if fault]
    usable = [case for case, fault in zip(cases, faults, strict=True) if not fault]
    if not usable:
        return Repair(None, reason=f"no page still shows what it showed before: {_told(left)}", checked=tuple(left))
    today = _read(usable, context, context.hints)
    if not _unsure(today, usable, by_hand=_by_hand(usable, context)):
        return Repair(None, checked=(*today, *left), notes=_broken(usable, context))
    lesson = _lesson(usable, context)
    if lesson.reason:
        return Repair(None, reason=lesson.reason, checked=tuple(left), notes=_broken(usable, context))
    checked = _read(usable, context, lesson.hints)
    notes = (*_broken(usable, context), *lesson.notes)
    reason = _unsure(checked, usable) or _tempted(checked, usable, context)
    return Repair(lesson.hints, lesson.how, reason, (*checked, *left), notes)


def _told(left: Sequence[Checked]) -> str:
    return "; ".join(f"{item.url}: {item.fault}" for item in left[:3])


# --- is it still the same product? -----------------------------------------------------------------------------


def stranger(case: Case, context: SiteContext) -> str:
    """Why a page cannot be taken for the known item any more; empty = it can."""
    reading = read_page(case.page, _unpriced(context))
    if reason := unusable(reading):
        return reason
    known, seen = case.known, reading.identity
    if known.gtin and seen.gtin and known.gtin.zfill(14) != seen.gtin.zfill(14):
        return f"it shows another product: its GTIN is {seen.gtin}, not {known.gtin}"
    title = _title(known, context)
    if not seen.name or not title:
        return "it does not name its product" if not seen.name else "the title that it had is not known"
    same_number = bool(known.gtin and seen.gtin)
    if not same_title(title, seen.name, ALIKE_WITH_GTIN if same_number else ALIKE):
        return f"it shows another product: {seen.name[:80]!r}, not {title[:80]!r}"
    return ""


def _title(known: Known, context: SiteContext) -> str:
    """What the item was called on the page that its price was taken from, when that is kept."""
    kept = read_page(known.kept, _unpriced(context)).identity.name if known.kept else ""
    return kept or known.title


def same_title(before: str, now: str, least: int = ALIKE) -> bool:
    """Whether two titles name one item: mostly the same words, and no model number of one missing in the other."""
    old, new = before.casefold(), now.casefold()
    models, others = set(_MODEL.findall(old)), set(_MODEL.findall(new))
    if least >= ALIKE and not (models <= others or others <= models):
        return False
    if least >= ALIKE and bool(models) != bool(others):
        return False
    words, seen = set(_WORD.findall(old)), set(_WORD.findall(new))
    shared = 100 * len(words & seen) >= least * min(len(words), len(seen)) > 0
    return shared and fuzz.token_sort_ratio(old, new) >= least * 0.6


def _unpriced(context: SiteContext) -> SiteContext:
    """The site as far as names and numbers go, without what may be broken: its price selectors and rows."""
    hints = context.hints
    kept = {role: selectors for role, selectors in hints.prices.items() if role not in OPEN_ROLES}
    fields = hints.fields.model_copy(update={"name": (), "gtin": ()})
    bare = hints.model_copy(update={"prices": kept, "offers": OfferRowHints(), "fields": fields})
    return replace(context, hints=bare)


# --- what is wrong today, and what would be right --------------------------------------------------------------


def _by_hand(cases: Sequence[Case], context: SiteContext) -> bool:
    """Whether the definition's own selectors still read a page: then its prices may have moved on all of them."""
    own = [read_page(case.page, context) for case in cases]
    return any(r.source is Source.SELECTOR or r.rows for r in own) or not _written(context.hints)


def _written(hints: ReadHints) -> list[str]:
    """The selectors that say what the price is."""
    prices = [selector for role, each in hints.prices.items() if role in OPEN_ROLES for selector in each]
    return [*prices, *([hints.offers.row] if hints.offers.row else [])]


def _prices(reading: Reading, kind: SiteKind) -> tuple[tuple[str, Decimal], ...]:
    """The usable prices of a reading by seller; a shop's page has one."""
    if reading.verdict is not Verdict.PRODUCT:
        return ()
    if shows_rows(reading, kind):
        rows = [row for row in reading.rows if row.price and len(row.price.amounts) == 1]
        return tuple((row.seller, row.price.amount) for row in rows if row.price)
    usable = reading.price is not None and not reading.conflict
    return ((reading.seller, reading.price.amount),) if usable and reading.price else ()


def _in_range(known: Known, now: Sequence[tuple[str, Decimal]]) -> bool:
    """Whether every price has moved as prices do; of many sellers one that was there before must still be there."""
    if known.stated is not None:
        return known.stated in {price for _, price in now}
    before = dict(known.prices)
    if len(before) == 1 and len(now) == 1:
        return _near(next(iter(before.values())), now[0][1])
    both = [(before[seller], price) for seller, price in now if seller in before]
    return bool(both) and all(_near(old, new) for old, new in both)


def _near(before: Decimal, now: Decimal) -> bool:
    return before * RANGE[0] <= now <= before * RANGE[1]


def _lesson(cases: Sequence[Case], context: SiteContext) -> Lesson:
    bare = _unpriced(context)
    base = replace(context, hints=bare.hints.model_copy(update={"fields": context.hints.fields, "decimal": ""}))
    if context.hints.decimal:
        base = replace(base, hints=base.hints.model_copy(update={"decimal": context.hints.decimal}))
    if not _unsure(_read(cases, base, base.hints), cases):
        return Lesson(base.hints, How.GENERIC, context.kind)
    examples = sorted((_example(case, base) for case in cases), key=lambda example: example.price is None)
    if examples[0].price is None:
        return Lesson(base.hints, reason=_no_anchor(cases))
    return learn(examples, base)


def _example(case: Case, context: SiteContext) -> Example:
    """The page with the last accepted price, where that still stands on it as what a buyer pays."""
    sellers = dict(case.known.prices)
    page = lay_open(case.page, context)
    if isinstance(page, str):
        return Example(case.page)
    shop = context.kind is SiteKind.SHOP
    wanted = [case.known.price] if case.known.price else [] if shop else list(sellers.values())
    for price in wanted:
        places = places_of(price, page)
        if trusted(places) if shop else any(not place.why.startswith("struck") for place in places):
            return Example(case.page, price, sellers)
    return Example(case.page)


def _no_anchor(cases: Sequence[Case]) -> str:
    prices = ", ".join(f"{price} on {case.known.url}" for case in cases[:3] for _, price in case.known.prices[:2])
    return (
        f"the prices that were last accepted ({prices}) are on none of the pages any more; "
        "name today's price of the first page with --price"
    )


def _read(cases: Sequence[Case], context: SiteContext, hints: ReadHints) -> tuple[Checked, ...]:
    told = replace(context, hints=hints)
    return tuple(_read_one(case, told) for case in cases)


def _read_one(case: Case, context: SiteContext) -> Checked:
    now = _prices(read_page(case.page, context), context.kind)
    fault = "" if now and _in_range(case.known, now) else "no price is found on it" if not now else _jumped(case, now)
    return _checked(case, fault, tuple(price for _, price in now))


def _jumped(case: Case, now: Sequence[tuple[str, Decimal]]) -> str:
    before = ", ".join(str(price) for _, price in case.known.prices[:3])
    return f"it would read as {', '.join(str(price) for _, price in now[:3])}, too far from {before}"


def _checked(case: Case, fault: str, now: tuple[Decimal, ...] = ()) -> Checked:
    return Checked(case.known.url, tuple(price for _, price in case.known.prices), now, fault)


def _unsure(checked: Sequence[Checked], cases: Sequence[Case], *, by_hand: bool = False) -> str:
    """Why a definition that reads the pages is still not trusted; empty = it is sure, or written `by_hand`."""
    wrong = [item for item in checked if item.fault]
    if wrong:
        return f"the pages do not agree on one definition: {_told(wrong)}"
    anchored = sum(_is_exact(item, case.known) for item, case in zip(checked, cases, strict=True))
    if 2 * anchored < len(checked) and not by_hand:
        return (
            f"only {anchored} of {len(checked)} pages show the price that was last accepted, which is too few to be "
            "sure; name today's price of the first page with --price"
        )
    return ""


def _tempted(checked: Sequence[Checked], cases: Sequence[Case], context: SiteContext) -> str:
    """Why one page that shows the old price is not enough: the reader sees another likely price on it."""
    exact = [case for item, case in zip(checked, cases, strict=True) if _is_exact(item, case.known)]
    if len(exact) != 1 or exact[0].known.stated or context.kind is not SiteKind.SHOP:
        return ""
    known = exact[0].known
    seen = _prices(read_page(exact[0].page, _unpriced(context)), context.kind)
    if not seen or seen[0][1] in {price for _, price in known.prices} or not _in_range(known, seen):
        return ""
    return (
        f"{known.url} shows the last accepted price, but {seen[0][1]} as well, which may be today's; "
        "name today's price with --price"
    )


def _is_exact(item: Checked, known: Known) -> bool:
    wanted = {known.stated} if known.stated else set(item.before)
    return bool(wanted & set(item.now))


# --- what broke ------------------------------------------------------------------------------------------------


def _broken(cases: Sequence[Case], context: SiteContext) -> tuple[str, ...]:
    """The price selectors that find nothing now, with what they found on the page that was kept."""
    return tuple(filter(None, (_lost(selector, cases, context) for selector in _written(context.hints))))


def _lost(selector: str, cases: Sequence[Case], context: SiteContext) -> str:
    now = [_found(selector, case.page, context) for case in cases]
    if any(now):
        return ""
    kept = [case.known.kept for case in cases if case.known.kept]
    before = next((text for page in kept if (text := _found(selector, page, context))), "")
    then = f"; on the page that was kept it found {before!r}" if before else ""
    return f"`{selector}` finds nothing any more{then}"


def _found(selector: str, page: Page, context: SiteContext) -> str:
    opened = lay_open(page, _unpriced(context))
    return "" if isinstance(opened, str) else first(opened.document, (selector,))[:60]
