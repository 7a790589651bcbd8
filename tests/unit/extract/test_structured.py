"""What structured data says of the product, however untidily it is written."""

from __future__ import annotations

import pytest

from pricewatch.domain.offer import Availability, Condition, PriceRole, Verdict
from pricewatch.scraping.extract.lenient import loads

OFFER = '"offers": {"@type": "Offer", "price": "129.00", "priceCurrency": "PLN", "availability": "https://schema.org/InStock"}'


def product(offers: str = OFFER, more: str = "") -> str:
    return f'{{"@context": "https://schema.org", "@type": "Product", "name": "Kettle Steel 1.7", {more}{offers}}}'


def test_a_json_ld_offer_is_the_price(read, shop_page, json_ld) -> None:
    """Price, currency, stock, identifiers and brand come from one block."""
    more = '"gtin13": "5901234123457", "sku": "K-17", "mpn": "M17", "brand": {"@type": "Brand", "name": "Hot"}, '
    found = read(shop_page("", head=json_ld(product(more=more))))
    assert str(found.price) == "129.00 PLN"
    assert found.availability is Availability.IN_STOCK
    assert (found.identity.gtin, found.identity.sku, found.identity.mpn, found.identity.brand) == (
        "5901234123457",
        "K-17",
        "M17",
        "Hot",
    )


@pytest.mark.parametrize(
    "broken",
    [
        product() + ";",
        "<!-- " + product() + " -->",
        "//<![CDATA[\n" + product() + "\n//]]>",
        "/* made by a plug-in */ " + product(),
        product().replace('"129.00",', '"129.00", // gross\n'),
        product().replace("}}", ",},}"),
        product().replace("Steel", "Ste\tel\n"),
        product().replace('"', "&quot;"),
        product().replace('"name"', '"rating": NaN, "name"'),
        product().replace("Kettle", "Kett\\le"),
        '{"@graph": [' + product() + "]}",
        "[" + product() + "]",
        product().replace('"Product"', '["Product", "Thing"]'),
        product().replace('"Product"', '"product"'),
        product().replace('"Product"', '"http://schema.org/Product"'),
        '{"@type": "WebPage", "mainEntity": ' + product() + "}",
    ],
)
def test_untidy_json_ld_is_read(read, shop_page, json_ld, broken: str) -> None:
    """Comments, trailing commas, control characters, HTML escapes and wrappers do not hide the price."""
    assert str(read(shop_page("", head=json_ld(broken))).price) == "129.00 PLN"


@pytest.mark.parametrize(
    "price", ["{}", '""', "null", "0", '"0.00"', "[]", "true", "1e308", "NaN", '"call us"', "-5e999"]
)
def test_a_price_that_is_none_is_no_price(read, shop_page, json_ld, price: str) -> None:
    """Placeholders of all kinds leave a product without a price."""
    found = read(shop_page("", head=json_ld(product().replace('"129.00"', price))))
    assert found.verdict is Verdict.PRODUCT
    assert found.price is None


def test_a_list_price_and_a_members_price_are_not_the_price(read, shop_page, json_ld) -> None:
    """Price specifications carry roles: struck list price, members' price, and the one for everybody."""
    specifications = """"offers": {"@type": "Offer", "priceCurrency": "EUR", "priceSpecification": [
      {"@type": "UnitPriceSpecification", "priceType": "https://schema.org/ListPrice", "price": 99.0},
      {"@type": "UnitPriceSpecification", "price": 69.0, "validForMemberTier": {"name": "Gold"}},
      {"@type": "UnitPriceSpecification", "price": 79.0}]}"""
    found = read(shop_page("", head=json_ld(product(specifications))))
    assert str(found.price) == "79.00 EUR"
    assert str(found.was) == "99.00 EUR"
    assert PriceRole.CLUB in {candidate.role for candidate in found.rejected}


def test_of_an_aggregate_the_lowest_price_stands(read, shop_page, json_ld) -> None:
    """A range gives its low end, with the role `from`."""
    offers = '"offers": {"@type": "AggregateOffer", "lowPrice": "49.90", "highPrice": "89.90", "priceCurrency": "EUR"}'
    found = read(shop_page("", head=json_ld(product(offers))))
    assert (str(found.price), found.role) == ("49.90 EUR", PriceRole.FROM)


VARIANTS = """{"@type": "ProductGroup", "name": "Kettle Steel 1.7", "hasVariant": [
  {"@type": "Product", "sku": "K-RED", "gtin": "5901234123457", "offers": {"price": 120, "priceCurrency": "PLN"}},
  {"@type": "Product", "sku": "K-BLUE", "offers": {"price": 140, "priceCurrency": "PLN"}}]}"""


def test_the_address_binds_a_variant(read, shop_page, json_ld) -> None:
    """A variant that the page's address names is the one that the price is of."""
    url = "https://shop.example/p/kettle?variant=K-BLUE"
    assert str(read(shop_page("", head=json_ld(VARIANTS)), url=url).price) == "140.00 PLN"


def test_unbound_variants_are_offers_of_their_own(extract, shop_page, json_ld) -> None:
    """Every variant with a number of its own is a finding with its own key, so that each can be matched."""
    found = extract(shop_page("", head=json_ld(VARIANTS))).findings
    assert [(f.offer.item.key.variant, str(f.offer.price)) for f in found] == [
        ("K-RED", "120.00 PLN"),
        ("K-BLUE", "140.00 PLN"),
    ]
    assert [f.offer.item.gtin for f in found] == ["5901234123457", ""]


def test_microdata_is_read_with_its_nested_offer(read, shop_page) -> None:
    """Properties belong to their nearest scope: the review's author is not the product's name."""
    found = read(
        shop_page(
            """<div itemscope itemtype="https://schema.org/Product"><span itemprop="name">Kettle</span>
            <div itemprop="review" itemscope itemtype="https://schema.org/Review"><b itemprop="name">So so</b></div>
            <div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><meta itemprop="priceCurrency"
            content="PLN"><span itemprop="price" content="89.90">89,90 zł</span><link itemprop="availability"
            href="https://schema.org/OutOfStock"><meta itemprop="itemCondition" content="UsedCondition"></div></div>"""
        )
    )
    assert str(found.price) == "89.90 PLN"
    assert (found.availability, found.condition) == (Availability.OUT_OF_STOCK, Condition.USED)
    assert found.identity.name == "Kettle"


def test_rdfa_is_read(read, shop_page) -> None:
    """The same product in RDFa."""
    inside = """<div vocab="https://schema.org/" typeof="Product"><b property="name">Kettle</b><div property="offers"
    typeof="Offer"><i property="price">89.90</i><i property="priceCurrency" content="EUR"></i></div></div>"""
    assert str(read(shop_page(inside)).price) == "89.90 EUR"


def test_product_meta_elements_are_read(read, shop_page) -> None:
    """OpenGraph prices count where nothing else speaks, and the standard amount is the old price."""
    head = """<meta property="og:type" content="product"><meta property="product:price:amount" content="59.00">
    <meta property="product:price:currency" content="EUR"><meta property="og:price:standard_amount" content="79.00">
    <meta property="product:availability" content="out of stock">"""
    found = read(shop_page("", head=head))
    assert (str(found.price), str(found.was)) == ("59.00 EUR", "79.00 EUR")
    assert found.availability is Availability.OUT_OF_STOCK


def test_embedded_state_settles_a_conflict(read, shop_page, json_ld) -> None:
    """Where JSON-LD and meta differ and nothing is shown, the data layer is a third witness."""
    head = (
        '<meta property="product:price:amount" content="99.00"><meta property="product:price:currency" content="PLN">'
        + json_ld(product())
        + "<script>dataLayer.push({'name': 'Kettle Steel 1.7', 'id': 'K17', 'price': '99.00', 'currency': 'PLN'})</script>"
    )
    found = read(shop_page("", head=head))
    assert str(found.price) == "99.00 PLN"
    assert "json-ld says 129" in found.conflict


@pytest.mark.parametrize("text", ["", "{", "[1, 2", "nonsense", "{'a': 1}", "<!-- -->", '{"a": ' * 5000])
def test_what_is_no_json_is_nothing(text: str) -> None:
    """Text that cannot be mended is None, not an exception."""
    assert loads(text) is None


def test_references_that_go_in_circles_end(read, shop_page, json_ld) -> None:
    """Two objects that refer to each other are read once."""
    data = """{"@graph": [{"@id": "#a", "@type": "Product", "name": "Kettle", "offers": {"@id": "#b"}},
    {"@id": "#b", "@type": "Offer", "price": 5, "priceCurrency": "PLN", "itemOffered": {"@id": "#a"}}]}"""
    assert str(read(shop_page("", head=json_ld(data))).price) == "5.00 PLN"
