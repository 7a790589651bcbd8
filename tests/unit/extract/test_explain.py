"""What is told of every amount of a page: which is the price, and why the others are not."""

from __future__ import annotations

from pricewatch.scraping.extract.explain import verdict_on

ROWS = "".join(
    f'<div class="row"><a class="shop-name">{shop}</a><b class="price">{price} €</b><i>zzgl. 4,99 € Versand</i></div>'
    for shop, price in (("Nord", "349,00"), ("Kabelkiste", "352,90"))
)


def outcomes(reading) -> dict[str, str]:
    """What became of each amount."""
    return {str(c.amount): verdict_on(c, reading) for c in (*reading.agreeing, *reading.rejected)}


def test_the_offers_of_other_sellers_are_named(read, shop_page) -> None:
    """On a comparison page a losing price is somebody's offer, and delivery is delivery."""
    found = outcomes(read(shop_page(ROWS, lang="de")))
    assert found["349.00"] == "the price"
    assert found["352.90"] == "the offer of Kabelkiste"
    assert found["4.99"] == "what delivery costs"


def test_sources_that_agree_are_named_and_what_they_contradict(read, shop_page, json_ld) -> None:
    """Structured data and the page say the same; the struck price is an earlier one."""
    data = json_ld('{"@type": "Product", "name": "Kettle", "offers": {"price": "129.00", "priceCurrency": "PLN"}}')
    box = '<div class="product-price"><del>249,00 zł</del> <b class="price">129,00 zł</b></div>'
    found = outcomes(read(shop_page(box, head=data)))
    assert found["129.00"] == "the price: json-ld and visible agree"
    assert found["249.00"] == "an earlier or suggested price"


def test_a_bid_a_net_price_and_an_offer_that_is_over_say_so(read, shop_page) -> None:
    """Each in words of its own."""
    auction = '<p>Aktuelles Gebot</p><p class="price">126,50 €</p><button>Bieten</button>'
    assert outcomes(read(shop_page(auction)))["126.50"] == "a bid, at which nothing can be bought"
    net = '<div class="price">199,00 zł</div><div>161,79 zł netto</div><button>Do koszyka</button>'
    assert outcomes(read(shop_page(net)))["161.79"] == "without tax"
    over = '<p>Aukcja zakończona</p><div class="price">850,00 zł</div>'
    assert outcomes(read(shop_page(over)))["850.00"] == "of an offer that is over"
