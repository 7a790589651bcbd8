"""The pricing engine: a market frame and a rule book become a plan, in whole columns of integers.

The order is fixed, for every product:

1.  inputs: frozen, current price, plausible amounts
2.  rule: the first whose condition is certainly true
3.  floor and ceiling; no floor or no cost holds
4.  target, or what the market situation asks for instead
5.  adjustment (halves up), then VAT for net targets (halves up)
6.  price ending
7.  step limits, 8. ceiling, 9. floor: a clamp goes to the nearest allowed ending inside. Floor beats ceiling, ceiling
    beats step; a contradiction holds the old price. Step limits always include the old price.
10. too small a change keeps the old price; dwell, changes a day, quiet hours and a loop with a rival hold it. They do
    not hold back a correction: an old price outside its floor or ceiling.
11. an announced reduction that is none, and a jump, hold the old price.
12. parity: products of one family, whichever of their changes a person approves.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pricewatch.pricing.breakers import NOTHING, Rest
from pricewatch.pricing.conditions import Condition
from pricewatch.pricing.endings import DOWN, NONE, UP
from pricewatch.pricing.exact import AMOUNT_LIMIT, margin_of, only
from pricewatch.pricing.frame import MISSING, Bools, Ints, MarketFrame, distinct
from pricewatch.pricing.guardrails import UNREACHABLE, Applied, Armour, Limit
from pricewatch.pricing.landscape import Survey, Surveyor
from pricewatch.pricing.parity import fit
from pricewatch.pricing.plan import PlanFrame
from pricewatch.pricing.promotions import Promotions
from pricewatch.pricing.rules import Branch, RuleBook
from pricewatch.pricing.scope import Fields, local_time
from pricewatch.pricing.settings import PricingSettings
from pricewatch.pricing.shards import SHARD, Shard, shards
from pricewatch.pricing.strategies import Aim, View, aim, basket
from pricewatch.pricing.trail import CUT, HOLD, KEEP, RAISE, Hold, Trail, unknown

Codes: TypeAlias = npt.NDArray[np.signedinteger[Any]]


def decide(
    frame: MarketFrame,
    book: RuleBook,
    settings: PricingSettings,
    *,
    shard: int = SHARD,
    threads: int = 1,
    rest: Rest = NOTHING,
) -> PlanFrame:
    """Decide every product of a frame; the result depends neither on the order of offers nor on shards and threads.
    `rest` are the products that a plan of changes leaves alone: shares are judged with them.

    Raises ConfigError when an amount in the rules has more decimals than the frame's currency.
    """
    book.check_currency(frame.currency, frame.exponent)
    engine = Engine(frame, book, settings)
    pieces = shards(frame, shard)
    trail = Trail.blank(len(frame.products))

    def work(piece: Shard) -> None:
        trail.put(piece.start, engine.decide(piece))

    if threads == 1:
        for piece in pieces:
            work(piece)
    else:
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(work, pieces):
                pass
    return PlanFrame(frame, book, settings, engine.fitted(trail, shard), rest)


class Surveys:
    """The landscapes of one shard, each looked at once and only when needed."""

    def __init__(self, engine: Engine, shard: Shard) -> None:
        self._engine = engine
        self._shard = shard
        self._found: dict[tuple[int, tuple[str, ...]], Survey] = {}

    def get(self, landscape: int, sellers: tuple[str, ...] = ()) -> Survey:
        """The survey of a landscape, narrowed to sellers when there are any."""
        key = landscape, sellers
        if key not in self._found:
            self._found[key] = self._engine.surveyor(*key).survey(self._shard)
        return self._found[key]


class Engine:
    """What all shards of one frame share; it never changes after it was built."""

    def __init__(self, frame: MarketFrame, book: RuleBook, settings: PricingSettings) -> None:
        self._frame = frame
        self._book = book
        self._settings = settings
        self._now: datetime = local_time(frame)
        self._armour = Armour(book, frame.exponent)
        self._surveyors: dict[tuple[int, tuple[str, ...]], Surveyor] = {}
        for branch in book.branches:
            plain = Surveyor(frame, book.landscapes[branch.landscape], settings.max_age)
            self._surveyors.setdefault((branch.landscape, ()), plain)
            for sellers in _narrowings(branch):
                narrow = plain.narrowed(sellers, settings.max_age)
                self._surveyors.setdefault((branch.landscape, sellers), narrow)

    def surveyor(self, landscape: int, sellers: tuple[str, ...]) -> Surveyor:
        """The surveyor of a landscape."""
        return self._surveyors[landscape, sellers]

    def fitted(self, trail: Trail, size: int) -> Trail:
        """Make the prices of families fit together; where that changed a price, its rank is looked up again."""
        fitted = fit(self._frame, self._book, self._settings, trail)
        if fitted is not trail:
            for shard in shards(self._frame, size):
                self._rerank(shard, fitted)
        return fitted

    def _rerank(self, shard: Shard, trail: Trail) -> None:
        there = slice(shard.start, shard.stop)
        changed = np.flatnonzero(trail.parity_by[there] >= 0)
        if not len(changed):
            return
        final = np.where(trail.moving[there], trail.price[there], self._frame.products.current[there])
        landscape = np.array([branch.landscape for branch in self._book.branches])[trail.branch[there][changed]]
        surveys = Surveys(self, shard)
        for number in distinct(landscape):
            rows = changed[landscape == number]
            trail.rank_after[shard.start + rows] = surveys.get(number).rank(final)[rows]

    def chosen(self, shard: Shard) -> Ints:
        """The place of the branch that prices each product of a shard; -1 where none does."""
        fields = Fields.of(shard)
        return self._choose(fields, Surveys(self, shard), _inputs(fields) == Hold.NONE)

    def limits(self, shard: Shard) -> tuple[Limit, Limit]:
        """Floor and ceiling of the products of one shard, as `decide` has them; offers only matter where a rule has
        limits of its own.
        """
        fields = Fields.of(shard)
        own = bool((self._armour.owner >= 0).any())
        branch = self.chosen(shard) if own else np.full(len(fields), -1, dtype=np.int64)
        applied = Applied(self._armour, fields, branch)
        return applied.floor(), applied.ceiling()

    def decide(self, shard: Shard) -> Trail:
        """Decide the products of one shard. An announced reduction whose stated end has come cannot go on as it is: a
        rule that would keep it passes, and what follows in the rules leads back.
        """
        fields, surveys = Fields.of(shard), Surveys(self, shard)
        branch = self._choose(fields, surveys, _inputs(fields) == Hold.NONE)
        found = self._decide(fields, surveys, branch)
        lasting = (shard.product("over") == 1) & self._announcing[branch] & ~found.moving
        if not lasting.any():
            return found
        back = self._choose(fields, surveys, lasting, announcing=False)
        return self._decide(fields, surveys, np.where(lasting, back, branch))

    @property
    def _announcing(self) -> Bools:
        return np.array([each.announced for each in self._book.branches] + [False])

    def _decide(self, fields: Fields, surveys: Surveys, branch: Ints) -> Trail:
        hold = _inputs(fields)
        applied = Applied(self._armour, fields, branch)
        promotions = Promotions.of(self._book, fields, branch)
        return _Chain(self._book, self._settings, fields, surveys, branch, applied, promotions, hold).run()

    def _choose(self, fields: Fields, surveys: Surveys, left: Bools, *, announcing: bool = True) -> Ints:
        """The first branch whose conditions certainly hold, -1 where there is none."""
        chosen = np.full(len(fields), -1, dtype=np.int64)
        seen: dict[tuple[int, int], Bools] = {}
        for number, branch in enumerate(self._book.branches):
            if not left.any():
                break
            if not branch.active(self._now) or (branch.announced and not announcing):
                continue
            mask = left
            for condition in branch.when:
                mask = mask & _holds(condition, branch.landscape, fields, surveys, seen)
            chosen[mask] = number
            left = left & ~mask
        return chosen


def _narrowings(branch: Branch) -> Iterable[tuple[str, ...]]:
    """The sellers that a branch looks at by themselves: those of each target, and each of a basket."""
    for target in (branch.target, *(part.target for part in branch.parts)):
        if target.sellers:
            yield target.sellers
        if target.kind == "index":
            yield from ((seller,) for seller in basket(target.sellers))


def _holds(
    condition: Condition, landscape: int, fields: Fields, surveys: Surveys, seen: dict[tuple[int, int], Bools]
) -> Bools:
    key = id(condition), landscape if condition.market else -1
    if key not in seen:
        scope = fields.seeing(surveys.get(landscape)) if condition.market else fields
        seen[key] = condition.holds(scope)
    return seen[key]


def _inputs(fields: Fields) -> Codes:
    """Frozen products, products without a price, and amounts that cannot be meant."""
    product = fields.shard.product
    absurd = fields.vat == MISSING
    for name in ("current", "cost", "floor", "ceiling"):
        column = product(name)
        absurd |= (column != MISSING) & ((column < 0) | (column > AMOUNT_LIMIT))
    hold = np.where(fields.current == MISSING, Hold.NO_PRICE, Hold.NONE)
    hold = np.where(absurd, Hold.INPUT, hold)
    return np.where(product("frozen"), Hold.FROZEN, hold).astype(np.int64)


@dataclass(slots=True)
class _Chain:
    """The way of one shard's products from the rule to the outcome; `hold` is the first thing that stopped each."""

    book: RuleBook
    settings: PricingSettings
    fields: Fields
    surveys: Surveys
    branch: Ints
    applied: Applied
    promotions: Promotions
    hold: Codes

    def run(self) -> Trail:
        freezing = self.applied.flag("freeze")
        self._stop(freezing >= 0, Hold.FROZEN)
        self._stop(self.branch < 0, Hold.NO_RULE)
        floor, ceiling = self.applied.floor(), self.applied.ceiling()
        self._stop_without_floor(floor)
        base = self.promotions.step_base
        low, high = self.applied.lowest_step(base), self.applied.highest_step(base)
        aims = self._aims(floor, ceiling, high)
        self._stop(aims.hold > 0, aims.hold)
        steps = self._clamp(aims, floor, ceiling, low, high)
        return self._finish(aims, floor, ceiling, steps, freezing)

    def _stop(self, where: Bools, cause: Hold | Codes) -> None:
        np.copyto(self.hold, np.asarray(cause, dtype=np.int64), where=where & (self.hold == Hold.NONE))

    def _stop_without_floor(self, floor: Limit) -> None:
        self._stop(floor.by == -1, Hold.NO_FLOOR)
        if not self.settings.explicit_floor_is_enough:
            self._stop(self.fields.cost == MISSING, Hold.NO_COST)
        self._stop(floor.value >= UNREACHABLE, Hold.CONTRADICTION)

    def _aims(self, floor: Limit, ceiling: Limit, high: Limit) -> Aim:
        total = Aim.none(len(self.fields))
        for number in self._used():
            branch = self.book.branches[number]
            rows = (self.branch == number) & (self.hold == Hold.NONE)
            view = View(
                self.fields,
                self.surveys.get(branch.landscape),
                partial(self.surveys.get, branch.landscape),
                self.book.landscapes[branch.landscape],
                floor.value,
                ceiling.value,
                high.value,
                self.promotions.anchor,
                self.promotions.regular,
                self.promotions.prior,
            )
            total.take(aim(branch, view, rows), rows)
        asked = self.fields.shard.product("trial")
        total.take(Aim.tested(asked), (asked > 0) & (self.hold == Hold.NONE) & ~self.promotions.free)
        return total

    def _used(self) -> Iterable[int]:
        return (number for number in distinct(self.branch) if number >= 0)

    # --- clamps

    def _clamp(self, aims: Aim, floor: Limit, ceiling: Limit, low: Limit, high: Limit) -> _Steps:
        going = self.hold == Hold.NONE
        ending = self.applied.ending()
        ended = self._rounded(aims, ending, going & ~aims.plain)
        stepped = self._between(ended, low, high, ending, going)
        blocked = going & (stepped == MISSING)
        stepped = np.where(blocked, self.fields.current, stepped)
        above = going & (ceiling.by != -1) & (stepped > ceiling.value)
        capped = self._to_endings(stepped, ending, above, "at_most", ceiling.value)
        below = going & (capped < floor.value)
        price = self._to_endings(capped, ending, below, "at_least", floor.value)
        bare = going & (self.fields.current < floor.value) & self.promotions.refused(price)
        price = self._to_endings(price, ending, bare, "at_least", floor.value)
        self._stop((price <= NONE) | (price > AMOUNT_LIMIT), Hold.CONTRADICTION)
        self._stop((ceiling.by != -1) & (price > ceiling.value), Hold.CONTRADICTION)
        self._stop(blocked & (price == self.fields.current), Hold.STEP)
        return _Steps(low, high, ending, bare, *(only(going, column) for column in (ended, stepped, capped, price)))

    def _between(self, price: Ints, low: Limit, high: Limit, ending: Codes, going: Bools) -> Ints:
        """Clamp to the step limits; MISSING where no allowed ending lies between them."""
        too_high = going & (high.by != -1) & (price > high.value)
        price = self._to_endings(price, ending, too_high, "at_most", high.value)
        too_low = going & (low.by != -1) & (price < low.value)
        result = self._to_endings(price, ending, too_low, "at_least", low.value)
        outside = (high.by != -1) & (result > high.value) | (too_high & too_low)
        return only(~outside & (result > NONE), result)

    def _rounded(self, aims: Aim, ending: Codes, rows: Bools) -> Ints:
        """Send rows to the allowed ending of their price that the guardrails or the adjustment ask for."""
        way = np.where(aims.beside == 0, self.applied.rounding(), np.where(aims.beside < 0, DOWN, UP))
        result = aims.gross.copy()
        for number in distinct(ending[rows]):
            there = np.flatnonzero(rows & (ending == number))
            result[there] = self.applied.endings[int(number)].rounded(aims.gross[there], way[there])
        return result

    def _to_endings(self, price: Ints, ending: Codes, rows: Bools, way: str, bound: Ints) -> Ints:
        """Send rows to the nearest allowed ending inside a bound."""
        if not rows.any():
            return price
        result = price.copy()
        for number in distinct(ending[rows]):
            there = np.flatnonzero(rows & (ending == number))
            move = getattr(self.applied.endings[int(number)], way)
            result[there] = move(bound[there])
        return result

    # --- outcome

    def _finish(self, aims: Aim, floor: Limit, ceiling: Limit, steps: _Steps, freezing: Codes) -> Trail:
        current, price, free = self.fields.current, steps.price, self.promotions.free
        outside = (current < floor.value) | ((ceiling.by != -1) & (current > ceiling.value))
        least = self.applied.least_change()
        going = self.hold == Hold.NONE
        small = going & ~outside & ~free & (least.by != -1) & (np.abs(price - current) < least.value)
        keeping = going & ((price == current) | small)
        moving = going & ~keeping
        stop_by = self._brakes(moving & ~outside & ~free, freezing, least, small & (price != current))
        self._stop(moving & ~outside & ~free & self.applied.looping(price, self.settings.loop_changes), Hold.LOOP)
        self._stop(moving & self.promotions.refused(price) & ~steps.bare, Hold.PRIOR)
        self._stop(moving & self.promotions.jumps(only(moving, price), self.settings.jump_factor), Hold.JUMP)
        outcome = np.where(price > current, RAISE, CUT)
        outcome = np.where(self.hold != Hold.NONE, HOLD, np.where(keeping, KEEP, outcome))
        final = np.where((outcome == RAISE) | (outcome == CUT), price, current)
        return self._trail(aims, floor, ceiling, steps, least, stop_by, outcome, final)

    def _brakes(self, moving: Bools, freezing: Codes, least: Limit, small: Bools) -> Codes:
        """Stop what may not change now; returns the source of the guardrail that stopped each product."""
        stop_by = np.where(self.hold == Hold.FROZEN, freezing, -1)
        stop_by = np.where(small, least.by, stop_by)
        for where, cause, by in self.applied.brakes():
            stop_by = np.where(moving & where & (self.hold == Hold.NONE), by, stop_by)
            self._stop(moving & where, cause)
        return stop_by

    def _trail(
        self,
        aims: Aim,
        floor: Limit,
        ceiling: Limit,
        steps: _Steps,
        least: Limit,
        stop_by: Codes,
        outcome: Ints,
        final: Ints,
    ) -> Trail:
        shard, current = self.fields.shard, self.fields.current
        offers, before, after = self._ranks(current, final)
        promised = only(~steps.bare, self.promotions.reference(steps.price))
        margin = partial(margin_of, vat=self.fields.vat, cost=self.fields.cost)
        return Trail(
            branch=self.branch,
            hold=self.hold.astype(np.int8),
            situation=aims.situation,
            outcome=outcome.astype(np.int8),
            matched=np.bincount(shard.local, minlength=len(shard)),
            offers=offers,
            part=aims.part,
            target=aims.target,
            adjusted=aims.adjusted,
            gross=aims.gross,
            ended=steps.ended,
            stepped=steps.stepped,
            capped=steps.capped,
            price=steps.price,
            floor=floor.value,
            floor_by=floor.by,
            ceiling=ceiling.value,
            ceiling_by=ceiling.by,
            low=steps.low.value,
            low_by=steps.low.by,
            high=steps.high.value,
            high_by=steps.high.by,
            ending=steps.ending.astype(np.int16),
            least_change=least.value,
            stop_by=stop_by.astype(np.int16),
            map_by=self.applied.reported(),
            rank_before=before,
            rank_after=after,
            margin_before=margin(current),
            margin_after=margin(final),
            reference=only((outcome != KEEP) & (outcome != HOLD) | (self.hold == Hold.PRIOR), promised),
            parity=unknown(len(self.fields)),
            parity_by=np.full(len(self.fields), -1, dtype=np.int16),
        )

    def _ranks(self, current: Ints, final: Ints) -> tuple[Ints, Ints, Ints]:
        rows = len(self.fields)
        offers, before, after = np.zeros(rows, dtype=np.int64), unknown(rows), unknown(rows)
        for landscape in {self.book.branches[number].landscape for number in self._used()}:
            members = [n for n, each in enumerate(self.book.branches) if each.landscape == landscape]
            there = np.isin(self.branch, members)
            survey = self.surveys.get(landscape)
            np.copyto(offers, survey.offers, where=there)
            np.copyto(before, survey.rank(current), where=there)
            np.copyto(after, survey.rank(final), where=there)
        return offers, before, after


@dataclass(frozen=True, slots=True)
class _Steps:
    """The price after each clamp, and the limits; `bare` prices go up to the floor and announce nothing."""

    low: Limit
    high: Limit
    ending: Codes
    bare: Bools
    ended: Ints
    stepped: Ints
    capped: Ints
    price: Ints
