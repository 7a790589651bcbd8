"""Decide prices: plan, approve, reject, and the breakers that stop an abnormal plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from pricewatch.cli import options
from pricewatch.cli.call import FINDINGS, OK, PARTLY, Call, command, group, who
from pricewatch.cli.opening import locked, opened
from pricewatch.cli.output import Column, Mode, Row
from pricewatch.cli.text import NOTHING, Percent, clean, human, plural, shorten
from pricewatch.domain.decision import Decision, DecisionStatus, Outcome, Plan, Proposal
from pricewatch.domain.errors import SetAside, UsageError
from pricewatch.domain.money import Currency, Money, divide

if TYPE_CHECKING:
    from pricewatch.bootstrap import App
    from pricewatch.pricing.decided import Decided
    from pricewatch.pricing.impact import Impact

_ON_A_TERMINAL, _IN_A_PIPE = 40, 1_000  # rows, where nobody says how many
_MOVES = (Outcome.RAISE, Outcome.CUT)
_HEADS = {Outcome.RAISE: "up", Outcome.CUT: "down", Outcome.KEEP: "stay", Outcome.HOLD: "held back"}
_QUIET_STEPS = frozenset({"landscape", "rule", "tax"})
_COLUMNS = (
    Column("sku"),
    Column("group", rank=7),
    Column("outcome", "do", badge=True),
    Column("now", money=True),
    Column("new", money=True),
    Column("change", money=True, rank=5),
    Column("change_percent", "%"),
    Column("margin_before", "margin", rank=4),
    Column("margin_after", "new margin", rank=1),
    Column("rank_before", "rank", rank=6),
    Column("rank_after", "new rank", rank=3),
    Column("status", "approval", badge=True),
    Column("floor", machine=True, money=True),
    Column("ceiling", machine=True, money=True),
    Column("competitors", machine=True),
    Column("why", below=True),
)


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    command(app, "plan", locks=True)(plan)
    command(app, "approve")(approve)
    command(app, "reject")(reject)
    breakers = group(app, "breaker", "Whole-run checks that stop an abnormal plan.")
    command(breakers, "list", path="breaker list")(breaker_list)
    command(breakers, "reset", path="breaker reset")(breaker_reset)


def plan(
    call: Call,
    skus: options.Skus = None,
    *,
    dry_run: options.DryRun = False,
    changed: options.Changed = False,
    show: options.Show = None,
    everything: options.Everything = False,
    limit: options.MostRows = None,
    all_rows: options.AllRows = False,
    exit_code: options.ExitCode = False,
) -> int:
    """Compute every price afresh, with reasons; nothing is published."""
    if changed and (skus or show is not None):
        raise UsageError("--changed finds the products itself", hint="leave out the SKUs and --show")
    if show is not None:
        with opened(call) as app:
            found = saved(app, show)
            decided = app.bench.store.plans.decisions(show)
            decisions = decided.of_skus(skus) if skus else decided
            return show_plan(
                call, found, decisions, (), everything=everything, limit=limit, all_rows=all_rows, exit_code=exit_code
            )
    from pricewatch.pipeline.plan import plan as stage

    with opened(call) if dry_run else locked(call) as app:
        made = stage(app.bench, skus=skus or None, save=not dry_run, changed=changed)
    if changed:
        call.out.say(made.report.message)
    for told in made.ends:
        call.out.say(told)
    return show_plan(
        call, made.plan, made.decisions, made.report.set_aside, everything=everything, limit=limit,
        all_rows=all_rows, exit_code=exit_code, impacts=made.impacts,
    )  # fmt: skip


def saved(app: App, number: int | None) -> Plan:
    """A plan by number, or the newest one; raises UsageError when there is none."""
    found = app.bench.store.plans.get(number)
    if found is None:
        missing = f"no plan {number}" if number else "no plan yet"
        raise UsageError(f"there is {missing}", hint="`pricewatch plan` makes one")
    return found


def show_plan(
    call: Call, made: Plan, decisions: Decided, set_aside: Sequence[SetAside], *, everything: bool,
    limit: int | None, all_rows: bool, exit_code: bool, impacts: Sequence[Impact] = (),
) -> int:  # fmt: skip
    """Print a plan: its prices, its impact, what stopped it, and what to do next."""
    moves = decisions.take(decisions.moving)
    shown = decisions if everything or not call.out.for_people else moves
    _show_rows(call, shown, len(shown) if all_rows else limit, made.number)
    _show_impact(call, decisions, moves)
    _show_expected(call, impacts)
    _show_breakers(call, made)
    call.out.set_aside(set_aside)
    code = PARTLY if set_aside else OK
    if exit_code and code == OK and (moves or made.breakers):
        code = FINDINGS
    return call.finish(
        _summary(made, decisions), code=code, next_step=_next(made, moves), plan=made.number, set_aside=len(set_aside),
        breakers=[breaker.name for breaker in made.breakers], **_outcomes(decisions),
    )  # fmt: skip


def _show_rows(call: Call, shown: Decided, limit: int | None, number: int) -> None:
    """Print decisions: people and pipes get the first of them, and are told how many more there are; JSON is whole."""
    more = f"pricewatch plan --show {number} --all" if number else "add --all"
    if call.out.mode is not Mode.TSV:
        call.out.table("decision", _COLUMNS, _Rows(shown), limit=limit or _ON_A_TERMINAL, more=more)
        return
    most = limit or _IN_A_PIPE
    first = shown if len(shown) <= most else shown.biggest(most)
    call.out.table("decision", _COLUMNS, _Rows(first))
    if len(first) < len(shown):
        call.out.warn(f"… {human(len(shown) - len(first))} more, these are the biggest moves; all of them: {more}")


class _Rows:
    """The rows of decisions, each made when it is printed."""

    def __init__(self, decisions: Decided) -> None:
        self._decisions = decisions

    def __len__(self) -> int:
        return len(self._decisions)

    def __iter__(self) -> Iterator[Row]:
        return map(_row, self._decisions)


def _row(decision: Decision) -> Row:
    it = decision.proposal
    moves = it.outcome in _MOVES and it.current is not None and it.proposed is not None
    change = it.proposed - it.current if moves and it.proposed and it.current else None
    return (
        it.sku, it.group, it.outcome, it.current, it.proposed, change, _percent(it), _margin(it.margin_before),
        _margin(it.margin_after), it.rank_before, it.rank_after, decision.status, it.floor, it.ceiling, it.competitors,
        shorten(why(it), 160),
    )  # fmt: skip


def _percent(it: Proposal) -> Percent | None:
    if not it.current or not it.proposed:
        return None
    return Percent(divide((it.proposed.minor - it.current.minor) * 10_000, it.current.minor), signed=True)


def _margin(basis_points: int | None) -> Percent | None:
    return None if basis_points is None else Percent(basis_points)


def why(it: Proposal) -> str:
    """The steps that made the price, in one line."""
    telling = [reason for reason in it.reasons if reason.step not in _QUIET_STEPS]
    if it.outcome is Outcome.HOLD:
        telling = telling[-1:]
    else:
        telling = [r for r in telling if r.step == "target" or r.before != r.after] or telling[-1:]
    return "; ".join(clean(reason.text) for reason in telling or it.reasons[-1:])


def _outcomes(decisions: Decided) -> dict[str, int]:
    return {outcome.value: count for outcome, count in decisions.outcomes().items()}


def _show_expected(call: Call, impacts: Sequence[Impact]) -> None:
    """What the changes bring if buyers buy as they did."""
    rows = []
    for it in impacts:
        currency = Currency.of(it.currency)
        left = f" ({it.costless} without a cost)" if it.costless else ""
        for what, (before, after) in (("revenue", it.revenue), (f"net profit{left}", it.profit)):
            now, then = Money(before, currency), Money(after, currency)
            share = Percent(divide((after - before) * 10_000, before), signed=True) if before > 0 else None
            told = "pieces of the last 28 days" if it.sold else "one piece of each"
            rows.append((it.group, what, now, then, then - now, share, told))
    columns = (
        Column("group"), Column("what"), Column("before", money=True), Column("after", money=True),
        Column("change", money=True), Column("change_percent", "%"), Column("counting"),
    )  # fmt: skip
    if any(it.products for it in impacts):
        title = "Changed prices, if buyers buy as they did"
        call.out.table("expected", columns, rows, title=title, aside=True)


def _show_impact(call: Call, decisions: Decided, moves: Decided) -> None:
    rules = [(clean(name), *(counts.get(each, 0) for each in Outcome)) for name, counts in decisions.by_rule().items()]
    columns = (Column("rule", fold=True), *(Column(each.value, _HEADS[each]) for each in Outcome))
    if any(moves.moving) or len(rules) > 1:
        call.out.table("by_rule", columns, rules, title="By rule", aside=True)
    held = decisions.holds()
    if held:
        rows = [(clean(text) or NOTHING, prices) for text, prices in held.most_common(8)]
        call.out.table("held", (Column("why", fold=True), Column("prices")), rows, title="Held back", aside=True)
    biggest = moves.biggest(5)
    if len(moves) > len(biggest):
        call.out.table("biggest_move", _COLUMNS, map(_row, biggest), title="Biggest moves", aside=True)


def _show_breakers(call: Call, made: Plan) -> None:
    if made.breakers:
        rows = [(breaker.name, "tripped", breaker.text) for breaker in made.breakers]
        columns = (Column("breaker"), Column("state", badge=True), Column("saw", below=True))
        call.out.table("breaker", columns, rows, title="Stopped by", aside=True)


def _summary(made: Plan, decisions: Decided) -> str:
    counts, standing = _outcomes(decisions), decisions.statuses()
    pending, approved = standing[DecisionStatus.PENDING], standing[DecisionStatus.APPROVED]
    applied = standing[DecisionStatus.APPLIED]
    name = f"plan {made.number}" if made.number else "preview (not saved)"
    return (
        f"{name}: {counts['raise']} up, {counts['cut']} down, {counts['keep']} stay, {counts['hold']} held back; "
        f"{approved} approved, {pending} to approve" + (f", {applied} applied" if applied else "")
    )


def _next(made: Plan, moves: Decided) -> str:
    waiting = moves.with_status(DecisionStatus.PENDING)
    if not made.number:
        return "pricewatch plan"
    if made.status != "open":
        return "pricewatch status"
    if made.breakers:
        return f"pricewatch breaker reset --plan {made.number} --reason '…' (after a look at the table)"
    if waiting:
        return f"pricewatch explain {waiting.sku[0]}, then pricewatch approve --plan {made.number} --all"
    return f"pricewatch apply --plan {made.number}" if moves else "pricewatch status"


_Only = Annotated[
    Outcome | None, options.option("--only", env=False, help="Only changes that go this way: raise or cut.")
]
_UpTo = Annotated[
    str, options.option("--up-to", env=False, metavar="PERCENT", help="Only changes of at most this share.")
]


def approve(
    call: Call, skus: options.Skus = None, *, plan: options.Plan = None, all_pending: options.AllPending = False,
    only: _Only = None, up_to: _UpTo = "", note: options.Note = "", by: options.By = "",
) -> int:  # fmt: skip
    """Approve pending decisions of a plan: named by SKU, all of them, or those that a filter leaves."""
    from pricewatch.pipeline.plan import approve as use_case
    from pricewatch.pipeline.plan import ends_of

    with opened(call) as app:
        wanted = _wanted(app, plan, skus, all_pending=all_pending, only=only, up_to=up_to)
        changed = use_case(app.bench, plan, wanted, by=who(by), note=note)
        number = saved(app, plan).number
        waiting = _half_approved(app, number, wanted)
        ends = ends_of(app.bench, number, wanted)
    for told in ends:
        call.out.say(told)
    if waiting:
        text = f"{plural(changed, 'decision')} approved, {waiting} more once a second person approves"
        step = f"pricewatch approve --plan {number} --all --by NAME"
        return call.finish(text, next_step=step, plan=number, changed=changed, second_person=waiting)
    return _answered(call, changed, wanted, number, "approved", f"pricewatch apply --plan {number}")


def _half_approved(app: App, number: int, wanted: Sequence[str] | None) -> int:
    if wanted is None:
        return app.bench.store.plans.half_approved(number)
    pending = app.bench.store.plans.decisions(number, status=DecisionStatus.PENDING)
    return sum(bool(pending.decided_by[row]) for row, sku in enumerate(pending.sku) if sku in wanted)


def reject(
    call: Call, skus: options.Skus = None, *, plan: options.Plan = None, all_pending: options.AllPending = False,
    only: _Only = None, up_to: _UpTo = "", note: options.Note = "", by: options.By = "",
) -> int:  # fmt: skip
    """Reject pending decisions of a plan, and named ways back from promotions; the old prices stay."""
    from pricewatch.pipeline.plan import reject as use_case

    with opened(call) as app:
        wanted = _wanted(app, plan, skus, all_pending=all_pending, only=only, up_to=up_to)
        changed = use_case(app.bench, plan, wanted, by=who(by), note=note)
        number = saved(app, plan).number
    return _answered(call, changed, wanted, number, "rejected", f"pricewatch plan --show {number}")


def _wanted(
    app: App, plan: int | None, skus: Sequence[str] | None, *, all_pending: bool, only: Outcome | None, up_to: str
) -> Sequence[str] | None:
    """The products that a person names; None = all that is pending. Raises UsageError for none, and for both."""
    from pricewatch.pipeline.plan import chosen_by

    filtered = only is not None or bool(up_to)
    if (bool(skus) + all_pending + filtered) != 1:
        hint = "name SKUs, or --all, or --only and --up-to; `pricewatch plan --show NUMBER` lists what is pending"
        raise UsageError("say which", hint=hint)
    if not filtered:
        return skus or None
    found = chosen_by(app.bench, plan, outcome=only, up_to=basis_points(up_to, "--up-to") if up_to else None)
    if not found:
        raise UsageError("nothing that is pending passes this filter", hint="`pricewatch plan --show NUMBER`")
    return found


def basis_points(text: str, name: str) -> int:
    """Read a percentage from the command line, with or without its sign; raises UsageError."""
    from pricewatch.pricing.values import parse_percent

    try:
        return parse_percent(text if text.rstrip().endswith("%") else f"{text}%")
    except ValueError as error:
        raise UsageError(f"{name}: {error}", hint=f"write {name} 5%") from None


def _answered(call: Call, changed: int, wanted: Sequence[str] | None, number: int, verb: str, next_step: str) -> int:
    call.out.record("answer", {"plan": number, verb: changed})
    if wanted and changed < len(wanted):
        text = f"{changed} of {len(wanted)} {verb}; the others have nothing pending in plan {number}"
        return call.finish(
            text, code=PARTLY, next_step=f"pricewatch plan --show {number}", plan=number, changed=changed
        )
    return call.finish(f"{plural(changed, 'decision')} {verb}", next_step=next_step, plan=number, changed=changed)


def one_plan(number: int | None, plan: int | None) -> int | None:
    """The plan that was named, as an argument or by --plan; raises UsageError for two different ones."""
    if number is not None and plan is not None and number != plan:
        raise UsageError(f"which plan, {number} or {plan}?", hint="name one")
    return number if plan is None else plan


def breaker_list(
    call: Call, number: options.PlanNumber = None, *, plan: options.Plan = None, exit_code: options.ExitCode = False
) -> int:
    """Show which whole-run checks stopped the newest plan, and why."""
    with opened(call) as app:
        found = saved(app, one_plan(number, plan))
    rows = [(found.number, breaker.name, "tripped", breaker.text) for breaker in found.breakers]
    columns = (Column("plan"), Column("breaker"), Column("state", badge=True), Column("saw", below=True))
    call.out.table("breaker", columns, rows)
    if not rows:
        return call.finish(f"no breaker tripped in plan {found.number}", next_step="pricewatch status", tripped=0)
    step = f"pricewatch breaker reset --plan {found.number} --reason '…'"
    code = FINDINGS if exit_code else OK
    return call.finish(f"plan {found.number} is stopped", code=code, next_step=step, tripped=len(rows))


def breaker_reset(
    call: Call, number: options.PlanNumber = None, *, plan: options.Plan = None, reason: options.Reason = "",
    by: options.By = "",
) -> int:  # fmt: skip
    """Let a stopped plan go on, with a reason; its prices still need approval."""
    from pricewatch.pipeline.plan import reset_breakers

    with opened(call) as app:
        found = reset_breakers(app.bench, one_plan(number, plan), by=who(by), reason=reason).number
    return call.finish(f"plan {found} may go on", next_step=f"pricewatch plan --show {found}", plan=found)


def steps(it: Proposal) -> Iterator[Row]:
    """The ordered reasons of a proposal as rows: step, before, after, text, rule."""
    money = it.current or it.proposed or it.floor
    for reason in it.reasons:
        before, after = (
            Money(value, money.currency) if value is not None and money is not None else None
            for value in (reason.before, reason.after)
        )
        yield reason.step, before, after, reason.text, reason.rule
