"""JSON, JSON Lines and XML as tables: one record an object or element, its parts as columns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from pricewatch.domain.errors import PricewatchError, SetAside
from pricewatch.intake.table import Cell, Row, Table

RECORDS = frozenset({"item", "entry", "o", "offer", "product", "shopitem"})

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")  # its encoding is undone already


def json_table(text: str, file: str, stage: str) -> Table:
    """Read a JSON array of objects (also inside an object), or one object a line."""
    lines = text.strip().splitlines()
    if len(lines) > 1 and lines[0].startswith("{") and lines[0].rstrip().endswith("}"):
        return _table(file, _json_lines(text, file, stage))
    data = parse_json(text, file)
    return _table(file, _objects(data if isinstance(data, list) else _inner_list(data), file, stage))


def parse_json(text: str, file: str) -> Any:
    """Parse JSON with Decimal numbers; raises PricewatchError."""
    try:
        return _parse(text)
    except ValueError as error:
        raise PricewatchError(f"not valid JSON: {error}", where=file) from None
    except RecursionError:
        raise PricewatchError("the JSON is nested too deep", where=file) from None


def xml_table(text: str, file: str) -> Table:
    """Read the repeated elements of an XML product file (Google, Ceneo, Heureka and their like)."""
    root = parse_xml(text, file)
    elements = [element for element in root.iter() if _local(element.tag) in RECORDS]
    return _table(file, ((f"{file} item {n}", _flat(element)) for n, element in enumerate(elements, 1)))


def parse_xml(text: str, file: str) -> Element:
    """Parse XML that has been decoded; raises PricewatchError for what is not XML, or has a DTD or entities."""
    try:
        root: Element = fromstring(_DECLARATION.sub("", text, count=1).encode("utf-8"), forbid_dtd=True)
    except ParseError as error:
        raise PricewatchError(f"not valid XML: {error.msg}", where=f"{file}:{error.position[0]}") from None
    except (DefusedXmlException, ValueError, LookupError):
        raise PricewatchError("the XML has parts that are not read (DTD or entities)", where=file) from None
    return root


def _parse(text: str) -> Any:
    return json.loads(text, parse_float=_number, parse_int=_number, parse_constant=_no_constant)


def _number(text: str) -> Decimal:
    try:
        return Decimal(text) if len(text) <= 40 else Decimal("NaN")
    except ArithmeticError:
        return Decimal("NaN")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _inner_list(data: Any) -> Sequence[Any]:
    lists = [value for value in data.values() if isinstance(value, list)] if isinstance(data, dict) else []
    return max(lists, key=len) if lists else [data]


def _json_lines(text: str, file: str, stage: str) -> Iterator[tuple[str, Mapping[str, Cell]] | SetAside]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        place = f"{file}:{number}"
        try:
            item = _parse(line)
        except (ValueError, RecursionError) as error:
            yield SetAside(stage, f"line {number}", f"not valid JSON: {error}", place)
            continue
        yield _object(item, place, f"line {number}", stage)


def _objects(items: Iterable[Any], file: str, stage: str) -> Iterator[tuple[str, Mapping[str, Cell]] | SetAside]:
    for number, item in enumerate(items, 1):
        yield _object(item, f"{file} item {number}", f"item {number}", stage)


def _object(item: Any, place: str, name: str, stage: str) -> tuple[str, Mapping[str, Cell]] | SetAside:
    if not isinstance(item, dict):
        return SetAside(stage, name, "not a JSON object", place)
    return place, {str(key): _cell(value) for key, value in item.items()}


def _cell(value: Any) -> Cell:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, Decimal)):
        return value
    if isinstance(value, list):
        return "; ".join(str(_cell(part)) for part in value)
    if isinstance(value, dict):
        return str(_cell(value.get("name", value.get("value", ""))))
    return "" if value is None else str(value)


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2].lower()


def _flat(element: Element) -> Mapping[str, Cell]:
    """Attributes, children and `<a name="…">` or `<param name="…">` parts; the first of equal names counts."""
    found: dict[str, Cell] = {}
    for name, value in element.attrib.items():
        found.setdefault(_local(name), value)
    for child in element.iter():
        if child is not element:
            name = child.get("name") or _local(child.tag)
            text = (child.text or "").strip() or child.get("url", "")
            if text:
                found.setdefault(name, text)
    return found


def _table(file: str, records: Iterable[tuple[str, Mapping[str, Cell]] | SetAside]) -> Table:
    kept = list(records)
    header = tuple(dict.fromkeys(key for one in kept if isinstance(one, tuple) for key in one[1]))
    if not header:
        raise PricewatchError("the file has no records", where=file)
    rows = [
        one if isinstance(one, SetAside) else Row(one[0], [one[1].get(name, "") for name in header]) for one in kept
    ]
    return Table(file, header, rows)
