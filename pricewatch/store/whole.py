"""Whole tables of a large SQLite file, read by a process of their own (reader.py) and taken over as columns."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import numpy as np
import orjson

from pricewatch.pricing.frame import Text
from pricewatch.store.slices import Slices, Turned, in_places

LARGE = 256 * 2**20  # bytes of a file for which a process pays
_READER = Path(__file__).with_name("reader.py")
_SENT = {"i": np.int64, "t": np.int32, "c": np.int32}
_PACKAGES = ("adbc_driver_sqlite", "adbc_driver_manager", "pyarrow")


def worthwhile(file: Path) -> bool:
    """Whether a file is so large that a process of its own reads it in less, and the packages for it are there."""
    return file.is_file() and file.stat().st_size >= LARGE and all(map(find_spec, _PACKAGES))


def read_file(
    file: Path, queries: Sequence[tuple[str, str]], turned: Sequence[Turned | None] = ()
) -> list[list[Any]] | None:
    """The columns of each query (SQL and kinds, see bulk.Columns; nothing in them is NULL), with its numbers `turned`,
    all from one committed state of the file. None where the process cannot do it: the caller reads by itself then.
    """
    asked = json.dumps({"file": f"file:{quote(str(file))}?mode=ro", "queries": queries}).encode()
    command = [sys.executable, "-P", str(_READER)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    try:
        with subprocess.Popen(command, **pipes) as process:  # noqa: S603 - our own interpreter and file
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(asked)
            process.stdin.close()
            each = zip(queries, turned or [None] * len(queries), strict=True)
            found = [_columns(process.stdout, kinds, how) for (_, kinds), how in each]
    except (OSError, EOFError):
        return None
    return found if process.returncode == 0 else None


def _columns(source: IO[bytes], kinds: str, turned: Turned | None) -> list[Any]:
    numbers, codes = Slices(kinds.count("i"), turned), Slices(len(kinds) - kinds.count("i") - kinds.count("o"))
    for rows in _slices(source):
        sent = [(kind, _filled(source, np.empty(rows, dtype=_SENT[kind]))) for kind in kinds if kind != "o"]
        numbers.add([column for kind, column in sent if kind == "i"])
        codes.add([column for kind, column in sent if kind != "i"])
    texts = orjson.loads(_filled(source, np.empty(_number(source), dtype=np.uint8)).tobytes())
    coded = iter(codes.columns())
    told = [(kind, values) for kind, values in zip(kinds, texts, strict=True) if kind != "i"]
    others = [values if kind == "o" else Text(next(coded).astype(np.int32, copy=False), tuple(values))
              for kind, values in told]  # fmt: skip
    return in_places(kinds, numbers.columns(), others)


def _slices(source: IO[bytes]) -> Iterator[int]:
    while rows := _number(source):
        yield rows


def _number(source: IO[bytes]) -> int:
    return int(struct.unpack("<q", _filled(source, np.empty(8, dtype=np.uint8)).tobytes())[0])


def _filled(source: IO[bytes], array: Any) -> Any:
    """The array with the next bytes; raises EOFError where the process ended early."""
    left = memoryview(array).cast("B")
    while left:
        count = source.readinto(left)  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        left = left[count:]
    return array
