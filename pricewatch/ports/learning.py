"""Tests of prices, and what the demand model said when prices were decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pricewatch.domain.experiment import Experiment, ExperimentStatus, Lot
from pricewatch.domain.product import Sku


@dataclass(frozen=True, slots=True)
class LearntRow:
    """What the model said of one product when a plan was made, packed (see pricing/explore/record.py)."""

    sku: Sku
    group: str
    model: str
    record: bytes


@dataclass(frozen=True, slots=True)
class LearnedMove:
    """A price that the model moved: the price before the first such move, the new one, and when it was decided."""

    sku: Sku
    group: str
    home: int
    price: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CostPoint:
    """What a product costs us from a time on, net, in minor units."""

    since: datetime
    minor: int
    currency: str


class LearningStore(Protocol):
    """Tests of prices with their lots, moves that the model made, and costs as they were."""

    def plan_test(self, test: Experiment, lots: Sequence[Lot]) -> int:
        """Keep a planned test with its lots, in one transaction; returns its number."""
        ...

    def tests(self, group: str | None = None) -> tuple[Experiment, ...]:
        """All tests, the oldest first, of one price group or of all."""
        ...

    def lots(self, number: int) -> tuple[Lot, ...]:
        """The lots of a test, in the order of their SKUs."""
        ...

    def begin(self, number: int, *, begins: datetime, by: str, lots: Sequence[Lot]) -> bool:
        """Start a planned test with these lots in place of its own; False when it is not planned any more."""
        ...

    def finish(self, number: int, status: ExperimentStatus, *, at: datetime, reason: str) -> bool:
        """End a test that is planned or running; False when it has ended already."""
        ...

    def moves(self, group: str) -> Mapping[Sku, LearnedMove]:
        """The newest learned move of each product."""
        ...

    def said(self, plan: int, group: str, sku: Sku) -> LearntRow | None:
        """What the model said of a product when a plan was made; None when it was not asked."""
        ...

    def asked(self, group: str, currency: str, begins: datetime) -> Mapping[Sku, tuple[tuple[datetime, int], ...]]:
        """Our price of each product in minor units, by our price history: all changes after `begins`, and the last one
        before it.
        """
        ...

    def costs(self, begins: datetime) -> Mapping[Sku, tuple[CostPoint, ...]]:
        """What products cost, from the last change before `begins` on."""
        ...
