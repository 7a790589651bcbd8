"""Ceneo offer feed: `<offers version="1">` with one `<o>` an offer, by Ceneo's published description."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from pricewatch.channels.feed import FeedEntry, FeedItem, is_address, shortened
from pricewatch.channels.xmlfeed import amount, read_items, xml_text
from pricewatch.domain.listing import Beside
from pricewatch.domain.money import Currency
from pricewatch.domain.product import Product
from pricewatch.domain.shipping import days_of

CURRENCY = "PLN"
ASK_THE_SHOP = 99
WITHIN = (1, 3, 7, 14)  # days, which are their own codes


class CeneoFormat:
    """The feed's rules: prices in PLN, a link, a name, a category, at most ten attributes."""

    carries = frozenset({Beside.STOCK, Beside.DELIVERY})

    def objection(self, item: FeedItem) -> str:
        """Which rule keeps an offer out."""
        if item.price.currency.code != CURRENCY:
            return f"Ceneo takes prices in {CURRENCY}, not {item.price.currency}"
        if item.product.sku != item.product.sku.strip():
            return "Ceneo takes an id without blanks around it"
        if not is_address(item.product.url):
            return "Ceneo needs a link to the product page (url)"
        if not item.product.category.strip():
            return "Ceneo needs a category"
        return "" if item.product.name.strip() else "Ceneo needs a name"

    def write(self, stream: BinaryIO, items: Iterable[FeedItem]) -> None:
        """Write the feed."""
        stream.write(b'<?xml version="1.0" encoding="utf-8"?>\n<offers version="1">\n<group name="other">\n')
        stream.writelines(_offer(item).encode() for item in items)
        stream.write(b"</group>\n</offers>\n")

    def read(self, path: Path, currency: Currency) -> Iterator[FeedEntry]:
        """Read a feed; raises ValueError when it is no well-formed XML."""
        for offer in read_items(path, "o", frozenset({"name"})):
            price = amount(offer.get("price", ""), currency)
            yield FeedEntry(offer.get("id", ""), price, offer.get("name", ""), offer.get("url", ""))


def _offer(item: FeedItem) -> str:
    product = item.product
    stock = "" if product.stock is None else f' stock="{max(product.stock, 0)}"'
    image = f'<imgs><main url="{xml_text(product.image_url)}"/></imgs>' if is_address(product.image_url) else ""
    return (
        f'<o id="{xml_text(product.sku)}" url="{xml_text(product.url)}" price="{item.price.text}"'
        f' avail="{_available(item)}" set="0"{stock}>'
        f"<cat>{xml_text(product.category)}</cat><name>{xml_text(shortened(product.name, 150))}</name>{image}"
        f"<desc>{xml_text(product.description or product.name)}</desc><attrs>{_attributes(product)}</attrs></o>\n"
    )


def _available(item: FeedItem) -> int:
    """Ceneo's code for how soon it is sent: of what is in stock within a day, unless the catalogue says more days."""
    if item.product.stock is None or item.product.stock <= 0:
        return ASK_THE_SHOP
    days = days_of(item.delivery) if item.delivery else WITHIN[0]
    return next((code for code in WITHIN if days is not None and days <= code), ASK_THE_SHOP)


def _attributes(product: Product) -> str:
    named = {"Producent": product.brand, "Kod_producenta": product.mpn, "EAN": product.gtin}
    return "".join(f'<a name="{name}">{xml_text(text)}</a>' for name, text in named.items() if text)
