"""Announced reductions in shops: the prior price stands beside ours, ends with the next price, or is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest
from shop_fakes import medusa as medusa_fake
from shop_fakes import shoper as shoper_fake
from shop_fakes.medusa import MedusaFake, PriceList
from shop_fakes.shoper import ShoperFake, Stock

from pricewatch.channels.shops.medusa import Medusa
from pricewatch.channels.shops.prestashop import PrestaShop
from pricewatch.channels.shops.settings import MedusaSettings, PrestaShopSettings, ShoperSettings, VendureSettings
from pricewatch.channels.shops.shoper import Shoper
from pricewatch.channels.shops.vendure import Vendure
from pricewatch.demo.prestashop import PrestaItem, PrestaShopServer, SpecificPrice
from pricewatch.domain.decision import Announcement
from pricewatch.domain.errors import ChannelUnknown, PublishingStopped
from pricewatch.domain.listing import PushStatus
from pricewatch.domain.money import Money
from pricewatch.located import Secret

KEY = "key_secret"


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    monkeypatch.setenv("SHOP_KEY", KEY)
    monkeypatch.setenv("MEDUSA_KEY", medusa_fake.KEY)
    monkeypatch.setenv("SHOPER_USER", shoper_fake.USER)
    monkeypatch.setenv("SHOPER_PASSWORD", shoper_fake.PASSWORD)


def pln(text):
    return Money.parse(text, "PLN")


def told(prior):
    return Announcement(pln(prior), datetime(2026, 1, 1, tzinfo=UTC), None)


def presta(shop, stopped=lambda: False):
    settings = PrestaShopSettings(type="prestashop", url="http://p.test", key=Secret(env="SHOP_KEY"), rate=100_000)
    return PrestaShop("shop", settings, currency="PLN", transport=httpx.ASGITransport(app=shop.app), stopped=stopped)


def medusa(shop, stopped=lambda: False, **more):
    values = {"url": "https://m.test", "key": Secret(env="MEDUSA_KEY"), "rate": 100_000, **more}
    settings = MedusaSettings(type="medusa", **values)
    return Medusa("shop", settings, currency="PLN", transport=httpx.ASGITransport(app=shop.app), stopped=stopped)


def presta_shop(**more):
    items = [PrestaItem(n, f"S{n}", f"Item {n}", "81.300813") for n in (1, 2)]
    option = PrestaItem(11, "S1-XL", "XL", "8.130081", product=1)
    return PrestaShopServer([*items, option], key=KEY, **more)


def medusa_shop():
    shop = MedusaFake()
    shop.fill(3)
    return shop


def shoper(shop, stopped=lambda: False):
    who = {"username": Secret(env="SHOPER_USER"), "password": Secret(env="SHOPER_PASSWORD")}
    settings = ShoperSettings(type="shoper", url="https://s.test", rate=100_000, **who)
    return Shoper("shop", settings, currency="PLN", transport=httpx.ASGITransport(app=shop.app), stopped=stopped)


def shoper_shop():
    shop = ShoperFake()
    shop.fill(3)
    return shop


PLACES = {
    "prestashop": (presta, presta_shop, "2"),
    "prestashop-option": (presta, presta_shop, "1/11"),
    "prestashop-16": (presta, lambda: presta_shop(offer_gross=False), "2"),
    "medusa": (medusa, medusa_shop, "prod_1/variant_2"),
    "shoper": (shoper, shoper_shop, "2/2"),
}


@pytest.mark.parametrize("kind", PLACES)
def test_a_reduction_is_shown_with_its_prior_price_changed_and_ended(kind, desired, run):
    """129.00 struck beside 99.00, then beside 89.00, then 119.00 alone, and nothing is left behind."""
    connect, make, remote = PLACES[kind]

    async def job(channel):
        seen = []
        for price, prior in (("99.00", "129.00"), ("89.00", "129.00"), ("119.00", None)):
            more = {"announcement": told(prior)} if prior else {}
            (result,) = await channel.push([desired("shop", remote, price, **more)])
            (listing,) = await channel.read([remote])
            seen.append((result.status, listing.price, listing.sale_price, listing.upcoming))
        return seen

    accepted = PushStatus.ACCEPTED
    assert run(connect(make()), job) == [
        (accepted, pln("129.00"), pln("99.00"), None),
        (accepted, pln("129.00"), pln("89.00"), None),
        (accepted, pln("119.00"), None, None),
    ]


def test_no_price_below_ours_is_shown_on_the_way(desired, run):
    """Every step of a PrestaShop between two reductions sells at one of the two prices or above."""
    shop = presta_shop()

    async def job(channel):
        await channel.push([desired("shop", "2", "99.00", announcement=told("129.00"))])
        await channel.push([desired("shop", "2", "99.00", announcement=told("109.00"))])

    run(presta(shop), job)
    assert min(Decimal(shown.price) for shown in shop.log) == Decimal("99.00")
    assert shop.shown("S2") == "99.00"


def test_somebody_elses_specific_price_is_never_ended(desired, run):
    """It is refused with its number, and stays."""
    shop = presta_shop()
    shop.specials.append(SpecificPrice(7, 2, "5.000000", "amount"))
    (result,) = run(presta(shop), lambda c: c.push([desired("shop", "2", "99.00", announcement=told("129.00"))]))
    assert (result.status, [special.id for special in shop.specials]) == (PushStatus.REFUSED, [7])
    assert "specific price 7" in result.message


def test_somebody_elses_price_list_is_never_touched(desired, run):
    """A price list of another title that sells at another price refuses the listing by its name."""
    shop = medusa_shop()
    shop.lists.append(PriceList("plist_9", "Black week", [("variant_2", shop.price(80))]))
    wish = desired("shop", "prod_1/variant_2", "99.00", announcement=told("129.00"))
    (result,) = run(medusa(shop), lambda c: c.push([wish]))
    assert (result.status, "'Black week'" in result.message) == (PushStatus.REFUSED, True)
    assert shop.lists[0].prices[0][1]["amount"] == 80


@pytest.mark.parametrize("kind", ["prestashop", "medusa", "shoper"])
def test_a_stop_between_two_steps_is_unknown_and_the_next_send_finishes(kind, desired, run):
    """What was begun is never called unsent, and sending again ends at the announced price."""
    connect, make, remote = PLACES[kind]
    shop, left = make(), [1]

    def stopped():
        left[0] -= 1
        return left[0] < 0

    wish = desired("shop", remote, "99.00", announcement=told("129.00"))
    with pytest.raises((ChannelUnknown, PublishingStopped)) as caught:
        run(connect(shop, stopped), lambda c: c.push([wish]))
    assert isinstance(caught.value, ChannelUnknown)

    async def job(channel):
        await channel.push([wish])
        return (await channel.read([remote]))[0]

    listing = run(connect(shop), job)
    assert (listing.price, listing.sale_price) == (pln("129.00"), pln("99.00"))


def test_an_option_of_shoper_has_no_reduction_of_its_own(desired, run):
    """Special offers there belong to whole products: an option is refused, and keeps its price."""
    shop = shoper_shop()
    shop.stocks[21] = Stock(21, 1, "S1-XL", Decimal("50.00"), option=True)
    (result,) = run(shoper(shop), lambda c: c.push([desired("shop", "1/21", "40", announcement=told("50"))]))
    assert (result.status, shop.stocks[21].price) == (PushStatus.REFUSED, Decimal("50.00"))
    assert "no special offer of its own" in result.message


@pytest.mark.parametrize(("policy", "reachable"), [("refuse", False), ("omit", True)])
def test_a_shop_without_a_place_for_prior_prices_says_so_before_anything_is_sent(policy, reachable, desired):
    """Vendure has one price: a reduction is unrepresentable, unless the settings leave its prior price out."""
    key = Secret(env="SHOP_KEY")
    settings = VendureSettings(type="vendure", url="https://v.test", key=key, announcements=policy)
    said = Vendure("shop", settings, currency="PLN").predict(desired("shop", "1", "99.00", announcement=told("129.00")))
    assert said.reachable is reachable
    assert reachable or "no place for the prior price 129.00 PLN" in said.message
