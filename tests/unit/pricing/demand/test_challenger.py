"""Trees beside the pooled model: heeded only where they predict better, monotone, and plain arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pricewatch.domain.errors import UsageError
from pricewatch.pipeline.demand_models import DemandModels
from pricewatch.pipeline.learning import learn
from pricewatch.pricing.demand.challenger import grow
from pricewatch.pricing.demand.curves import Context, curves
from pricewatch.pricing.demand.model import DemandModel
from pricewatch.pricing.demand.panel import Goods, panel

EACH, WEEKS = 40, 52


@pytest.fixture(scope="module")
def sold():
    """A category whose customers leave at once above 2 % over the usual price, and one with a plain curve."""
    random = np.random.default_rng(1)
    goods = Goods([f"P{n}" for n in range(2 * EACH)], np.repeat([0, 1], EACH), ["steps", "plain"])
    moves = random.choice([-0.08, -0.04, 0.0, 0.04, 0.08], (2 * EACH, WEEKS))
    steps = np.where(moves > 0.02, -1.2, 0.0) - 0.2 * moves
    units = random.poisson(30.0 * np.exp(np.where(np.arange(2 * EACH)[:, None] < EACH, steps, -2.5 * moves)))
    product, week = np.repeat(np.arange(2 * EACH), WEEKS), np.tile(np.arange(WEEKS), 2 * EACH)
    return panel(goods, product=product, period=week, units=units.ravel(), price=100.0 * np.exp(moves.ravel()))


@pytest.fixture(scope="module")
def learnt(sold, tmp_path_factory):
    return learn(sold, DemandModels(tmp_path_factory.mktemp("models"), "default"))


def test_trees_are_heeded_only_where_they_predict_better(learnt) -> None:
    """Where demand falls in a step they are, where the pooled curve is right they are not."""
    assert learnt.better
    assert "steps" in learnt.evaluation["trees_in"]
    assert learnt.model.challenger.kept[0]


def test_few_sales_heed_no_trees(sold, tmp_path) -> None:
    """Where chance is most of what there is, the pooled model stays as it is."""
    random = np.random.default_rng(2)
    few = replace(sold, units=random.poisson(0.8 * (sold.price / 100.0) ** -2.5).astype(float))
    found = learn(few, DemandModels(tmp_path, "default"))
    assert found.evaluation["trees_in"] == []
    assert found.model.challenger is None


def test_demand_still_falls_in_the_price(learnt) -> None:
    """At every price of every product, and faster at the step."""
    prices = np.broadcast_to(np.linspace(92.0, 108.0, 33), (2 * EACH, 33))
    found = curves(learnt.model, np.arange(2 * EACH), prices, Context.plain(2 * EACH, 200.0))
    assert np.all(np.diff(found.mean, axis=1) <= 1e-9)
    assert np.all((found.low <= found.mean) & (found.mean <= found.high))
    drop = found.mean[:EACH, 16] / found.mean[:EACH, 22]
    smooth = found.mean[:EACH, 8] / found.mean[:EACH, 14]
    assert np.median(drop) > np.median(smooth) + 0.2


def test_a_model_with_trees_is_arrays_with_one_hash(learnt) -> None:
    """What was saved predicts the same; a changed threshold is refused."""
    model = learnt.model
    again = DemandModel.of(model.arrays(), model.manifest())
    prices, rows = np.full((2 * EACH, 1), 103.0), np.arange(2 * EACH)
    context = Context.plain(2 * EACH)
    assert np.array_equal(curves(again, rows, prices, context).mean, curves(model, rows, prices, context).mean)
    broken = {**model.arrays(), "challenger/threshold": model.challenger.threshold + 1e-6}
    with pytest.raises(UsageError, match="hash"):
        DemandModel.of(broken, model.manifest())


def test_too_little_grows_no_trees() -> None:
    """A few hundred rows, or a year of zeros, teach them nothing."""
    assert grow(np.zeros((50, 10)), np.ones(50), np.ones(50), 1) is None
    assert grow(np.zeros((900, 10)), np.zeros(900), np.ones(900), 1) is None
