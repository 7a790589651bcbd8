"""Strict marketplaces in memory, written from the published documentation: they refuse what the real ones refuse."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from pricewatch.channels.budgets import MemoryUsage
from pricewatch.channels.marketplaces.base import Reach


class FakeTime:
    """A clock that only moves when somebody sleeps or pushes it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def seconds(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def reach(transport: httpx.AsyncBaseTransport, time: FakeTime, *, currency: str = "PLN", **more: Any) -> Reach:
    """How a channel reaches a fake, in the fake's time."""
    return Reach(
        currency=currency,
        transport=transport,
        now=time.now,
        seconds=time.seconds,
        sleep=time.sleep,
        **{"usage": MemoryUsage(), **more},
    )


@dataclass
class Window:
    """A published limit: so many uses in any window of so many seconds; what goes over is a breach."""

    most: int
    seconds: float
    time: FakeTime
    uses: deque[float] = field(default_factory=deque)
    breaches: int = 0

    def take(self, amount: int = 1) -> bool:
        now = self.time.seconds()
        while self.uses and self.uses[0] <= now - self.seconds:
            self.uses.popleft()
        if len(self.uses) + amount > self.most:
            self.breaches += 1
            return False
        self.uses.extend([now] * amount)
        return True


@dataclass
class Bucket:
    """A published limit of a token bucket: `burst` at once, refilled by `rate` a second."""

    rate: float
    burst: int
    time: FakeTime
    breaches: int = 0
    tokens: float = -1.0
    last: float = 0.0

    def take(self) -> bool:
        now = self.time.seconds()
        full = self.tokens < 0
        self.tokens = self.burst if full else min(self.burst, self.tokens + (now - self.last) * self.rate)
        self.last = now
        if self.tokens < 1 - 1e-6:
            self.breaches += 1
            return False
        self.tokens -= 1
        return True


Check = Callable[[httpx.Request, httpx.Response], None]


class Server(httpx.AsyncBaseTransport):
    """A fake behind a transport: `checks` look at each request with its answer, such as the official specification."""

    def __init__(self, handle: Callable[[httpx.Request], httpx.Response]) -> None:
        self.handle = handle
        self.checks: list[Check] = []
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        response = self.handle(request)
        response.request = request
        for check in self.checks:
            check(request, response)
        return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(response.content))

    @property
    def app(self) -> Any:
        """The same fake as an ASGI app, over real HTTP."""

        async def app(scope: Mapping[str, Any], receive: Any, send: Any) -> None:
            await self._serve(scope, receive, send)

        return app

    async def _serve(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        query = scope["query_string"].decode()
        host = dict(scope["headers"])[b"host"].decode()
        url = f"http://{host}{scope['raw_path'].decode()}{'?' + query if query else ''}"
        reply = self.handle(httpx.Request(scope["method"], url, headers=scope["headers"], content=body))
        headers = [(k, v) for k, v in reply.headers.raw if k.lower() != b"content-length"]
        await send({"type": "http.response.start", "status": reply.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": reply.content})


def answer(status: int, body: Any = None, media: str = "application/json", **headers: str) -> httpx.Response:
    """An answer in JSON, amounts as exact numbers."""
    text = b"" if body is None else json.dumps(body, default=_number).encode()
    return httpx.Response(status, headers={"content-type": media, **headers}, content=text)


def _number(value: object) -> float:
    assert isinstance(value, Decimal)
    return float(value)


def asked(request: httpx.Request) -> Any:
    """A body in JSON with exact decimals."""
    return json.loads(request.content, parse_float=Decimal)


class TokenService:
    """OAuth 2: access tokens for known clients and refresh tokens; it may replace the refresh token with every use."""

    def __init__(self, *, rotate: bool = False, basic: bool = True) -> None:
        self.client, self.secret, self.refresh = "client-1", "secret-1", "refresh-1"
        self.rotate, self.basic = rotate, basic
        self.tokens: set[str] = set()
        self.given = 0

    def expire(self) -> None:
        """No access token that was given holds any more."""
        self.tokens.clear()

    def give(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        form = dict(httpx.QueryParams(request.content.decode()))
        if not self._known(request, form):
            return answer(401, {"error": "invalid_client", "error_description": "Bad client credentials"})
        if form["grant_type"] == "refresh_token" and form.get("refresh_token") != self.refresh:
            return answer(400, {"error": "invalid_grant", "error_description": "Invalid refresh token"})
        self.given += 1
        if self.rotate:
            self.refresh = f"refresh-{self.given + 1}"
        token = f"token-{self.given}"
        self.tokens.add(token)
        more = {"refresh_token": self.refresh} if self.rotate else {}
        return answer(200, {"access_token": token, "token_type": "bearer", "expires_in": 43_199, **more})

    def _known(self, request: httpx.Request, form: Mapping[str, str]) -> bool:
        if self.basic:
            return request.headers.get("authorization") == httpx.BasicAuth(self.client, self.secret)._auth_header
        return (form.get("client_id"), form.get("client_secret")) == (self.client, self.secret)

    def knows(self, request: httpx.Request, header: str = "authorization", prefix: str = "Bearer ") -> bool:
        return request.headers.get(header, "").removeprefix(prefix) in self.tokens
