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

LARGE = 256 * 2**20  # bytes of a file for which a process pays
_READER = Path(__file__).with_name("reader.py")
_PACKAGES = ("adbc_driver_sqlite", "adbc_driver_manager", "pyarrow")


def worthwhile(file: Path) -> bool:
    """Whether a file is so large that a process of its own reads it in less, and the packages for it are there."""
    return file.is_file() and file.stat().st_size >= LARGE and all(map(find_spec, _PACKAGES))


def read_file(file: Path, queries: Sequence[tuple[str, str]]) -> list[list[Any]] | None:
    """The columns of each query (SQL and kinds, see bulk.Columns; nothing in them is NULL), all from one committed
    state of the file. None where the process cannot do it: the caller reads by itself then.
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
            found = [_columns(process.stdout, kinds) for _, kinds in queries]
    except (OSError, EOFError):
        return None
    return found if process.returncode == 0 else None


def _columns(source: IO[bytes], kinds: str) -> list[Any]:
    parts: list[list[Any]] = [[] for _ in kinds]
    for rows in _slices(source):
        for column, kind in zip(parts, kinds, strict=True):
            column.append(_filled(source, np.empty(rows, dtype=np.int64 if kind == "i" else np.int32)))
    texts = orjson.loads(_filled(source, np.empty(_number(source), dtype=np.uint8)).tobytes())
    return [_column(*each) for each in zip(kinds, parts, texts, strict=True)]


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


def _column(kind: str, parts: list[Any], texts: Sequence[str]) -> Any:
    whole: Any = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64 if kind == "i" else np.int32)
    parts.clear()
    if kind == "i":
        return whole
    return [texts[code] for code in whole.tolist()] if kind == "o" else Text(whole, tuple(texts))
