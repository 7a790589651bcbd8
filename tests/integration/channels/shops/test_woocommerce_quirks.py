"""Every quirk that was measured on real WooCommerce shops: the strict server has it, and the channel is not fooled.

A quirk is either refused before anything is sent, or seen by what is read afterwards; none goes unnoticed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from pricewatch.channels.shops.settings import WooCommerceSettings
from pricewatch.channels.shops.woocommerce import WooCommerce
from pricewatch.demo.faults import Fault, FaultSchedule
from pricewatch.demo.woocommerce import WooItem, WooShop
from pricewatch.domain.decision import Announcement
from pricewatch.domain.errors import ChannelUnavailable, ChannelUnknown
from pricewatch.domain.listing import PushStatus
from pricewatch.domain.money import Money
from pricewatch.located import Secret

KEY, SECRET = "ck_quirks", "cs_quirks"


class Scene:
    """A shop with three products at 100.00, a channel in front of it, and what went over the wire."""

    def __init__(self, desired: Callable[..., object]) -> None:
        items = [WooItem(n, f"S{n}", f"Item {n}", "100.00") for n in (1, 2, 3)]
        self.shop = WooShop(items, key=KEY, secret=SECRET, faults=FaultSchedule(hang=0.0))
        self.sent: list[bytes] = []
        self.desired = desired
        self.url = "http://woo.test"

    def want(self, remote_id: str, price: str, prior: str = "") -> object:
        told = Announcement(pln(prior), datetime(2026, 1, 1, tzinfo=UTC), None) if prior else None
        return self.desired("woo", remote_id, price, announcement=told)

    def push(self, *wanted: object, **settings: object) -> list[object]:
        return self._do(lambda channel: channel.push(list(wanted)), settings)

    def read(self, remote_id: str = "1") -> object:
        (listing,) = self._do(lambda channel: channel.read([remote_id]), {})
        return listing

    def by_hand(self, method: str, path: str, body: object, **params: str) -> httpx.Response:
        """What a careless client gets, over https."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.shop.app)
            async with httpx.AsyncClient(transport=transport, base_url="https://woo.test/wp-json/wc/v3") as client:
                return await client.request(method, path, json=body, params=params, auth=(KEY, SECRET))

        self.shop.tls = True
        try:
            return asyncio.run(ask())
        finally:
            self.shop.tls = False

    def _do(self, job: Callable[[WooCommerce], object], settings: dict[str, object]) -> object:
        secrets = {"key": Secret(env="WOO_KEY"), "secret": Secret(env="WOO_SECRET")}
        values = {"url": self.url, "rate": 100_000, **secrets, **settings}
        transport = _Tapped(httpx.ASGITransport(app=self.shop.app), self.sent)
        channel = WooCommerce(
            "woo", WooCommerceSettings(type="woocommerce", **values), currency="PLN", transport=transport
        )

        async def main() -> object:
            try:
                return await job(channel)
            finally:
                await channel.close()

        return asyncio.run(main())


class _Tapped(httpx.AsyncBaseTransport):
    def __init__(self, inner: httpx.AsyncBaseTransport, sent: list[bytes]) -> None:
        self.inner, self.sent = inner, sent

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            self.sent.append(request.content)
        return await self.inner.handle_async_request(request)


def pln(text):
    return Money.parse(text, "PLN")


def a_comma_is_dropped(scene):
    """`83,99` is stored as 8399: what a person or plug-in left so is read as 8399.00."""
    scene.shop.set_price("S1", "83,99")
    assert scene.read().payable == pln("8399.00")


def words_leave_no_price(scene):
    """`abc` leaves a product without a price, unbuyable: read as no price, never as zero."""
    scene.shop.set_price("S1", "abc")
    assert (scene.read().price, scene.read().payable) == (None, None)


def nothing_leaves_no_price(scene):
    """An empty price is no price either."""
    scene.shop.set_price("S1", "")
    assert scene.read().payable is None


def an_exponent_is_torn_apart(scene):
    """`1e3` becomes 13."""
    scene.shop.set_price("S1", "1e3")
    assert scene.read().payable == pln("13.00")


def below_zero_is_taken(scene):
    """`-5` is accepted: read as -5.00, which no price list has."""
    scene.shop.set_price("S1", "-5")
    assert scene.read().payable == pln("-5.00")


def a_blank_between_thousands_is_dropped(scene):
    """`1 299.00` is stored as 1299.00."""
    scene.shop.set_price("S1", "1 299.00")
    assert scene.read().payable == pln("1299.00")


def none_of_these_is_ever_sent(scene):
    """What the channel sends is plain digits with a point, whatever the amount."""
    for price in ("0.01", "8399.00", "1299.00", "1000000.00", "13.00"):
        scene.push(scene.want("1", price))
        (change,) = json.loads(scene.sent[-1])["update"]
        assert change["regular_price"] == price
        assert scene.shop.shown("S1") == price


def a_number_is_refused_alone_and_taken_in_a_batch(scene):
    """A JSON number is 400 in a single PUT but accepted in a batch: the channel sends text."""
    assert scene.by_hand("PUT", "/products/1", {"regular_price": 9.99}).status_code == 400
    assert scene.by_hand("POST", "/products/batch", {"update": [{"id": 1, "regular_price": 9.99}]}).status_code == 200
    scene.push(scene.want("1", "8.99"))
    assert isinstance(json.loads(scene.sent[-1])["update"][0]["regular_price"], str)


def a_sale_that_is_none_is_dropped_without_a_word(scene):
    """A sale price that is not below the regular one vanishes: the channel never sends one, and says what it reads."""
    scene.by_hand("PUT", "/products/1", {"regular_price": "80.00", "sale_price": "90.00"})
    assert scene.read().sale_price is None
    scene.push(scene.want("1", "90.00", prior="80.00"))
    assert json.loads(scene.sent[-1])["update"][0]["sale_price"] == ""
    assert (scene.read().price, scene.read().sale_price) == (pln("90.00"), None)


def an_announced_reduction_is_a_sale_without_dates(scene):
    """The prior price is the regular one, ours the sale price; the next plain price ends the sale at once."""
    scene.push(scene.want("1", "79.99", prior="120.00"))
    during = scene.read()
    scene.push(scene.want("1", "95.00"))
    after = scene.read()
    assert (during.price, during.sale_price, during.upcoming) == (pln("120.00"), pln("79.99"), None)
    assert (after.price, after.sale_price) == (pln("95.00"), None)


def unknown_fields_are_ignored(scene):
    """A misspelt field is no error: what was meant by it is not there when it is read."""
    reply = scene.by_hand("PUT", "/products/1", {"regular_prise": "5.00"})
    assert (reply.status_code, scene.read().payable) == (200, pln("100.00"))


def a_raised_regular_price_leaves_the_old_sale_selling(scene):
    """By hand the sale goes on; the channel clears the sale fields with every price."""
    scene.shop.edit("S1", sale_price="70.00")
    scene.by_hand("PUT", "/products/1", {"regular_price": "150.00"})
    assert scene.read().payable == pln("70.00")
    scene.push(scene.want("1", "150.00"))
    assert scene.read().payable == pln("150.00")


def fields_make_a_batch_answer_empty(scene):
    """With `_fields` a batch answers an empty list: the channel does not ask for that, and would not believe it."""
    reply = scene.by_hand("POST", "/products/batch", {"update": []}, _fields="update.id")
    assert reply.json() == []
    channel = WooCommerce(
        "woo",
        WooCommerceSettings(
            type="woocommerce", url=scene.url, key=Secret(env="WOO_KEY"), secret=Secret(env="WOO_SECRET")
        ),
        currency="PLN",
        transport=httpx.MockTransport(lambda _r: httpx.Response(200, stream=httpx.ByteStream(b"[]"))),
    )
    with pytest.raises(ChannelUnknown):
        asyncio.run(channel.push([scene.want("1", "9.99")]))


def sale_dates_do_not_switch_on_time(scene):
    """A sale by dates starts and ends up to a day late: seen as upcoming, and never written with dates."""
    scene.shop.edit("S1", sale_price="70.00", sale_from="2099-01-01T00:00:00")
    assert (scene.read().payable, scene.read().upcoming) == (pln("100.00"), pln("70.00"))
    scene.push(scene.want("1", "90.00", prior="110.00"))
    (change,) = json.loads(scene.sent[-1])["update"]
    assert (change["date_on_sale_from_gmt"], change["date_on_sale_to_gmt"]) == ("", "")
    assert scene.read().upcoming is None


def one_bad_item_in_a_batch_is_an_error_inside_a_200(scene):
    """The others are written; the bad one is refused in the shop's words."""
    results = scene.push(scene.want("1", "9.99"), scene.want("99", "9.99"))
    assert [r.status for r in results] == [PushStatus.ACCEPTED, PushStatus.REFUSED]
    assert "Invalid ID" in results[1].message


def a_killed_worker_leaves_a_batch_half_done(scene):
    """Nothing is known of any item; reading says which were done."""
    scene.shop.faults.next_write.append(Fault.PARTIAL)
    with pytest.raises(ChannelUnknown):
        scene.push(scene.want("1", "9.99"), scene.want("2", "9.99"))
    assert [scene.read(n).payable for n in ("1", "2")] == [pln("9.99"), pln("100.00")]


def a_client_that_gave_up_had_everything_applied(scene):
    """No answer is unknown, and reading shows the new price."""
    scene.shop.faults.next_write.append(Fault.RESET_AFTER)
    with pytest.raises(ChannelUnknown):
        scene.push(scene.want("1", "9.99"))
    assert scene.read().payable == pln("9.99")


def basic_over_plain_http_is_refused(scene):
    """Plain http takes OAuth 1.0a alone; the channel signs there, so that nobody sees the secret."""
    assert scene.push(scene.want("1", "9.99"))[0].status is PushStatus.ACCEPTED
    scene.shop.tls = True  # now the shop wants Basic, which is not sent over http
    with pytest.raises(ChannelUnavailable, match="401"):
        scene.push(scene.want("1", "9.98"))


def the_same_write_twice_is_a_change_there(scene):
    """`date_modified` moves even when nothing changes: the price is the same, and nothing is doubled."""
    scene.push(scene.want("1", "9.99"))
    scene.push(scene.want("1", "9.99"))
    assert [a.price for a in scene.shop.log if a.sku == "S1"] == ["9.99", "9.99"]
    assert scene.read().payable == pln("9.99")


def more_than_a_hundred_items_are_too_many(scene):
    """101 items are 413: the channel cuts its batches before."""
    items = [{"id": n, "regular_price": "1"} for n in range(101)]
    assert scene.by_hand("POST", "/products/batch", {"update": items}).status_code == 413
    scene.push(*(scene.want(str(n), "9.99") for n in range(1, 131)))
    assert [len(json.loads(body)["update"]) for body in scene.sent] == [100, 30]


OPTIONS = {"woocommerce_currency": "PLN", "woocommerce_calc_taxes": "yes"}


def _options(scene, included="yes", **general):
    scene.shop.options["general"] = OPTIONS | general
    scene.shop.options["tax"] = {"woocommerce_prices_include_tax": included}


def a_shop_that_adds_tax_at_the_checkout_is_not_written_with_tax(scene):
    """A gross price would read back as it was sent, and cost a quarter more at the checkout."""
    _options(scene, included="no")
    with pytest.raises(ChannelUnavailable) as error:
        scene.push(scene.want("1", "99.00"))
    assert "entered without tax" in error.value.message
    assert error.value.hint == "set net = true on the channel"
    assert scene.shop.shown("S1") == "100.00"


def a_shop_with_tax_in_its_prices_is_not_written_without(scene):
    """A net price would be what the buyer pays, in a shop that adds no tax, or none to what is entered with it."""
    for options in ({}, {"included": "no", "woocommerce_calc_taxes": "no"}):
        _options(scene, **options)
        with pytest.raises(ChannelUnavailable) as error:
            scene.push(scene.want("1", "99.00"), net=True)
        assert error.value.hint == "set net = false on the channel"
    assert scene.shop.shown("S1") == "100.00"


def a_shop_in_another_currency_is_not_written(scene):
    """99.00 PLN would be sold for 99.00 EUR."""
    _options(scene, woocommerce_currency="EUR")
    with pytest.raises(ChannelUnavailable, match="sells in EUR, not in PLN"):
        scene.push(scene.want("1", "99.00"))


def a_key_that_may_not_read_settings_still_prices(scene):
    """Only a manager's key tells; every other one works as the settings of the channel say."""
    _options(scene, included="no")
    scene.shop.manager = False
    (result,) = scene.push(scene.want("1", "99.00"))
    assert result.status is PushStatus.ACCEPTED


QUIRKS = [
    a_comma_is_dropped,
    words_leave_no_price,
    nothing_leaves_no_price,
    an_exponent_is_torn_apart,
    below_zero_is_taken,
    a_blank_between_thousands_is_dropped,
    none_of_these_is_ever_sent,
    a_number_is_refused_alone_and_taken_in_a_batch,
    a_sale_that_is_none_is_dropped_without_a_word,
    an_announced_reduction_is_a_sale_without_dates,
    unknown_fields_are_ignored,
    a_raised_regular_price_leaves_the_old_sale_selling,
    fields_make_a_batch_answer_empty,
    sale_dates_do_not_switch_on_time,
    a_shop_that_adds_tax_at_the_checkout_is_not_written_with_tax,
    a_shop_with_tax_in_its_prices_is_not_written_without,
    a_shop_in_another_currency_is_not_written,
    a_key_that_may_not_read_settings_still_prices,
    one_bad_item_in_a_batch_is_an_error_inside_a_200,
    a_killed_worker_leaves_a_batch_half_done,
    a_client_that_gave_up_had_everything_applied,
    basic_over_plain_http_is_refused,
    the_same_write_twice_is_a_change_there,
    more_than_a_hundred_items_are_too_many,
]


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.__name__.replace("_", "-"))
def test_no_quirk_goes_unnoticed(quirk, desired, monkeypatch):
    """The strict server has the quirk, and the channel refuses it before sending or shows it after."""
    monkeypatch.setenv("WOO_KEY", KEY)
    monkeypatch.setenv("WOO_SECRET", SECRET)
    quirk(Scene(desired))
