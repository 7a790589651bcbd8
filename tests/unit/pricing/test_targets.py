"""Targets: what a rule aims at."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pricewatch.domain.decision import Outcome
from pricewatch.pricing.engine import decide
from pricewatch.pricing.settings import PricingSettings

from .market import Ours, Theirs, book, frame, minor, propose, rule, steps

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
        ('target = { kind = "formula", price = "89.00" }', 8_900),
        ('target = { kind = "index", sellers = ["a", "B", "C"], percent = "98%" }', 9_474),  # 9666.67 -> 9667
        ('target = { kind = "index", sellers = ["A", "X"], percent = "98%", n = 1 }', 8_820),
        ('target = { kind = "lowest_of", of = ["median", { kind = "cost_plus", percent = "50%" }] }', 9_225),
        ('target = { kind = "highest_of", of = ["median", "rrp", { kind = "lowest", adjust = "10%" }] }', 11_111),
        ('target = { kind = "first_of", of = ["optimal", "map", "lowest"] }', 9_999),
        ('target = { kind = "markdown", age = "stock", steps = [{ days = 5, off = "15%" }] }', 9_444),
        ('target = { kind = "markdown", age = "stock", steps = [{ days = 11, off = "15%" }], price = "map" }', 9_999),
        ('target = "floor"\nadjust = "1.00"', 6_250),
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


def test_weights_count_sellers_more_or_less() -> None:
    """A three times, C not at all: (3 * 90 + 95 + 120) / 5."""
    weights = "weights = { a = 3, C = 0 }"
    assert minor(propose(rule('target = "weighted"', landscape=weights), theirs=MARKET)) == 9_700
    basket = 'target = { kind = "index", sellers = ["A", "B"], percent = "100%" }'
    assert minor(propose(rule(basket, landscape=weights), theirs=MARKET)) == 9_125


def test_the_buy_box_is_what_the_marketplace_shows_first() -> None:
    """Not the lowest; and unknown where no counting offer is said to be it."""
    featured = [*MARKET[:2], replace(MARKET[2], featured=True)]
    assert minor(propose(rule('target = "buy_box"'), Ours(current=10_000), featured)) == 10_500
    assert propose(rule('target = "buy_box"'), theirs=MARKET).outcome is Outcome.HOLD


def test_the_model_s_optimum_comes_with_its_reason_or_the_rule_s_fallback_does() -> None:
    """A price of the model is taken like any target; without one the next target is, and the reason says so."""
    text = rule('target = { kind = "first_of", of = ["optimal", "median"] }')
    with_one = propose(text, Ours(optimal=10_800, optimal_why="elasticity -2.1"), MARKET)
    assert (minor(with_one), with_one.reasons[2].text) == (10_800, "the model's optimum (elasticity -2.1)")
    without = propose(text, theirs=MARKET)
    assert (minor(without), without.reasons[2].text) == (9_500, "the model's optimum is unknown: the median offer")


def test_the_reasons_say_why_the_model_left_a_product_to_the_rules() -> None:
    """A rule that asks for the model's price is passed over, or has no price: what the model said is a reason."""
    thin = Ours(optimal=None, optimal_why="too few sales to know its curve: the rules price it")
    text = rule('target = "optimal"').replace("target =", 'when = "optimal > 0"\ntarget =', 1)
    said = ("model", "the demand model: too few sales to know its curve: the rules price it")
    passed = propose(text, thin, MARKET)
    assert [(each.step, each.text) for each in passed.reasons] == [said, ("rule", "no rule applies")]
    second = propose(rule('target = { kind = "first_of", of = ["optimal", "median"] }'), thin, MARKET)
    assert said in [(each.step, each.text) for each in second.reasons]
    asked = propose(text, Ours(optimal=10_800, optimal_why="a trial"), MARKET)
    assert "model" not in [each.step for each in asked.reasons]
    other = propose(rule('target = "median"'), thin, MARKET)
    assert "model" not in [each.step for each in other.reasons]


@pytest.mark.parametrize(
    ("adjust", "endings", "expected"),
    [
        ("just under", "", 8_999),
        ("just under", 'endings = [".99", ".49"]', 8_999),
        ("just under", 'endings = [".00"]', 8_900),
        ("just over", "", 9_001),
        ("Just  over", 'endings = [".99"]', 9_099),
    ],
)
def test_just_under_is_the_next_allowed_price(adjust: str, endings: str, expected: int) -> None:
    """The rounding of the guardrails does not bring it back up."""
    text = rule(f'target = "lowest"\nadjust = "{adjust}"', endings)
    assert minor(propose(text, theirs=MARKET)) == expected


def test_prices_without_tax_are_compared_with_ours() -> None:
    """A site that shows net prices: 80.00 and 23 % are 98.40."""
    text = rule(landscape='net_sites = ["Hurt"]')
    assert minor(propose(text, theirs=[Theirs(8_000, site="hurt"), Theirs(9_900, "B")])) == 9_840


def test_columns_of_the_catalogue_are_amounts_and_dates() -> None:
    """A scheduled price for each product, from the catalogue."""
    text = rule('target = { kind = "formula", price = "amount(custom.sale)" }')
    assert minor(propose(text, Ours(custom={"sale": "89.90"}))) == 8_990
    for wrong in ("", "89,90", "-1", "0", "89.999"):
        assert propose(text, Ours(custom={"sale": wrong})).outcome is Outcome.HOLD


@pytest.mark.parametrize(
    ("ours", "condition"),
    [
        (Ours(stock=10, sold=28), "velocity == 1 and days_of_stock == 10"),
        (Ours(stock=10, sold=0), "days_of_stock == 9999"),
        (Ours(stock=0, sold=0), "days_of_stock == 0"),
        (Ours(stock=None, sold=5), "not known(days_of_stock)"),
        (Ours(sold=None), "not known(velocity)"),
        (Ours(streak=-3), "streak <= -3"),
        (Ours(announced=9_000), "on_promotion"),
    ],
)
def test_what_we_sell_is_a_condition(ours: Ours, condition: str) -> None:
    """Velocity, how long the stock lasts, and where our price stands."""
    assert minor(propose(rule(f'when = "{condition}"\ntarget = "lowest"'), ours, MARKET)) == 9_000


def test_what_was_sold_can_be_a_column_of_the_catalogue() -> None:
    """`sold_28_days`, where nothing else knows."""
    market = frame([Ours(stock=10, custom={"sold_28_days": "14"})], MARKET)
    market = replace(market, products=replace(market.products, sold=None))
    plan = decide(market, book(rule('when = "days_of_stock == 20"\ntarget = "lowest"')), PricingSettings())
    assert plan.trail.price[0] == 9_000
