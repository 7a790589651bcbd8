"""Decisions as columns: a million of them are columns of integers and a few bytes of reasons each, and records only
where somebody looks at one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from operator import eq
from typing import Any, overload

import numpy as np

from pricewatch.domain.decision import Announcement, Decision, DecisionStatus, Outcome, Proposal
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.domain.product import Sku
from pricewatch.pricing.exact import half_up
from pricewatch.pricing.frame import MISSING, Bools, Codes, Ints, Text, ints
from pricewatch.pricing.reasons import Shape, told

STATUSES = tuple(DecisionStatus)
OUTCOMES = tuple(Outcome)
MOVES = (OUTCOMES.index(Outcome.RAISE), OUTCOMES.index(Outcome.CUT))
BAND = "band"  # who approved what lies inside the configured band
PROMOTION = "promotion"  # who approved the start of one approved its end

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_BLOCK = 4_096  # decisions made at a time
_STOPPING = frozenset({"hold", "freeze", "prior_price"})


@dataclass(frozen=True, eq=False)
class Decided(Sequence[Decision]):
    """Decisions in their order, one row each; MISSING is None in a record.

    Amounts are minor units of `currency`, times microseconds since the epoch. `outcome` and `status` are places in
    OUTCOMES and STATUSES, `shape` those in `shapes`; `data` are the numbers of the reasons.
    """

    plan: Ints
    sku: Sequence[Sku]
    group: Text
    currency: Text
    outcome: Codes
    status: Codes
    current: Ints
    proposed: Ints
    floor: Ints
    ceiling: Ints
    rank_before: Ints
    rank_after: Ints
    margin_before: Ints
    margin_after: Ints
    competitors: Ints
    prior: Ints
    starts: Ints
    ends: Ints
    tax: Ints
    decided_by: Text
    decided_at: Ints
    note: Text
    shape: Codes
    data: Sequence[bytes]
    shapes: tuple[Shape, ...]

    def __len__(self) -> int:
        return len(self.sku)

    @overload
    def __getitem__(self, row: int) -> Decision: ...
    @overload
    def __getitem__(self, row: slice) -> Decided: ...
    def __getitem__(self, row: int | slice) -> Decision | Decided:
        if isinstance(row, slice):
            return self.take(np.arange(len(self))[row])
        return next(_records(self.take(np.array([range(len(self))[row]]))))

    def __eq__(self, other: object) -> bool:
        """The same decisions, in whatever sequence."""
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]

    def __iter__(self) -> Iterator[Decision]:
        for start in range(0, len(self), _BLOCK):
            yield from _records(self[start : start + _BLOCK])

    def proposals(self) -> Iterator[Proposal]:
        """The proposals that were decided on."""
        return (decision.proposal for decision in self)

    def take(self, rows: Any) -> Decided:
        """Some of the decisions, by place or mask."""
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows.astype(np.int64)
        return replace(self, **{each.name: _taken(getattr(self, each.name), rows) for each in fields(self)[:-1]})

    def of_plan(self, number: int, at: datetime | None = None) -> Decided:
        """The same as decisions of a saved plan: what is approved by now was inside the band, at this time."""
        approved = self.status == STATUSES.index(DecisionStatus.APPROVED)
        when = MISSING if at is None else (at - _EPOCH) // _MICROSECOND
        return replace(
            self,
            plan=np.full(len(self), number),
            decided_by=self.approvers,
            decided_at=np.where(approved, when, MISSING),
        )

    @property
    def approvers(self) -> Text:
        """Who approved what the engine itself let pass: the band, where nothing else is named."""
        values = self.decided_by.values
        unnamed = np.array([not value for value in values], dtype=np.bool_)[self.decided_by.codes]
        inside = unnamed & (self.status == STATUSES.index(DecisionStatus.APPROVED))
        return Text(np.where(inside, len(values), self.decided_by.codes).astype(np.int32), (*values, BAND))

    # --- the plan at a glance

    @property
    def moving(self) -> Bools:
        """Which decisions change a price."""
        return np.isin(self.outcome, MOVES)

    def outcomes(self) -> Mapping[Outcome, int]:
        """How many decisions have each outcome."""
        found = np.bincount(self.outcome, minlength=len(OUTCOMES))
        return {outcome: int(found[place]) for place, outcome in enumerate(OUTCOMES)}

    def statuses(self) -> Mapping[DecisionStatus, int]:
        """How many decisions stand where."""
        found = np.bincount(self.status, minlength=len(STATUSES))
        return {status: int(found[place]) for place, status in enumerate(STATUSES)}

    def with_status(self, status: DecisionStatus) -> Decided:
        """The decisions that stand there."""
        return self.take(self.status == STATUSES.index(status))

    def of_group(self, group: str) -> Decided:
        """The decisions for a price group."""
        if group not in self.group.values:
            return self.take(np.zeros(0, np.int64))
        mine = self.group.codes == self.group.values.index(group)
        return self if mine.all() else self.take(mine)

    def of_skus(self, skus: Iterable[Sku]) -> Decided:
        """The decisions on these products."""
        wanted = frozenset(skus)
        return self.take(np.array([sku in wanted for sku in self.sku], dtype=np.bool_))

    def moves(self) -> Ints:
        """How far each price would go, in basis points of the old one, halves away from zero; 0 where it stays."""
        usable = self.moving & (self.current > 0) & (self.proposed != MISSING)
        change = np.where(usable, self.proposed, 0) - np.where(usable, self.current, 0)
        return half_up(change * 10_000, np.where(usable, self.current, 1))

    def biggest(self, number: int) -> Decided:
        """The decisions that move their price the most, the first of equals first."""
        return self.take(np.argsort(-np.abs(self.moves()), kind="stable")[:number])

    def holds(self) -> Counter[str]:
        """What stopped the prices that are held, in words without the numbers that differ from product to product."""
        held = self.shape[self.outcome == OUTCOMES.index(Outcome.HOLD)]
        found: Counter[str] = Counter()
        for shape, number in enumerate(np.bincount(held, minlength=len(self.shapes)).tolist()):
            if number:
                found[_stop(self.shapes[shape])] += number
        return found

    def by_rule(self) -> Mapping[str, Mapping[Outcome, int]]:
        """How many decisions of each outcome every rule made, in the order of their first decisions; what no rule
        priced stands under "no rule".
        """
        found: dict[str, Counter[Outcome]] = {}
        kinds, counts = np.unique(self.shape.astype(np.int64) * len(OUTCOMES) + self.outcome, return_counts=True)
        for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True):
            shape, outcome = divmod(kind, len(OUTCOMES))
            found.setdefault(_rule(self.shapes[shape]), Counter())[OUTCOMES[outcome]] += count
        return found

    # --- records

    @classmethod
    def of(cls, judged: Sequence[tuple[Proposal, DecisionStatus]]) -> Decided:
        """Columns of proposals that were put into words already."""
        shapes: dict[Shape, int] = {}
        put = [told(proposal.reasons) for proposal, _ in judged]
        all_of = [proposal for proposal, _ in judged]
        announced = [proposal.announcement for proposal in all_of]
        return cls(
            plan=np.zeros(len(judged), dtype=np.int64),
            sku=[proposal.sku for proposal in all_of],
            group=Text.of(proposal.group for proposal in all_of),
            currency=Text.of(_currency(proposal) for proposal in all_of),
            outcome=np.array([OUTCOMES.index(proposal.outcome) for proposal in all_of], dtype=np.int32),
            status=np.array([STATUSES.index(status) for _, status in judged], dtype=np.int32),
            **{name: ints(_minor(getattr(each, name)) for each in all_of)
               for name in ("current", "proposed", "floor", "ceiling")},
            **{name: ints(getattr(each, name) for each in all_of)
               for name in ("rank_before", "rank_after", "margin_before", "margin_after", "competitors")},
            prior=ints(_minor(each.prior) if each else None for each in announced),
            starts=ints((each.starts - _EPOCH) // _MICROSECOND if each else None for each in announced),
            ends=ints((each.ends - _EPOCH) // _MICROSECOND if each and each.ends else None for each in announced),
            tax=ints(each.tax.basis_points if each.tax else None for each in all_of),
            decided_by=_blank(len(judged)),
            decided_at=np.full(len(judged), MISSING),
            note=_blank(len(judged)),
            shape=np.array([shapes.setdefault(shape, len(shapes)) for shape, _ in put], dtype=np.int32),
            data=[data for _, data in put],
            shapes=tuple(shapes),
        )  # fmt: skip

    @classmethod
    def joined(cls, parts: Sequence[Decided]) -> Decided:
        """Several after one another."""
        if len(parts) < 2:
            return parts[0] if parts else cls.of(())
        shapes: dict[Shape, int] = {}
        moved = [
            np.array([shapes.setdefault(shape, len(shapes)) for shape in part.shapes], dtype=np.int32)[part.shape]
            if len(part)
            else part.shape
            for part in parts
        ]
        columns = {
            each.name: _joined([getattr(part, each.name) for part in parts]) for each in fields(cls)[:-1]
        } | {"shape": np.concatenate(moved)}  # fmt: skip
        return cls(**columns, shapes=tuple(shapes))


def _records(decided: Decided) -> Iterator[Decision]:
    columns = [_listed(getattr(decided, each.name)) for each in fields(decided)[:-1]]
    for (
        plan, sku, group, code, outcome, status, current, proposed, floor, ceiling, rank_before, rank_after,
        margin_before, margin_after, competitors, prior, starts, ends, tax, by, at, note, shape, data,
    ) in zip(*columns, strict=True):  # fmt: skip
        currency = Currency.of(code) if code else None
        proposal = Proposal(
            sku=sku,
            group=group,
            outcome=OUTCOMES[outcome],
            current=_money(current, currency),
            proposed=_money(proposed, currency),
            floor=_money(floor, currency),
            ceiling=_money(ceiling, currency),
            reasons=decided.shapes[shape].reasons(data, currency.exponent if currency else 2),
            rank_before=_known(rank_before),
            rank_after=_known(rank_after),
            margin_before=_known(margin_before),
            margin_after=_known(margin_after),
            competitors=competitors,
            announcement=_announcement(_money(prior, currency), starts, ends),
            tax=None if tax == MISSING else TaxRate(tax),
        )
        yield Decision(plan, proposal, STATUSES[status], by, None if at == MISSING else _time(at), note)


def _stop(shape: Shape) -> str:
    lines = shape.plain()
    last = next((text for step, text in reversed(lines) if step in _STOPPING), None)
    return last or (lines[-1][1] if lines else "")


def _listed(column: Any) -> Sequence[Any]:
    if isinstance(column, Text):
        return [column.values[code] for code in column.codes.tolist()]
    listed: Sequence[Any] = column.tolist() if isinstance(column, np.ndarray) else column
    return listed


def _taken(column: Any, rows: Any) -> Any:
    if isinstance(column, Text):
        return column.take(rows)
    return column[rows] if isinstance(column, np.ndarray) else [column[row] for row in rows.tolist()]


def _joined(parts: Sequence[Any]) -> Any:
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    if not isinstance(parts[0], Text):
        return list(chain.from_iterable(parts))
    known: dict[str, int] = {}
    tables = [
        np.array([known.setdefault(value, len(known)) for value in part.values] or [0], np.int32) for part in parts
    ]
    codes = [table[part.codes] for table, part in zip(tables, parts, strict=True)]
    return Text(np.concatenate(codes), tuple(known))


def _blank(rows: int) -> Text:
    return Text(np.zeros(rows, dtype=np.int32), ("",))


def _currency(proposal: Proposal) -> str:
    amounts = (proposal.proposed, proposal.current, proposal.floor, proposal.ceiling)
    return next((amount.currency.code for amount in amounts if amount is not None), "")


def _minor(amount: Money | None) -> int | None:
    return None if amount is None else amount.minor


def _money(minor: int, currency: Currency | None) -> Money | None:
    return None if minor == MISSING or currency is None else Money(minor, currency)


def _known(value: int) -> int | None:
    return None if value == MISSING else value


def _time(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _announcement(prior: Money | None, starts: int, ends: int) -> Announcement | None:
    return None if prior is None else Announcement(prior, _time(starts), None if ends == MISSING else _time(ends))


def _rule(shape: Shape) -> str:
    """The name of the rule that priced these products, as its reason quotes it."""
    found = next((text for step, text in shape.plain() if step == "rule" and text.startswith("rule ")), "")
    return found.partition(" applies")[0].removeprefix("rule ").strip("'\"") or "no rule"
