"""One shop's HTTP API: paced, bounded, redacted, and its failures sorted into what they mean for a price."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import httpx

from pricewatch.domain.errors import (
    ChannelRefused,
    ChannelUnavailable,
    ChannelUnknown,
    ConfigError,
    FetchError,
    FetchErrorKind,
    PublishingStopped,
)
from pricewatch.pacing import retry_after
from pricewatch.redaction import redact
from pricewatch.wire import Bounds, Reply, exchange, open_client

Sign = Callable[[str, str, Mapping[str, str]], tuple[Mapping[str, str], Mapping[str, str]]]
"""From method, URL and query parameters: the headers and further parameters that prove who we are.

Secrets are looked up when a request is signed; a missing one raises ConfigError then.
"""


def unsigned(_method: str, _url: str, _params: Mapping[str, str]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What a request says of us where a Login proves who we are."""
    return {"accept": "application/json"}, {}


Words = Callable[[bytes], str]
"""The channel's own words from the body of an error."""

_LATER = "look at its own log; what waits goes out with the next `pricewatch verify`"
_PLAIN = "!$'()*,/:?@"  # what leaves unquoted in a query, however it was given: an address is signed as it is sent
BODY_LIMIT = 64 * 1024 * 1024
WORDS_LIMIT = 300


class Forbidden(ChannelUnavailable):
    """Our credentials were refused, for everything or for what was asked."""


class NotThere(ChannelRefused):
    """What was asked for does not exist there."""


class Taken(ChannelRefused):
    """What was sent stands in conflict with what is there, such as a number that was used before."""


_REFUSALS: Mapping[int, type[ChannelRefused]] = {404: NotThere, 409: Taken}


class Login(Protocol):
    """Proves who we are where that takes a request of its own, or the whole request that is proved."""

    async def headers(self, client: httpx.AsyncClient, method: str, url: str, body: bytes | None) -> Mapping[str, str]:
        """The headers for one request; raises ChannelUnavailable with what is wrong."""
        ...

    def forget(self) -> bool:
        """What was shown was refused: whether there is sense in showing something newer at once."""
        ...


class Turns(Protocol):
    """Says when the next request may leave."""

    async def turn(self) -> None:
        """Wait until then; raises ChannelUnavailable when that takes too long."""
        ...


class Pace:
    """At most `rate` requests a minute, evenly spaced."""

    def __init__(
        self,
        rate: int,
        *,
        seconds: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._gap = 60.0 / rate
        self._next = 0.0
        self._seconds = seconds
        self._sleep = sleep

    async def turn(self) -> None:
        """Wait until the next request may leave."""
        now = self._seconds()
        at = max(self._next, now)
        self._next = at + self._gap
        if at > now:
            await self._sleep(at - now)


class Api:
    """Requests to one shop: reads raise ChannelUnavailable or ChannelRefused, writes also ChannelUnknown."""

    def __init__(
        self,
        name: str,
        base: str,
        *,
        sign: Sign = unsigned,
        words: Words,
        rate: int,
        timeout: float,
        stopped: Callable[[], bool],
        transport: httpx.AsyncBaseTransport | None = None,
        login: Login | None = None,
        pace: Turns | None = None,
    ) -> None:
        self._name = name
        self._base = base
        self._login = login
        self._sign = sign
        self._words = words
        self._pace: Turns = pace or Pace(rate)
        self._bounds = Bounds(seconds=timeout, wire_bytes=BODY_LIMIT, body_bytes=BODY_LIMIT)
        self._stopped = stopped
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Reply:
        """Read; trouble on the way or on the other side means that the channel cannot be used now."""
        return await self._read("GET", path, params or {}, None, "")

    async def ask(self, path: str, body: bytes, content_type: str) -> Reply:
        """Read with a question in the body, as GraphQL and searches do: errors as with `get`."""
        return await self._read("POST", path, {}, body, content_type)

    async def _read(
        self, method: str, path: str, params: Mapping[str, str], body: bytes | None, content_type: str
    ) -> Reply:
        try:
            reply = await self._send(method, path, params, body, content_type)
        except FetchError as error:
            raise self._unavailable(f"{error.message} on reading {path}", error.hint) from error
        if reply.status >= 500:
            raise self._unavailable(
                f"answered {reply.status} on reading {path}: {self._said(reply)}", _LATER, reply=reply
            )
        return self._accepted(reply, path)

    async def write(self, method: str, path: str, body: bytes, content_type: str) -> Reply:
        """Write; without a clear answer the outcome is unknown. Raises PublishingStopped when the kill switch is on at
        the moment when the request would leave.
        """
        try:
            reply = await self._send(method, path, {}, body, content_type, writes=True)
        except FetchError as error:
            if error.kind in {FetchErrorKind.TLS, FetchErrorKind.ADDRESS}:
                raise self._unavailable(f"{error.message} on writing {path}", error.hint) from error
            raise ChannelUnknown(f"{error.message} after writing {path}", where=self._name) from error
        if reply.status >= 500 and not (reply.status == 503 and "retry-after" in reply.headers):
            raise ChannelUnknown(f"answered {reply.status} to writing {path}: {self._said(reply)}", where=self._name)
        return self._accepted(reply, path)

    async def elsewhere(self, method: str, url: str, body: bytes | None = None, content_type: str = "") -> bytes:
        """Fetch from or put to an address that the channel named, without showing who we are; anything but success is
        ChannelUnavailable.
        """
        if self._base.startswith("https://") and not url.startswith("https://"):
            raise self._unavailable("named an address that is not safe", "nothing was sent there")
        timeout = httpx.Timeout(self._bounds.seconds)
        headers = {"content-type": content_type} if body is not None else {}
        try:
            request = self._open().build_request(method, url, content=body, headers=headers, timeout=timeout)
            reply = await exchange(self._open(), request, self._bounds)
        except (FetchError, httpx.InvalidURL) as error:
            raise self._unavailable(f"{redact(str(error))} at the address that it named") from error
        if not 200 <= reply.status < 300:
            raise self._unavailable(f"the address that it named answered {reply.status}", _LATER, reply=reply)
        return reply.body

    async def close(self) -> None:
        """Let go of all connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: bytes | None,
        content_type: str,
        *,
        writes: bool = False,
    ) -> Reply:
        reply = await self._once(method, path, params, body, content_type, writes=writes)
        if reply.status in {401, 403} and self._login is not None and self._login.forget():
            reply = await self._once(method, path, params, body, content_type, writes=writes)
        return reply

    async def _once(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: bytes | None,
        content_type: str,
        *,
        writes: bool,
    ) -> Reply:
        await self._pace.turn()
        url = f"{self._base}/{path}"
        headers, more = self._signed(method, url, params)
        query = urlencode({**params, **more}, quote_via=quote, safe=_PLAIN)
        url = f"{url}?{query}" if query else url
        client = self._open()
        if self._login is not None:
            headers = {**headers, **await self._login.headers(client, method, url, body)}
        if body is not None:
            headers = {**headers, "content-type": content_type}
        if writes and self._stopped():
            raise PublishingStopped(
                f"publishing is stopped, {path} on {self._name} was not written",
                hint="look at `pricewatch status`, then `pricewatch resume`",
            )
        timeout = httpx.Timeout(self._bounds.seconds)
        request = client.build_request(method, url, content=body, headers=headers, timeout=timeout)
        return await exchange(client, request, self._bounds)

    def _signed(self, method: str, url: str, params: Mapping[str, str]) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Prove who we are; a secret that is not there stops this channel before anything leaves, and no other."""
        try:
            return self._sign(method, url, params)
        except ConfigError as error:
            missing = error.problems[0]
            raise self._unavailable(f"{missing.file}: {missing.message}", missing.hint) from error

    def _open(self) -> httpx.AsyncClient:
        """The connections of this event loop; those of an earlier one ended with it."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._client = open_client(user_agent=f"pricewatch/{version('pricewatch')}", transport=self._transport)
            self._loop = loop
        return self._client

    def _accepted(self, reply: Reply, path: str) -> Reply:
        if 200 <= reply.status < 300:
            return reply
        said = self._said(reply)
        if reply.status in {401, 403}:
            message = f"refused our credentials ({reply.status}): {said}"
            hint = "check the channel's keys and what they may do, then `pricewatch channel test`"
            raise Forbidden(message, where=self._name, hint=hint)
        if reply.status in {429, 503}:
            hint = "what waits goes out with the next `pricewatch verify`; a lower rate on the channel asks less often"
            raise self._unavailable(f"asked us to wait ({reply.status}): {said}", hint, reply=reply)
        if 300 <= reply.status < 400:
            target = reply.headers.get("location", "")[:WORDS_LIMIT]
            raise self._unavailable(f"redirects to {target!r}", "set the channel's url to where it really is")
        refusal = _REFUSALS.get(reply.status, ChannelRefused)
        raise refusal(f"{path}: {reply.status}: {said}", where=self._name)

    def _said(self, reply: Reply) -> str:
        try:
            words = self._words(reply.body)
        except (ValueError, LookupError, TypeError):
            words = ""
        return words[:WORDS_LIMIT] or "no reason given"

    def _unavailable(self, message: str, hint: str = "", *, reply: Reply | None = None) -> ChannelUnavailable:
        wait = retry_after(reply.headers.get("retry-after"), datetime.now(UTC)) if reply else None
        return ChannelUnavailable(message, where=self._name, hint=hint, retry_after=wait)


def parse_json(body: bytes) -> Any:
    """Read JSON with exact decimals; raises ValueError, also for NaN and infinity, which JSON has not."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except (UnicodeDecodeError, RecursionError) as error:
        raise ValueError("not JSON") from error


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def parsed(body: bytes) -> object:
    """Read JSON with exact decimals; None for anything else."""
    try:
        answer: object = parse_json(body)
    except ValueError:
        return None
    return answer


def render_json(value: object) -> bytes:
    """Write JSON with exact decimals, which `json` cannot: a Decimal becomes a number with the digits that it has."""
    return _rendered(value).encode()


def _rendered(value: object) -> str:
    match value:
        case Decimal():
            return f"{value:f}"
        case Mapping():
            return f"{{{','.join(f'{json.dumps(str(k))}:{_rendered(v)}' for k, v in value.items())}}}"
        case list() | tuple():
            return f"[{','.join(map(_rendered, value))}]"
        case _:
            return json.dumps(value)
