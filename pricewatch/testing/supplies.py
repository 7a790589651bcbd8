"""The promises about stock and delivery time, for channels whose `capabilities.tells` names any of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from pricewatch.domain.errors import ChannelError, PublishingStopped
from pricewatch.domain.listing import Beside, Desired, Listing, PushStatus
from pricewatch.ports import Stocked
from pricewatch.testing.conformance import Body, Check, Stand, Unfit, expect

AVAILABILITY = frozenset({Beside.STOCK, Beside.DELIVERY})
SUPPLY_CHECKS: list[Check] = []
"""All of them, for `pytest.mark.parametrize("check", SUPPLY_CHECKS, ids=str)` with a lab that is a StockLab."""


@runtime_checkable
class StockLab(Protocol):
    """A lab whose channel is set up so that the catalogue is the master of stock, of the delivery time, or of both."""

    def pieces(self, remote_id: str) -> int | None:
        """How many pieces there are now, by the fake itself."""
        ...

    def count(self, remote_id: str, pieces: int) -> None:
        """Somebody else, such as an order there, changes the pieces."""
        ...


def _promised(body: Body) -> Body:
    name = str(getattr(body, "__name__", "")).replace("_", "-")
    SUPPLY_CHECKS.append(Check(name, " ".join((body.__doc__ or "").split()), body))
    return body


@_promised
async def tells_what_it_carries(stand: Stand) -> None:
    """What it tells again is stock or delivery time, is among what it carries, and can be supplied."""
    mine = stand.channel.capabilities
    expect(bool(mine.tells), "it tells nothing: the lab has to let the catalogue be the master of the stock")
    expect(mine.tells <= mine.carries & AVAILABILITY, f"it tells {sorted(mine.tells)}, carries {sorted(mine.carries)}")
    expect(isinstance(stand.channel, Stocked), "it has no `available` and `supply`")


@_promised
async def stock_is_written_without_a_price(stand: Stand) -> None:
    """Supplied stock and delivery time stand there and are read; no price and no other listing is touched."""
    ids = await stand.fill(3)
    prices, others = {i: stand.lab.shown(i) for i in ids}, {i: _lab(stand).pieces(i) for i in ids[1:]}
    wish = _stocked(stand, ids[0], 7)
    await _supply(stand, [wish])
    _expect_supplied(stand, wish, (await stand.read(ids))[ids[0]])
    stand.expect_shown(prices, "after stock was supplied")
    now = {i: _lab(stand).pieces(i) for i in others}
    expect(now == others, f"other listings had {others} pieces and have {now}")


@_promised
async def stock_is_written_again(stand: Stand) -> None:
    """Stock that somebody changed back is written again, however often, and the same stock again changes nothing."""
    ids = await stand.fill(2)
    for pieces in (7, 5, 7, 7):
        wish = _stocked(stand, ids[0], pieces)
        await _supply(stand, [wish])
        _expect_supplied(stand, wish, (await stand.read(ids))[ids[0]])
        if Beside.STOCK in stand.channel.capabilities.tells:
            _lab(stand).count(ids[0], 3)
            seen = (await stand.read(ids))[ids[0]].stock
            expect(seen == 3, f"somebody left 3 pieces, read says {seen}")


@_promised
async def more_than_a_batch_is_supplied(stand: Stand) -> None:
    """However many listings are supplied in one go, all of them are."""
    ids = await stand.fill(60)
    wishes = [_stocked(stand, remote, 2 + number) for number, remote in enumerate(ids)]
    await _supply(stand, wishes)
    found = await stand.read(ids)
    for wish in wishes:
        _expect_supplied(stand, wish, found[wish.remote_id])


@_promised
async def a_price_leaves_stock_alone_that_nobody_knows(stand: Stand) -> None:
    """A price whose stock the catalogue does not know leaves the pieces as they are."""
    ids = await stand.fill(2)
    _lab(stand).count(ids[0], 4)
    await stand.read(ids)
    await stand.must_push(stand.wish(ids[0]))
    expect(_lab(stand).pieces(ids[0]) == 4, f"4 pieces became {_lab(stand).pieces(ids[0])} with a price")


@_promised
async def what_is_not_there_is_not_supplied(stand: Stand) -> None:
    """Stock for a listing that is not there is never called taken."""
    await stand.fill(1)
    wish = replace(_stocked(stand, stand.lab.unknown_id, 7), sku="UNKNOWN")
    try:
        (result,) = await _channel(stand).supply([wish])
    except ChannelError:
        return
    finally:
        await stand.lab.settle()
    expect(result.status is not PushStatus.ACCEPTED, "stock for a listing that is not there was called taken")


@_promised
async def a_stop_holds_back_stock(stand: Stand) -> None:
    """While publishing is stopped no stock is written."""
    ids = await stand.fill(1)
    before = _lab(stand).pieces(ids[0])
    await stand.read(ids)
    stand.stopped = lambda: True
    try:
        results = await _channel(stand).supply([_stocked(stand, ids[0], 7)])
    except PublishingStopped:
        results = []
    taken = [result for result in results if result.status is PushStatus.ACCEPTED]
    expect(not taken and _lab(stand).pieces(ids[0]) == before, "stock was written while publishing was stopped")


def _lab(stand: Stand) -> StockLab:
    if not isinstance(stand.lab, StockLab):
        raise Unfit("the lab has no `pieces` and `count`")
    return stand.lab


def _channel(stand: Stand) -> Stocked:
    assert isinstance(stand.channel, Stocked)
    return stand.channel


def _stocked(stand: Stand, remote_id: str, pieces: int) -> Desired:
    """A listing shall have so many pieces, which are sent within two or three days."""
    wish = stand.wish(remote_id)[0]
    return replace(wish, stock=pieces, delivery="2 days" if pieces % 2 else "3 days")


async def _supply(stand: Stand, wishes: Sequence[Desired]) -> None:
    await stand.read([wish.remote_id for wish in wishes])
    results = await _channel(stand).supply(wishes)
    await stand.lab.settle()
    asked, answered = sorted(w.remote_id for w in wishes), sorted(r.remote_id for r in results)
    expect(asked == answered, f"a supply of {asked[:5]} … gave results for {answered[:5]} …")
    wrong = [f"{r.remote_id} {r.status} ({r.message})" for r in results if r.status is PushStatus.REFUSED]
    expect(not wrong, f"plain stock was refused: {'; '.join(wrong[:5])}")


def _expect_supplied(stand: Stand, wish: Desired, listing: Listing) -> None:
    wanted = _channel(stand).available(wish)
    expect(not wanted.missing(listing), f"read back after it was supplied: {wanted.missing(listing)}")
    if wanted.stock is not None:
        expect(listing.stock == wanted.stock, f"it tells {listing.stock} pieces, {wanted.stock} were supplied")
        there = _lab(stand).pieces(wish.remote_id)
        expect(there == wanted.stock, f"the fake has {there} pieces instead of {wanted.stock}")
