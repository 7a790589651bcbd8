"""The price list: numbered versions, each hashed together with the hash of the one before."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Subquery,
    case,
    collate,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from pricewatch.domain.decision import (
    NO_TERMS,
    Announcement,
    Coupon,
    DecisionStatus,
    PriceEntry,
    PriceList,
    Terms,
    UnitPrice,
)
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.domain.product import PriceGroup
from pricewatch.store.bulk import insert_columns
from pricewatch.store.columns import CHUNK, as_columns, chunks, clean, minor, money, plain, to_micros
from pricewatch.store.tables import decisions, price_entries, price_list, products, publications

_OTHERS = price_entries.alias()
AT_ONCE = 20_000  # rows
GENESIS = "0" * 64  # what the first version follows
_COLUMNS = (
    "adopted", "announced_from", "announced_until", "approved_by", "ceiling_minor", "coupon_code", "coupon_minor",
    "currency", "floor_minor", "gross_minor", "loyalty_minor", "plan", "price_group", "prior_minor", "reason", "run",
    "sku", "tax", "unit_minor", "unit_per", "valid_from", "valid_to", "version",
)  # fmt: skip
"""In the order in which they are hashed."""
_BY_GROUP_AND_SKU = itemgetter(_COLUMNS.index("price_group"), _COLUMNS.index("sku"))
_LATER = frozenset({"loyalty_minor", "coupon_minor", "coupon_code", "unit_minor", "unit_per", "valid_to", "run"})
"""Columns that older versions did not have: they count in the hash only where they say something."""


def newest(connection: Connection) -> tuple[int, str]:
    """The number and hash of the newest version; 0 and zeros when there is none."""
    asked = select(price_list.c.version, price_list.c.hash).order_by(price_list.c.version.desc()).limit(1)
    row = connection.execute(asked).one_or_none()
    return (0, GENESIS) if row is None else (row.version, row.hash)


class VersionWriter:
    """Numbers and writes the next version a part at a time, and hashes it on the way; without its `close` the
    transaction must not end.
    """

    def __init__(self, connection: Connection, plan: int, at: datetime) -> None:
        self._connection = connection
        last, previous = newest(connection)
        self.version = PriceList(last + 1, at, plan, (), previous, hash="")
        self._digest = _Digest(_head(self.version))
        self._newest = ("", "")
        row = {"version": last + 1, "created_at": at, "plan": plan or None, "previous_hash": previous, "hash": ""}
        connection.execute(insert(price_list).values(row))

    def write(self, entries: Iterable[PriceEntry]) -> None:
        """Write some entries; those of later parts come after them, by price group and SKU."""
        rows = sorted((_values(entry, self.version.version) for entry in entries), key=_BY_GROUP_AND_SKU)
        for part in chunks(rows, AT_ONCE):
            if _BY_GROUP_AND_SKU(part[0]) <= self._newest:
                raise ValueError("the parts of a version come in the order of groups and SKUs")
            self._newest = _BY_GROUP_AND_SKU(part[-1])
            self._digest.add(part)
            insert_columns(self._connection, price_entries, as_columns(_COLUMNS, part))

    def close(self) -> PriceList:
        """Write the hash; returns the version without its entries."""
        version = replace(self.version, hash=self._digest.hash())
        mine = price_list.c.version == version.version
        self._connection.execute(update(price_list).where(mine).values(hash=version.hash))
        return version


def load_version(connection: Connection, number: int | None) -> PriceList | None:
    """A version with its entries, or the newest one."""
    asked = select(price_list).order_by(price_list.c.version.desc()).limit(1)
    if number is not None:
        asked = asked.where(price_list.c.version == number)
    row = connection.execute(asked).one_or_none()
    return None if row is None else _version(connection, row)


def load_heads(connection: Connection, limit: int) -> tuple[PriceList, ...]:
    """The newest versions without their entries."""
    rows = connection.execute(select(price_list).order_by(price_list.c.version.desc()).limit(limit))
    return tuple(_without_entries(row) for row in rows)


def load_head(connection: Connection, version: int) -> PriceList | None:
    """A version without its entries; None when it was not written."""
    row = connection.execute(select(price_list).where(price_list.c.version == version)).one_or_none()
    return None if row is None else _without_entries(row)


def _without_entries(row: Row[Any]) -> PriceList:
    return PriceList(row.version, row.created_at, row.plan or 0, (), row.previous_hash, row.hash)


def load_current(
    connection: Connection,
    group: str,
    until: int | None = None,
    skus: Collection[str] | None = None,
    *,
    telling: bool = False,
) -> dict[str, PriceEntry]:
    """The newest entry of every product in a price group, or of some, or the newest one up to a version; where only
    those are asked for that are `telling`, without those that say no more than a price.
    """
    parts = [None] if skus is None else chunks(sorted(skus))
    asked = (_current(group, until, part) for part in parts)
    rows = (row for each in asked for row in connection.execute(each.where(_tells()) if telling else each).all())
    return {row.sku: _entry(row) for row in rows}


def _tells() -> ColumnElement[bool]:
    entry = price_entries.c
    columns = (entry.prior_minor, entry.loyalty_minor, entry.coupon_minor, entry.unit_minor)
    return or_(*(column.is_not(None) for column in columns))


def _current(group: str, until: int | None, skus: Sequence[str] | None) -> Select[Any]:
    entry = price_entries.c
    known = entry.price_group == group
    if until is not None:
        known &= entry.version <= until
    if skus is not None:
        known &= entry.sku.in_(skus)
    last = (
        select(entry.sku.label("sku"), func.max(entry.version).label("version"))
        .where(known)
        .group_by(entry.sku)
        .subquery()
    )
    same = (entry.sku == last.c.sku) & (entry.version == last.c.version)
    return select(price_entries).join(last, same).where(entry.price_group == group)


def load_before(connection: Connection, group: str, skus: Collection[str]) -> dict[str, Money]:
    """The price of products before their newest entry, of those that had one."""
    newest, entry = newest_entries(group), price_entries.c
    earlier = (entry.sku == newest.c.sku) & (entry.version < newest.c.version)
    last = (
        select(entry.sku.label("sku"), func.max(entry.version).label("version"))
        .join_from(price_entries, newest, earlier)
        .where(entry.price_group == group)
        .group_by(entry.sku)
    )
    found: dict[str, Money] = {}
    for part in chunks(sorted(skus)):
        mine = last.where(entry.sku.in_(part)).subquery()
        same = (entry.sku == mine.c.sku) & (entry.version == mine.c.version) & (entry.price_group == group)
        asked = select(entry.sku, entry.gross_minor, entry.currency).join_from(price_entries, mine, same)
        found |= {r.sku: Money(r.gross_minor, Currency.of(r.currency)) for r in connection.execute(asked)}
    return found


def first_steps(group: str) -> Select[Any]:
    """SKU and prior price of the entries that began a run of announced reductions, the newest run of each product."""
    entry, earlier = price_entries.c, price_entries.alias().c
    of_it = (earlier.sku == entry.sku) & (earlier.price_group == group)
    last_plain = select(func.max(earlier.version)).where(of_it, earlier.prior_minor.is_(None)).scalar_subquery()
    between = price_entries.alias().c
    first = (
        select(func.min(between.version))
        .where(between.sku == entry.sku, between.price_group == group, between.prior_minor.is_not(None))
        .where(between.version > func.coalesce(last_plain, 0))
        .correlate(price_entries)
        .scalar_subquery()
    )
    return select(entry.sku, entry.prior_minor).where(entry.price_group == group, entry.version == first)


def newest_prices(group: str, *columns: Any, at: datetime | None = None, few: bool = False) -> Select[Any]:
    """Columns of the newest entry of every product in a price group, in force `at` that time. Where `few` products will
    be asked for, the database looks for the newest entry of each of them, instead of for all.
    """
    entry = price_entries.c
    if few:
        known = _OTHERS.c
        of_it = (known.sku == entry.sku) & _known(known, group, at)
        last = select(func.max(known.version)).where(of_it).correlate(price_entries).scalar_subquery()
        return select(*columns).where(entry.price_group == group, entry.version == last)
    every = select(entry.sku.label("sku"), func.max(entry.version).label("version"))
    newest = every.where(_known(entry, group, at)).group_by(entry.sku).subquery()
    same = (entry.sku == newest.c.sku) & (entry.version == newest.c.version)
    return select(*columns).join_from(price_entries, newest, same).where(entry.price_group == group)


def _known(entry: Any, group: str, at: datetime | None) -> ColumnElement[bool]:
    of_group: ColumnElement[bool] = entry.price_group == group
    return of_group if at is None else of_group & (entry.valid_from <= at)


def newest_entries(group: str) -> Subquery:
    """SKU and version of the newest entry of every product in a price group."""
    entry = price_entries.c
    asked = select(entry.sku, func.max(entry.version).label("version")).where(entry.price_group == group)
    return asked.group_by(entry.sku).subquery()


def unpriced(connection: Connection, group: PriceGroup) -> frozenset[str]:
    """The products whose catalogue price is not in the price list, and for which nothing was decided; and those that
    another tax rate holds for by now.
    """
    newest, entry, product = newest_entries(group.name), price_entries.c, products.c
    same = (entry.sku == newest.c.sku) & (entry.version == newest.c.version) & (entry.price_group == group.name)
    known = products.outerjoin(newest, newest.c.sku == product.sku).outerjoin(price_entries, same)
    news = entry.version.is_(None) | (
        entry.adopted
        & entry.floor_minor.is_(None)
        & ((entry.gross_minor != product.price_minor) | (entry.currency != product.price_currency))
    )
    priced = (product.price_minor > 0) & (product.price_currency == group.currency)
    rate = case(dict(group.vat), value=product.tax, else_=product.tax) if group.vat else product.tax
    wanted = (priced & news) | (entry.tax != rate)
    return frozenset(connection.execute(select(product.sku).select_from(known).where(wanted)).scalars())


def broken_links(connection: Connection) -> tuple[str, ...]:
    """Recompute the whole chain; what is wrong, in words."""
    problems: list[str] = []
    expected, previous = 1, GENESIS
    for row in connection.execute(select(price_list).order_by(price_list.c.version)).all():
        if row.version != expected:
            problems.append(f"price list version {expected} is missing")
        if row.previous_hash != previous:
            problems.append(f"price list version {row.version} does not follow the version before it")
        if _hash(_head(row), _stored(connection, row.version)) != row.hash:
            problems.append(f"price list version {row.version} was changed after it was written")
        expected, previous = row.version + 1, row.hash
    sent = connection.execute(select(func.max(publications.c.version))).scalar() or 0
    if sent >= expected:
        problems.append(f"price list version {sent} was published and is missing")
    return (*problems, *_strays(connection), *_undecided(connection), *_unlisted(connection))


def _strays(connection: Connection) -> Iterator[str]:
    """Entries of versions that are not there: the foreign key keeps them out, unless somebody switched it off."""
    known = select(price_list.c.version)
    asked = select(price_entries.c.version).where(price_entries.c.version.not_in(known)).distinct()
    for (version,) in connection.execute(asked):
        yield f"there are entries of a price list version {version} that does not exist"


def _undecided(connection: Connection) -> Iterator[str]:
    """Prices that no approved decision asked for: a version that was added past the program, whatever its hash."""
    entry, decided = price_entries.c, decisions.c
    same = (decided.plan == entry.plan) & (decided.sku == entry.sku) & (decided.price_group == entry.price_group)
    asked = (
        select(entry.version, func.count(), func.min(entry.sku))
        .outerjoin_from(price_entries, decisions, same)
        .where(
            entry.adopted.is_(False),
            decided.sku.is_(None)
            | (decided.status != DecisionStatus.APPLIED)
            | (decided.proposed_minor != entry.gross_minor)
            | (decided.currency != entry.currency),
        )
        .group_by(entry.version)
        .order_by(entry.version)
    )
    for version, count, sku in connection.execute(asked):
        yield f"price list version {version} has {count} prices that nobody decided, such as that of {sku}"


def _unlisted(connection: Connection) -> Iterator[str]:
    """Listings that are to show another price than their version of the price list says."""
    entry, asked = price_entries.c, publications.c
    listed = asked.version.in_(select(price_list.c.version))
    of_it = (entry.version == asked.version) & (entry.sku == asked.sku)
    same = exists().where(of_it, entry.gross_minor == asked.price_minor, entry.currency == asked.currency)
    wrong = select(asked.channel, func.count(), func.min(asked.sku)).where(asked.latest, listed, ~same)
    for channel, count, sku in connection.execute(wrong.group_by(asked.channel).order_by(asked.channel)):
        yield f"{count} listings on {channel} are to show a price that no price list has, such as that of {sku}"


def _head(version: PriceList | Row[Any]) -> list[Any]:
    return [version.version, to_micros(version.created_at), version.plan or 0, version.previous_hash]


class _Digest:
    """SHA-256 over everything a version says and the hash of the version before it: over one JSON text,
    `[head, [entries…]]`, of which never more than a part is in memory.
    """

    def __init__(self, head: list[Any]) -> None:
        self._digest = hashlib.sha256(b"[" + orjson.dumps(head) + b",[")
        self._begun = False

    def add(self, entries: Iterable[Sequence[Any]]) -> None:
        """Take in entries, in the order in which they are hashed."""
        for part in chunks(entries):
            self._digest.update(b"," * self._begun + orjson.dumps(list(map(_canonical, part)))[1:-1])
            self._begun = True

    def hash(self) -> str:
        """The hash of everything that was taken in."""
        ended = self._digest.copy()
        ended.update(b"]]")
        return ended.hexdigest()


def _hash(head: list[Any], entries: Iterable[Sequence[Any]]) -> str:
    digest = _Digest(head)
    digest.add(entries)
    return digest.hash()


def _stored(connection: Connection, version: int) -> Iterator[Sequence[Any]]:
    """The entries of a version as the database has them, by _COLUMNS, in the order in which they are hashed."""
    entry, columns = price_entries.c, [plain(price_entries.c[name]) for name in _COLUMNS]
    exact = entry.sku if connection.dialect.name == "sqlite" else collate(entry.sku, "C")
    groups = connection.execute(select(entry.price_group).where(entry.version == version).distinct()).scalars()
    for group in sorted(groups):
        asked = select(*columns).where(entry.version == version, entry.price_group == group).order_by(exact)
        yield from connection.execute(asked, execution_options={"yield_per": CHUNK})


def ordered(entries: Iterable[PriceEntry]) -> tuple[PriceEntry, ...]:
    """Entries in the order in which they are hashed."""
    return tuple(sorted(entries, key=lambda entry: (entry.group, entry.sku)))


def _canonical(values: Sequence[Any]) -> list[Any]:
    said = zip(_COLUMNS, values, strict=True)
    return [[name, value] for name, value in said if value is not None or name not in _LATER]


def _version(connection: Connection, row: Row[Any]) -> PriceList:
    rows = connection.execute(select(price_entries).where(price_entries.c.version == row.version))
    entries = ordered(map(_entry, rows))
    return PriceList(row.version, row.created_at, row.plan or 0, entries, row.previous_hash, row.hash)


def _values(entry: PriceEntry, version: int) -> tuple[Any, ...]:
    """An entry of a version as the database has it, by _COLUMNS."""
    announced, terms = entry.announcement, entry.terms
    coupon, unit = terms.coupon, terms.unit
    return (
        entry.adopted,
        to_micros(announced.starts) if announced else None,
        to_micros(announced.ends) if announced and announced.ends else None,
        clean(entry.approved_by),
        minor(entry.ceiling),
        clean(coupon.code) if coupon else None,
        minor(coupon.price) if coupon else None,
        entry.gross.currency.code,
        minor(entry.floor),
        entry.gross.minor,
        minor(terms.loyalty),
        entry.plan,
        clean(entry.group),
        minor(announced.prior) if announced else None,
        clean(entry.reason),
        entry.run or None,
        clean(entry.sku),
        entry.tax.basis_points,
        minor(unit.price) if unit else None,
        clean(unit.per) if unit else None,
        to_micros(entry.valid_from),
        to_micros(entry.valid_to) if entry.valid_to else None,
        version,
    )


def _entry(row: Row[Any]) -> PriceEntry:
    return PriceEntry(
        version=row.version,
        sku=row.sku,
        group=row.price_group,
        gross=Money(row.gross_minor, Currency.of(row.currency)),
        tax=TaxRate(row.tax),
        floor=money(row.floor_minor, row.currency),
        ceiling=money(row.ceiling_minor, row.currency),
        plan=row.plan,
        reason=row.reason,
        approved_by=row.approved_by,
        valid_from=row.valid_from,
        adopted=row.adopted,
        announcement=_announcement(row),
        terms=_terms(row),
        valid_to=row.valid_to,
        run=row.run or 0,
    )


def _terms(row: Row[Any]) -> Terms:
    if row.loyalty_minor is None and row.coupon_minor is None and row.unit_minor is None:
        return NO_TERMS
    coupon, unit = money(row.coupon_minor, row.currency), money(row.unit_minor, row.currency)
    return Terms(
        loyalty=money(row.loyalty_minor, row.currency),
        coupon=Coupon(row.coupon_code or "", coupon) if coupon else None,
        unit=UnitPrice(unit, row.unit_per or "") if unit else None,
    )


def _announcement(row: Row[Any]) -> Announcement | None:
    prior = money(row.prior_minor, row.currency)
    return None if prior is None else Announcement(prior, row.announced_from, row.announced_until)
