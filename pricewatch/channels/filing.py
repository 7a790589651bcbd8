"""Files that take the place of others whole: written beside them, brought to the disk, and put there in one step."""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def beside(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file in the folder of another, which is gone afterwards unless it took that one's place."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream, fresh
    finally:
        with suppress(FileNotFoundError):
            fresh.unlink()


def settle(stream: BinaryIO) -> None:
    """Bring everything that was written to the disk."""
    stream.flush()
    os.fsync(stream.fileno())


def put(fresh: Path, path: Path) -> None:
    """Let a new file take the place of another, in one step that outlives a power cut."""
    fresh.chmod(0o644)
    fresh.replace(path)
    _sync_folder(path.parent)


def pack(plain: Path, packed: Path) -> None:
    """Compress a file; equal content gives equal bytes."""
    with beside(packed) as (stream, fresh):
        with plain.open("rb") as source, gzip.GzipFile("", "wb", 6, stream, mtime=0) as target:
            shutil.copyfileobj(source, target, 1 << 18)
        settle(stream)
        put(fresh, packed)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
