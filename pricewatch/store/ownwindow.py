"""What our own price history says of today: the prior price, the day's start, the changes since, and where they go.

The window is 30 whole calendar days in the group's time zone, the last one being yesterday. The prior price is the
lower of the price in force when the window began and every price that began inside it (directive 98/6/EC,
article 6a): a price that has been stable for 200 days has no row inside the window and still counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import case, select

from pricewatch.domain.product import PriceGroup, Sku
from pricewatch.pricing.frame import MISSING, Bools, Ints, Text
from pricewatch.store.bulk import Query
from pricewatch.store.columns import plain, to_micros
from pricewatch.store.tables import own_prices

WINDOW_DAYS = 30
STREAK_WINDOW = timedelta(days=7)
_SECOND = 1_000_000  # in microseconds


@dataclass(frozen=True, slots=True)
class OwnColumns:
    """One row a product, as in ProductColumns; MISSING where the history does not say."""

    prior: Ints
    day_start: Ints
    changed_at: Ints
    changes_today: Ints
    streak: Ints
    regular: Ints


def day_of(at: datetime, timezone: str) -> tuple[int, int]:
    """When the calendar day of `at` began in a time zone, and when the window before it did, in microseconds."""
    zone = ZoneInfo(timezone)
    today = at.astimezone(zone).date()
    first = today - timedelta(days=WINDOW_DAYS)
    began = [datetime.combine(day, time(), tzinfo=zone) for day in (today, first)]
    return to_micros(began[0]), to_micros(began[1])


def own_columns(group: PriceGroup, at: datetime, rows: Mapping[Sku, int], read: Sequence[Any]) -> OwnColumns:
    """What the change points that `points` asked for say of the products in `rows` (SKU to row)."""
    today, window = day_of(at, group.timezone)
    *columns, sku = read
    product = _places(sku, rows)
    price, since, ours, announced, key = columns
    order = np.lexsort((key, since, product))
    order = order[product[order] != MISSING]
    points = _Points.of(*(column[order] for column in (product, price, since, ours, announced)))
    return _columns(len(rows), points.since_then(window), today, to_micros(at - STREAK_WINDOW))


def _places(sku: Text, rows: Mapping[Sku, int]) -> Ints:
    """The row of each point's product; MISSING where it is not one of them."""
    return np.array([rows.get(value, MISSING) for value in sku.values] or [MISSING], dtype=np.int64)[sku.codes]


def points(group: PriceGroup, at: datetime) -> Query:
    """The query for all change points of the price list's own history, its kinds and its key: a database that looks for
    the price before each and for the next one takes five times as long as to hand them over.
    """
    table = own_prices.c
    ours, announced = case((table.source == "price_list", 1), else_=0), case((table.announced, 1), else_=0)
    asked = select(table.gross_minor, plain(table.since), ours, announced, table.id, table.sku)
    where = (table.price_group == group.name, table.channel == "", table.currency == group.currency)
    return Query(asked.where(*where, plain(table.since) <= to_micros(at)), "iiiiit", table.sku)


@dataclass(frozen=True, slots=True)
class _Points:
    """Change points, oldest first for each product; `before` is the price before each, `until` the time of the next
    one, `moved` whether the price changed.
    """

    product: Ints
    price: Ints
    since: Ints
    before: Ints
    until: Ints
    moved: Bools
    announced: Bools

    @classmethod
    def of(cls, product: Ints, price: Ints, since: Ints, ours: Ints, announced: Ints) -> _Points:
        """The points of all products, one after the other."""
        before, until = np.full(len(product), MISSING), np.full(len(product), MISSING)
        same = np.flatnonzero(product[1:] == product[:-1])
        before[same + 1], until[same] = price[same], since[same + 1]
        moved = np.where(before == MISSING, ours == 1, price != before)
        return cls(product, price, since, before, until, moved, announced == 1)

    def since_then(self, window: int) -> _Points:
        """Those that were in force at any time since the window began."""
        kept = (self.until == MISSING) | (self.until > window)
        return _Points(*(getattr(self, each.name)[kept] for each in fields(self)))


def _columns(size: int, points: _Points, today: int, week: int) -> OwnColumns:
    product, price, since, moved = points.product, points.price, points.since, points.moved
    earlier, at_start = since < today, since <= today
    prior = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(prior, product[earlier], price[earlier])
    prior[prior == np.iinfo(np.int64).max] = MISSING
    day_start = np.full(size, MISSING)
    day_start[product[::-1]] = price[::-1]  # the first price of a product that is new today
    day_start[product[at_start]] = price[at_start]  # of repeated rows the last one stays
    changed_at = np.full(size, MISSING)
    changed_at[product[moved]] = since[moved] // _SECOND
    today_moved = moved & (since >= today)
    changes = np.bincount(product[today_moved], minlength=size).astype(np.int64)
    return OwnColumns(prior, day_start, changed_at, changes, _streaks(size, points, week), _regular(size, points))


def _streaks(size: int, points: _Points, week: int) -> Ints:
    """How many of the last changes since `week` went the same way, with the sign of that way."""
    rows = np.flatnonzero(points.moved & (points.before != MISSING) & (points.since >= week))
    found = np.zeros(size, dtype=np.int64)
    if not len(rows):
        return found
    product, way = points.product[rows], np.sign(points.price[rows] - points.before[rows])
    starts = np.ones(len(rows), dtype=np.bool_)
    starts[1:] = (product[1:] != product[:-1]) | (way[1:] != way[:-1])
    run = np.cumsum(starts) - 1
    found[product] = way * np.bincount(run)[run]  # of repeated rows the last one stays
    return found


def _regular(size: int, points: _Points) -> Ints:
    """The last price that was no announced reduction; where there is none left, the one before the oldest."""
    regular = np.full(size, MISSING)
    regular[points.product[::-1]] = points.before[::-1]
    plain_points = ~points.announced
    regular[points.product[plain_points]] = points.price[plain_points]
    return regular
