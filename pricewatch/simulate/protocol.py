"""What markets and sellers say to each other: terms first, then price and observe in turns.

Everything is columns: a seller has `n` products (one, except in an assortment) and each has `m` rivals (perhaps none).
Prices are plain numbers in the market's own unit, usually per cent of a reference price.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Random: TypeAlias = np.random.Generator

GRID = 61
ARMS = 11


@dataclass(frozen=True, slots=True)
class Terms:
    """What a seller knows before it sells: its costs and bounds (n each), the reference price, the game's rules.

    `group` is the category of each product, `tick` the smallest step between prices (0 = none), `step` the largest
    change of a price, as a share of the old one, that the market lets through.
    """

    cost: Floats
    low: Floats
    high: Floats
    reference: float
    periods: int
    rivals: int = 0
    group: Ints = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    tick: float = 0.0
    step: float = np.inf

    def __len__(self) -> int:
        return len(self.cost)

    def group_of_each(self) -> Ints:
        """The category of each product; all in one where none is named."""
        return self.group if len(self.group) == len(self) else np.zeros(len(self), dtype=np.int64)

    def grid(self, points: int = GRID) -> Floats:
        """Equally spaced prices from the lowest to the highest allowed one: n x points."""
        share = np.linspace(0.0, 1.0, points)
        return self.low[:, None] + (self.high - self.low)[:, None] * share

    def allowed(self, prices: Floats) -> Floats:
        """The nearest allowed prices: inside the bounds and on a tick."""
        if self.tick:
            prices = np.round(prices / self.tick) * self.tick
        return np.clip(prices, self.low, self.high)


@dataclass(frozen=True, slots=True)
class Period:
    """What a seller saw of one period: its prices and sales (n each), rivals' prices then (n x m), its length."""

    prices: Floats
    sales: Floats
    rivals: Floats
    length: float = 1.0


class Strategy(Protocol):
    """One seller. It is told about every period that has passed and asked for the prices of the next one."""

    def observe(self, seen: Period) -> None:
        """Learn from a period that has passed; history from before the first price comes this way, too."""

    def price(self, rivals: Floats) -> Floats:
        """Prices of the next period (n); `rivals` are the newest rivals' prices that can be seen (n x m)."""


Make: TypeAlias = Callable[[Terms, Random], Strategy]


@dataclass(frozen=True, slots=True)
class Score:
    """What one strategy reached on one seed, and the figures it is made of."""

    value: float
    details: Mapping[str, float] = field(default_factory=dict)


class Market(Protocol):
    """One market with a known truth; equal seeds are equal markets, customers included as far as prices are equal."""

    @property
    def strategies(self) -> Mapping[str, Any]:
        """The strategies that can be judged here, by name: a Make, or in a panel an estimator."""

    def play(self, seed: int, strategy: Any) -> Score:
        """Let a strategy sell in the market of this seed and return its score."""


def stream(seed: int, number: int) -> Random:
    """The random numbers of one purpose: number 0 makes the market, 1 its customers, the others sellers."""
    return np.random.default_rng([seed, number])
