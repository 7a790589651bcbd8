"""Feeds of lines and columns (CSV, TSV): a header, then one line a product, defused for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pricewatch.channels.feed import RUNS, FeedItem, shortened


@dataclass(frozen=True, slots=True)
class Table:
    """The shape of a file of lines: its header and the character between columns; UTF-8, quoted where needed."""

    header: Sequence[str]
    delimiter: str = ","

    def write(self, stream: BinaryIO, rows: Iterable[Sequence[str]]) -> None:
        """Write the header and the rows."""
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text, delimiter=self.delimiter, lineterminator="\n")
        writer.writerow(self.header)
        writer.writerows(rows)
        text.detach()

    def read(self, path: Path) -> Iterator[Mapping[str, str]]:
        """The rows by header; raises ValueError when a line does not fit the header, or that is another one."""
        with path.open(encoding="utf-8", newline="") as stream:
            rows = csv.reader(stream, delimiter=self.delimiter, strict=True)
            try:
                if next(rows, None) != list(self.header):
                    raise ValueError("the header is not the one that was configured")
                for row in rows:
                    yield dict(zip(self.header, row, strict=True))
            except csv.Error as error:
                raise ValueError(str(error)) from error


def cell(text: str, limit: int = 10_000) -> str:
    """Text for a cell: one line, not too long, and nothing that a spreadsheet would run."""
    plain = shortened(text, limit)
    return f"'{plain}" if plain.startswith(RUNS) else plain


def plain(text: str) -> str:
    """What `cell` was made from."""
    return text[1:] if text.startswith("'") and text[1:].startswith(RUNS) else text


def id_objection(item: FeedItem, longest: int, site: str) -> str:
    """What keeps an id out of a file of lines that others know our products by: it has to stand there as it is."""
    sku = item.product.sku
    if len(sku) > longest or sku != shortened(sku, longest):
        return f"{site} takes an id of at most {longest} characters on one line without blanks around it"
    return f"a spreadsheet would run the id {sku} as a formula" if sku.startswith((*RUNS, "'")) else ""
