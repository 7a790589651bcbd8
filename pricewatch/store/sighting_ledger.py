"""What a batch of sightings changes: worked out in memory, written in a few statements.

An offer row says which target shows it; as long as it does, the target's own `seen_at` is the offer's. So a page
that is read again unchanged costs one row: its target's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, bindparam, insert, select, update

from pricewatch.domain.offer import Item, Observation, Verdict
from pricewatch.matching.titles import another
from pricewatch.ports import KeptPage, SaveCount, Sighting, Target
from pricewatch.store import evidence, judged
from pricewatch.store.columns import CHUNK, chunks, new_ids, plain
from pricewatch.store.readings import FACTS, best_of_each, facts, gone_row, item_key, item_row, reading_row, terms
from pricewatch.store.tables import items, observations, offers, quarantine, targets
from pricewatch.store.targets import save_targets, target_key

_READ = frozenset({Verdict.PRODUCT, Verdict.LISTING})
LOST_AFTER = timedelta(days=7)  # out of sight for so long is gone


@dataclass(slots=True)
class _Offer:
    """An offer's row while a batch is worked out; `readings` are the change points to be written."""

    key: str
    item: int
    seller: str
    terms: str
    id: int = 0
    target: int | None = None
    observation: int | None = None
    seen_at: datetime | None = None
    gone: bool = True
    doubtful: bool = False
    facts: tuple[Any, ...] | None = None
    readings: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    touched: bool = False

    def says(self, row: Mapping[str, Any]) -> bool:
        """Whether a reading adds nothing: the same facts, unless they were in doubt and no longer are."""
        settled = self.doubtful and not row["doubtful"]
        return not self.gone and not settled and self.facts == facts(row)

    def change(self, row: dict[str, Any], doubt: str = "") -> None:
        """Append a change point."""
        self.readings.append((row, doubt))
        self.facts, self.gone, self.doubtful, self.touched = facts(row), row["gone"], row["doubtful"], True


@dataclass(slots=True)
class _Page:
    """A target's row while a batch is worked out, and the keys of the offers it shows."""

    id: int
    seen_at: datetime | None
    changed_at: datetime | None
    etag: str
    last_modified: str
    verdict: Verdict | None
    reader: str = ""
    shows: set[str] = field(default_factory=set)
    latest: Sighting | None = None


class Ledger:
    """The rows that a batch of sightings touches: loaded, worked out in the order of the sightings, written."""

    def __init__(self, connection: Connection, sightings: Sequence[Sighting], now: datetime) -> None:
        self._now = now
        self._counts: dict[str, int] = defaultdict(int)
        self._seen = [(sighting, best_of_each(sighting.observations)) for sighting in sightings]
        save_targets(connection, [sighting.target for sighting in sightings])
        self._pages = _load_pages(connection, [sighting.target for sighting in sightings])
        self._by_id = {page.id: page for page in self._pages.values()}
        self._items = _save_items(connection, (one.offer.item for _, shown in self._seen for one in shown.values()))
        self._offers = _load_offers(connection, self._by_id, {key for _, shown in self._seen for key in shown})
        self._lost = _lost_offers(connection, now - LOST_AFTER)
        for key, offer in self._offers.items():
            if offer.target in self._by_id and not offer.gone:
                self._by_id[offer.target].shows.add(key)

    def work_out(self) -> None:
        """Say what each sighting changes, one after the other; then, what nobody has shown for long is gone."""
        for sighting, shown in self._seen:
            self._take(sighting, shown)
        for key, offer in self._lost.items():
            if key not in self._offers:
                self._offers[key] = offer
                offer.change(gone_row(self._now))
                self._counts["gone"] += 1

    def _take(self, sighting: Sighting, shown: Mapping[str, Observation]) -> None:
        page = self._pages[target_key(sighting.target)]
        page.latest = sighting
        at = self._time_of(sighting, page)
        if sighting.verdict is Verdict.GONE:
            self._gone(page, page.shows, at)
        elif sighting.not_modified:
            page.seen_at = at
        elif sighting.verdict in _READ:
            self._read(sighting, shown, page, at)

    def _time_of(self, sighting: Sighting, page: _Page) -> datetime:
        told = sighting.target.seen_at
        if sighting.observations:
            return max(observation.seen_at for observation in sighting.observations)
        return told if told is not None and (page.seen_at is None or told > page.seen_at) else self._now

    def _read(self, sighting: Sighting, shown: Mapping[str, Observation], page: _Page, at: datetime) -> None:
        before = set(page.shows)
        for key, observation in shown.items():
            self._see(key, observation, page)
        missing = before - shown.keys()
        if sighting.verdict is Verdict.PRODUCT and sighting.set_aside is None:
            self._gone(page, missing, at)
        else:
            self._lose_sight(page, missing)
        page.seen_at = at
        page.etag, page.last_modified = sighting.target.etag, sighting.target.last_modified
        page.reader = sighting.target.reader

    def _see(self, key: str, observation: Observation, page: _Page) -> None:
        offer = self._offers.get(key)
        if offer is None:
            offer = self._offers[key] = _new_offer(key, observation, self._items)
        row = reading_row(observation)
        if offer.says(row):
            self._counts["unchanged"] += 1
        else:
            self._counts["new" if offer.facts is None else "changed"] += 1
            offer.change(row, observation.quarantine)
            page.changed_at = observation.seen_at
        self._show(offer, page)

    def _show(self, offer: _Offer, page: _Page) -> None:
        if offer.target in self._by_id:
            self._by_id[offer.target].shows.discard(offer.key)
        page.shows.add(offer.key)
        if (offer.target, offer.seen_at) != (page.id, None):
            offer.target, offer.seen_at, offer.touched = page.id, None, True

    def _gone(self, page: _Page, keys: Iterable[str], at: datetime) -> None:
        for key in sorted(keys):
            self._offers[key].change(gone_row(at))
            self._counts["gone"] += 1
            page.changed_at = at
        page.shows -= set(keys)

    def _lose_sight(self, page: _Page, keys: Iterable[str]) -> None:
        """A listing page may show an offer elsewhere tomorrow: it is not gone, it ages from when it was seen."""
        for key in keys:
            offer = self._offers[key]
            offer.target, offer.seen_at, offer.touched = None, page.seen_at, True
        page.shows -= set(keys)

    def write(self, connection: Connection, run: int) -> SaveCount:
        """Write what was worked out."""
        touched = [offer for offer in self._offers.values() if offer.touched]
        known = [offer for offer in touched if offer.id]
        new = [offer for offer in touched if not offer.id]
        told = [told for offer in touched for told in offer.readings]
        _number(connection, new, touched, run)
        held = [{"observation": row["id"], "reason": doubt, "held_at": self._now} for row, doubt in told if doubt]
        _insert(connection, offers, [_whole_row(offer) for offer in new])
        _insert(connection, observations, [row for row, _ in told])
        _insert(connection, quarantine, held)
        _update(connection, offers, [_state_row(offer) for offer in known])
        evidence.save(connection, self._rested_on({row.get("page_hash") for row, _ in told}), self._now)
        pages = [page for page in self._pages.values() if page.latest is not None]
        _update(connection, targets, [_target_row(page, run) for page in pages])
        return SaveCount(**self._counts)

    def _rested_on(self, hashes: Container[str | None]) -> dict[str, KeptPage]:
        """The pages of new readings; those on which nothing has changed are not kept again."""
        pages = (page for sighting, _ in self._seen for page in sighting.pages)
        return {page.page_hash: page for page in pages if page.page_hash in hashes}


def _number(connection: Connection, new: Sequence[_Offer], touched: Iterable[_Offer], run: int) -> None:
    """Give new offers and readings their numbers; an offer points to its last reading."""
    for offer, number in zip(new, new_ids(connection, offers, len(new)), strict=True):
        offer.id = number
    told = [(offer, row) for offer in touched for row, _ in offer.readings]
    for (offer, row), number in zip(told, new_ids(connection, observations, len(told)), strict=True):
        row |= {"id": number, "offer": offer.id, "run": run}
        offer.observation = number


def _new_offer(key: str, observation: Observation, known: Mapping[str, int]) -> _Offer:
    offer = observation.offer
    return _Offer(key, known[item_key(offer.item.key)], offer.seller, terms(offer))


def _load_pages(connection: Connection, wanted: Iterable[Target]) -> dict[str, _Page]:
    found: dict[str, _Page] = {}
    for part in chunks({target_key(target) for target in wanted}):
        for row in connection.execute(select(targets).where(targets.c.key.in_(part))):
            tags = (row.etag, row.last_modified)
            found[row.key] = _Page(row.id, row.seen_at, row.changed_at, *tags, row.verdict, row.reader)
    return found


def _save_items(connection: Connection, seen: Iterable[Item]) -> dict[str, int]:
    """Insert new items and refresh descriptions; what a page leaves out does not erase what another said, unless its
    title names something else now.
    """
    rows = {item_key(key): item_row(item) for key, item in {item.key: item for item in seen}.items()}
    known: dict[str, Row[Any]] = {}
    for part in chunks(rows):
        known |= {row.key: row for row in connection.execute(select(items).where(items.c.key.in_(part)))}
    new = [row for key, row in rows.items() if key not in known]
    if new:
        connection.execute(insert(items), new)
    _refresh_items(connection, rows, known)
    ids = {key: row.id for key, row in known.items()}
    for part in chunks(row["key"] for row in new):
        asked = select(items.c.key, items.c.id).where(items.c.key.in_(part))
        ids |= {row.key: row.id for row in connection.execute(asked)}
    return ids


_SAID = (*judged.TEXT, "category", "image_url")


def _refresh_items(connection: Connection, rows: Mapping[str, dict[str, Any]], known: Mapping[str, Row[Any]]) -> None:
    changed, rewritten = [], []
    for key, row in known.items():
        before = dict(row._mapping)  # noqa: SLF001
        turned = another(before["title"], rows[key]["title"])
        after = before | {name: value for name, value in rows[key].items() if value or (turned and name in _SAID)}
        if after != before:
            changed.append({**after, "_id": after.pop("id")})
            if any(before[name] != after[name] for name in judged.TEXT):
                rewritten.append(before)
    if changed:
        connection.execute(update(items).where(items.c.id == bindparam("_id")), changed)
        judged.note_changes(connection, rewritten)


_OWN = ("key", "item", "seller", "terms", "id", "target", "observation", "seen_at", "gone")  # as in _Offer
_PLAIN = frozenset({"role", "availability", "condition"})  # a text compares with the member that it names


def _offers_with_readings() -> Select[Any]:
    said = [plain(observations.c[name]) if name in _PLAIN else observations.c[name] for name in ("doubtful", *FACTS)]
    own = (offers.c[name] for name in _OWN)
    return select(*own, *said).join(observations, observations.c.id == offers.c.observation)


def _lost_offers(connection: Connection, before: datetime) -> dict[str, _Offer]:
    lost = (offers.c.target.is_(None), ~offers.c.gone, offers.c.seen_at < before)
    rows = connection.execute(_offers_with_readings().where(*lost).limit(CHUNK))
    return {row[0]: _loaded(row) for row in rows}


def _load_offers(connection: Connection, pages: Iterable[int], keys: set[str]) -> dict[str, _Offer]:
    """What the pages show, and what else of `keys` is known, each with its newest reading."""
    asked = _offers_with_readings()
    found: dict[str, _Offer] = {}
    for ids in chunks(pages):
        rows = connection.execute(asked.where(offers.c.target.in_(ids), ~offers.c.gone))
        found |= {row[0]: _loaded(row) for row in rows}
    for part in chunks(keys - found.keys()):
        rows = connection.execute(asked.where(offers.c.key.in_(part)))
        found |= {row[0]: _loaded(row) for row in rows}
    return found


def _loaded(row: Row[Any]) -> _Offer:
    own = len(_OWN) + 1  # and `doubtful`
    return _Offer(**dict(zip((*_OWN, "doubtful"), row[:own], strict=True)), facts=tuple(row[own:]))


def _insert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _update(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        connection.execute(update(table).where(table.c.id == bindparam("_id")), rows)


def _state_row(offer: _Offer) -> dict[str, Any]:
    return {
        "_id": offer.id,
        "target": offer.target,
        "observation": offer.observation,
        "seen_at": offer.seen_at,
        "gone": offer.gone,
    }


def _whole_row(offer: _Offer) -> dict[str, Any]:
    known = {"key": offer.key, "item": offer.item, "seller": offer.seller, "terms": offer.terms}
    state = _state_row(offer)
    return {"id": state.pop("_id"), **known, **state}


def _target_row(page: _Page, run: int) -> dict[str, Any]:
    sighting = page.latest
    assert sighting is not None
    target, aside = sighting.target, sighting.set_aside
    return {
        "_id": page.id,
        "etag": page.etag,
        "last_modified": page.last_modified,
        "reader": page.reader,
        "seen_at": page.seen_at,
        "changed_at": page.changed_at,
        "due_at": target.due_at,
        "verdict": page.verdict if sighting.not_modified else sighting.verdict,
        "failures": target.failures,
        "message": target.message or (aside.reason if aside else ""),
        "run": run,
    }
