"""What a rule aims at: its target, the situations that replace it, the adjustment and VAT.

Market prices are gross. `cost_plus` and `margin` are net, rounded halves up; the adjustment is applied to that, halves
up; then VAT is added, halves up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from pricewatch.pricing.exact import AMOUNT_LIMIT, ONE, gross_of, half_up, known, only, scaled
from pricewatch.pricing.fields import FIELDS
from pricewatch.pricing.frame import MISSING, Bools, Ints
from pricewatch.pricing.landscape import Survey
from pricewatch.pricing.rules import Branch
from pricewatch.pricing.scope import Fields
from pricewatch.pricing.trail import Codes8, Hold, Situation, unknown
from pricewatch.pricing.values import Measure, to_minor

NET = frozenset({"cost_plus", "margin"})
OWN = frozenset({"cost_plus", "margin", "rrp", "map", "keep"})


def reads_market(branch: Branch) -> bool:
    """Whether a branch's target comes from the landscape."""
    if branch.formula is not None:
        return any(name in FIELDS and FIELDS[name].market for name in branch.formula.names)
    return branch.target.kind not in OWN


@dataclass(frozen=True, slots=True)
class View:
    """What a branch sees of a shard: the products, its landscape, and the same narrowed to the target's sellers.

    With fewer than `enough` offers there is no competition.
    """

    fields: Fields
    survey: Survey
    sellers: Survey
    enough: int
    floor: Ints
    ceiling: Ints


@dataclass(frozen=True, slots=True)
class Aim:
    """Where the rules lead, for each product of a shard; `plain` prices take no ending."""

    target: Ints
    adjusted: Ints
    gross: Ints
    plain: Bools
    situation: Codes8
    hold: Codes8

    @classmethod
    def none(cls, rows: int) -> Aim:
        """Nothing aimed at yet."""
        codes = np.zeros(rows, dtype=np.int8), np.zeros(rows, dtype=np.int8)
        return cls(unknown(rows), unknown(rows), unknown(rows), np.zeros(rows, bool), *codes)

    def take(self, other: Aim, rows: Bools) -> None:
        """Copy the rows of another aim."""
        for each in fields(Aim):
            np.copyto(getattr(self, each.name), getattr(other, each.name), where=rows)


def aim(branch: Branch, view: View, rows: Bools) -> Aim:
    """Compute what a branch aims at; only `rows` are meant."""
    target = _TARGETS[branch.target.kind](branch, view)
    situation, action = _situations(branch, view, rows, target)
    follows = action == FOLLOW
    plain = ~follows & (action == KEEP) | follows & (branch.target.kind == "keep")
    target = np.where(follows, target, _instead(action, view))
    lone = (action == NEXT) & (target == MISSING)
    target = np.where(lone, view.floor, target)
    adjustable = (follows | (action == NEXT)) & ~lone & ~plain
    adjusted = np.where(adjustable, _adjusted(target, branch.adjust, view.fields.exponent), target)
    net = follows & (branch.target.kind in NET)
    gross = np.where(net, gross_of(adjusted, view.fields.vat), adjusted) if net.any() else adjusted
    missing = (gross <= 0) | (gross > AMOUNT_LIMIT)
    hold = np.where(action == HOLD, Hold.SITUATION, np.where(missing, Hold.TARGET, Hold.NONE)).astype(np.int8)
    return Aim(target, adjusted, gross, plain, situation, hold)


# --- situations ---------------------------------------------------------------------------------------------------

ACTIONS = ("follow", "keep", "hold", "floor", "ceiling", "rrp", "next")
FOLLOW, KEEP, HOLD, FLOOR, CEILING, RRP, NEXT = range(7)


def _situations(branch: Branch, view: View, rows: Bools, target: Ints) -> tuple[Codes8, Codes8]:
    """The special situation of each row and what is done there: the first one whose action is not `follow`."""
    situation, action = np.zeros(len(rows), dtype=np.int8), np.zeros(len(rows), dtype=np.int8)
    if not reads_market(branch):
        return situation, action
    table, current = branch.situations, view.fields.current
    tests: list[tuple[Situation, str, Bools]] = [
        (Situation.STALE, table.stale, view.sellers.stale),
        (Situation.ALONE_IN_STOCK, table.alone_in_stock, view.sellers.unstocked),
        (Situation.NO_COMPETITION, table.no_competition, view.sellers.offers < view.enough),
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


def _instead(action: Codes8, view: View) -> Ints:
    """The price that an action takes in place of the target; MISSING where it has none."""
    found = unknown(len(action))
    for code, price in _PRICES.items():
        there = action == code
        if there.any():
            np.copyto(found, price(view), where=there)
    return found


_PRICES: dict[int, Callable[[View], Ints]] = {
    KEEP: lambda view: view.fields.current,
    FLOOR: lambda view: view.floor,
    CEILING: lambda view: view.ceiling,
    RRP: lambda view: view.fields.number("rrp"),
    NEXT: lambda view: view.survey.above(view.floor),
}


# --- targets ------------------------------------------------------------------------------------------------------


def _adjusted(target: Ints, adjust: Measure | None, exponent: int) -> Ints:
    if adjust is None:
        return target
    if adjust.amount is None:
        return scaled(target, ONE + (adjust.basis_points or 0))
    usable = known(target)
    return only(usable, np.where(usable, target, 0) + to_minor(adjust.amount, exponent))


def _of_sellers(branch: Branch, view: View) -> Ints:
    column: Ints = getattr(view.sellers, branch.target.pick)
    return column


def _cost_plus(branch: Branch, view: View) -> Ints:
    return scaled(view.fields.cost, ONE + (branch.target.percent or 0))


def _margin(branch: Branch, view: View) -> Ints:
    usable = known(view.fields.cost)
    net = half_up(np.where(usable, view.fields.cost, 0) * ONE, ONE - (branch.target.percent or 0))
    return only(usable, net)


def _formula(branch: Branch, view: View) -> Ints:
    assert branch.formula is not None, "a formula target is compiled with its formula"
    return branch.formula.compute(view.fields.seeing(view.survey))


_TARGETS: dict[str, Callable[[Branch, View], Ints]] = {
    "lowest": lambda _, view: view.survey.lowest,
    "nth_lowest": lambda branch, view: view.survey.nth(branch.target.n),
    "median": lambda _, view: view.survey.median,
    "average": lambda _, view: view.survey.average,
    "highest": lambda _, view: view.survey.highest,
    "percentile": lambda branch, view: view.survey.percentile(branch.target.percent or 0),
    "between": lambda branch, view: view.survey.between(branch.target.percent or 0),
    "seller": _of_sellers,
    "cost_plus": _cost_plus,
    "margin": _margin,
    "rrp": lambda _, view: view.fields.number("rrp"),
    "map": lambda _, view: view.fields.number("map"),
    "formula": _formula,
    "keep": lambda _, view: view.fields.current,
}
