"""Which item is which product; a person's answer is never overwritten by the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from pricewatch.domain.match import Match, MatchStatus
from pricewatch.domain.offer import ItemKey
from pricewatch.domain.product import Sku
from pricewatch.ports import ImportCount
from pricewatch.store.columns import chunks, clean
from pricewatch.store.database import Database
from pricewatch.store.readings import item_key
from pricewatch.store.tables import items, matches

AUTO = "auto"
_SAID = ("status", "kind", "factor", "probability", "method", "reasons", "decided_by")  # what makes an answer another


class SqlMatches:
    """Matches in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, matches: Sequence[Match]) -> ImportCount:
        """Save judged pairs; where a person has answered, only a person's answer replaces it."""
        with self._database.write() as connection:
            ids = _item_ids(connection, {match.item for match in matches})
            rows = {(match.sku, ids[match.item]): _row(match, ids[match.item]) for match in matches}
            known = _known(connection, ids.values())
            new = [row for pair, row in rows.items() if pair not in known]
            changed = [{**row, "_id": known[pair].id} for pair, row in rows.items() if _replaces(row, known.get(pair))]
            _write(connection, new, changed)
        return ImportCount(len(new), len(changed), len(rows) - len(new) - len(changed))

    def all(self, *, status: MatchStatus | None = None) -> tuple[Match, ...]:
        """All pairs, or those of one status, oldest first."""
        return self._load(_pairs() if status is None else _pairs().where(matches.c.status == status))

    def of_item(self, key: ItemKey) -> tuple[Match, ...]:
        """The pairs of one item."""
        return self._load(_pairs().where(items.c.key == item_key(key)))

    def of_sku(self, sku: Sku) -> tuple[Match, ...]:
        """The pairs of one product."""
        return self._load(_pairs().where(matches.c.sku == sku))

    def _load(self, asked: Select[Any]) -> tuple[Match, ...]:
        with self._database.read() as connection:
            return tuple(map(_match, connection.execute(asked)))


def _pairs() -> Select[Any]:
    place = (items.c.site, items.c.item.label("site_item"), items.c.variant)
    return select(matches, *place).join(items, items.c.id == matches.c.item).order_by(matches.c.id)


def _item_ids(connection: Connection, keys: Iterable[ItemKey]) -> dict[ItemKey, int]:
    """The rows of items; one that was never seen yet gets a bare row, so that a map may come before the first crawl."""
    by_key = {item_key(key): key for key in keys}
    found = _ids(connection, by_key)
    missing = [
        {"key": key, "site": by_key[key].site, "item": by_key[key].item, "variant": by_key[key].variant}
        for key in by_key
        if key not in found
    ]
    if missing:
        connection.execute(insert(items), missing)
        found |= _ids(connection, [row["key"] for row in missing])
    return {by_key[key]: row for key, row in found.items()}


def _ids(connection: Connection, keys: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunks(keys):
        rows = connection.execute(select(items.c.key, items.c.id).where(items.c.key.in_(part)))
        found |= {row.key: row.id for row in rows}
    return found


def _known(connection: Connection, item_ids: Iterable[int]) -> dict[tuple[Sku, int], Row[Any]]:
    found: dict[tuple[Sku, int], Row[Any]] = {}
    for part in chunks(item_ids):
        rows = connection.execute(select(matches).where(matches.c.item.in_(part)))
        found |= {(row.sku, row.item): row for row in rows}
    return found


def _replaces(row: Mapping[str, Any], known: Row[Any] | None) -> bool:
    if known is None or (known.decided_by != AUTO and row["decided_by"] == AUTO):
        return False
    return any(getattr(known, name) != row[name] for name in _SAID)


def _write(connection: Connection, new: Sequence[dict[str, Any]], changed: Sequence[dict[str, Any]]) -> None:
    if new:
        connection.execute(insert(matches), new)
    if changed:
        connection.execute(update(matches).where(matches.c.id == bindparam("_id")), changed)


def _row(match: Match, item: int) -> dict[str, Any]:
    return {
        "sku": match.sku,
        "item": item,
        "status": match.status,
        "kind": match.kind,
        "factor": match.factor,
        "probability": match.probability,
        "method": match.method,
        "reasons": [clean(reason) for reason in match.reasons],
        "decided_by": match.decided_by,
        "decided_at": match.decided_at,
    }


def _match(row: Row[Any]) -> Match:
    return Match(
        sku=row.sku,
        item=ItemKey(row.site, row.site_item, row.variant),
        status=row.status,
        kind=row.kind,
        factor=row.factor,
        probability=row.probability,
        method=row.method,
        reasons=tuple(row.reasons),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
