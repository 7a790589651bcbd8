"""Every quirk that was measured on real PrestaShop webservices: the strict server has it, the channel is not fooled.

A quirk is either refused before anything is sent, or seen by what is read afterwards; none goes unnoticed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import httpx
import pytest

from pricewatch.channels.shops.prestashop import PrestaShop
from pricewatch.channels.shops.settings import PrestaShopSettings
from pricewatch.demo.faults import Fault, FaultSchedule
from pricewatch.demo.prestashop import PrestaItem, PrestaShopServer, SpecificPrice
from pricewatch.domain.errors import ChannelUnavailable, ChannelUnknown
from pricewatch.domain.listing import PushStatus
from pricewatch.domain.money import Money
from pricewatch.located import Secret

KEY = "PSQUIRKS"
FULL = (
    "<prestashop><product><id>1</id><price>{price}</price><reference>S1</reference>"
    "<name><language id='1'>x</language></name><link_rewrite><language id='1'>x</language></link_rewrite>{more}"
    "</product></prestashop>"
)
ALWAYS = "0000-00-00 00:00:00"
NOBODY = ("id_shop", "id_cart", "id_currency", "id_country", "id_group", "id_customer")
FIELDS = {
    **dict.fromkeys(NOBODY, "0"), "id_product": "1", "price": "-1", "from_quantity": "1", "reduction": "10",
    "reduction_tax": "1", "reduction_type": "amount", "from": ALWAYS, "to": ALWAYS,
}  # fmt: skip
TAGS = "".join(f"<{name}>{text}</{name}>" for name, text in FIELDS.items())
SPECIAL = f"<prestashop><specific_price>{TAGS}</specific_price></prestashop>"


class Scene:
    """A shop with three products at 100.00 gross, and a channel in front of it."""

    def __init__(self, desired: Callable[..., object]) -> None:
        items = [PrestaItem(n, f"S{n}", f"Item {n}", "81.300813", brand="Acme", stock=5) for n in (1, 2, 3)]
        self.shop = PrestaShopServer(items, key=KEY, faults=FaultSchedule(hang=0.0))
        self.desired = desired
        self.asked: list[httpx.Request] = []
        self.before_put: Callable[[], None] = lambda: None

    def push(self, *wanted: tuple[str, str]) -> list[object]:
        return self._do(lambda channel: channel.push([self.desired("presta", i, price) for i, price in wanted]))

    def read(self, remote_id: str = "1") -> object:
        (listing,) = self._do(lambda channel: channel.read([remote_id]))
        return listing

    def by_hand(self, method: str, path: str, body: str = "") -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.shop.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://presta.test/api") as client:
                return await client.request(method, path, content=body, auth=(KEY, ""))

        return asyncio.run(ask())

    def _do(self, job: Callable[[PrestaShop], object]) -> object:
        settings = PrestaShopSettings(
            type="prestashop", url="http://presta.test", rate=100_000, key=Secret(env="PS_KEY")
        )
        channel = PrestaShop("presta", settings, currency="PLN", transport=_Tapped(self))

        async def main() -> object:
            try:
                return await job(channel)
            finally:
                await channel.close()

        return asyncio.run(main())


class _Tapped(httpx.AsyncBaseTransport):
    def __init__(self, scene: Scene) -> None:
        self.scene, self.inner = scene, httpx.ASGITransport(app=scene.shop.app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.scene.asked.append(request)
        if request.method == "PUT":
            self.scene.before_put()
        return await self.inner.handle_async_request(request)


def pln(text):
    return Money.parse(text, "PLN")


def part_of_an_object_is_refused(scene):
    """A PUT with the price alone is 400: the channel sends the whole object back."""
    body = "<prestashop><product><id>1</id><price>9.000000</price></product></prestashop>"
    assert scene.by_hand("PUT", "/products/1", body).status_code == 400
    assert scene.push(("1", "89.99"))[0].status is PushStatus.ACCEPTED
    assert b"link_rewrite" in scene.asked[-1].content


def patch_is_not_allowed(scene):
    """1.6 has no PATCH: the channel never uses it."""
    assert scene.by_hand("PATCH", "/products/1", FULL.format(price="9", more="")).status_code == 405
    scene.push(("1", "89.99"))
    assert {request.method for request in scene.asked} == {"GET", "PUT"}


def what_was_read_cannot_be_written_as_it_is(scene):
    """`manufacturer_name` and `quantity` come with the object and are refused in it: they are taken out."""
    read = scene.by_hand("GET", "/products/1").text
    assert "<manufacturer_name>" in read
    assert "<quantity>" in read
    assert scene.by_hand("PUT", "/products/1", read).status_code == 400
    scene.push(("1", "89.99"))
    assert b"manufacturer_name" not in scene.asked[-1].content
    assert b"<quantity>" not in scene.asked[-1].content


def a_position_that_was_read_cannot_be_set(scene):
    """From 1.7 on a product's place in its category is counted otherwise when it is set: it is taken out."""
    read = scene.by_hand("GET", "/products/1").text
    for name in ("manufacturer_name", "quantity"):
        read = re.sub(rf"<{name}>.*?</{name}>|<{name} ?/>", "", read)
    assert "<position_in_category>0</position_in_category>" in read
    assert scene.by_hand("PUT", "/products/1", read).status_code == 500
    scene.push(("1", "89.99"))
    assert all(b"position_in_category" not in request.content for request in scene.asked)
    assert scene.read().payable == pln("89.99")


def prices_are_net_with_six_decimals(scene):
    """Every gross price from 0.01 on can be shown, and is sent net with six decimals."""
    for price in ("0.01", "0.03", "129.99", "1999.99"):
        scene.push(("1", price))
        assert scene.read().payable == pln(price)
    scene.push(("1", "1999.99"))
    assert b"<price>1626.008130</price>" in scene.asked[-1].content


def a_stale_put_reverts_what_another_editor_did(scene):
    """By hand the other's change is lost; the channel reads again right before it writes."""
    old = scene.by_hand("GET", "/products/1").text
    scene.shop.edit("S1", description="edited meanwhile")
    cleaned = re.sub(r"<(manufacturer_name|quantity|position_in_category)>[^<]*</\1>", "", old)
    assert scene.by_hand("PUT", "/products/1", cleaned).status_code == 200
    assert scene.shop.products[1].description != "edited meanwhile"
    scene.shop.edit("S1", description="edited again")
    scene.push(("1", "89.99"))
    assert scene.shop.products[1].description == "edited again"


def careless_prices_are_refused(scene):
    """`83,99`, `-5` and `abc` are 400 there; the channel never sends such."""
    for price in ("83,99", "-5", "abc"):
        assert scene.by_hand("PUT", "/products/1", FULL.format(price=price, more="")).status_code == 400
    assert scene.read().payable == pln("100.00")


def zero_is_taken(scene):
    """A price of 0 is accepted: it is read as 0.00, which no price list has."""
    assert scene.by_hand("PUT", "/products/1", FULL.format(price="0", more="")).status_code == 200
    assert scene.read().payable == pln("0.00")


def gross_prices_are_asked_for(scene):
    """The shop works the gross price out itself: that is what is read, not our own sum."""
    scene.read()
    asked = [str(r.url) for r in scene.asked if "/api/products" in str(r.url)]
    assert any("price%5Bnow%5D%5Buse_tax%5D=1" in url for url in asked)


def a_specific_price_sells_another_price(scene):
    """A sale is an object of its own: it is seen, and the listing is refused with its number."""
    scene.shop.specials.append(SpecificPrice(7, 1, "0.2", "percentage"))
    assert (scene.read().price, scene.read().sale_price) == (pln("100.00"), pln("80.00"))
    (result,) = scene.push(("1", "89.99"))
    assert (result.status, "specific price 7" in result.message) == (PushStatus.REFUSED, True)


def a_specific_price_twice_is_an_internal_error(scene):
    """The same specific price again is 500: the channel makes none without a reduction, so that it can double none."""
    assert scene.by_hand("POST", "/specific_prices", SPECIAL).status_code == 201
    assert scene.by_hand("POST", "/specific_prices", SPECIAL).status_code == 500
    scene.push(("2", "89.99"))
    assert not any(r.method == "POST" for r in scene.asked)


def an_internal_error_after_saving(scene):
    """500 after it saved is unknown; reading shows that it was done, and doing it again changes nothing."""
    scene.shop.faults.next_write.append(Fault.ERROR_AFTER)
    with pytest.raises(ChannelUnknown):
        scene.push(("1", "89.99"))
    assert scene.read().payable == pln("89.99")
    assert scene.push(("1", "89.99"))[0].status is PushStatus.ACCEPTED
    assert scene.read().payable == pln("89.99")


def an_editor_between_reading_and_writing_is_seen_afterwards(scene):
    """The moment that is left between our read and our write: whoever comes last wins, and reading says so."""
    scene.before_put = lambda: scene.shop.set_price("S1", "55.00")
    scene.push(("1", "89.99"))
    assert scene.read().payable == pln("89.99")
    scene.shop.set_price("S1", "55.00")
    assert scene.read().payable == pln("55.00")


def a_shop_in_another_currency_is_not_written(scene):
    """89.99 PLN would be sold for 89.99 EUR; a key that may not read the currency prices as the settings say."""
    scene.shop.currency = "EUR"
    with pytest.raises(ChannelUnavailable, match="prices are in EUR, not in PLN"):
        scene.push(("1", "89.99"))
    assert scene.read().payable == pln("100.00")
    scene.shop.currency = ""
    assert [result.status for result in scene.push(("1", "89.99"))] == [PushStatus.ACCEPTED]


QUIRKS = [
    part_of_an_object_is_refused,
    patch_is_not_allowed,
    what_was_read_cannot_be_written_as_it_is,
    a_position_that_was_read_cannot_be_set,
    prices_are_net_with_six_decimals,
    a_stale_put_reverts_what_another_editor_did,
    careless_prices_are_refused,
    zero_is_taken,
    gross_prices_are_asked_for,
    a_specific_price_sells_another_price,
    a_specific_price_twice_is_an_internal_error,
    an_internal_error_after_saving,
    an_editor_between_reading_and_writing_is_seen_afterwards,
    a_shop_in_another_currency_is_not_written,
]


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.__name__.replace("_", "-"))
def test_no_quirk_goes_unnoticed(quirk, desired, monkeypatch):
    """The strict server has the quirk, and the channel refuses it before sending or shows it after."""
    monkeypatch.setenv("PS_KEY", KEY)
    quirk(Scene(desired))
