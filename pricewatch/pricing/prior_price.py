"""The prior price: the lowest price of the 30 days before an announced reduction.

Source: Directive 98/6/EC article 6a (as amended by 2019/2161), the Polish act on price information article 4, and
C-330/23 (a reduction is measured from the prior price). Only announced reductions need it: a percentage, a struck
price, the word "promotion". Ordinary repricing is never announced.

The window is whole calendar days in the market's time zone; its last day is the day before the reduction takes
effect. The prior price is the lowest of the price in force at the window's start and every price that began inside
it. A price that has been stable for 200 days has no change inside the window and is found all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from pricewatch.pricing.frame import MISSING, Ints


@dataclass(frozen=True, slots=True)
class PriceChange:
    """One change point of our own price: gross minor units, in force from `since` (aware) until the next one.

    `announced` marks prices that were announced reductions; a run of equal announced prices is one promotion.
    """

    since: datetime
    gross: int
    announced: bool = False


@dataclass(frozen=True, slots=True)
class PriorPriceRules:
    """The choices that member states make.

    `progressive`: a reduction that is deepened step by step without a break keeps its first prior price.
    `perishables`: the law knows an exception for goods that spoil quickly, and `perishable` asks for it: the price
    before the first reduction counts, instead of the lowest one. A product that has been on sale for less than the
    window takes the lowest price since it was first offered.
    """

    window_days: int = 30
    progressive: bool = False
    perishables: bool = False
    perishable: bool = False


# What a member state made of article 6a (3) to (5), where it is known for sure; elsewhere the plain rule holds, which
# never gives a higher prior price.
COUNTRIES = {
    "PL": PriorPriceRules(perishables=True),  # act on price information, article 4 (2) to (4): not progressive
    "DE": PriorPriceRules(progressive=True),  # Preisangabenverordnung section 11 (2)
}


@dataclass(frozen=True, slots=True)
class PriorPrice:
    """The prior price in gross minor units, None = unknown, with the window's days and the reason in words."""

    gross: int | None
    first_day: date
    last_day: date
    reason: str

    def allows(self, promotional: int) -> bool:
        """Whether this price may be announced as a reduction: only below a known prior price."""
        return self.gross is not None and 0 < promotional < self.gross


def rules_of(country: str) -> PriorPriceRules:
    """The rules of a country by its ISO code; others take the plain rule, which never gives a higher prior price."""
    return COUNTRIES.get(country.upper(), PriorPriceRules())


def prior_price(
    changes: Sequence[PriceChange], effective: datetime, timezone: str, rules: PriorPriceRules | None = None
) -> PriorPrice:
    """Find the prior price of a reduction that takes effect at `effective`.

    `changes` are the change points of one product, channel, market, currency and price group, in any order; those at
    or after the reduction's own start do not count. While a promotion runs unchanged its prior price stays that of
    its first moment: pass any moment of it.
    """
    rules = rules or PriorPriceRules()
    ordered = sorted(changes, key=lambda change: (change.since, -change.gross))
    start = _start_of_promotion(ordered, effective, rules)
    last_day = start.astimezone(ZoneInfo(timezone)).date() - timedelta(days=1)
    first_day = last_day - timedelta(days=rules.window_days - 1)
    past = [change for change in ordered if change.since < start]
    if rules.perishable:
        return _before_reductions(past, first_day, last_day)
    opens, closes = _midnight(first_day, timezone), _midnight(last_day + timedelta(days=1), timezone)
    inside = [change.gross for change in past if opens <= change.since < closes]
    at_start = [change.gross for change in past if change.since <= opens][-1:]
    if not inside and not at_start:
        return PriorPrice(None, first_day, last_day, "unknown: no price was in force in the window")
    reason = "the lowest price of the window" if at_start else "the lowest price since it was first offered"
    return PriorPrice(min(at_start + inside), first_day, last_day, reason)


def _start_of_promotion(ordered: Sequence[PriceChange], effective: datetime, rules: PriorPriceRules) -> datetime:
    """Go back to where the promotion in force began; with the progressive clause, to the first of its steps."""
    index = max((n for n, change in enumerate(ordered) if change.since <= effective), default=-1)
    if index < 0 or not ordered[index].announced:
        return effective
    start = ordered[index]
    for earlier in reversed(ordered[:index]):
        deeper = rules.progressive and earlier.gross > start.gross
        if not earlier.announced or (earlier.gross != start.gross and not deeper):
            break
        start = earlier
    return start.since


def _before_reductions(past: Sequence[PriceChange], first_day: date, last_day: date) -> PriorPrice:
    """Perishable goods: the last price before the first reduction in a row of announced ones."""
    regular = [change for change in past if not change.announced]
    if not regular:
        return PriorPrice(None, first_day, last_day, "unknown: there was no price before the first reduction")
    return PriorPrice(regular[-1].gross, first_day, last_day, "the price before the first reduction")


def _midnight(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(timezone))


_NONE = int(np.iinfo(np.int64).max)


def prior_prices(listing: Ints, since: Ints, gross: Ints, listings: int, opens: int, closes: int) -> Ints:
    """The lowest price in a window for many listings at once; MISSING = unknown.

    Change points in columns: `listing` counts from 0 to `listings` - 1, `since` is epoch seconds, `gross` minor
    units; in any order; of two at one instant the lower counts. The window is `opens` <= t < `closes`.
    """
    lowest = np.full(listings, _NONE, dtype=np.int64)
    inside = (since >= opens) & (since < closes)
    np.minimum.at(lowest, listing[inside], gross[inside])
    listing, since, gross = (column[since <= opens] for column in (listing, since, gross))
    latest = np.full(listings, MISSING, dtype=np.int64)
    np.maximum.at(latest, listing, since)
    in_force = since == latest[listing]
    np.minimum.at(lowest, listing[in_force], gross[in_force])
    return np.where(lowest == _NONE, MISSING, lowest)
