"""Sellers that try a few prices as arms of a bandit and know nothing of demand curves."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from pricewatch.simulate.protocol import ARMS, Floats, Period, Random, Terms


class Arms:
    """What is known about each arm: how long it was asked and what was sold; a price counts for the nearest arm."""

    def __init__(self, terms: Terms, random: Random) -> None:
        self.prices = terms.grid(ARMS)
        self.margin = self.prices - terms.cost[:, None]
        self.time = np.zeros_like(self.prices)
        self.sales = np.zeros_like(self.prices)
        self.random = random
        self._all = np.arange(len(terms))

    def observe(self, seen: Period) -> None:
        """Count time and sales for the arms that were asked."""
        nearest = np.argmin(np.abs(self.prices - seen.prices[:, None]), axis=1)
        self.time[self._all, nearest] += seen.length
        self.sales[self._all, nearest] += seen.sales

    def price(self, rivals: Floats) -> Floats:  # noqa: ARG002 - the shape that markets call
        """The price of the arm with the highest index."""
        return np.asarray(self.prices[self._all, np.argmax(self.index(), axis=1)])

    @property
    def earned(self) -> Floats:
        """The mean profit of each arm, 0 for those never tried."""
        return self.margin * self.sales / np.maximum(self.time, 1e-12)

    def untried_first(self, index: Floats) -> Floats:
        """The same index, with arms on top that were never asked."""
        return np.where(self.time == 0.0, np.inf, index)

    @abstractmethod
    def index(self) -> Floats:
        """What speaks for each arm: n x arms."""


class EpsilonGreedy(Arms):
    """The arm that has earned most, and in one period of ten any (Sutton and Barto, Reinforcement Learning, 2.2)."""

    def index(self) -> Floats:
        """Mean profits, or chance; an arm never tried comes first."""
        chance = self.random.random(self.prices.shape)
        explores = self.random.random(len(self.prices)) < 0.1
        return self.untried_first(np.where(explores[:, None], chance, self.earned))


class Ucb1(Arms):
    """The arm that could earn most (Auer, Cesa-Bianchi and Fischer 2002), on the scale of the standard deviation of
    all profits so far.
    """

    def __init__(self, terms: Terms, random: Random) -> None:
        super().__init__(terms, random)
        self._cost = terms.cost
        self._moments = np.zeros((3, len(terms)))

    def observe(self, seen: Period) -> None:
        """Count, and remember how profits vary."""
        super().observe(seen)
        profit = (seen.prices - self._cost) * seen.sales / seen.length
        self._moments += np.stack([np.ones_like(profit), profit, profit**2])

    def index(self) -> Floats:
        """Mean profits and what may be missing in them; an arm never tried comes first."""
        count, first, second = np.maximum(self._moments, 1e-12)
        deviation = np.sqrt(np.maximum(second / count - (first / count) ** 2, 0.0))
        bonus = np.sqrt(2.0 * np.log1p(count)[:, None] / np.maximum(self.time, 1e-12))
        return self.untried_first(self.earned + deviation[:, None] * bonus)


class ThompsonArms(Arms):
    """The arm that earns most in a draw from the posterior: Poisson sales, exponential prior at the mean rate."""

    def index(self) -> Floats:
        """Profits at drawn rates."""
        usual = self.sales.sum(axis=1) / np.maximum(self.time.sum(axis=1), 1.0) + 0.01
        return np.asarray(self.margin * self.random.gamma(self.sales + 1.0) / (self.time + 1.0 / usual[:, None]))
