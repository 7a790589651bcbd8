"""Whether prices moved for reasons of their own, and what is left of them when those reasons are taken out.

Prices follow demand, so that sales seem not to mind them. Cost changes and price weeks drawn by lot move prices for
reasons that customers do not know; what they leave unexplained stands in for the unobserved demand that moved prices
too (control function: Petrin and Train 2010; Wooldridge 2015). Where they explain too little no claim is made:
F at least 10, with variances clustered by product (Staiger and Stock 1997; Montiel Olea and Pflueger 2013).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pricewatch.pricing.demand.panel import Floats, Ints, SalesPanel

WEAK = 10.0
_STILL = 1e-9  # of a log cost: rounding is no move
INSTRUMENTS = ("cost", "trial")


@dataclass(frozen=True, slots=True, eq=False)
class FirstStage:
    """The unexplained part of each row's log price, 0 where there is no claim; F of each category, 0 without variation.

    `usable` says which categories' prices moved enough for reasons of their own, `names` which instruments they had.
    """

    residual: Floats
    strength: Floats
    names: tuple[tuple[str, ...], ...]

    @property
    def usable(self) -> Floats:
        return np.asarray(self.strength >= WEAK)


def first_stage(
    found: SalesPanel, relative: Floats, controls: Floats, allowed: Sequence[str] = INSTRUMENTS
) -> FirstStage:
    """Regress log prices of each category on its instruments; `controls` are the demand model's exogenous columns."""
    member = found.goods.category[found.product]
    size = len(found.goods.categories)
    residual, strength = np.zeros(len(found)), np.zeros(size)
    names: list[tuple[str, ...]] = [()] * size
    instruments = {name: _instrument(found, name) for name in allowed}
    if not any(np.any(values) for values in instruments.values()):
        return FirstStage(residual, strength, tuple(names))
    for at in range(size):
        rows = np.flatnonzero(member == at)
        moving = {name: values[rows] for name, values in instruments.items() if np.any(values[rows])}
        if moving:
            names[at] = tuple(moving)
            left, strength[at] = _regress(
                np.log(relative[rows]), np.stack(list(moving.values()), axis=1), controls[rows], found.product[rows]
            )
            residual[rows] = left if strength[at] >= WEAK else 0.0
    return FirstStage(residual, strength, tuple(names))


def _instrument(found: SalesPanel, name: str) -> Floats:
    """Log costs, carried over where unknown as each product's mean; trial as it is."""
    values: Floats = getattr(found, name)
    if name == "trial":
        return np.nan_to_num(values, nan=0.0)
    known = np.isfinite(values) & (values > 0.0)
    logs = np.log(np.where(known, values, 1.0))
    moved = np.where(known, logs - _mean(logs, known.astype(float), found.product), 0.0)
    return np.asarray(np.where(np.abs(moved) > _STILL, moved, 0.0))


def _mean(values: Floats, weight: Floats, product: Ints) -> Floats:
    size = int(product.max()) + 1 if len(product) else 0
    total = np.maximum(np.bincount(product, weight, size), 1e-12)
    return np.asarray((np.bincount(product, weight * values, size) / total)[product])


def _regress(price: Floats, instruments: Floats, controls: Floats, product: Ints) -> tuple[Floats, float]:
    """What is left of prices within products, and the clustered F of the instruments."""
    ones = np.ones(len(price))
    within = [values - _mean(values, ones, product) for values in (*instruments.T, *controls.T)]
    varied = [values for values in within[instruments.shape[1] :] if np.ptp(values) > 1e-12]
    x = np.stack([*within[: instruments.shape[1]], *varied], axis=1)
    y = price - _mean(price, ones, product)
    bread = np.linalg.pinv(x.T @ x)
    beta = bread @ (x.T @ y)
    left = y - x @ beta
    size = int(product.max()) + 1
    scores = np.stack([np.bincount(product, column * left, size) for column in x.T], axis=1)
    covariance = bread @ (scores.T @ scores) @ bread
    count = instruments.shape[1]
    return left, float(beta[:count] @ np.linalg.pinv(covariance[:count, :count]) @ beta[:count]) / count
