"""S2, an assortment: many products in categories, changed once a week by small steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pricewatch.simulate.protocol import Floats, Make, Period, Random, Score, Strategy, Terms, stream

REFERENCE = 100.0
CATEGORIES, EACH = 4, 40
WEEK, YEAR = 7, 365
HISTORY = ((20, 100.0), (20, 95.0), (20, 100.0))  # days and price
STEP = 0.05
SHARE = 0.375  # of the customers who buy at the reference price where demand is logistic
LEVELS = (0.05, 0.2, 1.0)


@dataclass(frozen=True, slots=True)
class Demand:
    """Expected sales a day of each product: constant elasticity, or a logistic curve of the same slope at 100."""

    volume: Floats
    elasticity: Floats
    logistic: Floats

    def __call__(self, prices: Floats) -> Floats:
        """Expected sales a day at prices n x anything."""
        relative, elasticity = prices / REFERENCE, self.elasticity[:, None]
        spread = (1.0 - SHARE) / elasticity
        odds = np.exp((1.0 - relative) / spread) * SHARE / (1.0 - SHARE)
        curve = np.where(self.logistic[:, None] > 0, odds / (1.0 + odds) / SHARE, relative**-elasticity)
        return np.asarray(self.volume[:, None] * curve)


@dataclass(frozen=True, slots=True)
class Assortment:
    """A year of one shop; the score is the sum of expected profit in per cent of the sum of the best prices' profits.

    The details are the share of products that end more than 1 % below the profit of the price that they came with.
    """

    level: float
    strategies: Mapping[str, Make]

    def play(self, seed: int, strategy: Make) -> Score:
        """Show the history, then let the strategy change prices every week."""
        terms, demand = drawn(seed, self.level)
        shop = _Shop(terms, demand, strategy(terms, stream(seed, 2)), stream(seed, 1))
        for days, price in HISTORY:
            shop.sell(np.full(len(terms), price), days)
        earned, prices = 0.0, np.full(len(terms), REFERENCE)
        for start in range(0, YEAR, WEEK):
            prices = shop.asked(prices)
            days = min(WEEK, YEAR - start)
            shop.sell(prices, days)
            earned += days * float(shop.profit(prices).sum())
        return self._score(shop, earned, prices)

    def _score(self, shop: _Shop, earned: float, prices: Floats) -> Score:
        terms = shop.terms
        best = np.max((terms.grid() - terms.cost[:, None]) * shop.demand(terms.grid()), axis=1)
        worse = shop.profit(prices) < 0.99 * shop.profit(np.full(len(terms), REFERENCE))
        return Score(100.0 * earned / (YEAR * float(best.sum())), {"% worse than before": 100.0 * float(worse.mean())})


@dataclass(frozen=True, slots=True)
class _Shop:
    terms: Terms
    demand: Demand
    seller: Strategy
    customers: Random

    def asked(self, last: Floats) -> Floats:
        """The strategy's next prices, at most a step from the last."""
        wanted = self.seller.price(np.empty((len(self.terms), 0)))
        return self.terms.allowed(np.clip(wanted, last * (1.0 - STEP), last * (1.0 + STEP)))

    def sell(self, prices: Floats, days: int) -> None:
        sales = self.customers.poisson(days * self.demand(prices[:, None])[:, 0]).astype(float)
        self.seller.observe(Period(prices, sales, np.empty((len(prices), 0)), float(days)))

    def profit(self, prices: Floats) -> Floats:
        return np.asarray((prices - self.terms.cost) * self.demand(prices[:, None])[:, 0])


def drawn(seed: int, level: float) -> tuple[Terms, Demand]:
    """The shop of a seed, the same on every level of demand."""
    random = stream(seed, 0)
    size = CATEGORIES * EACH
    group = np.repeat(np.arange(CATEGORIES), EACH)
    usual = random.uniform(2.0, 4.5, CATEGORIES)
    elasticity = np.maximum(1.2, usual[group] + random.normal(0.0, 0.7, size))
    volume = level * np.exp(random.normal(0.0, 1.0, size) - 0.5)
    cost = random.uniform(50.0, 80.0, size)
    logistic = random.permutation(np.arange(size) % 2)
    terms = Terms(cost, 1.03 * cost, np.full(size, 140.0), REFERENCE, YEAR // WEEK + 1, group=group, step=STEP)
    return terms, Demand(volume, elasticity, logistic)
