"""Magento against a strict server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest
from shop_fakes import magento as fake
from shop_fakes.magento import Item, MagentoFake, day

from pricewatch.channels.shops.magento import Magento
from pricewatch.channels.shops.settings import MagentoSettings
from pricewatch.domain.decision import Announcement
from pricewatch.domain.errors import ChannelUnavailable, ChannelUnknown, SetAside
from pricewatch.domain.listing import PushStatus
from pricewatch.domain.money import Money, TaxRate
from pricewatch.located import Secret
from pricewatch.testing import CHECKS, SUPPLY_CHECKS, HttpLab, Trouble


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    for name in ("TOKEN", "TOKEN_SECRET", "KEY", "SECRET"):
        monkeypatch.setenv(f"MAGENTO_{name}", getattr(fake, name))


OAUTH = {
    "token_secret": Secret(env="MAGENTO_TOKEN_SECRET"),
    "consumer_key": Secret(env="MAGENTO_KEY"),
    "consumer_secret": Secret(env="MAGENTO_SECRET"),
}


def connect(shop, stopped=lambda: False, **more):
    values = {"url": "https://shop.example", "rate": 100_000, "token": Secret(env="MAGENTO_TOKEN"), **more}
    transport = shop if isinstance(shop, httpx.AsyncBaseTransport) else httpx.ASGITransport(app=shop.app)
    settings = MagentoSettings(type="magento", **values)
    return Magento("magento", settings, currency="PLN", transport=transport, stopped=stopped)


def pln(text):
    return Money.parse(text, "PLN")


def prices_in(request):
    if request.method == "GET" or request.url.path.endswith("-information"):
        return 0
    body = json.loads(request.content)
    if "sourceItems" in body:
        return 0
    return len((body[0] if isinstance(body, list) else body)["prices"])


class MagentoLab(HttpLab):
    """Magento before its fake; `settings` choose net prices, bulk requests or signatures."""

    currency, unknown_id = "PLN", "NOT-THERE"
    secrets = (fake.TOKEN, fake.TOKEN_SECRET, fake.KEY, fake.SECRET)

    def __init__(self, **settings):
        self.net = bool(settings.get("net"))
        self.shop = MagentoFake(net=self.net, bearer="token_secret" not in settings, slow=0)
        self.settings = settings
        super().__init__(httpx.ASGITransport(app=self.shop.app), prices_in)

    def connect(self, stopped):
        return connect(self.transport, stopped, **self.settings)

    def fill(self, count):
        self.shop.fill(count)
        return [(sku, sku) for sku in self.shop.items]

    def pieces(self, remote_id):
        item = self.shop.items.get(remote_id)
        return item.pieces if item else None

    def count(self, remote_id, pieces):
        self.shop.items[remote_id].pieces = pieces

    def shown(self, remote_id):
        return pln(str(self.shop.shown(remote_id))) if remote_id in self.shop.items else None

    def edit(self, remote_id, price):
        stored = TaxRate(2300).net_of(price) if self.net else price
        self.shop.items[remote_id].price = stored.amount

    def refuse(self, remote_id):
        self.shop.frozen.add(remote_id)


@pytest.mark.parametrize("check", SUPPLY_CHECKS, ids=str)
def test_keeps_the_promises_about_stock(check):
    """Magento passes the checks of stock that is the catalogue's."""
    check(MagentoLab(stock=True))


@pytest.mark.parametrize("check", CHECKS, ids=str)
@pytest.mark.parametrize("settings", [{}, {"net": True}, OAUTH], ids=["gross", "net", "signed"])
def test_keeps_the_promises_of_every_channel(check, settings):
    """Magento passes the conformance checks, with prices with and without tax, and with signed requests."""
    check(MagentoLab(**settings))


@pytest.fixture
def shop():
    shop = MagentoFake()
    shop.fill(10)
    return shop


def announced(prior):
    return Announcement(pln(prior), datetime(2026, 1, 1, tzinfo=UTC), None)


def test_the_answer_names_the_failed_ones_alone_and_the_rest_is_taken(shop, desired, run):
    """Failures are matched by the SKU in their parameters, whether these come as a list or by name."""
    shop.frozen.add("S2")
    shop.items["BUNDLE"] = Item("BUNDLE", Decimal(5), type="bundle")
    wanted = [desired("magento", sku, "89.99") for sku in ("S1", "S2", "S3", "BUNDLE")]
    results = {r.remote_id: r for r in run(connect(shop), lambda c: c.push(wanted))}
    assert [results[sku].status for sku in ("S1", "S3")] == [PushStatus.ACCEPTED] * 2
    assert (results["S2"].status, results["S2"].message) == (PushStatus.REFUSED, "Price of S2 is locked.")
    assert results["BUNDLE"].status is PushStatus.REFUSED
    assert shop.shown("S1") == Decimal("89.99")


def test_a_failure_that_names_nobody_leaves_all_unknown(desired, run):
    """Which of two prices failed is not guessed."""

    class Vague(MagentoFake):
        def _change(self, what, prices):
            return [{"message": "Invalid attribute %fieldName = %fieldValue.", "parameters": {"fieldName": "Price"}}]

    shop = Vague()
    shop.fill(2)
    with pytest.raises(ChannelUnknown, match="not which"):
        run(connect(shop), lambda c: c.push([desired("magento", "S1", "8"), desired("magento", "S2", "8")]))


def test_an_announced_reduction_is_a_special_price_below_the_prior_price(shop, desired, run):
    """While it runs the prior price is the base price and ours the special one, without dates that end it."""

    async def job(channel):
        await channel.push([desired("magento", "S1", "89.99", announcement=announced("120.00"))])
        return await channel.read(["S1"])

    (listing,) = run(connect(shop), job)
    assert (listing.price, listing.sale_price, listing.upcoming) == (pln("120.00"), pln("89.99"), None)
    assert shop.items["S1"].ends is None


def test_a_plain_price_takes_the_special_price_away(shop, desired, run):
    """A leftover special price would sell instead of ours."""
    shop.items["S1"].special, shop.items["S1"].ends = Decimal(70), day(5)

    async def job(channel):
        return await channel.push([desired("magento", "S1", "110.00")]), await channel.read(["S1"])

    (result,), (listing,) = run(connect(shop), job)
    assert result.status is PushStatus.ACCEPTED
    assert (listing.price, listing.sale_price, shop.items["S1"].special) == (pln("110.00"), None, None)


@pytest.mark.parametrize(
    ("price", "prior", "special"),
    [("110.00", None, "70"), ("60.00", None, "70"), ("89.99", "120.00", None), ("110.00", "150.00", "70")],
)
def test_no_price_between_the_writes_is_above_both_the_old_and_the_new_one(price, prior, special, shop, desired, run):
    """Base and special price are written one after the other: in between a buyer pays nothing outside the two."""
    item = shop.items["S1"]
    item.special = Decimal(special) if special else None
    old = shop.shown("S1")
    told = announced(prior) if prior else None
    run(connect(shop), lambda c: c.push([desired("magento", "S1", price, announcement=told)]))
    assert shop.history[-1] == Decimal(price)
    assert max(shop.history) <= max(old, Decimal(price))
    assert min(shop.history) >= min(old, Decimal(price))


def test_special_prices_by_date_are_seen_before_the_shop_switches(shop, run):
    """A special price that starts later, or ends by itself, is shown as upcoming."""
    shop.items["S1"].special, shop.items["S1"].starts = Decimal(70), day(3)
    shop.items["S2"].special, shop.items["S2"].ends = Decimal(70), day(3)
    first, second = run(connect(shop), lambda c: c.read(["S1", "S2"]))
    assert (first.payable, first.upcoming) == (pln("100.00"), pln("70.00"))
    assert (second.payable, second.upcoming) == (pln("70.00"), pln("100.00"))


def test_a_tier_price_for_one_piece_is_what_a_buyer_pays(shop, run):
    """Prices of all customer groups from one piece on count; those of other groups or quantities do not."""
    shop.items["S1"].tiers = [{"customer_group_id": 32000, "qty": 1, "value": 95}]
    shop.items["S2"].tiers = [
        {"customer_group_id": 3, "qty": 1, "value": 90},
        {"customer_group_id": 0, "qty": 5, "value": 80},
    ]
    first, second = run(connect(shop), lambda c: c.read(["S1", "S2"]))
    assert (first.payable, second.payable) == (pln("95.00"), pln("100.00"))


def test_a_shop_that_takes_fewer_items_a_request_gets_fewer(desired, run):
    """Magento's input limiting refuses a long list as a whole: it is sent again in halves."""
    shop = MagentoFake(limit=20)
    shop.fill(50)
    results = run(connect(shop), lambda c: c.push([desired("magento", sku, "89.99") for sku in shop.items]))
    assert {r.status for r in results} == {PushStatus.ACCEPTED}
    assert {shop.shown(sku) for sku in shop.items} == {Decimal("89.99")}


def test_a_sku_with_a_comma_is_one_sku(shop, desired, run):
    """A list of SKUs is parted by commas, so that one with a comma is asked for alone; case is not guessed either."""
    shop.items["A,B"] = Item("A,B", Decimal(10))
    shop.items["s1"] = Item("s1", Decimal(20))

    async def job(channel):
        await channel.push([desired("magento", "A,B", "11.00")])
        return await channel.read(["A,B", "S1"])

    assert {li.sku: li.payable for li in run(connect(shop), job)} == {"A,B": pln("11.00"), "S1": pln("100.00")}


def test_bulk_requests_are_awaited_and_their_failures_read(desired, run):
    """The report of the one operation says what failed; before it is there nothing is called written."""
    shop = MagentoFake(slow=2)
    shop.fill(3)
    shop.frozen.add("S2")
    results = run(connect(shop, bulk=True), lambda c: c.push([desired("magento", s, "89.99") for s in shop.items]))
    assert [r.status for r in results] == [PushStatus.ACCEPTED, PushStatus.REFUSED, PushStatus.ACCEPTED]
    assert shop.shown("S3") == Decimal("89.99")


def test_a_bulk_request_without_a_report_in_time_is_unknown(desired, run):
    """It may still be applied."""
    shop = MagentoFake(slow=10_000)
    shop.fill(1)
    with pytest.raises(ChannelUnknown, match="no report on bulk request"):
        run(connect(shop, bulk=True, bulk_wait=0.2), lambda c: c.push([desired("magento", "S1", "89.99")]))


@pytest.mark.parametrize("check", [c for c in CHECKS if Trouble.GARBAGE_WRITE in c.needs or c.name.startswith("one-")])
def test_bulk_requests_keep_the_same_promises(check):
    """A refused item and an answer that is no answer, through the bulk API."""
    check(MagentoLab(bulk=True))


def test_a_shop_in_another_currency_or_without_our_store_is_never_written(desired, run):
    """The base currency of the store view is looked at before the first write."""
    shop = MagentoFake(currency="EUR")
    shop.fill(1)
    with pytest.raises(ChannelUnavailable, match="are in EUR, not in PLN"):
        run(connect(shop), lambda c: c.push([desired("magento", "S1", "9.99")]))
    with pytest.raises(ChannelUnavailable, match="no store view polish") as caught:
        run(connect(MagentoFake(), store="polish", store_id=1), lambda c: c.read(["S1"]))
    assert "default" in caught.value.hint
    assert shop.items["S1"].price == 100


def test_missing_rights_are_named(shop, run):
    """An integration without a resource says which one it lacks."""
    shop.rights.discard("store")
    with pytest.raises(ChannelUnavailable, match=r"401.*isn't authorized to access Magento::store"):
        run(connect(shop), lambda c: c.read(["S1"]))


def test_signed_requests_with_a_wrong_secret_are_refused(run, monkeypatch):
    """The signature covers address and parameters, and depends on both secrets."""
    shop = MagentoFake(bearer=False)
    shop.fill(1)
    assert len(run(connect(shop, **OAUTH), lambda c: c.read(["S1"]))) == 1
    monkeypatch.setenv("MAGENTO_TOKEN_SECRET", "other_secret")
    with pytest.raises(ChannelUnavailable, match="401") as caught:
        run(connect(shop, **OAUTH), lambda c: c.read(["S1"]))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "item", ['{"sku": 5, "price": 1}', '{"sku": "S1", "price": "9.99"}', '{"sku": "S1", "price": true}', "null"]
)
def test_malformed_products_are_never_believed(item, run):
    """A price that is no number, or a product without SKU, makes the channel unavailable."""

    def answer(request):
        stores = '[{"code": "default", "base_currency_code": "PLN"}]'
        body = stores if "storeConfigs" in request.url.path else f'{{"items": [{item}], "total_count": 1}}'
        return httpx.Response(200, stream=httpx.ByteStream(body.encode()))

    with pytest.raises(ChannelUnavailable, match="no list of products"):
        run(connect(httpx.MockTransport(answer)), lambda c: c.read(["S1"]))


def test_the_catalogue_is_imported_with_the_shops_tax_classes(shop, run, all_of):
    """Products come with cost, EAN and the VAT of their tax class; products made of others are left out."""
    shop.items["S2"].tax_class = "3"
    shop.items["CONF"] = Item("CONF", Decimal(0), type="configurable")
    products = run(connect(shop, tax_classes={"3": "8"}), lambda c: all_of(c.products()))
    found = {p.sku: p for p in products if not isinstance(p, SetAside)}
    assert (found["S1"].price, found["S1"].cost, found["S1"].gtin) == (pln("100.00"), pln("61.50"), "5901234123457")
    assert (found["S2"].tax, found["S1"].tax, "CONF" in found) == (TaxRate(800), TaxRate(2300), False)
