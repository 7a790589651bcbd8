"""S4, a marketplace: five firms change prices one after another while customers come by.

Customers weigh price, quality (the lower the better) and rating, each in a way of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pricewatch.simulate.protocol import Floats, Make, Period, Random, Score, Strategy, Terms, stream
from pricewatch.simulate.sellers import others

FIRMS = 5
PERIODS = 1_000
BETWEEN = 0.2  # customers between two updates
LOW, HIGH, REFERENCE = 1.0, 15.0, 10.0
_CELLS = 16


@dataclass(frozen=True)
class Place:
    """The firms of one marketplace, ours first, and what customers think of them."""

    quality: Floats
    rating: Floats

    def share(self, prices: Floats) -> float:
        """The probability that a customer buys from the first firm: exact in the most it pays, on a grid of tastes."""
        scores = self._burden + prices
        lowest = scores.min(axis=1)
        first = scores[:, 0] <= lowest
        return float(np.mean(first * np.clip((15.0 - lowest) / 10.0, 0.0, 1.0)))

    def sales(self, prices: Floats, random: Random) -> int:
        """How many of the customers between two updates buy from the first firm."""
        count = int(random.poisson(BETWEEN))
        taste, limit = random.random((count, 2)), random.uniform(5.0, 15.0, count)
        scores = prices + taste[:, :1] * self.quality + 0.5 * taste[:, 1:] * (100.0 - self.rating)
        return int(np.sum((np.argmin(scores, axis=1) == 0) & (scores.min(axis=1) < limit)))

    @cached_property
    def _burden(self) -> Floats:
        """What quality and rating add to the price in the middle of each cell of tastes: cells x firms."""
        middle = (np.arange(_CELLS) + 0.5) / _CELLS
        first, second = (axis.reshape(-1, 1) for axis in np.meshgrid(middle, middle))
        return np.asarray(first * self.quality + 0.5 * second * (100.0 - self.rating))


@dataclass(frozen=True, slots=True)
class Marketplace:
    """Marketplaces of one seed, one against each set of rivals; the score is the mean expected revenue a time unit."""

    rival_sets: Mapping[str, Sequence[Make]]
    strategies: Mapping[str, Make]
    periods: int = PERIODS

    def play(self, seed: int, strategy: Make) -> Score:
        """Sell against every set; the details are the revenues against each."""
        found = {
            name: self._against(seed, 100 * number, [strategy, *rivals])
            for number, (name, rivals) in enumerate(self.rival_sets.items())
        }
        return Score(float(np.mean(list(found.values()))), found)

    def _against(self, seed: int, first: int, makes: Sequence[Make]) -> float:
        random = stream(seed, first)
        place = Place(np.round(random.uniform(0.5, 5.5, FIRMS)), random.uniform(90.0, 100.0, FIRMS))
        prices = random.uniform(6.0, 16.0, FIRMS)
        terms = Terms(
            np.zeros(1), np.full(1, LOW), np.full(1, HIGH), REFERENCE, self.periods, rivals=FIRMS - 1, tick=0.01
        )
        firms = [make(terms, stream(seed, first + 2 + at)) for at, make in enumerate(makes)]
        game = _Game(place, terms, firms, prices, stream(seed, first + 1))
        return game.play(random, self.periods) / self.periods


@dataclass(slots=True)
class _Game:
    place: Place
    terms: Terms
    firms: Sequence[Strategy]
    prices: Floats
    customers: Random
    sold: float = 0.0
    asked: Period | None = None

    def play(self, random: Random, periods: int) -> float:
        """Return the expected revenue of the first firm over all time units."""
        earned = 0.0
        for _ in range(periods):
            for firm in random.permutation(FIRMS):
                self._update(int(firm))
                earned += BETWEEN * self.prices[0] * self.place.share(self.prices)
                self.sold += self.place.sales(self.prices, self.customers)
        return float(earned)

    def _update(self, firm: int) -> None:
        """A firm sees what others ask now; ours also learns what it sold since its last update."""
        rivals = others(self.prices, firm)
        if firm == 0:
            if self.asked:
                self.firms[0].observe(Period(self.asked.prices, np.full(1, self.sold), self.asked.rivals))
            self.sold = 0.0
        wanted = self.firms[firm].price(rivals)
        self.prices[firm] = self.terms.allowed(wanted)[0] if firm == 0 else wanted[0]  # the bounds are ours alone
        if firm == 0:
            self.asked = Period(self.prices[:1].copy(), np.zeros(1), rivals)


class Wanderer:
    """A rival that asks any price from 5 to 15."""

    def __init__(self, terms: Terms, random: Random) -> None:  # noqa: ARG002 - the shape that markets call
        self._random = random

    def observe(self, seen: Period) -> None:
        """Nothing is learnt."""

    def price(self, rivals: Floats) -> Floats:  # noqa: ARG002 - the shape that markets call
        """A new price."""
        return self._random.uniform(5.0, 15.0, 1)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """A rival that undercuts by 0.5 down to a floor, and goes up again when the lowest is below a threshold."""

    top: float
    threshold: float
    floor: float

    def __call__(self, terms: Terms, random: Random) -> Strategy:  # noqa: ARG002 - the shape that markets call
        return self

    def observe(self, seen: Period) -> None:
        """Nothing is learnt."""

    def price(self, rivals: Floats) -> Floats:
        """The undercut, or the top."""
        lowest = rivals.min(axis=1)
        return np.where(lowest < self.threshold, self.top, np.maximum(self.floor, lowest - 0.5))
