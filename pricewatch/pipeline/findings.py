"""What a test of prices has shown, with its intervals, beside what was stated before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from pricewatch.domain.experiment import Experiment, Lot
from pricewatch.domain.product import PriceGroup, Sku
from pricewatch.pipeline.watching import Earned, asked_by_day, drawn, earned, outcome
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.demand.panel import Floats
from pricewatch.pricing.explore.experiment import Result
from pricewatch.pricing.frame import Bools


@dataclass(frozen=True, slots=True)
class Steepness:
    """An elasticity that a test tells, with its 90 % interval; None where the prices did not differ."""

    name: str
    products: int
    mean: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Findings:
    """What came out: profit at the higher price against the lower one, elasticities by category, weeks that count.

    `came` is the share of the drawn price moves that came about on the days until now, None before the first: limits,
    endings and late plans hold back the rest. It is known from our prices, whether sales were imported or not.
    """

    profit: Result
    elasticities: tuple[Steepness, ...]
    came: float | None
    product_weeks: int
    profit_a_week: float


def findings(bench: Workbench, group: PriceGroup, test: Experiment, lots: Sequence[Lot]) -> Findings:
    """Read a test, whether it still runs or has ended."""
    seen, lot = earned(bench, group, test, lots), drawn(test, lots)
    shown = outcome(test, lots, seen.profit)
    categories = _categories(bench, lots)
    everything = np.ones(len(lots), dtype=np.bool_)
    parts = [("all", everything), *((name, mine) for name, mine in categories.items() if len(categories) > 1)]
    told = tuple(_steepness(name, test, lots, seen, lot, mine) for name, mine in parts)
    known = np.isfinite(seen.profit) & (lot != 0.0)
    weeks = np.maximum(np.isfinite(seen.profit).sum(axis=1), 1)
    usual = float((np.nan_to_num(seen.profit).sum(axis=1) / weeks).sum())
    return Findings(shown, told, _moved(bench, group, test, lots), int(known.sum()), usual)


def _moved(bench: Workbench, group: PriceGroup, test: Experiment, lots: Sequence[Lot]) -> float | None:
    """How much of the drawn log price moves our prices made, over the days of the test that have begun."""
    assert test.begins is not None
    ends = min(bench.clock.now(), test.ended_at or bench.clock.now())
    begun = min(-((test.begins - ends) // timedelta(days=1)), 7 * test.weeks)
    base = np.log([[lot.base] for lot in lots])
    away = asked_by_day(bench, group, test, lots, ends) - base
    meant = np.repeat(drawn(test, lots), 7, axis=1)
    away, meant = away[:, :begun], meant[:, :begun]
    total = float((meant**2).sum())
    return float((away * meant).sum()) / total if total > 0.0 else None


def _categories(bench: Workbench, lots: Sequence[Lot]) -> Mapping[str, Bools]:
    products = bench.store.catalogue.load(skus=[lot.sku for lot in lots]).products
    names = np.array([_name(products, lot.sku) for lot in lots], dtype=object)
    return {name: np.asarray(names == name) for name in dict.fromkeys(names)}


def _name(products: Mapping[Sku, object], sku: Sku) -> str:
    return str(getattr(products.get(sku), "category", "") or "all")


def _came(price: Floats, lot: Floats, units: Floats) -> float:
    """How much of the drawn difference of log prices was really asked, by products that sell."""
    weight = np.nan_to_num(units).sum(axis=1)
    asked, meant = (_difference(values, lot, price) for values in (price, lot))
    known = np.isfinite(asked) & np.isfinite(meant) & (weight > 0.0)
    if not known.any():
        return 0.0
    return float((weight[known] * asked[known]).sum() / (weight[known] * meant[known]).sum())


def _difference(values: Floats, lot: Floats, price: Floats) -> Floats:
    """The mean of each product in its higher weeks less that in its lower ones."""
    known = np.isfinite(price)
    sums = []
    for side in (1.0, -1.0):
        mine = known & (side * lot > 0.0)
        count = mine.sum(axis=1)
        total = np.where(mine, np.nan_to_num(values), 0.0).sum(axis=1)
        sums.append(np.divide(total, count, out=np.full(len(lot), np.nan), where=count > 0))
    return np.asarray(sums[0] - sums[1])


def _steepness(name: str, test: Experiment, lots: Sequence[Lot], seen: Earned, lot: Floats, mine: Bools) -> Steepness:
    """The difference in sales over the difference in prices that came about (Wald)."""
    chosen = [each for each, wanted in zip(lots, mine, strict=True) if wanted]
    moved = _came(seen.price[mine], lot[mine], seen.units[mine])
    meant = float(np.log1p(test.share) - np.log1p(-test.share))
    sold = outcome(test, chosen, seen.units[mine])
    if not np.isfinite(sold.effect) or moved * meant < 0.2 * meant:
        return Steepness(name, len(chosen), None, None, None)
    each = [value / (moved * meant) for value in (sold.effect, sold.low, sold.high)]
    return Steepness(name, len(chosen), *each)
