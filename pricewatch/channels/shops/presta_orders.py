"""What a PrestaShop order says of what was sold."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from xml.etree.ElementTree import Element

from pricewatch.domain.errors import MoneyError, SetAside
from pricewatch.domain.money import Currency, Money, Rounding, divide
from pricewatch.domain.sale import Sale

STAGE = "sales"


def order_line(channel: str, order: Element, row: Element, currency: Currency) -> Sale | SetAside:
    """One row of an order; what was paid is the gross price of one piece."""
    reference = f"{_text(order, 'id')}/{_text(row, 'id')}"
    return _sale(channel, reference, _text(order, "date_add"), row, _text(row, "product_quantity"), currency)


def returned_line(
    channel: str, slip: Element, detail: Element, row: Element | None, currency: Currency
) -> Sale | SetAside:
    """One row of a credit slip: what came back of an order's row."""
    reference = f"{_text(slip, 'id_order')}/slip {_text(slip, 'id')}/{_text(detail, 'id_order_detail')}"
    if row is None:
        return SetAside(STAGE, reference, "the order's row is not there any more", channel)
    return _sale(channel, reference, _text(slip, "date_add"), row, f"-{_text(detail, 'product_quantity')}", currency)


def _sale(channel: str, reference: str, added: str, row: Element, quantity: str, currency: Currency) -> Sale | SetAside:
    sku = _text(row, "product_reference")
    try:
        units = int(quantity)
        if not sku or not units:
            raise ValueError("the row has no reference" if not sku else "the row has no pieces")
        at = datetime.fromisoformat(added).replace(tzinfo=UTC)
        paid = _paid(_text(row, "unit_price_tax_incl"), currency)
        return Sale(channel, reference, sku, at, units, paid)
    except (ValueError, InvalidOperation, MoneyError) as error:
        return SetAside(STAGE, sku or reference, f"cannot be read: {error}", f"{channel}: order {reference}")


def _paid(text: str, currency: Currency) -> Money | None:
    """The gross price of one piece, rounded half up from six decimals; None for what was given away."""
    value = Decimal(text)
    if not value.is_finite():
        raise ValueError(f"{text!r} is no amount")
    over, under = value.as_integer_ratio()
    minor = divide(over * currency.unit, under, Rounding.HALF_UP)
    return Money(minor, currency) if minor else None


def _text(element: Element, name: str) -> str:
    return (element.findtext(name) or "").strip()
