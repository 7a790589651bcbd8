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
    """A category that sells little where half of the rivals are out of stock, and one with a plain curve."""
    random = np.random.default_rng(1)
    goods = Goods([f"P{n}" for n in range(2 * EACH)], np.repeat([0, 1], EACH), ["steps", "plain"])
    moves = random.choice([-0.08, -0.04, 0.0, 0.04, 0.08], (2 * EACH, WEEKS))
    out = random.choice([0.0, 0.5, 1.0], (2 * EACH, WEEKS))
    steps = np.where(out == 0.5, -1.2, 0.0) * (np.arange(2 * EACH)[:, None] < EACH)
    units = random.poisson(30.0 * np.exp(steps - 2.5 * moves))
    product, week = np.repeat(np.arange(2 * EACH), WEEKS), np.tile(np.arange(WEEKS), 2 * EACH)
    return panel(
        goods, product=product, period=week, units=units.ravel(), price=100.0 * np.exp(moves.ravel()),
        rivals_out=out.ravel(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def learnt(sold, tmp_path_factory):
    return learn(sold, DemandModels(tmp_path_factory.mktemp("models"), "default"))


def test_trees_are_heeded_only_where_they_predict_better(learnt) -> None:
    """Where sales are no line of what surrounds them."""
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


def test_what_another_price_does_is_left_to_the_curves(learnt) -> None:
    """Trees say how much is sold; they are no reason to move a price, for nothing says how sure they are."""
    rows, prices = np.arange(2 * EACH), np.tile(np.linspace(85.0, 115.0, 13), (2 * EACH, 1))
    around = Context(np.empty((2 * EACH, 0)), np.zeros(2 * EACH), np.full(2 * EACH, 0.5), 0.0)
    with_trees, without = (
        curves(model, rows, prices, around).mean for model in (learnt.model, replace(learnt.model, challenger=None))
    )
    shares = [found / found[:, :1] for found in (with_trees, without)]
    assert shares[0] == pytest.approx(shares[1], rel=1e-5)
    assert not np.allclose(with_trees[0], without[0], rtol=0.02)


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
