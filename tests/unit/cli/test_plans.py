"""How much of a plan is printed: what a person can read, never silently less than there is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO

import pytest

from pricewatch.cli.call import Call
from pricewatch.cli.output import Mode, Out
from pricewatch.cli.plans import show_plan
from pricewatch.cli.progress import NoProgress
from pricewatch.domain.decision import DecisionStatus, Outcome, Plan, Proposal
from pricewatch.domain.money import Currency, Money
from pricewatch.pricing.decided import Decided

PLN = Currency.of("PLN")


def proposal(number: int) -> Proposal:
    """The later products move more; the first one stays."""
    current, proposed = Money(10_000, PLN), Money(10_000 + number, PLN)
    outcome = Outcome.RAISE if number else Outcome.KEEP
    return Proposal(f"A-{number:05}", "pl", outcome, current, proposed, None, None, ())


def shown(rows: int, mode: Mode = Mode.TSV, quiet: bool = False, **options) -> tuple[list[str], str]:
    out = Out(mode=mode, quiet=quiet, stdout=StringIO(), stderr=StringIO(), width=120)
    decided = Decided.of([(proposal(number), DecisionStatus.NONE) for number in range(rows)])
    plan = Plan(4, datetime(2026, 11, 22, tzinfo=UTC), "", {}, (), 0, "open")
    told = {"everything": False, "limit": None, "all_rows": False, "exit_code": False} | options
    assert show_plan(Call("plan", out, NoProgress()), plan, decided, (), **told) == 0
    return out.stdout.getvalue().splitlines(), out.stderr.getvalue()


def test_a_pipe_gets_a_small_plan_whole() -> None:
    """A shop of a thousand products sees every decision, in the order of its catalogue, without a word about more."""
    lines, said = shown(1_000)
    assert [line.split("\t")[0] for line in lines[1:]] == [f"A-{number:05}" for number in range(1_000)]
    assert "more" not in said


@pytest.mark.parametrize("quiet", [False, True])
def test_a_pipe_gets_the_biggest_moves_of_a_large_plan_and_is_told_how_many_more(quiet: bool) -> None:
    """A million rows are for no reader; what is left out is said even to a script that asked for silence."""
    lines, said = shown(1_500, quiet=quiet)
    assert [line.split("\t")[0] for line in lines[1:]] == [f"A-{number:05}" for number in range(1_499, 499, -1)]
    assert "500 more, these are the biggest moves; all of them: pricewatch plan --show 4 --all" in said


def test_all_prints_every_decision() -> None:
    """Whoever asks for all gets all."""
    lines, said = shown(1_500, all_rows=True)
    assert len(lines) == 1_501
    assert "more" not in said


def test_limit_says_how_many_rows_a_pipe_gets() -> None:
    """The limit holds wherever the rows go."""
    lines, said = shown(20, limit=5)
    assert (len(lines), "15 more" in said) == (6, True)


def test_json_is_always_whole() -> None:
    """A program that reads JSON never has to ask again."""
    lines, _ = shown(1_500, mode=Mode.JSON)
    assert sum(json.loads(line)["type"] == "decision" for line in lines) == 1_500


def test_a_terminal_shows_the_first_changes_and_how_to_see_all() -> None:
    """A person reads a screen, and knows the way to the rest."""
    lines, _ = shown(1_500, mode=Mode.TABLE)
    assert any("1459 more: pricewatch plan --show 4 --all" in line for line in lines)
    assert any("A-01499" in line for line in shown(1_500, mode=Mode.TABLE, all_rows=True)[0])
