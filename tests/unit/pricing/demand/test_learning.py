"""A demand model learns curves from sales, says how sure it is, and knows what it does not know."""

from __future__ import annotations

import numpy as np
import pytest

from pricewatch.domain.errors import UsageError
from pricewatch.pricing.demand.controls import GAP, RANK
from pricewatch.pricing.demand.curves import Context, covariance, curves, elasticity, standing
from pricewatch.pricing.demand.model import FLAT, READY, THIN, UNKNOWN, UNSOLD, DemandModel, Training, train
from pricewatch.pricing.demand.panel import Goods, SalesPanel, panel, tidy

WEEKS = 52


def shop(products: int = 120, level: float = 5.0, seed: int = 1, **more: np.ndarray) -> tuple[SalesPanel, np.ndarray]:
    """A year of a shop with three categories of elasticities 2, 3 and 4 and a summer season."""
    random = np.random.default_rng(seed)
    category = np.arange(products) % 3
    truth = np.array([2.0, 3.0, 4.0])[category] + random.normal(0.0, 0.2, products)
    product, week = np.repeat(np.arange(products), WEEKS), np.tile(np.arange(WEEKS), products)
    moves = np.cumsum((random.random((products, WEEKS)) < 0.2) * random.normal(0.0, 0.08, (products, WEEKS)), axis=1)
    moves -= moves.mean(axis=1, keepdims=True)
    season = 0.3 * np.sin(2.0 * np.pi * 7 * (week + 0.5) / 365.25)
    volume = level * np.exp(random.normal(0.0, 0.5, products))[product]
    units = random.poisson(volume * np.exp(-truth[product] * moves.ravel() + season))
    goods = Goods([f"P{number}" for number in range(products)], category, ["a", "b", "c"])
    prices = 100.0 * np.exp(moves.ravel())
    return panel(goods, product=product, period=week, units=units, price=prices, **more), truth


@pytest.fixture(scope="module")
def model() -> DemandModel:
    return train(shop()[0])


def test_categories_elasticities_and_season_are_found(model: DemandModel) -> None:
    """Each category's usual elasticity and the shop's summer, from a year of weekly sales."""
    assert np.allclose(np.exp(model.habits.centre), [2.0, 3.0, 4.0], rtol=0.15)
    assert np.allclose(model.controls.beta[:, 6], 0.3, atol=0.06)


def test_curves_fall_and_their_bands_hold_them(model: DemandModel) -> None:
    """At every product and price: a dearer price sells less, and low <= mean <= high."""
    rows = np.arange(len(model))
    prices = np.broadcast_to(np.linspace(60.0, 160.0, 41), (len(model), 41))
    found = curves(model, rows, prices, Context.plain(len(model)))
    assert np.all(np.diff(found.mean, axis=1) < 0.0)
    assert np.all((found.low <= found.mean) & (found.mean <= found.high))


def test_intervals_of_products_elasticities_cover(model: DemandModel) -> None:
    """Eight of ten, or somewhat more, and not all: neither false modesty nor false certainty."""
    truth = shop()[1]
    found = elasticity(model, np.arange(len(model)), model.reference)
    covered = np.mean((found.low <= -truth) & (-truth <= found.high))
    assert 0.65 <= covered <= 0.98


def test_more_sales_make_it_surer() -> None:
    """The covariance shrinks with the data; it stays a covariance."""
    few, many = (covariance(train(shop(30, level)[0]), np.arange(30)) for level in (0.5, 50.0))
    assert np.all(np.linalg.eigvalsh(few) > 0.0)
    assert np.median(many[:, 1, 1]) < 0.5 * np.median(few[:, 1, 1])
    assert np.median(many[:, 0, 0]) < 0.1 * np.median(few[:, 0, 0])


def test_a_new_product_borrows_from_its_category() -> None:
    """Five weeks at one price say nothing of elasticity: the category's stands in, less surely."""
    sold, _ = shop()
    late = (sold.product != 0) | ((sold.period >= 47) & (np.abs(sold.price - sold.price[0]) >= 0.0))
    found = train(sold.rows(late))
    own = elasticity(found, np.array([0, 3]), found.reference[[0, 3]])
    assert -2.8 < own.mean[0] < -1.4
    assert own.high[0] - own.low[0] > own.high[1] - own.low[1]
    assert found.states(np.array([0]))[0] == THIN


def test_rivals_matter_where_they_did(model: DemandModel) -> None:
    """Sales that fell with the gap to the cheapest are expected to fall with it again; the gap never helps."""
    sold, _ = shop()
    random = np.random.default_rng(2)
    cheapest = 100.0 * np.exp(random.normal(0.0, 0.08, len(sold)))
    felt = np.exp(-1.5 * np.clip(np.log(sold.price / cheapest), -0.3, 0.3))
    units = random.poisson(sold.units * felt)
    parts = {"product": sold.product, "period": sold.period, "price": sold.price}
    found = train(panel(sold.goods, units=units, cheapest=cheapest, rank=(cheapest < sold.price) * 1.0, **parts))
    assert np.all(found.controls.beta[:, [GAP, RANK]] <= 0.0)
    near, far = (
        curves(
            found, np.arange(3), np.full((3, 1), 100.0), Context(np.full((3, 1), rival), np.zeros(3), np.zeros(3), 0.0)
        )
        for rival in (115.0, 85.0)
    )
    assert np.all(near.mean > 1.2 * far.mean)


def test_rank_counts_rivals_that_ask_less() -> None:
    """Ties count half, rivals that are not there not at all."""
    lowest, rank = standing(np.array([[90.0, 100.0, 120.0]]), np.array([[100.0, 110.0, np.nan]]))
    assert lowest[0, 0] == 100.0
    assert list(rank[0]) == [0.0, 0.25, 1.0]


def test_a_stock_out_is_no_lack_of_demand() -> None:
    """A week on sale for two days with two sevenths of the sales leaves the expectation where it was."""
    sold, _ = shop(30, 20.0)
    short = np.random.default_rng(3).random(len(sold)) < 0.3
    days = np.where(short, 2.0, 7.0)
    units = np.random.default_rng(4).binomial(sold.units.astype(int), days / 7.0)
    parts = {"product": sold.product, "period": sold.period, "price": sold.price}
    honest = train(panel(sold.goods, units=units, days=days, **parts))
    whole = train(sold)
    there = [curves(each, np.arange(30), np.full((30, 1), 100.0), Context.plain(30)).mean for each in (honest, whole)]
    assert np.median(there[0] / there[1]) == pytest.approx(1.0, abs=0.05)


def test_what_cannot_be_learnt_is_said() -> None:
    """A product never sold, one price only, few sales, and one that was never seen each have a state of their own."""
    sold, _ = shop(30)
    units = np.where(sold.product == 1, 0.0, sold.units)
    price = np.where(sold.product == 2, 100.0, sold.price)
    keep = (sold.product != 3) | (sold.period < 3)
    parts = {"product": sold.product[keep], "period": sold.period[keep]}
    found = train(panel(sold.goods, units=units[keep], price=price[keep], **parts))
    assert list(found.states(np.array([0, 1, 2, 3, -1]))) == [READY, UNSOLD, FLAT, THIN, UNKNOWN]
    assert list(found.find(["P2", "nobody"])) == [2, -1]


def test_a_year_of_zeros_is_learnt_without_a_wild_curve() -> None:
    """Nothing sold: every product is unsold, and the curve that stands in is low and finite."""
    sold, _ = shop(12)
    parts = {"product": sold.product, "period": sold.period, "price": sold.price}
    found = train(panel(sold.goods, units=np.zeros(len(sold)), **parts))
    assert np.all(found.state == UNSOLD)
    expected = curves(found, np.arange(12), np.full((12, 1), 100.0), Context.plain(12)).mean
    assert np.all((expected >= 0.0) & (expected < 0.05))


def test_no_rows_at_all_is_a_model_of_nothing() -> None:
    """An empty panel trains to a model that prices nobody."""
    goods = Goods(["A"], np.zeros(1, dtype=np.int64), ["all"])
    found = train(panel(goods, product=[], period=[], units=[], price=[]))
    assert list(found.states(np.array([0]))) == [UNSOLD]


def test_rows_that_cannot_be_are_set_aside_with_their_reason() -> None:
    """No price, negative units, no time on sale, the future, duplicates; an enormous order is cut, not believed."""
    goods = Goods(["A"], np.zeros(1, dtype=np.int64), ["all"])
    units = [2.0, 3.0, -1.0, 2.0, 1.0, 5000.0, 2.0, 2.0]
    price = [10.0, np.nan, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0]
    period = [0, 1, 2, 3, 99, 5, 6, 6]
    days = [7.0, 7.0, 7.0, 0.0, 7.0, 7.0, 7.0, 7.0]
    found = tidy(panel(goods, product=[0] * 8, period=period, units=units, price=price, days=days), now=52)
    assert found.set_aside == {
        "no price": 1, "negative or unknown units": 1, "not on sale": 1, "dated outside the panel": 1, "duplicate": 1,
        "enormous, cut": 1,
    }  # fmt: skip
    assert found.panel.units.max() < 100.0


def test_an_enormous_order_moves_no_curve_far() -> None:
    """One order of a thousand times the usual leaves the level within half of what it was."""
    sold, _ = shop(30)
    usual = train(sold)
    sold.units[10] = 5000.0
    hit = train(sold)
    both = [curves(each, np.array([0]), np.array([[100.0]]), Context.plain(1)).mean[0, 0] for each in (usual, hit)]
    assert both[1] < 1.5 * both[0] + 0.2
    assert hit.set_aside == {"enormous, cut": 1}


def test_a_column_that_is_missing_is_named() -> None:
    """Before anything is computed."""
    goods = Goods(["A"], np.zeros(1, dtype=np.int64), ["all"])
    with pytest.raises(UsageError, match="price"):
        panel(goods, product=[0], period=[0], units=[1.0])
    with pytest.raises(UsageError, match="units"):
        panel(goods, product=[0, 0], period=[0, 1], units=[1.0], price=[1.0, 1.0])


def test_a_model_comes_back_from_plain_arrays(model: DemandModel) -> None:
    """Arrays and manifest make the same model, to the last bit; none of the arrays holds objects."""
    arrays, manifest = model.arrays(), model.manifest()
    assert all(values.dtype != object for values in arrays.values())
    again = DemandModel.of(arrays, manifest)
    assert again.hash == model.hash
    rows, prices = np.arange(9), np.full((9, 2), 97.0)
    assert np.array_equal(*(curves(each, rows, prices, Context.plain(9)).mean for each in (model, again)))


def test_a_changed_model_is_refused(model: DemandModel) -> None:
    """One number changed, an array gone, another format: refused with what to do."""
    changed = model.arrays() | {"reference": model.reference * 2.0}
    with pytest.raises(UsageError, match="damaged"):
        DemandModel.of(changed, model.manifest())
    gone = {name: values for name, values in model.arrays().items() if name != "posterior/weight"}
    with pytest.raises(UsageError, match="damaged"):
        DemandModel.of(gone, model.manifest())
    with pytest.raises(UsageError, match="format"):
        DemandModel.of(model.arrays(), model.manifest() | {"format": 99})


def test_the_order_of_rows_changes_nothing() -> None:
    """Sales come as they come."""
    sold, _ = shop(15)
    mixed = sold.rows(np.random.default_rng(5).permutation(len(sold)))
    assert train(mixed).hash == train(sold).hash


def test_the_past_fades_when_told() -> None:
    """With a half-life of a month less is known of every level and elasticity than with a year that counts in full."""
    sold, _ = shop(30, 20.0)
    slow, fast = (covariance(train(sold, Training(half_life=days)), np.arange(30)) for days in (0.0, 30.0))
    assert np.all(fast[:, 0, 0] > slow[:, 0, 0])
    assert np.median(fast[:, 1, 1] / slow[:, 1, 1]) > 1.2
