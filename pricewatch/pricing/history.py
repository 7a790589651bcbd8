"""A market over time, as columns: every reading with the time for which it held."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from pricewatch.pricing.frame import MISSING, Bools, Ints, MarketFrame, OfferColumns, Text

FOREVER = int(np.iinfo(np.int64).max)
WEEK = 7 * 86_400  # seconds


@dataclass(frozen=True, slots=True)
class MarketHistory:
    """The readings of one price group's offers: each holds for `since` <= t < `until` (epoch seconds).

    `offers.seen_at` is when the offer was last seen at all. `now` is the market with the products as they are today.
    """

    now: MarketFrame
    offers: OfferColumns
    offer: Ints  # the same number for all readings of one offer
    since: Ints
    until: Ints

    def at(self, time: int) -> OfferColumns:
        """The offers that held at a time, none seen after it, each with its price of a week before."""
        held = self._held(time)
        offers = only(self.offers, held)
        return replace(offers, seen_at=np.minimum(offers.seen_at, time), before=self._before(held, time - WEEK))

    def _held(self, time: int) -> Bools:
        return np.asarray((self.since <= time) & (time < self.until))

    def _before(self, held: Bools, time: int) -> Ints:
        then = self._held(time)
        if not then.any():
            return np.full(int(held.sum()), MISSING, dtype=np.int64)
        order = np.argsort(self.offer[then], kind="stable")
        known, price = self.offer[then][order], self.offers.price[then][order]
        wanted = self.offer[held]
        place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        return np.where(known[place] == wanted, price[place], MISSING)


def only(offers: OfferColumns, kept: Bools) -> OfferColumns:
    """The offers of these rows."""
    columns: dict[str, Any] = {each.name: getattr(offers, each.name) for each in fields(offers)}
    for name, column in columns.items():
        if column is not None:
            columns[name] = column.take(kept) if isinstance(column, Text) else column[kept]
    return OfferColumns(**columns)
