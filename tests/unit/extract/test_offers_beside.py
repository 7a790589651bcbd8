"""What stands beside the item's own price: other conditions, other sellers, services, members, torn decimals."""

from __future__ import annotations

import json

import pytest

from pricewatch.domain.offer import Availability, Condition, SiteKind, Verdict
from pricewatch.scraping.extract.hints import OfferRowHints, ReadHints, SiteContext

CART = '<button type="button">Add to cart</button>'


def data(*offers: dict[str, object], **more: object) -> str:
    """A JSON-LD block with these offers of the item."""
    product = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": "Kettle Steel 1.7",
        "offers": offers,
        **more,
    }
    return f'<script type="application/ld+json">{json.dumps(product)}</script>'


def offer(price: str, **more: object) -> dict[str, object]:
    return {"@type": "Offer", "price": price, "priceCurrency": "PLN", **more}


def test_a_used_offer_in_structured_data_is_not_the_lowest_price(read, shop_page) -> None:
    """Of a new and a refurbished offer the new one is the item's price, though it costs more."""
    worn = offer("209.00", itemCondition="https://schema.org/RefurbishedCondition")
    head = data(offer("239.00", itemCondition="https://schema.org/NewCondition"), worn)
    assert str(read(shop_page(f"<p>Zamów telefonicznie</p>{CART}", head=head)).price) == "239.00 PLN"


def test_the_lowest_price_of_an_aggregate_is_not_that_of_its_used_offer(read, shop_page) -> None:
    """An aggregate's lowest price that only a used offer in it asks is another condition's."""
    both = [
        offer("239.00", itemCondition="NewCondition"),
        offer("209.00", itemCondition="UsedCondition"),
    ]
    head = data({"@type": "AggregateOffer", "lowPrice": "209.00", "priceCurrency": "PLN", "offers": both})
    assert str(read(shop_page(f"<p>Zamów telefonicznie</p>{CART}", head=head)).price) == "239.00 PLN"


@pytest.mark.parametrize(
    "beside",
    [
        "<div>Outlet od <b>209,00 zł</b></div>",
        "<div>Z drugiej ręki od <b>209,00 zł</b></div>",
        "<div>Produkt powystawowy <b>209,00 zł</b></div>",
        "<button>Używane od 209,00 zł</button>",
        "<div>Open-Box from <b>209,00 zł</b></div>",
    ],
)
def test_words_of_another_condition_in_front_of_an_amount(read, shop_page, beside: str) -> None:
    """What the same thing costs used or opened is told in front of the amount, and is not the price."""
    found = read(shop_page(f"{beside}<div><span>239,00 zł</span></div>{CART}"))
    assert str(found.price) == "239.00 PLN"


def test_a_condition_that_labels_the_item_itself_leaves_its_price(read, shop_page) -> None:
    """`Stan: używany` above the price is the item's own condition."""
    found = read(shop_page(f"<div><p>Stan: używany</p><p><b>49,00 zł</b></p></div>{CART}"))
    assert (str(found.price), found.condition) == ("49.00 PLN", Condition.USED)


def test_for_whom_a_price_is_may_stand_in_the_element_behind_it(read, shop_page) -> None:
    """`31,49 zł` with `z Klub Premium` below it is for members; the price of everybody is the other one."""
    inside = '<div><b class="a1">31,49 zł</b><small>z Klub Premium</small></div><div><b class="a2">34,99 zł</b></div>'
    assert str(read(shop_page(inside + CART)).price) == "34.99 PLN"


def test_words_behind_that_have_an_amount_of_their_own_say_nothing_of_the_one_in_front(read, shop_page) -> None:
    """`34,99 zł` and below it `z kartą Klub 31,49 zł`: the first one is everybody's."""
    inside = '<div><b class="a1">34,99 zł</b><small>z kartą Klub 31,49 zł</small></div>'
    assert str(read(shop_page(inside + CART)).price) == "34.99 PLN"


def test_decimals_with_their_sign_in_an_element_of_their_own(read, shop_page) -> None:
    """`129<sup>,90 €</sup>` is 129.90, and never 0.90."""
    found = read(shop_page(f'<div class="pr"><span>129<sup>,90 €</sup></span></div>{CART}', lang="de"))
    assert str(found.price) == "129.90 EUR"


def test_a_name_such_as_price_template_hides_nothing(read, shop_page) -> None:
    """An element is hidden by a class that is `template`, not by one that has the word in it."""
    found = read(shop_page(f'<div class="price-template__large"><b>239,00 zł</b></div>{CART}'))
    assert "hidden" not in found.agreeing[0].why


def test_what_is_called_retail_below_a_struck_out_price_is_asked(read, shop_page) -> None:
    """A class `retail-price` around the lower of two prices, the higher one struck out, is the price."""
    inside = '<div>UVP <s>1.259,00 €</s></div><div class="retail-price">799,00 €</div>'
    found = read(shop_page(f"{inside}<label>24-Monats-Schutz <b>79,99 €</b></label>{CART}", lang="de"))
    assert (str(found.price), str(found.was)) == ("799.00 EUR", "1259.00 EUR")


def test_words_with_unbroken_spaces_and_line_breaks_are_the_same_words(read, shop_page) -> None:
    """Stock is read however its words are set."""
    for words in ("Out&nbsp;of&nbsp;stock", "Out\n      of\n      stock"):
        assert read(shop_page(f"<p>{words}</p><p>239,00 zł</p>", lang="en")).availability is Availability.OUT_OF_STOCK


def rows(*lines: str) -> str:
    return "".join(f'<li class="row">{line}</li>' for line in lines)


def row(seller: str, price: str, more: str = "") -> str:
    return f'<b class="seller-name">{seller}</b><span>{price} zł</span><span>{more}</span>'


def test_the_pages_own_offer_stands_in_front_of_those_of_others(read, shop_page) -> None:
    """Where the page sells the item itself, its offer is one of the offers, and the one it puts first."""
    own = f"<div><b>159,00 zł</b><p>Sprzedaje Anna</p>{CART}</div>"
    others = rows(row("Bea", "162,00", "dostawa 9,99 zł"), row("Cyryl", "169,00"))
    found = read(shop_page(f"{own}<h2>Pozostałe oferty</h2><ul>{others}</ul>"))
    assert [(r.seller, str(r.price.amount), r.featured) for r in found.rows] == [
        ("Anna", "159.00", True),
        ("Bea", "162.00", False),
        ("Cyryl", "169.00", False),
    ]


def test_a_button_in_every_row_makes_no_row_the_first(read, shop_page) -> None:
    """Buttons that buy each row's offer are not the page's own."""
    sold = (("Anna", "159,00"), ("Bea", "169,00"))
    lines = [f"{row(seller, price)}<p>Sprzedaje {seller}</p>{CART}" for seller, price in sold]
    found = read(shop_page(f"<ul>{rows(*lines)}</ul>"))
    assert [r.featured for r in found.rows] == [False, False]


def test_the_cheapest_row_of_a_new_item_is_the_price(read, shop_page) -> None:
    """A comparison's own lowest price may be that of a second-hand offer."""
    head = data({"@type": "AggregateOffer", "lowPrice": "84.00", "priceCurrency": "PLN", "offerCount": 3})
    lines = rows(row("Anna", "92,00"), row("Bea", "97,00"), row("Komis", "84,00", "Po zwrocie"))
    found = read(shop_page(f"<ul>{lines}</ul>", head=head))
    assert str(found.price) == "92.00 PLN"


def test_an_instalment_beside_free_delivery_is_not_its_cost(read, shop_page) -> None:
    """`Free delivery · or 74,75 zł x 4 with …` is free delivery."""
    paid = "delivery 9,99 zł"
    lines = rows(row("Anna", "299,00", "Free delivery · or 74,75 zł x 4 with Bank"), row("Bea", "310,00", paid))
    found = read(shop_page(f"<ul>{lines}</ul>", lang="en"))
    assert [str(r.shipping) for r in found.rows] == ["0", "9.99"]


def test_the_rating_behind_a_sellers_name_is_no_part_of_it(read, shop_page) -> None:
    """A cell `Anna 4.9` in the sellers' column names Anna; a cost without a sign is one where delivery is named."""
    cells = "".join(
        f'<tr><td>{name} <i>{stars}</i></td><td><b class="price">{price}</b></td>'
        f'<td class="delivery">dostawa od {cost}</td></tr>'
        for name, stars, price, cost in (("Anna", "4.9", "145,00", "0,00"), ("Bea", "4.5", "149,00", "19,00"))
    )
    table = f"<table><tr><th>Sklep</th><th>Cena</th><th>Dostawa</th></tr>{cells}</table>"
    found = read(shop_page(table))
    assert [(r.seller, str(r.shipping)) for r in found.rows] == [("Anna", "0.00"), ("Bea", "19.00")]


def test_a_search_with_one_hit_is_a_list(read, shop_page) -> None:
    """A heading that says search results makes the page a list, however few there are."""
    tile = '<div class="tile"><a href="/1">Kettle Steel 1.7</a> <b class="price">65,00 zł</b></div>'
    page = shop_page(tile, title="Wyniki wyszukiwania dla: kettle (1)")
    assert read(page).verdict is Verdict.LISTING


def test_a_refusal_in_the_shops_frame_is_blocked(read, shop_page) -> None:
    """A challenge below a header with a cart's total, and above a footer with a voucher, sells nothing."""
    frame = "<p>Newsletter: 5 € Gutschein</p>"
    found = read(shop_page("<p>Reference #18.4d2d1502</p>", title="Access Denied", lang="de", behind=frame))
    assert found.verdict is Verdict.BLOCKED


@pytest.mark.parametrize(
    "beside",
    [
        '<div class="a1">199,00 zł <small>after trade-in</small></div>',
        "<p>Bon 30 zł na filtry</p>",
        "<p>Zadatek: 60,00 zł</p>",
        '<div class="gift"><b>30 zł</b></div>',
    ],
)
def test_what_is_given_back_paid_ahead_or_bought_beside_is_no_price(read, shop_page, beside: str) -> None:
    """An amount after a trade-in, a voucher, a deposit and what may be bought on top are not the item's price."""
    found = read(shop_page(f"{beside}<div><span>249,00 zł</span></div>{CART}"))
    assert str(found.price) == "249.00 PLN"


def test_a_section_of_what_may_be_bought_on_top_has_no_price_of_the_item(read, shop_page) -> None:
    """Below `Dokup akumulator` stands what something else costs, however plainly."""
    more = '<section><h3>Dokup akumulator</h3><p>PAP 20 <b class="price">129,00 zł</b></p></section>'
    assert str(read(shop_page(f"<div><span>249,00 zł</span></div>{CART}{more}")).price) == "249.00 PLN"


def test_a_club_whose_name_ends_in_plus_has_a_price_of_its_own(read, shop_page) -> None:
    """`Z Lidl Plus` is a price for members, and nothing that comes on top; without the club it is everybody's."""
    member = '<div><i>Z Sklep Plus</i> <b class="price">149,00 zł</b></div>'
    everybody = '<div><i>Cena bez aplikacji Sklep Plus</i> <b class="price">199,00 zł</b></div>'
    assert str(read(shop_page(member + everybody + CART)).price) == "199.00 PLN"


def test_a_price_with_a_code_is_not_the_price_where_another_is_asked(read, shop_page) -> None:
    """Structured data that states what the page shows with a code agrees with the code, and with no price."""
    inside = f'<div class="price">95,00 zł</div><div>Z kodem JESIEŃ: <b>60,00 zł</b></div>{CART}'
    assert str(read(shop_page(inside, head=data(offer("60.00")))).price) == "95.00 PLN"


def test_the_only_price_is_taken_with_its_code(read, shop_page) -> None:
    """Where nothing is asked without the code, the price with it is the price."""
    assert str(read(shop_page(f"<div>Z kodem JESIEŃ: <b>60,00 zł</b></div>{CART}")).price) == "60.00 PLN"


def test_a_rent_that_structured_data_calls_a_price_is_none(read, shop_page) -> None:
    """`60,00 zł / mies.` is what a month costs, whoever states the amount."""
    inside = '<div class="price">60,00 zł / mies.</div><p>Wynajem na 12 miesięcy</p><button>Wynajmij</button>'
    assert read(shop_page(inside, head=data(offer("60.00")))).price is None


def test_a_price_that_is_said_to_be_without_tax_is_handed_on_as_net(extract, shop_page) -> None:
    """The only price, with `netto + VAT` beside it, is without tax, whatever the site's usual prices are."""
    inside = f'<div class="price">60,00 zł <small>netto + VAT</small></div>{CART}'
    (finding,) = extract(shop_page(inside, head=data(offer("60.00")))).findings
    assert (finding.offer.price.text, finding.offer.tax_included) == ("60.00", False)


def test_who_buys_one_pays_the_first_of_several_tiers(read, shop_page) -> None:
    """Of prices for up to 3, up to 9 and from 10 pieces the first one is the price, whatever the data calls lowest."""
    tiers = (("Bis 3", "44,90"), ("Bis 9", "41,90"), ("Ab 10", "38,90"))
    lines = "".join(f"<tr><th>{count}</th><td>{price} €</td></tr>" for count, price in tiers)
    head = data({"@type": "AggregateOffer", "lowPrice": "38.90", "highPrice": "44.90", "priceCurrency": "EUR"})
    found = read(shop_page(f'<table class="price">{lines}</table>{CART}', lang="de", head=head))
    assert str(found.price) == "44.90 EUR"


def test_free_delivery_from_a_sum_that_the_price_reaches_is_free(read, shop_page) -> None:
    """`Gratis verzending vanaf 25 euro` costs nothing at 34,95 €, and something at 19,95 €."""
    words = "Gratis verzending vanaf 25 euro"
    lines = "".join(
        f'<li><b class="seller-name">{name}</b><span>{price} €</span><p>{words}</p></li>'
        for name, price in (("Anna", "34,95"), ("Bea 8,9", "19,95"))
    )
    found = read(shop_page(f"<ul>{lines}</ul>", lang="nl"))
    assert [(r.seller, r.shipping) for r in found.rows] == [("Anna", 0), ("Bea", None)]


def test_rows_called_offers_open_with_their_sellers(read, shop_page) -> None:
    """Rows that name nobody a seller, but are called offers and tell their delivery, open with who sells."""
    lines = "".join(
        f'<div class="offerItem"><b>{name}</b><i>Stan: nowy</i><span>{price} zł</span><u>dostawa od 9,99 zł</u></div>'
        for name, price in (("Anna", "129,00"), ("Bea", "124,99"), ("Cyryl", "139,00"))
    )
    own = f'<div><span class="price">129,00 zł</span><p>Sprzedawca: Anna</p>{CART}</div>'
    found = read(shop_page(f"{own}<section><h2>Wszystkie oferty (3)</h2>{lines}</section>"))
    assert [(r.seller, str(r.price.amount), str(r.shipping)) for r in found.rows] == [
        ("Anna", "129.00", "9.99"),
        ("Bea", "124.99", "9.99"),
        ("Cyryl", "139.00", "9.99"),
    ]


def test_an_item_withdrawn_from_sale_is_gone_whatever_its_data_says(read, shop_page) -> None:
    """Where only structured data still has a price, and the page says that the item is no longer sold, it is gone."""
    said = "<p>Produkt wycofany ze sprzedaży</p>"
    later = f"<h2>Następca tego modelu</h2><div><h3>Kettle Steel 2</h3><b>249,00 zł</b>{CART}</div>"
    head = data(offer("199.00", availability="https://schema.org/Discontinued"))
    assert read(shop_page(said + later, head=head)).verdict is Verdict.GONE


BY_HAND = SiteContext(
    name="rows",
    kind=SiteKind.COMPARISON,
    hints=ReadHints(offers=OfferRowHints(row="li", seller=(".shop",), price=(".cost",))),
)


@pytest.mark.parametrize(
    ("cost", "price"),
    [
        ("<del>95,00 zł</del> 60,00 zł", "60.00"),
        ("oszczędzasz 35,00 zł 60,00 zł", "60.00"),
        ("60,00 zł x 12 rat", None),
        ("60,00 zł / mies.", None),
        ("60,00 zł/100 ml", None),
        ("60,00 zł netto", None),
        ("60,00 zł z kartą klubową", None),
        ("60,00 zł z kodem NOWY", None),
        ("60,00 zł", "60.00"),
    ],
)
def test_a_selector_says_where_to_look_and_not_what_an_amount_is(read, shop_page, cost: str, price: str | None) -> None:
    """In a row that a site's selectors find, an instalment, a unit's or members' price is still none."""
    lines = f'<li><b class="shop">Anna</b><i class="cost">{cost}</i></li>'
    lines += '<li><b class="shop">Bea</b><i class="cost">99,00 zł</i></li>'
    found = read(shop_page(f"<ul>{lines}</ul>"), BY_HAND)
    assert [str(r.price.amount) for r in found.rows if r.seller == "Anna"] == ([price] if price else [])


def test_the_condition_of_one_row_is_not_that_of_the_others(extract, shop_page) -> None:
    """A used offer among three leaves the other two as they are."""
    lines = "".join(
        f'<li><b class="shop">{name}</b><i>{state}</i><i class="cost">{price} zł</i></li>'
        for name, state, price in (("Anna", "używany", "95,00"), ("Bea", "", "97,00"), ("Cyryl", "", "99,00"))
    )
    found = extract(shop_page(f"<ul>{lines}</ul>"), BY_HAND).findings
    told = {f.offer.seller: f.offer.condition for f in found}
    assert told == {"Anna": Condition.USED, "Bea": Condition.UNKNOWN, "Cyryl": Condition.UNKNOWN}


@pytest.mark.parametrize("head", ["", data(offer("50.00")), data(offer("61.50"))])
def test_a_price_with_tax_is_told_as_such_where_the_site_usually_shows_none(extract, shop_page, head) -> None:
    """A net site that shows both: tax must not be added to the amount that has it."""
    inside = f"<div><strong>50,00 zł</strong> netto</div><div>61,50 zł brutto</div>{CART}"
    site = SiteContext("rival", tax_included=False, hints=ReadHints(tax="net"))
    (finding,) = extract(shop_page(inside, head=head), site=site).findings
    assert (finding.offer.price.text, finding.offer.tax_included) == ("61.50", True)


def test_a_net_site_that_shows_one_price_shows_it_without_tax(extract, shop_page) -> None:
    """As its definition says, labelled or not."""
    site = SiteContext("rival", tax_included=False, hints=ReadHints(tax="net"))
    for label in ("netto", ""):
        (finding,) = extract(shop_page(f"<div><strong>50,00 zł</strong> {label}</div>{CART}"), site=site).findings
        assert (finding.offer.price.text, finding.offer.tax_included) == ("50.00", False)
