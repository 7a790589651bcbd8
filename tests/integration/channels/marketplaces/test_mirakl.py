"""Mirakl: price imports that replace all prices of an offer, their reports, one a minute."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import httpx
import pytest
from market_fakes import FakeTime, reach
from market_fakes.mirakl import MiraklServer

from pricewatch.channels.marketplaces.mirakl import Mirakl
from pricewatch.channels.marketplaces.settings import MiraklSettings
from pricewatch.domain.decision import Announcement
from pricewatch.domain.errors import ChannelUnavailable
from pricewatch.domain.listing import PushStatus
from pricewatch.domain.money import Money
from pricewatch.located import Secret
from pricewatch.testing import CHECKS, SUPPLY_CHECKS, HttpLab


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("M_KEY", "key-1")


@pytest.fixture
def market():
    return MiraklServer(FakeTime())


@pytest.fixture
def channel(market):
    return connect(market, market.server)


def connect(market, transport, address="https://market.test", **more):
    stopped = {"stopped": more.pop("stopped")} if "stopped" in more else {}
    settings = MiraklSettings(type="mirakl", url=address, key=Secret(env="M_KEY"), **{"rate": 100_000, **more})
    return Mirakl("empik", settings, reach(transport, market.time, **stopped))


class MiraklLab(HttpLab):
    currency, unknown_id, secrets = "PLN", "S999999", ("key-1",)

    masters: ClassVar = {}

    def __init__(self):
        self.market = MiraklServer(FakeTime())
        super().__init__(self.market.server, self.prices_in)

    @staticmethod
    def prices_in(request):
        return request.content.count(b'"\n') - 1 if request.method == "POST" else 0

    def connect(self, stopped):
        return connect(self.market, self.transport, stopped=stopped, batch=500, **self.masters)

    def fill(self, count):
        ids = [(f"S{n}", f"S{n}") for n in range(1_000, 1_000 + count)]
        for sku, _ in ids:
            self.market.add(sku)
        return ids

    def shown(self, remote_id):
        offer = self.market.offers.get(remote_id)
        return Money.parse(offer.discount or offer.price, "PLN") if offer else None

    def edit(self, remote_id, price):
        self.market.offers[remote_id].price = f"{price.amount:.2f}"

    def refuse(self, remote_id):
        self.market.refuses.add(remote_id)

    async def settle(self):
        await self.market.time.sleep(120)
        self.market.catch_up()


class MiraklStockLab(MiraklLab):
    """The same, where the catalogue is the master of the stock."""

    masters: ClassVar = {"stock": True}

    def pieces(self, remote_id):
        known = self.market.offers.get(remote_id)
        return known.quantity if known else None

    def count(self, remote_id, pieces):
        self.market.offers[remote_id].quantity = pieces


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_keeps_every_promise(check):
    """What every channel must do."""
    check(MiraklLab())


@pytest.mark.parametrize("check", SUPPLY_CHECKS, ids=str)
def test_keeps_every_promise_about_stock(check):
    """What every channel must do whose stock is the catalogue's."""
    check(MiraklStockLab())


def test_each_price_has_the_fate_that_the_error_report_tells(channel, market, run, desired):
    """A line with an error is refused in the marketplace's words, the others are accepted."""
    for n in range(3):
        market.add(f"S{n}")
    market.refuses.add("S1")
    results = run(channel, lambda c: c.push([desired("empik", f"S{n}", "9.99") for n in range(3)]))
    assert [r.status.value for r in results] == ["accepted", "refused", "accepted"]
    assert "locked by the operator" in results[1].message


def test_an_offer_with_prices_by_channel_is_refused_before_it_loses_them(channel, market, run, desired):
    """A price import deletes all prices that are not in it."""
    market.add("S1", channels={"FR": "90.00"})
    market.add("S2")
    results = run(channel, lambda c: c.push([desired("empik", "S1", "9.99"), desired("empik", "S2", "9.99")]))
    assert {r.remote_id: r.status.value for r in results} == {"S1": "refused", "S2": "accepted"}
    assert market.offers["S1"].channels == {"FR": "90.00"}


def test_a_discount_is_seen_and_ended_by_our_price(channel, market, run, desired):
    """While it runs the buyer pays it; the import leaves one price, ours."""
    market.add("S1", discount="80.00")

    async def job(c):
        before = (await c.read(["S1"]))[0]
        await c.push([desired("empik", "S1", "95.00")])
        return before, (await c.read(["S1"]))[0]

    before, after = run(channel, job)
    assert (str(before.price), str(before.payable)) == ("100.00 PLN", "80.00 PLN")
    assert (str(after.price), after.sale_price) == ("95.00 PLN", None)


def test_an_announced_reduction_is_a_discount_on_its_prior_price(channel, market, run, desired):
    """While it runs the prior price is struck; the next plain price ends it."""
    market.add("S1")
    told = Announcement(Money.parse("120.00", "PLN"), market.time.at, None)

    async def job(c):
        await c.push([desired("empik", "S1", "95.00", announcement=told)])
        during = (await c.read(["S1"]))[0]
        await c.push([desired("empik", "S1", "99.00", version=2)])
        return during, (await c.read(["S1"]))[0]

    during, after = run(channel, job)
    assert (str(during.price), str(during.sale_price), during.upcoming) == ("120.00 PLN", "95.00 PLN", None)
    assert (str(after.price), after.sale_price) == ("99.00 PLN", None)
    assert channel.capabilities.announces


def test_pieces_follow_their_prices_by_an_import_of_their_own(market, run, desired):
    """They are read back with the price; what is wrong with them is told beside a price that was taken."""
    for n in range(4):
        market.add(f"S{n}")
    market.refuses.add("S2")
    market.wrong_stock.add("S1")
    stock = [7, 5, 3, None]
    wishes = [desired("empik", f"S{n}", "9.99", stock=pieces) for n, pieces in enumerate(stock)]

    async def job(c):
        return await c.push(wishes), await c.read([w.remote_id for w in wishes])

    results, listings = run(connect(market, market.server, stock=True), job)
    assert [r.status.value for r in results] == ["accepted", "accepted", "refused", "accepted"]
    assert "kept by warehouse" in results[1].message
    assert [r.message for r in (results[0], results[3])] == ["", ""]
    assert [listing.stock for listing in listings] == [7, 1, 1, 1]
    assert {
        window.breaches for window in (market.imported, market.reported, market.stocked, market.stock_reported)
    } == {0}


def test_stock_that_is_not_taken_leaves_the_price_taken(market, run, desired):
    """A refused file of stock is no reason to send the price again."""
    market.add("S1")
    handle = market.server.handle

    def without_stock(request):
        return httpx.Response(403, json={"message": "Forbidden"}) if "stock" in request.url.path else handle(request)

    market.server.handle = without_stock
    wish = desired("empik", "S1", "9.99", stock=4)
    (result,) = run(connect(market, market.server, stock=True), lambda c: c.push([wish]))
    assert result.status is PushStatus.ACCEPTED
    assert "its stock was not taken" in result.message


def test_an_import_that_takes_too_long_is_unknown(market, run, desired):
    """After the time that a send waits nobody knows."""
    market.work = 7_200
    market.add("S1")
    results = run(connect(market, market.server, report_wait=120), lambda c: c.push([desired("empik", "S1", "9.99")]))
    assert results[0].status is PushStatus.UNKNOWN
    assert "not reported" in results[0].message


def test_an_import_that_failed_as_a_whole_is_unknown(channel, market, run, desired):
    """A failure without lines says nothing of the prices in it."""
    market.fail = True
    market.add("S1")
    results = run(channel, lambda c: c.push([desired("empik", "S1", "9.99")]))
    assert results[0].status is PushStatus.UNKNOWN
    assert "failed" in results[0].message


def test_skus_with_separators_and_quotes_arrive_whole(channel, market, run, desired):
    """The file is quoted."""
    market.add('A;"1"')
    assert run(channel, lambda c: c.push([desired("empik", 'A;"1"', "9.99")]))[0].status is PushStatus.ACCEPTED
    assert market.offers['A;"1"'].price == "9.99"


@pytest.mark.slow
def test_a_day_with_ten_thousand_products_breaches_no_limit(market, run, desired):
    """Imports of 2,000 prices, two runs: never two imports or two reports within a minute."""
    for n in range(10_000):
        market.add(f"S{n}")

    async def day(c):
        async for _ in c.listings():
            pass
        for hour in range(2):
            results = await c.push([desired("empik", f"S{n}", f"{hour + 10}.99") for n in range(10_000)])
            assert {r.status for r in results} == {PushStatus.ACCEPTED}
            market.time.at += timedelta(hours=10)

    run(connect(market, market.server, batch=2_000), day)
    assert (market.imported.breaches, market.reported.breaches, sum(market.writes)) == (0, 0, 20_000)


def test_a_wrong_key_is_told(market, run):
    """The channel is unavailable in the marketplace's words."""
    market.key = "another"
    with pytest.raises(ChannelUnavailable, match=r"401.*Unauthorized"):
        run(connect(market, market.server), lambda c: c.read(["S1"]))


@pytest.mark.parametrize("body", [b"", b"[]", b'{"offers": []}', b'{"offers": {}, "total_count": 0}'])
def test_a_list_that_is_none_is_never_believed(body, market, run):
    """No empty shop is concluded from it."""
    market.server.handle = lambda _request: httpx.Response(200, content=body)
    with pytest.raises(ChannelUnavailable, match="answered offers"):
        run(connect(market, market.server), lambda c: c.read(["S1"]))


def test_over_real_http(market, run, served, desired):
    """The same over a socket."""
    market.add("S1")
    channel = connect(market, None, served(market.server))
    assert run(channel, lambda c: c.push([desired("empik", "S1", "9.99")]))[0].status is PushStatus.ACCEPTED
