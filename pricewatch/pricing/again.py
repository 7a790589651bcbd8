"""Products that need another look although nothing is written about them: because time goes by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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

_NEVER = int(np.iinfo(np.int64).max)
_PART = 2**18  # offers

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
    unseen = np.zeros(len(frame.products), dtype=np.bool_)
    for age in sorted({min(settings.max_age, each.max_age or settings.max_age) for each in book.landscapes}):
        stale, rows, first = _ageing(frame, now - age)
        yield TIME, rows, first + age + 1
        unseen |= stale
    yield _at(UNSEEN, np.flatnonzero(unseen), now)
    yield TIME, *_coming(frame)


def _at(why: str, rows: Ints, at: int) -> tuple[str, Ints, Ints]:
    return why, rows, np.full(len(rows), at)


def _ageing(frame: MarketFrame, oldest: int) -> tuple[Bools, Ints, Ints]:
    """Which products have an offer that was last seen before that; and those with others, with when the first of these
    was last seen.
    """
    stale, earliest = np.zeros(len(frame.products), dtype=np.bool_), _Earliest.of(frame)
    for product, seen in _parts(frame):
        fresh = seen >= oldest
        stale[product[~fresh]] = True
        earliest.see(product[fresh], seen[fresh])
    return stale, *earliest.known()


def _coming(frame: MarketFrame) -> tuple[Ints, Ints]:
    """Products with offers that are dated in the future, and when the first of these counts."""
    earliest = _Earliest.of(frame)
    for product, seen in _parts(frame):
        future = seen > frame.taken_at + CLOCK_SKEW
        earliest.see(product[future], seen[future] - CLOCK_SKEW)
    return earliest.known()


def _parts(frame: MarketFrame) -> Iterator[tuple[Ints, Ints]]:
    """The products of all offers and when these were seen, some at a time: the processor's caches hold them."""
    for start in range(0, len(frame.offers), _PART):
        part = slice(start, start + _PART)
        product, seen = frame.offers.product[part], frame.offers.seen_at[part]
        known = product >= 0
        yield (product, seen) if known.all() else (product[known], seen[known])


@dataclass(frozen=True, slots=True)
class _Earliest:
    """The earliest time of each product, as far as any was seen."""

    at: Ints

    @classmethod
    def of(cls, frame: MarketFrame) -> _Earliest:
        return cls(np.full(len(frame.products), _NEVER))

    def see(self, product: Ints, at: Ints) -> None:
        np.minimum.at(self.at, product, at)

    def known(self) -> tuple[Ints, Ints]:
        rows = np.flatnonzero(self.at != _NEVER)
        return rows, self.at[rows]
