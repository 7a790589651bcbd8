"""Sales from a file: every line is meant in one way, or set aside with its place."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pricewatch.domain.errors import PricewatchError, SetAside
from pricewatch.domain.sale import Sale
from pricewatch.intake import read_sales

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def read(tmp_path: Path, text: str, *, net: int | None = None) -> list[Sale | SetAside]:
    file = tmp_path / "sales.csv"
    file.write_text(text, "utf-8")
    return list(read_sales(file, currency="PLN", timezone="Europe/Warsaw", source="shop", now=NOW, net=net))


def told(rows: list[Sale | SetAside]) -> list[tuple[str, int, str]]:
    return [(row.sku, row.units, str(row.paid)) for row in rows if isinstance(row, Sale)]


def reasons(rows: list[Sale | SetAside]) -> list[str]:
    return [row.reason for row in rows if isinstance(row, SetAside)]


def test_order_lines_are_read_as_a_shop_exports_them(tmp_path: Path) -> None:
    """Polish headers and numbers, local time, and where it was sold."""
    (row,) = read(
        tmp_path,
        "Numer zamówienia;Pozycja;Symbol;Data zamówienia;Ilość;Cena brutto;Kanał;Promocja\n"
        "1001;2;DW-1213;22.11.2026 10:30;3;1 249,90 zł;allegro;tak\n",
    )
    assert isinstance(row, Sale)
    assert (row.source, row.reference, row.sku, row.units) == ("allegro", "1001/2", "DW-1213", 3)
    assert (str(row.paid), row.promotion) == ("1249.90 PLN", True)
    assert row.sold_at == datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def test_what_was_paid_is_gross_and_for_one_piece(tmp_path: Path) -> None:
    """From a total, and from net prices, rounded half up once."""
    assert told(read(tmp_path, "sku,date,qty,total\nA,2026-11-01,3,100.00\n")) == [("A", 3, "33.33 PLN")]
    assert told(read(tmp_path, "sku,date,qty,price\nA,2026-11-01,3,100.00\n", net=2300)) == [("A", 3, "123.00 PLN")]
    assert told(read(tmp_path, "sku,date,qty,price\nA,2026-11-01,1,\nB,2026-11-01,1,0.00\n")) == [
        ("A", 1, "None"), ("B", 1, "None"),
    ]  # fmt: skip


def test_what_came_back_counts_below_zero(tmp_path: Path) -> None:
    """By its sign or by its status; cancelled orders were no sales."""
    rows = read(
        tmp_path,
        "order,sku,date,quantity,price,status\n1,A,2026-11-01,-2,9.99,completed\n2,A,2026-11-02,1,9.99,Zwrot\n"
        "3,A,2026-11-03,1,9.99,Cancelled\n4,A,2026-11-04,5,9.99,paid\n",
    )
    assert told(rows) == [("A", -2, "9.99 PLN"), ("A", -1, "9.99 PLN"), ("A", 5, "9.99 PLN")]


def test_lines_without_numbers_have_names_that_stay(tmp_path: Path) -> None:
    """The same file again names the same lines: two equal lines of an order are two, and remain two."""
    text = "order,sku,date,qty,price\n7,A,2026-11-01,1,9.99\n7,A,2026-11-01,1,9.99\n,A,2026-11-01,4,9.99\n"
    names = [row.reference for row in read(tmp_path, text) if isinstance(row, Sale)]
    assert names == [row.reference for row in read(tmp_path, text) if isinstance(row, Sale)]
    assert len(set(names)) == 3


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",2026-11-01,1,9.99", "the SKU is missing"),
        ("A,tomorrow,1,9.99", "'tomorrow' is no date"),
        ("A,31.02.2026,1,9.99", "'31.02.2026' is no date"),
        ("A,1970-01-01,1,9.99", "not a time at which this shop has sold"),
        ("A,2036-11-01,1,9.99", "not a time at which this shop has sold"),
        ("A,2026-11-01,1.5,9.99", "no number of pieces"),
        ("A,2026-11-01,99999999,9.99", "more than a shop sells"),
        ("A,2026-11-01,x,9.99", "is no number"),
        ("A,2026-11-01,1,9.99 EUR", "is in EUR"),
        ("A,2026-11-01,1,-9.99", ""),
        ("A,2026-11-01,1,1e308", ""),
        ("A,2026-11-01,1,NaN", ""),
    ],
)
def test_a_line_that_means_nothing_is_set_aside(tmp_path: Path, line: str, reason: str) -> None:
    """With its place; the others are read."""
    rows = read(tmp_path, f"sku,date,qty,price\n{line}\nB,2026-11-01,1,5.00\n")
    assert told(rows) == [("B", 1, "5.00 PLN")]
    (found,) = [row for row in rows if isinstance(row, SetAside)]
    assert reason in found.reason
    assert found.where == "sales.csv:2"


def test_lines_in_which_nothing_was_sold_are_told_once(tmp_path: Path) -> None:
    """A year of zeros hides no other line's problem."""
    rows = read(tmp_path, "sku,date,qty,price\n" + 300 * "A,2026-11-01,0,9.99\n" + "B,2026-11-01,1,5.00\n")
    assert told(rows) == [("B", 1, "5.00 PLN")]
    (found,) = [row for row in rows if isinstance(row, SetAside)]
    assert found.reason == "lines in which nothing was sold: 300"


def test_a_file_without_a_needed_column_is_refused(tmp_path: Path) -> None:
    """The message names the column and what the file has."""
    with pytest.raises(PricewatchError, match="no column holds the date"):
        read(tmp_path, "sku,qty\nA,1\n")
