"""The store in SQL: every repository on one database."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from pricewatch.ports import (
    CatalogueStore,
    ControlStore,
    DiscoveryStore,
    HostStore,
    LearningStore,
    MatchStore,
    Outbox,
    PlanStore,
    PriceStore,
    RunStore,
    SaleStore,
    SightingStore,
    UsageStore,
)
from pricewatch.store import locks, maintenance
from pricewatch.store.catalogue import SqlCatalogue
from pricewatch.store.control import SqlControl
from pricewatch.store.database import Database, revision_of
from pricewatch.store.discovery import SqlDiscovery
from pricewatch.store.hosts import SqlHosts
from pricewatch.store.learning import SqlLearning
from pricewatch.store.matches import SqlMatches
from pricewatch.store.migrations import HEAD
from pricewatch.store.outbox import SqlOutbox
from pricewatch.store.plans import SqlPlans
from pricewatch.store.prices import SqlPrices
from pricewatch.store.runs import SqlRuns
from pricewatch.store.sales import SqlSales
from pricewatch.store.sightings import SqlSightings
from pricewatch.store.usage import SqlUsage


class SqlStore:
    """The database: repositories that share one engine; every method is one transaction.

    Everything raises StoreError when the database is full, busy, damaged, unreachable or of another version.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.catalogue: CatalogueStore = SqlCatalogue(database)
        self.sightings: SightingStore = SqlSightings(database)
        self.hosts: HostStore = SqlHosts(database)
        self.matches: MatchStore = SqlMatches(database)
        self.discovery: DiscoveryStore = SqlDiscovery(database)
        self.plans: PlanStore = SqlPlans(database)
        self.prices: PriceStore = SqlPrices(database)
        self.outbox: Outbox = SqlOutbox(database)
        self.runs: RunStore = SqlRuns(database)
        self.control: ControlStore = SqlControl(database)
        self.usage: UsageStore = SqlUsage(database)
        self.sales: SaleStore = SqlSales(database)
        self.learning: LearningStore = SqlLearning(database)

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold the named lock of this database; raises Locked at once when another process has it."""
        return locks.lock(self.database, name)

    def upgrade(self) -> str:
        """Bring the tables to this version of pricewatch; returns the revision."""
        from pricewatch.store.migrate import upgrade

        return upgrade(self.database)

    def revision(self) -> tuple[str, str]:
        """The revision the database has (empty = no tables yet), and the one this pricewatch needs."""
        if self.database.is_new:
            return "", HEAD
        with self.database.look() as connection:
            return revision_of(connection), HEAD

    def backup(self, destination: Path) -> Path:
        """Copy the database to a file, or to a new file in a folder; returns the file."""
        return maintenance.backup(self.database, destination)

    def check(self) -> tuple[str, ...]:
        """What is wrong with the database, in words (empty = well)."""
        return maintenance.check(self.database)

    def close(self) -> None:
        """Let go of all connections."""
        self.database.close()
