"""A feed of one's own design, XML or CSV, from small templates: `{name}`, `{brand|no name}`, `{price} {currency}`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pricewatch.channels.feed import FeedEntry, FeedItem, shortened
from pricewatch.channels.fields import CUSTOM, FIELDS, carried, field
from pricewatch.channels.tablefile import Table, cell, plain
from pricewatch.channels.xmlfeed import amount, read_items, xml_text
from pricewatch.domain.money import Currency, Money

_HOLE = re.compile(r"\{([^{}|]*)(?:\|([^{}]*))?\}")
SKU_TEXT = "{sku}"
PRICE_TEXTS = ("{price}", "{price} {currency}")


def mistake(text: str) -> str:
    """What is wrong with a template, in words; empty = nothing."""
    for hole in _HOLE.finditer(text):
        name = hole.group(1)
        if name not in FIELDS and not (name.startswith(CUSTOM) and name != CUSTOM):
            return f"there is no field {name!r}"
    return "a brace stands alone" if re.search(r"[{}]", _HOLE.sub("", text)) else ""


@dataclass(frozen=True, slots=True)
class Template:
    """Text with holes; a hole names a field, and after `|` what stands there when the field is empty."""

    text: str
    decimal: str
    words: Mapping[str, str]

    def fill(self, item: FeedItem) -> str:
        """The text for one item; nothing in the fields is taken for a hole."""
        return _HOLE.sub(lambda hole: self._value(hole.group(1), item) or (hole.group(2) or ""), self.text)

    def _value(self, name: str, item: FeedItem) -> str:
        value = field(name, item)
        if isinstance(value, Money):
            return value.text.replace(".", self.decimal)
        return self.words.get(value, value) if name == "availability" else value


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSet:
    """The templates by name of element or column. `required` ones may not be empty, `longest` ones are cut to so many
    characters; the price's is read back, so it is `{price}` or `{price} {currency}`, and the id's is `{sku}`.
    """

    columns: Mapping[str, str]
    decimal: str = "."
    words: Mapping[str, str] = dataclasses.field(default_factory=dict)
    required: tuple[str, ...] = ()
    longest: Mapping[str, int] = dataclasses.field(default_factory=dict)


class _TemplateFormat:
    """What both shapes share."""

    def __init__(self, given: TemplateSet) -> None:
        columns, decimal = given.columns, given.decimal
        self._templates = {name: Template(text, decimal, given.words) for name, text in columns.items()}
        self._decimal = decimal
        self.carries = carried(hole.group(1) for text in columns.values() for hole in _HOLE.finditer(text))
        self._required = given.required
        self._longest = given.longest
        self._id = next(name for name, text in columns.items() if text == SKU_TEXT)
        self._price = next(name for name, text in columns.items() if text in PRICE_TEXTS)
        self._priced = columns[self._price]

    def objection(self, item: FeedItem) -> str:
        """Which of the template's own rules keeps a product out."""
        sku = item.product.sku
        if sku != shortened(sku, self._longest.get(self._id, 200)) or sku.startswith("'"):
            return f"its SKU does not fit into {self._id}"
        empty = [name for name in self._required if not self._text(name, item)]
        return f"{empty[0]} is empty" if empty else ""

    def _text(self, name: str, item: FeedItem) -> str:
        return shortened(self._templates[name].fill(item), self._longest.get(name, 10_000))

    def _texts(self, item: FeedItem) -> Iterator[tuple[str, str]]:
        return ((name, self._text(name, item)) for name in self._templates)

    def _entry(self, found: Mapping[str, str], currency: Currency) -> FeedEntry:
        text = found.get(self._price, "")
        if self._priced != PRICE_TEXTS[0]:
            text, _, code = text.partition(" ")
            text = text if code == currency.code else ""
        return FeedEntry(found.get(self._id, ""), amount(text.replace(self._decimal, "."), currency))


class TemplateXml(_TemplateFormat):
    """`<root>` with one `<item>` a product and one element a template; empty ones are left out."""

    def __init__(self, given: TemplateSet, *, root: str, item: str) -> None:
        super().__init__(given)
        self._root, self._item = root, item

    def write(self, stream: BinaryIO, items: Iterable[FeedItem]) -> None:
        """Write the feed."""
        stream.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<{self._root}>\n'.encode())
        stream.writelines(self._element(item).encode() for item in items)
        stream.write(f"</{self._root}>\n".encode())

    def read(self, path: Path, currency: Currency) -> Iterator[FeedEntry]:
        """Read a feed; raises ValueError when it is no well-formed XML."""
        wanted = frozenset({self._id, self._price})
        return (self._entry(found, currency) for found in read_items(path, self._item, wanted))

    def _element(self, item: FeedItem) -> str:
        lines = "".join(f"<{name}>{xml_text(text)}</{name}>" for name, text in self._texts(item) if text)
        return f"<{self._item}>{lines}</{self._item}>\n"


class TemplateCsv(_TemplateFormat):
    """A header line of the templates' names, then one line a product."""

    def __init__(self, given: TemplateSet, *, delimiter: str) -> None:
        super().__init__(given)
        self._table = Table(tuple(self._templates), delimiter)

    def write(self, stream: BinaryIO, items: Iterable[FeedItem]) -> None:
        """Write the feed."""
        self._table.write(stream, ([cell(text) for _, text in self._texts(item)] for item in items))

    def read(self, path: Path, currency: Currency) -> Iterator[FeedEntry]:
        """Read a feed; raises ValueError when its lines do not fit its header."""
        for row in self._table.read(path):
            yield self._entry({name: plain(text) for name, text in row.items()}, currency)
