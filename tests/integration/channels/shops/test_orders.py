"""What was sold, as WooCommerce and PrestaShop answer it by their documentation."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import httpx
import pytest

from pricewatch.channels.gate import EdgeGate, never
from pricewatch.channels.shops.prestashop import PrestaShop
from pricewatch.channels.shops.settings import PrestaShopSettings, WooCommerceSettings
from pricewatch.channels.shops.woocommerce import WooCommerce
from pricewatch.domain.errors import ChannelUnavailable, SetAside
from pricewatch.domain.sale import Sale
from pricewatch.located import Secret

SINCE = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "key")
    monkeypatch.setenv("SECRET", "secret")


def answer(content: bytes, **headers: str) -> httpx.Response:
    return httpx.Response(200, headers=headers, stream=httpx.ByteStream(content))


def sold(channel: WooCommerce | PrestaShop) -> tuple[dict[str, Sale], list[SetAside]]:
    async def all_of_it() -> list[Sale | SetAside]:
        return [row async for row in EdgeGate(channel, never).sales(SINCE)]

    rows = asyncio.run(all_of_it())
    return {row.reference: row for row in rows if isinstance(row, Sale)}, [r for r in rows if isinstance(r, SetAside)]


# --- WooCommerce -----------------------------------------------------------------------------------------------


def woo(orders: list[dict[str, object]], refunds: list[dict[str, object]] | None = None) -> WooCommerce:
    asked: list[httpx.URL] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        if request.url.path.endswith("/refunds"):
            return answer(httpx.Response(200, json=refunds).content)
        assert request.url.path == "/wp-json/wc/v3/orders"
        assert request.url.params["modified_after"] == "2026-11-01T00:00:00"
        assert request.url.params["status"] == "processing,completed,refunded"
        page, size = int(request.url.params["page"]), int(request.url.params["per_page"])
        body = httpx.Response(200, json=orders[(page - 1) * size : page * size]).content
        return answer(body, **{"x-wp-totalpages": str(max(1, -(-len(orders) // size)))})

    settings = WooCommerceSettings(
        type="woocommerce", url="https://woo.test", key=Secret(env="KEY"), secret=Secret(env="SECRET"), rate=100_000
    )
    return WooCommerce("woo", settings, currency="PLN", transport=httpx.MockTransport(serve))


def order(number: int, **line: object) -> dict[str, object]:
    item = {"id": 9, "sku": "A", "quantity": 2, "subtotal": "200.00", "total": "162.60", "total_tax": "37.40", **line}
    return {
        "id": number, "currency": "PLN", "date_created_gmt": "2026-11-20T10:00:00", "line_items": [item], "refunds": [],
    }  # fmt: skip


def test_a_woocommerce_order_says_what_was_paid() -> None:
    """Gross, for one piece, after the coupon, which makes it a promotion; over all pages."""
    sales, aside = sold(woo([order(number) for number in range(1, 251)]))
    assert (len(sales), aside) == (250, [])
    sale = sales["17/9"]
    assert (sale.sku, sale.units, str(sale.paid), sale.promotion) == ("A", 2, "100.00 PLN", True)
    assert sale.sold_at == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_a_woocommerce_refund_comes_back() -> None:
    """Its lines have quantities below zero and names of their own."""
    refund = {
        "id": 88, "date_created_gmt": "2026-11-21T10:00:00",
        "line_items": [{"id": 91, "sku": "A", "quantity": -1, "total": "-81.30", "total_tax": "-18.70"}],
    }  # fmt: skip
    sales, _ = sold(woo([{**order(1), "refunds": [{"id": 88}]}], [refund]))
    assert {name: (sale.units, str(sale.paid)) for name, sale in sales.items()} == {
        "1/9": (2, "100.00 PLN"),
        "1/refund 88/91": (-1, "100.00 PLN"),
    }


@pytest.mark.parametrize(
    "line", [{"sku": ""}, {"total": "abc"}, {"total": "NaN"}, {"quantity": "x"}, {"total_tax": []}]
)
def test_a_woocommerce_line_that_is_none_is_set_aside(line: dict[str, object]) -> None:
    """The other orders are read."""
    sales, aside = sold(woo([order(1, **line), order(2)]))
    assert list(sales) == ["2/9"]
    assert len(aside) == 1
    assert "order 1" in aside[0].where


# --- PrestaShop ------------------------------------------------------------------------------------------------


def presta(**resources: str) -> PrestaShop:
    def serve(request: httpx.Request) -> httpx.Response:
        name = request.url.path.removeprefix("/api/")
        if name in {"orders", "order_slip"}:
            assert request.url.params["filter[date_add]"] == "[2026-11-01 00:00:00,2999-12-31 00:00:00]"
            assert request.url.params["date"] == "1"
        return answer(f"<prestashop><{name}>{resources.get(name, '')}</{name}></prestashop>".encode())

    settings = PrestaShopSettings(type="prestashop", url="https://presta.test", key=Secret(env="KEY"), rate=100_000)
    return PrestaShop("presta", settings, currency="PLN", transport=httpx.MockTransport(serve))


def presta_order(number: int, *, valid: str = "1", sku: str = "A", paid: str = "83.989999") -> str:
    row = ET.Element("order_row")
    values = {"id": "5", "product_reference": sku, "product_quantity": "3", "unit_price_tax_incl": paid}
    for name, text in values.items():
        ET.SubElement(row, name).text = text
    rows = f"<associations><order_rows>{ET.tostring(row, 'unicode')}</order_rows></associations>"
    added = "<date_add>2026-11-20 10:00:00</date_add>"
    return f"<order><id>{number}</id><valid>{valid}</valid>{added}{rows}</order>"


def test_a_prestashop_order_says_what_was_paid() -> None:
    """Only valid orders count; a price of six decimals is rounded half up."""
    sales, aside = sold(presta(orders=presta_order(1) + presta_order(2, valid="0")))
    assert aside == []
    (sale,) = sales.values()
    assert (sale.reference, sale.sku, sale.units, str(sale.paid)) == ("1/5", "A", 3, "83.99 PLN")


def test_a_prestashop_credit_slip_comes_back() -> None:
    """What came back of which row; a row that is gone is set aside."""
    details = "".join(
        f"<order_slip_detail><id_order_detail>{row}</id_order_detail><product_quantity>1</product_quantity>"
        "</order_slip_detail>"
        for row in (5, 6)
    )
    slip = (
        "<order_slip><id>3</id><id_order>1</id_order><date_add>2026-11-21 09:00:00</date_add>"
        f"<associations><order_slip_details>{details}</order_slip_details></associations></order_slip>"
    )
    row = (
        "<order_detail><id>5</id><product_reference>A</product_reference><product_quantity>3</product_quantity>"
        "<unit_price_tax_incl>83.990000</unit_price_tax_incl></order_detail>"
    )
    sales, aside = sold(presta(orders=presta_order(1), order_slip=slip, order_details=row))
    assert sales["1/slip 3/5"].units == -1
    assert str(sales["1/slip 3/5"].paid) == "83.99 PLN"
    assert [each.item for each in aside] == ["1/slip 3/6"]


@pytest.mark.parametrize("wrong", [{"sku": ""}, {"paid": "abc"}, {"paid": "NaN"}])
def test_a_prestashop_row_that_is_none_is_set_aside(wrong: dict[str, str]) -> None:
    """The other orders are read."""
    sales, aside = sold(presta(orders=presta_order(1, **wrong) + presta_order(2)))
    assert (list(sales), len(aside)) == (["2/5"], 1)


def test_an_answer_that_is_no_list_is_not_believed() -> None:
    """A maintenance page is no day without a sale."""
    settings = PrestaShopSettings(type="prestashop", url="https://presta.test", key=Secret(env="KEY"), rate=100_000)
    page = httpx.MockTransport(lambda _request: answer(b"<html>Maintenance</html>"))
    with pytest.raises(ChannelUnavailable):
        sold(PrestaShop("presta", settings, currency="PLN", transport=page))
