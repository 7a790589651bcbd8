"""Rows by the million into a new database: `bulk` gives what takes whole columns; links and indexes come at the end."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import repeat
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import Connection, Table, text

from pricewatch.pricing.frame import MISSING, Text
from pricewatch.store.bulk import insert_columns
from pricewatch.store.database import Database

Insert: TypeAlias = Callable[[Table, Mapping[str, Any]], None]
AT_ONCE = 20_000  # rows of Python objects
FAST = (
    "journal_mode = OFF",
    "synchronous = OFF",
    "locking_mode = EXCLUSIVE",
    "foreign_keys = OFF",
    "ignore_check_constraints = ON",
    "cache_size = -262144",
    "temp_store = FILE",
)
SQLITE_INDEXES = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
LINKS = """SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY conname"""
INDEXES = """SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid) ORDER BY relname"""


@contextmanager
def bulk(database: Database) -> Iterator[Insert]:
    """Fill a new database that nobody else uses; when it fails in the middle, the database is to be thrown away."""
    if database.file is not None:
        database.close()
        with _sqlite(database.file) as insert:
            yield insert
        return
    with database.write() as connection:
        changes = [*connection.execute(text(LINKS)), *connection.execute(text(INDEXES))]
        for away, _ in changes:
            connection.exec_driver_sql(away)
        yield lambda table, columns: insert_columns(connection, table, columns)
        for _, back in reversed(changes):
            connection.exec_driver_sql(back)
        _count_on(connection)


def _count_on(connection: Connection) -> None:
    """The numbers that PostgreSQL gives next come after those that were given here."""
    asked = """WITH numbered AS MATERIALIZED (SELECT table_name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = 'id')
        SELECT table_name FROM numbered WHERE pg_get_serial_sequence(quote_ident(table_name), 'id') IS NOT NULL"""
    for (table,) in connection.exec_driver_sql(asked).all():
        last = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table} HAVING max(id) > 0"
        connection.exec_driver_sql(last)


@contextmanager
def _sqlite(file: Path) -> Iterator[Insert]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for pragma in FAST:
            connection.execute(f"PRAGMA {pragma}")
        indexes = connection.execute(SQLITE_INDEXES).fetchall()
        for name, _ in indexes:
            connection.execute(f'DROP INDEX "{name}"')
        connection.execute("BEGIN")
        yield lambda table, columns: _insert(connection, table, columns)
        for _, sql in indexes:
            connection.execute(sql)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")


def _insert(connection: sqlite3.Connection, table: Table, columns: Mapping[str, Any]) -> None:
    """Rows of a prepared statement; what all of them share is no parameter."""
    shared = [_shared(column) for column in columns.values()]
    told = [column for column, mark in zip(columns.values(), shared, strict=True) if mark is None]
    marks = ", ".join(mark or "?" for mark in shared)
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"
    rows = len(next(iter(columns.values())))
    for start in range(0, rows, AT_ONCE):
        part = [_values(column, slice(start, start + AT_ONCE)) for column in told]
        connection.executemany(statement, zip(*part, strict=True) if part else repeat((), min(AT_ONCE, rows - start)))


def _shared(column: Any) -> str | None:
    """The one value of a whole column as SQL has it; None where there are several, or where it is not told cheaply."""
    inner = column.codes if isinstance(column, Text) else column
    if not isinstance(inner, np.ndarray) or not len(inner) or (inner != inner[0]).any():
        return None
    if isinstance(column, Text):
        return "'" + column.values[int(inner[0])].replace("'", "''") + "'"
    return "NULL" if int(inner[0]) == MISSING else str(int(inner[0]))


def _values(column: Any, part: slice) -> Any:
    if isinstance(column, Text):
        return map(column.values.__getitem__, column.codes[part].tolist())
    if not isinstance(column, np.ndarray):
        return column[part]
    listed = column[part].tolist()
    for row in np.flatnonzero(column[part] == MISSING).tolist() if column.dtype == np.int64 else ():
        listed[row] = None
    return listed
