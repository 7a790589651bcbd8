"""What is known of the hosts that pages are read from: pauses, patience, and their robots.txt."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, insert, or_, select, update

from pricewatch.ports import HostRecord, RobotsRecord
from pricewatch.store.columns import chunks
from pricewatch.store.database import Database
from pricewatch.store.tables import hosts, robots

_MILLION = 1_000_000  # factors and seconds are kept as whole millionths


class SqlHosts:
    """Hosts in SQL; the newest word on each replaces the one before."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> tuple[HostRecord, ...]:
        """Every host that was ever told, by name."""
        with self._database.read() as connection:
            return tuple(
                HostRecord(
                    host=row.host,
                    site=row.site,
                    slowness=row.slowness / _MILLION,
                    usual=row.usual / _MILLION,
                    held_until=row.held_until,
                    paused_until=row.paused_until,
                    reason=row.reason,
                    day=row.day,
                    asked=row.asked,
                )
                for row in connection.execute(select(hosts).order_by(hosts.c.host))
            )

    def save(self, records: Sequence[HostRecord]) -> None:
        """Remember hosts in place of what was known of them."""
        rows = {
            record.host: {
                "host": record.host,
                "site": record.site,
                "slowness": round(record.slowness * _MILLION),
                "usual": round(record.usual * _MILLION),
                "held_until": record.held_until,
                "paused_until": record.paused_until,
                "reason": record.reason,
                "day": record.day,
                "asked": record.asked,
            }
            for record in records
        }
        if not rows:
            return
        with self._database.write() as connection:
            for part in chunks(rows):
                connection.execute(delete(hosts).where(hosts.c.host.in_(part)))
            connection.execute(insert(hosts), list(rows.values()))

    def resume(self, names: Collection[str], *, at: datetime) -> tuple[str, ...]:
        """Lift the pauses of these hosts; returns those that were paused at that time."""
        paused = or_(hosts.c.paused_until > at, hosts.c.held_until > at)
        freed: list[str] = []
        with self._database.write() as connection:
            for part in chunks(names):
                these = hosts.c.host.in_(part)
                freed += connection.execute(select(hosts.c.host).where(these, paused)).scalars()
                connection.execute(
                    update(hosts).where(these, paused).values(paused_until=None, held_until=None, reason="")
                )
        return tuple(sorted(freed))

    def robots(self, origin: str) -> RobotsRecord | None:
        """The robots.txt of an origin as it was last read, however long ago."""
        with self._database.read() as connection:
            row = connection.execute(select(robots).where(robots.c.origin == origin)).one_or_none()
        return None if row is None else RobotsRecord(row.origin, bytes(row.body), row.refused, row.until)

    def save_robots(self, record: RobotsRecord) -> None:
        """Remember a robots.txt in place of the one before."""
        with self._database.write() as connection:
            connection.execute(delete(robots).where(robots.c.origin == record.origin))
            connection.execute(
                insert(robots).values(
                    origin=record.origin, body=record.body, refused=record.refused, until=record.until
                )
            )
