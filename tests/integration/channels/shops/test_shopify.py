"""Shopify against a strict server with its leaky bucket of points."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from shop_fakes import shopify as fake
from shop_fakes.shopify import ShopifyFake, Variant

from pricewatch.channels.shops.settings import ShopifySettings
from pricewatch.channels.shops.shopify import Shopify
from pricewatch.domain.decision import Announcement
from pricewatch.domain.errors import ChannelError, ChannelUnavailable, ChannelUnknown, SetAside
from pricewatch.domain.listing import PushStatus
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.sale import Sale
from pricewatch.located import Secret
from pricewatch.testing import CHECKS, HttpLab, Trouble
from pricewatch.testing.lab import TroubledTransport


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    monkeypatch.setenv("SHOPIFY_TOKEN", fake.TOKEN)


def connect(shop, stopped=lambda: False, currency="PLN", **more):
    values = {"url": "https://shop.example", "rate": 100_000, "token": Secret(env="SHOPIFY_TOKEN"), **more}
    settings = ShopifySettings(type="shopify", **values)
    transport = shop if isinstance(shop, httpx.AsyncBaseTransport) else httpx.ASGITransport(app=shop.app)
    return Shopify("shopify", settings, currency=currency, transport=transport, stopped=stopped)


def pln(text):
    return Money.parse(text, "PLN")


class ShopifyLab(HttpLab):
    """Shopify before its fake."""

    currency, unknown_id = "PLN", "1/99999"
    secrets = (fake.TOKEN,)

    def __init__(self, *, net=False):
        self.shop = ShopifyFake(taxes_included=not net)
        self.net = net
        super().__init__(
            httpx.ASGITransport(app=self.shop.app),
            lambda request: len(json.loads(request.content)["variables"].get("variants", [])),
        )

    def connect(self, stopped):
        return connect(self.transport, stopped, net=self.net)

    def fill(self, count):
        self.shop.fill(count)
        return [(f"{v.product}/{v.number}", v.sku) for v in self.shop.variants.values()]

    def shown(self, remote_id):
        variant = self.shop.variants.get(int(remote_id.partition("/")[2]))
        if variant is None:
            return None
        return TaxRate(2300).gross_of(pln(variant.price)) if self.net else pln(variant.price)

    def edit(self, remote_id, price):
        number = int(remote_id.partition("/")[2])
        old = self.shop.variants[number]
        stored = TaxRate(2300).net_of(price) if self.net else price
        self.shop.variants[number] = Variant(number, old.product, old.sku, stored.text)

    def refuse(self, remote_id):
        self.shop.frozen.add(int(remote_id.partition("/")[2]))

    def answer(self, kind):
        if kind is Trouble.NO_ACCESS:
            return httpx.Response(401, json={"errors": "[API] Invalid API key or access token"})
        return super().answer(kind)


@pytest.mark.parametrize("check", CHECKS, ids=str)
@pytest.mark.parametrize("net", [False, True], ids=["gross", "net"])
def test_keeps_the_promises_of_every_channel(check, net):
    """Shopify passes the conformance checks, with taxes included and without."""
    check(ShopifyLab(net=net))


class MarketLab(ShopifyLab):
    """The prices of one market, in its own currency, in front of the same shop."""

    currency = "EUR"

    def __init__(self):
        super().__init__()
        counted = lambda request: len(json.loads(request.content)["variables"].get("prices", []))  # noqa: E731
        self.transport = TroubledTransport(httpx.ASGITransport(app=self.shop.app), counted, self.answer, "EUR")

    def connect(self, stopped):
        return connect(self.transport, stopped, currency="EUR", price_list=7, country="DE")

    def shown(self, remote_id):
        number = int(remote_id.partition("/")[2])
        known = self.shop.fixed.get(number, ("25.00", None)) if number in self.shop.variants else None
        return Money.parse(known[0], "EUR") if known else None

    def edit(self, remote_id, price):
        self.shop.fixed[int(remote_id.partition("/")[2])] = (price.text, None)


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_a_market_keeps_the_promises_of_every_channel(check):
    """Fixed prices of a market's price list pass the conformance checks."""
    check(MarketLab())


def test_the_price_of_a_market_leaves_the_shops_own_alone(shop, desired, run):
    """The market shows prior and reduced price in its currency; the shop's price stays."""
    euros = [Money.parse(text, "EUR") for text in ("29.90", "35.00")]
    told = Announcement(euros[1], datetime(2026, 1, 1, tzinfo=UTC), None)
    wish = replace(desired("shopify", "1/2", "1.00", announcement=told), price=euros[0])

    async def job(channel):
        await channel.push([wish])
        return (await channel.read(["1/2"]))[0]

    listing = run(connect(shop, currency="EUR", price_list=7, country="DE"), job)
    assert (listing.price, listing.sale_price) == (euros[1], euros[0])
    assert shop.variants[2].price == "100.00"


def test_a_market_in_another_currency_is_said(shop, run):
    """What buyers there pay in is looked at with every price."""
    with pytest.raises(ChannelUnavailable, match="buyers in DE pay in EUR, not in PLN"):
        run(connect(shop, price_list=7, country="DE"), lambda c: c.read(["1/2"]))


@pytest.fixture
def shop():
    shop = ShopifyFake()
    shop.fill(20)
    return shop


def test_variants_of_one_product_go_in_one_request(shop, desired, run):
    """Twenty variants of four products take four changes."""
    wanted = [desired("shopify", f"{v.product}/{v.number}", "89.99") for v in shop.variants.values()]
    results = run(connect(shop), lambda c: c.push(wanted))
    assert {r.status for r in results} == {PushStatus.ACCEPTED}
    assert {v.price for v in shop.variants.values()} == {"89.99"}
    assert sum(document.startswith("mutation") for document, _ in shop.requests) == 4


def test_a_refused_variant_inside_a_200_is_refused_alone(shop, desired, run):
    """`userErrors` name variants by their place: these are refused, the others taken."""
    shop.frozen.add(2)
    wanted = [desired("shopify", f"1/{n}", "89.99") for n in (1, 2, 3)]
    results = {r.remote_id: r for r in run(connect(shop), lambda c: c.push(wanted))}
    assert [results[f"1/{n}"].status for n in (1, 2, 3)] == [
        PushStatus.ACCEPTED,
        PushStatus.REFUSED,
        PushStatus.ACCEPTED,
    ]
    assert "locked by an app" in results["1/2"].message


def test_a_deleted_product_refuses_all_its_variants(shop, desired, run):
    """An error that names no variant is about all of them, when none was changed."""
    results = run(connect(shop), lambda c: c.push([desired("shopify", "99/1", "9.99"), desired("shopify", "1/1", "9")]))
    assert {r.remote_id: r.status for r in results} == {"99/1": PushStatus.REFUSED, "1/1": PushStatus.ACCEPTED}


def test_a_struck_price_is_cleared_with_every_write(shop, desired, run):
    """A price that is not announced is not shown beside a struck one."""
    shop.variants[1] = Variant(1, 1, "S1", "80.00", struck="120.00")

    async def job(channel):
        before = await channel.read(["1/1"])
        await channel.push([desired("shopify", "1/1", "90.00")])
        return before + await channel.read(["1/1"])

    before, after = run(connect(shop), job)
    assert (before.price, before.sale_price, before.payable) == (pln("120.00"), pln("80.00"), pln("80.00"))
    assert (after.price, after.sale_price) == (pln("90.00"), None)


def test_an_announced_reduction_is_shown_beside_its_prior_price_and_ends_with_it(shop, desired, run):
    """The prior price is the compare-at price while it runs, and gone with the next plain price."""
    told = Announcement(pln("120.00"), datetime(2026, 1, 1, tzinfo=UTC), None)

    async def job(channel):
        await channel.push([desired("shopify", "1/1", "89.99", announcement=told)])
        during = await channel.read(["1/1"])
        await channel.push([desired("shopify", "1/1", "89.99")])
        return during + await channel.read(["1/1"])

    during, after = run(connect(shop), job)
    assert (during.price, during.sale_price) == (pln("120.00"), pln("89.99"))
    assert (after.price, after.sale_price) == (pln("89.99"), None)


def test_an_empty_bucket_is_waited_for_and_nothing_is_lost(desired, run):
    """With 40 points that fill up at 400 a second, forty changes of 10 points each are all made."""
    shop = ShopifyFake(bucket=40, rate=400)
    shop.fill(40, per_product=1)
    wanted = [desired("shopify", f"{n}/{n}", "89.99") for n in range(1, 41)]
    results = run(connect(shop), lambda c: c.push(wanted))
    assert {r.status for r in results} == {PushStatus.ACCEPTED}
    assert {v.price for v in shop.variants.values()} == {"89.99"}


def test_a_bucket_that_fills_too_slowly_makes_the_whole_channel_wait(answering, run):
    """THROTTLED with a wait of 7 seconds is passed on as that; nothing waits in silence."""
    state = {"maximumAvailable": 1000, "currentlyAvailable": 5, "restoreRate": 1}
    error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
    cost = {"requestedQueryCost": 12, "actualQueryCost": None, "throttleStatus": state}
    with pytest.raises(ChannelUnavailable, match="Throttled") as caught:
        run(
            connect(answering(json.dumps({"errors": [error], "extensions": {"cost": cost}}))), lambda c: c.read(["1/1"])
        )
    assert caught.value.retry_after == 7.0


def test_changes_are_paced_by_what_they_cost(desired, run):
    """After the first answers the pace is known: hardly any request is turned away."""
    shop = ShopifyFake(bucket=40, rate=400)
    shop.fill(40, per_product=1)
    run(connect(shop), lambda c: c.push([desired("shopify", f"{n}/{n}", "89.99") for n in range(1, 41)]))
    assert shop.throttled <= 3


def test_more_variants_than_one_cursor_reaches_are_all_listed(run, all_of, monkeypatch):
    """Shopify ends every cursor at 25,000 objects; the list starts anew from an id before that."""
    monkeypatch.setattr("pricewatch.channels.shops.shopify.DEEPEST", 200)
    monkeypatch.setattr(fake, "MOST_DEEP", 250)
    shop = ShopifyFake()
    shop.fill(650)
    found = run(connect(shop), lambda c: all_of(c.listings()))
    assert len({listing.remote_id for listing in found}) == len(found) == 650


def test_a_shop_in_another_currency_is_never_written(desired, run):
    """The shop's currency is looked at before the first write."""
    shop = ShopifyFake(currency="EUR")
    shop.fill(1)
    with pytest.raises(ChannelUnavailable, match="sells in EUR, not in PLN"):
        run(connect(shop), lambda c: c.push([desired("shopify", "1/1", "9.99")]))
    assert shop.variants[1].price == "100.00"


def test_a_shop_without_taxes_in_its_prices_is_never_written_as_if_it_had_them(desired, run):
    """Where prices are entered without tax, the channel's `net` has to say so."""
    shop = ShopifyFake(taxes_included=False)
    shop.fill(1)
    with pytest.raises(ChannelUnavailable, match="without tax") as caught:
        run(connect(shop), lambda c: c.push([desired("shopify", "1/1", "9.99")]))
    assert "net = true" in caught.value.hint


def test_missing_rights_are_named(shop, desired, run):
    """A token without write_products reads, and says what it lacks when it shall write."""
    shop.scopes.discard("write_products")
    with pytest.raises(ChannelUnavailable, match="write_products"):
        run(connect(shop), lambda c: c.push([desired("shopify", "1/1", "9.99")]))
    assert len(run(connect(shop), lambda c: c.read(["1/1"]))) == 1


def test_a_wrong_token_and_an_unknown_version_are_told_apart(shop, run, monkeypatch):
    """401 is about the token; a version that Shopify no longer answers is 404 in its own words."""
    with pytest.raises(ChannelUnavailable, match="404"):
        run(connect(shop, version="2020-01"), lambda c: c.read(["1/1"]))
    monkeypatch.setenv("SHOPIFY_TOKEN", "shpat_other")
    with pytest.raises(ChannelUnavailable, match=r"401.*Invalid API key") as caught:
        run(connect(shop), lambda c: c.read(["1/1"]))
    assert "shpat_other" not in str(caught.value)


@pytest.mark.parametrize(
    "node",
    ['{"id": "gid://shopify/ProductVariant/1", "price": 9.99}', '{"price": "9.99"}', '"text"', '{"id": 5}'],
)
def test_malformed_variants_are_never_believed(node, answering, run):
    """A price that is no text, or a variant without ids, makes the channel unavailable."""
    shop = '"shop": {"currencyCode": "PLN", "taxesIncluded": true}'
    with pytest.raises(ChannelUnavailable, match="no list of variants"):
        run(connect(answering(f'{{"data": {{{shop}, "nodes": [{node}]}}}}')), lambda c: c.read(["1/1"]))


def test_an_answer_with_another_price_is_not_believed(desired, run):
    """What the shop says it stored is compared with what was sent."""

    def answer(request):
        shop = {"currencyCode": "PLN", "taxesIncluded": True}
        variants = [{"id": "gid://shopify/ProductVariant/1", "price": "8399.00"}]
        data = {"shop": shop, "productVariantsBulkUpdate": {"productVariants": variants, "userErrors": []}}
        return httpx.Response(200, stream=httpx.ByteStream(json.dumps({"data": data}).encode()))

    (result,) = run(connect(httpx.MockTransport(answer)), lambda c: c.push([desired("shopify", "1/1", "83.99")]))
    assert (result.status, result.message) == (PushStatus.UNKNOWN, "it answered 8399.00 PLN instead of 83.99 PLN")


def test_a_write_without_a_result_is_unknown(desired, run):
    """`data` without the change's payload says nothing."""
    body = {"data": {"shop": {"currencyCode": "PLN", "taxesIncluded": True}, "productVariantsBulkUpdate": None}}
    transport = httpx.MockTransport(lambda _r: httpx.Response(200, stream=httpx.ByteStream(json.dumps(body).encode())))
    with pytest.raises(ChannelUnknown):
        run(connect(transport), lambda c: c.push([desired("shopify", "1/1", "83.99")]))


def test_the_catalogue_is_imported(shop, run, all_of):
    """Products come with cost, stock, vendor, barcode and link; one without SKU is set aside."""
    shop.variants[2] = Variant(2, 1, "", "50.00")
    products = run(connect(shop), lambda c: all_of(c.products()))
    first = next(p for p in products if not isinstance(p, SetAside) and p.sku == "S1")
    assert (first.price, first.cost, first.stock, first.brand) == (pln("100.00"), pln("61.50"), 4, "Bosch")
    assert (first.gtin, first.url) == ("5901234123457", "https://shop.example/products/1")
    assert [p.reason for p in products if isinstance(p, SetAside)] == ["has no SKU"]


def test_a_page_that_comes_again_and_again_ends_the_reading(answering, run, all_of):
    """A cursor that leads to itself is told, and not followed for ever."""
    shop = '"shop": {"currencyCode": "PLN", "taxesIncluded": true}'
    page = '{"nodes": [{"id": "gid://shopify/ProductVariant/1", "price": "1.00", "product": {"id": "gid://x/2"}}]'
    more = f'"productVariants": {page}, "pageInfo": {{"hasNextPage": true, "endCursor": "c"}}}}'
    with pytest.raises(ChannelUnavailable, match="a page came again"):
        run(connect(answering(f'{{"data": {{{shop}, {more}}}}}')), lambda c: all_of(c.listings()))


def _bag(amount, currency="PLN"):
    money = {"amount": amount, "currencyCode": currency}
    return {"presentmentMoney": money, "shopMoney": {"amount": "1.00", "currencyCode": "PLN"}}


def _line(number, sku, units, price, *, left=None, before=None, rate=0.23, currency="PLN"):
    tax = {"title": "VAT", "rate": rate, "ratePercentage": 100 * rate, "priceSet": _bag("0.00", currency)}
    return {
        "__typename": "LineItem", "id": f"gid://shopify/LineItem/{number}", "sku": sku, "quantity": units,
        "currentQuantity": units if left is None else left, "taxLines": [tax],
        "originalUnitPriceSet": _bag(before or price, currency),
        "discountedUnitPriceAfterAllDiscountsSet": _bag(price, currency),
    }  # fmt: skip


def _order(number, lines, *, gross=True, currency="PLN", updated="2026-11-05T10:00:00Z", **more):
    return {
        "__typename": "Order", "id": f"gid://shopify/Order/{number}", "name": f"#{number}", "test": False,
        "createdAt": "2026-11-03T08:00:00Z", "updatedAt": updated, "cancelledAt": None, "taxesIncluded": gross,
        "currencyCode": "PLN", "presentmentCurrencyCode": currency, "lines": lines, **more,
    }  # fmt: skip


def _sold(shop, **more):
    async def all_of_it():
        return [row async for row in connect(shop, **more).sales(datetime(2026, 11, 1, tzinfo=UTC))]

    rows = asyncio.run(all_of_it())
    return {row.reference: row for row in rows if isinstance(row, Sale)}, [r for r in rows if isinstance(r, SetAside)]


def _selling(*orders):
    shop = ShopifyFake()
    shop.scopes.add("read_orders")
    shop.orders = list(orders)
    return shop


def test_orders_are_sales_after_discounts_and_what_came_back_counts_below_zero():
    """A discounted line is a promotion; a returned piece is dated by the order's last change, a cancelled order is all
    back; test orders and other currencies are left out; a line without a SKU is set aside.
    """
    shop = _selling(
        _order(1, [_line(11, "A", 3, "90.00", left=2, before="100.00"), _line(12, "", 1, "5.00")]),
        _order(2, [_line(21, "B", 1, "50.00")], cancelledAt="2026-11-05T10:00:00Z"),
        _order(3, [_line(31, "A", 9, "1.00")], test=True),
        _order(4, [_line(41, "A", 9, "1.00", currency="EUR")], currency="EUR"),
        _order(5, [_line(51, "A", 9, "1.00")], updated="2026-10-05T10:00:00Z"),
    )
    sold, aside = _sold(shop)
    told = {name: (sale.sku, sale.units, sale.paid, sale.promotion) for name, sale in sold.items()}
    assert told == {
        "1/11": ("A", 3, pln("90.00"), True), "1/11/back": ("A", -1, pln("90.00"), True),
        "2/21": ("B", 1, pln("50.00"), False), "2/21/back": ("B", -1, pln("50.00"), False),
    }  # fmt: skip
    assert (sold["1/11"].sold_at.day, sold["1/11/back"].sold_at.day) == (3, 5)
    assert [(each.item, each.reason) for each in aside] == [("12", "cannot be read: the line has no SKU")]


def test_net_orders_are_told_gross_and_all_pages_of_orders_and_lines_are_read():
    """What was paid includes VAT, whatever the shop enters; an order of many lines is read to its end."""
    many = [_line(100 + n, f"S{n}", 1, "10.00") for n in range(130)]
    shop = _selling(_order(1, many, gross=False), *(_order(n, [_line(n, "A", 1, "2.00")]) for n in range(2, 26)))
    sold, aside = _sold(shop)
    assert (len(sold), aside) == (130 + 24, [])
    assert (sold["1/100"].paid, sold["25/25"].paid) == (pln("12.30"), pln("2.00"))


def test_orders_without_the_scope_for_them_are_said_to_be_out_of_reach():
    """The shop's own words name the scope."""
    with pytest.raises(ChannelError, match="read_orders"):
        _sold(ShopifyFake())
