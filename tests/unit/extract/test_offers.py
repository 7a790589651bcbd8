"""Pages with many offers: rows with their sellers, shipping and conditions; a bid is never a price."""

from __future__ import annotations

from datetime import UTC, datetime

from pricewatch.domain.offer import Availability, Condition, PriceRole, SiteKind
from pricewatch.scraping.extract.hints import FieldHints, OfferRowHints, ReadHints, SiteContext
from pricewatch.scraping.extract.selectors import mistakes

COMPARISON = SiteContext(
    "compare",
    SiteKind.COMPARISON,
    locale="pl-PL",
    currency="PLN",
    hints=ReadHints(
        offers=OfferRowHints(
            row="li.offer",
            skip="li.ad",
            seller=("img@alt", ".shop"),
            price=(".price",),
            shipping=(".delivery",),
            landed=(".total",),
            condition=(".state",),
            availability=(".stock",),
            rating=(".rating",),
            url=("a.go@href",),
        )
    ),
)

ROWS = """<ul><li class="offer"><img alt="Alfa"><b class="price">129,00 zł</b><i class="delivery">+ 9,99 zł dostawa</i>
<i class="stock">Dostępny</i><i class="rating">98,5 %</i><a class="go" href="/go/1">x</a></li>
<li class="offer"><span class="shop">Beta</span><b class="price">119,00 zł</b><i class="delivery">darmowa dostawa</i>
<i class="state">używany</i><a class="go" href="/go/2">x</a></li>
<li class="offer"><span class="shop">Gamma</span><b class="price">1.226</b><a class="go" href="/go/3">x</a></li>
<li class="offer"><span class="shop">Delta</span><b class="price">125,00 zł</b><i class="total">135,00 zł</i></li>
<li class="offer ad"><span class="shop">Advert</span><b class="price">1,00 zł</b></li></ul>"""


def test_every_row_of_a_defined_site_is_an_offer(extract, shop_page) -> None:
    """Seller, price, shipping on top, stock, condition, rating and link come from the row's own selectors."""
    found = [finding.offer for finding in extract(shop_page(ROWS), COMPARISON).findings]
    assert [(o.seller, str(o.price), None if o.shipping is None else str(o.shipping)) for o in found] == [
        ("Alfa", "129.00 PLN", "9.99 PLN"),
        ("Beta", "119.00 PLN", "0.00 PLN"),
        ("Gamma", "1226.00 PLN", None),
        ("Delta", "125.00 PLN", "10.00 PLN"),
    ]
    assert (found[0].availability, found[0].seller_rating) == (Availability.IN_STOCK, 9850)
    assert found[1].condition is Condition.USED
    assert found[0].url == "https://shop.example/go/1"


AUCTION = SiteContext(
    "auction",
    SiteKind.AUCTION,
    currency="PLN",
    hints=ReadHints(
        offers=OfferRowHints(
            row="article",
            name=("h3",),
            seller=(".who",),
            price=(".amount",),
            buy_now=(".now",),
            bid=(".bid",),
            bids=(".bids",),
            ends_at=("time@datetime",),
        )
    ),
)


def test_a_running_bid_is_never_a_price(extract, shop_page) -> None:
    """A row with a bid alone has no price; bid, count and end are kept; a buy-now price beside it is the price."""
    rows = """<article><h3>Kettle one</h3><b class="who">anna</b><i class="bid">45,00 zł</i><i class="bids">7 ofert</i>
    <time datetime="2026-02-01T18:30:00+01:00">1 Feb</time><a href="/i/1">x</a></article>
    <article><h3>Kettle two</h3><b class="who">jan</b><i class="bid">12,00 zł</i><i class="now">99,00 zł</i>
    <a href="/i/2">x</a></article>"""
    first, second = (finding.offer for finding in extract(shop_page(rows), AUCTION).findings)
    assert (first.price, str(first.bid), first.bids) == (None, "45.00 PLN", 7)
    assert first.ends_at == datetime(2026, 2, 1, 17, 30, tzinfo=UTC)
    assert (str(second.price), str(second.bid)) == ("99.00 PLN", "12.00 PLN")
    assert [o.item.key.item for o in (first, second)] == ["https://shop.example/i/1", "https://shop.example/i/2"]


def test_a_bid_read_by_the_price_selector_is_no_price(extract, shop_page) -> None:
    """Where the same element is called price and bid, it is the bid."""
    row = '<article><h3>Kettle</h3><b class="who">anna</b><i class="amount bid">45,00 zł</i></article>'
    (finding,) = extract(shop_page(row), AUCTION).findings
    assert (finding.offer.price, str(finding.offer.bid)) == (None, "45.00 PLN")


def shops(count: int) -> str:
    return "".join(
        f"""<div class="offer-row"><div class="merchant"><img class="logo" src="/l/{n}.png" alt="Shop {n}"></div>
        <span class="price">{100 + n},00 €</span><span class="shipping">zzgl. {n},90 € Versand</span>
        <a href="/out/{n}">Zum Shop</a></div>"""
        for n in range(1, 1 + count)
    )


def test_offer_rows_are_found_without_a_definition(extract, shop_page) -> None:
    """A pattern of sellers beside prices under the item's title is a list of offers."""
    site = SiteContext("unknown", SiteKind.COMPARISON)
    found = [finding.offer for finding in extract(shop_page(shops(4), lang="de"), site).findings]
    assert [(o.seller, str(o.price), str(o.shipping)) for o in found] == [
        ("Shop 1", "101.00 EUR", "1.90 EUR"),
        ("Shop 2", "102.00 EUR", "2.90 EUR"),
        ("Shop 3", "103.00 EUR", "3.90 EUR"),
        ("Shop 4", "104.00 EUR", "4.90 EUR"),
    ]


def test_tiles_of_other_items_are_no_offers(extract, shop_page, json_ld) -> None:
    """Recommended items with a brand or shop beside their price are not offers of this item."""
    data = json_ld(
        '{"@type": "Product", "name": "Kettle Steel 1.7", "offers": {"price": "129.00", "priceCurrency": "PLN"}}'
    )
    others = "".join(
        f'<div class="card"><a href="/p/{n}"><h3>Toaster for {n} slices of bread</h3></a><span class="seller">Shop {n}</span>'
        f'<b class="price">{n},00 zł</b></div>'
        for n in range(2, 9)
    )
    found = extract(shop_page("", head=data, behind=f"<section>{others}</section>")).findings
    assert [str(f.offer.price) for f in found] == ["129.00 PLN"]


def test_sellers_in_structured_data_are_rows(extract, shop_page, json_ld) -> None:
    """An offer list with named sellers is read as one offer each."""
    offers = ", ".join(
        f'{{"@type": "Offer", "price": {n}, "priceCurrency": "EUR", "seller": {{"name": "Shop {n}"}}}}'
        for n in (10, 11)
    )
    data = json_ld(
        f'{{"@type": "Product", "name": "Kettle", "offers": {{"@type": "AggregateOffer", "offers": [{offers}]}}}}'
    )
    found = extract(shop_page("", head=data)).findings
    assert [(f.offer.seller, str(f.offer.price)) for f in found] == [("Shop 10", "10.00 EUR"), ("Shop 11", "11.00 EUR")]


def test_options_with_prices_are_variants(read, shop_page) -> None:
    """A selection field that shows a price for each size lists the variants."""
    options = "".join(f"<option>{size} cm - £{price}.00</option>" for size, price in ((90, 149), (140, 249)))
    found = read(shop_page(f'<p class="price">From £149.00</p><select>{options}</select>', lang="en"))
    assert [(row.name, str(row.price.amount)) for row in found.variants] == [("90 cm", "149.00"), ("140 cm", "249.00")]


def test_a_sites_own_selectors_decide(read, shop_page) -> None:
    """Prices by role and facts by field come from the definition before anything else is asked."""
    hints = ReadHints(
        prices={PriceRole.SALE: (".now",), PriceRole.WAS: (".then",), PriceRole.CLUB: ("span@data-club",)},
        fields=FieldHints(
            name=(".title",), gtin=(".ean",), seller=(".who",), shipping=(".ship",), condition=(".state",)
        ),
        currency="PLN",
    )
    inside = """<div class="title">Kettle, renamed</div><i class="now">99</i><i class="then">149</i><span data-club="89">
    </span><i class="ean">5901234123457</i><i class="who">Anna</i><i class="ship">12,00</i><i class="state">nowy</i>
    <b class="product-price">1,00 zł</b>"""
    found = read(shop_page(inside), SiteContext("s", SiteKind.SHOP, currency="PLN", hints=hints))
    assert (str(found.price), found.role, str(found.was)) == ("99.00 PLN", PriceRole.SALE, "149.00 PLN")
    assert (found.identity.name, found.identity.gtin, found.seller) == ("Kettle, renamed", "5901234123457", "Anna")
    assert (str(found.shipping), found.condition) == ("12.00 PLN", Condition.NEW)


def test_a_selector_that_is_not_css_is_named(read, shop_page) -> None:
    """A mistake in a definition is told by the check and harms no reading."""
    hints = ReadHints(prices={PriceRole.REGULAR: ("div[", ".price")})
    assert mistakes(hints) == ("'div[' is not a CSS selector",)
    assert str(read(shop_page('<b class="price">5,00 zł</b>'), SiteContext(hints=hints)).price) == "5.00 PLN"
