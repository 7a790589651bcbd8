"""Stand-ins for tests of pricewatch and of plug-ins: a clock that stands still, a store in memory, a shop of paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pricewatch.ports import Clock, Page, Target
from pricewatch.store.database import memory_database, utc_now
from pricewatch.store.migrations import HEAD
from pricewatch.store.sql import SqlStore
from pricewatch.store.tables import create_all


class FixedClock:
    """A clock that tells the same time until it is moved."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a clock tells aware times; add tzinfo=UTC")
        self._at = at

    def now(self) -> datetime:
        """The time it was set to."""
        return self._at

    def set(self, at: datetime) -> None:
        """Set it to a time."""
        self._at = at

    def advance(self, **amount: float) -> datetime:
        """Move it on, as in `advance(hours=1)`; returns the new time."""
        self._at += timedelta(**amount)
        return self._at


class MemoryStore(SqlStore):
    """The real store on a database that lives as long as this object; its tables are there at once."""

    def __init__(self, clock: Clock | None = None) -> None:
        database = memory_database(now=clock.now if clock else utc_now)
        with database.bare() as connection:
            create_all(connection, HEAD)
        super().__init__(database)


@dataclass
class FakeShop:
    """A web shop as an ASGI app: pages by path, and a log of what was asked.

    Give `transport` to whatever takes an httpx transport (channels do), or use the shop itself as a Fetcher.
    A page is HTML, or a whole Starlette response; paths that it does not have answer 404.
    """

    clock: Clock
    pages: dict[str, str | Response] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        """An httpx transport whose every host is this shop."""
        return httpx.ASGITransport(app=self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        self.asked.append(f"{request.method} {request.url.path}")
        page = self.pages.get(request.url.path, Response(status_code=404))
        response = page if isinstance(page, Response) else Response(page, media_type="text/html")
        await response(scope, receive, send)

    async def fetch(self, target: Target) -> Page:
        """Get one page, as the Fetcher port says."""
        async with httpx.AsyncClient(transport=self.transport) as client:
            answer = await client.get(target.url)
        headers: Mapping[str, str] = {name.lower(): value for name, value in answer.headers.items()}
        return Page(target.url, str(answer.url), answer.status_code, headers, answer.content, self.clock.now())

    async def close(self) -> None:
        """There is nothing to let go of."""
