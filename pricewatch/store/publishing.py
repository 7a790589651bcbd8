"""Publications as rows: the newest one of a listing is the one that matters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from pricewatch.domain.listing import OPEN_STATES, Desired, Publication, PublicationState
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.domain.product import Sku
from pricewatch.store.columns import clean, minor, money
from pricewatch.store.tables import publications

Place: TypeAlias = tuple[str, str]  # channel and remote id

PARKED = datetime(9999, 1, 1, tzinfo=UTC)


def enqueue(connection: Connection, desired: Sequence[Desired], at: datetime, *, first: Collection[Sku] = ()) -> int:
    """Write a pending publication for each listing, in place of the one before; returns how many.

    Left out: what a newer version has overtaken, and what is already being brought about. Where some products go
    `first`, the others wait.
    """
    if not desired:
        return 0
    wishes = {(clean(wish.channel), clean(wish.remote_id)): wish for wish in desired}
    known = _latest(connection, {channel for channel, _ in wishes})
    wanted = {place: wish for place, wish in wishes.items() if _is_news(wish, known.get(place))}
    _supersede(connection, [known[place] for place in wanted if place in known])
    if wanted:
        early = frozenset(first or (wish.sku for wish in desired))
        connection.execute(insert(publications), [_row(wish, at, early) for wish in wanted.values()])
    return len(wanted)


def _latest(connection: Connection, channels: Iterable[str]) -> dict[Place, Row[Any]]:
    """The newest publication of each listing, locked in the order of their ids, as every writer does."""
    table = publications.c
    columns: tuple[Any, ...] = (table.id, table.channel, table.remote_id, table.sku, table.version, table.state)
    found: dict[Place, Row[Any]] = {}
    asked = select(*columns).where(table.channel.in_(sorted(channels)), table.latest).order_by(table.id)
    for row in connection.execute(asked.with_for_update()):
        found[row.channel, row.remote_id] = row
    return found


def _is_news(wish: Desired, known: Row[Any] | None) -> bool:
    if known is None or wish.sku != known.sku or wish.version > known.version:
        return True
    return wish.version == known.version and known.state not in OPEN_STATES


def _supersede(connection: Connection, older: Sequence[Row[Any]]) -> None:
    """Close older publications: whoever is sending one comes too late."""
    if not older:
        return
    mine = publications.c.id == bindparam("_id")
    change = update(publications).where(mine).values(latest=False, lease_until=None, state=bindparam("_state"))
    superseded, kept = PublicationState.SUPERSEDED, OPEN_STATES
    rows = [{"_id": row.id, "_state": superseded if row.state in kept else row.state} for row in older]
    connection.execute(change, rows)


def _row(wish: Desired, at: datetime, early: Collection[Sku]) -> dict[str, Any]:
    waits = wish.sku not in early
    return {
        "channel": wish.channel,
        "remote_id": wish.remote_id,
        "sku": wish.sku,
        "version": wish.version,
        "currency": wish.price.currency.code,
        "price_minor": wish.price.minor,
        "tax": wish.tax.basis_points,
        "floor_minor": minor(wish.floor),
        "ceiling_minor": minor(wish.ceiling),
        "previous_minor": minor(wish.previous),
        "adopted": wish.adopted,
        "latest": True,
        "state": PublicationState.PENDING,
        "attempts": 0,
        "token": 0,
        "created_at": at,
        "matching_reads": 0,
        "next_at": PARKED if waits else None,
        "message": f"waits for the first {len(early)} products of version {wish.version}" if waits else "",
    }


def read_publication(row: Row[Any]) -> Publication:
    """A publication from its columns."""
    desired = Desired(
        channel=row.channel,
        remote_id=row.remote_id,
        sku=row.sku,
        version=row.version,
        price=Money(row.price_minor, Currency.of(row.currency)),
        tax=TaxRate(row.tax),
        floor=money(row.floor_minor, row.currency),
        ceiling=money(row.ceiling_minor, row.currency),
        previous=money(row.previous_minor, row.currency),
        adopted=row.adopted,
    )
    return Publication(
        id=row.id,
        desired=desired,
        state=row.state,
        attempts=row.attempts,
        token=row.token,
        observed=money(row.observed_minor, row.observed_currency),
        message=row.message,
        created_at=row.created_at,
        sent_at=row.sent_at,
        checked_at=row.checked_at,
        next_at=row.next_at,
        matching_reads=row.matching_reads,
    )
