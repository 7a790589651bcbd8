"""Allegro: commands with ids of our own, reports, marketplaces, tokens and limits."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import httpx
import pytest
from market_fakes import FakeTime, answer, reach
from market_fakes.allegro import BETA, PUBLIC, RULE, AllegroServer
from market_fakes.specification import Specification

from pricewatch.channels.budgets import MemoryUsage, account_of
from pricewatch.channels.marketplaces.allegro import LIMITS, Allegro
from pricewatch.channels.marketplaces.settings import AllegroSettings
from pricewatch.domain.decision import Announcement
from pricewatch.domain.errors import ChannelUnavailable
from pricewatch.domain.listing import PushStatus
from pricewatch.domain.money import Money
from pricewatch.located import Secret
from pricewatch.testing import CHECKS, SUPPLY_CHECKS, HttpLab


@pytest.fixture
def market():
    return AllegroServer(FakeTime())


@pytest.fixture
def channel(market, keys):
    return connect(market, keys)


@pytest.fixture
def keys(monkeypatch, tmp_path):
    """Credentials where the settings say; the refresh token in a file that may be rewritten."""
    monkeypatch.setenv("A_ID", "client-1")
    monkeypatch.setenv("A_SECRET", "secret-1")
    file = tmp_path / "allegro.token"
    file.write_text("refresh-1\n")
    return file


def connect(market, file, transport=None, **more):
    known = {"stopped", "usage", "currency"}
    settings = AllegroSettings(
        type="allegro", url="https://api.allegro.test", token_url="https://allegro.test/auth/oauth/token",
        client_id=Secret(env="A_ID"), client_secret=Secret(env="A_SECRET"), refresh_token=Secret(file=file),
        **{"rate": 9_000, **{k: v for k, v in more.items() if k not in known}},
    )  # fmt: skip
    outside = {k: v for k, v in more.items() if k in known}
    return Allegro("allegro", settings, reach(transport or market.server, market.time, **outside))


class AllegroLab(HttpLab):
    currency, unknown_id, secrets = "PLN", "999999999", ("secret-1", "refresh-1", "token-1")

    masters: ClassVar = {}

    def __init__(self, file):
        self.market, self.file = AllegroServer(FakeTime()), file
        super().__init__(self.market.server, self.prices_in)

    @staticmethod
    def prices_in(request):
        if request.method not in {"PUT", "POST"} or "token" in request.url.path:
            return 0
        body = json.loads(request.content)
        if "input" in body:
            return 1
        return len(body["modifications"] if "modifications" in body else body["offerCriteria"][0]["offers"])

    def connect(self, stopped):
        return connect(self.market, self.file, self.transport, stopped=stopped, **self.masters)

    def fill(self, count):
        ids = [(str(n), f"S{n}") for n in range(1_000, 1_000 + count)]
        for number, sku in ids:
            self.market.add(number, sku)
        return ids

    def shown(self, remote_id):
        offer = self.market.offers.get(remote_id)
        return Money.parse(offer.prices["allegro-pl"], "PLN") if offer else None

    def edit(self, remote_id, price):
        self.market.offers[remote_id].prices["allegro-pl"] = f"{price.amount:.2f}"

    def refuse(self, remote_id):
        self.market.refuses.add(remote_id)

    async def settle(self):
        await self.market.time.sleep(10)
        self.market._work()


class AllegroStockLab(AllegroLab):
    """The same, where the catalogue is the master of stock and delivery time."""

    masters: ClassVar = {"stock": True, "delivery": True}

    def pieces(self, remote_id):
        known = self.market.offers.get(remote_id)
        return known.stock if known else None

    def count(self, remote_id, pieces):
        self.market.offers[remote_id].stock = pieces


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_keeps_every_promise(check, keys):
    """What every channel must do."""
    check(AllegroLab(keys))


@pytest.mark.parametrize("check", SUPPLY_CHECKS, ids=str)
def test_keeps_every_promise_about_stock(check, keys):
    """What every channel must do whose stock is the catalogue's."""
    check(AllegroStockLab(keys))


# --- commands and reports --------------------------------------------------------------------------------------


def put(market, count, price="100.00"):
    for n in range(1_000, 1_000 + count):
        market.add(str(n), f"S{n}", price)


def paths(market, method):
    return [r.url.path for r in market.server.requests if r.method == method and "token" not in r.url.path]


def test_offers_of_one_price_go_by_one_rule_and_the_rest_mixed(channel, market, run, desired):
    """1,100 offers of one price are two commands of 1,000 and 100, thirty others two of 25 and 5."""
    put(market, 1_130)
    wanted = [desired("allegro", str(n), "79.99") for n in range(1_000, 2_100)]
    wanted += [desired("allegro", str(n), f"{n}.49") for n in range(2_100, 2_130)]
    results = run(channel, lambda c: c.push(wanted))
    assert {r.status for r in results} == {PushStatus.ACCEPTED}
    assert market.writes == [1_000, 100, 25, 5]
    assert all(market.offers[d.remote_id].prices["allegro-pl"] == f"{d.price.amount:.2f}" for d in wanted)
    tasks = [r for r in market.server.requests if r.url.path.endswith("/tasks")]
    assert {r.url.params["limit"] for r in tasks} == {"100"}
    assert len(tasks) == 13


def test_without_the_mixed_modification_each_offer_has_its_own_command(market, keys, run, desired):
    """What Allegro calls beta can be left alone: then every price is a PUT of its own."""
    put(market, 3)
    wanted = [desired("allegro", str(1_000 + n), f"9{n}.00") for n in range(3)]
    results = run(connect(market, keys, mixed=False), lambda c: c.push(wanted))
    assert [r.status for r in results] == [PushStatus.ACCEPTED] * 3
    assert paths(market, "POST") == []
    assert all("/change-price-commands/" in path for path in paths(market, "PUT"))


def test_each_offer_has_the_fate_that_the_report_tells(channel, market, run, desired):
    """One offer of a command that fails is refused in Allegro's words; the others are accepted."""
    put(market, 3)
    market.refuses.add("1001")
    wanted = [
        desired("allegro", "1000", "9.10"),
        desired("allegro", "1001", "9.20"),
        desired("allegro", "1002", "9.30"),
    ]
    results = {r.remote_id: r for r in run(channel, lambda c: c.push(wanted))}
    assert [results[i].status.value for i in ("1000", "1001", "1002")] == ["accepted", "refused", "accepted"]
    assert "cannot be changed" in results["1001"].message


def test_a_command_that_stays_queued_is_unknown_and_found_again_later(market, keys, run, desired):
    """After the time that a send waits nothing is known; sent again, the id is taken and its report is read."""
    market.queue = 600
    put(market, 2)
    wanted = [desired("allegro", "1000", "9.10"), desired("allegro", "1001", "9.20")]
    channel = connect(market, keys, report_wait=60)
    assert {r.status for r in run(channel, lambda c: c.push(wanted))} == {PushStatus.UNKNOWN}
    market.time.at = market.time.at.replace(hour=9)
    again = run(connect(market, keys), lambda c: c.push(wanted))
    assert {r.status for r in again} == {PushStatus.ACCEPTED}
    assert len(market.commands) == 1


def test_a_price_that_somebody_changed_back_is_sent_again(channel, market, run, desired):
    """The id of the finished command is used up: the next one in line brings the same price again."""
    put(market, 2)
    wanted = [desired("allegro", "1000", "9.10"), desired("allegro", "1001", "9.20")]

    async def job(c):
        await c.push(wanted)
        market.offers["1000"].prices["allegro-pl"] = "55.00"
        await market.time.sleep(3_600)
        return await c.push(wanted)

    assert {r.status for r in run(channel, job)} == {PushStatus.ACCEPTED}
    assert market.offers["1000"].prices["allegro-pl"] == "9.10"
    assert len(market.commands) == 2


def test_an_id_whose_report_is_not_kept_any_more_is_followed_by_the_next(channel, market, run, desired):
    """An old command of which nothing is known does not stand in the way."""
    put(market, 2)
    wanted = [desired("allegro", "1000", "9.10"), desired("allegro", "1001", "9.20")]
    given = market.server.handle

    async def job(c):
        await c.push(wanted)
        gone = {f"/sale/offer-bulk-modification-commands/{number}" for number in market.commands}
        market.server.handle = lambda r: answer(404, {"errors": []}, PUBLIC) if r.url.path in gone else given(r)
        return await c.push(wanted)

    assert {r.status for r in run(channel, job)} == {PushStatus.ACCEPTED}
    assert len(market.commands) == 2


def test_another_process_sends_the_same_command(market, keys, run, desired):
    """The id comes from channel, listing and version alone, so two processes never double a change."""
    put(market, 2)
    wanted = [desired("allegro", "1000", "9.10"), desired("allegro", "1001", "9.20")]
    run(connect(market, keys), lambda c: c.push(wanted))
    run(connect(market, keys), lambda c: c.push(list(reversed(wanted))))
    assert len(market.commands) == 1


# --- marketplaces ----------------------------------------------------------------------------------------------


def test_another_marketplace_shows_and_takes_its_own_price(market, keys, run, desired):
    """On allegro-cz an offer of allegro-pl is read and changed in crowns; its price in Poland stays."""
    put(market, 1)
    market.offers["1000"].prices["allegro-cz"] = "700.00"
    channel = connect(market, keys, marketplace="allegro-cz", currency="CZK")

    async def job(c):
        before = await c.read(["1000"])
        price = Money.parse("689.00", "CZK")
        wish = desired("allegro", "1000", "1.00", floor=Money.parse("1.00", "CZK"))
        results = await c.push([replace(wish, price=price)])
        return before, results, await c.read(["1000"])

    before, results, after = run(channel, job)
    assert before[0].payable == Money.parse("700.00", "CZK")
    assert results[0].status is PushStatus.ACCEPTED
    assert after[0].payable == Money.parse("689.00", "CZK")
    assert market.offers["1000"].prices["allegro-pl"] == "100.00"


def test_offers_without_an_external_id_are_no_listings(channel, market, run, all_of):
    """Prices are kept by SKU, so an offer without one cannot be ours."""
    put(market, 1)
    market.add("2", "")
    assert [li.remote_id for li in run(channel, lambda c: all_of(c.listings()))] == ["1000"]


# --- credentials -----------------------------------------------------------------------------------------------


def test_an_access_token_that_ended_is_renewed_at_once(channel, market, run):
    """A 401 in the middle costs one more request, not the run; the replaced refresh token is kept in its file."""
    put(market, 1)

    async def job(c):
        await c.read(["1000"])
        market.auth.expire()
        return await c.read(["1000"])

    assert len(run(channel, job)) == 1
    assert market.auth.given == 2


def test_a_replaced_refresh_token_is_kept_for_the_next_process(market, keys, run):
    """Allegro takes each refresh token once: the new one is in the file, for its owner's eyes alone."""
    put(market, 1)
    run(connect(market, keys), lambda c: c.read(["1000"]))
    assert keys.read_text().strip() == market.auth.refresh == "refresh-2"
    assert keys.stat().st_mode & 0o077 == 0
    assert len(run(connect(market, keys), lambda c: c.read(["1000"]))) == 1


def test_a_token_that_could_not_be_kept_is_not_used_up(market, keys, run):
    """Where the new one cannot be written, the old one is not even sent."""
    keys.parent.chmod(0o500)
    try:
        if os.access(keys.parent, os.W_OK):
            pytest.skip("this user may write everywhere")
        with pytest.raises(ChannelUnavailable, match="nothing can be written beside"):
            run(connect(market, keys), lambda c: c.read(["1000"]))
    finally:
        keys.parent.chmod(0o700)
    assert market.server.requests == []


def test_a_token_file_that_is_not_there_is_named(market, keys, run):
    """Nothing is sent, and nothing is made in its place."""
    keys.unlink()
    with pytest.raises(ChannelUnavailable, match=r"allegro\.token.*cannot be read"):
        run(connect(market, keys), lambda c: c.read(["1000"]))
    assert list(keys.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("broken", "words"),
    [("refresh", "invalid_grant"), ("secret", "invalid_client")],
)
def test_says_which_credential_is_wrong(broken, words, market, keys, run):
    """An expired refresh token and a wrong client secret are told apart, with what to do."""
    setattr(market.auth, broken, "another")
    with pytest.raises(ChannelUnavailable, match=words) as caught:
        run(connect(market, keys), lambda c: c.read(["1000"]))
    assert caught.value.hint


def test_says_which_secret_is_missing(market, keys, run, monkeypatch):
    """A variable that is not set is named; nothing is sent."""
    monkeypatch.delenv("A_SECRET")
    with pytest.raises(ChannelUnavailable, match="A_SECRET"):
        run(connect(market, keys), lambda c: c.read(["1000"]))
    assert market.server.requests == []


def test_no_rights_are_told_from_no_login(market, keys, run):
    """403 says that the application may not do this."""
    market.server.handle = lambda request: (
        market.auth.give(request) if "token" in request.url.path
        else answer(403, {"errors": [{"code": "AccessDenied", "message": "no scope offers:read"}]}, PUBLIC)
    )  # fmt: skip
    with pytest.raises(ChannelUnavailable, match=r"403.*no scope offers:read"):
        run(connect(market, keys), lambda c: c.read(["1000"]))


# --- malformed answers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"offers": {}}',
        b'{"offers": [], "totalCount": "many"}',
        b'{"offers": [{}], "totalCount": 1}',
    ],
)
def test_a_list_that_is_none_is_never_believed(body, market, keys, run):
    """Whatever stands in between, an empty shop is not concluded from it."""
    given = market.server.handle
    market.server.handle = lambda r: given(r) if "token" in r.url.path else httpx.Response(200, content=body)
    with pytest.raises(ChannelUnavailable, match="answered offers"):
        run(connect(market, keys), lambda c: c.read(["1000"]))


def test_a_report_without_the_offer_leaves_it_unknown(market, keys, run, desired):
    """A report that forgets an offer is no yes."""
    put(market, 2)
    given = market.server.handle
    market.server.handle = lambda r: answer(200, {"tasks": []}, PUBLIC) if r.url.path.endswith("/tasks") else given(r)
    wanted = [desired("allegro", "1000", "9.10"), desired("allegro", "1001", "9.20")]
    assert {r.status for r in run(connect(market, keys), lambda c: c.push(wanted))} == {PushStatus.UNKNOWN}


def test_an_offer_in_another_currency_is_read_as_such(market, keys, run):
    """The price comes with its own currency, so that nobody takes 100 crowns for 100 złoty."""
    market.add("1", "S1", base="allegro-cz")
    market.offers["1"].prices = {"allegro-cz": "100.00"}
    found = run(connect(market, keys, marketplace="allegro-cz"), lambda c: c.read(["1"]))
    assert found[0].payable == Money.parse("100.00", "CZK")


# --- limits ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_day_with_ten_thousand_products_breaches_no_limit(market, keys, run, desired):
    """Two runs at once and two more, all prices new in each: never over 9,000 a minute or 150,000 an hour."""
    put(market, 10_000)
    start = market.time.at

    async def day(c):
        for number, hour in enumerate((0, 0, 8, 16)):
            market.time.at = max(market.time.at, start + timedelta(hours=hour))
            ids = range(1_000, 11_000)
            wanted = [desired("allegro", str(n), f"{100 + n % 10}.{10 + number}", version=number + 1) for n in ids]
            assert {r.status for r in await c.push(wanted)} == {PushStatus.ACCEPTED}

    run(connect(market, keys), day)
    assert (market.minute.breaches, market.hour.breaches, sum(market.writes)) == (0, 0, 40_000)


def test_a_run_that_would_go_over_the_hour_waits_for_a_later_one(market, keys, run, desired):
    """What does not fit is not sent and not lost: the channel is left alone for as long as it takes, whoever has used
    the hour up.
    """
    put(market, 1_000)
    usage = MemoryUsage()
    for minute in range(15):
        usage.take(
            account_of("allegro", "client-1"),
            {"changes": 9_000},
            LIMITS,
            at=market.time.at + timedelta(minutes=2 * minute),
        )
    market.time.at += timedelta(minutes=30)
    channel = connect(market, keys, usage=usage)

    async def job(c):
        for version in range(1, 20):
            await c.push([desired("allegro", str(n), f"{version}.50", version=version) for n in range(1_000, 2_000)])

    with pytest.raises(ChannelUnavailable, match="150,000 changes") as caught:
        run(channel, job)
    assert caught.value.retry_after > 150
    assert (market.minute.breaches, sum(market.writes)) == (0, 15_000)


# --- beside the price -----------------------------------------------------------------------------------------


def test_an_offer_under_allegros_own_price_automation_is_left_alone(market, channel, run, desired):
    """It is refused with the name of the rule there, and the others go on; nobody fights the automation."""
    put(market, 3)
    market.offers["1001"].rule = RULE
    results = run(channel, lambda c: c.push([desired("allegro", str(n), "79.99") for n in (1000, 1001, 1002)]))
    assert {r.remote_id: r.status for r in results if r.status is not PushStatus.ACCEPTED} == {
        "1001": PushStatus.REFUSED
    }
    assert any("by the rule 'Lowest on the market' (FOLLOW_BY_MARKET_MIN_PRICE)" in r.message for r in results)
    assert market.offers["1001"].prices["allegro-pl"] == "100.00"


def test_the_stock_travels_with_the_price_where_it_is_asked_for(market, keys, run, desired):
    """Pieces above zero go along; none, or an unknown number, change no stock there."""
    put(market, 3)
    pieces = {"1000": 7, "1001": 0, "1002": None}
    wishes = [desired("allegro", number, f"{number}.49", stock=stock) for number, stock in pieces.items()]
    results = run(connect(market, keys, stock=True), lambda c: c.push(wishes))
    assert {r.status for r in results} == {PushStatus.ACCEPTED}
    assert [offer.stock for offer in market.offers.values()] == [7, 1, 1]
    assert [listing.stock for listing in run(connect(market, keys), lambda c: c.read(list(pieces)))] == [7, 1, 1]
    assert market.offers["1000"].prices["allegro-pl"] == "1000.49"


def test_a_reduction_is_unrepresentable_because_allegro_has_no_prior_price(channel, keys, market, desired):
    """It is said before anything is sent; the settings can leave the prior price out."""
    told = Announcement(Money.parse("129.00", "PLN"), market.time.now(), None)
    wish = desired("allegro", "1000", "99.00", announcement=told)
    assert not channel.predict(wish).reachable
    assert 'announcements = "omit"' in channel.predict(wish).message
    assert connect(market, keys, announcements="omit").predict(wish).reachable


# --- the official specification --------------------------------------------------------------------------------


@pytest.mark.slow
def test_everything_that_is_said_is_as_specified(market, keys, run, all_of, desired):
    """Every request, and every answer of the fake, is valid under Allegro's OpenAPI document."""
    specification = Specification("allegro.yaml")
    market.server.checks.append(specification)
    put(market, 60)

    async def job(c):
        await all_of(c.listings())
        await c.push([desired("allegro", str(n), "79.99") for n in range(1_000, 1_030)])
        await c.push([desired("allegro", str(n), f"{n}.49") for n in range(1_000, 1_010)])
        await c.push([desired("allegro", "1050", "1.99"), desired("allegro", "1051", "1.99")])
        return await c.read(["1000", "1001"])

    market.offers["1051"].rule = RULE
    assert len(run(connect(market, keys), job)) == 2
    wish = desired("allegro", "1055", "7.77", stock=3)
    assert run(connect(market, keys, stock=True), lambda c: c.push([wish]))[0].status is PushStatus.ACCEPTED
    assert {path for _, path in specification.seen} == {
        "/sale/offers",
        "/sale/price-automation/rules",
        "/offers/{offerId}/change-price-commands/{commandId}",
        "/sale/offer-price-change-commands/{commandId}",
        "/sale/offer-price-change-commands/{commandId}/tasks",
        "/sale/offer-bulk-modification-commands",
        "/sale/offer-bulk-modification-commands/{commandId}",
        "/sale/offer-bulk-modification-commands/{commandId}/tasks",
    }
    for request in market.server.requests:
        if request.headers.get("content-type") == BETA:
            for change in json.loads(request.content)["modifications"]:
                specification.named(change["prices"]["allegro-pl"], "MarketplacePriceModificationFixed")
                if "stock" in change:
                    specification.named(change["stock"], "StockModificationFixed")
        elif "offer-price-change-commands" in request.url.path and request.method == "PUT":
            specification.named(json.loads(request.content)["modification"], "PriceModificationFixedPrice")


def test_over_real_http(market, keys, run, served, desired):
    """The same over a socket: addresses and bodies arrive as they were signed and written."""
    put(market, 2)
    address = served(market.server)
    settings = AllegroSettings(
        type="allegro", url=address, token_url=f"{address}/auth/oauth/token", client_id=Secret(env="A_ID"),
        client_secret=Secret(env="A_SECRET"), refresh_token=Secret(file=keys), rate=9_000,
    )  # fmt: skip
    channel = Allegro("allegro", settings, reach(None, market.time))
    wanted = [desired("allegro", "1000", "9.10"), desired("allegro", "1001", "9.20")]
    assert {r.status for r in run(channel, lambda c: c.push(wanted))} == {PushStatus.ACCEPTED}
