"""Whole runs: breakers, the band of automatic approval, counts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from pricewatch.pricing.engine import decide
from pricewatch.pricing.frame import RateUse
from pricewatch.pricing.plan import PlanFrame
from pricewatch.pricing.settings import BreakerSettings, PricingSettings

from .market import NOW, Ours, Theirs, book, frame, rule

OPEN = BreakerSettings.model_validate(
    {"max_changed": "100%", "max_average_move": "100%", "collapse": "100%", "missing_inputs": "100%"}
)


def run(products: list[Ours], prices: list[int | None], settings: PricingSettings | None = None) -> PlanFrame:
    """Follow the one offer for each product."""
    theirs = [Theirs(price, product=row) for row, price in enumerate(prices)]
    return decide(frame(products, theirs), book(rule()), settings or PricingSettings(breakers=OPEN))


def shop(count: int, **fields: int | None) -> list[Ours]:
    return [Ours(sku=f"P{number}", **({"current": 10_000 + number} | fields)) for number in range(count)]  # type: ignore[arg-type]


def tripped(plan: PlanFrame) -> list[str]:
    return [breaker.name for breaker in plan.breakers]


def limits(**changed: object) -> PricingSettings:
    return PricingSettings(breakers=OPEN.model_copy(update=changed))


def test_too_many_changes_trip() -> None:
    """11 of 20 prices change, the limit is 50 %."""
    prices: list[int | None] = [9_900] * 11 + [10_000 + row for row in range(11, 20)]
    assert tripped(run(shop(20), prices, limits(max_changed=5_000))) == ["max_changed"]
    assert tripped(run(shop(20), prices, limits(max_changed=5_500))) == []


def test_small_runs_are_not_judged_by_shares() -> None:
    """One product that changes is 100 % of a run of one."""
    assert tripped(run(shop(1), [9_900], PricingSettings())) == []


def test_a_large_average_move_trips() -> None:
    """20 % on average, in whichever direction."""
    prices: list[int | None] = [8_000 if row % 2 else 12_000 for row in range(20)]
    assert tripped(run(shop(20), prices, limits(max_average_move=1_900))) == ["max_average_move"]
    assert tripped(run(shop(20), prices, limits(max_average_move=2_000))) == []


def test_a_collapse_trips() -> None:
    """Many different prices becoming one is a mistyped rule; equal prices moving together are not."""
    prices: list[int | None] = [4_995 + 5_000] * 20
    assert tripped(run(shop(20, cost=100), prices, limits(collapse=2_500))) == ["collapse"]
    same = shop(20, current=11_000)
    assert tripped(run(same, prices, limits(collapse=2_500))) == []


def test_missing_inputs_trip() -> None:
    """Costs that vanish from the catalogue stop the run."""
    products = shop(12) + shop(8, cost=None)
    assert tripped(run(products, [None] * 20, limits(missing_inputs=3_900))) == ["missing_inputs"]
    assert tripped(run(products, [None] * 20, limits(missing_inputs=4_000))) == []


def test_the_sum_at_risk_trips_in_a_run_of_any_size() -> None:
    """Cuts times stock, exactly: 10 pieces at 5.00 less."""
    assert tripped(run(shop(1), [9_500], limits(max_at_risk=Decimal("49.99")))) == ["max_at_risk"]
    assert tripped(run(shop(1), [9_500], limits(max_at_risk=Decimal("50.00")))) == []


def test_changes_inside_the_band_are_approved_automatically() -> None:
    """5 % of the old price, exactly; and at most the amount where one is set."""
    products = [Ours(sku="a"), Ours(sku="b"), Ours(sku="c"), Ours(sku="d")]
    plan = run(products, [9_500, 9_499, 10_500, 10_000])
    assert plan.auto_approved.tolist() == [True, False, True, False]
    nothing = PricingSettings.model_validate({"approve_up_to": "0%"})
    assert not run(products, [9_500, 9_499, 10_500, 10_000], nothing).auto_approved.any()
    money = PricingSettings.model_validate({"approve_up_to": "100%", "approve_up_to_amount": "5.00"})
    assert run(products, [9_500, 9_499, 10_500, 10_000], money).auto_approved.tolist() == [True, False, True, False]


def test_nothing_is_approved_automatically_when_a_breaker_trips() -> None:
    """A person looks first."""
    plan = run(shop(20), [9_900] * 20, limits(max_changed=100))
    assert plan.breakers
    assert not plan.auto_approved.any()


def test_counts_tell_what_became_of_every_product() -> None:
    """Every product is counted once by outcome, and every hold by its cause."""
    products = [Ours(sku="a"), Ours(sku="b"), Ours(sku="c"), Ours(sku="d", frozen=True), Ours(sku="e", cost=None)]
    plan = run(products, [9_500, 10_100, 10_000, 9_000, 9_000])
    assert plan.counts == {"products": 5, "raise": 1, "cut": 1, "keep": 1, "hold": 2, "auto_approved": 2}
    assert plan.holds == {"frozen": 1, "no_floor": 1}


def test_an_empty_frame_is_an_empty_plan() -> None:
    """No products, no proposals, no breakers."""
    plan = run([], [])
    assert (list(plan.proposals()), plan.breakers, plan.counts["products"]) == ([], (), 0)


def test_a_first_plan_says_what_it_is_and_what_to_do() -> None:
    """It trips like any other; that no price was ever changed here is said, with the way through."""
    plan = run(shop(20), [9_000 + row for row in range(20)], limits(max_changed=5_000))
    assert plan.auto_approved.sum() == 0
    assert "a first plan" in plan.breakers[0].text
    assert "pricewatch breaker reset" in plan.breakers[0].text
    later = run(shop(20, changed_at=NOW), [9_000 + row for row in range(20)], limits(max_changed=5_000))
    assert "first plan" not in later.breakers[0].text


def test_loops_with_a_rival_trip_when_they_are_many() -> None:
    """One product in a loop is held; two of twenty are more than 5 %."""
    loops = [Ours(sku=f"P{row}", streak=-9 if row < 2 else 0) for row in range(20)]
    plan = run(loops, [9_000 + row for row in range(20)], limits(max_loops=500))
    assert (plan.holds, tripped(plan)) == ({"loop": 2}, ["loops"])
    assert tripped(run(loops[1:] + shop(1), [9_000] * 20, limits(max_loops=500))) == []


def test_a_rate_outside_its_band_trips() -> None:
    """One wrong exchange rate makes every price of a market wrong: 6 % since the day before is too far."""
    market = frame([Ours()], [])
    for micros, expected in ((4_240_000, ["exchange_rate"]), (4_200_000, []), (3_790_000, ["exchange_rate"])):
        rate = RateUse("EUR", micros, "2026-11-20", "nbp", previous_micros=4_000_000)
        plan = decide(replace(market, rates=(rate,)), book(rule()), PricingSettings(breakers=OPEN))
        assert tripped(plan) == expected
        assert all("the rate of EUR" in breaker.text for breaker in plan.breakers)
