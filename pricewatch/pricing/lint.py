"""What is wrong or suspicious in a rule file beyond the types of its values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import pairwise

from pricewatch.domain.errors import Problem
from pricewatch.located import Document, Path
from pricewatch.pricing.rulefile import Guardrails, Landscape, Rule, RuleFile, Target
from pricewatch.pricing.values import Measure

_WITH_PERCENT = {"percentile", "between", "cost_plus", "margin", "index"}
_COMPARED = {"first_of", "lowest_of", "highest_of"}
_SELF_MOVING = re.compile(r"\bcurrent\s*[-+*/]|[-+*/]\s*current\b")
_ALLOWED_WITH = {
    "n": {"nth_lowest", "index"},
    "percent": _WITH_PERCENT,
    "sellers": {"seller", "index"},
    "pick": {"seller"},
    "price": {"formula", "markdown"},
    "age": {"markdown"},
    "steps": {"markdown"},
    "of": _COMPARED,
}


def contradictions(document: Document, model: RuleFile) -> Iterator[Problem]:
    """Everything that cannot be meant, each at its place."""
    yield from _landscape(document, ("landscape",), model.landscape)
    for index, limits in enumerate(model.guardrails):
        yield from _limits(document, ("guardrails", index), limits)
    for index, rule in enumerate(model.rule):
        yield from _rule(document, ("rule", index), rule)


def warnings(document: Document, model: RuleFile) -> Iterator[Problem]:
    """What is allowed and probably not meant: rules that only follow one rival, or their own last price."""
    for index, rule in enumerate(model.rule):
        if not rule.announced and any(_SELF_MOVING.search(target.price) for target, _ in _aims(rule)):
            message = "a formula of this rule starts from our own last price: every plan moves it on"
            hint = "start from the market, the cost or the recommended price; goods that age have the target markdown"
            yield document.problem(("rule", index, "name"), message, hint)
        if _follows_one_rival(rule):
            message = "this rule follows one named rival and never goes below"
            hint = "rules that hold a resale price for somebody else are unlawful; look at the whole market"
            yield document.problem(("rule", index, "name"), message, hint)


def _follows_one_rival(rule: Rule) -> bool:
    return any(len(target.sellers) == 1 and not _goes_below(adjust) for target, adjust in _aims(rule))


def _aims(rule: Rule) -> list[tuple[Target, Measure | None]]:
    """All targets of a rule, compared ones too, with what is added to each."""
    targets = [(case.target, case.adjust) for case in rule.case]
    if rule.target is not None:
        targets.append((rule.target, rule.adjust))
    return targets + [(part, part.adjust or adjust) for target, adjust in targets for part in target.of]


def _goes_below(adjust: Measure | None) -> bool:
    return adjust is not None and ((adjust.basis_points or 0) < 0 or (adjust.amount or 0) < 0 or adjust.beside < 0)


def _rule(document: Document, path: Path, rule: Rule) -> Iterator[Problem]:
    if rule.landscape is not None:
        yield from _landscape(document, (*path, "landscape"), rule.landscape)
    yield from _limits(document, (*path, "guardrails"), rule.guardrails)
    yield from _times(document, path, rule)
    if bool(rule.case) == (rule.target is not None):
        message = "a rule has either a target or cases"
        yield document.problem(path, message, 'add target = "lowest", or [[rule.case]] tables', key=True)
    if rule.target is not None:
        yield from _aim(document, path, rule.target, rule.adjust)
    for index, case in enumerate(rule.case):
        yield from _aim(document, (*path, "case", index), case.target, case.adjust)
    for index, (case, _) in enumerate(pairwise(rule.case)):
        if not case.when.strip():
            at = (*path, "case", index + 1)
            message = "this case is never reached: the one before it has no condition"
            yield document.problem(
                at, message, "the case without a condition is the else branch and comes last", key=True
            )


def _times(document: Document, path: Path, rule: Rule) -> Iterator[Problem]:
    if rule.starts and rule.ends and _comparable(rule.ends) < _comparable(rule.starts):
        yield document.problem((*path, "ends"), "the rule ends before it starts", "swap the two days")
    if rule.announced and (rule.starts is None or rule.ends is None):
        message = "an announced reduction needs `starts` and `ends`"
        yield document.problem((*path, "announced"), message, "buyers are told how long it lasts")
    if rule.perishable and not rule.announced:
        message = "`perishable` means nothing without `announced`"
        yield document.problem((*path, "perishable"), message, "add announced = true", key=True)


def _comparable(day: date) -> datetime:
    """Days and moments on one line, whatever the time zone: good enough for an order that is far apart."""
    return day.replace(tzinfo=None) if isinstance(day, datetime) else datetime.combine(day, time())


def _aim(document: Document, path: Path, target: Target, adjust: Measure | None) -> Iterator[Problem]:
    yield from _target(document, (*path, "target"), target)
    yield from _kept(document, path, target, adjust)


def _kept(document: Document, path: Path, target: Target, adjust: Measure | None) -> Iterator[Problem]:
    if target.kind == "keep" and adjust is not None:
        message = "what is kept cannot be adjusted: every plan would move it on"
        yield document.problem((*path, "adjust"), message, "aim at the market, the cost or the recommended price")


def _target(document: Document, path: Path, target: Target) -> Iterator[Problem]:
    given = target.model_fields_set
    for key, kinds in _ALLOWED_WITH.items():
        if key in given and target.kind not in kinds:
            yield document.problem((*path, key), f"`{key}` means nothing for the target {target.kind!r}", key=True)
    if target.kind in _WITH_PERCENT and target.percent is None:
        yield document.problem(path, f"the target {target.kind!r} needs a percent", 'add percent = "20%"')
    if target.kind in {"seller", "index"} and not target.sellers:
        yield document.problem(path, f"the target {target.kind!r} needs sellers", 'add sellers = ["Name"]')
    if target.kind == "index" and 0 < len(target.sellers) < target.n:
        message = f"the basket names fewer sellers ({len(target.sellers)}) than must be there ({target.n})"
        yield document.problem(path, message, "name more sellers, or lower `n`")
    if target.kind == "markdown":
        yield from _ladder(document, path, target)
    if target.kind in _COMPARED:
        yield from _compared(document, path, target)
    if target.kind == "formula" and not target.price.strip():
        yield document.problem(path, "the target 'formula' needs a price", 'add price = "lowest * 0.99"')
    if target.percent is not None:
        yield from _percent(document, (*path, "percent"), target)


def _ladder(document: Document, path: Path, target: Target) -> Iterator[Problem]:
    if not target.age.strip() or not target.steps:
        hint = 'add age = "days_since(custom.received)" and steps = [{ days = 56, off = "20%" }]'
        yield document.problem(path, "the target 'markdown' needs an age and steps", hint)
    for index, (early, late) in enumerate(pairwise(target.steps)):
        if late.days <= early.days or late.off <= early.off:
            at = (*path, "steps", index + 1)
            yield document.problem(at, "the steps of a markdown must rise", "older goods are marked down further")
    for index, step in enumerate(target.steps):
        if not 0 <= step.off < 10_000:
            yield document.problem((*path, "steps", index, "off"), "a markdown takes off from 0% to less than 100%")


def _compared(document: Document, path: Path, target: Target) -> Iterator[Problem]:
    if len(target.of) < 2:
        hint = 'add of = ["lowest", { kind = "cost_plus", percent = "20%" }]'
        yield document.problem(path, f"the target {target.kind!r} needs two targets or more", hint)
    for index, part in enumerate(target.of):
        if part.kind in _COMPARED:
            yield document.problem((*path, "of", index), "comparisons do not stand inside comparisons", "list them all")
        else:
            yield from _target(document, (*path, "of", index), part)
            yield from _kept(document, (*path, "of", index), part, part.adjust)


def _percent(document: Document, path: Path, target: Target) -> Iterator[Problem]:
    percent = target.percent or 0
    if target.kind in {"percentile", "between"} and not 0 <= percent <= 10_000:
        yield document.problem(path, "a position in the market is from 0% to 100%")
    if target.kind == "margin" and percent >= 10_000:
        yield document.problem(path, "no price has a margin of 100% or more", "was a markup meant? use cost_plus")
    if target.kind == "index" and percent <= 0:
        yield document.problem(path, "a price index is above 0%", 'level with the basket is "100%"')
    if target.kind == "cost_plus" and percent <= -10_000:
        yield document.problem(path, "this takes the whole cost away")


def _limits(document: Document, path: Path, limits: Guardrails) -> Iterator[Problem]:
    if (limits.min_margin or 0) + (limits.fee or 0) >= 10_000:
        key = "min_margin" if limits.min_margin else "fee"
        yield document.problem((*path, key), "no price leaves so much margin", "margin and fee stay below 100%")
    if limits.floor is not None and limits.ceiling is not None and limits.floor > limits.ceiling:
        yield document.problem((*path, "floor"), "the floor is above the ceiling of the same table")
    for name, fees in limits.channels.items():
        if not 0 <= fees.fee < 10_000 or fees.fixed_fee < 0:
            yield document.problem((*path, "channels", name), "fees are from 0% to less than 100%, and not below zero")
        elif (limits.min_margin or 0) + fees.fee >= 10_000:
            yield document.problem((*path, "channels", name), "no price leaves so much margin", "lower fee or margin")
    for key in ("floor", "ceiling", "multiple_of"):
        if (amount := getattr(limits, key)) is not None and amount <= 0:
            yield document.problem((*path, key), f"`{key}` must be more than zero", "leave it out for none")
    for key in ("fee", "fixed_fee", "max_above_rrp"):
        if (amount := getattr(limits, key)) is not None and amount < 0:
            yield document.problem((*path, key), f"`{key}` cannot be below zero")
    for key in ("min_margin", "min_markup", "max_markup"):
        if (share := getattr(limits, key)) is not None and share < -10_000:
            yield document.problem((*path, key), f"`{key}` cannot be below -100%")
    yield from _endings(document, path, limits)


def _endings(document: Document, path: Path, limits: Guardrails) -> Iterator[Problem]:
    ways = [key for key in ("endings", "ending_ladder", "multiple_of") if getattr(limits, key)]
    if len(ways) > 1:
        yield document.problem(
            (*path, ways[1]), f"`{ways[1]}` and `{ways[0]}` exclude each other", "keep one", key=True
        )
    for index, (low, high) in enumerate(pairwise(limits.ending_ladder)):
        rising = low.below is not None and (high.below is None or high.below > low.below)
        if not rising:
            at = (*path, "ending_ladder", index + 1)
            yield document.problem(at, "the rungs of the ladder must rise", "only the last one has no `below`")
    if limits.ending_ladder and limits.ending_ladder[-1].below is not None:
        at = (*path, "ending_ladder", len(limits.ending_ladder) - 1)
        yield document.problem(at, "the last rung of the ladder must be open", "leave out its `below`")


def _landscape(document: Document, path: Path, landscape: Landscape) -> Iterator[Problem]:
    for key in ("sellers", "sites"):
        inside = {name.casefold() for name in getattr(landscape, key)}
        outside = {name.casefold() for name in getattr(landscape, f"without_{key}")}
        for name in sorted(inside & outside):
            yield document.problem((*path, f"without_{key}"), f"{name!r} is both in `{key}` and in `without_{key}`")
    for key in ("availability", "conditions", "roles", "kinds"):
        if not getattr(landscape, key):
            yield document.problem((*path, key), f"an empty `{key}` lets no offer count", "name at least one")
    for key in ("own_shipping", "assume_shipping"):
        if (getattr(landscape, key) or 0) < 0:
            yield document.problem((*path, key), f"`{key}` cannot be below zero")
    if landscape.trend <= 0:
        yield document.problem((*path, "trend"), "a trend starts above 0%")
    if (landscape.max_distance or 0) < 0:
        yield document.problem((*path, "max_distance"), "a distance cannot be below zero")
