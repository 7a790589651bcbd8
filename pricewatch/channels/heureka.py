"""Heureka offer feed: `<SHOP>` with one `<SHOPITEM>` an offer, by Heureka's published offer feed specification."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from pricewatch.channels.feed import FeedEntry, FeedItem, is_address, shortened
from pricewatch.channels.xmlfeed import amount, read_items, xml_text
from pricewatch.domain.listing import Beside
from pricewatch.domain.money import Currency
from pricewatch.domain.shipping import days_of

CURRENCIES = ("CZK", "EUR")  # heureka.cz and heureka.sk
MOST = 500_000
_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
_READ = frozenset({"ITEM_ID", "PRODUCTNAME", "URL", "PRICE_VAT"})


class HeurekaFormat:
    """The feed's rules: an id of at most 36 letters, digits, _ and -, a name ≤ 200, a link ≤ 300 and an image ≤ 255
    characters, a category; prices in CZK or EUR. It has no field for a prior price.
    """

    carries = frozenset({Beside.COUPON, Beside.STOCK, Beside.DELIVERY})

    def __init__(self, *, restock_days: int | None) -> None:
        self._restock_days = restock_days

    def objection(self, item: FeedItem) -> str:
        """Which rule keeps an offer out."""
        product = item.product
        if item.price.currency.code not in CURRENCIES:
            return f"Heureka takes prices in {' or '.join(CURRENCIES)}, not {item.price.currency}"
        if _ID.fullmatch(product.sku) is None:
            return "Heureka takes an id of at most 36 letters without accents, digits, _ and -"
        if not product.name.strip():
            return "Heureka needs a name"
        if not is_address(product.url, 300):
            return "Heureka needs a link of at most 300 characters to the product page (url)"
        if not is_address(product.image_url, 255):
            return "Heureka needs a link of at most 255 characters to an image (image_url)"
        return "" if product.category.strip() else "Heureka needs a category"

    def write(self, stream: BinaryIO, items: Iterable[FeedItem]) -> None:
        """Write the feed."""
        stream.write(b'<?xml version="1.0" encoding="utf-8"?>\n<SHOP>\n')
        stream.writelines(self._item(item).encode() for item in items)
        stream.write(b"</SHOP>\n")

    def read(self, path: Path, currency: Currency) -> Iterator[FeedEntry]:
        """Read a feed; raises ValueError when it is no well-formed XML."""
        for item in read_items(path, "SHOPITEM", _READ):
            price = amount(item.get("PRICE_VAT", ""), currency)
            yield FeedEntry(item.get("ITEM_ID", ""), price, item.get("PRODUCTNAME", ""), item.get("URL", ""))

    def _item(self, item: FeedItem) -> str:
        product = item.product
        fields = {
            "ITEM_ID": product.sku,
            "PRODUCTNAME": shortened(product.name, 200),
            "DESCRIPTION": shortened(product.description or product.name, 13_000),
            "URL": product.url,
            "IMGURL": product.image_url,
            "PRICE_VAT": item.price.text,
            "MANUFACTURER": shortened(product.brand, 200),
            "CATEGORYTEXT": " | ".join(part.strip() for part in re.split(r"[>|]", product.category) if part.strip()),
            "EAN": product.gtin,
            "PRODUCTNO": shortened(product.mpn, 100),
            "DELIVERY_DATE": self._delivery(item),
        }
        lines = "".join(f"<{name}>{xml_text(text)}</{name}>" for name, text in fields.items() if text)
        return f"<SHOPITEM>{lines}{_voucher(item)}</SHOPITEM>\n"

    def _delivery(self, item: FeedItem) -> str:
        """Days until it is sent, at once unless the catalogue says more; without the field the buyer has to ask."""
        stock = item.product.stock
        if stock is not None and stock > 0:
            days = days_of(item.delivery) if item.delivery else 0
            return "" if days is None else str(days)
        return "" if self._restock_days is None or stock is None else str(self._restock_days)


def _voucher(item: FeedItem) -> str:
    coupon = item.terms.coupon
    if coupon is None:
        return ""
    return (
        f"<SALES_VOUCHER><CODE>{xml_text(coupon.code)}</CODE><DESC>{xml_text(str(coupon.price))}</DESC></SALES_VOUCHER>"
    )
