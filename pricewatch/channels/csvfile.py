"""A CSV price file with columns of the shop's choice; text that a spreadsheet would run as a formula is defused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from pricewatch.channels.feed import FeedEntry, FeedItem, shortened
from pricewatch.channels.fields import carried, field
from pricewatch.channels.tablefile import Table, cell, plain
from pricewatch.channels.xmlfeed import amount
from pricewatch.domain.money import Currency, Money


class CsvFormat:
    """A header line, then one line a product; `columns` are header = field, in order."""

    def __init__(self, *, delimiter: str, decimal: str, columns: Mapping[str, str]) -> None:
        self._decimal = decimal
        self._columns = columns
        self.carries = carried(columns.values())
        self._table = Table(tuple(columns), delimiter)

    def objection(self, item: FeedItem) -> str:
        """What keeps a product out: a SKU that would not read back."""
        sku = item.product.sku
        return "" if sku == shortened(sku, 200) and not sku.startswith("'") else "its SKU does not fit into a CSV cell"

    def write(self, stream: BinaryIO, items: Iterable[FeedItem]) -> None:
        """Write the file as UTF-8."""
        names = tuple(self._columns.values())
        self._table.write(stream, ([self._cell(field(name, item)) for name in names] for item in items))

    def read(self, path: Path, currency: Currency) -> Iterator[FeedEntry]:
        """Read the file; raises ValueError when its lines do not fit its header."""
        for row in self._table.read(path):
            by_field = {self._columns[header]: text for header, text in row.items()}
            price = amount(by_field["price"].replace(self._decimal, "."), currency)
            name, url = plain(by_field.get("name", "")), plain(by_field.get("url", ""))
            yield FeedEntry(plain(by_field["sku"]), price, name, url)

    def _cell(self, value: str | Money) -> str:
        return value.text.replace(".", self._decimal) if isinstance(value, Money) else cell(value)
