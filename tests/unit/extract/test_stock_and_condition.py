"""Stock is in, out or unknown, and two kinds of later; condition comes from words."""

from __future__ import annotations

import pytest

from pricewatch.domain.offer import Availability, Condition
from pricewatch.scraping.extract.condition import condition_of
from pricewatch.scraping.extract.hints import FieldHints, ReadHints, SiteContext
from pricewatch.scraping.extract.stock import availability_of, pieces_of

PRICE = '<div class="product-price">129,00 zł</div>'

PHRASES = [
    ("Produkt niedostępny", Availability.OUT_OF_STOCK),
    ("Dostępny", Availability.IN_STOCK),
    ("Przedsprzedaż", Availability.PRE_ORDER),
    ("Na zamówienie", Availability.BACK_ORDER),
    ("Nicht auf Lager", Availability.OUT_OF_STOCK),
    ("Ausverkauft", Availability.OUT_OF_STOCK),
    ("Sofort lieferbar", Availability.IN_STOCK),
    ("Vorbestellbar", Availability.PRE_ORDER),
    ("Niet op voorraad", Availability.OUT_OF_STOCK),
    ("Op voorraad", Availability.IN_STOCK),
    ("Není skladem", Availability.OUT_OF_STOCK),
    ("Skladem > 5 ks", Availability.IN_STOCK),
    ("Vyprodáno", Availability.OUT_OF_STOCK),
    ("Currently unavailable.", Availability.OUT_OF_STOCK),
    ("In stock", Availability.IN_STOCK),
    ("Rupture de stock", Availability.OUT_OF_STOCK),
    ("Agotado", Availability.OUT_OF_STOCK),
    ("Ask us anything", Availability.UNKNOWN),
]


@pytest.mark.parametrize(("phrase", "expected"), PHRASES)
def test_a_stock_phrase_is_understood(phrase: str, expected: Availability) -> None:
    """Phrases of the languages we read, and nothing out of other words."""
    assert availability_of(phrase) is expected


@pytest.mark.parametrize(("phrase", "expected"), [p for p in PHRASES if p[1] is Availability.OUT_OF_STOCK])
def test_a_page_that_says_sold_out_is_out_of_stock(read, shop_page, phrase: str, expected: Availability) -> None:
    """The phrase near the title counts, also against structured data that was forgotten."""
    forgotten = '<link itemprop="availability" href="https://schema.org/InStock">'
    scope = f'<div itemscope itemtype="https://schema.org/Product"><i itemprop="offers" itemscope>{forgotten}</i></div>'
    assert read(shop_page(f"{PRICE}{scope}<p>{phrase}</p>")).availability is expected


def test_a_page_that_says_nothing_of_stock_is_unknown(read, shop_page) -> None:
    """Unknown is a state of its own: a price alone proves no stock."""
    assert read(shop_page(PRICE)).availability is Availability.UNKNOWN


def test_a_buy_button_beside_a_price_means_in_stock(read, shop_page) -> None:
    """What can be put into the cart is in stock."""
    assert read(shop_page(PRICE + "<button>Dodaj do koszyka</button>")).availability is Availability.IN_STOCK


def test_a_sentence_about_stock_is_not_the_stock(read, shop_page) -> None:
    """Running text that mentions sold-out things says nothing of this one."""
    text = "<p>Our red kettles are sold out every summer, so we make more of them, and you can order those in May.</p>"
    assert read(shop_page(PRICE + text)).availability is Availability.UNKNOWN


def test_a_site_may_have_phrases_of_its_own(read, shop_page) -> None:
    """The definition's words come before the built-in ones."""
    hints = ReadHints(fields=FieldHints(availability=(".state",)), stock={Availability.OUT_OF_STOCK: ("leider weg",)})
    html = shop_page(PRICE + '<p class="state">Leider weg, nicht mehr lieferbar</p>')
    assert read(html, SiteContext(hints=hints)).availability is Availability.OUT_OF_STOCK


@pytest.mark.parametrize(
    ("text", "pieces"), [("Only 3 left", 3), ("Skladem 12 ks", 12), ("noch 5 Stück", 5), ("In stock", None)]
)
def test_a_quantity_is_read_where_it_is_shown(text: str, pieces: int | None) -> None:
    """A number beside a stock word is the stock."""
    assert pieces_of(text) == pieces


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Stan: Używany", Condition.USED),
        ("Nowy", Condition.NEW),
        ("Generalüberholt", Condition.REFURBISHED),
        ("Open box", Condition.OPEN_BOX),
        ("B-Ware", Condition.OPEN_BOX),
        ("Použité", Condition.USED),
        ("Tweedehands", Condition.USED),
        ("Blue", Condition.UNKNOWN),
    ],
)
def test_a_condition_word_is_understood(text: str, expected: Condition) -> None:
    """New, open box, refurbished, used; anything else is unknown."""
    assert condition_of(text) is expected
