"""Back to earlier prices: an earlier price list becomes a plan, which is approved and applied like any other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pricewatch.domain.decision import DecisionStatus, Outcome, PriceEntry, PriceList, Proposal, Reason
from pricewatch.domain.errors import UsageError
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.domain.product import PriceGroup, Sku
from pricewatch.pipeline.market import market_frame
from pricewatch.pipeline.stage import stage
from pricewatch.pipeline.workbench import PlanReport, Workbench
from pricewatch.pricing.decided import Decided
from pricewatch.pricing.engine import decide
from pricewatch.pricing.exact import AMOUNT_LIMIT
from pricewatch.pricing.frame import MISSING
from pricewatch.pricing.plan import PlanFrame

CHANGING = frozenset({"publish", "verify"})  # the stages whose runs write versions of the price list
_HINT = "`pricewatch status --json` shows the runs of `publish`"


@dataclass(frozen=True, slots=True)
class _Back:
    """The way back: to the prices of `version`, because of `reason`; `skus` None = of every product that differs.
    `undone` is the version that is taken back, where one is: prices that it was the first to decide go back to what
    they were when it was planned.
    """

    version: PriceList | None
    number: int
    skus: frozenset[Sku] | None
    reason: str
    undone: PriceList | None = None

    def text(self, bench: Workbench) -> str:
        """Where it leads and why."""
        if self.version is None:
            return f"back to the prices before the first price list: {self.reason}"
        return f"back to the price list version {self.number} of {bench.told(self.version.created_at)}: {self.reason}"


def rollback(
    bench: Workbench, *, to: int | None = None, undo: int | None = None, skus: Sequence[Sku] | None = None, reason: str
) -> PlanReport:
    """Make a plan that goes back to version `to`, or to what held before version `undo` (by default the newest one).

    Step limits, the smallest change, dwell, quiet hours, the jump test, endings, families and breakers do not hold a
    way back: it leads to exactly the prices of then, or holds. Today's floor and ceiling do, and a freeze; a price that
    was an announced reduction is not gone back to: only a rule announces one. Raises UsageError for a version that is
    not there, and when no price differs.
    """
    if not reason.strip():
        raise UsageError("going back needs a reason", hint="add --reason")
    with stage(bench, "rollback", reason) as log:
        back = _way(bench, to, undo, skus, reason)
        proposals = [proposal for group in bench.groups for proposal in _proposals(bench, group, back)]
        if not proposals:
            raise UsageError("no price differs from what it was then", hint="`pricewatch history SKU` shows prices")
        decided = Decided.of([(proposal, _status(proposal)) for proposal in proposals])
        plan = bench.store.plans.save(
            at=bench.clock.now(), rules_hash=bench.rulebook.hash, proposals=decided, breakers=(), set_aside=()
        )
        log.count(plan.counts)
        log.message = back.text(bench)
    return PlanReport(plan, decided.of_plan(plan.number), log.report())


def version_of_run(bench: Workbench, run: int) -> int:
    """The price list version that a run of `publish` made; raises UsageError when it made none."""
    known = {record.id: record for record in bench.store.runs.recent(limit=1_000)}
    record = known.get(run)
    if record is None:
        raise UsageError(f"no run {run} is known", hint="`pricewatch status --json` shows the last runs")
    if record.stage not in CHANGING:
        raise UsageError(f"run {run} was one of `{record.stage}`: it changed no price", hint=_HINT)
    ended = record.finished_at or bench.clock.now()
    for version in bench.store.prices.versions(limit=1_000):
        if record.started_at <= version.created_at <= ended:
            return version.version
    raise UsageError(f"run {run} changed no price", hint=_HINT)


def _way(bench: Workbench, to: int | None, undo: int | None, skus: Sequence[Sku] | None, reason: str) -> _Back:
    prices = bench.store.prices
    if to is not None:
        return _Back(_known(bench, to), to, frozenset(skus) if skus else None, reason)
    undone = _known(bench, undo)
    touched = frozenset(entry.sku for entry in undone.entries if not entry.found)
    chosen = touched & frozenset(skus) if skus else touched
    earlier = prices.version(undone.version - 1) if undone.version > 1 else None
    return _Back(earlier, undone.version - 1, chosen, reason, undone)


def _known(bench: Workbench, number: int | None) -> PriceList:
    found = bench.store.prices.version(number)
    if found is None:
        wanted = f"version {number}" if number else "version yet"
        raise UsageError(f"the price list has no {wanted}", hint="`pricewatch status` names the newest one")
    return found


def _proposals(bench: Workbench, group: PriceGroup, back: _Back) -> Iterator[Proposal]:
    now = bench.store.prices.current(group.name)
    then = {**_first_decided(bench, group, back), **bench.store.prices.current(group.name, until=back.number)}
    differing = [sku for sku in then if _differs(sku, now, then) and (back.skus is None or sku in back.skus)]
    if not differing:
        return
    limits = decide(market_frame(bench, group, differing), bench.rulebook, bench.pricing)
    for row, sku in enumerate(limits.frame.products.sku):
        yield _proposal(limits, row, now[sku], then[sku], back.text(bench))


def _first_decided(bench: Workbench, group: PriceGroup, back: _Back) -> Mapping[Sku, PriceEntry]:
    """What the version that is taken back decided, at the prices that its plan started from."""
    entries = [entry for entry in back.undone.entries if entry.group == group.name] if back.undone else []
    before: dict[tuple[int, Sku], int] = {}
    for plan in {entry.plan for entry in entries if entry.plan}:
        found = bench.store.plans.decisions(plan)
        for sku, place, minor in zip(found.sku, found.group.codes.tolist(), found.current.tolist(), strict=True):
            if found.group.values[place] == group.name and minor != MISSING:
                before[plan, sku] = minor
    return {
        entry.sku: replace(entry, gross=Money(before[key], entry.gross.currency), announcement=None)
        for entry in entries
        if (key := (entry.plan, entry.sku)) in before
    }


def _differs(sku: Sku, now: Mapping[Sku, PriceEntry], then: Mapping[Sku, PriceEntry]) -> bool:
    return sku in now and now[sku].gross != then[sku].gross


def _proposal(limits: PlanFrame, row: int, now: PriceEntry, then: PriceEntry, text: str) -> Proposal:
    floor, ceiling = (_limit(limits, row, name) for name in ("floor", "ceiling"))
    held = _obstacle(limits, row, now, then, floor, ceiling)
    outcome = Outcome.HOLD if held else Outcome.RAISE if then.gross > now.gross else Outcome.CUT
    reasons = [Reason("target", text, now.gross.minor, then.gross.minor)]
    if held:
        reasons.append(Reason("hold", held, then.gross.minor, now.gross.minor))
    return Proposal(
        sku=now.sku,
        group=now.group,
        outcome=outcome,
        current=now.gross,
        proposed=None if held else then.gross,
        floor=floor,
        ceiling=ceiling,
        reasons=tuple(reasons),
        tax=TaxRate(int(limits.frame.products.vat[row])),
    )


def _limit(limits: PlanFrame, row: int, name: str) -> Money | None:
    """Today's floor or ceiling, as the engine found it."""
    minor = int(getattr(limits.trail, name)[row])
    currency = Currency.of(limits.frame.currency)
    return Money(minor, currency) if 0 < minor <= AMOUNT_LIMIT else None


def _obstacle(
    limits: PlanFrame, row: int, now: PriceEntry, then: PriceEntry, floor: Money | None, ceiling: Money | None
) -> str:
    if limits.frame.products.frozen[row]:
        return "the product is frozen"
    if then.gross.currency != now.gross.currency:
        return f"the price then was in {then.gross.currency.code}"
    if then.announcement is not None:
        return "the price then was an announced reduction, and only a rule announces one: the old price stays"
    if floor is None:
        return "no floor is known: the old price stays"
    if then.gross < floor:
        return f"{then.gross} is below today's floor of {floor}"
    if ceiling is not None and then.gross > ceiling:
        return f"{then.gross} is above today's ceiling of {ceiling}"
    return ""


def _status(proposal: Proposal) -> DecisionStatus:
    return DecisionStatus.NONE if proposal.outcome is Outcome.HOLD else DecisionStatus.PENDING
