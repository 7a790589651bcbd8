"""What a site's own definition says outweighs what the page seems to say."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pricewatch.domain.offer import Availability, Condition, PriceRole, SiteKind
from pricewatch.ports import Page
from pricewatch.scraping.extract.condition import condition_of
from pricewatch.scraping.extract.hints import FieldHints, OfferRowHints, ReadHints, SiteContext
from pricewatch.scraping.extract.page import read_page
from pricewatch.scraping.extract.selectors import mistakes, priced
from pricewatch.scraping.extract.stock import availability_of

URL = "https://portal.example/offer/1"


def offers(html, hints, kind=SiteKind.MARKETPLACE):
    context = SiteContext("portal", kind, locale="pl-PL", currency="PLN", hints=hints)
    page = Page(URL, URL, 200, {}, html.encode(), datetime(2026, 11, 22, tzinfo=UTC))
    return [finding.offer for finding in read_page(page, context).findings]


def test_a_row_may_name_its_seller_in_its_own_attribute():
    """`@data-shop` alone reads the row itself."""
    html = "<h1>Drill</h1>" + "".join(
        f'<li data-shop="{shop}"><b>{price} zł</b></li>' for shop, price in (("A", "10,00"), ("B", "11,00"))
    )
    hints = ReadHints(offers=OfferRowHints(row="li", seller=("@data-shop",), price=("b",)))
    assert [offer.seller for offer in offers(html, hints, SiteKind.COMPARISON)] == ["A", "B"]
    assert mistakes(hints) == ()


def test_a_running_bid_that_the_site_points_at_is_no_price():
    """However plainly it is shown; the delivery cost beside it keeps the page's currency."""
    html = '<h1>Old camera</h1><p class="price">126,50 zł</p><p class="post">dostawa 14,99 zł</p><button>bid</button>'
    (offer,) = offers(html, ReadHints(fields=FieldHints(bid=(".price",), shipping=(".post",))))
    assert (offer.price, offer.bid.text, offer.shipping.text) == (None, "126.50", "14.99")


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1 049 99 zł", "1049.99"), ("249 99 zł", "249.99"), ("€ 12 99", "12.99"), ("2 049 zł", "2049"), ("99 zł", "99")],
)
def test_a_price_in_pieces_is_joined(text, amount):
    """Whole number and decimals in elements of their own arrive with a blank between them."""
    found = priced(text, PriceRole.REGULAR, "", SiteContext(locale="pl-PL", currency="PLN"))
    assert found.amounts == (Decimal(amount),)


def test_the_longest_of_the_own_phrases_decides():
    """`nicht lagernd` contains `lagernd`, and the order of the file says nothing."""
    stock = {Availability.IN_STOCK: ("lagernd",), Availability.OUT_OF_STOCK: ("nicht lagernd",)}
    assert availability_of("Derzeit nicht lagernd", stock) is Availability.OUT_OF_STOCK
    assert availability_of("Lagernd", stock) is Availability.IN_STOCK
    words = {Condition.NEW: ("neu",), Condition.USED: ("wie neu",)}
    assert condition_of("Wie neu", words) is Condition.USED


def test_a_page_on_which_the_site_finds_its_title_is_an_items_page():
    """An advertisement without a price among the seller's others is no list, and none of their prices is its own."""
    tiles = "".join(
        f'<li><a href="/{n}">Thing number {n}</a> <b class="price">{n}9,00 zł</b></li>' for n in range(1, 7)
    )
    html = f'<div class="title">Swap my drill</div><p>swap</p><ul>{tiles}</ul>'
    (offer,) = offers(html, ReadHints(fields=FieldHints(name=(".title",))), SiteKind.AUCTION)
    assert (offer.item.title, offer.price) == ("Swap my drill", None)


def test_own_stock_phrases_are_looked_for_around_the_title_as_well():
    """A definition need not say where the phrase stands."""
    html = '<h1>Drill</h1><p class="price">419,00 zł</p><p>tylko na wystawie</p>'
    (offer,) = offers(html, ReadHints(stock={Availability.OUT_OF_STOCK: ("tylko na wystawie",)}))
    assert offer.availability is Availability.OUT_OF_STOCK
    (offer,) = offers(html, ReadHints())
    assert offer.availability is Availability.UNKNOWN


def test_a_price_in_no_row_of_a_comparison_is_nobodys():
    """Where the site's rows are known and none is there, "last price" or "from" belongs to no shop."""
    html = '<h1>Kettle</h1><p class="price">89,00 zł</p>'
    hints = ReadHints(offers=OfferRowHints(row="li.offer", seller=("b",), price=("i",)))
    assert [offer.price for offer in offers(html, hints, SiteKind.COMPARISON)] in ([], [None])
    assert [offer.price.text for offer in offers(html, hints, SiteKind.MARKETPLACE)] == ["89.00"]


def test_a_condition_hint_that_says_nothing_leaves_it_to_the_page():
    """A title that names no condition does not hide what the structured data says."""
    product = '{"@type":"Product","name":"Drill","offers":{"price":"10","priceCurrency":"PLN","itemCondition":"NewCondition"}}'
    html = f'<script type="application/ld+json">{product}</script><h1>{{}}</h1><p class="price">10,00 zł</p>'
    hints = ReadHints(fields=FieldHints(condition=("h1",)))
    found = [offers(html.replace("{}", title), hints)[0].condition for title in ("Drill", "Drill - unpacked, used")]
    assert found == [Condition.NEW, Condition.USED]
