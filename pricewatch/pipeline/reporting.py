"""What a demand model knows, in figures for people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from pricewatch.pipeline.learning import parts, renumbered
from pricewatch.pricing.demand.curves import Context, curves
from pricewatch.pricing.demand.elasticities import claims
from pricewatch.pricing.demand.evaluate import category_elasticities, drift, expected, judged
from pricewatch.pricing.demand.instruments import WEAK
from pricewatch.pricing.demand.model import READY, STATES, DemandModel
from pricewatch.pricing.demand.panel import SalesPanel, tidy

LATELY = 4  # weeks
DRAWN = 12  # products
POINTS = 41
CLAIMED = 20  # categories
REACH = 0.2  # up and down from the usual price, or as far as prices went


@dataclass(frozen=True, slots=True)
class DrawnCurve:
    """Expected pieces a day over rising prices, from `first` to `last`, with an 80 % band."""

    sku: str
    units: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Told:
    """Usual elasticities with intervals by category, products by state, drifted ones, and curves."""

    categories: tuple[tuple[str, float, float, float, int], ...]
    states: tuple[tuple[str, int], ...]
    drifted: tuple[tuple[str, float, float], ...]
    curves: tuple[DrawnCurve, ...]
    lift: tuple[tuple[float, float], ...]
    weeks: tuple[tuple[float, float], ...]
    held_back: int
    calibration: float


def told_of(model: DemandModel, raw: SalesPanel, unit: int, twin: DemandModel | None = None) -> Told:
    """What is to be told of a model beside the sales of now; `unit` is how many minor units a major one has. Its `twin`
    has not seen the last weeks: by it pieces are told by tenths of what was expected, and week by week.
    """
    members = Counter(model.goods.categories[int(category)] for category in model.goods.category)
    categories = tuple(
        (name, *(round(value, 2) for value in values), members[name])
        for name, values in category_elasticities(model).items()
    )
    counted = Counter(STATES[int(state)] for state in model.state)
    states = tuple((name, counted[name]) for name in STATES if counted[name])
    unseen = twin or model
    recent, before = (renumbered(each, unseen) for each in parts(raw))
    found = judged(unseen, recent, before)
    return Told(
        categories, states, _drifted(model, raw), _curves(model, unit), found.lift,  # type: ignore[arg-type]
        _weeks(unseen, renumbered(tidy(raw).panel, unseen)), len(np.unique(recent.period)), found.calibration,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claimed:
    """A category's elasticity with its 90 % interval and the F of its instruments; NaN, and why, where none may be
    claimed.
    """

    category: str
    figures: tuple[float, float, float, float]
    why: str


def claimed(raw: SalesPanel) -> tuple[Claimed, ...]:
    """What sales say of causes, for the categories that sell most: only prices that moved for reasons of their own
    count, which are those of costs and of lots.
    """
    found = tidy(raw).panel
    sold = np.bincount(found.goods.category[found.product], found.units, len(found.goods.categories))
    most = np.argsort(-sold, kind="stable")[:CLAIMED]
    told = claims(found.rows(np.isin(found.goods.category[found.product], most)))
    return tuple(
        Claimed(
            found.goods.categories[at],
            (float(told.elasticity[at]), float(told.low[at]), float(told.high[at]), float(told.strength[at])),
            _why(bool(told.refused[at]), float(told.strength[at])),
        )
        for at in most.tolist()
    )


def _why(refused: bool, strength: float) -> str:
    if not refused:
        return "prices moved with costs or by lot"
    if strength > 0.0:
        return f"no claim: costs and lots moved its prices too little (F below {WEAK:g})"
    return "no claim: neither a cost nor a lot has moved its prices; test prices by lot to learn it"


def _weeks(model: DemandModel, found: SalesPanel) -> tuple[tuple[float, float], ...]:
    """Pieces that were expected and that were sold in each week."""
    if not len(found):
        return ()
    week = found.period - found.period.min()
    sums = [np.bincount(week, values) for values in (expected(model, found), found.units)]
    return tuple((float(mean), float(sold)) for mean, sold in zip(*sums, strict=True))


def _drifted(model: DemandModel, raw: SalesPanel) -> tuple[tuple[str, float, float], ...]:
    found = tidy(raw).panel
    if not len(found):
        return ()
    recent = renumbered(found.since(int(found.period.max()) + 1 - LATELY), model)
    if not len(recent):
        return ()
    lately = drift(model, recent)
    rows = np.flatnonzero(lately.drifted)
    rows = rows[np.argsort(-np.abs(lately.off[rows]))]
    return tuple(
        (model.goods.sku[int(row)], round(float(lately.ratio[row]), 2), round(float(lately.off[row]), 1))
        for row in rows
    )


def _curves(model: DemandModel, unit: int) -> tuple[DrawnCurve, ...]:
    rows = np.flatnonzero(model.state == READY)
    rows = rows[np.argsort(-model.units[rows])][:DRAWN]
    usual = model.reference[rows]
    low = np.minimum(usual * (1 - REACH), model.lowest[rows])
    high = np.maximum(usual * (1 + REACH), model.highest[rows])
    prices = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, POINTS)
    found = curves(model, rows, prices, Context.plain(len(rows), float(model.controls.middle)))
    return tuple(
        DrawnCurve(
            model.goods.sku[int(row)], tuple(found.mean[at]), tuple(found.low[at]), tuple(found.high[at]),
            f"{prices[at, 0] / unit:.2f}", f"{prices[at, -1] / unit:.2f}",
        )
        for at, row in enumerate(rows)
    )  # fmt: skip
