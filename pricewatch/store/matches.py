"""Which item is which product; a person's answer is never overwritten by the model."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, insert, select, update

from pricewatch.domain.match import Match, MatchStatus
from pricewatch.domain.offer import ItemKey
from pricewatch.domain.product import Sku
from pricewatch.ports import Answer, Changed, ImportCount, Waiting
from pricewatch.store import answers, judged
from pricewatch.store.columns import chunks, clean
from pricewatch.store.database import Database
from pricewatch.store.readings import item_key
from pricewatch.store.tables import indexed, items, matches

AUTO = "auto"
_PAGE = 5_000  # items read in one go
_SAID = ("status", "kind", "factor", "probability", "method", "reasons", "decided_by")  # what makes an answer another


class SqlMatches:
    """Matches in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, matches: Sequence[Match]) -> ImportCount:
        """Save judged pairs; where a person has answered, only a person's answer replaces it."""
        with self._database.write() as connection:
            return self._save(connection, matches)

    def _save(self, connection: Connection, matches: Sequence[Match]) -> ImportCount:
        ids = _item_ids(connection, {match.item for match in matches})
        pairs = {(match.sku, ids[match.item]): match for match in matches}
        rows = {pair: _row(match, pair[1]) for pair, match in pairs.items()}
        known = _known(connection, ids.values())
        new = [row for pair, row in rows.items() if pair not in known]
        changed = [{**row, "_id": known[pair].id} for pair, row in rows.items() if _replaces(row, known.get(pair))]
        _write(connection, new, changed)
        said = [(row["sku"], row["item"]) for row in (*new, *changed) if row["decided_by"] != AUTO]
        told = [(pairs[pair], pair[1], _thought(known.get(pair))) for pair in said]
        answers.keep(connection, told, self._database.now())
        _make_way(connection, [row for row in (*new, *changed) if row["decided_by"] != AUTO])
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

    def count(self) -> Mapping[MatchStatus, int]:
        """How many pairs there are of each status."""
        asked = select(matches.c.status, func.count()).group_by(matches.c.status)
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(asked)}

    def answered(self) -> tuple[Match, ...]:
        """The pairs that a person has decided, oldest first."""
        return self._load(_pairs().where(matches.c.decided_by != AUTO))

    def suspended(self) -> tuple[Match, ...]:
        """The pairs that were accepted until their page changed, and that nobody has answered since."""
        return self._load(_pairs().where(matches.c.method == judged.DRIFT, matches.c.decided_by == AUTO))

    def answers(self) -> Iterator[Answer]:
        """Everything that people ever said, oldest first."""
        with self._database.read() as connection:
            told = list(answers.all_answers(connection))
        yield from told

    def take_back(self, answer: Match, before: Match | None) -> None:
        """Put a pair back to what it was before an answer; the answer stays on record, as withdrawn."""
        with self._database.write() as connection:
            item = _item_ids(connection, [answer.item])[answer.item]
            connection.execute(delete(matches).where(matches.c.item == item, matches.c.sku == answer.sku))
            if before is not None:
                connection.execute(insert(matches), [_row(before, item)])
            taken = replace(answer, decided_at=self._database.now())
            told = [(taken, item, before.probability if before else 0)]
            answers.keep(connection, told, self._database.now(), said=answers.WITHDRAWN)

    def described(self, items: Collection[ItemKey]) -> Mapping[ItemKey, Waiting]:
        """These items with their lowest prices, as far as they are offered now."""
        with self._database.read() as connection:
            ids = _ids(connection, map(item_key, items))
            return {one.item.key: one for one in judged.load_waiting(connection, list(ids.values()))}

    def waiting(self, judge: str) -> Iterator[Waiting]:
        """Items that are offered now and that this judge has not seen as they are, by site."""
        with self._database.read() as connection:
            ids = judged.waiting_ids(connection, judge)
        for part in chunks(ids, _PAGE):
            with self._database.read() as connection:
                found = list(judged.load_waiting(connection, part))
            yield from found

    def settle(self, judge: str, judged_items: Sequence[ItemKey], found: Sequence[Match]) -> ImportCount:
        """Save what the judge found for these items; what it had found before and no longer does goes."""
        with self._database.write() as connection:
            ids = _ids(connection, {item_key(key) for key in judged_items})
            taken = _taken(connection, ids.values())  # while the judge was at it, somebody may have answered
            found = [match for match in found if ids[item_key(match.item)] not in taken]
            saved = self._save(connection, found)
            kept = {(match.sku, ids[item_key(match.item)]) for match in found}
            judged.drop_stale(connection, ids.values(), kept, AUTO)
            judged.note_judged(connection, judge, ids.values())
            return saved

    def judge_again(self, items: Collection[ItemKey] | None) -> None:
        """Let these items, or all, wait for the judge once more."""
        with self._database.write() as connection:
            judged.judge_again(connection, items)

    def changed(self) -> tuple[Changed, ...]:
        """Accepted matches whose items have changed their text and were not judged since."""
        with self._database.read() as connection:
            return tuple(
                Changed(_match_of(row, now.key), then, now) for row, then, now in judged.changed_matches(connection)
            )

    def suspend(self, matches: Sequence[Match]) -> None:
        """Put accepted pairs back to a person, as the given suggestions, whoever had decided them."""
        with self._database.write() as connection:
            ids = _item_ids(connection, {match.item for match in matches})
            known = _known(connection, ids.values())
            rows = [_row(replace(match, method=judged.DRIFT, decided_by=AUTO), ids[match.item]) for match in matches]
            _write(connection, [], [{**row, "_id": known[row["sku"], row["item"]].id} for row in rows])

    def indexed(self) -> Mapping[Sku, str]:
        """The digest of each product's text when it was last looked at."""
        with self._database.read() as connection:
            return {row.sku: row.text for row in connection.execute(select(indexed))}

    def index(self, texts: Mapping[Sku, str]) -> None:
        """Remember the digests of all products' texts, and only these."""
        with self._database.write() as connection:
            judged.index(connection, texts)

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
    if known.method == judged.DRIFT and row["decided_by"] == AUTO and row["status"] == MatchStatus.SUGGESTED:
        return False  # a person is asked already, and told why
    return any(getattr(known, name) != row[name] for name in _SAID)


def _taken(connection: Connection, item_ids: Iterable[int]) -> set[int]:
    """The items that a person has said the product of."""
    found: set[int] = set()
    said = (matches.c.status == MatchStatus.ACCEPTED, matches.c.decided_by != AUTO)
    for part in chunks(item_ids):
        found.update(connection.execute(select(matches.c.item).where(matches.c.item.in_(part), *said)).scalars())
    return found


def _make_way(connection: Connection, said: Iterable[Mapping[str, Any]]) -> None:
    """What a person has said an item is, it is: nothing that the judge had taken it for stays beside."""
    taken = {row["item"] for row in said if row["status"] == MatchStatus.ACCEPTED}
    judged.drop_stale(connection, taken, (), AUTO)


def _thought(known: Row[Any] | None) -> int:
    return known.probability if known is not None and known.decided_by == AUTO else 0


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
    return _match_of(row, ItemKey(row.site, row.site_item, row.variant))


def _match_of(row: Row[Any], item: ItemKey) -> Match:
    return Match(
        sku=row.sku,
        item=item,
        status=row.status,
        kind=row.kind,
        factor=row.factor,
        probability=row.probability,
        method=row.method,
        reasons=tuple(row.reasons),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
