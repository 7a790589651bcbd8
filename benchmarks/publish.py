"""What publishing costs: prices a second to a channel in memory, a run in which nothing changed, and how long a price
takes from its decision until it is verified. Run: python -m benchmarks.publish [--listings N] [--million]
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pricewatch.channels.budgets import Budget, MemoryUsage
from pricewatch.channels.gate import EdgeGate, GateLimits
from pricewatch.domain.decision import DecisionStatus, Outcome, Proposal, Reason
from pricewatch.domain.errors import ChannelUnavailable
from pricewatch.domain.limits import Limit
from pricewatch.domain.listing import Capabilities, ChannelRole
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.domain.product import PriceGroup, Product
from pricewatch.pipeline.publish import publish, send
from pricewatch.pipeline.settings import PublishingSettings
from pricewatch.pipeline.workbench import Workbench
from pricewatch.store import open_store
from pricewatch.store.settings import DatabaseSettings
from pricewatch.testing import FixedClock
from pricewatch.testing.loopback import LoopbackChannel

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
GROUP = PriceGroup("default", "PL", "PLN", "Europe/Warsaw")
PLN = Currency.of("PLN")
LOOPBACK = Capabilities(ChannelRole.CHECKOUT, 100, 1_000_000, "PLN")


class Quiet:
    def advance(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        pass


class Shop:
    """A database on disk with so many products, each with a listing on one channel in memory."""

    def __init__(self, folder: Path, count: int, capabilities: Capabilities = LOOPBACK, wait: float = 60.0) -> None:
        self.clock = FixedClock(START)
        self.store = open_store(DatabaseSettings(url="sqlite:///bench.db"), folder=folder)
        self.store.upgrade()
        self.skus = [f"SKU-{n:07}" for n in range(count)]
        for start in range(0, count, 50_000):
            products = [
                Product(sku, f"Item {sku}", TaxRate(2300), price=Money(10_000, PLN))
                for sku in self.skus[start : start + 50_000]
            ]
            self.store.catalogue.save(products, at=START, group=GROUP)
        self.channel = LoopbackChannel("shop", capabilities, self.clock)
        self.channel.stock({sku: (sku, Money(10_000, PLN)) for sku in self.skus})
        self.stopped = False
        gate = EdgeGate(self.channel, lambda: self.stopped, limits=GateLimits(max_changes=10_000_000))
        self.bench = Workbench(
            store=self.store, clock=self.clock, groups=(GROUP,), sites={}, crawler=None, channels={"shop": gate},
            channel_groups={"shop": "default"}, rulebook=None, matching=None, pricing=None,
            publishing=PublishingSettings(wait=wait), notifier=None, progress=Quiet(),
        )  # type: ignore[arg-type]  # fmt: skip

    def decide(self, price: int) -> None:
        """Approve one price for everything."""
        proposals = [
            (
                Proposal(
                    sku=sku, group="default", outcome=Outcome.CUT, current=self.channel.shown(sku),
                    proposed=Money(price, PLN), floor=Money(5_000, PLN), ceiling=Money(20_000, PLN),
                    reasons=(Reason("target", "measured"),),
                ),
                DecisionStatus.APPROVED,
            )
            for sku in self.skus
        ]  # fmt: skip
        self.store.plans.save(at=self.clock.now(), rules_hash="h", proposals=proposals, breakers=(), set_aside=[])

    async def pause(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)

    def publish(self) -> None:
        self.clock.advance(seconds=1)
        asyncio.run(publish(self.bench, pause=self.pause))

    def write_price_list(self) -> None:
        """Everything but the sending: the kill switch is on when the first request would leave."""
        self.stopped = True
        self.publish()
        self.stopped = False

    def send(self) -> None:
        """Send and verify what the price list says."""
        self.clock.advance(seconds=1)
        asyncio.run(send(self.bench, pause=self.pause))


@contextmanager
def shop(count: int, **more: object) -> Iterator[Shop]:
    with tempfile.TemporaryDirectory() as folder:
        made = Shop(Path(folder), count, **more)  # type: ignore[arg-type]
        try:
            yield made
        finally:
            made.store.close()


def throughput(count: int) -> None:
    """Prices a second, from approved decisions to verified listings."""
    with shop(count) as here:
        here.decide(9_000)
        began = time.process_time()
        here.write_price_list()
        written = time.process_time()
        here.send()
        sent = time.process_time()
        states = {state.value: number for (_, state), (number, _) in here.store.outbox.tally().items()}
        assert states == {"verified": count}, states
        quiet = time.process_time()
        requests = here.channel.requests
        here.publish()
        quiet = time.process_time() - quiet
        asked = here.channel.requests - requests
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{count:>9,} listings  sent, read back and noted: {count / (sent - written):>6,.0f} prices/s "
          f"({sent - written:.1f} s CPU)  price list before that: {count / (written - began):>6,.0f} prices/s  "
          f"nothing changed: {quiet:.2f} s CPU, {asked} requests  peak {memory} MB", flush=True)  # fmt: skip


def delay(count: int) -> None:
    """From decision to verified, on a channel that applies prices up to 5 s late."""
    late = replace(LOOPBACK, late_apply=5.0)
    with shop(count, capabilities=late) as here:
        here.decide(9_000)
        began = here.clock.now() + timedelta(seconds=1)
        here.publish()
        rows = here.store.outbox.publications()
        taken = sorted((row.checked_at - began).total_seconds() for row in rows if row.checked_at)
        p95 = taken[len(taken) * 95 // 100]
        states = {row.state.value for row in rows}
    print(
        f"{count:>9,} listings, late apply 5 s: decision to verified p95 {p95:.1f} s (simulated), {states}", flush=True
    )


DAY = 86_400
PUBLISHED = {
    # what one user may do there; then how many changes or requests a run of 10,000 products makes, of how many items
    "Allegro, changes": ((Limit(9_000, 60), Limit(150_000, 3_600)), 400, 25),
    "Amazon, feeds": ((Limit(1, 120),), 1, 1),
    "BaseLinker, requests": ((Limit(100, 61),), 10 * 2, 1),
    "eBay, revisions of one listing": ((Limit(250, DAY),), 1, 1),
}


async def a_day(limits: tuple[Limit, ...], requests: int, size: int) -> tuple[int, int]:
    """A run every minute for a day, each as hasty as it can be: the uses of the day, and the limits that broke.

    The windows are counted here from the times alone, not by the code that keeps them.
    """
    clock = FixedClock(START)

    async def sleep(seconds: float) -> None:
        clock.advance(seconds=seconds)

    budget = Budget("bench", "account", limits, usage=MemoryUsage(), now=clock.now, sleep=sleep)
    used: list[tuple[float, int]] = []
    for minute in range(DAY // 60):
        clock.set(max(clock.now(), START + timedelta(minutes=minute)))
        if clock.now() >= START + timedelta(seconds=DAY):
            break
        for _ in range(requests):
            try:
                await budget.turn(size)
            except ChannelUnavailable:
                break
            used.append((clock.now().timestamp(), size))
    return sum(amount for _, amount in used), sum(_breaches(used, limit) for limit in limits)


def _breaches(used: list[tuple[float, int]], limit: Limit) -> int:
    broken, total, first = 0, 0, 0
    for at, amount in used:
        total += amount
        while used[first][0] <= at - limit.seconds:
            total -= used[first][1]
            first += 1
        broken += total > limit.most
    return broken


def limits_day() -> None:
    """Published limits over a simulated day of 10,000 products that all change every minute."""
    for name, (limits, requests, size) in PUBLISHED.items():
        uses, broken = asyncio.run(a_day(limits, requests, size))
        words = " and ".join(f"{limit.most:,} in {limit.seconds:,} s" for limit in limits)
        print(f"{name:<32} {words:<40} {uses:>9,} in a simulated day, {broken} breaches", flush=True)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--listings", type=int, default=20_000)
    parser.add_argument("--million", action="store_true")
    asked = parser.parse_args(argv)
    for count in (asked.listings, asked.listings * 4, *([1_000_000] if asked.million else [])):
        throughput(count)
    delay(1_000)
    limits_day()


if __name__ == "__main__":
    main(sys.argv[1:])
