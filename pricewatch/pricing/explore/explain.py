"""Why a product got its price: the record of one decision, ready for JSON and for words."""

from __future__ import annotations

from typing import Any

import numpy as np

from pricewatch.pricing.demand.curves import Context, curves, elasticity
from pricewatch.pricing.demand.model import STATES, DemandModel
from pricewatch.pricing.explore.decide import MODES, WHYS, Ask, Choices

POINTS = 21


def explain(model: DemandModel, ask: Ask, chosen: Choices, product: int) -> dict[str, Any]:
    """The demand curve with its band around the allowed prices, profit now and new, elasticity, data, mode and reason.

    Units and profits are a day; what the model makes no claim of is None. `product` is the row of the ask.
    """
    row = ask.rows[product : product + 1]
    state = STATES[int(model.states(row)[0])]
    found: dict[str, Any] = {
        "mode": MODES[int(chosen.mode[product])],
        "why": WHYS[int(chosen.why[product])],
        "state": state,
        "price_now": _number(ask.now[product]),
        "price_new": _number(ask.prices[product, chosen.at[product]]) if chosen.at[product] >= 0 else None,
        "probability_of_gain": _number(chosen.gain[product]),
    }
    for name in ("profit_now", "profit_new", "units_now", "units_new"):
        found[name] = _number(getattr(chosen, name)[product])
    if row[0] < 0:
        return found | {"curve": [], "elasticity": None, "data": None}
    return found | {
        "curve": _curve(model, ask, product),
        "elasticity": _elasticity(model, ask, product),
        "data": _data(model, int(row[0])),
    }


def _curve(model: DemandModel, ask: Ask, product: int) -> list[dict[str, float | None]]:
    prices = np.append(ask.prices[product], ask.now[product])
    known = prices[np.isfinite(prices)]
    if not len(known):
        return []
    shown = np.linspace(known.min(), known.max(), POINTS)[None, :]
    around = ask.context
    here = Context(
        around.rivals[product : product + 1], around.promotion[product : product + 1],
        around.rivals_out[product : product + 1], around.day,
    )  # fmt: skip
    each = curves(model, ask.rows[product : product + 1], shown, here)
    kept = shown[0] * ask.keep[product] - ask.cost[product]
    return [
        {
            "price": _number(price),
            "units": _number(mean),
            "low": _number(low),
            "high": _number(high),
            "profit": _number(earned),
        }
        for price, mean, low, high, earned in zip(
            shown[0], each.mean[0], each.low[0], each.high[0], kept * each.mean[0], strict=True
        )
    ]


def _elasticity(model: DemandModel, ask: Ask, product: int) -> dict[str, float | None]:
    each = elasticity(
        model,
        ask.rows[product : product + 1],
        ask.now[product : product + 1],
        ask.context.rivals[product : product + 1],
    )
    return {"mean": _number(each.mean[0]), "low": _number(each.low[0]), "high": _number(each.high[0])}


def _data(model: DemandModel, row: int) -> dict[str, Any]:
    """What the curve was learnt from; `instruments` says whether prices moved for reasons of their own."""
    category = int(model.goods.category[row])
    return {
        "units": _number(model.units[row]),
        "periods": _number(model.periods[row]),
        "lowest_price": _number(model.lowest[row]),
        "highest_price": _number(model.highest[row]),
        "noise": _number(model.noise[row]),
        "category": model.goods.categories[category],
        "instruments": bool(model.strength[category] >= 10.0),
    }


def _number(value: Any) -> float | None:
    number = float(value)
    return round(number, 6) if np.isfinite(number) else None
