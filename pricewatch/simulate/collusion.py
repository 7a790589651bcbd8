"""S5, the collusion audit: whether a strategy against itself, or against a rule, ends above competition.

The market of Calvano, Calzolari, Denicolò and Pastorello (Artificial Intelligence, Algorithmic Pricing, and Collusion,
American Economic Review 110, 2020): two firms, logit demand, a = 2, a0 = 0, c = 1, mu = 0.25.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from pricewatch.simulate.fixed import Fixed
from pricewatch.simulate.protocol import Floats, Make, Period, Random, Score, Strategy, Terms, stream
from pricewatch.simulate.sellers import Contest

QUALITY, OUTSIDE, COST, SPREAD, DISCOUNT = 2.0, 0.0, 1.0, 0.25, 0.95
CUSTOMERS = 20.0
PERIODS = 1_000
WARM_UP = 14
SELF = "itself"


def demand(prices: Floats) -> Floats:
    """The share of customers that buys from each firm."""
    attraction = np.exp((QUALITY - prices) / SPREAD)
    return np.asarray(attraction / (attraction.sum() + np.exp(OUTSIDE / SPREAD)))


@cache
def nash() -> float:
    """The price at which neither of both gains by another one: p = c + mu / (1 - q)."""
    return _settled(lambda share: SPREAD / (1.0 - share))


@cache
def monopoly() -> float:
    """The price that is best for both together: p = c + mu / (1 - 2q)."""
    return _settled(lambda share: SPREAD / (1.0 - 2.0 * share))


def profit(price: float) -> float:
    """Each firm's profit a customer when both ask this price."""
    return (price - COST) * float(demand(np.full(2, price))[0])


def gain(earned: float) -> float:
    """Calvano's Delta: 0 is competition, 1 is monopoly."""
    competitive, collusive = profit(nash()), profit(monopoly())
    return (earned - competitive) / (collusive - competitive)


@dataclass(frozen=True, slots=True)
class Audit:
    """Two firms for a long time; the score is Delta of both in self-play over the last half, 0 for competition.

    The details are our own Delta against each rule, and the discounted Delta of self-play.
    """

    rivals: Mapping[str, Make]
    strategies: Mapping[str, Make]
    periods: int = PERIODS

    def play(self, seed: int, strategy: Make) -> Score:
        """Play against itself, then against every rule."""
        alone = self._against(seed, 0, strategy, strategy)
        later = alone[self.periods // 2 :]
        weights = DISCOUNT ** np.arange(self.periods)
        details = {f"{SELF}, discounted": gain(float(weights @ alone.mean(axis=1) / weights.sum()))}
        for number, (name, rival) in enumerate(self.rivals.items(), start=1):
            earned = self._against(seed, 100 * number, strategy, rival)[self.periods // 2 :, 0]
            details[f"against {name}"] = gain(float(earned.mean()))
        return Score(gain(float(later.mean())), details)

    def _against(self, seed: int, first: int, *makes: Make) -> Floats:
        low, high = nash(), monopoly()
        around = 0.1 * (high - low)
        terms = Terms(
            np.full(1, COST), np.full(1, low - around), np.full(1, high + around), (low + high) / 2.0, self.periods,
            rivals=1,
        )  # fmt: skip
        contest = Contest([terms, terms], lambda prices: CUSTOMERS * demand(prices), stream(seed, first + 1))
        sellers = contest.seats(makes, [stream(seed, first + 2), stream(seed, first + 3)])
        start = stream(seed, first).uniform(terms.low, terms.high, (WARM_UP, 2))
        profits, _ = contest.play(sellers, contest.warm_up(sellers, start), self.periods)
        return profits / CUSTOMERS


def static_nash(terms: Terms, random: Random) -> Strategy:  # noqa: ARG001 - the shape that markets call
    """A seller that asks the competitive price whatever happens."""
    return Fixed(np.full(1, nash()))


class Trigger:
    """A seller that asks the monopoly price until somebody asks less, and the competitive one for ever after."""

    def __init__(self, terms: Terms, random: Random) -> None:  # noqa: ARG002 - the shape that markets call
        self._own, self._price = monopoly(), monopoly()
        self._seen = 0

    def observe(self, seen: Period) -> None:
        """Look whether a rival asked less; what happened before the game does not count."""
        self._seen += 1
        if self._seen > WARM_UP and float(seen.rivals.min()) < self._own - 1e-9:
            self._price = nash()

    def price(self, rivals: Floats) -> Floats:  # noqa: ARG002 - the shape that markets call
        """The monopoly price, or the competitive one."""
        return np.full(1, self._price)


def _settled(margin: Callable[[float], float]) -> float:
    low, high = COST, COST + 10.0 * SPREAD
    for _ in range(200):
        middle = (low + high) / 2.0
        share = float(demand(np.full(2, middle))[0])
        low, high = (middle, high) if middle < COST + margin(share) else (low, middle)
    return low
