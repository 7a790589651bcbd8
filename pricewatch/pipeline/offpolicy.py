"""What models would have earned in weeks whose prices were drawn by lot: doubly robust, with its error.

Half of the weeks of a test were drawn to the higher and half to the lower price. A model's choice between the two is
worth what it predicts for it, put right by what was earned in the weeks that happened to have it, over the probability
of a half (Dudík, Langford and Li, ICML 2011). Without such weeks nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pricewatch.domain.errors import UsageError
from pricewatch.domain.experiment import ExperimentStatus
from pricewatch.domain.product import PriceGroup
from pricewatch.pipeline.trials import price_of
from pricewatch.pipeline.watching import drawn, earned, kept
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.demand.curves import Context, curves
from pricewatch.pricing.demand.model import DemandModel
from pricewatch.pricing.demand.panel import Floats, Ints

_NINETY = 1.6449
_LEAST = 10  # products
_HALF = 0.5  # the probability of either side


@dataclass(frozen=True, slots=True)
class Worth:
    """Profit a product and week (minor units) of a choice, with its 90 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class OffPolicy:
    """What each model's choices are worth, what the second's are worth beyond the first's, and the weeks behind it."""

    each: tuple[Worth, ...]
    beyond: Worth
    product_weeks: int


def off_policy(bench: Workbench, group: PriceGroup, models: Sequence[DemandModel]) -> OffPolicy:
    """Judge the choices of models by all tests of a price group that have run; raises UsageError without enough."""
    scores: list[list[Floats]] = [[] for _ in models]
    product: list[Ints] = []
    for test in bench.store.learning.tests(group.name):
        if test.begins is None or test.status in (ExperimentStatus.PLANNED, ExperimentStatus.DROPPED):
            continue
        lots = [lot for lot in bench.store.learning.lots(test.number) if all(m.find([lot.sku])[0] >= 0 for m in models)]
        if not lots:
            continue
        goods = bench.store.catalogue.load(skus=[lot.sku for lot in lots]).products
        profit, side = earned(bench, group, test, lots).profit, np.sign(drawn(test, lots))
        rows, weeks = np.nonzero(np.isfinite(profit) & (side != 0.0))
        prices = np.array([[price_of(lot, test, way) for way in (-1, 1)] for lot in lots], dtype=np.float64)
        margin = np.array([
            [kept(group, goods[lot.sku], gross) if lot.sku in goods else np.nan for gross in line]
            for lot, line in zip(lots, prices.tolist(), strict=True)
        ])  # fmt: skip
        day = (test.begins.timestamp()) / 86_400 + 3.5 * test.weeks
        asked = (side[rows, weeks] > 0).astype(np.int64)
        for each, model in zip(scores, models, strict=True):
            known = model.find([lot.sku for lot in lots])
            expected = 7.0 * curves(model, known, prices, Context.plain(len(lots), day)).mean * margin
            each.append(_scored(expected[rows], asked, profit[rows, weeks]))
        product.append(np.array([hash(lots[row].sku) for row in rows.tolist()], dtype=np.int64))
    return _judged([np.concatenate(each) if each else np.zeros(0) for each in scores], product)


def _scored(expected: Floats, asked: Ints, profit: Floats) -> Floats:
    """The doubly robust score of a model's own choice in each week."""
    rows = np.arange(len(asked))
    choice = np.argmax(np.nan_to_num(expected, nan=-np.inf), axis=1)
    put_right = np.where(choice == asked, (profit - expected[rows, asked]) / _HALF, 0.0)
    return np.asarray(expected[rows, choice] + put_right)


def _judged(scores: Sequence[Floats], parts: Sequence[Ints]) -> OffPolicy:
    product = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
    good = np.all([np.isfinite(each) for each in scores], axis=0) if len(product) else np.zeros(0, dtype=np.bool_)
    if len(np.unique(product[good])) < _LEAST:
        raise UsageError(
            f"prices of {len(np.unique(product[good]))} products were drawn by lot, and {_LEAST} are needed to judge "
            "what a model would have earned",
            hint="`pricewatch model experiment plan` makes such weeks",
        )
    each = tuple(_worth(score[good], product[good]) for score in scores)
    return OffPolicy(each, _worth((scores[-1] - scores[0])[good], product[good]), int(good.sum()))


def _worth(score: Floats, product: Ints) -> Worth:
    """The mean a product-week, products as clusters."""
    _, member = np.unique(product, return_inverse=True)
    mean, count = float(score.mean()), len(score)
    away = np.bincount(member, score - mean)
    clusters = len(away)
    error = float(np.sqrt((away**2).sum() * clusters / max(clusters - 1, 1))) / count
    return Worth(mean, mean - _NINETY * error, mean + _NINETY * error)
