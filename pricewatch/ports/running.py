"""Time, progress, people, runs, and the switches that hold for all processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pricewatch.domain.errors import SetAside


class Clock(Protocol):
    """Tells the time, so that tests can set it."""

    def now(self) -> datetime:
        """The present, aware UTC."""
        ...


class Notifier(Protocol):
    """Tells people what happened."""

    async def notify(self, title: str, text: str) -> None:
        """Deliver one message; failures are logged, never raised."""
        ...


class Progress(Protocol):
    """Shows how far a stage is; `total` None is unknown."""

    def advance(self, stage: str, done: int, total: int | None, note: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of a stage: when, how it ended, what it counted and what it set aside."""

    id: int
    stage: str
    detail: str
    started_at: datetime
    finished_at: datetime | None = None
    status: str = "running"  # running, ok, partly, failed, interrupted
    counts: Mapping[str, int] = field(default_factory=dict)
    set_aside: tuple[SetAside, ...] = ()
    message: str = ""


class RunStore(Protocol):
    """What ran, and the slots of the schedule."""

    def begin(self, stage: str, *, at: datetime, detail: str = "") -> int: ...
    def finish(
        self,
        run: int,
        *,
        at: datetime,
        status: str,
        counts: Mapping[str, int],
        set_aside: Sequence[SetAside] = (),
        message: str = "",
    ) -> None: ...
    def recent(self, *, stage: str | None = None, limit: int = 20) -> tuple[RunRecord, ...]: ...
    def interrupt_unfinished(self, *, at: datetime) -> int:
        """Mark runs left open by a killed process; called by whoever holds the lock."""
        ...

    def last_slot(self, schedule: str) -> datetime | None: ...
    def claim_slot(self, schedule: str, slot: datetime, *, at: datetime) -> bool:
        """Take one due slot of a schedule; False when somebody already has it."""
        ...


@dataclass(frozen=True, slots=True)
class StopState:
    """The kill switch is on since `at`, thrown by `by`."""

    at: datetime
    by: str
    reason: str


class ControlStore(Protocol):
    """The kill switch and the audit trail."""

    def stopped(self) -> StopState | None: ...
    def stop(self, *, at: datetime, by: str, reason: str) -> None: ...
    def resume(self, *, at: datetime, by: str) -> bool: ...
    def audit(self, event: str, *, at: datetime, by: str, detail: str = "") -> None: ...
    def audit_trail(self, *, limit: int = 50) -> tuple[tuple[datetime, str, str, str], ...]:
        """Newest first: when, event, by, detail."""
        ...


class Queue(Protocol):
    """Work that is due, claimed by one worker at a time."""

    def claim(self, *, at: datetime) -> str | None:
        """Take the next due schedule's name, or None when nothing is due."""
        ...
