"""A process that hands over whole tables of a SQLite file as columns: no value becomes an object of Python's.

It reads by an SQLite of its own. Two of them in one process would let go of each other's locks on the file, so it is
started as a file, apart from the rest of the package; see whole.py, which talks to it. It reads one request from
stdin, `{"file": …, "queries": [[sql, kinds], …]}` with the kinds of bulk.Columns, all from one consistent state, and
writes for each query

- slices: the number of rows (8 bytes), and of each column int64 numbers (kind i) or int32 codes of texts (nothing for
  kind o);
- 0 (8 bytes), then the length of and a JSON list of the texts of each column (kind o: row by row), those of numbers
  empty.
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any, BinaryIO

import adbc_driver_manager
import adbc_driver_sqlite
import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

SLICE = 65_536  # rows
_CACHE = "PRAGMA cache_size = -65536"  # KiB: an index and its table are read side by side


class _Texts(dict[str, int]):
    """Numbers texts in the order of their first appearance."""

    def __missing__(self, text: str) -> int:
        self[text] = number = len(self)
        return number


def answer(request: dict[str, Any], out: BinaryIO) -> None:
    """Write what was asked for."""
    database = adbc_driver_sqlite.connect(request["file"])
    with closing(database), closing(adbc_driver_manager.AdbcConnection(database)) as connection:
        list(_batches(connection, _CACHE))
        connection.set_autocommit(False)
        for sql, kinds in request["queries"]:
            _write(out, kinds, _batches(connection, sql))


def _batches(connection: adbc_driver_manager.AdbcConnection, sql: str) -> Iterator[pa.RecordBatch]:
    with closing(adbc_driver_manager.AdbcStatement(connection)) as statement:
        statement.set_options(**{"adbc.sqlite.query.batch_rows": str(SLICE)})
        statement.set_sql_query(sql)
        stream, _ = statement.execute_query()
        with pa.RecordBatchReader.from_stream(stream) as reader:
            yield from reader


def _write(out: BinaryIO, kinds: str, batches: Iterator[pa.RecordBatch]) -> None:
    coded, whole = [_Texts() for _ in kinds], [list[str]() for _ in kinds]
    for batch in batches:
        if not batch.num_rows:
            continue
        out.write(struct.pack("<q", batch.num_rows))
        for kind, known, rows, column in zip(kinds, coded, whole, batch.columns, strict=True):
            if kind == "o":
                rows.extend(_texts(column))
            else:
                out.write((_numbers(column) if kind == "i" else _codes(column, known)).data)
    told = json.dumps([rows or list(known) for rows, known in zip(whole, coded, strict=True)]).encode()
    out.write(struct.pack("<qq", 0, len(told)))
    out.write(told)


def _texts(column: pa.Array) -> list[str]:
    found: list[str] = column.to_numpy(zero_copy_only=False).tolist()
    return found


def _numbers(column: pa.Array) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(column.to_numpy(zero_copy_only=False), dtype=np.int64)


def _codes(column: pa.Array, known: _Texts) -> np.ndarray[Any, Any]:
    """The number of each text; every distinct one of a slice is looked up once."""
    encoded = column.dictionary_encode()
    values = _texts(encoded.dictionary)
    table = np.fromiter(map(known.__getitem__, values), dtype=np.int32, count=len(values))
    return np.ascontiguousarray(table[encoded.indices.to_numpy(zero_copy_only=False)])


if __name__ == "__main__":
    answer(json.load(sys.stdin), sys.stdout.buffer)
    sys.stdout.flush()
