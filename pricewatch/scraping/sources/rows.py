"""The rows of a feed, one by one, in little memory, whatever the file is written in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from pricewatch.scraping.sources.unpack import Bounded, FeedError, Limits, unpacked

LONGEST_ROW = 4_000_000  # characters or bytes
HEAD = 65_536


class Raw(NamedTuple):
    """One row: its line (CSV, JSON lines) or its number from 1, and its cells; `fault` = it cannot be read.

    `unended` is the column in which the file ends without a line end: what it says may be a part only.
    """

    number: int
    cells: Mapping[str, str]
    fault: str = ""
    unended: str = ""


class Layout(NamedTuple):
    """How a file is written, as far as its settings say; empty or "auto" is found out."""

    format: str = "auto"
    rows: str = ""
    encoding: str = "auto"
    delimiter: str = "auto"
    header: tuple[str, ...] = ()
    columns: Mapping[str, str] = {}


def read_rows(path: Path, layout: Layout, limits: Limits) -> Iterator[Raw]:
    """Read a file's rows; raises FeedError where it cannot be read on: what came before is not all there is."""
    from pricewatch.scraping.sources.csvrows import csv_rows
    from pricewatch.scraping.sources.jsonrows import json_rows, line_rows
    from pricewatch.scraping.sources.xmlrows import xml_rows

    with ExitStack() as stack:

        def again() -> Bounded:
            return unpacked(path, limits, stack)

        head = again().read(HEAD)
        if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
            raise FeedError("the file is empty")
        match sniff(head) if layout.format == "auto" else layout.format:
            case "xml":
                yield from xml_rows(again(), layout)
            case "json":
                yield from json_rows(again(), layout)
            case "jsonl":
                yield from line_rows(again())
            case _:
                yield from csv_rows(again, layout)


def sniff(head: bytes) -> str:
    """What a file is written in, by its beginning."""
    wide = head[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = head.decode("utf-16" if wide else "latin-1", "replace").removeprefix("ï»¿").lstrip()
    if text.startswith("<"):
        return "xml"
    if text.startswith("["):
        return "json"
    return _braces(text) if text.startswith("{") else "csv"


def _braces(text: str) -> str:
    """Tell one object with a list of rows in it from a row on every line."""
    first, _, rest = text.partition("\n")
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return "json"
    lists = any(isinstance(each, (list, dict)) for each in value.values())
    return "json" if lists and not rest.strip() else "jsonl"
