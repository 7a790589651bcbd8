"""What a Shopify order says of what was sold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pricewatch.channels.graphql import Record, record, records
from pricewatch.domain.errors import MoneyError, SetAside
from pricewatch.domain.money import Currency, Money, Rounding, divide
from pricewatch.domain.sale import Sale

STAGE = "sales"
LINE = """id sku quantity currentQuantity taxLines { rate }
  originalUnitPriceSet { presentmentMoney { amount } }
  discountedUnitPriceAfterAllDiscountsSet { presentmentMoney { amount } }"""
ORDERS = f"""query Orders($size: Int!, $after: String, $from: String) {{
  orders(first: $size, after: $after, query: $from, sortKey: UPDATED_AT) {{
    nodes {{
      id createdAt updatedAt cancelledAt test taxesIncluded presentmentCurrencyCode
      lineItems(first: 10) {{ nodes {{ {LINE} }} pageInfo {{ hasNextPage endCursor }} }}
    }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
LINES = f"""query Lines($order: ID!, $after: String) {{
  order(id: $order) {{
    lineItems(first: 100, after: $after) {{ nodes {{ {LINE} }} pageInfo {{ hasNextPage endCursor }} }}
  }}
}}"""


def order_lines(channel: str, order: Record, lines: object, currency: Currency) -> Iterator[Sale | SetAside]:
    """Lines of an order that was paid in this currency, and what came back of them, dated by the order's last change;
    what was paid is gross for one piece, after all discounts.
    """
    for line in records(lines):
        try:
            yield from _line(channel, order, line, currency)
        except (ValueError, TypeError, KeyError, ArithmeticError, MoneyError) as error:
            where = f"{channel}: order {_number(order.get('id'))}"
            yield SetAside(STAGE, str(line.get("sku") or _number(line.get("id"))), f"cannot be read: {error}", where)


def _line(channel: str, order: Record, line: Mapping[str, Any], currency: Currency) -> Iterator[Sale]:
    units = int(line["quantity"])
    kept = 0 if order.get("cancelledAt") else min(int(line["currentQuantity"]), units)
    sku = str(line.get("sku") or "")
    if not sku:
        raise ValueError("the line has no SKU")
    paid, before = (_amount(line[name]) for name in ("discountedUnitPriceAfterAllDiscountsSet", "originalUnitPriceSet"))
    rates = () if order.get("taxesIncluded") else records(line.get("taxLines"))
    tax = sum((Decimal(str(each.get("rate") or 0)) for each in rates), Decimal(0))
    name = f"{_number(order['id'])}/{_number(line['id'])}"
    price, reduced = _gross(paid * (1 + tax), currency), paid < before
    if units:
        yield Sale(channel, name, sku, _moment(order["createdAt"]), units, price, reduced)
    if units > kept:
        yield Sale(channel, f"{name}/back", sku, _moment(order["updatedAt"]), kept - units, price, reduced)


def _amount(bag: object) -> Decimal:
    found = Decimal(str(record(record(bag).get("presentmentMoney"))["amount"]))
    if not found.is_finite() or found < 0:
        raise ValueError(f"{found} is no amount")
    return found


def _gross(amount: Decimal, currency: Currency) -> Money | None:
    """Rounded half up; None for what was given away."""
    over, under = amount.as_integer_ratio()
    minor = divide(over * currency.unit, under, Rounding.HALF_UP)
    return Money(minor, currency) if minor else None


def _moment(text: object) -> datetime:
    found = datetime.fromisoformat(str(text))
    if found.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return found.astimezone(UTC)


def _number(gid: object) -> str:
    return str(gid).rpartition("/")[2]
