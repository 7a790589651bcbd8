"""A connected shop's own catalogue as products: unusable rows are set aside, never guessed."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from pricewatch.domain.errors import MoneyError, SetAside
from pricewatch.domain.money import Currency, Money, Rounding, TaxRate
from pricewatch.domain.product import Product
from pricewatch.matching.identifiers import printed_gtin

_TAG = re.compile(r"<[^<>]{0,2000}>")
_COST_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """What a shop says of one product, as text; `cost` is net in the shop's currency."""

    remote: str
    sku: str
    name: str
    brand: str = ""
    gtin: str = ""
    mpn: str = ""
    category: str = ""
    cost: str = ""
    stock: object = None
    url: str = ""
    image_url: str = ""
    description: str = ""


def imported(
    row: ImportedRow, price: Money | None, tax: TaxRate, currency: Currency, *, where: str
) -> Product | SetAside:
    """Make a product of a shop's row, or say why it is none; a price or cost of zero is unknown, not free, and a
    number that is no GTIN (an in-store code, a wrong check digit) is left out.
    """
    if not row.sku.strip():
        hint = "give it a SKU in the shop: prices are kept by SKU"
        return SetAside("catalogue", row.name or row.remote, "has no SKU", where=where, hint=hint)
    try:
        cost = _cost(row.cost, currency)
    except MoneyError as error:
        return SetAside("catalogue", row.sku, f"its cost cannot be read: {error.message}", where=where, hint=error.hint)
    return Product(
        sku=row.sku.strip(),
        name=row.name.strip() or row.sku.strip(),
        tax=tax,
        price=price if price is not None and price.minor > 0 else None,
        cost=cost,
        stock=row.stock if isinstance(row.stock, int) else None,
        brand=row.brand.strip(),
        gtin=printed_gtin(row.gtin),
        mpn=row.mpn.strip(),
        category=row.category.strip(),
        url=row.url,
        image_url=row.image_url,
        description=html.unescape(_TAG.sub(" ", row.description)).strip(),
    )


def _cost(text: str, currency: Currency) -> Money | None:
    """Read a cost with up to six decimals, rounded up to the minor unit so that no floor is too low."""
    if not text.strip():
        return None
    fine = Money.parse(_plain(text), Currency(currency.code, _COST_DECIMALS)).minor
    cost = Money(fine, currency).scaled(1, 10 ** (_COST_DECIMALS - currency.exponent), Rounding.UP)
    return cost if cost.minor > 0 else None


def _plain(text: str) -> Decimal:
    try:
        return Decimal(text.strip()).normalize()
    except InvalidOperation:
        raise MoneyError(f"{text[:40]!r} is no amount", hint="write it plainly, as in 1299.00") from None
