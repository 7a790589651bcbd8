"""What a page tells beside its price, and what is known of it from before, reaches the finding."""

from __future__ import annotations

import pytest

from pricewatch.domain.money import Money
from pricewatch.domain.offer import Availability, Condition, SiteKind
from pricewatch.scraping.extract.hints import SiteContext

NET = (
    '{"@type":"Product","name":"Kettle","offers":{"@type":"Offer","price":"100.00","priceCurrency":"EUR",'
    '"priceSpecification":{"@type":"UnitPriceSpecification","price":"100.00","valueAddedTaxIncluded":false}}}'
)


@pytest.mark.parametrize(("last", "price"), [("1199.00", "1226.00"), ("1.35", "1.23"), ("33.00", None), (None, None)])
def test_the_last_accepted_price_settles_a_text_that_can_be_read_in_two_ways(extract, last, price) -> None:
    """`1.230` of an English page in euro is one or the other; only a reading within reach of the last price is taken."""
    amount = "1.226" if price == "1226.00" else "1.230"
    html = f'<html lang="en-GB"><h1>Sofa</h1><p class="price">{amount}</p><button>Add to cart</button>'
    (found,) = extract(html, SiteContext(currency="EUR", last=Money.parse(last, "EUR") if last else None)).findings
    assert (found.offer.price.text if found.offer.price else None) == price
    assert found.ambiguous is (price is None)


def test_a_net_price_in_structured_data_yields_to_the_price_with_tax(extract, shop_page, json_ld) -> None:
    """Where the page shows both, and the one is the other with value added tax."""
    html = shop_page(
        '<p class="price">119,00 €</p><p>100,00 € zzgl. MwSt.</p><button>In den Warenkorb</button>',
        head=json_ld(NET),
        lang="de",
    )
    (found,) = extract(html).findings
    assert (found.offer.price.text, found.conflict) == ("119.00", "")
    assert any("net of tax" in line for line in found.evidence.rejected)


def test_a_listing_hands_on_its_items_links(extract) -> None:
    """Whole addresses, each once, in page order."""
    tiles = "".join(
        f'<div class="card"><a href="/p/{n}"><h3>Garden chair {n}</h3></a><b class="price">{n}9,00 zł</b></div>'
        for n in range(1, 7)
    )
    found = extract(f"<h1>Chairs</h1>{tiles}", url="https://shop.example/chairs")
    assert found.links == tuple(f"https://shop.example/p/{n}" for n in range(1, 7))


def test_options_with_prices_of_their_own_are_offers_of_their_own(extract) -> None:
    """Each bound to its option; the item stays the page's."""
    html = """<h1>Linen shirt</h1><select><option>Size S - 89,00 zł</option><option>Size XXL - 99,00 zł</option></select>
    <button>Do koszyka</button>"""
    found = {f.offer.item.key.variant: f.offer.price.text for f in extract(html).findings if f.offer.price}
    assert found == {"Size S": "89.00", "Size XXL": "99.00"}


def test_seller_delivery_condition_and_pieces_are_read_where_they_are_shown(extract) -> None:
    """On a marketplace page without structured data."""
    html = """<html lang="pl"><h1>Wiertarka X</h1><div class="price">199,00 zł</div><p>Sprzedaje: Narzędzia24</p>
    <p>Stan: Używany</p><p>Zostało tylko 3 szt.</p><p>Dostawa: 12,99 zł</p><button>Do koszyka</button>"""
    (found,) = extract(html, SiteContext(kind=SiteKind.MARKETPLACE, currency="PLN")).findings
    offer = found.offer
    assert (offer.seller, offer.condition, offer.pieces) == ("Narzędzia24", Condition.USED, 3)
    assert (offer.shipping.text, offer.availability) == ("12.99", Availability.IN_STOCK)


def test_brand_and_numbers_are_read_from_their_labels(read) -> None:
    """In front of their value or above it; a GTIN only with the right check digit."""
    html = """<h1>Kettle</h1><p class="price">$20.00</p><button>Add to cart</button>
    <table><tr><th>Brand</th><td>Acme</td></tr></table><p>SKU: KET-17</p><p>EAN: 5901234123457</p>"""
    known = read(html).identity
    assert (known.brand, known.sku, known.gtin) == ("Acme", "KET-17", "5901234123457")


def test_a_dollar_that_nothing_explains_is_told_and_less_sure(read) -> None:
    """A bare sign on an English page of a worldwide address is USD most likely, and the reading says that it is taken."""
    page = '<html lang="{}"><title>Kettle Steel</title><body><h1>Kettle Steel</h1><b class="price">$49.90</b></body></html>'
    open_to, told = (read(page.format(lang), url="https://shop.example.com/p") for lang in ("en", "en-US"))
    assert (str(open_to.price), str(told.price)) == ("49.90 USD", "49.90 USD")
    assert open_to.confidence < told.confidence
    assert any("whose dollar" in note for note in open_to.notes)
    assert not told.notes


def test_a_price_that_opens_the_heading_is_the_items(read) -> None:
    """A classified ad may carry its price in the title line, set apart from the name."""
    page = "<html lang='en-CA'><title>Skate board by a maker</title><body><h1>$60 · Skate board by a maker, fibre glass</h1>"
    assert str(read(page).price) == "60.00 CAD"
