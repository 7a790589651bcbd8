"""Plans and the price list."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

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
from pricewatch.domain.listing import (
    Desired,
)
from pricewatch.domain.money import Money
from pricewatch.domain.offer import SiteKind
from pricewatch.domain.product import PriceGroup, Sku
from pricewatch.ports.catalogue import OwnPrice
from pricewatch.ports.learning import LearnedMove, LearntRow
from pricewatch.pricing.decided import Decided
from pricewatch.pricing.frame import MarketFrame
from pricewatch.pricing.history import MarketHistory
from pricewatch.pricing.readings import PricedReadings

NO_KINDS: Mapping[str, SiteKind] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Basis:
    """The plan that a plan of changes stands on: `whole` is the last one of everything, `read_at` and `began` when the
    two read the market; `inputs` names what else it was made with; `stopped` says that a breaker had tripped.
    """

    number: int
    whole: int
    read_at: datetime
    began: datetime
    inputs: str
    stopped: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """The products to plan again, and the notes that say so; or everything."""

    skus: tuple[Sku, ...] = ()
    notes: tuple[int, ...] = ()
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Chained:
    """What the next plan of changes has to know of a plan: see Basis; `again` are price group, product, why and from
    when on (epoch seconds) it needs another look; `basis` is None for a plan of everything.
    """

    read_at: datetime
    inputs: str
    basis: int | None = None
    notes: tuple[int, ...] = ()
    again: Sequence[tuple[str, Sku, str, int]] = ()


class PlanStore(Protocol):
    """Saved plans and their decisions."""

    def basis(self) -> Basis | None:
        """The plan that a plan of changes can stand on; None where nothing is known of what changed since."""
        ...

    def changes(self, basis: Basis, *, at: datetime) -> Changes:
        """What changed since a plan, by what was written and by time going by."""
        ...

    def elsewhere(self, planned: Sequence[Sku], group: str) -> tuple[int, int]:
        """How many products a plan of changes leaves alone, and how many of these lack an input in a price group."""
        ...

    def begin_afresh(self) -> None:
        """Forget what changed before a plan of everything reads the market; until it is saved there is no basis."""
        ...

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
        readings: PricedReadings | None = None,
        equivalents: bool = False,
    ) -> MarketFrame:
        """Everything the engine needs, as columns: products with what the price list and the history say of them,
        and the usable current offers of accepted matches, converted to the group's currency by rates of the ISO day
        `rates_since` or later; with `trend` also what each offer cost a week ago.

        `readings` are the offers where they were read before, for the same products; `equivalents` asks for those of
        equivalents as well. A site that `site_kinds` does not name is a shop. Offers on `own_sites` and by
        `own_sellers` (in any case) are marked as our own.
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
        equivalents: bool = False,
    ) -> MarketHistory:
        """Every usable reading that held at some time from `begins` to `at`, beside the market as it is at `at`; with
        `equivalents` those of equivalents as well.
        """
        ...

    def save(
        self,
        *,
        at: datetime,
        rules_hash: str,
        proposals: Decided | Sequence[tuple[Proposal, DecisionStatus]],
        breakers: Sequence[Breaker],
        set_aside: Sequence[SetAside],
        learnt: Sequence[LearntRow] = (),
        moves: Sequence[LearnedMove] = (),
        chained: Chained | None = None,
    ) -> Plan:
        """Number and store a plan, with what the demand model said of its products and which prices it moves; older
        open plans become superseded.
        """
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


@dataclass(frozen=True, slots=True)
class VersionPart:
    """Some entries of the next price list version, those that are `restated`, and what listings shall show of them."""

    entries: Sequence[PriceEntry]
    restated: Sequence[PriceEntry] = ()
    desired: Sequence[Desired] = ()


class PriceStore(Protocol):
    """The price list: versioned, append-only, hash-chained; and our own price history."""

    def current(
        self, group: str, *, until: int | None = None, skus: Collection[Sku] | None = None, telling: bool = False
    ) -> Mapping[Sku, PriceEntry]:
        """The newest entry of every product or of some, or the one that was in force with version `until`; only those
        that announce a reduction or have terms where `telling` ones are asked for.
        """
        ...

    def priced(self, group: str) -> frozenset[Sku]:
        """The products that have a price in this group."""
        ...

    def before(self, group: str, skus: Collection[Sku]) -> Mapping[Sku, Money]:
        """The price of products before their newest entry, of those that had one."""
        ...

    def newest(self) -> int:
        """The number of the newest version, 0 = none yet."""
        ...

    def count(self, group: str) -> int:
        """How many products of a price group have a price."""
        ...

    def append(
        self,
        *,
        plan: int,
        at: datetime,
        entries: Sequence[PriceEntry],
        desired: Sequence[Desired],
        restated: Sequence[PriceEntry] = (),
        first: Collection[Sku] = (),
    ) -> PriceList:
        """Write the next version, its publications (superseding older open ones of the same listing), the own-price
        history and the applied mark of the decisions, in one transaction; returns the version without its entries.
        Entry versions are assigned here, and those of what is `desired`. `restated`
        are earlier entries said once more, perhaps with other terms: their prices were decided before. Where some
        products go `first`, the listings of all others wait until `Outbox.unpark`.
        """
        ...

    def append_parts(
        self, *, plan: int, at: datetime, parts: Iterable[VersionPart], first: Collection[Sku] = ()
    ) -> PriceList:
        """The same for a version that comes in parts, of which only one is in memory at a time: by price group and
        SKU, no product of a group in two of them. They may read the store, as it was before, while they are made.
        """
        ...

    def version(self, number: int | None = None) -> PriceList | None: ...
    def versions(self, *, limit: int = 20) -> tuple[PriceList, ...]:
        """The newest versions, newest first, without their entries."""
        ...

    def verify_chain(self) -> tuple[str, ...]:
        """Recompute the hash chain; returns what is wrong, in words (empty = intact)."""
        ...

    def head(self, version: int) -> PriceList | None:
        """A version without its entries; None when it was not written."""
        ...

    def unpriced(self, group: PriceGroup) -> frozenset[Sku]:
        """The products that have a catalogue price in this currency which the price list does not have, and nobody has
        decided another one; and those whose tax rate is not the price list's any more.
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

    def halted(self, version: int) -> str:
        """Why this version goes no further until a person lets it go; empty = it was not halted."""
        ...

    def halt(self, version: int, *, at: datetime, reason: str) -> bool:
        """Let a version go no further than its first listings; False when it was halted before."""
        ...

    def record_own(self, prices: Sequence[OwnPrice]) -> None: ...
    def own_history(
        self, sku: Sku, group: str, *, channel: str = "", since: datetime | None = None
    ) -> tuple[OwnPrice, ...]: ...
