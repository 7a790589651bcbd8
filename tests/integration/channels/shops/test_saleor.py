"""Saleor against a strict server that holds every document against the published schema."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest
from shop_fakes import saleor as fake
from shop_fakes.saleor import SaleorFake, gid, number_of

from pricewatch.channels.shops.saleor import Saleor
from pricewatch.channels.shops.settings import SaleorSettings
from pricewatch.domain.decision import Announcement
from pricewatch.domain.errors import ChannelUnavailable, ChannelUnknown, SetAside
from pricewatch.domain.listing import PushStatus
from pricewatch.domain.money import Money, TaxRate
from pricewatch.located import Secret
from pricewatch.testing import CHECKS, HttpLab, Trouble


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    monkeypatch.setenv("SALEOR_TOKEN", fake.TOKEN)


def connect(shop, stopped=lambda: False, **more):
    values = {"url": "https://shop.example", "rate": 100_000, "token": Secret(env="SALEOR_TOKEN")}
    settings = SaleorSettings(type="saleor", **{"channel": fake.CHANNEL, **values, **more})
    transport = shop if isinstance(shop, httpx.AsyncBaseTransport) else httpx.ASGITransport(app=shop.app)
    return Saleor("saleor", settings, currency="PLN", transport=transport, stopped=stopped)


def pln(text):
    return Money.parse(text, "PLN")


def vid(number):
    return gid("ProductVariant", number)


def prices_in(request):
    variables = json.loads(request.content)["variables"]
    return sum(len(value) for name, value in variables.items() if name.startswith("v"))


class SaleorLab(HttpLab):
    """Saleor before its fake."""

    currency, unknown_id = "PLN", gid("ProductVariant", 99_999)
    secrets = (fake.TOKEN,)

    def __init__(self, *, net=False):
        self.shop = SaleorFake(with_tax=not net)
        self.net = net
        super().__init__(httpx.ASGITransport(app=self.shop.app), prices_in)

    def connect(self, stopped):
        return connect(self.transport, stopped, net=self.net)

    def fill(self, count):
        self.shop.fill(count)
        return [(vid(v.number), v.sku) for v in self.shop.variants.values()]

    def shown(self, remote_id):
        number = number_of("ProductVariant", remote_id)
        return pln(str(self.shop.shown(number))) if number in self.shop.variants else None

    def edit(self, remote_id, price):
        number = number_of("ProductVariant", remote_id)
        stored = TaxRate(2300).net_of(price) if self.net else price
        self.shop.variants[number] = replace(self.shop.variants[number], price=stored.amount)

    def refuse(self, remote_id):
        self.shop.frozen.add(number_of("ProductVariant", remote_id))

    def answer(self, kind):
        if kind is Trouble.NO_ACCESS:
            exception = {"exception": {"code": "PermissionDenied", "stacktrace": []}}
            body = {"errors": [{"message": "To access this path, you need …", "extensions": exception}], "data": None}
            return httpx.Response(200, json=body)
        return super().answer(kind)


@pytest.mark.parametrize("check", CHECKS, ids=str)
@pytest.mark.parametrize("net", [False, True], ids=["gross", "net"])
def test_keeps_the_promises_of_every_channel(check, net):
    """Saleor passes the conformance checks, with prices entered with tax and without."""
    check(SaleorLab(net=net))


@pytest.fixture
def shop():
    shop = SaleorFake()
    shop.fill(20)
    return shop


def test_variants_of_many_products_go_in_one_request(shop, desired, run):
    """Twenty variants of four products are read once and changed once, failed rows alone rejected."""
    shop.frozen.add(7)
    results = run(connect(shop), lambda c: c.push([desired("saleor", vid(n), "89.99") for n in range(1, 21)]))
    refused = [r for r in results if r.status is PushStatus.REFUSED]
    assert [(r.remote_id, r.message) for r in refused] == [(vid(7), "Price is locked.")]
    assert {n for n, v in shop.variants.items() if v.price == Decimal("89.99")} == set(range(1, 21)) - {7}
    assert len(shop.requests) == 2


def test_a_variant_taken_out_of_the_channel_is_not_put_back(shop, desired, run):
    """A price does not list a variant anew: it is refused in words, and is no listing."""
    shop.variants[3] = replace(shop.variants[3], listed=False)
    (result,) = run(connect(shop), lambda c: c.push([desired("saleor", vid(3), "89.99")]))
    assert (result.status, shop.variants[3].listed) == (PushStatus.REFUSED, False)
    assert "not in the channel default-channel any longer" in result.message
    assert run(connect(shop), lambda c: c.read([vid(3)])) == []


def test_a_promotion_that_makes_another_price_sell_is_seen(shop, run):
    """What a buyer pays is read from the storefront's pricing, not from the stored price."""
    shop.variants[1] = replace(shop.variants[1], off=20)
    (listing,) = run(connect(shop), lambda c: c.read([vid(1)]))
    assert (listing.price, listing.sale_price, listing.payable) == (pln("100.00"), pln("80.00"), pln("80.00"))


def test_an_announced_reduction_is_told_with_its_prior_price_and_ends_with_it(shop, desired, run):
    """While it runs the prior price is kept beside the price; the next plain price clears it."""
    told = Announcement(pln("120.00"), datetime(2026, 1, 1, tzinfo=UTC), None)

    async def job(channel):
        await channel.push([desired("saleor", vid(1), "89.99", announcement=told)])
        during = await channel.read([vid(1)])
        await channel.push([desired("saleor", vid(1), "89.99")])
        return during + await channel.read([vid(1)])

    during, after = run(connect(shop), job)
    assert (during.price, during.sale_price) == (pln("120.00"), pln("89.99"))
    assert (after.price, after.sale_price, shop.variants[1].prior) == (pln("89.99"), None, None)


def test_a_prior_price_that_cannot_be_shown_is_told_before_sending(desired):
    """In a net shop the struck price is predicted as well."""
    told = Announcement(pln("120.03"), datetime(2026, 1, 1, tzinfo=UTC), None)
    channel = connect(SaleorFake(with_tax=False), net=True)
    assert channel.predict(desired("saleor", vid(1), "98.40")).reachable
    said = channel.predict(desired("saleor", vid(1), "98.40", announcement=told))
    assert not said.reachable
    assert "prior price of its announced reduction" in said.message


def test_a_channel_in_another_currency_is_never_written(desired, run):
    """The currency of each listing is looked at right before it is written."""
    shop = SaleorFake(currency="EUR")
    shop.fill(1)
    with pytest.raises(ChannelUnavailable, match="sells in EUR, not in PLN"):
        run(connect(shop), lambda c: c.push([desired("saleor", vid(1), "9.99")]))
    assert shop.variants[1].price == Decimal("100.00")


def test_missing_rights_are_named(shop, run):
    """An app without MANAGE_PRODUCTS, or a token that nobody knows, says what it lacks."""
    shop.rights.clear()
    with pytest.raises(ChannelUnavailable, match=r"refused our credentials.*MANAGE_PRODUCTS"):
        run(connect(shop), lambda c: c.read([vid(1)]))


def test_an_id_of_another_kind_is_a_mistake_that_is_told(shop, run):
    """Saleor turns the whole question down; nothing is taken for missing."""
    with pytest.raises(Exception, match="Expected: ProductVariant"):
        run(connect(shop), lambda c: c.read([gid("Product", 1)]))


@pytest.mark.parametrize("node", ['{"id": 5, "channelListings": []}', '{"id": "x"}', "null", '"text"'])
def test_malformed_variants_are_never_believed(node, answering, run):
    """A variant without an id or its listings makes the channel unavailable."""
    page = f'{{"edges": [{{"node": {node}}}], "pageInfo": {{"hasNextPage": false}}}}'
    with pytest.raises(ChannelUnavailable, match="no list of variants"):
        run(connect(answering(f'{{"data": {{"productVariants": {page}}}}}')), lambda c: c.read([vid(1)]))


def test_fewer_results_than_changes_are_unknown(shop, desired, run):
    """Results are matched by their place: when one is missing, nothing is known of any."""

    class Short(SaleorFake):
        def _update(self, request, args):
            return {**super()._update(request, args), "results": []}

    short = Short()
    short.fill(2)
    with pytest.raises(ChannelUnknown):
        run(connect(short), lambda c: c.push([desired("saleor", vid(1), "9.99")]))


def test_the_catalogue_is_imported(shop, run, all_of):
    """Products come with stock of all warehouses, brand and category; one without SKU is set aside."""
    shop.variants[2] = replace(shop.variants[2], sku="")
    products = run(connect(shop), lambda c: all_of(c.products()))
    first = next(p for p in products if not isinstance(p, SetAside) and p.sku == "S1")
    assert (first.price, first.stock, first.brand, first.category) == (pln("100.00"), 7, "Bosch", "Tools")
    assert [p.reason for p in products if isinstance(p, SetAside)] == ["has no SKU"]
