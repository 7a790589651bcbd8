"""S1, one seller and one product whose demand never changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pricewatch.simulate.protocol import Floats, Make, Period, Random, Score, Strategy, Terms, stream

REFERENCE = 100.0
HISTORY = 30
PERIODS = 500
LEVELS = (0.2, 1.0, 5.0, 20.0)

Noise = Literal["poisson", "negative binomial"]


@dataclass(frozen=True, slots=True)
class Demand:
    """Expected sales a period as a function of the price: constant elasticity, a line, or a logistic curve."""

    kind: Literal["log-log", "linear", "logit"]
    level: float
    elasticity: float
    value: float
    spread: float

    def __call__(self, price: Floats) -> Floats:
        """Expected sales a period at each price."""
        if self.kind == "log-log":
            share: Floats = (price / REFERENCE) ** -self.elasticity
        elif self.kind == "linear":
            share = np.maximum(0.0, 1.0 - self.elasticity * (price / REFERENCE - 1.0))
        else:
            share = _sigmoid((self.value - price) / self.spread) / _sigmoid((self.value - REFERENCE) / self.spread)
        return np.asarray(self.level * share)


@dataclass(frozen=True, slots=True)
class Static:
    """The market of one seller; the score is the mean expected profit in per cent of the best price on the grid."""

    level: float
    strategies: Mapping[str, Make]
    noise: Noise = "poisson"

    def play(self, seed: int, strategy: Make) -> Score:
        """Sell for the history's periods at the reference price, then as the strategy says."""
        terms, demand = drawn(seed, self.level)
        customers, seller = stream(seed, 1), strategy(terms, stream(seed, 2))
        for _ in range(HISTORY):
            self._sell(np.full(1, REFERENCE), demand, seller, customers)
        posted = np.array([self._step(terms, demand, seller, customers) for _ in range(PERIODS)])
        return Score(100.0 * float(np.mean(_profit(posted, terms, demand))) / best(terms, demand))

    def _step(self, terms: Terms, demand: Demand, seller: Strategy, customers: Random) -> float:
        price = terms.allowed(seller.price(np.empty((1, 0))))
        self._sell(price, demand, seller, customers)
        return float(price[0])

    def _sell(self, price: Floats, demand: Demand, seller: Strategy, customers: Random) -> None:
        mean = demand(price)
        if self.noise == "negative binomial":  # of variance m + m²: Poisson around an exponential mean
            mean = mean * customers.exponential(size=1)
        seller.observe(Period(price, customers.poisson(mean).astype(float), np.empty((1, 0))))


def drawn(seed: int, level: float) -> tuple[Terms, Demand]:
    """The product of a seed, the same on every level of demand."""
    random = stream(seed, 0)
    cost = random.uniform(50.0, 80.0, 1)
    kinds: tuple[Literal["log-log", "linear", "logit"], ...] = ("log-log", "linear", "logit")
    kind = kinds[int(random.integers(3))]
    elasticity, value, spread = random.uniform((1.8, 85.0, 8.0), (5.0, 125.0, 25.0))
    terms = Terms(cost, 1.03 * cost, np.full(1, 140.0), REFERENCE, PERIODS)
    return terms, Demand(kind, level, float(elasticity), float(value), float(spread))


def best(terms: Terms, demand: Demand) -> float:
    """The highest expected profit a period on the grid of allowed prices: the clairvoyant's."""
    return float(np.max(_profit(terms.grid()[0], terms, demand)))


def _profit(price: Floats, terms: Terms, demand: Demand) -> Floats:
    return np.asarray((price - terms.cost[0]) * demand(price))


def _sigmoid(x: Floats | float) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.asarray(x))))
