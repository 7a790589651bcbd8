"""The Mirakl source against a strict stand-in, written from the documentation of P11 (offers of products)."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from pricewatch.domain.money import TaxRate
from pricewatch.domain.offer import Condition, PriceRole, Verdict
from pricewatch.domain.product import Assortment, Product
from pricewatch.ports import Target
from pricewatch.scraping.crawl import SiteCrawler
from pricewatch.scraping.settings import ScrapingSettings

pytestmark = pytest.mark.anyio

DRILL = Product("D1", "Drill", TaxRate(2300), gtin="5901234123457")
SAW = Product("S1", "Saw", TaxRate(2300), gtin="4006381333931")
ODD = Product("O1", "Odd", TaxRate(2300))


def offer(number: int, price: float = 100.0, **keys) -> dict:
    usual = {
        "offer_id": number, "price": price, "total_price": price + 9.99, "min_shipping_price": 9.99,
        "currency_iso_code": "PLN", "state_code": "11", "quantity": 5, "shop_id": number, "shop_name": f"Shop {number}",
        "active": True, "applicable_pricing": {"price": price, "unit_origin_price": price, "volume_prices": []},
    }  # fmt: skip
    return {**usual, **keys}


@dataclass
class Mirakl:
    """Knows one key and some products by EAN; refuses what the platform refuses."""

    offers: dict[str, list[dict]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    answer: web.Response | None = None
    endpoint: str = ""

    async def products(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        self.asked.append(query)
        if request.headers.get("Authorization") != "key-1":
            return web.json_response({"message": "Unauthorized", "status": 401}, status=401)
        references = query.get("product_references", "").split(",")
        size, offset = int(query.get("max", "10")), int(query.get("offset", "0"))
        if not 1 <= size <= 100 or len(references) > 100 or not all("|" in each for each in references):
            return web.json_response({"message": "Bad request", "status": 400}, status=400)
        if self.answer is not None:
            return web.Response(status=self.answer.status, body=self.answer.body, headers=self.answer.headers)
        asked = [each.partition("|")[2] for each in references]
        found = [self._product(ean, size, offset) for ean in asked if ean in self.offers]
        return web.json_response({"products": found, "total_count": len(found)})

    def _product(self, ean: str, size: int, offset: int) -> dict:
        every = self.offers[ean]
        return {
            "product_sku": f"M-{ean}",
            "product_title": f"Product {ean}",
            "product_brand": "Makita",
            "category_label": "Tools",
            "product_references": [{"reference": ean, "reference_type": "EAN"}],
            "offers": every[offset : offset + size],
            "total_count": len(every),
        }


@asynccontextmanager
async def mirakl(offers: dict[str, list[dict]]):
    fake, app = Mirakl(offers), web.Application()
    app.router.add_get("/api/products/offers", fake.products)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    place = web.TCPSite(runner, "127.0.0.1", 0)
    await place.start()
    fake.endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield fake
    finally:
        await runner.cleanup()


async def read(lab, fake, *products, monkeypatch, key="key-1", **keys):
    monkeypatch.setenv("MIRAKL_KEY", key)
    source = {"type": "mirakl", "endpoint": fake.endpoint, "key": {"env": "MIRAKL_KEY"}, **keys}
    site = lab.site("market", kind="marketplace", source=source)
    assortment = Assortment({product.sku: product for product in products})
    crawler = SiteCrawler(
        {"market": site}, ScrapingSettings(), lab.Now(), fetcher=lab.fetcher(site), assortment=lambda: assortment
    )
    targets = [found for found in await crawler.discover("market") if isinstance(found, Target)]
    return [sighting async for sighting in crawler.crawl("market", targets)]


async def test_competitors_offers_of_many_products_come_in_one_request(lab, monkeypatch):
    """Seller, price, shipping, stock, condition and GTIN, each product as its own sighting."""
    async with mirakl({DRILL.gtin: [offer(1), offer(2, 89.90, quantity=0)], SAW.gtin: []}) as fake:
        drill, saw = await read(lab, fake, DRILL, SAW, ODD, monkeypatch=monkeypatch)
    assert [query["product_references"] for query in fake.asked] == [f"EAN|{DRILL.gtin},EAN|{SAW.gtin}"]
    first, second = (seen.offer for seen in drill.observations)
    assert (first.seller, str(first.price), str(first.shipping), first.pieces) == (
        "Shop 1",
        "100.00 PLN",
        "9.99 PLN",
        5,
    )
    assert (first.condition, first.item.gtin, first.item.brand) == (Condition.NEW, DRILL.gtin, "Makita")
    assert (str(second.price), second.availability) == ("89.90 PLN", "out_of_stock")
    assert (saw.verdict, saw.observations, saw.set_aside) == (Verdict.PRODUCT, (), None)


async def test_all_pages_of_offers_are_read(lab, monkeypatch):
    """More than a page of sellers: every one is asked for, up to the limit."""
    async with mirakl({DRILL.gtin: [offer(n) for n in range(1, 251)]}) as fake:
        (whole,) = await read(lab, fake, DRILL, monkeypatch=monkeypatch, max_offers=300)
        (cut,) = await read(lab, fake, DRILL, monkeypatch=monkeypatch, max_offers=100)
    assert (len(whole.observations), whole.verdict) == (250, Verdict.PRODUCT)
    assert (len(cut.observations), cut.verdict) == (100, Verdict.LISTING)


async def test_a_discount_that_applies_is_a_sale(lab, monkeypatch):
    """The platform says which price applies now; the original one is what it was."""
    pricing = {"price": 79.99, "unit_origin_price": 100.0, "unit_discount_price": 79.99}
    async with mirakl({DRILL.gtin: [offer(1, applicable_pricing=pricing)]}) as fake:
        (sighting,) = await read(lab, fake, DRILL, monkeypatch=monkeypatch)
    seen = sighting.observations[0].offer
    assert (str(seen.price), str(seen.was_price), seen.role) == ("79.99 PLN", "100.00 PLN", PriceRole.SALE)


async def test_an_offer_in_an_unknown_state_is_held_back(lab, monkeypatch):
    """Used goods are not taken for new ones because nobody said what the state means."""
    async with mirakl({DRILL.gtin: [offer(1, state_code="4")]}) as fake:
        (held,) = await read(lab, fake, DRILL, monkeypatch=monkeypatch)
        (known,) = await read(lab, fake, DRILL, monkeypatch=monkeypatch, states={"4": "used"})
    assert "'4'" in held.observations[0].quarantine
    assert known.observations[0].offer.condition is Condition.USED


async def test_a_wrong_key_says_what_to_check(lab, monkeypatch):
    """The platform's own word, and where the key stands."""
    async with mirakl({}) as fake:
        (sighting,) = await read(lab, fake, DRILL, monkeypatch=monkeypatch, key="no")
    assert "Unauthorized" in sighting.set_aside.reason
    assert "source.key" in sighting.set_aside.hint


@pytest.mark.parametrize(
    "body", ["", "{}", '{"products": {}}', '{"products": [1]}', '{"products": [{"offers": 1}', "<a>"]
)
async def test_answers_that_are_not_as_published_are_refused(lab, monkeypatch, body):
    """No offer is taken from them, and none is gone by them."""
    async with mirakl({}) as fake:
        fake.answer = web.Response(body=body.encode(), content_type="application/json")
        (sighting,) = await read(lab, fake, DRILL, monkeypatch=monkeypatch)
    assert sighting.set_aside
    assert sighting.verdict not in (Verdict.PRODUCT, Verdict.LISTING, Verdict.GONE)
