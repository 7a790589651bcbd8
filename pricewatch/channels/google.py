"""Google Merchant Center feed: RSS 2.0 with the g: namespace, or TSV, by Google's product data specification."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Literal

from pricewatch.channels.feed import FeedEntry, FeedItem, is_address, shortened, until_of
from pricewatch.channels.tablefile import Table, cell, id_objection
from pricewatch.channels.xmlfeed import amount_with_code, elements, read_items, xml_text
from pricewatch.domain.content import content_of
from pricewatch.domain.listing import Beside
from pricewatch.domain.money import Currency
from pricewatch.domain.product import Product
from pricewatch.domain.shipping import days_of

NAMESPACE = "http://base.google.com/ns/1.0"
FIELDS = (
    "id", "title", "description", "link", "image_link", "availability", "price", "sale_price",
    "sale_price_effective_date", "condition", "brand", "gtin", "mpn", "product_type", "identifier_exists",
    "unit_pricing_measure", "unit_pricing_base_measure", "max_handling_time",
)  # fmt: skip
_READ = ("id", "title", "link", "price", "sale_price", "sale_price_effective_date")
_READ_XML = tuple(f"g:{name}" for name in _READ)

_MEASURES = {"1 kg": "kg", "1 l": "l", "1 m": "m", "1 m²": "sqm", "1 pc": "ct"}

UnknownStock = Literal["leave_out", "in_stock", "out_of_stock"]


class GoogleFormat:
    """The feed's rules: id ≤ 50, title ≤ 150, description ≤ 5000 characters, a link, an image, a known stock.

    An announced reduction is the sale price, its prior price the regular one.
    """

    def __init__(
        self,
        *,
        title: str,
        link: str,
        unknown_stock: UnknownStock,
        programme: tuple[str, str] | None = None,
        content: str = "",
    ) -> None:
        """`programme` is the label and the tier of the loyalty programme, whose prices are then shown; `content` the
        column of the catalogue that says how much is in a piece, from which Google works out the price for a unit.
        """
        self._programme = programme
        self._content = content
        more = [Beside.LOYALTY] * (programme is not None) + [Beside.UNIT] * bool(content)
        self.carries = frozenset({Beside.ANNOUNCEMENT, Beside.STOCK, Beside.DELIVERY, *more})
        self._title = title
        self._link = link
        self._unknown_stock = unknown_stock

    def objection(self, item: FeedItem) -> str:
        """Which rule of the specification keeps an item out."""
        product = item.product
        if len(product.sku) > 50 or product.sku != shortened(product.sku, 50):
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
        for element in read_items(path, "item", frozenset(_READ_XML)):
            yield _entry([element.get(name, "") for name in _READ_XML], currency)

    def _item(self, item: FeedItem) -> str:
        return f"<item>{elements(FIELDS, self.fields(item), 'g:')}{self._loyalty(item)}</item>\n"

    def _loyalty(self, item: FeedItem) -> str:
        """The price for members of the loyalty programme."""
        if self._programme is None or item.terms.loyalty is None:
            return ""
        texts = (*self._programme, str(item.terms.loyalty))
        inner = elements(("program_label", "tier_label", "price"), texts, "g:")
        return f"<g:loyalty_program>{inner}</g:loyalty_program>"

    def fields(self, item: FeedItem) -> tuple[str, ...]:
        """The texts of FIELDS, empty where there is nothing to say."""
        product, sale = item.product, item.sale
        return (
            product.sku,
            shortened(product.name, 150),
            shortened(product.description or product.name, 5000),
            product.url,
            product.image_url,
            self._availability(product),
            str(item.regular),
            "" if sale is None else str(sale),
            item.sale_dates,
            "new",
            shortened(product.brand, 70),
            shortened(product.gtin, 50),
            shortened(product.mpn, 70),
            shortened(product.category, 750),
            "" if product.gtin or (product.brand and product.mpn) else "no",
            *self._measures(item),
            _handling(item),
        )

    def _measures(self, item: FeedItem) -> tuple[str, str]:
        """How much is in a piece, and how much of that the price for a unit is for; only beside a unit price of ours
        that is for the same.
        """
        unit = item.terms.unit
        content = content_of(item.product.custom.get(self._content, "")) if self._content and unit else None
        if content is None or unit is None or content.per != unit.per:
            return "", ""
        return f"{content.amount.normalize():f}{_MEASURES[content.per]}", f"1{_MEASURES[content.per]}"

    def _availability(self, product: Product) -> str:
        if product.stock is None:
            return self._unknown_stock
        return "in_stock" if product.stock > 0 else "out_of_stock"


def _handling(item: FeedItem) -> str:
    """The most days until it is handed to the carrier, where the catalogue says so."""
    days = days_of(item.delivery) if item.delivery else None
    return "" if days is None else str(days)


class GoogleTable(GoogleFormat):
    """The same feed as tab-separated lines."""

    _table = Table(FIELDS, "\t")

    def objection(self, item: FeedItem) -> str:
        """Which rule of the specification, or of a file of lines, keeps an item out."""
        return super().objection(item) or id_objection(item, 50, "Google")

    def write(self, stream: BinaryIO, items: Iterable[FeedItem]) -> None:
        """Write the feed."""
        self._table.write(stream, ([cell(text) for text in self.fields(item)] for item in items))

    def read(self, path: Path, currency: Currency) -> Iterator[FeedEntry]:
        """Read a feed; raises ValueError when its lines do not fit its header."""
        return (_entry([row[name] for name in _READ], currency) for row in self._table.read(path))


def _entry(texts: Sequence[str], currency: Currency) -> FeedEntry:
    """The entry of the texts of _READ."""
    sku, title, link, price, sale, dates = texts
    regular, reduced = amount_with_code(price, currency), amount_with_code(sale, currency) if sale else None
    return FeedEntry(sku, regular, title, link, reduced, until_of(dates))
