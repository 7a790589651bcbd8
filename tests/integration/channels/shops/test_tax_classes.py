"""Shops that keep prices without tax: a price is never written by another rate than the shop sells with."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import httpx
import pytest
from shop_fakes import magento as magento_fake
from shop_fakes import saleor as saleor_fake
from shop_fakes import vendure as vendure_fake
from shop_fakes.magento import Item, MagentoFake
from shop_fakes.saleor import SaleorFake, gid
from shop_fakes.shopify import TOKEN, ShopifyFake
from shop_fakes.vendure import VendureFake

from pricewatch.channels.form import PriceForm
from pricewatch.channels.shops.magento import Magento
from pricewatch.channels.shops.prestashop import PrestaShop
from pricewatch.channels.shops.saleor import Saleor
from pricewatch.channels.shops.settings import (
    MagentoSettings,
    PrestaShopSettings,
    SaleorSettings,
    ShopifySettings,
    VendureSettings,
    WooCommerceSettings,
)
from pricewatch.channels.shops.shopify import Shopify
from pricewatch.channels.shops.taxes import Taxes
from pricewatch.channels.shops.vendure import Vendure
from pricewatch.channels.shops.woocommerce import WooCommerce
from pricewatch.demo.prestashop import PrestaItem, PrestaShopServer
from pricewatch.demo.woocommerce import WooItem, WooShop
from pricewatch.domain.listing import Desired
from pricewatch.domain.money import Money, TaxRate
from pricewatch.located import Secret

KEY = "shop_secret"


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    monkeypatch.setenv("SHOP_KEY", KEY)
    monkeypatch.setenv("MAGENTO_TOKEN", magento_fake.TOKEN)
    monkeypatch.setenv("SHOPIFY_TOKEN", TOKEN)
    monkeypatch.setenv("SALEOR_TOKEN", saleor_fake.TOKEN)
    monkeypatch.setenv("VENDURE_KEY", vendure_fake.KEY)


def woocommerce(**item):
    shop = WooShop([WooItem(1, "S1", "Item 1", "20.32", **item)], key=KEY, secret=KEY)
    secrets = {"key": Secret(env="SHOP_KEY"), "secret": Secret(env="SHOP_KEY")}
    more = {"net": True, "tax_classes": {"reduced-rate": "8"}, "rate": 100_000}
    settings = WooCommerceSettings(type="woocommerce", url="http://w.test", **secrets, **more)
    return WooCommerce("shop", settings, currency="PLN", transport=httpx.ASGITransport(app=shop.app)), "1"


def prestashop(**values):
    shop = PrestaShopServer([PrestaItem(1, "S1", "Item 1", "20.317073", tax_group="2")], key=KEY, **values)
    more = {"tax_groups": {"2": "8"}, "rate": 100_000}
    settings = PrestaShopSettings(type="prestashop", url="http://p.test", key=Secret(env="SHOP_KEY"), **more)
    return PrestaShop("shop", settings, currency="PLN", transport=httpx.ASGITransport(app=shop.app)), "1"


def magento(tax_class="3"):
    shop = MagentoFake(net=True, slow=0)
    shop.items["S1"] = Item("S1", Decimal("20.32"), tax_class=tax_class)
    more = {"net": True, "tax_classes": {"3": "8"}, "rate": 100_000}
    settings = MagentoSettings(type="magento", url="https://m.test", token=Secret(env="MAGENTO_TOKEN"), **more)
    return Magento("shop", settings, currency="PLN", transport=httpx.ASGITransport(app=shop.app)), "S1"


def shopify():
    shop = ShopifyFake(taxes_included=False)
    shop.fill(1)
    shop.variants[1] = replace(shop.variants[1], taxable=False)
    more = {"net": True, "rate": 100_000}
    settings = ShopifySettings(type="shopify", url="https://s.test", token=Secret(env="SHOPIFY_TOKEN"), **more)
    return Shopify("shop", settings, currency="PLN", transport=httpx.ASGITransport(app=shop.app)), "1/1"


def vendure():
    shop = VendureFake(includes_tax=False)
    shop.fill(1)
    shop.variants["1"] = replace(shop.variants["1"], rate=8)
    more = {"net": True, "rate": 100_000}
    settings = VendureSettings(type="vendure", url="https://v.test", key=Secret(env="VENDURE_KEY"), **more)
    return Vendure("shop", settings, currency="PLN", transport=httpx.ASGITransport(app=shop.app)), "1"


def saleor():
    shop = SaleorFake(with_tax=False)
    shop.fill(1)
    more = {"net": True, "channel": saleor_fake.CHANNEL, "rate": 100_000}
    settings = SaleorSettings(type="saleor", url="https://s.test", token=Secret(env="SALEOR_TOKEN"), **more)
    return Saleor("shop", settings, currency="PLN", transport=httpx.ASGITransport(app=shop.app)), gid(
        "ProductVariant", 1
    )


SHOPS = [
    pytest.param(lambda: woocommerce(tax_class="reduced-rate"), "8", "23", id="woocommerce"),
    pytest.param(lambda: woocommerce(extra={"tax_status": "none"}), "0", "8", id="woocommerce-untaxed"),
    pytest.param(lambda: prestashop(rates={"2": 8}), "8", "23", id="prestashop"),
    pytest.param(lambda: prestashop(rates={"2": 8}, offer_gross=False), "8", "23", id="prestashop-1.6"),
    pytest.param(lambda: prestashop(rates={"2": 5}), "5", "8", id="prestashop-other-than-the-settings-say"),
    pytest.param(magento, "8", "23", id="magento"),
    pytest.param(lambda: magento(tax_class="0"), "0", "23", id="magento-untaxed"),
    pytest.param(shopify, "0", "23", id="shopify-untaxed"),
    pytest.param(vendure, "8", "23", id="vendure"),
    pytest.param(saleor, "23", "8", id="saleor"),
]


@pytest.mark.parametrize(("connected", "there", "ours"), SHOPS)
def test_a_price_is_written_by_the_rate_of_the_listing_or_not_at_all(run, desired, connected, there, ours):
    """What the price list taxes otherwise than the shop is called unreachable, with both rates; the rest is not."""
    channel, remote = connected()
    wished = [desired("shop", remote, "24.99", tax=TaxRate.parse(rate)) for rate in (ours, there)]

    async def job(c):
        await c.read([remote])
        return [c.predict(wish) for wish in wished]

    other, same = run(channel, job)
    assert not other.reachable
    told = re.search(r"with (?:about )?([\d.]+) % .*, the price list with ([\d.]+) %", other.message)
    assert told is not None
    assert abs(Decimal(told[1]) - Decimal(there)) < Decimal("0.2")
    assert told[2] == ours
    assert same.reachable or same.nearest


def test_a_tax_class_that_the_settings_do_not_name_is_not_guessed(run, desired):
    """Nobody knows what the shop makes of a net price there, so none is sent, and the class is named."""
    channel, remote = woocommerce(tax_class="books")

    async def job(c):
        await c.read([remote])
        return c.predict(desired("shop", remote, "24.99"))

    said = run(channel, job)
    assert (said.reachable, "tax class books" in said.message) == (False, True)


def test_a_class_that_was_mended_in_the_shop_is_seen_with_the_next_reading():
    """The objection is of what was read last."""
    taxes = Taxes(PriceForm(2, net=True), TaxRate(2300))
    wish = Desired("shop", "1", "S1", 1, Money.parse("24.99", "PLN"), TaxRate(2300), None, None)
    taxes.note("1", TaxRate(800), "tax class reduced-rate")
    assert "8 %" in taxes.objection(wish)
    taxes.note("1", TaxRate(2300), "")
    assert taxes.objection(wish) == ""


def test_cents_are_too_coarse_to_tell_near_rates_apart():
    """A shop that shows 1.00 for 0.93 may tax with 8 % or 7 %: neither is objected to, 23 % is."""
    taxes = Taxes(PriceForm(2, net=True), None)
    taxes.note_shown("1", Decimal("0.93"), Money.parse("1.00", "PLN"))
    wishes = [
        Desired("shop", "1", "S1", 1, Money.parse("1.00", "PLN"), TaxRate.parse(rate), None, None)
        for rate in ("7", "8", "23")
    ]
    assert [bool(taxes.objection(wish)) for wish in wishes] == [False, False, True]


def test_shops_with_tax_in_their_prices_object_to_nothing():
    """A gross price is the same whatever its tax is."""
    taxes = Taxes(PriceForm(2), TaxRate(2300))
    taxes.note("1", TaxRate(800), "tax class reduced-rate")
    wish = Desired("shop", "1", "S1", 1, Money.parse("24.99", "PLN"), TaxRate(2300), None, None)
    assert taxes.objection(wish) == ""


def test_a_price_that_somebody_fixed_says_nothing_of_the_rate(run, desired):
    """PrestaShop's full price is then the fixed one: the rate is the group's, and the push names what fixed it."""
    special = (
        "<id>7</id><id_product>1</id_product><price>50.000000</price><reduction>0</reduction>"
        "<from_quantity>1</from_quantity><id_customer>0</id_customer><id_product_attribute>0</id_product_attribute>"
    )
    product = (
        "<id>1</id><reference>S1</reference><price>81.300813</price><full>54.000000</full><now>54.000000</now>"
        "<id_tax_rules_group>2</id_tax_rules_group><active>1</active>"
    )
    answers = {
        "/api/products": f"<products><product>{product}</product></products>",
        "/api/specific_prices": f"<specific_prices><specific_price>{special}</specific_price></specific_prices>",
    }

    def answer(request):
        found = answers.get(request.url.path, "<configurations/>")
        return httpx.Response(200, stream=httpx.ByteStream(f"<prestashop>{found}</prestashop>".encode()))

    values = {"key": Secret(env="SHOP_KEY"), "tax_groups": {"2": "8"}, "rate": 100_000}
    settings = PrestaShopSettings(type="prestashop", url="http://p.test", **values)
    channel = PrestaShop("shop", settings, currency="PLN", transport=httpx.MockTransport(answer))
    wish = desired("shop", "1", "99.00", tax=TaxRate(800))

    async def job(c):
        await c.read(["1"])
        return c.predict(wish), await c.push([wish])

    said, (result,) = run(channel, job)
    assert said.reachable
    assert "specific price 7 makes another price sell" in result.message
