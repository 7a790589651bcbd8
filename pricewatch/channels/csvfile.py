"""A CSV price file with columns of the shop's choice; text that a spreadsheet would run as a formula is defused."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from pricewatch.channels.feed import FeedEntry, FeedItem, shortened
from pricewatch.domain.errors import MoneyError
from pricewatch.domain.money import Currency, Money

_RUNS = ("=", "+", "-", "@", "\t", "\r")
_LONGEST = 10_000

_FIELDS: Mapping[str, Callable[[FeedItem], str | Money]] = {
    "sku": lambda item: item.product.sku,
    "name": lambda item: item.product.name,
    "price": lambda item: item.price,
    "net_price": lambda item: item.net,
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


class CsvFormat:
    """A header line, then one line a product; `columns` are header = field, in order."""

    def __init__(self, *, delimiter: str, decimal: str, columns: Mapping[str, str]) -> None:
        self._delimiter = delimiter
        self._decimal = decimal
        self._columns = columns

    def objection(self, item: FeedItem) -> str:
        """What keeps a product out: a SKU that would not read back."""
        sku = item.product.sku
        return "" if sku == shortened(sku, 200) and not sku.startswith("'") else "its SKU does not fit into a CSV cell"

    def write(self, stream: BinaryIO, items: Iterable[FeedItem]) -> None:
        """Write the file as UTF-8."""
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text, delimiter=self._delimiter, lineterminator="\n")
        writer.writerow(list(self._columns))
        for item in items:
            writer.writerow([self._cell(_FIELDS[field](item)) for field in self._columns.values()])
        text.detach()

    def read(self, path: Path, currency: Currency) -> Iterator[FeedEntry]:
        """Read the file; raises ValueError when its lines do not fit its header."""
        with path.open(encoding="utf-8", newline="") as stream:
            rows = csv.reader(stream, delimiter=self._delimiter, strict=True)
            try:
                if next(rows, None) != list(self._columns):
                    raise ValueError("the header is not the one that was configured")
                for row in rows:
                    yield self._entry(dict(zip(self._columns.values(), row, strict=True)), currency)
            except csv.Error as error:
                raise ValueError(str(error)) from error

    def _cell(self, value: str | Money) -> str:
        if isinstance(value, Money):
            return value.text.replace(".", self._decimal)
        text = shortened(value, _LONGEST)
        return f"'{text}" if text.startswith(_RUNS) else text

    def _entry(self, row: Mapping[str, str], currency: Currency) -> FeedEntry:
        try:
            price = Money.parse(row["price"].replace(self._decimal, "."), currency)
        except MoneyError:
            price = None
        return FeedEntry(_plain(row["sku"]), price, _plain(row.get("name", "")), _plain(row.get("url", "")))


def _availability(stock: int | None) -> str:
    return "unknown" if stock is None else ("in_stock" if stock > 0 else "out_of_stock")


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_RUNS) else cell
