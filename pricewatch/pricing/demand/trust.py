"""Whether sales can have taught anything of prices: what they say without a curve that falls by its making.

Curves always fall and lean on what is usual, so that a model of sales that have nothing to do with prices looks like
any other. Here sales speak for themselves: their plain slope to the log price, product effects solved out, with errors
clustered by product and by week (Cameron, Gelbach and Miller 2011); the newest weeks with and without prices; and
whether what was paid is what the products cost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pricewatch.pricing.demand.controls import OWN, SAMPLE
from pricewatch.pricing.demand.evaluate import without_prices
from pricewatch.pricing.demand.instruments import WEAK
from pricewatch.pricing.demand.model import CONTRARY, MISPRICED, READY, DemandModel
from pricewatch.pricing.demand.panel import Flags, Floats, Ints, SalesPanel

ALL_OFF, ONE_OFF, MANY_OFF = 0.15, 0.3, 1 / 3  # logs of what was paid over the price; the share of products so far off
_SURE = 1.645
_FLATTEST, _STEEPEST, _USUAL = -0.5, -11.0, -1.5  # elasticities: of the curves that there are, and the least usual one
_ROUNDS, _MOST = 12, 20.0
_FEW = 3  # products that tell a level of prices


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """The plain elasticity of each category and its standard error, infinite where prices did not vary."""

    mean: Floats
    error: Floats

    @property
    def shown(self) -> Flags:
        """Whether sales fall where prices rise, beyond the noise."""
        return np.asarray(self.mean + _SURE * self.error < 0.0)

    @property
    def contrary(self) -> Flags:
        """Whether sales say another thing than the curves can: they do not fall, fall like no demand does, or do not
        follow prices where they would show it.
        """
        low, high = self.mean - _SURE * self.error, self.mean + _SURE * self.error
        known = np.isfinite(self.error)
        return np.asarray(known & ((low > _FLATTEST) | (high < _STEEPEST) | (~self.shown & (low > _USUAL))))

    def shows(self, among: Flags) -> bool:
        """Whether sales fall where prices rise in these categories together, beyond the noise."""
        weight = 1.0 / self.error[among] ** 2
        return bool((weight * self.mean[among]).sum() + _SURE * np.sqrt(weight.sum()) < 0.0)


def slopes(model: DemandModel, rows: SalesPanel) -> Slopes:
    """What sales say of prices, season and promotion taken out as the model has them; `rows` are tidied."""
    size = len(rows.goods.categories)
    kept = _sampled(rows)
    x = np.log(kept.price / model.reference[kept.product])
    weight = kept.days * np.exp(np.clip(without_prices(model, kept), -10.0, 10.0))
    member = kept.goods.category[kept.product]
    sums = _Within.of(kept.product, len(kept.goods), kept.units)
    beta = np.full(size, model.controls.beta[:, OWN])
    for _ in range(_ROUNDS):
        away, information = sums.away(x, weight * np.exp(beta[member] * x))
        step = np.bincount(member, away * x, size) / np.maximum(np.bincount(member, information, size), 1e-12)
        beta = np.clip(beta + np.clip(step, -1.0, 1.0), -_MOST, _MOST)
    away, information = sums.away(x, weight * np.exp(beta[member] * x))
    total = np.bincount(member, information, size)
    spread = _clustered(away * sums.centred(x, weight * np.exp(beta[member] * x)), kept, member, size)
    error = np.divide(np.sqrt(spread), total, out=np.full(size, np.inf), where=(total > 1e-9) & (spread > 0.0))
    return Slopes(beta, error)


@dataclass(frozen=True, slots=True, eq=False)
class _Within:
    """Sales against what each product's total would be, by its prices alone."""

    product: Ints
    size: int
    units: Floats
    sold: Floats

    @classmethod
    def of(cls, product: Ints, size: int, units: Floats) -> _Within:
        return cls(product, size, units, np.asarray(np.bincount(product, units, size), dtype=np.float64))

    def away(self, x: Floats, raw: Floats) -> tuple[Floats, Floats]:
        """Sold less expected, and each row's part of what is known of the slope."""
        mean = self._mean(raw)
        return self.units - mean, mean * self.centred(x, raw) ** 2

    def centred(self, x: Floats, raw: Floats) -> Floats:
        """Log prices less each product's mean of them, by what is expected."""
        total = np.maximum(np.bincount(self.product, raw, self.size), 1e-300)
        return np.asarray(x - (np.bincount(self.product, raw * x, self.size) / total)[self.product])

    def _mean(self, raw: Floats) -> Floats:
        total = np.maximum(np.bincount(self.product, raw, self.size), 1e-300)
        return np.asarray(raw * (self.sold / total)[self.product])


def _clustered(score: Floats, rows: SalesPanel, member: Ints, size: int) -> Floats:
    """The variance of each category's score: the largest of those by row, by product and by week."""
    weeks = int(rows.period.max(initial=0)) + 1
    alone = np.bincount(member, score**2, size)
    by_product = np.bincount(rows.product, score, len(rows.goods))
    by_week = np.bincount(member * weeks + rows.period, score, size * weeks).reshape(size, weeks)
    each = [alone, np.bincount(rows.goods.category, by_product**2, size), (by_week**2).sum(axis=1)]
    return np.asarray(np.max(each, axis=0), dtype=np.float64)


def _sampled(rows: SalesPanel) -> SalesPanel:
    """Whole products, so many that their rows are not too many."""
    if len(rows) <= SAMPLE:
        return rows
    count = len(rows.goods)
    drawn = np.random.default_rng(0).permutation(count)[: max(1, count * SAMPLE // len(rows))]
    return rows.rows(np.isin(rows.product, drawn))


@dataclass(frozen=True, slots=True)
class Trust:
    """What keeps a model from being used, and which products it must not price; `why` is empty where it may be used.

    `shown` says that sales fall where prices rise, beyond the noise, or that an instrument tells what prices do.
    """

    model: DemandModel
    why: str = ""
    todo: str = ""
    shown: bool = False


def trusted(model: DemandModel, rows: SalesPanel, paid: Floats | None = None) -> Trust:
    """The model with the products left to the rules that it cannot price, and why none of it can be used.

    `rows` are what it was trained on, tidied; `paid` is the log of what was lately paid for each product over its price
    (NaN: not known).
    """
    if paid is not None and (found := _another_unit(model, paid)):
        return found
    said = slopes(model, rows)
    wrong = said.contrary & (model.strength < WEAK)
    state = np.where((model.state == READY) & wrong[model.goods.category], CONTRARY, model.state)
    if paid is not None:
        state = np.where((model.state == READY) & (np.abs(np.nan_to_num(paid)) > ONE_OFF), MISPRICED, state)
    told = replace(model, state=state)
    if not (state == READY).any() and (state == CONTRARY).any():
        worst = int(np.argmax(np.bincount(model.goods.category[state == CONTRARY], minlength=len(wrong))))
        mean, error = said.mean[worst], _SURE * said.error[worst]
        why = (
            "sales do not follow prices as demand does: their plain elasticity to the price is "
            f"{mean:+.1f} ({mean - error:+.1f} to {mean + error:+.1f}) in {model.goods.categories[worst]}"
        )
        return Trust(told, why, "look whether pieces, prices and SKUs are in their columns, or test prices by lot")
    return Trust(told, shown=said.shows(~wrong) or bool((model.strength >= WEAK).any()))


def _another_unit(model: DemandModel, paid: Floats) -> Trust | None:
    """Why prices are not those of the products; None where they are."""
    known = paid[np.isfinite(paid) & (model.state == READY)]
    if len(known) < _FEW:
        return None
    usual, off = float(np.median(known)), np.abs(known) > ONE_OFF
    if abs(usual) > ALL_OFF:
        why = f"what was paid in the last weeks is {np.exp(usual):.2f} of the products' prices, in the middle of them"
        return Trust(model, why, "net prices, another currency or unit? correct that and import the sales again")
    if off.sum() > max(_FEW, MANY_OFF * len(known)):
        why = f"what was paid in the last weeks is far from the price of {off.sum()} of {len(known)} products"
        return Trust(model, why, "look whether the sales' SKUs and prices are those of the catalogue")
    return None
