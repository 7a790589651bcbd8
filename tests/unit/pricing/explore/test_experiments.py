"""Price weeks by lot, and the record of a decision."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import t

from pricewatch.pricing.demand.model import train
from pricewatch.pricing.demand.panel import Goods, panel
from pricewatch.pricing.explore.ask import Ask, Policy
from pricewatch.pricing.explore.decide import choose
from pricewatch.pricing.explore.experiment import against_before, detectable, lost, lots, result
from pricewatch.pricing.explore.record import packed, unpacked


def test_power_grows_with_the_root_of_the_data() -> None:
    """Four times the products halve the effect that can be seen; next to nothing shows nothing."""
    small, large = (detectable(np.full(count, 5.0), 8, 0.05).detectable for count in (400, 1600))
    assert small == pytest.approx(2.0 * large, rel=0.02)
    assert 0.015 < large < small < 0.1
    assert detectable(np.full(1, 5.0), 8, 0.05).detectable == np.inf
    assert detectable(np.zeros(50), 8, 0.05).elasticity == np.inf


def _tested(seed: int, effect: float | None, products: int = 60) -> bool:
    """One test of made-up sales that vary by product, week and chance; whether it shows an effect at 5 %."""
    random = np.random.default_rng([7, seed])
    units = 5.0 * np.exp(random.normal(-0.5, 1.0, products))
    worth = 20.0 * np.exp(random.normal(0.0, 0.4, products))
    stated = detectable(units, 8, 0.05, worth=worth).detectable
    each = (stated if effect is None else effect) * (1.0 + 0.5 * random.normal(size=(products, 1)))
    lot = lots(products, 8, 0.05, random)
    shock = np.exp(random.normal(0.0, 0.3, lot.shape) - 0.045)
    profit = random.poisson(units[:, None] * shock) * worth[:, None] * (1.0 + 0.5 * each * np.sign(lot))
    found = result(lot, profit)
    error = (found.high - found.low) / 2.0 / t.ppf(0.95, products - 1)
    return bool(abs(found.effect) > t.ppf(0.975, products - 1) * error)


def test_the_power_is_what_is_stated() -> None:
    """The effect that is called detectable is seen about four times in five, and none where none is: one in twenty."""
    assert 0.72 <= np.mean([_tested(seed, None) for seed in range(250)]) <= 0.92
    assert np.mean([_tested(seed, 0.0) for seed in range(250)]) <= 0.09


def test_lots_are_balanced_and_shared_by_substitutes() -> None:
    """Every product spends half of its weeks on each side; close substitutes move together."""
    drawn = lots(40, 8, 0.05, np.random.default_rng(1), np.repeat(np.arange(20), 2))
    assert np.all(drawn.sum(axis=1) == pytest.approx(0.0))
    assert np.array_equal(drawn[::2], drawn[1::2])
    assert len({tuple(row) for row in drawn}) > 5
    few = lots(40, 8, 0.05, np.random.default_rng(1), off=2)
    assert np.all((few > 0).sum(axis=1) == 1)
    assert np.all((few < 0).sum(axis=1) == 1)
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


def test_a_loss_is_told_against_the_better_side() -> None:
    """A side that earns 6 where the other earns 100 has lost 94 % of it, however far both lie from their mean."""
    assert lost((100 - 6) / 53) == pytest.approx(0.94)
    assert lost(0.0) == 0.0
    random = np.random.default_rng(3)
    lot = lots(100, 8, 0.05, random)
    assert not result(lot, np.where(lot > 0, 90.5, 100.0) * random.uniform(0.999, 1.001, lot.shape), worst=0.1).harm
    assert result(lot, np.where(lot > 0, 89.5, 100.0) * random.uniform(0.999, 1.001, lot.shape), worst=0.1).harm


def test_harm_ends_a_test_and_noise_does_not() -> None:
    """A third of the profit gone is harm; nothing gone is not; too little data is no verdict."""
    random = np.random.default_rng(2)
    lot = lots(100, 8, 0.05, random)
    noise = random.gamma(20.0, 5.0, lot.shape)
    assert result(lot, noise * (1.0 - 0.17 * np.sign(lot)), looks=8).harm
    assert not result(lot, noise, looks=8).harm
    assert np.isnan(result(lot, np.full(lot.shape, np.nan)).effect)


def test_harm_that_both_sides_share_is_seen_beside_what_was_before() -> None:
    """Half of the profit gone at both prices is harm, unless the products outside of the test lost as much; noise is
    none.
    """
    random = np.random.default_rng(4)
    drawn = lots(60, 4, 0.05, random)
    before, others = np.full(60, 100.0), random.poisson(100.0, (2, 40)).astype(float)
    usual, halved = (random.poisson(share * 100.0, drawn.shape).astype(float) for share in (1.0, 0.5))
    assert not result(drawn, halved).harm
    assert against_before(drawn, halved, before, (others[0], others[1]), looks=28).harm
    found = against_before(drawn, halved, before, (others[0] / 2.0, others[1]), looks=28)
    assert not found.harm
    assert found.low < 0.0 < found.high
    assert not against_before(drawn, usual, before, (others[0], others[1]), looks=28).harm
    assert not against_before(drawn, halved, before * np.nan, (others[0], others[1])).harm


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
    said = [unpacked(record) for record in packed(model, ask, chosen)]
    found = json.loads(json.dumps(said[3], allow_nan=False))
    assert found["mode"] == "exploit"
    assert found["price_new"] == pytest.approx(105.0)
    assert found["elasticity_low"] < -3.0 < found["elasticity_high"]
    assert len(found["curve"]) == 9
    assert all(point["low"] <= point["units"] <= point["high"] for point in found["curve"])
    assert found["units"] == pytest.approx(units[product == 3].sum())
    assert (found["periods"], found["instruments"], found["home"]) == (52.0, False, None)
    assert (found["lowest"], found["highest"]) == (pytest.approx(90.48, abs=0.01), pytest.approx(110.52, abs=0.01))
    assert (said[10]["mode"], said[10]["state"], said[10]["units"], said[10]["curve"]) == ("rules", "unknown", None, [])
    assert unpacked(b"\x00" * 8) == {}
