"""What a model expects at prices that are not in force: curves with their bands, elasticities, covariances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricewatch.pricing.demand.challenger import Challenger, features_of
from pricewatch.pricing.demand.controls import GAP, RANK, gap
from pricewatch.pricing.demand.model import DemandModel
from pricewatch.pricing.demand.panel import Floats, Ints
from pricewatch.pricing.demand.posterior import Posterior
from pricewatch.pricing.demand.shapes import HIGHEST, LOWEST

BAND = 1.2816  # an 80 % interval in standard deviations
_NODES = 93
NODES = np.geomspace(LOWEST, HIGHEST, _NODES)
_PACE = float(np.log(NODES[1] / NODES[0]))
_YEAR = 365.25


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What surrounds a price: rivals in stock (n x r prices, NaN: none), promotion, their stock-outs (n), the day.

    `day` is in days since 1970-01-01, for season and trend.
    """

    rivals: Floats
    promotion: Floats
    rivals_out: Floats
    day: float

    @classmethod
    def plain(cls, products: int, day: float = 0.0) -> Context:
        """Nobody else sells, nothing is promoted."""
        return cls(np.empty((products, 0)), np.zeros(products), np.zeros(products), day)


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Expected sales a day at each price, and the 80 % band of that expectation: all n x m."""

    mean: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Elasticity:
    """Per cent of demand per per cent of price at one price a product (negative), with its 80 % interval."""

    mean: Floats
    low: Floats
    high: Floats


def curves(model: DemandModel, rows: Ints, prices: Floats, context: Context) -> Curves:
    """Expected sales a day of products at prices n x m; NaN where the model does not know the product."""
    known = np.maximum(rows, 0)
    believed = part(model.posterior, known)
    relative = prices / model.reference[known][:, None]
    effect = np.exp(surroundings(model, known, prices, context))
    first = spread(on_nodes(believed), relative) * effect
    square = (
        spread(on_nodes(believed, power=2), relative)
        * effect**2
        * (1.0 + 1.0 / np.maximum(believed.known, 0.5))[:, None]
    )
    deviation = BAND * np.sqrt(np.log(np.maximum(square / np.maximum(first, 1e-300) ** 2, 1.0)))
    middle = np.log(np.maximum(first, 1e-300)) - 0.5 * (deviation / BAND) ** 2
    found = first, np.exp(middle - deviation), np.exp(middle + deviation)
    return Curves(*(np.where(rows[:, None] < 0, np.nan, each) for each in found))


def elasticity(model: DemandModel, rows: Ints, prices: Floats, rivals: Floats | None = None) -> Elasticity:
    """The elasticity at one price a product, what the gap to the cheapest rival adds to it included."""
    known = np.maximum(rows, 0)
    mean, deviation = part(model.posterior, known).elasticity(prices / model.reference[known])
    category = model.goods.category[known]
    if rivals is not None and rivals.shape[1]:
        felt = np.isfinite(rivals).any(axis=1)
        mean = mean - np.where(felt, model.controls.beta[category, GAP], 0.0)
        deviation = np.sqrt(deviation**2 + np.where(felt, model.controls.variance[category, GAP], 0.0))
    found = -mean, -mean - BAND * deviation, np.minimum(-mean + BAND * deviation, 0.0)
    return Elasticity(*(np.where(rows < 0, np.nan, each) for each in found))


def covariance(model: DemandModel, rows: Ints) -> Floats:
    """Covariance of log level and log elasticity of each product: n x 2 x 2; NaN where it is not known."""
    found = part(model.posterior, np.maximum(rows, 0)).covariance()
    return np.where((rows < 0)[:, None, None], np.nan, found)


def surroundings(model: DemandModel, known: Ints, prices: Floats, context: Context) -> Floats:
    """Log effect on sales of everything but the own price as such: n x m."""
    beta = model.controls.beta[model.goods.category[known]]
    years = (context.day - model.controls.middle) / _YEAR
    angle = 2.0 * np.pi * context.day / _YEAR
    always = beta[:, 3] * context.rivals_out + beta[:, 4] * context.promotion + beta[:, 5] * np.clip(years, -1.0, 1.0)
    always = always + beta[:, 6] * np.sin(angle) + beta[:, 7] * np.cos(angle)
    found = np.asarray(always[:, None] + _beside(beta, prices, context))
    return found if model.challenger is None else found + _trees(model, model.challenger, known, context, always)


def _beside(beta: Floats, prices: Floats, context: Context) -> Floats:
    """Log effect of where prices stand among rivals: n x m."""
    if not context.rivals.shape[1]:
        return np.zeros(prices.shape)
    lowest, rank = standing(prices, context.rivals)
    return np.asarray(beta[:, GAP, None] * gap(prices, lowest) + beta[:, RANK, None] * np.nan_to_num(rank - 0.5))


def _trees(model: DemandModel, trees: Challenger, known: Ints, context: Context, always: Floats) -> Floats:
    """Half the way to what the trees say of sales at the usual price (n x 1), where they are heeded.

    They correct how much is sold, by season, rivals and the rest; what another price does is left to the curves, which
    know how sure they are: trees are steps, and steps between two prices are no reason to move one.
    """
    category, found = model.goods.category[known], np.zeros((len(known), 1))
    rows = np.flatnonzero(trees.kept[category])
    if not len(rows):
        return found
    usual = model.reference[known[rows]][:, None]
    around = Context(context.rivals[rows], context.promotion[rows], context.rivals_out[rows], context.day)
    lowest, rank = standing(usual, around.rivals) if around.rivals.shape[1] else (np.full(usual.shape, np.nan),) * 2
    years, angle = (context.day - model.controls.middle) / _YEAR, 2.0 * np.pi * context.day / _YEAR
    shared = (np.clip(years, -1.0, 1.0), np.sin(angle), np.cos(angle))
    columns = [
        np.zeros(len(rows)), gap(usual, lowest)[:, 0], np.nan_to_num(rank - 0.5)[:, 0], around.rivals_out,
        around.promotion, *(np.full(len(rows), each) for each in shared),
    ]  # fmt: skip
    level = usual_rate(model, known[rows])
    said = trees.log_rate(features_of(np.stack(columns, axis=1), level, category[rows]))
    pooled = always[rows] + _beside(model.controls.beta[category[rows]], usual, around)[:, 0]
    found[rows, 0] = 0.5 * (said - pooled)
    return found


def usual_rate(model: DemandModel, known: Ints) -> Floats:
    """Expected sales a day of products at their reference price, with nothing else at work."""
    return np.maximum(part(model.posterior, known).sales(np.ones((len(known), 1)))[:, 0], 1e-6)


def standing(prices: Floats, rivals: Floats) -> tuple[Floats, Floats]:
    """The cheapest rival (n x 1) and the share of rivals that ask less than each price (n x m); NaN without rivals."""
    there = np.isfinite(rivals)
    count = there.sum(axis=1)[:, None].astype(float)
    lowest = np.where(there, rivals, np.inf).min(axis=1)[:, None]
    below = np.zeros(prices.shape)
    for rival in rivals.T:
        below += (rival[:, None] < prices) + 0.5 * (rival[:, None] == prices)
    rank = np.divide(below, count, out=np.full(prices.shape, np.nan), where=count > 0.0)
    return np.where(count > 0.0, lowest, np.nan), rank


def part(whole: Posterior, rows: Ints) -> Posterior:
    """The posterior of these products."""
    return Posterior(whole.shapes, whole.weight[rows], whole.level[rows], whole.known[rows])


def on_nodes(believed: Posterior, *, power: int = 1) -> Floats:
    """Mean of sales, or of their square, on the common grid of relative prices: n x NODES."""
    table = believed.shapes.curves(NODES).astype(believed.weight.dtype)
    return np.asarray((believed.weight * believed.level**power) @ table.T**power)


def spread(values: Floats, relative: Floats) -> Floats:
    """Positive values on NODES, read off at relative prices n x m: straight lines between logarithms."""
    place = (np.log(np.clip(relative, LOWEST, HIGHEST)) - np.log(LOWEST)) / _PACE
    left = np.minimum(np.nan_to_num(place).astype(np.int64), _NODES - 2)
    logs = np.log(np.maximum(values, 1e-30))
    before, after = np.take_along_axis(logs, left, axis=1), np.take_along_axis(logs, left + 1, axis=1)
    return np.asarray(np.exp(before + (place - left) * (after - before)))
