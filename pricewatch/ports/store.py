"""The database as a whole."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from pricewatch.ports.catalogue import CatalogueStore, SaleStore
from pricewatch.ports.deciding import PlanStore, PriceStore
from pricewatch.ports.learning import LearningStore
from pricewatch.ports.matching import DiscoveryStore, MatchStore
from pricewatch.ports.publishing import Outbox, UsageStore
from pricewatch.ports.reading import HostStore, SightingStore
from pricewatch.ports.running import ControlStore, RunStore


class Store(Protocol):
    """The database: repositories that share one engine; every method is one transaction."""

    catalogue: CatalogueStore
    sightings: SightingStore
    hosts: HostStore
    matches: MatchStore
    discovery: DiscoveryStore
    plans: PlanStore
    prices: PriceStore
    outbox: Outbox
    runs: RunStore
    control: ControlStore
    usage: UsageStore
    sales: SaleStore
    learning: LearningStore

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold the named lock of this database; raises Locked at once when another process has it."""
        ...

    def upgrade(self) -> str:
        """Bring the tables to this version of pricewatch; returns the revision."""
        ...

    def revision(self) -> tuple[str, str]:
        """The revision the database has, and the one this pricewatch needs."""
        ...

    def backup(self, destination: Path) -> Path: ...
    def check(self) -> tuple[str, ...]:
        """What is wrong with the database, in words (empty = well)."""
        ...

    def close(self) -> None: ...
