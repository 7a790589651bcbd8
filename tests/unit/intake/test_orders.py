"""Orders in JSON, as the APIs of shops answer them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from pricewatch.domain.errors import PricewatchError, SetAside
from pricewatch.domain.sale import Sale
from pricewatch.intake import read_sales

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def _read(tmp_path, data: object) -> tuple[dict[str, Sale], list[SetAside]]:
    file = tmp_path / "orders.json"
    file.write_text(json.dumps(data), "utf-8")
    rows = list(read_sales(file, currency="PLN", timezone="Europe/Warsaw", source="api", now=NOW))
    return {row.reference: row for row in rows if isinstance(row, Sale)}, [r for r in rows if isinstance(r, SetAside)]


def test_orders_hold_their_lines(tmp_path) -> None:
    """The date, currency and status are the order's, the rest is the line's; refunds count below zero."""
    order = {
        "id": 45, "created_at": "2026-11-10T11:00:00-05:00", "currency": "PLN", "financial_status": "paid",
        "line_items": [{"id": 1, "sku": "A", "quantity": 2, "price": "92.77"}, {"id": 2, "sku": "B", "quantity": 1}],
    }  # fmt: skip
    sales, aside = _read(tmp_path, {"orders": [order, {**order, "id": 46, "financial_status": "refunded"}]})
    assert not aside
    assert {name: (sale.sku, sale.units, str(sale.paid)) for name, sale in sales.items()} == {
        "45/1": ("A", 2, "92.77 PLN"), "45/2": ("B", 1, "None"), "46/1": ("A", -2, "92.77 PLN"),
        "46/2": ("B", -1, "None"),
    }  # fmt: skip
    assert sales["45/1"].sold_at == datetime(2026, 11, 10, 16, tzinfo=UTC)


def test_times_may_be_seconds_and_lines_may_stand_alone(tmp_path) -> None:
    """As BaseLinker answers, and as a list of lines."""
    line = {"order_product_id": 7, "sku": "A", "price_brutto": 12.5, "quantity": 3}
    nested = {"status": "SUCCESS", "orders": [{"order_id": 1, "date_confirmed": 1793491200, "products": [line]}]}
    (sale,), _ = (list(part.values()) if isinstance(part, dict) else part for part in _read(tmp_path, nested))
    assert (sale.reference, sale.units, str(sale.paid)) == ("1/7", 3, "12.50 PLN")
    assert sale.sold_at == datetime.fromtimestamp(1793491200, UTC)
    flat, _ = _read(tmp_path, [{"order": "9", "line": 1, "sku": "A", "date": "2026-11-01", "units": 4, "price": 5}])
    assert flat["9/1"].units == 4


def test_what_cannot_be_is_set_aside_with_its_place(tmp_path) -> None:
    """No order, no line, a clock that jumped; a file without orders is an error."""
    order = {"id": 1, "created_at": "2099-01-01", "line_items": [{"id": 1, "sku": "A", "quantity": 1}, 7]}
    sales, aside = _read(tmp_path, [order, "nothing"])
    assert not sales
    assert [each.where for each in aside] == [f"orders.json: order {n}" for n in ("1, line 1", "1, line 2", "2")]
    with pytest.raises(PricewatchError, match="no list of orders"):
        _read(tmp_path, {"a": 1})
