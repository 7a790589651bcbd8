"""What was used of the limits that channels publish."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, delete, insert, select, tuple_

from pricewatch.domain.limits import Limit
from pricewatch.store.columns import chunks
from pricewatch.store.database import Database
from pricewatch.store.tables import usage

_PART = 200

Used: TypeAlias = Mapping[tuple[str, int], Mapping[int, int]]
"""By key and the seconds of its limit: the uses in each slot."""


class SqlUsage:
    """Uses in SQL: one transaction counts them, so that no two processes take the same room."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(
        self, account: str, wanted: Mapping[str, int], limits: Sequence[Limit], *, at: datetime
    ) -> Mapping[str, float]:
        """Count these uses; what would go over a limit comes back with the seconds to wait."""
        now = at.timestamp()
        with self._database.write() as connection:
            self._database.serialise(connection, usage)
            used = _used(connection, account, wanted, now)
            waits = {
                key: max(limit.wait(used.get((key, limit.seconds), {}), amount, now) for limit in limits)
                for key, amount in wanted.items()
            }
            taken = {key: amount for key, amount in wanted.items() if waits[key] <= 0}
            _count(connection, account, taken, limits, used, now)
        return {key: wait for key, wait in waits.items() if wait > 0}


def _used(connection: Connection, account: str, keys: Iterable[str], now: float) -> Used:
    found: dict[tuple[str, int], dict[int, int]] = defaultdict(dict)
    for part in chunks(keys, _PART):
        asked = select(usage).where(usage.c.account == account, usage.c.key.in_(part), usage.c.ends > now)
        for row in connection.execute(asked):
            found[row.key, row.seconds][row.slot] = row.used
    return found


def _count(
    connection: Connection, account: str, taken: Mapping[str, int], limits: Sequence[Limit], used: Used, now: float
) -> None:
    rows = [
        {
            "account": account,
            "key": key,
            "seconds": limit.seconds,
            "slot": (slot := limit.begins(now)),
            "used": used.get((key, limit.seconds), {}).get(slot, 0) + amount,
            "ends": limit.ends(slot),
        }
        for key, amount in taken.items()
        for limit in limits
    ]
    connection.execute(delete(usage).where(usage.c.ends <= now))
    slot_of = tuple_(usage.c.key, usage.c.seconds, usage.c.slot)
    for part in chunks(rows, _PART):
        same = [(row["key"], row["seconds"], row["slot"]) for row in part]
        connection.execute(delete(usage).where(usage.c.account == account, slot_of.in_(same)))
        connection.execute(insert(usage), list(part))
