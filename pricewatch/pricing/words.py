"""The words of reasons."""

from __future__ import annotations

from collections.abc import Callable

from pricewatch.pricing.rulefile import Situations, Target
from pricewatch.pricing.rules import Aimed, Branch
from pricewatch.pricing.strategies import NET
from pricewatch.pricing.trail import Hold, Situation
from pricewatch.pricing.values import Measure, percent_text

KEPT = "the current price"

HOLDS = {
    Hold.NO_PRICE: "there is no current price to start from; import one with the catalogue, or with `prices import`",
    Hold.INPUT: "the VAT rate or an amount of the product cannot be meant; correct the catalogue",
    Hold.NO_FLOOR: (
        "no floor: neither a cost nor an explicit floor is known in this currency; one in another currency needs an "
        "exchange rate of these days (`pricewatch fx import`)"
    ),
    Hold.NO_COST: "no cost: the explicit floor alone is not enough ([pricing] explicit_floor_is_enough)",
    Hold.CONTRADICTION: "no allowed price is between floor and ceiling",
    Hold.STEP: "no allowed price is within the step limits",
    Hold.DWELL: "the last change is too recent",
    Hold.CHANGES: "the price has changed often enough today",
    Hold.QUIET: "quiet hours",
    Hold.PARITY: "no allowed price fits together with the family",
}

_SITUATIONS = {
    Situation.STALE: "all offers that would count are too old",
    Situation.ALONE_IN_STOCK: "nobody else has it in stock",
    Situation.NO_COMPETITION: "no competition",
    Situation.RISING: "the market is rising",
    Situation.FALLING: "the market is falling",
    Situation.LOWEST: "we are the lowest already",
    Situation.BELOW_FLOOR: "the target is below our floor",
    Situation.AT_FLOOR: "the target is our floor",
}

_ACTIONS = {
    "keep": f"keep {KEPT}",
    "hold": "hold the old price",
    "floor": "take the floor",
    "ceiling": "take the ceiling",
    "rrp": "take the recommended price",
    "raise": "go up as far as the limits allow",
    "optimal": "take the model's optimum",
    "next": "take the next offer above the floor",
}


def situation_text(situation: Situation, table: Situations) -> str:
    """What was found and what is done about it."""
    action = getattr(table, situation.name.lower())
    return f"{_SITUATIONS[situation]}: {_ACTIONS[action]}"


def rule_text(branch: Branch) -> str:
    """Which rule, and under which conditions."""
    conditions = " and ".join(f"({each.text})" if len(branch.when) > 1 else each.text for each in branch.when)
    return f"rule {branch.rule!r} applies" + (f": {conditions}" if conditions else "")


def target_text(branch: Branch, part: int = -1, why: str = "") -> str:
    """What the rule aims at: its target, or the part of it that won; `why` is the model's reason for an optimum."""
    if part < 0:
        return _told(branch.parts[0], why) if not branch.target.of else _all_of(branch)
    won = _told(branch.parts[part], why)
    if branch.target.kind != "first_of":
        return f"{_COMPARED[branch.target.kind]} of {len(branch.parts)}: {won}"
    tried = " and ".join(_told(each) for each in branch.parts[:part])
    return f"{tried} {'is' if part == 1 else 'are'} unknown: {won}" if part else won


def tested_text(why: str) -> str:
    """Why a price is asked that no rule aims at."""
    return f"in place of the rule's target, {why}"


def _told(part: Aimed, why: str = "") -> str:
    text = _TARGETS[part.target.kind](part.target)
    text += f" ({why})" if why and part.target.kind == "optimal" else ""
    return text if part.adjust is None else f"{text}, {adjust_text(part.adjust)}"


def adjust_text(adjust: Measure | None) -> str:
    """What is added to a target."""
    if adjust is not None and adjust.beside:
        return f"{adjust} it"
    return f"adjusted by {adjust}"


def _all_of(branch: Branch) -> str:
    return f"{_COMPARED[branch.target.kind]} of {'; '.join(map(_told, branch.parts))}"


_COMPARED = {"first_of": "the first known", "lowest_of": "the lowest", "highest_of": "the highest"}


def _share(target: Target) -> str:
    return percent_text(target.percent or 0)


_TARGETS: dict[str, Callable[[Target], str]] = {
    "lowest": lambda _: "the lowest offer",
    "nth_lowest": lambda target: f"offer {target.n} by price, or the highest",
    "median": lambda _: "the median offer",
    "average": lambda _: "the average of the offers",
    "weighted": lambda _: "the average of the offers by the weights of their sellers",
    "highest": lambda _: "the highest offer",
    "percentile": lambda target: f"the {_share(target)} percentile of the offers",
    "between": lambda target: f"{_share(target)} of the way from the lowest to the highest offer",
    "seller": lambda target: f"the {target.pick} price of {', '.join(target.sellers)}",
    "buy_box": lambda _: "the offer that the marketplace shows first",
    "index": lambda target: f"{_share(target)} of the basket {', '.join(target.sellers)}",
    "cost_plus": lambda target: f"the cost and {_share(target)}, net",
    "margin": lambda target: f"a margin of {_share(target)}, net",
    "rrp": lambda _: "the recommended price",
    "map": lambda _: "the minimum advertised price",
    "prior": lambda _: "the prior price",
    "floor": lambda _: "the floor",
    "ceiling": lambda _: "the ceiling",
    "optimal": lambda _: "the model's optimum",
    "markdown": lambda target: f"the markdown of {target.price or 'rrp'} by its age",
    "formula": lambda target: f"formula {target.price}",
    "keep": lambda _: KEPT,
}


def missing_text(branch: Branch) -> str:
    """Why a target gave no price."""
    if branch.target.kind in NET:
        return "the rule's price cannot be computed from the cost"
    return f"{target_text(branch)} is unknown or no price"
