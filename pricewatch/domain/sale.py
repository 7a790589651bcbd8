"""What was sold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pricewatch.domain.money import Money
from pricewatch.domain.product import Sku


@dataclass(frozen=True, slots=True)
class Sale:
    """One line of an order, or what was sold of a product on a day in sum.

    `source` is where it was sold (a channel's name) and `reference` the line's name there: the same line imported again
    replaces itself. `units` is below zero for what came back. `paid` is gross and for one piece; None = not known, and
    such a sale counts for velocity only.
    """

    source: str
    reference: str
    sku: Sku
    sold_at: datetime
    units: int
    paid: Money | None = None
    promotion: bool = False
