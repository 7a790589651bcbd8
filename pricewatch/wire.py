"""HTTP hygiene that every adapter shares: total deadlines and bounded bodies.

Errors are FetchError with its kind; adapters translate them into their own. Redirects are never followed here.
"""

from __future__ import annotations

import asyncio
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import aiohttp
import brotli  # type: ignore[import-untyped]
import httpx
import zstandard
from httpx_aiohttp import AiohttpTransport

from pricewatch.domain.errors import FetchError, FetchErrorKind
from pricewatch.redaction import quiet_logs, redact

ACCEPT_ENCODING = "gzip, deflate, br, zstd"
STEP = 65_536
ZSTD_SLICE = 256  # at most 64 blocks of 128 KiB come out of one step
ZSTD_WINDOW = 8 * 1024 * 1024  # RFC 9659
MAX_ENCODINGS = 3


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one request may cost: seconds altogether, bytes on the wire, bytes after decompression."""

    seconds: float = 30.0
    wire_bytes: int = 10 * 1024 * 1024
    body_bytes: int = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer: header names in lower case (repeated ones joined by a comma), the body decoded and bounded."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed: float = 0.0


# --- requests --------------------------------------------------------------------------------------------------


def open_client(
    *, user_agent: str, transport: httpx.AsyncBaseTransport | None = None, timeout: httpx.Timeout | None = None
) -> httpx.AsyncClient:
    """Make a client that follows no redirects, reads no proxy variables and keeps its logs quiet."""
    quiet_logs()
    return httpx.AsyncClient(
        transport=transport or AiohttpTransport(verify=tls(), client=open_session),
        headers={"user-agent": user_agent, "accept-encoding": ACCEPT_ENCODING},
        timeout=timeout or httpx.Timeout(15.0, connect=10.0, pool=None),
        follow_redirects=False,
        trust_env=False,
        event_hooks={"response": [_keep_location]},
    )


async def _keep_location(response: httpx.Response) -> None:
    """Hide Location from httpx, which parses it even when it follows nothing and fails on what is no address."""
    if "location" in response.headers:
        response.extensions["location"] = response.headers.pop("location")


@cache
def tls() -> ssl.SSLContext:
    """The trusted authorities, loaded once: SSL_CERT_FILE if it is set, certifi's otherwise."""
    return httpx.create_ssl_context()


def open_session(connector: aiohttp.BaseConnector | None = None) -> aiohttp.ClientSession:
    """Make the session under a client: it stores no cookies and decodes nothing; needs a running loop."""
    return aiohttp.ClientSession(
        connector=connector or aiohttp.TCPConnector(ssl=tls()),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("User-Agent", "Accept-Encoding"),
    )


async def exchange(client: httpx.AsyncClient, request: httpx.Request, bounds: Bounds) -> Reply:
    """Send one request and read its whole answer within bounds; raises FetchError with its kind.

    A FetchError of kind timeout, connection or decoding says nothing about whether the other side acted.
    """
    url = str(request.url)
    started = time.monotonic()
    try:
        async with asyncio.timeout(bounds.seconds):
            response = await client.send(request, stream=True)
            try:
                raw = await _read(response, bounds, url)
            finally:
                await response.aclose()
    except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, ssl.SSLError) as error:
        raise failure(error, url) from error
    headers = {name.lower(): value for name, value in response.headers.items()}
    if "location" in response.extensions:
        headers["location"] = response.extensions["location"]
    body = decode(raw, headers.get("content-encoding", ""), bounds.body_bytes, url)
    return Reply(url, response.status_code, headers, body, time.monotonic() - started)


async def _read(response: httpx.Response, bounds: Bounds, url: str) -> bytes:
    """Collect the body as it comes over the wire; a stated length over the bound is refused before reading."""
    stated = response.headers.get("content-length", "")
    if stated.isdecimal() and len(stated) < 20 and int(stated) > bounds.wire_bytes:
        raise too_large(bounds.wire_bytes, url)
    raw = bytearray()
    async for chunk in response.aiter_raw():
        raw += chunk
        if len(raw) > bounds.wire_bytes:
            raise too_large(bounds.wire_bytes, url)
    return bytes(raw)


def too_large(limit: int, url: str) -> FetchError:
    """The error for an answer over a byte bound."""
    return FetchError(
        f"the answer is larger than {limit:,} bytes",
        kind=FetchErrorKind.TOO_LARGE,
        where=redact(url),
        hint="raise the size limit if this is really one page",
    )


def failure(error: BaseException, url: str) -> FetchError:
    """Sort whatever the transport raised into a FetchError; its own words are kept, redacted."""
    kind, url = _kind_of(error), redact(url)
    words = redact(str(error) or type(error).__name__).replace(" ssl:default", "")  # said even of plain http
    if kind is FetchErrorKind.TIMEOUT:
        return FetchError("no complete answer in time", kind=kind, where=url, hint="the host is slow or unreachable")
    if kind is FetchErrorKind.TLS:
        return FetchError(f"no safe connection: {words}", kind=kind, where=url, hint="check the host's certificate")
    return FetchError(f"the connection failed: {words}", kind=kind, where=url, hint="check the address and the network")


def _kind_of(error: BaseException) -> FetchErrorKind:
    """Look through the chain of causes: the transport's own mapping calls a broken connection a connect timeout."""
    chain = list(causes(error))
    if any(isinstance(e, ssl.SSLError | aiohttp.ClientSSLError) for e in chain):
        return FetchErrorKind.TLS
    if any(isinstance(e, TimeoutError) for e in chain):
        return FetchErrorKind.TIMEOUT
    foreign = any(isinstance(e, aiohttp.ClientError) for e in chain)
    if isinstance(error, httpx.TimeoutException) and not foreign:
        return FetchErrorKind.TIMEOUT
    return FetchErrorKind.CONNECTION


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what led to it, the nearest first; chains may be circles, so at most ten."""
    seen = 0
    while error is not None and seen < 10:
        yield error
        error = error.__cause__ or error.__context__
        seen += 1


# --- bodies ----------------------------------------------------------------------------------------------------


class _Decoder(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]: ...
    def finished(self) -> bool: ...


class _Zlib:
    """gzip (several members in a row) and deflate (with or without its zlib wrapper)."""

    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._inner = zlib.decompressobj(wbits)

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            yield self._inner.decompress(data, STEP)
            data = self._inner.unconsumed_tail
            if self._inner.eof and self._inner.unused_data.startswith(b"\x1f\x8b"):
                data = self._inner.unused_data
                self._inner = zlib.decompressobj(self._wbits)

    def finished(self) -> bool:
        return self._inner.eof


class _Brotli:
    def __init__(self) -> None:
        self._inner = brotli.Decompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield self._inner.process(data, output_buffer_limit=STEP)
        while not self._inner.is_finished() and not self._inner.can_accept_more_data():
            yield self._inner.process(b"", output_buffer_limit=STEP)

    def finished(self) -> bool:
        return bool(self._inner.is_finished())


class _Zstd:
    """Fed in small slices, because one call decompresses all that it is given, without a bound of its own."""

    def __init__(self) -> None:
        self._context = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW)
        self._inner = self._context.decompressobj()

    def feed(self, data: bytes) -> Iterator[bytes]:
        for place in range(0, len(data), ZSTD_SLICE):
            piece = data[place : place + ZSTD_SLICE]
            while piece:
                if self._inner.eof:
                    self._inner = self._context.decompressobj()
                yield self._inner.decompress(piece)
                piece = self._inner.unused_data if self._inner.eof else b""

    def finished(self) -> bool:
        return bool(self._inner.eof)


def decode(body: bytes, encoding: str, limit: int, url: str = "") -> bytes:
    """Undo Content-Encoding (identity, gzip, deflate, br, zstd, or a list of them), never holding over `limit` bytes.

    Raises FetchError: too_large over the limit, decoding for an unknown, broken or cut-off stream.
    """
    names = [name.strip().lower() for name in encoding.split(",") if name.strip()]
    if len(names) > MAX_ENCODINGS:
        raise _undecodable(f"{len(names)} content encodings on top of each other", url)
    for name in reversed(names):
        body = _undo(body, name, limit, url)
    if len(body) > limit:
        raise too_large(limit, url)
    return body


def _undo(body: bytes, name: str, limit: int, url: str) -> bytes:
    decoder = _decoder(name, body, url)
    if decoder is None or not body:
        return body
    pieces: list[bytes] = []
    size = 0
    try:
        for piece in decoder.feed(body):
            size += len(piece)
            if size > limit:
                raise too_large(limit, url)
            pieces.append(piece)
    except (zlib.error, brotli.error, zstandard.ZstdError) as error:
        raise _undecodable(f"the {name} stream is broken: {error}", url) from error
    if not decoder.finished():
        raise _undecodable(f"the {name} stream ends in the middle", url)
    return b"".join(pieces)


def _decoder(name: str, body: bytes, url: str) -> _Decoder | None:
    match name:
        case "identity" | "none" | "utf-8":
            return None
        case "gzip" | "x-gzip":
            return _Zlib(zlib.MAX_WBITS | 16)
        case "deflate":
            return _Zlib(zlib.MAX_WBITS if _has_zlib_header(body) else -zlib.MAX_WBITS)
        case "br":
            return _Brotli()
        case "zstd":
            return _Zstd()
    raise _undecodable(f"content encoding {name[:40]!r} is unknown", url)


def _has_zlib_header(body: bytes) -> bool:
    return len(body) >= 2 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0


def _undecodable(words: str, url: str) -> FetchError:
    return FetchError(
        words, kind=FetchErrorKind.DECODING, where=redact(url), hint="the page cannot be read as it was sent"
    )


# --- waiting ---------------------------------------------------------------------------------------------------
