"""What ran, and the slots of the schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from pricewatch.domain.errors import SetAside
from pricewatch.ports import RunRecord
from pricewatch.store.database import Database
from pricewatch.store.records import read_aside, write_aside
from pricewatch.store.tables import runs, slots


class SqlRuns:
    """Runs in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, stage: str, *, at: datetime, detail: str = "") -> int:
        """Open a run; returns its number."""
        row = {"stage": stage, "detail": detail, "started_at": at, "status": "running", "counts": {}, "set_aside": []}
        with self._database.write() as connection:
            return int(connection.execute(insert(runs).values(row).returning(runs.c.id)).scalar_one())

    def finish(
        self,
        run: int,
        *,
        at: datetime,
        status: str,
        counts: Mapping[str, int],
        set_aside: Sequence[SetAside] = (),
        message: str = "",
    ) -> None:
        """Close a run with what it did."""
        values = {
            "finished_at": at,
            "status": status,
            "counts": dict(counts),
            "set_aside": write_aside(set_aside),
            "message": message,
        }
        with self._database.write() as connection:
            connection.execute(update(runs).where(runs.c.id == run).values(values))

    def recent(self, *, stage: str | None = None, limit: int = 20) -> tuple[RunRecord, ...]:
        """The newest runs, newest first."""
        asked = select(runs).order_by(runs.c.id.desc()).limit(limit)
        if stage is not None:
            asked = asked.where(runs.c.stage == stage)
        with self._database.read() as connection:
            return tuple(map(_record, connection.execute(asked)))

    def interrupt_unfinished(self, *, at: datetime) -> int:
        """Mark runs that a killed process left open; returns how many."""
        values = {"status": "interrupted", "finished_at": at, "message": "the process ended in the middle"}
        with self._database.write() as connection:
            return connection.execute(update(runs).where(runs.c.status == "running").values(values)).rowcount

    def last_slot(self, schedule: str) -> datetime | None:
        """The newest slot of a schedule that was taken."""
        asked = select(func.max(slots.c.slot)).where(slots.c.schedule == schedule)
        with self._database.read() as connection:
            newest: datetime | None = connection.execute(asked).scalar_one()
        return newest

    def claim_slot(self, schedule: str, slot: datetime, *, at: datetime) -> bool:
        """Take one due slot of a schedule; False when somebody already has it."""
        taken = select(slots.c.slot).where(slots.c.schedule == schedule, slots.c.slot == slot)
        with self._database.write() as connection:
            self._database.serialise(connection, slots)
            if connection.execute(taken).first() is not None:
                return False
            connection.execute(insert(slots).values(schedule=schedule, slot=slot, claimed_at=at))
        return True


def _record(row: Row[Any]) -> RunRecord:
    return RunRecord(
        id=row.id,
        stage=row.stage,
        detail=row.detail,
        started_at=row.started_at,
        finished_at=row.finished_at,
        status=row.status,
        counts=row.counts,
        set_aside=read_aside(row.set_aside),
        message=row.message,
    )
