"""Products that need another look although nothing is written about them: because time goes by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from pricewatch.domain.product import Sku
from pricewatch.pricing.breakers import INPUTS
from pricewatch.pricing.frame import MISSING, Bools, Ints, MarketFrame
from pricewatch.pricing.landscape import CLOCK_SKEW
from pricewatch.pricing.rules import RuleBook
from pricewatch.pricing.settings import PricingSettings
from pricewatch.pricing.trail import Hold, Trail

DAY = 86_400
TIME, UNSEEN, INPUT = "time", "unseen", "input"
Look: TypeAlias = tuple[Sku, str, int]
"""A product, why it needs another look, and from when on (epoch seconds)."""

# What held a price back that may go on later by itself.
_PASSING = (Hold.DWELL, Hold.CHANGES, Hold.QUIET, Hold.LOOP)


def names_of(book: RuleBook) -> frozenset[str]:
    """All fields that the rules, guardrails and families read."""
    scoped = (each.when.names for each in book.guardrails if each.when is not None)
    sizes = (each.size.names for each in book.families if each.size is not None)
    conditions = (each.when.names for each in book.families if each.when is not None)
    return frozenset().union(*(branch.names for branch in book.branches), *scoped, *sizes, *conditions)


def looks(
    frame: MarketFrame, trail: Trail, book: RuleBook, settings: PricingSettings, until: int, chosen: Bools
) -> Sequence[Look]:
    """When the chosen products of a plan need another look, as far as that is before `until`.

    A move that is not in force yet is looked at in every plan, so that none is lost with the plan that proposed it.
    """
    return [
        (frame.products.sku[row], why, int(at))
        for why, rows, times in _looks(frame, trail, book, settings)
        for row, at in zip(rows.tolist(), times.tolist(), strict=True)
        if at < until and chosen[row]
    ]


def _looks(
    frame: MarketFrame, trail: Trail, book: RuleBook, settings: PricingSettings
) -> Iterator[tuple[str, Ints, Ints]]:
    names, now = names_of(book), frame.taken_at
    restless = trail.moving | np.isin(trail.hold, _PASSING)
    if "streak" in names and frame.products.streak is not None:
        restless |= (frame.products.streak != 0) & (frame.products.streak != MISSING)
    yield _at(TIME, np.flatnonzero(restless), now)
    yield _at(INPUT, np.flatnonzero(np.isin(trail.hold, INPUTS)), now)
    changed = frame.products.changed_at
    if "days_unchanged" in names:
        rows = np.flatnonzero(changed != MISSING)
        yield TIME, rows, changed[rows] + ((now - changed[rows]) // DAY + 1) * DAY
    offers = frame.offers
    unseen = np.zeros(len(frame.products), dtype=np.bool_)
    inside = offers.product >= 0
    for age in sorted({min(settings.max_age, each.max_age or settings.max_age) for each in book.landscapes}):
        fresh = offers.seen_at >= now - age
        unseen[offers.product[inside & ~fresh]] = True
        yield TIME, *_first(offers.product[inside & fresh], offers.seen_at[inside & fresh] + age + 1)
    yield _at(UNSEEN, np.flatnonzero(unseen), now)
    future = inside & (offers.seen_at > now + CLOCK_SKEW)
    yield TIME, *_first(offers.product[future], offers.seen_at[future] - CLOCK_SKEW)


def _at(why: str, rows: Ints, at: int) -> tuple[str, Ints, Ints]:
    return why, rows, np.full(len(rows), at)


def _first(product: Ints, at: Ints) -> tuple[Ints, Ints]:
    """The earliest time of each product."""
    if not len(product):
        return product, at
    earliest = np.full(int(product.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(earliest, product, at)
    rows = np.flatnonzero(earliest != np.iinfo(np.int64).max)
    return rows, earliest[rows]
