"""Publications as rows: the newest one of a listing is the one that matters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, bindparam, false, null, select, update

from pricewatch.domain.listing import OPEN_STATES, Desired, Publication, PublicationState
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.domain.product import Sku
from pricewatch.store.bulk import execute_rows, insert_columns
from pricewatch.store.columns import as_columns, chunks, clean, minor, money, to_micros
from pricewatch.store.tables import publications

Place: TypeAlias = tuple[str, str]  # channel and remote id

AT_ONCE = 20_000  # rows
PARKED = datetime(9999, 1, 1, tzinfo=UTC)
_COLUMNS = (
    "channel", "remote_id", "sku", "version", "currency", "price_minor", "tax", "floor_minor", "ceiling_minor",
    "previous_minor", "adopted", "latest", "state", "attempts", "token", "created_at", "matching_reads", "next_at",
    "message",
)  # fmt: skip


def enqueue(
    connection: Connection,
    desired: Sequence[Desired],
    at: datetime,
    *,
    version: int = 0,
    first: Collection[Sku] = (),
    waiting: Collection[Sku] = (),
) -> int:
    """Write a pending publication for each listing, in place of the one before; returns how many. They are of this
    `version`, or else of the one that each says.

    Left out: what a newer version has overtaken, and what is already being brought about. Where some products go
    `first`, the others wait, and so do those that are `waiting`.
    """
    wishes = {(clean(wish.channel), clean(wish.remote_id)): wish for wish in desired}
    early = frozenset(first)
    skus = {wish.sku for wish in desired} if early else frozenset[Sku]()
    waits = {sku: f"waits for the first {len(early)} products of version {version}" for sku in skus - early}
    waits |= dict.fromkeys(waiting, "waits for the first products of its version")
    return sum(
        _enqueue(connection, {place: wishes[place] for place in part}, to_micros(at), version, waits)
        for part in chunks(wishes, AT_ONCE)
    )


def _enqueue(
    connection: Connection, wishes: Mapping[Place, Desired], at: int, version: int, waits: Mapping[Sku, str]
) -> int:
    known = _latest(connection, wishes)
    wanted = {
        place: wish for place, wish in wishes.items() if _is_news(wish, version or wish.version, known.get(place))
    }
    _supersede(connection, [known[place] for place in wanted if place in known])
    rows = [_values(wish, version or wish.version, at, waits.get(wish.sku, "")) for wish in wanted.values()]
    if rows:
        insert_columns(connection, publications, as_columns(_COLUMNS, rows))
    return len(rows)


def _latest(connection: Connection, places: Iterable[Place]) -> dict[Place, Row[Any]]:
    """The newest publication of each listing, locked in the order of their ids, as every writer does."""
    table, there = publications.c, defaultdict[str, list[str]](list)
    columns: tuple[Any, ...] = (table.id, table.channel, table.remote_id, table.sku, table.version, table.state)
    asked = select(*columns).where(table.latest).order_by(table.id).with_for_update()
    for channel, remote_id in places:
        there[channel].append(remote_id)
    return {
        (row.channel, row.remote_id): row
        for channel, remote_ids in sorted(there.items())
        for part in chunks(remote_ids)
        for row in connection.execute(asked.where(table.channel == channel, table.remote_id.in_(part))).all()
    }


def _is_news(wish: Desired, version: int, known: Row[Any] | None) -> bool:
    if known is None or wish.sku != known.sku or version > known.version:
        return True
    return version == known.version and known.state not in OPEN_STATES


def _supersede(connection: Connection, older: Sequence[Row[Any]]) -> None:
    """Close older publications: whoever is sending one comes too late."""
    if not older:
        return
    superseded, kept = PublicationState.SUPERSEDED, OPEN_STATES
    rows = [{"_id": row.id, "_state": (superseded if row.state in kept else row.state).value} for row in older]
    execute_rows(connection, _SUPERSEDE, rows)


_SUPERSEDE = (
    update(publications)
    .where(publications.c.id == bindparam("_id"))
    .values(latest=false(), lease_until=null(), state=bindparam("_state"))
)


def _values(wish: Desired, version: int, at: int, waits: str) -> tuple[Any, ...]:
    """A new publication as the database has it, by _COLUMNS; what it `waits` for, it is parked for."""
    return (
        clean(wish.channel),
        clean(wish.remote_id),
        clean(wish.sku),
        version,
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
        waits,
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
