"""Saved plans: what was decided, why, and who let it pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, delete, exists, func, insert, select, update

from pricewatch.domain.decision import Breaker, Decision, DecisionStatus, Plan, Proposal
from pricewatch.domain.errors import SetAside, StoreError
from pricewatch.domain.offer import SiteKind
from pricewatch.domain.product import PriceGroup, Sku
from pricewatch.ports import NO_KINDS, Basis, Chained, Changes, LearnedMove, LearntRow
from pricewatch.pricing.decided import PROMOTION, Decided
from pricewatch.pricing.frame import MarketFrame
from pricewatch.pricing.history import MarketHistory
from pricewatch.pricing.readings import PricedReadings
from pricewatch.store.changes import begin_afresh, chain, changes, elsewhere, newest_basis
from pricewatch.store.columns import chunks
from pricewatch.store.database import Database
from pricewatch.store.decisions import insert_decided, read_decided, select_decided
from pricewatch.store.learning import insert_learnt
from pricewatch.store.market import SiteBook, market_frame
from pricewatch.store.market_history import market_history
from pricewatch.store.records import write_aside
from pricewatch.store.tables import decisions, plans, shapes
from pricewatch.store.tables import learnt as said


class SqlPlans:
    """Plans in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def market(
        self,
        group: PriceGroup,
        *,
        at: datetime,
        skus: Sequence[Sku] | None = None,
        site_kinds: Mapping[str, SiteKind] = NO_KINDS,
        own_sites: frozenset[str] = frozenset(),
        own_sellers: frozenset[str] = frozenset(),
        rates_since: str = "",
        trend: bool = False,
        readings: PricedReadings | None = None,
        equivalents: bool = False,
    ) -> MarketFrame:
        """Everything the engine needs of one price group, in columns; our products and prices from one state."""
        book = SiteBook(site_kinds, own_sites, own_sellers)
        with self._database.read() as connection:
            return market_frame(
                connection, group, at, skus, book, rates_since=rates_since, trend=trend, readings=readings,
                equivalents=equivalents,
            )  # fmt: skip

    def history(
        self,
        group: PriceGroup,
        *,
        at: datetime,
        begins: datetime,
        skus: Sequence[Sku] | None = None,
        site_kinds: Mapping[str, SiteKind] = NO_KINDS,
        own_sites: frozenset[str] = frozenset(),
        own_sellers: frozenset[str] = frozenset(),
        rates_since: str = "",
        equivalents: bool = False,
    ) -> MarketHistory:
        """The market of one price group from `begins` to `at`, for the products as they are at `at`."""
        book = SiteBook(site_kinds, own_sites, own_sellers)
        with self._database.read() as connection:
            return market_history(
                connection, group, at, begins, skus, book, rates_since=rates_since, equivalents=equivalents
            )

    def save(
        self,
        *,
        at: datetime,
        rules_hash: str,
        proposals: Decided | Sequence[tuple[Proposal, DecisionStatus]],
        breakers: Sequence[Breaker],
        set_aside: Sequence[SetAside],
        learnt: Sequence[LearntRow] = (),
        moves: Sequence[LearnedMove] = (),
        chained: Chained | None = None,
    ) -> Plan:
        """Number and store a plan in one transaction; older open plans become superseded."""
        decided = proposals if isinstance(proposals, Decided) else Decided.of(proposals)
        counts = {outcome.value: count for outcome, count in decided.outcomes().items() if count}
        with self._database.write() as connection:
            older = update(plans).where(plans.c.status.in_(("open", "stopped"))).values(status="superseded")
            connection.execute(older)
            number = connection.execute(
                insert(plans)
                .values(
                    created_at=at,
                    rules_hash=rules_hash,
                    counts=counts,
                    breakers=[[breaker.name, breaker.text] for breaker in breakers],
                    set_aside=write_aside(set_aside),
                    status="open",
                )
                .returning(plans.c.number)
            ).scalar_one()
            insert_decided(connection, number, at, decided)
            insert_learnt(connection, number, learnt, moves)
            if chained is not None:
                chain(connection, number, decided.sku, chained)
        return Plan(number, at, rules_hash, counts, tuple(breakers), len(set_aside), "open")

    def basis(self) -> Basis | None:
        """The plan that a plan of changes can stand on; None where nothing is known of what changed since."""
        with self._database.read() as connection:
            return newest_basis(connection)

    def changes(self, basis: Basis, *, at: datetime) -> Changes:
        """What changed since a plan, by what was written and by time going by."""
        with self._database.read() as connection:
            return changes(connection, basis, at)

    def elsewhere(self, planned: Sequence[Sku], group: str) -> tuple[int, int]:
        """How many products a plan of changes leaves alone, and how many of these lack an input in a price group."""
        with self._database.read() as connection:
            return elsewhere(connection, planned, group)

    def begin_afresh(self) -> None:
        """Forget what changed before a plan of everything reads the market; until it is saved there is no basis."""
        with self._database.write() as connection:
            begin_afresh(connection)

    def get(self, number: int | None = None) -> Plan | None:
        """A plan by number, or the newest one."""
        asked = select(plans).order_by(plans.c.number.desc()).limit(1)
        if number is not None:
            asked = asked.where(plans.c.number == number)
        with self._database.read() as connection:
            row = connection.execute(asked).one_or_none()
        return None if row is None else _plan(row)

    def decisions(self, number: int, *, status: DecisionStatus | None = None, sku: Sku | None = None) -> Decided:
        """A plan's decisions in catalogue order, all or those of one status or product."""
        asked = select_decided(decisions.c.plan == number).order_by(decisions.c.position)
        if status is not None:
            asked = asked.where(decisions.c.status == status)
        if sku is not None:
            asked = asked.where(decisions.c.sku == sku)
        with self._database.read() as connection:
            return read_decided(connection, asked)

    def count(self, number: int) -> Mapping[DecisionStatus, int]:
        """How many decisions of a plan there are of each status."""
        asked = select(decisions.c.status, func.count()).where(decisions.c.plan == number)
        with self._database.read() as connection:
            rows = connection.execute(asked.group_by(decisions.c.status)).all()
            found: dict[DecisionStatus, int] = dict(rows)
        return {status: found.get(status, 0) for status in DecisionStatus}

    def half_approved(self, number: int) -> int:
        """How many decisions of a plan one person has approved that need two."""
        pending = (decisions.c.plan == number) & (decisions.c.status == DecisionStatus.PENDING)
        asked = select(func.count()).select_from(decisions).where(pending, decisions.c.decided_by != "")
        with self._database.read() as connection:
            return connection.execute(asked).scalar_one()

    def decide(
        self, number: int, skus: Sequence[Sku] | None, status: DecisionStatus, *, by: str, at: datetime, note: str = ""
    ) -> int:
        """Approve or reject pending decisions of an open plan (`skus` None = all pending); returns how many changed.
        Products that are named can be refused the way back from a promotion, too, before it is applied.
        """
        if status not in {DecisionStatus.APPROVED, DecisionStatus.REJECTED}:
            raise StoreError(f"a person approves or rejects a decision, and does not make it {status}")
        values = {"status": status, "decided_by": by, "decided_at": at, "note": note}
        pending = (decisions.c.plan == number) & (decisions.c.status == DecisionStatus.PENDING)
        if status is DecisionStatus.REJECTED and skus is not None:
            back = (decisions.c.status == DecisionStatus.APPROVED) & (decisions.c.decided_by == PROMOTION)
            pending = pending | ((decisions.c.plan == number) & back)
        change = update(decisions).where(pending).values(values)
        with self._database.write() as connection:
            lock_open_plan(connection, number)
            if skus is None:
                return connection.execute(change).rowcount
            parts = chunks(dict.fromkeys(skus))
            return sum(connection.execute(change.where(decisions.c.sku.in_(part))).rowcount for part in parts)

    def agree(self, number: int, skus: Sequence[Sku], *, by: str, at: datetime, note: str = "") -> int:
        """Note the first of two people who approve: the decisions stay pending; returns how many there are."""
        pending = (decisions.c.plan == number) & (decisions.c.status == DecisionStatus.PENDING)
        change = update(decisions).where(pending, decisions.c.decided_by == "")
        with self._database.write() as connection:
            lock_open_plan(connection, number)
            return sum(
                connection.execute(
                    change.where(decisions.c.sku.in_(part)).values(decided_by=by, decided_at=at, note=note)
                ).rowcount
                for part in chunks(dict.fromkeys(skus))
            )

    def reset_breakers(self, number: int, *, by: str, reason: str, at: datetime) -> None:
        """Let a plan go on that breakers stopped; who, when and why is kept with it."""
        values = {"status": "open", "reset_at": at, "reset_by": by, "reset_reason": reason}
        with self._database.write() as connection:
            lock_open_plan(connection, number)
            connection.execute(update(plans).where(plans.c.number == number).values(values))

    def decisions_of(self, sku: Sku, *, limit: int = 20) -> tuple[tuple[datetime, Decision], ...]:
        """The newest decisions for one product, newest first, with the time of their plans."""
        asked = select_decided(decisions.c.sku == sku).order_by(decisions.c.plan.desc(), decisions.c.position)
        with self._database.read() as connection:
            found = read_decided(connection, asked.limit(limit))
            numbers = np.unique(found.plan).tolist()
            rows = connection.execute(select(plans.c.number, plans.c.created_at).where(plans.c.number.in_(numbers)))
            times = {row.number: row.created_at for row in rows}
        return tuple((times[decision.plan], decision) for decision in found)

    def prune(self, before: datetime) -> int:
        """Let go of decisions that closed plans made before `before` and that nobody approved, rejected or applied."""
        closed = select(plans.c.number).where(
            plans.c.created_at < before, plans.c.status.in_(("superseded", "applied"))
        )
        idle = decisions.c.status.in_((DecisionStatus.NONE, DecisionStatus.PENDING))
        with self._database.write() as connection:
            gone = connection.execute(delete(decisions).where(decisions.c.plan.in_(closed), idle)).rowcount
            if gone:
                connection.execute(delete(shapes).where(shapes.c.plan.in_(closed), ~_spoken))
                connection.execute(delete(said).where(said.c.plan.in_(closed), ~_decided))
        return gone


_decided = exists().where(
    decisions.c.plan == said.c.plan, decisions.c.sku == said.c.sku, decisions.c.price_group == said.c.price_group
)
_spoken = exists().where(decisions.c.plan == shapes.c.plan, decisions.c.shape == shapes.c.number)


def lock_open_plan(connection: Connection, number: int) -> Row[Any]:
    """Take a plan that can still be decided or applied; raises StoreError when it is not there or too old."""
    row = connection.execute(select(plans).where(plans.c.number == number).with_for_update()).one_or_none()
    if row is None:
        raise StoreError(f"there is no plan {number}", hint="`pricewatch plan` makes one")
    if row.status in {"superseded", "applied"}:
        raise StoreError(f"plan {number} is {row.status}", hint="`pricewatch plan` makes a new one from the market now")
    return row


def _plan(row: Row[Any]) -> Plan:
    tripped = () if row.reset_at is not None else row.breakers
    return Plan(
        number=row.number,
        created_at=row.created_at,
        rules_hash=row.rules_hash,
        counts=row.counts,
        breakers=tuple(Breaker(name, text) for name, text in tripped),
        set_aside=len(row.set_aside),
        status=row.status,
    )
