"""What a WooCommerce order says of what was sold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from pricewatch.domain.errors import MoneyError, SetAside
from pricewatch.domain.money import Currency, Money, Rounding, divide
from pricewatch.domain.sale import Sale

STAGE = "sales"


def order_lines(channel: str, order: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[Sale | SetAside]:
    """The lines of an order, or of a refund of it (`record`), whose quantities are below zero; what was paid is gross
    for one piece, after coupons.
    """
    lines = record.get("line_items")
    for line in lines if isinstance(lines, list) else []:
        if isinstance(line, Mapping) and line.get("quantity"):
            try:
                yield _line(channel, order, record, line)
            except (ValueError, TypeError, KeyError, ArithmeticError, MoneyError) as error:
                where = f"{channel}: order {order.get('id')}"
                yield SetAside(STAGE, str(line.get("sku") or line.get("id")), f"cannot be read: {error}", where)


def _line(channel: str, order: Mapping[str, Any], record: Mapping[str, Any], line: Mapping[str, Any]) -> Sale:
    units = int(line["quantity"])
    sku = str(line.get("sku") or "")
    if not sku:
        raise ValueError("the line has no SKU")
    part = "" if record is order else f"refund {record['id']}/"
    total, tax = _number(line.get("total")), _number(line.get("total_tax"))
    before = _number(line.get("subtotal"))
    return Sale(
        source=channel,
        reference=f"{order['id']}/{part}{line['id']}",
        sku=sku,
        sold_at=_moment(record),
        units=units,
        paid=_single(total + tax, units, Currency.of(str(order["currency"]))),
        promotion=abs(total) < abs(before),
    )


def _moment(record: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(record["date_created_gmt"])).replace(tzinfo=UTC)


def _number(value: object) -> Decimal:
    try:
        found = Decimal("0" if value in (None, "") else str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is no amount") from None
    if not found.is_finite():
        raise ValueError(f"{value!r} is no amount")
    return found


def _single(total: Decimal, units: int, currency: Currency) -> Money | None:
    """The price of one piece, rounded half up; None for what was given away."""
    over, under = abs(total).as_integer_ratio()
    minor = divide(over * currency.unit, under * abs(units), Rounding.HALF_UP)
    return Money(minor, currency) if minor else None
