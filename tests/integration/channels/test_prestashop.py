"""The PrestaShop webservice over real HTTP against a strict server."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from pricewatch.channels.shops.prestashop import PrestaShop
from pricewatch.channels.shops.settings import PrestaShopSettings
from pricewatch.demo.faults import Fault, FaultSchedule
from pricewatch.demo.prestashop import PrestaItem, PrestaShopServer, SpecificPrice
from pricewatch.domain.errors import ChannelUnavailable, ChannelUnknown, SetAside
from pricewatch.domain.listing import PushStatus
from pricewatch.domain.money import Money
from pricewatch.located import Secret

KEY = "PSKEY123"


def build_shop(**options):
    items = [PrestaItem(n, f"S{n}", f"Item {n}", "81.300813", stock=n, brand="Acme") for n in range(1, 121)]
    items += [
        PrestaItem(300, "PARENT", "Shirt", "40.000000"),
        PrestaItem(301, "S300/301", "", "0.000000", product=300),
        PrestaItem(302, "S300/302", "", "4.065041", product=300),
    ]
    return PrestaShopServer(items, key=KEY, faults=FaultSchedule(hang=1.0), **options)


@pytest.fixture
def shop():
    return build_shop()


@pytest.fixture
def connect(served, monkeypatch):
    monkeypatch.setenv("PS_KEY", KEY)

    def make(shop, **more):
        values = {"url": served(shop), "key": Secret(env="PS_KEY"), "rate": 100_000, **more}
        return PrestaShop("presta", PrestaShopSettings(type="prestashop", **values), currency="PLN")

    return make


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


@pytest.mark.parametrize("offer_gross", [True, False])
def test_lists_products_and_combinations_with_gross_prices(connect, offer_gross):
    """Gross comes from the shop where it offers that, else from the net price; a parent is not listed."""
    found = run(connect(build_shop(offer_gross=offer_gross)), lambda c: all_of(c.listings()))
    prices = {listing.remote_id: listing.payable for listing in found}
    assert len(prices) == 122
    assert prices["1"] == pln("100.00")
    assert prices["300/301"] == pln("49.20")
    assert prices["300/302"] == pln("54.20")
    assert "300" not in prices


def test_every_cent_reads_back_as_it_was_sent(connect, shop, desired):
    """Net with six decimals carries any gross price exactly, for products and combinations alike."""
    wanted = [desired("presta", str(n), f"{n}.99") for n in range(1, 30)]
    wanted += [desired("presta", "300/301", "45.01"), desired("presta", "300/302", "39.99")]

    async def job(c):
        return await c.push(wanted), await c.read([d.remote_id for d in wanted])

    results, read = run(connect(shop), job)
    assert {r.status for r in results} == {PushStatus.ACCEPTED}
    assert {li.remote_id: li.payable for li in read} == {d.remote_id: d.price for d in wanted}
    assert shop.shown("S300/302") == "39.99"


def test_a_combination_changes_by_its_own_impact_alone(connect, shop, desired):
    """The product's base price and the other combination stay as they were."""
    run(connect(shop), lambda c: c.push([desired("presta", "300/301", "60.00")]))
    assert (shop.shown("S300/301"), shop.shown("S300/302")) == ("60.00", "54.20")
    assert shop.products[300].price == "40.000000"


def test_a_write_keeps_what_another_editor_changed(connect, shop, desired):
    """The object is read again right before it is written, so only the price changes."""

    async def job(c):
        await c.read(["1"])
        shop.edit("S1", name="Renamed meanwhile", description="new text")
        return await c.push([desired("presta", "1", "99.99")])

    run(connect(shop), job)
    assert (shop.products[1].name, shop.products[1].description) == ("Renamed meanwhile", "new text")
    assert shop.shown("S1") == "99.99"


def test_a_specific_price_that_sells_another_price_is_reported_and_not_written_around(connect, shop, desired):
    """The listing shows what is really paid; the push is refused and names the specific price."""
    shop.specials.append(SpecificPrice(7, 1, "0.100000"))

    async def job(c):
        return (await c.read(["1"]))[0], (await c.push([desired("presta", "1", "95.00")]))[0]

    listing, result = run(connect(shop), job)
    assert (listing.price, listing.payable) == (pln("100.00"), pln("90.00"))
    assert result.status is PushStatus.REFUSED
    assert "specific price 7" in result.message
    assert shop.log == []


def test_a_specific_price_of_the_future_is_seen_before_it_starts(connect, shop):
    """A reduction that starts later is an upcoming price."""
    shop.specials.append(SpecificPrice(8, 2, "5.000000", "amount", starts="2099-01-01 00:00:00"))
    listing = run(connect(shop), lambda c: c.read(["2"]))[0]
    assert (listing.payable, listing.upcoming) == (pln("100.00"), pln("95.00"))


def test_a_product_that_is_gone_is_refused_alone(connect, shop, desired):
    """404 for one object refuses it in the shop's words; the next one is written."""
    results = run(connect(shop), lambda c: c.push([desired("presta", "999", "9.99"), desired("presta", "2", "9.99")]))
    assert [r.status for r in results] == [PushStatus.REFUSED, PushStatus.ACCEPTED]
    assert "does not exist" in results[0].message


@pytest.mark.parametrize("fault", [Fault.ERROR_AFTER, Fault.HANG_AFTER, Fault.RESET_AFTER])
def test_a_500_after_saving_is_unknown(connect, shop, desired, fault):
    """The shop has answered 500 after it saved: nobody claims to know."""
    shop.faults.next_write.append(fault)
    with pytest.raises(ChannelUnknown):
        run(connect(shop, timeout=0.5), lambda c: c.push([desired("presta", "1", "9.99")]))
    assert shop.shown("S1") == "9.99"


def test_a_wrong_key_makes_the_channel_unavailable(connect, shop, monkeypatch):
    """401 stops the channel, in the shop's words."""
    monkeypatch.setenv("PS_KEY", "OTHER")
    with pytest.raises(ChannelUnavailable, match="Authentication key"):
        run(connect(shop), lambda c: c.read(["1"]))


def test_an_answer_that_is_no_xml_is_never_believed(connect):
    """A page of HTML with status 200 makes the channel unavailable."""

    class Garbage:
        @staticmethod
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"<!DOCTYPE x [<!ENTITY a 'b'>]><html>&a;"})

    with pytest.raises(ChannelUnavailable, match="no list of them"):
        run(connect(Garbage), lambda c: c.read(["1"]))


def test_the_catalogue_can_be_imported_from_the_shop(connect, shop):
    """Products and combinations come with price, stock and brand; one without a reference is set aside."""
    shop.edit("S5", reference="")
    products = run(connect(shop), lambda c: all_of(c.products()))
    usable = {p.sku: p for p in products if not isinstance(p, SetAside)}
    assert (usable["S7"].price, usable["S7"].stock, usable["S7"].brand) == (pln("100.00"), 7, "Acme")
    assert usable["S300/301"].price == pln("49.20")
    assert "PARENT" not in usable
    assert [p.reason for p in products if isinstance(p, SetAside)] == ["has no SKU"]


FULL = (
    "<prestashop><product><id>1</id><price>{price}</price><reference>S1</reference>"
    "<name><language id='1'>x</language></name><link_rewrite><language id='1'>x</language></link_rewrite>{more}"
    "</product></prestashop>"
)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("<prestashop><product><id>1</id><price>9.000000</price></product></prestashop>", 400, "required"),
        (FULL.format(price="83,99", more=""), 400, "not valid"),
        (FULL.format(price="-5", more=""), 400, "not valid"),
        (FULL.format(price="abc", more=""), 400, "not valid"),
        (FULL.format(price="0", more=""), 200, ""),
        (FULL.format(price="9", more="<quantity>1</quantity>"), 400, "not writable"),
    ],
)
def test_the_demo_shop_has_the_quirks_of_a_real_one(shop, served, body, status, words):
    """What a real webservice refuses and takes, so that the adapter is tested against it."""
    reply = httpx.put(f"{served(shop)}/api/products/1", content=body, auth=(KEY, ""))
    assert reply.status_code == status
    assert words in reply.text
