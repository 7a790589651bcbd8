"""Columns of numbers that come a slice at a time: what is kept of a slice is worked out while the caches hold it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from pricewatch.pricing.frame import Ints

Turned: TypeAlias = Callable[[Sequence[Ints]], Sequence[Any]]
"""What is kept of the columns of a slice: as many rows, in any number of columns of any type."""

_ROOM = 4_096  # rows


class Slices:
    """Collects the slices of so many columns, each as it is `turned`."""

    def __init__(self, columns: int, turned: Turned | None = None) -> None:
        self._columns = columns
        self._turned = turned or tuple
        self._kept: list[_Growing] = []

    def add(self, numbers: Sequence[Ints]) -> None:
        """Take in the next slice."""
        turned = self._turned(numbers)
        self._kept = self._kept or [_Growing(column) for column in turned]
        for kept, column in zip(self._kept, turned, strict=True):
            kept.add(column)

    def columns(self) -> list[Any]:
        """Every column whole."""
        if not self._kept:
            self.add([np.zeros(0, dtype=np.int64)] * self._columns)
        return [kept.whole() for kept in self._kept]


class _Growing:
    """A column with room for more: memory that nothing was written to is not taken from anybody."""

    def __init__(self, like: Any) -> None:
        self._room = np.empty(max(len(like), _ROOM), dtype=like.dtype)
        self._rows = 0

    def add(self, part: Any) -> None:
        rows = self._rows + len(part)
        if rows > len(self._room):
            room = np.empty(max(rows, 2 * len(self._room)), dtype=self._room.dtype)
            room[: self._rows] = self.whole()
            self._room = room
        self._room[self._rows : rows] = part
        self._rows = rows

    def whole(self) -> Any:
        return self._room[: self._rows]


def in_places(kinds: str, numbers: list[Any], others: list[Any]) -> list[Any]:
    """Columns of numbers (kind i) and others, each in its place; turned numbers, however many, come first."""
    if kinds.count("i") != len(numbers):
        return [*numbers, *others]
    left, right = iter(numbers), iter(others)
    return [next(left if kind == "i" else right) for kind in kinds]
