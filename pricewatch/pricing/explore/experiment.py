"""Price weeks drawn by lot: how large an effect they can show, who is asked when, when to stop, and what came out.

The plan is a switchback: every product spends about half of its weeks at the higher and half at the lower price, by
lots of its own, so that season and category move both alike (Bojinov, Simchi-Levi and Zhao, Management Science 2023).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, t

from pricewatch.pricing.demand.panel import Floats, Ints

POWER, SIZE = 0.8, 0.05


@dataclass(frozen=True, slots=True)
class Power:
    """What a test can show before it begins.

    `detectable` is the smallest difference in profit between the two prices that is seen with 80 % power at 5 %, as a
    share of profit (infinite where no number of weeks would do); `elasticity` is half the width of the 90 % interval
    of the elasticity that it tells.
    """

    detectable: float
    elasticity: float
    product_weeks: int
    units: float


def detectable(
    units: Floats,
    weeks: int,
    step: float,
    *,
    worth: Floats | None = None,
    noise: Floats | float = 1.0,
    spread: float = 0.3,
    uneven: float = 0.5,
) -> Power:
    """The power of a product-by-week switchback in which each product has so many weeks off its usual price.

    `units` is what each product sells a week and `worth` what one piece earns: a few large products decide over the
    sum. `noise` is the variance of weekly sales over a Poisson count's, `spread` the deviation of log shocks a week;
    `uneven` is the deviation of the effect between products, as a share of it: more weeks do not help against that.
    """
    count = len(units)
    if count < 2 or weeks < 2 or not units.sum() > 0.0:
        return Power(np.inf, np.inf, count * weeks, float(units.sum()) * weeks)
    earned = units * (np.ones(count) if worth is None else worth)
    variance = noise * units + (spread * units) ** 2
    quantile = float(t.ppf(1.0 - SIZE / 2.0, count - 1) + t.ppf(POWER, count - 1))
    error, share = _error(earned, variance / np.maximum(units, 1e-12) ** 2, weeks)
    left = 1.0 - quantile**2 * uneven**2 * share
    effect = quantile * error / np.sqrt(left) if left > 0.0 else np.inf
    slope = _error(units, variance / np.maximum(units, 1e-12) ** 2, weeks)[0] / (2.0 * step)
    return Power(float(effect), float(norm.ppf(0.95) * slope), count * weeks, float(units.sum()) * weeks)


def _error(weight: Floats, variance: Floats, weeks: int) -> tuple[float, float]:
    """Standard error of the difference of two halves of the weeks, and one over the effective number of products."""
    total = weight.sum()
    return float(np.sqrt((weight**2 * 4.0 * variance / weeks).sum()) / total), float((weight**2).sum() / total**2)


def lots(
    products: int,
    weeks: int,
    step: float,
    random: np.random.Generator,
    group: Ints | None = None,
    off: int | None = None,
) -> Floats:
    """Log price changes by lot, products x weeks: plus or minus `step`, balanced within every product to one week.

    Only `off` weeks of each product leave its usual price, by default all of them. Products of one `group` (close
    substitutes; -1: none) share their lot, so that none takes the other's customers.
    """
    moved = weeks if off is None else min(off, weeks)
    ordered = np.argsort(random.random((products, weeks)), axis=1)
    odd = random.integers(0, 2, products)[:, None]
    signs = np.where((ordered + odd * (moved % 2)) % 2 == 0, 1.0, -1.0)
    signs = np.where(ordered < moved, signs, 0.0)
    if group is not None:
        leader = np.arange(products)
        for number in np.unique(group[group >= 0]):
            members = np.flatnonzero(group == number)
            leader[members] = members[0]
        signs = signs[leader]
    return np.asarray(step * signs)


@dataclass(frozen=True, slots=True)
class Result:
    """Profit at the higher price less that at the lower one, as a share of the mean of both, with a 90 % interval.

    `harm` says that one side loses more than it may, beyond the noise: stop. `done` counts product-weeks.
    """

    effect: float
    low: float
    high: float
    harm: bool
    done: int


def lost(share: float) -> float:
    """What the worse of two sides loses against the better one, where they differ by this share of their mean."""
    return 2.0 * share / (2.0 + share)


def result(lot: Floats, profit: Floats, *, worst: float = 0.1, looks: int = 1) -> Result:
    """What a test shows so far: `lot` and `profit` are products x weeks, NaN for weeks that are not over.

    Products are compared with themselves and are the clusters. `worst` is the loss of one side against the other that
    ends a test; with several `looks` at the data the bound for stopping is widened (Bonferroni), so that looking does
    no harm.
    """
    known = np.isfinite(profit) & (lot != 0.0)
    sides = [np.where(known & (side * lot > 0.0), profit, np.nan) for side in (1.0, -1.0)]
    both = np.all([np.isfinite(side).any(axis=1) for side in sides], axis=0)
    if both.sum() < 2:
        return Result(np.nan, np.nan, np.nan, False, int(known.sum()))
    above, below = (np.nanmean(side[both], axis=1) for side in sides)
    total = float((above + below).mean()) / 2.0
    away = (above - below) / total if total > 0.0 else above - below
    mean, error = float(away.mean()), float(away.std(ddof=1) / np.sqrt(len(away)))
    half = t.ppf(0.95, len(away) - 1) * error
    bound = t.ppf(1.0 - 0.05 / max(looks, 1), len(away) - 1) * error
    return Result(mean, mean - half, mean + half, bool(lost(max(abs(mean) - bound, 0.0)) > worst), int(known.sum()))


def against_before(
    lot: Floats, profit: Floats, before: Floats, others: tuple[Floats, Floats], *, worst: float = 0.1, looks: int = 1
) -> Result:
    """What tested products earn, both sides together, over what they earned before: for harm that both sides share.

    `profit` is products x weeks as in `result`, `before` their profit a week before the test; `others` are what
    products outside of it sell now and sold before, a week each: as much as these changed, the tested ones would have.
    """
    weeks = np.where(np.isfinite(profit) & (lot != 0.0), profit, np.nan)
    known = np.isfinite(weeks).any(axis=1) & np.isfinite(before)
    count, usual = int(known.sum()), float(before[known].sum())
    if count < 2 or not usual > 0.0:
        return Result(np.nan, np.nan, np.nan, False, int(np.isfinite(weeks).sum()))
    change, unsure = _change(*others)
    away = count * (np.nanmean(weeks[known], axis=1) - change * before[known]) / (change * usual)
    mean = float(away.mean())
    error = float(np.hypot(away.std(ddof=1) / np.sqrt(count), unsure / change))
    half, bound = (float(t.ppf(1.0 - part, count - 1)) * error for part in (0.05, 0.05 / max(looks, 1)))
    return Result(mean, mean - half, mean + half, mean + bound < -worst, int(np.isfinite(weeks).sum()))


def _change(now: Floats, before: Floats) -> tuple[float, float]:
    """How much more products sell than before, and its error; 1 where they sold too little to say it."""
    total = float(before.sum())
    if len(before) < 2 or total <= 0.0 or not now.sum() > 0.0:
        return 1.0, 0.0
    change = float(now.sum()) / total
    away = now - change * before
    return change, float(np.sqrt((away**2).sum() * len(away) / (len(away) - 1))) / total
