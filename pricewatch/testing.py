"""Stand-ins for tests of pricewatch and of plug-ins: a clock that stands still, and a store in memory."""

from __future__ import annotations

from datetime import datetime, timedelta

from pricewatch.ports import Clock
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
