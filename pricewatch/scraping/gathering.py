"""Pages that wait for a parsing process go to it together: handing over costs as much as a small parse."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TypeAlias

from pricewatch.ports import Extraction, Page
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.pool import ParserPool

TOGETHER = 8
LARGE = 400_000  # bytes that go in one hand-over, unless one page is larger

_Waiting: TypeAlias = tuple[Page, SiteContext, "asyncio.Future[Extraction]"]


class Gathering:
    """Reads pages through a pool: at once while a process is free, together while all are busy."""

    def __init__(self, pool: ParserPool) -> None:
        self._pool = pool
        self._waiting: deque[_Waiting] = deque()
        self._handing: set[asyncio.Task[None]] = set()

    async def read(self, page: Page, site: SiteContext) -> Extraction:
        """Read one page; one that cannot be parsed has the verdict unreadable."""
        future: asyncio.Future[Extraction] = asyncio.get_running_loop().create_future()
        self._waiting.append((page, site, future))
        if len(self._handing) <= self._pool.workers:
            task = asyncio.create_task(self._hand_over())
            self._handing.add(task)
            task.add_done_callback(self._handing.discard)
        return await future

    async def _hand_over(self) -> None:
        while some := self._some():
            try:
                found = await self._pool.read_together([(page, site) for page, site, _ in some])
            except BaseException as error:
                for _, _, future in some:
                    if not future.done():
                        future.cancel() if isinstance(error, asyncio.CancelledError) else future.set_exception(error)
                if isinstance(error, asyncio.CancelledError):
                    raise
                continue
            for (_, _, future), extraction in zip(some, found, strict=True):
                with suppress(asyncio.InvalidStateError):  # its crawl was broken off
                    future.set_result(extraction)

    def _some(self) -> list[_Waiting]:
        some: list[_Waiting] = []
        size = 0
        while self._waiting and len(some) < TOGETHER and size < LARGE:
            waiting = self._waiting.popleft()
            if not waiting[2].done():
                some.append(waiting)
                size += len(waiting[0].body)
        return some
