"""Pages whose own price is missing from the text: no other amount is quietly taken for it."""

from __future__ import annotations

import json

CART = '<button type="button">Add to cart</button>'
LINES = "".join(f"<p>Feature {word}</p>" for word in "abcdefghijklmnopqrstuvwxyz" * 6)


def stated(price: str, currency: str, name: str = "Kettle Steel 1.7") -> str:
    """A JSON-LD block that states this price."""
    offer = {"@type": "Offer", "price": price, "priceCurrency": currency}
    data = {"@context": "https://schema.org", "@type": "Product", "name": name, "offers": offer}
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def test_an_amount_far_below_the_title_is_no_price(read, shop_page) -> None:
    """What a whole outfit costs, at the end of the page, is not what the item costs."""
    inside = f'{CART}{LINES}<div class="total-price">Whole look = 91,96 €</div>'
    found = read(shop_page(inside, lang="en"))
    assert (found.price, found.ambiguous) == (None, False)


def test_an_amount_away_from_the_title_is_the_price_where_data_states_it(read, shop_page) -> None:
    """Two sources that agree make up for the place."""
    inside = f'{CART}{LINES}<div class="total-price">91,96 €</div>'
    assert str(read(shop_page(inside, lang="en", head=stated("91.96", "EUR"))).price) == "91.96 EUR"


def test_an_amount_away_from_the_title_is_the_price_where_it_is_called_so(read, shop_page) -> None:
    """A label makes up for the place, too."""
    inside = f"{LINES[: len(LINES) // 3]}<div><b>Price: 91,96 €</b></div>{CART}"
    assert str(read(shop_page(inside, lang="en")).price) == "91.96 EUR"


def test_a_price_that_the_reduction_does_not_leave_is_doubted(read, shop_page) -> None:
    """Where 13.84 came off 34.95, the 17.99 of another edition is told to contradict it."""
    inside = f"""<div class="formats"><a href="/paper"><span class="price">$17.99</span></a></div>
    <p>List price: <s>$34.95</s></p><p>You save $13.84 (40%)</p>{CART}"""
    found = read(shop_page(inside, lang="en-US"))
    assert "the reduction leaves 21.11" in found.conflict


def test_a_price_that_the_reduction_leaves_is_not_doubted(read, shop_page) -> None:
    """Where 13.84 came off 34.95, nothing speaks against 21.11."""
    inside = f"""<div class="price">$21.11</div><p>List price: <s>$34.95</s></p><p>You save $13.84 (40%)</p>
    <div class="formats"><a href="/paper"><span>$17.99</span></a></div>{CART}"""
    found = read(shop_page(inside, lang="en-US"))
    assert (str(found.price), found.conflict) == ("21.11 USD", "")


def test_a_price_that_is_shown_more_plainly_as_the_old_one_is_doubted(read, shop_page) -> None:
    """Data that was not renewed and the old price agree: the reader is told that they may."""
    inside = f"""<div class="product-price"><span class="original-price">EUR219.99</span></div>
    <p>EUR219.99 -50%</p>{CART}"""
    found = read(shop_page(inside, lang="lv", head=stated("219.99", "EUR")))
    assert found.price is None or "shown as the old price 219.99 EUR" in found.conflict


def test_what_a_pack_costs_in_brackets_is_no_price(read, shop_page) -> None:
    """`($6.24 / Pack)` says what one of several costs."""
    inside = f'<div class="product-price"><span class="price">($6.24 / Pack)</span></div>{CART}'
    assert read(shop_page(inside, lang="en-US")).price is None


def test_a_measure_in_running_text_does_not_beat_data(read, shop_page) -> None:
    """Thirty feet in a description are no forints, and what structured data states stands."""
    text = "Clear night vision that reaches up to 30 ft. in the dark"
    inside = f'<div class="product-price"><div><div><p>{text}</p></div></div></div>{CART}'
    assert str(read(shop_page(inside, lang="en-GB", head=stated("34.99", "GBP"))).price) == "34.99 GBP"
