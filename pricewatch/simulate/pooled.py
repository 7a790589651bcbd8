"""Thompson sampling for an assortment whose products share what they teach with their category."""

from __future__ import annotations

import numpy as np

from pricewatch.simulate.poisson import PoissonPosterior, rate
from pricewatch.simulate.protocol import Floats, Period, Random, Strategy, Terms

SLOPE, WITHIN, BETWEEN = -3.0, 0.8, 1.5  # the prior slope; its standard deviation inside a category and between them
_DRAWS = 60


class Pooled:
    """Each product's semi-log curve has its category's slope for a prior, and that is learnt from all of them.

    With a `gate` a price moves only if it earns more in at least that share of the posterior's draws.
    """

    def __init__(self, terms: Terms, random: Random, *, temper: float = 0.25, gate: float = 0.0) -> None:
        self._terms, self._random, self._temper, self._gate = terms, random, temper, gate
        self._own = PoissonPosterior(len(terms), np.array([0.0, SLOPE]), np.array([5.0, BETWEEN]))
        self._grid = terms.grid()
        self._last = np.full(len(terms), terms.reference)

    def observe(self, seen: Period) -> None:
        """Add a period to every product's posterior."""
        self._own.add(self._row(seen.prices[:, None])[:, 0], seen.sales, seen.length)
        self._last = seen.prices

    def price(self, rivals: Floats) -> Floats:  # noqa: ARG002 - the shape that markets call
        """The best prices under drawn curves."""
        self._own.fit()
        mean, deviation, joint = self._shrunk()
        drawn = self._drawn(mean, np.sqrt(self._temper) * deviation, joint)
        best = self._best(drawn)
        return np.where(self._sure(mean, deviation, joint, best), best, self._last) if self._gate else best

    def _shrunk(self) -> tuple[Floats, Floats, Floats]:
        """Slope's mean and deviation of each product given its category, and the level's regression on the slope."""
        mean, variance = self._own.mean, self._own.covariance
        weight = 1.0 / variance[:, 1, 1] - 1.0 / BETWEEN**2  # what the product's own data say, without the prior
        own = np.maximum(weight, 1e-9)
        slope = (mean[:, 1] / variance[:, 1, 1] - SLOPE / BETWEEN**2) / own
        centre = self._centres(slope, own)
        precision = own + 1.0 / WITHIN**2
        shrunk = (own * slope + centre / WITHIN**2) / precision
        joint = variance[:, 0, 1] / variance[:, 1, 1]
        level = mean[:, 0] + joint * (shrunk - mean[:, 1])
        return np.stack([level, shrunk], axis=1), precision**-0.5, joint

    def _centres(self, slope: Floats, own: Floats) -> Floats:
        """The slope of each product's category, by precision."""
        group = self._terms.group
        weight = 1.0 / (1.0 / own + WITHIN**2)
        total = np.bincount(group, weight) + 1.0 / BETWEEN**2
        return np.asarray(((np.bincount(group, weight * slope) + SLOPE / BETWEEN**2) / total)[group])

    def _drawn(self, mean: Floats, deviation: Floats, joint: Floats) -> Floats:
        away = deviation * self._random.standard_normal(len(mean))
        slope = np.minimum(mean[:, 1] + away, -0.3)
        return np.stack([mean[:, 0] + joint * (slope - mean[:, 1]), slope], axis=1)

    def _best(self, beta: Floats) -> Floats:
        expected = (self._grid - self._terms.cost[:, None]) * rate(self._row(self._grid), beta)
        step = self._terms.step
        far = np.abs(self._grid / self._last[:, None] - 1.0) > step + 1e-9
        near = np.where(far, -np.inf, expected) if not far.all(axis=1).any() else expected
        return np.asarray(self._grid[np.arange(len(self._grid)), np.argmax(near, axis=1)])

    def _sure(self, mean: Floats, deviation: Floats, joint: Floats, best: Floats) -> Floats:
        """Whether the new price earns more than the old one in enough draws."""
        prices = np.stack([self._last, best], axis=1)
        margin, row = prices - self._terms.cost[:, None], self._row(prices)
        better = np.zeros(len(best))
        for _ in range(_DRAWS):
            profit = margin * rate(row, self._drawn(mean, deviation, joint))
            better += profit[:, 1] > profit[:, 0]
        return np.asarray(better >= self._gate * _DRAWS)

    def _row(self, prices: Floats) -> Floats:
        return np.stack([np.ones_like(prices), prices / self._terms.reference - 1.0], axis=-1)


def pooled(terms: Terms, random: Random) -> Strategy:
    """Pooled by category."""
    return Pooled(terms, random)


def gated(terms: Terms, random: Random) -> Strategy:
    """Pooled by category; moves only if a gain has a probability of .8 at least."""
    return Pooled(terms, random, gate=0.8)
