"""Markup whose names say nothing: rows of sellers, and a price that looks like those of the items below it."""

from __future__ import annotations

import pytest

CART = '<button type="button">Add to cart</button>'
SHOPS = (("Nordlicht", "129,00 €"), ("Haus am See", "131,50 €"), ("Kesselwelt", "135,00 €"))


def _row(seller: str, price: str, way: str = "zum Shop") -> str:
    return (
        f'<div class="q"><img alt="{seller}" src="/l.png"><span class="z">{price}</span>'
        f'<p>Versand 4,90 €</p><a href="/go">{way}</a></div>'
    )


def test_what_only_one_row_says_is_its_seller(read, shop_page) -> None:
    """Rows that lead to shops each are offers although no name of their markup says so."""
    found = read(shop_page("".join(_row(*shop) for shop in SHOPS), lang="de"))
    assert [(row.seller, str(row.price.amount), str(row.shipping)) for row in found.rows] == [
        ("Nordlicht", "129.00", "4.90"), ("Haus am See", "131.50", "4.90"), ("Kesselwelt", "135.00", "4.90"),
    ]  # fmt: skip


def test_rows_that_lead_to_no_shop_are_no_offers(read, shop_page) -> None:
    """Pieces of a set with a price and a picture each sell nothing by themselves."""
    found = read(shop_page(f'<b class="price">99,00 €</b>{CART}' + "".join(_row(*s, way="mehr") for s in SHOPS)))
    assert found.rows == ()


def test_the_first_price_below_the_title_is_not_one_of_the_items_below(read, shop_page) -> None:
    """Where all prices have one pattern, the one with a button to buy well before the others is the item's."""
    filler = "".join(f"<p>Word {n} of the description.</p>" for n in range(40))
    tiles = "".join(f'<div><span class="u">{n}9,00 €</span><p>Item {n}</p></div>' for n in range(1, 9))
    own = '<div><span class="u">71,90 €</span> <span class="u">79,90 €</span></div>'
    assert str(read(shop_page(own + CART + filler + tiles, lang="pt")).price) == "71.90 EUR"


@pytest.mark.parametrize("text", ["99.00 NZD", "2,190.00 ARS", "ZAR 450.00"])
def test_a_code_beside_a_number_is_money_whatever_the_markup(read, shop_page, text: str) -> None:
    """The three letters of any larger currency are a sign like any other."""
    found = read(shop_page(f'<span class="k">{text}</span>{CART}', lang="en"))
    assert found.price is not None
    assert found.price.currency.code in text


@pytest.mark.parametrize(
    ("higher", "was"),
    [("475,40 zł", "475.40 PLN"), ("475,40 zł</p><p>zawiera ochronę kupujących", "None")],
)
def test_a_higher_amount_behind_the_price_was_it_unless_it_includes_more(read, shop_page, higher, was) -> None:
    """A total with a fee is no old price, and no price either."""
    found = read(shop_page(f"<div><p>450,00 zł</p><p>{higher}</p></div>{CART}"))
    assert (str(found.price), str(found.was)) == ("450.00 PLN", was)


@pytest.mark.parametrize(
    ("words", "shipping"),
    [
        ("104,95 € gastos de envío incl.", "4.95"),
        ("gastos de envío incl.", "0"),
        ("104,95 € incl. verzendkosten", "4.95"),
    ],
)
def test_a_total_that_includes_delivery_tells_its_cost(read, shop_page, words: str, shipping: str) -> None:
    """What a row says to be included is not the cost of delivery itself."""
    rows = "".join(
        f'<li class="offer"><span class="shop-name">{seller}</span><b class="price">{price}</b><p>{said}</p></li>'
        for seller, price, said in (("Alba", "100,00 €", words), ("Borea", "120,00 €", "envío gratis"))
    )
    found = read(shop_page(f"<ul>{rows}</ul>", lang="es"))
    assert [f"{row.shipping:f}" for row in found.rows][:1] == [shipping]


@pytest.mark.parametrize("words", ["Χωρίς ΦΠΑ: 76,53€", "76,53 € без НДС", "76,53 € sem IVA", "76,53 € utan moms"])
def test_a_net_price_is_told_in_any_language(read, shop_page, words: str) -> None:
    """The amount without tax beside the one with it is not what a visitor pays."""
    inside = f'<p class="price">{words}</p><p class="price">94,90 €</p>{CART}'
    assert str(read(shop_page(inside, lang="el")).price) == "94.90 EUR"


def test_a_per_cent_torn_over_elements_tells_the_old_price(read, shop_page) -> None:
    """`- 17 %` in three texts says what came off as plainly as in one."""
    inside = (
        '<div class="price"><b>7 490</b> руб.</div><div class="price"><b>8 990</b> руб.</div>'
        f"<div><i>-</i><i>17</i><i>%</i></div>{CART}"
    )
    found = read(shop_page(inside, lang="ru-RU"))
    assert (str(found.price), str(found.was)) == ("7490.00 RUB", "8990.00 RUB")
