"""Rows of XML: elements flattened to names, read as a stream, without entities."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import cast
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from pricewatch.scraping.sources.rows import LONGEST_ROW, Layout, Raw
from pricewatch.scraping.sources.unpack import STEP, Bounded, FeedError

USUAL = frozenset(
    ["item", "o", "offer", "product", "entry", "shopitem", "produkt", "artikel", "article", "row", "oferta", "record"]
)
MAX_DEPTH = 100
MAX_CELLS = 2_000


def xml_rows(stream: Bounded, layout: Layout) -> Iterator[Raw]:
    """Read the elements at a path, or the first ones that have a usual name, each as a row of names and texts.

    Children are named by their tag, deeper ones by their path with dots, attributes by their name ("@" only where a
    child is called the same), and an element with a `name` attribute by that, as Ceneo has it.
    """
    wanted = tuple(part for part in layout.rows.replace(".", "/").split("/") if part)
    path: list[str] = []
    parents: list[Element] = []
    number = last = 0
    row: tuple[str, ...] = wanted
    try:
        events = iterparse(io.BufferedReader(stream, STEP), events=("start", "end"))
        for event, raw in events:
            element = cast("Element", raw)
            if event == "start":
                path.append(local(element.tag))
                parents.append(element)
                if len(path) > MAX_DEPTH:
                    raise FeedError(f"elements are nested more than {MAX_DEPTH} deep")
                if not row and len(path) > 1 and path[-1].lower() in USUAL:
                    row = tuple(path)
            else:
                if len(path) == len(row) and tuple(path) == row:
                    number += 1
                    yield _row(number, element)
                if not row or len(path) <= len(row):
                    element.clear()
                    if len(parents) > 1:
                        parents[-2].remove(element)
                    last = stream.given
                path.pop()
                parents.pop()
            if stream.given - last > LONGEST_ROW + STEP:
                raise FeedError(f"more than {LONGEST_ROW:,} bytes without a row" + ("" if row else "; name `rows`"))
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise FeedError(f"the XML is broken, cut off or not allowed: {error}") from None
    if not number:
        raise FeedError(f"there is no element {'/'.join(row)}" if row else "no element has a usual name; name `rows`")


def local(tag: object) -> str:
    """A tag without its namespace; comments and instructions have none."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _row(number: int, element: Element) -> Raw:
    cells: dict[str, str] = {}
    _flatten(element, "", cells)
    if len(cells) > MAX_CELLS:
        return Raw(number, {}, f"it has more than {MAX_CELLS:,} values")
    for name, value in element.attrib.items():
        key = local(name)
        cells[f"@{key}" if key in cells else key] = value
    return Raw(number, cells)


def _flatten(element: Element, prefix: str, cells: dict[str, str]) -> None:
    for child in element:
        if len(cells) > MAX_CELLS:
            return
        name = child.get("name") or prefix + local(child.tag)
        text = (child.text or "").strip()
        if text:
            cells.setdefault(name, text)
        for key, value in child.attrib.items():
            cells.setdefault(f"{name}.{local(key)}", value)
        if len(child):
            _flatten(child, f"{name}.", cells)
