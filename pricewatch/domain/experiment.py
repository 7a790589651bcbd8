"""A test of prices by lot: who is asked what in which week, decided before it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pricewatch.domain.product import Sku

WEEK = timedelta(days=7)


class ExperimentStatus(StrEnum):
    """Where a test stands; a planned one changes no price."""

    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Lot:
    """What one product is asked: its usual gross price in minor units, and a way a week.

    `ways` has a letter a week: `+` the higher price, `-` the lower one, `0` the usual one. `family` numbers close
    substitutes, which share their lot; -1 = none are known.
    """

    sku: Sku
    base: int
    ways: str
    family: int = -1

    def way(self, week: int) -> int:
        """1, -1 or 0 in a week that counts from 0; 0 outside the test."""
        return {"+": 1, "-": -1}.get(self.ways[week], 0) if 0 <= week < len(self.ways) else 0


@dataclass(frozen=True, slots=True)
class Experiment:
    """A test of prices in one price group, `step` up and down (basis points), over whole weeks from `begins` (UTC).

    It ends by itself when the side that loses is behind by more than the share `worst` (basis points) of profit, beyond
    the noise. `stated` is what was said before it began: effect, cost, products.
    """

    number: int
    group: str
    design: str
    status: ExperimentStatus
    weeks: int
    step: int
    worst: int
    made_at: datetime
    made_by: str
    begins: datetime | None = None
    started_by: str = ""
    ended_at: datetime | None = None
    reason: str = ""
    stated: Mapping[str, Any] = field(default_factory=dict)

    def week(self, at: datetime) -> int:
        """The week of the test at a time, from 0; -1 before it, `weeks` or more when it is over."""
        return -1 if self.begins is None or at < self.begins else (at - self.begins) // WEEK

    @property
    def ends(self) -> datetime | None:
        """When its last week is over."""
        return None if self.begins is None else self.begins + self.weeks * WEEK

    @property
    def share(self) -> float:
        """The step as a share of the price."""
        return self.step / 10_000
