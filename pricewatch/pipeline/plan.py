"""Decide prices, with reasons, and let people approve them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from pricewatch.domain.decision import Breaker, Decision, DecisionStatus, Outcome, Plan, Proposal
from pricewatch.domain.errors import NotApproved, UsageError
from pricewatch.domain.product import PriceGroup, Sku
from pricewatch.pipeline.hygiene import hold_back
from pricewatch.pipeline.market import market_frame, whole_families
from pricewatch.pipeline.stage import StageLog, stage
from pricewatch.pipeline.workbench import PlanReport, Workbench
from pricewatch.pricing.engine import decide

PREVIEW = 0  # the number of a plan that was not saved
KEPT = timedelta(days=7)  # so long every decision is kept; what was approved, rejected or applied is kept for good
BAND = "band"  # who approved what lies inside the configured band


def plan(bench: Workbench, *, skus: Sequence[Sku] | None = None, save: bool = True) -> PlanReport:
    """Compute every price afresh from the market, with reasons; nothing is published by a plan."""
    with stage(bench, "plan") as log:
        if save:
            hold_back(bench, log)
        judged: list[tuple[Proposal, DecisionStatus]] = []
        breakers: list[Breaker] = []
        notices: list[str] = []
        for group in bench.groups:
            judged += _decide_group(bench, group, skus, breakers, notices)
        _refuse_unknown(skus, judged)
        kept = _saved(bench, judged, breakers, log) if save else _preview(bench, judged, breakers)
        if save:
            bench.store.plans.prune(bench.clock.now() - KEPT)
        log.count(kept.counts)
        log.message = "; ".join([*(breaker.text for breaker in breakers), *dict.fromkeys(notices)])
        decisions = tuple(_decision(kept.number, proposal, status) for proposal, status in judged)
    return PlanReport(plan=kept, decisions=decisions, report=log.report())


def _decide_group(
    bench: Workbench,
    group: PriceGroup,
    skus: Sequence[Sku] | None,
    breakers: list[Breaker],
    notices: list[str],
) -> Iterator[tuple[Proposal, DecisionStatus]]:
    frame = market_frame(bench, group, whole_families(bench, skus))
    result = decide(frame, bench.rulebook, bench.pricing)
    breakers.extend(result.breakers)
    notices.extend(result.notices)
    asked = None if skus is None else frozenset(skus)
    total = len(frame.products)
    for done, (proposal, approved) in enumerate(zip(result.proposals(), result.auto_approved, strict=True), start=1):
        if asked is None or proposal.sku in asked:
            yield proposal, _status(proposal, approved=bool(approved))
        if done % 500 == 0 or done == total:
            bench.progress.advance(f"plan {group.name}", done, total)


def _status(proposal: Proposal, *, approved: bool) -> DecisionStatus:
    if proposal.outcome in {Outcome.KEEP, Outcome.HOLD}:
        return DecisionStatus.NONE
    return DecisionStatus.APPROVED if approved else DecisionStatus.PENDING


def _refuse_unknown(skus: Sequence[Sku] | None, judged: Sequence[tuple[Proposal, DecisionStatus]]) -> None:
    missing = set(skus or ()) - {proposal.sku for proposal, _ in judged}
    if missing:
        raise UsageError(
            f"not in the catalogue: {', '.join(sorted(missing))}", hint="`pricewatch catalogue import` adds products"
        )


def _saved(
    bench: Workbench, judged: Sequence[tuple[Proposal, DecisionStatus]], breakers: Sequence[Breaker], log: StageLog
) -> Plan:
    return bench.store.plans.save(
        at=bench.clock.now(),
        rules_hash=bench.rulebook.hash,
        proposals=judged,
        breakers=breakers,
        set_aside=log.set_aside,
    )


def _preview(bench: Workbench, judged: Sequence[tuple[Proposal, DecisionStatus]], breakers: Sequence[Breaker]) -> Plan:
    counts = Counter(proposal.outcome.value for proposal, _ in judged)
    return Plan(
        number=PREVIEW,
        created_at=bench.clock.now(),
        rules_hash=bench.rulebook.hash,
        counts=dict(counts),
        breakers=tuple(breakers),
        status="preview",
    )


def _decision(number: int, proposal: Proposal, status: DecisionStatus) -> Decision:
    by = BAND if status is DecisionStatus.APPROVED else ""
    return Decision(plan=number, proposal=proposal, status=status, decided_by=by)


def open_plan(bench: Workbench, number: int | None) -> Plan:
    """Find a plan that can still be approved or applied; raises UsageError or NotApproved with the reason."""
    found = bench.store.plans.get(number)
    if found is None:
        wanted = f"plan {number}" if number else "any plan"
        raise UsageError(f"there is no {wanted}", hint="`pricewatch plan` makes one")
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
    chosen = [decision for decision in pending if skus is None or decision.proposal.sku in skus]
    large = {decision.proposal.sku for decision in chosen if _move(decision.proposal) > limit}
    small = [decision.proposal.sku for decision in chosen if decision.proposal.sku not in large]
    first = {decision.proposal.sku: decision.decided_by for decision in chosen if decision.proposal.sku in large}
    approved = _answer(bench, number, small, DecisionStatus.APPROVED, by, note) if small else 0
    for one in sorted({name for name in first.values() if name and name.casefold() != by.casefold()}):
        theirs = [sku for sku, name in first.items() if name == one]
        approved += _answer(bench, number, theirs, DecisionStatus.APPROVED, f"{one} and {by}", note)
    if alone := [sku for sku, name in first.items() if not name]:
        noted = bench.store.plans.agree(number, alone, by=by, at=bench.clock.now(), note=note)
        detail = f"plan {number}: {noted} decisions, a second person is needed"
        bench.store.control.audit("agreed", at=bench.clock.now(), by=by, detail=detail)
    return approved


def _move(proposal: Proposal) -> int:
    """The size of a change in basis points of the old price, rounded up."""
    if proposal.current is None or proposal.proposed is None:
        return 0
    return -(-abs(proposal.proposed.minor - proposal.current.minor) * 10_000 // proposal.current.minor)


def chosen_by(
    bench: Workbench, number: int | None, *, outcome: Outcome | None = None, up_to: int | None = None
) -> tuple[Sku, ...]:
    """The products of a plan whose pending changes go this way, or are at most so large (basis points)."""
    pending = bench.store.plans.decisions(open_plan(bench, number).number, status=DecisionStatus.PENDING)
    found = [decision.proposal for decision in pending]
    left_out = {each.sku for each in found if outcome is not None and each.outcome is not outcome}
    left_out |= {each.sku for each in found if up_to is not None and _move(each) > up_to}
    return tuple(dict.fromkeys(each.sku for each in found if each.sku not in left_out))


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
