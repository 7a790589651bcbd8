"""XML feeds: text as XML may hold it, and a reader that keeps one item in memory and takes no document types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.parsers import expat

from pricewatch.domain.errors import MoneyError
from pricewatch.domain.money import Currency, Money

_BLOCK = 262_144
_SPECIAL = re.compile('[&<>"]')
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def without_controls(text: str) -> str:
    """Text without the characters that no XML may hold."""
    return text if text.isprintable() else _NOT_XML.sub("", text)


def xml_text(text: str) -> str:
    """Text as XML may hold it: control characters out, the special ones escaped."""
    plain = without_controls(text)
    if _SPECIAL.search(plain) is None:
        return plain
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def read_items(path: Path, item: str, wanted: frozenset[str]) -> Iterator[Mapping[str, str]]:
    """The elements called `item`, one after the other: their attributes, and the text of their `wanted` children.

    Raises ValueError when the file is no well-formed XML or has a document type.
    """
    reader = _Reader(item, wanted)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield from reader.feed(block)
    yield from reader.feed(b"", last=True)


class _Reader:
    def __init__(self, item: str, wanted: frozenset[str]) -> None:
        self._item, self._wanted = item, wanted
        self._done: list[Mapping[str, str]] = []
        self._open: dict[str, str] | None = None
        self._text: list[str] = []
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = _refuse_doctype
        self._parser = parser

    def feed(self, block: bytes, *, last: bool = False) -> list[Mapping[str, str]]:
        """Parse one more block; returns the items that it completes."""
        try:
            self._parser.Parse(block, last)
        except expat.ExpatError as error:
            raise ValueError(str(error)) from error
        done, self._done = self._done, []
        return done

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == self._item:
            self._open = attributes
        elif self._open is not None and name in self._wanted:
            self._text = []
            self._parser.CharacterDataHandler = self._text.append

    def _end(self, name: str) -> None:
        if self._open is None:
            return
        if name == self._item:
            self._done.append(self._open)
            self._open = None
        elif name in self._wanted:
            self._open[name] = "".join(self._text)
            self._parser.CharacterDataHandler = None


def _refuse_doctype(*_declaration: object) -> None:
    raise ValueError("a feed has no document type")


def amount(text: str, currency: Currency) -> Money | None:
    """A plain decimal as money; None when it is no price."""
    try:
        return Money.parse(text, currency)
    except MoneyError:
        return None


def amount_with_code(text: str, currency: Currency) -> Money | None:
    """`1299.00 PLN` as money; None when it is no price in this currency."""
    plain, _, code = text.partition(" ")
    return amount(plain, currency) if code == currency.code else None
