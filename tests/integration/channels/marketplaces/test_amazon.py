"""Amazon: patches for few prices, feeds for many, ACCEPTED that is not applied yet, and the official specifications."""

from __future__ import annotations

import json
from typing import ClassVar

import httpx
import pytest
from market_fakes import FakeTime, answer, reach
from market_fakes.amazon import SELLER, AmazonServer
from market_fakes.specification import Specification, document

from pricewatch.channels.marketplaces.amazon import Amazon
from pricewatch.channels.marketplaces.settings import AmazonSettings
from pricewatch.domain.decision import Announcement
from pricewatch.domain.errors import ChannelUnavailable, ChannelUnknown
from pricewatch.domain.listing import PushStatus
from pricewatch.domain.money import Money
from pricewatch.located import Secret
from pricewatch.testing import CHECKS, SUPPLY_CHECKS, HttpLab


@pytest.fixture(autouse=True)
def _keys(monkeypatch):
    monkeypatch.setenv("Z_ID", "client-1")
    monkeypatch.setenv("Z_SECRET", "secret-1")
    monkeypatch.setenv("Z_REFRESH", "refresh-1")


@pytest.fixture
def market():
    return AmazonServer(FakeTime())


def connect(market, transport, address="https://api.amazon.test", **more):
    stopped = {"stopped": more.pop("stopped")} if "stopped" in more else {}
    settings = AmazonSettings(
        type="amazon", url=address, token_url=f"{address}/auth/o2/token", client_id=Secret(env="Z_ID"),
        client_secret=Secret(env="Z_SECRET"), refresh_token=Secret(env="Z_REFRESH"), seller=SELLER, **more,
    )  # fmt: skip
    return Amazon("amazon", settings, reach(transport, market.time, **stopped))


class AmazonLab(HttpLab):
    currency, unknown_id, secrets = "PLN", "S999999", ("secret-1", "refresh-1", "token-1")
    feed_from, batch = 25_000, 500

    masters: ClassVar = {}

    def __init__(self):
        self.market = AmazonServer(FakeTime())
        super().__init__(self.market.server, self.prices_in)

    @staticmethod
    def prices_in(request):
        return 1 if request.method == "PATCH" else 0

    def connect(self, stopped):
        more = {"feed_from": self.feed_from, "feed_messages": self.batch}
        return connect(self.market, self.transport, stopped=stopped, **more, **self.masters)

    def fill(self, count):
        ids = [(f"S{n}", f"S{n}") for n in range(1_000, 1_000 + count)]
        for sku, _ in ids:
            self.market.add(sku)
        return ids

    def shown(self, remote_id):
        item = self.market.items.get(remote_id)
        return Money.parse(item.price, "PLN") if item else None

    def edit(self, remote_id, price):
        self.market.items[remote_id].price = f"{price.amount:.2f}"

    def refuse(self, remote_id):
        self.market.refuses.add(remote_id)

    async def settle(self):
        await self.market.time.sleep(600)
        self.market.catch_up()


class AmazonFeedLab(AmazonLab):
    """The same, when everything goes by feed; creating the feed is what writes."""

    feed_from, batch = 1, 500

    @staticmethod
    def prices_in(request):
        return 1 if request.method == "POST" and request.url.path.endswith("/feeds") else 0

    def batches(self):
        return self.market.writes


class AmazonStockLab(AmazonLab):
    """The same, where the catalogue is the master of stock and delivery time."""

    masters: ClassVar = {"stock": True, "delivery": True}

    def pieces(self, remote_id):
        known = self.market.items.get(remote_id)
        return known.stock if known else None

    def count(self, remote_id, pieces):
        self.market.items[remote_id].stock = pieces


@pytest.mark.parametrize("lab", [AmazonLab, AmazonFeedLab])
@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_keeps_every_promise(check, lab):
    """What every channel must do, by patches and by feeds."""
    check(lab())


@pytest.mark.parametrize("check", SUPPLY_CHECKS, ids=str)
def test_keeps_every_promise_about_stock(check):
    """What every channel must do whose stock is the catalogue's."""
    check(AmazonStockLab())


def test_few_prices_are_patches_and_many_are_one_feed(market, run, desired):
    """Below the number of the settings one request each, from it on one feed of all."""
    for n in range(10):
        market.add(f"S{n}")
    channel = connect(market, market.server, feed_from=5)

    async def job(c):
        few = await c.push([desired("amazon", f"S{n}", "9.99") for n in range(4)])
        many = await c.push([desired("amazon", f"S{n}", "8.99") for n in range(10)])
        return [*few, *many]

    assert {r.status for r in run(channel, job)} == {PushStatus.ACCEPTED}
    assert market.writes == [1, 1, 1, 1, 10]
    assert {item.price for item in market.items.values()} == {"8.99"}


def test_each_message_of_a_feed_has_the_fate_that_its_report_tells(market, run, desired):
    """One refused message does not touch the others."""
    for n in range(3):
        market.add(f"S{n}")
    market.refuses.add("S1")
    results = run(
        connect(market, market.server, feed_from=2),
        lambda c: c.push([desired("amazon", f"S{n}", "9.99") for n in range(3)]),
    )
    assert [r.status.value for r in results] == ["accepted", "refused", "accepted"]
    assert "outside the allowed range" in results[1].message


@pytest.mark.parametrize("status", ["FATAL", "CANCELLED", "SOMETHING"])
def test_a_feed_that_ended_otherwise_leaves_its_prices_unknown(status, market, run, desired):
    """Some, none or all of it may be done."""
    market.feed_status = status
    market.add("S1")
    results = run(connect(market, market.server, feed_from=1), lambda c: c.push([desired("amazon", "S1", "9.99")]))
    assert results[0].status is PushStatus.UNKNOWN
    assert status in results[0].message


def test_a_feed_that_is_still_queued_is_unknown(market, run, desired):
    """After the time that a send waits nobody knows."""
    market.work = 90_000
    market.add("S1")
    channel = connect(market, market.server, feed_from=1, report_wait=300)
    results = run(channel, lambda c: c.push([desired("amazon", "S1", "9.99")]))
    assert "not reported" in results[0].message


def test_a_report_that_does_not_tell_of_every_message_is_not_believed(market, run, desired):
    """Fewer messages accepted than sent, and no error for the rest: unknown."""
    market.add("S1")
    given = market.server.handle

    def handle(request):
        if request.url.path == "/document/doc-1-report":
            return httpx.Response(200, json={"summary": {"messagesAccepted": 0}, "issues": []})
        if request.url.path.endswith("/documents/doc-1-report"):
            return httpx.Response(
                200, json={"feedDocumentId": "x", "url": "https://documents.test/document/doc-1-report"}
            )
        return given(request)

    market.server.handle = handle
    results = run(connect(market, market.server, feed_from=1), lambda c: c.push([desired("amazon", "S1", "9.99")]))
    assert results[0].status is PushStatus.UNKNOWN


def test_nothing_is_put_to_an_address_that_is_not_safe(market, run, desired):
    """A document's address without https is refused before anything is sent there."""
    market.host = "http://documents.test"
    market.add("S1")
    with pytest.raises(ChannelUnavailable, match="not safe"):
        run(connect(market, market.server, feed_from=1), lambda c: c.push([desired("amazon", "S1", "9.99")]))
    assert market.feeds == {}


def test_accepted_is_not_applied(market, run, desired):
    """Amazon says yes at once and shows the price later: that is why it is read back after a while."""
    market.late = 300
    market.add("S1")

    async def job(c):
        results = await c.push([desired("amazon", "S1", "9.99")])
        soon = (await c.read(["S1"]))[0].payable
        await market.time.sleep(301)
        return results, soon, (await c.read(["S1"]))[0].payable

    channel = connect(market, market.server)
    results, soon, later = run(channel, job)
    assert results[0].status is PushStatus.ACCEPTED
    assert (str(soon), str(later)) == ("100.00 PLN", "9.99 PLN")
    assert channel.capabilities.read_delay > 0


def test_a_price_that_the_preview_calls_invalid_is_never_sent(market, run, desired):
    """Where it is configured, Amazon validates each price before it is changed."""
    market.add("S1")
    market.add("S2")
    market.refuses.add("S1")
    channel = connect(market, market.server, preview=True)
    results = run(channel, lambda c: c.push([desired("amazon", "S1", "9.99"), desired("amazon", "S2", "9.99")]))
    assert [r.status.value for r in results] == ["refused", "accepted"]
    assert (market.validated, market.writes) == (["S1", "S2"], [1])


def test_the_price_for_everybody_is_read_not_the_one_for_business(market, run):
    """A listing may have both."""
    market.add("S1", "50.00", business="40.00")
    assert run(connect(market, market.server), lambda c: c.read(["S1"]))[0].payable == Money.parse("50.00", "PLN")


def test_more_than_a_thousand_listings_are_listed(market, run, all_of):
    """One search shows 1,000; the next one begins where it ended."""
    for n in range(2_300):
        market.add(f"S{n}")
    found = run(connect(market, market.server), lambda c: all_of(c.listings()))
    assert len({li.remote_id for li in found}) == len(found) == 2_300
    assert market.breaches == 0


def test_skus_with_odd_characters_are_addressed_whole(market, run, desired):
    """A comma separates SKUs in a search, a slash parts of an address: such a SKU is asked for alone."""
    for sku in ("A,1", "B/2 ä", "C"):
        market.add(sku)

    async def job(c):
        results = await c.push([desired("amazon", sku, "9.99") for sku in ("A,1", "B/2 ä", "C")])
        return results, await c.read(["A,1", "B/2 ä", "C"])

    results, read = run(connect(market, market.server), job)
    assert {r.status for r in results} == {PushStatus.ACCEPTED}
    assert {li.remote_id for li in read} == {"A,1", "B/2 ä", "C"}


# --- limits ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_day_with_ten_thousand_products_breaches_no_limit(market, run, desired):
    """A feed of all, then patches and reads all day long: 5 a second, one feed in two minutes."""
    for n in range(10_000):
        market.add(f"S{n}")

    async def day(c):
        for hour in range(2):
            wanted = [desired("amazon", f"S{n}", f"{hour + 10}.99") for n in range(10_000)]
            assert {r.status for r in await c.push(wanted)} == {PushStatus.ACCEPTED}
        for n in range(1_000):
            await c.push([desired("amazon", f"S{n}", "7.99")])
        await c.read([f"S{n}" for n in range(2_000)])

    run(connect(market, market.server, feed_messages=5_000), day)
    assert market.breaches == 0
    assert sum(market.writes) == 21_000


# --- credentials and answers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("broken", "words"), [("refresh", "invalid_grant"), ("secret", "invalid_client")])
def test_says_which_credential_is_wrong(broken, words, market, run):
    """An expired refresh token and a wrong client secret are told apart."""
    setattr(market.auth, broken, "another")
    with pytest.raises(ChannelUnavailable, match=words):
        run(connect(market, market.server), lambda c: c.read(["S1"]))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"items": [{}]}'])
def test_a_list_that_is_none_is_never_believed(body, market, run):
    """No empty shop is concluded from it."""
    given = market.server.handle
    market.server.handle = lambda r: given(r) if "token" in r.url.path else httpx.Response(200, content=body)
    with pytest.raises(ChannelUnavailable, match="answered listings"):
        run(connect(market, market.server), lambda c: c.read(["S1"]))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"status": "ACCEPTED", "sku": "S2"}'])
def test_an_answer_that_is_none_is_unknown(body, market, run, desired):
    """An answer about another listing, or about none, is no yes."""
    market.add("S1")
    given = market.server.handle
    market.server.handle = lambda r: httpx.Response(200, content=body) if r.method == "PATCH" else given(r)
    try:
        results = run(connect(market, market.server), lambda c: c.push([desired("amazon", "S1", "9.99")]))
    except ChannelUnknown:
        return
    assert results[0].status is PushStatus.UNKNOWN


def test_a_page_that_comes_again_and_again_ends_the_reading(market, run, all_of):
    """A token that leads to itself is told, and not followed for ever."""
    again = {"numberOfResults": 9, "items": [], "pagination": {"nextToken": "same"}}
    given = market.server.handle
    market.server.handle = lambda r: answer(200, again) if r.method == "GET" else given(r)
    with pytest.raises(ChannelUnavailable, match="a page without listings again"):
        run(connect(market, market.server), lambda c: all_of(c.listings()))


# --- beside the price -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("feed_from", [1_000, 1], ids=["patch", "feed"])
def test_an_announced_reduction_is_a_discounted_price_until_the_next_price(market, run, desired, feed_from):
    """The prior price is the regular one, ours the discounted one; the next price without a reduction ends it."""
    market.add("S1")
    told = Announcement(Money.parse("129.00", "PLN"), market.time.now(), None)

    async def job(c):
        await c.push([desired("amazon", "S1", "99.00", announcement=told)])
        (reduced,) = await c.read(["S1"])
        await c.push([desired("amazon", "S1", "119.00")])
        return reduced, (await c.read(["S1"]))[0]

    reduced, plain = run(connect(market, market.server, feed_from=feed_from), job)
    pln = [Money.parse(text, "PLN") for text in ("129.00", "99.00", "119.00")]
    assert (reduced.price, reduced.sale_price, reduced.upcoming) == (pln[0], pln[1], None)
    assert (plain.price, plain.sale_price, plain.upcoming) == (pln[2], None, None)


def test_a_discount_that_ends_or_begins_by_itself_is_seen(market, run):
    """Somebody's discount with an end soon, and one to come, are prices that Amazon will switch to."""
    market.add("S1", "80.00", regular="99.00", days=("2026-03-01", "2026-03-09"))
    market.add("S2", "80.00", regular="99.00", days=("2026-04-01", "2026-04-09"))
    ending, coming = run(connect(market, market.server), lambda c: c.read(["S1", "S2"]))
    assert (ending.sale_price, ending.upcoming) == (Money.parse("80.00", "PLN"), Money.parse("99.00", "PLN"))
    assert (coming.sale_price, coming.upcoming) == (None, Money.parse("80.00", "PLN"))


def test_the_stock_travels_with_the_price_of_what_the_seller_sends_himself(market, run, desired):
    """What Amazon stores and sends is not touched: its stock would become the seller's."""
    market.add("S1")
    market.add("S2", shelf="AMAZON_EU")

    async def job(c):
        await c.read(["S1", "S2"])
        pushed = await c.push([desired("amazon", sku, "9.99", stock=7) for sku in ("S1", "S2")])
        return pushed, await c.read(["S1", "S2"])

    results, listings = run(connect(market, market.server, stock=True), job)
    assert {r.status for r in results} == {PushStatus.ACCEPTED}
    assert [listing.stock for listing in listings] == [7, None]
    assert [(item.shelf, item.stock) for item in market.items.values()] == [("DEFAULT", 7), ("AMAZON_EU", 1)]


# --- the official specifications -------------------------------------------------------------------------------


def test_everything_that_is_said_is_as_specified(market, run, all_of, desired):
    """Every request, and every answer of the fake, is valid under Amazon's documents for listings and feeds."""
    checks = [Specification("amzn_listingsItems_2021-08-01.json"), Specification("amzn_feeds_2021-06-30.json")]
    market.server.checks += checks
    for n in range(30):
        market.add(f"S{n}")
    market.add("A,1")
    market.refuses.add("S3")

    async def job(c):
        await all_of(c.listings())
        told = Announcement(Money.parse("12.00", "PLN"), market.time.now(), None)
        await c.push([desired("amazon", f"S{n}", "9.99", stock=n, announcement=told) for n in range(5)])
        await c.push([desired("amazon", f"S{n}", f"{n + 1}.50") for n in range(30)])
        return await c.read(["S1", "A,1"])

    assert len(run(connect(market, market.server, feed_from=20, preview=True, stock=True), job)) == 2
    assert {path for check in checks for _, path in check.seen} == {
        "/listings/2021-08-01/items/{sellerId}",
        "/listings/2021-08-01/items/{sellerId}/{sku}",
        "/feeds/2021-06-30/feeds",
        "/feeds/2021-06-30/feeds/{feedId}",
        "/feeds/2021-06-30/documents",
        "/feeds/2021-06-30/documents/{feedDocumentId}",
    }


def test_a_feed_is_as_its_schema_says(market, run, desired):
    """The document validates under Amazon's JSON schema of listings feeds."""
    jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema")
    schema = document("amzn_listings-feed-schema-v2.json")
    for n in range(3):
        market.add(f"S{n}")
    run(
        connect(market, market.server, feed_from=1),
        lambda c: c.push([desired("amazon", f"S{n}", "9.99") for n in range(3)]),
    )
    jsonschema.validate(json.loads(market.documents["doc-1"]), schema)


def test_over_real_http(market, run, served, desired):
    """The same over a socket, a feed with its documents included."""
    market.add("S1")
    address = served(market.server)
    market.host = address
    channel = connect(market, None, address, feed_from=1)
    assert run(channel, lambda c: c.push([desired("amazon", "S1", "9.99")]))[0].status is PushStatus.ACCEPTED
