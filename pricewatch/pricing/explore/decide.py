"""Which allowed price to ask next: earn where a gain is likely enough, learn where learning is cheap, else hold.

Exploration is Thompson's (Biometrika 1933), tempered: the price that is best under the mean of a few drawn curves, not
under one; with more draws it comes closer to the best price of the expected curve. It stays in a budget of money.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pricewatch.pricing.demand.curves import Context, on_nodes, part, spread, surroundings
from pricewatch.pricing.demand.model import STATES, DemandModel
from pricewatch.pricing.demand.panel import Flags, Floats, Ints
from pricewatch.pricing.demand.posterior import Posterior

Goal: TypeAlias = Literal["profit", "revenue", "units", "profit with volume"]
MODES = ("rules", "hold", "exploit", "explore")
RULES, HOLD, EXPLOIT, EXPLORE = range(len(MODES))
WHYS = (
    "its curve earns more at this price",
    "back towards its usual price: no longer likely enough to earn more than that",
    "a cheap trial to learn its curve",
    "no allowed price within the step is likely enough to earn more",
    "a trial would cost more than the budget for exploration has left",
    "a close substitute is on trial already",
    "it sells slowly: its last learned move is too recent to have taught anything",
    "too few sales to know its curve: the rules price it",
    "one price only was ever seen: the rules price it",
    "it was never sold: the rules price it",
    "the model has never seen it: the rules price it",
    "no cost is known, and the goal needs one: the rules price it",
    "no price is allowed: the rules price it",
    "its sales have left what the model expects: the rules price it",
    "the model does not predict better than each product's mean: the rules price it",
    "it is in a test of prices",
    "no budget for exploration is set, so nothing is tried",
)  # kept by their place in records: new ones go to the end
(
    GAIN,
    HOME,
    TRIAL,
    UNLIKELY,
    DEAR,
    SUBSTITUTE,
    RECENT,
    THIN,
    FLAT,
    UNSOLD,
    UNKNOWN,
    COSTLESS,
    PRICELESS,
    DRIFTED,
    WEAK,
    TESTED,
    UNBUDGETED,
) = range(len(WHYS))
_STATE_WHY = dict(zip(STATES, (GAIN, THIN, FLAT, UNSOLD, UNKNOWN), strict=True))
_TINY, _NEARLY = 1e-9, 0.99
_BATCH = 20_000
_SPREAD = 8  # more draws than these are spread evenly over what is believed


@dataclass(frozen=True, slots=True)
class Policy:
    """How bold the learner is.

    `gate` is the probability of a gain that a move needs; `step` the largest learned change of a price, as a share;
    `draws` how many drawn curves a trial averages; a trial may cost at most the share `most` of what its product earns,
    and all trials together the money `budget` a day. A product that sells less than `slow` units a day moves every
    `slow_days` at most, and its trials may cost less in proportion, for they teach less. A price at which a product
    surely earns less than at its usual price counts as if it earned the share `caution` less of that; in proportion
    where it is less sure. `volume_floor` is the least share of its units that a product keeps under the goal "profit
    with volume".
    """

    goal: Goal = "profit"
    gate: float = 0.8
    step: float = 0.05
    draws: int = 4
    most: float = 0.02
    budget: float = np.inf
    slow: float = 1.0
    slow_days: float = 7.0
    volume_floor: float = 0.9
    caution: float = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """The products to price, one each row: allowed prices n x m (NaN-padded), the price in force, and what it takes.

    `rows` count into the model, -1 for a product that it has never seen. `cost` is per unit in the prices' unit, NaN
    where unknown; `keep` the share of the price that stays with us, after VAT and fees. `group` numbers close
    substitutes, -1 for none; `waiting` is days since the last learned move; `drifted` marks broken predictions; `home`
    is the usual price, that of before the first learned move (NaN: none). `busy` marks products that are in a test
    of prices or have a close substitute in one, `tested` those that are in one themselves; `beside` (n x m) is what
    substitutes earn more a day at each price than at the one in force.
    """

    rows: Ints
    prices: Floats
    now: Floats
    cost: Floats
    keep: Floats
    context: Context
    group: Ints
    waiting: Floats
    drifted: Flags
    home: Floats
    busy: Flags
    beside: Floats
    tested: Flags

    @classmethod
    def of(
        cls,
        rows: npt.ArrayLike,
        prices: npt.ArrayLike,
        now: npt.ArrayLike,
        cost: npt.ArrayLike,
        *,
        keep: npt.ArrayLike = 1.0,
        context: Context | None = None,
        group: npt.ArrayLike | None = None,
        waiting: npt.ArrayLike = np.inf,
        drifted: npt.ArrayLike = False,
        home: npt.ArrayLike = np.nan,
        busy: npt.ArrayLike = False,
        beside: Floats | None = None,
        tested: npt.ArrayLike = False,
    ) -> Ask:
        """An ask with what is usual for all that is not given: no rivals, no VAT, no substitutes, no recent move."""
        known = np.asarray(rows, dtype=np.int64)
        size = len(known)
        wide = [
            np.broadcast_to(np.asarray(each, dtype=np.float64), (size,)) for each in (now, cost, keep, waiting, home)
        ]
        table = np.asarray(prices, dtype=np.float64)
        flags = [np.broadcast_to(np.asarray(each, dtype=bool), (size,)) for each in (drifted, busy, tested)]
        return cls(
            known, table, wide[0], wide[1], wide[2],
            context or Context.plain(size), np.full(size, -1) if group is None else np.asarray(group, dtype=np.int64),
            wide[3], flags[0], wide[4], flags[1], np.zeros((1, 1)) if beside is None else beside,
            flags[2],
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """One decision a product: the column of the chosen price, or -1 where rules (or the price in force) decide.

    `mode` counts into MODES, `why` into WHYS; `gain` is the probability that the chosen price (the best one where
    nothing moves) earns more than the one in force. Profits (of the goal's kind) and units are a day; NaN where the
    model makes no claim.
    """

    at: Ints
    mode: Ints
    why: Ints
    gain: Floats
    profit_now: Floats
    profit_new: Floats
    units_now: Floats
    units_new: Floats


def choose(model: DemandModel, ask: Ask, policy: Policy, random: np.random.Generator) -> Choices:
    """Decide for all products at once; whatever is not known well enough is left to the rules, with the reason."""
    known = np.maximum(ask.rows, 0)
    effect = surroundings(model, known, np.concatenate([ask.prices, ask.now[:, None]], axis=1), ask.context)
    reasons = np.array([_STATE_WHY[name] for name in STATES])[model.states(ask.rows)]
    reasons = np.where((reasons == GAIN) & ask.drifted, DRIFTED, reasons)
    return propose(part(model.posterior, known), model.reference[known], ask, effect, reasons, policy, random)


def propose(
    believed: Posterior,
    reference: Floats,
    ask: Ask,
    effect: Floats,
    reasons: Ints,
    policy: Policy,
    random: np.random.Generator,
) -> Choices:
    """The same from what is believed of each product; `effect` is the log effect of rivals and season at each price and
    at the one in force (n x m + 1), `reasons` is READY's where a product may be priced by its curve.
    """
    table = _Table.of(believed, reference, ask, effect, policy)
    reasons = _unpriceable(reasons, ask, policy)
    usual = _Usual.of(table, reference, ask, policy)
    worth, now_worth = usual.less(table.value), table.now_value - usual.dread[:, -1]
    best, tried = table.best(worth), table.best(usual.less(table.sampled(random, policy.draws)))
    gain = table.gain(best)
    better = table.at(worth, best) > now_worth + _TINY
    loss = np.maximum(now_worth - table.at(worth, tried), 0.0)
    mode, why = _modes(reasons, (gain >= policy.gate) & better, loss, tried, table, ask, policy)
    leaving = usual.calls(best) & better & ((mode == HOLD) | (mode == EXPLORE)) & (why != RECENT)
    mode, why = np.where(leaving, EXPLOIT, mode), np.where(leaving, HOME, why)
    at = np.select([mode == EXPLOIT, mode == EXPLORE], [best, tried], -1)
    shown = np.where(at >= 0, at, best)
    claimed = mode != RULES
    return Choices(
        at, mode, why, *(np.where(claimed, each, np.nan) for each in (
            np.where(at >= 0, table.gain(shown), gain), table.now_value, table.at(table.value, shown),
            table.now_units, table.at(table.units, shown),
        ))
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Usual:
    """How far each price is from the usual one, the one in force last; what the risk of earning less there costs."""

    away: Floats
    dread: Floats

    @classmethod
    def of(cls, table: _Table, reference: Floats, ask: Ask, policy: Policy) -> _Usual:
        """No distance and no risk where no usual price is known."""
        there = np.flatnonzero(np.isfinite(ask.home) & (ask.home > 0.0))
        if not len(there) or policy.caution <= 0.0:
            nothing = np.broadcast_to(0.0, table.relative.shape)
            return cls(nothing, nothing)
        away, dread = np.zeros_like(table.relative), np.zeros_like(table.relative)
        price = (ask.home / reference)[:, None]
        each = _margin(ask.home[:, None], ask, policy.goal) * table.effect[:, -1:]
        for rows in np.array_split(there, len(there) // _BATCH + 1):
            believed = part(table.believed, rows)
            earned = policy.caution * np.maximum(each[rows] * spread(on_nodes(believed)[0], price[rows]), 0.0)
            ratio = (table.margin[rows] * table.effect[rows]) / np.maximum(each[rows], _TINY)
            risk = believed.falls(price[rows], table.relative[rows], np.log(np.maximum(ratio / _NEARLY, _TINY)))
            away[rows] = np.abs(table.relative[rows] - price[rows])
            dread[rows] = np.where(ratio > 0.0, earned * risk, earned)
        return cls(away, dread)

    def less(self, value: Floats) -> Floats:
        """The value of every allowed price less what its risk costs."""
        return value - self.dread[:, :-1] if self.dread.any() else value

    def calls(self, columns: Ints) -> Flags:
        """Whether a column leads back to the usual price."""
        return np.asarray(_Table.at(self.away, columns) < self.away[:, -1] - _TINY)


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """Expected units and value at every allowed price and at the one in force, and what is behind them."""

    believed: Posterior
    relative: Floats
    effect: Floats
    margin: Floats
    beside: Floats
    allowed: Flags
    units: Floats
    value: Floats
    now_units: Floats
    now_value: Floats

    @classmethod
    def of(cls, believed: Posterior, reference: Floats, ask: Ask, effect: Floats, policy: Policy) -> _Table:
        prices = np.concatenate([ask.prices, ask.now[:, None]], axis=1)
        relative = np.where(np.isfinite(prices), prices, ask.now[:, None]) / reference[:, None]
        felt = np.exp(effect)
        margin = _margin(prices, ask, policy.goal)
        units = spread(on_nodes(believed)[0], relative) * felt
        value = margin * units
        value[:, :-1] += ask.beside
        near = np.abs(ask.prices / ask.now[:, None] - 1.0) <= policy.step + _TINY
        allowed = np.isfinite(ask.prices) & near
        if policy.goal == "profit with volume":
            allowed &= units[:, :-1] >= policy.volume_floor * units[:, -1:]
        return cls(
            believed, relative, felt, margin, ask.beside, allowed, units[:, :-1], value[:, :-1], units[:, -1],
            value[:, -1],
        )  # fmt: skip

    def best(self, value: Floats) -> Ints:
        """The allowed price of the highest value; the first column where none is allowed."""
        return np.asarray(np.argmax(np.where(self.allowed, value, -np.inf), axis=1), dtype=np.int64)

    @staticmethod
    def at(values: Floats, columns: Ints) -> Floats:
        return np.asarray(values[np.arange(len(columns)), columns])

    def gain(self, columns: Ints) -> Floats:
        """The probability that the price of a column is worth more than the one in force."""
        shapes = self.believed.shapes
        new, old = (
            (self.at(self.margin, at) * self.at(self.effect, at))[:, None]
            * shapes.curves(self.at(self.relative, at)).astype(self.believed.weight.dtype)
            for at in (columns, np.full(len(columns), self.margin.shape[1] - 1))
        )
        if not self.beside.any():
            return np.asarray(np.einsum("nj,nj->n", self.believed.weight, new > old))
        others = self.at(self.beside, columns)[:, None]
        return np.asarray(np.einsum("nj,nj->n", self.believed.weight, self.believed.level * (new - old) > -others))

    def sampled(self, random: np.random.Generator, draws: int) -> Floats:
        """The value at every price under the mean of so many drawn curves a product."""
        weight = self.believed.weight
        bounds = np.cumsum(weight, axis=1)
        if draws > _SPREAD:
            bounds *= draws
            bounds += random.random((len(weight), 1)).astype(weight.dtype)
            return self._valued(np.diff(np.floor(bounds, out=bounds), axis=1, prepend=weight.dtype.type(0.0)))
        drawn = np.zeros_like(weight)
        rows = np.arange(len(weight))
        for _ in range(draws):
            at = np.minimum((bounds < random.random((len(weight), 1))).sum(axis=1), weight.shape[1] - 1)
            drawn[rows, at] += 1.0
        return self._valued(drawn)

    def _valued(self, drawn: Floats) -> Floats:
        """The value at every price under shapes that were drawn this often."""
        drawn /= drawn.sum(axis=1, keepdims=True)
        found = Posterior(self.believed.shapes, drawn, self.believed.level, self.believed.known)
        units = spread(on_nodes(found)[0], self.relative[:, :-1])
        return np.asarray(self.margin[:, :-1] * self.effect[:, :-1] * units + self.beside)


def _margin(prices: Floats, ask: Ask, goal: Goal) -> Floats:
    """What a unit is worth at each price."""
    if goal == "units":
        return np.ones_like(prices)
    kept = prices * ask.keep[:, None]
    return kept if goal == "revenue" else kept - ask.cost[:, None]


def _unpriceable(reasons: Ints, ask: Ask, policy: Policy) -> Ints:
    costless = ~np.isfinite(ask.cost) & (policy.goal in {"profit", "profit with volume"})
    none = ~np.isfinite(ask.prices).any(axis=1) | ~np.isfinite(ask.now) | (ask.now <= 0.0)
    return np.select([reasons != GAIN, none, costless], [reasons, PRICELESS, COSTLESS], GAIN)


def _modes(
    reasons: Ints, sure: Flags, loss: Floats, tried: Ints, table: _Table, ask: Ask, policy: Policy
) -> tuple[Ints, Ints]:
    """Exploit where a gain is likely, explore where that is affordable, hold elsewhere; why, for each."""
    ready = (reasons == GAIN) & table.allowed.any(axis=1)
    slow = table.now_units < policy.slow
    recent = slow & (ask.waiting < policy.slow_days)
    moves = np.abs(table.at(table.relative, tried) - table.relative[:, -1]) > _TINY
    wanted = ready & ~sure & ~recent & moves
    paid, blocked = _afforded(wanted & ~ask.busy, loss, table, ask, policy)
    blocked = blocked | (wanted & ask.busy)
    mode = np.select([~(reasons == GAIN), ready & sure & ~recent, paid], [RULES, EXPLOIT, EXPLORE], HOLD)
    why = np.select(
        [mode == RULES, mode == EXPLOIT, mode == EXPLORE, ready & recent, wanted & ask.tested, blocked, wanted],
        [reasons, GAIN, TRIAL, RECENT, TESTED, SUBSTITUTE, DEAR],
        UNLIKELY,
    )
    unpaid = policy.budget <= 0.0
    return mode, np.where(unpaid & np.isin(why, (SUBSTITUTE, DEAR)), UNBUDGETED, why)


def _afforded(wanted: Flags, loss: Floats, table: _Table, ask: Ask, policy: Policy) -> tuple[Flags, Flags]:
    """Trials in order of what they cost for what is at stake, until the budget is spent; one a group of substitutes."""
    priced = np.nan_to_num(np.maximum(table.now_value, 0.0))
    share = loss / np.maximum(priced, _TINY)
    cheap = np.flatnonzero(wanted & (share <= policy.most * np.minimum(table.now_units / max(policy.slow, _TINY), 1.0)))
    order = cheap[np.argsort(share[cheap], kind="stable")]
    group = ask.group[order]
    _, first = np.unique(np.where(group < 0, -1 - np.arange(len(group)), group), return_index=True)
    alone = np.zeros(len(order), dtype=bool)
    alone[first] = True
    spent = np.cumsum(np.where(alone, loss[order], 0.0))
    paid, blocked = np.zeros(len(wanted), dtype=bool), np.zeros(len(wanted), dtype=bool)
    paid[order] = alone & (spent <= policy.budget) & (policy.budget > 0.0)  # without a budget not even a free one
    blocked[order] = ~alone
    return paid, blocked
