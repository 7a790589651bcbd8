"""Rows of a query as columns and columns as rows, a slice at a time: no row becomes an object that outlives it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import Connection, Select, Table
from sqlalchemy.exc import DBAPIError

from pricewatch.pricing.frame import MISSING, Codes, Ints, Text, ints
from pricewatch.store.columns import chunks

SLICE = 50_000  # rows
Column: TypeAlias = Any  # Ints or Text, as its kind says


class _Dictionary(dict[str | None, int]):
    """Numbers texts in the order of their first appearance."""

    def __missing__(self, text: str | None) -> int:
        self[text] = number = len(self)
        return number


class Columns:
    """Collects rows; `kinds` has one letter a column: i = int64 (NULL becomes MISSING), t = text (NULL becomes ""),
    o = whatever comes, as a list.
    """

    def __init__(self, kinds: str) -> None:
        self._kinds = kinds
        self._parts: list[list[Any]] = [[] for _ in kinds]
        self._texts = [_Dictionary() for _ in kinds]

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take in a slice."""
        if not rows:
            return
        for at, values in enumerate(zip(*rows, strict=True)):
            if self._kinds[at] == "o":
                self._parts[at] += values
            else:
                self._parts[at].append(_ints(values) if self._kinds[at] == "i" else _codes(values, self._texts[at]))

    def columns(self) -> list[Column]:
        """Everything so far, one column after the other."""
        return [_column(*each) for each in zip(self._kinds, self._parts, self._texts, strict=True)]


def read_columns(
    connection: Connection, asked: Select[Any], kinds: str, key: Any = None, wanted: Sequence[str] | None = None
) -> list[Column]:
    """Read a query into columns; with `wanted` only rows whose `key` is one of them."""
    found = Columns(kinds)
    for part in [asked] if wanted is None else [asked.where(key.in_(some)) for some in chunks(wanted)]:
        cursor: Any = connection.execute(part).cursor  # SQLAlchemy's rows would cost as much again
        with driver(connection):
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


def _column(kind: str, parts: list[Any], texts: _Dictionary) -> Column:
    """One column of all slices; the slices are let go of."""
    if kind == "o":
        return parts
    whole = _joined(parts, np.int64 if kind == "i" else np.int32)
    parts.clear()
    return whole if kind == "i" else Text(whole, tuple(text or "" for text in texts))


@contextmanager
def driver(connection: Connection) -> Iterator[None]:
    """What the driver raises is raised as SQLAlchemy does it."""
    errors: Any = connection.dialect.loaded_dbapi.Error
    try:
        yield
    except errors as error:
        raise DBAPIError.instance(None, None, error, errors, dialect=connection.dialect) from error


def insert_columns(connection: Connection, table: Table, columns: Mapping[str, Column | Sequence[Any]]) -> None:
    """Insert rows from columns as the database has them; MISSING is NULL, and every text is clean already."""
    rows = _rows(list(columns.values()))
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608
        while part := list(islice(rows, SLICE)):
            connection.exec_driver_sql(statement, part)
        return
    cursor: Any = connection.connection.cursor()
    with driver(connection), cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _rows(columns: Sequence[Column | Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(columns[0]), SLICE):
        yield from zip(*(_values(_part(column, start)) for column in columns), strict=True)


def _part(column: Column | Sequence[Any], start: int) -> Column | Sequence[Any]:
    part = slice(start, start + SLICE)
    return Text(column.codes[part], column.values) if isinstance(column, Text) else column[part]


def _values(column: Column | Sequence[Any]) -> Iterable[Any]:
    if isinstance(column, Text):
        return map(column.values.__getitem__, column.codes.tolist())
    if not isinstance(column, np.ndarray):
        return column
    listed: list[Any] = column.tolist()
    if column.dtype == np.int64 and (missing := np.flatnonzero(column == MISSING)).size:
        for row in missing.tolist():
            listed[row] = None
    return listed
