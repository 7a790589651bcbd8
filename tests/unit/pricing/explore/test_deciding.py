"""Which price the learner asks: allowed ones only, when a gain is likely or a trial is cheap, and why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pricewatch.pricing.demand.curves import Context
from pricewatch.pricing.demand.model import DemandModel, train
from pricewatch.pricing.demand.panel import Goods, panel
from pricewatch.pricing.explore.ask import Ask, Policy
from pricewatch.pricing.explore.decide import (
    COSTLESS,
    DEAR,
    DRIFTED,
    EXPLOIT,
    EXPLORE,
    HOLD,
    HOME,
    PRICELESS,
    RECENT,
    RULES,
    STRANGE,
    SUBSTITUTE,
    TESTED,
    UNBUDGETED,
    UNKNOWN,
    choose,
)

PRODUCTS = 40


@pytest.fixture(scope="module")
def model() -> DemandModel:
    """Products of one category that sell five a day at 100 with an elasticity around 3."""
    return _trained(PRODUCTS)


@pytest.fixture(scope="module")
def small() -> DemandModel:
    """The same in categories of four, too small to be tried together."""
    return _trained(4)


def _trained(together: int) -> DemandModel:
    random = np.random.default_rng(1)
    product, week = np.repeat(np.arange(PRODUCTS), 52), np.tile(np.arange(52), PRODUCTS)
    moves = random.choice([-0.1, 0.0, 0.1], len(product))
    units = random.poisson(35.0 * np.exp(-3.0 * moves))
    names = [f"category {number}" for number in range(PRODUCTS // together)]
    goods = Goods([f"P{number}" for number in range(PRODUCTS)], np.arange(PRODUCTS) // together, names)
    return train(panel(goods, product=product, period=week, units=units, price=100.0 * np.exp(moves)))


def ask(cost: float = 60.0, now: float = 100.0, **more: object) -> Ask:
    prices = np.broadcast_to(np.round(np.linspace(80.0, 120.0, 81), 2), (PRODUCTS, 81))
    return Ask.of(np.arange(PRODUCTS), prices, now, cost, **more)  # type: ignore[arg-type]


def chosen(model: DemandModel, what: Ask, policy: Policy | None = None, seed: int = 1):
    return choose(model, what, policy or Policy(), np.random.default_rng(seed))


def test_a_price_far_from_the_best_moves_towards_it_by_a_step(model: DemandModel) -> None:
    """Cost 80 and elasticity 3 call for 120: from 100 it goes up by the step and says how much more it earns."""
    found = chosen(model, ask(80.0))
    assert np.all(found.mode == EXPLOIT)
    asked = ask(80.0).prices[0, found.at]
    assert np.all((asked > 103.0) & (asked <= 105.0))
    assert np.all(found.gain >= 0.8)
    assert np.all(found.profit_new > found.profit_now)
    assert np.all(found.units_new < found.units_now)


def test_at_the_best_price_it_holds_or_tries_cheaply(model: DemandModel) -> None:
    """Around cost 66 the price in force is about the best: no move is sold as a gain, trials cost little."""
    found = chosen(model, ask(66.5))
    assert np.mean(found.mode == EXPLOIT) < 0.2
    tried = found.mode == EXPLORE
    assert np.all(found.profit_new[tried] >= 0.98 * found.profit_now[tried] - 1e-6)


def test_only_allowed_prices_are_chosen(model: DemandModel) -> None:
    """Columns that are not a number are never taken, and nothing outside the step."""
    prices = np.where(np.arange(81) % 7 == 0, ask().prices, np.nan)
    what = replace(ask(80.0), prices=prices)
    found = chosen(model, what)
    moved = found.at >= 0
    assert moved.any()
    asked = prices[np.arange(PRODUCTS)[moved], found.at[moved]]
    assert np.all(np.abs(asked / 100.0 - 1.0) <= 0.05 + 1e-9)


def test_what_is_not_known_is_left_to_the_rules_in_words(model: DemandModel) -> None:
    """A strange product, no allowed price, no cost, and sales that left the curve."""
    rows, cost, drifted = np.arange(PRODUCTS), np.full(PRODUCTS, 80.0), np.zeros(PRODUCTS, dtype=bool)
    rows[0], cost[1], drifted[2] = -1, np.nan, True
    prices = ask().prices.copy()
    prices[3] = np.nan
    found = chosen(model, Ask.of(rows, prices, 100.0, cost, drifted=drifted))
    assert list(found.why[:4]) == [UNKNOWN, COSTLESS, DRIFTED, PRICELESS]
    assert np.all(found.mode[:4] == RULES)
    assert np.all(found.at[:4] == -1)
    assert np.all(np.isnan(found.profit_now[:4]))
    assert np.all(found.mode[4:] == EXPLOIT)


def test_revenue_needs_no_cost_and_is_another_goal(model: DemandModel) -> None:
    """With elasticity 3 revenue rises as the price falls."""
    found = chosen(model, ask(np.nan), Policy(goal="revenue"))
    assert np.all(found.mode == EXPLOIT)
    assert np.all(ask().prices[0, found.at] < 100.0)


def test_a_volume_floor_holds_a_rise_back(model: DemandModel) -> None:
    """Who must keep 95 of 100 units rises by less than 2 % at elasticity 3."""
    found = chosen(model, ask(80.0), Policy(goal="profit with volume", volume_floor=0.95))
    moved = found.at >= 0
    assert np.all(found.units_new[moved] >= 0.95 * found.units_now[moved] - 1e-9)


def test_taxes_and_fees_count(model: DemandModel) -> None:
    """Who keeps four fifths of the price at cost 64 decides as at cost 80 without tax."""
    plain, taxed = chosen(model, ask(80.0)), chosen(model, ask(64.0, keep=0.8))
    assert np.array_equal(plain.at, taxed.at)
    assert np.allclose(taxed.profit_now, 0.8 * plain.profit_now)


def test_trials_stay_in_their_budget(small: DemandModel) -> None:
    """What trials are expected to cost together is below the money for them; none without money."""
    bold = Policy(gate=1.01, most=1.0, draws=1)
    free, poor = chosen(small, ask(66.5), bold), chosen(small, ask(66.5), replace(bold, budget=1.0))
    assert np.sum(free.mode == EXPLORE) > np.sum(poor.mode == EXPLORE)
    tried = poor.mode == EXPLORE
    assert np.sum(np.maximum(poor.profit_now - poor.profit_new, 0.0)[tried]) <= 1.0 + 1e-6
    assert DEAR in poor.why


def test_close_substitutes_are_never_on_trial_together(model: DemandModel) -> None:
    """One trial a group."""
    bold = Policy(gate=1.01, most=1.0, draws=1)
    found = chosen(model, ask(66.5, group=np.repeat(np.arange(10), 4)), bold)
    tried = np.flatnonzero(found.mode == EXPLORE)
    assert len(tried) > 3
    assert len(set(tried // 4)) == len(tried)
    assert SUBSTITUTE in found.why


def test_what_is_in_a_test_says_so_itself(model: DemandModel) -> None:
    """A tested product is not its own substitute, whatever the budget; its neighbours are."""
    bold, tested = Policy(gate=1.01, most=1.0, draws=1), np.arange(PRODUCTS) < 20
    for policy in (bold, replace(bold, budget=0.0)):
        found = chosen(model, ask(66.5, busy=True, tested=tested), policy)
        assert TESTED in found.why[:20]
        assert SUBSTITUTE not in found.why[:20]
        assert TESTED not in found.why[20:]
    assert SUBSTITUTE in chosen(model, ask(66.5, busy=True, tested=tested), bold).why[20:]


def test_without_a_budget_no_budget_is_the_reason(model: DemandModel) -> None:
    """Nothing is said of what a budget has left where none is set."""
    found = chosen(model, ask(66.5), Policy(gate=1.01, most=1.0, draws=1, budget=0.0))
    assert UNBUDGETED in found.why
    assert DEAR not in found.why
    assert not np.any(found.mode == EXPLORE)


def test_a_slow_product_waits_for_its_week(model: DemandModel) -> None:
    """What sells five a day is slow when twenty a day are usual: three days after a move it stays."""
    found = chosen(model, ask(80.0, waiting=3.0), Policy(slow=20.0))
    assert np.all(found.why == RECENT)
    assert np.all(found.mode == HOLD)
    assert np.all(chosen(model, ask(80.0, waiting=8.0), Policy(slow=20.0)).mode == EXPLOIT)


def test_the_same_seed_decides_the_same(model: DemandModel) -> None:
    """And the order of products changes nothing for those that are sure."""
    first, second = chosen(model, ask(66.5)), chosen(model, ask(66.5))
    assert np.array_equal(first.at, second.at)


def test_rivals_in_the_context_change_the_answer(model: DemandModel) -> None:
    """With rivals around, the effect of the gap is in units now and new."""
    around = Context(np.full((PRODUCTS, 2), 101.0), np.zeros(PRODUCTS), np.zeros(PRODUCTS), 0.0)
    found = chosen(model, ask(80.0, context=around))
    assert np.all(np.isfinite(found.units_now))
    assert not np.allclose(found.units_now, chosen(model, ask(80.0)).units_now)


def _thin() -> DemandModel:
    """Products that sold six pieces in a year at 100 and at 95: their curves are hardly known."""
    random = np.random.default_rng(2)
    product, week = np.repeat(np.arange(PRODUCTS), 52), np.tile(np.arange(52), PRODUCTS)
    price = np.where(week % 4 == 0, 95.0, 100.0)
    goods = Goods([f"P{number}" for number in range(PRODUCTS)], np.zeros(PRODUCTS, dtype=np.int64), ["all"])
    units = random.poisson(0.15, len(product))
    return train(panel(goods, product=product, period=week, units=units, price=price))


def test_what_is_hardly_known_stays_near_its_usual_price() -> None:
    """A price away from the usual one needs the more certainty, the more caution: with much, it leads back home."""
    model, prices = _thin(), ask().prices[0]
    bold, wary = (chosen(model, ask(52.0, now=90.0, home=100.0), Policy(caution=caution)) for caution in (0.0, 0.5))
    ready = wary.mode != RULES
    home = [np.mean(((found.at >= 0) & (prices[found.at] > 90.0))[ready]) for found in (bold, wary)]
    assert home[1] > 0.95 > home[0]
    assert np.any(wary.why == HOME)


def test_a_usual_price_changes_nothing_where_curves_are_known(model: DemandModel) -> None:
    """Cost 80 calls for 120 with certainty: caution about the usual price of 100 does not hold it back."""
    with_home, without = chosen(model, ask(80.0, home=100.0)), chosen(model, ask(80.0))
    assert np.all(with_home.mode == EXPLOIT)
    assert np.mean(with_home.at == without.at) > 0.9


def test_without_a_cost_a_usual_price_is_no_reason(model: DemandModel) -> None:
    """No cost, no profit to compare: the rules price it."""
    assert np.all(chosen(model, ask(float("nan"), home=100.0)).why == COSTLESS)


@pytest.mark.parametrize("now", [1.0, 15.0, 10_000.0])
def test_a_price_far_from_all_that_were_asked_is_left_to_the_rules(model: DemandModel, now: float) -> None:
    """Sales in another unit, or a new price: the curve says nothing there, and no rise is ever "certain to earn"."""
    prices = np.broadcast_to(now * np.linspace(0.95, 1.05, 11), (PRODUCTS, 11))
    found = chosen(model, Ask.of(np.arange(PRODUCTS), prices, now, 0.1 * now))
    assert np.all(found.mode == RULES)
    assert set(found.why) == {STRANGE}
