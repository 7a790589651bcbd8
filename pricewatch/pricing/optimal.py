"""The price that earns most by what the demand model has learnt, as a column of the market."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pricewatch.pricing.answers import answers, blocked
from pricewatch.pricing.demand.curves import Context, Elasticity, curves, elasticity
from pricewatch.pricing.demand.model import DemandModel
from pricewatch.pricing.demand.panel import Flags, Floats, Ints
from pricewatch.pricing.demand.substitution import beside
from pricewatch.pricing.explore.ask import Ask, Policy
from pricewatch.pricing.explore.decide import MODES, RULES, WHYS, Choices, choose
from pricewatch.pricing.explore.record import packed, unpacked
from pricewatch.pricing.frame import MISSING, MarketFrame, Text
from pricewatch.pricing.offered import rivals_of
from pricewatch.pricing.settings import LearningSettings

STEPS = 21  # prices that the model may choose from, over its step down and up
BASIS_POINTS = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Lately:
    """What our records say of each product: the price before the first learned move and the days since the last one,
    whether its sales have left the model, whether it or a close substitute is tested (`busy`) and whether it itself is
    (`tested`), its group of substitutes (-1: none), and the cross elasticity inside groups.
    """

    home: Floats
    waiting: Floats
    drifted: Flags
    busy: Flags
    group: Ints
    tested: Flags
    cross: float = 0.0

    @classmethod
    def plain(cls, size: int) -> Lately:
        """Nothing is known."""
        no = np.zeros(size, dtype=np.bool_)
        return cls(np.full(size, np.nan), np.full(size, np.inf), no, no, np.full(size, -1), no)


def with_optimal(
    frame: MarketFrame, model: DemandModel, settings: LearningSettings, lately: Lately | None = None, *, name: str = ""
) -> MarketFrame:
    """The market with the model's price of each product and its reason; equal markets of one day have equal ones."""
    products = frame.products
    ask = ask_of(frame, model, settings, lately)
    policy = policy_of(settings, frame.exponent)
    random = np.random.default_rng([frame.taken_at // 86_400, int(model.hash[:12], 16)])
    ahead = settings.rivals == "look ahead"
    among = None if settings.rivals == "curve" else answers(frame, model, ask, policy, random, ahead=ahead)
    left = replace(policy, budget=policy.budget - among.spent) if among is not None else policy
    chosen = choose(model, blocked(ask, among), left, random)
    price = np.where(chosen.at >= 0, ask.prices[np.arange(len(products)), np.maximum(chosen.at, 0)], products.current)
    rival, told = np.full(len(products), np.nan), None
    if among is not None:
        chosen, told = among.over(chosen), among.told()
        price[among.rows], rival[among.rows] = among.price, among.rival
    optimal = np.where(chosen.mode == RULES, MISSING, np.nan_to_num(price)).astype(np.int64)
    steep = elasticity(model, ask.rows, ask.now, ask.context.rivals)
    why = Text.of([_why(chosen, row, steep, rival, frame) for row in range(len(products))])
    said = packed(model, ask, chosen, told)
    return replace(frame, products=replace(products, optimal=optimal, optimal_why=why, learnt=said), model=name)


def policy_of(settings: LearningSettings, exponent: int) -> Policy:
    """How bold the settings let the model be, money in minor units; without a budget nothing is tried."""
    return Policy(
        goal=settings.goal, gate=settings.gate / BASIS_POINTS, step=settings.step / BASIS_POINTS,
        budget=float((settings.budget or 0) * 10**exponent), slow_days=settings.slow_days,
        most=settings.trial / BASIS_POINTS,
    )  # fmt: skip


def ask_of(frame: MarketFrame, model: DemandModel, settings: LearningSettings, lately: Lately | None = None) -> Ask:
    """What the model is asked: prices around the one in force, in whole minor units, beside the rivals of now."""
    products, size = frame.products, len(frame.products)
    known = lately or Lately.plain(size)
    now = np.where(products.current > 0, products.current, np.nan).astype(np.float64)
    step = settings.step / BASIS_POINTS
    grid = np.rint(now[:, None] * np.linspace(1 - step, 1 + step, STEPS))
    rivals, without = rivals_of(frame.offers, size)
    context = Context(rivals, np.zeros(size), np.nan_to_num(without), frame.taken_at / 86_400)
    rows, cost = model.find(products.sku), np.where(products.cost != MISSING, products.cost, np.nan)
    keep = BASIS_POINTS / (BASIS_POINTS + np.maximum(products.vat, 0))
    prices = np.where(grid >= 1, grid, np.nan)
    margin = _worth(now * keep, cost, settings.goal)
    units = np.where(known.group >= 0, curves(model, rows, now[:, None], context).mean[:, 0], 0.0)
    others = beside(known.cross, known.group, units, margin, np.log(prices / now[:, None]))
    return Ask.of(
        rows, prices, now, cost, keep=keep, context=context, group=known.group, waiting=known.waiting,
        drifted=known.drifted, home=known.home, busy=known.busy, beside=others, tested=known.tested,
    )  # fmt: skip


def _worth(kept: Floats, cost: Floats, goal: str) -> Floats:
    """What a piece of each product is worth at the price in force, by what is to be earned most of."""
    if goal == "units":
        return np.ones_like(kept)
    return kept if goal == "revenue" else kept - cost


def _why(chosen: Choices, row: int, steep: Elasticity, rival: Floats, frame: MarketFrame) -> str:
    words = WHYS[int(chosen.why[row])]
    if chosen.mode[row] == RULES:
        return words
    told = (
        f"{MODES[int(chosen.mode[row])]}: {words}; P(gain) {chosen.gain[row]:.2f}, units a day "
        f"{chosen.units_now[row]:.2f} → {chosen.units_new[row]:.2f}, "
    )
    if np.isfinite(rival[row]):
        return told + f"lowest rival expected at {rival[row] / 10**frame.exponent:.{frame.exponent}f} {frame.currency}"
    return told + f"elasticity {steep.mean[row]:.1f} ({steep.low[row]:.1f} to {steep.high[row]:.1f})"


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Expected pieces a day at a gross price in minor units, with an 80 % band, and the profit a day in minor units."""

    price: int
    units: float
    low: float
    high: float
    profit: float


def demand_curve(
    frame: MarketFrame, model: DemandModel, settings: LearningSettings, row: int
) -> tuple[CurvePoint, ...]:
    """The demand curve of one product of a frame that decided its price: among rivals who move, over what an answer may
    ask; else over the prices that the model may choose, and twice as far.
    """
    if among_rivals(frame, row):
        return tuple(_point(**each) for each in _said(frame, row)["curve"])
    wide = settings.model_copy(update={"step": min(2 * settings.step, BASIS_POINTS // 2)})
    ask = ask_of(frame, model, wide)
    one = np.array([row])
    context = Context(ask.context.rivals[one], ask.context.promotion[one], ask.context.rivals_out[one], ask.context.day)
    found = curves(model, ask.rows[one], ask.prices[one], context)
    kept = ask.prices[row] * ask.keep[row] - ask.cost[row]
    return tuple(
        _point(float(price), float(units), float(low), float(high), float(units * margin))
        for price, units, low, high, margin in zip(
            ask.prices[row], found.mean[0], found.low[0], found.high[0], kept, strict=True
        )
        if np.isfinite(price)
    )


def among_rivals(frame: MarketFrame, row: int) -> bool:
    """Whether the price of a product is the answer to rivals, and not the best one of its pooled curve."""
    return _said(frame, row).get("rival") is not None


def _said(frame: MarketFrame, row: int) -> dict[str, Any]:
    return unpacked(frame.products.learnt[row]) if frame.products.learnt is not None else {}


def _point(price: float, units: float, low: float, high: float, profit: float) -> CurvePoint:
    return CurvePoint(round(price), units, low, high, profit)
