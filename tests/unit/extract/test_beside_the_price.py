"""What stands beside a price on shops' pages: other items without a title, running text, units, tiers, conversions."""

from __future__ import annotations

import pytest

from pricewatch.domain.offer import Availability
from pricewatch.scraping.sighting import fault


def page(inside: str, lang: str = "en", title: str = "Aroma 500") -> str:
    return f"<html lang={lang}><title>{title} - Shop</title><body><h1>{title}</h1>{inside}</body></html>"


def price(reading) -> str | None:
    return reading.price.text if reading.price else None


@pytest.mark.parametrize("said", ["Produkty sponsorowane", "Customers also bought", "Ähnliche Artikel"])
def test_what_follows_words_about_other_items_is_not_the_items_price(read, said) -> None:
    """The words need no heading of their own: the item is sold out, and nothing else on the page is its price."""
    inside = f"<p>Out of stock</p><div>{said} <span class=price>47,99 €</span></div>"
    assert price(read(page(inside))) is None
    own = f"<p class=price>52,00 €</p><button>Add to cart</button>{inside}"
    assert price(read(page(own))) == "52.00"


def test_a_label_of_the_price_is_not_taken_for_words_about_other_items(read) -> None:
    """`Doporučená cena` begins like `doporučujeme`."""
    inside = "<div>Doporučená cena</div><del>899 Kč</del><b class=price>649 Kč</b><button>Do košíku</button>"
    assert price(read(page(inside, "cs"))) == "649.00"


def test_an_amount_in_the_middle_of_a_sentence_is_not_the_price(read) -> None:
    """Articles set their amounts in bold, too."""
    assert price(read(page("<p>The Vacuum X is <b>£199</b> at many shops.</p>", title="Best deals"))) is None


def test_what_is_sold_by_weight_costs_its_unit_price_with_tax(read) -> None:
    """The page's own price is that of a kilogram, and beside it the same stands without tax."""
    inside = '<div class="price-final">389 Kč <span>/ 1 kg</span></div><div class="price-extra">347,32 Kč bez DPH</div>'
    assert price(read(page(inside, "cs"))) == "389.00"


def test_a_base_price_that_says_grundpreis_is_a_units(read) -> None:
    """English shop systems call the price of a unit `base price`, which is an old price elsewhere."""
    inside = (
        "<div class=price>12,95 €</div><div class=base-price>Grundpreis: 12,95 € / 100 g</div>"
        "<table><tr><td>ab 5</td><td class=bulk-price>11,95 €</td></tr>"
        "<tr><td>ab 10</td><td class=bulk-price>10,95 €</td></tr></table><button>In den Warenkorb</button>"
    )
    reading = read(page(inside, "de"))
    assert price(reading) == "12.95"
    assert reading.was is None


def test_a_converted_amount_is_not_what_is_asked(read) -> None:
    """It is called approximate."""
    inside = "<p class=price>£34.99</p><p class=price>Approximately US $44.10</p><button>Add to basket</button>"
    reading = read(page(inside, "en-GB"))
    assert (price(reading), reading.currency) == ("34.99", "GBP")


def test_stock_of_recently_viewed_items_is_theirs(read) -> None:
    """A button to buy in a section of other items does not make the item available, nor what they lack unavailable."""
    other = "<h2>Products you recently viewed</h2><p class=price>£8.99</p><p>{}</p><button>Add to cart</button>"
    gone = read(page("<p class=price>£45.00</p><p>Unavailable</p>" + other.format("In stock")))
    assert gone.availability is Availability.OUT_OF_STOCK
    here = read(page("<p class=price>£45.00</p><p>In stock</p>" + other.format("Unavailable")))
    assert here.availability is Availability.IN_STOCK


@pytest.mark.parametrize(
    ("heading", "lang", "gone", "buy"),
    [
        ("Nedávno zobrazené produkty", "cs", "Nedostupný", "Vložit do košíku"),
        ("Kürzlich angesehene Artikel", "de", "Nicht verfügbar", "In den Warenkorb"),
        ("Onlangs bekeken producten", "nl", "Niet beschikbaar", "In winkelwagen"),
    ],
)
def test_a_section_of_recently_viewed_items_may_open_with_the_word(read, heading, lang, gone, buy) -> None:
    """Its button to buy is not the item's, although the item is called unavailable twice."""
    own = f"<p class=price>45,00 €</p><p>{gone}</p><h2>Info</h2><table><tr><td>{gone}</td></tr></table>"
    other = f"<h2>{heading}</h2><p class=price>8,99 €</p><button>{buy}</button>"
    assert read(page(own + other, lang)).availability is Availability.OUT_OF_STOCK


@pytest.mark.parametrize("line", ["Current Stock: 14", "3 available / 11 sold"])
def test_a_count_of_pieces_is_stock(read, line) -> None:
    """Without a button, too."""
    assert read(page(f"<p class=price>£45.00</p><p>{line}</p>")).availability is Availability.IN_STOCK


def test_an_auction_with_bids_only_hands_on_the_bid_and_no_price(read) -> None:
    """Nothing of the stock is said, nothing can be bought at once: a record without a fault."""
    inside = "<p class=x-bid-price>£52.00</p><p>7 bids</p><button>Place bid</button>"
    reading = read(page(inside, "en-GB", "Mantel Clock"))
    (found,) = reading.findings
    assert (found.offer.price, found.offer.bid.text, found.offer.availability) == (None, "52.00", Availability.UNKNOWN)
    assert fault(found) == ""
