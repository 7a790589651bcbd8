"""S6, a panel of weekly sales whose prices follow demand: the task is to find its categories' elasticities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pricewatch.simulate.protocol import Floats, Ints, Random, Score, stream

PRODUCTS, CATEGORIES, WEEKS = 400, 4, 52
LEVELS = (1.0, 5.0, 25.0)
ENDOGENEITY, RANDOMISED = 0.05, 0.15
COST_STEP, RIVAL = 0.05, 0.10  # standard deviations of a cost's step and of a rival's price


@dataclass(frozen=True, slots=True)
class Panel:
    """What a shop knows, products x weeks: sales, logs of price, cost and rival's price, and the part set by lot.

    `trial` is the log change that was drawn by lot, 0 in ordinary weeks; `group` the category of each product.
    """

    sales: Floats
    price: Floats
    cost: Floats
    rival: Floats
    trial: Floats
    group: Ints


@dataclass(frozen=True, slots=True)
class Estimate:
    """An elasticity and its 90 % interval for each category; `refused` where the data carry no claim."""

    elasticity: Floats
    low: Floats
    high: Floats
    refused: npt.NDArray[np.bool_]


Estimator: TypeAlias = Callable[[Panel], Estimate]


@dataclass(frozen=True, slots=True)
class Panels:
    """Estimators on panels of this many sales a week; the score is the root mean square error, the lower the better.

    Refused categories do not count in it. The details are bias, coverage of the intervals and share refused.
    """

    level: float
    strategies: Mapping[str, Estimator]
    endogeneity: float = ENDOGENEITY
    randomised: float = RANDOMISED

    def play(self, seed: int, strategy: Estimator) -> Score:
        """Estimate the panel of a seed."""
        panel, truth = drawn(seed, self.level, self.endogeneity, self.randomised)
        found = strategy(panel)
        claimed = ~found.refused
        error = (found.elasticity - truth)[claimed]
        covered = ((found.low <= truth) & (truth <= found.high))[claimed]
        details = {"% refused": 100.0 * float(found.refused.mean())}
        if not claimed.any():
            return Score(np.nan, details)
        details |= {"bias": float(error.mean()), "% covered": 100.0 * float(covered.mean())}
        return Score(float(np.sqrt(np.mean(error**2))), details)


def drawn(seed: int, level: float, endogeneity: float, randomised: float) -> tuple[Panel, Floats]:
    """The panel of a seed and the true elasticities of its categories (negative)."""
    random = stream(seed, 0)
    group = np.repeat(np.arange(CATEGORIES), PRODUCTS // CATEGORIES)
    truth = -random.uniform(2.0, 4.5, CATEGORIES)
    shock = autoregressive(random, 0.6, 0.3)
    cost = np.cumsum(random.normal(0.0, COST_STEP, _SHAPE) * (random.random(_SHAPE) < 0.15), axis=1)
    rival = autoregressive(random, 0.8, RIVAL)
    trial = _trial(random, randomised)
    price = 0.5 * cost + 0.4 * rival + endogeneity * shock + random.normal(0.0, 0.02, _SHAPE) + trial
    season = 0.25 * np.sin(2.0 * np.pi * np.arange(WEEKS) / WEEKS)
    own = truth[group] + random.normal(0.0, 0.3, PRODUCTS)
    cross = random.uniform(0.5, 1.5, CATEGORIES)[group]
    base = np.log(level) + random.normal(0.0, 0.5, PRODUCTS)
    mean = np.exp(base[:, None] + own[:, None] * price + cross[:, None] * rival + season + shock)
    sales = stream(seed, 1).poisson(mean).astype(float)
    return Panel(sales, price, cost, rival, trial, group), truth


def autoregressive(random: Random, memory: float, deviation: float) -> Floats:
    """A stationary series a product, of this memory from week to week and this standard deviation."""
    steps = random.normal(0.0, deviation, _SHAPE)
    steps[:, 1:] *= np.sqrt(1.0 - memory**2)
    for week in range(1, WEEKS):
        steps[:, week] += memory * steps[:, week - 1]
    return steps


_SHAPE = (PRODUCTS, WEEKS)


def _trial(random: Random, share: float) -> Floats:
    chosen = random.random(_SHAPE) < share
    return np.where(chosen, random.choice([-0.08, -0.04, 0.04, 0.08], _SHAPE), 0.0)
