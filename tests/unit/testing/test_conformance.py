"""The conformance kit passes a channel that keeps its promises, and names the promise that a channel breaks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pricewatch.domain.errors import ChannelRefused, PublishingStopped
from pricewatch.domain.listing import Capabilities, ChannelRole, Prediction, PushResult, PushStatus
from pricewatch.domain.money import Currency, Money
from pricewatch.testing import CHECKS, FixedClock, Trouble, Unfit, check_channel
from pricewatch.testing.loopback import LoopbackChannel, Mishap

PLN = Currency.of("PLN")
MISHAPS = {
    Trouble.RATE_LIMIT: Mishap.RATE_LIMIT, Trouble.ERROR_BEFORE: Mishap.ERROR_BEFORE,
    Trouble.ERROR_AFTER: Mishap.ERROR_AFTER, Trouble.STALE_READ: Mishap.STALE,
}  # fmt: skip


class Honest(LoopbackChannel):
    """A channel in memory that keeps all promises: it asks the kill switch before each of its batches of three."""

    async def push(self, batch):
        results = []
        for start in range(0, len(batch), 3):
            if self.stopped():
                if not results:
                    raise PublishingStopped("stopped")
                return results + [PushResult(d.remote_id, PushStatus.UNKNOWN, "stopped") for d in batch[start:]]
            results += await self.send(batch[start : start + 3])
        return results

    async def send(self, part):
        self.sizes.append(len(part))
        free = [desired for desired in part if desired.remote_id not in self.refused]
        no = [PushResult(d.remote_id, PushStatus.REFUSED, "no") for d in part if d.remote_id in self.refused]
        return [*(await LoopbackChannel.push(self, free)), *no]


class Lab:
    """The channel is its own fake."""

    currency, unknown_id, wait, secrets = "PLN", "nobody", 2.0, ()
    cannot = dict.fromkeys(set(Trouble) - MISHAPS.keys() - {Trouble.EDIT, Trouble.REFUSAL}, "it has no network")

    def __init__(self, kind=Honest):
        self.kind, self.next, self.channel = kind, [], None

    def connect(self, stopped):
        mine = Capabilities(ChannelRole.CHECKOUT, 3, 1_000, "PLN", late_apply=60.0)
        clock = FixedClock(datetime(2026, 3, 2, tzinfo=UTC))
        self.channel = self.kind("memory", mine, clock, draw=lambda: self.next.pop() if self.next else None)
        self.channel.stopped, self.channel.sizes, self.channel.refused = stopped, [], set()
        return self.channel

    def fill(self, count):
        self.channel.stock({f"r{n}": (f"S{n}", Money(10_000, PLN)) for n in range(count)})
        return [(f"r{n}", f"S{n}") for n in range(count)]

    def shown(self, remote_id):
        return self.channel.shown(remote_id)

    def batches(self):
        return self.channel.sizes

    def trouble(self, kind):
        self.next.append(MISHAPS[kind])

    def edit(self, remote_id, price):
        self.channel.edit(remote_id, price)

    def refuse(self, remote_id):
        self.channel.refused.add(remote_id)

    async def settle(self):
        return


class LosesAPage(Honest):
    async def listings(self):
        for listing in self._read(list(self._shelves)[:100]):
            yield listing


class Remembers(Honest):
    async def read(self, remote_ids):
        self.memory = getattr(self, "memory", {})
        self.memory |= {li.remote_id: li for li in self._read([i for i in remote_ids if i not in self.memory])}
        return [self.memory[i] for i in remote_ids if i in self.memory]


class RaisesOneRefusal(Honest):
    async def send(self, part):
        if any(desired.remote_id in self.refused for desired in part):
            raise ChannelRefused("422: price too low")
        return await super().send(part)


class TakesSilenceForNo(Honest):
    async def send(self, part):
        try:
            return await super().send(part)
        except Exception as error:
            raise ChannelRefused(str(error)) from error


class IgnoresTheStop(Honest):
    async def push(self, batch):
        return [result for start in range(0, len(batch), 3) for result in await self.send(batch[start : start + 3])]


class SendsAllAtOnce(Honest):
    async def push(self, batch):
        return await self.send(batch)


class RoundsUp(Honest):
    async def send(self, part):
        return await super().send([replace(d, price=Money(-(-d.price.minor // 10) * 10, PLN)) for d in part])


class Guesses(Honest):
    def predict(self, desired):
        return Prediction(reachable=desired.price.minor % 10 == 9, shown=desired.price)


class ForgetsToAnswer(Honest):
    async def push(self, batch):
        return (await super().push(batch))[:-1]


def test_a_channel_that_keeps_its_promises_passes():
    """What cannot befall it is named as skipped, with the reason."""
    skipped = check_channel(Lab)
    assert len(skipped) == 9
    assert all("it has no network" in words for words in skipped)


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        (LosesAPage, "lists-all-pages"),
        (Remembers, "sees-what-others-change"),
        (RaisesOneRefusal, "one-refusal-stops-nothing"),
        (TakesSilenceForNo, "an-error-after-applying-is-unknown"),
        (TakesSilenceForNo, "waits-when-it-is-told-to"),
        (IgnoresTheStop, "a-stop-holds-back-the-next-request"),
        (SendsAllAtOnce, "keeps-to-its-batch-size"),
        (RoundsUp, "predicts-what-is-read-back"),
        (Guesses, "predicts-what-is-read-back"),
        (ForgetsToAnswer, "writes-what-it-is-asked"),
    ],
)
def test_a_broken_promise_is_named(kind, check):
    """The check that fails says what was promised."""
    with pytest.raises(Unfit, match=f"{check}: (.|\n)*promised: "):
        next(each for each in CHECKS if each.name == check)(Lab(kind))
