"""One guarded way to the hosts: whole answers over aiohttp for pages, the same sockets behind a client for APIs."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from functools import lru_cache

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver
from httpx_aiohttp import AiohttpTransport
from yarl import URL

from pricewatch.domain.errors import FetchError, FetchErrorKind
from pricewatch.redaction import redact
from pricewatch.scraping.guard import guarded_session, refusal
from pricewatch.scraping.settings import ScrapingSettings
from pricewatch.wire import ACCEPT_ENCODING, Bounds, Reply, decode, failure, open_client, tls, too_large

_AS_IT_IS = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")  # what an address is made of: nothing to quote


class Line:
    """The open connections of one event loop behind one guard; `private` lets private addresses pass it."""

    def __init__(self, settings: ScrapingSettings, resolver: AbstractResolver | None, *, private: bool) -> None:
        self._settings = settings
        self._session = guarded_session(private=private, connections=settings.max_connections, resolver=resolver)
        self._ours = {"User-Agent": settings.identity, "Accept-Encoding": ACCEPT_ENCODING}
        self._client: httpx.AsyncClient | None = None

    async def get(self, url: str, headers: Mapping[str, str], bounds: Bounds) -> Reply:
        """Get one answer within bounds; raises FetchError with its kind."""
        started = time.monotonic()
        try:
            async with self._session.get(
                _address(url),
                headers={**self._ours, **headers},
                allow_redirects=False,
                timeout=_timeout(self._settings.connect_timeout, self._settings.read_timeout, bounds.seconds),
            ) as response:
                raw = await _body(response, bounds, url)
        except (aiohttp.ClientError, OSError) as error:
            raise failure(error, url) from error
        found = _headers(response.raw_headers)
        body = decode(raw, found.get("content-encoding", ""), bounds.body_bytes, url)
        return Reply(url, response.status, found, body, time.monotonic() - started)

    @property
    def client(self) -> httpx.AsyncClient:
        """A client over the same connections, for requests that are not pages."""
        if self._client is None:
            timeout = httpx.Timeout(self._settings.read_timeout, connect=self._settings.connect_timeout, pool=None)
            self._client = open_client(
                user_agent=self._settings.identity,
                transport=AiohttpTransport(verify=tls(), client=self._session),
                timeout=timeout,
            )
        return self._client

    async def close(self) -> None:
        """Let go of all connections."""
        try:
            if self._client is not None:
                await self._client.aclose()
        finally:
            await self._session.close()


@lru_cache(maxsize=32)
def _timeout(connect: float, read: float, total: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total, sock_connect=connect, sock_read=read, ceil_threshold=1_000_000)


def _address(url: str) -> URL:
    try:
        return URL(url, encoded=_AS_IT_IS.fullmatch(url) is not None)
    except ValueError as error:
        raise no_address(url) from error


def no_address(url: str) -> FetchError:
    """The error for a text that is no web address."""
    return FetchError(
        "this is no web address", kind=FetchErrorKind.ADDRESS, where=redact(url), hint="write it as https://…"
    )


async def _body(response: aiohttp.ClientResponse, bounds: Bounds, url: str) -> bytes:
    """Collect the body as it comes over the wire; a stated length over the bound is refused before reading."""
    stated = response.headers.get("Content-Length", "")
    if stated.isdecimal() and len(stated) < 20 and int(stated) > bounds.wire_bytes:
        response.close()
        raise too_large(bounds.wire_bytes, url)
    pieces: list[bytes] = []
    size = 0
    while piece := await response.content.readany():
        size += len(piece)
        if size > bounds.wire_bytes:
            response.close()
            raise too_large(bounds.wire_bytes, url)
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _headers(raw: tuple[tuple[bytes, bytes], ...]) -> dict[str, str]:
    """Names in lower case, repeated ones joined by a comma; bytes that are no UTF-8 count as Latin-1."""
    found: dict[str, str] = {}
    for key, value in raw:
        name, text = key.decode("latin-1").lower(), _text(value)
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def refusal_of(error: FetchError, url: str) -> FetchError | None:
    """The guard's refusal behind a connection error, in words; None when it is another one."""
    refused = refusal(error)
    if refused is None:
        return None
    return FetchError(
        f"{refused.address} is a private or reserved address",
        kind=FetchErrorKind.ADDRESS,
        where=url,
        hint="only a site definition with allow_private = true may read such pages, on its own domains; "
        "`site new --allow-private` writes one",
    )
