"""Sellers that follow a rule of thumb and learn nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pricewatch.simulate.protocol import Floats, Make, Period, Random, Strategy, Terms

WAR_ENDS = 1.15  # of the reference price: where a reset starts again
CEILING = 1.2


@dataclass(slots=True)
class Fixed:
    """Always the same prices."""

    prices: Floats

    def observe(self, seen: Period) -> None:
        """Nothing is learnt."""

    def price(self, rivals: Floats) -> Floats:  # noqa: ARG002 - the shape that markets call
        """The price it always has."""
        return self.prices


def incumbent(terms: Terms, random: Random) -> Strategy:  # noqa: ARG001 - the shape that markets call
    """A seller that stays at the reference price."""
    return Fixed(np.full(len(terms), terms.reference))


def constant(price: float) -> Make:
    """Make sellers that always ask this price."""
    return lambda terms, _: Fixed(np.full(len(terms), price))


@dataclass(slots=True)
class MatchLowest:
    """As low as the lowest rival times `factor`, between 1.05 times the cost and 1.2 times the reference price."""

    terms: Terms
    factor: float = 1.0

    def observe(self, seen: Period) -> None:
        """Nothing is learnt."""

    def price(self, rivals: Floats) -> Floats:
        """The lowest rival's price times the factor."""
        wanted = self.factor * rivals.min(axis=1)
        return np.asarray(np.clip(wanted, 1.05 * self.terms.cost, CEILING * self.terms.reference))


@dataclass(slots=True)
class UndercutReset:
    """1 % below the lowest, and back to the top as soon as that earns less than a tenth of the cost."""

    terms: Terms

    def observe(self, seen: Period) -> None:
        """Nothing is learnt."""

    def price(self, rivals: Floats) -> Floats:
        """The undercut, or the reset."""
        lowest, cost = rivals.min(axis=1), self.terms.cost
        under = np.clip(0.99 * lowest, 1.09 * cost, CEILING * self.terms.reference)
        return np.where(lowest < 1.10 * cost, WAR_ENDS * self.terms.reference, under)


@dataclass(slots=True)
class RandomWalk:
    """From the reference price on, every price moves by normal steps of 2 %."""

    terms: Terms
    random: Random
    last: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.last = np.full(len(self.terms), self.terms.reference)

    def observe(self, seen: Period) -> None:
        """Go on from the price that was really asked."""
        self.last = seen.prices

    def price(self, rivals: Floats) -> Floats:  # noqa: ARG002 - the shape that markets call
        """The next step."""
        return self.last * np.exp(0.02 * self.random.standard_normal(len(self.last)))


def match(terms: Terms, random: Random) -> Strategy:  # noqa: ARG001 - the shape that markets call
    """A seller that matches the lowest rival."""
    return MatchLowest(terms)


def undercut(terms: Terms, random: Random) -> Strategy:  # noqa: ARG001 - the shape that markets call
    """A seller that undercuts the lowest rival by 1 %."""
    return MatchLowest(terms, 0.99)


def under_reset(terms: Terms, random: Random) -> Strategy:  # noqa: ARG001 - the shape that markets call
    """A seller that undercuts and resets."""
    return UndercutReset(terms)
