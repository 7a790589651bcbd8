"""Guardrails as columns: which limits apply to each product, how strict, and where they come from.

Of all limits that apply the strictest counts. Floors are rounded up and ceilings down, each once, to the minor unit.

A floor from the cost is the lowest gross price that leaves, after VAT `v`, a commission `f` on the gross price and a
fixed fee, the margin `m` of the net price: (cost + fixed) * (1 + v) / (1 - m - f * (1 + v)).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pricewatch.pricing.endings import EVERY_PRICE, WAYS, Endings, endings_of
from pricewatch.pricing.exact import AMOUNT_LIMIT, ONE, ceil_div, floor_div
from pricewatch.pricing.frame import MISSING, Bools, Ints
from pricewatch.pricing.rules import RuleBook, Scoped
from pricewatch.pricing.scope import Fields
from pricewatch.pricing.trail import Hold
from pricewatch.pricing.values import Measure, duration_text, percent_text, to_minor

UNREACHABLE = AMOUNT_LIMIT + 1  # the floor where no price leaves the margin
OWN_FLOOR, OWN_CEILING, COST = 0, 1, 2
DEFAULT, OFF = -1, -2  # of reports of the minimum advertised price

Codes8 = npt.NDArray[np.int8]
Sources = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a limit comes from, in words, and its place in a rule file."""

    text: str
    place: str = ""


class Armour:
    """A book's guardrails, numbered: `sources[i]` is where limit i comes from."""

    def __init__(self, book: RuleBook, exponent: int) -> None:
        self.exponent = exponent
        own = {id(branch.guardrails): branch.guardrails for branch in book.branches if branch.guardrails.places}
        self.sets: tuple[Scoped, ...] = (*book.guardrails, *own.values())
        self.common = len(book.guardrails)
        self.owner = np.array([_owner(branch.guardrails, self.sets, self.common) for branch in book.branches] + [-1])
        self.sources = [
            Source("the product's own floor"),
            Source("the product's own ceiling"),
            Source("the cost: no margin is set"),
        ]
        self._numbers: dict[tuple[int, str], int] = {}
        self.endings = [EVERY_PRICE]
        self.ending_of: dict[int, int] = {}
        self.channels = tuple(sorted({name for scoped in self.sets for name in scoped.limits.channels}))
        for index, scoped in enumerate(self.sets):
            self._register(index, scoped)

    def _register(self, index: int, scoped: Scoped) -> None:
        for key, place in scoped.places.items():
            self._numbers[index, key] = len(self.sources)
            self.sources.append(Source(f"{key} {_shown(key, getattr(scoped.limits, key))}".rstrip(), place))
        endings = endings_of(scoped.limits, self.exponent)
        if endings is not None:
            self.ending_of[index] = len(self.endings)
            self.endings.append(endings)

    def source(self, index: int, key: str) -> int:
        """The number of a limit's source."""
        return self._numbers[index, key]


def _owner(scoped: Scoped, sets: Sequence[Scoped], common: int) -> int:
    return next((n for n in range(common, len(sets)) if sets[n] is scoped), -1)


_SHARES = frozenset({"min_margin", "min_markup", "fee", "max_markup", "max_above_rrp"})


def _shown(key: str, value: Any) -> str:
    """A limit in words, for reasons."""
    if key in _SHARES:
        return percent_text(value)
    if isinstance(value, bool):
        return ""
    if key == "channels":
        return ", ".join(value)
    if key == "dwell":
        return duration_text(value)
    if key == "quiet_hours":
        return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in value)
    return str(value)


@dataclass(frozen=True, slots=True)
class Limit:
    """One kind of limit for each product: its value (MISSING = none) and the number of its source (-1 = none)."""

    value: Ints
    by: Sources

    @classmethod
    def none(cls, rows: int) -> Limit:
        return cls(np.full(rows, MISSING, dtype=np.int64), np.full(rows, -1, dtype=np.int16))

    def tighten(self, value: Ints | int, by: Sources | int, where: Bools, *, lower: bool) -> None:
        """Take a value over where it is stricter: the lower one of ceilings, the higher one of floors."""
        better = (value < self.value) if lower else (value > self.value)
        better = where & (better | (self.value == MISSING)) & (np.asarray(value) != MISSING)
        np.copyto(self.value, value, where=better)
        np.copyto(self.by, np.asarray(by, dtype=np.int16), where=better)


class Applied:
    """The guardrails of one shard's products, given the branch that prices each."""

    def __init__(self, armour: Armour, fields: Fields, branch: Ints) -> None:
        self._armour = armour
        self._fields = fields
        owner = armour.owner[branch]
        self._masks: list[Bools] = []
        for index, scoped in enumerate(armour.sets):
            if index >= armour.common:
                self._masks.append(owner == index)
            elif scoped.when is None:
                self._masks.append(np.ones(len(fields), bool))
            else:
                self._masks.append(scoped.when.holds(fields))

    def _having(self, key: str) -> list[tuple[Bools, Any, int]]:
        """Each set that has this key: where it applies, its value, and the number of its source."""
        sets = zip(self._masks, self._armour.sets, range(len(self._masks)), strict=True)
        return [
            (mask, getattr(scoped.limits, key), self._armour.source(index, key))
            for mask, scoped, index in sets
            if getattr(scoped.limits, key) is not None and key in scoped.places
        ]

    def strictest(self, key: str, *, lower: bool) -> Limit:
        """The strictest value of a key that is a whole number: basis points, seconds or a count."""
        limit = Limit.none(len(self._fields))
        for mask, value, source in self._having(key):
            limit.tighten(int(value), source, mask, lower=lower)
        return limit

    def amount(self, key: str, *, lower: bool) -> Limit:
        """The strictest value of a key that is an amount, in minor units."""
        limit = Limit.none(len(self._fields))
        for mask, value, source in self._having(key):
            limit.tighten(to_minor(value, self._armour.exponent), source, mask, lower=lower)
        return limit

    @cached_property
    def _fee(self) -> Ints:
        return np.maximum(self.strictest("fee", lower=False).value, 0)

    def reported(self) -> Sources:
        """Where prices below the minimum advertised price are reported: the source that says so, DEFAULT where none
        does, OFF where one says not to and none to do so.
        """
        found = np.full(len(self._fields), DEFAULT, dtype=np.int16)
        for mask, value, source in self._having("map_report"):
            np.copyto(
                found, np.int16(source if value else OFF), where=mask & ((found < 0) if value else found == DEFAULT)
            )
        return found

    def rounding(self) -> Codes8:
        """The way to an ending, as a place in WAYS: the rule's own, else of the last set that says one."""
        found = np.zeros(len(self._fields), dtype=np.int8)
        for mask, value, _ in self._having("rounding"):
            np.copyto(found, np.int8(WAYS.index(value)), where=mask)
        return found

    def flag(self, key: str) -> Sources:
        """The first set that has the flag, as the number of its source; -1 where none has."""
        found = np.full(len(self._fields), -1, dtype=np.int16)
        for mask, value, source in self._having(key):
            np.copyto(found, np.int16(source), where=mask & bool(value) & (found == -1))
        return found

    def quiet(self) -> Sources:
        """The source of the quiet hours that it is now, -1 = none."""
        minute = self._fields.now.hour * 60 + self._fields.now.minute
        found = np.full(len(self._fields), -1, dtype=np.int16)
        for mask, (start, end), source in self._having("quiet_hours"):
            inside = start <= minute < end if start < end else minute >= start or minute < end
            if inside:
                np.copyto(found, np.int16(source), where=mask)
        return found

    def brakes(self) -> tuple[tuple[Bools, Hold, Sources], ...]:
        """What holds back a change now, in its order: where, why, and the source that says so."""
        product, taken_at = self._fields.shard.product, self._fields.shard.frame.taken_at
        changed, today = product("changed_at"), product("changes_today")
        dwell = self.strictest("dwell", lower=False)
        since = np.where(changed == MISSING, 0, taken_at - changed)
        most = self.strictest("max_changes_a_day", lower=True)
        quiet = self.quiet()
        return (
            ((dwell.by != -1) & (changed != MISSING) & (since < dwell.value), Hold.DWELL, dwell.by),
            ((most.by != -1) & ((today == MISSING) | (today >= most.value)), Hold.CHANGES, most.by),
            (quiet != -1, Hold.QUIET, quiet),
        )

    def looping(self, price: Ints, most: int) -> Bools:
        """Where a price has gone one way so often in a row, and would go on."""
        streak = self._fields.shard.product("streak")
        often = (streak != MISSING) & (np.abs(np.where(streak == MISSING, 0, streak)) >= most)
        return np.asarray(often & ((streak > 0) == (price > self._fields.current)))

    # --- floor and ceiling

    def floor(self) -> Limit:
        """The highest floor of the product, the rules and the cost; MISSING where there is none at all."""
        limit = Limit.none(len(self._fields))
        everywhere = np.ones(len(self._fields), bool)
        limit.tighten(self._fields.number("floor"), OWN_FLOOR, everywhere, lower=False)
        explicit = self.amount("floor", lower=False)
        limit.tighten(explicit.value, explicit.by, everywhere, lower=False)
        self._floors_from_cost(limit)
        return limit

    def _floors_from_cost(self, limit: Limit) -> None:
        """With the common fees, and again with those of every channel where they are higher."""
        fixed = np.maximum(self.amount("fixed_fee", lower=False).value, 0)
        self._floors_with(limit, self._fee, fixed, None)
        for channel in self._armour.channels:
            fee, more = self._channel(channel)
            if (fee.by != -1).any():
                self._floors_with(limit, np.maximum(self._fee, fee.value), np.maximum(fixed, more.value), fee.by)

    def _channel(self, channel: str) -> tuple[Limit, Limit]:
        """The highest fees of a channel; MISSING where no set has it."""
        fee, fixed = Limit.none(len(self._fields)), Limit.none(len(self._fields))
        for mask, channels, source in self._having("channels"):
            if channel in channels:
                fee.tighten(channels[channel].fee, source, mask, lower=False)
                minor = to_minor(channels[channel].fixed_fee, self._armour.exponent)
                fixed.tighten(minor, source, mask, lower=False)
        return fee, fixed

    def _floors_with(self, limit: Limit, fee: Ints, fixed: Ints, channel: Sources | None) -> None:
        cost, known_cost = self._fields.cost, self._fields.cost != MISSING
        if channel is not None:
            known_cost = known_cost & (channel != -1)
        margin, markup = self.strictest("min_margin", lower=False), self.strictest("min_markup", lower=False)
        profit = self.amount("min_profit", lower=False)
        nothing_set = (margin.by == -1) & (markup.by == -1) & (profit.by == -1)
        base = np.where(known_cost, cost, 0) + fixed
        none = np.zeros_like(base)
        share = ceil_div(np.where(known_cost, cost, 0) * np.maximum(markup.value, -ONE), ONE)
        wanted = np.where(profit.by != -1, profit.value, 0)
        for net, least, by, where in (
            (base, none, COST, nothing_set),
            (base, margin.value, margin.by, margin.by != -1),
            (base + share, none, markup.by, markup.by != -1),
            (base + wanted, none, profit.by, profit.by != -1),
        ):
            self._floor_from(limit, (net, least, fee), by if channel is None else channel, known_cost & where)

    def _floor_from(self, limit: Limit, wanted: tuple[Ints, Ints, Ints], by: Sources | int, where: Bools) -> None:
        """Tighten to the lowest gross price that leaves a net amount and a margin after VAT and a fee, rounded up."""
        if not where.any():
            return
        net, margin, fee = wanted
        margin = np.where(where, margin, 0)
        vat = np.maximum(self._fields.vat, 0)
        left = ONE * ONE - margin * ONE - fee * (ONE + vat)
        reachable = (left > 0) & (net <= AMOUNT_LIMIT)
        net = np.clip(net, 0, AMOUNT_LIMIT)
        gross = ceil_div(net * ((ONE + vat) * ONE), np.where(left > 0, left, 1))
        floor = np.where(reachable, np.minimum(np.maximum(gross, 1), UNREACHABLE), UNREACHABLE)
        limit.tighten(floor, by, where, lower=False)

    def ceiling(self) -> Limit:
        """The lowest ceiling of the product and the rules; MISSING where there is none."""
        limit = Limit.none(len(self._fields))
        everywhere = np.ones(len(self._fields), bool)
        limit.tighten(self._fields.number("ceiling"), OWN_CEILING, everywhere, lower=True)
        explicit = self.amount("ceiling", lower=True)
        limit.tighten(explicit.value, explicit.by, everywhere, lower=True)
        markup = self.strictest("max_markup", lower=True)
        self._ceiling_from(limit, self._fields.cost, markup, self._fields.vat)
        rrp = self.strictest("max_above_rrp", lower=True)
        self._ceiling_from(limit, self._fields.number("rrp"), rrp, np.zeros_like(self._fields.vat))
        return limit

    def _ceiling_from(self, limit: Limit, base: Ints, share: Limit, vat: Ints) -> None:
        """Tighten to base * (1 + share), then VAT, each rounded down."""
        where = (base != MISSING) & (share.by != -1) & (vat != MISSING)
        if where.any():
            net = floor_div(np.where(where, base, 0) * (ONE + np.where(where, share.value, 0)), ONE)
            gross = floor_div(net * (ONE + np.where(where, vat, 0)), ONE)
            limit.tighten(gross, share.by, where, lower=True)

    # --- steps, hysteresis, endings

    def highest_step(self, base: Ints) -> Limit:
        """The highest price that the step limits allow from a price, MISSING = not limited; never below it."""
        return self._step(base, "max_raise", _raised, lower=True)

    def lowest_step(self, base: Ints) -> Limit:
        """The lowest price that the step limits allow from a price, MISSING = not limited; never above it."""
        return self._step(base, "max_cut", _cut, lower=False)

    def _step(self, base: Ints, key: str, bound: Callable[[Ints, Measure, int], Ints], *, lower: bool) -> Limit:
        limit = Limit.none(len(self._fields))
        day_start = self._fields.shard.product("day_start")
        moved = (day_start == MISSING) | (base != self._fields.current)
        for suffix, start in (("", base), ("_day", np.where(moved, base, day_start))):
            for mask, measure, source in self._having(f"{key}{suffix}"):
                edge = bound(start, measure, self._armour.exponent)
                edge = np.maximum(edge, base) if lower else np.minimum(edge, base)
                limit.tighten(edge, source, mask & (base != MISSING), lower=lower)
        return limit

    def least_change(self) -> Limit:
        """The least change worth making, in minor units."""
        limit = Limit.none(len(self._fields))
        current = np.maximum(self._fields.current, 0)
        for mask, measure, source in self._having("min_change"):
            limit.tighten(_ceil_share(current, measure, self._armour.exponent), source, mask, lower=False)
        return limit

    @property
    def endings(self) -> Sequence[Endings]:
        """All endings of the book; `ending` points into them."""
        return self._armour.endings

    def ending(self) -> Sources:
        """Which of the book's endings each product takes: the rule's own, else the last set that applies."""
        chosen = np.zeros(len(self._fields), dtype=np.int16)
        for index, number in self._armour.ending_of.items():
            np.copyto(chosen, np.int16(number), where=self._masks[index])
        return chosen


def _raised(base: Ints, measure: Measure, exponent: int) -> Ints:
    if measure.amount is not None:
        return np.asarray(base + to_minor(measure.amount, exponent))
    return np.asarray(base + floor_div(np.maximum(base, 0) * (measure.basis_points or 0), ONE))


def _cut(base: Ints, measure: Measure, exponent: int) -> Ints:
    if measure.amount is not None:
        return np.asarray(np.maximum(base - to_minor(measure.amount, exponent), 1))
    share = floor_div(np.maximum(base, 0) * (measure.basis_points or 0), ONE)
    return np.asarray(np.maximum(base - share, 1))


def _ceil_share(base: Ints, measure: Measure, exponent: int) -> Ints:
    if measure.amount is not None:
        return np.full(len(base), to_minor(measure.amount, exponent), dtype=np.int64)
    return ceil_div(base * (measure.basis_points or 0), ONE)
