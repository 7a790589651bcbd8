"""The promises that every channel keeps, each a check that looks at the fake and not at what the channel says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from unittest import SkipTest

from pricewatch.channels.gate import EdgeGate, never
from pricewatch.domain.errors import ChannelError, ChannelUnavailable, ChannelUnknown, PublishingStopped
from pricewatch.domain.listing import Desired, Listing, PushResult, PushStatus
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.domain.product import Sku
from pricewatch.ports import Channel
from pricewatch.testing.lab import ChannelLab
from pricewatch.testing.trouble import Trouble

MANY = 250  # listings: more than one page of every channel known
MOST = 1_200  # listings that a check fills a fake with to go over the batch size
AMOUNTS = (1, 9, 10, 99, 105, 110, 999, 1005, 8399, 9990, 12999, 100_000, 129_900, 199_999, 1_999_995, 10_000_000)
REACHED = frozenset({PushStatus.ACCEPTED, PushStatus.UNKNOWN})


class Unfit(AssertionError):
    """A channel does not do what every channel must do; the message says what it did."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a push: a result for each listing, or what was raised."""

    results: Mapping[str, PushResult] = field(default_factory=dict)
    raised: ChannelError | PublishingStopped | None = None

    def __str__(self) -> str:
        if self.raised is not None:
            return f"{type(self.raised).__name__}: {self.raised.message}"
        return ", ".join(f"{r.remote_id} {r.status}{r.message and f' ({r.message})'}" for r in self.results.values())

    def status(self, remote_id: str) -> PushStatus | None:
        """What is known of one listing; None = surely not written."""
        if isinstance(self.raised, ChannelUnknown):
            return PushStatus.UNKNOWN
        found = self.results.get(remote_id)
        return found.status if found else None


class Stand:
    """One channel in its lab, behind the edge gate as in the program, with the listings that the fake holds."""

    def __init__(self, lab: ChannelLab) -> None:
        self.lab = lab
        self.stopped = never
        self.channel: Channel = EdgeGate(lab.connect(self._halted), never)
        self.whole = self.channel.capabilities.full_state
        self.places: dict[str, Sku] = {}
        self._money = Currency.of(lab.currency)
        self._version = 0
        self._shows: dict[str, Desired] = {}

    def _halted(self) -> bool:
        return self.stopped()

    async def fill(self, count: int) -> list[str]:
        """Let the fake hold listings; a feed is written for the first time. Returns their ids."""
        self.places = dict(self.lab.fill(count))
        if len(self.places) < count:
            raise Unfit(f"the lab was asked for {count} different listings and gave {len(self.places)}")
        if self.whole:
            await self.must_push(self.wishes(dict.fromkeys(self.places, Money(10_000, self._money))))
        return list(self.places)

    def wishes(self, prices: Mapping[str, Money]) -> list[Desired]:
        """What these listings shall show, by the next version of the price list."""
        self._version += 1
        floor = Money(1, self._money)
        name, version = self.channel.name, self._version
        return [
            Desired(name, remote, self.places.get(remote, "UNKNOWN"), version, price, TaxRate(2300), floor, None)
            for remote, price in prices.items()
        ]

    def wish(self, remote_id: str, number: int = 0) -> list[Desired]:
        """One listing shall show one of the prices that the channel can show."""
        return self.wishes({remote_id: self.reachable(number)})

    def reachable(self, number: int = 0) -> Money:
        """One of the prices that the channel can show exactly, other than the one that everything has at first."""
        wishes = (self.wishes({next(iter(self.places)): Money(minor, self._money)})[0] for minor in range(8399, 1, -1))
        found = (w.price for w in wishes if self.channel.predict(w).reachable)
        return next(islice(found, number, None))

    async def push(self, wishes: Sequence[Desired]) -> Outcome:
        """Send, and insist on one result for each listing."""
        self._shows |= {w.remote_id: w for w in wishes if w.remote_id in self.places}
        batch = (
            [*self._shows.values(), *(w for w in wishes if w.remote_id not in self._shows)] if self.whole else wishes
        )
        try:
            results = await self.channel.push(batch)
        except (ChannelError, PublishingStopped) as error:
            await self.lab.settle()
            return Outcome(raised=error)
        await self.lab.settle()
        asked, answered = sorted(w.remote_id for w in batch), sorted(r.remote_id for r in results)
        if asked != answered:
            raise Unfit(f"a push of {asked[:5]} … ({len(asked)}) gave results for {answered[:5]} … ({len(answered)})")
        return Outcome({r.remote_id: r for r in results})

    async def must_push(self, wishes: Sequence[Desired]) -> None:
        """Send, and insist that every price is taken and stands there."""
        outcome = await self.push(wishes)
        taken = all(outcome.status(w.remote_id) in REACHED for w in wishes)
        expect(taken, f"a plain push was not taken: {outcome}")
        self.expect_shown({w.remote_id: w.price for w in wishes})

    def expect_shown(self, prices: Mapping[str, Money | None], words: str = "") -> None:
        """Insist on what the fake itself shows."""
        shown = {remote: self.lab.shown(remote) for remote in prices}
        wrong = [f"{r} at {shown[r]} instead of {p}" for r, p in prices.items() if shown[r] != p]
        expect(not wrong, f"{words or 'after a push'} the fake shows {'; '.join(wrong[:5])}")

    async def read(self, remote_ids: Sequence[str]) -> dict[str, Listing]:
        """Read back through the channel, by id."""
        found = await self.channel.read(remote_ids)
        ids = [listing.remote_id for listing in found]
        expect(len(set(ids)) == len(ids), f"read gave a listing twice: {ids[:10]}")
        expect(set(ids) <= set(remote_ids), f"read gave what it was not asked for: {set(ids) - set(remote_ids)}")
        return {listing.remote_id: listing for listing in found}


def expect(holds: bool, words: str) -> None:
    """Raise Unfit with these words unless it holds."""
    if not holds:
        raise Unfit(words)


Body = Callable[[Stand], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Check:
    """One promise; call it with a lab. Raises Unfit, or SkipTest (which test runners know) where a trouble that it
    needs cannot befall the channel.
    """

    name: str
    promise: str
    body: Body
    needs: frozenset[Trouble] = frozenset()

    def __str__(self) -> str:
        return self.name

    def __call__(self, lab: ChannelLab) -> None:
        """Keep the promise, or raise."""
        for trouble in sorted(self.needs & lab.cannot.keys()):
            raise SkipTest(f"{self.name}: {lab.cannot[trouble]}")
        try:
            asyncio.run(self._keep(Stand(lab)))
        except Unfit as error:
            raise Unfit(f"{self.name}: {error}\n  promised: {self.promise}") from None

    async def _keep(self, stand: Stand) -> None:
        try:
            await self.body(stand)
        finally:
            await stand.channel.close()


CHECKS: list[Check] = []
"""All checks, for `pytest.mark.parametrize("check", CHECKS, ids=str)`."""


def check_channel(make_lab: Callable[[], ChannelLab]) -> tuple[str, ...]:
    """Ask all checks of one channel, each in a new lab; returns what was skipped and why. Raises Unfit that names
    every promise that is not kept.
    """
    skipped: list[str] = []
    broken: list[str] = []
    for check in CHECKS:
        try:
            check(make_lab())
        except SkipTest as reason:
            skipped.append(str(reason))
        except Unfit as error:
            broken.append(str(error))
    if broken:
        raise Unfit("\n".join(broken))
    return tuple(skipped)


def promised(*needs: Trouble) -> Callable[[Body], Body]:
    """Add a function to the checks: its name and its docstring are the promise."""

    def add(body: Body) -> Body:
        name = str(getattr(body, "__name__", "")).replace("_", "-")
        promise = " ".join((body.__doc__ or "").split())
        CHECKS.append(Check(name, promise, body, frozenset(needs)))
        return body

    return add


# --- reading ---------------------------------------------------------------------------------------------------


@promised()
async def says_what_it_can(stand: Stand) -> None:
    """Batch size and pace are at least 1, delays not below 0, and the currency is the configured one."""
    mine = stand.channel.capabilities
    expect(mine.batch_size >= 1 and mine.requests_per_minute >= 1, f"{mine}")
    expect(mine.read_delay >= 0 and mine.late_apply >= 0, f"{mine}")
    expect(mine.currency == stand.lab.currency, f"it says {mine.currency}, configured is {stand.lab.currency}")


@promised()
async def lists_all_pages(stand: Stand) -> None:
    """Every listing is listed once, over all pages, with its SKU and what a buyer pays."""
    ids = await stand.fill(MANY)
    found = [listing async for listing in stand.channel.listings()]
    counted = sorted(listing.remote_id for listing in found if listing.remote_id in stand.places)
    expect(counted == sorted(ids), f"of {len(ids)} listings it listed {len(set(counted))}, {len(counted)} lines in all")
    _expect_true(stand, {listing.remote_id: listing for listing in found})


@promised()
async def reads_by_id(stand: Stand) -> None:
    """Read gives each listing that it is asked for with what a buyer pays there, however many they are."""
    ids = await stand.fill(MANY)
    found = await stand.read(ids)
    expect(set(found) == set(ids), f"{len(set(ids) - set(found))} of {len(ids)} listings were not read")
    _expect_true(stand, found)
    expect(not await stand.read([]), "asked for nothing, it read something")


def _expect_true(stand: Stand, found: Mapping[str, Listing]) -> None:
    for remote, sku in stand.places.items():
        listing, truth = found[remote], stand.lab.shown(remote)
        expect(listing.sku == sku, f"{remote} is listed as {listing.sku!r} and is {sku!r}")
        expect(listing.payable == truth, f"{remote} is listed at {listing.payable} and sells at {truth}")
        expect(listing.channel == stand.channel.name, f"{remote} names the channel {listing.channel!r}")


@promised()
async def leaves_out_what_is_unknown(stand: Stand) -> None:
    """Read leaves out an id that is not there, and gives the others."""
    ids = await stand.fill(2)
    found = await stand.read([stand.lab.unknown_id, *ids])
    expect(set(found) == set(ids), f"read gave {sorted(found)} for {sorted([stand.lab.unknown_id, *ids])}")


@promised(Trouble.EDIT)
async def sees_what_others_change(stand: Stand) -> None:
    """What somebody else sets there is seen by the next read: nothing is remembered."""
    ids = await stand.fill(2)
    await stand.must_push(stand.wish(ids[0]))
    await stand.read(ids)
    foreign = stand.reachable(7)
    stand.lab.edit(ids[0], foreign)
    shown = (await stand.read(ids))[ids[0]].payable
    expect(shown == foreign, f"somebody set {foreign}, read says {shown}")


@promised(Trouble.STALE_READ)
async def lives_with_stale_reads(stand: Stand) -> None:
    """A read that shows the past is passed on as it is, and the next one shows the present."""
    (one, *_) = await stand.fill(2)
    before = (await stand.read([one]))[one].payable
    wishes = stand.wish(one)
    await stand.must_push(wishes)
    stand.lab.trouble(Trouble.STALE_READ)
    stale, fresh = (await stand.read([one]))[one].payable, (await stand.read([one]))[one].payable
    expect(stale in {before, wishes[0].price}, f"read made up {stale}")
    expect(fresh == wishes[0].price, f"after a stale read it still says {fresh}, not {wishes[0].price}")


@promised(Trouble.GARBAGE_READ)
async def believes_no_garbage(stand: Stand) -> None:
    """An answer that is no list of prices makes the channel unavailable; it is never taken for missing listings."""
    await believes_nothing(stand, Trouble.GARBAGE_READ, "was answered with garbage")


async def believes_nothing(stand: Stand, trouble: Trouble, what: str) -> None:
    """Insist that an answer to a read or a list that came in trouble makes the channel unavailable."""
    ids = await stand.fill(3)
    stand.lab.trouble(trouble)
    await unavailable(f"a read {what}", lambda: stand.channel.read(ids))
    stand.lab.trouble(trouble)
    await unavailable(f"a list {what}", lambda: all_of(stand.channel))


async def all_of(channel: Channel) -> Sequence[Listing]:
    """Everything that a channel lists."""
    return [listing async for listing in channel.listings()]


async def unavailable(when: str, job: Callable[[], Awaitable[object]]) -> ChannelUnavailable:
    """Insist that a call raises ChannelUnavailable, and give it."""
    try:
        gave = await job()
    except ChannelUnavailable as error:
        return error
    except Exception as error:
        raise Unfit(f"when {when} it raised {type(error).__name__}: {error}, not ChannelUnavailable") from error
    raise Unfit(f"when {when} it gave {str(gave)[:200]} instead of raising ChannelUnavailable")


# --- writing ---------------------------------------------------------------------------------------------------


@promised()
async def writes_what_it_is_asked(stand: Stand) -> None:
    """The price stands there, read gives it, and no other listing is touched."""
    ids = await stand.fill(3)
    others = {remote: stand.lab.shown(remote) for remote in ids[1:]}
    wishes = stand.wish(ids[0])
    await stand.must_push(wishes)
    stand.expect_shown(others, "beside a push")
    shown = (await stand.read(ids))[ids[0]]
    expect(shown.payable == wishes[0].price, f"read gives {shown.payable} for {wishes[0].price}")
    expect(shown.upcoming is None, f"it is set to switch to {shown.upcoming}")


@promised()
async def writes_twice_as_once(stand: Stand) -> None:
    """The same price list version sent again leaves everything as it is, and is not refused."""
    ids = await stand.fill(3)
    wishes = stand.wish(ids[0])
    await stand.must_push(wishes)
    everything = await all_of(stand.channel)
    again = await stand.push(wishes)
    expect(again.status(ids[0]) in REACHED, f"the same price again: {again}")
    stand.expect_shown({ids[0]: wishes[0].price}, "after the same push again")
    expect(len(await all_of(stand.channel)) == len(everything), "the same push again added listings")
    await stand.must_push(stand.wish(ids[0], 3))


@promised()
async def keeps_to_its_batch_size(stand: Stand) -> None:
    """More listings than fit into a batch are all written, in requests that are no larger than it says."""
    size = stand.channel.capabilities.batch_size
    ids = await stand.fill(3 if stand.whole else min(size + 2, MOST))
    await stand.must_push(stand.wishes(dict.fromkeys(ids, stand.reachable())))
    largest = max(stand.lab.batches(), default=0)
    expect(1 <= largest <= size, f"a request had {largest} prices, it says {size} at most")


@promised()
async def predicts_what_is_read_back(stand: Stand) -> None:
    """What predict says is what is read back, to the last decimal, for awkward amounts; what the channel cannot show
    is told with the nearest prices that it can.
    """
    ids = await stand.fill(len(AMOUNTS))
    currency = Currency.of(stand.lab.currency)
    wishes = stand.wishes({r: Money(minor, currency) for r, minor in zip(ids, AMOUNTS, strict=True)})
    said = {w.remote_id: stand.channel.predict(w) for w in wishes}
    possible = [w for w in wishes if said[w.remote_id].reachable]
    for wish in possible:
        shown = said[wish.remote_id].shown
        expect(shown == wish.price, f"{wish.price} is called reachable, and predicted to be shown as {shown}")
    for wish in wishes:
        if wish not in possible:
            _expect_told(stand, wish)
    await stand.must_push(possible)
    found = await stand.read(ids)
    wrong = [f"{w.price} reads back as {found[w.remote_id].payable}" for w in possible
             if found[w.remote_id].payable != w.price]  # fmt: skip
    expect(not wrong, "; ".join(wrong))


def _expect_told(stand: Stand, wish: Desired) -> None:
    said = stand.channel.predict(wish)
    expect(bool(said.message), f"{wish.price} cannot be shown, and no reason is given")
    expect(bool(said.nearest), f"{wish.price} cannot be shown, and no nearest price is given")
    for near in said.nearest:
        again = stand.channel.predict(stand.wishes({wish.remote_id: near})[0])
        expect(again.reachable, f"{near} is offered instead of {wish.price}, and cannot be shown either")


@promised(Trouble.REFUSAL)
async def one_refusal_stops_nothing(stand: Stand) -> None:
    """A listing whose price the channel refuses is told in the channel's words; the others of its batch are written,
    at the latest when they are sent again without it.
    """
    ids = await stand.fill(3)
    stand.lab.refuse(ids[1])
    before = stand.lab.shown(ids[1])
    wishes = stand.wishes(dict.fromkeys(ids, stand.reachable()))
    outcome = await stand.push(wishes)
    _expect_refused(outcome, ids[1])
    await stand.push([w for w in wishes if outcome.status(w.remote_id) is not PushStatus.REFUSED])
    stand.expect_shown({ids[0]: wishes[0].price, ids[2]: wishes[2].price}, "beside a refused price")
    expect(stand.lab.shown(ids[1]) in {before, None}, f"the refused price stands there: {stand.lab.shown(ids[1])}")


def _expect_refused(outcome: Outcome, remote_id: str) -> None:
    expect(outcome.raised is None, f"one refusal was raised for the whole batch: {outcome}")
    result = outcome.results[remote_id]
    expect(result.status is PushStatus.REFUSED and bool(result.message), f"no refusal in words: {outcome}")


@promised()
async def an_unknown_listing_is_refused(stand: Stand) -> None:
    """A listing that is not there (any more) is refused in words; the others of its batch are written."""
    ids = await stand.fill(2)
    wishes = stand.wishes(dict.fromkeys([ids[0], stand.lab.unknown_id, ids[1]], stand.reachable()))
    outcome = await stand.push(wishes)
    _expect_refused(outcome, stand.lab.unknown_id)
    await stand.push([w for w in wishes if outcome.status(w.remote_id) is not PushStatus.REFUSED])
    stand.expect_shown(dict.fromkeys(ids, wishes[0].price), "beside an unknown listing")
    expect(stand.lab.shown(stand.lab.unknown_id) is None, "the unknown listing exists now")


# --- when it goes wrong ----------------------------------------------------------------------------------------


async def _applied_without_a_word(stand: Stand, trouble: Trouble) -> None:
    ids = await stand.fill(3)
    wishes = stand.wish(ids[0])
    stand.lab.trouble(trouble)
    outcome = await stand.push(wishes)
    fine = outcome.status(ids[0]) in REACHED
    expect(fine, f"the price was applied without a clear answer, and the channel said {outcome}")
    stand.expect_shown({ids[0]: wishes[0].price}, f"after {trouble}")
    read = (await stand.read(ids))[ids[0]].payable
    expect(read == wishes[0].price, f"after {trouble} it reads {read}")
    everything = len(await all_of(stand.channel))
    again = await stand.push(wishes)
    expect(again.status(ids[0]) in REACHED, f"sent again after {trouble}: {again}")
    stand.expect_shown({ids[0]: wishes[0].price}, f"sent again after {trouble}")
    expect(len(await all_of(stand.channel)) == everything, f"sent again after {trouble}, there are more listings")


@promised(Trouble.TIMEOUT_AFTER)
async def a_timeout_after_applying_is_unknown(stand: Stand) -> None:
    """No answer means unknown: not refused, not unavailable; what was applied is found by reading, not doubled."""
    await _applied_without_a_word(stand, Trouble.TIMEOUT_AFTER)


@promised(Trouble.ERROR_AFTER)
async def an_error_after_applying_is_unknown(stand: Stand) -> None:
    """A server's error means unknown: what was applied is found by reading, not doubled."""
    await _applied_without_a_word(stand, Trouble.ERROR_AFTER)


@promised(Trouble.RESET_AFTER)
async def a_reset_after_applying_is_unknown(stand: Stand) -> None:
    """A broken connection means unknown: what was applied is found by reading, not doubled."""
    await _applied_without_a_word(stand, Trouble.RESET_AFTER)


@promised(Trouble.GARBAGE_WRITE)
async def garbage_after_applying_is_unknown(stand: Stand) -> None:
    """An answer that cannot be understood means unknown, never a yes to every item by guess or a refusal."""
    await _applied_without_a_word(stand, Trouble.GARBAGE_WRITE)


@promised(Trouble.ERROR_BEFORE)
async def an_error_before_applying_is_no_yes(stand: Stand) -> None:
    """A server's error is never a yes or a refusal, and the price is taken when it is sent again."""
    ids = await stand.fill(2)
    wishes = stand.wish(ids[0])
    stand.lab.trouble(Trouble.ERROR_BEFORE)
    outcome = await stand.push(wishes)
    said = outcome.status(ids[0])
    expect(said is PushStatus.UNKNOWN or isinstance(outcome.raised, ChannelUnavailable), f"an error 500 gave {outcome}")
    await stand.must_push(wishes)


@promised(Trouble.RATE_LIMIT)
async def waits_when_it_is_told_to(stand: Stand) -> None:
    """Turned away by a rate limit, the channel is unavailable for as long as it said; nothing is written."""
    ids = await stand.fill(2)
    before = stand.lab.shown(ids[0])
    stand.lab.trouble(Trouble.RATE_LIMIT)
    wishes = stand.wish(ids[0])
    pushed = (await stand.push(wishes)).raised
    expect(isinstance(pushed, ChannelUnavailable), f"a rate limit gave {pushed!r}")
    stand.lab.trouble(Trouble.RATE_LIMIT)
    read = await unavailable("read met a rate limit", lambda: stand.channel.read(ids))
    waits = [e.retry_after for e in (pushed, read) if isinstance(e, ChannelUnavailable)]
    expect(all(w == stand.lab.wait for w in waits), f"it was told to wait {stand.lab.wait} s, and says {waits}")
    stand.expect_shown({ids[0]: before}, "turned away,")
    await stand.must_push(wishes)


@promised(Trouble.NO_ACCESS)
async def says_that_credentials_are_refused(stand: Stand) -> None:
    """Without access every call is unavailable with a hint at what to do, no secret is told and nothing written."""
    ids = await stand.fill(2)
    before = stand.lab.shown(ids[0])
    wishes = stand.wish(ids[0])
    stand.lab.trouble(Trouble.NO_ACCESS)
    errors = [
        await unavailable("credentials were refused, a push", lambda: stand.channel.push(wishes)),
        await unavailable("credentials were refused, a read", lambda: stand.channel.read(ids)),
        await unavailable("credentials were refused, listings", lambda: all_of(stand.channel)),
    ]
    for error in errors:
        expect(bool(error.hint), f"no hint what to do: {error.message}")
        told = [secret for secret in stand.lab.secrets if secret in str(error)]
        expect(not told, "the message tells a secret")
    stand.expect_shown({ids[0]: before}, "without access")


# --- the kill switch, and going on -----------------------------------------------------------------------------


@promised()
async def a_stop_holds_back_the_next_request(stand: Stand) -> None:
    """The kill switch is asked at the moment when each writing request leaves: one that is thrown in the middle of a
    push holds back the rest, which is never called written.
    """
    began = len(stand.lab.batches())
    stand.stopped = lambda: len(stand.lab.batches()) > began
    size = stand.channel.capabilities.batch_size
    if stand.whole or size + 2 > MOST:
        raise SkipTest("a push of this channel is one request: the edge gate asks before it")
    ids = await stand.fill(size + 2)
    before = {remote: stand.lab.shown(remote) for remote in ids}
    wishes = stand.wishes(dict.fromkeys(ids, stand.reachable()))
    outcome = await stand.push(wishes)
    left = stand.lab.batches()[began:]
    expect(len(left) == 1, f"after the stop {len(left) - 1} more requests left")
    for wish in wishes:
        said, shown = outcome.status(wish.remote_id), stand.lab.shown(wish.remote_id)
        believed = said is PushStatus.ACCEPTED and shown != wish.price
        expect(not believed, f"{wish.remote_id} is called written and shows {shown}")
        expect(said is not PushStatus.REFUSED, f"{wish.remote_id} is called refused, it was only stopped")
        expect(shown in {before[wish.remote_id], wish.price}, f"{wish.remote_id} shows {shown}")


@promised()
async def goes_on_after_close(stand: Stand) -> None:
    """A channel that was closed is used again, in another event loop, as the daemon does."""
    ids = await stand.fill(2)
    await stand.must_push(stand.wish(ids[0]))
    await stand.channel.close()
    await stand.channel.close()

    async def again() -> None:
        await stand.must_push(stand.wish(ids[0], 2))
        await stand.channel.close()

    await asyncio.to_thread(asyncio.run, again())
