"""How good a demand model is: judged on what came after it, on known textbook data, and against what came lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import gammaln

from pricewatch.domain.errors import UsageError
from pricewatch.pricing.demand.challenger import Challenger, features_of, grow
from pricewatch.pricing.demand.controls import GAP, OWN, RANK, columns, gap
from pricewatch.pricing.demand.curves import on_nodes, part, spread, usual_rate
from pricewatch.pricing.demand.model import DemandModel, Training, train
from pricewatch.pricing.demand.panel import Flags, Floats, Ints, SalesPanel, tidy

DECILES = 10
_LIMIT = 3.0  # standard errors by which sales leave what is expected before it is called drift
_BLOCKS = 200


def expected(model: DemandModel, rows: SalesPanel) -> Floats:
    """Units that a model expects in each row of a (tidied) panel of its own products."""
    size = len(rows.goods)
    first = np.flatnonzero(np.diff(rows.product, prepend=-1))
    lengths = np.diff(first, append=len(rows))
    place = np.arange(len(rows)) - np.repeat(first, lengths)
    relative = np.ones((size, int(lengths.max(initial=1))))
    relative[rows.product, place] = rows.price / model.reference[rows.product]
    sales = spread(on_nodes(part(model.posterior, np.arange(size))), relative)[rows.product, place]
    made = columns(rows, rows.price / model.reference[rows.product], model.controls.middle)
    effect = model.controls.effect(made, rows.goods.category[rows.product])
    found = np.asarray(sales * np.exp(np.clip(effect, -10.0, 10.0)))
    if model.challenger is not None:
        found = _blended(model, model.challenger, rows, made, found)
    return np.asarray(rows.days * found)


def _blended(model: DemandModel, trees: Challenger, rows: SalesPanel, made: Floats, pooled: Floats) -> Floats:
    """Half the way, in logarithms, to what the trees say of sales at the usual price, where they are heeded."""
    category = rows.goods.category[rows.product]
    there = np.flatnonzero(trees.kept[category])
    usual = np.array(made[there])
    usual[:, OWN], usual[:, GAP] = 0.0, gap(model.reference[rows.product[there]], rows.cheapest[there])
    level = usual_rate(model, np.arange(len(rows.goods)))[rows.product[there]]
    said = trees.log_rate(features_of(usual, level, category[there]))
    found = np.array(pooled)
    found[there] *= np.exp(0.5 * (said - np.clip(model.controls.effect(usual, category[there]), -10.0, 10.0)))
    return found


def challenged(model: DemandModel, raw: SalesPanel) -> DemandModel:
    """The model with trees that were grown on the same panel, heeded everywhere; as it is where there is too little."""
    rows = tidy(raw).panel
    made = columns(rows, rows.price / model.reference[rows.product], model.controls.middle)
    category = rows.goods.category[rows.product]
    level = usual_rate(model, np.arange(len(rows.goods)))[rows.product]
    trees = grow(features_of(made, level, category), rows.units, rows.days * level, len(rows.goods.categories))
    return replace(model, challenger=trees)


def better_in(model: DemandModel, other: DemandModel, later: SalesPanel) -> Flags:
    """The categories in which another model predicts later rows better, beyond the noise (95 % of products drawn)."""
    rows = later
    losses = [-_log_likelihood(rows.units, expected(each, rows), model.noise[rows.product]) for each in (model, other)]
    member = rows.goods.category[rows.product]
    gains = losses[0] - losses[1]
    intervals = [_interval(gains[member == at], rows.product[member == at]) for at in range(len(rows.goods.categories))]
    return np.array([low > 0.0 for _, low, _ in intervals], dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model on rows that it had not seen.

    `loss` is the mean negative log likelihood of a count (negative binomial with each product's noise), `naive` that of
    each product's own mean before; `gain` is the difference with its 90 % interval over products. `calibration` is sold
    over expected units, all together; `lift` the same by decile of expected units (expected, sold). `weak` says that
    the model does not beat the means, so that rules should price; `by_price` is the gain on season, trend and promotion
    alone.
    """

    rows: int
    loss: float
    naive: float
    gain: float
    gain_low: float
    gain_high: float
    calibration: float
    lift: tuple[tuple[float, float], ...]
    elasticities: Mapping[str, tuple[float, float, float]]
    refused: tuple[str, ...]
    by_price: float

    @property
    def weak(self) -> bool:
        return not self.gain > 0.0


def evaluate(
    raw: SalesPanel, settings: Training | None = None, *, holdout: float = 0.25, now: int | None = None
) -> tuple[DemandModel, Evaluation]:
    """Train on the earlier part of a panel and judge on the later; raises UsageError when there are too few periods."""
    found = tidy(raw, now=now).panel
    if not len(found):
        raise UsageError("there are no sales to learn from", hint="pricewatch sales import FILE")
    first, last = int(found.period.min()), int(found.period.max())
    cut = last + 1 - max(1, round(holdout * (last + 1 - first)))
    if cut - first < 2:
        raise UsageError(
            f"{last + 1 - first} periods are too few to hold some back", hint="import sales of a longer time"
        )
    model = train(found.before(cut), settings)
    return model, judged(model, found.since(cut), found.before(cut))


def judged(model: DemandModel, later: SalesPanel, before: SalesPanel) -> Evaluation:
    """A model on later rows; `before` is what each product's own mean is taken from."""
    usual = _means(before)
    known = usual[later.product] > 0.0
    rows = later.rows(known)
    mean, naive = expected(model, rows), rows.days * usual[rows.product]
    noise = model.noise[rows.product]
    losses = [-_log_likelihood(rows.units, each, noise) for each in (mean, naive)]
    gain, low, high = _interval(losses[1] - losses[0], rows.product)
    strong = model.strength >= 10.0
    return Evaluation(
        len(rows), _mean(losses[0]), _mean(losses[1]), gain, low, high,
        float(rows.units.sum() / max(mean.sum(), 1e-12)), _lift(mean, rows.units), category_elasticities(model),
        tuple(name for name, sure in zip(model.goods.categories, strong, strict=True) if not sure),
        _mean(-_log_likelihood(rows.units, _priceless(model, rows, before), noise)) - _mean(losses[0]),
    )  # fmt: skip


def without_prices(model: DemandModel, rows: SalesPanel) -> Floats:
    """Log effect of season, trend and promotion on each row: of all that is not a price."""
    made = columns(rows, np.ones(len(rows)), model.controls.middle)
    made[:, GAP], made[:, RANK] = 0.0, 0.0
    return np.clip(model.controls.effect(made, rows.goods.category[rows.product]), -10.0, 10.0)


def _priceless(model: DemandModel, later: SalesPanel, before: SalesPanel) -> Floats:
    """Units that are expected in later rows by season, trend and promotion alone: prices mean nothing."""
    size = len(before.goods)
    would = np.bincount(before.product, before.days * np.exp(without_prices(model, before)), size)
    level = np.divide(np.bincount(before.product, before.units, size), would, out=np.zeros(size), where=would > 0.0)
    return np.asarray(later.days * level[later.product] * np.exp(without_prices(model, later)))


def category_elasticities(model: DemandModel) -> dict[str, tuple[float, float, float]]:
    """Each category's usual elasticity (negative) with its 80 % interval."""
    habits = model.habits
    half = 1.2816 * np.sqrt(np.maximum(habits.unsure, 0.0))
    bounds = [-np.exp(habits.centre + side * half) for side in (0.0, 1.0, -1.0)]
    return {name: tuple(float(each[at]) for each in bounds) for at, name in enumerate(model.goods.categories)}  # type: ignore[misc]


def _means(found: SalesPanel) -> Floats:
    size = len(found.goods)
    units, days = (np.bincount(found.product, values, size) for values in (found.units, found.days))
    return np.divide(units, days, out=np.zeros(size), where=days > 0.0)


def _log_likelihood(units: Floats, mean: Floats, noise: Floats) -> Floats:
    """Of counts with this mean and the variance noise · mean: negative binomial, Poisson where noise is 1."""
    mean = np.maximum(mean, 1e-9)
    excess = np.maximum(noise - 1.0, 1e-6)
    size = mean / excess
    return np.asarray(
        gammaln(units + size) - gammaln(size) - gammaln(units + 1.0)
        - size * np.log1p(excess) + units * (np.log(excess) - np.log1p(excess))
    )  # fmt: skip


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _interval(gains: Floats, product: Ints) -> tuple[float, float, float]:
    """Mean gain a row and its 90 % interval, products drawn again as wholes (block bootstrap)."""
    if not len(gains):
        return float("nan"), float("nan"), float("nan")
    _, member = np.unique(product, return_inverse=True)
    total, rows = np.bincount(member, gains), np.bincount(member).astype(float)
    drawn = np.random.default_rng(0).integers(len(total), size=(_BLOCKS, len(total)))
    low, high = np.percentile(total[drawn].sum(axis=1) / rows[drawn].sum(axis=1), [5.0, 95.0])
    return float(gains.mean()), float(low), float(high)


def _lift(mean: Floats, units: Floats) -> tuple[tuple[float, float], ...]:
    parts = np.array_split(np.argsort(mean, kind="stable"), DECILES)
    return tuple((float(mean[each].sum()), float(units[each].sum())) for each in parts if len(each))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Two models on the same later rows: the mean gain of the second a row, its 90 % interval, and what follows."""

    gain: float
    low: float
    high: float

    @property
    def better(self) -> bool:
        """Whether the second may replace the first: it gains on average and is not worse beyond the noise."""
        return self.gain >= 0.0 and self.high > 0.0


def compare(first: DemandModel, second: DemandModel, later: SalesPanel) -> Verdict:
    """Judge two models of the same products on rows that neither has seen."""
    if list(first.goods.sku) != list(second.goods.sku):
        raise UsageError("models of different products cannot be compared", hint="train both on the same catalogue")
    rows = tidy(later).panel
    noise = np.maximum(first.noise, second.noise)[rows.product]
    old, new = (_log_likelihood(rows.units, expected(model, rows), noise) for model in (first, second))
    return Verdict(*_interval(new - old, rows.product))


@dataclass(frozen=True, slots=True, eq=False)
class Drift:
    """Sold over expected units of each product lately, how many standard errors that is off, and whose model is off."""

    ratio: Floats
    off: Floats
    drifted: Flags


def drift(model: DemandModel, recent: SalesPanel) -> Drift:
    """Whether recent sales leave what the model expects, the shop's common change taken out."""
    rows, size = tidy(recent).panel, len(model)
    mean = np.bincount(rows.product, expected(model, rows), size)
    sold = np.bincount(rows.product, rows.units, size)
    common = (sold.sum() + 1.0) / (mean.sum() + 1.0)
    error = np.sqrt(model.noise * common * mean + 1.0)
    off = (sold - common * mean) / error
    return Drift((sold + 0.5) / (mean + 0.5), off, np.abs(off) > _LIMIT)


@dataclass(frozen=True, slots=True)
class LogLog:
    """Elasticities of log sales to log price by ordinary least squares: each brand's own, and one over all brands."""

    brands: Mapping[str, float]
    pooled: float


def loglog(brand: Sequence[str], price: Floats, logmove: Floats) -> LogLog:
    """Textbook elasticities of a scanner panel such as `oj`: log sales on log price within each brand, and pooled with
    a level a brand (Montgomery, Marketing Science 16, 1997). Raises UsageError where prices are not positive.
    """
    logs, values = np.log(np.asarray(price, dtype=np.float64)), np.asarray(logmove, dtype=np.float64)
    if not (np.isfinite(logs).all() and np.isfinite(values).all()):
        raise UsageError("a panel for log-log elasticities needs a price above 0 and a finite logmove in every row")
    names, member = np.unique(np.asarray(brand), return_inverse=True)
    count = np.bincount(member)
    away = [each - (np.bincount(member, each) / count)[member] for each in (logs, values)]
    square, product = (np.bincount(member, away[0] * each) for each in away)
    slopes = np.divide(product, square, out=np.full(len(names), np.nan), where=square > 0.0)
    return LogLog(
        {str(name): float(slope) for name, slope in zip(names, slopes, strict=True)},
        float(product.sum() / square.sum()) if square.sum() > 0.0 else float("nan"),
    )
