"""Random schedules of faults on five channels, a till with price files and shelf labels, against random plans: nothing
lost, nothing doubled, nothing below its floor, no checkout above an advert at any instant, and everything in step or
flagged a bounded time after the faults.

The checker reads the channels' own logs, what the till charges, what the labels show and the price list, never what the
sender says. A failing seed stands in the message, and `SEED=4711 pytest tests/integration/publishing/test_schedules.py`
replays it alone.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from random import Random

import pytest
from publishing_offline import PLN, SKUS, START, Counter, Shelf
from sqlalchemy import delete

from pricewatch.channels.gate import EdgeGate
from pricewatch.domain.decision import Announcement, DecisionStatus, Outcome, Proposal, Reason
from pricewatch.domain.errors import PricewatchError
from pricewatch.domain.listing import Capabilities, ChannelRole, PublicationState
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import PriceGroup, Product
from pricewatch.pipeline import delivery
from pricewatch.pipeline.parity import Board
from pricewatch.pipeline.publish import publish, send
from pricewatch.pipeline.sending import Sender
from pricewatch.pipeline.settings import PublishingSettings
from pricewatch.pipeline.sight import Sight
from pricewatch.pipeline.verify import verify
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.rules import compile_rulebook
from pricewatch.pricing.settings import PricingSettings
from pricewatch.store.tables import metadata
from pricewatch.testing import FixedClock, MemoryStore
from pricewatch.testing.loopback import LoopbackChannel, Mishap

GROUP = PriceGroup("default", "PL", "PLN", "Europe/Warsaw")
FLOOR, CEILING = 6_000, 12_000
STEPS = 4
SEED = int(os.environ["SEED"]) if "SEED" in os.environ else None
DEFAULT, SLOW = 12, int(os.environ.get("SEEDS", "60"))
FOUND = (25, 428)  # what they found is mended

API = Capabilities(ChannelRole.CHECKOUT, 100, 1_000, "PLN")
CHANNELS = {
    "shop": replace(API, announces=True),
    "till": replace(API, batch_size=1),
    "market": replace(API, batch_size=2, read_delay=2.0),
    "ads": replace(API, role=ChannelRole.ADVERT, batch_size=2, announces=True),
    "feed": replace(API, role=ChannelRole.ADVERT, full_state=True),
}
LOUD = {
    Mishap.ERROR_BEFORE: 5, Mishap.ERROR_AFTER: 7, Mishap.RATE_LIMIT: 5, Mishap.PARTLY: 4, Mishap.SLOW: 4,
}  # fmt: skip
DELAYED = {**LOUD, Mishap.LATE: 12, Mishap.STALE: 12}
DECEITFUL = {**LOUD, Mishap.LIE: 6, Mishap.REFUSAL: 6}
KINDS = (LOUD, DELAYED, DECEITFUL)


class Crash(BaseException):
    """The process is dead from here on."""


class Doom:
    """Kills at a request or commit; then nothing works any more until the next life."""

    def __init__(self):
        self.left, self.dead = -1, False

    def arm(self, steps):
        self.left, self.dead = steps, False

    def point(self):
        self.dead = self.dead or self.left == 0
        if self.dead:
            raise Crash
        self.left -= 1


class Doomed:
    """A repository whose writing methods are crash points before and after their commit."""

    def __init__(self, inner, doom, names):
        self._inner, self._doom, self._names = inner, doom, names

    def __getattr__(self, name):
        method = getattr(self._inner, name)
        return self._mortal(method) if name in self._names else method

    def _mortal(self, method):
        def call(*args, **kwargs):
            self._doom.point()
            result = method(*args, **kwargs)
            self._doom.point()
            return result

        return call


class Shared:
    """One database for all seeds: statements are compiled once, and its tables emptied in between."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = FixedClock(START)
        self.store = MemoryStore(self.clock)
        self.plain = self.store.outbox, self.store.prices
        self.lives = 0

    def anew(self, doom):
        self.clock.set(START)
        self.lives += 1
        with self.store.database.write() as connection:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            for table in reversed(metadata.sorted_tables):
                connection.execute(delete(table))
        outbox, prices = self.plain
        names = {"claim", "update", "enqueue", "save_listings", "release", "park", "unpark"}
        self.store.outbox = Doomed(outbox, doom, names)
        self.store.prices = Doomed(prices, doom, {"append", "record_own"})
        return self.clock, self.store


class NoProgress:
    def advance(self, stage, done, total, note=""):
        pass


def money(minor):
    return Money(minor, PLN)


class Schedule:
    """One seed: five channels, a till, labels, three products, and what happens to them."""

    def __init__(self, seed, shared, kinds=KINDS):
        self.seed, self.random = seed, Random(seed)
        self.chances = kinds[seed % len(kinds)]
        self.humans = self.chances is DECEITFUL
        self.faulty, self.above, self.doom = False, [], Doom()
        self.clock, self.store = shared.anew(self.doom)
        products = [Product(sku, f"Item {sku}", TaxRate(2300), price=money(10_000)) for sku in SKUS]
        self.store.catalogue.save(products, at=START, group=GROUP)
        self.counter = Counter(shared.folder / str(shared.lives), self)  # a seed may be lived again: in an empty folder
        self.shelf = Shelf(self, lags=self.chances is DELAYED)
        apis = {name: self.channel(name, mine) for name, mine in CHANNELS.items()}
        self.channels = apis | {"counter": self.counter, "shelf": self.shelf}
        policy = "hold" if self.chances is not DECEITFUL else self.random.choice(["hold", "roll_back"])
        drift = "repair" if self.chances is not DECEITFUL else self.random.choice(["repair", "repair", "adopt"])
        self.settings = PublishingSettings(
            drift=drift, retry_base=0.5, wait=600, on_failure=policy, refused_rest=0.5,
            release={"first": self.random.choice([0, 0, 1]), "wait": 5.0},
        )  # fmt: skip
        self.bench = self.bench_of()

    def channel(self, name, mine):
        mine = replace(mine, late_apply=5.0) if self.chances is DELAYED and not mine.full_state else mine
        made = LoopbackChannel(
            name, mine, self.clock, draw=self.draw, point=self.doom.point, on_change=self.watch,
            slow=lambda: self.clock.advance(seconds=3),
        )  # fmt: skip
        made.stock({sku: (sku, money(10_000)) for sku in SKUS})
        return made

    def bench_of(self):
        return Workbench(
            store=self.store, clock=self.clock, groups=(GROUP,), sites={}, crawler=None,
            channels={name: EdgeGate(each, self.stopped) for name, each in self.channels.items()},
            channel_groups=dict.fromkeys(self.channels, "default"), rulebook=compile_rulebook([]), matching=None,
            pricing=PricingSettings(), publishing=self.settings, notifier=None, progress=NoProgress(),
            chance=Random(self.seed),
        )  # fmt: skip

    def stopped(self):
        return False

    def draw(self):
        if not self.faulty:
            return None
        self.counter.work()
        roll = self.random.randrange(100)
        for mishap, chance in self.chances.items():
            if roll < chance:
                return mishap
            roll -= chance
        return None

    async def pause(self, seconds):
        self.counter.work(ahead=seconds)
        self.clock.advance(seconds=seconds)
        for channel in self.channels.values():
            channel.shown("A")  # what is late comes when it is due, whether anybody looks or not

    # --- what happens -------------------------------------------------------------------------------------------

    def live(self):
        """Steps with faults, some of which end in a crash."""
        self.faulty = True
        for _ in range(STEPS):
            self.doom.arm(self.random.randrange(80) if self.random.random() < 0.4 else -1)
            try:
                asyncio.run(self.step())
            except (Crash, PricewatchError):
                self.bench = self.bench_of()
            self.doom.arm(-1)
            asyncio.run(self.pause(self.random.choice([0, 1, 10, 400])))
            self.check_always()
        self.faulty = False

    async def step(self):
        action = self.random.choices(["apply", "send", "verify", "human"], [7, 2, 2, 2 if self.humans else 0])[0]
        if action == "human":
            channel = self.channels[self.random.choice(["shop", "till", "market", "ads"])]
            channel.edit(self.random.choice(SKUS), money(self.random.randrange(2_000, 20_000)))
        elif action == "apply":
            self.decide(self.random.sample(SKUS, self.random.randint(1, len(SKUS))))
            await publish(self.bench, pause=self.pause)
        else:
            await {"send": send, "verify": verify}[action](self.bench, pause=self.pause)

    def decide(self, skus):
        entries = self.store.prices.current("default")
        proposals = [
            (
                Proposal(
                    sku=sku, group="default", outcome=Outcome.CUT, ceiling=money(CEILING), floor=money(FLOOR),
                    current=entries[sku].gross if sku in entries else money(10_000),
                    proposed=price, reasons=(Reason("target", "drawn"),), announcement=self.announced(price),
                ),
                DecisionStatus.APPROVED,
            )
            for sku in skus
            for price in [money(self.random.choice([FLOOR, self.random.randrange(FLOOR, CEILING)]))]
        ]  # fmt: skip
        at = self.clock.now()
        self.store.plans.save(at=at, rules_hash="h", proposals=proposals, breakers=(), set_aside=[])

    def announced(self, price):
        """Now and then a reduction that is announced, and over after a while."""
        if self.random.random() < 0.6:
            return None
        at, lasts = self.clock.now(), self.random.choice([2, 60, 2_000, 40_000])
        return Announcement(price + money(self.random.randrange(1, 3_000)), at, at + timedelta(seconds=lasts))

    def settle(self):
        """The faults are over: within four sweeps, an hour apart, everything is in step."""
        for version in self.store.outbox.parked():
            self.store.prices.release(version, at=self.clock.now(), by="anna", reason="seen")
        for _ in range(4):
            asyncio.run(self.pause(3_600))
            asyncio.run(verify(self.bench, pause=self.pause))

    # --- what must be true --------------------------------------------------------------------------------------

    def watch(self, written):
        """At this very instant, no checkout asks for more than an advert shows."""
        shows = {name: self.channels[name]._shelves.get(written.sku) for name in CHANNELS}
        adverts = [shows[name].price for name in ("ads", "feed") if shows[name]]
        adverts.append(self.shelf.labels[written.sku].shows)
        checkouts = [shows[name].price for name in ("shop", "till", "market") if shows[name]]
        checkouts.append(self.counter.charges[written.sku])
        if max(checkouts) > min(adverts) and not self.humans:
            self.above.append((self.clock.now(), written, checkouts, adverts))

    def check_always(self):
        decided = self.decided()
        for line in self.written():
            assert line.price.minor >= FLOOR, self.told(f"{line} is below the floor")
            assert (line.price, line.struck) in decided[line.sku], self.told(f"nobody decided {line}")
        assert self.store.prices.verify_chain() == (), self.told(str(self.store.prices.verify_chain()))
        assert not self.above, self.told(f"a checkout above an advert: {self.above[:2]}")

    def check_settled(self):
        entries, asked = self.store.prices.current("default"), self.asked()
        for sku, entry in entries.items():
            if sku in asked:
                continue
            for name, channel in self.channels.items():
                if entry.found and not channel.capabilities.shows_found:
                    continue
                shown = channel.shown(sku)
                if shown is None and self.dearer_by_hand(sku):
                    continue
                assert shown == entry.gross, self.told(f"{sku} on {name} shows {shown}, not {entry.gross}")
                told = entry.announced_at(self.clock.now()) if channel.capabilities.announces else None
                struck, prior = channel.struck(sku), told.prior if told else None
                assert struck == prior, self.told(f"{sku} on {name} strikes {struck}, not {prior}")
        for row in self.store.outbox.publications():
            fine = row.state is PublicationState.VERIFIED or row.desired.found or row.desired.sku in asked
            assert fine, self.told(f"{row} is flagged, but no fault was left")
        before = len(self.written())
        asyncio.run(verify(self.bench, pause=self.pause))
        assert len(self.written()) == before, self.told("a settled scene was written to")

    def asked(self):
        """The products of which somebody set a price that only a person can mend: one beyond its limits where foreign
        prices are adopted, and one on a listing that was new, from which ours is too large a step for the gate.
        """
        stuck = {PublicationState.REFUSED, PublicationState.DRIFTED}
        return {row.desired.sku for row in self.store.outbox.publications(states=stuck) if self.by_hand(row)}

    def by_hand(self, row):
        shown = self.channels[row.desired.channel].shown(row.desired.remote_id)
        beyond = self.settings.drift == "adopt" and not FLOOR <= shown.minor <= CEILING
        return self.humans and (beyond or (row.message.startswith("gate: ") and row.desired.previous == shown))

    def dearer_by_hand(self, sku):
        """Whether somebody set a price that a checkout asks above the catalogue's, which is never written back: where a
        feed did not have the product yet, it stays without it until a person acts.
        """
        rows = self.store.outbox.publications(sku=sku, states=[PublicationState.DRIFTED])
        found = [row.desired for row in rows if row.desired.found]
        return self.humans and any(self.channels[one.channel].shown(one.remote_id) > one.price for one in found)

    def check_not_doubled(self):
        """No listing was written twice in a row with one price: what was applied in silence was found by reading. A
        feed is written whole, with what it had lost.
        """
        for name, channel in ((n, c) for n, c in self.channels.items() if not c.capabilities.full_state):
            lines = defaultdict(list)
            for line in channel.log:
                lines[line.remote_id].append(line)
            for each in lines.values():
                for price, run in groupby(each, key=lambda line: (line.price, line.struck)):
                    writes = [line for line in run if line.by == "api"]
                    assert len(writes) <= 1, self.told(f"{name} got {price} {len(writes)} times: {writes}")

    def check_never_back(self):
        """No file of the till takes back what an earlier one asked for."""
        prices = defaultdict(lambda: [money(10_000)])
        for head in reversed(self.store.prices.versions(limit=1_000)):
            for entry in self.store.prices.version(head.version).entries:
                prices[entry.sku].append(entry.gross)
        for sku, all_of_them in prices.items():
            asked = [file[sku] for _, file in sorted(self.counter.files.items()) if sku in file]
            rest = iter(all_of_them)
            distinct = [price for price, _ in groupby(asked)]
            assert all(price in rest for price in distinct), self.told(f"{sku}: {distinct} are not in {all_of_them}")

    def written(self):
        return [line for channel in self.channels.values() for line in channel.log if line.by != "human"]

    def decided(self):
        """What may be written: prices, with the prior price that was announced beside each or without one."""
        found = defaultdict(lambda: {(money(10_000), None)})
        for head in self.store.prices.versions(limit=1_000):
            for entry in self.store.prices.version(head.version).entries:
                found[entry.sku].add((entry.gross, None))
                if entry.announcement is not None:
                    found[entry.sku].add((entry.gross, entry.announcement.prior))
        return found

    def told(self, words):
        return f"{words} (SEED={self.seed})"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    made = Shared(tmp_path_factory.mktemp("tills"))
    yield made
    made.store.close()


def endure(seed, shared):
    schedule = Schedule(seed, shared)
    schedule.live()
    schedule.settle()
    schedule.check_always()
    schedule.check_settled()
    schedule.check_never_back()
    if schedule.chances is LOUD:
        schedule.check_not_doubled()


def endure_all(seeds, shared):
    for seed in seeds:
        endure(seed, shared)


@pytest.mark.parametrize("part", range(4))
def test_no_schedule_of_faults_loses_doubles_or_misorders_a_price(part, shared):
    """A share of the seeds each; a failing one is named."""
    seeds = [SEED] if SEED is not None else [*range(part, DEFAULT, 4), *FOUND[part::4]]
    endure_all(seeds, shared)


@pytest.mark.parametrize("products", [1, 2])
def test_no_schedule_does_so_when_products_go_out_in_parts(products, shared, monkeypatch):
    """As with more products than are on the board, and more listings than are in memory at a time."""
    monkeypatch.setattr(delivery, "PART", products)
    for module in ("listings", "verify"):
        monkeypatch.setattr(f"pricewatch.pipeline.{module}.AT_ONCE", products)
    endure_all(range(1_000 * products, 1_000 * products + 3), shared)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_many_more_schedules(part, shared):
    """The same with other seeds; SEEDS=1000 takes a thousand of them."""
    endure_all(range(DEFAULT + part, DEFAULT + SLOW, 20), shared)


def no_order(monkeypatch):
    """Whoever is ready writes."""
    monkeypatch.setattr(Board, "objection", lambda *_: "")


def no_look(monkeypatch):
    """What is unknown is written again without looking."""
    judge = Sender._judge
    unknown = PublicationState.UNKNOWN
    monkeypatch.setattr(Sender, "_judge", lambda me, row, li: None if row.state is unknown else judge(me, row, li))


def no_memory(monkeypatch):
    """What waits for the till's answer is put back to its last answer."""
    monkeypatch.setattr(Sight, "asked", lambda *_: None)


@pytest.mark.parametrize("bug", [no_order, no_look, no_memory], ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(bug, monkeypatch, shared):
    """The checker sees what it shall see: each promise fails when the code behind it is taken out."""
    bug(monkeypatch)
    with pytest.raises(AssertionError, match="SEED="):
        endure_all(range(60), shared)
