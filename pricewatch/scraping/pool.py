"""Pages are parsed in worker processes that can be killed: hostile HTML keeps a parser busy for minutes."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import BaseContext
from typing import Any, Self, TypeVar
from weakref import WeakSet

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from pricewatch.domain.errors import FetchError, FetchErrorKind
from pricewatch.domain.offer import Verdict
from pricewatch.ports import Extraction, Page
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.extract.page import extract_page
from pricewatch.scraping.worker import ParserTrouble, call, prepare, read_all

T = TypeVar("T")

PRELOAD = [f"pricewatch.scraping.{name}" for name in ("extract.page", "links", "worker", "forked")]
ENDING = 15.0  # seconds after which nobody waits for workers to end: they end with the program
AHEAD = 4  # pages handed out per worker before the first answer is waited for

Read = Callable[[Page, SiteContext], Extraction]


class ParserPool:
    """Parsing processes, started by the first page; a page that takes too long costs its worker, nothing else.

    `workers` 0 is one a core; `timeout` is in seconds a page; `read` is a module-level function. Close it when done.
    """

    def __init__(self, workers: int = 0, timeout: float = 10.0, read: Read = extract_page) -> None:
        self.workers = workers or _cores()
        self._timeout = timeout
        self._read = read
        self._pool: ProcessPool | None = None
        self._open: WeakSet[ProcessFuture[Any]] = WeakSet()
        self._starting = threading.Lock()

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Call a module-level function in a worker; raises FetchError (kind parser) when it hangs, dies or raises."""
        if self._pool is None:  # starting takes seconds on a busy machine: answers of servers would seem late
            await asyncio.to_thread(self._start)
        future = self._submit(function, *args)
        try:
            return await asyncio.wrap_future(future)
        except (TimeoutError, ProcessExpired, ParserTrouble, RuntimeError) as error:
            raise _failure(error, self._timeout) from error

    async def read(self, page: Page, site: SiteContext) -> Extraction:
        """Read one page; one that cannot be parsed has the verdict unreadable."""
        try:
            return await self.run(self._read, page, site)
        except FetchError as error:
            return _unreadable(error)

    async def read_together(self, pages: Sequence[tuple[Page, SiteContext]]) -> Sequence[Extraction]:
        """Read a few pages in one go; when one of them stops the worker, each is read alone."""
        if len(pages) > 1:
            try:
                return await self.run(read_all, self._read, pages)
            except FetchError:
                pass
        return [await self.read(page, site) for page, site in pages]

    def read_many(self, pages: Iterable[tuple[Page, SiteContext]]) -> Iterator[Extraction]:
        """Read pages in all workers; answers come in the order of the pages, of which few are held at a time."""
        waiting: deque[ProcessFuture[Extraction]] = deque()
        for page, site in pages:
            waiting.append(self._submit(self._read, page, site))
            if len(waiting) >= AHEAD * self.workers:
                yield self._answer(waiting.popleft())
        while waiting:
            yield self._answer(waiting.popleft())

    def close(self) -> None:
        """Stop all workers at once; they start again when the pool is used again."""
        with self._starting:
            pool, self._pool = self._pool, None
        for future in tuple(self._open):  # a stopped pool leaves some of them unanswered for ever
            future.cancel()  # type: ignore[no-untyped-call]
        if pool is not None:
            ending = threading.Thread(target=_end, args=(pool,), daemon=True)
            ending.start()
            ending.join(ENDING)  # whatever keeps a pool from ending must not keep the program

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self, future: ProcessFuture[Extraction]) -> Extraction:
        try:
            return future.result()
        except (TimeoutError, ProcessExpired, ParserTrouble, RuntimeError) as error:
            return _unreadable(_failure(error, self._timeout))

    def _start(self) -> None:
        with self._starting:
            self._running()

    def _submit(self, function: Callable[..., T], *args: Any) -> ProcessFuture[T]:
        with self._starting:
            future = self._running().schedule(call, args=(self._timeout, function, *args), timeout=self._timeout)
            self._open.add(future)
            return future

    def _running(self) -> ProcessPool:
        if self._pool is None or not self._pool.active:
            pool = ProcessPool(self.workers, initializer=prepare, context=_context())
            _ = pool.active  # asking starts its processes
            self._pool = pool  # from here on nobody waits for the start
        return self._pool


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _context() -> BaseContext:
    """Fork from a small server that has the parser loaded: quick to replace, and safe beside threads and loops."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    resource_tracker.ensure_running()  # it unblocks the signal when it starts, so it must be there before
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()  # what it starts inherits the mask: Ctrl-C is for the main process to handle
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return context


def _failure(error: Exception, timeout: float) -> FetchError:
    if isinstance(error, TimeoutError):
        words = f"the page kept the parser busy for over {timeout:g} s"
    elif isinstance(error, ProcessExpired):
        words = "the page killed its parser"
    else:
        words = f"the parser failed: {error}"
    return FetchError(words, kind=FetchErrorKind.PARSER, hint="look at the page; it may be hostile or broken")


def _unreadable(error: FetchError) -> Extraction:
    return Extraction(Verdict.UNREADABLE, message=error.message)
