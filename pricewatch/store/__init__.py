"""Where pricewatch keeps what it knows: SQLite by default, PostgreSQL when told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pricewatch.store.settings import DatabaseSettings

if TYPE_CHECKING:
    from pricewatch.ports import Clock
    from pricewatch.store.sql import SqlStore

__all__ = ["DatabaseSettings", "open_store"]


def open_store(settings: DatabaseSettings, *, folder: Path, clock: Clock | None = None) -> SqlStore:
    """Open the database of a project folder; nothing is connected before it is used, and no table is made.

    `clock` dates what the caller does not date (evidence, quarantine); default: the system's.
    """
    from pricewatch.store.database import open_database, utc_now
    from pricewatch.store.sql import SqlStore

    return SqlStore(open_database(settings, folder=folder, now=clock.now if clock else utc_now))
