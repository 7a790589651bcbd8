"""A feed file as a channel: written whole, checked before it replaces the last good one, read back from disk."""

from __future__ import annotations

import filecmp
from array import array
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from pricewatch.channels.feed_delta import Delta
from pricewatch.channels.filing import beside, pack, put, settle
from pricewatch.channels.plain import PlainChannel
from pricewatch.channels.xmlfeed import without_controls
from pricewatch.domain.decision import NO_TERMS, Announcement, PriceEntry, Terms
from pricewatch.domain.errors import ChannelRefused, ChannelUnavailable
from pricewatch.domain.listing import (
    Beside,
    Capabilities,
    ChannelRole,
    Desired,
    Listing,
    PushResult,
    PushStatus,
)
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.domain.product import Assortment, Product, Sku

ANY_SIZE = 1_000_000
RUNS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet takes a cell that begins so for a formula


class FeedItem(NamedTuple):
    """One product with the gross price that the feed shows for it; `announced` while a reduction is announced, `terms`
    and `delivery` as they go with the price.
    """

    product: Product
    price: Money
    tax: TaxRate
    announced: Announcement | None = None
    terms: Terms = NO_TERMS
    delivery: str = ""

    @property
    def net(self) -> Money:
        """The net part of the price, rounded half up."""
        return self.tax.net_of(self.price)

    @property
    def regular(self) -> Money:
        """The price that an announced reduction is measured by, else the price itself."""
        return self.price if self.announced is None else self.announced.prior

    @property
    def sale(self) -> Money | None:
        """The reduced price while a reduction is announced."""
        return None if self.announced is None else self.price

    @property
    def sale_dates(self) -> str:
        """When an announced reduction runs, as `start/end` of ISO 8601 to the minute; empty without an end."""
        if self.announced is None or self.announced.ends is None:
            return ""
        return f"{minute(self.announced.starts)}/{minute(self.announced.ends)}"


def minute(at: datetime) -> str:
    """A time as feeds write it: `2026-11-22T12:00+0000`."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M%z}"


class FeedEntry(NamedTuple):
    """One item as it stands in a feed file; `price` None = what stands there is no price.

    `sale` is what a buyer pays instead of `price` until `until`, where the format has such a field.
    """

    sku: Sku
    price: Money | None
    name: str = ""
    url: str = ""
    sale: Money | None = None
    until: datetime | None = None

    def sale_at(self, at: datetime) -> Money | None:
        """The sale price, if it is in force then."""
        return self.sale if self.until is None or at < self.until else None

    def means(self, sku: Sku, price: int, regular: int) -> bool:
        """Whether an item with this price and regular price, in minor units, was to stand so in the file."""
        if self.sku != sku or self.price is None:
            return False
        if self.sale is None:
            return self.price.minor == price
        return self.sale.minor == price and self.price.minor == regular


def until_of(dates: str) -> datetime | None:
    """The end of `start/end` as feeds write it; raises ValueError for anything else that is not empty."""
    return datetime.fromisoformat(dates.partition("/")[2]) if dates else None


class FeedFormat(Protocol):
    """What a feed looks like, and what it has a place for beside the price."""

    @property
    def carries(self) -> frozenset[Beside]: ...

    def objection(self, item: FeedItem) -> str:
        """Which published rule keeps an item out of the feed; empty = none."""
        ...

    def write(self, stream: BinaryIO, items: Iterable[FeedItem]) -> None:
        """Write the whole feed, money formatted exactly and text escaped; `items` may be gone through again."""
        ...

    def read(self, path: Path, currency: Currency) -> Iterator[FeedEntry]:
        """Read a feed file; raises ValueError when it is broken."""
        ...


def nothing_published() -> Mapping[Sku, PriceEntry]:
    """The price list of a channel that shows no announced reductions."""
    return {}


def utc_now() -> datetime:
    """The present."""
    return datetime.now(UTC)


class Feed(PlainChannel):
    """A feed file as a channel; every push writes all of it, `remote_id` is the SKU.

    `published` gives the price list's entries: a reduction is announced only as one of these says. With `compressed`
    a gzip variant stands beside the file, under its name and `.gz`; with `delta_hours` a delta, counted anew after so
    many.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        layout: FeedFormat,
        *,
        role: ChannelRole,
        currency: str,
        max_shrink: int,
        assortment: Callable[[], Assortment],
        published: Callable[[], Mapping[Sku, PriceEntry]] = nothing_published,
        now: Callable[[], datetime] = utc_now,
        compressed: bool = False,
        delta_hours: int | None = None,
    ) -> None:
        can = Capabilities(
            role=role,
            batch_size=ANY_SIZE,
            requests_per_minute=ANY_SIZE,
            currency=Currency.of(currency).code,
            full_state=True,
            carries=layout.carries,
        )
        super().__init__(name, can)
        self._path = path
        self._layout = layout
        self._max_shrink = max_shrink
        self._assortment = assortment
        self._published = published
        self._now = now
        self._compressed = compressed
        self._delta = Delta(path, delta_hours, now, compressed=compressed) if delta_hours is not None else None

    async def listings(self) -> AsyncIterator[Listing]:
        """Everything that stands in the file; a missing or broken file has nothing, and is written anew."""
        now = self._now()
        for entry in self._entries():
            sale = entry.sale_at(now)
            yield Listing(self._name, entry.sku, entry.sku, entry.price, sale, name=entry.name, url=entry.url)

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back from the file on disk."""
        wanted = set(remote_ids)
        return [listing async for listing in self.listings() if listing.remote_id in wanted]

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write the feed from these prices, by SKU; what the format's rules keep out is refused and left out.

        Raises ChannelRefused when the new feed is broken or far smaller than the last good one, which then stays.
        """
        in_order = sorted(batch, key=lambda wish: wish.sku)
        items = _Items(self._layout, in_order, self._assortment().products, self._published(), self._now())
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._write(items)
        except OSError as error:
            hint = "check the folder, its permissions and the free space"
            raise ChannelUnavailable(
                f"the feed cannot be written: {error.strerror or error}", where=str(self._path), hint=hint
            ) from error
        return items.results

    def _write(self, items: _Items) -> None:
        """Write beside the last good file, check what stands there, and only then put it in its place."""
        with beside(self._path) as (stream, fresh):
            self._layout.write(stream, items)
            settle(stream)
            self._check(fresh, items)
            same = self._path.exists() and filecmp.cmp(fresh, self._path, shallow=False)
            if not same and not self._may_shrink(len(items.skus)):
                return
            packed = self._path.with_name(f"{self._path.name}.gz")
            if self._delta is not None and (not same or self._delta.due()):
                self._delta.write(items, self._layout.write, self._reads_back)
            if self._compressed and not (same and packed.exists()):
                pack(fresh, packed)  # before the plain file: a crash in between leaves that one to be written again
            if not same:
                put(fresh, self._path)

    def _may_shrink(self, count: int) -> bool:
        """Whether a feed of so many items may take the place of the last good one; False = both have none."""
        before = sum(1 for _ in self._entries())
        if count * 100 < before * (100 - self._max_shrink):
            raise ChannelRefused(
                f"the feed would shrink from {before} to {count} items; the last good one stays",
                where=str(self._path),
                hint="if that is right, raise the channel's max_shrink",
            )
        return bool(count or before)

    def _check(self, fresh: Path, items: _Items) -> None:
        """Read the new file back before anybody else does."""
        self._check_against(fresh, zip(items.skus, items.prices, items.regulars, strict=True))

    def _check_against(self, fresh: Path, meant: Iterable[tuple[Sku, int, int]]) -> None:
        words = ""
        try:
            stands = self._layout.read(fresh, self._currency)
            good = all(
                entry is not None and want is not None and entry.means(*want)
                for entry, want in zip_longest(stands, meant)
            )
        except ValueError as error:
            good, words = False, f": {error}"
        if not good:
            raise ChannelRefused(
                f"the new feed does not read back as it was meant{words}; the last good one stays",
                where=str(self._path),
                hint="this is a bug; please report it with the product's data",
            )

    def _reads_back(self, fresh: Path, items: Iterable[FeedItem]) -> None:
        """The same for a part of the feed."""
        meant = ((item.product.sku, item.price.minor, item.regular.minor) for item in items)
        self._check_against(fresh, meant)

    def _entries(self) -> Iterator[FeedEntry]:
        try:
            yield from self._layout.read(self._path, self._currency)
        except (OSError, ValueError):
            return


class _Items:
    """What a batch of prices becomes: made as it is gone through, again each time, so that a feed of any size needs
    little memory. Going through it the first time says of each price what became of it, and what shall stand in the
    file: SKUs, and prices and regular prices in minor units.
    """

    def __init__(
        self,
        layout: FeedFormat,
        batch: Sequence[Desired],
        products: Mapping[Sku, Product],
        published: Mapping[Sku, PriceEntry],
        now: datetime,
    ) -> None:
        self._layout, self._batch, self._products = layout, batch, products
        self._published, self._now = published, now
        self.results: list[PushResult] = []
        self.skus: list[Sku] = []
        self.prices, self.regulars = array("q"), array("q")

    def __iter__(self) -> Iterator[FeedItem]:
        return self._again() if self.results else self._first()

    def _first(self) -> Iterator[FeedItem]:
        for desired in self._batch:
            item = self._item(desired)
            reason = "not in the catalogue" if item is None else self._layout.objection(item)
            if item is None or reason:
                message = f"left out of the feed: {reason}"
                self.results.append(PushResult(desired.remote_id, PushStatus.REFUSED, message))
                continue
            self.results.append(PushResult(desired.remote_id, PushStatus.ACCEPTED))
            self.skus.append(desired.sku)
            self.prices.append(item.price.minor)
            self.regulars.append(item.regular.minor)
            yield item

    def _again(self) -> Iterator[FeedItem]:
        for desired, result in zip(self._batch, self.results, strict=True):
            item = self._item(desired) if result.status is PushStatus.ACCEPTED else None
            if item is not None:
                yield item

    def _item(self, desired: Desired) -> FeedItem | None:
        product = self._products.get(desired.sku)
        if product is None:
            return None
        told = self._announced(desired)
        return FeedItem(product, desired.price, desired.tax, told, desired.terms, desired.delivery)

    def _announced(self, desired: Desired) -> Announcement | None:
        """The reduction that the price list announces with this very price, while it runs; that of an older price which
        is still shown comes with it.
        """
        entry = self._published.get(desired.sku)
        if entry is None or entry.version != desired.version or entry.gross != desired.price:
            return desired.announcement
        return entry.announced_at(self._now)


def shortened(text: str, limit: int) -> str:
    """Text of at most `limit` characters on one line."""
    clean = text.isprintable() and "  " not in text
    plain = text.strip(" ") if clean else " ".join(without_controls(text).split())
    return plain if len(plain) <= limit else f"{plain[: limit - 1]}…"


def is_address(url: str, longest: int = 2000) -> bool:
    """Whether this is a web address that a feed may carry."""
    return url.startswith(("http://", "https://")) and len(url) <= longest and url.isprintable() and " " not in url
