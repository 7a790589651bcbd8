"""Our own channels keep the promises that every channel makes, each in front of its strict fake."""

from __future__ import annotations

import csv
import functools
import json
from dataclasses import replace
from decimal import Decimal
from typing import ClassVar
from xml.etree import ElementTree as ET

import httpx
import pytest

from pricewatch.channels.registry import build_channel
from pricewatch.channels.settings import ChannelSettings
from pricewatch.channels.shops.prestashop import PrestaShop
from pricewatch.channels.shops.settings import PrestaShopSettings, WooCommerceSettings
from pricewatch.channels.shops.woocommerce import WooCommerce
from pricewatch.demo.prestashop import PrestaItem, PrestaShopServer, SpecificPrice
from pricewatch.demo.woocommerce import WooItem, WooShop
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import Assortment, Product
from pricewatch.located import Secret, build, parse
from pricewatch.testing import CHECKS, SUPPLY_CHECKS, HttpLab, Trouble

G = "{http://base.google.com/ns/1.0}"
KEY, SECRET = "ck_conformance", "cs_conformance"
SECTIONS = {
    "csv": 'type = "csv"',
    "google": 'type = "google"\ntitle = "Shop"\nlink = "https://shop.example"',
    "ceneo": 'type = "ceneo"',
}
NO_SERVER = dict.fromkeys(
    [
        Trouble.RATE_LIMIT, Trouble.NO_ACCESS, Trouble.STALE_READ, Trouble.GARBAGE_WRITE, Trouble.ERROR_BEFORE,
        Trouble.ERROR_AFTER, Trouble.TIMEOUT_AFTER, Trouble.RESET_AFTER, Trouble.TORN_READ, Trouble.ABSURD_READ,
        Trouble.OTHER_CURRENCY, Trouble.SAME_PAGE,
    ],
    "a file has no server",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    monkeypatch.setenv("LAB_KEY", KEY)
    monkeypatch.setenv("LAB_SECRET", SECRET)


class WooLab(HttpLab):
    currency, unknown_id, secrets = "PLN", "999999", (SECRET,)
    cannot: ClassVar = {Trouble.OTHER_CURRENCY: "no answer about a product names a currency"}
    net = stocked = False

    def __init__(self):
        self.shop = WooShop([], key=KEY, secret=SECRET)
        self.shop.options["general"] = {"woocommerce_currency": "PLN", "woocommerce_calc_taxes": "yes"}
        self.shop.options["tax"] = {"woocommerce_prices_include_tax": "no" if self.net else "yes"}
        super().__init__(httpx.ASGITransport(self.shop.app), self.prices_in)

    @staticmethod
    def prices_in(request):
        return 0 if request.method == "GET" else len(json.loads(request.content)["update"])

    def connect(self, stopped):
        settings = WooCommerceSettings(
            type="woocommerce", url="http://woo.test", key=Secret(env="LAB_KEY"), secret=Secret(env="LAB_SECRET"),
            rate=100_000, net=self.net, stock=self.stocked,
        )  # fmt: skip
        return WooCommerce("woo", settings, currency="PLN", transport=self.transport, stopped=stopped)

    def fill(self, count):
        items = [WooItem(n, f"S{n}", f"Item {n}", "100.00", price="100.00") for n in range(10, 10 + count)]
        self.shop.items |= {item.id: item for item in items}
        return [(str(item.id), item.sku) for item in items]

    def shown(self, remote_id):
        item = self.shop.items.get(int(remote_id))
        return self.gross(item.price) if item else None

    def gross(self, price):
        return Money.parse(price, "PLN")

    def edit(self, remote_id, price):
        self.shop.set_price(f"S{remote_id}", price.text)

    def refuse(self, remote_id):
        self.shop.delete(f"S{remote_id}")


class WooStockLab(WooLab):
    """A shop whose stock is the catalogue's."""

    stocked = True

    def fill(self, count):
        ids = super().fill(count)
        self.shop.items = {i: replace(item, stock=1) for i, item in self.shop.items.items()}
        return ids

    def pieces(self, remote_id):
        item = self.shop.items.get(int(remote_id))
        return item.stock if item else None

    def count(self, remote_id, pieces):
        self.shop.edit(f"S{remote_id}", stock=pieces)


class NetWooLab(WooLab):
    """A shop that stores net prices with two decimals, in which one price of five cannot be shown."""

    net = True

    def gross(self, price):
        return TaxRate(2300).gross_of(Money.parse(price, "PLN"))

    def edit(self, remote_id, price):
        self.shop.set_price(f"S{remote_id}", TaxRate(2300).net_of(price).text)


class PrestaLab(HttpLab):
    stocked = False
    currency, unknown_id, secrets = "PLN", "999999", (KEY,)
    cannot: ClassVar = {Trouble.OTHER_CURRENCY: "no answer about a product names a currency"}

    def __init__(self):
        self.shop = PrestaShopServer([], key=KEY)
        self.shop.currency = "PLN"
        super().__init__(httpx.ASGITransport(self.shop.app), lambda request: int(request.method == "PUT"))

    def answer(self, kind):
        if kind is not Trouble.NO_ACCESS:
            return super().answer(kind)
        root = ET.fromstring("<prestashop><errors><error><message>Invalid key</message></error></errors></prestashop>")
        return httpx.Response(401, content=ET.tostring(root))

    def connect(self, stopped):
        settings = PrestaShopSettings(
            type="prestashop", url="http://presta.test", key=Secret(env="LAB_KEY"), rate=100_000, stock=self.stocked
        )
        return PrestaShop("presta", settings, currency="PLN", transport=self.transport, stopped=stopped)

    def fill(self, count):
        items = [PrestaItem(n, f"S{n}", f"Item {n}", "81.300813") for n in range(1, count + 1)]
        self.shop.products |= {item.id: item for item in items}
        return [(str(item.id), item.reference) for item in items]

    def shown(self, remote_id):
        known = int(remote_id) in self.shop.products
        return Money.parse(Decimal(self.shop.shown(f"S{remote_id}")), "PLN") if known else None

    def edit(self, remote_id, price):
        self.shop.set_price(f"S{remote_id}", price.text)

    def refuse(self, remote_id):
        """Somebody's reduction makes another price sell."""
        self.shop.specials.append(SpecificPrice(1, int(remote_id), "0.100000"))


class PrestaStockLab(PrestaLab):
    """A shop whose stock is the catalogue's."""

    stocked = True

    def pieces(self, remote_id):
        item = self.shop.products.get(int(remote_id))
        return item.stock if item else None

    def count(self, remote_id, pieces):
        self.shop.edit(f"S{remote_id}", stock=pieces)


class FeedLab:
    """A feed file, read by its own format from disk and edited by a second channel that writes the same file."""

    wait, secrets, unknown_id = 0.0, (), "NOT-THERE"

    def __init__(self, folder, kind):
        self.folder, self.products, self.version = folder, {}, 1_000
        self.settings = build(ChannelSettings, parse(f'{SECTIONS[kind]}\npath = "feed.out"\nmax_shrink = 100', "t"))
        self.currency = self.settings.currency or "PLN"
        self.cannot = NO_SERVER | {Trouble.GARBAGE_READ: "a broken feed is written anew"}

    def connect(self, stopped):
        return build_channel(
            "feed", self.settings, currency=self.currency, folder=self.folder, stop_check=stopped,
            assortment=lambda: Assortment(self.products),
        )  # fmt: skip

    def fill(self, count):
        self.products = {f"S{n}": self.product(f"S{n}") for n in range(count)}
        return [(sku, sku) for sku in self.products]

    def product(self, sku, **more):
        values = {"name": f"Item {sku}", "stock": 3, "brand": "Acme", "gtin": "5907170000011", "mpn": sku}
        values |= {"url": f"https://shop.example/{sku}", "image_url": f"https://shop.example/{sku}.jpg"}
        values |= {"description": "Drills.", "category": "Tools"}
        return Product(sku, tax=TaxRate(2300), **{**values, **more})

    def batches(self):
        return [len(self.products)]

    def trouble(self, kind):
        raise AssertionError(kind)

    def shown(self, remote_id):
        text = self.text().get(remote_id)
        return Money.parse(text.split()[0], self.currency) if text else None

    def text(self):
        path = self.folder / "feed.out"
        return self.parsed(path, path.read_bytes()) if path.exists() else {}

    @functools.lru_cache(1)  # noqa: B019
    def parsed(self, path, _content):
        """Ids and prices as they stand there, by parsers that are not ours."""
        match self.settings.type:
            case "csv":
                with path.open(newline="", encoding="utf-8") as stream:
                    return {row["sku"]: row["price"] for row in csv.DictReader(stream)}
            case "google":
                items = ET.parse(path).iter("item")
                return {item.findtext(f"{G}id"): item.findtext(f"{G}price") for item in items}
            case _:
                return {o.get("id"): o.get("price") for o in ET.parse(path).iter("o")}

    def edit(self, remote_id, price):
        path, old = self.folder / "feed.out", self.text()[remote_id].split()[0]
        before, at, after = path.read_text("utf-8").partition(f"{remote_id}")
        path.write_text(f"{before}{at}{after.replace(old, price.text, 1)}", "utf-8")

    def refuse(self, remote_id):
        """A product that is in the catalogue no longer is one that no feed takes."""
        del self.products[remote_id]

    async def settle(self):
        return


LABS = {"woocommerce": WooLab, "woocommerce_net": NetWooLab, "prestashop": PrestaLab}


@pytest.mark.parametrize("check", CHECKS, ids=str)
@pytest.mark.parametrize("kind", LABS)
def test_our_shops_keep_every_promise(kind, check):
    """WooCommerce, gross and net, and PrestaShop."""
    check(LABS[kind]())


@pytest.mark.parametrize("check", CHECKS, ids=str)
@pytest.mark.parametrize("kind", SECTIONS)
def test_our_feeds_keep_every_promise_that_a_file_can(kind, check, tmp_path):
    """A feed is written whole; what only a server can do is skipped, in words."""
    check(FeedLab(tmp_path, kind))


@pytest.mark.parametrize("lab", [WooStockLab, PrestaStockLab])
@pytest.mark.parametrize("check", SUPPLY_CHECKS, ids=str)
def test_a_shop_keeps_the_promises_about_stock(lab, check):
    """WooCommerce and PrestaShop pass the checks of stock that is the catalogue's."""
    check(lab())
