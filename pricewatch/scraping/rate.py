"""One polite rate a host, whoever asks: turns, waiting, and the memory of refusals and of its ordinary speed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

SLOWEST = 60.0
JITTER = 0.25
MOST_SLOWNESS = 64.0
RECOVERY = 0.95
LATE = 3.0  # times the usual time to answer
LATE_SECONDS = 1.0  # quicker than this is never late
LATE_IN_A_ROW = 3


@dataclass(slots=True)
class Host:
    """What is known of one host and port; times are of the monotonic clock, in seconds.

    `slowness` multiplies the delay: it doubles with every 429, 503, refusal, timeout or run of late answers, and
    shrinks little by little with good and quick ones only; until then the delay counts as `strained` at least.
    `usual` is its ordinary time to answer.
    """

    delay: float
    concurrency: int
    strained: float = 0.5
    next_start: float = 0.0
    held_until: float = 0.0
    paused_until: float = 0.0
    slowness: float = 1.0
    usual: float = 0.0
    paused_for: str = ""
    refusals: int = 0
    silences: int = 0
    late: int = 0
    requests: int = 0
    retries: int = 0
    site: str = ""
    day: str = ""
    asked: int = 0
    turns: asyncio.Semaphore | None = None
    gate: asyncio.Lock | None = None
    robots_lock: asyncio.Lock | None = None
    chance: random.Random = field(default_factory=random.Random)

    def reserve(self, now: float) -> float:
        """Take the next free start; it is never nearer to the one before than the delay, jitter comes on top."""
        start = self.free_at(now)
        gap = min(max(self.delay, self.strained if self.slowness > 1 else 0.0) * self.slowness, self.longest_gap)
        self.next_start = start + gap * self.chance.uniform(1.0, 1.0 + JITTER)
        return start

    def free_at(self, now: float) -> float:
        """When the next request may start."""
        return max(now, self.next_start, self.held_until)

    @property
    def longest_gap(self) -> float:
        """The longest time between two starts, in seconds."""
        return max(SLOWEST, self.delay)

    def hold(self, seconds: float, now: float) -> None:
        """Start no request for so long: Retry-After."""
        self.held_until = max(self.held_until, now + seconds)

    def slow_down(self) -> None:
        """The host is strained: double the delay."""
        self.slowness = min(self.slowness * 2, MOST_SLOWNESS)

    def answered_well(self, seconds: float = 0.0) -> None:
        """A good answer after so many seconds: come back to the plain delay little by little, unless it was late."""
        self.silences = 0
        self.usual = self.usual or seconds
        if seconds > max(LATE_SECONDS, LATE * self.usual):
            self.late += 1
            if self.late >= LATE_IN_A_ROW:
                self.late = 0
                self.slow_down()
            return
        self.late = 0
        self.usual += (seconds - self.usual) * 0.1
        self.slowness = max(1.0, self.slowness * RECOVERY)

    def refused(self, now: float, *, limit: int, pause: float) -> bool:
        """A refusal (403, 429, challenge): after `limit` of them in a row the host is left alone for `pause`."""
        self.refusals += 1
        return self.refusals >= limit and self._pause(now, pause, "refuses us")

    def silent(self, now: float, *, limit: int, pause: float) -> bool:
        """No answer for a page: after `limit` of them in a row the host is left alone for `pause`."""
        self.silences += 1
        return self.silences >= limit and self._pause(now, pause, "does not answer")

    def _pause(self, now: float, pause: float, why: str) -> bool:
        self.paused_until, self.paused_for = max(self.paused_until, now + pause), why
        self.refusals = self.silences = 0
        return True

    def may_retry(self, budget: int) -> bool:
        """Say whether a retry fits into `budget` per cent of the requests; the first three always do."""
        return budget > 0 and self.retries < max(3, self.requests * budget // 100)

    @asynccontextmanager
    async def turn(self, patience: float = float("inf")) -> AsyncIterator[None]:
        """Wait for a free place and the next start, then hold the place; a hold over `patience` is not waited for."""
        if self.turns is None or self.gate is None:
            self.turns, self.gate = asyncio.Semaphore(self.concurrency), asyncio.Lock()
        async with self.turns:
            async with self.gate:  # one at a time, so that a start that comes late moves the next one
                await self._wait(patience)
                self.reserve(time.monotonic())
            yield

    async def _wait(self, patience: float) -> None:
        while (wait := self.free_at(now := time.monotonic()) - now) > 0:  # a hold may move it meanwhile
            if self.held_until - now > patience:
                return
            await asyncio.sleep(min(wait, 1.0))

    def detach(self) -> None:
        """Forget what belongs to an event loop that ends."""
        self.turns = self.gate = self.robots_lock = None
