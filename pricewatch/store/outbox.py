"""The outbox: desired state per listing, leased to one sender at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    func,
    null,
    select,
    update,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from pricewatch.domain.listing import Desired, Listing, Publication, PublicationState
from pricewatch.domain.product import Sku
from pricewatch.ports import ImportCount, PublicationChange
from pricewatch.store import mirror, pricelist, publishing
from pricewatch.store.bulk import execute_rows
from pricewatch.store.columns import chunks, clean, code, minor, to_micros
from pricewatch.store.database import Database
from pricewatch.store.tables import OPEN, listings, publications, withdrawn


class SqlOutbox:
    """Publications and the mirror of the channels' listings in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(
        self, channel: str, *, at: datetime, limit: int, lease: float, among: Sequence[int] | None = None
    ) -> tuple[Publication, ...]:
        """Lease open publications that are due, oldest version first; nobody else gets them until the lease ends. Where
        some are named by their numbers, it is `among` these.
        """
        until, table, asked = at + timedelta(seconds=lease), publications.c, _due(at)
        if among is None:
            parts = [asked.where(table.channel == channel).order_by(table.version, table.id).limit(limit)]
        else:  # without the channel: SQLite would go through all that is open there
            parts = [asked.where(table.id.in_(part)) for part in chunks(among[:limit])]
        with self._database.write() as connection:
            rows = [row for part in parts for row in connection.execute(part).all()]
            _lease(connection, [row.id for row in rows], until)
        return tuple(publishing.read_publication(row, claimed=1) for row in rows)

    def update(self, changes: Sequence[PublicationChange]) -> int:
        """Apply state changes whose token still fits and end their leases; returns how many held."""
        if not changes:
            return 0
        rows = [_change_row(change) for change in sorted(changes, key=lambda change: change.publication)]
        with self._database.write() as connection:
            return execute_rows(connection, _CHANGE, rows)

    def release(self, *, beyond: datetime | None = None) -> int:
        """End all leases, and fence off whoever held them; returns how many there were. What was put off beyond a time
        is due now.
        """
        values = {"lease_until": None, "token": publications.c.token + 1}
        with self._database.write() as connection:
            if beyond is not None:
                late = (publications.c.next_at > beyond) & (publications.c.next_at < publishing.PARKED)
                connection.execute(update(publications).where(OPEN, late).values(next_at=None))
            change = update(publications).where(OPEN, publications.c.lease_until.is_not(None)).values(values)
            return connection.execute(change).rowcount

    def publications(
        self,
        *,
        channel: str | None = None,
        states: Iterable[PublicationState] | None = None,
        sku: Sku | None = None,
        skus: Collection[Sku] | None = None,
        limit: int | None = None,
    ) -> tuple[Publication, ...]:
        """The newest publication of every listing, and the superseded ones when `states` asks for them."""
        if skus is not None:
            return self._publications_of(skus, channel, states)
        table = publications.c
        wanted = None if states is None else frozenset(states)
        asked = select(publications).order_by(table.channel, table.id).limit(limit)
        if wanted is None or PublicationState.SUPERSEDED not in wanted:
            asked = asked.where(table.latest)
        if wanted is not None:
            asked = asked.where(table.state.in_(sorted(wanted)))
        if channel is not None:
            asked = asked.where(table.channel == channel)
        if sku is not None:
            asked = asked.where(table.sku == sku)
        with self._database.read() as connection:
            return tuple(map(publishing.read_publication, connection.execute(asked).all()))

    def _publications_of(
        self, skus: Collection[Sku], channel: str | None, states: Iterable[PublicationState] | None
    ) -> tuple[Publication, ...]:
        """Those of some products, however many these are."""
        table = publications.c
        asked = select(publications).order_by(table.channel, table.id)
        kinds = None if states is None else frozenset(states)
        if kinds is None or PublicationState.SUPERSEDED not in kinds:
            asked = asked.where(table.latest)
        if kinds is not None:
            asked = asked.where(table.state.in_(sorted(kinds)))
        if channel is not None:
            asked = asked.where(table.channel == channel)
        parts = [asked.where(table.sku.in_(part)) for part in chunks(sorted(skus))]
        with self._database.read() as connection:
            rows = (row for part in parts for row in connection.execute(part).all())
            return tuple(map(publishing.read_publication, rows))

    def overtaken(self, channel: str, skus: Collection[Sku]) -> tuple[Publication, ...]:
        """What was asked of listings of these products before the newest publication and after the last one that was
        verified, oldest first.
        """
        table, later = publications.c, publications.alias("later").c
        seen_since = select(later.id).where(
            later.sku == table.sku,
            later.channel == channel,
            later.remote_id == table.remote_id,
            later.id > table.id,
            later.state == PublicationState.VERIFIED,
        )
        asked = select(publications).where(
            table.channel == channel,
            ~table.latest,
            table.state != PublicationState.VERIFIED,
            ~seen_since.exists(),
        )
        parts = [asked.where(table.sku.in_(part)).order_by(table.id) for part in chunks(sorted(skus))]
        with self._database.read() as connection:
            rows = (row for part in parts for row in connection.execute(part))
            return tuple(map(publishing.read_publication, rows))

    def open_skus(self, channels: Collection[str]) -> frozenset[Sku]:
        """The products of which a listing on one of these channels is on its way, and may be sent by now or later."""
        table = publications.c
        asked = select(table.sku).where(table.channel.in_(sorted(channels)), OPEN, _not_parked())
        with self._database.read() as connection:
            return frozenset(connection.execute(asked).scalars())

    def mirrored(self, channel: str) -> bool:
        """Whether anything is known of what a channel shows."""
        with self._database.read() as connection:
            asked = select(listings.c.remote_id).where(listings.c.channel == channel).limit(1)
            return connection.execute(asked).one_or_none() is not None

    def asked(self, channel: str) -> bool:
        """Whether any listing on a channel was ever asked to show a price."""
        table = publications.c
        with self._database.read() as connection:
            asked = select(table.id).where(table.channel == channel, table.latest).limit(1)
            return connection.execute(asked).one_or_none() is not None

    def unasked(self, channel: str, group: str, *, feed: bool) -> frozenset[Sku]:
        """The products in the catalogue with a price that a listing of this channel has not been asked to show."""
        newest = pricelist.newest_entries(group)
        asked, place = publications.c, newest.c.sku if feed else listings.c.remote_id
        same = (asked.channel == channel) & asked.latest & (asked.remote_id == place) & (asked.sku == newest.c.sku)
        gone = select(withdrawn.c.sku)
        wanted = select(newest.c.sku).where(newest.c.sku.not_in(gone))
        if feed:
            wanted = wanted.outerjoin_from(newest, publications, same)
        else:
            mine = (listings.c.channel == channel) & (listings.c.sku == newest.c.sku)
            wanted = wanted.select_from(newest.join(listings, mine).outerjoin(publications, same))
        behind = asked.version.is_(None) | (asked.version < newest.c.version)
        with self._database.read() as connection:
            return frozenset(connection.execute(wanted.where(behind)).scalars())

    def blank(self, channel: str) -> frozenset[Sku]:
        """The products whose listing on this channel has not been written and shows no price, parked ones as well."""
        table, shown = publications.c, listings.c
        there = (shown.channel == channel) & (shown.remote_id == table.remote_id) & shown.price_minor.is_not(None)
        asked = (
            select(table.sku)
            .select_from(publications.outerjoin(listings, there))
            .where(table.channel == channel, OPEN, table.state == PublicationState.PENDING, shown.remote_id.is_(None))
        )
        with self._database.read() as connection:
            return frozenset(connection.execute(asked).scalars())

    def count_open(self, channels: Collection[str]) -> int:
        """How many listings on these channels are on their way."""
        asked = select(func.count()).select_from(publications).where(publications.c.channel.in_(sorted(channels)), OPEN)
        with self._database.read() as connection:
            return int(connection.execute(asked).scalar_one())

    def next_due(self, channels: Collection[str], *, at: datetime) -> datetime | None:
        """When the next listing on these channels is due after this time; None = none is."""
        table = publications.c
        asked = select(func.min(table.next_at)).where(table.channel.in_(sorted(channels)), OPEN, table.next_at > at)
        with self._database.read() as connection:
            due: datetime | None = connection.execute(asked).scalar_one()
            return due

    def unpark(self, version: int) -> int:
        """Let all listings of a version go on; returns how many had waited."""
        change = update(publications).where(publications.c.version == version, _parked())
        with self._database.write() as connection:
            return connection.execute(change.values(next_at=None, message="")).rowcount

    def parked(self) -> Mapping[int, int]:
        """The versions of which listings wait, with their number."""
        asked = (
            select(publications.c.version, func.count().label("number"))
            .where(_parked())
            .group_by(publications.c.version)
        )
        with self._database.read() as connection:
            return {row.version: row.number for row in connection.execute(asked)}

    def first(self, version: int) -> tuple[Publication, ...]:
        """The listings of a version that did not have to wait, and what became of them; those that a newer version
        overtook on their way are left out.
        """
        table = publications.c
        overtaken = table.state == PublicationState.SUPERSEDED
        free = _not_parked() | (table.state != PublicationState.PENDING)
        asked = select(publications).where(table.version == version, ~overtaken, free).order_by(table.id)
        with self._database.read() as connection:
            return tuple(map(publishing.read_publication, connection.execute(asked)))

    def tally(self) -> Mapping[tuple[str, PublicationState], tuple[int, datetime]]:
        """By channel and state: how many listings there are, and when the oldest publication of them was made."""
        table = publications.c
        asked = select(table.channel, table.state, func.count(), func.min(table.created_at)).where(table.latest)
        with self._database.read() as connection:
            rows = connection.execute(asked.group_by(table.channel, table.state))
            return {(channel, state): (number, oldest) for channel, state, number, oldest in rows}

    def enqueue(self, desired: Sequence[Desired], *, at: datetime, waiting: Collection[Sku] = ()) -> int:
        """Ask again for listings; left out is what is open already, or older than what the listing shall show. Those of
        the products that are `waiting` wait with the rest of their version.
        """
        with self._database.write() as connection:
            return publishing.enqueue(connection, desired, at, waiting=waiting)

    def save_listings(
        self, channel: str, listings: Sequence[Listing], *, at: datetime, rest: Collection[str] | None = ()
    ) -> ImportCount:
        """Keep what a channel shows in its mirror, and forget what it does not show any more: all but these listings
        and the `rest`, which was saved before; None = more is to come, nothing is forgotten yet.
        """
        with self._database.write() as connection:
            saved = mirror.note(connection, channel, listings, at)
            if rest is not None:
                kept = {clean(one) for one in rest} | {clean(listing.remote_id) for listing in listings}
                mirror.forget_others(connection, channel, kept)
        return saved

    def listings(
        self, channel: str | None = None, *, sku: Sku | None = None, skus: Collection[Sku] | None = None
    ) -> tuple[Listing, ...]:
        """The mirror of one channel or all, of one product, of some, or all."""
        with self._database.read() as connection:
            return mirror.read(connection, channel, skus if sku is None else (sku,))

    def out_of_step(self, channel: str, group: str, *, announces: bool, also: Sequence[str] = ()) -> Sequence[int]:
        """The numbers of the newest publications of a channel that are anything else than verified and shown just so
        by its mirror, and of those of the listings that are `also` asked for.
        """
        with self._database.read() as connection:
            found = mirror.out_of_step(connection, channel, group, announces=announces)
            more = [connection.execute(mirror.numbers_of(channel, part)).scalars() for part in chunks(also)]
            return sorted({*found, *chain.from_iterable(more)}) if also else found

    def compared(self, numbers: Sequence[int]) -> tuple[tuple[Publication, Listing | None], ...]:
        """The publications of these numbers, each with its listing in the mirror."""
        with self._database.read() as connection:
            return mirror.beside(connection, numbers)


def _due(at: datetime) -> Select[Any]:
    table = publications.c
    return (
        select(publications)
        .where(
            OPEN,
            table.next_at.is_(None) | (table.next_at <= at),
            table.lease_until.is_(None) | (table.lease_until <= at),
        )
        .with_for_update(skip_locked=True)
    )


def _parked() -> ColumnElement[bool]:
    """Pending, and put off for ever: nothing else is."""
    table = publications.c
    waiting = table.state == PublicationState.PENDING
    return and_(OPEN, table.next_at == publishing.PARKED, waiting)


def _not_parked() -> ColumnElement[bool]:
    """What a later sweep or a release has to wake up counts for nothing until then."""
    return publications.c.next_at.is_(None) | (publications.c.next_at < publishing.PARKED)


def _lease(connection: Connection, ids: Sequence[int], until: datetime) -> None:
    table = publications.c
    change = update(publications).values(lease_until=until, token=table.token + 1)
    for part in chunks(ids):
        connection.execute(change.where(table.id.in_(part)))


def _kept_when_none(name: str) -> ColumnElement[Any]:
    column = publications.c[name]
    return func.coalesce(_bound(name), column)


def _bound(name: str) -> BindParameter[Any]:
    """A value that is what the database has already: converting it here costs a fraction of what a column type does."""
    kind: TypeEngine[Any] = publications.c[name].type
    return bindparam(f"_{name}", type_=kind.impl_instance if isinstance(kind, TypeDecorator) else kind)


_CHANGE = (
    update(publications)
    .where(publications.c.id == bindparam("_id"), publications.c.token == bindparam("_token"), publications.c.latest)
    .values(
        state=_bound("state"),
        message=_bound("message"),
        next_at=_bound("next_at"),
        matching_reads=_bound("matching_reads"),
        lease_until=null(),
        checked_at=_bound("checked_at"),
        **{name: _kept_when_none(name) for name in ("observed_minor", "observed_currency", "attempts", "sent_at")},
    )
)


def _change_row(change: PublicationChange) -> dict[str, Any]:
    return {
        "_id": change.publication,
        "_token": change.token,
        "_state": change.state.value,
        "_message": clean(change.message),
        "_next_at": _micros(change.next_at),
        "_matching_reads": change.matching_reads,
        "_checked_at": to_micros(change.at),
        "_observed_minor": minor(change.observed),
        "_observed_currency": code(change.observed),
        "_attempts": change.attempts,
        "_sent_at": _micros(change.sent_at),
    }


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else to_micros(moment)
