"""Targets: what a rule aims at."""

from __future__ import annotations

import pytest

from pricewatch.domain.decision import Outcome

from .market import Ours, Theirs, minor, propose, rule, steps

MARKET = [Theirs(9_000, "A"), Theirs(9_500, "B"), Theirs(10_500, "C"), Theirs(12_000, "D")]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ('target = "lowest"', 9_000),
        ('target = { kind = "nth_lowest", n = 2 }', 9_500),
        ('target = { kind = "nth_lowest", n = 9 }', 12_000),
        ('target = "median"', 9_500),
        ('target = "average"', 10_250),
        ('target = "highest"', 12_000),
        ('target = { kind = "percentile", percent = "75%" }', 10_500),
        ('target = { kind = "percentile", percent = "0%" }', 9_000),
        ('target = { kind = "between", percent = "50%" }', 10_500),
        ('target = { kind = "seller", sellers = ["c"] }', 10_500),
        ('target = { kind = "seller", sellers = ["C", "D"], pick = "average" }', 11_250),
        ('target = { kind = "seller", sellers = ["C", "D"], pick = "highest" }', 12_000),
        ('target = { kind = "cost_plus", percent = "50%" }', 9_225),
        ('target = { kind = "margin", percent = "40%" }', 10_250),
        ('target = "rrp"', 11_111),
        ('target = "map"', 9_999),
        ('target = { kind = "formula", price = "max(lowest * 0.99, cost * 200%)" }', 10_000),
        ('target = { kind = "formula", price = "min(median, average) - 0.10" }', 9_490),
    ],
)
def test_each_target_is_exact(target: str, expected: int) -> None:
    """Every kind of target gives its stated price, to the minor unit."""
    ours = Ours(current=10_100, rrp=11_111, map_price=9_999)
    assert minor(propose(rule(target), ours, MARKET)) == expected


def test_keep_takes_the_current_price_without_an_ending() -> None:
    """`keep` changes nothing while the limits hold."""
    proposal = propose(rule('target = "keep"', 'endings = [".99"]'), Ours(current=10_000), MARKET)
    assert (proposal.outcome, minor(proposal)) == (Outcome.KEEP, 10_000)


@pytest.mark.parametrize(
    ("adjust", "expected"), [("-1%", 8_910), ("-0.01", 8_999), ("0.5%", 9_045), ("2.50", 9_250), ("-0.35%", 8_969)]
)
def test_adjustments_are_rounded_half_up_once(adjust: str, expected: int) -> None:
    """A share of the target is rounded half up; an amount is exact."""
    assert minor(propose(rule(f'target = "lowest"\nadjust = "{adjust}"'), theirs=MARKET)) == expected


def test_net_targets_get_vat_after_the_adjustment() -> None:
    """cost_plus is net: cost, markup, adjustment, then VAT, each rounded half up."""
    text = rule('target = { kind = "cost_plus", percent = "33.33%" }\nadjust = "0.01"')
    proposal = propose(text, Ours(cost=5_003, vat=2_300))
    assert minor(proposal) == 8_205  # 5003 * 1.3333 = 6670.4999 -> 6670; + 1 = 6671; * 1.23 = 8205.33
    assert steps(proposal)[:4] == ["rule", "target", "adjust", "tax"]


def test_an_unknown_target_holds_and_says_so() -> None:
    """A rule that aims at a recommended price holds products without one."""
    proposal = propose(rule('target = "rrp"'))
    assert (proposal.outcome, proposal.proposed) == (Outcome.HOLD, None)
    assert "recommended price is unknown" in proposal.reasons[-1].text


def test_a_target_of_zero_or_less_holds() -> None:
    """An adjustment that leads to nothing is no price."""
    text = rule('target = "lowest"\nadjust = "-95.00"', situations='below_floor = "follow"')
    assert propose(text, theirs=MARKET).outcome is Outcome.HOLD


def test_the_readings_used_are_named() -> None:
    """The target names the observations at exactly its price, a mean all that went into it."""
    lowest = propose(rule(), theirs=[*MARKET, Theirs(9_000, "E")])
    assert next(each for each in lowest.reasons if each.step == "target").observations == (1, 5)
    average = propose(rule('target = "average"'), theirs=MARKET)
    assert next(each for each in average.reasons if each.step == "target").observations == (1, 2, 3, 4)


def test_raises_as_readily_as_it_lowers() -> None:
    """The target is computed afresh from the market: the lowest seller goes up to the next one."""
    proposal = propose(rule('target = "lowest"\nadjust = "-0.01"'), Ours(current=8_000), MARKET)
    assert (proposal.outcome, minor(proposal)) == (Outcome.RAISE, 8_999)
