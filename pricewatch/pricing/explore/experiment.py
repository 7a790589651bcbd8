"""Price weeks drawn by lot: how large an effect they can show, who is asked when, when to stop, and what came out.

The plan is a switchback: every product spends about half of its weeks at the higher and half at the lower price, by
lots of its own, so that season and category move both alike (Bojinov, Simchi-Levi and Zhao, Management Science 2023).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from pricewatch.pricing.demand.panel import Floats, Ints

POWER, SIZE = 0.8, 0.05


@dataclass(frozen=True, slots=True)
class Power:
    """What a test can show before it begins: the smallest effect on profit seen with 80 % power at 5 %, as a share."""

    detectable: float
    product_weeks: int
    units: float


def detectable(
    products: int, weeks: int, units_a_week: float, *, noise: float = 1.0, spread: float = 0.3, unequal: float = 1.0
) -> Power:
    """The power of a product-by-week switchback: `noise` is sales' variance over a Poisson count's, `spread` the
    deviation of log shocks a week, `unequal` that of products' log volumes: a few large ones decide over a sum.
    """
    each = (noise / max(units_a_week, 1e-9) + spread**2) * float(np.exp(unequal**2))
    count = products * weeks
    error = np.sqrt(4.0 * each / max(count, 1))
    return Power(float((norm.ppf(1.0 - SIZE / 2.0) + norm.ppf(POWER)) * error), count, count * units_a_week)


def lots(products: int, weeks: int, step: float, random: np.random.Generator, group: Ints | None = None) -> Floats:
    """Log price changes by lot, products x weeks: plus or minus `step`, balanced within every product to one week.

    Products of one `group` (close substitutes; -1: none) share their lot, so that none takes the other's customers.
    """
    ordered = np.argsort(random.random((products, weeks)), axis=1)
    odd = random.integers(0, 2, products)[:, None]
    signs = np.where((ordered + odd * (weeks % 2)) % 2 == 0, 1.0, -1.0)
    if group is not None:
        leader = np.arange(products)
        for number in np.unique(group[group >= 0]):
            members = np.flatnonzero(group == number)
            leader[members] = members[0]
        signs = signs[leader]
    return np.asarray(step * signs)


@dataclass(frozen=True, slots=True)
class Result:
    """Profit at the higher price over that at the lower one: the mean log ratio as a share, with a 90 % interval.

    `harm` says that one side loses more than it may, beyond the noise: stop. `done` counts product-weeks.
    """

    effect: float
    low: float
    high: float
    harm: bool
    done: int


def result(lot: Floats, profit: Floats, *, worst: float = 0.1, looks: int = 1) -> Result:
    """What a test shows so far: `lot` and `profit` are products x weeks, NaN for weeks that are not over.

    Products are compared with themselves and are the clusters. `worst` is the loss, as a share of profit, that ends a
    test; with several `looks` at the data the bound for stopping is widened (Bonferroni), so that looking does no harm.
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
    half = norm.ppf(0.95) * error
    bound = norm.ppf(1.0 - 0.05 / max(looks, 1)) * error
    return Result(mean, mean - half, mean + half, bool(abs(mean) - bound > worst), int(known.sum()))
