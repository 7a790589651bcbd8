"""What a record says of itself: words, model numbers, quantities, colours; read once, compared many times."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from pricewatch.matching.guards import pack_size, sizes, warnings
from pricewatch.matching.identifiers import brand_key, read_gtin
from pricewatch.matching.models import models
from pricewatch.matching.normalise import MAX_TITLE, colours, fold, tokens
from pricewatch.matching.records import Record

_SEPARATORS = re.compile(r"[^a-z0-9]+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Traits:
    """One record, read; `models` are compact part-number-like words of the title and the model field."""

    record: Record
    text: str
    words: frozenset[str]
    compact: str
    models: frozenset[str]
    model_field: str
    numbers: frozenset[str]
    sizes: Mapping[str, frozenset[float]]
    colours: frozenset[str]
    brand: str
    first: str
    gtin: str
    pack: int
    warnings: Mapping[str, str]
    said: str
    description: str
    said_words: frozenset[str]
    neighbours: frozenset[tuple[str, str]]


def read_traits(record: Record) -> Traits:
    """Read one record."""
    folded = fold(record.title)
    words = tokens(record.title)
    described = fold(record.description)
    field = _SEPARATORS.sub("", fold(record.model))
    return Traits(
        record=record,
        text=" ".join(words),
        words=frozenset(words),
        compact=_SEPARATORS.sub("", folded),
        models=models(record.title) | ({field} if len(field) >= 3 else frozenset()),
        model_field=field,
        numbers=frozenset(word for word in words if _NUMBER.fullmatch(word)),
        sizes=sizes(record.title),
        colours=colours(words),
        brand=brand_key(record.brand),
        first=words[0] if words else "",
        gtin=read_gtin(record.gtin).key,
        pack=pack_size(record.title),
        warnings=warnings(record.title),
        said=_SEPARATORS.sub("", described[:MAX_TITLE]),
        description=" ".join(_WORD.findall(described)[:100]),
        said_words=frozenset(tokens(record.description)),
        neighbours=frozenset(pairwise(words)),
    )
