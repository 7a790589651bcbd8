"""What our own price history says of today: the prior price, the day's start, and the changes since.

The window is 30 whole calendar days in the group's time zone, the last one being yesterday. The prior price is the
lower of the price in force when the window began and every price that began inside it (directive 98/6/EC,
article 6a): a price that has been stable for 200 days has no row inside the window and still counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection, Select, func, select

from pricewatch.domain.product import PriceGroup, Sku
from pricewatch.pricing.frame import MISSING, Ints
from pricewatch.store.columns import chunks, plain, to_micros
from pricewatch.store.tables import own_prices

WINDOW_DAYS = 30
_SECOND = 1_000_000  # in microseconds


@dataclass(frozen=True, slots=True)
class OwnColumns:
    """One row a product, as in ProductColumns; MISSING where the history does not say."""

    prior: Ints
    day_start: Ints
    changed_at: Ints
    changes_today: Ints


def day_of(at: datetime, timezone: str) -> tuple[int, int]:
    """When the calendar day of `at` began in a time zone, and when the window before it did, in microseconds."""
    zone = ZoneInfo(timezone)
    today = at.astimezone(zone).date()
    first = today - timedelta(days=WINDOW_DAYS)
    began = [datetime.combine(day, time(), tzinfo=zone) for day in (today, first)]
    return to_micros(began[0]), to_micros(began[1])


def own_columns(
    connection: Connection, group: PriceGroup, at: datetime, rows: Mapping[Sku, int], *, narrow: bool
) -> OwnColumns:
    """Read the history of the products in `rows` (SKU to row); `narrow` asks for them only, not for everything."""
    today, window = day_of(at, group.timezone)
    asked = _points(group, to_micros(at))
    parts = [asked.where(own_prices.c.sku.in_(part)) for part in chunks(rows)] if narrow else [asked]
    points = [row for part in parts for row in connection.execute(_in_window(part, window)).all() if row[0] in rows]
    columns = list(zip(*points, strict=True)) if points else [()] * 5
    product = np.fromiter((rows[sku] for sku in columns[0]), dtype=np.int64, count=len(points))
    price, since = _ints(columns[1]), _ints(columns[2])
    before = _ints(MISSING if value is None else value for value in columns[3])
    ours = np.fromiter((source == "price_list" for source in columns[4]), dtype=np.bool_)
    moved = np.where(before == MISSING, ours, price != before)
    return _columns(len(rows), product, price, since, moved, today)


def _points(group: PriceGroup, at: int) -> Select[Any]:
    """Change points of the price list's own history with the price before each and the time of the next."""
    table = own_prices.c
    since = plain(table.since)
    order: dict[str, Any] = {"partition_by": table.sku, "order_by": (since, table.id)}
    return select(
        table.sku,
        table.gross_minor,
        since.label("since"),
        func.lag(table.gross_minor).over(**order).label("before"),
        table.source,
        func.lead(since).over(**order).label("until"),
        table.id,
    ).where(table.price_group == group.name, table.channel == "", table.currency == group.currency, since <= at)


def _in_window(points: Select[Any], window: int) -> Select[Any]:
    """The points that were in force at any time since the window began, oldest first."""
    point = points.subquery().c
    asked = select(point.sku, point.gross_minor, point.since, point.before, point.source)
    return asked.where(point.until.is_(None) | (point.until > window)).order_by(point.sku, point.since, point.id)


def _columns(size: int, product: Ints, price: Ints, since: Ints, moved: Any, today: int) -> OwnColumns:
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
    return OwnColumns(prior, day_start, changed_at, changes)


def _ints(values: Any) -> Ints:
    return np.fromiter(values, dtype=np.int64)
