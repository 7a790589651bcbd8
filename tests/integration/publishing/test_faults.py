"""Random faults, crashes and edits against random plans: nothing lost, nothing doubled, nothing below its floor.

The checker reads the servers' own logs, the feed file and the database, never what the code says of itself. A failing
seed is in the test's name and can be run alone.
"""

from __future__ import annotations

import os
from decimal import Decimal
from random import Random

import httpx
import pytest
from publishing_scene import SKUS, Scene

from pricewatch.demo.faults import Fault, FaultSchedule
from pricewatch.domain.errors import PricewatchError
from pricewatch.domain.listing import PublicationState

FLOOR = Decimal("60.00")
STEPS = 9
SEEDS = 40 if os.environ.get("SLOW") else 12
LOUD = {f: 5 for f in Fault if f not in {Fault.STALE, Fault.LATE, Fault.SLOW, Fault.HANG_BEFORE, Fault.HANG_AFTER}}
LOUD |= {Fault.HANG_BEFORE: 1, Fault.HANG_AFTER: 3}


class Crash(BaseException):
    """The process is dead from here on."""


class Doom:
    """Kills at the k-th request or commit, before or after it; then nothing works any more until the next life."""

    def __init__(self):
        self.left = -1
        self.dead = False

    def arm(self, steps):
        self.left, self.dead = steps, False

    def point(self):
        if self.left == 0:
            self.dead = True
        if self.dead:
            raise Crash
        self.left -= 1


class DoomedTransport(httpx.AsyncBaseTransport):
    def __init__(self, inner, doom):
        self.inner, self.doom = inner, doom

    async def handle_async_request(self, request):
        self.doom.point()
        response = await self.inner.handle_async_request(request)
        self.doom.point()
        return response


class DoomedRepository:
    """A repository of the store whose writing methods are crash points before and after their commit."""

    def __init__(self, inner, doom, names):
        self._inner, self._doom, self._names = inner, doom, names

    def __getattr__(self, name):
        method = getattr(self._inner, name)
        if name not in self._names:
            return method

        def call(*args, **kwargs):
            self._doom.point()
            result = method(*args, **kwargs)
            self._doom.point()
            return result

        return call


class Ordeal:
    """One seed: a scene, its faults, and what must be true of it."""

    def __init__(self, folder, seed, chances, **options):
        self.random = Random(seed)
        self.seed = seed
        self.advert = self.random.random() < 0.5
        self.above = []
        faults = {
            name: FaultSchedule(seed * 7 + n, dict(chances), hang=1.0) for n, name in enumerate(("woo", "presta"))
        }
        late = {"late_apply": 5.0} if Fault.LATE in chances else {}
        shop = {"timeout": 0.1, **late}
        role = {"role": "advert"} if self.advert else {}
        self.here = Scene(folder, woo=shop, presta=shop | role, faults=faults, watch=self.watch, **options)
        self.faults = faults.values()
        self.doom = Doom()
        self.doomed()

    def doomed(self):
        store = self.here.store
        store.outbox = DoomedRepository(store.outbox, self.doom, {"claim", "update", "enqueue", "save_listings"})
        store.prices = DoomedRepository(store.prices, self.doom, {"append", "record_own"})
        plain = httpx.ASGITransport
        self.here.transport = lambda app: DoomedTransport(plain(app=app), self.doom)
        self.here.bench = self.here.build()

    # --- what happens -------------------------------------------------------------------------------------------

    def live(self, *, humans):
        for _ in range(STEPS):
            crash = self.random.random() < 0.4
            self.doom.arm(self.random.randrange(60) if crash else -1)
            try:
                self.step(humans=humans)
            except (Crash, PricewatchError):
                self.here.bench = self.here.build()
            self.doom.arm(-1)
            self.check_always()
            self.here.clock.advance(seconds=self.random.choice([0, 1, 10, 400]))

    def step(self, *, humans):
        action = self.random.choices(["apply", "send", "verify", "human"], [6, 2, 2, 2 if humans else 0])[0]
        if action == "apply":
            chosen = self.random.sample(SKUS, self.random.randint(1, len(SKUS)))
            prices = {sku: f"{self.random.randrange(6000, 11500) / 100:.2f}" for sku in chosen}
            self.here.apply(prices, floor=str(FLOOR))
        elif action == "human":
            shop = self.random.choice([self.here.woo, self.here.presta])
            shop.set_price(self.random.choice(SKUS), f"{self.random.randrange(2000, 20000) / 100:.2f}")
        else:
            getattr(self.here, action)()

    def settle(self):
        """The faults stop; within a bounded number of sweeps everything is in step."""
        for schedule in self.faults:
            schedule.stop()
        for _ in range(3):
            self.here.clock.advance(hours=1)
            self.here.verify()

    # --- what must be true --------------------------------------------------------------------------------------

    def watch(self, name, sku, price):
        feed = self.here.feed_prices().get(sku, "Infinity")
        adverts = [Decimal(feed)] + ([Decimal(self.here.presta.shown(sku))] if self.advert else [])
        checkouts = [Decimal(self.here.woo.shown(sku))] + (
            [] if self.advert else [Decimal(self.here.presta.shown(sku))]
        )
        if max(checkouts) > min(adverts):
            self.above.append((name, sku, price, checkouts, adverts))

    def check_always(self):
        decided = self.decided_prices()
        for line in self.here.writes():
            assert Decimal(line.price) >= FLOOR, f"seed {self.seed}: {line} is below the floor"
            assert line.price in decided[line.sku], f"seed {self.seed}: nobody decided {line}"
        assert self.here.store.prices.verify_chain() == ()

    def decided_prices(self):
        found = {sku: set() for sku in SKUS}
        newest = self.here.store.prices.version()
        for number in range(1, (newest.version if newest else 0) + 1):
            for entry in self.here.store.prices.version(number).entries:
                if not entry.adopted:
                    found[entry.sku].add(entry.gross.text)
        return found

    def check_settled(self):
        here = self.here
        for entry in here.store.prices.current("default").values():
            rows = here.store.outbox.publications(sku=entry.sku)
            flagged = {row.desired.channel for row in rows if row.state is not PublicationState.VERIFIED}
            shown = dict(zip(("woo", "presta", "feed"), here.shown(entry.sku), strict=True))
            wrong = {name: price for name, price in shown.items() if price != entry.gross.text}
            if entry.adopted:
                wrong.pop("woo", None), wrong.pop("presta", None)
            assert set(wrong) <= flagged, f"seed {self.seed}: {entry.sku} shall be {entry.gross}, but {wrong}"
            if not entry.adopted:
                assert not wrong, f"seed {self.seed}: {wrong} is flagged, but no fault was left"
        before = len(here.writes())
        here.verify()
        assert len(here.writes()) == before, f"seed {self.seed}: a settled scene was written to"


@pytest.mark.parametrize("seed", range(SEEDS))
def test_loud_faults_and_crashes_end_in_step_and_in_order(tmp_path, seed):
    """Errors, resets, hangs, refusals, lies and crashes: all is settled after them, and no checkout was ever above
    an advert.
    """
    ordeal = Ordeal(tmp_path, seed, LOUD)
    ordeal.live(humans=False)
    ordeal.settle()
    ordeal.check_settled()
    assert ordeal.above == []
    ordeal.here.store.close()


@pytest.mark.parametrize("seed", range(SEEDS // 2))
def test_late_writes_and_stale_reads_and_human_edits_end_in_step(tmp_path, seed):
    """Writes that apply late and overtake newer ones, reads that show the past, people who edit: settled after them."""
    ordeal = Ordeal(tmp_path, 1000 + seed, LOUD | {Fault.LATE: 8, Fault.STALE: 8})
    ordeal.live(humans=True)
    ordeal.settle()
    ordeal.check_settled()
    ordeal.here.store.close()


@pytest.mark.parametrize("seed", range(SEEDS // 2))
def test_late_writes_keep_the_order_too(tmp_path, seed):
    """Where a channel says how late it may apply, its late writes never put a checkout above an advert."""
    ordeal = Ordeal(tmp_path, 2000 + seed, LOUD | {Fault.LATE: 15})
    ordeal.live(humans=False)
    ordeal.settle()
    ordeal.check_settled()
    assert ordeal.above == []
    ordeal.here.store.close()
