"""Substitutes of our own: how much of a cut is taken from them, and what that does to the price."""

from __future__ import annotations

import numpy as np
import pytest

from pricewatch.pricing.demand.model import train
from pricewatch.pricing.demand.panel import Goods, panel, tidy
from pricewatch.pricing.demand.substitution import SPREAD, USUAL, beside, substitution
from pricewatch.pricing.explore.ask import Ask, Policy
from pricewatch.pricing.explore.decide import choose

PAIRS, WEEKS = 30, 52
GROUP = np.repeat(np.arange(PAIRS), 2)


def _sold(cross: float, seed: int = 1):
    """Pairs of substitutes whose prices move by themselves: own elasticity -2.5, and this cross elasticity."""
    random = np.random.default_rng(seed)
    moves = random.choice([-0.1, -0.05, 0.0, 0.05, 0.1], (2 * PAIRS, WEEKS))
    other = moves.reshape(PAIRS, 2, WEEKS)[:, ::-1].reshape(2 * PAIRS, WEEKS)
    units = random.poisson(40.0 * np.exp(-2.5 * moves + cross * other))
    goods = Goods([f"P{number}" for number in range(2 * PAIRS)], np.zeros(2 * PAIRS, dtype=np.int64), ["all"])
    product, week = np.repeat(np.arange(2 * PAIRS), WEEKS), np.tile(np.arange(WEEKS), 2 * PAIRS)
    return panel(goods, product=product, period=week, units=units.ravel(), price=100.0 * np.exp(moves.ravel()))


@pytest.mark.parametrize("cross", [0.0, 1.2])
def test_what_is_taken_from_substitutes_is_found(cross) -> None:
    """Within its error, from prices that moved apart; without groups the usual is assumed."""
    found = tidy(_sold(cross)).panel
    model = train(found)
    told = substitution(model, found, GROUP)
    assert told.cross == pytest.approx(cross, abs=3.0 * told.error + 0.05)
    assert told.error < 0.15
    none = substitution(model, found, np.full(2 * PAIRS, -1))
    assert (none.cross, none.error, none.rows) == (USUAL, SPREAD, 0)


def test_a_cut_that_takes_from_substitutes_is_worth_less() -> None:
    """What looks best for a product alone is too low for the pair; a higher price is chosen where the pair counts."""
    model = train(_sold(1.2))
    prices = np.broadcast_to(np.linspace(90.0, 110.0, 41), (2 * PAIRS, 41))
    moves = np.log(prices / 100.0)
    extra = beside(1.2, GROUP, np.full(2 * PAIRS, 5.7), np.full(2 * PAIRS, 45.0), moves)
    assert extra[:, 0].max() < 0.0 < extra[:, -1].min()
    policy, rows = Policy(step=0.1, gate=0.6), np.arange(2 * PAIRS)
    alone = choose(model, Ask.of(rows, prices, 100.0, 55.0), policy, np.random.default_rng(1))
    paired = choose(model, Ask.of(rows, prices, 100.0, 55.0, beside=extra), policy, np.random.default_rng(1))
    asked = [np.where(each.at >= 0, prices[0][each.at], 100.0).mean() for each in (alone, paired)]
    assert asked[0] < 98.0
    assert asked[1] > asked[0] + 3.0


def test_no_trial_beside_a_substitute_on_trial() -> None:
    """A product whose substitute is tested elsewhere is not tried, and the reason says so."""
    model = train(_sold(0.0))
    prices = np.broadcast_to(np.linspace(95.0, 105.0, 21), (2 * PAIRS, 21))
    policy, rows = Policy(gate=0.9999, most=1.0), np.arange(2 * PAIRS)
    free = choose(model, Ask.of(rows, prices, 100.0, 60.0), policy, np.random.default_rng(1))
    assert (free.mode == 3).any()
    busy = choose(model, Ask.of(rows, prices, 100.0, 60.0, busy=True), policy, np.random.default_rng(1))
    assert not (busy.mode == 3).any()
