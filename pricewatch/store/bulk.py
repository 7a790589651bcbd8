"""Rows of a query as columns, a slice at a time: no row becomes an object that outlives its slice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import Connection, Select

from pricewatch.pricing.frame import Codes, Ints, Text, ints
from pricewatch.store.columns import chunks

SLICE = 50_000  # rows
Column: TypeAlias = Any  # Ints or Text, as its kind says


class _Dictionary(dict[str | None, int]):
    """Numbers texts in the order of their first appearance."""

    def __missing__(self, text: str | None) -> int:
        self[text] = number = len(self)
        return number


class Columns:
    """Collects rows; `kinds` has one letter a column: i = int64 (NULL becomes MISSING), t = text (NULL becomes "")."""

    def __init__(self, kinds: str) -> None:
        self._kinds = kinds
        self._parts: list[list[Any]] = [[] for _ in kinds]
        self._texts = [_Dictionary() for _ in kinds]

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take in a slice."""
        if not rows:
            return
        for at, values in enumerate(zip(*rows, strict=True)):
            self._parts[at].append(_ints(values) if self._kinds[at] == "i" else _codes(values, self._texts[at]))

    def columns(self) -> list[Column]:
        """Everything so far, one column after the other."""
        return [
            _joined(parts, np.int64) if kind == "i" else Text(_joined(parts, np.int32), tuple(t or "" for t in texts))
            for kind, parts, texts in zip(self._kinds, self._parts, self._texts, strict=True)
        ]


def read_columns(
    connection: Connection, asked: Select[Any], kinds: str, key: Any = None, wanted: Sequence[str] | None = None
) -> list[Column]:
    """Read a query into columns; with `wanted` only rows whose `key` is one of them."""
    found = Columns(kinds)
    for part in [asked] if wanted is None else [asked.where(key.in_(some)) for some in chunks(wanted)]:
        cursor: Any = connection.execute(part).cursor  # SQLAlchemy's rows would cost as much again
        while rows := cursor.fetchmany(SLICE):
            found.add(rows)
    return found.columns()


def _ints(values: tuple[int | None, ...]) -> Ints:
    try:
        return np.array(values, dtype=np.int64)
    except TypeError:  # there are NULLs among them
        return ints(values)


def _codes(values: Iterable[str | None], texts: _Dictionary) -> Codes:
    return np.fromiter(map(texts.__getitem__, values), dtype=np.int32)


def _joined(parts: Sequence[Any], kind: Any) -> Any:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=kind)
