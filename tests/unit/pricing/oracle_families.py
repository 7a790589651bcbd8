"""What families do to a plan, written plainly: the answers of all products, then one family after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

from pricewatch.pricing.rulefile import Parity

from .market import Ours, Theirs
from .oracle import TOP, Answer, Answering, Oracle, amount, least_of

Names = dict[str, Callable[[Ours], str]]
Sizes = dict[str, Callable[[Ours], Fraction | None]]


@dataclass
class Member:
    """A product with what was answered for it."""

    ours: Ours
    by: Answering
    answer: Answer
    price: int = 0  # where the plan leads, the old price where it stays

    @property
    def current(self) -> int:
        return self.ours.current or 0

    @property
    def moves(self) -> bool:
        return self.price != self.current


@dataclass(frozen=True)
class Families:
    """The oracle of a rule file with families; `names` and `sizes` say what their expressions mean."""

    oracle: Oracle
    names: Names
    sizes: Sizes

    def answers(self, products: Sequence[tuple[Ours, Sequence[Theirs]]]) -> list[Answer]:
        members = []
        for ours, theirs in products:
            by = Answering(self.oracle, ours, theirs)
            answer = by.run()
            moving = answer.outcome in {"raise", "cut"}
            members.append(Member(ours, by, answer, answer.price if moving and answer.price else ours.current or 0))
        for number, family in enumerate(self.oracle.model.parity):
            self.fit(family, self.oracle.document.place(("parity", number)), members)
        return [each.answer for each in members]

    def fit(self, family: Parity, place: str, members: Sequence[Member]) -> None:
        groups: dict[str, list[Member]] = {}
        for each in members:
            name = self.names[family.family](each.ours)
            inside = not family.when or self.oracle.tests[family.when](each.ours, None) is True
            if amount(each.ours.current) is not None and inside and name.strip():
                groups.setdefault(name, []).append(each)
        for group in groups.values():
            if len(group) > 1 and family.size:
                self.packs(family, place, group)
            elif len(group) > 1:
                self.variants(family, place, group)

    def packs(self, family: Parity, place: str, group: Sequence[Member]) -> None:
        """Bounds are those of the prices before anybody of the family was brought back."""
        more = 1 + Fraction(family.allow, 10_000)
        sized = [(each, size, each.price) for each in group if (size := self.sizes[family.size](each.ours))]
        for each, size, planned in sized:
            others = [(other, theirs, price) for other, theirs, price in sized if theirs != size]
            if planned > each.current:
                bounds = [
                    floor(min(other.current, price) * size * more / theirs)
                    for other, theirs, price in others
                    if size > theirs
                ]
                if bounds and planned > min(bounds):
                    found = each.by.allowed.at_most(max(min(bounds), 0))
                    self.bring(each, place, found if found is not None and each.current < found < planned else None)
            elif planned < each.current:
                bounds = [
                    ceil(max(other.current, price) * size / (theirs * more))
                    for other, theirs, price in others
                    if size < theirs
                ]
                if bounds and planned < max(bounds):
                    found = each.by.allowed.at_least(min(max(bounds), TOP))
                    self.bring(each, place, found if planned < found < each.current else None)

    def bring(self, each: Member, place: str, price: int | None) -> None:
        """Back towards the old price, or to it where nothing is left or what is left may not be asked."""
        if price is not None and (small(each, price) or each.by.refused(price)):
            price = None
        move(each, place, each.current if price is None else price)

    def variants(self, family: Parity, place: str, group: Sequence[Member]) -> None:
        less = 1 - Fraction(family.allow, 10_000)
        least = ceil(max(each.price for each in group) * less)
        if min(each.price for each in group) >= least:
            return
        wanted = [each.price if each.price >= least else lifted(each, least) for each in group]
        known = [price for price in wanted if price is not None]
        if len(known) == len(group) and min(known) >= max(known) * less:
            for each, price in zip(group, known, strict=True):
                if price != each.price:
                    move(each, place, price)
        else:
            for each in group:
                if each.moves:
                    move(each, place, each.current)


def bound(each: Member) -> bool:
    """Whether brakes hold: not for corrections of a price outside its limits, nor for dates of promotions."""
    by, current = each.by, each.current
    below = by.low is not None and current < by.low[0]
    above = by.high is not None and current > by.high[0]
    return not (below or above or by.free)


def small(each: Member, price: int) -> bool:
    least = least_of(each.current, each.by.applied)
    return bound(each) and least is not None and abs(price - each.current) < least[0]


def lifted(each: Member, least: int) -> int | None:
    """What a variant would cost beside the dearest; None where something forbids it."""
    by = each.by
    if each.answer.hold != "none":
        return None
    price = by.allowed.at_least(least)
    tops = [TOP, *(limit[0] for limit in (by.high, by.top) if limit is not None)]
    if price > min(tops) or (by.low is not None and price < by.low[0]):
        return None
    if price == each.current:
        return price
    braked = bound(each) and by.brake(price, by.applied)[0]
    return None if braked or by.refused(price) or by.jumps(price) else price


def move(each: Member, place: str, price: int) -> None:
    """Another price, with its reasons; one outside floor or ceiling is never given."""
    by, current, answer = each.by, each.current, each.answer
    if (by.low is not None and price < by.low[0]) or (by.high is not None and price > by.high[0]):
        return
    last = [step for step in answer.steps if step[0] not in {"min_change", "announced", "prior_price", "map", "parity"}]
    if answer.hold == "parity":
        last.pop()
    told = ("parity", by.guarded, price, place, ())
    outcome = "raise" if price > current else "cut"
    if price == current:
        steps = (*last, told, ("hold", price, current, place, ()))
        moved = replace(answer, outcome="hold", price=None, hold="parity", steps=steps, announced=None)
    else:
        by.steps, by.announcing = [*last, told], by.announced
        by.reference = by.deepened if price < current else by.kept
        moved = replace(by.warned(price, by.applied), outcome=outcome, hold="none")
    seen = by.seen
    ranks = (None, None) if seen is None else (by.rank(seen, current), by.rank(seen, price))
    each.answer = replace(moved, ranks=ranks, margins=(by.before, by.margin(price)))
    each.price = price
