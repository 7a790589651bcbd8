"""Google Merchant Center feed: RSS 2.0 with the g: namespace, by Google's product data specification."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Literal
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import ParseError, iterparse

from pricewatch.channels.feed import FeedEntry, FeedItem, is_address, shortened, xml_text
from pricewatch.domain.errors import MoneyError
from pricewatch.domain.money import Currency, Money
from pricewatch.domain.product import Product

NAMESPACE = "http://base.google.com/ns/1.0"
_G = f"{{{NAMESPACE}}}"


class GoogleFormat:
    """The feed's rules: id ≤ 50, title ≤ 150, description ≤ 5000 characters, a link, an image, a known stock."""

    def __init__(
        self, *, title: str, link: str, unknown_stock: Literal["leave_out", "in_stock", "out_of_stock"]
    ) -> None:
        self._title = title
        self._link = link
        self._unknown_stock = unknown_stock

    def objection(self, item: FeedItem) -> str:
        """Which rule of the specification keeps an item out."""
        product = item.product
        if len(product.sku) > 50 or product.sku != product.sku.strip():
            return "Google takes an id of at most 50 characters without blanks around it"
        if not product.name.strip():
            return "Google needs a title"
        if not is_address(product.url):
            return "Google needs a link to the product page (url)"
        if not is_address(product.image_url):
            return "Google needs a link to an image (image_url)"
        if self._availability(product) == "leave_out":
            return "its stock is not known; see the channel's unknown_stock"
        return ""

    def write(self, stream: BinaryIO, items: Iterable[FeedItem]) -> None:
        """Write the feed."""
        head = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<rss version="2.0" xmlns:g="{NAMESPACE}">\n<channel>\n<title>{xml_text(self._title)}</title>\n'
            f"<link>{xml_text(self._link)}</link>\n<description>{xml_text(self._title)}</description>\n"
        )
        stream.write(head.encode())
        stream.writelines(self._item(item).encode() for item in items)
        stream.write(b"</channel>\n</rss>\n")

    def read(self, path: Path, currency: Currency) -> Iterator[FeedEntry]:
        """Read a feed; raises ValueError when it is no well-formed XML."""
        try:
            for _, element in iterparse(path):
                if element.tag == "item":
                    yield _entry(element, currency)
                    element.clear()
        except ParseError as error:
            raise ValueError(str(error)) from error

    def _item(self, item: FeedItem) -> str:
        product = item.product
        fields = {
            "id": product.sku,
            "title": shortened(product.name, 150),
            "description": shortened(product.description or product.name, 5000),
            "link": product.url,
            "image_link": product.image_url,
            "availability": self._availability(product),
            "price": f"{item.price.text} {item.price.currency.code}",
            "condition": "new",
            "brand": shortened(product.brand, 70),
            "gtin": product.gtin,
            "mpn": shortened(product.mpn, 70),
            "product_type": shortened(product.category, 750),
            "identifier_exists": "" if product.gtin or (product.brand and product.mpn) else "no",
        }
        lines = "".join(f"<g:{name}>{xml_text(text)}</g:{name}>" for name, text in fields.items() if text)
        return f"<item>{lines}</item>\n"

    def _availability(self, product: Product) -> str:
        if product.stock is None:
            return self._unknown_stock
        return "in_stock" if product.stock > 0 else "out_of_stock"


def _entry(element: Element, currency: Currency) -> FeedEntry:
    def text(name: str) -> str:
        return element.findtext(f"{_G}{name}", "")

    amount, _, code = text("price").partition(" ")
    try:
        price = Money.parse(amount, currency) if code == currency.code else None
    except MoneyError:
        price = None
    return FeedEntry(text("id"), price, text("title"), text("link"))
