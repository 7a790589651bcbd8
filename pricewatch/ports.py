"""The ports: what the use cases need from the outside world, as Protocols and the records they hand over.

Nothing here does anything. Adapters (scraping, channels, store, notify, intake) implement these; `bootstrap`
chooses them; `testing` ships stand-ins. All times are aware UTC.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from pricewatch.domain.decision import (
    Breaker,
    Decision,
    DecisionStatus,
    Plan,
    PriceEntry,
    PriceList,
    Proposal,
)
from pricewatch.domain.errors import SetAside
from pricewatch.domain.limits import Limit
from pricewatch.domain.listing import (
    Capabilities,
    Desired,
    Listing,
    Prediction,
    Publication,
    PublicationState,
    PushResult,
)
from pricewatch.domain.match import Match, MatchKind, MatchStatus
from pricewatch.domain.money import Money
from pricewatch.domain.offer import Evidence, Item, ItemKey, Observation, Offer, SiteKind, Verdict
from pricewatch.domain.product import Assortment, ExchangeRate, PriceGroup, Product, Sku
from pricewatch.domain.sale import Sale
from pricewatch.matching.records import Record
from pricewatch.pricing.decided import Decided
from pricewatch.pricing.frame import Ints, MarketFrame, Text
from pricewatch.pricing.history import MarketHistory
from pricewatch.pricing.hygiene import PricedReadings


class Clock(Protocol):
    """Tells the time, so that tests can set it."""

    def now(self) -> datetime:
        """The present, aware UTC."""
        ...


# --- reading pages ---------------------------------------------------------------------------------------------


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


# --- channels --------------------------------------------------------------------------------------------------


class Channel(Protocol):
    """A place that shows our prices. Every write is predicted before and read back after: a yes proves nothing."""

    @property
    def name(self) -> str:
        """The channel's name in the configuration."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can do and how fast."""
        ...

    def predict(self, desired: Desired) -> Prediction:
        """Say exactly what it would show if it were sent this price."""
        ...

    def listings(self) -> AsyncIterator[Listing]:
        """All our items there, as they are now; raises ChannelUnavailable."""
        ...

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write absolute prices, one result per item; raises ChannelUnavailable before, ChannelUnknown after a send."""
        ...

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back what these listings show now; unknown ids are left out."""
        ...

    def products(self) -> AsyncIterator[Product | SetAside]:
        """Our catalogue as the channel knows it, where `capabilities.catalogue`; unusable rows are set aside."""
        ...

    async def close(self) -> None:
        """Let go of connections and files."""
        ...


class Notifier(Protocol):
    """Tells people what happened."""

    async def notify(self, title: str, text: str) -> None:
        """Deliver one message; failures are logged, never raised."""
        ...


class Progress(Protocol):
    """Shows how far a stage is; `total` None is unknown."""

    def advance(self, stage: str, done: int, total: int | None, note: str = "") -> None: ...


# --- store -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImportCount:
    """What an import did."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Freeze:
    """A product whose price stays as it is until `until` (None = until unfrozen)."""

    sku: Sku
    reason: str
    by: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """One change point of our own price: in force from `since` until the next one of the same key.

    `channel` is empty for the price list itself; else the channel that confirmed showing it.
    """

    sku: Sku
    group: str
    gross: Money
    since: datetime
    source: str  # catalogue, price_list, channel
    channel: str = ""
    announced: bool = False


@dataclass(frozen=True, slots=True)
class OwnAmounts:
    """What we ask and pay for products, as columns in minor units: the price list's price or else the catalogue's, the
    net cost, and the VAT rate in basis points; MISSING is unknown.
    """

    sku: Sequence[Sku]
    price: Ints
    currency: Text
    cost: Ints
    cost_currency: Text
    tax: Ints


class CatalogueStore(Protocol):
    """What we sell, and what is known of it from our own side."""

    def save(self, products: Sequence[Product], *, at: datetime, group: PriceGroup) -> ImportCount:
        """Insert or update products; a product's first or changed catalogue price is also an OwnPrice of `group`."""
        ...

    def load(self, *, skus: Collection[Sku] | None = None) -> Assortment:
        """The catalogue, or some products of it."""
        ...

    def amounts(self, group: str, skus: Sequence[Sku] | None = None) -> OwnAmounts:
        """What we ask and pay for the products of the catalogue, or for some of them."""
        ...

    def count(self) -> int:
        """How many products `load` would bring."""
        ...

    def get(self, sku: Sku) -> Product | None: ...
    def withdraw(self, skus: Collection[Sku], *, at: datetime) -> int:
        """Note that the catalogue no longer has these: nobody loads, prices or publishes them until `save` brings one
        back; their history stays. Returns how many are newly withdrawn.
        """
        ...

    def withdrawn(self) -> frozenset[Sku]:
        """What was once in the catalogue and no longer is."""
        ...

    def moves(self, since: datetime) -> tuple[frozenset[Sku], frozenset[Sku]]:
        """What was withdrawn, and what came back, since then."""
        ...

    def set_stock(self, stock: Mapping[Sku, int], *, at: datetime) -> tuple[int, tuple[Sku, ...]]:
        """Set stock counts; returns how many changed and the SKUs that are not in the catalogue."""
        ...

    def save_rates(self, rates: Sequence[ExchangeRate]) -> int: ...
    def rates(self) -> tuple[ExchangeRate, ...]:
        """The newest rate of every currency pair."""
        ...

    def freeze(self, freeze: Freeze) -> None: ...
    def unfreeze(self, sku: Sku) -> bool: ...
    def frozen(self, at: datetime) -> tuple[Freeze, ...]: ...


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

    def priced(self, skus: Sequence[Sku] | None = None) -> PricedReadings:
        """The current readings of matched offers that have a price, with the price before, in columns; all of them, or
        those of some products.
        """
        ...

    def count(self) -> tuple[int, int]:
        """How many offers are shown now, and how many of their readings are held back."""
        ...

    def previous_prices(self) -> Mapping[int, Money]:
        """For each current observation id: the newest earlier usable price of the same offer, where there is one."""
        ...

    def quarantine(self, reasons: Mapping[int, str]) -> None: ...
    def quarantined(self) -> tuple[StoredObservation, ...]: ...
    def release(self, observations: Sequence[int], *, by: str) -> int:
        """Make quarantined readings usable; a reading released once is not quarantined again."""
        ...

    def evidence(self, page_hash: str) -> KeptPage | None:
        """The page with this hash, when it is kept."""
        ...

    def prune_evidence(self, before: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """An item that is offered and that the judge has not seen as it is now: its lowest price, and whether every offer
    of it is of worn goods.
    """

    item: Item
    price: Money | None = None
    worn: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """An accepted match whose item says something else than it did when it was judged or answered."""

    match: Match
    then: Item
    now: Item


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said of a pair, with both texts as they were seen; `said` is a MatchStatus, or `withdrawn`."""

    sku: Sku
    item: ItemKey
    said: str
    kind: MatchKind
    factor: int
    probability: int  # what the model had said before, in basis points
    by: str
    at: datetime
    ours: Record
    theirs: Record


class MatchStore(Protocol):
    """Which item is which product; a person's answer is never overwritten by the model, and kept for ever."""

    def save(self, matches: Sequence[Match]) -> ImportCount:
        """Save judged pairs; where a person has answered, only a person's answer replaces it. What people say goes
        into `answers` too, with the texts of both sides.
        """
        ...

    def all(self, *, status: MatchStatus | None = None) -> tuple[Match, ...]: ...
    def of_item(self, key: ItemKey) -> tuple[Match, ...]: ...
    def of_sku(self, sku: Sku) -> tuple[Match, ...]: ...
    def count(self) -> Mapping[MatchStatus, int]:
        """How many pairs there are of each status."""
        ...

    def answered(self) -> tuple[Match, ...]:
        """The pairs that a person has decided, oldest first."""
        ...

    def suspended(self) -> tuple[Match, ...]:
        """The pairs that were accepted until their page changed, and that nobody has answered since."""
        ...

    def answers(self) -> Iterator[Answer]:
        """Everything that people ever said, oldest first: the newest of each pair is what holds."""
        ...

    def take_back(self, answer: Match, before: Match | None) -> None:
        """Put a pair back to what it was before a person's answer; the answer stays on record, as withdrawn."""
        ...

    def described(self, items: Collection[ItemKey]) -> Mapping[ItemKey, Waiting]:
        """These items with their lowest prices, as far as they are offered now."""
        ...

    def waiting(self, judge: str) -> Iterator[Waiting]:
        """Items that are offered now and that this judge has not seen as they are, by site."""
        ...

    def settle(self, judge: str, judged: Sequence[ItemKey], found: Sequence[Match]) -> ImportCount:
        """Save what the judge found for these items, in one transaction; what it had found before and no longer does
        goes, except where a person has answered.
        """
        ...

    def judge_again(self, items: Collection[ItemKey] | None) -> None:
        """Let these items, or all, wait for the judge once more."""
        ...

    def changed(self) -> tuple[Changed, ...]:
        """Accepted matches whose items have changed their text and were not judged since."""
        ...

    def suspend(self, matches: Sequence[Match]) -> None:
        """Put accepted pairs back to a person, as the given suggestions, whoever had decided them."""
        ...

    def indexed(self) -> Mapping[Sku, str]:
        """The digest of each product's text when it was last looked at."""
        ...

    def index(self, texts: Mapping[Sku, str]) -> None:
        """Remember the digests of all products' texts, and only these."""
        ...


@dataclass(frozen=True, slots=True)
class Search:
    """A product was searched for on a site: by which address, when, and how many pages it led to."""

    site: str
    sku: Sku
    words: str
    at: datetime
    found: int


class DiscoveryStore(Protocol):
    """What was searched for, and which pages are gone."""

    def searched(self, site: str) -> Mapping[Sku, Search]: ...
    def note(self, searches: Sequence[Search]) -> None: ...
    def idle(self, site: str) -> frozenset[str]:
        """The addresses of pages that were read, and on which nothing is matched or waits for an answer."""
        ...

    def bound(self) -> tuple[tuple[Sku, ItemKey, str], ...]:
        """The items on pages that somebody has bound to a product, with the page's address: those alone on theirs."""
        ...

    def retire(self, failures: int, *, until: datetime) -> tuple[Target, ...]:
        """Leave pages alone until then that were gone so many times in a row; returns those that are newly retired,
        each with the product that was matched to it.
        """
        ...

    def revive(self, targets: Sequence[Target]) -> int:
        """Read retired pages again; returns how many were retired."""
        ...


NO_KINDS: Mapping[str, SiteKind] = MappingProxyType({})


class PlanStore(Protocol):
    """Saved plans and their decisions."""

    def market(
        self,
        group: PriceGroup,
        *,
        at: datetime,
        skus: Sequence[Sku] | None = None,
        site_kinds: Mapping[str, SiteKind] = NO_KINDS,
        own_sites: frozenset[str] = frozenset(),
        own_sellers: frozenset[str] = frozenset(),
        rates_since: str = "",
        trend: bool = False,
    ) -> MarketFrame:
        """Everything the engine needs, as columns: products with what the price list and the history say of them,
        and the usable current offers of accepted matches, converted to the group's currency by rates of the ISO day
        `rates_since` or later; with `trend` also what each offer cost a week ago.

        A site that `site_kinds` does not name is a shop. Offers on `own_sites` and by `own_sellers` (in any case)
        are marked as our own.
        """
        ...

    def history(
        self,
        group: PriceGroup,
        *,
        at: datetime,
        begins: datetime,
        skus: Sequence[Sku] | None = None,
        site_kinds: Mapping[str, SiteKind] = NO_KINDS,
        own_sites: frozenset[str] = frozenset(),
        own_sellers: frozenset[str] = frozenset(),
        rates_since: str = "",
    ) -> MarketHistory:
        """Every usable reading that held at some time from `begins` to `at`, beside the market as it is at `at`."""
        ...

    def save(
        self,
        *,
        at: datetime,
        rules_hash: str,
        proposals: Decided | Sequence[tuple[Proposal, DecisionStatus]],
        breakers: Sequence[Breaker],
        set_aside: Sequence[SetAside],
    ) -> Plan:
        """Number and store a plan; older open plans become superseded."""
        ...

    def get(self, number: int | None = None) -> Plan | None:
        """A plan by number, or the newest one."""
        ...

    def decisions(self, number: int, *, status: DecisionStatus | None = None, sku: Sku | None = None) -> Decided:
        """A plan's decisions in catalogue order, all or those of one status or product."""
        ...

    def count(self, number: int) -> Mapping[DecisionStatus, int]:
        """How many decisions of a plan there are of each status."""
        ...

    def half_approved(self, number: int) -> int:
        """How many decisions of a plan one person has approved that need two."""
        ...

    def decide(
        self, number: int, skus: Sequence[Sku] | None, status: DecisionStatus, *, by: str, at: datetime, note: str = ""
    ) -> int:
        """Approve or reject pending decisions (`skus` None = all pending); returns how many changed."""
        ...

    def agree(self, number: int, skus: Sequence[Sku], *, by: str, at: datetime, note: str = "") -> int:
        """Note the first of two people who approve: the decisions stay pending; returns how many there are."""
        ...

    def reset_breakers(self, number: int, *, by: str, reason: str, at: datetime) -> None: ...
    def decisions_of(self, sku: Sku, *, limit: int = 20) -> tuple[tuple[datetime, Decision], ...]:
        """The newest decisions for one product, with the time of their plans."""
        ...

    def prune(self, before: datetime) -> int:
        """Let go of decisions that closed plans made before `before` and that nobody approved, rejected or applied."""
        ...


class PriceStore(Protocol):
    """The price list: versioned, append-only, hash-chained; and our own price history."""

    def current(
        self, group: str, *, until: int | None = None, skus: Collection[Sku] | None = None
    ) -> Mapping[Sku, PriceEntry]:
        """The newest entry of every product or of some, or the one that was in force with version `until`."""
        ...

    def append(
        self,
        *,
        plan: int,
        at: datetime,
        entries: Sequence[PriceEntry],
        desired: Sequence[Desired],
        restated: Sequence[PriceEntry] = (),
    ) -> PriceList:
        """Write the next version, its publications (superseding older open ones of the same listing), the own-price
        history and the applied mark of the decisions, in one transaction. Entry versions are assigned here. `restated`
        are earlier entries said once more, perhaps with other terms: their prices were decided before.
        """
        ...

    def version(self, number: int | None = None) -> PriceList | None: ...
    def versions(self, *, limit: int = 20) -> tuple[PriceList, ...]:
        """The newest versions, newest first, without their entries."""
        ...

    def verify_chain(self) -> tuple[str, ...]:
        """Recompute the hash chain; returns what is wrong, in words (empty = intact)."""
        ...

    def written_at(self, version: int) -> datetime | None:
        """When a version was written."""
        ...

    def unpriced(self, group: PriceGroup) -> frozenset[Sku]:
        """The products that have a catalogue price in this currency which the price list does not have, and nobody has
        decided another one.
        """
        ...

    def has_terms(self, group: str) -> bool:
        """Whether any entry ever said a loyalty, coupon or unit price."""
        ...

    def released(self, version: int) -> bool:
        """Whether a person let this version go to all listings."""
        ...

    def release(self, version: int, *, at: datetime, by: str, reason: str) -> bool:
        """Let a version go to all listings, whatever became of its first ones; False when it was let go before."""
        ...

    def record_own(self, prices: Sequence[OwnPrice]) -> None: ...
    def own_history(
        self, sku: Sku, group: str, *, channel: str = "", since: datetime | None = None
    ) -> tuple[OwnPrice, ...]: ...


@dataclass(frozen=True, slots=True)
class PublicationChange:
    """A conditional state change: it holds only while the row has this token (and so this version).

    It ends the lease and sets `checked_at` to `at`; `attempts` and `sent_at` stay as they are when None.
    """

    publication: int
    token: int
    state: PublicationState
    at: datetime
    observed: Money | None = None
    message: str = ""
    next_at: datetime | None = None
    matching_reads: int = 0
    attempts: int | None = None
    sent_at: datetime | None = None


class Outbox(Protocol):
    """Desired state per listing. A publication is a wake-up; only the newest version of a listing matters."""

    def claim(self, channel: str, *, at: datetime, limit: int, lease: float) -> tuple[Publication, ...]:
        """Lease open publications that are due (`next_at`), oldest version first; each claim raises the row's token."""
        ...

    def update(self, changes: Sequence[PublicationChange]) -> int:
        """Apply state changes whose token still fits; returns how many held."""
        ...

    def release(self) -> int:
        """End all leases, because whoever calls this holds the lock of publishing: their holders are dead."""
        ...

    def publications(
        self,
        *,
        channel: str | None = None,
        states: Iterable[PublicationState] | None = None,
        sku: Sku | None = None,
        skus: Collection[Sku] | None = None,
        limit: int | None = None,
    ) -> tuple[Publication, ...]:
        """The newest publication of every listing (superseded ones only when asked for by state), by channel, id."""
        ...

    def open_skus(self, channels: Collection[str]) -> frozenset[Sku]:
        """The products of which a listing on one of these channels is on its way, those that wait for a person left
        out.
        """
        ...

    def mirrored(self, channel: str) -> bool:
        """Whether anything is known of what a channel shows."""
        ...

    def unasked(self, channel: str, group: str, *, feed: bool) -> frozenset[Sku]:
        """The products in the catalogue that have a price and, on this channel, a listing which nobody has asked to
        show it; on a feed every product has one.
        """
        ...

    def count_open(self, channels: Collection[str]) -> int: ...
    def next_due(self, channels: Collection[str], *, at: datetime) -> datetime | None:
        """When the next listing on these channels is due after this time; None = none is."""
        ...

    def park(self, version: int, first: Collection[Sku], message: str) -> int:
        """Let all listings of a version but those of these products wait until `unpark`; returns how many do."""
        ...

    def unpark(self, version: int) -> int:
        """Let all listings of a version go on; returns how many had waited."""
        ...

    def parked(self) -> Mapping[int, int]:
        """The versions of which listings wait, with their number."""
        ...

    def first(self, version: int) -> tuple[Publication, ...]:
        """The listings of a version that did not have to wait."""
        ...

    def tally(self) -> Mapping[tuple[str, PublicationState], tuple[int, datetime]]:
        """By channel and state: how many listings there are, and when the oldest publication of them was made."""
        ...

    def enqueue(self, desired: Sequence[Desired], *, at: datetime) -> int:
        """Ask again for listings whose state has to be brought about (new listing, drift repair)."""
        ...

    def save_listings(self, channel: str, listings: Sequence[Listing], *, at: datetime) -> ImportCount:
        """Replace the mirror of what the channel shows."""
        ...

    def listings(self, channel: str | None = None, *, sku: Sku | None = None) -> tuple[Listing, ...]: ...


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of a stage: when, how it ended, what it counted and what it set aside."""

    id: int
    stage: str
    detail: str
    started_at: datetime
    finished_at: datetime | None = None
    status: str = "running"  # running, ok, partly, failed, interrupted
    counts: Mapping[str, int] = field(default_factory=dict)
    set_aside: tuple[SetAside, ...] = ()
    message: str = ""


class RunStore(Protocol):
    """What ran, and the slots of the schedule."""

    def begin(self, stage: str, *, at: datetime, detail: str = "") -> int: ...
    def finish(
        self,
        run: int,
        *,
        at: datetime,
        status: str,
        counts: Mapping[str, int],
        set_aside: Sequence[SetAside] = (),
        message: str = "",
    ) -> None: ...
    def recent(self, *, stage: str | None = None, limit: int = 20) -> tuple[RunRecord, ...]: ...
    def interrupt_unfinished(self, *, at: datetime) -> int:
        """Mark runs left open by a killed process; called by whoever holds the lock."""
        ...

    def last_slot(self, schedule: str) -> datetime | None: ...
    def claim_slot(self, schedule: str, slot: datetime, *, at: datetime) -> bool:
        """Take one due slot of a schedule; False when somebody already has it."""
        ...


@dataclass(frozen=True, slots=True)
class StopState:
    """The kill switch is on since `at`, thrown by `by`."""

    at: datetime
    by: str
    reason: str


class ControlStore(Protocol):
    """The kill switch and the audit trail."""

    def stopped(self) -> StopState | None: ...
    def stop(self, *, at: datetime, by: str, reason: str) -> None: ...
    def resume(self, *, at: datetime, by: str) -> bool: ...
    def audit(self, event: str, *, at: datetime, by: str, detail: str = "") -> None: ...
    def audit_trail(self, *, limit: int = 50) -> tuple[tuple[datetime, str, str, str], ...]:
        """Newest first: when, event, by, detail."""
        ...


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


class UsageStore(Protocol):
    """What was used of the limits that channels publish: counted over all processes, and kept beyond them."""

    def take(
        self, account: str, wanted: Mapping[str, int], limits: Sequence[Limit], *, at: datetime
    ) -> Mapping[str, float]:
        """Count so many uses by key; what would go over a limit is not counted and comes back with the seconds to wait.

        `account` is whom the other side counts (a seller, a key); a key is what it counts there (requests, a listing).
        """
        ...


@dataclass(frozen=True, slots=True)
class SalesSummary:
    """What is known of one source of sales."""

    source: str
    lines: int
    units: int
    first: datetime
    last: datetime
    products: int


class SaleStore(Protocol):
    """What was sold, line by line, and when we had nothing to sell."""

    def save(self, lines: Sequence[Sale]) -> ImportCount:
        """Keep lines; the same line (source and reference) again replaces itself."""
        ...

    def between(self, begins: datetime, ends: datetime) -> Iterator[Sale]:
        """All lines of a time, the oldest first."""
        ...

    def summary(self) -> tuple[SalesSummary, ...]: ...
    def outages(self, begins: datetime) -> Mapping[Sku, tuple[tuple[datetime, bool], ...]]:
        """When products went out of stock (True) and came back (False): all changes after `begins`, and the last one
        before it.
        """
        ...


@runtime_checkable
class SalesSource(Protocol):
    """A channel that also knows what was sold there, where `capabilities.sales`."""

    def sales(self, since: datetime) -> AsyncIterator[Sale | SetAside]:
        """Order lines that were made or changed since then, returns below zero; raises ChannelUnavailable."""
        ...


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


class Queue(Protocol):
    """Work that is due, claimed by one worker at a time."""

    def claim(self, *, at: datetime) -> str | None:
        """Take the next due schedule's name, or None when nothing is due."""
        ...
