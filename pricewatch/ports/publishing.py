"""Sales channels, and the outbox that leads to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from pricewatch.domain.errors import SetAside
from pricewatch.domain.limits import Limit
from pricewatch.domain.listing import (
    Availability,
    Capabilities,
    Desired,
    Listing,
    Prediction,
    Publication,
    PublicationState,
    PushResult,
)
from pricewatch.domain.money import Money
from pricewatch.domain.product import Product, Sku
from pricewatch.ports.catalogue import ImportCount


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


@runtime_checkable
class Stocked(Protocol):
    """A channel whose pieces and delivery times are the catalogue's, as far as `capabilities.tells` says."""

    def available(self, desired: Desired) -> Availability:
        """What it would show of stock and delivery time, in its own form."""
        ...

    async def supply(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write stock and delivery times and no price, one result per item; raises as `push` does."""
        ...


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

    def claim(
        self, channel: str, *, at: datetime, limit: int, lease: float, among: Sequence[int] | None = None
    ) -> tuple[Publication, ...]:
        """Lease open publications that are due (`next_at`), oldest version first; each claim raises the row's token.
        Where some are named by their numbers, it is `among` these.
        """
        ...

    def update(self, changes: Sequence[PublicationChange]) -> int:
        """Apply state changes whose token still fits; returns how many held."""
        ...

    def release(self, *, beyond: datetime | None = None) -> int:
        """End all leases, because whoever calls this holds the lock of publishing: their holders are dead. What was put
        off beyond a time is due now, but for what waits for a person.
        """
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

    def overtaken(self, channel: str, skus: Collection[Sku]) -> tuple[Publication, ...]:
        """What was asked of listings of these products before the newest publication and after the last one that was
        verified, oldest first.
        """
        ...

    def open_skus(self, channels: Collection[str]) -> frozenset[Sku]:
        """The products of which a listing on one of these channels is on its way, those that wait for a person left
        out.
        """
        ...

    def mirrored(self, channel: str) -> bool:
        """Whether anything is known of what a channel shows."""
        ...

    def asked(self, channel: str) -> bool:
        """Whether any listing on a channel was ever asked to show a price."""
        ...

    def unasked(self, channel: str, group: str, *, feed: bool) -> frozenset[Sku]:
        """The products in the catalogue that have a price and, on this channel, a listing which nobody has asked to
        show it; on a feed every product has one.
        """
        ...

    def blank(self, channel: str) -> frozenset[Sku]:
        """The products whose listing on this channel has not been written and shows no price, also those that wait for
        a person.
        """
        ...

    def count_open(self, channels: Collection[str]) -> int: ...
    def next_due(self, channels: Collection[str], *, at: datetime) -> datetime | None:
        """When the next listing on these channels is due after this time; None = none is."""
        ...

    def unpark(self, version: int) -> int:
        """Let the listings of a version go on that wait for its first ones; returns how many had waited."""
        ...

    def parked(self) -> Mapping[int, int]:
        """The versions of which listings wait, with their number."""
        ...

    def first(self, version: int) -> tuple[Publication, ...]:
        """The listings of a version that did not have to wait, and what became of them; those that a newer version
        overtook on their way are left out.
        """
        ...

    def tally(self) -> Mapping[tuple[str, PublicationState], tuple[int, datetime]]:
        """By channel and state: how many listings there are, and when the oldest publication of them was made."""
        ...

    def enqueue(self, desired: Sequence[Desired], *, at: datetime, waiting: Collection[Sku] = ()) -> int:
        """Ask again for listings whose state has to be brought about (new listing, drift repair); those of the products
        that are `waiting` wait with the rest of their version.
        """
        ...

    def save_listings(
        self, channel: str, listings: Sequence[Listing], *, at: datetime, rest: Collection[str] | None = ()
    ) -> ImportCount:
        """Keep what the channel shows in its mirror, and forget what it does not show any more: all but these listings
        and the `rest`, which was saved before; None = more is to come, nothing is forgotten yet.
        """
        ...

    def listings(
        self, channel: str | None = None, *, sku: Sku | None = None, skus: Collection[Sku] | None = None
    ) -> tuple[Listing, ...]: ...
    def out_of_step(self, channel: str, group: str, *, announces: bool, also: Sequence[str] = ()) -> Sequence[int]:
        """The numbers of the newest publications of a channel that are anything else than verified and shown just so
        by its mirror, and of those of the listings that are `also` asked for. Where the channel `announces`, prior
        prices are looked at one by one.
        """
        ...

    def compared(self, numbers: Sequence[int]) -> tuple[tuple[Publication, Listing | None], ...]:
        """The publications of these numbers, each with its listing in the mirror."""
        ...


class UsageStore(Protocol):
    """What was used of the limits that channels publish: counted over all processes, and kept beyond them."""

    def take(
        self, account: str, wanted: Mapping[str, int], limits: Sequence[Limit], *, at: datetime
    ) -> Mapping[str, float]:
        """Count so many uses by key; what would go over a limit is not counted and comes back with the seconds to wait.

        `account` is whom the other side counts (a seller, a key); a key is what it counts there (requests, a listing).
        """
        ...
