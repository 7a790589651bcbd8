"""From the listings to the channels: everything that is open is sent, in the order that keeps checkouts honest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from pricewatch.domain.errors import PublishingStopped, UsageError
from pricewatch.domain.product import Sku
from pricewatch.pipeline import staging
from pricewatch.pipeline.listings import ask_for_new, mirror
from pricewatch.pipeline.parity import Board
from pricewatch.pipeline.reading import AGAIN, NEVER
from pricewatch.pipeline.sending import LONGEST_WAIT, Sender
from pricewatch.pipeline.settings import policy_for
from pricewatch.pipeline.stage import StageLog
from pricewatch.pipeline.takeback import take_back
from pricewatch.pipeline.terms import Wardrobe
from pricewatch.pipeline.workbench import Workbench

LOCK = "publishing"

Pause = Callable[[float], Awaitable[None]]


@asynccontextmanager
async def sole_sender(bench: Workbench) -> AsyncIterator[None]:
    """Be the only sender of this database; raises Locked. At the end the channels' connections are closed."""
    with bench.store.lock(LOCK):
        try:
            yield
        finally:
            for channel in bench.channels.values():
                await channel.close()


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
    if names and bench.store.outbox.open_skus(bench.channels.keys()):
        board = Board()
        await _acquaint(bench, board, log)
        await _Delivery(bench, log, board, names, pause).run()
    staging.report(bench, log)
    log.count({"open": bench.store.outbox.count_open(names)})
    refuse_stopped(bench)


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
    """The senders of one run, and how long it may still wait."""

    bench: Workbench
    log: StageLog
    board: Board
    names: Sequence[str]
    pause: Pause
    senders: list[Sender] = field(default_factory=list)
    left: float = 0.0

    async def run(self) -> None:
        """Lay out what every channel shows, then send and read back, as long as there is something to do in time."""
        self.left = self.bench.publishing.wait
        gone = self.bench.store.catalogue.withdrawn()
        on_board = [Sender(self.bench, self.bench.channels[n], self.board, self.log, gone) for n in self.bench.channels]
        self.senders = [sender for sender in on_board if sender.name in self.names]
        skus = self.bench.store.outbox.open_skus(self.bench.channels.keys())
        self._dress(on_board, skus)
        for sender in on_board:
            await sender.lay_out(skus)
        await self._rounds()
        if not self._stopped() and take_back(self.bench, self.board, self.log):
            self._dress(on_board, skus)
            for sender in on_board:
                sender.sight.recall(skus)
            await self._rounds()

    def _dress(self, senders: Sequence[Sender], skus: frozenset[Sku]) -> None:
        products = self.bench.store.catalogue.load(skus=skus).products
        self.board.policies = {s: policy_for(p, self.bench.publishing) for s, p in products.items()}
        for group in {sender.group for sender in senders}:
            wardrobe = Wardrobe(self.bench.store.prices.current(group, skus=skus), products)
            for sender in senders:
                sender.wardrobe = wardrobe if sender.group == group else sender.wardrobe

    def _stopped(self) -> bool:
        return any(sender.stopped for sender in self.senders)

    async def _rounds(self) -> None:
        """Round after round while something moves; then wait for what is due soon, within the configured time."""
        while True:
            rounds = await asyncio.gather(*(sender.round() for sender in self.senders), return_exceptions=True)
            for outcome in rounds:
                if isinstance(outcome, BaseException):
                    raise outcome
            if self._stopped():
                return
            if not any(rounds) and not await self._wait():
                return

    async def _wait(self) -> bool:
        """Wait for what is due next; False = nothing is, or not in time."""
        before = self.log.counts["released"]
        later = await staging.let_go(self.bench, self.log)
        if self.log.counts["released"] > before:
            await self._lay_out_released()
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

    async def _lay_out_released(self) -> None:
        skus = self.bench.store.outbox.open_skus(self.bench.channels.keys())
        on_board = self.senders + [
            Sender(self.bench, channel, self.board, self.log)
            for name, channel in self.bench.channels.items()
            if name not in self.names
        ]
        self._dress(on_board, skus)
        for sender in on_board:
            await sender.lay_out(skus)
