"""Train a demand model, judge it on weeks that it has not seen, and decide whether it is better than the one in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pricewatch.pipeline.demand_models import DemandModels
from pricewatch.pricing.demand.curves import Context, curves
from pricewatch.pricing.demand.model import READY, DemandModel, train
from pricewatch.pricing.demand.panel import Floats, SalesPanel, tidy

HELD_OUT = 0.25  # the newest share of the weeks, by which models are judged
LEAST_ROWS = 20


@dataclass(frozen=True, slots=True)
class Learnt:
    """A model of all weeks, what its twin of the earlier ones predicted, and whether it shall be used."""

    model: DemandModel
    evaluation: Mapping[str, Any]
    better: bool
    reason: str = ""


def learn(raw: SalesPanel, models: DemandModels) -> Learnt:
    """Train on the earlier weeks and judge on the later ones, beside each product's own mean and the model in use; then
    train on all of them. A model that predicts worse than either is not to be used.
    """
    found = tidy(raw).panel
    last = int(found.period.max()) + 1 if len(found) else 0
    cut = last - max(int(last * HELD_OUT), 1)
    earlier, later = found.before(cut), found.since(cut)
    trained = train(raw)
    figures: dict[str, Any] = {
        "products": len(raw.goods), "ready": int((trained.state == READY).sum()), "weeks": last,
        "set_aside": dict(trained.set_aside),
    }  # fmt: skip
    if len(earlier) < LEAST_ROWS or len(later) < LEAST_ROWS:
        return Learnt(trained, figures, False, "there are too few weeks of sales to judge it by")
    twin = train(earlier)
    judged = later.rows(twin.states(later.product) == READY)
    if len(judged) < LEAST_ROWS:
        return Learnt(trained, figures, False, "too few products have enough sales and more than one price")
    loss, mean = _loss(judged, _predicted(twin, judged)), _loss(judged, _means(earlier, judged))
    before = models.load()
    known = before.find(judged.goods.sku)[judged.product] >= 0 if before else np.zeros(len(judged), dtype=bool)
    figures |= {"judged_rows": len(judged), "loss": round(loss, 4), "mean_loss": round(mean, 4)}
    if before is not None and known.sum() >= LEAST_ROWS:
        both = judged.rows(known)
        old, new = _loss(both, _predicted(before, both)), _loss(both, _predicted(twin, both))
        figures |= {"before": models.active(), "before_loss": round(old, 4), "new_loss": round(new, 4)}
        if new > old * 1.01:
            return Learnt(trained, figures, False, f"it predicts worse than {models.active()}")
    if loss > mean:
        return Learnt(trained, figures, False, "it predicts worse than each product's own mean")
    return Learnt(trained, figures, True)


def _predicted(model: DemandModel, found: SalesPanel) -> Floats:
    """Expected pieces of each row."""
    rows = model.find(found.goods.sku)[found.product]
    day = found.start + (found.period + 0.5) * found.period_days
    expected = np.zeros(len(found))
    for period in np.unique(found.period):
        at = np.flatnonzero(found.period == period)
        around = Context(
            found.cheapest[at][:, None], found.promotion[at], np.nan_to_num(found.rivals_out[at]), float(day[at[0]])
        )
        expected[at] = curves(model, rows[at], found.price[at][:, None], around).mean[:, 0] * found.days[at]
    return np.asarray(np.maximum(np.nan_to_num(expected), 1e-6))


def _means(earlier: SalesPanel, later: SalesPanel) -> Floats:
    """What each product's mean of the earlier weeks predicts for the later ones."""
    size = len(earlier.goods)
    units = np.bincount(earlier.product, earlier.units, size)
    days = np.bincount(earlier.product, earlier.days, size)
    rate = np.divide(units, days, out=np.zeros(size), where=days > 0)
    return np.asarray(np.maximum(rate[later.product] * later.days, 1e-6))


def _loss(found: SalesPanel, expected: Floats) -> float:
    """Mean Poisson deviance a row: 0 would be foresight."""
    units = found.units
    logs = np.where(units > 0, units * np.log(np.where(units > 0, units, 1.0) / expected), 0.0)
    return float(np.mean(2.0 * (logs - (units - expected))))
