"""Pricing rules: list them, check them, and see what other rules or another market would change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pricewatch.cli import options
from pricewatch.cli.call import FAILED, FINDINGS, OK, Call, command, group
from pricewatch.cli.opening import opened
from pricewatch.cli.output import Column, Row
from pricewatch.cli.plans import basis_points, why
from pricewatch.cli.text import Percent, plural, shorten
from pricewatch.domain.decision import Outcome, Proposal
from pricewatch.domain.errors import UsageError
from pricewatch.domain.money import Money, divide

if TYPE_CHECKING:
    from pricewatch.domain.errors import Problem
    from pricewatch.pipeline.compare import Comparison, Difference


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    rule = group(app, "rule", "Pricing rules.")
    command(rule, "list", path="rule list")(rule_list)
    command(rule, "check", path="rule check")(rule_check)
    command(rule, "test", path="rule test")(rule_test)
    command(rule, "diff", path="rule diff")(rule_diff)
    command(app, "what-if")(what_if)


_RULES = (
    Column("rule", fold=True),
    Column("place", "where"),
    Column("target"),
    Column("adjust", rank=2),
    Column("limits", "guardrails", fold=True, rank=1),
    Column("starts", rank=3),
    Column("ends", rank=4),
)


def rule_list(call: Call) -> int:
    """List the pricing rules in the order in which they are tried."""
    from pricewatch.config import load, load_rulebook

    book = load_rulebook(load(call.config))
    rows = [
        (
            branch.rule, branch.place, branch.target.kind, branch.adjust, branch.guardrails.name,
            branch.span[0] or None, branch.span[1] or None,
        )
        for branch in book.branches
    ]  # fmt: skip
    call.out.table("rule", _RULES, rows)
    return call.finish(plural(len(rows), "rule"), next_step="pricewatch plan --dry-run", rules=len(rows))


_OnMarket = Annotated[
    bool, options.option("--market", env=False, help="Also look which rules price no product in the market as it is.")
]


def rule_check(call: Call, *, market: _OnMarket = False, exit_code: options.ExitCode = False) -> int:
    """Check all rule files; mistakes are shown at their file, line and column."""
    from pricewatch.config import load_project

    book = load_project(call.config).rulebook
    rows = [_warning(problem) for problem in book.warnings]
    if market:
        rows += _idle(call)
    call.out.table("warning", _WARNINGS, rows)
    text = f"{plural(len(book.branches), 'rule')}, no mistakes, {plural(len(rows), 'warning')}"
    code = FINDINGS if exit_code and rows else OK
    return call.finish(text, code=code, next_step="pricewatch plan --dry-run", warnings=len(rows))


def _idle(call: Call) -> list[Row]:
    from pricewatch.pipeline.idle import idle_rules

    with opened(call) as app:
        found = idle_rules(app.bench)
    places = [(*each.place.rpartition(":")[::2], each) for each in found]
    return [(file, int(line), None, f"{each.rule!r} prices no product now", each.reason) for file, line, each in places]


_WARNINGS = (
    Column("file"),
    Column("line"),
    Column("column"),
    Column("warning", below=True),
    Column("hint", below=True),
)


def _warning(problem: Problem) -> Row:
    return problem.file, problem.line, problem.column, problem.message, problem.hint


_Files = Annotated[Path | None, options.argument("FOLDER", "Rule files to try; the project's when none is given.")]
_EXAMPLES = (
    Column("example", fold=True),
    Column("group", machine=True),
    Column("verdict", badge=True),
    Column("price", money=True),
    Column("place", "where", rank=1),
    Column("wrong", "what is wrong", below=True),
    Column("why", below=True),
)


def rule_test(call: Call, folder: _Files = None) -> int:
    """Try the examples in the rule files: each product must get the price that was promised."""
    from datetime import UTC, datetime

    from pricewatch.config import load, load_rulebook, read_rules
    from pricewatch.pricing.trial import try_examples

    config = load(call.config)
    book = read_rules(folder, config) if folder else load_rulebook(config)
    tried = [
        (group.name, verdict)
        for group in config.price_groups[:1]
        for verdict in try_examples(book, config.pricing, group, datetime.now(UTC))
    ]
    rows = [
        (
            it.example.name, group, "fail" if it.wrong else "ok", it.proposal.proposed or it.proposal.current, it.place,
            "; ".join(it.wrong), shorten(why(it.proposal), 160) if it.wrong else "",
        )
        for group, it in tried
    ]  # fmt: skip
    call.out.table("example", _EXAMPLES, rows)
    failed = sum(bool(it.wrong) for _, it in tried)
    if not tried:
        return call.finish("no rule file has an [[example]]", next_step="pricewatch rule check", examples=0, failed=0)
    text = f"{plural(len(tried), 'example')}, {failed or 'none'} failed"
    code = FAILED if failed else OK
    return call.finish(text, code=code, next_step="pricewatch rule diff", examples=len(tried), failed=failed)


# --- two ways side by side -------------------------------------------------------------------------------------

_Edited = Annotated[Path, options.argument("FOLDER", "A folder of rule files, or one rule file.")]
_OnlySkus = Annotated[
    list[str] | None, options.option("--sku", env=False, metavar="SKU", help="Only this product; may be repeated.")
]
_Rivals = Annotated[
    list[str] | None,
    options.option(
        "--rival", env=False, metavar="NAME", help="A site or seller; may be repeated. [default: all of them]"
    ),
]
_PriceMove = Annotated[
    str, options.option("--price", env=False, metavar="PERCENT", help="Their prices move so far: -10% or +5%.")
]
_Gone = Annotated[bool, options.option("--gone", env=False, help="They do not offer anything any more.")]
_CostMove = Annotated[str, options.option("--cost", env=False, metavar="PERCENT", help="Our costs move so far.")]

_DIFFERENCES = (
    Column("sku"),
    Column("group", rank=4),
    Column("now", money=True),
    Column("before", "as it is", money=True),
    Column("after", "then", money=True),
    Column("outcome_before", "do", badge=True, rank=3),
    Column("outcome_after", "then do", badge=True, rank=2),
    Column("change", "%"),
    Column("why", "why then", below=True),
    Column("why_before", machine=True),
)


def rule_diff(
    call: Call,
    edited: _Edited,
    skus: _OnlySkus = None,
    *,
    limit: options.RowLimit = 40,
    exit_code: options.ExitCode = False,
) -> int:
    """Show which prices edited rules would change, against the live ones, on the market as it is now."""
    from pricewatch.config import read_rules
    from pricewatch.pipeline.compare import rule_diff as use_case

    with opened(call) as app:
        book = read_rules(edited, app.config)
        call.out.table("warning", _WARNINGS, [_warning(problem) for problem in book.warnings], aside=True)
        found = use_case(app.bench, book, skus)
    return _compared(call, found, "pricewatch rule check", limit=limit, exit_code=exit_code)


def what_if(
    call: Call,
    skus: options.Skus = None,
    *,
    rivals: _Rivals = None,
    price: _PriceMove = "",
    gone: _Gone = False,
    cost: _CostMove = "",
    limit: options.RowLimit = 40,
    exit_code: options.ExitCode = False,
) -> int:
    """Show what the rules would do if rivals' prices or our costs were different; nothing is saved."""
    from pricewatch.pipeline.compare import Shock
    from pricewatch.pipeline.compare import what_if as use_case

    if not (price or gone or cost):
        raise UsageError("nothing would be different", hint="add --price -10%, --gone or --cost +5%")
    shock = Shock(tuple(rivals or ()), _move_of(price, "--price"), gone, _move_of(cost, "--cost"))
    with opened(call) as app:
        found = use_case(app.bench, shock, skus)
    return _compared(call, found, "pricewatch plan", limit=limit, exit_code=exit_code)


def _move_of(text: str, name: str) -> int:
    found = basis_points(text, name) if text else 0
    if not -10_000 < found <= 1_000_000:
        raise UsageError(f"{name}: {text} is no move of a price", hint="above -100 %, at most +10000 %")
    return found


def _compared(call: Call, found: Comparison, next_step: str, *, limit: int, exit_code: bool) -> int:
    rows = [_difference(each) for each in _by_size(found.differences)]
    call.out.table("difference", _DIFFERENCES, rows, limit=limit, more="add --limit")
    outcomes = [(each.value, found.before[each], found.after[each]) for each in Outcome]
    columns = (Column("outcome", "do", badge=True), Column("before", "as it is"), Column("after", "then"))
    call.out.table("outcome", columns, outcomes, title="Altogether", aside=True)
    if found.breakers:
        tripped = [(each.name, each.text) for each in found.breakers]
        call.out.table(
            "breaker", (Column("breaker"), Column("saw", below=True)), tripped, title="Would be stopped by", aside=True
        )
    code = FINDINGS if exit_code and found.differences else OK
    text = f"{len(found.differences)} of {plural(found.products, 'price')} would differ; nothing was saved"
    return call.finish(
        text, code=code, next_step=next_step, products=found.products, differences=len(found.differences),
        breakers=[each.name for each in found.breakers],
    )  # fmt: skip


def _by_size(differences: Sequence[Difference]) -> list[Difference]:
    return sorted(differences, key=lambda each: -abs(_move(each) or 0))


def _move(each: Difference) -> int | None:
    one, two = (_in_force(proposal) for proposal in (each.before, each.after))
    return divide((two.minor - one.minor) * 10_000, one.minor) if one and two else None


def _in_force(proposal: Proposal) -> Money | None:
    """The price that there would be: the proposed one, or the old one where that stays."""
    return proposal.proposed or proposal.current


def _difference(each: Difference) -> Row:
    one, two, move = each.before, each.after, _move(each)
    return (
        two.sku, two.group, two.current, _in_force(one), _in_force(two), one.outcome, two.outcome,
        None if move is None else Percent(move, signed=True), shorten(why(two), 160), shorten(why(one), 160),
    )  # fmt: skip
