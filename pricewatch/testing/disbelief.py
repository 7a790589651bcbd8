"""The promises about answers that look right and are not: what no channel believes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from pricewatch.domain.errors import ChannelUnavailable
from pricewatch.domain.listing import Listing
from pricewatch.testing.conformance import MANY, Stand, all_of, believes_nothing, expect, promised
from pricewatch.testing.trouble import Trouble
from pricewatch.testing.troubled import ABSURD, NoEnd


@promised(Trouble.TORN_READ)
async def believes_no_half_answer(stand: Stand) -> None:
    """An answer that breaks off makes the channel unavailable; what came of it is not taken for everything."""
    await believes_nothing(stand, Trouble.TORN_READ, "was answered by half")


@promised(Trouble.ABSURD_READ, Trouble.EDIT)
async def believes_no_absurd_amount(stand: Stand) -> None:
    """Where an amount should stand, anything else (NaN, infinity, words, nothing, 83,99) makes the channel unavailable
    or the listing one without a price.
    """
    ids = await stand.fill(2)
    for number in (1, 4):
        stand.lab.edit(ids[0], stand.reachable(number))
        await stand.read(ids)
    for amount in ABSURD:
        stand.lab.trouble(Trouble.ABSURD_READ)
        try:
            found = await stand.read(ids)
        except ChannelUnavailable:
            continue
        expect(ids[0] in found, f"with the amount {amount!r} the listing is taken for gone")
        payable = found[ids[0]].payable
        expect(payable is None, f"the amount {amount!r} is believed to be {payable}")
    true = stand.lab.shown(ids[0])
    expect((await stand.read(ids))[ids[0]].payable == true, "afterwards the true price is not read")


@promised(Trouble.OTHER_CURRENCY)
async def believes_no_other_currency(stand: Stand) -> None:
    """Amounts in another currency than the configured one are never taken for ours."""
    ids = await stand.fill(2)
    stand.lab.trouble(Trouble.OTHER_CURRENCY)
    mine = stand.channel.capabilities.currency
    jobs: list[tuple[str, Callable[[], Awaitable[Sequence[Listing]]]]] = [
        ("read", lambda: stand.channel.read(ids)),
        ("list", lambda: all_of(stand.channel)),
    ]
    for what, job in jobs:
        try:
            found = await job()
        except ChannelUnavailable:
            continue
        ours = [str(li.payable) for li in found if li.payable is not None and li.payable.currency.code == mine]
        expect(not ours, f"a {what} in another currency gave {', '.join(ours[:5])}")


@promised(Trouble.SAME_PAGE)
async def ends_when_pages_come_again(stand: Stand) -> None:
    """A server (or a cache before it) that answers each page with the first one makes the channel unavailable: there
    is no endless reading, and the first page is never taken for everything.
    """
    ids = await stand.fill(MANY)
    stand.lab.trouble(Trouble.SAME_PAGE)
    try:
        found = {listing.remote_id for listing in await all_of(stand.channel)}
    except ChannelUnavailable:
        return
    except NoEnd as error:
        expect(False, str(error))
    expect(set(ids) <= found, f"pages came again, and {len(set(ids) & found)} of {len(ids)} were taken for everything")
