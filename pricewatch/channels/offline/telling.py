"""A price as it is told to whoever lays it out, and as it is said to be shown: amounts are decimal text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pricewatch.domain.errors import MoneyError
from pricewatch.domain.listing import Desired
from pricewatch.domain.money import Money


def told(desired: Desired) -> dict[str, object]:
    """What a price is, with all that travels with it; what is not known is None."""
    reduction, unit, coupon = desired.announcement, desired.terms.unit, desired.terms.coupon
    return {
        "sku": desired.sku,
        "version": desired.version,
        "price": desired.price.text,
        "net": desired.tax.net_of(desired.price).text,
        "currency": desired.price.currency.code,
        "prior_price": reduction.prior.text if reduction else None,
        "sale_from": reduction.starts.isoformat() if reduction else None,
        "sale_until": reduction.ends.isoformat() if reduction and reduction.ends else None,
        "loyalty_price": desired.terms.loyalty.text if desired.terms.loyalty is not None else None,
        "coupon_price": coupon.price.text if coupon else None,
        "coupon_code": coupon.code if coupon else None,
        "unit_price": unit.price.text if unit else None,
        "unit": unit.per if unit else None,
        "stock": desired.stock,
        "delivery": desired.delivery or None,
    }


def said_price(record: Mapping[str, Any]) -> Money | None:
    """The price that is said to be shown: decimal text with its currency; anything else is none."""
    price, currency = record.get("price"), record.get("currency")
    if not isinstance(price, str) or not isinstance(currency, str):
        return None
    try:
        return Money.parse(price, currency)
    except MoneyError:
        return None
