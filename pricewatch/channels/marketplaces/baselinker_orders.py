"""What a BaseLinker order says of what was sold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pricewatch.domain.errors import MoneyError, SetAside
from pricewatch.domain.money import Currency, Money, Rounding, divide
from pricewatch.domain.sale import Sale

STAGE = "sales"


def order_lines(channel: str, order: Mapping[str, Any]) -> Iterator[Sale | SetAside]:
    """The lines of a confirmed order; prices are gross, for one piece. Bundles come with their parts set to nothing."""
    lines = order.get("products")
    for line in lines if isinstance(lines, list) else []:
        if not isinstance(line, Mapping) or not line.get("quantity"):
            continue
        try:
            yield _line(channel, order, line)
        except (ValueError, TypeError, KeyError, ArithmeticError, MoneyError, OverflowError, OSError) as error:
            where = f"{channel}: order {order.get('order_id')}"
            yield SetAside(STAGE, str(line.get("sku") or line.get("name")), f"cannot be read: {error}", where)


def _line(channel: str, order: Mapping[str, Any], line: Mapping[str, Any]) -> Sale:
    sku, units = str(line.get("sku") or "").strip(), int(line["quantity"])
    if not sku:
        raise ValueError("the line has no SKU")
    if units <= 0:
        raise ValueError(f"{units} pieces")
    return Sale(
        source=channel,
        reference=f"{order['order_id']}/{line['order_product_id']}",
        sku=sku,
        sold_at=datetime.fromtimestamp(confirmed(order), UTC),
        units=units,
        paid=_paid(line.get("price_brutto"), Currency.of(str(order["currency"]))),
    )


def confirmed(order: Mapping[str, Any]) -> int:
    """When an order was confirmed, in seconds since the epoch; raises ValueError where it does not say."""
    at = order.get("date_confirmed") or order.get("date_add")
    if not isinstance(at, int) or at <= 0:
        raise ValueError("the order has no date")
    return at


def _paid(value: object, currency: Currency) -> Money | None:
    found = Decimal("0" if value in (None, "") else str(value))
    if not found.is_finite() or found < 0:
        raise ValueError(f"{value!r} is no amount")
    over, under = found.as_integer_ratio()
    minor = divide(over * currency.unit, under, Rounding.HALF_UP)
    return Money(minor, currency) if minor else None
