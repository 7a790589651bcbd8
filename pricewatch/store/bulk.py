"""Rows of a query as columns and columns as rows, a slice at a time: no row becomes an object that outlives it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache, reduce
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    Table,
    UpdateBase,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy import Text as SqlText
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

from pricewatch.pricing.frame import MISSING, Codes, Ints, Text, ints
from pricewatch.store.columns import CHUNK, chunks, clean
from pricewatch.store.slices import Slices, Turned, in_places
from pricewatch.store.whole import read_file, worthwhile

SLICE = 50_000  # rows
AT_ONCE = 2_000  # rows of Python objects: as many as the processor's caches hold
PARAMETERS = 2_000  # of one statement: far below what any SQLite takes
Column: TypeAlias = Any  # Ints or Text, as its kind says


class _Dictionary(dict[str | None, int]):
    """Numbers texts in the order of their first appearance."""

    def __missing__(self, text: str | None) -> int:
        self[text] = number = len(self)
        return number


class Query(NamedTuple):
    """A query, the kinds of its columns (see Columns), the column by which some rows are asked for, and what becomes of
    the numbers of a slice; where these are turned they stand before all texts.
    """

    asked: Select[Any]
    kinds: str
    key: Any
    turned: Turned | None = None


class Columns:
    """Collects rows; `kinds` has one letter a column: i = int64 (NULL becomes MISSING), t = text (NULL becomes ""),
    o = whatever comes, as a list; c = texts that come joined by NUL in the last column, and become columns again.
    """

    def __init__(self, kinds: str, turned: Turned | None = None) -> None:
        self._apart = kinds
        self._kinds = kinds.rstrip("c") + "t" * ("c" in kinds)
        self._joined = kinds.count("c")
        self._parts: list[list[Any]] = [[] for _ in self._kinds]
        self._texts = [_Dictionary() for _ in self._kinds]
        self._numbers = [at for at, kind in enumerate(self._kinds) if kind == "i"]
        self._slices = Slices(len(self._numbers), turned)

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take in a slice, best one that the processor's caches hold."""
        self._slices.add(_numbers(rows, self._numbers))
        for at, kind in enumerate(self._kinds):
            if kind == "o":
                self._parts[at].extend(map(itemgetter(at), rows))
            elif kind == "t":
                self._parts[at].append(_codes(map(itemgetter(at), rows), self._texts[at]))

    def add_numbers(self, numbers: Sequence[Ints], texts: Sequence[str]) -> None:
        """Take in a slice of numbers by column, and of texts that are joined."""
        self._slices.add(numbers)
        if self._joined:
            self._parts[-1].append(_codes(texts, self._texts[-1]))

    def columns(self) -> list[Column]:
        """Everything so far, one column after the other."""
        told = zip(self._kinds, self._parts, self._texts, strict=True)
        numbers, others = self._slices.columns(), [_column(*each) for each in told if each[0] != "i"]
        if self._joined:
            others = [*others[:-1], *_split(others[-1], self._joined)]
        return in_places(self._apart, numbers, others)


def _split(joined: Text, number: int) -> Iterator[Text]:
    """Texts that came joined as columns of their own."""
    pieces = list(zip(*(value.split("\0") for value in joined.values), strict=True)) or [()] * number
    for values in pieces:
        known: dict[str, int] = {}
        table = np.array([known.setdefault(value, len(known)) for value in values], dtype=np.int32)
        yield Text(table[joined.codes], tuple(known))


def read_columns(
    connection: Connection,
    asked: Select[Any],
    kinds: str,
    key: Any = None,
    wanted: Sequence[str] | None = None,
    turned: Turned | None = None,
) -> list[Column]:
    """Read a query into columns, see Columns and Query; with `wanted` only rows whose `key` is one of them."""
    found = Columns(kinds, turned)
    in_bulk = connection.dialect.name == "postgresql" and not kinds.strip("ic")
    columns = _as_numbers(asked, kinds) if in_bulk else _together(asked, kinds)
    asked = asked.with_only_columns(*columns, maintain_column_froms=True)
    for part in [asked] if wanted is None else [asked.where(each) for each in among(connection, key, wanted)]:
        if in_bulk:
            _copy(connection, part, kinds, found)
            continue
        with driver(connection), closing(_cursor(connection, part, whole=wanted is None)) as cursor:
            while rows := cursor.fetchmany(AT_ONCE):
                found.add(rows)
    return found.columns()


def read_together(
    connection: Connection, queries: Sequence[Query], wanted: Sequence[str] | None = None
) -> list[list[Column]]:
    """Read queries into columns. A large file is read whole by a process of its own (see whole.py), as it was
    committed, whatever this transaction wrote.
    """
    file = Path(connection.engine.url.database or "") if connection.dialect.name == "sqlite" else None
    if wanted is None and file is not None and worthwhile(file):
        told = [(_sql(connection, asked.with_only_columns(*_apart(asked, kinds), maintain_column_froms=True)), kinds)
                for asked, kinds, _, _ in queries]  # fmt: skip
        found = read_file(file, told, [query.turned for query in queries])
        if found is not None:
            return found
    return [read_columns(connection, asked, kinds, key, wanted, turned) for asked, kinds, key, turned in queries]


def _apart(asked: Select[Any], kinds: str) -> list[Any]:
    """The columns of a query without NULL: unknown numbers are MISSING, unknown texts empty."""
    return [
        func.coalesce(column, MISSING if kind == "i" else "")
        for column, kind in zip(asked.selected_columns, kinds, strict=True)
    ]


def among(connection: Connection, key: Any, wanted: Sequence[Any]) -> Iterator[ColumnElement[bool]]:
    """Conditions that the key is one of the wanted, for one statement each. The keys go as one value: SQLAlchemy would
    look at every one of a list for what it could be.
    """
    for some in chunks(wanted, SLICE if connection.dialect.name == "sqlite" else CHUNK):
        if connection.dialect.name == "sqlite":
            told = orjson.dumps([clean(one) if isinstance(one, str) else one for one in some]).decode()
            yield key.in_(select(func.json_each(bindparam(None, told, SqlText())).table_valued("value").c.value))
        else:
            yield key.in_(bindparam(None, some, type_=key.type, expanding=True))


def _cursor(connection: Connection, asked: Select[Any], *, whole: bool) -> Any:
    """The driver's cursor on a query: SQLAlchemy's rows would cost as much again. PostgreSQL sends whole tables a slice
    at a time.
    """
    if not whole or connection.dialect.name == "sqlite":
        return connection.execute(asked).cursor
    cursor: Any = connection.connection.cursor(name="columns")
    cursor.execute(_sql(connection, asked))
    return cursor


def _sql(connection: Connection, asked: Select[Any]) -> str:
    compiled = asked.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    return str(compiled).replace("%%", "%")


def _together(asked: Select[Any], kinds: str) -> list[Any]:
    """The columns of a query with its unknown numbers as MISSING, and the texts of kind c joined by NUL."""
    columns = list(asked.selected_columns)
    found = [
        func.coalesce(column, MISSING) if kind == "i" else column
        for column, kind in zip(columns, kinds, strict=True)
        if kind != "c"
    ]
    told = [column for column, kind in zip(columns, kinds, strict=True) if kind == "c"]
    apart: list[ColumnElement[Any]] = [func.coalesce(column, "") for column in told]
    separator: ColumnElement[str] = func.char(0, type_=SqlText())
    return [*found, reduce(lambda one, two: one.op("||")(separator).op("||")(two), apart)] if apart else found


# --- PostgreSQL's own bulk format: 2 bytes of fields, and 4 bytes of length before each -------------------------

_HEADER = 19  # bytes before the first row


def _as_numbers(asked: Select[Any], kinds: str) -> list[Any]:
    return [
        func.coalesce(cast(column, BigInteger), MISSING) if kind == "i" else func.coalesce(column, "")
        for column, kind in zip(asked.selected_columns, kinds, strict=True)
    ]


def _copy(connection: Connection, asked: Select[Any], kinds: str, found: Columns) -> None:
    numbers = kinds.count("i")
    query = _sql(connection, asked)
    fields = [(f"{part}{at}", f">i{size}") for at in range(numbers) for part, size in _PARTS]
    layout, known = np.dtype([("fields", ">i2"), *fields]), _Unpacked()
    cursor: Any = connection.connection.cursor()
    with driver(connection), cursor, cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT BINARY)") as copy:
        rows, skip = map(bytes, copy), _HEADER
        while part := list(islice(rows, SLICE)):
            part[0], skip = part[0][skip:], 0
            if len(part[-1]) == 2:  # the end
                part.pop()
            table = np.frombuffer(b"".join(row[: layout.itemsize] for row in part), layout)
            texts = [known[row[layout.itemsize :]] for row in part] if "c" in kinds else []
            found.add_numbers([table[f"value{at}"].astype(np.int64) for at in range(numbers)], texts)


_PARTS = (("size", 4), ("value", 8))


class _Unpacked(dict[bytes, str]):
    """The texts at the end of a row, joined by NUL; each distinct end is looked into once."""

    def __missing__(self, data: bytes) -> str:
        texts, at = [], 0
        while at < len(data):
            size = int.from_bytes(data[at : at + 4], "big")
            texts.append(data[at + 4 : at + 4 + size].decode())
            at += 4 + size
        self[data] = joined = "\0".join(texts)
        return joined


def _numbers(rows: Sequence[Sequence[Any]], places: Sequence[int]) -> Sequence[Ints]:
    """Columns of numbers out of rows; they come one after the other through a single iterator."""
    if not places:
        return ()
    picked = map(itemgetter(*places), rows)
    values = picked if len(places) == 1 else chain.from_iterable(picked)
    try:
        table = np.fromiter(values, np.int64, len(rows) * len(places)).reshape(-1, len(places))
    except TypeError:  # there are NULLs among them
        return [ints(map(itemgetter(at), rows)) for at in places]
    return list(np.ascontiguousarray(table.T))


def _codes(values: Iterable[str | None], texts: _Dictionary) -> Codes:
    return np.fromiter(map(texts.__getitem__, values), dtype=np.int32)


def _column(kind: str, parts: list[Any], texts: _Dictionary) -> Column:
    """One column of texts of all slices; the slices are let go of."""
    if kind == "o":
        return parts
    whole = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32)
    parts.clear()
    return Text(whole, tuple(text or "" for text in texts))


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
    if connection.dialect.name == "sqlite":
        _insert_together(connection, table, columns)
        return
    rows, names = _rows(list(columns.values())), ", ".join(columns)
    cursor: Any = connection.connection.cursor()
    with driver(connection), cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _insert_together(connection: Connection, table: Table, columns: Mapping[str, Column | Sequence[Any]]) -> None:
    """Many rows a statement: SQLite prepares its checks once for all of them. What all rows share is no parameter."""
    shared = [_shared(column) for column in columns.values()]
    if None not in shared:  # rows that are all the same
        shared[:1] = [None]
    told = [column for column, mark in zip(columns.values(), shared, strict=True) if mark is None]
    row = f"({', '.join(mark or '?' for mark in shared)})"
    head, rows = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ", _rows(told)  # noqa: S608
    together = max(PARAMETERS // max(len(told), 1), 1)
    while part := list(islice(rows, together)):
        connection.exec_driver_sql(head + ", ".join([row] * len(part)), tuple(chain.from_iterable(part)))


def _shared(column: Column | Sequence[Any]) -> str | None:
    """The one value of a whole column as SQL has it; None where there are several, or where it is not told cheaply."""
    inner = column.codes if isinstance(column, Text) else column
    if not isinstance(inner, np.ndarray) or inner.dtype.kind not in "bi" or len(inner) < 2 or (inner != inner[0]).any():
        return None
    if isinstance(column, Text):
        value = column.values[int(inner[0])]
        return "'" + value.replace("'", "''") + "'"
    return "NULL" if int(inner[0]) == MISSING else str(int(inner[0]))


def execute_rows(connection: Connection, statement: UpdateBase, rows: Sequence[Mapping[str, Any]]) -> int:
    """Execute a statement for each row of values that the database has as they are; returns how many rows changed."""
    compiled = _compiled(statement, connection.dialect)
    if compiled.positiontup is None:
        return connection.exec_driver_sql(str(compiled), list(rows)).rowcount
    return connection.exec_driver_sql(str(compiled), list(map(itemgetter(*compiled.positiontup), rows))).rowcount


@lru_cache(maxsize=64)
def _compiled(statement: UpdateBase, dialect: Dialect) -> SQLCompiler:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    return compiled


def _rows(columns: Sequence[Column | Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(columns[0]) if columns else 0, AT_ONCE):
        yield from zip(*(_values(_part(column, start)) for column in columns), strict=True)


def _part(column: Column | Sequence[Any], start: int) -> Column | Sequence[Any]:
    part = slice(start, start + AT_ONCE)
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
