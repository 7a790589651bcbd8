"""Delimited text as rows with their line numbers; a broken row never takes others with it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

from pricewatch.domain.errors import PricewatchError, SetAside
from pricewatch.intake.columns import find
from pricewatch.intake.text import read_text

Cell: TypeAlias = str | Decimal  # a Decimal where the file has numbers of its own, as JSON does
DELIMITERS = ";,\t|"
LONGEST_HEADER = 100_000  # characters
LONGEST_RECORD = 2_000  # lines; an opening quote that is never closed swallows all that follow


@dataclass(frozen=True, slots=True)
class Row:
    """One record; `place` is file:line or file and number, for reports."""

    place: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """A header and its rows; unusable records are set aside in their place among the rows."""

    file: str
    header: tuple[str, ...]
    rows: Sequence[Row | SetAside]

    def columns(
        self, names: Mapping[str, str], mapping: Mapping[str, str] | None = None, currency: str = ""
    ) -> Mapping[str, int]:
        """Find which column is which field; amounts are in `currency`."""
        return find(self.header, names, mapping or {}, self.file, currency)


def read_table(
    path: Path,
    names: Mapping[str, str],
    *,
    encoding: str = "auto",
    delimiter: str = "auto",
    stage: str = "catalogue",
    mapping: Mapping[str, str] | None = None,
) -> Table:
    """Read a delimited file; its delimiter is the one that finds most of the wanted columns in the header."""
    return parse_table(read_text(path, encoding), path.name, names, delimiter, stage, mapping or {})


def parse_table(
    text: str, file: str, names: Mapping[str, str], delimiter: str, stage: str, mapping: Mapping[str, str]
) -> Table:
    """Read delimited text that has been decoded; raises PricewatchError when it has no header."""
    lines = io.StringIO(text, newline=None).readlines()
    first = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    if first < len(lines) and lines[first].lower().startswith("sep=") and len(lines[first].strip()) == 5:
        delimiter, first = lines[first].strip()[4], first + 1  # what Excel writes for itself
    if first >= len(lines):
        raise PricewatchError("the file has no header line", where=file)
    if delimiter == "auto":
        delimiter = _delimiter(lines[first], names, mapping)
    records = _Records(lines, delimiter, file, stage)
    header = records.header(first)
    return Table(file, header, list(records.rows(len(header))))


def _delimiter(line: str, names: Mapping[str, str], mapping: Mapping[str, str]) -> str:
    def found(delimiter: str) -> tuple[int, int]:
        header = next(csv.reader([line[:LONGEST_HEADER]], delimiter=delimiter), [])
        known = find(header, names, {}, "") if len(header) > 1 else {}
        mapped = sum(column in {name.strip() for name in header} for column in mapping.values())
        return len(known) + mapped, len(header)

    return max(DELIMITERS, key=found)


class _Records:
    """Reads record by record and starts anew at the next line after one that is broken."""

    def __init__(self, lines: list[str], delimiter: str, file: str, stage: str) -> None:
        self.lines, self.delimiter, self.file, self.stage = lines, delimiter, file, stage
        self.at = 0  # the next line

    def header(self, first: int) -> tuple[str, ...]:
        self.at = first
        try:
            return tuple(name.strip() for name in self._record())
        except csv.Error as error:
            raise PricewatchError(f"the header cannot be read: {error}", where=f"{self.file}:{first + 1}") from None

    def rows(self, width: int) -> Iterator[Row | SetAside]:
        while self.at < len(self.lines):
            start = self.at
            try:
                cells = self._record()
            except csv.Error as error:
                self.at = start + 1
                yield self._aside(start, *_broken(str(error)))
                continue
            if any(cell.strip() for cell in cells[width:]):
                self.at = start + 1
                yield self._aside(start, f"{len(cells)} cells under {width} columns", "quote cells with a delimiter")
            elif any(cell.strip() for cell in cells):
                yield Row(f"{self.file}:{start + 1}", (*cells[:width], *[""] * (width - len(cells))))

    def _record(self) -> list[str]:
        last = min(self.at + LONGEST_RECORD, len(self.lines))
        upcoming = (self.lines[number] for number in range(self.at, last))
        reader = csv.reader(upcoming, delimiter=self.delimiter, strict=True)
        cells = next(reader)
        self.at += reader.line_num
        return cells

    def _aside(self, start: int, reason: str, hint: str) -> SetAside:
        return SetAside(self.stage, f"line {start + 1}", reason, f"{self.file}:{start + 1}", hint)


def _broken(error: str) -> tuple[str, str]:
    if error == "unexpected end of data":
        return "a quote that opens on this line is never closed", "write a quote inside quotes twice"
    return f"the line cannot be read: {error}", "check the quotes on it"
