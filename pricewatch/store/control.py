"""The kill switch and the audit trail."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select, update

from pricewatch.ports import StopState
from pricewatch.store.database import Database
from pricewatch.store.tables import audit, stops


class SqlControl:
    """Kill switch and audit trail in SQL; every throw of the switch stays on record."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stopped(self) -> StopState | None:
        """Who stopped publishing, when and why; None while it is allowed."""
        asked = select(stops).where(stops.c.resumed_at.is_(None)).order_by(stops.c.id).limit(1)
        with self._database.read() as connection:
            row = connection.execute(asked).one_or_none()
        return None if row is None else StopState(row.at, row.by, row.reason)

    def stop(self, *, at: datetime, by: str, reason: str) -> None:
        """Stop publishing; while it is stopped the first stop is the one that is shown."""
        with self._database.write() as connection:
            connection.execute(insert(stops).values(at=at, by=by, reason=reason))

    def resume(self, *, at: datetime, by: str) -> bool:
        """Allow publishing again; False when it was not stopped."""
        change = update(stops).where(stops.c.resumed_at.is_(None)).values(resumed_at=at, resumed_by=by)
        with self._database.write() as connection:
            return connection.execute(change).rowcount > 0

    def audit(self, event: str, *, at: datetime, by: str, detail: str = "") -> None:
        """Append to the audit trail."""
        with self._database.write() as connection:
            connection.execute(insert(audit).values(at=at, event=event, by=by, detail=detail))

    def audit_trail(self, *, limit: int = 50) -> tuple[tuple[datetime, str, str, str], ...]:
        """Newest first: when, event, by, detail."""
        asked = select(audit.c.at, audit.c.event, audit.c.by, audit.c.detail).order_by(audit.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            return tuple((row.at, row.event, row.by, row.detail) for row in connection.execute(asked))
