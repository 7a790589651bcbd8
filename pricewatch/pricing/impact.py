"""What a plan would bring, if buyers bought as they did: no answer of demand to the new prices is assumed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricewatch.pricing.exact import net_of
from pricewatch.pricing.frame import MISSING, Bools, Ints
from pricewatch.pricing.plan import PlanFrame
from pricewatch.pricing.scope import Fields
from pricewatch.pricing.shards import Shard

_MOST = 2**24  # pieces of one product
_SAFE = 2**62


@dataclass(frozen=True, slots=True)
class Impact:
    """The changed prices of a price group, before and after, in minor units: gross revenue and net profit.

    `sold` says that pieces are those of the last 28 days; otherwise one piece of each product is counted. Profit is
    that of the products whose cost is known, `costless` the number of the others.
    """

    group: str
    currency: str
    products: int
    sold: bool
    revenue: tuple[int, int]
    profit: tuple[int, int]
    costless: int

    @classmethod
    def of(cls, plan: PlanFrame) -> Impact:
        """What the changes of a plan would do."""
        frame, rows = plan.frame, plan.trail.moving
        scope = Fields.of(Shard(frame, 0, len(frame.products), np.zeros(0, dtype=np.intp)))
        sold, pieces = _pieces(scope.sold, rows)
        vat, cost = scope.vat[rows], scope.cost[rows]
        prices = (scope.current[rows], plan.trail.price[rows])
        nets = [net_of(price, vat) for price in prices]
        known = (cost != MISSING) & (nets[0] != MISSING) & (nets[1] != MISSING)
        revenue = [_total(price, pieces) for price in prices]
        profit = [_total(np.where(known, net - np.where(known, cost, 0), 0), pieces) for net in nets]
        return cls(
            group=frame.group,
            currency=frame.currency,
            products=int(rows.sum()),
            sold=sold,
            revenue=(revenue[0], revenue[1]),
            profit=(profit[0], profit[1]),
            costless=int((~known).sum()),
        )


def _pieces(sold: Ints, rows: Bools) -> tuple[bool, Ints]:
    """The pieces of the last 28 days where any of them was sold, else one of each."""
    chosen = sold[rows]
    pieces = np.where(chosen == MISSING, 0, np.clip(chosen, 0, _MOST))
    return (True, pieces) if pieces.any() else (False, np.ones(len(chosen), dtype=np.int64))


def _total(amounts: Ints, pieces: Ints) -> int:
    """The sum of the products, in whole numbers however large."""
    if not len(amounts):
        return 0
    most = int(np.abs(amounts).max()) * int(pieces.max()) * len(amounts)
    return int((amounts * pieces).sum()) if most < _SAFE else sum(map(int.__mul__, amounts.tolist(), pieces.tolist()))
