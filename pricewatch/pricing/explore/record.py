"""What the model said when a price was decided, packed so that it can be kept with every decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pricewatch.pricing.demand.curves import curves, elasticity
from pricewatch.pricing.demand.instruments import WEAK
from pricewatch.pricing.demand.model import STATES, DemandModel
from pricewatch.pricing.demand.panel import Floats, Ints
from pricewatch.pricing.explore.ask import Ask
from pricewatch.pricing.explore.decide import MODES, WHYS, Choices

VERSION = 2
POINTS = 9
_HEAD = (
    "version", "mode", "why", "state", "price_now", "price_new", "gain", "profit_now", "profit_new", "units_now",
    "units_new", "elasticity", "elasticity_low", "elasticity_high", "units", "periods", "lowest", "highest", "noise",
    "strength", "home", "substitutes", "rival",
)  # fmt: skip
_SHORTER = {1: len(_HEAD) - 1}  # how many figures older versions had before the curve


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """Products of an ask (`rows`) that were priced by what rivals will do: the price chosen (NaN: none), the lowest one
    expected of rivals, and curves of their own (k x POINTS x 5).
    """

    rows: Ints
    price: Floats
    rival: Floats
    curve: Floats


def packed(model: DemandModel, ask: Ask, chosen: Choices, among: Answered | None = None) -> list[bytes]:
    """One record a product of the ask; of a product that the model has never seen it says no more than that."""
    size, row = len(ask.rows), np.maximum(ask.rows, 0)
    new = np.where(chosen.at >= 0, ask.prices[np.arange(size), np.maximum(chosen.at, 0)], np.nan)
    rival, shown = np.full(size, np.nan), _curve(model, ask)
    if among is not None:
        new[among.rows], rival[among.rows] = among.price, among.rival
        shown[among.rows] = among.curve.reshape(len(among.rows), -1)
    steep = elasticity(model, ask.rows, ask.now, ask.context.rivals)
    strength = model.strength[model.goods.category[row]]
    seen = np.where(ask.rows < 0, np.nan, 1.0)
    head = (
        np.full(size, VERSION), chosen.mode, chosen.why, model.states(ask.rows), ask.now, new, chosen.gain,
        chosen.profit_now, chosen.profit_new, chosen.units_now, chosen.units_new, steep.mean, steep.low, steep.high,
        model.units[row] * seen, model.periods[row] * seen, model.lowest[row] * seen, model.highest[row] * seen,
        model.noise[row] * seen, strength * seen,
        ask.home, ask.beside.any(axis=1) if len(ask.beside) == size else np.zeros(size), rival,
    )  # fmt: skip
    table = np.concatenate([np.stack(head, axis=1), shown], axis=1).astype(np.float32)
    return [line.tobytes() for line in table]


def _curve(model: DemandModel, ask: Ask) -> Floats:
    """Price, expected units a day, their band, and profit at POINTS prices from the lowest to the highest allowed."""
    prices = np.concatenate([ask.prices, ask.now[:, None]], axis=1)
    bounds = [np.where(np.isfinite(prices), prices, side * np.inf) for side in (1.0, -1.0)]
    low, high = bounds[0].min(axis=1), bounds[1].max(axis=1)
    shown = low[:, None] + (high - low)[:, None] * np.linspace(0.0, 1.0, POINTS)
    shown = np.where(np.isfinite(shown), shown, 1.0)
    each = curves(model, ask.rows, shown, ask.context)
    kept = shown * ask.keep[:, None] - ask.cost[:, None]
    return np.stack([shown, each.mean, each.low, each.high, kept * each.mean], axis=2).reshape(len(ask.rows), -1)


def unpacked(record: bytes) -> dict[str, Any]:
    """A record in words and numbers, amounts in minor units; empty for one that was written by another version."""
    line = np.frombuffer(record, dtype=np.float32)
    head = _SHORTER.get(int(line[0]), len(_HEAD)) if len(line) else 0
    if len(line) != head + 5 * POINTS or int(line[0]) > VERSION:
        return {}
    found: dict[str, Any] = {"rival": None}
    found |= {name: _number(value) for name, value in zip(_HEAD[:head], line, strict=False)}
    found |= {"mode": MODES[int(line[1])], "why": WHYS[int(line[2])], "state": STATES[int(line[3])]}
    found["instruments"] = bool((found.pop("strength") or 0.0) >= WEAK)
    found["substitutes"] = bool(found["substitutes"])
    del found["version"]
    points = line[head:].reshape(POINTS, 5)
    names = ("price", "units", "low", "high", "profit")
    found["curve"] = [dict(zip(names, map(_number, point), strict=True)) for point in points if np.isfinite(point[1])]
    return found


def _number(value: Any) -> float | None:
    number = float(value)
    return round(number, 4) if np.isfinite(number) else None
