"""The eBay source against a strict stand-in, written from eBay's documentation of the Browse API."""

from __future__ import annotations

import base64
import json
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote

import pytest
from aiohttp import web

from pricewatch.domain.errors import SetAside
from pricewatch.domain.money import TaxRate
from pricewatch.domain.offer import Availability, Condition, Verdict
from pricewatch.domain.product import Assortment, Product
from pricewatch.ports import Target
from pricewatch.scraping.crawl import SiteCrawler
from pricewatch.scraping.settings import ScrapingSettings

pytestmark = pytest.mark.anyio

GTIN = "5901234123457"
DRILL = Product("D1", "Drill X1", TaxRate(2300), gtin=GTIN)
SAW = Product("S1", "Saw", TaxRate(2300), brand="Makita", mpn="HS7601")
NAMELESS = Product("N1", "Something", TaxRate(2300))


def item(number: int, price: str = "100.00", **keys) -> dict:
    usual = {
        "itemId": f"v1|{number}|0",
        "title": f"Drill X1 no {number}",
        "price": {"value": price, "currency": "PLN"},
        "buyingOptions": ["FIXED_PRICE"],
        "conditionId": "1000",
        "condition": "New",
        "seller": {"username": f"seller{number}", "feedbackPercentage": "99.5", "feedbackScore": 1200},
        "shippingOptions": [
            {"shippingCostType": "CALCULATED"},
            {"shippingCostType": "FIXED", "shippingCost": {"value": "14.99", "currency": "PLN"}},
            {"shippingCostType": "FIXED", "shippingCost": {"value": "9.99", "currency": "PLN"}},
        ],
        "itemWebUrl": f"https://www.ebay.pl/itm/{number}?hash=item1&_skw=x",
    }
    return {**usual, **keys}


@dataclass
class Ebay:
    """Knows one key set; answers as eBay does, and refuses what eBay refuses."""

    items: list[dict] = field(default_factory=list)
    details: dict[str, dict] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    tokens: int = 0
    valid: str = ""
    answer: web.Response | None = None
    endpoint: str = ""

    def error(self, status: int, number: int, message: str) -> web.Response:
        body = {"errors": [{"errorId": number, "domain": "API_BROWSE", "category": "REQUEST", "message": message}]}
        return web.json_response(body, status=status)

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        pair = "Basic " + base64.b64encode(b"app:cert").decode()
        if request.headers.get("Authorization") != pair:
            body = {"error": "invalid_client", "error_description": "client authentication failed"}
            return web.json_response(body, status=401)
        if dict(form) != {"grant_type": "client_credentials", "scope": "https://api.ebay.com/oauth/api_scope"}:
            return web.json_response({"error": "invalid_request"}, status=400)
        self.tokens += 1
        self.valid = f"t{self.tokens}"
        body = {"access_token": self.valid, "expires_in": 7200, "token_type": "Application Access Token"}
        return web.json_response(body)

    def refused(self, request: web.Request) -> web.Response | None:
        self.asked.append((request.path, dict(request.query)))
        if request.headers.get("Authorization") != f"Bearer {self.valid}" or not self.valid:
            return self.error(401, 1001, "Invalid access token")
        if request.headers.get("X-EBAY-C-MARKETPLACE-ID") != "EBAY_PL":
            return self.error(400, 12019, "The marketplace is not supported")
        place = unquote(request.headers.get("X-EBAY-C-ENDUSERCTX", "").removeprefix("contextualLocation="))
        return None if place == "country=PL,zip=00-001" else self.error(400, 12027, "no location")

    async def search(self, request: web.Request) -> web.Response:
        if refused := self.refused(request):
            return refused
        query = request.query
        limit, offset = int(query["limit"]), int(query["offset"])
        if not 1 <= limit <= 200 or offset % limit or not (query.get("gtin") or query.get("q")):
            return self.error(400, 12006, "limit, offset or keywords are not as they must be")
        if self.answer is not None:
            return web.Response(status=self.answer.status, body=self.answer.body, headers=self.answer.headers)
        options = query["filter"].partition("buyingOptions:{")[2].partition("}")[0].split("|")
        fit = [each for each in self.items if set(options) & set(each["buyingOptions"])]
        body = {"href": str(request.url), "total": len(fit), "limit": limit, "offset": offset}
        if page := fit[offset : offset + limit]:
            body["itemSummaries"] = page
        return web.json_response(body)

    async def one(self, request: web.Request) -> web.Response:
        if refused := self.refused(request):
            return refused
        number = request.query.get("legacy_item_id") or request.match_info.get("item", "")
        found = self.details.get(number)
        return web.json_response(found) if found else self.error(404, 11001, "The specified item Id was not found.")


@asynccontextmanager
async def ebay(*items: dict):
    fake, app = Ebay(list(items)), web.Application()
    app.router.add_post("/identity/v1/oauth2/token", fake.token)
    app.router.add_get("/buy/browse/v1/item_summary/search", fake.search)
    app.router.add_get("/buy/browse/v1/item/get_item_by_legacy_id", fake.one)
    app.router.add_get("/buy/browse/v1/item/{item}", fake.one)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    place = web.TCPSite(runner, "127.0.0.1", 0)
    await place.start()
    fake.endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield fake
    finally:
        await runner.cleanup()


@pytest.fixture(autouse=True)
def secrets(monkeypatch):
    monkeypatch.setenv("EBAY_ID", "app")
    monkeypatch.setenv("EBAY_SECRET", "cert")


def crawler(lab, fake, *products, targets=(), **keys) -> SiteCrawler:
    source = {
        "type": "ebay", "client_id": {"env": "EBAY_ID"}, "client_secret": {"env": "EBAY_SECRET"},
        "endpoint": fake.endpoint, "deliver_to": "PL:00-001", **keys,
    }  # fmt: skip
    crawl = {"targets": list(targets)}
    site = lab.site("ebay", kind="auction", domains=["127.0.0.1", "ebay.pl"], source=source, crawl=crawl)
    assortment = Assortment({product.sku: product for product in products or (DRILL,)})
    return SiteCrawler(
        {"ebay": site},
        ScrapingSettings(),
        lab.Now(),
        fetcher=lab.fetcher(site),
        assortment=lambda: assortment,
    )


async def read(crawler):
    targets = [found for found in await crawler.discover("ebay") if isinstance(found, Target)]
    return [sighting async for sighting in crawler.crawl("ebay", targets)]


async def test_products_are_asked_for_by_gtin_else_by_brand_and_part_number(lab):
    """One target a product; what cannot be asked for is counted once."""
    async with ebay() as fake:
        found = await crawler(lab, fake, DRILL, SAW, NAMELESS).discover("ebay")
    urls = [each.url.partition("?")[2] for each in found if isinstance(each, Target)]
    assert urls == [f"gtin={GTIN}", "q=Makita+HS7601"]
    assert [each.reason[:12] for each in found if isinstance(each, SetAside)] == ["1 of 3 produ"]


async def test_a_fixed_price_becomes_an_observation_with_its_evidence(lab):
    """Price, cheapest known shipping, seller with feedback, condition, and the answer kept under its hash."""
    async with ebay(item(111111)) as fake:
        (sighting,) = await read(crawler(lab, fake))
    (seen,) = sighting.observations
    offer = seen.offer
    assert (str(offer.price), str(offer.shipping), str(offer.landed)) == ("100.00 PLN", "9.99 PLN", "109.99 PLN")
    assert (offer.seller, offer.seller_rating, offer.condition) == ("seller111111", 9_950, Condition.NEW)
    assert (offer.item.gtin, offer.availability) == (GTIN, Availability.IN_STOCK)
    assert offer.item.key.item == offer.url == "https://www.ebay.pl/itm/111111"
    assert sighting.verdict is Verdict.PRODUCT
    assert (
        json.loads(*[page.body for page in sighting.pages if page.page_hash == seen.evidence.page_hash])["total"] == 1
    )


async def test_a_running_bid_is_never_a_price(lab):
    """An auction has a bid and an end; with Buy It Now its fixed price counts."""
    bid = {"currentBidPrice": {"value": "12.50", "currency": "PLN"}, "bidCount": 3}
    end = {"itemEndDate": "2030-01-02T10:00:00.000Z"}
    auction = item(1, "12.50", buyingOptions=["AUCTION"], **bid, **end)
    both = item(2, "90.00", buyingOptions=["AUCTION", "FIXED_PRICE"], **bid, **end)
    async with ebay(auction, both) as fake:
        (sighting,) = await read(crawler(lab, fake, auctions=True))
    first, second = (seen.offer for seen in sighting.observations)
    assert (first.price, str(first.bid), first.bids, first.ends_at.year) == (None, "12.50 PLN", 3, 2030)
    assert (str(second.price), str(second.bid)) == ("90.00 PLN", "12.50 PLN")


async def test_all_pages_of_a_search_are_read(lab):
    """Three pages of two hundred; fewer offers than the total mean that nothing is gone by it."""
    async with ebay(*(item(n) for n in range(1_000, 1_450))) as fake:
        (whole,) = await read(crawler(lab, fake, max_offers=1_000))
        assert [query["offset"] for path, query in fake.asked if "search" in path] == ["0", "200", "400"]
        (cut,) = await read(crawler(lab, fake, max_offers=200))
    assert (len(whole.observations), whole.verdict) == (450, Verdict.PRODUCT)
    assert (len(cut.observations), cut.verdict, cut.set_aside) == (200, Verdict.LISTING, None)


async def test_an_expired_token_is_renewed_once(lab):
    """When eBay forgets a token the request is sent again with a new one."""
    async with ebay(item(5)) as fake:
        site = crawler(lab, fake)
        await read(site)
        fake.valid = "another"
        (sighting,) = await read(site)
    assert len(sighting.observations) == 1
    assert fake.tokens == 2


async def test_wrong_keys_say_what_to_check(lab, monkeypatch):
    """The target is set aside with eBay's own words, and asked again later."""
    monkeypatch.setenv("EBAY_SECRET", "wrong")
    async with ebay(item(5)) as fake:
        (sighting,) = await read(crawler(lab, fake))
    assert "client authentication failed" in sighting.set_aside.reason
    assert "client_secret" in sighting.set_aside.hint
    assert sighting.target.due_at


async def test_a_missing_secret_is_told_once(lab, monkeypatch):
    """An unset variable is no crash: the first target names it, the rest stays due."""
    monkeypatch.delenv("EBAY_SECRET")
    async with ebay() as fake:
        sightings = await read(crawler(lab, fake, DRILL, SAW))
    assert len(sightings) == 2
    assert "EBAY_SECRET" in sightings[0].set_aside.reason


async def test_at_the_limit_of_requests_the_rest_stays_due(lab):
    """After 429 nothing more is asked."""
    async with ebay() as fake:
        fake.answer = web.Response(status=429, headers={"Retry-After": "3600"})
        sightings = await read(crawler(lab, fake, DRILL, SAW))
        searches = [path for path, _ in fake.asked if "search" in path]
    assert len(searches) == 1
    assert "limit" in sightings[0].set_aside.reason
    assert sightings[0].target.due_at.timestamp() > time.time() + 3_000


TRUNCATED = json.dumps({"total": 1, "itemSummaries": [item(1)]})[:-20]


@pytest.mark.parametrize(
    "body",
    [
        TRUNCATED, "", "[]", '{"total": 1, "itemSummaries": "all"}', '{"itemSummaries": []}', "<html>", "[" * 50_000,
        json.dumps({"total": 1, "itemSummaries": [item(1)], "warnings": [{"errorId": 12002, "message": "filter"}]}),
    ],
)  # fmt: skip
async def test_answers_that_are_not_as_published_are_refused(lab, body):
    """Cut off, of another shape, or with a warning that a filter was ignored: no offer is taken, none is gone."""
    async with ebay() as fake:
        fake.answer = web.Response(body=body.encode(), content_type="application/json")
        (sighting,) = await read(crawler(lab, fake))
    assert not sighting.observations
    assert sighting.set_aside
    assert sighting.verdict not in (Verdict.PRODUCT, Verdict.LISTING, Verdict.GONE)


async def test_a_bad_item_costs_itself_only(lab):
    """No number, no price, unknown condition, parts only, one of several variants: counted or held back."""
    odd = [
        item(1, itemId="what"), item(2, price={"value": "free", "currency": "PLN"}, buyingOptions=["FIXED_PRICE"]),
        item(3, conditionId="7000"), item(4, conditionId="1234"), item(5, itemGroupType="SELLER_DEFINED_VARIATIONS"),
        item(6, buyingOptions=["CLASSIFIED_AD", "FIXED_PRICE"]),
    ]  # fmt: skip
    async with ebay(*odd) as fake:
        (sighting,) = await read(crawler(lab, fake))
    told = {seen.offer.url.rpartition("/")[2]: seen.quarantine for seen in sighting.observations}
    assert told["6"] == ""
    assert "1234" in told["4"]
    assert "variant" in told["5"]
    assert sighting.verdict is Verdict.LISTING
    assert "parts" in sighting.set_aside.reason


async def test_details_bring_stock_and_numbers(lab):
    """With `details` each item is asked for once more, under its escaped number."""
    async with ebay(item(7)) as fake:
        stock = [{"estimatedAvailabilityStatus": "OUT_OF_STOCK", "estimatedAvailableQuantity": 0}]
        fake.details["v1|7|0"] = {
            **item(7),
            "gtin": GTIN,
            "brand": "Makita",
            "mpn": "X",
            "estimatedAvailabilities": stock,
        }
        (sighting,) = await read(crawler(lab, fake, details=True))
    offer = sighting.observations[0].offer
    assert (offer.availability, offer.pieces, offer.item.mpn) == (Availability.OUT_OF_STOCK, 0, "X")


async def test_a_listing_is_read_by_its_page_and_gone_when_ebay_does_not_know_it(lab):
    """Addresses of listings may stand in crawl.targets."""
    async with ebay() as fake:
        fake.details["222222"] = item(222222)
        urls = ["https://www.ebay.pl/itm/222222?x=1", "https://www.ebay.pl/itm/333333"]
        site = crawler(lab, fake, NAMELESS, targets=urls)
        one, gone = await read(site)
    assert str(one.observations[0].offer.price) == "100.00 PLN"
    assert gone.verdict is Verdict.GONE


async def test_what_the_catalogue_no_longer_has_is_not_asked_for(lab):
    """The offers of its search are gone for us, without a request."""
    async with ebay(item(1)) as fake:
        old = Target("ebay", f"{fake.endpoint}/buy/browse/v1/item_summary/search?gtin=4006381333931")
        (sighting,) = [each async for each in crawler(lab, fake).crawl("ebay", [old])]
    assert (sighting.verdict, fake.asked) == (Verdict.GONE, [])


async def test_a_search_names_the_listings(lab):
    """Discovery can ask for a product: listings with their titles, best first."""
    async with ebay(item(1), item(2)) as fake:
        source = crawler(lab, fake).source("ebay")
        leads = await source.search(source.search_address(DRILL))
    assert [(lead.url[-1], lead.title) for lead in leads] == [("1", "Drill X1 no 1"), ("2", "Drill X1 no 2")]
