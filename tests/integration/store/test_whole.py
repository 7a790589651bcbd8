"""A large file is read by a process of its own, and says exactly what rows would have said."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from pricewatch.domain.money import Money
from pricewatch.domain.offer import Availability
from pricewatch.pricing.frame import Text
from pricewatch.store import whole
from pricewatch.store.whole import read_file

pytest.importorskip("adbc_driver_sqlite")
pytest.importorskip("pyarrow")


@pytest.fixture
def market(given_sqlite):
    given = given_sqlite
    given.product("A")
    given.product("B")
    given.accepted("A", "1")
    given.pack("B", "1", 6)
    given.accepted("B", "Ł'2")
    given.sees(
        given.observation("90.00", seller="żółw \"& 'Söhne'", shipping=Money.parse("9.99", "PLN"), pieces=7),
        given.observation("91.00", seller="", availability=Availability.OUT_OF_STOCK, tax_included=False),
        given.observation("19.00", item="Ł'2", seller="bob"),
    )
    return given


def rows(readings) -> list[tuple]:
    columns = [getattr(readings, each.name) for each in fields(readings)]
    return list(zip(*(list(map(each.__getitem__, range(len(each)))) if isinstance(each, Text) else each.tolist()
                      for each in columns), strict=True))  # fmt: skip


def test_a_process_of_its_own_reads_what_rows_say(market, monkeypatch) -> None:
    """Every column of every reading is the same, text in any script and unknown amounts included."""
    by_rows = rows(market.store.sightings.offered())
    asked = []
    monkeypatch.setattr(whole, "LARGE", 0)
    monkeypatch.setattr("pricewatch.store.bulk.read_file", lambda *given: asked.append(given) or read_file(*given))
    assert rows(market.store.sightings.offered()) == by_rows
    assert (len(by_rows), len(asked)) == (5, 1)


def test_an_empty_market_is_read_as_one(given_sqlite, monkeypatch) -> None:
    """No rows are no reason to fail."""
    monkeypatch.setattr(whole, "LARGE", 0)
    assert len(given_sqlite.store.sightings.offered()) == 0


def test_where_the_process_cannot_read_the_caller_is_told(tmp_path) -> None:
    """A file that is none, or a query that is wrong, ends as None and never as half an answer."""
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database at all" * 100)
    assert read_file(broken, [("SELECT 1", "i")]) is None
    assert read_file(tmp_path / "missing.db", [("SELECT 1", "i")]) is None
    assert not (tmp_path / "missing.db").exists()


def test_all_queries_see_one_state_and_come_in_their_order(market) -> None:
    """Numbers, texts and whole texts of several queries arrive each in its place."""
    file = market.store.database.file
    asked = [("SELECT id, factor FROM matches ORDER BY id", "ii"), ("SELECT sku, sku FROM matches ORDER BY id", "to")]
    (number, factor), (sku, listed) = read_file(file, asked)
    assert (number.tolist(), factor.tolist()) == ([1, 2, 3], [1, 6, 1])
    assert (sku.values, listed) == (("A", "B"), ["A", "B", "B"])


def test_our_side_is_the_same_whoever_reads_it(market, monkeypatch) -> None:
    """Products, prices in force and their history come out alike, in the catalogue's order."""
    market.priced("88.00", "B")
    by_rows = market.market().products
    monkeypatch.setattr(whole, "LARGE", 0)
    found = market.market().products
    assert (found.sku, found.name) == (by_rows.sku, by_rows.name) == (["A", "B"], ["Thing A", "Thing B"])
    for name in ("current", "cost", "floor", "rrp", "stock", "changed_at", "day_start", "prior", "regular", "kvi"):
        assert getattr(found, name).tolist() == getattr(by_rows, name).tolist(), name
    assert found.current.tolist() == [10_000, 8_800]


def test_readings_come_product_by_product_and_the_oldest_first(given) -> None:
    """However pages were crawled: whoever looks at a market finds all of a product's offers together."""
    for sku, item in (("A", "1"), ("B", "2")):
        given.product(sku)
        given.accepted(sku, item)
    for first in ("9.00", "9.50"):
        seen = ((first, "1", "x"), ("8.00", "2", "x"), ("7.00", "1", "y"), ("6.00", "2", "y"))
        given.sees(*(given.observation(price, item=item, seller=seller) for price, item, seller in seen))
    found = given.store.sightings.offered()
    told = [(found.sku[row], found.price[row] // 100, found.seller[row]) for row in range(len(found))]
    assert told == [("A", 7, "y"), ("A", 9, "x"), ("B", 8, "x"), ("B", 6, "y")]
    assert np.diff(found.sku.codes).tolist() == [0, 1, 0]


def test_some_products_are_asked_for_by_any_name(given) -> None:
    """Names with quotes, backslashes and letters of any script find their products, and nobody else's; a name that no
    database can hold finds nothing.
    """
    names = ["A", "Ł'2", 'B"\\', "1", "зоря"]
    for place, sku in enumerate(names):
        given.product(sku)
        given.accepted(sku, f"item {place}")
    given.sees(*(given.observation("9.00", item=f"item {place}") for place in range(len(names))))
    found = given.store.sightings.offered([names[1], names[2], "\ud800", "nobody"])
    assert sorted(found.sku[row] for row in range(len(found))) == sorted(names[1:3])
    assert [len(given.store.sightings.offered([name])) for name in (*names, "1.0", "01")] == [1, 1, 1, 1, 1, 0, 0]
