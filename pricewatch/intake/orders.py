"""Orders as APIs answer them, in JSON: an order with its lines inside becomes one row a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pricewatch.domain.errors import PricewatchError, SetAside
from pricewatch.intake.columns import SALES, fold
from pricewatch.intake.records import parse_json
from pricewatch.intake.table import Row, Table
from pricewatch.intake.text import read_text

LINES = ("line_items", "items", "lines", "products", "lineitems", "positions", "order_lines")
_WIDELY = {  # what APIs call a field beside the names in files
    "date": "date_confirmed, created_at, date_created_gmt, processed_at, boughtat, purchasedat, createdat, order_date",
    "price": "price_brutto, price_gross, unit_price_gross, unitprice",
    "order": "order_id, id, number, ordernumber, name",
    "line": "order_product_id, id, line_id, lineid",
    "units": "current_quantity, quantity, qty_ordered",
    "status": "financial_status, order_status, state",
    "channel": "order_source, source_name",
}
_FIELDS = ("sku", "date", "units", "price", "total", "order", "line", "channel", "promotion", "status", "currency")


def read_orders(path: Path, *, stage: str) -> Table:
    """Read a JSON array of orders, also inside an object, each with its lines, or an array of lines; raises
    PricewatchError when there are none.
    """
    data = parse_json(read_text(path, "auto"), path.name)
    orders = data if isinstance(data, list) else _inner(data)
    if not orders:
        raise PricewatchError("no list of orders is in it", where=path.name)
    return Table(path.name, _FIELDS, list(_rows(orders, path.name, stage)))


def _inner(data: Any) -> Sequence[Any]:
    """The longest list of objects inside an object: what an API wraps its answer in."""
    found = [value for value in data.values() if isinstance(value, list)] if isinstance(data, Mapping) else []
    return max(found, key=len, default=[])


def _rows(orders: Sequence[Any], file: str, stage: str) -> Iterator[Row | SetAside]:
    for number, order in enumerate(orders, start=1):
        place = f"{file}: order {number}"
        if not isinstance(order, Mapping):
            yield SetAside(stage, place, "is no order", place)
            continue
        name = next((name for name in LINES if isinstance(order.get(name), list)), None)
        lines = order[name] if name else [order]
        for at, line in enumerate(lines, start=1):
            where = f"{place}, line {at}" if name else place
            if not isinstance(line, Mapping):
                yield SetAside(stage, where, "is no order line", where)
                continue
            yield Row(where, [_cell(field, order if name else {}, line) for field in _FIELDS])


def _cell(field: str, order: Mapping[str, Any], line: Mapping[str, Any]) -> str:
    """What an order line says of a field: itself for its product, its order for the rest."""
    own = field in ("sku", "units", "price", "total", "line", "promotion")
    first, second = (line, order) if own or not order else (order, line)
    found = _named(field, first)
    if not found and not (own and order):
        found = _named(field, second)
    return _moment(found) if field == "date" else found


def _named(field: str, record: Mapping[str, Any]) -> str:
    names = [name.strip() for name in f"{_WIDELY.get(field, '')}, {SALES[field]}".split(",")]
    known = {fold(str(key)): value for key, value in record.items()}
    for name in names:
        value = known.get(fold(name)) if name else None
        if isinstance(value, Mapping):
            value = value.get("amount", value.get("gross", value.get("value")))
        if value is not None and not isinstance(value, (list, Mapping)) and str(value).strip():
            return str(value).strip()
    return ""


def _moment(text: str) -> str:
    """Seconds (or milliseconds) since the epoch as a time in words; other texts as they are."""
    if not text.isdecimal() or not 9 <= len(text) <= 13:
        return text
    seconds = int(text) / (1000 if len(text) > 11 else 1)
    return datetime.fromtimestamp(seconds, UTC).isoformat()
