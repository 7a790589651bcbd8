"""What was sold, line by line, and when we had nothing to sell."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, bindparam, func, insert, select, update

from pricewatch.domain.product import Sku
from pricewatch.domain.sale import Sale
from pricewatch.ports import ImportCount, SalesSummary
from pricewatch.pricing.frame import MISSING, Ints
from pricewatch.store.columns import chunks, clean, code, minor, money
from pricewatch.store.database import Database
from pricewatch.store.tables import outages, sales

_VALUES = ("sku", "sold_at", "units", "paid_minor", "currency", "promotion")


class SqlSales:
    """Sales in SQL; a line is known by its source and reference."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, lines: Sequence[Sale]) -> ImportCount:
        """Keep lines; the same line again replaces itself, the last of several in one call counts."""
        rows = {(clean(line.source), clean(line.reference)): _row(line) for line in lines}
        with self._database.write() as connection:
            known = _known(connection, rows)
            new = [row for key, row in rows.items() if key not in known]
            changed = [
                {**row, "_id": known[key]["id"]}
                for key, row in rows.items()
                if key in known and any(known[key][name] != row[name] for name in _VALUES)
            ]
            if new:
                connection.execute(insert(sales), new)
            if changed:
                values: dict[str, Any] = {name: bindparam(name) for name in _VALUES}
                connection.execute(update(sales).where(sales.c.id == bindparam("_id")).values(values), changed)
        return ImportCount(len(new), len(changed), len(lines) - len(new) - len(changed))

    def between(self, begins: datetime, ends: datetime) -> Iterator[Sale]:
        """All lines of a time, the oldest first."""
        asked = select(sales).where(sales.c.sold_at >= begins, sales.c.sold_at < ends)
        with self._database.read() as connection:
            for row in connection.execute(
                asked.order_by(sales.c.sold_at, sales.c.id).execution_options(yield_per=10_000)
            ):
                paid = money(row.paid_minor, row.currency)
                yield Sale(row.source, row.reference, row.sku, row.sold_at, row.units, paid, row.promotion)

    def summary(self) -> tuple[SalesSummary, ...]:
        """How many lines and pieces there are of each source, and from when to when."""
        figures = (func.count(), func.sum(sales.c.units), func.min(sales.c.sold_at), func.max(sales.c.sold_at))
        products = func.count(sales.c.sku.distinct())
        asked = select(sales.c.source, *figures, products).group_by(sales.c.source).order_by(sales.c.source)
        with self._database.read() as connection:
            rows = connection.execute(asked)
            return tuple(SalesSummary(source, lines, int(units), *more) for source, lines, units, *more in rows)

    def orders(self, source: str, skus: Collection[Sku], begins: datetime, ends: datetime) -> int:
        """How many lines of these products were sold at a source in a time; what came back is none."""
        line = sales.c
        asked = select(func.count()).select_from(sales).where(
            line.source == source, line.sold_at >= begins, line.sold_at < ends, line.units > 0
        )  # fmt: skip
        with self._database.read() as connection:
            return sum(
                int(connection.execute(asked.where(line.sku.in_(part))).scalar_one()) for part in chunks(sorted(skus))
            )

    def outages(self, begins: datetime) -> Mapping[Sku, tuple[tuple[datetime, bool], ...]]:
        """When products went out of stock (True) and came back (False), from the last change before `begins` on."""
        asked = select(outages.c.sku, outages.c.since, outages.c.out).order_by(outages.c.sku, outages.c.since)
        found: dict[Sku, list[tuple[datetime, bool]]] = {}
        with self._database.read() as connection:
            for sku, since, out in connection.execute(asked):
                changes = found.setdefault(sku, [])
                if changes and since <= begins:
                    changes.clear()
                changes.append((since, out))
        return {sku: tuple(changes) for sku, changes in found.items()}


def record_outages(connection: Connection, stock: Mapping[Sku, int | None], at: datetime) -> None:
    """Note which products ran out or came back; unknown stock says nothing."""
    told = {sku: count <= 0 for sku, count in stock.items() if count is not None}
    before = _last(connection, told)
    rows = [{"sku": sku, "since": at, "out": out} for sku, out in told.items() if before.get(sku) is not out]
    if rows:
        connection.execute(insert(outages), rows)


def sold_column(
    connection: Connection, rows: Mapping[Sku, int], begins: datetime, ends: datetime, *, narrow: bool = False
) -> Ints | None:
    """The pieces of each product that were sold in a time, returns taken off; None where no sale was ever imported.
    `narrow` asks for the products in `rows` only, not for everything.
    """
    if connection.execute(select(sales.c.id).limit(1)).first() is None:
        return None
    column = np.zeros(len(rows), dtype=np.int64)
    asked = select(sales.c.sku, func.sum(sales.c.units)).where(sales.c.sold_at >= begins, sales.c.sold_at < ends)
    for part in [asked.where(sales.c.sku.in_(some)) for some in chunks(rows)] if narrow else [asked]:
        for sku, units in connection.execute(part.group_by(sales.c.sku)):
            if sku in rows:
                column[rows[sku]] = max(int(units), 0)
    oldest = connection.execute(select(func.min(sales.c.sold_at))).scalar_one()
    return column if oldest <= begins else np.where(column > 0, column, MISSING)


def _row(line: Sale) -> dict[str, Any]:
    return {
        "source": clean(line.source),
        "reference": clean(line.reference),
        "sku": clean(line.sku),
        "sold_at": line.sold_at,
        "units": line.units,
        "paid_minor": minor(line.paid),
        "currency": code(line.paid),
        "promotion": line.promotion,
    }


def _known(connection: Connection, keys: Mapping[tuple[str, str], object]) -> dict[tuple[str, str], Mapping[str, Any]]:
    by_source: dict[str, list[str]] = {}
    for source, reference in keys:
        by_source.setdefault(source, []).append(reference)
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for source, references in by_source.items():
        for part in chunks(references):
            asked = select(sales).where(sales.c.source == source, sales.c.reference.in_(part))
            found |= {(source, str(row["reference"])): dict(row) for row in connection.execute(asked).mappings()}
    return found


def _last(connection: Connection, skus: Mapping[Sku, bool]) -> dict[Sku, bool]:
    place = func.row_number().over(partition_by=outages.c.sku, order_by=outages.c.id.desc()).label("place")
    found: dict[Sku, bool] = {}
    for part in chunks(skus):
        ranked = select(outages.c.sku, outages.c.out, place).where(outages.c.sku.in_(part)).subquery()
        rows = connection.execute(select(ranked.c.sku, ranked.c.out).where(ranked.c.place == 1))
        found |= {row.sku: row.out for row in rows}
    return found
