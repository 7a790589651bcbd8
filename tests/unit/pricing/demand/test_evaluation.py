"""Judging models: out of time, against each other, on textbook data, and elasticities that may be claimed."""

from __future__ import annotations

import numpy as np
import pytest

from pricewatch.domain.errors import UsageError
from pricewatch.pricing.demand.elasticities import claims
from pricewatch.pricing.demand.evaluate import compare, drift, evaluate, loglog
from pricewatch.pricing.demand.model import train
from pricewatch.pricing.demand.panel import Goods, SalesPanel, panel
from pricewatch.simulate.learned_panel import as_sales
from pricewatch.simulate.panel import drawn


def shop(products: int = 60, seed: int = 1, elasticity: float = 3.0, weeks: int = 52) -> SalesPanel:
    """A category whose prices move by lot and whose sales answer."""
    random = np.random.default_rng(seed)
    product, week = np.repeat(np.arange(products), weeks), np.tile(np.arange(weeks), products)
    moves = random.choice([-0.15, 0.0, 0.15], products * weeks)
    volume = 10.0 * np.exp(random.normal(0.0, 0.5, products))[product]
    units = random.poisson(volume * np.exp(-elasticity * moves))
    goods = Goods([f"P{number}" for number in range(products)], np.zeros(products, dtype=np.int64), ["all"])
    return panel(goods, product=product, period=week, units=units, price=50.0 * np.exp(moves))


def test_a_model_that_knows_prices_beats_each_products_mean() -> None:
    """On later weeks: less loss beyond the noise, calibrated, and with the most where it expects the most."""
    _, found = evaluate(shop())
    assert not found.weak
    assert found.gain_low > 0.0
    assert found.calibration == pytest.approx(1.0, abs=0.05)
    assert [sold for _, sold in found.lift] == sorted(sold for _, sold in found.lift)
    low, high = found.elasticities["all"][1:]
    assert low < found.elasticities["all"][0] < high


def test_where_price_means_nothing_the_model_is_weak_or_nearly_so() -> None:
    """Sales that do not follow prices leave next to nothing to gain over the mean."""
    random = np.random.default_rng(3)
    sold = shop()
    parts = {"product": sold.product, "period": sold.period, "price": sold.price}
    _, found = evaluate(panel(sold.goods, units=random.poisson(5.0, len(sold)), **parts))
    assert found.gain < 0.02


def test_too_little_to_hold_back_is_told() -> None:
    """One period, or none."""
    for weeks in (1, 2):
        with pytest.raises(UsageError, match="too few"):
            evaluate(shop(5, weeks=weeks))
    with pytest.raises(UsageError, match="no sales"):
        evaluate(shop(5).before(0))


def test_a_worse_model_does_not_replace_a_better_one() -> None:
    """Trained on another shop's answers it loses on later sales; a model is as good as itself."""
    sold = shop()
    good, bad = train(sold.before(40)), train(shop(seed=1, elasticity=0.6).before(40))
    later = sold.since(40)
    assert not compare(good, bad, later).better
    assert compare(bad, good, later).better
    assert compare(good, good, later).gain == 0.0


def test_a_product_that_leaves_its_curve_is_told_from_a_shop_that_slows() -> None:
    """Half the sales everywhere is the season's; half of one product's is that product's."""
    sold = shop()
    model, later = train(sold.before(40)), sold.since(40)
    parts = {"product": later.product, "period": later.period, "price": later.price}
    thinned = np.random.default_rng(5).binomial(later.units.astype(int), 0.5)
    everywhere = drift(model, panel(sold.goods, units=thinned, **parts))
    one = drift(model, panel(sold.goods, units=np.where(later.product == 7, 0.0, later.units), **parts))
    assert everywhere.drifted.mean() < 0.05
    assert one.drifted[7]
    assert one.drifted.sum() <= 3


def test_textbook_elasticities_are_least_squares() -> None:
    """By brand with a level of its own, and pooled with a level a brand: what `lm` gives."""
    random = np.random.default_rng(6)
    brand = np.repeat(["b", "a", "c"], 200)
    price = np.exp(random.normal(0.5, 0.2, 600))
    move = np.repeat([9.0, 8.0, 10.0], 200) - 2.5 * np.log(price) + random.normal(0.0, 0.5, 600)
    found = loglog(brand, price, move)
    for name in "abc":
        there = brand == name
        assert found.brands[name] == pytest.approx(np.polyfit(np.log(price[there]), move[there], 1)[0])
    levels = (brand[:, None] == np.array(["a", "b", "c"])).astype(float)
    design = np.column_stack([np.log(price), levels])
    assert found.pooled == pytest.approx(np.linalg.lstsq(design, move, rcond=None)[0][0])


def test_textbook_panels_with_impossible_prices_are_refused() -> None:
    """A price of nothing has no logarithm."""
    with pytest.raises(UsageError, match="price above 0"), np.errstate(divide="ignore"):
        loglog(["a", "a"], np.array([0.0, 1.0]), np.array([1.0, 2.0]))


def test_elasticities_are_claimed_with_costs_and_lots() -> None:
    """Prices that follow demand do not fool it: errors of a few tenths, the truth mostly inside."""
    seen, truth = drawn(5, 5.0, 0.05, 0.15)
    found = claims(as_sales(seen))
    assert not found.refused.any()
    assert np.sqrt(np.mean((found.elasticity - truth) ** 2)) < 0.5
    assert np.sum((found.low <= truth) & (truth <= found.high)) >= 2


def test_no_reason_of_their_own_no_claim() -> None:
    """Without costs and lots, and with costs that explain nothing, nothing is called an elasticity."""
    seen, _ = drawn(5, 5.0, 0.05, 0.0)
    sold = as_sales(seen)
    assert claims(sold, ("trial",)).refused.all()
    random = np.random.default_rng(7)
    parts = {name: getattr(sold, name) for name in ("product", "period", "units", "price")}
    found = claims(panel(sold.goods, cost=np.exp(random.normal(0.0, 0.05, len(sold))), **parts))
    assert found.refused.sum() >= 3
    assert np.isnan(found.elasticity[found.refused]).all()
