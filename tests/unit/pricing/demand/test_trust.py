"""What sales have taught of prices, and whether they can have taught anything: nonsense prices nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pricewatch.pipeline.demand_models import DemandModels
from pricewatch.pipeline.learning import learn
from pricewatch.pricing.demand.model import CONTRARY, MISPRICED, READY, train
from pricewatch.pricing.demand.panel import Goods, SalesPanel, panel, tidy
from pricewatch.pricing.demand.trust import slopes, trusted

PRODUCTS, WEEKS = 30, 40


def shop(steep: float = -2.5, *, volume: float = 4.0, shocks: float = 0.0, seed: int = 1) -> SalesPanel:
    """Two categories whose prices move every other week; sales answer with this elasticity, and have shocks."""
    random = np.random.default_rng(seed)
    moves = np.repeat(random.choice([-0.15, -0.08, 0.0, 0.08, 0.14], (PRODUCTS, WEEKS // 2)), 2, axis=1)
    mean = volume * np.exp(random.normal(0.0, 0.5, (PRODUCTS, 1)) + steep * moves)
    units = random.poisson(mean * np.exp(shocks * random.normal(0.0, 1.0, moves.shape)))
    goods = Goods([f"P{number}" for number in range(PRODUCTS)], np.arange(PRODUCTS) % 2, ["tea", "cups"])
    product, week = np.repeat(np.arange(PRODUCTS), WEEKS), np.tile(np.arange(WEEKS), PRODUCTS)
    return panel(goods, product=product, period=week, units=units.ravel(), price=(50.0 * np.exp(moves)).ravel())


def learnt(sold: SalesPanel, paid: np.ndarray | None = None):
    """What `model train` makes of it, without a model before."""
    return learn(sold, DemandModels(Path("nowhere"), "default"), paid)


def test_the_plain_slope_of_sales_is_their_elasticity_with_an_honest_error() -> None:
    """Over many shops the truth is inside two errors about as often as it should be, shocks or not."""
    away = []
    for seed in range(20):
        sold = shop(shocks=0.4, seed=seed)
        said = slopes(train(sold), tidy(sold).panel)
        away.extend((said.mean + 2.5) / said.error)
        assert said.shown.all()
        assert not said.contrary.any()
    assert np.mean(np.abs(away) < 2.0) > 0.8


def test_a_model_of_sales_that_follow_prices_is_used() -> None:
    """Nothing stands in its way: every product is priced."""
    found = learnt(shop(), np.zeros(PRODUCTS))
    assert found.better, found.reason
    assert found.evaluation["gain_by_price"] > 0.0
    assert (found.model.state == READY).all()


@pytest.mark.parametrize("steep", [0.0, 2.5])
def test_sales_that_do_not_fall_where_prices_rise_make_no_model_that_is_used(steep: float) -> None:
    """Pieces that were drawn without a look at the price, and pieces that rise with it."""
    for seed in range(3):
        found = learnt(shop(steep, seed=seed))
        assert not found.better
    assert "do not follow prices" in found.reason
    assert found.todo


def test_sales_too_wild_to_show_anything_make_no_model_that_is_used() -> None:
    """Ten times more in one week than in the next: a model that happens to predict better is still not shown."""
    used = [learnt(shop(0.0, shocks=2.0, seed=seed)).better for seed in range(6)]
    assert sum(used) <= 1


def test_prices_in_another_unit_make_no_model_that_is_used() -> None:
    """Net prices, another currency: the curve would stand beside the price in force."""
    for factor in (1 / 1.23, 1 / 4.27, 10.0):
        found = learnt(shop(), np.full(PRODUCTS, np.log(factor)))
        assert not found.better
        assert f"{factor:.2f} of the products' prices" in found.reason
        assert "net prices" in found.todo


def test_coupons_and_a_few_clearances_are_no_other_unit() -> None:
    """A tenth less than the price everywhere, half of it for two products: those two are left to the rules."""
    paid = np.full(PRODUCTS, np.log(0.9))
    paid[:2] = np.log(0.5)
    found = learnt(shop(), paid)
    assert found.better, found.reason
    assert found.model.state[:2].tolist() == [MISPRICED] * 2
    assert (found.model.state[2:] == READY).all()


def test_prices_of_other_products_make_no_model_that_is_used() -> None:
    """SKUs that were exchanged: some far above, some far below, the middle of them right."""
    paid = np.where(np.arange(PRODUCTS) % 2, 0.8, -0.8) * (np.arange(PRODUCTS) % 5 > 0)
    found = learnt(shop(), paid)
    assert not found.better
    assert "SKUs" in found.todo


def test_one_category_of_nonsense_does_not_take_the_others_along() -> None:
    """Cups follow prices, tea does not: cups are priced, tea is left to the rules."""
    good, bad = shop(), shop(0.0)
    tea = good.goods.category[good.product] == 0
    found = learnt(replace(good, units=np.where(tea, bad.units, good.units)))
    assert found.better, found.reason
    category = found.model.goods.category
    assert (found.model.state[category == 0] == CONTRARY).all()
    assert (found.model.state[category == 1] == READY).all()


def test_an_instrument_is_believed_before_the_plain_slope() -> None:
    """Prices that were raised when demand rose look contrary; with lots that moved them they are not."""
    sold = shop(0.0)
    model = train(sold)
    rows = tidy(sold).panel
    assert trusted(model, rows).why
    assert not trusted(replace(model, strength=np.full(2, 50.0)), rows).why
