"""eBay: a status for each offer, revisions a day counted beyond the process, the official specification."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import httpx
import pytest
from market_fakes import FakeTime, answer, reach
from market_fakes.ebay import EbayServer
from market_fakes.specification import Specification

from pricewatch.channels.budgets import MemoryUsage
from pricewatch.channels.marketplaces.ebay import Ebay
from pricewatch.channels.marketplaces.settings import EbaySettings
from pricewatch.domain.errors import ChannelUnavailable, ChannelUnknown
from pricewatch.domain.listing import PushStatus
from pricewatch.domain.money import Money
from pricewatch.located import Secret
from pricewatch.store import DatabaseSettings, open_store
from pricewatch.testing import CHECKS, SUPPLY_CHECKS, HttpLab


@pytest.fixture(autouse=True)
def _keys(monkeypatch):
    monkeypatch.setenv("E_ID", "client-1")
    monkeypatch.setenv("E_SECRET", "secret-1")
    monkeypatch.setenv("E_REFRESH", "refresh-1")


@pytest.fixture
def market():
    return EbayServer(FakeTime())


@pytest.fixture
def euros(desired):
    """What an offer shall show, in euros."""

    def make(remote_id, price, **more):
        wish = desired("ebay", remote_id, "1.00", **{"floor": Money.parse("1.00", "EUR"), **more})
        return replace(wish, price=Money.parse(price, "EUR"))

    return make


def connect(market, transport=None, address="https://api.ebay.test", **more):
    known = {"stopped", "usage"}
    settings = EbaySettings(
        type="ebay", url=f"{address}/sell/inventory/v1", token_url=f"{address}/identity/v1/oauth2/token",
        client_id=Secret(env="E_ID"), client_secret=Secret(env="E_SECRET"), refresh_token=Secret(env="E_REFRESH"),
        **{"rate": 6_000, **{k: v for k, v in more.items() if k not in known}},
    )  # fmt: skip
    outside = {k: v for k, v in more.items() if k in known}
    return Ebay("ebay", settings, reach(transport, market.time, currency="EUR", **outside))


class EbayLab(HttpLab):
    currency, unknown_id, secrets = "EUR", "999999", ("secret-1", "refresh-1", "token-1")

    masters: ClassVar = {}

    def __init__(self):
        self.market = EbayServer(FakeTime())
        super().__init__(self.market.server, self.prices_in)

    @staticmethod
    def prices_in(request):
        return len(json.loads(request.content)["requests"]) if "bulk_update" in request.url.path else 0

    def connect(self, stopped):
        return connect(self.market, self.transport, stopped=stopped, **self.masters)

    def fill(self, count):
        ids = [(str(n), f"S{n}") for n in range(1_000, 1_000 + count)]
        for number, sku in ids:
            self.market.add(number, sku)
        return ids

    def shown(self, remote_id):
        offer = self.market.offers.get(remote_id)
        return Money.parse(offer.price, "EUR") if offer else None

    def edit(self, remote_id, price):
        self.market.offers[remote_id].price = f"{price.amount:.2f}"

    def refuse(self, remote_id):
        self.market.refuses.add(remote_id)


class EbayStockLab(EbayLab):
    """The same, where the catalogue is the master of the stock."""

    masters: ClassVar = {"stock": True}

    def pieces(self, remote_id):
        known = self.market.offers.get(remote_id)
        return known.stock if known else None

    def count(self, remote_id, pieces):
        self.market.offers[remote_id].stock = pieces


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_keeps_every_promise(check):
    """What every channel must do."""
    check(EbayLab())


@pytest.mark.parametrize("check", SUPPLY_CHECKS, ids=str)
def test_keeps_every_promise_about_stock(check):
    """What every channel must do whose stock is the catalogue's."""
    check(EbayStockLab())


def test_each_offer_has_its_own_status(market, run, euros):
    """A 207 with a refusal and a failure inside: one refused in eBay's words, one unknown, one accepted."""
    for n in range(3):
        market.add(str(n), f"S{n}")
    market.refuses.add("1")
    market.fails.add("2")
    channel = connect(market, market.server)
    results = run(channel, lambda c: c.push([euros(str(n), "9.99") for n in range(3)]))
    assert [r.status.value for r in results] == ["accepted", "refused", "unknown"]
    assert "not allowed" in results[1].message


def test_25_offers_go_in_one_request(market, run, euros):
    """60 offers take three requests."""
    for n in range(60):
        market.add(str(n), f"S{n}")
    run(connect(market, market.server), lambda c: c.push([euros(str(n), "9.99") for n in range(60)]))
    assert market.writes == [25, 25, 10]


def test_only_offers_of_this_site_are_listings(market, run, all_of):
    """An offer on another site is none of this channel's, and an item without offers is no mistake."""
    market.add("1", "S1")
    market.add("2", "S2", site="EBAY_GB", currency="GBP")
    found = run(connect(market, market.server), lambda c: all_of(c.listings()))
    assert [(li.remote_id, li.sku, li.payable) for li in found] == [("1", "S1", Money.parse("100.00", "EUR"))]


# --- revisions -------------------------------------------------------------------------------------------------


def test_a_listing_is_not_revised_more_often_than_ebay_takes(market, run, euros):
    """The 241st change within a day is refused before it is sent; the next day it is taken."""
    market.add("1", "S1")
    market.add("2", "S2")

    async def job(c):
        await c.read(["1", "2"])
        for n in range(240):
            await c.push([euros("1", f"{n + 10}.00")])
        late = await c.push([euros("1", "5.00"), euros("2", "5.00")])
        market.time.at += timedelta(hours=25)
        return late, await c.push([euros("1", "5.00")])

    late, tomorrow = run(connect(market, market.server), job)
    assert {r.remote_id: r.status.value for r in late} == {"1": "refused", "2": "accepted"}
    assert "within a day" in next(r.message for r in late if r.remote_id == "1")
    assert tomorrow[0].status is PushStatus.ACCEPTED


def test_variations_of_one_listing_share_its_revisions(market, run, euros):
    """Two offers of the same listing use up its day together."""
    market.add("1", "S1", listing="77")
    market.add("2", "S2", listing="77")

    async def job(c):
        await c.read(["1", "2"])
        for n in range(5):
            await c.push([euros("1", f"{n + 10}.00")])
        return await c.push([euros("2", "5.00")])

    results = run(connect(market, market.server, revisions=5), job)
    assert results[0].status is PushStatus.REFUSED


def test_revisions_are_counted_beyond_the_process(market, run, euros, tmp_path):
    """Another process, or the same one after a restart, goes on counting where the last one was."""
    store = open_store(DatabaseSettings(), folder=tmp_path)
    store.upgrade()
    market.add("1", "S1")
    for n in range(3):
        run(
            connect(market, market.server, usage=store.usage, revisions=3),
            lambda c, n=n: c.push([euros("1", f"{n + 10}.00")]),
        )
    again = run(connect(market, market.server, usage=store.usage, revisions=3), lambda c: c.push([euros("1", "5.00")]))
    assert again[0].status is PushStatus.REFUSED
    assert market.offers["1"].price == "12.00"
    store.close()


@pytest.mark.slow
def test_a_day_with_ten_thousand_products_breaches_no_limit(market, run, euros):
    """Two runs over 10,000 offers, and one offer that changes every minute: no listing is revised 251 times."""
    for n in range(10_000):
        market.add(str(n), f"S{n}")
    usage = MemoryUsage()

    async def day(c):
        for hour in range(0, 24, 12):
            await c.push([euros(str(n), f"{hour + 10}.99") for n in range(10_000)])
            for minute in range(150):
                market.time.at += timedelta(minutes=1)
                await c.push([euros("0", f"{hour + 10}.{minute % 100:02}")])
            market.time.at += timedelta(hours=9)

    run(connect(market, market.server, usage=usage), day)
    assert market.breaches == 0


# --- credentials and answers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("broken", "words"), [("refresh", "invalid_grant"), ("secret", "invalid_client")])
def test_says_which_credential_is_wrong(broken, words, market, run):
    """An expired refresh token and a wrong client secret are told apart."""
    setattr(market.auth, broken, "another")
    with pytest.raises(ChannelUnavailable, match=words):
        run(connect(market, market.server), lambda c: c.read(["1"]))


@pytest.mark.parametrize("body", [b"", b"[]", b'{"offerId": "2"}', b'{"errors": []}'])
def test_an_offer_that_is_another_is_never_believed(body, market, run):
    """An answer to one offer that is not about it makes the channel unavailable."""
    given = market.server.handle
    market.server.handle = lambda r: given(r) if "token" in r.url.path else httpx.Response(200, content=body)
    with pytest.raises(ChannelUnavailable, match="offer 1"):
        run(connect(market, market.server), lambda c: c.read(["1"]))


def test_an_answer_without_statuses_is_unknown(market, run, euros):
    """A 200 that does not say what became of each offer proves nothing."""
    given = market.server.handle
    market.server.handle = lambda r: answer(200, {}) if "bulk" in r.url.path else given(r)
    with pytest.raises(ChannelUnknown):
        run(connect(market, market.server), lambda c: c.push([euros("1", "9.99")]))


def test_a_page_that_comes_again_and_again_ends_the_reading(market, run, all_of):
    """An address of the next page that leads nowhere is told, and not followed for ever."""
    again = {"inventoryItems": [], "next": "/sell/inventory/v1/inventory_item?limit=100&offset=1"}
    given = market.server.handle
    market.server.handle = lambda r: answer(200, again) if r.url.path.endswith("inventory_item") else given(r)
    with pytest.raises(ChannelUnavailable, match="a page of inventory items again"):
        run(connect(market, market.server), lambda c: all_of(c.listings()))


def test_an_offer_that_is_not_published_is_refused_before_anything_is_sent(market, run, euros):
    """EBay changes prices of published offers only."""
    market.add("1", "S1", status="UNPUBLISHED")
    market.add("2", "S2")

    async def job(c):
        await c.read(["1", "2"])
        return await c.push([euros("1", "9.99"), euros("2", "9.99")])

    results = {r.remote_id: r for r in run(connect(market, market.server), job)}
    assert (results["1"].status, results["2"].status) == (PushStatus.REFUSED, PushStatus.ACCEPTED)
    assert ("not published" in results["1"].message, market.writes) == (True, [1])


def test_a_struck_original_price_of_the_seller_is_seen(market, run):
    """The original retail price that eBay strikes is the regular one, and what a buyer pays the sale price."""
    market.add("1", "S1", price="80.00", struck="99.00")
    (listing,) = run(connect(market, market.server), lambda c: c.read(["1"]))
    assert (listing.price, listing.sale_price) == (Money.parse("99.00", "EUR"), Money.parse("80.00", "EUR"))


def test_the_stock_travels_with_the_price_where_it_is_asked_for(market, run, euros):
    """Pieces go along with the price of the offer; an unknown number changes no stock."""
    market.add("1", "S1")
    market.add("2", "S2")
    wishes = [euros("1", "9.99", stock=0), euros("2", "9.99")]
    run(connect(market, market.server, stock=True), lambda c: c.push(wishes))
    assert [offer.stock for offer in market.offers.values()] == [0, 1]
    found = run(connect(market, market.server), lambda c: c.read(["1", "2"]))
    assert [listing.stock for listing in found] == [0, 1]


def test_everything_that_is_said_is_as_specified(market, run, all_of, euros):
    """Every request, and every answer of the fake, is valid under eBay's OpenAPI document."""
    specification = Specification("ebay_inventory.yaml", base="/sell/inventory/v1")
    market.server.checks.append(specification)
    for n in range(120):
        market.add(str(n), f"S{n}")

    async def job(c):
        await all_of(c.listings())
        await c.push([euros(str(n), f"{n + 1}.99", stock=n) for n in range(30)])
        return await c.read(["0", "1", "999"])

    assert len(run(connect(market, market.server, stock=True), job)) == 2
    assert {path for _, path in specification.seen} == {
        "/inventory_item", "/offer", "/offer/{offerId}", "/bulk_update_price_quantity",
    }  # fmt: skip


def test_over_real_http(market, run, served, euros):
    """The same over a socket."""
    market.add("1", "S1")
    channel = connect(market, None, served(market.server))
    assert run(channel, lambda c: c.push([euros("1", "9.99")]))[0].status is PushStatus.ACCEPTED
