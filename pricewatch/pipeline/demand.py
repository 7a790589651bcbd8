"""What was sold at which price: the panel from our sales, our prices then, and rivals' offers then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from pricewatch.domain.experiment import ExperimentStatus
from pricewatch.domain.product import PriceGroup, Product, Sku
from pricewatch.domain.sale import Sale
from pricewatch.pipeline.past import market_history, reading
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.demand.panel import Flags, Floats, Goods, Ints, SalesPanel, panel
from pricewatch.pricing.offered import rivals_of

WEEK = 7
LATELY = 13  # weeks
NEWEST = 14  # days
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Span:
    """Whole weeks that are over, by days since 1970-01-01."""

    first: int
    weeks: int

    @classmethod
    def before(cls, at: datetime, weeks: int) -> Span:
        end = (at.astimezone(UTC).date() - EPOCH).days
        return cls(end - WEEK * weeks, weeks)

    @property
    def days(self) -> int:
        return self.weeks * WEEK

    @property
    def begins(self) -> datetime:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=self.first)

    @property
    def ends(self) -> datetime:
        return self.begins + timedelta(days=self.days)

    def day(self, at: datetime) -> int:
        return (at - self.begins) // timedelta(days=1)


def sales_panel(bench: Workbench, group: PriceGroup, *, weeks: int, also: Sequence[Sku] = ()) -> SalesPanel:
    """Sales of one price group by product, week and price, over whole weeks until yesterday.

    A day's price is the one that we asked by our price history; before that history begins, what was paid. Days without
    stock are left out of the time on sale, as are those before a product's first price or sale, and before the first
    sale of all. Rivals are those of the middle of each week. Products without a sale are not in it, but for those that
    are asked for (`also`). Returns count on the day they came in. Costs are those of our own records, `trial` what
    tests of prices drew by lot, whether it came about or not.
    """
    span = Span.before(bench.clock.now(), weeks)
    products = bench.store.catalogue.load().products
    daily, asked, onsale = by_day(bench, group, span, also)
    goods = _goods(daily.skus, products)
    rows = _weekly(daily, asked, onsale, _drawn(bench, group, daily.skus, span), _paid(bench, group, daily.skus, span))
    return _beside_rivals(panel(goods, start=span.first, period_days=WEEK, **rows), bench, group, daily.skus, span)


def by_day(bench: Workbench, group: PriceGroup, span: Span, also: Sequence[Sku] = ()) -> tuple[Daily, Floats, Floats]:
    """Sales by product and day, the price of each day (by our history, before it what was paid), and the share of it on
    sale.
    """
    products = bench.store.catalogue.load().products
    daily = Daily.of(_ours(bench, group, span), products, span, also)
    told = _told(bench, group, daily, span)
    asked = _carried(np.where(np.isfinite(told), told, daily.paid))
    return daily, asked, np.where(_known(told, daily), _on_sale(bench, daily.skus, span), 0.0)


def paid_lately(bench: Workbench, group: PriceGroup, skus: Sequence[Sku]) -> Floats:
    """The log of what was paid for each product in the last weeks over its price then by our price history, or now
    where that does not reach back: the median of the days with sales, of the newest two weeks where these are closer,
    as after a change of price that our history does not know; NaN where there are none.
    """
    span = Span.before(bench.clock.now(), LATELY)
    daily = Daily.of(_ours(bench, group, span), bench.store.catalogue.load().products, span, skus)
    place = {sku: row for row, sku in enumerate(daily.skus)}
    frame = bench.store.plans.market(group, at=bench.clock.now(), skus=None, **reading(bench)).products
    current = np.full(len(daily.skus), np.nan)
    for sku, price in zip(frame.sku, frame.current.tolist(), strict=True):
        if price > 0 and sku in place:
            current[place[sku]] = price
    told = _told(bench, group, daily, span)
    ratio = np.log(daily.paid / np.where(np.isfinite(told), told, current[:, None]))
    whole, newest = _middle(ratio), _middle(ratio[:, -NEWEST:])
    found = np.where(np.abs(newest) < np.abs(whole), newest, whole)
    return np.array([found[place[sku]] if sku in place else np.nan for sku in skus])


def _middle(ratio: Floats) -> Floats:
    found, known = np.full(len(ratio), np.nan), np.isfinite(ratio).any(axis=1)
    found[known] = np.nanmedian(ratio[known], axis=1)
    return found


def _ours(bench: Workbench, group: PriceGroup, span: Span) -> Iterable[Sale]:
    """The sales of a price group: by the channel that made them; those of no channel belong to the first group."""
    first = bench.groups[0].name
    for sale in bench.store.sales.between(span.begins, span.ends):
        if bench.channel_groups.get(sale.source, first) == group.name:
            yield sale


@dataclass(frozen=True, slots=True)
class Daily:
    """Sales by product and day: pieces, what was paid for them in minor units (NaN: unknown), whether promoted."""

    skus: tuple[Sku, ...]
    units: Floats
    paid: Floats
    promoted: Floats

    @classmethod
    def of(cls, sales: Iterable[Sale], products: Mapping[Sku, Product], span: Span, also: Sequence[Sku] = ()) -> Daily:
        kept = [sale for sale in sales if sale.sku in products]
        skus = tuple(dict.fromkeys([*(sku for sku in also if sku in products), *(sale.sku for sale in kept)]))
        place = {sku: row for row, sku in enumerate(skus)}
        shape = len(skus), span.days
        rows = np.array([place[sale.sku] for sale in kept], dtype=np.int64)
        days = np.clip(np.array([span.day(sale.sold_at) for sale in kept], dtype=np.int64), 0, span.days - 1)
        count = np.array([sale.units for sale in kept], dtype=np.float64)
        paid = np.array([sale.paid.minor if sale.paid is not None else np.nan for sale in kept])
        units, priced, money, promoted = (np.zeros(shape) for _ in range(4))
        np.add.at(units, (rows, days), count)
        known = np.isfinite(paid) & (count > 0)
        np.add.at(priced, (rows[known], days[known]), count[known])
        np.add.at(money, (rows[known], days[known]), (count * paid)[known])
        sale_days = np.array([sale.promotion for sale in kept], dtype=np.float64)
        np.maximum.at(promoted, (rows, days), sale_days)
        mean = np.divide(money, priced, out=np.full(shape, np.nan), where=priced > 0)
        return cls(skus, units, mean, promoted)


def _goods(skus: Sequence[Sku], products: Mapping[Sku, Product]) -> Goods:
    names = [products[sku].category or "all" for sku in skus]
    categories = tuple(dict.fromkeys(names))
    place = {name: row for row, name in enumerate(categories)}
    return Goods(skus, np.array([place[name] for name in names], dtype=np.int64), categories)


def _told(bench: Workbench, group: PriceGroup, daily: Daily, span: Span) -> Floats:
    """The price in force on each day by our price history, in minor units; NaN before it begins."""
    found = np.full(daily.units.shape, np.nan)
    histories = bench.store.learning.asked(group.name, group.currency, span.begins)
    for row, sku in enumerate(daily.skus):
        for since, minor in histories.get(sku, ()):
            if since < span.ends:
                found[row, max(span.day(since), 0) :] = minor
    return found


def _paid(bench: Workbench, group: PriceGroup, skus: Sequence[Sku], span: Span) -> Floats:
    """What each product cost on each day by our own records, in minor units of the group's currency; NaN before."""
    found = np.full((len(skus), span.days), np.nan)
    points = bench.store.learning.costs(span.begins)
    for row, sku in enumerate(skus):
        for point in points.get(sku, ()):
            if point.currency == group.currency and point.since < span.ends:
                found[row, max(span.day(point.since), 0) :] = point.minor
    return found


def _drawn(bench: Workbench, group: PriceGroup, skus: Sequence[Sku], span: Span) -> Floats:
    """The log price change that tests drew for each product and day; 0 where none ran."""
    found = np.zeros((len(skus), span.days))
    place = {sku: row for row, sku in enumerate(skus)}
    for test in bench.store.learning.tests(group.name):
        if test.begins is None or test.status in (ExperimentStatus.PLANNED, ExperimentStatus.DROPPED):
            continue
        first, ends = (
            span.day(test.begins),
            min(test.ended_at or test.begins + test.weeks * timedelta(days=WEEK), span.ends),
        )
        for lot in bench.store.learning.lots(test.number):
            if (row := place.get(lot.sku)) is None:
                continue
            for week in range(test.weeks):
                begins, over = first + WEEK * week, min(first + WEEK * (week + 1), span.day(ends))
                if over > max(begins, 0):
                    found[row, max(begins, 0) : over] = np.log1p(lot.way(week) * test.share)
    return found


def _known(told: Floats, daily: Daily) -> Flags:
    """Days from a product's first price or sale on, none before the first sale of all: nothing is known of those."""
    begun = np.isfinite(told) | (daily.units != 0)
    shop = np.logical_or.accumulate((daily.units != 0).any(axis=0))
    return np.asarray(np.logical_or.accumulate(begun, axis=1) & shop[None, :])


def _carried(table: Floats) -> Floats:
    """Gaps filled from the day before, and at the beginning from the first day that is known."""
    known = np.isfinite(table)
    days = np.arange(table.shape[1])
    last = np.maximum.accumulate(np.where(known, days, -1), axis=1)
    first = np.where(known.any(axis=1), known.argmax(axis=1), 0)
    source = np.where(last >= 0, last, first[:, None])
    return np.take_along_axis(table, source, axis=1)


def _on_sale(bench: Workbench, skus: Sequence[Sku], span: Span) -> Floats:
    """1 on days with stock, 0 on days without; a day on which stock ran out or came back counts half."""
    found = np.ones((len(skus), span.days))
    place = {sku: row for row, sku in enumerate(skus)}
    for sku, changes in bench.store.sales.outages(span.begins).items():
        if sku not in place:
            continue
        for since, out in changes:
            day = span.day(since)
            if day < span.days:
                found[place[sku], max(day + 1, 0) :] = 0.0 if out else 1.0
                if day >= 0:
                    found[place[sku], day] = 0.5
    return found


def _weekly(daily: Daily, asked: Floats, onsale: Floats, drawn: Floats, cost: Floats) -> dict[str, Floats | Ints]:
    """One row a product, week, price and lot: days on sale, pieces, share of promoted days, cost at its start."""
    size, days = daily.units.shape
    product = np.repeat(np.arange(size), days)
    week = np.tile(np.arange(days) // WEEK, size)
    price = asked.ravel()
    starts = np.ones(size * days, dtype=bool)
    lot = drawn.ravel()
    starts[1:] = (np.diff(product) != 0) | (np.diff(week) != 0) | (price[1:] != price[:-1]) | (np.diff(lot) != 0)
    first = np.flatnonzero(starts)
    columns = {"units": daily.units, "days": onsale, "promotion": daily.promoted * onsale}
    sums = {
        name: np.add.reduceat(values.ravel(), first) if len(first) else np.zeros(0) for name, values in columns.items()
    }
    sums["promotion"] = np.divide(sums["promotion"], sums["days"], out=np.zeros(len(first)), where=sums["days"] > 0)
    sold_out = (sums["days"] <= 0) & (sums["units"] > 0)  # sold all the same: the stock count came late
    sums["days"] = np.where(sold_out, 0.5, sums["days"])
    plain: dict[str, Floats | Ints] = {
        "product": product,
        "period": week,
        "price": price,
        "trial": lot,
        "cost": cost.ravel(),
    }
    return {**{name: values[first] for name, values in plain.items()}, **sums}


def _beside_rivals(
    found: SalesPanel, bench: Workbench, group: PriceGroup, skus: Sequence[Sku], span: Span
) -> SalesPanel:
    """What rivals asked in the middle of each week: the cheapest in stock, our rank, and how many had none."""
    if not len(found):
        return found
    history = market_history(bench, group, span.begins, skus)
    place = {sku: row for row, sku in enumerate(history.now.products.sku)}
    at = np.array([place.get(sku, -1) for sku in skus])
    cheapest, rank, out = (np.full(len(found), np.nan) for _ in range(3))
    for week in range(span.weeks):
        rows = np.flatnonzero(found.period == week)
        middle = span.begins + timedelta(days=WEEK * week + WEEK / 2)
        offers = history.at(int(middle.timestamp()))
        rivals, without = rivals_of(offers, len(place))
        mine = at[found.product[rows]]
        theirs = np.where((mine >= 0)[:, None], rivals[np.maximum(mine, 0)], np.nan)
        there = np.isfinite(theirs)
        price = found.price[rows][:, None]
        below = (there & (theirs < price)).sum(axis=1) + 0.5 * (there & (theirs == price)).sum(axis=1)
        count = there.sum(axis=1)
        cheapest[rows] = np.where(count > 0, np.where(there, theirs, np.inf).min(axis=1, initial=np.inf), np.nan)
        rank[rows] = np.divide(below, count, out=np.full(len(rows), np.nan), where=count > 0)
        out[rows] = np.where(mine >= 0, without[np.maximum(mine, 0)], np.nan)
    return replace(found, cheapest=cheapest, rank=rank, rivals_out=out)
