"""What the learner is asked: which prices of which products, beside whom, and how bold it may be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pricewatch.pricing.demand.curves import Context
from pricewatch.pricing.demand.panel import Flags, Floats, Ints

Goal: TypeAlias = Literal["profit", "revenue", "units", "profit with volume"]


@dataclass(frozen=True, slots=True)
class Policy:
    """How bold the learner is.

    `gate` is the probability of a gain that a move needs; `step` the largest learned change of a price, as a share;
    `draws` how many drawn curves a trial averages; a trial may cost at most the share `most` of what its product earns,
    and all trials together the money `budget` a day. A product that sells less than `slow` units a day moves every
    `slow_days` at most; where its category is small its trials may cost less in proportion, for they teach less. A
    price at which a product surely earns less than at its usual price counts as if it earned the share `caution` less
    of that: in proportion where it is less sure, and more of it the less the product sells. `volume_floor` is the least
    share of its units that a product keeps under the goal "profit with volume".
    """

    goal: Goal = "profit"
    gate: float = 0.8
    step: float = 0.05
    draws: int = 4
    most: float = 0.02
    budget: float = np.inf
    slow: float = 1.0
    slow_days: float = 7.0
    volume_floor: float = 0.9
    caution: float = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """The products to price, one each row: allowed prices n x m (NaN-padded), the price in force, and what it takes.

    `rows` count into the model, -1 for a product that it has never seen. `cost` is per unit in the prices' unit, NaN
    where unknown; `keep` the share of the price that stays with us, after VAT and fees. `group` numbers close
    substitutes, -1 for none; `waiting` is days since the last learned move; `drifted` marks broken predictions; `home`
    is the usual price, that of before the first learned move (NaN: none). `busy` marks products that are in a test
    of prices or have a close substitute in one, `tested` those that are in one themselves; `beside` (n x m) is what
    substitutes earn more a day at each price than at the one in force.
    """

    rows: Ints
    prices: Floats
    now: Floats
    cost: Floats
    keep: Floats
    context: Context
    group: Ints
    waiting: Floats
    drifted: Flags
    home: Floats
    busy: Flags
    beside: Floats
    tested: Flags

    @classmethod
    def of(
        cls,
        rows: npt.ArrayLike,
        prices: npt.ArrayLike,
        now: npt.ArrayLike,
        cost: npt.ArrayLike,
        *,
        keep: npt.ArrayLike = 1.0,
        context: Context | None = None,
        group: npt.ArrayLike | None = None,
        waiting: npt.ArrayLike = np.inf,
        drifted: npt.ArrayLike = False,
        home: npt.ArrayLike = np.nan,
        busy: npt.ArrayLike = False,
        beside: Floats | None = None,
        tested: npt.ArrayLike = False,
    ) -> Ask:
        """An ask with what is usual for all that is not given: no rivals, no VAT, no substitutes, no recent move."""
        known = np.asarray(rows, dtype=np.int64)
        size = len(known)
        wide = [
            np.broadcast_to(np.asarray(each, dtype=np.float64), (size,)) for each in (now, cost, keep, waiting, home)
        ]
        table = np.asarray(prices, dtype=np.float64)
        flags = [np.broadcast_to(np.asarray(each, dtype=bool), (size,)) for each in (drifted, busy, tested)]
        return cls(
            known, table, wide[0], wide[1], wide[2],
            context or Context.plain(size), np.full(size, -1) if group is None else np.asarray(group, dtype=np.int64),
            wide[3], flags[0], wide[4], flags[1], np.zeros((1, 1)) if beside is None else beside,
            flags[2],
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, rows: Ints) -> Ask:
        """The same of these products."""
        context = Context(
            self.context.rivals[rows], self.context.promotion[rows], self.context.rivals_out[rows], self.context.day
        )
        beside = self.beside if len(self.beside) < len(self) else self.beside[rows]
        return replace(self, context=context, beside=beside, **{name: getattr(self, name)[rows] for name in _EACH})


_EACH = ("rows", "prices", "now", "cost", "keep", "group", "waiting", "drifted", "home", "busy", "tested")
