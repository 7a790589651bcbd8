"""Titles as tokens that compare across shops and languages."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MAX_TITLE = 600
_SPECIAL = str.maketrans({"ł": "l", "đ": "d", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"})
_NUMBER_UNIT = re.compile(r"(\d)[\s ]+(gb|tb|mb|mm|cm|m|ml|l|kg|g|w|v|mah|ah|hz|szt|stk|ks|st|pcs|cali|zoll|inch)\b")
_TOKEN = re.compile(r"[a-z0-9]+(?:[.,/-][0-9]+)*")


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Lower case without accents; also for letters that Unicode does not decompose (ł, ß, ø)."""
    lowered = text[:MAX_TITLE].lower().translate(_SPECIAL)
    return "".join(c for c in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(c))


def tokens(title: str) -> tuple[str, ...]:
    """The words and numbers of a title, a number joined with its unit (`128 GB` → `128gb`)."""
    joined = _NUMBER_UNIT.sub(r"\1\2", fold(title))
    return tuple(token.replace(",", ".") for token in _TOKEN.findall(joined))
