"""Tests of prices while they run: what each product earned in each week, and when a test ends by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from pricewatch.domain.experiment import WEEK, Experiment, ExperimentStatus, Lot
from pricewatch.domain.product import PriceGroup, Product, Sku
from pricewatch.domain.sale import Sale
from pricewatch.pipeline.orders import known_until
from pricewatch.pipeline.workbench import Workbench

if TYPE_CHECKING:
    from pricewatch.pricing.demand.panel import Floats
    from pricewatch.pricing.explore.experiment import Result

_DAY = timedelta(days=1)
BEFORE = 13  # weeks with which a test is compared as a whole
_SETTLED = 3  # days of a week that have to be over before it counts


@dataclass(frozen=True, slots=True, eq=False)
class Earned:
    """Products x weeks of a test, NaN for weeks that are not over: pieces and profit in seven days (minor units), and
    the mean of log prices asked.
    """

    units: Floats
    profit: Floats
    price: Floats


def look_after_tests(bench: Workbench) -> Iterator[str]:
    """End what has run its course or does harm; yields what a person should know."""
    now = bench.clock.now()
    for group in bench.groups:
        for test in bench.store.learning.tests(group.name):
            if test.status is not ExperimentStatus.RUNNING:
                continue
            if test.week(now) >= test.weeks and test.ends is not None:
                _end(bench, test, ExperimentStatus.DONE, "it has run its course")
                yield f"price test {test.number} is over: `pricewatch model experiment report {test.number}`"
            elif reason := _harm(bench, group, test):
                _end(bench, test, ExperimentStatus.STOPPED, reason)
                yield f"price test {test.number} was stopped: {reason}"
            elif test.week(now) >= 0 and (known := _judged_until(bench, group)) < now - _SETTLED * _DAY:
                yield f"price test {test.number} is not judged: no sale since {known - _DAY:%Y-%m-%d} was imported"


def _end(bench: Workbench, test: Experiment, status: ExperimentStatus, reason: str) -> None:
    at = bench.clock.now()
    bench.store.learning.finish(test.number, status, at=at, reason=reason)
    bench.store.control.audit(f"price test {status}", at=at, by="", detail=f"test {test.number}: {reason}")


def _judged_until(bench: Workbench, group: PriceGroup) -> datetime:
    """The end of the last day of which sales are known: what was not imported yet is not what nobody bought."""
    first, now = bench.groups[0].name, bench.clock.now()
    ours = (at for source, at in known_until(bench).items() if bench.channel_groups.get(source, first) == group.name)
    return min(max(ours, default=now) + _DAY, now)


def _harm(bench: Workbench, group: PriceGroup, test: Experiment) -> str:
    """Why a test must stop; empty while it may go on."""
    if test.week(bench.clock.now()) < 0:
        return ""
    lots = bench.store.learning.lots(test.number)
    profit = earned(bench, group, test, lots).profit
    found = outcome(test, lots, profit)
    return _one_side(test, found) if found.harm else _both_sides(bench, group, test, lots, profit)


def _one_side(test: Experiment, found: Result) -> str:
    from pricewatch.pricing.explore.experiment import lost  # brings scipy

    side = "lower" if found.effect > 0 else "higher"
    low, high = sorted((lost(abs(found.low)), lost(abs(found.high))))
    return (
        f"at the {side} price {lost(abs(found.effect)):.0%} of profit are lost against the other one "
        f"(90 %: {low:.0%} to {high:.0%}), more than the {test.worst / 10_000:.0%} that was allowed"
    )


def _both_sides(bench: Workbench, group: PriceGroup, test: Experiment, lots: Sequence[Lot], profit: Floats) -> str:
    """Why a test must stop though neither side is worse than the other; empty while it may go on."""
    from pricewatch.pricing.explore.experiment import against_before  # brings scipy

    assert test.begins is not None
    earlier = replace(test, begins=test.begins - BEFORE * WEEK, weeks=BEFORE, ended_at=test.begins)
    weeks = earned(bench, group, earlier, lots).profit
    known = np.isfinite(weeks)
    usual = np.divide(
        np.nansum(weeks, axis=1), known.sum(axis=1), out=np.full(len(lots), np.nan), where=known.any(axis=1)
    )
    others = _others(bench, group, test, {lot.sku for lot in lots})
    looks = 7 * test.weeks
    found = against_before(drawn(test, lots), profit, usual, others, worst=test.worst / 10_000, looks=looks)
    if not found.harm:
        return ""
    lost, least, most = (f"{-share:.0%}" for share in (found.effect, found.high, found.low))
    return (
        f"at both prices together {lost} of profit are lost against the {BEFORE} weeks before, as others went on "
        f"(90 %: {least} to {most}), more than the {test.worst / 10_000:.0%} that was allowed"
    )


def _others(bench: Workbench, group: PriceGroup, test: Experiment, tested: Collection[Sku]) -> tuple[Floats, Floats]:
    """What each product outside of a test sells a week since its begin, and sold a week before."""
    assert test.begins is not None
    begins, now = test.begins, _judged_until(bench, group)
    sold: dict[Sku, list[float]] = {}
    for sale in _of_group(bench, group, begins - BEFORE * WEEK, now):
        if sale.sku not in tested:
            sold.setdefault(sale.sku, [0.0, 0.0])[sale.sold_at < begins] += sale.units
    found = np.array(list(sold.values()), dtype=np.float64).reshape(-1, 2)
    return found[:, 0] / max((now - begins) / WEEK, 1e-9), found[:, 1] / BEFORE


def outcome(test: Experiment, lots: Sequence[Lot], figures: Floats) -> Result:
    """What a test shows of figures by product and week; every day may be looked at."""
    from pricewatch.pricing.explore.experiment import result  # brings scipy

    return result(drawn(test, lots), figures, worst=test.worst / 10_000, looks=7 * test.weeks)


def drawn(test: Experiment, lots: Sequence[Lot]) -> Floats:
    """The lots as log price changes, products x weeks."""
    ways = np.array([[lot.way(week) for week in range(test.weeks)] for lot in lots], dtype=np.float64)
    return np.log1p(ways.reshape(len(lots), test.weeks) * test.share)


def earned(bench: Workbench, group: PriceGroup, test: Experiment, lots: Sequence[Lot]) -> Earned:
    """What was sold and earned in each week of a test, by what customers paid and what products cost; a week without
    `_SETTLED` days on sale says nothing.
    """
    assert test.begins is not None
    begins = test.begins
    ends = min(_judged_until(bench, group), test.ended_at or begins + test.weeks * WEEK)
    shape = len(lots), test.weeks
    place = {lot.sku: row for row, lot in enumerate(lots)}
    products = bench.store.catalogue.load(skus=list(place)).products
    days = _days(bench, lots, begins, ends, test.weeks)
    price = _asked(bench, group, test, lots, ends)
    units, profit = np.zeros(shape), np.zeros(shape)
    for sale in _of_group(bench, group, begins, ends):
        row, week = place.get(sale.sku), (sale.sold_at - begins) // WEEK
        product = products.get(sale.sku)
        if row is None or product is None or not 0 <= week < test.weeks:
            continue
        units[row, week] += sale.units
        asked = sale.paid.minor if sale.paid is not None else float(np.exp(price[row, week]))
        profit[row, week] += sale.units * kept(group, product, asked)
    over = days >= _SETTLED
    whole = np.divide(7.0, days, out=np.full(shape, np.nan), where=over)
    return Earned(units * whole, profit * whole, np.where(over, price, np.nan))


def kept(group: PriceGroup, product: Product, gross: float) -> float:
    """What is left of a gross price after VAT and cost, in minor units; NaN where the cost is not known."""
    rate = dict(group.vat).get(product.tax.basis_points, product.tax.basis_points)
    if product.cost is None or product.cost.currency.code != group.currency:
        return float("nan")
    return gross * 10_000 / (10_000 + rate) - product.cost.minor


def _of_group(bench: Workbench, group: PriceGroup, begins: datetime, ends: datetime) -> Iterator[Sale]:
    first = bench.groups[0].name
    for sale in bench.store.sales.between(begins, ends):
        if bench.channel_groups.get(sale.source, first) == group.name:
            yield sale


def _days(bench: Workbench, lots: Sequence[Lot], begins: datetime, ends: datetime, weeks: int) -> Floats:
    """Whole days on sale in each week, up to now."""
    over = max((ends - begins) // _DAY, 0)
    open_days = np.zeros((len(lots), weeks * 7))
    open_days[:, :over] = 1.0
    outages = bench.store.sales.outages(begins)
    for row, lot in enumerate(lots):
        for since, out in outages.get(lot.sku, ()):
            first = max((since - begins) // _DAY, 0)
            open_days[row, first:over] = 0.0 if out else 1.0
    return np.asarray(open_days.reshape(len(lots), weeks, 7).sum(axis=2))


def _asked(bench: Workbench, group: PriceGroup, test: Experiment, lots: Sequence[Lot], ends: datetime) -> Floats:
    """The mean log of our price in each week, by our price history."""
    return np.asarray(asked_by_day(bench, group, test, lots, ends).reshape(len(lots), test.weeks, 7).mean(axis=2))


def asked_by_day(bench: Workbench, group: PriceGroup, test: Experiment, lots: Sequence[Lot], ends: datetime) -> Floats:
    """The log of our price on each day of a test, products x days, by our price history."""
    assert test.begins is not None
    found = np.log(np.array([[lot.base] * (7 * test.weeks) for lot in lots], dtype=np.float64))
    histories = bench.store.learning.asked(group.name, group.currency, test.begins)
    for row, lot in enumerate(lots):
        for since, minor in histories.get(lot.sku, ()):
            if since < ends:
                found[row, max((since - test.begins) // _DAY, 0) :] = np.log(minor)
    return found
