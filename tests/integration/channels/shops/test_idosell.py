"""IdoSell against a strict server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest
from shop_fakes import idosell as fake
from shop_fakes.idosell import IdoSellFake

from pricewatch.channels.shops.idosell import IdoSell
from pricewatch.channels.shops.settings import IdoSellSettings
from pricewatch.domain.decision import Announcement
from pricewatch.domain.errors import ChannelUnavailable, SetAside
from pricewatch.domain.listing import PushStatus
from pricewatch.domain.money import Money
from pricewatch.located import Secret
from pricewatch.testing import CHECKS, HttpLab


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    monkeypatch.setenv("IDOSELL_KEY", fake.KEY)


def connect(server, stopped=lambda: False, **more):
    values = {"url": "https://shop.example", "rate": 100_000, "key": Secret(env="IDOSELL_KEY"), **more}
    transport = server if isinstance(server, httpx.AsyncBaseTransport) else httpx.ASGITransport(app=server.app)
    settings = IdoSellSettings(type="idosell", **values)
    return IdoSell("idosell", settings, currency="PLN", transport=transport, stopped=stopped)


def pln(text):
    return Money.parse(text, "PLN")


def prices_in(request):
    return len(json.loads(request.content)["params"]["products"]) if request.method == "PUT" else 0


class IdoSellLab(HttpLab):
    """IdoSell before its fake."""

    currency, unknown_id, secrets = "PLN", "99999", (fake.KEY,)

    def __init__(self):
        self.shop = IdoSellFake()
        super().__init__(httpx.ASGITransport(app=self.shop.app), prices_in)

    def connect(self, stopped):
        return connect(self.transport, stopped)

    def fill(self, count):
        self.shop.fill(count)
        return [(str(item.number), item.code) for item in self.shop.items.values()]

    def shown(self, remote_id):
        number = int(remote_id)
        return pln(str(self.shop.shown(number))) if number in self.shop.items else None

    def edit(self, remote_id, price):
        self.shop.items[int(remote_id)].price = price.amount

    def refuse(self, remote_id):
        self.shop.frozen.add(int(remote_id))


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_keeps_the_promises_of_every_channel(check):
    """IdoSell passes the conformance checks."""
    check(IdoSellLab())


@pytest.fixture
def shop():
    shop = IdoSellFake()
    shop.fill(5)
    return shop


def test_an_announced_reduction_strikes_its_prior_price_and_the_next_price_clears_it(shop, desired, run):
    """The prior price is the struck one while the reduction is announced, and gone with the next price."""
    told = Announcement(pln("129.00"), datetime(2026, 1, 1, tzinfo=UTC), None)

    async def job(channel):
        await channel.push([desired("idosell", "2", "99.00", announcement=told)])
        (reduced,) = await channel.read(["2"])
        await channel.push([desired("idosell", "2", "119.00")])
        return reduced, (await channel.read(["2"]))[0]

    reduced, plain = run(connect(shop), job)
    assert (reduced.price, reduced.sale_price) == (pln("129.00"), pln("99.00"))
    assert (plain.price, plain.sale_price) == (pln("119.00"), None)


def test_a_promotion_of_the_shop_that_sells_another_price_is_seen_and_refused(shop, desired, run):
    """What a buyer pays is read with the promotion, and the price is refused with the reason."""
    shop.items[2].promoted = Decimal("80.00")

    async def job(channel):
        return await channel.read(["2"]), await channel.push([desired("idosell", n, "95") for n in ("2", "3")])

    (listing,), results = run(connect(shop), job)
    assert listing.payable == pln("80.00")
    assert {r.remote_id: r.status for r in results} == {"2": PushStatus.REFUSED, "3": PushStatus.ACCEPTED}
    assert any("promotion of the shop sells it at 80.00 PLN" in r.message for r in results)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"sizes": [("A", None), ("B", Decimal("120.00"))]}, "sizes have prices"), ({"currency": "EUR"}, "in EUR")],
)
def test_what_one_price_cannot_say_is_refused_before_it_is_written(shop, desired, run, change, words):
    """A product whose sizes cost different amounts, or that is in another currency, keeps its price."""
    vars(shop.items[2]).update(change)

    async def job(channel):
        return (await channel.read(["2"]))[0], (await channel.push([desired("idosell", "2", "95")]))[0]

    listing, result = run(connect(shop), job)
    assert (listing.price, result.status, shop.items[2].price) == (None, PushStatus.REFUSED, Decimal("100.00"))
    assert words in result.message


def test_one_of_several_shops_has_a_price_of_its_own(shop, desired, run):
    """With `shop`, the entry of that shop is read and written, and the common price stays."""
    shop.items[2].shops = {3: Decimal("90.00")}

    async def job(channel):
        (before,) = await channel.read(["2"])
        await channel.push([desired("idosell", "2", "95.00")])
        return before.payable, (await channel.read(["2"]))[0].payable

    assert run(connect(shop, shop=3), job) == (pln("90.00"), pln("95.00"))
    assert shop.items[2].price == Decimal("100.00")


def test_an_answer_that_is_no_list_is_never_believed(run):
    """A fault or anything else instead of products makes the channel unavailable, in the shop's words."""
    for body in ('{"errors": {"faultCode": 7, "faultString": "Internal error"}}', '{"results": [{"productId": "1"}]}'):
        answer = httpx.MockTransport(lambda _r, b=body: httpx.Response(200, stream=httpx.ByteStream(b.encode())))
        with pytest.raises(ChannelUnavailable, match=r"answered products with"):
            run(connect(answer), lambda c: c.read(["2"]))


def test_the_catalogue_is_imported(shop, run, all_of):
    """Products come with name, brand, cost, stock and EAN; one without a code is set aside."""
    shop.items[4].code = ""
    products = run(connect(shop), lambda c: all_of(c.products()))
    found = {p.sku: p for p in products if not isinstance(p, SetAside)}
    told = found["S2"]
    assert (told.price, told.cost, told.stock, told.brand) == (pln("100.00"), pln("61.50"), 7, "Acme")
    assert (told.name, told.gtin, str(told.tax)) == ("Item 2", "5901234123457", "23 %")
    assert [p.reason for p in products if isinstance(p, SetAside)] == ["has no SKU"]
