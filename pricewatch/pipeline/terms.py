"""What travels with a price: loyalty, coupon and unit price by catalogue and settings, stock and delivery."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pricewatch.domain.content import content_of
from pricewatch.domain.decision import NO_TERMS, Announcement, Coupon, PriceEntry, Terms, UnitPrice
from pricewatch.domain.errors import MoneyError
from pricewatch.domain.listing import Desired
from pricewatch.domain.money import Money, Rounding
from pricewatch.domain.product import Product, Sku
from pricewatch.pipeline.settings import TermsSettings

DELIVERY = ("delivery", "delivery_time", "delivery_days", "shipping_time")  # catalogue columns that say it
_COMMA = re.compile(r"[0-9]+,[0-9]{1,2}")


def terms_for(product: Product, price: Money, floor: Money | None, settings: TermsSettings) -> tuple[Terms, str]:
    """The terms of a product at a price, and what was left out and why; empty = nothing.

    Percentages are rounded up to a whole minor unit, so that nothing is a hair below what was meant.
    """
    wrong: list[str] = []
    loyalty = _reduced(product, price, floor, settings.loyalty_column, settings.loyalty_discount, "loyalty", wrong)
    coupon = None
    if settings.coupon_code:
        coupon = _reduced(product, price, floor, settings.coupon_column, settings.coupon_discount, "coupon", wrong)
    unit = _unit(product, price, settings.content_column, wrong)
    terms = Terms(loyalty, Coupon(settings.coupon_code, coupon) if coupon else None, unit)
    return (NO_TERMS if terms == NO_TERMS else terms), "; ".join(wrong)


def _reduced(
    product: Product, price: Money, floor: Money | None, column: str, discount: int, what: str, wrong: list[str]
) -> Money | None:
    text = product.custom.get(column, "").strip() if column else ""
    if not text and not discount:
        return None
    try:
        less = Money.parse(_pointed(text), price.currency) if text else _off(price, discount)
    except MoneyError as error:
        wrong.append(f"{what} price {text!r}: {error.message}")
        return None
    if less.minor <= 0 or less > price:
        wrong.append(f"{what} price {less} is not below the price {price}")
    elif floor is not None and less < floor:
        wrong.append(f"{what} price {less} is below the floor {floor}")
    else:
        return less if less < price else None
    return None


def _pointed(text: str) -> str:
    """A catalogue's other columns may have a decimal comma; "1,234" could be a thousand and stays for refusal."""
    return text.replace(",", ".") if _COMMA.fullmatch(text) else text


def _off(price: Money, percent: int) -> Money:
    return price.scaled(100 - percent, 100, Rounding.UP)


def _unit(product: Product, price: Money, column: str, wrong: list[str]) -> UnitPrice | None:
    text = product.custom.get(column, "").strip() if column else ""
    if not text:
        return None
    content = content_of(text)
    if content is None:
        wrong.append(f'content {text[:40]!r} is not understood; write it as in "0.75 l" or "6 x 330 ml"')
        return None
    amount = content.fraction
    return UnitPrice(price.scaled(amount.denominator, amount.numerator, Rounding.HALF_UP), content.per)


def delivery_of(product: Product) -> str:
    """How long delivery takes, in the catalogue's words."""
    custom = product.custom
    return next((text for name in DELIVERY if (text := custom.get(name, "").strip())), "") if custom else ""


@dataclass(frozen=True, slots=True)
class Wardrobe:
    """What travels with prices now, by the price list and the catalogue of one price group."""

    entries: Mapping[Sku, PriceEntry]
    products: Mapping[Sku, Product]

    def dress(self, desired: Desired, at: datetime) -> Desired:
        """A wish with what travels with it; one of an older version takes no promotion or terms along."""
        entry, product = self.entries.get(desired.sku), self.products.get(desired.sku)
        told: Announcement | None = None
        terms = NO_TERMS
        if entry is not None and entry.version == desired.version and entry.gross == desired.price:
            told, terms = entry.announced_at(at), entry.terms
        stock, delivery = (product.stock, delivery_of(product)) if product is not None else (None, "")
        if told is None and terms is NO_TERMS and stock is None and not delivery:
            return desired
        return replace(desired, announcement=told, terms=terms, stock=stock, delivery=delivery)


NAKED = Wardrobe({}, {})
