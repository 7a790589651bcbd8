"""Reference estimators of category elasticities: what goes wrong without an instrument, and what helps.

All are regressions with product effects. A control function adds the part of the price that its instruments do not
explain (Petrin and Train, A Control Function Approach to Endogeneity in Consumer Choice Models, 2010). Intervals are
clustered by product and take the first stage for known. Where the instrument's F is below 10 nothing is claimed
(Staiger and Stock, Instrumental Variables Regression with Weak Instruments, 1997).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pricewatch.simulate.panel import CATEGORIES, WEEKS, Estimate, Estimator, Panel
from pricewatch.simulate.protocol import Floats, Ints

WEAK = 10.0
_NORMAL = 1.6449  # half the width of a 90 % interval in standard errors


def ols(panel: Panel) -> Estimate:
    """Least squares of log(sales) on log price, weeks without sales left out."""
    sold = panel.sales > 0.0
    columns = _columns(panel, [])
    outcome = np.log(np.where(sold, panel.sales, 1.0))
    weight = sold.astype(float)
    within = _within(columns, weight)
    beta, covariance = _least_squares(within, _within(outcome[:, :, None], weight)[:, :, 0], weight)
    return _estimate(beta, covariance, np.zeros(CATEGORIES, dtype=bool))


def poisson(panel: Panel) -> Estimate:
    """Poisson regression on log price, as if prices were set by lot."""
    beta, covariance = _poisson(_columns(panel, []), panel.sales)
    return _estimate(beta, covariance, np.zeros(CATEGORIES, dtype=bool))


def dml(panel: Panel) -> Estimate:
    """Partialled out (double machine learning): sales and price less what a flexible model makes of the controls.

    Two folds of products; controls are the rival's price and season, up to third powers (Chernozhukov et al. 2018).
    """
    controls = _within(_flexible(panel), np.ones_like(panel.sales))
    fold = np.arange(len(panel.sales)) % 2
    outcome = np.log((panel.sales + 0.5) / (panel.sales + 0.5).mean(axis=1, keepdims=True))
    left = [_crossed(controls, target - target.mean(axis=1, keepdims=True), fold) for target in (outcome, panel.price)]
    members = panel.group[:, None] == np.arange(CATEGORIES)
    columns = left[1][:, :, None] * members[:, None, :]
    beta, covariance = _least_squares(columns, left[0], np.ones_like(panel.sales))
    return _estimate(beta, covariance, np.zeros(CATEGORIES, dtype=bool))


def instrumented(*names: str) -> Estimator:
    """Make a Poisson regression with a control function on instruments of a panel: `cost`, `trial`, or both."""

    def estimate(panel: Panel) -> Estimate:
        found = [_first_stage(panel, names, category) for category in range(CATEGORIES)]
        refused = np.array([strength < WEAK for _, strength in found])
        rest = np.zeros_like(panel.price)
        for category in np.flatnonzero(~refused):
            rest[panel.group == category] = found[category][0]
        beta, covariance = _poisson(_columns(panel, [rest]), panel.sales)
        return _estimate(beta, covariance, refused)

    return estimate


def _first_stage(panel: Panel, names: Sequence[str], category: int) -> tuple[Floats, float]:
    """What instruments leave of a category's prices, and their joint F."""
    there = panel.group == category
    ones = np.ones_like(panel.price[there])
    controls = [panel.rival[there], *(np.broadcast_to(wave, ones.shape) for wave in _season())]
    short = _within(np.stack(controls, axis=-1), ones).reshape(ones.size, -1)
    added = np.stack([getattr(panel, name)[there] for name in names], axis=-1)
    full = np.concatenate([short, _within(added, ones).reshape(ones.size, -1)], axis=1)
    target = _within(panel.price[there][:, :, None], ones).ravel()
    residuals = [target - part @ np.linalg.lstsq(part, target, rcond=None)[0] for part in (short, full)]
    before, after = (float(residual @ residual) for residual in residuals)
    free = ones.size - len(ones) - full.shape[1]
    return residuals[1].reshape(ones.shape), (before - after) / len(names) / max(after / free, 1e-12)


def _columns(panel: Panel, more: Sequence[Floats]) -> Floats:
    """Log price by category first, then controls: products x weeks x columns."""
    members = (panel.group[:, None] == np.arange(CATEGORIES))[:, None, :]
    parts = [part[:, :, None] * members for part in (panel.price, panel.rival, *more)]
    waves = [np.broadcast_to(wave, panel.price.shape)[:, :, None] for wave in _season()]
    return np.concatenate([*parts, *waves], axis=2)


def _flexible(panel: Panel) -> Floats:
    waves = [np.broadcast_to(wave, panel.price.shape) for wave in _season()]
    powers = [panel.rival**power for power in (1, 2, 3)]
    return np.stack([*powers, *waves, waves[0] * panel.rival, waves[1] * panel.rival], axis=-1)


def _season() -> tuple[Floats, Floats]:
    angle = 2.0 * np.pi * np.arange(WEEKS) / WEEKS
    return np.sin(angle), np.cos(angle)


def _crossed(controls: Floats, target: Floats, fold: Ints) -> Floats:
    """What is left of a target when each fold is predicted from the other."""
    left = np.empty_like(target)
    for number in (0, 1):
        there = fold == number
        known = controls[~there].reshape(-1, controls.shape[2])
        beta = np.linalg.lstsq(known, target[~there].ravel(), rcond=None)[0]
        left[there] = target[there] - controls[there] @ beta
    return left


def _within(columns: Floats, weight: Floats) -> Floats:
    """Columns less each product's weighted mean."""
    total = np.maximum(weight.sum(axis=1), 1e-12)[:, None, None]
    return np.asarray(columns - (columns * weight[:, :, None]).sum(axis=1, keepdims=True) / total)


def _poisson(columns: Floats, sales: Floats, steps: int = 30) -> tuple[Floats, Floats]:
    """Poisson regression with product effects solved out; returns β and its covariance clustered by product."""
    beta = np.zeros(columns.shape[2])
    for _ in range(steps):
        mean = _fitted(columns, sales, beta)
        within = _within(columns, mean)
        bread = np.linalg.pinv(np.einsum("ntk,nt,ntl->kl", within, mean, within, optimize=True))
        move = bread @ np.einsum("ntk,nt->k", within, sales - mean)
        beta = beta + move / max(1.0, float(np.max(np.abs(move))))
        if np.max(np.abs(move)) < 1e-7:
            break
    return beta, _clustered(within, sales - mean, bread)


def _fitted(columns: Floats, sales: Floats, beta: Floats) -> Floats:
    raw = np.exp(np.clip(columns @ beta, -30.0, 30.0))
    return np.asarray(raw * (sales.sum(axis=1) / raw.sum(axis=1))[:, None])


def _least_squares(columns: Floats, outcome: Floats, weight: Floats) -> tuple[Floats, Floats]:
    bread = np.linalg.inv(np.einsum("ntk,nt,ntl->kl", columns, weight, columns, optimize=True))
    beta = bread @ np.einsum("ntk,nt->k", columns, weight * outcome)
    return beta, _clustered(columns, weight * (outcome - columns @ beta), bread)


def _clustered(columns: Floats, residual: Floats, bread: Floats) -> Floats:
    scores = np.einsum("ntk,nt->nk", columns, residual)
    return np.asarray(bread @ (scores.T @ scores) @ bread)


def _estimate(beta: Floats, covariance: Floats, refused: npt.NDArray[np.bool_]) -> Estimate:
    found = np.where(refused, np.nan, beta[:CATEGORIES])
    half = _NORMAL * np.sqrt(np.diag(covariance)[:CATEGORIES])
    return Estimate(found, found - half, found + half, refused)
