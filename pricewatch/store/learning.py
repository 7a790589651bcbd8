"""Tests of prices, learned moves and their records, and costs as they were."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from pricewatch.domain.experiment import Experiment, ExperimentStatus, Lot
from pricewatch.domain.product import Sku
from pricewatch.ports import CostPoint, LearnedMove, LearntRow
from pricewatch.store.columns import chunks
from pricewatch.store.database import Database
from pricewatch.store.tables import costs, experiments, learned_moves, learnt, lots, own_prices

_OPEN = (ExperimentStatus.PLANNED, ExperimentStatus.RUNNING)


class SqlLearning:
    """Tests of prices and what was learnt, in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def plan_test(self, test: Experiment, lots: Sequence[Lot]) -> int:
        """Keep a planned test with its lots, in one transaction; returns its number."""
        values = {
            "price_group": test.group, "design": test.design, "status": test.status, "weeks": test.weeks,
            "step": test.step, "worst": test.worst, "made_at": test.made_at, "made_by": test.made_by,
            "stated": dict(test.stated),
        }  # fmt: skip
        with self._database.write() as connection:
            made = insert(experiments).values(values).returning(experiments.c.number)
            number = int(connection.execute(made).scalar_one())
            _insert_lots(connection, number, lots)
        return number

    def tests(self, group: str | None = None) -> tuple[Experiment, ...]:
        """All tests, the oldest first, of one price group or of all."""
        asked = select(experiments).order_by(experiments.c.number)
        if group is not None:
            asked = asked.where(experiments.c.price_group == group)
        with self._database.read() as connection:
            return tuple(_experiment(row) for row in connection.execute(asked))

    def lots(self, number: int) -> tuple[Lot, ...]:
        """The lots of a test, in the order of their SKUs."""
        asked = select(lots).where(lots.c.experiment == number).order_by(lots.c.sku)
        with self._database.read() as connection:
            return tuple(Lot(row.sku, row.base_minor, row.ways, row.family) for row in connection.execute(asked))

    def begin(self, number: int, *, begins: datetime, by: str, lots: Sequence[Lot]) -> bool:
        """Start a planned test with these lots in place of its own; False when it is not planned any more."""
        planned = (experiments.c.number == number) & (experiments.c.status == ExperimentStatus.PLANNED)
        values = {"status": ExperimentStatus.RUNNING, "begins": begins, "started_by": by}
        with self._database.write() as connection:
            if not connection.execute(update(experiments).where(planned).values(values)).rowcount:
                return False
            _replace_lots(connection, number, lots)
        return True

    def finish(self, number: int, status: ExperimentStatus, *, at: datetime, reason: str) -> bool:
        """End a test that is planned or running; False when it has ended already."""
        open_now = (experiments.c.number == number) & experiments.c.status.in_(_OPEN)
        values = {"status": status, "ended_at": at, "reason": reason}
        with self._database.write() as connection:
            return connection.execute(update(experiments).where(open_now).values(values)).rowcount > 0

    def moves(self, group: str) -> Mapping[Sku, LearnedMove]:
        """The newest learned move of each product."""
        asked = select(learned_moves).where(learned_moves.c.price_group == group)
        with self._database.read() as connection:
            return {
                row.sku: LearnedMove(row.sku, group, row.home_minor, row.price_minor, row.moved_at)
                for row in connection.execute(asked)
            }

    def said(self, plan: int, group: str, sku: Sku) -> LearntRow | None:
        """What the model said of a product when a plan was made; None when it was not asked."""
        same = (learnt.c.plan == plan) & (learnt.c.price_group == group) & (learnt.c.sku == sku)
        with self._database.read() as connection:
            row = connection.execute(select(learnt).where(same)).one_or_none()
        return None if row is None else LearntRow(row.sku, row.price_group, row.model, row.record)

    def asked(self, group: str, currency: str, begins: datetime) -> Mapping[Sku, tuple[tuple[datetime, int], ...]]:
        """Our price of each product in minor units, by our price history: all changes after `begins`, and the last one
        before it.
        """
        own = own_prices.c
        mine = (own.price_group == group) & (own.channel == "") & (own.currency == currency)
        wanted = select(own.sku, own.since, own.gross_minor).where(mine).order_by(own.sku, own.since, own.id)
        found: dict[Sku, list[tuple[datetime, int]]] = {}
        with self._database.read() as connection:
            for sku, since, gross in connection.execute(wanted.execution_options(yield_per=10_000)):
                points = found.setdefault(sku, [])
                if points and since <= begins:
                    points.clear()
                points.append((since, gross))
        return {sku: tuple(points) for sku, points in found.items()}

    def costs(self, begins: datetime) -> Mapping[Sku, tuple[CostPoint, ...]]:
        """What products cost, from the last change before `begins` on."""
        found: dict[Sku, list[CostPoint]] = {}
        with self._database.read() as connection:
            for row in connection.execute(select(costs).order_by(costs.c.sku, costs.c.since, costs.c.id)):
                points = found.setdefault(row.sku, [])
                if points and row.since <= begins:
                    points.clear()
                points.append(CostPoint(row.since, row.cost_minor, row.currency))
        return {sku: tuple(points) for sku, points in found.items()}


def insert_learnt(connection: Connection, plan: int, rows: Sequence[LearntRow], moves: Sequence[LearnedMove]) -> None:
    """Write what the model said beside a plan, and which prices it moved."""
    if rows:
        values = [
            {"plan": plan, "price_group": row.group, "sku": row.sku, "model": row.model, "record": row.record}
            for row in rows
        ]
        connection.execute(insert(learnt), values)
    for group in {move.group for move in moves}:
        mine = [move for move in moves if move.group == group]
        for part in chunks([move.sku for move in mine]):
            same = (learned_moves.c.price_group == group) & learned_moves.c.sku.in_(part)
            connection.execute(delete(learned_moves).where(same))
        values = [
            {"price_group": group, "sku": move.sku, "home_minor": move.home, "price_minor": move.price,
             "moved_at": move.at}
            for move in mine
        ]  # fmt: skip
        connection.execute(insert(learned_moves), values)


def record_costs(connection: Connection, told: Mapping[Sku, tuple[int | None, str | None]], at: datetime) -> None:
    """Note what products cost from now on, where that has changed; an unknown cost says nothing."""
    known = {sku: (minor, code) for sku, (minor, code) in told.items() if minor is not None and code}
    before = _last_costs(connection, known)
    rows = [
        {"sku": sku, "since": at, "cost_minor": minor, "currency": code}
        for sku, (minor, code) in known.items()
        if before.get(sku) != (minor, code)
    ]
    if rows:
        connection.execute(insert(costs), rows)


def _last_costs(connection: Connection, skus: Iterable[Sku]) -> dict[Sku, tuple[int, str]]:
    place = func.row_number().over(partition_by=costs.c.sku, order_by=costs.c.id.desc()).label("place")
    found: dict[Sku, tuple[int, str]] = {}
    for part in chunks(skus):
        ranked = select(costs.c.sku, costs.c.cost_minor, costs.c.currency, place).where(costs.c.sku.in_(part))
        newest = ranked.subquery()
        rows = connection.execute(select(newest).where(newest.c.place == 1))
        found |= {row.sku: (row.cost_minor, row.currency) for row in rows}
    return found


def _replace_lots(connection: Connection, number: int, rows: Sequence[Lot]) -> None:
    connection.execute(delete(lots).where(lots.c.experiment == number))
    _insert_lots(connection, number, rows)


def _insert_lots(connection: Connection, number: int, rows: Sequence[Lot]) -> None:
    if rows:
        values: list[dict[str, Any]] = [
            {"experiment": number, "sku": lot.sku, "base_minor": lot.base, "ways": lot.ways, "family": lot.family}
            for lot in rows
        ]
        connection.execute(insert(lots), values)


def _experiment(row: Row[Any]) -> Experiment:
    return Experiment(
        row.number, row.price_group, row.design, row.status, row.weeks, row.step, row.worst, row.made_at, row.made_by,
        row.begins, row.started_by, row.ended_at, row.reason, row.stated,
    )  # fmt: skip
