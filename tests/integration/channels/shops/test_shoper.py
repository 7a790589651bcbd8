"""Shoper against a strict server."""

from __future__ import annotations

import json
from decimal import Decimal

import httpx
import pytest
from shop_fakes import shoper as fake
from shop_fakes.shoper import ShoperFake, Stock

from pricewatch.channels.shops.settings import ShoperSettings
from pricewatch.channels.shops.shoper import Shoper
from pricewatch.domain.errors import ChannelUnavailable, SetAside
from pricewatch.domain.listing import PushStatus
from pricewatch.domain.money import Money, TaxRate
from pricewatch.located import Secret
from pricewatch.testing import CHECKS, SUPPLY_CHECKS, HttpLab


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    monkeypatch.setenv("SHOPER_USER", fake.USER)
    monkeypatch.setenv("SHOPER_PASSWORD", fake.PASSWORD)


def connect(shop, stopped=lambda: False, **more):
    who = {"username": Secret(env="SHOPER_USER"), "password": Secret(env="SHOPER_PASSWORD")}
    settings = ShoperSettings(type="shoper", **{"url": "https://shop.example", "rate": 100_000, **who, **more})
    transport = shop if isinstance(shop, httpx.AsyncBaseTransport) else httpx.ASGITransport(app=shop.app)
    return Shoper("shoper", settings, currency="PLN", transport=transport, stopped=stopped)


def pln(text):
    return Money.parse(text, "PLN")


def prices_in(request):
    calls = json.loads(request.content) if request.url.path.endswith("/bulk") else []
    return sum(call["method"] == "PUT" for call in calls)


class ShoperLab(HttpLab):
    """Shoper before its fake."""

    currency, unknown_id = "PLN", "99999/99999"
    secrets = (fake.PASSWORD, fake.TOKEN)

    def __init__(self, *, net=False, stock=False):
        self.shop = ShoperFake(net=net)
        self.net, self.stocked = net, stock
        super().__init__(httpx.ASGITransport(app=self.shop.app), prices_in)

    def connect(self, stopped):
        return connect(self.transport, stopped, net=self.net, stock=self.stocked)

    def fill(self, count):
        self.shop.fill(count)
        return [(f"{s.product}/{s.number}", s.code) for s in self.shop.stocks.values()]

    def shown(self, remote_id):
        number = int(remote_id.partition("/")[2])
        return pln(str(self.shop.shown(number))) if number in self.shop.stocks else None

    def edit(self, remote_id, price):
        stored = TaxRate(2300).net_of(price) if self.net else price
        self.shop.stocks[int(remote_id.partition("/")[2])].price = stored.amount

    def refuse(self, remote_id):
        self.shop.frozen.add(int(remote_id.partition("/")[2]))

    def pieces(self, remote_id):
        stock = self.shop.stocks.get(int(remote_id.partition("/")[2]))
        return stock.pieces if stock else None

    def count(self, remote_id, pieces):
        self.shop.stocks[int(remote_id.partition("/")[2])].pieces = pieces


@pytest.mark.parametrize("check", CHECKS, ids=str)
@pytest.mark.parametrize("net", [False, True], ids=["gross", "net"])
def test_keeps_the_promises_of_every_channel(check, net):
    """Shoper passes the conformance checks, with prices with tax and without."""
    check(ShoperLab(net=net))


@pytest.mark.parametrize("check", SUPPLY_CHECKS, ids=str)
def test_keeps_the_promises_about_stock(check):
    """Shoper passes the checks of stock that is the catalogue's."""
    check(ShoperLab(stock=True))


@pytest.fixture
def shop():
    shop = ShoperFake()
    shop.fill(10)
    shop.stocks[21] = Stock(21, 1, "S1-RED", Decimal("0.00"), kind=0, option=True)
    shop.stocks[22] = Stock(22, 1, "S1-XL", Decimal("15.00"), kind=2, option=True)
    shop.stocks[23] = Stock(23, 1, "S1-XS", Decimal("10.00"), kind=3, option=True)
    return shop


def test_a_product_with_options_is_sold_only_as_these(shop, run, all_of):
    """Options cost what their product costs, more, less, or a price of their own."""
    found = {listing.sku: listing for listing in run(connect(shop), lambda c: all_of(c.listings()))}
    assert "S1" not in found
    assert {sku: found[sku].payable for sku in ("S1-RED", "S1-XL", "S1-XS", "S2")} == {
        "S1-RED": pln("100.00"),
        "S1-XL": pln("115.00"),
        "S1-XS": pln("90.00"),
        "S2": pln("100.00"),
    }


def test_an_option_gets_a_price_of_its_own_and_leaves_the_others_alone(shop, desired, run):
    """Writing one option changes neither its product nor the other options."""

    async def job(channel):
        await channel.push([desired("shoper", "1/22", "129.99")])
        return await channel.read(["1/21", "1/22", "1/23"])

    assert [li.payable for li in run(connect(shop), job)] == [pln("100.00"), pln("129.99"), pln("90.00")]
    assert (shop.stocks[22].kind, shop.stocks[1].price) == (1, Decimal("100.00"))


def test_a_special_offer_that_sells_another_price_is_seen_and_named(shop, desired, run):
    """What a buyer pays is read with the discount, and the price is refused with the offer's number."""
    offer = {"promo_id": "77", "discount": "20.00", "discount_type": "2", "date_from": "2020-01-01 00:00:00"}
    shop.stocks[2].offer = {**offer, "date_to": "2099-01-01 00:00:00"}

    async def job(channel):
        return await channel.read(["2/2"]), await channel.push(
            [desired("shoper", "2/2", "95"), desired("shoper", "3/3", "95")]
        )

    (listing,), results = run(connect(shop), job)
    assert (listing.price, listing.sale_price, listing.upcoming) == (pln("100.00"), pln("80.00"), pln("100.00"))
    assert {r.remote_id: r.status for r in results} == {"2/2": PushStatus.REFUSED, "3/3": PushStatus.ACCEPTED}
    assert "special offer 77" in next(r.message for r in results if r.message)


def test_a_special_offer_that_starts_later_or_is_unknown_in_kind_is_never_guessed(shop, run):
    """A later one is upcoming; one whose kind is unknown leaves no price that could be believed."""
    offer = {"promo_id": "77", "discount": "20.00", "discount_type": "2"}
    shop.stocks[2].offer = {**offer, "date_from": "2099-01-01 00:00:00"}
    shop.stocks[3].offer = {**offer, "discount_type": "9"}
    later, unknown = run(connect(shop), lambda c: c.read(["2/2", "3/3"]))
    assert (later.payable, later.upcoming) == (pln("100.00"), pln("80.00"))
    assert unknown.payable is None


def test_a_shop_in_another_currency_is_never_written(desired, run):
    """The shop's default currency is looked at before the first write."""
    shop = ShoperFake(currency="EUR")
    shop.fill(1)
    with pytest.raises(ChannelUnavailable, match="are in EUR, not in PLN"):
        run(connect(shop), lambda c: c.push([desired("shoper", "1/1", "9.99")]))
    assert shop.stocks[1].price == 100


def test_a_wrong_password_says_so_and_tells_no_secret(shop, run, monkeypatch):
    """A refused log-in is told in the shop's words."""
    monkeypatch.setenv("SHOPER_PASSWORD", "wrong_secret")
    with pytest.raises(ChannelUnavailable, match=r"401.*credentials are invalid") as caught:
        run(connect(shop), lambda c: c.read(["2/2"]))
    assert "wrong_secret" not in str(caught.value)


def test_a_token_that_ran_out_is_renewed_with_the_next_call(shop, run):
    """A refused token is not kept."""

    async def job(channel):
        await channel.read(["2/2"])
        shop.token = "another_token"
        with pytest.raises(ChannelUnavailable, match="access token is invalid"):
            await channel.read(["2/2"])
        return await channel.read(["2/2"])

    assert run(connect(shop), job)[0].payable == pln("100.00")
    assert shop.requests.count("auth") == 2


@pytest.mark.parametrize("body", ['{"stock_id": "2", "product_id": "2"}', '{"price": "1"}', "null", '"text"'])
def test_malformed_stocks_are_never_believed(body, run):
    """A stock without numbers or a price makes the channel unavailable."""
    answers = {
        "auth": '{"access_token": "t"}',
        "currencies": '{"pages": 1, "list": [{"name": "PLN", "default": "1"}]}',
        "bulk": f'{{"errors": false, "items": [{{"id": "0", "code": 200, "body": {body}}}]}}',
    }

    def answer(request):
        text = answers[request.url.path.rpartition("/")[2]]
        return httpx.Response(200, stream=httpx.ByteStream(text.encode()))

    with pytest.raises(ChannelUnavailable, match="no list of product-stocks"):
        run(connect(httpx.MockTransport(answer)), lambda c: c.read(["2/2"]))


def test_the_catalogue_is_imported(shop, run, all_of):
    """Products come with name, cost, stock and EAN; one without a code is set aside."""
    shop.stocks[4].code = ""
    products = run(connect(shop), lambda c: all_of(c.products()))
    found = {p.sku: p for p in products if not isinstance(p, SetAside)}
    assert (found["S2"].price, found["S2"].cost, found["S2"].stock) == (pln("100.00"), pln("61.50"), 7)
    assert (found["S2"].name, found["S2"].gtin, "S1" in found) == ("Item 2", "5901234123457", False)
    assert [p.reason for p in products if isinstance(p, SetAside)] == ["has no SKU"]
