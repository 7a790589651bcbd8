"""What a record says of itself: words, model numbers, quantities, colours; read once, compared many times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from pricewatch.matching.figures import figures
from pricewatch.matching.identifiers import brand_key, read_gtin
from pricewatch.matching.models import models_in
from pricewatch.matching.normalise import NONE, colours, compact, fold, tokens
from pricewatch.matching.records import Record
from pricewatch.matching.said import Said, said_all

_VERSION = re.compile(r"v?(\d+)(?:\.0+)?|v(\d+\.\d+)")
_GLUED = re.compile(r"([a-z]{5,})(\d{1,2})")
_ROUNDED = re.compile(r"(\d)\.(\d+) ?e\+?(\d{1,2})")


class Traits(NamedTuple):
    """One record, read; `models` are compact part-number-like words of the title and the model field.

    `words` are written one way: `5.0`, `v5` and `05` are all `5`. `numbered` are the words that a number follows.
    `number` is the model field, or the longest of `models`; `figures` are the numbers of the title, and of all.
    """

    record: Record
    text: str
    words: frozenset[str]
    compact: str
    models: frozenset[str]
    model_field: str
    number: str
    figures: tuple[frozenset[str], frozenset[str]]
    numbers: frozenset[str]
    numbered: Mapping[str, str]
    sizes: Mapping[str, frozenset[float]]
    colours: frozenset[str]
    brand: str
    first: str
    gtin: str
    pack: int
    warnings: Mapping[str, str]
    claims: Mapping[str, frozenset[str]]
    said: str
    said_words: frozenset[str]
    neighbours: frozenset[tuple[str, str]]


def read_traits(record: Record) -> Traits:
    """Read one record."""
    return read_all([record])[0]


def read_all(records: Sequence[Record]) -> list[Traits]:
    """Read many records: quicker than one by one."""
    told = said_all([record.title for record in records])
    return [_read(*one) for one in zip(records, told, strict=True)]


def _read(record: Record, told: Said) -> Traits:
    folded = fold(record.title)
    words = plain_words(told.tokens)
    neighbours = list(pairwise(words))
    field = _unrounded(fold(record.model)) if record.model else ""
    key = compact(field).lstrip("0")
    known = models_in(f"{folded} {field}")
    title = figures(folded)
    return Traits(
        record=record,
        text=" ".join(words),
        words=frozenset(words),
        compact=compact(folded),
        models=known | {key} if len(key) >= 3 else known,
        model_field=key,
        number=key or max(sorted(known), key=len, default=""),
        figures=(title, title | figures(field) if field else title),
        numbers=frozenset([word for word in words if word[0].isdigit() and word.replace(".", "", 1).isdigit()]),
        numbered={word: number for word, number in neighbours if number.isdigit() and word.isalpha()},
        sizes=told.sizes,
        colours=colours(words),
        brand=brand_key(record.brand),
        first=words[0] if words else "",
        gtin=read_gtin(record.gtin).key,
        pack=told.pack,
        warnings=told.warnings,
        claims=told.claims,
        said=compact(fold(record.description)),
        said_words=frozenset(plain_words(tokens(record.description))) if record.description else NONE,
        neighbours=frozenset(neighbours),
    )


def plain_words(words: Iterable[str]) -> list[str]:
    """Words written one way: versions without `v` and `.0`, numbers without leading zeros, `deluxe17` in two."""
    found: list[str] = []
    for word in words:
        if word.isalpha():
            found.append(word)
        else:
            found += _plain(word)
    return found


@lru_cache(maxsize=65_536)
def _plain(word: str) -> tuple[str, ...]:
    if version := _VERSION.fullmatch(word):
        number = (version[1] or version[2]).lstrip("0")
        return (number,) if number else ()
    glued = _GLUED.fullmatch(word)
    return (glued[1], glued[2].lstrip("0") or "0") if glued else (word,)


def _unrounded(field: str) -> str:
    """A part number that a spreadsheet took for a number (`5.1659312 e7`) with all of its digits."""
    found = _ROUNDED.fullmatch(field)
    return (found[1] + found[2]).ljust(int(found[3]) + 1, "0") if found and int(found[3]) >= len(found[2]) else field
