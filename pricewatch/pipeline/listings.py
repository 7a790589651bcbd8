"""From the price list to the listings: what each place on a channel shall show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from pricewatch.domain.decision import PriceEntry
from pricewatch.domain.errors import ChannelError, SetAside
from pricewatch.domain.listing import Desired, Listing, Publication, PublicationState
from pricewatch.domain.money import Money
from pricewatch.domain.product import Sku
from pricewatch.pipeline.reading import NEVER
from pricewatch.pipeline.stage import StageLog
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import Channel

AT_ONCE = 20_000  # listings or products that are in memory at a time
T = TypeVar("T")


def in_parts(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut rows into parts of at most `size`."""
    return (rows[start : start + size] for start in range(0, len(rows), size))


async def desired_for(
    bench: Workbench, entries: Sequence[PriceEntry], previous: Mapping[tuple[str, Sku], Money], log: StageLog
) -> list[Desired]:
    """What every listing of these entries shall show, on all channels of their groups."""
    groups = {entry.group for entry in entries}
    for name, channel in bench.channels.items():
        if bench.channel_groups[name] in groups:
            await mirror(bench, channel, log)
    return wishes_for(bench, entries, previous)


def wishes_for(
    bench: Workbench, entries: Sequence[PriceEntry], previous: Mapping[tuple[str, Sku], Money]
) -> list[Desired]:
    """The same by the listings that are known."""
    desired: list[Desired] = []
    for name, channel in bench.channels.items():
        mine = {entry.sku: entry for entry in entries if entry.group == bench.channel_groups[name]}
        known = () if channel.capabilities.full_state else bench.store.outbox.listings(name, skus=mine)
        desired += [
            wanted(channel, remote_id, mine[sku], previous.get((mine[sku].group, sku)))
            for remote_id, sku in slots(channel, known, mine)
        ]
    return desired


async def mirror(bench: Workbench, channel: Channel, log: StageLog) -> bool:
    """Read all listings of a channel into the store; when it is unavailable, the last known ones stay."""
    try:
        await read_all(bench, channel)
    except ChannelError as error:
        log.put_aside(SetAside("publish", channel.name, error.message, where=channel.name, hint=error.hint))
        return False
    return True


async def read_all(bench: Workbench, channel: Channel) -> Mapping[str, Listing]:
    """Read all listings of a channel into the store, a part at a time; returns those that say more than the store
    keeps. Raises ChannelError: what was read until then is kept, and nothing is forgotten.
    """
    save, part, seen = bench.store.outbox.save_listings, list[Listing](), set[str]()
    telling: dict[str, Listing] = {}
    async for listing in channel.listings():
        part.append(listing)
        if _says_more(listing):
            telling[listing.remote_id] = listing
        if len(part) == AT_ONCE:
            save(channel.name, part, at=bench.clock.now(), rest=None)
            seen.update(each.remote_id for each in part)
            part.clear()
    save(channel.name, part, at=bench.clock.now(), rest=seen)
    return telling


def _says_more(listing: Listing) -> bool:
    return listing.upcoming is not None or listing.answered or listing.refusal is not None


def slots(channel: Channel, listings: Iterable[Listing], skus: Iterable[Sku]) -> Iterator[tuple[str, Sku]]:
    """The places on a channel that show these products; a feed has one for every product."""
    if channel.capabilities.full_state:
        yield from ((sku, sku) for sku in skus)
        return
    known = set(skus)
    for listing in listings:
        if listing.sku in known:
            yield listing.remote_id, listing.sku


def ask_for_new(bench: Workbench, channel: Channel) -> int:
    """Ask for the price of listings whose price nobody has asked for; returns how many."""
    outbox, group = bench.store.outbox, bench.channel_groups[channel.name]
    found = sorted(outbox.unasked(channel.name, group, feed=channel.capabilities.full_state))
    at = bench.clock.now()
    put_off = bool(outbox.parked())
    return sum(
        outbox.enqueue(_new(bench, channel, part), at=at, waiting=_put_off(bench, part) if put_off else ())
        for part in in_parts(found, AT_ONCE)
    )


def _put_off(bench: Workbench, skus: Sequence[Sku]) -> frozenset[Sku]:
    """Those of some products whose newest price waits on other channels for the first ones of its version."""
    rows = bench.store.outbox.publications(states=[PublicationState.PENDING], skus=skus)
    return frozenset(row.desired.sku for row in rows if row.next_at == NEVER)


def _new(bench: Workbench, channel: Channel, skus: Sequence[Sku]) -> Sequence[Desired]:
    """What the listings of these products shall show that nobody has asked for it."""
    entries = bench.store.prices.current(bench.channel_groups[channel.name], skus=skus)
    rows = bench.store.outbox.publications(channel=channel.name, skus=skus)
    new = unasked(channel, entries, rows, bench.store.outbox.listings(channel.name, skus=skus))
    return as_before(bench, channel, new)


def as_before(bench: Workbench, channel: Channel, new: Sequence[Desired]) -> Sequence[Desired]:
    """Of a channel that has to answer and has not yet, nobody knows what it shows: it may be the price of before, in
    the price list or else in the catalogue. A new feed shows that price while the newest one waits.
    """
    mine = channel.capabilities
    silent = [wish.sku for wish in new if wish.previous is None] if mine.answers or mine.full_state else ()
    if not silent:
        return new
    before = dict(bench.store.prices.before(bench.channel_groups[channel.name], silent))
    products = bench.store.catalogue.load(skus=[sku for sku in silent if sku not in before]).products
    before |= {sku: product.price for sku, product in products.items() if product.price is not None}
    return [replace(wish, previous=wish.previous or _same_money(wish, before.get(wish.sku))) for wish in new]


def _same_money(wish: Desired, before: Money | None) -> Money | None:
    return before if before is not None and before.currency == wish.price.currency else None


def unasked(
    channel: Channel, entries: Mapping[Sku, PriceEntry], rows: Iterable[Publication], listings: Iterable[Listing]
) -> list[Desired]:
    """What listings of priced products shall show and have no publication for: new ones, and those that were out of
    sight when the price list went on. `entries` are the prices of what is in the catalogue.
    """
    asked = {(row.desired.remote_id, row.desired.sku): row.desired.version for row in rows}
    known = {listing.remote_id: listing for listing in listings}
    shown = {remote_id: listing.payable for remote_id, listing in known.items()}
    return [
        wanted(channel, remote_id, entries[sku], shown.get(remote_id))
        for remote_id, sku in slots(channel, known.values(), entries)
        if asked.get((remote_id, sku), 0) < entries[sku].version
    ]


def wanted(channel: Channel, remote_id: str, entry: PriceEntry, previous: Money | None) -> Desired:
    """What one listing shall show by its price list entry."""
    return Desired(
        channel=channel.name,
        remote_id=remote_id,
        sku=entry.sku,
        version=entry.version,
        price=entry.gross,
        tax=entry.tax,
        floor=entry.floor,
        ceiling=entry.ceiling,
        previous=previous,
        adopted=entry.adopted,
    )
