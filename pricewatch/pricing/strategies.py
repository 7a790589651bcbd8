"""What a rule aims at: its target, the situations that replace it, the adjustment and VAT.

Market prices are gross. `cost_plus` and `margin` are net, rounded halves up; the adjustment is applied to that, halves
up; then VAT is added, halves up. Of targets that are compared each is adjusted and taxed in this way by itself, and the
adjustment of the rule is added to the gross price that won.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from pricewatch.pricing.exact import AMOUNT_LIMIT, ONE, gross_of, half_up, known, lowest_of, only, scaled
from pricewatch.pricing.frame import MISSING, Bools, Ints
from pricewatch.pricing.landscape import Survey
from pricewatch.pricing.rulefile import Landscape, Situations
from pricewatch.pricing.rules import Aimed, Branch
from pricewatch.pricing.scope import Fields
from pricewatch.pricing.trail import TESTED, Codes8, Hold, Situation, unknown
from pricewatch.pricing.values import Measure, to_minor

NET = frozenset({"cost_plus", "margin"})


def reads_market(branch: Branch) -> bool:
    """Whether a branch's target may come from the landscape."""
    return any(part.market for part in branch.parts)


@dataclass(frozen=True, slots=True)
class View:
    """What a branch sees of a shard: the products, its landscape, and the same narrowed to sellers.

    With fewer than `enough` offers there is no competition; from `trend` basis points on the market rises or falls.
    `highest_step` is the highest price that the step limits allow, `kept` what keeping the price means, `regular` what
    formulas take for our price, `prior` the prior price that reductions are computed from.
    """

    fields: Fields
    survey: Survey
    narrowed: Callable[[tuple[str, ...]], Survey]
    landscape: Landscape
    floor: Ints
    ceiling: Ints
    highest_step: Ints
    kept: Ints
    regular: Ints
    prior: Ints

    def weight(self, seller: str) -> int:
        """How much a seller counts."""
        weights = {name.strip().casefold(): weight for name, weight in self.landscape.weights.items()}
        return weights.get(seller.strip().casefold(), 1)


@dataclass(frozen=True, slots=True)
class Aim:
    """Where the rules lead, for each product of a shard.

    `plain` prices take no ending; `beside` is -1 or +1 where the allowed price just under or just over is meant.
    `part` is the place of the target that won a comparison, -1 where there was none.
    """

    target: Ints
    adjusted: Ints
    gross: Ints
    plain: Bools
    beside: Codes8
    part: Codes8
    situation: Codes8
    hold: Codes8

    @classmethod
    def none(cls, rows: int) -> Aim:
        """Nothing aimed at yet."""
        codes = [np.zeros(rows, dtype=np.int8) for _ in range(4)]
        codes[1] -= 1
        return cls(unknown(rows), unknown(rows), unknown(rows), np.zeros(rows, bool), *codes)

    @classmethod
    def tested(cls, asked: Ints) -> Aim:
        """What a test of prices asks for: gross prices that still take an allowed ending."""
        codes = [np.full(len(asked), code, dtype=np.int8) for code in (0, TESTED, 0, Hold.NONE)]
        return cls(asked, asked, asked, np.zeros(len(asked), bool), *codes)

    def take(self, other: Aim, rows: Bools) -> None:
        """Copy the rows of another aim."""
        for each in fields(Aim):
            np.copyto(getattr(self, each.name), getattr(other, each.name), where=rows)


@dataclass(frozen=True, slots=True)
class Found:
    """The target of each row before any situation; `market` where it comes from the landscape."""

    target: Ints
    market: Bools
    plain: Bools
    beside: Codes8
    part: Codes8


def aim(branch: Branch, view: View, rows: Bools) -> Aim:
    """Compute what a branch aims at; only `rows` are meant."""
    found = _single(branch.parts[0], view) if not branch.target.of else _compared(branch, view)
    target = found.target
    situation, action = _situations(branch, view, rows & found.market, target)
    follows = action == FOLLOW
    plain = ~follows & (action == KEEP) | follows & found.plain
    target = np.where(follows, target, _instead(action, view))
    lone = (action == NEXT) & (target == MISSING)
    target = np.where(lone, view.floor, target)
    adjustable = (follows | (action == NEXT)) & ~lone & ~plain
    adjusted = np.where(adjustable, _adjusted(target, branch.adjust, view.fields.exponent), target)
    net = follows & (branch.target.kind in NET)
    gross = np.where(net, gross_of(adjusted, view.fields.vat), adjusted) if net.any() else adjusted
    missing = (gross <= 0) | (gross > AMOUNT_LIMIT)
    hold = np.where(action == HOLD, Hold.SITUATION, np.where(missing, Hold.TARGET, Hold.NONE)).astype(np.int8)
    beside = np.where(follows, found.beside, 0)
    if branch.adjust is not None and branch.adjust.beside:
        beside = np.where(adjustable, branch.adjust.beside, beside)
    part = np.where(follows, found.part, -1).astype(np.int8)
    return Aim(target, adjusted, gross, plain, beside.astype(np.int8), part, situation, hold)


def _single(part: Aimed, view: View) -> Found:
    rows = len(view.fields)
    plain = np.full(rows, part.target.kind == "keep")
    codes = np.zeros(rows, dtype=np.int8)
    return Found(_TARGETS[part.target.kind](part, view), np.full(rows, part.market), plain, codes, codes - 1)


def _compared(branch: Branch, view: View) -> Found:
    """The first known, the lowest or the highest of several gross prices; of equal ones the first."""
    rows, kind = len(view.fields), branch.target.kind
    best, market = unknown(rows), np.full(rows, reads_market(branch))
    plain, beside = np.zeros(rows, bool), np.zeros(rows, dtype=np.int8)
    won = np.full(rows, -1, dtype=np.int8)
    for number, part in enumerate(branch.parts):
        gross = _gross(part, view)
        usable = known(gross) & (gross > 0) & (gross <= AMOUNT_LIMIT)
        better = usable & (best == MISSING)
        if kind != "first_of":
            better |= usable & ((gross < best) if kind == "lowest_of" else (gross > best))
        np.copyto(best, gross, where=better)
        market[better], won[better] = part.market, number
        plain[better] = part.target.kind == "keep"
        beside[better] = part.adjust.beside if part.adjust is not None else 0
    return Found(best, market, plain, beside, won)


def _gross(part: Aimed, view: View) -> Ints:
    adjusted = _adjusted(_TARGETS[part.target.kind](part, view), part.adjust, view.fields.exponent)
    return gross_of(adjusted, view.fields.vat) if part.target.kind in NET else adjusted


# --- situations ---------------------------------------------------------------------------------------------------

ACTIONS = ("follow", "keep", "hold", "floor", "ceiling", "rrp", "next", "raise", "optimal")
FOLLOW, KEEP, HOLD, FLOOR, CEILING, RRP, NEXT, RAISE, OPTIMAL = range(9)


def _situations(branch: Branch, view: View, rows: Bools, target: Ints) -> tuple[Codes8, Codes8]:
    """The special situation of each row and what is done there: the first one whose action is not `follow`."""
    situation, action = np.zeros(len(rows), dtype=np.int8), np.zeros(len(rows), dtype=np.int8)
    if not rows.any():
        return situation, action
    table, current = branch.situations, view.fields.current
    sellers = view.narrowed(branch.target.sellers)
    tests: list[tuple[Situation, str, Bools]] = [
        (Situation.STALE, table.stale, sellers.stale),
        (Situation.ALONE_IN_STOCK, table.alone_in_stock, sellers.unstocked),
        (Situation.NO_COMPETITION, table.no_competition, sellers.offers < view.landscape.min_offers),
        *_trends(table, view),
        (Situation.LOWEST, table.lowest, (current != MISSING) & (current < view.survey.lowest)),
        (Situation.BELOW_FLOOR, table.below_floor, (target != MISSING) & (target < view.floor)),
        (Situation.AT_FLOOR, table.at_floor, (target != MISSING) & (target == view.floor)),
    ]
    left = rows.copy()
    for code, name, there in tests:
        if name != "follow":
            found = there & left
            situation[found], action[found] = code, ACTIONS.index(name)
            left &= ~found
    return situation, action


def _trends(table: Situations, view: View) -> list[tuple[Situation, str, Bools]]:
    """Looked at only where somebody asks for it."""
    if table.rising == table.falling == "follow":
        return []
    trend, least = view.survey.trend, view.landscape.trend
    return [
        (Situation.RISING, table.rising, (trend != MISSING) & (trend >= least)),
        (Situation.FALLING, table.falling, (trend != MISSING) & (trend <= -least)),
    ]


def _instead(action: Codes8, view: View) -> Ints:
    """The price that an action takes in place of the target; MISSING where it has none."""
    found = unknown(len(action))
    for code, price in _PRICES.items():
        there = action == code
        if there.any():
            np.copyto(found, price(view), where=there)
    return found


_PRICES: dict[int, Callable[[View], Ints]] = {
    KEEP: lambda view: view.kept,
    FLOOR: lambda view: view.floor,
    CEILING: lambda view: view.ceiling,
    RRP: lambda view: view.fields.number("rrp"),
    NEXT: lambda view: view.survey.above(view.floor),
    RAISE: lambda view: lowest_of(view.highest_step, view.ceiling),
    OPTIMAL: lambda view: view.fields.number("optimal"),
}


# --- targets ------------------------------------------------------------------------------------------------------


def _adjusted(target: Ints, adjust: Measure | None, exponent: int) -> Ints:
    if adjust is None:
        return target
    if adjust.beside:
        return only(known(target), np.where(known(target), target, 0) + adjust.beside)
    if adjust.amount is None:
        return scaled(target, ONE + (adjust.basis_points or 0))
    usable = known(target)
    return only(usable, np.where(usable, target, 0) + to_minor(adjust.amount, exponent))


def _of_sellers(part: Aimed, view: View) -> Ints:
    column: Ints = getattr(view.narrowed(part.target.sellers), part.target.pick)
    return column


def basket(sellers: Sequence[str]) -> tuple[str, ...]:
    """The sellers of a basket, each once."""
    return tuple({seller.strip().casefold(): seller for seller in sellers}.values())


def _index(part: Aimed, view: View) -> Ints:
    """Our index times the weighted mean of the lowest price of each seller of the basket; both halves up."""
    rows = len(view.fields)
    total, weights, there = (np.zeros(rows, dtype=np.int64) for _ in range(3))
    for seller in basket(part.target.sellers):
        weight, lowest = view.weight(seller), view.narrowed((seller,)).lowest
        found = known(lowest)
        total += np.where(found, lowest, 0) * weight
        weights += found * weight
        there += found
    enough = (there >= part.target.n) & (weights > 0)
    mean = only(enough, half_up(total, np.maximum(weights, 1)))
    return scaled(mean, part.target.percent or 0)


def _cost_plus(part: Aimed, view: View) -> Ints:
    return scaled(view.fields.cost, ONE + (part.target.percent or 0))


def _margin(part: Aimed, view: View) -> Ints:
    usable = known(view.fields.cost)
    net = half_up(np.where(usable, view.fields.cost, 0) * ONE, ONE - (part.target.percent or 0))
    return only(usable, net)


def _formula(part: Aimed, view: View) -> Ints:
    assert part.formula is not None, "a formula target is compiled with its formula"
    return part.formula.compute(view.fields.seeing(view.survey, view.regular))


def _markdown(part: Aimed, view: View) -> Ints:
    """The base less what the age asks for, halves up; unknown where either of them is."""
    assert part.age is not None, "a markdown is compiled with its age"
    age, off = part.age.compute(view.fields), np.zeros(len(view.fields), dtype=np.int64)
    for step in part.target.steps:
        np.copyto(off, step.off, where=age >= step.days * ONE)
    base = _formula(part, view)
    usable = known(age, base) & (base > 0) & (base <= AMOUNT_LIMIT)
    return only(usable, half_up(np.where(usable, base, 0) * (ONE - off), ONE))


_TARGETS: dict[str, Callable[[Aimed, View], Ints]] = {
    "lowest": lambda _, view: view.survey.lowest,
    "nth_lowest": lambda part, view: view.survey.nth(part.target.n),
    "median": lambda _, view: view.survey.median,
    "average": lambda _, view: view.survey.average,
    "highest": lambda _, view: view.survey.highest,
    "weighted": lambda _, view: view.survey.weighted,
    "percentile": lambda part, view: view.survey.percentile(part.target.percent or 0),
    "between": lambda part, view: view.survey.between(part.target.percent or 0),
    "buy_box": lambda _, view: view.survey.buy_box,
    "seller": _of_sellers,
    "index": _index,
    "cost_plus": _cost_plus,
    "margin": _margin,
    "rrp": lambda _, view: view.fields.number("rrp"),
    "map": lambda _, view: view.fields.number("map"),
    "prior": lambda _, view: view.prior,
    "floor": lambda _, view: view.floor,
    "ceiling": lambda _, view: view.ceiling,
    "optimal": lambda _, view: view.fields.number("optimal"),
    "markdown": _markdown,
    "formula": _formula,
    "keep": lambda _, view: view.kept,
}
