"""What a feed of the shop's own design can say of a product, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pricewatch.channels.feed import FeedItem, minute
from pricewatch.domain.listing import Beside
from pricewatch.domain.money import Money

CUSTOM = "custom."

FIELDS: Mapping[str, Callable[[FeedItem], str | Money]] = {
    "sku": lambda item: item.product.sku,
    "name": lambda item: item.product.name,
    "price": lambda item: item.price,
    "net_price": lambda item: item.net,
    "regular_price": lambda item: item.regular,
    "prior_price": lambda item: item.announced.prior if item.announced else "",
    "sale_from": lambda item: minute(item.announced.starts) if item.announced else "",
    "sale_until": lambda item: minute(item.announced.ends) if item.announced and item.announced.ends else "",
    "loyalty_price": lambda item: item.terms.loyalty or "",
    "coupon_price": lambda item: item.terms.coupon.price if item.terms.coupon else "",
    "coupon_code": lambda item: item.terms.coupon.code if item.terms.coupon else "",
    "unit_price": lambda item: item.terms.unit.price if item.terms.unit else "",
    "unit": lambda item: item.terms.unit.per if item.terms.unit else "",
    "delivery": lambda item: item.delivery,
    "currency": lambda item: item.price.currency.code,
    "tax_rate": lambda item: str(item.tax).removesuffix(" %"),
    "availability": lambda item: _availability(item.product.stock),
    "stock": lambda item: "" if item.product.stock is None else str(item.product.stock),
    "gtin": lambda item: item.product.gtin,
    "mpn": lambda item: item.product.mpn,
    "brand": lambda item: item.product.brand,
    "category": lambda item: item.product.category,
    "url": lambda item: item.product.url,
    "image_url": lambda item: item.product.image_url,
    "description": lambda item: item.product.description,
}

_PLACES: Mapping[str, Beside] = {
    "prior_price": Beside.ANNOUNCEMENT,
    "regular_price": Beside.ANNOUNCEMENT,
    "loyalty_price": Beside.LOYALTY,
    "coupon_price": Beside.COUPON,
    "unit_price": Beside.UNIT,
    "stock": Beside.STOCK,
    "availability": Beside.STOCK,
    "delivery": Beside.DELIVERY,
}


def carried(names: Iterable[str]) -> frozenset[Beside]:
    """What fields have a place for beside the price."""
    return frozenset(_PLACES[name] for name in names if name in _PLACES)


def field(name: str, item: FeedItem) -> str | Money:
    """A field of an item; `custom.NAME` is a further column of the catalogue, empty where a product has none."""
    if name.startswith(CUSTOM):
        return item.product.custom.get(name.removeprefix(CUSTOM), "")
    return FIELDS[name](item)


def _availability(stock: int | None) -> str:
    return "unknown" if stock is None else ("in_stock" if stock > 0 else "out_of_stock")
