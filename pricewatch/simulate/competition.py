"""S3, several sellers of one thing to shoppers, loyal customers and people who weigh offers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pricewatch.simulate.protocol import Floats, Make, Random, Score, Terms, stream
from pricewatch.simulate.sellers import Contest

REFERENCE = 100.0
WARM_UP = 14
DUOPOLY = 400
CROWD = 300


@dataclass(frozen=True, slots=True)
class Crowd:
    """Customers: expected sales of each seller at all sellers' prices."""

    arrivals: float
    shares: Floats
    shopper: tuple[float, float]
    loyal: tuple[float, float]
    weights: Floats
    slopes: Floats
    quality: Floats
    outside: float

    def __call__(self, prices: Floats) -> Floats:
        """Expected sales of one period."""
        shoppers, loyals, weighing = self.arrivals * self.shares
        cheapest = prices <= prices.min() + 1e-9
        buying = above(float(prices.min()), *self.shopper)
        staying = np.array([above(price, *self.loyal) for price in prices]) / len(prices)
        return np.asarray(
            shoppers * buying * cheapest / cheapest.sum() + loyals * staying + weighing * self._choose(prices)
        )

    def _choose(self, prices: Floats) -> Floats:
        attraction = np.exp(self.quality + self.slopes[:, None] * (1.0 - prices / REFERENCE))
        chosen = attraction / (math.exp(self.outside) + attraction.sum(axis=1, keepdims=True))
        return np.asarray(self.weights @ chosen)


def above(price: float, mean: float, deviation: float) -> float:
    """The share of customers whose willingness to pay, normally distributed, reaches a price."""
    return 0.5 * math.erfc((price - mean) / (deviation * math.sqrt(2.0)))


def crowd(random: Random, sellers: int) -> Crowd:
    """Draw customers for a market of so many sellers."""
    weight = random.uniform(0.2, 0.8)
    return Crowd(
        arrivals=float(random.uniform(4.0, 16.0)) * sellers / 2.0,
        shares=random.dirichlet((2.0, 2.0, 2.0)),
        shopper=(float(random.uniform(95.0, 125.0)), float(random.uniform(10.0, 30.0))),
        loyal=(float(random.uniform(95.0, 130.0)), float(random.uniform(10.0, 30.0))),
        weights=np.array([weight, 1.0 - weight]),
        slopes=np.array([random.uniform(4.0, 10.0), random.uniform(10.0, 25.0)]),
        quality=random.normal(0.0, 0.3, sellers),
        outside=float(random.normal(0.0, 0.5)),
    )


@dataclass(frozen=True, slots=True)
class Competition:
    """Markets of one seed, one against each line-up of rivals; the score is the mean expected profit a period.

    With `shift`, other customers come after half of the time.
    """

    line_ups: Mapping[str, Sequence[Make]]
    periods: int
    strategies: Mapping[str, Make]
    shift: bool = False

    def play(self, seed: int, strategy: Make) -> Score:
        """Sell against every line-up; the details are the profits against each."""
        found = {
            name: self._against(seed, number, [strategy, *rivals])
            for number, (name, rivals) in enumerate(self.line_ups.items())
        }
        return Score(float(np.mean(list(found.values()))), found if len(found) > 1 else {})

    def _against(self, seed: int, number: int, makes: Sequence[Make]) -> float:
        size, first = len(makes), 100 * number
        random = stream(seed, first)
        terms = _terms(random, size, self.periods)
        contest = Contest(terms, crowd(random, size), stream(seed, first + 1))
        sellers = contest.seats(makes, [stream(seed, first + 2 + at) for at in range(size)])
        start = np.round(REFERENCE * (1.0 + random.uniform(-0.08, 0.08, (WARM_UP, size))), 2)
        half = self.periods // 2 if self.shift else self.periods
        profits, last = contest.play(sellers, contest.warm_up(sellers, start), half)
        if self.shift:
            contest = Contest(terms, crowd(random, size), contest.customers)
            profits = np.concatenate([profits, contest.play(sellers, last, self.periods - half)[0]])
        return float(profits[:, 0].mean())


def _terms(random: Random, sellers: int, periods: int) -> list[Terms]:
    """The same for everybody: they buy from the same supplier."""
    cost = random.uniform(55.0, 80.0, 1)
    return [Terms(cost, 1.02 * cost, np.full(1, 150.0), REFERENCE, periods, sellers - 1, tick=0.01)] * sellers
