"""Vendure against a strict server that holds every document against the published schema."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import httpx
import pytest
from shop_fakes import vendure as fake
from shop_fakes.vendure import VendureFake

from pricewatch.channels.shops.settings import VendureSettings
from pricewatch.channels.shops.vendure import Vendure
from pricewatch.domain.errors import ChannelUnavailable, ChannelUnknown, SetAside
from pricewatch.domain.listing import PushStatus
from pricewatch.domain.money import Money, TaxRate
from pricewatch.located import Secret
from pricewatch.testing import CHECKS, SUPPLY_CHECKS, HttpLab, Trouble


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    for name in ("KEY", "USER", "PASSWORD", "CHANNEL"):
        monkeypatch.setenv(f"VENDURE_{name}", getattr(fake, name))


def connect(shop, **more):
    values = {"url": "https://shop.example", "rate": 100_000, **more}
    if "username" not in values:
        values["key"] = Secret(env="VENDURE_KEY")
    settings = VendureSettings(type="vendure", **values)
    transport = shop if isinstance(shop, httpx.AsyncBaseTransport) else httpx.ASGITransport(app=shop.app)
    return Vendure("vendure", settings, currency="PLN", transport=transport)


def by_password(shop, **more):
    return connect(shop, username=Secret(env="VENDURE_USER"), password=Secret(env="VENDURE_PASSWORD"), **more)


def prices_in(request):
    return sum("prices" in change for change in json.loads(request.content)["variables"].get("input", []))


class VendureLab(HttpLab):
    """Vendure before its fake."""

    currency, unknown_id = "PLN", "99999"
    secrets = (fake.KEY,)

    def __init__(self, **settings):
        self.shop = VendureFake(includes_tax=not settings.get("net"))
        self.settings = settings
        super().__init__(httpx.ASGITransport(app=self.shop.app), prices_in)

    def connect(self, stopped):
        values = {"url": "https://shop.example", "rate": 100_000, "key": Secret(env="VENDURE_KEY"), **self.settings}
        settings = VendureSettings(type="vendure", **values)
        return Vendure("vendure", settings, currency="PLN", transport=self.transport, stopped=stopped)

    def fill(self, count):
        self.shop.fill(count)
        return [(v.id, v.sku) for v in self.shop.variants.values()]

    def shown(self, remote_id):
        return Money(self.shop.shown(remote_id), pln("1").currency) if remote_id in self.shop.variants else None

    def edit(self, remote_id, price):
        self.shop.edit(remote_id, price.minor)

    def refuse(self, remote_id):
        self.shop.frozen.add(remote_id)

    def pieces(self, remote_id):
        variant = self.shop.variants.get(remote_id)
        return variant.stock if variant else None

    def count(self, remote_id, pieces):
        self.shop.variants[remote_id] = replace(self.shop.variants[remote_id], stock=pieces)

    def answer(self, kind):
        if kind is Trouble.NO_ACCESS:
            error = {"message": "You are not currently authorized", "extensions": {"code": "FORBIDDEN"}}
            return httpx.Response(200, json={"errors": [error], "data": None})
        return super().answer(kind)


def pln(text):
    return Money.parse(text, "PLN")


@pytest.mark.parametrize("check", CHECKS, ids=str)
@pytest.mark.parametrize("net", [False, True], ids=["gross", "net"])
def test_keeps_the_promises_of_every_channel(check, net):
    """Vendure passes the conformance checks, with prices entered with tax and without."""
    check(VendureLab(net=net))


@pytest.mark.parametrize("check", SUPPLY_CHECKS, ids=str)
def test_keeps_the_promises_about_stock(check):
    """Vendure passes the checks of stock that is the catalogue's."""
    check(VendureLab(stock=True))


@pytest.fixture
def shop():
    shop = VendureFake()
    shop.fill(20)
    return shop


def test_one_unknown_variant_rolls_its_batch_back_and_the_rest_is_sent_again(shop, desired, run):
    """The batch is halved until the bad item stands alone; everything else is written, in few requests."""
    wanted = [desired("vendure", str(n), "89.99") for n in (*range(1, 17), 999)]
    results = run(connect(shop), lambda c: c.push(wanted))
    assert {r.remote_id for r in results if r.status is PushStatus.REFUSED} == {"999"}
    assert 'No ProductVariant with the id "999"' in next(r.message for r in results if r.remote_id == "999")
    assert {shop.shown(str(n)) for n in range(1, 17)} == {8999}
    assert len(shop.requests) <= 12


def test_a_price_goes_with_its_currency_in_whole_minor_units(shop, desired, run):
    """The currency is named with every price, so that the channel's default can never be meant by mistake."""
    run(connect(shop), lambda c: c.push([desired("vendure", "1", "129.99")]))
    assert shop.requests[-1][1] == {"input": [{"id": "1", "prices": [{"currencyCode": "PLN", "price": 12999}]}]}


def test_a_net_channel_says_which_prices_it_cannot_show(desired):
    """At 20 % net whole minor units make 130.00 of 129.99: not sent, and the nearest reachable prices are named."""
    prediction = connect(VendureFake(), net=True).predict(desired("vendure", "1", "129.99", tax=TaxRate(2000)))
    assert not prediction.reachable
    assert prediction.nearest == (pln("129.98"), pln("130.00"))
    assert prediction.shown == pln("130.00")


@pytest.mark.parametrize(("stored", "payable"), [(-500, "-5.00"), (0, "0.00")])
def test_what_is_not_above_zero_is_taken_there_and_seen(stored, payable, shop, run):
    """Vendure takes zero and less: they are read as what they are, and never taken for no price or for ours."""
    by_hand = 'mutation Zero($price: Money!) { updateProductVariants(input: [{ id: "1", price: $price }]) { id } }'
    reply = asyncio.run(asking(shop, by_hand, price=stored))
    assert reply["data"]["updateProductVariants"][0]["id"] == "1"
    assert run(connect(shop), lambda c: c.read(["1"]))[0].payable == pln(payable)


def test_a_search_index_that_lags_behind_is_not_what_is_read_back(shop, desired, run):
    """Two seconds after a write a search still finds the old price: the channel asks the variants themselves."""
    run(connect(shop), lambda c: c.push([desired("vendure", "1", "129.99")]))
    by_hand = (
        "{ search(input: { take: 1 }) { items { productVariantId priceWithTax { ... on SinglePrice { value } } } } }"
    )
    found = asyncio.run(asking(shop, by_hand))["data"]["search"]["items"][0]
    assert (found["productVariantId"], found["priceWithTax"]["value"]) == ("1", 10_000)
    assert run(connect(shop), lambda c: c.read(["1"]))[0].payable == pln("129.99")


async def asking(shop, document, **variables):
    """What a client by hand is answered."""
    transport = httpx.ASGITransport(app=shop.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://shop.example") as client:
        headers = {"vendure-api-key": fake.KEY}
        return (
            await client.post("/admin-api", json={"query": document, "variables": variables}, headers=headers)
        ).json()


def test_another_tax_rate_than_ours_is_seen_in_the_answer(desired, run):
    """Where the shop applies another rate than the catalogue says, its answer names another price: not accepted."""
    shop = VendureFake(includes_tax=False)
    shop.fill(1)
    shop.variants["1"] = fake.Variant("1", "S1", 10_000, rate=8)
    (result,) = run(connect(shop, net=True), lambda c: c.push([desired("vendure", "1", "123.00")]))
    assert result.status is PushStatus.UNKNOWN
    assert "108.00 PLN instead of 123.00 PLN" in result.message


def test_a_channel_in_another_currency_is_never_written(desired, run):
    """A channel that does not sell in our currency is unavailable, for reading and for writing."""
    shop = VendureFake(currency="EUR")
    shop.fill(1)
    with pytest.raises(Exception, match="PLN is not available"):
        run(connect(shop), lambda c: c.read(["1"]))
    with pytest.raises(Exception, match="PLN is not available"):
        run(connect(shop), lambda c: c.push([desired("vendure", "1", "12.00")]))
    assert shop.shown("1") == 10_000


def test_a_wrong_address_refuses_no_listing(shop, desired, run):
    """404 is about the channel, not about prices: nothing is set aside because of it."""
    wrong = connect(shop, path="wrong-api")
    for job in (lambda c: c.push([desired("vendure", "1", "9.99")]), lambda c: c.read(["1"])):
        with pytest.raises(ChannelUnavailable, match="404"):
            run(wrong, job)


def test_logs_in_by_user_and_password_once(shop, run, all_of):
    """Without an API key the session's token is fetched once and sent with every request."""
    found = run(by_password(shop, channel_token=Secret(env="VENDURE_CHANNEL")), lambda c: all_of(c.listings()))
    assert len(found) == 20
    assert sum("login" in document for document, _ in shop.requests) == 1


def test_a_wrong_password_says_so_and_tells_no_secret(shop, run, monkeypatch):
    """A refused log-in names the shop's reason and what to check."""
    monkeypatch.setenv("VENDURE_PASSWORD", "wrong_secret")
    with pytest.raises(ChannelUnavailable, match="credentials are invalid") as caught:
        run(by_password(shop), lambda c: c.read(["1"]))
    assert "username and password" in caught.value.hint
    assert "wrong_secret" not in str(caught.value)


def test_a_session_that_ran_out_is_renewed_within_the_call(shop, desired, run):
    """A refused session is renewed and the request sent once more, be it a read or a write."""

    async def job(channel):
        await channel.read(["1"])
        channel._session = "stale"
        read = await channel.read(["1"])
        channel._session = "stale"
        return read, await channel.push([desired("vendure", "1", "89.99")])

    (read,), (pushed,) = run(by_password(shop), job)
    assert (read.payable, pushed.status, shop.shown("1")) == (pln("100.00"), PushStatus.ACCEPTED, 8_999)
    assert sum("login" in document for document, _ in shop.requests) == 3


def test_somebody_without_rights_is_not_logged_in_again_and_again(shop, run, monkeypatch):
    """Where a fresh session is refused too, the reason is told after one log-in more."""

    async def job(channel):
        channel._session = "stale"
        monkeypatch.setattr(shop, "headers", lambda: {"vendure-auth-token": "without rights"})
        with pytest.raises(ChannelUnavailable, match="not currently authorized"):
            await channel.read(["1"])

    run(by_password(shop), job)
    assert sum("login" in document for document, _ in shop.requests) == 1


@pytest.mark.parametrize(("net", "words"), [(False, "entered without tax"), (True, "entered with tax")])
def test_a_section_on_the_other_tax_side_is_never_used(net, words, desired, run):
    """Where the channel's prices are entered on the other tax side, nothing is read or written; the key is named."""
    shop = VendureFake(includes_tax=net)
    shop.fill(1)
    before = shop.variants["1"]
    for job in (lambda c: c.push([desired("vendure", "1", "89.99")]), lambda c: c.read(["1"])):
        with pytest.raises(ChannelUnavailable, match=words) as caught:
            run(connect(shop, net=net), job)
        assert caught.value.hint == f"set net = {str(not net).lower()} on the channel"
    assert shop.variants["1"] == before


def test_a_variant_without_a_price_in_our_currency_hides_no_other(shop, desired, run, all_of):
    """There one such variant makes the whole list an error: the others are read, it has no price, and may get one."""
    shop.variants["7"] = replace(shop.variants["7"], priced=False)
    channel = connect(shop)
    found = {listing.remote_id: listing for listing in run(channel, lambda c: all_of(c.listings()))}
    assert len(found) == 20
    assert (found["7"].price, found["7"].sku, found["8"].price) == (None, "S7", pln("100.00"))
    assert run(channel, lambda c: c.read(["7"]))[0].price is None
    products = run(channel, lambda c: all_of(c.products()))
    assert [p.sku for p in products if p.price is None] == ["S7"]
    (result,) = run(channel, lambda c: c.push([desired("vendure", "7", "89.99")]))
    assert (result.status, shop.shown("7")) == (PushStatus.ACCEPTED, 8_999)


def test_missing_rights_and_wrong_channel_tokens_are_named(shop, run, monkeypatch):
    """An API key that the shop does not take, or an unknown channel token, says which."""
    monkeypatch.setenv("VENDURE_KEY", "other")
    with pytest.raises(ChannelUnavailable, match=r"refused our credentials.*not currently authorized"):
        run(connect(shop), lambda c: c.read(["1"]))
    monkeypatch.setenv("VENDURE_KEY", fake.KEY)
    monkeypatch.setenv("VENDURE_CHANNEL", "other")
    with pytest.raises(ChannelUnavailable, match="No Channel with the token"):
        run(connect(shop, channel_token=Secret(env="VENDURE_CHANNEL")), lambda c: c.read(["1"]))


@pytest.mark.parametrize(
    "answer",
    [
        '{"data": {"productVariants": {"totalItems": 1, "items": [{"id": "1", "currencyCode": "PLN"}]}}}',
        '{"data": {"productVariants": {"totalItems": 1, "items": [{"id": "1", "currencyCode":"", "priceWithTax":1}]}}}',
        '{"data": {"productVariants": null}}',
        '{"data": null}',
        "[]",
        "[" * 5000,
    ],
)
def test_malformed_answers_are_never_believed(answer, answering, run):
    """A price that is no whole number of minor units, or no list at all, makes the channel unavailable."""
    with pytest.raises(ChannelUnavailable):
        run(connect(answering(answer)), lambda c: c.read(["1"]))


def test_an_unclear_answer_to_a_write_is_unknown(desired, run):
    """An internal error in a 200 says nothing about whether the prices were written."""
    oops = {"data": None, "errors": [{"message": "oops", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}
    fits = {"data": {"activeChannel": {"pricesIncludeTax": True}}}

    def answer(request):
        body = json.dumps(oops if b"mutation" in request.content else fits)
        return httpx.Response(200, stream=httpx.ByteStream(body.encode()))

    with pytest.raises(ChannelUnknown, match="oops"):
        run(connect(httpx.MockTransport(answer)), lambda c: c.push([desired("vendure", "1", "9.99")]))


def test_the_catalogue_is_imported_with_the_shops_own_tax_rates(shop, run, all_of):
    """Products come with VAT as the shop applies it, stock, brand and description; one without SKU is set aside."""
    shop.variants["2"] = fake.Variant("2", "", 5_000)
    shop.variants["3"] = fake.Variant("3", "S3", 5_000, rate=8, stock=7)
    products = run(connect(shop), lambda c: all_of(c.products()))
    third = next(p for p in products if not isinstance(p, SetAside) and p.sku == "S3")
    assert (third.price, third.stock, third.tax, third.brand) == (pln("50.00"), 7, TaxRate(800), "Bosch")
    assert (third.description, third.image_url) == ("Good", "https://shop.example/a.jpg")
    assert [p.reason for p in products if isinstance(p, SetAside)] == ["has no SKU"]
