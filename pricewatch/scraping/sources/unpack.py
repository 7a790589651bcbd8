"""A feed's file as a stream of plain bytes: unpacked from gzip or zip, never more of them than allowed."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"
LAYERS = 3  # a .gz that is sent with Content-Encoding gzip has two
STEP = 262_144
EARLY = 16_000_000  # unpacked bytes from which on a file that grows too much is refused
BROKEN = (zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, EOFError)


class Limits(NamedTuple):
    """What a file may have: bytes after unpacking, how many of them for one packed byte, rows, characters in a cell."""

    bytes: int = 2_000_000_000
    ratio: int = 200
    rows: int = 5_000_000
    cell: int = 20_000


class FeedError(Exception):
    """The file cannot be read on; rows that came before are good, yet not all there are."""


class Bounded(io.RawIOBase):
    """A reader that refuses to give too many bytes, at all or for those of the file; `given` says how many it gave."""

    def __init__(self, inner: BinaryIO, packed: BinaryIO, limits: Limits) -> None:
        super().__init__()
        self._inner, self._packed, self._limits, self.given = inner, packed, limits, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            data = self._inner.read(len(buffer))
        except BROKEN as error:
            raise FeedError(f"the packed file is broken or cut off: {error}") from None
        self.given += len(data)
        limits = self._limits
        if self.given > limits.bytes:
            raise FeedError(f"the file has more than {limits.bytes:,} bytes (source.max_bytes)")
        if self.given > EARLY and self.given > limits.ratio * self._packed.tell():
            raise FeedError(f"it unpacks to more than {limits.ratio:,} times its size: a bomb (source.max_ratio)")
        buffer[: len(data)] = data
        return len(data)


def unpacked(path: Path, limits: Limits, stack: ExitStack) -> Bounded:
    """Open a file for reading its plain bytes; raises FeedError for a packed file that has not one clear content."""
    packed: BinaryIO = stack.enter_context(path.open("rb"))
    file = packed
    for _ in range(LAYERS):
        try:
            head = file.read(4)
            file.seek(0)
        except BROKEN as error:
            raise FeedError(f"the packed file is broken or cut off: {error}") from None
        if head.startswith(GZIP):
            file = cast("BinaryIO", stack.enter_context(gzip.GzipFile(fileobj=file, mode="rb")))
        elif head == ZIP:
            file = _member(file, stack)
            break
        else:
            break
    return Bounded(file, packed, limits)


def _member(file: BinaryIO, stack: ExitStack) -> BinaryIO:
    """The one file in a zip; of several the largest."""
    try:
        archive = stack.enter_context(zipfile.ZipFile(file))
        files = [i for i in archive.infolist() if not i.is_dir() and not i.filename.startswith("__MACOSX")]
        if not files:
            raise FeedError("the zip file is empty")
        return cast("BinaryIO", stack.enter_context(archive.open(max(files, key=lambda i: i.file_size))))
    except (*BROKEN, RuntimeError, NotImplementedError) as error:
        raise FeedError(f"the zip file cannot be read: {error}") from None
