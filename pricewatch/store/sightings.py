"""What others ask: targets, items, current offers and their append-only history of change points."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, FromClause, Select, case, exists, func, insert, select, update

from pricewatch.domain.match import MatchStatus
from pricewatch.domain.money import Currency, Money
from pricewatch.domain.offer import Item
from pricewatch.domain.product import Sku
from pricewatch.ports import Activity, ImportCount, KeptPage, PageGroup, SaveCount, Sighting, StoredObservation, Target
from pricewatch.pricing.frame import MISSING, Ints, Text
from pricewatch.pricing.readings import PricedReadings
from pricewatch.store import evidence
from pricewatch.store.bulk import read_columns
from pricewatch.store.columns import chunks
from pricewatch.store.database import Database
from pricewatch.store.offered import read_offered
from pricewatch.store.readings import ITEM, READING, read_item, read_observation
from pricewatch.store.sighting_ledger import Ledger
from pricewatch.store.tables import items, matches, observations, offers, quarantine, targets
from pricewatch.store.targets import load_targets, page_groups, save_targets

_PAGE = 5_000  # items read in one go
_MANY = 50_000  # readings from which all are looked through


class SqlSightings:
    """Sightings in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save_targets(self, targets: Sequence[Target]) -> ImportCount:
        """Add targets; what is known of a known one stays."""
        with self._database.write() as connection:
            return save_targets(connection, targets)

    def targets(self, site: str | None = None, *, due: datetime | None = None) -> tuple[Target, ...]:
        """The targets of one site or all; with `due` only those whose time has come by then."""
        with self._database.read() as connection:
            return load_targets(connection, site, due, self._database.now())

    def pages(self) -> tuple[PageGroup, ...]:
        """How many pages there are of each site and state, without those that are retired now."""
        with self._database.read() as connection:
            return page_groups(connection, self._database.now())

    def save(self, run: int, sightings: Sequence[Sighting]) -> SaveCount:
        """Store sightings in one transaction: change points only, with their pages, and offers that are gone."""
        with self._database.write() as connection:
            ledger = Ledger(connection, sightings, self._database.now())
            ledger.work_out()
            return ledger.write(connection, run)

    def items(self) -> Iterator[Item]:
        """All items that are offered now, oldest first."""
        offered = exists().where(offers.c.item == items.c.id, ~offers.c.gone)
        last = 0
        while True:
            asked = select(items.c.id, *_ITEM).where(offered, items.c.id > last).order_by(items.c.id).limit(_PAGE)
            with self._database.read() as connection:
                rows = connection.execute(asked).all()
            yield from (read_item(row[1:]) for row in rows)
            if len(rows) < _PAGE:
                return
            last = rows[-1].id

    def current(self, *, sku: Sku | None = None, site: str | None = None) -> tuple[StoredObservation, ...]:
        """The newest observation of every offer that is not gone, quarantined ones included."""
        asked = _current(sku)
        if site is not None:
            asked = asked.where(items.c.site == site)
        return self._stored(asked)

    def activity(self, site: str, *, since: datetime, recent: datetime) -> Mapping[str, Activity]:
        """How lively the pages of a site were, by address; an offer's first reading is no change."""
        with self._database.read() as connection:
            return {row.url: _activity(row) for row in connection.execute(_lively(site, since, recent))}

    def history(self, sku: Sku, *, since: datetime | None = None) -> tuple[StoredObservation, ...]:
        """All change points of offers matched to a product, oldest first; a reading that was followed by another
        one counts as last seen when that one came.
        """
        asked = _readings(sku, _followed_at()).order_by(observations.c.seen_at, observations.c.id)
        return self._stored(asked if since is None else asked.where(observations.c.seen_at >= since))

    def offered(self, skus: Sequence[Sku] | None = None) -> PricedReadings:
        """The current readings of accepted matches' offers that have a price, in columns; all, or some products'."""
        with self._database.read() as connection:
            return read_offered(connection, skus)

    def held(self) -> Mapping[int, str]:
        """The readings that are held back now, each with the reason."""
        with self._database.read() as connection:
            return {row.observation: row.reason for row in connection.execute(_HELD)}

    def previous(self, observations: Ints) -> tuple[Ints, Ints, Text]:
        """For current readings: the newest earlier usable price of the same offer (MISSING = none), with its currency;
        and which readings these are, in the order of their numbers.
        """
        asked = np.unique(observations)
        wanted = asked.tolist() if len(asked) < _MANY else None
        with self._database.read() as connection:
            key, price, currency = read_columns(connection, _previous(), "iit", _READ.c.id, wanted)
        found = np.isin(key, asked)
        at = np.searchsorted(asked, key[found])
        prices, codes = np.full(len(asked), MISSING), np.zeros(len(asked), dtype=np.int32)
        prices[at], codes[at] = price[found], currency.codes[found] + 1
        return asked, prices, Text(codes, ("", *currency.values))

    def count(self) -> tuple[int, int]:
        """How many offers are shown now, and how many of their readings are held back."""
        shown = select(func.count()).select_from(offers).where(~offers.c.gone)
        with self._database.read() as connection:
            every = connection.execute(shown).scalar_one()
            return every, connection.execute(shown.where(is_held(offers.c.observation))).scalar_one()

    def previous_prices(self) -> Mapping[int, Money]:
        """For each current observation id: the newest earlier usable price of the same offer, where there is one."""
        with self._database.read() as connection:
            rows = connection.execute(_previous())
            return {row.id: Money(row.price_minor, Currency.of(row.currency)) for row in rows}

    def quarantine(self, reasons: Mapping[int, str]) -> None:
        """Hold readings back; those that were released once stay usable."""
        with self._database.write() as connection:
            known = _held_before(connection, reasons)
            now = self._database.now()
            new = [
                {"observation": key, "reason": reason, "held_at": now}
                for key, reason in reasons.items()
                if key not in known
            ]
            if new:
                connection.execute(insert(quarantine), new)

    def held_ever(self, readings: Collection[int]) -> frozenset[int]:
        """Of these readings those that were held back once, whether or not they were released since."""
        with self._database.read() as connection:
            return frozenset(_held_before(connection, readings))

    def quarantined(self) -> tuple[StoredObservation, ...]:
        """The current observations that are held back."""
        held = select(quarantine.c.observation).where(quarantine.c.released_at.is_(None))
        items_held = (
            select(offers.c.item)
            .join(observations, observations.c.offer == offers.c.id)
            .join(quarantine, quarantine.c.observation == observations.c.id)
            .where(quarantine.c.released_at.is_(None))
        )
        return self._stored(_current(None, among=items_held).where(observations.c.id.in_(held)))

    def release(self, observations: Sequence[int], *, by: str) -> int:
        """Make quarantined readings usable for good; returns how many were held back."""
        table = quarantine.c
        values = {"released_at": self._database.now(), "released_by": by}
        with self._database.write() as connection:
            return sum(
                connection.execute(
                    update(quarantine).where(table.observation.in_(part), table.released_at.is_(None)).values(values)
                ).rowcount
                for part in chunks(observations)
            )

    def evidence(self, page_hash: str) -> KeptPage | None:
        """The page with this hash, when it is kept."""
        with self._database.read() as connection:
            return evidence.load(connection, page_hash)

    def prune_evidence(self, before: datetime) -> int:
        """Let go of pages saved before `before`, except those that a current offer rests on; returns how many."""
        with self._database.write() as connection:
            return evidence.prune(connection, before)

    def _stored(self, asked: Select[Any]) -> tuple[StoredObservation, ...]:
        known: dict[int, Item] = {}
        with self._database.read() as connection:
            return tuple(_stored(row, known) for row in connection.execute(asked))


def _lively(site: str, since: datetime, recent: datetime) -> Select[Any]:
    first = select(observations.c.offer, func.min(observations.c.id).label("id")).group_by(observations.c.offer)
    begun = first.join(offers, offers.c.id == observations.c.offer).join(targets, targets.c.id == offers.c.target)
    firsts = begun.where(targets.c.site == site).subquery()
    told, later = observations.c, observations.c.id > firsts.c.id
    priced = case((told.seen_at >= since, told.price_minor))
    return (
        select(
            targets.c.url,
            func.count(case((later & (told.seen_at >= since), 1))).label("changes"),
            func.count(case((later & (told.seen_at >= recent), 1))).label("recent"),
            func.min(told.seen_at).label("since"),
            func.min(priced).label("lowest"),
            func.max(priced).label("highest"),
            func.count(offers.c.id.distinct()).label("offers"),
        )
        .select_from(
            observations.join(firsts, firsts.c.offer == told.offer)
            .join(offers, offers.c.id == told.offer)
            .join(targets, targets.c.id == offers.c.target)
        )
        .group_by(targets.c.url)
    )


def _activity(row: Any) -> Activity:
    """Where a page shows several offers, their prices differ without swinging."""
    swings = row.changes and row.offers == 1 and row.lowest
    swing = (row.highest - row.lowest) * 10_000 // row.lowest if swings else 0
    return Activity(row.changes, row.recent, row.since, int(swing))


_ITEM = tuple(items.c[name] for name in ITEM)
_READING = tuple(observations.c[name] for name in READING)


def _readings(sku: Sku | None, last_seen: ColumnElement[Any], among: Select[Any] | None = None) -> Select[Any]:
    """Every observation with its item, offer, target and quarantine, and the product it is matched to."""
    matched = _matched(sku, among)
    held = (quarantine.c.observation == observations.c.id) & quarantine.c.released_at.is_(None)
    source = (
        observations.join(offers, offers.c.id == observations.c.offer)
        .join(items, items.c.id == offers.c.item)
        .join(matched, matched.c.item == items.c.id, isouter=sku is None)
        .outerjoin(targets, targets.c.id == offers.c.target)
        .outerjoin(quarantine, held)
    )
    about = (observations.c.gone, last_seen, matched.c.sku, offers.c.seller, targets.c.url, quarantine.c.reason)
    return select(observations.c.id, *about, *_READING, items.c.id, *_ITEM).select_from(source)


def _current(sku: Sku | None, among: Select[Any] | None = None) -> Select[Any]:
    asked = _readings(sku, _last_seen(), among).where(observations.c.id == offers.c.observation, ~offers.c.gone)
    return asked.order_by(observations.c.id)


def _matched(sku: Sku | None, among: Select[Any] | None) -> FromClause:
    """The product of each item by its accepted matches: the asked one, or the first by name."""
    accepted = select(matches.c.item, func.min(matches.c.sku).label("sku"))
    accepted = accepted.where(matches.c.status == MatchStatus.ACCEPTED).group_by(matches.c.item)
    if among is not None:
        accepted = accepted.where(matches.c.item.in_(among))
    return (accepted if sku is None else accepted.where(matches.c.sku == sku)).subquery("matched")


def _last_seen() -> ColumnElement[Any]:
    """When an offer was last seen: with its target, or when it was lost from sight."""
    return func.coalesce(offers.c.seen_at, targets.c.seen_at, observations.c.seen_at)


def _followed_at() -> ColumnElement[Any]:
    """When the next change point of the same offer came, or else when the offer was last seen."""
    later = observations.alias("later")
    asked = select(later.c.seen_at).where(later.c.offer == observations.c.offer, later.c.id > observations.c.id)
    next_one = asked.order_by(later.c.id).limit(1).correlate(observations).scalar_subquery()
    return func.coalesce(next_one, _last_seen())


def _stored(row: Sequence[Any], known: dict[int, Item]) -> StoredObservation:
    number, gone, last_seen, sku, seller, target, reason, *rest = row
    values, item_id, described = rest[: len(READING)], rest[len(READING)], rest[len(READING) + 1 :]
    item = known.get(item_id) or known.setdefault(item_id, read_item(described))
    observation = read_observation(values, item, seller, target or "", reason or "")
    return StoredObservation(number, observation, last_seen, sku, gone)


_READ = observations.alias("read")  # the readings of now


@cache
def _previous() -> Select[Any]:
    """Current readings with the newest earlier usable price of their offers, where there is one."""
    earlier, older = observations.alias("earlier"), observations.alias("older")
    before = select(older.c.id).where(older.c.offer == _READ.c.offer, older.c.id < _READ.c.id)
    before = before.where(older.c.price_minor.is_not(None), ~is_held(older.c.id)).order_by(older.c.id.desc()).limit(1)
    source = offers.join(_READ, (_READ.c.id == offers.c.observation) & (_READ.c.offer == offers.c.id)).join(
        earlier, earlier.c.id == before.correlate(_READ).scalar_subquery()
    )
    return select(_READ.c.id, earlier.c.price_minor, earlier.c.currency).select_from(source).where(~offers.c.gone)


_HELD = select(quarantine.c.observation, quarantine.c.reason).where(quarantine.c.released_at.is_(None))


def held_now(connection: Connection) -> Ints:
    """The readings that are held back now."""
    return np.array(connection.execute(_HELD).scalars().all(), dtype=np.int64)


def is_held(observation: ColumnElement[Any]) -> ColumnElement[bool]:
    """The condition that a reading is held back now."""
    return exists().where(quarantine.c.observation == observation, quarantine.c.released_at.is_(None))


def _held_before(connection: Connection, readings: Iterable[int]) -> set[int]:
    found: set[int] = set()
    for part in chunks(readings):
        asked = select(quarantine.c.observation).where(quarantine.c.observation.in_(part))
        found.update(connection.execute(asked).scalars())
    return found
