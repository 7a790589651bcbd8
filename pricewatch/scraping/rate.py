"""One polite rate a host, whoever asks: turns, waiting, and the memory of refusals."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

SLOWEST = 60.0
JITTER = 0.25


@dataclass(slots=True)
class Host:
    """What is known of one host and port; times are of the monotonic clock, in seconds.

    `slowness` multiplies the delay: it doubles with every 429 or 503 and shrinks only with good answers.
    """

    delay: float
    concurrency: int
    next_start: float = 0.0
    held_until: float = 0.0
    paused_until: float = 0.0
    slowness: float = 1.0
    paused_for: str = ""
    refusals: int = 0
    silences: int = 0
    requests: int = 0
    retries: int = 0
    turns: asyncio.Semaphore | None = None
    robots_lock: asyncio.Lock | None = None
    chance: random.Random = field(default_factory=random.SystemRandom)

    def reserve(self, now: float) -> float:
        """Take the next free start; it is never nearer to the one before than the delay, jitter comes on top."""
        start = max(now, self.next_start, self.held_until)
        gap = min(max(self.delay, 0.5 if self.slowness > 1 else 0.0) * self.slowness, max(SLOWEST, self.delay))
        self.next_start = start + gap * self.chance.uniform(1.0, 1.0 + JITTER)
        return start

    def hold(self, seconds: float, now: float) -> None:
        """Start no request for so long: Retry-After."""
        self.held_until = max(self.held_until, now + seconds)

    def slow_down(self) -> None:
        """The host is strained: double the delay."""
        self.slowness = min(self.slowness * 2, 64.0)

    def answered_well(self) -> None:
        """A good answer: come back to the plain delay little by little."""
        self.silences = 0
        self.slowness = max(1.0, self.slowness * 0.9)

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
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a free place and the next start, then hold the place."""
        if self.turns is None:
            self.turns = asyncio.Semaphore(self.concurrency)
        async with self.turns:
            start = self.reserve(time.monotonic())
            while (wait := max(start, self.held_until) - time.monotonic()) > 0:  # noqa: ASYNC110 a hold moves it
                await asyncio.sleep(wait)
            self.requests += 1
            yield

    def detach(self) -> None:
        """Forget what belongs to an event loop that ends."""
        self.turns = None
        self.robots_lock = None
