"""Pages are parsed in worker processes that can be killed: hostile HTML keeps a parser busy for minutes."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import BaseContext
from typing import Any, Self, TypeAlias, TypeVar
from weakref import WeakSet

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from pricewatch.domain.errors import FetchError, FetchErrorKind, PricewatchError
from pricewatch.domain.offer import Verdict
from pricewatch.ports import Extraction, Page
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.extract.page import extract_page
from pricewatch.scraping.worker import ParserTrouble, call, prepare, read_all

T = TypeVar("T")

PRELOAD = [f"pricewatch.scraping.{name}" for name in ("extract.page", "links", "worker", "forked")]
ENDING = 15.0  # seconds after which nobody waits for workers to end: they end with the program
AHEAD = 4  # pages handed out per worker before the first answer is waited for
PATIENCE = 60.0  # seconds after which workers that say nothing count as lost
STARTS = 2  # times that all workers may be lost one after the other before it is no use

Read = Callable[[Page, SiteContext], Extraction]
_Handed: TypeAlias = tuple[ProcessPool, "ProcessFuture[Any]"]


class ParserPool:
    """Parsing processes, started by the first page; a page that takes too long costs its worker, nothing else.

    `workers` 0 is one a core; `timeout` is in seconds a page; `read` is a module-level function. Close it when done.
    Workers that cannot start, or are lost without a word within `patience` seconds, are started anew once; then every
    call raises PricewatchError: it is not the page's fault.
    """

    def __init__(
        self, workers: int = 0, timeout: float = 10.0, read: Read = extract_page, patience: float = PATIENCE
    ) -> None:
        self.workers = workers or _cores()
        self._timeout = timeout
        self._read = read
        self._patience = patience
        self._heard = 0.0
        self._losses = 0
        self._lost: WeakSet[ProcessPool] = WeakSet()
        self._pool: ProcessPool | None = None
        self._open: WeakSet[ProcessFuture[Any]] = WeakSet()
        self._starting = threading.Lock()

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Call a module-level function in a worker; raises FetchError (kind parser) when it hangs, dies or raises."""
        while self._losses < STARTS:
            if self._pool is None:  # starting takes seconds on a busy machine: answers of servers would seem late
                await asyncio.to_thread(self._start)
            pool, future = self._hand(function, *args)
            answer = asyncio.wrap_future(future)
            try:
                while not (await asyncio.wait((answer,), timeout=self._patience))[0]:
                    self._listen(pool, future)
            finally:
                answer.cancel()  # when nobody waits for it any more
            try:
                taken: T = answer.result()
            except BrokenProcessPool:
                self._lose(pool)
            except asyncio.CancelledError:
                if pool not in self._lost:
                    raise
            except (TimeoutError, ProcessExpired, ParserTrouble, RuntimeError) as error:
                raise _failure(error, self._timeout) from error
            else:
                self._losses = 0
                return taken
        raise _no_workers()

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
        waiting: deque[tuple[_Handed, Page, SiteContext]] = deque()
        for page, site in pages:
            waiting.append((self._hand(self._read, page, site), page, site))
            if len(waiting) >= AHEAD * self.workers:
                yield self._answer(*waiting.popleft())
        while waiting:
            yield self._answer(*waiting.popleft())

    def close(self) -> None:
        """Stop all workers at once; they start again when the pool is used again."""
        with self._starting:
            pool, self._pool, self._losses = self._pool, None, 0
        for future in tuple(self._open):  # a stopped pool leaves some of them unanswered for ever
            future.cancel()  # type: ignore[no-untyped-call]
        if pool is not None:
            _let_end(pool).join(ENDING)  # whatever keeps a pool from ending must not keep the program

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self, handed: _Handed, page: Page, site: SiteContext) -> Extraction:
        while self._losses < STARTS:
            pool, future = handed
            while not wait((future,), timeout=self._patience).done:
                self._listen(pool, future)
            try:
                extraction: Extraction = future.result()
            except (BrokenProcessPool, CancelledError):
                self._lose(pool)
                handed = self._hand(self._read, page, site)
            except (TimeoutError, ProcessExpired, ParserTrouble, RuntimeError) as error:
                return _unreadable(_failure(error, self._timeout))
            else:
                self._losses = 0
                return extraction
        raise _no_workers()

    # --- workers that are lost ---

    def _listen(self, pool: ProcessPool, future: ProcessFuture[Any]) -> None:
        """Give a pool up that has said nothing for too long: its workers never came up, or an answer went missing."""
        busy = any(each.running() for each in tuple(self._open))
        if time.monotonic() - self._heard > self._patience + (self._timeout if busy else 0.0):
            self._lose(pool)
            future.cancel()  # type: ignore[no-untyped-call]

    def _lose(self, pool: ProcessPool) -> None:
        """Let go of a pool that does not work, once; whoever waits for it is told."""
        with self._starting:
            if self._pool is not pool:
                return
            self._pool = None
            self._losses += 1
            self._lost.add(pool)
            waiting = tuple(self._open)
        for future in waiting:
            future.cancel()  # type: ignore[no-untyped-call]
        _let_end(pool)

    def _hear(self, _: object = None) -> None:
        self._heard = time.monotonic()

    def _start(self) -> None:
        with self._starting:
            self._running()

    def _submit(self, function: Callable[..., T], *args: Any) -> ProcessFuture[T]:
        return self._hand(function, *args)[1]

    def _hand(self, function: Callable[..., Any], *args: Any) -> _Handed:
        with self._starting:
            pool = self._running()
            future = pool.schedule(call, args=(self._timeout, function, *args), timeout=self._timeout)
            if all(each.done() for each in self._open):
                self._hear()
            self._open.add(future)
        future.add_done_callback(self._hear)
        return pool, future

    def _running(self) -> ProcessPool:
        if self._pool is None or not self._pool.active:
            pool = ProcessPool(self.workers, initializer=prepare, context=_context())
            _ = pool.active  # asking starts its processes
            self._pool = pool  # from here on nobody waits for the start
        return self._pool


def _let_end(pool: ProcessPool) -> threading.Thread:
    ending = threading.Thread(target=_end, args=(pool,), daemon=True)
    ending.start()
    return ending


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


def _no_workers() -> PricewatchError:
    return PricewatchError(
        "the processes that read pages cannot be started, or end at once",
        hint="what they print says why; see that memory and processes are left, that the program is a file of its own, "
        "and that pricewatch was not changed while it ran; then start it again",
    )


def _unreadable(error: FetchError) -> Extraction:
    return Extraction(Verdict.UNREADABLE, message=error.message)
