"""Part-number-like words of titles: which there are, and which differ by a digit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import pairwise

from pricewatch.matching.normalise import fold, tokens

_WITH_DIGIT = re.compile(r"(?<![a-z0-9/.-])(?=[a-z/.-]*[0-9])[a-z0-9]+(?:[-/.][a-z0-9]+)*")
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_DIGIT = re.compile(r"[0-9]")
_SERIES, _NUMBER = re.compile(r"(?!for|set|box|usb|max|pro|win|lot|cut|the)[a-z]{2,3}"), re.compile(r"[1-9][0-9]{1,4}")
_SIZE_LIKE = re.compile(
    r"\d+(?:gb|tb|mb|mm|cm|ml|kg|mah|ah|k?hz|[mg]hz|inch|in|ft|oz|lbs?|pack|pcs|szt|st|nd|rd|th|w|v|x\d+)"
)


def models(title: str) -> frozenset[str]:
    """Words that look like part numbers: letters with digits, or five digits and more; separators dropped."""
    return models_in(fold(title))


@lru_cache(maxsize=65_536)
def models_in(folded: str) -> frozenset[str]:
    """The same of a folded text."""
    found: set[str] = set()
    telling = " ".join([word for word in folded.split() if not word.isalpha()])
    for compound in _WITH_DIGIT.findall(telling):
        parts = _SEPARATORS.split(compound)
        keys = (compound,) if len(parts) == 1 else ("".join(parts), *parts)
        found.update(key for key in keys if is_model(key))
    return frozenset(found)


@lru_cache(maxsize=65_536)
def spelled_models(title: str) -> frozenset[str]:
    """The part numbers of a title, also those that are written in two words (`GSB 13` is `gsb13`)."""
    words = pairwise(tokens(title))
    return models(title) | {one + other for one, other in words if _SERIES.fullmatch(one) and _NUMBER.fullmatch(other)}


@lru_cache(maxsize=65_536)
def is_model(key: str) -> bool:
    """Whether a compact word looks like a part number and not like a plain word, a year or a size."""
    if key.isdigit():
        return 5 <= len(key) <= 13
    return len(key) >= 4 and _DIGIT.search(key) is not None and not _SIZE_LIKE.fullmatch(key)


def near_models(ours: AbstractSet[str], theirs: AbstractSet[str]) -> Iterator[tuple[str, str]]:
    """Part numbers that only they have and that differ from one of ours by a digit or two in place, with that one."""
    for other in sorted(theirs - ours):
        near = (mine for mine in sorted(ours - theirs) or sorted(ours) if _differ_by_digits(mine, other))
        if mine := next(near, None):
            yield mine, other


def _differ_by_digits(one: str, other: str) -> bool:
    if len(one) != len(other) or len(one) < 4:
        return False
    places = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    return 1 <= len(places) <= 2 and all(a.isdigit() and b.isdigit() for a, b in places)
