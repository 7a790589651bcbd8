"""Pages whose structured data is missing, stale or foreign: what stands in their text is read all the same."""

from __future__ import annotations

import json

import pytest

from pricewatch.domain.offer import Availability, Verdict

CART = '<button type="button">Add to cart</button>'


def stated(price: str, currency: str, name: str = "Kettle Steel 1.7") -> str:
    """A JSON-LD block that states this price."""
    offer = {"@type": "Offer", "price": price, "priceCurrency": currency}
    data = {"@context": "https://schema.org", "@type": "Product", "name": name, "offers": offer}
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def test_the_words_of_the_title_say_nothing_of_the_price(read) -> None:
    """A name that holds a word of price labels, as in "over the knee", leaves the amount below it the price."""
    body = f'<div><h1>Boots over the knee</h1><p>Details</p></div><div><span class="x1">69.95 EUR</span></div>{CART}'
    found = read(f'<html lang="en"><title>Boots over the knee | Shop</title><body>{body}</body></html>')
    assert str(found.price) == "69.95 EUR"


def test_a_price_from_beside_a_higher_amount_is_the_one_asked(read, shop_page) -> None:
    """Of `alkaen 74,95 €` and `99,95 €` in elements without names the lower one is asked, the other was."""
    inside = f'<div><p><span class="a9">alkaen 74,95 €</span></p><p><span class="b7">99,95 €</span></p></div>{CART}'
    found = read(shop_page(inside, lang="fi"))
    assert (str(found.price), str(found.was)) == ("74.95 EUR", "99.95 EUR")


def test_a_price_that_stands_at_every_size_is_not_one_of_many(read, shop_page) -> None:
    """The same amount in one pattern of markup many times over is the item's, not that of other items."""
    sizes = "".join(f'<div class="q1"><b class="q2">29,99 €</b><p>Size {n}</p></div>' for n in range(36, 42))
    assert str(read(shop_page(sizes + CART, lang="de")).price) == "29.99 EUR"


def test_an_amount_that_structured_data_states_is_old_where_a_per_cent_beside_it_says_so(read, shop_page) -> None:
    """Data that was not renewed when a sale began does not win over the price that the page asks."""
    inside = f"<div><i>EUR219.99</i><i>-50%</i><i>EUR110.00</i></div><p>Bezmaksas no</p><p>EUR100.00</p>{CART}"
    found = read(shop_page(inside, lang="lv", head=stated("219.99", "EUR")))
    assert str(found.price) == "110.00 EUR"


def test_structured_data_in_another_currency_loses_to_a_price_whose_sign_is_plain(read, shop_page) -> None:
    """What a visitor is asked in dollars is not the amount that the data states in another country's."""
    head = stated("52.00", "CAD")
    head += (
        '<meta property="product:price:amount" content="52.00"><meta property="product:price:currency" content="CAD">'
    )
    found = read(shop_page(f"<p>US$ 36.97</p><p><s>US$ 41.08</s></p>{CART}", lang="en", head=head))
    assert str(found.price) == "36.97 USD"
    assert found.conflict


@pytest.mark.parametrize(
    ("lang", "behind", "price"),
    [
        ("es", "", "None"),
        ("es", '<a href="tel:+56 2 2345 6789">Contacto</a>', "5000.00 CLP"),
        ("es-CL", "", "5000.00 CLP"),
        ("es", '<a href="https://wa.me/5215512345678">WhatsApp</a>', "5.00 MXN"),
        ("en", "", "5.00 USD"),
        ("en", '<a href="tel:+61 2 1234 5678">Call us</a>', "5.00 AUD"),
        ("en", '<a href="tel:+61 2 1234 5678">Call</a><a href="tel:+64 9 123 456">Call</a>', "5.00 USD"),
    ],
)
def test_a_bare_dollar_sign_means_the_dollar_of_the_shop(read, shop_page, lang: str, behind: str, price: str) -> None:
    """The page's country or the numbers it can be called at tell which; Spanish alone tells nothing."""
    shown = "$5.000" if price.endswith(("CLP", "None")) else "$5.00"
    found = read(shop_page(f"<p>{shown}</p>{CART}", lang=lang, behind=behind), url="https://shop.example.com/p/1")
    assert str(found.price).replace("5000 CLP", "5000.00 CLP") == price


def test_a_script_s_amount_in_hundredths_is_the_amount_shown(read, shop_page) -> None:
    """A number without decimals a hundred times what the page shows is counted in cents."""
    script = '<script>var item = {"name": "Kettle Steel 1.7", "price": 6995};</script>'
    found = read(shop_page(f"<p>Members: 69.95 EUR</p>{script}", lang="en"))
    assert str(found.price) == "69.95 EUR"


def test_a_bare_number_has_the_currency_of_the_page_s_only_sign(read, shop_page) -> None:
    """Where the price stands without a sign, the sign beside the page's other amounts is its sign."""
    inside = f'<div class="product-price"><span class="price">136</span></div><p>Free delivery over £50</p>{CART}'
    assert str(read(shop_page(inside, lang=""), url="https://shop.example.com/p/1").price) == "136.00 GBP"


def cards(count: int, badge: str = "") -> str:
    """Other items in cards alike, each with a price of its own."""
    return "".join(
        f'<div class="k1"><a href="/p/{n}">Item number {n}</a>{badge}<b class="k2">{n}9,90 €</b></div>'
        for n in range(1, count + 1)
    )


@pytest.mark.parametrize("said", ["No longer available", "Antud toode pole hetkel saadaval.", "המוצר אינו במלאי"])
def test_an_item_that_is_sold_out_is_no_list_of_the_items_shown_below(read, shop_page, said: str) -> None:
    """The line below its title says what became of it; the prices far below are those of other items."""
    facts = "".join(f"<dt>Fact {n}</dt><dd>Text</dd>" for n in range(12))
    found = read(shop_page(f"<p>{said}</p><dl>{facts}</dl>{cards(6)}", lang="en"))
    assert (found.verdict, found.availability) == (Verdict.PRODUCT, Availability.OUT_OF_STOCK)
    assert found.price is None


@pytest.mark.parametrize(
    "above", ["<p>Out of stock (3)</p><p>In stock (40)</p>", "<p>Sold out</p>", "<label>Sold out</label>"]
)
def test_a_list_whose_first_item_or_filter_says_sold_out_stays_a_list(read, shop_page, above: str) -> None:
    """Such words right above the first prices are about one of many items."""
    found = read(shop_page(above + cards(6, "<i>Sold out</i>"), lang="en", title="Kettles"))
    assert found.verdict is Verdict.LISTING


def test_a_heading_without_a_word_of_the_title_is_not_the_item_s(read) -> None:
    """Where the only heading is the shop's, the item is what the page's title names word for word."""
    body = f"<h1>Sale</h1>{'<p>menu</p>' * 80}<div><b>Mild steel wall lamp</b><p>49,90 €</p>{CART}</div>"
    found = read(f'<html lang="en"><title>Mild steel wall lamp | Shop</title><body>{body}</body></html>')
    assert (str(found.price), found.identity.name) == ("49.90 EUR", "Mild steel wall lamp")


def test_a_page_without_heading_that_marks_its_own_price_is_no_list(read) -> None:
    """Few other items with links make no list where one price is marked as the page's own and stands out."""
    own = '<div class="product-info-price"><span class="price final-price">10,75 €</span></div>'
    others = "".join(
        f'<li class="related-item"><a href="/p/{n}">Item number {n}</a><span>1{n},60 €</span></li>' for n in (1, 2, 3)
    )
    found = read(f'<html lang="pt"><title>A kettle</title><body>{own}<ul>{others}</ul></body></html>')
    assert (found.verdict, str(found.price)) == (Verdict.PRODUCT, "10.75 EUR")


def test_json_ld_of_another_item_says_nothing_of_this_one(read, shop_page) -> None:
    """An advertised item whose name has no word of the page's heading, title or address lends it no price."""
    head = stated("17.43", "EUR", name="Garden hose, green")
    assert read(shop_page("<p>This one cannot be bought online.</p>", lang="en", head=head)).price is None


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("電気ケトル 1.7L ステンレス", "ワイヤレスイヤホン 黒"),
        ("Чайник стальной 1,7 л", "Наушники беспроводные чёрные"),
        ("Kettle Steel 1.7 by Anna & Daughters", "Anna & Daughters faux fur throw, platinum"),
        ("Wasserkocher Stahl 1,7 l", "Kopfhörer kabellos schwarz"),
    ],
)
def test_data_of_an_item_that_is_called_otherwise_lends_no_price(read, shop_page, title: str, name: str) -> None:
    """In any script, and with the shop's or the brand's words in common, another name is another item."""
    head = stated("52.00", "CAD", name)
    found = read(shop_page(f"<p>{CART}</p>", title=title, lang="en", head=head))
    assert (found.price, found.currency) == (None, "")


def test_data_that_is_called_otherwise_counts_where_the_page_shows_its_price(read, shop_page) -> None:
    """A translated name is no other item's, where the page asks what the data says."""
    head = stated("69.95", "EUR", "Steel kettle 1.7")
    found = read(shop_page(f"<p>69,95</p><div class='price'>69,95 €</div>{CART}", title="Чайник", lang="ru", head=head))
    assert str(found.price) == "69.95 EUR"


def test_a_model_number_in_common_makes_it_the_same_item(read, shop_page) -> None:
    """`Kettle kts17` is what the page about `Sale` has in its address."""
    head = stated("69.95", "EUR", "Wasserkocher kts17")
    page = shop_page(CART, title="Sale", lang="de", head=head)
    assert str(read(page, url="https://shop.example/p/kettle-kts17").price) == "69.95 EUR"


@pytest.mark.parametrize("stale", ["92.19", "60.90"])
def test_sources_of_one_shop_err_together(read, shop_page, stale: str) -> None:
    """Data that agrees with itself loses to the one price that is shown, and the contradiction is told."""
    head = stated(stale, "EUR") + f'<meta property="product:price:amount" content="{stale}">'
    found = read(shop_page(f"<div><big>74,95 €</big></div>{CART}", lang="fi", head=head))
    assert (str(found.price), stale in found.conflict) == ("74.95 EUR", True)


def test_a_shown_price_that_loses_is_told(read, shop_page) -> None:
    """Where data outweighs the one price that is shown, the reading says what is shown instead."""
    head = stated("92.19", "EUR") + '<meta property="product:price:amount" content="92.19">'
    found = read(shop_page(f"<div><b>74,95 €</b></div>{CART}", lang="fi", head=head))
    assert (str(found.price), found.conflict) == ("92.19 EUR", "visible says 74.95 EUR")


def test_an_open_dollar_says_what_it_can_be(read, shop_page) -> None:
    """A price in dollars on a Spanish page of nowhere is ambiguous, and says so."""
    found = read(shop_page(f"<p><b>$ 5.000</b></p>{CART}", lang="es"))
    assert (found.price, found.ambiguous) == (None, True)
    assert "5000 CLP" in found.readings
    assert "USD, CAD" in found.message


@pytest.mark.parametrize(
    ("more", "price"),
    [
        ('<script>var shop = {"currency": "MXN"};</script>', "5000.00 MXN"),
        ("<p>Envíos a todo Chile</p><p>Retiro en Santiago de Chile</p>", "5000 CLP"),
        ("<p>Ships to Canada</p><p>A Canadian shop</p>", "5000.00 CAD"),
    ],
)
def test_a_dollar_is_told_by_scripts_and_by_the_country_that_is_named(read, shop_page, more: str, price: str) -> None:
    """Codes in scripts and a country's name that comes again say whose dollar it is."""
    assert str(read(shop_page(f"<p><b>$ 5.000</b></p>{CART}{more}", lang="es")).price) == price


def test_spanish_words_without_a_declared_language_leave_a_dollar_open(read) -> None:
    """A page that declares nothing is not from the United States for that."""
    words = "<p>Agregar al carrito para comprar con envío</p>"
    body = f"<h1>Tetera de acero</h1><p><b>$ 5.000</b></p>{words}<button>Comprar</button>"
    assert read(f"<html><title>Tetera de acero</title><body>{body}</body></html>").ambiguous


def test_without_a_heading_the_text_most_like_the_title_names_the_item(read) -> None:
    """A title with other words in it still tells which text is the item's name, and what stands below it."""
    tiles = "".join(f"<div><a href='/{n}'>Thing number {n}</a><b>{n}9,95 €</b></div>" for n in range(3, 9))
    body = f"{tiles}<div>Kettle Steel 1.7 brushed</div><div><span>49,95 €</span></div>{CART}"
    page = f'<html lang="de"><title>Buy the brushed Kettle Steel 1.7 cheaply at Shop</title><body>{body}</body></html>'
    assert str(read(page).price) == "49.95 EUR"
