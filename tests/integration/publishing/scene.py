"""A shop with a store, a clock and demo channels, wired the way the program wires them."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import httpx

from pricewatch.channels.registry import build_channel
from pricewatch.channels.settings import CsvSettings
from pricewatch.channels.shops.settings import PrestaShopSettings, WooCommerceSettings
from pricewatch.demo.faults import FaultSchedule
from pricewatch.demo.prestashop import PrestaItem, PrestaShopServer
from pricewatch.demo.woocommerce import WooItem, WooShop
from pricewatch.domain.decision import DecisionStatus, Outcome, Proposal, Reason
from pricewatch.domain.listing import Listing
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import PriceGroup, Product
from pricewatch.located import Secret
from pricewatch.pipeline.publish import publish, send
from pricewatch.pipeline.settings import PublishingSettings
from pricewatch.pipeline.verify import verify
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.rules import compile_rulebook
from pricewatch.pricing.settings import PricingSettings
from pricewatch.testing import FixedClock, MemoryStore

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
GROUP = PriceGroup("default", "PL", "PLN", "Europe/Warsaw")
SKUS = ("A", "B", "C")


def pln(text):
    return Money.parse(text, "PLN")


STARTS = {"PLN": "100.00", "JPY": "10000", "KWD": "100.000"}  # what everything costs at first


class NoProgress:
    def advance(self, stage, done, total, note=""):
        pass


class Scene:
    """Three products at 100.00 in the catalogue, in a WooCommerce shop, in a PrestaShop shop and in a CSV feed."""

    def __init__(
        self,
        folder,
        *,
        store=None,
        skus=SKUS,
        woo=None,
        presta=None,
        faults=None,
        watch=None,
        columns=None,
        urls=None,
        currency="PLN",
        tax=23,
        **publishing,
    ):
        os.environ.update(SCENE_KEY="ck_scene", SCENE_SECRET="cs_scene")
        self.folder = folder
        self.skus = skus
        self.group = replace(GROUP, currency=currency)
        self.tax = tax
        self.clock = FixedClock(START)
        self.store = store or MemoryStore(self.clock)
        self.watch = watch or (lambda name, sku, price: None)
        faults = faults or {}
        self.woo = WooShop(
            [WooItem(n, sku, f"Item {sku}", STARTS[currency]) for n, sku in enumerate(skus, start=10)],
            key="ck_scene", secret="cs_scene", faults=faults.get("woo") or FaultSchedule(hang=1.0),
            seconds=self.seconds, on_change=lambda line: self.watch("woo", line.sku, line.price),
        )  # fmt: skip
        self.presta = PrestaShopServer(
            [PrestaItem(n, sku, f"Item {sku}", self.net(STARTS[currency])) for n, sku in enumerate(skus, start=1)],
            key="ck_scene", rates={"1": tax}, faults=faults.get("presta") or FaultSchedule(hang=1.0),
            seconds=self.seconds, on_change=lambda line: self.watch("presta", line.sku, line.price),
        )  # fmt: skip
        self.feed = folder / "prices.csv"
        self.columns = columns or {"sku": "sku", "price": "price"}
        self.urls = urls or {"woo": "http://woo.test", "presta": "http://presta.test"}
        self.options = {"woo": woo or {}, "presta": presta or {}}
        self.instead = {}  # a transport that answers in place of a channel
        self.transport = lambda app: None if urls else httpx.ASGITransport(app=app)
        self.publishing = PublishingSettings(**{"retry_base": 0.5, "wait": 600, **publishing})
        self.bench = self.build()
        self.store.catalogue.save([self.product(sku) for sku in skus], at=START, group=self.group)

    def seconds(self):
        return self.clock.now().timestamp()

    def net(self, gross):
        return f"{Decimal(gross) * 100 / (100 + self.tax):.6f}"

    def money(self, text):
        return Money.parse(text, self.group.currency)

    def product(self, sku, price=None, **more):
        price = self.money(price or STARTS[self.group.currency])
        return replace(Product(sku, f"Item {sku}", TaxRate(self.tax * 100), price=price, stock=5), **more)

    def build(self):
        shared = {
            "key": Secret(env="SCENE_KEY"),
            "rate": 100_000,
            "timeout": 0.2 if "woo.test" in self.urls["woo"] else 5.0,
            "tax": str(self.tax),
        }
        woo = WooCommerceSettings(
            type="woocommerce", url=self.urls["woo"], secret=Secret(env="SCENE_SECRET"), **shared | self.options["woo"]
        )
        presta = PrestaShopSettings(type="prestashop", url=self.urls["presta"], **shared | self.options["presta"])
        feed = CsvSettings(type="csv", path="prices.csv", columns=self.columns)
        made = {
            name: build_channel(
                name,
                settings,
                currency=self.group.currency,
                folder=self.folder,
                stop_check=lambda: self.store.control.stopped() is not None,
                assortment=self.store.catalogue.load,
                transport=self.instead.get(name) or (self.transport(app) if app else None),
            )
            for name, settings, app in (
                ("woo", woo, self.woo.app), ("presta", presta, self.presta.app), ("feed", feed, None)
            )
        }  # fmt: skip
        return Workbench(
            store=self.store, clock=self.clock, groups=(self.group,), sites={}, crawler=None, channels=made,
            channel_groups=dict.fromkeys(made, "default"), rulebook=compile_rulebook([]), matching=None,
            pricing=PricingSettings(), publishing=self.publishing, notifier=None, progress=NoProgress(),
        )  # fmt: skip

    async def pause(self, seconds):
        self.clock.advance(seconds=seconds)

    # --- what people do -----------------------------------------------------------------------------------------

    def base(self, sku):
        entry = self.store.prices.current("default").get(sku)
        price = entry.gross if entry else self.store.catalogue.get(sku).price
        return price if price.currency.code == self.group.currency else None

    def decide(self, prices, *, status=DecisionStatus.APPROVED, floor="50", breakers=(), current=None):
        """Save a plan that asks for these prices."""
        proposals = [
            (
                Proposal(
                    sku=sku, group="default", outcome=Outcome.CUT, current=current or self.base(sku),
                    proposed=self.money(price), floor=self.money(floor), ceiling=self.money("100000"),
                    reasons=(Reason("target", "because the test says so"),),
                ),
                status,
            )
            for sku, price in prices.items()
        ]  # fmt: skip
        return self.store.plans.save(
            at=self.clock.now(), rules_hash="h", proposals=proposals, breakers=breakers, set_aside=[]
        )

    def publish(self, number=None, **more):
        return asyncio.run(publish(self.bench, number, pause=self.pause, **more))

    def apply(self, prices, **more):
        self.decide(prices, **more)
        return self.publish()

    def send(self, **more):
        return asyncio.run(send(self.bench, pause=self.pause, **more))

    def verify(self, **more):
        return asyncio.run(verify(self.bench, pause=self.pause, **more))

    def listed(self):
        """What WooCommerce shows, as an earlier sweep would have seen it."""
        price = self.money(STARTS[self.group.currency])
        return [Listing("woo", str(item.id), item.sku, price) for item in self.woo.items.values()]

    # --- what is true -------------------------------------------------------------------------------------------

    def feed_prices(self):
        if not self.feed.exists():
            return {}
        lines = self.feed.read_text().splitlines()[1:]
        return dict(line.split(",")[:2] for line in lines)

    def shown(self, sku):
        """What each channel shows now: WooCommerce, PrestaShop, feed."""
        return self.woo.shown(sku), self.presta.shown(sku), self.feed_prices().get(sku)

    def states(self, channel=None):
        rows = self.store.outbox.publications(channel=channel)
        return {(row.desired.channel, row.desired.sku): row.state.value for row in rows}

    def writes(self):
        return [line for line in (*self.woo.log, *self.presta.log) if line.by != "human"]
