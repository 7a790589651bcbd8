"""Medusa against a strict server that replaces prices as a whole."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from shop_fakes import medusa as fake
from shop_fakes.medusa import MedusaFake, PriceList

from pricewatch.channels.shops.medusa import Medusa
from pricewatch.channels.shops.settings import MedusaSettings
from pricewatch.domain.errors import ChannelUnavailable, SetAside
from pricewatch.domain.listing import PushStatus
from pricewatch.domain.money import Money, TaxRate
from pricewatch.located import Secret
from pricewatch.testing import CHECKS, SUPPLY_CHECKS, HttpLab


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    monkeypatch.setenv("MEDUSA_KEY", fake.KEY)


def connect(shop, stopped=lambda: False, **more):
    values = {"url": "https://shop.example", "rate": 100_000, "key": Secret(env="MEDUSA_KEY"), **more}
    transport = shop if isinstance(shop, httpx.AsyncBaseTransport) else httpx.ASGITransport(app=shop.app)
    settings = MedusaSettings(type="medusa", **values)
    return Medusa("medusa", settings, currency="PLN", transport=transport, stopped=stopped)


def pln(text):
    return Money.parse(text, "PLN")


class MedusaLab(HttpLab):
    """Medusa before its fake."""

    currency, unknown_id = "PLN", "prod_1/variant_99999"
    secrets = (fake.KEY,)

    def __init__(self, *, net=False, **more):
        self.shop = MedusaFake(net=net)
        self.settings = {"net": net, **more}
        self.net = net
        super().__init__(
            httpx.ASGITransport(app=self.shop.app),
            lambda request: len(json.loads(request.content)["update"]) if request.url.path.endswith("s/batch") else 0,
        )

    def connect(self, stopped):
        return connect(self.transport, stopped, **self.settings)

    def fill(self, count):
        self.shop.fill(count)
        return [(f"{v.product}/{v.id}", v.sku) for v in self.shop.variants.values()]

    def shown(self, remote_id):
        variant = remote_id.partition("/")[2]
        if variant not in self.shop.variants:
            return None
        amount = pln(str(self.shop.own(variant)))
        return TaxRate(2300).gross_of(amount) if self.net else amount

    def edit(self, remote_id, price):
        stored = TaxRate(2300).net_of(price) if self.net else price
        variant = self.shop.variants[remote_id.partition("/")[2]]
        variant.prices = [self.shop.price(float(stored.text))]

    def refuse(self, remote_id):
        self.shop.frozen.add(remote_id.partition("/")[2])

    def pieces(self, remote_id):
        variant = self.shop.variants.get(remote_id.partition("/")[2])
        return variant.stock if variant else None

    def count(self, remote_id, pieces):
        self.shop.variants[remote_id.partition("/")[2]].stock = pieces


@pytest.mark.parametrize("check", CHECKS, ids=str)
@pytest.mark.parametrize("net", [False, True], ids=["gross", "net"])
def test_keeps_the_promises_of_every_channel(check, net):
    """Medusa passes the conformance checks, with prices entered with tax and without."""
    check(MedusaLab(net=net))


@pytest.mark.parametrize("check", SUPPLY_CHECKS, ids=str)
def test_keeps_the_promises_about_stock(check):
    """Medusa passes the checks of stock that is the catalogue's."""
    check(MedusaLab(stock=True))


@pytest.fixture
def shop():
    shop = MedusaFake()
    shop.fill(10)
    return shop


ONE = "prod_1/variant_1"


def test_pieces_in_two_places_are_neither_compared_nor_written(shop, desired, run):
    """Which place would hold them is the shop's: refused with the reason, while those of others are written."""
    shop.variants["variant_1"].scattered = True

    async def job(channel):
        listings = await channel.read([ONE, "prod_1/variant_2"])
        wishes = [desired("medusa", remote, "99.00", stock=3) for remote in (ONE, "prod_1/variant_2")]
        return [listing.stock for listing in listings], await channel.supply(wishes)

    stocks, results = run(connect(shop, stock=True), job)
    assert stocks == [None, 6]
    assert {r.remote_id: r.status for r in results}[ONE] is PushStatus.REFUSED
    assert [shop.variants[f"variant_{n}"].stock for n in (1, 2)] == [6, 3]


def test_prices_in_other_currencies_regions_and_quantities_stay_as_they_are(shop, desired, run):
    """A write replaces all prices of a variant: those that are not ours go back as they were read."""
    variant = shop.variants["variant_1"]
    more = [
        shop.price(90, min_quantity=10),
        shop.price(99, "eur", rules={"region_id": "reg_de"}),
        shop.price(25, "eur", max_quantity=5),
    ]
    variant.prices += more
    before = {p["id"]: dict(p) for p in variant.prices}
    (result,) = run(connect(shop), lambda c: c.push([desired("medusa", ONE, "129.99")]))
    after = {p["id"]: p for p in variant.prices}
    ours = next(number for number, p in before.items() if (p["currency_code"], p["amount"]) == ("pln", 100))
    assert result.status is PushStatus.ACCEPTED
    assert after.pop(ours)["amount"] == 129.99
    before.pop(ours)
    assert after == before


def test_a_variant_without_a_price_in_our_currency_gets_one(shop, desired, run):
    """A new price is added beside the others."""
    shop.variants["variant_1"].prices = [shop.price(25.5, "eur")]
    run(connect(shop), lambda c: c.push([desired("medusa", ONE, "129.99")]))
    assert (shop.own("variant_1"), shop.own("variant_1", "eur")) == (129.99, 25.5)


def test_amounts_are_written_with_the_digits_that_they_have(desired, run):
    """No binary fraction comes in between: 0.30 is 0.30 on the wire."""
    sent = []

    class Listening(MedusaFake):
        async def _batch(self, request):
            sent.append((await request.body()).decode())
            return await super()._batch(request)

    shop = Listening()
    shop.fill(1)
    run(connect(shop), lambda c: c.push([desired("medusa", ONE, "1999.90")]))
    assert '"amount":1999.90' in sent[0]


def test_binary_fractions_that_others_left_are_read_as_what_a_buyer_sees(shop, run):
    """0.30000000000000004 is 0.30."""
    shop.variants["variant_1"].prices = [shop.price(0.1 + 0.2)]
    assert run(connect(shop), lambda c: c.read([ONE]))[0].payable == pln("0.30")


def test_a_currency_that_is_none_is_taken_there_and_kept(shop, desired, run):
    """Medusa takes "zzz" and amounts below zero: nobody's price but ours is changed because of them."""
    strange = {"currency_code": "zzz", "amount": -5}
    reply = asyncio.run(by_hand(shop, {"update": [{"id": "variant_1", "prices": [strange]}]}))
    assert reply.status_code == 200
    assert run(connect(shop), lambda c: c.read([ONE]))[0].payable is None
    run(connect(shop), lambda c: c.push([desired("medusa", ONE, "129.99")]))
    assert (shop.own("variant_1"), shop.own("variant_1", "zzz")) == (129.99, -5)


def test_an_amount_below_zero_is_seen_as_what_it_is(shop, run):
    """It is never taken for no price, or for ours."""
    shop.variants["variant_1"].prices = [shop.price(-5)]
    assert run(connect(shop), lambda c: c.read([ONE]))[0].payable == pln("-5.00")


async def by_hand(shop, body):
    """What a careless client is answered."""
    transport = httpx.ASGITransport(app=shop.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://shop.example") as client:
        return await client.post("/admin/products/prod_1/variants/batch", json=body, auth=(fake.KEY, ""))


@pytest.mark.parametrize("old", [False, True], ids=["prices-of-their-own", "prices-in-the-list"])
def test_a_price_list_that_makes_another_price_sell_is_seen_and_named(old, desired, run):
    """The sale is read as what a buyer pays, and the price is refused with the price list's name."""
    shop = MedusaFake(old=old)
    shop.fill(2)
    shop.lists = [PriceList("plist_1", "Black Friday", [("variant_1", shop.price(80))])]

    async def job(channel):
        wanted = [desired("medusa", f"prod_1/variant_{n}", "129.99") for n in (1, 2)]
        return await channel.read([ONE]), await channel.push(wanted)

    (listing,), results = run(connect(shop), job)
    assert (listing.price, listing.sale_price) == (pln("100.00"), pln("80.00"))
    assert {r.remote_id: r.status for r in results} == {
        ONE: PushStatus.REFUSED,
        "prod_1/variant_2": PushStatus.ACCEPTED,
    }
    assert "price list 'Black Friday' makes another price sell" in next(r.message for r in results if r.message)


def test_a_price_list_that_starts_later_is_seen_before_it_starts(shop, run):
    """What the shop will switch to by itself is shown as upcoming."""
    shop.lists = [PriceList("p", "Later", [("variant_1", shop.price(80))], starts_at=fake.tomorrow())]
    (listing,) = run(connect(shop), lambda c: c.read([ONE]))
    assert (listing.payable, listing.upcoming) == (pln("100.00"), pln("80.00"))


@pytest.mark.parametrize(
    "more",
    [
        {"status": "draft"},
        {"ends_at": "2020-01-01T00:00:00.000Z"},
        {"rules": [{"attribute": "customer.groups.id", "value": "vip"}]},
    ],
    ids=["draft", "over", "for-a-group"],
)
def test_price_lists_that_do_not_hold_for_everybody_now_or_later_are_left_alone(more, shop, run):
    """Drafts, past sales and prices of customer groups change nothing."""
    shop.lists = [PriceList("p", "Other", [("variant_1", shop.price(80))], **more)]
    (listing,) = run(connect(shop), lambda c: c.read([ONE]))
    assert (listing.payable, listing.sale_price, listing.upcoming) == (pln("100.00"), None, None)


def test_a_regions_own_price_is_another_price(shop, desired, run):
    """A price in our currency for a region sells there: seen, and refused with the region."""
    shop.variants["variant_1"].prices.append(shop.price(95, rules={"region_id": "reg_pl"}))

    async def job(channel):
        return await channel.read([ONE]), await channel.push([desired("medusa", ONE, "129.99")])

    (listing,), (result,) = run(connect(shop), job)
    assert listing.payable == pln("95.00")
    assert "region_id reg_pl makes another price sell" in result.message


def test_a_price_list_that_names_no_variants_is_said_and_not_guessed(desired, run):
    """Some versions forget to say whose price it is: nothing is written until somebody decides."""
    shop = MedusaFake(nameless=True)
    shop.fill(1)
    shop.lists = [PriceList("p", "Sale", [("variant_1", shop.price(80))])]
    with pytest.raises(ChannelUnavailable, match="does not say which variant") as caught:
        run(connect(shop), lambda c: c.push([desired("medusa", ONE, "129.99")]))
    assert "price_lists = false" in caught.value.hint
    (result,) = run(connect(shop, price_lists=False), lambda c: c.push([desired("medusa", ONE, "129.99")]))
    assert result.status is PushStatus.ACCEPTED


def test_a_variant_that_never_had_a_price_is_listed_without_one(answering, run):
    """Its record has no prices at all: no price, and no trouble for the others."""
    transport = answering('{"variants": [{"id": "v", "product_id": "p", "sku": "S"}], "count": 1}')
    (listing,) = run(connect(transport, price_lists=False), lambda c: c.read(["p/v"]))
    assert (listing.price, listing.payable) == (None, None)


def test_a_wrong_key_says_so(shop, run, monkeypatch):
    """An unknown key is told in the shop's words, without the key."""
    monkeypatch.setenv("MEDUSA_KEY", "sk_other")
    with pytest.raises(ChannelUnavailable, match=r"401.*Unauthorized") as caught:
        run(connect(shop), lambda c: c.read([ONE]))
    assert "sk_other" not in str(caught.value)


@pytest.mark.parametrize(
    "variant",
    [
        '{"id": "v", "product_id": "p", "prices": [{"currency_code": "pln", "amount": "9.99"}]}',
        '{"id": "v", "product_id": "p", "prices": {"amount": 5}}',
        '{"id": 1, "product_id": "p", "prices": []}',
        "7",
    ],
)
def test_malformed_variants_are_never_believed(variant, answering, run):
    """An amount that is text, or a variant without ids or prices, makes the channel unavailable."""
    transport = answering(f'{{"variants": [{variant}], "count": 1, "price_lists": []}}')
    with pytest.raises(ChannelUnavailable, match="no list of variants"):
        run(connect(transport, price_lists=False), lambda c: c.read(["p/v"]))


def test_the_catalogue_is_imported(shop, run, all_of):
    """Products come with stock, EAN and picture; one without SKU is set aside."""
    shop.variants["variant_2"].sku = ""
    products = run(connect(shop), lambda c: all_of(c.products()))
    first = next(p for p in products if not isinstance(p, SetAside) and p.sku == "S1")
    assert (first.price, first.stock, first.gtin) == (pln("100.00"), 6, "5901234123457")
    assert [p.reason for p in products if isinstance(p, SetAside)] == ["has no SKU"]


@pytest.mark.parametrize(
    ("net", "included", "rates", "words"),
    [
        (False, False, [23], "adds tax to its prices in PLN at the checkout"),
        (True, True, [23], "prices in PLN are entered with tax"),
        (False, False, [0, None], ""),
        (False, True, [23], ""),
        (True, False, [23], ""),
    ],
)
def test_prices_are_written_on_the_tax_side_of_the_shop_alone(net, included, rates, words, shop, desired, run):
    """A gross price in a shop that adds tax would read back as it was sent, and cost a quarter more at the checkout."""
    shop.included, shop.rates = included, rates
    channel = connect(shop, net=net)
    if words:
        with pytest.raises(ChannelUnavailable, match=words):
            run(channel, lambda c: c.push([desired("medusa", ONE, "99.00")]))
        assert shop.own("variant_1") == 100
    else:
        (result,) = run(channel, lambda c: c.push([desired("medusa", ONE, "99.00")]))
        assert result.status is PushStatus.ACCEPTED
