"""What is believed about every product's curve: categories lend to products, the shop lends to categories.

A hierarchy solved on grids (Gelman and others, Bayesian Data Analysis, chapter 5; empirical Bayes for the bends: Efron,
Large-Scale Inference, 2010). In a category log elasticities are normal; every pair of centre and deviation is weighed
by what all its products' sales say of it. A product's prior is that mixture without its own sales, so that
nothing counts twice and a category of one product falls back to what is known of demand before the first sale.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy.sparse import csr_array

from pricewatch.pricing.demand.panel import Floats, Ints
from pricewatch.pricing.demand.shapes import Evidence, Shapes

SHAPE = 0.5  # of the Gamma prior of levels: about half a sale is assumed, at the category's usual rate
_CENTRES = np.linspace(np.log(0.7), np.log(9.0), 25)
_WITHIN = np.array([0.12, 0.2, 0.3, 0.45])


@dataclass(frozen=True, slots=True)
class Prior:
    """What is assumed before any sale: mean and deviation of categories' log elasticities, the usual shares of bends.

    `within` weighs the deviations of products around their category; `bends_worth` is in products.
    """

    centre: float = 1.10
    between: float = 0.45
    within: tuple[float, ...] = (0.15, 0.35, 0.35, 0.15)
    bends: tuple[float, ...] = (0.25, 0.25, 0.25, 0.15, 0.10)
    bends_worth: float = 20.0


USUAL = Prior()


@dataclass(frozen=True, slots=True, eq=False)
class Habits:
    """Each category's usual curve: mean of log elasticities and the error of that mean as a variance, the variance of
    products around it, shares of the bends (categories x bends).
    """

    centre: Floats
    unsure: Floats
    variance: Floats
    bends: Floats

    @classmethod
    def usual(cls, categories: int, prior: Prior = USUAL) -> Habits:
        """What is believed of categories that have not sold anything."""
        each = np.full(categories, prior.centre), np.full(categories, prior.between**2)
        within = float(np.array(prior.within) @ _WITHIN**2)
        return cls(*each, np.full(categories, within), np.tile(prior.bends, (categories, 1)))


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """The weight of every shape for every product, and the level (sales a day at the reference price) with it.

    Both n x shapes. `known` (n) is the Gamma shape of the level: the sales behind it, less what noise takes away.
    """

    shapes: Shapes
    weight: Floats
    level: Floats
    known: Floats

    def sales(self, relative: Floats) -> Floats:
        """Expected sales a day at relative prices n x m, over all that is believed."""
        return np.asarray(np.einsum("nmj,nj->nm", self.shapes.curves(relative), self.weight * self.level))

    def elasticity(self, relative: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the (positive) elasticity at one relative price a product."""
        local = self.shapes.local(relative)
        mean = np.einsum("nj,nj->n", self.weight, local)
        second = np.einsum("nj,nj->n", self.weight, local**2)
        return mean, np.sqrt(np.maximum(second - mean**2, 0.0))

    def falls(self, usual: Floats, relative: Floats, least: Floats) -> Floats:
        """The probability that log sales fall by more than `least` from a relative price n x 1 to others n x m."""
        kind, elasticities = self.weight.dtype, len(self.shapes.elasticities)
        edges, least = np.log(self.shapes.elasticities).astype(kind), least.astype(kind)
        weight = self.weight.reshape(len(self.weight), elasticities, -1)
        start = np.arange(len(weight))[:, None] * (elasticities + 1)
        near, here = relative.astype(kind), usual.astype(kind)
        found = np.zeros(relative.shape, dtype=kind)
        for bend in range(len(self.shapes.bends)):
            below = np.zeros((len(weight), elasticities + 1), dtype=kind)
            np.cumsum(weight[:, :, bend], axis=1, out=below[:, 1:])
            step = self.shapes.step(near, bend) - self.shapes.step(here, bend)
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                limit = np.log(np.clip(np.nan_to_num(least / step), 1e-9, 1e9))
            place = np.clip((limit - edges[0]) / (edges[1] - edges[0]) + kind.type(0.5), 0.0, elasticities)
            left = np.minimum(place.astype(np.intp), elasticities - 1)
            part = place - left.astype(kind)
            left += start
            first, flat = below.take(left), below.reshape(-1)
            under, whole = first + part * (flat.take(left + 1) - first), below[:, -1:]
            still = np.where(least < 0.0, whole, 0.0)
            found += np.where(step > 0.0, whole - under, np.where(step < 0.0, under, still))
        return found.astype(np.float64)

    def covariance(self) -> Floats:
        """Covariance of log level and log elasticity at the reference price: n x 2 x 2."""
        level, slope = np.log(self.level), np.broadcast_to(np.log(self.shapes.elasticity), self.level.shape)
        parts = [each - np.einsum("nj,nj->n", self.weight, each)[:, None] for each in (level, slope)]
        found = np.array([[np.einsum("nj,nj,nj->n", self.weight, a, b) for a in parts] for b in parts])
        found[0, 0] += 1.0 / np.maximum(self.known, 0.05)
        return np.moveaxis(found, 2, 0)


def believe(
    evidence: Evidence,
    category: Ints,
    habits: Habits,
    *,
    prior: Prior = USUAL,
    noise: float | Floats = 1.0,
    rounds: int = 3,
    pinned: Floats | None = None,
) -> tuple[Posterior, Habits]:
    """The posterior of every product, and the categories' habits; `habits` to begin with give the shares of bends.

    `noise` divides the likelihood: how much more than a Poisson count sales vary (and stay varied) around their mean.
    `pinned` gives mean and variance (categories x 2) of categories' log elasticities where an experiment has told them.
    """
    shapes, size = evidence.shapes, len(habits.centre)
    divisor = np.broadcast_to(noise, evidence.units.shape)[:, None]
    member = _members(category, size)
    scale = SHAPE / _usual_rate(evidence, member)[category]
    kind = evidence.exposure.dtype
    score = evidence.likelihood(SHAPE, scale) / divisor.astype(kind)
    likelihood = _exponential(score).reshape(len(category), -1, len(shapes.bends))
    first = _before(prior, size, pinned)
    for _ in range(rounds):
        share = habits.bends[category].astype(kind)
        mixed, habits = _mixed(np.einsum("nek,nk->ne", likelihood, share), shapes, category, member, first, habits)
        weight = likelihood * share[:, None, :] * mixed.astype(kind)[:, :, None]
        weight /= weight.sum(axis=(1, 2), keepdims=True)
        habits = _bent(weight.sum(axis=1), member, habits, prior)
    level = (SHAPE + evidence.units).astype(kind)[:, None] / (scale.astype(kind)[:, None] + evidence.exposure)
    known = (SHAPE + evidence.units) / divisor[:, 0]
    return Posterior(shapes, weight.reshape(level.shape), level, known), habits


def _exponential(score: Floats) -> Floats:
    return np.asarray(np.exp(score - score.max(axis=1, keepdims=True)))


def _members(category: Ints, size: int) -> csr_array:
    """Which products each category has: categories x products."""
    count = len(category)
    return csr_array((np.ones(count), (category, np.arange(count))), shape=(size, count))


def _usual_rate(evidence: Evidence, member: csr_array) -> Floats:
    """Sales a day of the average product of each category, the shop's where a category has none."""
    rate = (evidence.units + 0.1) / (evidence.exposure.mean(axis=1) + 1.0)
    return np.asarray((member @ rate + rate.mean()) / (member.sum(axis=1) + 1.0))


def _mixed(
    likelihood: Floats, shapes: Shapes, category: Ints, member: csr_array, first: Floats, habits: Habits
) -> tuple[Floats, Habits]:
    """Each product's prior of elasticities (n x elasticities) from its category's other products, and their habits."""
    table = _table(tuple(shapes.elasticities))
    says = np.log(likelihood @ table.T + 1e-30)
    total = first + member @ says
    weight = _exponential(total)
    weight /= weight.sum(axis=1, keepdims=True)
    others = _exponential(total[category] - says)
    prior = others @ table
    centre, variance = np.repeat(_CENTRES, len(_WITHIN)), np.tile(_WITHIN**2, len(_CENTRES))
    mean = weight @ centre
    found = Habits(mean, weight @ centre**2 - mean**2, weight @ variance, habits.bends)
    return prior / prior.sum(axis=1, keepdims=True), found


@cache
def _table(elasticities: tuple[float, ...]) -> Floats:
    """The share of each elasticity under each pair of centre and deviation."""
    away = (np.log(elasticities) - _CENTRES[:, None, None]) / _WITHIN[:, None]
    table = np.exp(-0.5 * away**2).reshape(-1, len(elasticities))
    return np.asarray(table / table.sum(axis=1, keepdims=True))


def _before(prior: Prior, categories: int, pinned: Floats | None) -> Floats:
    """Log weight of each pair of centre and deviation before products are asked: categories x pairs."""
    mean, spread = np.full(categories, prior.centre), np.full(categories, prior.between**2)
    if pinned is not None:
        known = np.isfinite(pinned).all(axis=1)
        mean, spread = np.where(known, pinned[:, 0], mean), np.where(known, pinned[:, 1] + _PACE**2, spread)
    away = -0.5 * (_CENTRES - mean[:, None]) ** 2 / spread[:, None]
    return np.asarray((away[:, :, None] + np.log(prior.within)).reshape(categories, -1))


_PACE = float(_CENTRES[1] - _CENTRES[0])


def _bent(weight: Floats, member: csr_array, habits: Habits, prior: Prior) -> Habits:
    """Shares of the bends as the products of a category have them."""
    shares = member @ weight + prior.bends_worth * np.array(prior.bends)
    return replace(habits, bends=shares / shares.sum(axis=1, keepdims=True))
