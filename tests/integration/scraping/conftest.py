"""A small HTTP server on loopback that can misbehave in every way, and a fetcher pointed at it."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver

from pricewatch.ports import HostStore
from pricewatch.scraping.client import HttpFetcher
from pricewatch.scraping.settings import ScrapingSettings
from pricewatch.scraping.site import SiteDefinition


@dataclass
class Request:
    """One request as the server got it; `at` is the monotonic time of its arrival."""

    path: str
    headers: Mapping[str, str]
    at: float


@dataclass
class Answer:
    """What the server says; `raw` is sent as it is, without a head, and a callable writes for itself."""

    status: int = 200
    body: bytes = b"<html></html>"
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""
    write: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None


Route = Answer | Callable[[Request], Answer]


@dataclass
class Server:
    """The running server: its routes may be changed at any time, its log is the truth of what was asked."""

    port: int
    routes: dict[str, Route]
    log: list[Request] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.log if request.path == path]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.partition(":") for line in head[1:] if line)
            request = Request(head[0].split(" ")[1], {k.lower(): v.strip() for k, _, v in pairs}, time.monotonic())
            self.log.append(request)
            route = self.routes.get(request.path, Answer(404, b"not here"))
            await self.answer(route(request) if callable(route) else route, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, answer: Answer, writer: asyncio.StreamWriter) -> None:
        if answer.write:
            await answer.write(writer)
        elif answer.raw:
            writer.write(answer.raw)
        else:
            headers = {"content-type": "text/html; charset=utf-8", "content-length": str(len(answer.body))}
            lines = [f"{k}: {v}" for k, v in (headers | answer.headers | {"connection": "close"}).items()]
            head = "\r\n".join([f"HTTP/1.1 {answer.status} X", *lines, "", ""])
            writer.write(head.encode("latin-1") + answer.body)
        await writer.drain()


class Everywhere(AbstractResolver):
    """Resolves every name to loopback, or to the addresses given for it."""

    def __init__(self, addresses: Mapping[str, list[str]] | None = None) -> None:
        self.addresses = addresses or {}
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> Any:
        self.asked.append(host)
        return [self._info(host, port, address) for address in self.addresses.get(host, ["127.0.0.1"])]

    def _info(self, host: str, port: int, address: str) -> dict[str, Any]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return {"hostname": host, "host": address, "port": port, "family": family, "proto": 0, "flags": 0}

    async def close(self) -> None:
        pass


class Now:
    """A clock that tells the real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


QUICK: dict[str, Any] = {
    "user_agent": "pricewatch/9",
    "contact": "https://ours.example/bot",
    "delay": 0,
    "concurrency": 4,
    "retry_delay": 0.01,
    "retry_delay_cap": 5,
    "total_timeout": 10,
    "workers": 1,
}


def site(name: str = "shop", **keys: Any) -> SiteDefinition:
    """A definition of the loopback server; `crawl` keys may be given as a mapping."""
    return SiteDefinition.model_validate(
        {"name": name, "domains": ["127.0.0.1"], "allow_private": True, "currency": "PLN", **keys}
    )


def fetcher(
    *sites: SiteDefinition, resolver: AbstractResolver | None = None, memory: HostStore | None = None, **keys: Any
) -> HttpFetcher:
    """A fetcher that waits as little as the test needs; by default one site that may be on loopback."""
    settings = ScrapingSettings.model_validate(QUICK | keys)
    chosen = sites or (site(),)
    return HttpFetcher(settings, {s.name: s for s in chosen}, Now(), memory=memory, resolver=lambda: resolver)


@asynccontextmanager
async def serve(routes: dict[str, Route] | None = None) -> AsyncIterator[Server]:
    """Run the server; without a route of its own /robots.txt is 404."""
    server = Server(0, dict(routes or {}))
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()


class Lab:
    """Everything that a test of the client needs, under short names."""

    Answer = Answer
    Everywhere = Everywhere
    Now = Now
    Request = Request
    Server = Server
    serve = staticmethod(serve)
    fetcher = staticmethod(fetcher)
    site = staticmethod(site)


@pytest.fixture
def lab() -> type[Lab]:
    return Lab


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
