"""The whole way to each price as columns: what `decide` keeps so that every price explains itself."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from pricewatch.domain.decision import Outcome
from pricewatch.pricing.frame import MISSING, Bools, Ints

Codes8 = npt.NDArray[np.int8]
Codes16 = npt.NDArray[np.int16]

TESTED = 126  # in the place of a target: a test of prices asked for the price
OUTCOMES = tuple(Outcome)
RAISE, CUT, KEEP, HOLD = (OUTCOMES.index(each) for each in (Outcome.RAISE, Outcome.CUT, Outcome.KEEP, Outcome.HOLD))


class Hold(IntEnum):
    """Why an old price stays, in the order in which it is found out."""

    NONE = 0
    FROZEN = 1
    NO_PRICE = 2
    INPUT = 3
    NO_RULE = 4
    NO_FLOOR = 5
    NO_COST = 6
    SITUATION = 7
    TARGET = 8
    STEP = 9
    CONTRADICTION = 10
    DWELL = 11
    CHANGES = 12
    QUIET = 13
    JUMP = 14
    LOOP = 15
    PRIOR = 16
    PARITY = 17


class Situation(IntEnum):
    """Where something else than following the target was done."""

    NONE = 0
    STALE = 1
    ALONE_IN_STOCK = 2
    NO_COMPETITION = 3
    LOWEST = 4
    BELOW_FLOOR = 5
    AT_FLOOR = 6
    RISING = 7
    FALLING = 8


@dataclass(frozen=True, slots=True)
class Trail:
    """One row for each product. Prices are gross minor units (`target` and `adjusted` net for cost targets).

    `branch` is a place in the rule book's branches, -1 = none. `ended` to `price` are the price after the ending, the
    step limits, the ceiling and the floor. Columns that end in `_by` are places in the sources of the guardrails.
    MISSING marks steps that were not reached. `price` is where the guardrails lead, whatever `outcome` says.
    `part` is the place of the target that won a comparison, or TESTED. `reference` is the prior price that an announced
    reduction names, `parity` the price before the products of its family were looked at, and `parity_by` a place in the
    book's families.
    """

    branch: Ints
    hold: Codes8
    situation: Codes8
    outcome: Codes8
    matched: Ints
    offers: Ints
    part: Codes8
    target: Ints
    adjusted: Ints
    gross: Ints
    ended: Ints
    stepped: Ints
    capped: Ints
    price: Ints
    floor: Ints
    floor_by: Codes16
    ceiling: Ints
    ceiling_by: Codes16
    low: Ints
    low_by: Codes16
    high: Ints
    high_by: Codes16
    ending: Codes16
    least_change: Ints
    stop_by: Codes16
    map_by: Codes16
    rank_before: Ints
    rank_after: Ints
    margin_before: Ints
    margin_after: Ints
    reference: Ints
    parity: Ints
    parity_by: Codes16

    def __len__(self) -> int:
        return len(self.branch)

    @property
    def moving(self) -> Bools:
        """Where the price changes."""
        return np.asarray((self.outcome == RAISE) | (self.outcome == CUT))

    @classmethod
    def blank(cls, rows: int) -> Trail:
        """Room for the trails of all shards."""
        kinds = {"Codes8": np.int8, "Codes16": np.int16, "Ints": np.int64}
        return cls(**{each.name: np.empty(rows, dtype=kinds[str(each.type)]) for each in fields(cls)})

    def put(self, start: int, part: Trail) -> None:
        """Write the trail of a shard at its place."""
        for each in fields(Trail):
            getattr(self, each.name)[start : start + len(part)] = getattr(part, each.name)


def unknown(rows: int) -> Ints:
    """A column of MISSING."""
    return np.full(rows, MISSING, dtype=np.int64)
