"""Reading pages: what is fetched, what is read off it, and what is kept of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pricewatch.domain.errors import SetAside
from pricewatch.domain.money import Money
from pricewatch.domain.offer import Evidence, Item, Observation, Offer, SiteKind, Verdict
from pricewatch.domain.product import Product, Sku
from pricewatch.ports.catalogue import ImportCount
from pricewatch.pricing.frame import Ints, Text
from pricewatch.pricing.readings import PricedReadings


@dataclass(frozen=True, slots=True)
class Target:
    """A page of a site that is read again and again; `sku` when a map file binds it to a product.

    `price` is the last accepted price of one of its offers, where it is known.
    """

    site: str
    url: str
    sku: Sku | None = None
    etag: str = ""
    last_modified: str = ""
    seen_at: datetime | None = None
    changed_at: datetime | None = None
    due_at: datetime | None = None
    verdict: Verdict | None = None
    failures: int = 0
    message: str = ""
    reader: str = ""  # fingerprint of the definition and the reader that read it last
    price: Money | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a host: the decoded body (bounded), its final address after redirects, and its headers.

    Header names are lower case. `not_modified` means 304: the body is empty and nothing changed.
    """

    url: str
    final_url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    fetched_at: datetime
    not_modified: bool = False
    elapsed: float = 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One offer that a page shows, with what it rests on; `readings` lists the amounts an ambiguous text can mean."""

    offer: Offer
    evidence: Evidence
    ambiguous: bool = False
    readings: tuple[str, ...] = ()
    conflict: str = ""
    confidence: int = 10_000  # basis points


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a page turned out to be and everything found on it; `links` are same-site product or next-page links."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    message: str = ""
    links: tuple[str, ...] = ()
    page_hash: str = ""


class Fetcher(Protocol):
    """Gets pages politely: identified, within robots, rate and size, from allowed addresses only."""

    async def fetch(self, target: Target) -> Page:
        """Get one page; raises FetchError with its kind."""
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...


class Extractor(Protocol):
    """Reads a page; hostile pages end as a verdict, never as an exception."""

    def extract(self, page: Page) -> Extraction:
        """Say what the page is and what it offers."""
        ...


@dataclass(frozen=True, slots=True)
class SiteInfo:
    """What the use cases need to know of a site definition; `fixed` are the pages that it names itself.

    Its pages are read every `revisit` seconds on average, each between `shortest` and `longest`; a host gets at most
    `daily_budget` requests a day (0 = no limit). `by_page` is false for an API or feed, which is read as a whole.
    """

    name: str
    kind: SiteKind
    enabled: bool
    own: bool = False
    fixed: frozenset[str] = frozenset()
    revisit: float = 21_600.0
    shortest: float = 900.0
    longest: float = 86_400.0
    daily_budget: int = 0
    by_page: bool = True
    forbidden: bool = False  # its terms of use forbid reading it


@dataclass(frozen=True, slots=True)
class PageGroup:
    """Pages of a site that are alike: what became of them (None = not read yet), whether they ever had offers, whether
    reading them failed last time and how in words, how many there are, and when one of them was last seen.
    """

    site: str
    verdict: Verdict | None
    changed: bool
    failing: bool
    message: str
    count: int
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page as it came, for the readings that rest on it: its hash, its bytes, and what the server called them."""

    page_hash: str
    body: bytes
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What came of reading one target: the page's fate, and the observations if there were any.

    `pages` are those that the observations rest on; they are stored with the readings that are new.
    """

    target: Target
    verdict: Verdict | None
    observations: tuple[Observation, ...] = ()
    set_aside: SetAside | None = None
    not_modified: bool = False
    pages: tuple[KeptPage, ...] = ()


@dataclass(frozen=True, slots=True)
class Lead:
    """A page that a site's search names, with its title where the search shows one."""

    url: str
    title: str = ""


class Crawler(Protocol):
    """Reads the targets of one site, politely, and yields a Sighting for each as it comes in."""

    async def discover(self, site: str) -> Sequence[Target | SetAside]:
        """List the pages that a site definition leads to: fixed targets, sitemaps, listing pages and their links."""
        ...

    def crawl(self, site: str, targets: Sequence[Target]) -> AsyncIterator[Sighting]:
        """Read all targets; failures are Sightings with `set_aside`, never exceptions."""
        ...

    def search_address(self, site: str, product: Product) -> str:
        """The address at which a site is asked for a product; empty when it can't be asked."""
        ...

    def search(self, site: str, addresses: Sequence[str]) -> AsyncIterator[tuple[str, Sequence[Lead] | SetAside]]:
        """Ask a site at search addresses, one after the other: the product pages that each answer names, in its
        order, none when it has none; a search that failed is set aside. Nothing raises.
        """
        ...


@dataclass(frozen=True, slots=True)
class StoredObservation:
    """An observation with its id, and the product it is matched to when it is; `gone` = shown no longer."""

    id: int
    observation: Observation
    last_seen_at: datetime
    sku: Sku | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class SaveCount:
    """What saving sightings did: new offers, change points, offers seen again unchanged, offers gone."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0


@dataclass(frozen=True, slots=True)
class Activity:
    """How lively a page is: changes of its offers in a time and in the last part of it, when it was first read, and by
    how much its price swings, in basis points of the lowest.
    """

    changes: int = 0
    recent: int = 0
    since: datetime | None = None
    swing: int = 0


class SightingStore(Protocol):
    """Targets, items, current offers and their append-only history of change points."""

    def save_targets(self, targets: Sequence[Target]) -> ImportCount: ...
    def targets(self, site: str | None = None, *, due: datetime | None = None) -> tuple[Target, ...]:
        """The pages to read, without those that are retired now; with `due` only those whose time has come by then."""
        ...

    def pages(self) -> tuple[PageGroup, ...]:
        """How many pages there are of each site and state, without those that are retired now."""
        ...

    def save(self, run: int, sightings: Sequence[Sighting]) -> SaveCount:
        """Store sightings in one transaction: a new observation row only where something changed; offers that a
        successfully read product page no longer shows become gone, those that a list or a page read in part no longer
        shows age from when they were last seen, and become gone after a week.
        """
        ...

    def items(self) -> Iterator[Item]:
        """All items that are offered now, in a stable order."""
        ...

    def current(self, *, sku: Sku | None = None, site: str | None = None) -> tuple[StoredObservation, ...]:
        """The newest observation of every offer that is not gone, quarantined ones included."""
        ...

    def activity(self, site: str, *, since: datetime, recent: datetime) -> Mapping[str, Activity]:
        """How lively the pages of a site were, by address; pages without a single reading are left out."""
        ...

    def history(self, sku: Sku, *, since: datetime | None = None) -> tuple[StoredObservation, ...]:
        """All change points of offers matched to a product, oldest first."""
        ...

    def offered(self, skus: Sequence[Sku] | None = None) -> PricedReadings:
        """The current readings of accepted matches' offers that have a price, held-back ones included, in columns; all
        of them, or those of some products.
        """
        ...

    def held(self) -> Mapping[int, str]:
        """The readings that are held back now, each with the reason."""
        ...

    def previous(self, observations: Ints) -> tuple[Ints, Ints, Text]:
        """Current readings in the order of their numbers, with the newest earlier usable price of the same offer
        (MISSING = none) and its currency.
        """
        ...

    def count(self) -> tuple[int, int]:
        """How many offers are shown now, and how many of their readings are held back."""
        ...

    def previous_prices(self) -> Mapping[int, Money]:
        """For each current observation id: the newest earlier usable price of the same offer, where there is one."""
        ...

    def quarantine(self, reasons: Mapping[int, str]) -> None: ...
    def held_ever(self, readings: Collection[int]) -> frozenset[int]:
        """Of these readings those that were held back once, whether or not they were released since."""
        ...

    def quarantined(self) -> tuple[StoredObservation, ...]: ...
    def release(self, observations: Sequence[int], *, by: str) -> int:
        """Make quarantined readings usable; a reading released once is not quarantined again."""
        ...

    def evidence(self, page_hash: str) -> KeptPage | None:
        """The page with this hash, when it is kept."""
        ...

    def prune_evidence(self, before: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class HostRecord:
    """What a host's answers taught us: `host` is name:port, `slowness` multiplies its delay, `usual` is its ordinary
    time to answer in seconds (0 = unknown), `asked` counts the requests of `day` (YYYY-MM-DD, UTC).

    It is asked nothing before `held_until` (it said so) and `paused_until` (it refuses us, or does not answer).
    """

    host: str
    site: str = ""
    slowness: float = 1.0
    usual: float = 0.0
    held_until: datetime | None = None
    paused_until: datetime | None = None
    reason: str = ""
    day: str = ""
    asked: int = 0

    def paused(self, at: datetime) -> datetime | None:
        """Until when it is asked nothing; None = it may be asked."""
        until = max((time for time in (self.held_until, self.paused_until) if time), default=None)
        return until if until is not None and until > at else None


@dataclass(frozen=True, slots=True)
class RobotsRecord:
    """A host's robots.txt as it was read, or why nothing may be read; it holds until `until`."""

    origin: str
    body: bytes
    refused: str
    until: datetime


class HostStore(Protocol):
    """What is known of the hosts that pages are read from: it outlives the process that learnt it."""

    def load(self) -> tuple[HostRecord, ...]: ...
    def save(self, records: Sequence[HostRecord]) -> None: ...
    def resume(self, names: Collection[str], *, at: datetime) -> tuple[str, ...]:
        """Lift the pauses of these hosts; returns those that were paused at that time."""
        ...

    def robots(self, origin: str) -> RobotsRecord | None: ...
    def save_robots(self, record: RobotsRecord) -> None: ...
