"""Decisions between their table and columns: written in bulk, and read back without a record for each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import orjson
from sqlalchemy import Connection, Select, case, insert, select

from pricewatch.domain.decision import DecisionStatus, Reason
from pricewatch.pricing.decided import OUTCOMES, STATUSES, Decided
from pricewatch.pricing.frame import MISSING, Codes, Ints, Text
from pricewatch.pricing.reasons import Shape, told
from pricewatch.store.bulk import insert_columns, read_columns
from pricewatch.store.columns import clean, plain, to_micros
from pricewatch.store.tables import decisions, shapes

_AMOUNTS = ("current", "proposed", "floor", "ceiling", "prior")
_NUMBERS = ("rank_before", "rank_after", "margin_before", "margin_after")
_PLAIN = [plain(decisions.c[name]).label(name) for name in ("announced_from", "announced_until", "decided_at")]
_WRITTEN_OUT = case((decisions.c.shape.is_(None), plain(decisions.c.reasons)))
_COLUMNS = (
    *(decisions.c[name] for name in ("plan", "sku", "price_group", "currency")),
    *(plain(decisions.c[name]) for name in ("outcome", "status")),
    *(decisions.c[f"{name}_minor"] for name in _AMOUNTS),
    *(decisions.c[name] for name in (*_NUMBERS, "competitors", "shape", "numbers", "decided_by", "note", "tax")),
    *_PLAIN,
    _WRITTEN_OUT,
)
_KINDS = "iotttt" + "iiiii" + "iiii" + "iiotti" + "iii" + "o"


def insert_decided(connection: Connection, number: int, at: datetime, decided: Decided) -> None:
    """Write the decisions of a plan and the words that they share."""
    rows = len(decided)
    if not rows:
        return
    lines = [{"plan": number, "number": place, "lines": shape.written()} for place, shape in enumerate(decided.shapes)]
    connection.execute(insert(shapes), lines)
    inside = decided.status == STATUSES.index(DecisionStatus.APPROVED)
    columns: dict[str, Any] = {
        "plan": np.full(rows, number),
        "position": range(rows),
        "sku": decided.sku,
        "price_group": decided.group,
        "currency": _optional(decided.currency),
        "outcome": _named(decided.outcome, OUTCOMES),
        "status": _named(decided.status, STATUSES),
        **{f"{name}_minor": getattr(decided, name) for name in _AMOUNTS},
        **{name: getattr(decided, name) for name in _NUMBERS},
        "competitors": decided.competitors,
        "reasons": Text(np.zeros(rows, dtype=np.int32), ("[]",)),
        "shape": decided.shape,
        "numbers": decided.data,
        "decided_by": decided.approvers,
        "decided_at": np.where(inside, to_micros(at), MISSING),
        "announced_from": decided.starts,
        "announced_until": decided.ends,
        "tax": decided.tax,
    }
    insert_columns(connection, decisions, columns)


def _named(codes: Codes, members: Sequence[Any]) -> Text:
    return Text(codes, tuple(member.value for member in members))


def _optional(text: Text) -> Text | list[str | None]:
    """A text column in which nothing is NULL."""
    if all(text.values):
        return text
    values = [value or None for value in text.values]
    return [values[code] for code in text.codes.tolist()]


def select_decided(*where: Any) -> Select[Any]:
    """Ask for decisions, to be read by `read_decided`."""
    return select(*_COLUMNS).where(*where)


def read_decided(connection: Connection, asked: Select[Any]) -> Decided:
    """The decisions that were asked for, in their order."""
    (
        plan, sku, group, currency, outcome, status, current, proposed, floor, ceiling, prior, rank_before, rank_after,
        margin_before, margin_after, competitors, shape, data, decided_by, note, tax, starts, ends, decided_at, written,
    ) = read_columns(connection, asked, _KINDS)  # fmt: skip
    known, place = _shapes(connection, plan, shape)
    for row in np.flatnonzero(shape == MISSING):
        old, data[row] = told([_reason(parts) for parts in orjson.loads(written[row])])
        place[row] = known.setdefault(old, len(known))
    return Decided(
        plan=plan,
        sku=sku,
        group=group,
        currency=currency,
        outcome=_codes(outcome, OUTCOMES),
        status=_codes(status, STATUSES),
        current=current,
        proposed=proposed,
        floor=floor,
        ceiling=ceiling,
        rank_before=rank_before,
        rank_after=rank_after,
        margin_before=margin_before,
        margin_after=margin_after,
        competitors=competitors,
        prior=prior,
        starts=starts,
        ends=ends,
        tax=tax,
        decided_by=decided_by,
        decided_at=decided_at,
        note=note,
        shape=place,
        data=data,
        shapes=tuple(known),
    )


def _codes(names: Text, members: Sequence[Any]) -> Codes:
    places = {member.value: place for place, member in enumerate(members)}
    table = np.array([places[value] for value in names.values] or [0], dtype=np.int32)
    return np.asarray(table[names.codes])


def _shapes(connection: Connection, plan: Ints, number: Ints) -> tuple[dict[Shape, int], Codes]:
    """The shapes that some decisions have, and the place of each decision's among them."""
    known: dict[Shape, int] = {}
    place = np.zeros(len(plan), dtype=np.int32)
    for one in np.unique(plan).tolist():
        mine = plan == one
        used = [value for value in np.unique(number[mine]).tolist() if value != MISSING]
        asked = select(shapes.c.number, shapes.c.lines).where(shapes.c.plan == one)
        asked = asked.where(shapes.c.number.in_(used)) if len(used) < _FEW else asked
        table = np.zeros(max(used, default=0) + 1, dtype=np.int32)
        for row in connection.execute(asked):
            if row.number < len(table):
                table[row.number] = known.setdefault(Shape.read(row.lines), len(known))
        place[mine] = table[np.where(number[mine] == MISSING, 0, number[mine])]
    return known, place


_FEW = 100  # numbers named in a query; more shapes of one plan are read all together


def _reason(parts: Sequence[Any]) -> Reason:
    step, text, before, after, rule, observations = parts
    return Reason(step, clean(text), before, after, rule, tuple(observations))
