"""Whether the demand model in use still fits what is sold: looked at once a day, and heeded by every plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from pricewatch.domain.errors import UsageError
from pricewatch.domain.product import PriceGroup
from pricewatch.pipeline.workbench import Workbench

if TYPE_CHECKING:
    from pricewatch.pricing.demand.model import DemandModel
    from pricewatch.pricing.demand.panel import SalesPanel

LATELY = 4  # weeks
_LEAST = 20.0  # pieces expected before calibration says anything
_OFF = 0.25  # sold over expected may leave 1 by this share
_MANY = 0.1  # of the products that were looked at


def look_for_drift(bench: Workbench) -> Iterator[str]:
    """Hold the models in use against the sales of the last weeks, where that was not done today; yields what a person
    should know.
    """
    if not bench.rulebook.reads_optimal:
        return
    today = bench.clock.now().date().isoformat()
    for group in bench.groups:
        models = bench.demand_models(group.name)
        name = models.active()
        if not name:
            continue
        try:
            models.load()
        except UsageError as error:
            yield f"{error}; {error.hint}; until then the rules price what it priced"
            continue
        found = models.lately(name)
        if found.get("day") != today:
            found = {"day": today, **_looked(bench, group)}
            models.note(name, found)
        yield from _told(name, found)


def _looked(bench: Workbench, group: PriceGroup) -> dict[str, Any]:
    from pricewatch.pipeline.demand import sales_panel  # brings scipy

    model = bench.demand_models(group.name).load()
    assert model is not None
    return held_against(model, sales_panel(bench, group, weeks=LATELY, also=model.goods.sku))


def held_against(model: DemandModel, raw: SalesPanel) -> dict[str, Any]:
    """How a model does on recent sales: sold over expected units, and the products that have left it."""
    from pricewatch.pipeline.learning import renumbered
    from pricewatch.pricing.demand.evaluate import drift, expected
    from pricewatch.pricing.demand.panel import tidy

    recent = renumbered(tidy(raw).panel, model)
    if not len(recent):
        return {"products": 0, "sold": 0.0, "expected": 0.0, "drifted": []}
    off = drift(model, recent)
    looked = len(np.unique(recent.product))
    return {
        "products": looked,
        "sold": round(float(recent.units.sum()), 1),
        "expected": round(float(expected(model, recent).sum()), 1),
        "drifted": [model.goods.sku[int(row)] for row in np.flatnonzero(off.drifted)],
    }


def _told(name: str, found: Any) -> Iterator[str]:
    left, looked = len(found.get("drifted", ())), found.get("products", 0)
    if left and left >= _MANY * looked:
        yield (
            f"the sales of {left} of {looked} products have left the demand model {name}, rules price them; "
            "`pricewatch model train` learns anew"
        )
    sold, expected = found.get("sold", 0.0), found.get("expected", 0.0)
    if expected >= _LEAST and abs(sold / expected - 1.0) > _OFF:
        yield f"all together, {sold / expected:.0%} of what the demand model {name} expects was sold in {LATELY} weeks"
