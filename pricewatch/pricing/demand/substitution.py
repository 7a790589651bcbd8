"""How much of what a cut sells is taken from close substitutes of our own, and what that is worth at other prices.

One cross elasticity for the shop: by how much a product's demand rises with the mean log price of the other products
of its group, weighed by what they sell. A Poisson score with product effects solved out, beside what the model expects
already, and drawn to what is usual before the first sale.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricewatch.pricing.demand.evaluate import expected
from pricewatch.pricing.demand.model import DemandModel
from pricewatch.pricing.demand.panel import Floats, Ints, SalesPanel

USUAL, SPREAD = 0.5, 0.5  # before any sale: substitutes share the market with what we do not sell
_ROUNDS, _MOST = 8, 3.0


@dataclass(frozen=True, slots=True)
class Substitution:
    """Per cent of demand per per cent of the substitutes' mean price, its standard error, and the rows behind it."""

    cross: float
    error: float
    rows: int


def substitution(model: DemandModel, found: SalesPanel, group: Ints) -> Substitution:
    """What a tidied panel of the model's products says of groups of substitutes (-1: none); never below nothing."""
    rows = found.rows(np.flatnonzero(group[found.product] >= 0))
    if not len(rows):
        return Substitution(USUAL, SPREAD, 0)
    others = _others(rows, model, group)
    known = np.isfinite(others)
    rows, others = rows.rows(known), others[known]
    if not len(rows) or np.ptp(others) < 1e-9:
        return Substitution(USUAL, SPREAD, 0)
    mean, size = expected(model, rows), len(rows.goods)
    noise = np.maximum(model.noise[rows.product], 1.0)
    cross, information = USUAL, 0.0
    for _ in range(_ROUNDS):
        fitted = mean * np.exp(np.clip(cross * others, -5.0, 5.0))
        scale = _ratio(rows.units, fitted, rows.product, size)
        fitted = fitted * scale
        usual = _ratio(fitted * others, fitted, rows.product, size)
        away = others - usual
        information = float((fitted * away**2 / noise).sum()) + SPREAD**-2
        gradient = float(((rows.units - fitted) * away / noise).sum()) + (USUAL - cross) / SPREAD**2
        cross = float(np.clip(cross + np.clip(gradient / information, -1.0, 1.0), 0.0, _MOST))
    return Substitution(cross, float(information**-0.5), len(rows))


def _ratio(above: Floats, below: Floats, product: Ints, size: int) -> Floats:
    sums = [np.bincount(product, values, size) for values in (above, below)]
    return np.asarray(np.divide(sums[0], sums[1], out=np.zeros(size), where=np.abs(sums[1]) > 1e-12)[product])


def _others(rows: SalesPanel, model: DemandModel, group: Ints) -> Floats:
    """The mean log relative price of the other products of each row's group in its period; NaN where nobody is."""
    weight = np.maximum(model.units, 0.5)[rows.product] * rows.days / rows.period_days
    price = np.log(rows.price / model.reference[rows.product])
    periods = int(rows.period.max()) + 1
    cell = group[rows.product] * periods + rows.period
    mine = rows.product * periods + rows.period
    total, priced = (_sums(cell, values) for values in (weight, weight * price))
    own, own_priced = (_sums(mine, values) for values in (weight, weight * price))
    left = total - own
    return np.asarray(np.divide(priced - own_priced, left, out=np.full(len(rows), np.nan), where=left > 1e-9))


def _sums(cell: Ints, values: Floats) -> Floats:
    _, place = np.unique(cell, return_inverse=True)
    return np.asarray(np.bincount(place, values)[place])


def beside(cross: float, group: Ints, units: Floats, margin: Floats, moves: Floats) -> Floats:
    """What the other products of each group earn more a day when one price moves by `moves` (n x m, log): n x m.

    `units` and `margin` (n) are what each sells a day and keeps of a piece at the prices in force; unknown counts as 0.
    """
    worth = np.nan_to_num(margin * units)
    units = np.nan_to_num(units)
    known = np.flatnonzero((group >= 0) & (units > 0.0))
    if not len(known) or cross <= 0.0:
        return np.zeros((1, 1))
    total = np.bincount(group[known], units[known])
    rest = np.maximum(total[group[known]] - units[known], 1e-12)
    each = np.where(rest > 1e-9, worth[known] / rest, 0.0)
    shared = np.bincount(group[known], each, len(total))
    found = np.zeros(len(units))
    found[known] = cross * units[known] * (shared[group[known]] - each)
    return np.asarray(found[:, None] * np.nan_to_num(moves))
