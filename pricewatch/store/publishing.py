"""Publications as rows: the newest one of a listing is the one that matters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, bindparam, select, update

from pricewatch.domain.listing import OPEN_STATES, Desired, Publication, PublicationState
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.domain.product import Sku
from pricewatch.store.bulk import insert_columns
from pricewatch.store.columns import as_columns, clean, minor, money, to_micros
from pricewatch.store.tables import publications

Place: TypeAlias = tuple[str, str]  # channel and remote id

PARKED = datetime(9999, 1, 1, tzinfo=UTC)
_COLUMNS = (
    "channel", "remote_id", "sku", "version", "currency", "price_minor", "tax", "floor_minor", "ceiling_minor",
    "previous_minor", "adopted", "latest", "state", "attempts", "token", "created_at", "matching_reads", "next_at",
    "message",
)  # fmt: skip


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
        rows = [_values(wish, to_micros(at), early) for wish in wanted.values()]
        insert_columns(connection, publications, as_columns(_COLUMNS, rows))
    return len(wanted)


def _latest(connection: Connection, channels: Iterable[str]) -> dict[Place, Row[Any]]:
    """The newest publication of each listing, locked in the order of their ids, as every writer does."""
    table = publications.c
    columns: tuple[Any, ...] = (table.id, table.channel, table.remote_id, table.sku, table.version, table.state)
    found: dict[Place, Row[Any]] = {}
    asked = select(*columns).where(table.channel.in_(sorted(channels)), table.latest).order_by(table.id)
    for row in connection.execute(asked.with_for_update()).all():
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


def _values(wish: Desired, at: int, early: Collection[Sku]) -> tuple[Any, ...]:
    """A new publication as the database has it, by _COLUMNS."""
    waits = wish.sku not in early
    return (
        clean(wish.channel),
        clean(wish.remote_id),
        clean(wish.sku),
        wish.version,
        wish.price.currency.code,
        wish.price.minor,
        wish.tax.basis_points,
        minor(wish.floor),
        minor(wish.ceiling),
        minor(wish.previous),
        wish.adopted,
        True,
        PublicationState.PENDING.value,
        0,
        0,
        at,
        0,
        to_micros(PARKED) if waits else None,
        f"waits for the first {len(early)} products of version {wish.version}" if waits else "",
    )


def read_publication(row: Sequence[Any], *, claimed: int = 0) -> Publication:
    """A publication from all columns of its table in their order; one that was just claimed has a newer token."""
    (
        number, channel, remote_id, sku, version, currency, price, tax, floor, ceiling, previous, adopted, _latest,
        state, attempts, token, observed, observed_currency, message, created_at, sent_at, checked_at, next_at,
        _lease_until, matching_reads,
    ) = row  # fmt: skip
    unit = Currency.of(currency)
    desired = Desired(
        channel=channel,
        remote_id=remote_id,
        sku=sku,
        version=version,
        price=Money(price, unit),
        tax=TaxRate(tax),
        floor=None if floor is None else Money(floor, unit),
        ceiling=None if ceiling is None else Money(ceiling, unit),
        previous=None if previous is None else Money(previous, unit),
        adopted=adopted,
    )
    return Publication(
        id=number,
        desired=desired,
        state=state,
        attempts=attempts,
        token=token + claimed,
        observed=money(observed, observed_currency),
        message=message,
        created_at=created_at,
        sent_at=sent_at,
        checked_at=checked_at,
        next_at=next_at,
        matching_reads=matching_reads,
    )
