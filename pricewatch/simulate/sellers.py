"""Several sellers with one product each, pricing at the same time: what the markets with competition share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pricewatch.simulate.protocol import Floats, Make, Period, Random, Strategy, Terms

Demand = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Contest:
    """Sellers with their terms; `demand` gives everybody's expected sales at everybody's prices.

    Everybody sees its own sales and all past prices. Sales are Poisson.
    """

    terms: Sequence[Terms]
    demand: Demand
    customers: Random

    def seats(self, makes: Sequence[Make], streams: Sequence[Random]) -> list[Strategy]:
        """The strategies, each on the terms of its place."""
        return [make(terms, random) for make, terms, random in zip(makes, self.terms, streams, strict=True)]

    def warm_up(self, sellers: Sequence[Strategy], prices: Floats) -> Floats:
        """Play given prices (periods x sellers) and return the last ones."""
        for row in prices:
            self._sell(sellers, row)
        return np.asarray(prices[-1])

    def play(self, sellers: Sequence[Strategy], last: Floats, periods: int) -> tuple[Floats, Floats]:
        """Let everybody price; returns everybody's expected profit in each period, and the last prices."""
        profits = np.empty((periods, len(sellers)))
        costs = np.array([terms.cost[0] for terms in self.terms])
        for period in range(periods):
            last = np.array([self._asked(seller, at, last) for at, seller in enumerate(sellers)])
            profits[period] = (last - costs) * self._sell(sellers, last)
        return profits, last

    def _asked(self, seller: Strategy, at: int, last: Floats) -> float:
        return float(self.terms[at].allowed(seller.price(others(last, at)))[0])

    def _sell(self, sellers: Sequence[Strategy], prices: Floats) -> Floats:
        expected = self.demand(prices)
        sales = self.customers.poisson(expected).astype(float)
        for at, seller in enumerate(sellers):
            seller.observe(Period(prices[at : at + 1], sales[at : at + 1], others(prices, at)))
        return expected


def others(prices: Floats, at: int) -> Floats:
    """Everybody's price but one's own, as one product's rivals: 1 x m."""
    return np.delete(prices, at)[None, :]
