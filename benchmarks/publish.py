"""What publishing costs: prices a second to a channel in memory, a run in which nothing changed, `status`, a sweep, a
feed, and how long a price takes from its decision until it is verified.

`python -m benchmarks.publish [--listings N] [--settled N] [--items N] [--database postgresql]`: prices go out to N and
four times as many listings, which is all that is measured on PostgreSQL; the rest is measured where N listings show
their prices already, and for a feed of N items.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import hashlib
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import text

from benchmarks import feeds, scale
from pricewatch.channels.budgets import Budget, MemoryUsage
from pricewatch.channels.gate import EdgeGate, GateLimits
from pricewatch.domain.decision import DecisionStatus, Outcome, Proposal, Reason
from pricewatch.domain.errors import ChannelUnavailable
from pricewatch.domain.limits import Limit
from pricewatch.domain.listing import Capabilities, ChannelRole
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.domain.product import PriceGroup, Product
from pricewatch.pipeline.insight import status
from pricewatch.pipeline.publish import publish, send
from pricewatch.pipeline.settings import PublishingSettings
from pricewatch.pipeline.verify import verify
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.decided import Decided
from pricewatch.pricing.frame import Text
from pricewatch.pricing.rules import compile_rulebook
from pricewatch.pricing.settings import PricingSettings
from pricewatch.store import open_store
from pricewatch.store.bulk import insert_columns
from pricewatch.store.columns import to_micros
from pricewatch.store.settings import DatabaseSettings
from pricewatch.store.tables import decisions, listings, plans, price_entries, price_list, products, publications
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

    def __init__(
        self,
        folder: Path,
        count: int,
        capabilities: Capabilities = LOOPBACK,
        wait: float = 60.0,
        price: int = 10_000,
        *,
        filled: bool = True,
        url: str = "sqlite:///bench.db",
    ) -> None:
        self.clock = FixedClock(START)
        self.store = open_store(DatabaseSettings(url=url), folder=folder)
        self.store.upgrade()
        self.skus = [f"SKU-{n:07}" for n in range(count)]
        for start in range(0, count if filled else 0, 50_000):
            items = [
                Product(sku, f"Item {sku}", TaxRate(2300), price=Money(10_000, PLN))
                for sku in self.skus[start : start + 50_000]
            ]
            self.store.catalogue.save(items, at=START, group=GROUP)
        self.channel = LoopbackChannel("shop", capabilities, self.clock)
        self.channel.stock({sku: (sku, Money(price, PLN)) for sku in self.skus})
        self.stopped = False
        limits = GateLimits(max_changes=10_000_000)
        gate = EdgeGate(self.channel, self._stop, limits=limits, usage=self.store.usage, now=self.clock.now)
        self.bench = Workbench(
            store=self.store, clock=self.clock, groups=(GROUP,), sites={}, crawler=None, channels={"shop": gate},
            channel_groups={"shop": "default"}, rulebook=compile_rulebook([]), matching=None,
            pricing=PricingSettings(), publishing=PublishingSettings(wait=wait), notifier=None, progress=Quiet(),
        )  # type: ignore[arg-type]  # fmt: skip

    def _stop(self) -> bool:
        """The kill switch, asked for in the database before each request as the product does."""
        return self.stopped or self.store.control.stopped() is not None

    def decide(self, price: int) -> None:
        """Approve one price for everything."""
        one = Proposal(
            sku="", group="default", outcome=Outcome.CUT, current=self.channel.shown(self.skus[0]),
            proposed=Money(price, PLN), floor=Money(5_000, PLN), ceiling=Money(20_000, PLN),
            reasons=(Reason("target", "measured"),),
        )  # fmt: skip
        alike = Decided.of([(one, DecisionStatus.APPROVED)]).take(np.zeros(len(self.skus), np.int64))
        proposals = replace(alike, sku=self.skus)
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

    def status(self) -> None:
        """Sum everything up, as `pricewatch status` does."""
        status(self.bench)

    def verify(self) -> None:
        """Compare all listings with the price list."""
        self.clock.advance(seconds=1)
        asyncio.run(verify(self.bench, pause=self.pause))

    def send(self) -> None:
        """Send and verify what the price list says."""
        self.clock.advance(seconds=1)
        asyncio.run(send(self.bench, pause=self.pause))


@contextmanager
def shop(count: int, database: str = "sqlite", **more: object) -> Iterator[Shop]:
    with tempfile.TemporaryDirectory(prefix="pw") as folder, scale.opened(Path(folder), database) as url:
        made = Shop(Path(folder), count, url=url, **more)  # type: ignore[arg-type]
        try:
            yield made
        finally:
            made.store.close()


def throughput(count: int, database: str) -> None:
    """Prices a second, from approved decisions to verified listings: in one run, and its halves apart; with what the
    price list takes of memory by itself, and PostgreSQL's server of the processors.
    """
    with shop(count, database) as here:
        here.decide(9_000)
        together, server = time.process_time(), _server_seconds(here)
        here.publish()
        together, server = time.process_time() - together, _server_seconds(here) - server
        here.decide(8_500)
        before, began = _memory("VmRSS", afresh=True), time.process_time()
        here.write_price_list()
        written, peak = time.process_time(), _memory("VmHWM") - before
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
    print(f"{count:>9,} listings  decided to verified: {count / together:>6,.0f} prices/s ({together:.1f} s CPU)  "
          f"sent, read back and noted: {count / (sent - written):>6,.0f}  "
          f"price list before that: {count / (written - began):>6,.0f} ({peak} MB more)  "
          + (f"server: {server:.1f} s CPU  " if database == "postgresql" else "") +
          f"nothing changed: {quiet:.2f} s CPU, {asked} requests  peak {memory} MB", flush=True)  # fmt: skip


def _memory(what: str, *, afresh: bool = False) -> int:
    """Megabytes of this process, now or at most since it was last looked at afresh."""
    if afresh:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(what))


def _server_seconds(here: Shop) -> float:
    """CPU seconds of PostgreSQL's processes that are there, as long as they have been: none of SQLite's."""
    if here.store.database.sqlite:
        return 0.0
    asked = "SELECT pg_backend_pid() AS mine, pid FROM pg_stat_activity"
    with here.store.database.look() as connection:
        pids = [row.pid for row in connection.execute(text(asked))]
    times = (Path(f"/proc/{pid}/stat") for pid in pids)
    ticks = sum(sum(map(int, each.read_text().rpartition(")")[2].split()[11:13])) for each in times if each.exists())
    return ticks / os.sysconf("SC_CLK_TCK")


def settled(count: int) -> None:
    """What is left to do where every listing shows its price: a run in which nothing changed, a look, and a sweep."""
    with shop(count, price=9_000, filled=False) as here:
        _fill(here)
        for words, act in (("run, nothing changed", here.publish), ("status", here.status), ("verify", here.verify)):
            before = _memory("VmRSS", afresh=True)
            requests, began = here.channel.requests, time.process_time()
            act()
            taken, asked = time.process_time() - began, here.channel.requests - requests
            more = _memory("VmHWM") - before
            print(f"{count:>9,} listings in step  {words:<21} {taken:>6.1f} s CPU, {asked} requests  {more} MB more "
                  f"than {before} MB of the channel in memory", flush=True)  # fmt: skip
        states = {state.value: number for (_, state), (number, _) in here.store.outbox.tally().items()}
        assert states == {"verified": count}, states


def _fill(here: Shop) -> None:
    """Write what a plan, its price list and its publications leave behind, all at once."""
    count, at = len(here.skus), to_micros(START)
    with here.store.database.write() as connection:
        plan = {"number": [1], "created_at": [at], "rules_hash": ["h"], "counts": ["{}"], "breakers": ["[]"],
                "set_aside": ["[]"], "status": ["applied"]}  # fmt: skip
        insert_columns(connection, plans, plan)
        head = {"version": [1], "created_at": [at], "plan": [1], "previous_hash": ["0" * 64],
                "hash": [hashlib.sha256(b"bench").hexdigest()]}  # fmt: skip
        insert_columns(connection, price_list, head)
        sku, names = here.skus, [f"Item {sku}" for sku in here.skus]
        base = _same(count, sku=sku, tax=2300)
        limits = _same(count, floor_minor=5_000, ceiling_minor=20_000)
        entry = base | limits | _same(count, currency="PLN", price_group="default", plan=1)
        insert_columns(connection, products, base | _same(
            count, name=names, custom="{}", tags="[]", price_minor=10_000, price_currency="PLN", cost_currency="PLN",
            rrp_currency="PLN", map_price_currency="PLN", kvi=0, position=np.arange(count),
        ))  # fmt: skip
        insert_columns(connection, decisions, {name: entry[name] for name in entry if name != "tax"} | _same(
            count, position=np.arange(count), outcome="cut", status="applied", current_minor=10_000,
            proposed_minor=9_000, competitors=0, reasons="[]", decided_by="anna",
        ))  # fmt: skip
        insert_columns(connection, price_entries, entry | _same(
            count, version=1, gross_minor=9_000, reason="measured", approved_by="anna", valid_from=at, adopted=0,
        ))  # fmt: skip
        place = _same(count, channel="shop", remote_id=sku)
        insert_columns(connection, publications, base | limits | place | _same(
            count, version=1, currency="PLN", price_minor=9_000, adopted=0, latest=1, state="verified", attempts=1,
            token=1, observed_minor=9_000, observed_currency="PLN", created_at=at, sent_at=at, checked_at=at,
            matching_reads=1,
        ))  # fmt: skip
        insert_columns(connection, listings, place | _same(
            count, sku=sku, price_minor=9_000, price_currency="PLN", active=1, seen_at=at
        ))  # fmt: skip


def _same(rows: int, **values: object) -> dict[str, object]:
    """Columns in which every row says the same, beside those that are columns already."""
    return {
        name: Text(np.zeros(rows, np.int32), (value,)) if isinstance(value, str)
        else np.full(rows, value) if isinstance(value, int) else value
        for name, value in values.items()
    }  # fmt: skip


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


def settle_down() -> None:
    """Collect garbage as the commands do."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--listings", type=int, default=20_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--settled", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=1_000_000)
    asked = parser.parse_args(argv)
    settle_down()
    for count in (asked.listings, asked.listings * 4):
        throughput(count, asked.database)
    if asked.database == "postgresql":
        return
    settled(asked.settled)
    delay(1_000)
    feeds.google(asked.items)
    limits_day()


if __name__ == "__main__":
    main(sys.argv[1:])
