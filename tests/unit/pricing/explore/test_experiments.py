"""Price weeks by lot, and the record of a decision."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pricewatch.pricing.demand.model import train
from pricewatch.pricing.demand.panel import Goods, panel
from pricewatch.pricing.explore.decide import Ask, Policy, choose
from pricewatch.pricing.explore.experiment import detectable, lots, result
from pricewatch.pricing.explore.explain import explain


def test_power_grows_with_the_root_of_the_data() -> None:
    """Four times the products halve the effect that can be seen."""
    small, large = (detectable(count, 8, 5.0).detectable for count in (200, 800))
    assert small == pytest.approx(2.0 * large)
    assert 0.03 < large < small < 0.25


def test_lots_are_balanced_and_shared_by_substitutes() -> None:
    """Every product spends half of its weeks on each side; close substitutes move together."""
    drawn = lots(40, 8, 0.05, np.random.default_rng(1), np.repeat(np.arange(20), 2))
    assert np.all(drawn.sum(axis=1) == pytest.approx(0.0))
    assert np.array_equal(drawn[::2], drawn[1::2])
    assert len({tuple(row) for row in drawn}) > 5
    odd = lots(200, 7, 0.05, np.random.default_rng(1))
    assert np.all(np.abs(odd.sum(axis=1)) <= 0.05 + 1e-12)


def test_intervals_hold_the_effect_that_is_there() -> None:
    """Over many tests nine of ten hold it."""
    held = []
    for seed in range(60):
        random = np.random.default_rng(seed)
        lot = lots(100, 8, 0.05, random)
        profit = random.gamma(20.0, 5.0, lot.shape) * (1.0 + 0.05 * np.sign(lot))
        found = result(lot, profit)
        held.append(found.low <= 0.1 <= found.high)
    assert 0.78 <= np.mean(held) <= 0.99


def test_harm_ends_a_test_and_noise_does_not() -> None:
    """A third of the profit gone is harm; nothing gone is not; too little data is no verdict."""
    random = np.random.default_rng(2)
    lot = lots(100, 8, 0.05, random)
    noise = random.gamma(20.0, 5.0, lot.shape)
    assert result(lot, noise * (1.0 - 0.17 * np.sign(lot)), looks=8).harm
    assert not result(lot, noise, looks=8).harm
    assert np.isnan(result(lot, np.full(lot.shape, np.nan)).effect)


def test_a_decision_explains_itself() -> None:
    """Curve with band, profits, elasticity with interval, the data behind it and the reason; all of it JSON."""
    random = np.random.default_rng(1)
    product, week = np.repeat(np.arange(10), 52), np.tile(np.arange(52), 10)
    moves = random.choice([-0.1, 0.0, 0.1], len(product))
    goods = Goods([f"P{number}" for number in range(10)], np.zeros(10, dtype=np.int64), ["all"])
    units = random.poisson(35.0 * np.exp(-3.0 * moves))
    model = train(panel(goods, product=product, period=week, units=units, price=100.0 * np.exp(moves)))
    prices = np.broadcast_to(np.linspace(90.0, 110.0, 41), (11, 41))
    ask = Ask.of([*range(10), -1], prices, 100.0, 80.0)
    chosen = choose(model, ask, Policy(), np.random.default_rng(1))
    found = json.loads(json.dumps(explain(model, ask, chosen, 3), allow_nan=False))
    assert found["mode"] == "exploit"
    assert found["price_new"] == pytest.approx(105.0)
    assert found["elasticity"]["low"] < -3.0 < found["elasticity"]["high"]
    assert len(found["curve"]) == 21
    assert all(point["low"] <= point["units"] <= point["high"] for point in found["curve"])
    assert found["data"] == {
        "units": pytest.approx(units[product == 3].sum()), "periods": 52.0,
        "lowest_price": pytest.approx(90.48, abs=0.01),
        "highest_price": pytest.approx(110.52, abs=0.01), "noise": found["data"]["noise"], "category": "all",
        "instruments": False,
    }  # fmt: skip
    strange = explain(model, ask, chosen, 10)
    assert (strange["mode"], strange["state"], strange["curve"]) == ("rules", "unknown", [])
