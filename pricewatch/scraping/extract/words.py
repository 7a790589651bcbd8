"""Expressions for long lists of words: what they have in common at the start is looked at once."""

from __future__ import annotations

import re
from collections.abc import Iterable


def any_of(words: Iterable[str]) -> str:
    """One expression that takes the longest of these words; it tries few of them where a plain list tries all."""
    by_letter: dict[str, list[str]] = {}
    ends = False
    for word in words:
        if word:
            by_letter.setdefault(word[0], []).append(word[1:])
        else:
            ends = True
    branches = [re.escape(letter) + any_of(rest) for letter, rest in by_letter.items()]
    if not branches:
        return ""
    if len(branches) == 1 and not ends:
        return branches[0]
    return f"(?:{'|'.join(branches)}){'?' if ends else ''}"
