"""Faults that real channels have, injected into a demo server by a seeded schedule."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

MARK = "pricewatch.fault"


class Fault(StrEnum):
    """What goes wrong with one request; `*_after` means that the write was applied all the same."""

    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    TOO_MANY = "too_many"
    SLOW = "slow"
    STALE = "stale"  # a read shows what was there before the last write
    PARTIAL = "partial"  # a batch is applied in part, then fails
    LIE = "lie"  # accepted, never applied
    LATE = "late"  # accepted, applied later


WRITE_ONLY = frozenset({Fault.PARTIAL, Fault.LIE, Fault.LATE})
READ_ONLY = frozenset({Fault.STALE})
_UNANSWERED = frozenset({Fault.HANG_AFTER, Fault.ERROR_AFTER, Fault.RESET_AFTER, Fault.PARTIAL})


@dataclass(slots=True)
class FaultSchedule:
    """Draws a fault for each request: chances are in percent; `hang` and `slow` in seconds.

    `next_write` and `next_read` are faults to come first, in order, whatever the chances.
    """

    seed: int = 0
    chances: Mapping[Fault, int] = field(default_factory=dict)
    hang: float = 5.0
    slow: float = 0.05
    next_write: list[Fault] = field(default_factory=list)
    next_read: list[Fault] = field(default_factory=list)
    drawn: list[Fault] = field(default_factory=list)
    _random: Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)

    def draw(self, *, write: bool) -> Fault | None:
        """The fault of the next request, or None."""
        planned = self.next_write if write else self.next_read
        fault = planned.pop(0) if planned else self._chance(write=write)
        if fault is not None:
            self.drawn.append(fault)
        return fault

    def stop(self) -> None:
        """No more faults from now on."""
        self.chances = {}
        self.next_write.clear()
        self.next_read.clear()

    def _chance(self, *, write: bool) -> Fault | None:
        roll = self._random.randrange(100)
        for fault, chance in self.chances.items():
            if roll < chance:
                return None if fault in (READ_ONLY if write else WRITE_ONLY) else fault
            roll -= chance
        return None


class FaultyApp:
    """An ASGI app whose requests go wrong by schedule; what the app has to know of it stands in the scope."""

    def __init__(self, app: ASGIApp, schedule: FaultSchedule) -> None:
        self._app = app
        self._schedule = schedule

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or fail in the way that was drawn."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        fault = self._schedule.draw(write=scope["method"] != "GET")
        scope[MARK] = fault
        if fault is Fault.TOO_MANY:
            answer = PlainTextResponse("too many requests", 429, {"retry-after": "1"})
            await answer(scope, receive, send)
        elif fault in {Fault.HANG_BEFORE, Fault.ERROR_BEFORE, Fault.RESET_BEFORE}:
            await self._fail(fault, scope, receive, send)
        elif fault in _UNANSWERED:
            await self._app(scope, receive, _swallow)
            await self._fail(fault, scope, receive, send)
        else:
            await asyncio.sleep(self._schedule.slow if fault is Fault.SLOW else 0)
            await self._app(scope, receive, send)

    async def _fail(self, fault: Fault | None, scope: Scope, receive: Receive, send: Send) -> None:
        if fault in {Fault.HANG_BEFORE, Fault.HANG_AFTER}:
            await asyncio.sleep(self._schedule.hang)
        elif fault in {Fault.RESET_BEFORE, Fault.RESET_AFTER}:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
            await send({"type": "http.response.body", "body": b"{", "more_body": True})
            raise ConnectionResetError("the connection broke")
        await PlainTextResponse("internal error", 500)(scope, receive, send)


async def _swallow(_message: object) -> None:
    """Take an answer that nobody will see."""


def fault_of(scope: Scope) -> Fault | None:
    """The fault that was drawn for this request."""
    fault: Fault | None = scope.get(MARK)
    return fault
