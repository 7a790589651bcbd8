"""Announced reductions: what their prior price is, and what the end of one leads back to.

A rule that is `announced` may only lower a price below the prior price, which is the lowest of the 30 days before the
day on which the reduction starts (FIELD: directive 98/6/EC article 6a). Ordinary repricing announces nothing. While a
promotion runs unchanged, nothing is decided anew; a new promotional price is a new reduction with a new prior price,
unless the country lets a deepened one keep its first (`progressive`).

People set the dates of a promotion, so its price waits for no step limit, dwell or quiet hour, and neither does the way
back from it, whose step limits start from the regular price. Floor, ceiling and jump test hold as ever.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricewatch.pricing.frame import MISSING, Bools, Ints
from pricewatch.pricing.prior_price import rules_of
from pricewatch.pricing.rules import RuleBook
from pricewatch.pricing.scope import Fields


@dataclass(frozen=True, slots=True)
class Promotions:
    """Which products of a shard are priced by an announced rule, and which are on their way back from one.

    `anchor` is the price that steps and jumps are measured from: the current one, or the regular one on the way back.
    `deeper` is the prior price of a price below the current one, `other` of any other.
    """

    announced: Bools
    returning: Bools
    anchor: Ints
    current: Ints
    deeper: Ints
    other: Ints

    @classmethod
    def of(cls, book: RuleBook, fields: Fields, branch: Ints) -> Promotions:
        """Look at the branch that prices each product."""
        announcing = np.array([each.announced for each in book.branches] + [False])
        spoiling = np.array([each.perishable for each in book.branches] + [False])
        running = fields.number("announced") != MISSING
        announced = announcing[branch]
        returning = running & ~announced & (fields.number("regular") != MISSING)
        anchor = np.where(returning, fields.number("regular"), fields.current)
        deeper, other = _references(fields, announced, spoiling[branch], running)
        return cls(announced, returning, anchor, fields.current, deeper, other)

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


def _references(fields: Fields, announced: Bools, spoiling: Bools, running: Bools) -> tuple[Ints, Ints]:
    """Of a price below the current one, and of any other: only a deepened reduction can keep its first prior price."""
    if not announced.any():
        nothing = np.full(len(fields), MISSING)
        return nothing, nothing
    rules = rules_of(fields.shard.frame.country)
    other = np.where(announced, fields.number("prior"), MISSING)
    deeper = np.where(announced & running, fields.number("announced"), other) if rules.progressive else other
    if not rules.perishables:
        return deeper, other
    before = np.where(running, fields.number("regular"), fields.current)
    return np.where(announced & spoiling, before, deeper), np.where(announced & spoiling, before, other)
