"""From the listings to the channels: everything that is open is sent, in the order that keeps checkouts honest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from pricewatch.domain.errors import PublishingStopped, UsageError
from pricewatch.domain.listing import Beside
from pricewatch.domain.product import Sku
from pricewatch.pipeline import staging
from pricewatch.pipeline.listings import ask_for_new, in_parts, mirror
from pricewatch.pipeline.parity import Board
from pricewatch.pipeline.reading import AGAIN, NEVER
from pricewatch.pipeline.sending import LONGEST_WAIT, Sender
from pricewatch.pipeline.settings import policy_for
from pricewatch.pipeline.stage import StageLog
from pricewatch.pipeline.takeback import take_back
from pricewatch.pipeline.terms import Wardrobe
from pricewatch.pipeline.workbench import Workbench

LOCK = "publishing"
PART = 100_000  # products on the board at a time: as many as a feed is written for at once

Pause = Callable[[float], Awaitable[None]]


@asynccontextmanager
async def sole_sender(bench: Workbench) -> AsyncIterator[None]:
    """Be the only sender of this database; raises Locked. At the end the channels' connections are closed."""
    with bench.store.lock(LOCK):
        async with AsyncExitStack() as closing:  # each of them, even when another one's closing is cancelled
            for channel in bench.channels.values():
                closing.push_async_callback(channel.close)
            yield


def refuse_stopped(bench: Workbench) -> None:
    """Raise PublishingStopped while the kill switch is on."""
    if (stopped := bench.store.control.stopped()) is not None:
        raise PublishingStopped(
            f"publishing was stopped by {stopped.by} at {bench.told(stopped.at)}: {stopped.reason}",
            hint="`pricewatch resume` lets prices out again",
        )


async def deliver(
    bench: Workbench, log: StageLog, *, channels: Sequence[str] | None = None, pause: Pause = asyncio.sleep
) -> None:
    """Send what is open, in the order that keeps every checkout at or below every advert; the caller has the lock."""
    names = chosen(bench, channels)
    bench.store.outbox.release(beyond=bench.clock.now() + _longest(bench))
    await staging.let_go(bench, log)
    if names and (bench.store.outbox.open_skus(bench.channels.keys()) or _newcomers(bench)):
        board = Board()
        await _acquaint(bench, board, log)
        await _Delivery(bench, log, board, names, pause).run()
    staging.report(bench, log)
    log.count({"open": bench.store.outbox.count_open(names)})
    refuse_stopped(bench)


def _newcomers(bench: Workbench) -> bool:
    """Whether a feed was never asked for a price, though there are prices: it is new. A new shop, which has prices of
    its own, waits for the next change or sweep.
    """
    feeds = (name for name, channel in bench.channels.items() if channel.capabilities.full_state)
    return not all(map(bench.store.outbox.asked, feeds)) and bool(bench.store.prices.versions(limit=1))


def _longest(bench: Workbench) -> timedelta:
    """How far ahead anything may be put off; what is further away was by a clock that was wrong."""
    slow = [max(each.capabilities.late_apply, each.capabilities.read_delay) for each in bench.channels.values()]
    return timedelta(seconds=max(LONGEST_WAIT, bench.publishing.retry_cap, *slow)) + AGAIN


async def _acquaint(bench: Workbench, board: Board, log: StageLog) -> None:
    """Know all listings before any is written: what cannot be read yet has to be waited for, and what a killed run
    saw without asking for its price gets one.
    """
    for name, channel in bench.channels.items():
        unseen = not channel.capabilities.full_state and not bench.store.outbox.mirrored(name)
        if unseen and not await mirror(bench, channel, log):
            board.unread(bench.channel_groups[name], channel.capabilities.role, name)
        else:
            log.count({"new": ask_for_new(bench, channel)})


def chosen(bench: Workbench, channels: Sequence[str] | None) -> list[str]:
    """The names of the channels that are meant, all when none is named; raises UsageError for an unknown one."""
    unknown = [name for name in channels or () if name not in bench.channels]
    if unknown:
        hint = f"channels: {', '.join(bench.channels) or 'none'}"
        raise UsageError(f"no channel named {', '.join(unknown)}", hint=hint)
    return [name for name in bench.channels if channels is None or name in channels]


@dataclass(slots=True)
class _Delivery:
    """The senders of one run, what is on the board, and how long it may still wait."""

    bench: Workbench
    log: StageLog
    board: Board
    names: Sequence[str]
    pause: Pause
    on_board: list[Sender] = field(default_factory=list)
    products: frozenset[Sku] = frozenset()
    left: float = 0.0

    @property
    def senders(self) -> list[Sender]:
        """Those that may send now; the other channels are only looked at."""
        return [sender for sender in self.on_board if sender.name in self.names]

    async def run(self) -> None:
        """Send and read back as long as there is something to do in time; then take back what was refused."""
        self.left = self.bench.publishing.wait
        gone = self.bench.store.catalogue.withdrawn()
        channels = self.bench.channels.values()
        self.on_board = [Sender(self.bench, channel, self.board, self.log, gone) for channel in channels]
        await self._all()
        if not self._stopped() and take_back(self.bench, self.board, self.log):
            self.products = frozenset()
            await self._all()
        for sender in self.senders:
            if not sender.gave_up:
                await sender.supplies.bring()

    async def _all(self) -> None:
        """Everything that is open, so many products at a time, and again when something is due, in time."""
        while True:
            skus = sorted(self.bench.store.outbox.open_skus(self.bench.channels.keys()).union(*self._blank()))
            for part in in_parts(skus, PART):
                await self._lay_out(frozenset(part))
                await self._rounds()
                if self._stopped():
                    return
            if not await self._wait():
                return

    def _blank(self) -> Iterator[frozenset[Sku]]:
        return (sender.blank() for sender in self.senders)

    async def _lay_out(self, skus: frozenset[Sku]) -> None:
        """Put on the board what every channel shows of these products, unless it is known from this run."""
        if skus <= self.products:
            return
        self.products = skus
        self.board.wipe()
        self._dress(skus)
        for sender in self.on_board:
            await sender.lay_out(skus)

    def _dress(self, skus: frozenset[Sku]) -> None:
        """Know what travels with these prices, as far as any channel has a place for it."""
        capabilities, ours = [sender.channel.capabilities for sender in self.on_board], self.bench.publishing
        carried = frozenset[Beside]().union(*(each.carries for each in capabilities))
        wanted = ours.failures or carried & {Beside.STOCK, Beside.DELIVERY}
        products = self.bench.store.catalogue.load(skus=skus).products if wanted else {}
        self.board.usual = ours.on_failure
        self.board.policies |= {sku: policy_for(product, ours) for sku, product in products.items()}
        dressed = carried or any(each.announces for each in capabilities)
        for group in {sender.group for sender in self.on_board} if dressed else ():
            wardrobe = Wardrobe(self.bench.store.prices.current(group, skus=skus, telling=True), products)
            for sender in self.on_board:
                sender.wardrobe = wardrobe if sender.group == group else sender.wardrobe

    def _stopped(self) -> bool:
        return any(sender.stopped for sender in self.senders)

    async def _rounds(self) -> None:
        """Round after round while something moves."""
        moved = True
        while moved and not self._stopped():
            rounds = await asyncio.gather(*(sender.round() for sender in self.senders), return_exceptions=True)
            for outcome in rounds:
                if isinstance(outcome, BaseException):
                    raise outcome
            moved = any(rounds)

    async def _wait(self) -> bool:
        """Wait for what is due next, within the configured time; False = nothing is, or not in time."""
        before = self.log.counts["released"]
        later = await staging.let_go(self.bench, self.log)
        if self.log.counts["released"] > before:
            return True
        now = self.bench.clock.now()
        active = [sender.name for sender in self.senders if not sender.gave_up]
        due = [at for at in (self.bench.store.outbox.next_due(active, at=now), later) if at is not None and at < NEVER]
        wait = (min(due) - now).total_seconds() if due else None
        if wait is None or wait > self.left:
            return False
        self.left -= wait
        await self.pause(wait)
        return True
