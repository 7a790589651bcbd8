"""Which dear patterns are worth a look in which texts, found for many texts at once by three letters in a row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_KNOWN = " abcdefghijklmnopqrstuvwxyz0123456789+&('\"-."
_CLASSES = len(_KNOWN) + 1  # whatever is not known is one class
_CLASS = np.full(256, _CLASSES - 1, dtype=np.int64)
_CLASS[list(_KNOWN.encode())] = np.arange(len(_KNOWN))
_END = "\n\n"
_LETTERS = 3
FEW = 40  # signs of a kind, beyond which looking for them takes longer than for what they are signs of
DIGITS = "0123456789"
_OTHER_DIGITS = re.compile(r"[^\D0-9]")  # of other scripts: for patterns they are digits, too


def behind_digits(letters: str) -> tuple[str, ...]:
    """Signs of a word that begins with one of these letters, with a number close before it."""
    ends = [f"{gap}{letter}" for letter in letters for gap in ("", " ", "-")]
    return tuple(f"{digit}{end}" for digit in DIGITS for end in ends)


class Signs:
    """Kinds of patterns, each with what a text must hold at least for its pattern to find anything."""

    def __init__(self, kinds: Mapping[str, Sequence[str]]) -> None:
        self._kinds = tuple(kinds)
        self._few = {kind: tuple(signs) if len(signs) <= FEW else () for kind, signs in kinds.items()}
        self._table = np.zeros((_CLASSES,) * _LETTERS, dtype=np.int32)
        for bit, signs in enumerate(kinds.values()):
            for sign in signs:
                self._table[tuple(_CLASS[list(sign[:_LETTERS].encode())])] |= 1 << bit
        self._named: dict[int, tuple[str, ...]] = {}

    def of(self, folded: Sequence[str]) -> list[tuple[str, ...]]:
        """The kinds that may be found in each text, in their own order; others are surely not."""
        if not folded:
            return []
        joined = _plain_digits(_END.join([*folded, ""]))
        letters = _CLASS[np.frombuffer(joined.encode("ascii", "replace"), dtype=np.uint8)]
        ends = np.cumsum([len(text) + len(_END) for text in folded])
        places = (letters[:-2] * _CLASSES + letters[1:-1]) * _CLASSES + letters[2:]
        held = np.append(self._table.ravel()[places], np.zeros(_LETTERS - 1, dtype=np.int32))
        return [self._names(mask) for mask in np.bitwise_or.reduceat(held, _starts(ends)).tolist()]

    def of_one(self, folded: str) -> tuple[str, ...]:
        """The same of a single text, a little less exact: quicker than a batch of one."""
        holds = (_plain_digits(folded) + _END).__contains__
        return tuple([kind for kind, signs in self._few.items() if not signs or any(map(holds, signs))])

    def _names(self, mask: int) -> tuple[str, ...]:
        if mask not in self._named:
            self._named[mask] = tuple(kind for bit, kind in enumerate(self._kinds) if mask >> bit & 1)
        return self._named[mask]


def _plain_digits(text: str) -> str:
    return text if text.isascii() else _OTHER_DIGITS.sub(lambda digit: str(unicodedata.decimal(digit[0])), text)


def _starts(ends: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], ends[:-1]])
