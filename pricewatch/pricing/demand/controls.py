"""What moves sales beside the own price: rivals, promotion, trend, season and weekday, by category, pooled in the shop.

A Poisson regression with product effects solved out (McCullagh and Nelder 1989, chapter 6) a category; each category's
coefficients are drawn to the shop's, and those to what is usual, by their precision (Efron 2010, chapter 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pricewatch.pricing.demand.panel import Floats, Ints, SalesPanel

NAMES = (
    "log price", "gap to cheapest", "rivals cheaper", "rivals out of stock", "promotion", "trend a year",
    "season sine", "season cosine", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "unobserved",
)  # fmt: skip
OWN, GAP, RANK, RESIDUAL = 0, 1, 2, len(NAMES) - 1
FURTHEST = 0.3  # log gap to the cheapest beyond which nobody cares any more
SAMPLE = 1_200_000  # rows that the shared coefficients are learnt from: more do not make them better
_USUAL = np.array([-3.0, -0.8, -0.4, 0.2, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
_SPREAD = np.array([1.2, 0.8, 0.6, 0.4, 0.4, 0.3, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 8.0])
_INSIDE = 0.5  # of that spread is between the categories of one shop
_YEAR, _THURSDAY = 365.25, 3  # 1970-01-01 was one
_MOST, _ROUNDS = 30.0, 7


@dataclass(frozen=True, slots=True, eq=False)
class Controls:
    """Coefficients of each category (categories x NAMES) and their variances, and how noisy its sales are.

    `middle` is the day from which the trend counts, `noise` the variance of sales over that of Poisson counts,
    `memory` by how much shocks that last longer than a period widen errors (1: they do not).
    """

    beta: Floats
    variance: Floats
    noise: Floats
    memory: Floats
    middle: float

    def effect(self, columns: Floats, category: Ints, *, own: bool = False) -> Floats:
        """Log effect of all controls on sales, of the own price only when asked for."""
        beta = self.beta[category]
        first = 0 if own else 1
        return np.asarray(np.einsum("nk,nk->n", columns[:, first:], beta[:, first:]), dtype=np.float64)


def gap(price: Floats, cheapest: Floats) -> Floats:
    """Log distance to the cheapest rival, as far as anybody cares; 0 where nobody is known."""
    far = np.clip(np.log(price / cheapest), -FURTHEST, FURTHEST)
    return np.where(np.isnan(far), 0.0, far)


def columns(found: SalesPanel, relative: Floats, middle: float, residual: Floats | None = None) -> Floats:
    """All controls of each row, in the order of NAMES."""
    day = found.start + found.period_days * (found.period + 0.5)
    angle = 2.0 * np.pi * day / _YEAR
    made = np.zeros((len(found), len(NAMES)))
    made[:, OWN] = np.log(relative)
    made[:, GAP] = gap(found.price, found.cheapest)
    made[:, RANK] = np.nan_to_num(found.rank - 0.5, nan=0.0)
    made[:, 3] = np.nan_to_num(found.rivals_out, nan=0.0)
    made[:, 4] = np.nan_to_num(found.promotion, nan=0.0)
    made[:, 5] = (day - middle) / _YEAR
    made[:, 6], made[:, 7] = np.sin(angle), np.cos(angle)
    if found.period_days == 1:
        weekday = (found.start + found.period + _THURSDAY) % 7
        for number in range(1, 7):
            made[:, 7 + number] = weekday == number
    if residual is not None:
        made[:, RESIDUAL] = residual
    return made


def middle_of(found: SalesPanel) -> float:
    """The day from which a panel's trend counts."""
    return float(found.start + found.period_days * (found.period.mean() + 0.5)) if len(found) else 0.0


def learn_controls(found: SalesPanel, relative: Floats, residual: Floats | None = None) -> Controls:
    """Coefficients of all categories of a tidied panel; `relative` are its prices over each product's reference."""
    kept = _sample(found)
    rows = found if kept is None else found.rows(kept)
    chosen = [part if kept is None or part is None else part[kept] for part in (relative, residual)]
    assert chosen[0] is not None
    middle = middle_of(found)
    made = columns(rows, chosen[0], middle, chosen[1])
    member = found.goods.category[rows.product]
    size = len(found.goods.categories)
    order = np.argsort(member, kind="stable")
    bounds = np.searchsorted(member[order], np.arange(size + 1))
    blocks = [_Block.of(rows, made, order[bounds[at] : bounds[at + 1]]) for at in range(size)]
    beta, variance = _pooled(blocks)
    noise = _noises(blocks, beta)
    return Controls(beta, variance, noise[:, 0], noise[:, 1], middle)


def _sample(found: SalesPanel) -> Ints | None:
    """Every so many products, where there are more rows than it takes."""
    if len(found) <= SAMPLE:
        return None
    every = -(-len(found) // SAMPLE)
    return np.flatnonzero(found.product % every == 0)


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """The rows of one category, product by product; `first` are the rows where products begin."""

    columns: Floats
    units: Floats
    days: Floats
    first: Ints
    lengths: Ints
    product: Ints
    sold: Floats

    @classmethod
    def of(cls, rows: SalesPanel, made: Floats, chosen: Ints) -> _Block:
        product = rows.product[chosen]
        first = np.flatnonzero(np.diff(product, prepend=-1))
        lengths = np.diff(first, append=len(product))
        units = rows.units[chosen]
        sold = np.add.reduceat(units, first) if len(first) else np.zeros(0)
        return cls(made[chosen], units, rows.days[chosen], first, lengths, product, sold)

    def fitted(self, beta: Floats) -> Floats:
        """Expected units of each row, product totals as they were."""
        raw = self.days * np.exp(np.clip(self.columns @ beta, -_MOST, _MOST))
        total = np.add.reduceat(raw, self.first) if len(self.first) else np.zeros(0)
        return np.asarray(raw * np.repeat(self.sold / total, self.lengths))

    def curvature(self, beta: Floats) -> tuple[Floats, Floats]:
        """Gradient and information of the likelihood with product effects solved out."""
        mean = self.fitted(beta)
        weighted = self.columns * mean[:, None]
        information = self.columns.T @ weighted
        if len(self.first):
            sums = np.add.reduceat(weighted, self.first, axis=0)
            information -= sums.T @ (sums / np.maximum(self.sold, 1e-9)[:, None])
        return self.columns.T @ (self.units - mean), information

    def noise(self, beta: Floats) -> tuple[float, float]:
        """Variance over that of Poisson counts (at least 1), and what shocks that last add to it in longer sums."""
        mean = self.fitted(beta)
        free = len(self.units) - len(self.first)
        away = self.units - mean
        if free < 10 or mean.sum() <= 0.0:
            return 1.0, 1.0
        over = max(1.0, float(away @ away) / float(mean.sum()) * len(self.units) / free)
        standard = away / np.sqrt(np.maximum(mean, 1e-9)) * (mean > 1e-9)
        first, second = (_lagged(standard, self.product, lag) for lag in (1, 2))
        if first < 3.0 / np.sqrt(len(self.units)):
            return over, 1.0
        lasting = float(np.clip(second / first, 0.0, 0.9))
        return over, 1.0 + min(2.0 * first / (1.0 - lasting), 5.0)


def _lagged(standard: Floats, product: Ints, lag: int) -> float:
    same = product[lag:] == product[:-lag]
    total = float(standard @ standard)
    return float(standard[lag:][same] @ standard[:-lag][same]) / total if total > 0.0 else 0.0


def _pooled(blocks: Sequence[_Block]) -> tuple[Floats, Floats]:
    """Every category's coefficients given the shop's, and the shop's given the categories'."""
    shop, inside = _USUAL.copy(), (_INSIDE * _SPREAD) ** 2
    beta = np.tile(shop, (len(blocks), 1))
    variance = np.tile(_SPREAD**2, (len(blocks), 1))
    noise = np.ones(len(blocks))
    for rounds in (3, _ROUNDS):
        wide = inside if len(blocks) > 1 else _SPREAD**2
        for at, block in enumerate(blocks):
            beta[at], variance[at] = _category(block, beta[at], shop, wide * noise[at], rounds)
            variance[at] *= noise[at]
        noise = _noises(blocks, beta).prod(axis=1)
        shop = _shop(beta, variance, shop, inside) if len(blocks) > 1 else shop
    return beta, variance


def _noises(blocks: Sequence[_Block], beta: Floats) -> Floats:
    """What makes each category's sales vary more than counts do, and for longer: categories x 2."""
    return np.array([block.noise(each) for block, each in zip(blocks, beta, strict=True)]).reshape(-1, 2)


def _category(block: _Block, beta: Floats, centre: Floats, spread: Floats, rounds: int) -> tuple[Floats, Floats]:
    precision = np.diag(1.0 / spread)
    for _ in range(rounds):
        gradient, information = block.curvature(beta)
        inverse = np.linalg.inv(information + precision)
        move = inverse @ (gradient + (centre - beta) / spread)
        beta = beta + move / max(1.0, float(np.max(np.abs(move))))
        if float(np.max(np.abs(move))) < 1e-3:
            break
    beta[[GAP, RANK]] = np.minimum(beta[[GAP, RANK]], 0.0)
    return beta, np.diag(inverse).copy()


def _shop(beta: Floats, variance: Floats, centre: Floats, inside: Floats) -> Floats:
    """The shop's coefficients: categories' own findings (without what they were drawn to), by precision."""
    own = np.maximum(1.0 / variance - 1.0 / inside, 1e-9)
    says = (beta / variance - centre / inside) / own
    weight = 1.0 / (inside + 1.0 / own)
    return np.asarray(((weight * says).sum(axis=0) + _USUAL / _SPREAD**2) / (weight.sum(axis=0) + 1.0 / _SPREAD**2))
