"""The answer to rivals who move, for the products whose customers and rivals a model knows by their days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from pricewatch.pricing.demand.model import READY, DemandModel
from pricewatch.pricing.demand.panel import Flags, Floats, Ints
from pricewatch.pricing.demand.rivalry import Rivals
from pricewatch.pricing.explore.among import contest_of
from pricewatch.pricing.explore.ask import Ask, Policy
from pricewatch.pricing.explore.contest import Contest, Reply, settled
from pricewatch.pricing.explore.decide import (
    AHEAD,
    ANSWER,
    EXPLOIT,
    EXPLORE,
    HOLD,
    RECENT,
    STAY,
    TESTED,
    TRIAL,
    Choices,
    strange,
)
from pricewatch.pricing.explore.record import POINTS, Answered
from pricewatch.pricing.frame import MISSING, MarketFrame
from pricewatch.pricing.offered import by_name, in_order

BAND = 10.0, 90.0  # per cent of the members


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The decisions of some products of an ask, and what is behind them: `price` in its unit, `rival` the lowest price
    expected of rivals, `curve` (k x POINTS x 5) price, units, their band and profit; the money of a day that trials of
    theirs may cost is `spent`.
    """

    rows: Ints
    mode: Ints
    why: Ints
    price: Floats
    gain: Floats
    profit: Floats  # k x 2: now, new
    units: Floats  # k x 2
    rival: Floats
    curve: Floats
    spent: float = 0.0

    def over(self, chosen: Choices) -> Choices:
        """The choices of all products with these in their place."""
        columns = {name: np.array(getattr(chosen, name)) for name in Choices.__slots__}
        said = {
            "at": -1, "mode": self.mode, "why": self.why, "gain": self.gain, "profit_now": self.profit[:, 0],
            "profit_new": self.profit[:, 1], "units_now": self.units[:, 0], "units_new": self.units[:, 1],
        }  # fmt: skip
        for name, values in said.items():
            columns[name][self.rows] = values
        return Choices(**columns)

    def told(self) -> Answered:
        """What a record keeps of them."""
        return Answered(self.rows, np.where(self.mode > HOLD, self.price, np.nan), self.rival, self.curve)


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    row: int
    mode: int
    why: int
    price: float
    reply: Reply
    chosen: int  # which of the reply's figures are the choice's: 0 the price in force, 1 the best, 2 the one to try
    money: float
    rival: float
    curve: Floats


def answers(
    frame: MarketFrame, model: DemandModel, ask: Ask, policy: Policy, random: np.random.Generator, *, ahead: bool
) -> Answers | None:
    """The answers for all products that have one; None where none has. The goal is profit or revenue."""
    learnt = model.rivals
    if learnt is None or policy.goal not in {"profit", "revenue"}:
        return None
    places = np.where(_open(model, ask, policy), learnt.find(ask.rows), -1)
    rows = np.flatnonzero(places >= 0)
    asked = by_name(frame.offers, set(rows.tolist()))
    budget, tried, found = policy.budget, set[int](), list[_Answer]()
    for row in rows.tolist():
        contest = _standing(learnt, int(places[row]), model, ask, row, asked.get(row, {}), random, ahead=ahead)
        if contest is None:
            continue
        _bounded(contest, frame, model, ask, row, policy)
        may_try = not ask.busy[row] and int(ask.group[row]) not in tried
        answer = _answered(contest, model, ask, row, policy, budget if may_try else 0.0)
        found.append(answer)
        if answer.mode == EXPLORE:
            budget -= max(answer.reply.worth[0] - answer.reply.worth[2], 0.0) * answer.money
            tried |= {int(ask.group[row])} - {-1}
    return _joined(found, policy.budget - budget if found else 0.0) if found else None


def _open(model: DemandModel, ask: Ask, policy: Policy) -> Flags:
    known = np.isfinite(ask.cost) | (policy.goal == "revenue")
    priced = (model.states(ask.rows) == READY) & ~ask.drifted & ~strange(model, ask)
    return np.asarray(priced & known & (ask.now > 0.0))


def _standing(
    learnt: Rivals, place: int, model: DemandModel, ask: Ask, row: int, asked: Mapping[str, float],
    random: np.random.Generator, *, ahead: bool,
) -> Contest | None:  # fmt: skip
    """A product's contest among what is asked now; None where none of its rivals has stock."""
    names = [str(name) for name in learnt.names[place] if name]
    unit = float(model.reference[ask.rows[row]])
    theirs = np.array(in_order(asked, names, set(names))) / unit
    if not np.isfinite(theirs).any():
        return None
    contest = contest_of(learnt, place, random, ahead=ahead)
    contest.last = float(ask.now[row]) / unit, theirs
    return contest


def _bounded(contest: Contest, frame: MarketFrame, model: DemandModel, ask: Ask, row: int, policy: Policy) -> None:
    """Say what a piece costs, and between which prices an answer may lie: never below cost, floor to ceiling."""
    unit, product = float(model.reference[ask.rows[row]]), frame.products
    contest.cost = float(ask.cost[row] / ask.keep[row]) / unit if policy.goal == "profit" else 0.0
    floor, ceiling = int(product.floor[row]), int(product.ceiling[row])
    contest.low = max(contest.cost, floor / unit if floor != MISSING else 0.0, 1.0 / unit)
    contest.high = max(ceiling / unit if ceiling != MISSING else np.inf, contest.low)
    contest.seen = float(model.lowest[ask.rows[row]]) / unit, float(model.highest[ask.rows[row]]) / unit


def _answered(contest: Contest, model: DemandModel, ask: Ask, row: int, policy: Policy, budget: float) -> _Answer:
    unit, keep, now = float(model.reference[ask.rows[row]]), float(ask.keep[row]), float(ask.now[row])
    money = unit * keep
    options = contest.options(1.0 / unit, policy.step)
    contest.low, contest.high = float(options[0]), float(options[-1])
    reply = contest.reply(options, beside=_beside(ask, row) / money)
    asked, trying = settled(reply, policy, budget / money)
    mode = HOLD if asked is None else EXPLORE if trying else EXPLOIT
    why = STAY if asked is None else TRIAL if trying else AHEAD if contest.ahead else ANSWER
    recent = reply.units[0] < policy.slow and ask.waiting[row] < policy.slow_days
    if ask.tested[row] or recent:
        mode, why, asked = HOLD, TESTED if ask.tested[row] else RECENT, None
    price = now if asked is None else float(np.rint(asked * unit))
    chosen = {HOLD: 0, EXPLOIT: 1, EXPLORE: 2}[mode]
    curve = _curve(contest, unit, keep, float(ask.cost[row]))
    return _Answer(row, mode, why, price, reply, chosen, money, reply.rival * unit, curve)


def _beside(ask: Ask, row: int) -> float:
    """What substitutes earn more a day where our price grows e-fold."""
    if len(ask.beside) < len(ask) or ask.beside.shape[1] < 2:
        return 0.0
    far = np.log(ask.prices[row, -1] / ask.prices[row, 0])
    return float((ask.beside[row, -1] - ask.beside[row, 0]) / far) if far > 0.0 else 0.0


def _curve(contest: Contest, unit: float, keep: float, cost: float) -> Floats:
    shown = np.linspace(contest.low, contest.high, POINTS)
    units = contest.curve(shown)
    low, high = np.percentile(units, BAND, axis=1)
    mean = units.mean(axis=1)
    return np.stack([shown * unit, mean, low, high, (shown * unit * keep - cost) * mean], axis=1)


def _joined(found: list[_Answer], spent: float) -> Answers:
    shown = [(one, one.chosen or 1) for one in found]  # where nothing moves, what the best one would have done
    worth = [(one.reply.worth[0] * one.money, one.reply.worth[at] * one.money) for one, at in shown]
    units = [(one.reply.units[0], one.reply.units[at]) for one, at in shown]
    rows, mode, why, price, rival = (
        np.array([getattr(one, name) for one in found]) for name in ("row", "mode", "why", "price", "rival")
    )
    gain, curves = np.array([one.reply.gain for one in found]), np.stack([one.curve for one in found])
    return Answers(rows, mode, why, price, gain, np.array(worth), np.array(units), rival, curves, spent)


def blocked(ask: Ask, found: Answers | None) -> Ask:
    """The ask of all products where those that are answered, and substitutes of those on trial, try nothing."""
    if found is None:
        return ask
    busy = np.array(ask.busy)
    busy[found.rows] = True
    on_trial = np.unique(ask.group[found.rows[found.mode == EXPLORE]])
    return replace(ask, busy=busy | np.isin(ask.group, on_trial[on_trial >= 0]))
