"""idealo offer feed: CSV by idealo's published import description."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from pricewatch.channels.feed import FeedEntry, FeedItem, is_address
from pricewatch.channels.tablefile import Table, cell, id_objection, plain
from pricewatch.channels.xmlfeed import amount
from pricewatch.domain.listing import Beside
from pricewatch.domain.money import Currency

CURRENCIES = ("EUR", "GBP")
HEADER = (
    "sku", "brand", "title", "categoryPath", "url", "eans", "hans", "description", "price", "formerPrice", "basePrice",
    "deliveryTime", "imageUrls",
)  # fmt: skip


class IdealoFormat:
    """The feed's rules: a brand, a title, a link, a price in EUR or GBP, what payment and delivery cost, and only what
    can be delivered. The prior price of an announced reduction is the former price.
    """

    carries = frozenset({Beside.ANNOUNCEMENT, Beside.UNIT, Beside.DELIVERY})

    def __init__(
        self, *, delivery_time: str, delivery_costs: Mapping[str, str], payment_costs: Mapping[str, str]
    ) -> None:
        costs = {f"deliveryCosts_{name}": text for name, text in delivery_costs.items()}
        costs |= {f"paymentCosts_{name}": text for name, text in payment_costs.items()}
        self._costs = tuple(costs.values())
        self._delivery_time = delivery_time
        self._table = Table((*HEADER, *costs))

    def objection(self, item: FeedItem) -> str:
        """Which rule keeps an offer out."""
        product = item.product
        if item.price.currency.code not in CURRENCIES:
            return f"idealo takes prices in {' or '.join(CURRENCIES)}, not {item.price.currency}"
        if reason := id_objection(item, 200, "idealo"):
            return reason
        if not product.brand.strip():
            return "idealo needs a brand"
        if not product.name.strip():
            return "idealo needs a title"
        if not is_address(product.url):
            return "idealo needs a link to the product page (url)"
        return "idealo takes only what can be delivered" if product.stock is not None and product.stock <= 0 else ""

    def write(self, stream: BinaryIO, items: Iterable[FeedItem]) -> None:
        """Write the feed."""
        self._table.write(stream, map(self._row, items))

    def read(self, path: Path, currency: Currency) -> Iterator[FeedEntry]:
        """Read a feed; raises ValueError when its lines do not fit its header."""
        for row in self._table.read(path):
            yield FeedEntry(row["sku"], amount(row["price"], currency), plain(row["title"]), row["url"])

    def _row(self, item: FeedItem) -> tuple[str, ...]:
        product = item.product
        return (
            product.sku,
            cell(product.brand, 200),
            cell(product.name, 255),
            cell(product.category, 750),
            product.url,
            product.gtin,
            cell(product.mpn, 100),
            cell(product.description, 1000),
            item.price.text,
            item.announced.prior.text if item.announced else "",
            f"{item.terms.unit.price} / {item.terms.unit.per}" if item.terms.unit else "",
            cell(item.delivery, 100) or self._delivery_time,
            product.image_url if is_address(product.image_url) else "",
            *self._costs,
        )
