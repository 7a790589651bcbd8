"""The ports: what the use cases need from the outside world, as Protocols and the records they hand over.

Nothing here does anything. Adapters (scraping, channels, store, notify, intake) implement these; `bootstrap`
chooses them; `testing` ships stand-ins. All times are aware UTC.
"""

from pricewatch.ports.catalogue import (
    CatalogueStore,
    Freeze,
    ImportCount,
    OwnAmounts,
    OwnPrice,
    SalesSource,
    SalesSummary,
    SaleStore,
)
from pricewatch.ports.deciding import NO_KINDS, PlanStore, PriceStore
from pricewatch.ports.learning import CostPoint, LearnedMove, LearningStore, LearntRow
from pricewatch.ports.matching import Answer, Changed, DiscoveryStore, MatchStore, Search, Waiting
from pricewatch.ports.publishing import Channel, Outbox, PublicationChange, UsageStore
from pricewatch.ports.reading import (
    Activity,
    Crawler,
    Extraction,
    Extractor,
    Fetcher,
    Finding,
    HostRecord,
    HostStore,
    KeptPage,
    Lead,
    Page,
    RobotsRecord,
    SaveCount,
    Sighting,
    SightingStore,
    SiteInfo,
    StoredObservation,
    Target,
)
from pricewatch.ports.running import Clock, ControlStore, Notifier, Progress, Queue, RunRecord, RunStore, StopState
from pricewatch.ports.store import Store

__all__ = [
    "NO_KINDS",
    "Activity",
    "Answer",
    "CatalogueStore",
    "Changed",
    "Channel",
    "Clock",
    "ControlStore",
    "CostPoint",
    "Crawler",
    "DiscoveryStore",
    "Extraction",
    "Extractor",
    "Fetcher",
    "Finding",
    "Freeze",
    "HostRecord",
    "HostStore",
    "ImportCount",
    "KeptPage",
    "Lead",
    "LearnedMove",
    "LearningStore",
    "LearntRow",
    "MatchStore",
    "Notifier",
    "Outbox",
    "OwnAmounts",
    "OwnPrice",
    "Page",
    "PlanStore",
    "PriceStore",
    "Progress",
    "PublicationChange",
    "Queue",
    "RobotsRecord",
    "RunRecord",
    "RunStore",
    "SaleStore",
    "SalesSource",
    "SalesSummary",
    "SaveCount",
    "Search",
    "Sighting",
    "SightingStore",
    "SiteInfo",
    "StopState",
    "Store",
    "StoredObservation",
    "Target",
    "UsageStore",
    "Waiting",
]
