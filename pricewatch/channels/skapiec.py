"""Skąpiec offer feed: `<xmldata>` version 12.0, a list of categories and one `<item>` an offer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from pricewatch.channels.feed import FeedEntry, FeedItem, is_address, shortened
from pricewatch.channels.xmlfeed import amount, read_items, xml_text
from pricewatch.domain.listing import Beside
from pricewatch.domain.money import Currency

CURRENCY = "PLN"
_READ = frozenset({"compid", "name", "price", "url"})


class SkapiecFormat:
    """The feed's rules: prices in PLN, an id, a name, a producer, a link and a category. It has no prior price.

    A category's id comes from its name, so that it stays the same from feed to feed.
    """

    carries: frozenset[Beside] = frozenset()

    def __init__(self, *, title: str, link: str, now: Callable[[], datetime]) -> None:
        self._title = title
        self._link = link
        self._now = now

    def objection(self, item: FeedItem) -> str:
        """Which rule keeps an offer out."""
        product = item.product
        if item.price.currency.code != CURRENCY:
            return f"Skąpiec takes prices in {CURRENCY}, not {item.price.currency}"
        if product.sku != shortened(product.sku, 100):
            return "Skąpiec takes an id of at most 100 characters without blanks around it"
        if not product.name.strip():
            return "Skąpiec needs a name"
        if not product.brand.strip():
            return "Skąpiec needs a producer (brand)"
        if not is_address(product.url):
            return "Skąpiec needs a link to the product page (url)"
        return "" if product.category.strip() else "Skąpiec needs a category"

    def write(self, stream: BinaryIO, items: Iterable[FeedItem]) -> None:
        """Write the feed: the categories first, so the items are gone through twice."""
        head = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<xmldata>\n<version>12.0</version>\n'
            f"<header><name>{xml_text(self._title)}</name><www>{xml_text(self._link)}</www>"
            f"<time>{self._now():%Y-%m-%d}</time></header>\n<category>\n"
        )
        stream.write(head.encode())
        categories = sorted({_category(item) for item in items})
        stream.writelines(
            f"<catitem><catid>{_id(name)}</catid><catname>{xml_text(name)}</catname></catitem>\n".encode()
            for name in categories
        )
        stream.write(b"</category>\n<data>\n")
        stream.writelines(_item(item).encode() for item in items)
        stream.write(b"</data>\n</xmldata>\n")

    def read(self, path: Path, currency: Currency) -> Iterator[FeedEntry]:
        """Read a feed; raises ValueError when it is no well-formed XML."""
        for item in read_items(path, "item", _READ):
            price = amount(item.get("price", ""), currency)
            yield FeedEntry(item.get("compid", ""), price, item.get("name", ""), item.get("url", ""))


def _category(item: FeedItem) -> str:
    return shortened(item.product.category, 500)


def _id(category: str) -> int:
    return int.from_bytes(hashlib.blake2b(category.encode(errors="replace"), digest_size=6).digest())


def _item(item: FeedItem) -> str:
    product = item.product
    fields = {
        "compid": product.sku,
        "vendor": shortened(product.brand, 200),
        "name": shortened(product.name, 200),
        "price": item.price.text,
        "partnr": shortened(product.mpn, 100),
        "ean": product.gtin,
        "catid": str(_id(_category(item))),
        "foto": product.image_url if is_address(product.image_url) else "",
        "desclong": shortened(product.description or product.name, 10_000),
        "url": product.url,
    }
    lines = "".join(f"<{name}>{xml_text(text)}</{name}>" for name, text in fields.items() if text)
    return f"<item>{lines}</item>\n"
