"""The price that a visitor sees, among all the other amounts on a page."""

from __future__ import annotations

import pytest

from pricewatch.domain.offer import PriceRole

PRICE = '<div class="product-price"><span class="price">129,00 zł</span></div>'


@pytest.mark.parametrize(
    ("beside", "role"),
    [
        ("<del>199,00 zł</del>", PriceRole.WAS),
        ('<span class="old-price">199,00 zł</span>', PriceRole.WAS),
        ("<p>Cena regularna: 199,00 zł</p>", PriceRole.WAS),
        ("<p>Najniższa cena z 30 dni przed obniżką: 119,00 zł</p>", PriceRole.LOWEST_30_DAYS),
        ("<p>lub 10 rat x 12,90 zł miesięcznie</p>", PriceRole.INSTALMENT),
        ("<p>12,90 zł / mies.</p>", PriceRole.INSTALMENT),
        ("<p>Dostawa od 9,99 zł</p>", PriceRole.SHIPPING),
        ("<p>138,99 zł z dostawą</p>", PriceRole.SHIPPING),
        ("<p>(75,88 zł / kg)</p>", PriceRole.UNIT),
        ("<p>Cena klubowa 109,00 zł</p>", PriceRole.CLUB),
        ("<p>Z kodem: LATO 115,00 zł</p>", PriceRole.COUPON),
        ("<p>Oszczędzasz 70,00 zł</p>", PriceRole.OTHER_PRODUCT),
        ("<p>Gwarancja 3 lata: 39,00 zł</p>", PriceRole.OTHER_PRODUCT),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_an_amount_with_another_role_is_not_the_price(
    read, shop_page, beside: str, role: PriceRole, first: bool
) -> None:
    """Before the price or behind it, an amount of another role loses and says which role it has."""
    found = read(shop_page(beside + PRICE if first else PRICE + beside))
    assert str(found.price) == "129.00 PLN"
    assert role in {candidate.role for candidate in found.rejected}


@pytest.mark.parametrize(
    "shown",
    [
        "2026-11-22",
        "1,23E+03",
        "12-",
        "−12,00",
        "(12,00)",
        "1 2",
        "100-120",
        "10:30",
        "22.11.2026",
        "-12,00 zł",
        "12.5.20 zł",
    ],
)
def test_what_only_looks_like_a_price_is_not_read_from_price_markup(read, shop_page, shown: str) -> None:
    """Dates, ranges, numbers in brackets or below nothing stand in price boxes, too."""
    found = read(shop_page(f'<div class="product-price"><span class="price">{shown}</span></div>'))
    assert found.price is None


def test_a_range_of_prices_is_a_price_to_start_from(read, shop_page) -> None:
    """The lower end is where prices start, and the upper end is nobody's price."""
    found = read(shop_page('<div class="product-price"><span class="price">100,00 zł – 120,00 zł</span></div>'))
    assert (str(found.price), found.role) == ("100.00 PLN", PriceRole.FROM)
    assert "the upper end of a range" in str(found.rejected[0])


@pytest.mark.parametrize(
    "torn",
    [
        "<span>129</span><span>,00</span> <span>zł</span>",
        "<span>129</span><sup>00</sup> zł",
        "129,<small>00 zł</small>",
        "<span>129 , 00</span> zł",
        "<span>zł</span><span>129</span><span>00</span>",
        "<span>129,00</span><span> zł </span>",
        "<b>129</b><b>.</b><b>00</b><b>zł</b>",
    ],
)
def test_a_price_torn_over_elements_is_whole(read, shop_page, torn: str) -> None:
    """Decimals and signs in elements of their own are put together."""
    assert str(read(shop_page(f'<div class="price">{torn}</div>')).price) == "129.00 PLN"


def test_related_items_and_the_cart_are_not_the_item(read, shop_page) -> None:
    """Without any price for the item, the prices of its neighbours are not taken."""
    tiles = "".join(
        f'<li class="product-tile"><a href="/p/{n}"><h3>Other kettle number {n}</h3><b class="price">{n},99 zł</b></a></li>'
        for n in range(20, 26)
    )
    found = read(shop_page("<p>Produkt niedostępny</p>", behind=f'<ul class="related-products">{tiles}</ul>'))
    assert found.price is None


def test_the_container_of_the_title_is_about_the_item(read) -> None:
    """A header element that holds the item's title and price is no page frame."""
    html = """<html lang="en-GB"><title>Kettle</title><body><header class="product-header"><h1>Kettle</h1>
    <p class="price">£12.50</p></header></body></html>"""
    assert str(read(html).price) == "12.50 GBP"


def test_a_plain_page_with_a_labelled_price_is_enough(read) -> None:
    """No markup at all, only the word before the amount."""
    assert str(read("<html lang=en><body><p>A nice lamp.<p>Price: £60<p>Shipping £7").price) == "60.00 GBP"


def test_structured_data_in_another_currency_than_the_page_is_a_conflict(read, shop_page, json_ld) -> None:
    """What the visitor pays wins, and the disagreement is told."""
    data = json_ld('{"@type": "Product", "name": "Pillow", "offers": {"price": "52.00", "priceCurrency": "CAD"}}')
    inside = '<div class="product-price"><span class="price">US$ 36.97</span></div>'
    found = read(shop_page(inside, head=data, lang="en"))
    assert str(found.price) == "36.97 USD"
    assert found.conflict == "json-ld says 52.00 CAD"


def test_a_structured_price_that_is_shown_struck_out_is_the_old_one(read, shop_page, json_ld) -> None:
    """Stale structured data gives way to the sale price beside the struck one."""
    data = json_ld('{"@type": "Product", "name": "Shoe", "offers": {"price": "219.99", "priceCurrency": "EUR"}}')
    inside = '<div class="price-box"><del>219,99 €</del> <strong class="price">110,00 €</strong></div>'
    found = read(shop_page(inside, head=data, lang="de"))
    assert (str(found.price), str(found.was)) == ("110.00 EUR", "219.99 EUR")


def test_independent_sources_that_agree_raise_the_confidence(read, shop_page, json_ld) -> None:
    """One source alone is believed less than two that say the same."""
    data = json_ld('{"@type": "Product", "name": "Kettle", "offers": {"price": "129.00", "priceCurrency": "PLN"}}')
    alone, both = read(shop_page("", head=data)), read(shop_page(PRICE, head=data))
    assert alone.price == both.price
    assert alone.confidence < both.confidence


def test_an_ambiguous_price_is_an_answer(read) -> None:
    """`1.226` with nothing that settles it is given with both readings, and without a price."""
    html = (
        '<html><title>Thing</title><body><h1>Thing</h1><div class="product-price price">KWD 1.226</div></body></html>'
    )
    found = read(html)
    assert found.ambiguous
    assert found.price is None
    assert set(found.readings) == {"1.226", "1226"}


def test_other_prices_of_the_page_settle_an_ambiguous_one(read) -> None:
    """A sibling that is unmistakable shows how the page writes its decimals."""
    html = """<html lang="en"><title>Thing</title><body><h1>Thing</h1><div class="product-price price">€ 1.226</div>
    <div class="related"><a><span class="price">€ 899,00</span></a></div></body></html>"""
    assert str(read(html).price) == "1226.00 EUR"


@pytest.mark.parametrize(
    ("url", "currency"),
    [
        ("https://a.com/x", "USD"),
        ("https://a.com.au/x", "AUD"),
        ("https://a.ca/x", "CAD"),
        ("https://a.com.ar/x", "ARS"),
    ],
)
def test_a_dollar_is_the_dollar_of_the_country(read, url: str, currency: str) -> None:
    """The page's own address says whose dollar it is."""
    html = '<title>Lamp</title><h1>Lamp</h1><div class="product-price">$ 49.90</div>'
    assert read(html, url=url).currency == currency


def test_evidence_names_the_page_the_place_and_what_lost(extract, shop_page) -> None:
    """A finding carries the hash of the page, where the price stood, its text, and the losers with their reasons."""
    finding = extract(shop_page("<del>199,00 zł</del>" + PRICE)).findings[0]
    evidence = finding.evidence
    assert len(evidence.page_hash) == 64
    assert (evidence.source, evidence.snippet) == ("visible", "129,00 zł")
    assert evidence.selector.endswith("div.product-price > span.price")
    assert any(text.startswith("was: '199,00 zł'") and "struck out" in text for text in evidence.rejected)
