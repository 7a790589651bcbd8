"""Prices that are for some only, for other items, or one end of a range, although nothing in their text says so."""

from __future__ import annotations

import pytest

from pricewatch.domain.offer import Availability

CART = '<button type="button">Add to cart</button>'


def _range(low: str, high: str) -> str:
    return f'<p class="price"><span>{low}<i>€</i></span> – <span>{high}<i>€</i></span></p>'


def test_the_chosen_variants_price_stands_inside_the_range(read, shop_page) -> None:
    """A range torn over elements is from and to; the one price shown between them is that of the chosen variant."""
    form = f'<form class="variations_form cart"><span class="price">21,90 €</span>{CART}</form>'
    assert str(read(shop_page(_range("8,90 ", "38,90 ") + form, lang="de")).price) == "21.90 EUR"


def test_a_range_alone_is_from_its_lower_end(read, shop_page) -> None:
    """Where no variant is chosen, the lower end stands as a price from."""
    found = read(shop_page(_range("8,90 ", "38,90 ") + CART, lang="de"))
    assert (str(found.price), found.role.value) == ("8.90 EUR", "from")


def test_a_form_to_buy_is_no_cart(read, shop_page) -> None:
    """What a shop calls `cart` is the item's own form where it is a form, and not a part of the frame."""
    form = f'<form class="cart"><b>21,90 €</b>{CART}</form>'
    assert str(read(shop_page(form, lang="de")).price) == "21.90 EUR"


@pytest.mark.parametrize(
    ("text", "price"), [("649<sup>99</sup> <i>Lei</i>", "649.99"), ("1 049<sup>50</sup> <i>лв</i>", "1049.50")]
)
def test_raised_decimals_stand_before_any_word_for_money(read, shop_page, text: str, price: str) -> None:
    """Decimals in an element of their own belong to the number in front, whatever currency follows."""
    found = read(shop_page(f'<p class="product-price">{text}</p>{CART}', lang="ro"))
    assert found.price is not None
    assert f"{found.price.amount:f}" == price


def test_a_picture_of_a_card_beside_a_price_says_for_whom_it_is(read, shop_page) -> None:
    """The price beside the sign of a store's card is for its holders, also where structured data states it."""
    head = (
        '<script type="application/ld+json">{"@type":"Product","name":"Kettle Steel 1.7","offers":{"@type":"Offer",'
        '"price":"309","priceCurrency":"EUR"}}</script>'
    )
    inside = (
        '<ul><li><b class="price">309,00 €</b><i class="ic" title="Tarjeta Norte"></i><b class="badge">-31%</b></li>'
        f'<li><b class="price">329,00 €</b></li></ul>{CART}'
    )
    found = read(shop_page(inside, head=head, lang="es"))
    assert str(found.price) == "329.00 EUR"


def test_a_sentence_about_the_club_price_makes_it_nobody_elses(read, shop_page) -> None:
    """Where the regular price stands beside a club's, a review that names the club's price changes nothing."""
    inside = (
        '<div class="club-price"><b>449,00 kr</b></div><p class="price">Ord. pris 549,00 kr</p>'
        f"{CART}<p>Köpte för 449 kr förra veckan och är nöjd</p>"
    )
    assert str(read(shop_page(inside, lang="sv-SE")).price) == "549.00 SEK"


def test_what_only_related_items_cost_is_not_the_price_of_what_is_sold_out(read, shop_page) -> None:
    """Two similar items with a price each say nothing of an item that is sold out, however plainly they are priced."""
    tiles = "".join(
        f'<li class="product-item"><a>Item {n}</a><span class="product-price price-final">{n}49,00 zł</span></li>'
        for n in (1, 2)
    )
    found = read(shop_page(f"<p>Produkt chwilowo niedostępny</p><h2>Zobacz podobne</h2><ul>{tiles}</ul>"))
    assert (found.price, found.availability) == (None, Availability.OUT_OF_STOCK)
