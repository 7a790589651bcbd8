"""What we ask: the price list is written in one transaction with everything that follows from it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from pricewatch.domain.decision import DecisionStatus, PriceEntry, PriceList
from pricewatch.domain.errors import NotApproved, StoreError
from pricewatch.domain.listing import Desired
from pricewatch.domain.money import Money
from pricewatch.domain.product import PriceGroup, Sku
from pricewatch.ports import OwnPrice, VersionPart
from pricewatch.store import ownprices, pricelist
from pricewatch.store.columns import chunks, clean, minor
from pricewatch.store.database import Database
from pricewatch.store.plans import lock_open_plan
from pricewatch.store.pricelist import AT_ONCE
from pricewatch.store.publishing import enqueue
from pricewatch.store.tables import decisions, halts, plans, price_entries, price_list, releases


class SqlPrices:
    """The price list and our price history in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(
        self, group: str, *, until: int | None = None, skus: Collection[Sku] | None = None, telling: bool = False
    ) -> Mapping[Sku, PriceEntry]:
        """The newest entry of every product or of some, or the one that was in force with version `until`; only those
        that say more than a price where `telling` ones are asked for.
        """
        with self._database.read() as connection:
            return pricelist.load_current(connection, group, until, skus, telling=telling)

    def priced(self, group: str) -> frozenset[Sku]:
        """The products that have a price in this group."""
        asked = select(price_entries.c.sku).where(price_entries.c.price_group == group).distinct()
        with self._database.read() as connection:
            return frozenset(connection.execute(asked).scalars())

    def before(self, group: str, skus: Collection[Sku]) -> Mapping[Sku, Money]:
        """The price of products before their newest entry, of those that had one."""
        with self._database.read() as connection:
            return pricelist.load_before(connection, group, skus)

    def newest(self) -> int:
        """The number of the newest version, 0 = none yet."""
        with self._database.read() as connection:
            return int(connection.execute(select(func.coalesce(func.max(price_list.c.version), 0))).scalar_one())

    def count(self, group: str) -> int:
        """How many products of a price group have a price."""
        asked = select(func.count(price_entries.c.sku.distinct())).where(price_entries.c.price_group == group)
        with self._database.read() as connection:
            return connection.execute(asked).scalar_one()

    def append(
        self,
        *,
        plan: int,
        at: datetime,
        entries: Sequence[PriceEntry],
        desired: Sequence[Desired],
        restated: Sequence[PriceEntry] = (),
        first: Collection[Sku] = (),
    ) -> PriceList:
        """Write the next version, its publications, the own-price history and the applied marks, or nothing; returns it
        without its entries.

        Raises NotApproved for a decision that is not approved, and StoreError for one that was applied before, for
        a price that the decision does not name, and for a plan that a newer one superseded. Adopted entries need
        no decision, and those that are `restated` have had one.
        """
        return self.append_parts(plan=plan, at=at, parts=[VersionPart(entries, restated, desired)], first=first)

    def append_parts(
        self, *, plan: int, at: datetime, parts: Iterable[VersionPart], first: Collection[Sku] = ()
    ) -> PriceList:
        """The same for a version that comes in parts, by price group and SKU, of which one is in memory at a time."""
        said = (part for part in parts if part.entries or part.restated)
        some = next(said, None)
        if some is None:
            raise StoreError("a price list version without entries says nothing")
        whole: Iterator[VersionPart] = chain([some], said)
        if self._database.memory:  # there is only one connection: nothing is read while it writes
            whole = iter(list(whole))
        early = frozenset(first)
        with self._database.write() as connection:
            self._database.serialise(connection, price_list)
            writer = pricelist.VersionWriter(connection, plan, at)
            applied = [_write_part(connection, writer, part, early) for part in whole]
            if any(applied):
                _close_plan(connection, plan)
            return writer.close()

    def version(self, number: int | None = None) -> PriceList | None:
        """A version by number, or the newest one."""
        with self._database.read() as connection:
            return pricelist.load_version(connection, number)

    def versions(self, *, limit: int = 20) -> tuple[PriceList, ...]:
        """The newest versions, newest first, without their entries."""
        with self._database.read() as connection:
            return pricelist.load_heads(connection, limit)

    def verify_chain(self) -> tuple[str, ...]:
        """Recompute the hash chain; what is wrong, in words (empty = intact)."""
        with self._database.read() as connection:
            return pricelist.broken_links(connection)

    def head(self, version: int) -> PriceList | None:
        """A version without its entries; None when it was not written."""
        with self._database.read() as connection:
            return pricelist.load_head(connection, version)

    def unpriced(self, group: PriceGroup) -> frozenset[Sku]:
        """The products with a catalogue price in this currency that is not in the price list, and nothing decided; and
        those whose tax rate is another one by now.
        """
        with self._database.read() as connection:
            return pricelist.unpriced(connection, group)

    def has_terms(self, group: str) -> bool:
        """Whether any entry ever said a loyalty, coupon or unit price."""
        table = price_entries.c
        said = table.loyalty_minor.is_not(None) | table.coupon_minor.is_not(None) | table.unit_minor.is_not(None)
        with self._database.read() as connection:
            asked = select(table.version).where(table.price_group == group, said).limit(1)
            return connection.execute(asked).one_or_none() is not None

    def released(self, version: int) -> bool:
        """Whether a person let this version go to all listings."""
        with self._database.read() as connection:
            asked = select(releases.c.version).where(releases.c.version == version)
            return connection.execute(asked).one_or_none() is not None

    def release(self, version: int, *, at: datetime, by: str, reason: str) -> bool:
        """Let a version go to all listings, whatever became of its first ones; False when it was let go before."""
        with self._database.write() as connection:
            if connection.execute(select(releases).where(releases.c.version == version)).one_or_none() is not None:
                return False
            connection.execute(insert(releases).values(version=version, at=at, by=clean(by), reason=clean(reason)))
            return True

    def halted(self, version: int) -> str:
        """Why this version goes no further until a person lets it go; empty = it was not halted."""
        with self._database.read() as connection:
            asked = select(halts.c.reason).where(halts.c.version == version)
            return connection.execute(asked).scalar_one_or_none() or ""

    def halt(self, version: int, *, at: datetime, reason: str) -> bool:
        """Let a version go no further than its first listings; False when it was halted before."""
        with self._database.write() as connection:
            if connection.execute(select(halts.c.version).where(halts.c.version == version)).first() is not None:
                return False
            connection.execute(insert(halts).values(version=version, at=at, reason=clean(reason)))
            return True

    def record_own(self, prices: Sequence[OwnPrice]) -> None:
        """Append to our price history what changes it."""
        with self._database.write() as connection:
            ownprices.record_changes(connection, prices)

    def own_history(
        self, sku: Sku, group: str, *, channel: str = "", since: datetime | None = None
    ) -> tuple[OwnPrice, ...]:
        """Change points of our price, oldest first; from `since` on, beginning with the price in force then."""
        with self._database.read() as connection:
            return ownprices.history(connection, sku, group, channel, since)


def _own(entry: PriceEntry) -> OwnPrice:
    return OwnPrice(
        entry.sku,
        entry.group,
        entry.gross,
        since=entry.valid_from,
        source="price_list",
        announced=entry.announcement is not None,
    )


def _write_part(
    connection: Connection, writer: pricelist.VersionWriter, part: VersionPart, first: Collection[Sku]
) -> bool:
    """Write some entries and all that follows from them; says whether any had been decided."""
    version = writer.version
    decided = [entry for entry in part.entries if not entry.adopted]
    if decided:
        _apply_decisions(connection, version.plan, decided)
    _check_restated(connection, part.restated)
    writer.write(chain(part.entries, part.restated))
    for some in chunks(chain(part.entries, part.restated), AT_ONCE):
        ownprices.record_changes(connection, list(map(_own, some)))
    enqueue(connection, part.desired, version.created_at, version=version.version, first=first)
    return bool(decided)


def _apply_decisions(connection: Connection, plan: int, entries: Sequence[PriceEntry]) -> None:
    """Check each entry against its decision and mark the decision applied."""
    lock_open_plan(connection, plan)
    for some in chunks(entries, AT_ONCE):
        known = _decisions(connection, plan, {entry.sku for entry in some})
        for entry in some:
            _check(entry, known.get((entry.sku, entry.group)), plan)
    change = update(decisions).values(status=DecisionStatus.APPLIED).where(decisions.c.plan == plan)
    for group in {entry.group for entry in entries}:
        mine = change.where(decisions.c.price_group == group)
        for part in chunks(sorted(entry.sku for entry in entries if entry.group == group)):
            connection.execute(mine.where(decisions.c.sku.in_(part)))


def _close_plan(connection: Connection, plan: int) -> None:
    """A plan is applied with the last of its decisions."""
    waiting = (DecisionStatus.PENDING, DecisionStatus.APPROVED)
    left = select(func.count()).where(decisions.c.plan == plan, decisions.c.status.in_(waiting))
    if not connection.execute(left).scalar_one():
        connection.execute(update(plans).where(plans.c.number == plan).values(status="applied"))


def _check(entry: PriceEntry, decision: Row[Any] | None, plan: int) -> None:
    where = f"plan {plan}, {entry.sku} in {entry.group}"
    if decision is None:
        raise StoreError("there is no such decision", where=where, hint="only planned prices are applied")
    if decision.status is DecisionStatus.APPLIED:
        raise StoreError("this decision was applied before", where=where, hint="nothing was written twice")
    if decision.status is not DecisionStatus.APPROVED:
        raise NotApproved(f"this decision is {decision.status}", where=where, hint="pricewatch approve")
    if (decision.proposed_minor, decision.currency) != (entry.gross.minor, entry.gross.currency.code):
        raise StoreError(f"{entry.gross} is not the decided price", where=where, hint="this is a bug; please report it")


def _check_restated(connection: Connection, entries: Sequence[PriceEntry]) -> None:
    """What is said once more was said of the product before: the same price with the same limits, by the same plan."""
    for entry in entries:
        table = price_entries.c
        said = select(table.version).where(
            table.sku == entry.sku,
            table.price_group == entry.group,
            table.gross_minor == entry.gross.minor,
            table.currency == entry.gross.currency.code,
            table.floor_minor == minor(entry.floor),
            table.ceiling_minor == minor(entry.ceiling),
            table.plan == entry.plan,
            table.adopted == entry.adopted,
        )
        if connection.execute(said.limit(1)).one_or_none() is None:
            raise StoreError("a price is said once more that was never said", where=f"{entry.sku} in {entry.group}")


def _decisions(connection: Connection, plan: int, skus: Iterable[Sku]) -> dict[tuple[str, str], Row[Any]]:
    table = decisions.c
    columns = (table.sku, table.price_group, table.status, table.proposed_minor, table.currency)
    found: dict[tuple[str, str], Row[Any]] = {}
    for part in chunks(sorted(skus)):
        rows = connection.execute(select(*columns).where(table.plan == plan, table.sku.in_(part)))
        found |= {(row.sku, row.price_group): row for row in rows.all()}
    return found
