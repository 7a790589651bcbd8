"""A feed file as a channel: written whole, checked before it replaces the last good one, read back from disk."""

from __future__ import annotations

import filecmp
import os
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from pricewatch.domain.errors import ChannelRefused, ChannelUnavailable, SetAside
from pricewatch.domain.listing import (
    Capabilities,
    ChannelRole,
    Desired,
    Listing,
    Prediction,
    PushResult,
    PushStatus,
)
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.domain.product import Assortment, Product, Sku

ANY_SIZE = 1_000_000
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One product with the gross price that the feed shows for it."""

    product: Product
    price: Money
    tax: TaxRate

    @property
    def net(self) -> Money:
        """The net part of the price, rounded half up."""
        return self.tax.net_of(self.price)


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One item as it stands in a feed file; `price` None = what stands there is no price."""

    sku: Sku
    price: Money | None
    name: str = ""
    url: str = ""


class FeedFormat(Protocol):
    """What a feed looks like."""

    def objection(self, item: FeedItem) -> str:
        """Which published rule keeps an item out of the feed; empty = none."""
        ...

    def write(self, stream: BinaryIO, items: Iterable[FeedItem]) -> None:
        """Write the whole feed, money formatted exactly and text escaped."""
        ...

    def read(self, path: Path, currency: Currency) -> Iterator[FeedEntry]:
        """Read a feed file; raises ValueError when it is broken."""
        ...


class Feed:
    """A feed file as a channel; every push writes all of it, `remote_id` is the SKU."""

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
    ) -> None:
        self._name = name
        self._path = path
        self._layout = layout
        self._currency = Currency.of(currency)
        self._max_shrink = max_shrink
        self._assortment = assortment
        self._capabilities = Capabilities(
            role=role,
            batch_size=ANY_SIZE,
            requests_per_minute=ANY_SIZE,
            currency=self._currency.code,
            full_state=True,
        )

    @property
    def name(self) -> str:
        """The channel's name in the configuration."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """What a feed can do."""
        return self._capabilities

    def predict(self, desired: Desired) -> Prediction:
        """A feed shows every price in its currency exactly."""
        return Prediction(reachable=True, shown=desired.price)

    async def listings(self) -> AsyncIterator[Listing]:
        """Everything that stands in the file; a missing or broken file has nothing, and is written anew."""
        for entry in self._entries():
            yield Listing(self._name, entry.sku, entry.sku, entry.price, name=entry.name, url=entry.url)

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back from the file on disk."""
        wanted = set(remote_ids)
        return [listing async for listing in self.listings() if listing.remote_id in wanted]

    async def products(self) -> AsyncIterator[Product | SetAside]:
        """A feed has no catalogue of its own."""
        nothing: tuple[Product, ...] = ()
        for product in nothing:
            yield product

    async def close(self) -> None:
        """Nothing is kept open."""

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write the feed from these prices; what the format's rules keep out is refused and left out.

        Raises ChannelRefused when the new feed is broken or far smaller than the last good one, which then stays.
        """
        products = self._assortment().products
        items: list[FeedItem] = []
        results: list[PushResult] = []
        for desired in batch:
            product = products.get(desired.sku)
            item = FeedItem(product, desired.price, desired.tax) if product else None
            reason = self._layout.objection(item) if item else "not in the catalogue"
            if item is None or reason:
                results.append(PushResult(desired.remote_id, PushStatus.REFUSED, f"left out of the feed: {reason}"))
                continue
            items.append(item)
            results.append(PushResult(desired.remote_id, PushStatus.ACCEPTED))
        self._replace(items)
        return results

    def _replace(self, items: Sequence[FeedItem]) -> None:
        before = sum(1 for _ in self._entries())
        if not items and not before:
            return
        if len(items) * 100 < before * (100 - self._max_shrink):
            raise ChannelRefused(
                f"the feed would shrink from {before} to {len(items)} items; the last good one stays",
                where=str(self._path),
                hint="if that is right, raise the channel's max_shrink",
            )
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._write(items)
        except OSError as error:
            hint = "check the folder, its permissions and the free space"
            raise ChannelUnavailable(
                f"the feed cannot be written: {error.strerror or error}", where=str(self._path), hint=hint
            ) from error

    def _write(self, items: Sequence[FeedItem]) -> None:
        """Write beside the last good file, check what stands there, and only then put it in its place."""
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.", suffix=".new")
        fresh = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                self._layout.write(stream, items)
                stream.flush()
                os.fsync(stream.fileno())
            self._check(fresh, items)
            if not (self._path.exists() and filecmp.cmp(fresh, self._path, shallow=False)):
                fresh.chmod(0o644)
                fresh.replace(self._path)
                _sync_folder(self._path.parent)
        finally:
            with suppress(FileNotFoundError):
                fresh.unlink()

    def _check(self, fresh: Path, items: Sequence[FeedItem]) -> None:
        """Read the new file back before anybody else does."""
        try:
            stands = [(entry.sku, entry.price) for entry in self._layout.read(fresh, self._currency)]
        except ValueError as error:
            stands, words = [], f": {error}"
        else:
            words = ""
        if stands != [(item.product.sku, item.price) for item in items]:
            raise ChannelRefused(
                f"the new feed does not read back as it was meant{words}; the last good one stays",
                where=str(self._path),
                hint="this is a bug; please report it with the product's data",
            )

    def _entries(self) -> Iterator[FeedEntry]:
        try:
            yield from self._layout.read(self._path, self._currency)
        except (OSError, ValueError):
            return


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def xml_text(text: str) -> str:
    """Text as XML may hold it: control characters out, the special ones escaped."""
    plain = _NOT_XML.sub("", text)
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        plain = plain.replace(char, entity)
    return plain


def shortened(text: str, limit: int) -> str:
    """Text of at most `limit` characters on one line."""
    plain = " ".join(_NOT_XML.sub("", text).split())
    return plain if len(plain) <= limit else f"{plain[: limit - 1]}…"


def is_address(url: str) -> bool:
    """Whether this is a web address that a feed may carry."""
    return url.startswith(("http://", "https://")) and len(url) <= 2000 and not any(c.isspace() for c in url)
