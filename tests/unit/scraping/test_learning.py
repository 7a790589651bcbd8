"""What one known price teaches: the least that has to be said, and a reason where nothing sure can be."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pricewatch.domain.offer import PriceRole, SiteKind
from pricewatch.ports import Page
from pricewatch.scraping.extract.hints import ReadHints, SiteContext
from pricewatch.scraping.extract.page import read_page
from pricewatch.scraping.learn import Example, How, Lesson, learn
from pricewatch.scraping.learn_names import is_made_up, lasting_start

POLISH = SiteContext(name="shop", locale="pl-PL", currency="PLN")
DRILL = "Wiertarka udarowa Bosch GSB 13 RE"
SANDER = "Szlifierka oscylacyjna Makita BO4556"

RELATED = """
<section class="also"><div class="box"><a href="/p/901"><img src="a.jpg" alt="{other}"></a><b class="amount">{price} zł</b></div>
<div class="box"><a href="/p/902"><img src="b.jpg" alt="Piła tarczowa Metabo KS55"></a><b class="amount">415,00 zł</b></div>
<div class="box"><a href="/p/903"><img src="c.jpg" alt="Wyrzynarka Skil 4900 Basic"></a><b class="amount">212,00 zł</b></div></section>
"""  # noqa: E501


def page(html: str, path: str = "/p/17") -> Page:
    url = f"https://shop.example{path}"
    return Page(url, url, 200, {}, html.encode(), datetime(2026, 11, 22, tzinfo=UTC))


def product(inner: str, name: str = DRILL, head: str = "") -> str:
    return f'<html lang="pl"><head><title>{name} - Sklep</title>{head}</head><body><h1>{name}</h1>{inner}</body></html>'


def json_ld(price: str, name: str = DRILL) -> str:
    offer = {"@type": "Offer", "price": price, "priceCurrency": "PLN"}
    data = {"@context": "https://schema.org", "@type": "Product", "name": name, "offers": offer}
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


# Every layout shows {price} as what a buyer pays, and something that misleads the reader; all numbers are Polish.
LAYOUTS = {
    "called a member price": '<div class="loyalty-box"><span class="sum">{price} zł</span></div>'
    '<p class="price">149,00 zł</p>',
    "hashed class names": '<div class="Buy_box__x1Yz2"><p class="Price_member__3kLm9">{price} zł</p></div>'
    '<p class="price css-1q2w3e">149,00 zł</p>',
    "only a label tells": '<table><tr><th>Zestaw</th><td>199,00 zł</td></tr>'
    '<tr><th>Sama wiertarka</th><td>{price} zł</td></tr></table>',
    "test id": '<div class="a8Pemb"><span class="hgKElc" data-testid="bonus-total">{price} zł</span></div>'
    '<p class="product-price">199,00 zł</p>',
    "split over elements": '<div class="cashback"><span>{whole}</span><sup>{rest}</sup> <i>zł</i></div>'
    '<p class="product-price">199,00 zł</p>',
    "in an attribute": '<div id="basket" data-price="{plain}">Kup</div><p class="product-price">199,00 zł</p>',
    "number in its id": '<div id="deposit-value-39211">{price} zł</div><p class="product-price">199,00 zł</p>',
    "microdata beside a louder price": '<p class="product-price">199,00 zł</p>'
    '<div class="reward" itemprop="offers" itemscope itemtype="https://schema.org/Offer">'
    '<meta itemprop="price" content="{plain}"><span>z kodem</span></div>',
    "definition list": '<dl><dt>Cena katalogowa</dt><dd>199,00 zł</dd><dt>Do zapłaty</dt><dd>{price} zł</dd></dl>',
    "custom element": '<voucher-amount><span>{price} zł</span></voucher-amount><p class="product-price">199,00 zł</p>',
    "several prices, one for the card": '<div class="prices"><p class="price">199,00 zł</p>'
    '<p class="savings-final">{price} zł</p><p class="omnibus">Najniższa cena z 30 dni: 155,00 zł</p></div>',
    "utility classes only": '<div data-role="pay"><span class="text-2xl font-bold mt-4">{price} zł</span></div>'
    '<p class="product-price text-sm">199,00 zł</p>',
    "no sign at all": '<div class="pay-now-warranty"><em>{price}</em></div><p class="product-price">199,00 zł</p>',
    "related tiles around": '<div class="refund-card"><span class="total">{price} zł</span></div>'
    '<p class="product-price">199,00 zł</p>' + RELATED.format(other=SANDER, price="129,00"),
}  # fmt: skip


def layout(name: str, whole: int, rest: str = "00", *, title: str = DRILL, path: str = "/p/17") -> Page:
    """One of the layouts with a price in it."""
    plain = f"{whole}.{rest}"
    inner = LAYOUTS[name].format(price=plain.replace(".", ","), plain=plain, whole=whole, rest=rest)
    return page(product(inner, title), path)


def taught(*examples: tuple[Page, str | None], context: SiteContext = POLISH) -> Lesson:
    return learn([Example(shown, Decimal(price) if price else None) for shown, price in examples], context)


def price_on(shown: Page, hints: ReadHints, context: SiteContext = POLISH) -> str:
    reading = read_page(shown, replace(context, hints=hints))
    return reading.price.text if reading.price else "none"


@pytest.mark.parametrize("name", LAYOUTS)
def test_one_price_reads_the_next_product_too(name: str) -> None:
    """Learned on one page, the definition is right on another product's page that it has never seen."""
    first, second = layout(name, 129), layout(name, 87, "50", title=SANDER, path="/p/18")
    lesson = taught((first, "129"))
    assert lesson.reason == ""
    assert price_on(first, lesson.hints) == "129.00"
    assert price_on(second, lesson.hints) == "87.50"


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_second_address_never_makes_it_worse(name: str) -> None:
    """With the second page given, though not its price, the same is learned without a warning about one page."""
    first, second = layout(name, 129), layout(name, 87, "50", title=SANDER, path="/p/18")
    lesson = taught((first, "129"), (second, None))
    assert price_on(second, lesson.hints) == "87.50"
    assert not any("one page" in note for note in lesson.notes)


def test_a_page_that_reads_right_needs_nothing() -> None:
    """Where the reader is right by itself, the definition holds no selector."""
    lesson = taught((page(product('<p class="price">129,00 zł</p>')), "129"))
    assert (lesson.how, lesson.hints, lesson.reason) == (How.GENERIC, ReadHints(), "")


def test_made_up_names_are_not_relied_on() -> None:
    """Class names that a build tool hashes are replaced by their lasting beginning, or by what stands around."""
    lesson = taught((layout("hashed class names", 129), "129"))
    assert lesson.hints.prices == {PriceRole.REGULAR: ('[class*="Price_member__"]',)}
    utility = taught((layout("utility classes only", 129), "129"))
    assert utility.hints.prices == {PriceRole.REGULAR: ('[data-role="pay"] > span',)}


@pytest.mark.parametrize("name", ["css-1q2w3e", "sc-bdVaJa", "Price_price__2bXyZ", "_3fT9k", "jsx-123456", "a8Pemb",
                                  "hgKElc", "styles__Price-sc-1a2b3c-0"])  # fmt: skip
def test_hashes_are_known_as_such(name: str) -> None:
    """The usual build tools' names are told from words."""
    assert is_made_up(name)


@pytest.mark.parametrize("name", ["price", "priceBox", "pdpPriceBlock", "woocommerce-Price-amount", "currentPrice",
                                  "offer-row", "price-current__value", "col-md-6", "SalePriceXL"])  # fmt: skip
def test_words_are_no_hashes(name: str) -> None:
    """Names that people give stay."""
    assert not is_made_up(name)


def test_the_lasting_beginning_of_a_name() -> None:
    """What stays of a name when hash and product number are gone; too little of it is nothing."""
    assert lasting_start("Price_price__2bXyZ") == "Price_price__"
    assert lasting_start("product-price-39211") == "product-price-"
    assert lasting_start("sc-bdVaJa") == ""


def test_ids_of_one_product_are_not_relied_on() -> None:
    """A number in an id fits no other product, so the part before it is used."""
    lesson = taught((layout("number in its id", 129), "129"))
    assert lesson.hints.prices == {PriceRole.REGULAR: ('[id^="deposit-value-"]',)}


def test_structured_data_that_is_right_is_preferred() -> None:
    """Where only the page's data has the price, no selector is made up: the data is to win."""
    html = product('<p class="product-price">199,00 zł</p>', head=json_ld("129.00"))
    lesson = taught((page(html), "129"))
    assert (lesson.how, lesson.hints.prefer, dict(lesson.hints.prices)) == (How.STRUCTURED, "structured", {})


def test_the_decimal_mark_is_proven_by_the_price() -> None:
    """`1.226` is one or the other; the known price says which, and no selector is needed."""
    html = product('<p class="price">1.226</p>').replace(' lang="pl"', "")
    lesson = taught((page(html), "1226"), context=SiteContext(name="shop", currency="KWD"))
    assert (lesson.how, lesson.hints.decimal) == (How.SETTINGS, ",")
    other = taught((page(html), "1.226"), context=SiteContext(name="shop", currency="KWD"))
    assert other.reason == "" or other.hints.decimal == "."


def test_a_reduced_price_is_called_sale() -> None:
    """Beside a struck price the learned one is the sale price."""
    html = product(
        '<del class="price">159,00 zł</del><p class="member-only">129,00 zł</p><p class="price">149,00 zł</p>'
    )
    lesson = taught((page(html), "129"))
    assert list(lesson.hints.prices) == [PriceRole.SALE]


# --- refusals --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inner", "price", "words"),
    [
        ('<p class="price">129,00 zł</p>', "77", "77 is not on https://shop.example/p/17; it shows 129.00 PLN"),
        ('<p class="price"><del>159,00 zł</del> 129,00 zł</p>', "159", "was price (struck out)"),
        ('<p class="price">499,00 zł</p><p>10 rat po 49,90 zł / mies.</p>', "49.90", "instalment price"),
        ('<p class="price">499,00 zł</p><p>Najniższa cena z 30 dni: 459,00 zł</p>', "459", "lowest 30 days price"),
        ('<p class="price">499,00 zł</p><p>Dostawa kurierem 19,99 zł</p>', "19.99", "shipping price"),
        ('<p class="price">499,00 zł</p>' + RELATED.format(other=SANDER, price="129,00"), "129", SANDER),
        ("<p>Zapytaj o cenę</p>", "129", "it shows no price at all"),
    ],
)
def test_a_price_that_is_no_price_of_the_item_is_refused(inner: str, price: str, words: str) -> None:
    """What is not there, or is there as something else than what a buyer pays, teaches nothing, and says why."""
    lesson = taught((page(product(inner)), price))
    assert words in lesson.reason
    assert not lesson.hints.prices


OLD_BESIDE_NEW = '<p class="old-price">{was} zł</p><p class="price">{now} zł</p>'
RECOMMENDED = '<p class="price-box">129,00 zł</p><section class="recommended"><b class="price">{now} zł</b></section>'


@pytest.mark.parametrize("inner", [OLD_BESIDE_NEW, RECOMMENDED])
def test_one_slip_of_the_pen_teaches_no_old_price_and_no_neighbours(inner: str) -> None:
    """What the page calls the old price, or shows among recommendations, is not learned on the word of one price."""
    shown = page(product(inner.format(was="157,00", now="107,99")))
    typed = "157" if "old" in inner else "107.99"
    assert "name the price of a second page as well" in taught((shown, typed)).reason


def test_two_known_prices_overrule_what_the_page_calls_them() -> None:
    """A shop that calls its own price old is learned from the prices of two pages."""
    first = page(product(OLD_BESIDE_NEW.format(was="157,00", now="107,99")))
    second = page(product(OLD_BESIDE_NEW.format(was="210,00", now="180,00"), SANDER), "/p/18")
    lesson = taught((first, "157"), (second, "210"))
    assert (lesson.reason, price_on(first, lesson.hints)) == ("", "157.00")


def test_one_of_many_alike_is_refused() -> None:
    """A price in one row of a table of sizes can only be found by counting rows, which the next product breaks."""
    rows = "".join(f"<tr><td>{size}</td><td>{price} zł</td></tr>" for size, price in
                   (("S", "104,88"), ("M", "129,00"), ("L", "139,00"), ("XL", "149,00")))  # fmt: skip
    lesson = taught((page(product(f"<table>{rows}</table>")), "129"))
    assert "nothing tells its element from those around it" in lesson.reason


def test_two_prices_that_part_ways_are_refused() -> None:
    """Equal on the first page, different on the second: only a second known price can tell which is the one."""
    both = '<div class="blue"><b>{} zł</b></div><p>·</p><div class="green"><b>{} zł</b></div>'
    first = page(product(both.format("129,00", "129,00") + '<p class="price">500,00 zł</p>'))
    second = page(product(both.format("59,00", "79,00") + '<p class="price">500,00 zł</p>', SANDER), "/p/18")
    torn = taught((first, "129"), (second, None))
    assert "cannot be told apart" in torn.reason
    assert "price of a second page" in torn.reason
    settled = taught((first, "129"), (second, "79"))
    assert settled.reason == ""
    assert price_on(second, settled.hints) == "79.00"


def test_two_equal_prices_on_one_page_ask_for_a_second() -> None:
    """One page with two equally likely places is not enough."""
    html = product('<div class="blue"><b>129,00 zł</b></div><p>·</p><section><div class="green"><b>129,00 zł</b></div>'
                       '</section><p class="price">500,00 zł</p>')  # fmt: skip
    assert "give a second product page" in taught((page(html), "129")).reason


def test_what_is_the_same_on_every_page_is_no_price() -> None:
    """The limit for free delivery equals the first price by chance, and stays on the second page: it isn't taken."""
    inner = '<div class="free-from"><b>129,00 zł</b></div><p class="price">{} zł</p>'
    first = page(product(inner.format("500,00")))
    second = page(product(inner.format("300,00"), SANDER), "/p/18")
    lesson = taught((first, "129"), (second, None))
    assert lesson.reason
    assert not lesson.hints.prices


def test_a_second_page_without_any_price_is_named() -> None:
    """A page that is sold out and shows no price can't confirm anything: another one is asked for."""
    sold_out = page(product("<p>Produkt niedostępny</p>", SANDER), "/p/18")
    lesson = taught((layout("test id", 129), "129"), (sold_out, None))
    assert "/p/18 shows no price at all" in lesson.reason


def test_doubt_without_a_known_price_asks_for_one() -> None:
    """A page that reads two ways cannot teach anything without a price."""
    html = product('<p class="product-price">199,00 zł</p>', head=json_ld("129.00"))
    lesson = taught((page(html), None))
    assert "contradicts itself" in lesson.reason
    assert "name the price" in lesson.reason


@pytest.mark.parametrize(
    "body",
    [b"", b"\x00\x01\x02" * 500, b"%PDF-1.4 129,00", b"<" * 100_000, b"\xff\xfe129", "129,00 zł".encode("utf-16"),
     b"<html><body>" + b"<div>" * 20_000 + b"129,00", b"<h1>Just a moment...</h1><div id=cf-challenge></div>"],
)  # fmt: skip
def test_rubbish_is_a_reason(body: bytes) -> None:
    """Whatever comes in, there is an answer in words and never an exception."""
    assert taught((replace(page(""), body=body), "129")).reason


def test_a_missing_page_is_a_reason() -> None:
    """404 and a blocked page teach nothing."""
    good = layout("test id", 129)
    assert "no longer there" in taught((replace(good, status=404), "129")).reason
    assert "challenge" in taught((replace(good, status=403), "129")).reason


# --- offer rows ------------------------------------------------------------------------------------------------

SELLERS = (("Sklep Alfa", "129,00", "9,99"), ("Beta Market", "135,50", "0,00"), ("Gamma Narzędzia", "140,00", "12,00"))


def logos(name: str, price: str, shipping: str, at: int) -> str:
    return (f'<li class="css-{at}k2 line"><a href="/go/{at}"><img src="x.png" alt="{name}"></a>'
            f'<b class="pp">{price} zł</b><small>dostawa {shipping} zł</small>'
            f'<a href="/go/{at}">Idź do sklepu</a></li>')  # fmt: skip


def modules(name: str, price: str, shipping: str, at: int) -> str:
    hashed = ("aB3dE", "xY9zQ", "kL2mN")[at]
    return (f'<section class="Offer_root__{hashed}"><p class="Shop_name__{hashed}">{name}</p>'
            f'<p class="Offer_sum__{hashed}">{price} zł</p>'
            f'<p class="Offer_del__{hashed}">Dostawa {shipping} zł</p></section>')  # fmt: skip


def stated(name: str, price: str, shipping: str, at: int) -> str:
    return (f'<div class="entry" data-dealer="{at}"><span data-seller="{name}">Ocena 4,8</span><em>{price}</em> zł'
            f'<i class="delivery-cost">{shipping} zł</i></div>')  # fmt: skip


@pytest.mark.parametrize("row", [logos, modules, stated])
def test_one_row_teaches_all_rows(row: object) -> None:
    """One known row price finds the rows with their sellers, prices and delivery costs."""
    assert callable(row)
    rows = "".join(row(*each, at) for at, each in enumerate(SELLERS))
    shown, context = page(product(f"<ul>{rows}</ul>")), replace(POLISH, kind=SiteKind.COMPARISON)
    lesson = taught((shown, "135.50"), context=context)
    assert lesson.reason == ""
    reading = read_page(shown, replace(context, hints=lesson.hints))
    assert [(r.seller, str(r.price.amount) if r.price else "", str(r.shipping)) for r in reading.rows] == [
        (name, price.replace(",", "."), str(Decimal(shipping.replace(",", ".")))) for name, price, shipping in SELLERS
    ]


def test_rows_without_sellers_are_refused() -> None:
    """Rows that nobody sells are no offers."""
    rows = "".join(f'<li class="size"><b>{price} zł</b></li>' for _, price, _ in SELLERS)
    context = replace(POLISH, kind=SiteKind.COMPARISON)
    assert taught((page(product(f"<ul>{rows}</ul>")), "135.50"), context=context).reason
