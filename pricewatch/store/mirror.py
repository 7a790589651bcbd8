"""What channels show, as it was read last, and which publications are not in step with it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    select,
    true,
    update,
)

from pricewatch.domain.listing import Listing, Publication, PublicationState
from pricewatch.domain.money import MAX_MINOR
from pricewatch.domain.product import Sku
from pricewatch.ports import ImportCount
from pricewatch.store.bulk import execute_rows, insert_columns
from pricewatch.store.columns import as_columns, chunks, clean, code, minor, money, to_micros
from pricewatch.store.publishing import read_publication
from pricewatch.store.tables import listings, price_entries, publications, withdrawn

_COLUMNS = (
    "remote_id", "sku", "price_minor", "price_currency", "sale_minor", "sale_currency", "name", "url", "active",
    "stock", "delivery",
)  # fmt: skip
_READ = [listings.c[name] for name in _COLUMNS]
_CHANGE = (
    update(listings)
    .where(listings.c.channel == bindparam("_channel"), listings.c.remote_id == bindparam("_remote_id"))
    .values({listings.c[name]: bindparam(f"_{name}") for name in (*_COLUMNS[1:], "seen_at")})
)


def note(connection: Connection, channel: str, shown: Iterable[Listing], at: datetime) -> ImportCount:
    """Keep these listings as they were read; what is as it was stays untouched."""
    rows = {row[0]: row for row in map(_values, shown)}
    known = _known(connection, channel, rows)
    new = [(channel, to_micros(at), *row) for remote_id, row in rows.items() if remote_id not in known]
    changed = [row for remote_id, row in rows.items() if known.get(remote_id, row) != row]
    if new:
        insert_columns(connection, listings, as_columns(("channel", "seen_at", *_COLUMNS), new))
    names = ("_channel", "_seen_at", *(f"_{name}" for name in _COLUMNS))
    if changed:
        values = [dict(zip(names, (channel, to_micros(at), *row), strict=True)) for row in changed]
        execute_rows(connection, _CHANGE, values)
    return ImportCount(len(new), len(changed), len(rows) - len(new) - len(changed))


def forget_others(connection: Connection, channel: str, kept: Collection[str]) -> None:
    """Forget the listings of a channel but for some."""
    here = listings.c.channel == channel
    gone = [one for one in connection.execute(select(listings.c.remote_id).where(here)).scalars() if one not in kept]
    for part in chunks(gone):
        connection.execute(delete(listings).where(here, listings.c.remote_id.in_(part)))


def _known(connection: Connection, channel: str, remote_ids: Iterable[str]) -> dict[str, Row[Any]]:
    asked = select(*_READ).where(listings.c.channel == channel)
    parts = (connection.execute(asked.where(listings.c.remote_id.in_(part))) for part in chunks(remote_ids))
    return {row[0]: row for part in parts for row in part.all()}


def _values(listing: Listing) -> tuple[Any, ...]:
    """A listing as the database has it, by _COLUMNS."""
    price, sale = listing.price, listing.sale_price
    return (
        clean(listing.remote_id),
        clean(listing.sku),
        minor(price),
        code(price),
        minor(sale),
        code(sale),
        clean(listing.name),
        clean(listing.url),
        listing.active,
        _kept(listing.stock),
        clean(listing.delivery),
    )


def _kept(stock: int | None) -> int | None:
    """Pieces as they are told, below zero as well; what nobody can have is not known."""
    return stock if stock is not None and abs(stock) <= MAX_MINOR else None


def read(connection: Connection, channel: str | None, skus: Collection[Sku] | None) -> tuple[Listing, ...]:
    """The mirror of one channel or all, of some products or all."""
    table = listings.c
    asked = select(table.channel, *_READ).order_by(table.channel, table.remote_id)
    if skus is None:
        found = connection.execute(asked if channel is None else asked.where(table.channel == channel))
        return tuple(map(_listing, found))
    parts = (asked.where(table.sku.in_(part)) for part in chunks(sorted(skus)))  # SQLite would take the channel's index
    rows = (row for part in parts for row in connection.execute(part).all())
    return tuple(_listing(row) for row in rows if channel in {None, row.channel})


def _listing(row: Sequence[Any]) -> Listing:
    channel, remote_id, sku, price, currency, sale, sale_currency, name, url, active, stock, delivery = row
    return Listing(
        channel=channel,
        remote_id=remote_id,
        sku=sku,
        price=money(price, currency),
        sale_price=money(sale, sale_currency),
        name=name,
        url=url,
        active=active,
        stock=stock,
        delivery=delivery,
    )


def out_of_step(connection: Connection, channel: str, group: str, *, announces: bool) -> Sequence[int]:
    """The newest publications of a channel that are anything else than verified and shown just so by the mirror: also
    those of products that were withdrawn, or of which the price list went on.
    """
    mine, shown = publications.c, listings.c
    same = (shown.channel == mine.channel) & (shown.remote_id == mine.remote_id)
    in_step = _in_step(group)
    if announces:
        in_step &= shown.sale_minor.is_(None) & ~_announced(group)
    asked = select(mine.id).outerjoin_from(publications, listings, same).order_by(mine.id)
    asked = asked.where(mine.channel == channel, mine.latest, in_step.is_not(true()))
    return connection.execute(asked).scalars().all()


def _in_step(group: str) -> ColumnElement[bool]:
    mine, shown, entry = publications.c, listings.c, price_entries.c
    later = exists().where(entry.price_group == group, entry.sku == mine.sku, entry.version > mine.version)
    return and_(
        mine.state == PublicationState.VERIFIED,
        mine.observed_minor == mine.price_minor,
        mine.observed_currency == mine.currency,
        mine.message == "",
        shown.sku == mine.sku,
        func.coalesce(shown.sale_minor, shown.price_minor) == mine.price_minor,
        func.coalesce(shown.sale_currency, shown.price_currency) == mine.currency,
        ~later,
        mine.sku.not_in(select(withdrawn.c.sku)),
    )


def _announced(group: str) -> ColumnElement[bool]:
    """Whether the entry that a publication is of announces a reduction."""
    mine, entry = publications.c, price_entries.c
    of_it = (entry.version == mine.version) & (entry.sku == mine.sku) & (entry.price_group == group)
    return exists().where(of_it, entry.prior_minor.is_not(None))


def beside(connection: Connection, numbers: Iterable[int]) -> tuple[tuple[Publication, Listing | None], ...]:
    """The publications of these numbers, each with the listing as it was read last."""
    mine, shown = publications.c, listings.c
    same = (shown.channel == mine.channel) & (shown.remote_id == mine.remote_id)
    asked = select(publications, shown.channel, *_READ).outerjoin_from(publications, listings, same)
    width = len(mine)
    return tuple(
        (read_publication(row[:width]), None if row[width] is None else _listing(row[width:]))
        for part in chunks(numbers)
        for row in connection.execute(asked.where(mine.id.in_(part)).order_by(mine.id))
    )


def numbers_of(channel: str, remote_ids: Sequence[str]) -> Select[Any]:
    """Asks for the newest publications of these listings."""
    mine = publications.c
    return select(mine.id).where(mine.channel == channel, mine.latest, mine.remote_id.in_(remote_ids))
