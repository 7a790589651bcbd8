"""What the curves say of every allowed price: the best one, one to try, and the one in force, in columns of options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pricewatch.pricing.demand.curves import on_nodes, part, spread
from pricewatch.pricing.demand.panel import Flags, Floats, Ints
from pricewatch.pricing.demand.posterior import Posterior
from pricewatch.pricing.explore.ask import Ask, Goal, Policy
from pricewatch.pricing.explore.lessons import Lessons

TINY = 1e-9
_NEARLY = 0.99
_BATCH = 5_000  # products: small tables are several times faster than large ones
_SPREAD = 8  # more draws than these are spread evenly over what is believed


@dataclass(frozen=True, slots=True, eq=False)
class Option:
    """One price of each product: its column, its value and that less what its risk costs, units, P(gain)."""

    at: Ints
    value: Floats
    worth: Floats
    units: Floats
    gain: Floats

    @classmethod
    def joined(cls, parts: Sequence[Option]) -> Option:
        """All products of the parts, in their order."""
        columns = [
            np.concatenate(each) for each in zip(*((p.value, p.worth, p.units, p.gain) for p in parts), strict=True)
        ]
        return cls(np.concatenate([p.at for p in parts]), *columns)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The price in force, the best allowed one and the one to try; `open` products have an allowed price, for `home`
    ones the best leads back to the usual price, `moves` says that the trial is another price than the one in force, and
    `limit` is what the trial may cost.
    """

    now: Option
    best: Option
    tried: Option
    open: Flags
    home: Flags
    moves: Flags
    limit: Floats

    @classmethod
    def joined(cls, parts: Sequence[Seen]) -> Seen:
        """All products of the parts, in their order."""
        now, best, tried = (
            Option.joined(each) for each in zip(*((p.now, p.best, p.tried) for p in parts), strict=True)
        )
        flags = [np.concatenate(each) for each in zip(*((p.open, p.home, p.moves) for p in parts), strict=True)]
        return cls(now, best, tried, flags[0], flags[1], flags[2], np.concatenate([p.limit for p in parts]))


def seen_of(
    believed: Posterior,
    reference: Floats,
    ask: Ask,
    effect: Floats,
    policy: Policy,
    lessons: Lessons,
    random: np.random.Generator,
) -> Seen:
    """What the curves say of the products of an ask; `effect` is what else moves sales, the price in force last."""
    parts = np.array_split(np.arange(len(ask)), len(ask) // _BATCH + 1)
    return Seen.joined([
        _options(
            part(believed, rows), reference[rows], ask.part(rows), effect[rows], policy, lessons.part(rows), random
        )
        for rows in parts
    ])  # fmt: skip


def _options(
    believed: Posterior,
    reference: Floats,
    ask: Ask,
    effect: Floats,
    policy: Policy,
    lessons: Lessons,
    random: np.random.Generator,
) -> Seen:
    table = _Table.of(believed, reference, ask, effect, policy)
    usual = _Usual.of(table, reference, ask, policy, lessons)
    worth = usual.less(table.value)
    nothing = np.zeros(len(ask))
    now = Option(
        nothing.astype(np.int64), table.now_value, table.now_value - usual.dread[:, -1], table.now_units, nothing
    )
    plain = taught = table.best(worth)
    if policy.budget > 0.0:
        taught = table.best(worth + lessons.value(table.relative[:, :-1], table.units, table.now_value))
    limit, loss = _limit(now, lessons, policy), now.worth - table.at(worth, taught)
    drawn = table.best(usual.less(table.sampled(random, policy.draws)))
    best = np.where(loss < 0.0, taught, plain)
    tried = np.where(lessons.shared, np.where(loss <= limit, taught, plain), drawn)
    first, second = (
        Option(at, table.at(table.value, at), table.at(worth, at), table.at(table.units, at), table.gain(at))
        for at in (best, tried)
    )
    moves = np.abs(table.at(table.relative, tried) - table.relative[:, -1]) > TINY
    return Seen(now, first, second, np.asarray(table.allowed.any(axis=1)), usual.calls(best), moves, limit)


def _limit(now: Option, lessons: Lessons, policy: Policy) -> Floats:
    """What a trial of each product may cost: a share of what it earns, less where it sells slowly and teaches alone."""
    units = np.where(lessons.shared, 1.0, np.minimum(now.units / max(policy.slow, TINY), 1.0))
    return np.asarray(policy.most * units * np.maximum(np.nan_to_num(now.value), TINY))


@dataclass(frozen=True, slots=True, eq=False)
class _Usual:
    """How far each price is from the usual one, the one in force last; what the risk of earning less there costs."""

    away: Floats
    dread: Floats

    @classmethod
    def of(cls, table: _Table, reference: Floats, ask: Ask, policy: Policy, lessons: Lessons) -> _Usual:
        """No distance and no risk where no usual price is known."""
        there = np.flatnonzero(np.isfinite(ask.home) & (ask.home > 0.0))
        if not len(there) or policy.caution <= 0.0:
            nothing = np.broadcast_to(0.0, table.relative.shape)
            return cls(nothing, nothing)
        away, dread = np.zeros_like(table.relative), np.zeros_like(table.relative)
        price = ask.home[there, None] / reference[there, None]
        each = _margin(ask.home[there, None], ask.part(there), policy.goal) * table.effect[there, -1:]
        earned = policy.caution * np.maximum(each * spread(table.nodes[there], price), 0.0)
        earned = earned * lessons.light[there, None]
        ratio = (table.margin[there] * table.effect[there]) / np.maximum(each, TINY)
        least = np.log(np.maximum(ratio / _NEARLY, TINY))
        risk = part(table.believed, there).falls(price, table.relative[there], least)
        away[there] = np.abs(table.relative[there] - price)
        dread[there] = np.where(ratio > 0.0, earned * risk, earned)
        return cls(away, dread)

    def less(self, value: Floats) -> Floats:
        """The value of every allowed price less what its risk costs."""
        return value - self.dread[:, :-1] if self.dread.any() else value

    def calls(self, columns: Ints) -> Flags:
        """Whether a column leads back to the usual price."""
        return np.asarray(_Table.at(self.away, columns) < self.away[:, -1] - TINY)


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """Expected units and value at every allowed price and at the one in force, and what is behind them."""

    believed: Posterior
    nodes: Floats
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
        nodes = on_nodes(believed)
        units = spread(nodes, relative) * felt
        value = margin * units
        value[:, :-1] += ask.beside
        near = np.abs(ask.prices / ask.now[:, None] - 1.0) <= policy.step + TINY
        allowed = np.isfinite(ask.prices) & near
        if policy.goal == "profit with volume":
            allowed &= units[:, :-1] >= policy.volume_floor * units[:, -1:]
        return cls(
            believed, nodes, relative, felt, margin, ask.beside, allowed, units[:, :-1], value[:, :-1], units[:, -1],
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
        units = spread(on_nodes(found), self.relative[:, :-1])
        return np.asarray(self.margin[:, :-1] * self.effect[:, :-1] * units + self.beside)


def _margin(prices: Floats, ask: Ask, goal: Goal) -> Floats:
    """What a unit is worth at each price."""
    if goal == "units":
        return np.ones_like(prices)
    kept = prices * ask.keep[:, None]
    return kept if goal == "revenue" else kept - ask.cost[:, None]
