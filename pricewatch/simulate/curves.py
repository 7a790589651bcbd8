"""Sellers that learn a demand curve, and one that adds what rivals ask."""

from __future__ import annotations

import numpy as np

from pricewatch.simulate.poisson import PoissonPosterior, rate
from pricewatch.simulate.protocol import Floats, Period, Random, Strategy, Terms

TEMPER, STEP, TRIALS = 0.25, 0.05, 10


class GreedyOls:
    """Ten periods of chance, then least squares of sales on price (and the lowest rival's) and its best price."""

    def __init__(self, terms: Terms, random: Random) -> None:
        self._terms, self._random = terms, random
        size = 3 if terms.rivals else 2
        self._squares = np.zeros((len(terms), size, size))
        self._products = np.zeros((len(terms), size))
        self._grid = terms.grid()
        self._last = np.full(len(terms), terms.reference)
        self._asked = 0

    def observe(self, seen: Period) -> None:
        """Add a row to the regression."""
        row = self._row(seen.prices[:, None], seen.rivals)[:, 0]
        self._squares += row[:, :, None] * row[:, None, :]
        self._products += row * (seen.sales / seen.length)[:, None]
        self._last = seen.prices

    def price(self, rivals: Floats) -> Floats:
        """The best price of the fitted line; the last one where the line does not fall."""
        self._asked += 1
        if self._asked <= TRIALS:
            return self._terms.reference * self._random.uniform(1.0 - STEP, 1.0 + STEP, len(self._last))
        ridge = 1e-6 * np.eye(self._squares.shape[1])
        beta = np.linalg.solve(self._squares + ridge, self._products[:, :, None])[:, :, 0]
        sales = np.maximum(0.0, np.einsum("ntk,nk->nt", self._row(self._grid, rivals), beta))
        at = np.argmax((self._grid - self._terms.cost[:, None]) * sales, axis=1)
        best = self._grid[np.arange(len(at)), at]
        return np.where(beta[:, 1] < 0.0, best, self._last)

    def _row(self, prices: Floats, rivals: Floats) -> Floats:
        parts = [np.ones_like(prices), prices / self._terms.reference - 1.0]
        if self._terms.rivals:
            lowest = np.broadcast_to(rivals.min(axis=1, keepdims=True), prices.shape)
            parts.append(lowest / self._terms.reference - 1.0)
        return np.stack(parts, axis=-1)


class SemiLog:
    """Log of sales = a + b·price with a Poisson likelihood: prices by Thompson's draw, its mode, or a tempered draw."""

    def __init__(self, terms: Terms, random: Random, *, temper: float = 1.0, step: float = np.inf) -> None:
        self._terms, self._random, self._temper, self._step = terms, random, temper, step
        self._posterior = PoissonPosterior(len(terms), np.array([0.0, -3.0]), np.array([5.0, 1.5]))
        self._grid = terms.grid()
        self._last = np.full(len(terms), terms.reference)

    def observe(self, seen: Period) -> None:
        """Add a period to the posterior."""
        self._posterior.add(self._row(seen.prices[:, None])[:, 0], seen.sales, seen.length)
        self._last = seen.prices

    def price(self, rivals: Floats) -> Floats:  # noqa: ARG002 - the shape that markets call
        """The best price under a drawn curve, at most one step from the last."""
        self._posterior.fit()
        beta = self._posterior.draw(self._random, self._temper) if self._temper else self._posterior.mean.copy()
        beta[:, 1] = np.minimum(beta[:, 1], -0.3)
        expected = (self._grid - self._terms.cost[:, None]) * rate(self._row(self._grid), beta)
        best = self._grid[np.arange(len(self._grid)), np.argmax(expected, axis=1)]
        return np.asarray(np.clip(best, self._last * (1.0 - self._step), self._last * (1.0 + self._step)))

    def _row(self, prices: Floats) -> Floats:
        return np.stack([np.ones_like(prices), prices / self._terms.reference - 1.0], axis=-1)


def thompson(terms: Terms, random: Random) -> Strategy:
    """Thompson sampling on a semi-log demand curve."""
    return SemiLog(terms, random)


def tempered(terms: Terms, random: Random) -> Strategy:
    """The same with a quarter of the covariance and steps of at most 5 %."""
    return SemiLog(terms, random, temper=TEMPER, step=STEP)


def certain(terms: Terms, random: Random) -> Strategy:
    """Certainty equivalence: a Poisson curve's mode is taken for the truth."""
    return SemiLog(terms, random, temper=0.0)


class RankPoisson:
    """Thompson sampling on price, gap to the cheapest and rank, for rivals who ask what they last asked.

    Besides the grid it considers prices just below each of the rivals.
    """

    def __init__(self, terms: Terms, random: Random) -> None:
        self._terms, self._random = terms, random
        mean, deviation = np.array([0.0, -2.0, -1.0, 0.5, -0.3]), np.array([5.0, 1.5, 1.5, 0.7, 0.5])
        self._posterior = PoissonPosterior(len(terms), mean, deviation)
        self._grid = terms.grid()

    def observe(self, seen: Period) -> None:
        """Add a period to the posterior."""
        self._posterior.add(self._row(seen.prices[:, None], seen.rivals)[:, 0], seen.sales, seen.length)

    def price(self, rivals: Floats) -> Floats:
        """The best price under a drawn curve."""
        self._posterior.fit()
        beta = self._posterior.draw(self._random, TEMPER)
        beta[:, 1:3] = np.minimum(beta[:, 1:3], 0.0)
        low, high = self._terms.low[:, None], self._terms.high[:, None]
        tick = self._terms.tick or 1e-3 * self._terms.reference
        tried = np.clip(np.concatenate([self._grid, rivals - tick], axis=1), low, high)
        expected = (tried - self._terms.cost[:, None]) * rate(self._row(tried, rivals), beta)
        return np.asarray(tried[np.arange(len(tried)), np.argmax(expected, axis=1)])

    def _row(self, prices: Floats, rivals: Floats) -> Floats:
        below = (rivals[:, None, :] < prices[:, :, None]) + 0.5 * (rivals[:, None, :] == prices[:, :, None])
        lowest = rivals.min(axis=1, keepdims=True)
        parts = [
            np.ones_like(prices),
            np.log(prices / self._terms.reference),
            np.clip(np.log(prices / lowest), -0.3, 0.3),
            np.where(prices < lowest, 1.0, np.where(prices == lowest, 0.5, 0.0)),
            below.mean(axis=2),
        ]
        return np.stack(parts, axis=-1)
