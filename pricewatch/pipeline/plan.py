"""Decide prices, with reasons, and let people approve them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import numpy as np

from pricewatch.domain.decision import Breaker, DecisionStatus, Outcome, Plan
from pricewatch.domain.errors import NotApproved, UsageError
from pricewatch.domain.product import Sku
from pricewatch.pipeline.changed import scope
from pricewatch.pipeline.hygiene import believed, hold_back
from pricewatch.pipeline.learned import moves_of
from pricewatch.pipeline.market import market_frame, whole_families
from pricewatch.pipeline.monitor import look_for_drift
from pricewatch.pipeline.stage import StageLog, stage
from pricewatch.pipeline.watching import look_after_tests
from pricewatch.pipeline.workbench import PlanReport, Workbench
from pricewatch.ports import Chained, LearnedMove, LearntRow
from pricewatch.pricing.decided import OUTCOMES, Decided
from pricewatch.pricing.ends import tells_ends, words
from pricewatch.pricing.engine import decide
from pricewatch.pricing.frame import MISSING, Ints, MarketFrame
from pricewatch.pricing.impact import Impact
from pricewatch.pricing.plan import PlanFrame

PREVIEW = 0  # the number of a plan that was not saved
KEPT = timedelta(days=7)  # so long every decision is kept; what was approved, rejected or applied is kept for good


def plan(
    bench: Workbench, *, skus: Sequence[Sku] | None = None, save: bool = True, changed: bool = False
) -> PlanReport:
    """Compute prices afresh from the market, with reasons: those of the products in `skus`, those that something
    `changed` for since the last plan (everything, where that cannot be told), or all. Nothing is published by a plan.
    """
    with stage(bench, "plan") as log:
        breakers: list[Breaker] = []
        about = scope(bench, changed=changed and skus is None)
        notices = [about.words()] if about.words() else []
        chained = save and skus is None
        if chained and about.skus is None:
            bench.store.plans.begin_afresh()
        skus = about.skus if skus is None else skus
        family = whole_families(bench, skus)
        readings = hold_back(bench, log, family) if save else believed(bench, family)
        if save:
            notices.extend((*look_after_tests(bench), *look_for_drift(bench)))
        results = [
            decide(market_frame(bench, group, family, readings), bench.rulebook, bench.pricing,
                   rest=about.rest(bench, group.name))
            for group in bench.groups
        ]  # fmt: skip
        parts = [_told(bench, result, skus, breakers, notices) for result in results]
        decided = Decided.joined([part for part, _ in parts])
        _refuse_unknown(skus, decided)
        said = _Said.joined([said for _, said in parts])
        chain = about.chained(bench, results) if chained else None
        kept = _saved(bench, decided, breakers, log, said, chain) if save else _preview(bench, decided, breakers)
        if save:
            bench.store.plans.prune(bench.clock.now() - KEPT)
        log.count(kept.counts)
        log.message = "; ".join([*(breaker.text for breaker in breakers), *dict.fromkeys(notices)])
    impacts = tuple(Impact.of(result) for result in results)
    ends = tuple(words(decided, bench.rulebook, bench.pricing)) if tells_ends(bench.rulebook) else ()
    return PlanReport(kept, decided.of_plan(kept.number), log.report(), impacts, ends)


def _told(
    bench: Workbench,
    result: PlanFrame,
    skus: Sequence[Sku] | None,
    breakers: list[Breaker],
    notices: list[str],
) -> tuple[Decided, _Said]:
    breakers.extend(result.breakers)
    notices.extend(result.notices)
    decided = result.decided(partial(bench.progress.advance, f"plan {result.frame.group}"))
    said = _Said.of(bench, result.frame, result, skus)
    return decided if skus is None else decided.of_skus(skus), said


@dataclass(frozen=True, slots=True)
class _Said:
    """What the demand model said of the products of a plan, and the prices that it moves."""

    rows: tuple[LearntRow, ...] = ()
    moves: tuple[LearnedMove, ...] = ()

    @classmethod
    def of(cls, bench: Workbench, frame: MarketFrame, result: PlanFrame, skus: Sequence[Sku] | None) -> _Said:
        records = frame.products.learnt
        if records is None:
            return cls()
        wanted = None if skus is None else frozenset(skus)
        rows = tuple(
            LearntRow(sku, frame.group, frame.model, record)
            for sku, record in zip(frame.products.sku, records, strict=True)
            if record and (wanted is None or sku in wanted)
        )
        moved = np.flatnonzero(result.learned)
        if wanted is not None:
            moved = moved[[frame.products.sku[row] in wanted for row in moved.tolist()]]
        before = bench.store.learning.moves(frame.group) if len(moved) else {}
        return cls(rows, moves_of(frame, moved, result.trail.price[moved], before))

    @classmethod
    def joined(cls, parts: Sequence[_Said]) -> _Said:
        return cls(tuple(row for part in parts for row in part.rows), tuple(m for part in parts for m in part.moves))


def _refuse_unknown(skus: Sequence[Sku] | None, decided: Decided) -> None:
    missing = set(skus or ()).difference(decided.sku) if skus else ()
    if missing:
        raise UsageError(
            f"not in the catalogue: {', '.join(sorted(missing))}", hint="`pricewatch catalogue import` adds products"
        )


def _saved(
    bench: Workbench,
    decided: Decided,
    breakers: Sequence[Breaker],
    log: StageLog,
    said: _Said,
    chained: Chained | None,
) -> Plan:
    return bench.store.plans.save(
        at=bench.clock.now(),
        rules_hash=bench.rulebook.hash,
        proposals=decided,
        breakers=breakers,
        set_aside=log.set_aside,
        learnt=said.rows,
        moves=said.moves,
        chained=chained,
    )


def _preview(bench: Workbench, decided: Decided, breakers: Sequence[Breaker]) -> Plan:
    return Plan(
        number=PREVIEW,
        created_at=bench.clock.now(),
        rules_hash=bench.rulebook.hash,
        counts={outcome.value: count for outcome, count in decided.outcomes().items() if count},
        breakers=tuple(breakers),
        status="preview",
    )


def open_plan(bench: Workbench, number: int | None) -> Plan:
    """Find a plan that can still be approved or applied; raises UsageError or NotApproved with the reason."""
    found = bench.store.plans.get(number)
    if found is None:
        wanted = f"there is no plan {number}" if number else "there is no plan yet"
        raise UsageError(wanted, hint="`pricewatch plan` makes one")
    if found.status != "open":
        raise NotApproved(
            f"plan {found.number} is {found.status}, not open",
            hint="`pricewatch plan` makes a new one from the market now",
        )
    return found


def approve(bench: Workbench, number: int | None, skus: Sequence[Sku] | None, *, by: str, note: str = "") -> int:
    """Approve pending decisions of a plan (`skus` None = all of them); returns how many are approved now.

    Where `four_eyes_above` is set, a larger change stays pending until a second person approves it.
    """
    limit = bench.pricing.four_eyes_above
    if limit is None:
        return _answer(bench, number, skus, DecisionStatus.APPROVED, by, note)
    return _with_four_eyes(bench, open_plan(bench, number).number, skus, limit, by, note)


def _with_four_eyes(bench: Workbench, number: int, skus: Sequence[Sku] | None, limit: int, by: str, note: str) -> int:
    pending = bench.store.plans.decisions(number, status=DecisionStatus.PENDING)
    chosen = pending if skus is None else pending.of_skus(skus)
    large = set(chosen.take(_sizes(chosen) > limit).sku)
    small = [sku for sku in chosen.sku if sku not in large]
    first = {sku: chosen.decided_by[row] for row, sku in enumerate(chosen.sku) if sku in large}
    approved = _answer(bench, number, small, DecisionStatus.APPROVED, by, note) if small else 0
    for one in sorted({name for name in first.values() if name and name.casefold() != by.casefold()}):
        theirs = [sku for sku, name in first.items() if name == one]
        approved += _answer(bench, number, theirs, DecisionStatus.APPROVED, f"{one} and {by}", note)
    if alone := [sku for sku, name in first.items() if not name]:
        noted = bench.store.plans.agree(number, alone, by=by, at=bench.clock.now(), note=note)
        detail = f"plan {number}: {noted} decisions, a second person is needed"
        bench.store.control.audit("agreed", at=bench.clock.now(), by=by, detail=detail)
    return approved


def ends_of(bench: Workbench, number: int, skus: Sequence[Sku] | None) -> tuple[str, ...]:
    """What becomes of the approved prices of a plan (`skus` None = all of them) that end, in words."""
    if not tells_ends(bench.rulebook):
        return ()
    approved = bench.store.plans.decisions(number, status=DecisionStatus.APPROVED)
    chosen = approved if skus is None else approved.of_skus(skus)
    return tuple(words(chosen, bench.rulebook, bench.pricing))


def chosen_by(
    bench: Workbench, number: int | None, *, outcome: Outcome | None = None, up_to: int | None = None
) -> tuple[Sku, ...]:
    """The products of a plan whose pending changes go this way, or are at most so large (basis points)."""
    pending = bench.store.plans.decisions(open_plan(bench, number).number, status=DecisionStatus.PENDING)
    left_out = np.zeros(len(pending), dtype=np.bool_)
    if outcome is not None:
        left_out |= pending.outcome != OUTCOMES.index(outcome)
    if up_to is not None:
        left_out |= _sizes(pending) > up_to
    excluded = set(pending.take(left_out).sku)
    return tuple(dict.fromkeys(sku for sku in pending.sku if sku not in excluded))


def _sizes(decided: Decided) -> Ints:
    """The size of each change in basis points of the old price, rounded up."""
    usable = (decided.current > 0) & (decided.proposed != MISSING)
    old, new = (np.where(usable, column, 1) for column in (decided.current, decided.proposed))
    return np.asarray(-(-np.abs(new - old) * 10_000 // old))


def reject(bench: Workbench, number: int | None, skus: Sequence[Sku] | None, *, by: str, note: str = "") -> int:
    """Reject pending decisions of a plan; the old prices stay."""
    return _answer(bench, number, skus, DecisionStatus.REJECTED, by, note)


def _answer(
    bench: Workbench, number: int | None, skus: Sequence[Sku] | None, status: DecisionStatus, by: str, note: str
) -> int:
    found = open_plan(bench, number)
    at = bench.clock.now()
    changed = bench.store.plans.decide(found.number, skus, status, by=by, at=at, note=note)
    detail = f"plan {found.number}: {changed} decisions" + (f" ({note})" if note else "")
    bench.store.control.audit(status.value, at=at, by=by, detail=detail)
    return changed


def reset_breakers(bench: Workbench, number: int | None, *, by: str, reason: str) -> Plan:
    """Let a plan go on that a whole-run breaker stopped; a person says why."""
    found = open_plan(bench, number)
    if not reason.strip():
        raise UsageError("resetting a breaker needs a reason", hint="add --reason")
    at = bench.clock.now()
    bench.store.plans.reset_breakers(found.number, by=by, reason=reason, at=at)
    bench.store.control.audit("breaker reset", at=at, by=by, detail=f"plan {found.number}: {reason}")
    return replace(found, breakers=())
