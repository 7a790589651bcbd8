"""Announced reductions: what their prior price is, and what the end of one leads back to.

A rule that is `announced` may only lower a price below the prior price, which is the lowest of the 30 days before the
day on which the reduction starts (FIELD: directive 98/6/EC article 6a). Ordinary repricing announces nothing. While a
promotion runs, its target is computed from the prior price of its start, never from its own price of the days before,
and formulas take the regular price for ours: so its price stays. A new promotional price names a new prior price,
unless the country lets a deepened one keep its first (`progressive`).

People set the dates of a promotion, so its price waits for no step limit, dwell or quiet hour, and neither does the way
back from it, whose step limits start from the regular price; to keep the price means that one then. Floor, ceiling and
jump test hold as ever. A price below its floor goes up to it, also where nothing can be announced at that price: then
nothing is, and a running reduction ends before its day, which a person approves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricewatch.pricing.exact import only
from pricewatch.pricing.frame import MISSING, Bools, Ints
from pricewatch.pricing.prior_price import rules_of
from pricewatch.pricing.rules import RuleBook
from pricewatch.pricing.scope import Fields


@dataclass(frozen=True, slots=True)
class Promotions:
    """Which products of a shard are priced by an announced rule, and which are on their way back from one.

    `anchor` is the price that steps and jumps are measured from, and that is kept: the current one, or the regular one
    on the way back. `regular` is the one that formulas take for ours: while a reduction runs that from before it.
    `prior` is the prior price that targets are computed from. Of those that may be named `deeper` is that of a price
    below the current one, `other` that of any other.
    """

    announced: Bools
    returning: Bools
    anchor: Ints
    regular: Ints
    current: Ints
    prior: Ints
    deeper: Ints
    other: Ints

    @classmethod
    def of(cls, book: RuleBook, fields: Fields, branch: Ints) -> Promotions:
        """Look at the branch that prices each product."""
        announcing = np.array([each.announced for each in book.branches] + [False])
        spoiling = np.array([each.perishable for each in book.branches] + [False])
        running = fields.number("announced") != MISSING
        announced = announcing[branch]
        before = fields.number("regular")
        regular = np.where(running & (before != MISSING), before, fields.current)
        returning = running & ~announced & (before != MISSING)
        anchor = np.where(returning, before, fields.current)
        first = announced & spoiling[branch] & rules_of(fields.shard.frame.country).perishables
        before = np.where(running, before, fields.current)
        prior = np.where(first & (before != MISSING), before, fields.number("prior"))
        deeper, other = (only(announced, each) for each in _references(fields, first, before))
        return cls(announced, returning, anchor, regular, fields.current, prior, deeper, other)

    @property
    def free(self) -> Bools:
        """Where no step limit of the current price and no brake holds anything back."""
        return self.announced | self.returning

    @property
    def step_base(self) -> Ints:
        """Where step limits start from; MISSING where none holds."""
        return np.where(self.announced, MISSING, self.anchor)

    def reference(self, price: Ints) -> Ints:
        """The prior price that a price would have to name; MISSING = unknown, or nothing is announced."""
        return np.where(price < self.current, self.deeper, self.other)

    def refused(self, price: Ints) -> Bools:
        """Where a price may not be announced as a reduction: no prior price, or not below it."""
        reference = self.reference(price)
        return np.asarray(self.announced & ((reference == MISSING) | (price >= reference)))

    def jumps(self, price: Ints, factor: int) -> Bools:
        """Where a price is many times the one it starts from, or a fraction of it; a way back from a reduction is long
        only as far as the regular price. MISSING jumps nowhere.
        """
        there = price != MISSING
        to, anchor, current = (np.where(there, each, 0) for each in (price, self.anchor, self.current))
        beyond = (to > anchor) & (to >= current * factor)
        return np.asarray(there & ((to >= anchor * factor) | (to * factor <= anchor) | beyond))


def _references(fields: Fields, spoiling: Bools, before: Ints) -> tuple[Ints, Ints]:
    """Of a price below the current one, and of any other: only a deepened reduction can keep its first prior price."""
    lowest = fields.lowest_before
    deeper = fields.number("prior") if rules_of(fields.shard.frame.country).progressive else lowest
    return np.where(spoiling, before, deeper), np.where(spoiling, before, lowest)
