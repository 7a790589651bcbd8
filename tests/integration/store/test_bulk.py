"""Columns become rows and rows columns, whatever is in them."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import func, select

from pricewatch.pricing.frame import MISSING, Text
from pricewatch.store.bulk import PARAMETERS, insert_columns, read_columns
from pricewatch.store.tables import again, touched


def put(store, columns) -> list[tuple]:
    with store.database.write() as connection:
        insert_columns(connection, again, columns)
        asked = select(again.c.sku, again.c.price_group, again.c.why, again.c.at).order_by(again.c.id)
        return [tuple(row) for row in connection.execute(asked).all()]


def text(*rows: str) -> Text:
    return Text.of(rows)


def test_rows_keep_their_order_and_what_they_share(store) -> None:
    """What all rows have in common, a quote in it or not, arrives like what is different in each."""
    rows = PARAMETERS + 7
    columns = {
        "sku": [f"A-{number}" for number in range(rows)],
        "price_group": Text(np.zeros(rows, np.int32), ("o'hara; --",)),
        "why": Text(np.arange(rows, dtype=np.int32) % 2, ("time", "input")),
        "at": np.full(rows, 5_000_000),
    }
    found = put(store, columns)
    assert len(found) == rows
    assert [row[0] for row in found] == columns["sku"]
    assert {row[1] for row in found} == {"o'hara; --"}
    assert [row[2] for row in found[:3]] == ["time", "input", "time"]
    assert len({row[3] for row in found}) == 1


def test_rows_that_are_all_the_same_are_all_there(store) -> None:
    """Three equal rows are three rows."""
    columns = {"sku": text("A", "A", "A"), "price_group": text("g", "g", "g"), "why": text("time", "time", "time"),
               "at": np.full(3, 1_000_000)}  # fmt: skip
    assert [row[0] for row in put(store, columns)] == ["A", "A", "A"]


@pytest.mark.parametrize("rows", [1, 2])
def test_unknown_numbers_are_null_and_come_back_unknown(store, rows: int) -> None:
    """MISSING never becomes a number of the database."""
    with store.database.write() as connection:
        connection.execute(touched.delete())
        insert_columns(connection, touched, {"item": np.full(rows, MISSING), "sku": ["A"] * rows})
        assert connection.execute(select(func.count()).where(touched.c.item.is_(None))).scalar_one() == rows
        item, sku = read_columns(connection, select(touched.c.item, touched.c.sku), "it")
    assert (item == MISSING).all()
    assert sku.values == ("A",)


def test_no_rows_are_no_rows(store) -> None:
    """An empty batch is nothing to stumble over."""
    assert put(store, {"sku": [], "price_group": [], "why": [], "at": []}) == []
