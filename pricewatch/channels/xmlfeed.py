"""XML feeds: text as XML may hold it, and a reader that keeps one item in memory and takes no document types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from xml.parsers import expat

from pricewatch.domain.errors import MoneyError
from pricewatch.domain.money import Currency, Money

_BLOCK = 262_144
_SPECIAL = re.compile('[&<>"]')
_APART = "\x1f"
_NOT_XML = re.compile(
    "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)


def without_controls(text: str) -> str:
    """Text without the characters that no XML may hold, and without those that turn what follows around: a name shall
    not change how the price after it reads.
    """
    return text if text.isprintable() else _NOT_XML.sub("", text)


def xml_text(text: str) -> str:
    """Text as XML may hold it: control characters out, the special ones escaped."""
    plain = without_controls(text)
    if _SPECIAL.search(plain) is None:
        return plain
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def elements(names: Sequence[str], texts: Sequence[str], prefix: str = "") -> str:
    """One element a text, in order, without the empty ones; all texts are escaped at once, which is much faster.

    Texts hold no control characters: what `shortened` made, or an address.
    """
    plain = _APART.join(texts)
    if _SPECIAL.search(plain) is not None:
        plain = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(
        [f"<{prefix}{n}>{text}</{prefix}{n}>" for n, text in zip(names, plain.split(_APART), strict=True) if text]
    )


def read_items(path: Path, item: str, wanted: frozenset[str]) -> Iterator[Mapping[str, str]]:
    """The elements called `item`, one after the other: their attributes, and the text of their `wanted` children, the
    first of a name: further ones stand in groups, such as the price for members.

    Raises ValueError when the file is no well-formed XML or has a document type.
    """
    done: list[Mapping[str, str]] = []
    parser = _parser(item, wanted, done)
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                parser.Parse(block)
                yield from done
                done.clear()
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from error
    yield from done


def _parser(item: str, wanted: frozenset[str], done: list[Mapping[str, str]]) -> expat.XMLParserType:
    """A parser that adds finished items to `done`; closures, because each is called for every element of a feed."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    found: dict[str, str] | None = None
    text: list[str] = []
    keep = text.append

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal found
        if name in wanted:
            text.clear()
            parser.CharacterDataHandler = keep
        elif name == item:
            found = attributes

    def end(name: str) -> None:
        nonlocal found
        if name in wanted:
            parser.CharacterDataHandler = None
            if found is not None:
                found.setdefault(name, "".join(text))
        elif name == item and found is not None:
            done.append(found)
            found = None

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


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
