"""Meta catalogue feed (Facebook, Instagram): CSV by Meta's catalogue reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Literal

from pricewatch.channels.feed import FeedEntry, FeedItem, is_address, until_of
from pricewatch.channels.tablefile import Table, cell, id_objection, plain
from pricewatch.channels.xmlfeed import amount_with_code
from pricewatch.domain.listing import Beside
from pricewatch.domain.money import Currency
from pricewatch.domain.product import Product

HEADER = (
    "id", "title", "description", "availability", "condition", "price", "link", "image_link", "brand", "gtin", "mpn",
    "product_type", "sale_price", "sale_price_effective_date", "quantity_to_sell_on_facebook",
)  # fmt: skip


class MetaFormat:
    """The feed's rules: id ≤ 100, title ≤ 200, description ≤ 9999 characters, a link, an image, and one of brand, GTIN
    and part number. An announced reduction is the sale price, its prior price the regular one.
    """

    carries = frozenset({Beside.ANNOUNCEMENT, Beside.STOCK})

    _table = Table(HEADER)

    def __init__(self, *, unknown_stock: Literal["leave_out", "in_stock", "out_of_stock"]) -> None:
        self._unknown_stock = unknown_stock

    def objection(self, item: FeedItem) -> str:
        """Which rule of the reference keeps an item out."""
        product = item.product
        if reason := id_objection(item, 100, "Meta"):
            return reason
        if not product.name.strip():
            return "Meta needs a title"
        if not is_address(product.url):
            return "Meta needs a link to the product page (url)"
        if not is_address(product.image_url):
            return "Meta needs a link to an image (image_url)"
        if not (product.brand.strip() or product.gtin or product.mpn.strip()):
            return "Meta needs a brand, a GTIN or a part number (mpn)"
        if product.stock is None and self._unknown_stock == "leave_out":
            return "its stock is not known; see the channel's unknown_stock"
        return ""

    def write(self, stream: BinaryIO, items: Iterable[FeedItem]) -> None:
        """Write the feed."""
        self._table.write(stream, map(self._row, items))

    def read(self, path: Path, currency: Currency) -> Iterator[FeedEntry]:
        """Read a feed; raises ValueError when its lines do not fit its header."""
        for row in self._table.read(path):
            sale = row["sale_price"]
            yield FeedEntry(
                row["id"],
                amount_with_code(row["price"], currency),
                plain(row["title"]),
                row["link"],
                amount_with_code(sale, currency) if sale else None,
                until_of(row["sale_price_effective_date"]),
            )

    def _row(self, item: FeedItem) -> tuple[str, ...]:
        product, sale = item.product, item.sale
        return (
            product.sku,
            cell(product.name, 200),
            cell(product.description or product.name, 9999),
            self._availability(product),
            "new",
            str(item.regular),
            product.url,
            product.image_url,
            cell(product.brand, 100),
            product.gtin,
            cell(product.mpn, 100),
            cell(product.category, 750),
            "" if sale is None else str(sale),
            item.sale_dates,
            "" if product.stock is None else str(max(product.stock, 0)),
        )

    def _availability(self, product: Product) -> str:
        known = self._unknown_stock != "out_of_stock" if product.stock is None else product.stock > 0
        return "in stock" if known else "out of stock"
