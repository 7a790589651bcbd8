"""Category elasticities that may be claimed: from price moves with reasons of their own, with honest intervals.

Counts with product effects, a control function with its neighbours in time, and shocks that last: generalised
estimating equations with an autoregressive log shock (Liang and Zeger, Biometrika 1986), weighed by how much of each
week is counting noise and how much a shock that the weeks around it tell. Variances are clustered by product, wider
where products are few for their coefficients, and count the first stage's error (Murphy and Topel 1985). Categories
share what the shop's prices have in common in following demand. A category whose instruments are weak gets no number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from pricewatch.pricing.demand.instruments import INSTRUMENTS, WEAK
from pricewatch.pricing.demand.panel import Flags, Floats, SalesPanel, tidy

MOST_PRODUCTS = 150  # of a category: more do not make its elasticity better known than its claim
NINETY = 1.6449
_ROUNDS, _YEAR = 12, 365.25
_ABSENT = 1e9


@dataclass(frozen=True, slots=True, eq=False)
class Claims:
    """Each category's elasticity (negative) with its 90 % interval; NaN where `refused`; F of its instruments."""

    elasticity: Floats
    low: Floats
    high: Floats
    refused: Flags
    strength: Floats


def claims(raw: SalesPanel, instruments: tuple[str, ...] = INSTRUMENTS) -> Claims:
    """What a panel lets one say about the elasticity of every category."""
    found = tidy(raw).panel
    size = len(found.goods.categories)
    found_in = [_category(found, at, instruments) for at in range(size)]
    strength = np.array([each[2] for each in found_in])
    values, errors = np.full(size, np.nan), np.full(size, np.nan)
    known = np.flatnonzero([len(each[0]) for each in found_in])
    if len(known):
        values[known], errors[known] = _lent(
            np.stack([found_in[at][0] for at in known]), np.stack([found_in[at][1] for at in known])
        )
    half = NINETY * errors
    return Claims(values, values - half, values + half, ~np.isfinite(values), strength)


def _lent(beta: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """Elasticities and errors when categories share how their prices follow demand, as far as they seem to.

    `beta` has the elasticity and the residuals' coefficients of each category. Those are a habit of the shop: each
    category's is drawn to the mean of all by precision, categories that differ by more than their errors less
    (DerSimonian and Laird 1986), and the elasticity moves with it.
    """
    value, habit = beta[:, 0], beta[:, 1:]
    spread, joint = covariance[:, 1:, 1:], covariance[:, 0, 1:]
    if len(beta) == 1:
        return value, np.sqrt(covariance[:, 0, 0])
    precision = np.linalg.pinv(spread)
    whole, drawn = precision.sum(axis=0), np.einsum("nij,nj->ni", precision, habit)
    away = habit - np.linalg.pinv(whole) @ drawn.sum(axis=0)
    differ = np.einsum("ni,nij,nj->", away, precision, away) / (away.size - away.shape[1])
    others = np.linalg.pinv(whole - precision)
    centre = np.einsum("nij,nj->ni", others, drawn.sum(axis=0) - drawn)
    gain = spread @ np.linalg.pinv(spread + others + max(0.0, float(differ) - 1.0) * spread.mean(axis=0))
    lever = np.einsum("ni,nij->nj", joint, precision)
    moved = np.einsum("nij,nj->ni", gain, centre - habit)
    variance = covariance[:, 0, 0] - np.einsum("ni,nij,njk,nk->n", lever, gain, spread, lever)
    return value + np.einsum("ni,ni->n", lever, moved), np.sqrt(np.maximum(variance, 1e-12))


def _category(found: SalesPanel, category: int, instruments: tuple[str, ...]) -> tuple[Floats, Floats, float]:
    """Elasticity and the residuals' coefficients, their covariance, and F; empty where nothing can be claimed."""
    nothing = np.empty(0), np.empty((0, 0))
    members = np.flatnonzero(found.goods.category == category)[:MOST_PRODUCTS]
    chosen = np.isin(found.product, members)
    if not chosen.any():
        return *nothing, 0.0
    grid = _Grid.of(found.rows(chosen))
    moving = [part for part in (grid.instrument(name) for name in instruments) if np.any(np.abs(part) > 1e-9)]
    if not moving:
        return *nothing, 0.0
    stage = _FirstStage.of(grid, np.stack(moving, axis=-1))
    if not stage.strength >= WEAK:
        return *nothing, stage.strength
    return (*_second_stage(grid, stage), stage.strength)


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """One category as products x periods; weeks without a row weigh nothing."""

    units: Floats
    days: Floats
    price: Floats
    cost: Floats
    trial: Floats
    exogenous: Floats
    there: Floats

    @classmethod
    def of(cls, rows: SalesPanel) -> _Grid:
        products, row = np.unique(rows.product, return_inverse=True)
        periods, column = np.unique(rows.period, return_inverse=True)
        shape = len(products), len(periods)

        def laid(values: Floats) -> Floats:
            made = np.zeros(shape)
            made[row, column] = values
            return made

        angle = 2.0 * np.pi * (rows.start + rows.period_days * (rows.period + 0.5)) / _YEAR
        known = np.isfinite(rows.cheapest)
        parts = [np.where(known, np.log(np.where(known, rows.cheapest, 1.0)), 0.0), np.sin(angle), np.cos(angle)]
        parts += [np.nan_to_num(rows.promotion), np.nan_to_num(rows.rivals_out)]
        costly = np.isfinite(rows.cost) & (rows.cost > 0.0)
        there = laid(np.ones(len(rows)))
        exogenous = [part for part in (_within(laid(each), there) for each in parts) if np.ptp(part) > 1e-9]
        return cls(
            laid(rows.units), laid(rows.days), _within(laid(np.log(rows.price)), there),
            _within(laid(np.log(np.where(costly, rows.cost, 1.0))), there * laid(costly.astype(float))),
            _within(laid(np.nan_to_num(rows.trial)), there),
            np.stack(exogenous, axis=-1) if exogenous else np.zeros((*shape, 0)), there,
        )  # fmt: skip

    def instrument(self, name: str) -> Floats:
        """An instrument within products."""
        return self.cost if name == "cost" else self.trial


def _within(values: Floats, there: Floats) -> Floats:
    """Values less each product's mean, 0 where there is no row."""
    count = np.maximum(there.sum(axis=1, keepdims=True), 1.0)
    return np.asarray(there * (values - (there * values).sum(axis=1, keepdims=True) / count))


@dataclass(frozen=True, slots=True, eq=False)
class _FirstStage:
    """What instruments and controls leave of prices, the regressors, and the variance of their coefficients."""

    residual: Floats
    columns: Floats
    covariance: Floats
    strength: float

    @classmethod
    def of(cls, grid: _Grid, instruments: Floats) -> _FirstStage:
        columns = np.concatenate([instruments, grid.exogenous], axis=2)
        bread = np.linalg.pinv(np.einsum("ntk,ntl->kl", columns, columns))
        beta = bread @ np.einsum("ntk,nt->k", columns, grid.price)
        residual = grid.there * (grid.price - columns @ beta)
        scores = np.einsum("ntk,nt->nk", columns, residual)
        covariance = bread @ (scores.T @ scores) @ bread
        count = instruments.shape[2]
        head = beta[:count]
        strength = float(head @ np.linalg.pinv(covariance[:count, :count]) @ head) / count
        return cls(residual, columns, covariance, strength)


def _second_stage(grid: _Grid, stage: _FirstStage) -> tuple[Floats, Floats]:
    """Elasticity and the coefficients of the unexplained part of prices, and their covariance."""
    residuals = [_moved(stage.residual, lag) for lag in (0, 1, -1)]
    columns = np.stack([grid.price, *np.moveaxis(grid.exogenous, 2, 0), *residuals], axis=-1)
    sold = grid.units.sum(axis=1)
    kept = sold > 0.0
    columns, units, days, there = columns[kept], grid.units[kept], grid.days[kept], grid.there[kept]
    beta, level = np.zeros(columns.shape[2]), np.log(sold[kept] / days.sum(axis=1))
    shock, memory = 0.0, 0.0
    for number in range(_ROUNDS):
        mean = np.where(there > 0.0, days * np.exp(np.clip(level[:, None] + columns @ beta, -20.0, 20.0)), 0.0)
        weight = _weights(mean, there, shock, memory)
        away = np.where(there > 0.0, (units - mean) / np.maximum(mean, 1e-9), 0.0)
        pulled, inverse, left = _swept(columns, weight, away)
        step = inverse @ np.einsum("ntk,nt->k", pulled, away)
        size = max(1.0, float(np.max(np.abs(columns @ step))) / 0.7)
        beta = beta + step / size
        level = level + np.clip(left - np.einsum("nk,k->n", _lean(columns, weight), step / size), -1.0, 1.0)
        if number >= 2 and number < _ROUNDS - 3:
            shock, memory = _shocks(units, mean)
        if number > _ROUNDS - 4 and float(np.max(np.abs(step))) < 1e-4:
            break
    lags = beta[-3:]
    fed = sum(gamma * _moved(stage.columns[kept], lag) for gamma, lag in zip(lags, (0, 1, -1), strict=True))
    scores = _without(np.einsum("ntk,nt->nk", pulled, away), pulled, columns, inverse)
    reach = inverse @ np.einsum("ntk,ntl->kl", pulled, fed)
    count = len(scores)
    covariance = inverse @ (scores.T @ scores) @ inverse * count / max(count - 1, 1)
    covariance = covariance + reach @ stage.covariance @ reach.T
    told = [0, -3, -2, -1]
    few = float(stdtrit(max(count / len(beta), 3.0), 0.95)) / NINETY
    return beta[told], few**2 * covariance[np.ix_(told, told)]


def _without(scores: Floats, pulled: Floats, columns: Floats, inverse: Floats) -> Floats:
    """Each product's score as it would be, had the product not been in the fit (CR3: Bell and McCaffrey 2002)."""
    own = np.einsum("ntk,ntl->nkl", pulled, columns) @ inverse
    return np.linalg.solve(np.eye(len(inverse)) - own, scores[:, :, None])[:, :, 0]


def _weights(mean: Floats, there: Floats, shock: float, memory: float) -> Floats:
    """Inverse covariance of relative deviations: counting noise, and a shock that lasts: n x t x t."""
    time = np.arange(mean.shape[1])
    lasting = shock * memory ** np.abs(time[:, None] - time)
    noise = np.where(there > 0.0, 1.0 / np.maximum(mean, 1e-6), _ABSENT)
    return np.asarray(np.linalg.inv(lasting + noise[:, :, None] * np.eye(len(time))))


def _lean(columns: Floats, weight: Floats) -> Floats:
    """How the level of each product moves with the coefficients: n x k."""
    ones = weight.sum(axis=2)
    return np.asarray(np.einsum("nt,ntk->nk", ones, columns) / np.maximum(ones.sum(axis=1), 1e-12)[:, None])


def _swept(columns: Floats, weight: Floats, away: Floats) -> tuple[Floats, Floats, Floats]:
    """Weighed columns with product effects swept out, the inverse information, and each level's own step."""
    ones = weight.sum(axis=2)
    clean = columns - _lean(columns, weight)[:, None, :]
    pulled = np.einsum("nst,ntk->nsk", weight, clean)
    inverse = np.linalg.pinv(np.einsum("nsk,nsl->kl", pulled, clean))
    left = np.einsum("nt,nt->n", ones, away) / np.maximum(ones.sum(axis=1), 1e-12)
    return pulled, inverse, left


def _shocks(units: Floats, mean: Floats) -> tuple[float, float]:
    """Variance of the log shock and its memory, from what sales vary beyond counting noise and from week to week."""
    away = units - mean
    shock = float(((away**2) - mean).sum() / max(float((mean**2).sum()), 1e-12))
    if shock <= 1e-4:
        return 0.0, 0.0
    lagged = float((away[:, 1:] * away[:, :-1]).sum() / max(float((mean[:, 1:] * mean[:, :-1]).sum()), 1e-12))
    return min(shock, 4.0), float(np.clip(lagged / shock, 0.0, 0.95))


def _moved(values: Floats, lag: int) -> Floats:
    """Values of `lag` periods before, 0 beyond the ends."""
    found = np.roll(values, lag, axis=1)
    if lag > 0:
        found[:, :lag] = 0.0
    elif lag < 0:
        found[:, lag:] = 0.0
    return found
