"""What every stage works with, and what it reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random, SystemRandom
from typing import TypeAlias
from zoneinfo import ZoneInfo

from pricewatch.domain.decision import Plan
from pricewatch.domain.errors import SetAside
from pricewatch.domain.match import Match
from pricewatch.domain.product import PriceGroup
from pricewatch.matching.model import MatchModel
from pricewatch.matching.settings import MatchingSettings
from pricewatch.pipeline.demand_models import DemandModels
from pricewatch.pipeline.settings import DiscoverySettings, PublishingSettings
from pricewatch.ports import Channel, Clock, Crawler, Notifier, Progress, SiteInfo, Store
from pricewatch.pricing.decided import Decided
from pricewatch.pricing.impact import Impact
from pricewatch.pricing.rules import RuleBook
from pricewatch.pricing.settings import PricingSettings

MapLine: TypeAlias = tuple[str, Match | SetAside]
"""A line of a map file: its place, and what it says or why it cannot be read."""


def _no_models(group: str) -> DemandModels:
    """A folder without a demand model."""
    return DemandModels(Path("models"), group)


@dataclass(frozen=True, slots=True)
class Workbench:
    """Everything that the use cases need, built once by `bootstrap`.

    `channels` are already behind the edge gate. `channel_groups` names the price group of each channel.
    `own_sellers` are the names that we and our sister shops sell under elsewhere. `match_map` reads the file of
    matches that people made; `match_model` gives the model that judges. Pages are kept as evidence for `evidence_kept`.
    `demand_models` gives the demand models of a price group.
    """

    store: Store
    clock: Clock
    groups: tuple[PriceGroup, ...]
    sites: Mapping[str, SiteInfo]
    crawler: Crawler
    channels: Mapping[str, Channel]
    channel_groups: Mapping[str, str]
    rulebook: RuleBook
    matching: MatchingSettings
    pricing: PricingSettings
    publishing: PublishingSettings
    notifier: Notifier
    progress: Progress
    own_sellers: frozenset[str] = frozenset()
    match_map: Callable[[], Iterable[MapLine]] = tuple
    discovery: DiscoverySettings = field(default_factory=DiscoverySettings)
    match_model: Callable[[], MatchModel] = MatchModel.shipped
    evidence_kept: timedelta = timedelta(days=90)
    demand_models: Callable[[str], DemandModels] = _no_models
    max_shrink: int = 20  # percent of the catalogue that one import may withdraw
    chance: Random = field(default_factory=SystemRandom)  # draws how long a retry waits

    def told(self, at: datetime) -> str:
        """A moment as messages name it: in the shop's time zone."""
        return f"{at.astimezone(ZoneInfo(self.groups[0].timezone)):%Y-%m-%d %H:%M %Z}"


@dataclass(frozen=True, slots=True)
class StageReport:
    """What a stage did: counts by name, and what it set aside; `status` is ok, partly or failed."""

    stage: str
    status: str
    counts: Mapping[str, int] = field(default_factory=dict)
    set_aside: tuple[SetAside, ...] = ()
    message: str = ""
    run: int = 0


@dataclass(frozen=True, slots=True)
class PlanReport:
    """A plan with its decisions; `plan.number` is 0 when it was only previewed and not saved. `impacts` say what its
    changes would bring in each price group, `ends` what becomes of prices that end.
    """

    plan: Plan
    decisions: Decided
    report: StageReport
    impacts: tuple[Impact, ...] = ()
    ends: tuple[str, ...] = ()
