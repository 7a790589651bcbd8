"""Our own price history: change points, one key a product, price group and channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, Select, func, select

from pricewatch.domain.money import Currency, Money
from pricewatch.domain.product import Sku
from pricewatch.ports import OwnPrice
from pricewatch.store.bulk import insert_columns
from pricewatch.store.columns import as_columns, chunks, clean, plain, to_micros
from pricewatch.store.tables import own_prices

Key: TypeAlias = tuple[str, str, str]  # price group, channel, SKU
Point: TypeAlias = tuple[Any, ...]  # since when, as the database has it; currency, gross price, whether announced


def record_changes(connection: Connection, prices: Sequence[OwnPrice]) -> int:
    """Append the points that change something: another price, or the same one announced; returns how many."""
    newest = _newest(connection, prices)
    rows: list[tuple[Any, ...]] = []
    for price in prices:
        row, key = _values(price), (price.group, price.channel, price.sku)
        point, before = _POINT(row), newest.get(key)
        if before is None or point[0] >= before[0]:
            newest[key] = point
            if before is not None and before[1:] == point[1:]:
                continue
        rows.append(row)
    if rows:
        insert_columns(connection, own_prices, as_columns(_COLUMNS, rows))
    return len(rows)


def history(connection: Connection, sku: Sku, group: str, channel: str, since: datetime | None) -> tuple[OwnPrice, ...]:
    """The change points of one key, oldest first; from `since` on, beginning with the price in force then."""
    table = own_prices.c
    asked = select(own_prices).where(table.sku == sku, table.price_group == group, table.channel == channel)
    rows = connection.execute(asked.order_by(table.since, table.id)).all()
    first = 0
    if since is not None:
        first = max((place for place, row in enumerate(rows) if row.since <= since), default=0)
    return tuple(_own_price(row) for row in rows[first:])


def _newest(connection: Connection, prices: Iterable[OwnPrice]) -> dict[Key, Point]:
    found: dict[Key, Point] = {}
    keys = {(price.group, price.channel) for price in prices}
    for group, channel in sorted(keys):
        skus = sorted({price.sku for price in prices if (price.group, price.channel) == (group, channel)})
        for part in chunks(skus):
            for sku, *point in connection.execute(_newest_of(group, channel, part)).all():
                found[group, channel, sku] = tuple(point)
    return found


def _newest_of(group: str, channel: str, skus: Sequence[Sku]) -> Select[Any]:
    table = own_prices.c
    place = func.row_number().over(partition_by=table.sku, order_by=(table.since.desc(), table.id.desc()))
    point = (plain(table.since).label("since"), table.currency, table.gross_minor, table.announced)
    ranked = (
        select(table.sku, *point, place.label("place"))
        .where(table.price_group == group, table.channel == channel, table.sku.in_(skus))
        .subquery()
    )
    of_each = [column for column in ranked.c if column.name != "place"]
    return select(*of_each).where(ranked.c.place == 1)


_COLUMNS = ("sku", "price_group", "channel", "currency", "gross_minor", "since", "source", "announced")
_POINT = itemgetter(*map(_COLUMNS.index, ("since", "currency", "gross_minor", "announced")))


def _values(price: OwnPrice) -> tuple[Any, ...]:
    return (
        clean(price.sku),
        clean(price.group),
        clean(price.channel),
        price.gross.currency.code,
        price.gross.minor,
        to_micros(price.since),
        price.source,
        price.announced,
    )


def _own_price(row: Row[Any]) -> OwnPrice:
    return OwnPrice(
        sku=row.sku,
        group=row.price_group,
        gross=Money(row.gross_minor, Currency.of(row.currency)),
        since=row.since,
        source=row.source,
        channel=row.channel,
        announced=row.announced,
    )
