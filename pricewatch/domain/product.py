"""What we sell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from pricewatch.domain.money import Money, TaxRate

Sku: TypeAlias = str
Gtin: TypeAlias = str
Mpn: TypeAlias = str


@dataclass(frozen=True, slots=True)
class Product:
    """One thing that we sell, as our own side knows it; `None` is unknown, never zero.

    `price` is the gross price the catalogue came with: the current price until the price list has one.
    `cost` is net; `floor`, `ceiling`, `rrp` and `map_price` are gross. `stock` counts pieces.
    `custom` holds further catalogue columns as text, for conditions in rules.
    """

    sku: Sku
    name: str
    tax: TaxRate
    price: Money | None = None
    cost: Money | None = None
    floor: Money | None = None
    ceiling: Money | None = None
    rrp: Money | None = None
    map_price: Money | None = None
    stock: int | None = None
    brand: str = ""
    gtin: Gtin = ""
    mpn: Mpn = ""
    category: str = ""
    supplier: str = ""
    tags: tuple[str, ...] = ()
    kvi: bool = False
    url: str = ""
    image_url: str = ""
    description: str = ""
    custom: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Assortment:
    """All products of one catalogue, by SKU, in catalogue order."""

    products: Mapping[Sku, Product]


@dataclass(frozen=True, slots=True)
class PriceGroup:
    """Where one price holds: a market (country), its currency and its business time zone.

    `vat` says what the catalogue's VAT rates are in this country, in basis points; a rate that it does not name stays.
    """

    name: str
    country: str
    currency: str
    timezone: str
    vat: tuple[tuple[int, int], ...] = ()

    def tax(self, home: TaxRate) -> TaxRate:
        """The VAT rate here of a product that has this rate in the catalogue."""
        return TaxRate(dict(self.vat).get(home.basis_points, home.basis_points))


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """One unit of `base` is `rate_micros` millionths of `quote`, by `source`, on ISO date `day`."""

    base: str
    quote: str
    rate_micros: int
    day: str
    source: str
