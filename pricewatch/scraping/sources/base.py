"""What a source is: something other than pages that a site's offers are read from, behind the crawler's port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pricewatch.domain.errors import SetAside
from pricewatch.domain.product import Assortment, Product
from pricewatch.ports import Clock, Lead, Sighting, Target
from pricewatch.scraping.client import HttpFetcher
from pricewatch.scraping.settings import ScrapingSettings
from pricewatch.scraping.site import SiteDefinition

STAGE = "scrape"
ENTRY_POINTS = "pricewatch.sources"


class Source(Protocol):
    """Reads one site's offers from an API or a feed; what it yields is stored just as what pages show."""

    async def discover(self) -> Sequence[Target | SetAside]:
        """List what there is to ask for, as targets; failures are set aside."""
        ...

    def crawl(self, targets: Sequence[Target], ends: float) -> AsyncIterator[Sighting]:
        """Read all targets until `ends` (monotonic seconds); failures are Sightings with `set_aside`."""
        ...

    def search_address(self, product: Product) -> str:
        """The target's address under which a product is asked for; empty when the source can't be asked for it."""
        ...

    async def search(self, address: str) -> Sequence[Lead] | SetAside:
        """Ask for a product: the offers' pages that the answer names, best first; a failed search is set aside."""
        ...

    def close(self) -> None:
        """Let go of processes and files."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a source works with. `fetcher.ask` is the one way to the network: guarded, in the host's turn, bounded."""

    site: SiteDefinition
    fetcher: HttpFetcher
    settings: ScrapingSettings
    clock: Clock
    assortment: Callable[[], Assortment]

    @property
    def revisit(self) -> float:
        """Seconds after which a target is due again."""
        own = self.site.crawl.revisit
        return self.settings.revisit if own is None else own
