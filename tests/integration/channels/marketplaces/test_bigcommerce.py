"""BigCommerce price lists: batches in halves, sale prices that stay, the official specification."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import httpx
import pytest
from market_fakes import FakeTime, reach
from market_fakes.bigcommerce import BigCommerceServer
from market_fakes.specification import Specification

from pricewatch.channels.marketplaces.bigcommerce import BigCommerce
from pricewatch.channels.marketplaces.settings import BigCommerceSettings
from pricewatch.domain.decision import Announcement
from pricewatch.domain.errors import ChannelUnavailable
from pricewatch.domain.money import Money
from pricewatch.located import Secret
from pricewatch.testing import CHECKS, HttpLab


@pytest.fixture(autouse=True)
def _token(monkeypatch):
    monkeypatch.setenv("BC_TOKEN", "token-1")


@pytest.fixture
def market():
    return BigCommerceServer()


def connect(transport, **more):
    stopped = {"stopped": more.pop("stopped")} if "stopped" in more else {}
    settings = BigCommerceSettings(
        type="bigcommerce", url="https://api.test/stores/s/v3", token=Secret(env="BC_TOKEN"), rate=100_000,
        **{"price_list": 2, **more},
    )  # fmt: skip
    return BigCommerce("list", settings, reach(transport, FakeTime(), **stopped))


class BigCommerceLab(HttpLab):
    currency, unknown_id, secrets = "PLN", "999999", ("token-1",)

    def __init__(self):
        self.market = BigCommerceServer()
        super().__init__(self.market.server, self.prices_in)

    @staticmethod
    def prices_in(request):
        return len(json.loads(request.content)) if request.method == "PUT" else 0

    def connect(self, stopped):
        return connect(self.transport, stopped=stopped)

    def fill(self, count):
        ids = [(str(n), f"S{n}") for n in range(1_000, 1_000 + count)]
        for number, sku in ids:
            self.market.add(number, sku)
        return ids

    def shown(self, remote_id):
        record = self.market.records.get(remote_id)
        return Money.parse(f"{record.price if record.sale is None else record.sale:.2f}", "PLN") if record else None

    def edit(self, remote_id, price):
        self.market.records[remote_id].price = price.amount

    def refuse(self, remote_id):
        self.market.refuses.add(remote_id)


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_keeps_every_promise(check):
    """What every channel must do."""
    check(BigCommerceLab())


def test_one_bad_record_in_a_batch_refuses_itself_alone(market, run, desired):
    """The batch is halved until the bad one stands alone, in BigCommerce's words."""
    for n in range(10):
        market.add(str(n), f"S{n}")
    market.refuses.add("7")
    results = run(connect(market.server), lambda c: c.push([desired("list", str(n), "9.99") for n in range(10)]))
    assert [r.remote_id for r in results if r.status.value == "refused"] == ["7"]
    assert "Variant is not valid" in next(r.message for r in results if r.remote_id == "7")
    assert {f"{market.records[str(n)].price:.2f}" for n in range(10) if n != 7} == {"9.99"}


def test_a_sale_price_comes_with_its_announcement_and_goes_with_it(market, run, desired):
    """Announced, the prior price is struck; afterwards nothing but our price is paid or shown."""
    market.add("1", "S1")
    told = Announcement(Money.parse("120.00", "PLN"), datetime(2026, 3, 1, tzinfo=UTC), None)

    async def job(c):
        await c.push([desired("list", "1", "95.00", announcement=told)])
        during = (await c.read(["1"]))[0]
        await c.push([desired("list", "1", "99.00", version=2)])
        return during, (await c.read(["1"]))[0]

    during, after = run(connect(market.server), job)
    assert (str(during.price), str(during.sale_price)) == ("120.00 PLN", "95.00 PLN")
    assert (str(after.price), after.sale_price, str(after.payable)) == ("99.00 PLN", None, "99.00 PLN")


def test_records_in_another_currency_are_not_ours(market, run, all_of):
    """The price list has prices for several countries."""
    market.add("1", "S1")
    market.add("2", "S2", currency="eur")
    assert [li.remote_id for li in run(connect(market.server), lambda c: all_of(c.listings()))] == ["1"]


def test_a_price_list_that_is_not_there_is_named(market, run):
    """The answer of the store is shown."""
    with pytest.raises(Exception, match="price list does not exist"):
        run(connect(market.server, price_list=7), lambda c: c.read(["1"]))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"data": []}', b'{"data": [{}], "meta": {"pagination": {"total_pages": 1}}}']
)
def test_a_list_that_is_none_is_never_believed(body, market, run):
    """No empty price list is concluded from it."""
    market.server.handle = lambda _request: httpx.Response(200, content=body)
    with pytest.raises(ChannelUnavailable, match="answered price records"):
        run(connect(market.server), lambda c: c.read(["1"]))


def test_everything_that_is_said_is_as_specified(market, run, all_of, desired):
    """Every request, and every answer of the fake, is valid under BigCommerce's OpenAPI document."""
    specification = Specification("bc_price_lists.v3.yml", base="/stores/s/v3")
    market.server.checks.append(specification)
    for n in range(300):
        market.add(str(n), f"S{n}")

    async def job(c):
        await all_of(c.listings())
        await c.push([desired("list", str(n), f"{n + 1}.99") for n in range(30)])
        return await c.read(["0", "1", "999"])

    assert len(run(connect(market.server), job)) == 2
    assert specification.seen == {
        ("get", "/pricelists/{price_list_id}/records"),
        ("put", "/pricelists/{price_list_id}/records"),
    }
