"""What a record says of itself: words, model numbers, quantities, colours; read once, compared many times."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from pricewatch.matching.guards import pack_size, sizes, warnings
from pricewatch.matching.identifiers import brand_key, read_gtin
from pricewatch.matching.normalise import MAX_TITLE, colours, fold, tokens
from pricewatch.matching.records import Record

_WITH_DIGIT = re.compile(r"(?<![a-z0-9/.-])(?=[a-z/.-]*[0-9])[a-z0-9]+(?:[-/.][a-z0-9]+)*")
_DIGIT = re.compile(r"[0-9]")
_SIZE_LIKE = re.compile(
    r"\d+(?:gb|tb|mb|mm|cm|ml|kg|mah|ah|k?hz|[mg]hz|inch|in|ft|oz|lbs?|pack|pcs|szt|st|nd|rd|th|w|v|x\d+)"
)
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
    sizes: dict[str, frozenset[float]]
    colours: frozenset[str]
    brand: str
    first: str
    gtin: str
    pack: int
    warnings: dict[str, str]
    said: str
    description: str


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
        models=frozenset(_models(folded)) | ({field} if len(field) >= 3 else frozenset()),
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
    )


def _models(folded: str) -> set[str]:
    """Words that look like part numbers: letters with digits, or five digits and more; separators dropped."""
    found: set[str] = set()
    for compound in _WITH_DIGIT.findall(folded):
        parts = _SEPARATORS.split(compound)
        keys = (compound,) if len(parts) == 1 else ("".join(parts), *parts)
        found.update(key for key in keys if is_model(key))
    return found


@lru_cache(maxsize=65_536)
def is_model(key: str) -> bool:
    """Whether a compact word looks like a part number and not like a plain word, a year or a size."""
    if key.isdigit():
        return 5 <= len(key) <= 13
    return len(key) >= 4 and _DIGIT.search(key) is not None and not _SIZE_LIKE.fullmatch(key)
