"""Kaufland: signatures over the whole request, storefronts, prices in cents."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import ClassVar

import httpx
import pytest
from market_fakes import FakeTime, answer, reach
from market_fakes.kaufland import KEY, SECRET, KauflandServer

from pricewatch.channels.marketplaces.kaufland import Kaufland, signed
from pricewatch.channels.marketplaces.settings import KauflandSettings
from pricewatch.domain.errors import ChannelUnavailable
from pricewatch.domain.listing import PushStatus
from pricewatch.domain.money import Money
from pricewatch.located import Secret
from pricewatch.testing import CHECKS, SUPPLY_CHECKS, HttpLab


@pytest.fixture(autouse=True)
def _keys(monkeypatch):
    monkeypatch.setenv("K_KEY", KEY)
    monkeypatch.setenv("K_SECRET", SECRET)


@pytest.fixture
def market():
    return KauflandServer(FakeTime())


def connect(market, transport, address="https://sellerapi.kaufland.test/v2", **more):
    stopped = {"stopped": more.pop("stopped")} if "stopped" in more else {}
    settings = KauflandSettings(
        type="kaufland", url=address, key=Secret(env="K_KEY"), secret=Secret(env="K_SECRET"),
        **{"rate": 100_000, **more},
    )  # fmt: skip
    return Kaufland("kaufland", settings, reach(transport, market.time, **stopped))


class KauflandLab(HttpLab):
    currency, unknown_id, secrets = "PLN", "999999", (SECRET,)

    masters: ClassVar = {}

    def __init__(self):
        self.market = KauflandServer(FakeTime())
        super().__init__(self.market.server, lambda request: 1 if request.method == "PATCH" else 0)

    def connect(self, stopped):
        return connect(self.market, self.transport, stopped=stopped, **self.masters)

    def fill(self, count):
        ids = [(str(n), f"S{n}") for n in range(1_000, 1_000 + count)]
        for number, sku in ids:
            self.market.add(number, sku)
        return ids

    def shown(self, remote_id):
        unit = self.market.units.get(remote_id)
        return Money.parse(f"{unit.cents / 100:.2f}", "PLN") if unit else None

    def edit(self, remote_id, price):
        self.market.units[remote_id].cents = price.minor

    def refuse(self, remote_id):
        self.market.refuses.add(remote_id)


class KauflandStockLab(KauflandLab):
    """The same, where the catalogue is the master of stock and delivery time."""

    masters: ClassVar = {"stock": True, "delivery": True}

    def pieces(self, remote_id):
        known = self.market.units.get(remote_id)
        return known.amount if known else None

    def count(self, remote_id, pieces):
        self.market.units[remote_id].amount = pieces


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_keeps_every_promise(check):
    """What every channel must do."""
    check(KauflandLab())


@pytest.mark.parametrize("check", SUPPLY_CHECKS, ids=str)
def test_keeps_every_promise_about_stock(check):
    """What every channel must do whose stock is the catalogue's."""
    check(KauflandStockLab())


def test_the_signature_is_the_one_that_kaufland_documents():
    """The example of the documentation: an empty body, the address and the time, signed with the example's key."""
    secret = "a7d0cb1da1ddbc86c96ee5fedd341b7d8ebfbb2f5c83cfe0909f4e57f05dd403"
    at = datetime.fromtimestamp(1411055926, UTC)
    found = signed("POST", "https://sellerapi.kaufland.com/v2/units/", b"", at, secret)
    assert found["shop-timestamp"] == "1411055926"
    assert found["shop-signature"] == "da0b65f51c0716c1d3fa658b7eaf710583630a762a98c9af8e9b392bd9df2e2a"


def test_only_units_of_the_storefront_are_listings(market, run, all_of):
    """The same seller's units in Germany are another channel's."""
    market.add("1", "S1")
    market.add("2", "S2", storefront="de")
    found = run(connect(market, market.server), lambda c: all_of(c.listings()))
    assert [li.remote_id for li in found] == ["1"]


def test_a_unit_that_kaufland_repriced_shows_what_a_buyer_pays(market, run):
    """The listing price is ours; the price that Kaufland's own repricing made of it is what counts."""
    market.add("1", "S1", repriced=9_500)
    assert run(connect(market, market.server), lambda c: c.read(["1"]))[0].payable == Money.parse("95.00", "PLN")


def test_a_change_that_is_answered_without_a_body_is_accepted(market, run, desired):
    """The status says it; reading back proves it."""
    market.add("1", "S1")
    market.silent = True
    results = run(connect(market, market.server), lambda c: c.push([desired("kaufland", "1", "9.99")]))
    assert results[0].status is PushStatus.ACCEPTED
    assert market.units["1"].cents == 999


def test_an_answer_with_another_price_is_not_believed(market, run, desired):
    """A yes that names another price is unknown."""
    market.add("1", "S1")
    given = market.server.handle
    market.server.handle = lambda r: (
        answer(200, {"data": {"id_unit": 1, "listing_price": 1}}) if r.method == "PATCH" else given(r)
    )
    results = run(connect(market, market.server), lambda c: c.push([desired("kaufland", "1", "9.99")]))
    assert results[0].status is PushStatus.UNKNOWN


def test_a_wrong_secret_is_told_in_kauflands_words(market, run, monkeypatch):
    """The signature does not fit: the channel is unavailable."""
    monkeypatch.setenv("K_SECRET", "0" * 64)
    with pytest.raises(ChannelUnavailable, match="Invalid signature"):
        run(connect(market, market.server), lambda c: c.read(["1"]))


def test_says_which_secret_is_missing(market, run, monkeypatch):
    """A variable that is not set is named; nothing is sent."""
    monkeypatch.delenv("K_SECRET")
    with pytest.raises(ChannelUnavailable, match="K_SECRET"):
        run(connect(market, market.server), lambda c: c.read(["1"]))
    assert market.server.requests == []


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data": []}', b'{"data": {}, "pagination": {"total": 1}}'])
def test_a_list_that_is_none_is_never_believed(body, market, run, all_of):
    """No empty shop is concluded from it."""
    market.server.handle = lambda _request: httpx.Response(200, content=body)
    with pytest.raises(ChannelUnavailable, match=r"answered (no )?units"):
        run(connect(market, market.server), lambda c: all_of(c.listings()))


def test_over_real_http(market, run, served, desired):
    """Over a socket the address is the one that was signed."""
    market.add("1", "S1")
    channel = connect(market, None, f"{served(market.server)}/v2")
    assert run(channel, lambda c: c.push([desired("kaufland", "1", "9.99")]))[0].status is PushStatus.ACCEPTED


def test_the_stock_travels_with_the_price_where_it_is_asked_for(market, run, desired):
    """The amount goes along with the price of the unit; an unknown number changes none."""
    market.add("1", "S1")
    market.add("2", "S2")
    wishes = [desired("kaufland", "1", "9.99", stock=7), desired("kaufland", "2", "9.99")]
    run(connect(market, market.server, stock=True), lambda c: c.push(wishes))
    assert [unit.amount for unit in market.units.values()] == [7, 1]
    found = run(connect(market, market.server), lambda c: c.read(["1", "2"]))
    assert [listing.stock for listing in found] == [7, 1]


def test_a_unit_that_kauflands_own_repricing_sells_is_left_alone(market, run, desired):
    """Between the minimum price and ours Kaufland sets the price: it is refused with that price, nobody fights it."""
    market.add("1", "S1", 10_000, repriced=9_500, minimum=9_000)
    market.add("2", "S2", 10_000)

    async def job(c):
        await c.read(["1", "2"])
        return {r.remote_id: r for r in await c.push([desired("kaufland", n, "89.99") for n in ("1", "2")])}

    results = run(connect(market, market.server), job)
    assert (results["1"].status, results["2"].status) == (PushStatus.REFUSED, PushStatus.ACCEPTED)
    assert "repricing sells it at 95.00 PLN" in results["1"].message
    assert market.units["1"].cents == 10_000


def test_a_storefront_in_another_currency_is_told(market, run):
    """Cents of another currency are never taken for ours."""
    market.add("1000", "S1000", storefront="cz")
    channel = connect(market, market.server, storefront="cz")
    with pytest.raises(ChannelUnavailable, match="sells in CZK, not in PLN"):
        run(channel, lambda c: c.read(["1000"]))


def test_a_price_that_lags_behind_is_no_repricing(market, run, desired):
    """Only where the minimum price leaves Kaufland room is a price of its own making called that."""
    market.add("1000", "S1000", repriced=9_000)
    channel = connect(market, market.server)

    async def job(c):
        return [listing async for listing in c.listings()], await c.push([desired("kaufland", "1000", "79.99")])

    listings, results = run(channel, job)
    assert listings[0].payable == Money.parse("90.00", "PLN")
    assert results[0].status is PushStatus.ACCEPTED


def test_units_without_a_count_end_with_the_page_that_is_not_full(market, run, all_of):
    """Saying how many there are is optional there."""
    for n in range(150):
        market.add(str(1_000 + n), f"S{n}")
    counted = market.server.handle

    def uncounted(request):
        body = json.loads(counted(request).content)
        return httpx.Response(200, json={"data": body["data"]})

    market.server.handle = uncounted
    found = run(connect(market, market.server), lambda c: all_of(c.listings()))
    assert len({listing.remote_id for listing in found}) == 150
