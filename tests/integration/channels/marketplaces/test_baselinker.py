"""BaseLinker: gross price groups, a thousand prices a request, and a budget that no process may exceed."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import httpx
import pytest
from market_fakes import FakeTime, answer, reach
from market_fakes.baselinker import BaseLinkerServer

from pricewatch.channels.marketplaces.baselinker import BaseLinker
from pricewatch.channels.marketplaces.settings import BaseLinkerSettings
from pricewatch.domain.errors import ChannelUnavailable, ChannelUnknown
from pricewatch.domain.listing import PushStatus
from pricewatch.domain.money import Money
from pricewatch.domain.sale import Sale
from pricewatch.located import Secret
from pricewatch.store import DatabaseSettings, open_store
from pricewatch.testing import CHECKS, HttpLab


@pytest.fixture(autouse=True)
def _token(monkeypatch):
    monkeypatch.setenv("BL_TOKEN", "token-1")


@pytest.fixture
def time():
    return FakeTime()


@pytest.fixture
def market(time):
    return BaseLinkerServer(time)


@pytest.fixture
def channel(market, time):
    return connect(market.server, time)


def connect(transport, time, address="https://api.baselinker.test", **more):
    known = {"stopped", "usage"}
    settings = BaseLinkerSettings(
        type="baselinker", url=address, token=Secret(env="BL_TOKEN"), inventory=307,
        **{"rate": 100, "price_group": 105, **{k: v for k, v in more.items() if k not in known}},
    )  # fmt: skip
    return BaseLinker("base", settings, reach(transport, time, **{k: v for k, v in more.items() if k in known}))


class BaseLinkerLab(HttpLab):
    currency, unknown_id, secrets, wait = "PLN", "999999", ("token-1",), 60.0

    def __init__(self):
        self.time = FakeTime()
        self.market = BaseLinkerServer(self.time)
        super().__init__(self.market.server, self.prices_in)

    @staticmethod
    def prices_in(request):
        form = dict(httpx.QueryParams(request.content.decode()))
        return len(json.loads(form["parameters"])["products"]) if form["method"].startswith("update") else 0

    def connect(self, stopped):
        return connect(self.transport, self.time, stopped=stopped)

    def fill(self, count):
        ids = [(str(n), f"S{n}") for n in range(1_000, 1_000 + count)]
        for number, sku in ids:
            self.market.add(number, sku)
        return ids

    def shown(self, remote_id):
        item = self.market.items.get(remote_id)
        return Money.parse(f"{item.price:.2f}", "PLN") if item else None

    def edit(self, remote_id, price):
        self.market.items[remote_id].price = price.amount

    def refuse(self, remote_id):
        self.market.refuses.add(remote_id)


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_keeps_every_promise(check):
    """What every channel must do."""
    check(BaseLinkerLab())


def test_variants_are_listings_and_their_parent_is_none(channel, market, run, all_of, desired):
    """A product with variants is sold as these; each is read under its parent and written by its own id."""
    market.add("1", "P")
    market.add("2", "V2", "50.00", parent="1")
    market.add("3", "V3", "60.00", parent="1")

    async def job(c):
        listed = await all_of(c.listings())
        await c.push([desired("base", "1/2", "55.10")])
        return listed, await c.read(["1/2", "1/3", "1/4"])

    listed, read = run(channel, job)
    assert {li.remote_id for li in listed} == {"1/2", "1/3"}
    assert {li.remote_id: str(li.payable) for li in read} == {"1/2": "55.10 PLN", "1/3": "60.00 PLN"}


def test_a_parent_at_the_end_of_a_page_is_no_listing(channel, market, run, all_of):
    """Its first variant stands on the next page."""
    for n in range(1_000, 1_999):
        market.add(str(n), f"S{n}")
    market.add("5000", "P")
    market.add("5001", "V", parent="5000")
    listed = {li.remote_id for li in run(channel, lambda c: all_of(c.listings()))}
    assert len(listed) == 1_000
    assert "5000" not in listed


def test_a_thousand_prices_go_in_one_request(channel, market, run, desired):
    """2,500 prices take three requests."""
    for n in range(1_000, 3_500):
        market.add(str(n), f"S{n}")
    run(channel, lambda c: c.push([desired("base", str(n), "9.99") for n in range(1_000, 3_500)]))
    assert market.writes == [1_000, 1_000, 500]


def test_a_price_group_in_another_currency_is_not_used(time, run):
    """100 in złoty would be 100 in euros there: nothing is read or written."""
    market = BaseLinkerServer(time, currency="EUR")
    with pytest.raises(ChannelUnavailable, match="is in EUR, not in PLN"):
        run(connect(market.server, time), lambda c: c.read(["1"]))


def test_an_unknown_price_group_is_named_with_those_there_are(market, time, run):
    """The message lists the groups to choose from."""
    with pytest.raises(ChannelUnavailable, match="no price group 7") as caught:
        run(connect(market.server, time, price_group=7), lambda c: c.read(["1"]))
    assert "104, 105" in caught.value.hint


# --- the budget ------------------------------------------------------------------------------------------------


def test_two_processes_share_the_hundred_requests_a_minute(market, time, run, tmp_path):
    """Both count in the database: together they stay under the limit beyond which the token is blocked."""
    market.add("1", "S1")
    store = open_store(DatabaseSettings(), folder=tmp_path)
    store.upgrade()
    one, other = (connect(market.server, time, usage=store.usage) for _ in range(2))

    async def job(c):
        for _ in range(55):
            await c.read(["1"])
            await other.read(["1"])
        await other.close()

    run(one, job)
    store.close()
    assert (market.rate.breaches, market.blocked) == (0, False)


def test_requests_beyond_the_budget_wait(channel, market, time, run):
    """The 101st request within a minute leaves in the next one."""
    market.add("1", "S1")
    start = time.at

    async def job(c):
        for _ in range(150):
            await c.read(["1"])

    run(channel, job)
    assert market.rate.breaches == 0
    assert (time.at - start).total_seconds() >= 60


@pytest.mark.slow
def test_a_day_with_ten_thousand_products_breaches_no_limit(market, time, run, desired):
    """Two runs over 10,000 products, each read, written and read back: the token is never blocked."""
    for n in range(10_000, 20_000):
        market.add(str(n), f"S{n}")
    ids = [str(n) for n in range(10_000, 20_000)]

    async def day(c):
        for hour in range(2):
            await c.read(ids)
            results = await c.push([desired("base", i, f"{hour + 10}.99") for i in ids])
            assert {r.status for r in results} == {PushStatus.ACCEPTED}
            assert {li.payable for li in await c.read(ids)} == {Money.parse(f"{hour + 10}.99", "PLN")}

    run(connect(market.server, time), day)
    assert (market.rate.breaches, market.blocked, sum(market.writes)) == (0, False, 20_000)


# --- errors inside a 200 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words", "wait"),
    [("ERROR_BAD_TOKEN", "refused our credentials", None), ("ERROR_BLOCKED_TOKEN", "ERROR_BLOCKED_TOKEN", 60.0)],
)
def test_errors_of_the_token_are_the_whole_channels(code, words, wait, channel, market, run):
    """A wrong token and a blocked one are told apart, though both come with status 200."""
    market.code = code
    with pytest.raises(ChannelUnavailable, match=words) as caught:
        run(channel, lambda c: c.read(["1"]))
    assert caught.value.retry_after == wait


def test_a_refused_request_is_refused_in_its_words(market, time, run, desired):
    """Any other error refuses what was sent."""
    market.add("1", "S1")

    async def job(c):
        await c.read(["1"])
        market.code = "ERROR_STORAGE_ID"
        return await c.push([desired("base", "1", "9.99")])

    results = run(connect(market.server, time), job)
    assert results[0].status is PushStatus.REFUSED
    assert "ERROR_STORAGE_ID" in results[0].message


@pytest.mark.parametrize("body", [{"status": "SUCCESS"}, {"status": "SUCCESS", "counter": 0, "warnings": []}, {}])
def test_an_outcome_that_is_not_told_is_unknown(body, market, time, run, desired):
    """A success that does not count the price is no yes."""
    market.add("1", "S1")
    given = market.server.handle
    market.server.handle = lambda r: answer(200, body) if b"method=update" in r.content else given(r)
    channel = connect(market.server, time)
    try:
        statuses = {r.status for r in run(channel, lambda c: c.push([desired("base", "1", "9.99")]))}
    except ChannelUnknown:
        statuses = {PushStatus.UNKNOWN}
    assert statuses == {PushStatus.UNKNOWN}


def test_over_real_http(market, time, run, served, desired):
    """The same over a socket."""
    market.add("1", "S1")
    channel = connect(None, time, served(market.server))
    assert run(channel, lambda c: c.push([desired("base", "1", "9.99")]))[0].status is PushStatus.ACCEPTED


def test_the_stock_travels_with_the_price_into_the_warehouse_that_is_named(market, time, run, desired):
    """Prices go first, then the pieces of those products whose number is known."""
    market.add("1", "S1")
    market.add("2", "S2")
    wishes = [desired("base", "1", "9.99", stock=7), desired("base", "2", "9.99")]
    channel = connect(market.server, time, warehouse="bl_206")
    assert {r.status for r in run(channel, lambda c: c.push(wishes))} == {PushStatus.ACCEPTED}
    assert market.stock == {"1": 7}
    assert [listing.stock for listing in run(channel, lambda c: c.read(["1", "2"]))] == [7, 0]


def test_a_stock_that_is_not_taken_leaves_the_price_taken(market, time, run, desired):
    """The price counts as taken, with the words of what went wrong with the stock."""
    market.add("1", "S1")
    channel = connect(market.server, time, warehouse="shop_9")
    (result,) = run(channel, lambda c: c.push([desired("base", "1", "9.99", stock=7)]))
    assert (result.status, result.message) == (PushStatus.ACCEPTED, "its stock was not taken: Unknown warehouse")


def _order(number: int, at: int, **line: object) -> dict[str, object]:
    product = {"order_product_id": 7, "sku": "A-1", "price_brutto": 119.99, "quantity": 2, **line}
    return {"order_id": number, "date_confirmed": at, "currency": "PLN", "products": [product]}


def test_orders_are_read_page_by_page(market, channel) -> None:
    """None is lost or doubled where many were confirmed in one second; lines that cannot be are set aside."""
    begins = datetime(2026, 11, 1, tzinfo=UTC)
    at = int(begins.timestamp())
    market.orders = [_order(number, at + 60 * (number // 90)) for number in range(1, 251)]
    market.orders += [_order(900, at + 99_999, sku=""), _order(901, at + 99_999, price_brutto="dear")]
    market.orders += [_order(902, at + 99_999, price_brutto=0, quantity=1), _order(903, at - 1)]

    async def everything():
        return [row async for row in channel.sales(begins)]

    rows = asyncio.run(everything())
    sales = {row.reference: row for row in rows if isinstance(row, Sale)}
    assert list(sales) == [*(f"{number}/7" for number in range(1, 251)), "902/7"]
    assert (sales["1/7"].units, str(sales["1/7"].paid), sales["1/7"].sold_at) == (2, "119.99 PLN", begins)
    assert sales["902/7"].paid is None
    assert len(rows) == len(sales) + 2
    assert channel.capabilities.sales
