"""The one way out for a browser: a proxy on loopback that resolves names itself and connects to allowed addresses only.

A page, whatever its scripts do, cannot reach an address that pages may not be read from: not by name, redirect,
WebSocket or a name that resolves differently the second time, for the address that is checked is the one connected to.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver

from pricewatch.scraping.guard import open_socket
from pricewatch.scraping.site import SiteDefinition

HEAD_BYTES = 65_536
HEAD_SECONDS = 20.0
CONNECT_SECONDS = 15.0
STEP = 65_536
DROPPED = ("proxy-", "connection:", "keep-alive:", "upgrade-insecure")


@dataclass(slots=True)
class Pass:
    """What one page may use of the proxy: the site decides on private addresses, `bytes_left` shrinks with answers."""

    site: SiteDefinition
    bytes_left: int
    name: str = field(default_factory=lambda: secrets.token_hex(8))
    word: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    refused: list[str] = field(default_factory=list)


class _Refused(Exception):
    """The proxy does not connect there; its text is the answer's status line."""


class GuardingProxy:
    """Runs while inside `opened`; only holders of a pass are let through."""

    def __init__(self, resolver: Callable[[], AbstractResolver | None] = lambda: None) -> None:
        self._make_resolver = resolver
        self._resolver: AbstractResolver | None = None
        self._passes: dict[str, Pass] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.address = ""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[GuardingProxy]:
        """Listen on a free port of loopback."""
        self._resolver = self._make_resolver() or ThreadedResolver()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=HEAD_BYTES)
        self.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._resolver.close()

    def admit(self, holder: Pass) -> None:
        """Let a page through."""
        self._passes[f"{holder.name}:{holder.word}"] = holder

    def dismiss(self, holder: Pass) -> None:
        """Let it through no longer."""
        self._passes.pop(f"{holder.name}:{holder.word}", None)
        holder.bytes_left = 0

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except _Refused as refused:
            with contextlib.suppress(OSError):
                writer.write(f"HTTP/1.1 {refused}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode("latin-1"))
                await writer.drain()
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the page sees a broken connection
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(HEAD_SECONDS):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        holder = self._holder(headers.get("proxy-authorization", ""))
        url = f"https://{target}" if method == "CONNECT" else target
        parts = urlsplit(url)
        if not parts.hostname or parts.scheme not in ("http", "https"):
            raise _Refused("400 Bad Request")
        port = parts.port or (443 if method == "CONNECT" else 80)
        out_reader, out_writer = await self._connect(holder, url, parts.hostname, port)
        try:
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _both(_pipe(reader, out_writer), _pipe(out_reader, writer, holder))
            else:
                path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
                kept = [line for line in lines if line and not line.lower().startswith(DROPPED)]
                request = "\r\n".join([f"{method} {path} HTTP/1.1", *kept, "Connection: close", "", ""])
                out_writer.write(request.encode("latin-1"))
                length = headers.get("content-length", "0")
                # Exactly one request goes over one connection: the next one may be for another host.
                await _pipe(reader, out_writer, most=int(length) if length.isdecimal() else 0, close=False)
                await _pipe(out_reader, writer, holder)
        finally:
            out_writer.close()

    def _holder(self, credentials: str) -> Pass:
        kind, _, value = credentials.partition(" ")
        with contextlib.suppress(ValueError):
            if kind.lower() == "basic":
                holder = self._passes.get(base64.b64decode(value).decode("latin-1"))
                if holder is not None:
                    return holder
        raise _Refused('407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="pricewatch"')

    async def _connect(
        self, holder: Pass, url: str, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        assert self._resolver is not None
        private = holder.site.allow_private and holder.site.match(url)
        loop = asyncio.get_running_loop()
        try:
            found = await self._resolver.resolve(host, port, socket.AF_UNSPEC)
            for each in found[:4]:
                place = (each["host"], each["port"])
                sock = open_socket((each["family"], socket.SOCK_STREAM, 0, "", place), private=private)
                sock.setblocking(False)
                try:
                    async with asyncio.timeout(CONNECT_SECONDS):
                        await loop.sock_connect(sock, place)
                except OSError:
                    sock.close()
                    continue
                return await asyncio.open_connection(sock=sock)
        except OSError:
            pass
        holder.refused.append(f"{host}:{port}")
        raise _Refused("502 Bad Gateway")


async def _pipe(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    holder: Pass | None = None,
    *,
    most: int | None = None,
    close: bool = True,
) -> None:
    """Copy until the end, `most` bytes, or the end of the page's allowance."""
    while most is None or most > 0:
        data = await reader.read(STEP if most is None else min(STEP, most))
        if not data:
            break
        if holder is not None:
            holder.bytes_left -= len(data)
            if holder.bytes_left < 0:
                break
        most = None if most is None else most - len(data)
        writer.write(data)
        await writer.drain()
    if close and writer.can_write_eof():
        with contextlib.suppress(OSError):
            writer.write_eof()


async def _both(one: Coroutine[Any, Any, None], other: Coroutine[Any, Any, None]) -> None:
    """Run both directions of a tunnel; when the answers end, so does the tunnel."""
    up, down = asyncio.ensure_future(one), asyncio.ensure_future(other)
    try:
        await down
    finally:
        up.cancel()
        down.cancel()
        await asyncio.gather(up, down, return_exceptions=True)
