"""WooCommerce over real HTTP against a strict server."""

from __future__ import annotations

import asyncio

import pytest

from pricewatch.channels.shops.settings import WooCommerceSettings
from pricewatch.channels.shops.woocommerce import WooCommerce
from pricewatch.demo.faults import Fault, FaultSchedule
from pricewatch.demo.woocommerce import WooItem, WooShop
from pricewatch.domain.errors import ChannelUnavailable, ChannelUnknown, SetAside
from pricewatch.domain.listing import PushStatus
from pricewatch.domain.money import Money
from pricewatch.located import Secret

KEY, SECRET = "ck_test", "cs_test"


@pytest.fixture
def shop():
    items = [WooItem(n, f"S{n}", f"Item {n}", f"{n}.00", stock=n) for n in range(10, 135)]
    items += [
        WooItem(500, "PARENT", "Shirt", "", type="variable"),
        WooItem(501, "S500/501", "Shirt S", "50.00", parent=500, type="variation"),
        WooItem(502, "S500/502", "Shirt M", "55.00", parent=500, type="variation"),
    ]
    return WooShop(items, key=KEY, secret=SECRET, faults=FaultSchedule(hang=1.0))


@pytest.fixture
def channel(shop, served, monkeypatch):
    monkeypatch.setenv("WOO_KEY", KEY)
    monkeypatch.setenv("WOO_SECRET", SECRET)
    return connect(served(shop))


def connect(url, **more):
    values = {"url": url, "key": Secret(env="WOO_KEY"), "secret": Secret(env="WOO_SECRET"), "rate": 100_000}
    return WooCommerce("shop", WooCommerceSettings(type="woocommerce", **{**values, **more}), currency="PLN")


def run(channel, job):
    async def main():
        try:
            return await job(channel)
        finally:
            await channel.close()

    return asyncio.run(main())


async def all_of(iterator):
    return [entry async for entry in iterator]


def pln(text):
    return Money.parse(text, "PLN")


def test_lists_every_product_and_variation_across_pages(channel):
    """All pages are read; variations come under their parents, and the parent itself is no listing."""
    found = run(channel, lambda c: all_of(c.listings()))
    assert len(found) == 127
    assert {"500/501", "500/502"} <= {listing.remote_id for listing in found}
    assert "PARENT" not in {listing.sku for listing in found}
    assert next(li for li in found if li.sku == "S10").price == pln("10.00")


def test_pushes_products_and_variations_in_batches(channel, shop, desired):
    """125 products take two batches and two variations one of their parent; all read back as sent."""
    wanted = [desired("shop", str(n), f"{n}.99") for n in range(10, 135)]
    wanted += [desired("shop", "500/501", "51.99"), desired("shop", "500/502", "56.99")]

    async def job(c):
        return await c.push(wanted), await c.read([d.remote_id for d in wanted])

    results, read = run(channel, job)
    assert {r.status for r in results} == {PushStatus.ACCEPTED}
    assert {li.remote_id: li.payable for li in read} == {d.remote_id: d.price for d in wanted}
    assert [r for r in shop.requests if r[0] == "POST"] == [
        ("POST", "/wp-json/wc/v3/products/batch"),
        ("POST", "/wp-json/wc/v3/products/batch"),
        ("POST", "/wp-json/wc/v3/products/500/variations/batch"),
    ]


def test_a_refused_item_inside_a_200_is_refused_with_the_shops_words(channel, shop, desired):
    """An unknown product in a batch is refused alone; the others are taken."""
    results = run(channel, lambda c: c.push([desired("shop", "10", "9.99"), desired("shop", "999", "9.99")]))
    assert {r.remote_id: r.status for r in results} == {"10": PushStatus.ACCEPTED, "999": PushStatus.REFUSED}
    assert "Invalid ID" in next(r.message for r in results if r.remote_id == "999")
    assert shop.shown("S10") == "9.99"


def test_a_running_sale_is_read_as_what_the_buyer_pays(channel, shop):
    """The listing's payable price is the sale price while the sale runs."""
    shop.edit("S20", sale_price="15.00")
    listing = run(channel, lambda c: c.read(["20"]))[0]
    assert (listing.price, listing.sale_price, listing.payable) == (pln("20.00"), pln("15.00"), pln("15.00"))


def test_a_write_clears_a_sale_that_would_sell_another_price(channel, shop, desired):
    """Raising the regular price alone would leave the old sale price selling."""
    shop.edit("S20", sale_price="15.00", sale_from="2020-01-01T00:00:00", sale_to="2099-01-01T00:00:00")
    run(channel, lambda c: c.push([desired("shop", "20", "25.00")]))
    assert shop.shown("S20") == "25.00"
    assert shop.items[20].sale_price == shop.items[20].sale_from == shop.items[20].sale_to == ""


def test_a_scheduled_sale_is_seen_before_it_starts(channel, shop):
    """A sale that starts by itself later is shown as upcoming."""
    shop.edit("S20", sale_price="15.00", sale_from="2099-01-01T00:00:00")
    listing = run(channel, lambda c: c.read(["20"]))[0]
    assert (listing.payable, listing.upcoming) == (pln("20.00"), pln("15.00"))


def test_wrong_keys_make_the_channel_unavailable_and_say_so(shop, served, monkeypatch):
    """Credentials that the shop does not know stop the channel, in the shop's words."""
    monkeypatch.setenv("WOO_KEY", "ck_other")
    monkeypatch.setenv("WOO_SECRET", SECRET)
    with pytest.raises(ChannelUnavailable, match=r"401.*Consumer key is invalid"):
        run(connect(served(shop)), lambda c: c.read(["10"]))


def test_a_wrong_secret_is_not_taken_over_plain_http(shop, served, monkeypatch):
    """Every request over http is signed; a signature with another secret is refused."""
    monkeypatch.setenv("WOO_KEY", KEY)
    monkeypatch.setenv("WOO_SECRET", "cs_other")
    with pytest.raises(ChannelUnavailable, match="Invalid signature"):
        run(connect(served(shop)), lambda c: c.read(["10"]))


@pytest.mark.parametrize("fault", [Fault.HANG_AFTER, Fault.ERROR_AFTER, Fault.RESET_AFTER])
def test_no_clear_answer_is_unknown_even_when_it_was_applied(fault, shop, served, desired, monkeypatch):
    """Timeout, 500 and a broken connection after applying: nobody claims to know."""
    monkeypatch.setenv("WOO_KEY", KEY)
    monkeypatch.setenv("WOO_SECRET", SECRET)
    shop.faults.next_write.append(fault)
    with pytest.raises(ChannelUnknown):
        run(connect(served(shop), timeout=0.5), lambda c: c.push([desired("shop", "10", "9.99")]))
    assert shop.shown("S10") == "9.99"


def test_a_failing_second_batch_leaves_the_first_one_known(channel, shop, desired):
    """What was answered stays answered; the rest is unknown, one result per item."""
    shop.faults.next_write += [Fault.SLOW, Fault.ERROR_BEFORE]
    results = run(channel, lambda c: c.push([desired("shop", str(n), "9.99") for n in range(10, 130)]))
    assert [r.status for r in results] == [PushStatus.ACCEPTED] * 100 + [PushStatus.UNKNOWN] * 20


def test_too_many_requests_carry_the_time_to_wait(channel, shop, desired):
    """429 makes the channel wait as long as it asks."""
    shop.faults.next_write.append(Fault.TOO_MANY)
    with pytest.raises(ChannelUnavailable) as caught:
        run(channel, lambda c: c.push([desired("shop", "10", "9.99")]))
    assert caught.value.retry_after == 1.0


def test_a_page_that_is_no_list_of_products_is_never_believed(served, monkeypatch):
    """A cache or login page with status 200 makes the channel unavailable."""
    monkeypatch.setenv("WOO_KEY", KEY)
    monkeypatch.setenv("WOO_SECRET", SECRET)

    class Garbage:
        @staticmethod
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"<html>welcome</html>"})

    with pytest.raises(ChannelUnavailable, match="no list of products"):
        run(connect(served(Garbage)), lambda c: c.read(["10"]))


def test_basic_authentication_over_tls(shop, desired, monkeypatch):
    """Over https the keys go as Basic credentials."""
    import httpx

    monkeypatch.setenv("WOO_KEY", KEY)
    monkeypatch.setenv("WOO_SECRET", SECRET)
    shop.tls = True
    settings = WooCommerceSettings(
        type="woocommerce", url="https://shop.example", key=Secret(env="WOO_KEY"), secret=Secret(env="WOO_SECRET")
    )
    channel = WooCommerce("shop", settings, currency="PLN", transport=httpx.ASGITransport(app=shop.app))
    assert run(channel, lambda c: c.push([desired("shop", "10", "9.99")]))[0].status is PushStatus.ACCEPTED


def test_a_net_shop_says_which_prices_it_cannot_show(shop, served, desired, monkeypatch):
    """Net with two decimals at 23 %: 0.03 is not reachable, and the nearest reachable prices are named."""
    monkeypatch.setenv("WOO_KEY", KEY)
    monkeypatch.setenv("WOO_SECRET", SECRET)
    channel = connect(served(shop), net=True, decimals=2)
    prediction = channel.predict(desired("shop", "10", "0.03"))
    assert not prediction.reachable
    assert prediction.nearest == (pln("0.02"), pln("0.04"))
    assert connect("http://x.example", net=True, decimals=4).predict(desired("shop", "10", "0.03")).reachable


def test_the_catalogue_can_be_imported_from_the_shop(channel, shop):
    """Products come with price, stock and tax; one without a SKU is set aside."""
    shop.edit("S11", sku="")
    products = run(channel, lambda c: all_of(c.products()))
    first = next(p for p in products if not isinstance(p, SetAside) and p.sku == "S10")
    assert (first.price, first.stock, first.tax.basis_points) == (pln("10.00"), 10, 2300)
    assert [p.reason for p in products if isinstance(p, SetAside)] == ["has no SKU"]


@pytest.mark.parametrize(
    ("sent", "shown"), [("83,99", "8399"), ("abc", ""), ("1e3", "13"), ("-5", "-5"), ("1 299.00", "1299.00")]
)
def test_the_demo_shop_has_the_quirks_of_a_real_one(shop, sent, shown):
    """What a real shop makes of careless text, so that the adapter is tested against it."""
    shop.set_price("S10", sent)
    assert shop.shown("S10") == shown
