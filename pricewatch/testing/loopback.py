"""A channel in memory that goes wrong on demand: for schedules of faults and for measuring what is around a channel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from pricewatch.domain.errors import ChannelUnavailable, ChannelUnknown, SetAside
from pricewatch.domain.listing import Capabilities, Desired, Listing, Prediction, PushResult, PushStatus
from pricewatch.domain.money import Money
from pricewatch.domain.product import Product, Sku
from pricewatch.ports import Clock


class Mishap(StrEnum):
    """What goes wrong with one request; those named `*_after` have applied the prices all the same."""

    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    RATE_LIMIT = "rate_limit"
    PARTLY = "partly"  # the first half of a batch is applied, then there is no answer
    REFUSAL = "refusal"  # one item is refused, the others are taken
    LIE = "lie"  # everything is accepted and nothing applied
    LATE = "late"  # accepted, and applied within `late_apply`: it may overtake a newer one
    STALE = "stale"  # a read shows what was there before the last change, if that was within `late_apply`
    SLOW = "slow"


_ON_READ = frozenset({Mishap.ERROR_BEFORE, Mishap.RATE_LIMIT, Mishap.STALE, Mishap.SLOW})
_ON_WRITE = frozenset(Mishap) - {Mishap.STALE}


def nothing_wrong() -> Mishap | None:
    """The draw of a channel that always works."""
    return None


def no_point() -> None:
    """The crash point of a process that does not crash."""


@dataclass(slots=True)
class _Shelf:
    """One listing: what is shown, with which price struck beside it, what was shown before, and since when."""

    sku: Sku
    price: Money
    before: Money | None = None
    since: datetime | None = None
    struck: Money | None = None
    struck_before: Money | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """One line of the log: a price that a listing shows from now on; `by` is api, late or human."""

    channel: str
    remote_id: str
    sku: Sku
    price: Money
    by: str
    struck: Money | None = None


@dataclass(slots=True)
class LoopbackChannel:
    """A channel in memory, which strikes prior prices where it `announces`. `draw` says what goes wrong with the next
    request, `point` is called before and after each, `on_change` hears every change as it happens. `log` is the truth,
    `requests` counts reads and writes.
    """

    name: str
    capabilities: Capabilities
    clock: Clock
    draw: Callable[[], Mishap | None] = nothing_wrong
    point: Callable[[], None] = no_point
    on_change: Callable[[Written], None] | None = None
    slow: Callable[[], None] = no_point
    log: list[Written] = field(default_factory=list)
    requests: int = 0
    writes: int = 0
    _shelves: dict[str, _Shelf] = field(default_factory=dict)
    _coming: list[tuple[datetime, Desired]] = field(default_factory=list)

    def stock(self, prices: Mapping[str, tuple[Sku, Money]]) -> None:
        """Put listings there."""
        self._shelves |= {remote: _Shelf(sku, price) for remote, (sku, price) in prices.items()}

    def shown(self, remote_id: str) -> Money | None:
        """What a buyer pays there now."""
        self._catch_up()
        shelf = self._shelves.get(remote_id)
        return shelf.price if shelf else None

    def struck(self, remote_id: str) -> Money | None:
        """The prior price that is struck there now."""
        self._catch_up()
        shelf = self._shelves.get(remote_id)
        return shelf.struck if shelf else None

    def edit(self, remote_id: str, price: Money) -> None:
        """A person changes a price."""
        self._put(remote_id, self._shelves[remote_id].sku, price, "human")

    def strike(self, remote_id: str, prior: Money) -> None:
        """A person announces a reduction from a prior price."""
        shelf = self._shelves[remote_id]
        self._put(remote_id, shelf.sku, shelf.price, "human", prior)

    def predict(self, desired: Desired) -> Prediction:
        """Every price is shown as it is."""
        return Prediction(reachable=True, shown=desired.price)

    async def listings(self) -> AsyncIterator[Listing]:
        """Everything there."""
        for listing in self._read(list(self._shelves)):
            yield listing

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """What these show."""
        return self._read(remote_ids)

    async def products(self) -> AsyncIterator[Product | SetAside]:
        """It knows no catalogue."""
        nothing: tuple[Product, ...] = ()
        for product in nothing:
            yield product

    async def close(self) -> None:
        """There is nothing to let go of."""

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write prices, unless something goes wrong."""
        self.point()
        self.requests += 1
        self.writes += 1
        self._catch_up()
        results = self._push(batch, self._drawn(_ON_WRITE))
        self.point()
        return results

    def _push(self, batch: Sequence[Desired], mishap: Mishap | None) -> list[PushResult]:
        self._fail_before(mishap)
        if mishap is Mishap.LATE:
            self._later(batch)
        elif mishap is not Mishap.LIE:
            self._apply(batch[: len(batch) // 2] if mishap is Mishap.PARTLY else batch[mishap is Mishap.REFUSAL :])
        if mishap in {Mishap.ERROR_AFTER, Mishap.PARTLY}:
            raise ChannelUnknown(f"{mishap} after writing", where=self.name)
        results = [self._answer(desired.remote_id) for desired in batch]
        if mishap is Mishap.REFUSAL:
            results[0] = PushResult(batch[0].remote_id, PushStatus.REFUSED, "this price is not taken")
        return results

    def _answer(self, remote_id: str) -> PushResult:
        if self.capabilities.full_state or remote_id in self._shelves:
            return PushResult(remote_id, PushStatus.ACCEPTED)
        return PushResult(remote_id, PushStatus.REFUSED, "there is no such listing")

    def _fail_before(self, mishap: Mishap | None) -> None:
        if mishap is Mishap.RATE_LIMIT:
            raise ChannelUnavailable("too many requests", where=self.name, retry_after=2.0)
        if mishap is Mishap.ERROR_BEFORE:
            raise ChannelUnknown("error 500", where=self.name)
        if mishap is Mishap.SLOW:
            self.slow()

    def _drawn(self, possible: Container[Mishap | None]) -> Mishap | None:
        mishap = self.draw()
        return mishap if mishap in possible else None

    def _read(self, remote_ids: Sequence[str]) -> list[Listing]:
        self.point()
        self.requests += 1
        self._catch_up()
        mishap = self._drawn(_ON_READ)
        if mishap is Mishap.ERROR_BEFORE:
            raise ChannelUnavailable("error 500", where=self.name)
        self._fail_before(mishap)
        known = [(remote, self._shelves[remote]) for remote in remote_ids if remote in self._shelves]
        stale = mishap is Mishap.STALE
        found = [self._seen(remote, shelf, stale=stale) for remote, shelf in known]
        self.point()
        return found

    def _seen(self, remote_id: str, shelf: _Shelf, *, stale: bool) -> Listing:
        window = timedelta(seconds=self.capabilities.late_apply)
        recent = shelf.since is not None and self.clock.now() - shelf.since < window
        price, struck = shelf.price, shelf.struck
        if stale and recent and shelf.before is not None:
            price, struck = shelf.before, shelf.struck_before
        if struck is None:
            return Listing(self.name, remote_id, shelf.sku, price)
        return Listing(self.name, remote_id, shelf.sku, struck, sale_price=price)

    def _later(self, batch: Sequence[Desired]) -> None:
        late = timedelta(seconds=self.capabilities.late_apply * 0.9)
        due = self.clock.now() + late
        self._coming += [(due, desired) for desired in batch]

    def _catch_up(self) -> None:
        if not self._coming:
            return
        now = self.clock.now()
        due = sorted((each for each in self._coming if each[0] <= now), key=lambda each: each[0])
        self._coming = [each for each in self._coming if each[0] > now]
        for _, desired in due:
            self._put(desired.remote_id, desired.sku, desired.price, "late", self._told(desired))

    def _apply(self, batch: Sequence[Desired]) -> None:
        if self.capabilities.full_state:
            meant = {desired.remote_id for desired in batch}
            self._shelves = {remote: shelf for remote, shelf in self._shelves.items() if remote in meant}
        for desired in batch:
            shelf = self._shelves.get(desired.remote_id)
            told = self._told(desired)
            news = shelf is None or (shelf.price, shelf.struck) != (desired.price, told)
            if news if self.capabilities.full_state else shelf is not None:
                self._put(desired.remote_id, desired.sku, desired.price, "api", told)

    def _told(self, desired: Desired) -> Money | None:
        told = desired.announcement if self.capabilities.announces else None
        return told.prior if told is not None else None

    def _put(self, remote_id: str, sku: Sku, price: Money, by: str, struck: Money | None = None) -> None:
        shelf = self._shelves.setdefault(remote_id, _Shelf(sku, price))
        shelf.before, shelf.struck_before = shelf.price, shelf.struck
        shelf.price, shelf.struck, shelf.since = price, struck, self.clock.now()
        written = Written(self.name, remote_id, sku, price, by, struck)
        self.log.append(written)
        if self.on_change is not None:
            self.on_change(written)
