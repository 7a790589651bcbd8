"""Answers with a strong ETag, compressed for callers that take gzip; each form of an answer has a tag of its own."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

BLOCK = 262_144
_LEVEL = 6


def takes_gzip(request: Request) -> bool:
    """Whether the caller can read gzip, by its Accept-Encoding."""
    for part in request.headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() in {"gzip", "x-gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def unchanged(request: Request, etag: str) -> Response | None:
    """304 when the caller has this very answer, in the form that it would get."""
    tags = {tag.strip() for tag in request.headers.get("if-none-match", "").split(",")}
    if etag not in {tag.removeprefix("W/") for tag in tags} and "*" not in tags:
        return None
    return Response(status_code=304, headers={"etag": etag, "vary": "accept-encoding"})


def packed_tag(etag: str) -> str:
    """The tag of the compressed form."""
    return f'{etag[:-1]}-gzip"'


def whole(
    request: Request,
    body: Callable[[], bytes],
    etag: str,
    *,
    media_type: str,
    headers: Mapping[str, str] | None = None,
    packed: Callable[[bytes], bytes] | None = None,
) -> Response:
    """Answer with a text; it is only made when the caller does not have it. `packed` may keep the compressed form."""
    zipped = takes_gzip(request)
    tag = packed_tag(etag) if zipped else etag
    known = unchanged(request, tag)
    if known is not None:
        known.headers.update(headers or {})
        return known
    content = body()
    more = {"etag": tag, "vary": "accept-encoding", **(headers or {})}
    if zipped:
        content = (packed or pack)(content)
        more["content-encoding"] = "gzip"
    return Response(content, media_type=media_type, headers=more)


def pack(body: bytes) -> bytes:
    """Compress; equal bodies give equal bytes."""
    return gzip.compress(body, _LEVEL, mtime=0)


def file_answer(request: Request, file: BinaryIO, etag: str, kind: str) -> Response:
    """Answer with an open file, which is closed afterwards."""
    zipped = takes_gzip(request) and kind != "application/gzip"
    tag = packed_tag(etag) if zipped else etag
    known = unchanged(request, tag)
    if known is not None:
        file.close()
        return known
    headers = {"etag": tag, "content-type": kind, "vary": "accept-encoding"}
    if zipped:
        return FileBlocks(file, _zipped(file), {**headers, "content-encoding": "gzip"})
    size = os.fstat(file.fileno()).st_size
    return FileBlocks(file, _blocks(file), {**headers, "content-length": str(size)})


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(BLOCK), b"")


def _zipped(file: BinaryIO) -> Iterator[bytes]:
    packer = zlib.compressobj(_LEVEL, wbits=31)
    for block in _blocks(file):
        if part := packer.compress(block):
            yield part
    yield packer.flush()


class FileBlocks(StreamingResponse):
    """An open file as an answer; it is closed also when nobody reads it to its end."""

    def __init__(self, file: BinaryIO, blocks: Iterator[bytes], headers: Mapping[str, str]) -> None:
        super().__init__(blocks, headers=headers)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file block by block."""
        with self._file:
            await super().__call__(scope, receive, send)
