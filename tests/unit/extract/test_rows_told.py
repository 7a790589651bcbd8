"""Rows of sellers on comparison pages: what is their price, what only stands beside it."""

from __future__ import annotations

import pytest

from pricewatch.domain.offer import Verdict

CART = '<button type="button">Add to cart</button>'


def _rows(*told: tuple[str, str, str]) -> str:
    return "".join(
        f'<li class="offer-row" data-shop="{slug}"><img alt="{name}" src="/l.png"><div class="info">{words}</div>'
        f'<strong class="price">{price}</strong><a href="/go">Idź do sklepu</a></li>'
        for slug, (name, words, price) in zip(("north-shop", "blue-media", "kettle-world"), told, strict=True)
    )


def test_days_of_delivery_in_front_of_a_price_make_it_no_delivery_cost(read, shop_page) -> None:
    """`Wysyłka w 1 dzień` says how long it takes; the amount behind is the row's price, of the shop as it is written."""
    told = [("North Shop", "Wysyłka w 1 dzień", "129,00 zł"), ("Blue Media", "Wysyłka w 2-3 dni", "135,00 zł"),
            ("Kettle World", "Wysyłka w 24h", "139,00 zł")]  # fmt: skip
    found = read(shop_page(f"<ul>{_rows(*told)}</ul>"))
    assert [(row.seller, str(row.price.amount)) for row in found.rows] == [
        ("North Shop", "129.00"), ("Blue Media", "135.00"), ("Kettle World", "139.00"),
    ]  # fmt: skip


def test_what_a_bank_takes_off_is_no_rows_price(read, shop_page) -> None:
    """An amount followed by `off` stands in every row, and is what none of them asks."""
    told = [
        (name, f"Bank offer upto ₹{n}000 off", f"₹18,{n}99") for n, name in enumerate(("Asha", "Bela", "Chandra"), 1)
    ]
    found = read(shop_page(f"<ul>{_rows(*told)}</ul>", lang="en-IN"))
    assert [str(row.price.amount) for row in found.rows] == ["18199", "18299", "18399"]


@pytest.mark.parametrize("words", ["OSZCZĘDŹ 400 zł", "Zaoszczędź 400 zł"])
def test_what_can_be_saved_is_not_what_is_asked(read, shop_page, words: str) -> None:
    """A label above the price says how much comes off."""
    inside = f'<div class="product-price-label">{words}</div><p class="price">1 899,00 zł</p>{CART}'
    assert str(read(shop_page(inside)).price) == "1899.00 PLN"


def test_the_regular_price_is_asked_where_it_is_stated_and_nothing_less_is_shown(read, shop_page, json_ld) -> None:
    """A label for those who cannot see calls the only price regular; another variant's in a list changes nothing."""
    head = json_ld('{"@type":"Product","name":"Kettle Steel 1.7","offers":{"price":"64.00","priceCurrency":"USD"}}')
    inside = (
        '<span class="visually-hidden">Regular price</span><span class="price">$64.00</span>'
        "<select><option>Blue - Sold out</option><option>Red - $68.00 USD</option></select>"
    )
    found = read(shop_page(inside, head=head, lang="en"))
    assert (str(found.price), found.conflict) == ("64.00 USD", "")


def test_a_logo_in_the_heading_leaves_the_name_to_the_title(read) -> None:
    """Where the only h1 holds a picture, the element that says what the page's title says names the item."""
    tiles = "".join(f'<li><i>Item {n}</i><span class="price">{n}29円</span></li>' for n in range(1, 9))
    body = f'<h1><a href="/"><img alt=""></a></h1><h2>木製ペンスタンド</h2><b class="sales price">4,180円</b>{CART}<ul>{tiles}</ul>'
    found = read(f'<html lang="ja"><title>木製ペンスタンド | 道具屋</title><body>{body}</body></html>')
    assert (found.verdict, str(found.price)) == (Verdict.PRODUCT, "4180 JPY")


def test_one_item_in_data_does_not_make_a_page_of_many_its_own(read, shop_page) -> None:
    """A featured item of another name than the page's, behind a list of others, is one of them."""
    tiles = "".join(
        f'<div class="t"><a href="/p/{n}">Candle number {n}</a><span class="u">{n}0,99 €</span></div>'
        for n in range(1, 13)
    )
    featured = (
        '<div itemscope itemtype="http://schema.org/Product"><h3 itemprop="name">Lavender box</h3><div itemprop="offers" '
        'itemscope itemtype="http://schema.org/Offer"><span itemprop="price" content="34.90">34,90 €</span>'
        '<meta itemprop="priceCurrency" content="EUR"></div></div>'
    )
    found = read(shop_page(f"<h2>À moins de 20 €</h2>{tiles}{featured}", title="Idées cadeaux Fête", lang="fr"))
    assert found.verdict is Verdict.LISTING
