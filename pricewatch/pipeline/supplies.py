"""Stock and delivery times: what channels show of them beside the catalogue's, told or brought back alone.

They follow the catalogue of now and belong to no version of the price list: nothing of this writes a price, and a run
that is killed is finished by the next look.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pricewatch.domain.errors import ChannelError, PublishingStopped, SetAside
from pricewatch.domain.listing import Beside, Desired, Listing, PushStatus
from pricewatch.domain.product import Product, Sku
from pricewatch.pipeline.listings import AT_ONCE, in_parts
from pricewatch.pipeline.settings import DriftPolicy
from pricewatch.pipeline.stage import StageLog
from pricewatch.pipeline.terms import delivery_of
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import Channel, Stocked

UNCLEAR = "has no way to say the delivery time {words!r}"
_UNCLEAR_HINT = 'write it as "24 h", "2 days" or a number of days in the catalogue'
_TOLD_HINT = "publishing.drift says that it is only told; change it there, or in the catalogue"
_TRIED_HINT = "the next verify tries again; look whether something else counts the stock there"


@dataclass(slots=True)
class Supplies:
    """Stock and delivery times on one channel, where the catalogue is their master."""

    bench: Workbench
    channel: Channel
    log: StageLog
    _lacking: dict[str, Desired] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The channel's name."""
        return self.channel.name

    @property
    def told(self) -> bool:
        """Whether the channel tells anything that is the catalogue's."""
        return bool(self.channel.capabilities.tells)

    def seen(self, desired: Desired, listing: Listing | None) -> None:
        """Remember a listing that lacks what its product's wish, with stock and delivery time, says."""
        if listing is not None and self.told and self._wrong(desired, listing):
            self._lacking[listing.remote_id] = desired

    async def bring(self) -> None:
        """Bring what was seen to its listings; for what a price just went out to, whatever the policy for drift says:
        that is about what others change.
        """
        wanted = list(self._lacking.values())
        self._lacking.clear()
        for part in in_parts(wanted, AT_ONCE):
            await self._bring(part)

    async def compare(self, *, acting: bool) -> None:
        """Look at all listings as they were read last; what is wrong is brought back or told, by the policy."""
        if not self.told:
            return
        repairs = acting and self.bench.publishing.drift is DriftPolicy.REPAIR
        for skus in in_parts(sorted(self.bench.store.prices.priced(self._group)), AT_ONCE):
            for wish, listing in self._pairs(skus):
                wrong = self._wrong(wish, listing)
                self._unclear(wish)
                if wrong and repairs:
                    self._lacking[listing.remote_id] = wish
                elif wrong:
                    self.log.count({"stock drifted": 1})
                    self._put_aside(wish.sku, wrong, _TOLD_HINT)
            await self.bring()

    @property
    def _group(self) -> str:
        return self.bench.channel_groups[self.name]

    def _pairs(self, skus: Sequence[Sku]) -> Iterator[tuple[Desired, Listing]]:
        products = self.bench.store.catalogue.load(skus=skus).products
        for listing in self.bench.store.outbox.listings(self.name, skus=skus):
            wish = _wish(self.name, listing, products.get(listing.sku))
            if wish is not None:
                yield wish, listing

    def _wrong(self, wish: Desired, listing: Listing) -> str:
        return _wrong(self.channel, wish, listing)

    def _unclear(self, wish: Desired) -> None:
        assert isinstance(self.channel, Stocked)
        asked = wish.delivery and Beside.DELIVERY in self.channel.capabilities.tells
        if asked and not self.channel.available(wish).delivery:
            self._put_aside(wish.sku, UNCLEAR.format(words=wish.delivery[:40]), _UNCLEAR_HINT)

    async def _bring(self, wishes: Sequence[Desired]) -> None:
        """Read once more, write what still lacks it, and read back: what somebody else mended is not written."""
        assert isinstance(self.channel, Stocked)
        try:
            lacking = [wish for wish, listing in await self._read(wishes) if self._wrong(wish, listing)]
            if not lacking:
                return
            self.log.count({"stock drifted": len(lacking)})
            results = {result.remote_id: result for result in await self.channel.supply(lacking)}
            after = {listing.remote_id: listing for _, listing in await self._read(lacking)}
        except (ChannelError, PublishingStopped) as error:
            self.log.put_aside(SetAside(self.log.stage, self.name, error.message, where=self.name, hint=error.hint))
            return
        for wish in lacking:
            result, listing = results.get(wish.remote_id), after.get(wish.remote_id)
            wrong = self._wrong(wish, listing) if listing else ""
            late = result is not None and result.status is not PushStatus.REFUSED and self._slow
            if result is not None and result.status is PushStatus.REFUSED:
                self._put_aside(wish.sku, f"its stock was not taken: {result.message}", _TRIED_HINT)
            elif wrong and not late:
                self._put_aside(wish.sku, wrong, _TRIED_HINT)
            else:
                self.log.count({"restocked": 1})

    @property
    def _slow(self) -> bool:
        """Whether what was written shows later: then the next look tells."""
        mine = self.channel.capabilities
        return mine.read_delay > 0 or mine.late_apply > 0

    async def _read(self, wishes: Sequence[Desired]) -> Sequence[tuple[Desired, Listing]]:
        """What these listings show now, kept in the mirror."""
        by_id = {wish.remote_id: wish for wish in wishes}
        listed = await self.channel.read(list(by_id))
        self.bench.store.outbox.save_listings(self.name, listed, at=self.bench.clock.now(), rest=None)
        return [(by_id[listing.remote_id], listing) for listing in listed]

    def _put_aside(self, sku: Sku, words: str, hint: str) -> None:
        self.log.put_aside(SetAside(self.log.stage, sku, words, where=self.name, hint=hint))


def lacking(channel: Channel, products: Mapping[Sku, Product], listings: Iterable[Listing]) -> Mapping[str, str]:
    """What listings show of stock and delivery time instead of the catalogue's, in words, by their ids."""
    pairs = ((_wish(channel.name, listing, products.get(listing.sku)), listing) for listing in listings)
    return {li.remote_id: words for wish, li in pairs if wish and (words := _wrong(channel, wish, li))}


def _wrong(channel: Channel, wish: Desired, listing: Listing) -> str:
    assert isinstance(channel, Stocked)
    return channel.available(wish).missing(listing) if listing.sku == wish.sku else ""


def _wish(channel: str, listing: Listing, product: Product | None) -> Desired | None:
    """The stock and delivery time that a listing shall have; its price is what it shows, and is not written."""
    price = listing.payable
    if product is None or price is None:
        return None
    delivery = delivery_of(product)
    if product.stock is None and not delivery:
        return None
    return Desired(
        channel, listing.remote_id, product.sku, 0, price, product.tax, None, None,
        stock=product.stock, delivery=delivery,
    )  # fmt: skip
