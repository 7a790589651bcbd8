"""What shops, comparison sites and auctions of five languages say of an item, without any site definition."""

from __future__ import annotations

import pytest

from pricewatch.domain.offer import Availability, Condition, PriceRole, Verdict

PRICE = '<div class="price">129,00 €</div>'
SOLD_OUT = [
    "Towar chwilowo niedostępny. Zostaw e-mail", "Nakład wyczerpany", "Produkt wycofany z oferty", "Brak na stanie",
    "Dieser Artikel ist leider nicht mehr verfügbar.", "Derzeit nicht lieferbar", "Online nicht verfügbar",
    "Momenteel niet leverbaar", "Dit product is niet meer verkrijgbaar", "Tijdelijk uitverkocht",
    "Produkt tymczasowo niedostępny", "Stan magazynowy: 0 szt.", "Lagerbestand: 0", "0 in stock", "Verkocht",
    "Není na skladě", "Ukončený prodej", "Momentálně vyprodáno", "This product has been discontinued", "Sold out",
]  # fmt: skip
SOON = [
    "Wysyłka w 24h", "Wysyłka do 3 dni", "Dostępność: duża ilość", "Lieferzeit: 2-4 Werktage", "Sofort lieferbar",
    "Lieferung bis Dienstag", "Voor 23:59 uur besteld, morgen in huis", "Nog 3 op voorraad", "2-3 werkdagen",
    "Skladem > 5 ks", "zítra u vás", "do 3 dnů", "Usually dispatched within 2 days",
]  # fmt: skip
ENDED = [
    "Aukcja zakończona", "Ta oferta została zakończona", "To ogłoszenie nie jest już dostępne", "Angebot beendet",
    "Diese Auktion ist abgelaufen", "Deze veiling is afgelopen", "Tato aukce skončila",
    "This listing was ended by the seller",
]  # fmt: skip


@pytest.mark.parametrize("line", SOLD_OUT)
def test_an_item_that_cannot_be_had_is_out_of_stock(read, shop_page, line: str) -> None:
    """Whether for now or for good, with its price still shown."""
    assert read(shop_page(f"{PRICE}<p>{line}</p>")).availability is Availability.OUT_OF_STOCK


@pytest.mark.parametrize("line", SOON)
def test_a_time_of_delivery_means_in_stock(read, shop_page, line: str) -> None:
    """What is there tomorrow is in stock."""
    assert read(shop_page(f"{PRICE}<p>{line}</p>")).availability is Availability.IN_STOCK


@pytest.mark.parametrize(
    "line", ["Lieferung frei Haus", "Wysyłka od 9,99 zł", "Do 3 rat 0%", "Levering in heel Nederland"]
)
def test_other_words_of_delivery_say_nothing_of_stock(read, shop_page, line: str) -> None:
    """What it costs and where it goes is no time."""
    assert read(shop_page(f"{PRICE}<p>{line}</p>")).availability is Availability.UNKNOWN


@pytest.mark.parametrize("line", ENDED)
def test_an_ended_offer_is_gone_whatever_price_it_shows(read, shop_page, line: str) -> None:
    """The price that still stands there is nobody's."""
    found = read(shop_page(f"<p>{line}</p>{PRICE}"))
    assert (found.verdict, found.price) == (Verdict.GONE, None)


def test_an_ended_offer_of_another_item_ends_nothing(read, shop_page) -> None:
    """What can be put into the cart is not over."""
    found = read(shop_page(f"{PRICE}<button>In den Warenkorb</button><aside><p>Angebot beendet</p></aside>"))
    assert (found.verdict, str(found.price)) == (Verdict.PRODUCT, "129.00 EUR")


@pytest.mark.parametrize(
    ("label", "button"),
    [
        ("aktualna cena", "Licytuj"),
        ("9 osób licytuje", "Zalicytuj"),
        ("Aktueller Preis", "Gebot abgeben"),
        ("Huidige prijs", "Plaats bod"),
        ("Aktuální cena", "Přihodit"),
        ("Current price", "Place bid"),
    ],
)
def test_where_bids_are_taken_and_nothing_is_for_sale_at_once_there_is_no_price(read, shop_page, label, button) -> None:
    """A running bid is none, whatever it is called; with a way to buy at once that price counts."""
    box = f'<p>{label}</p><p class="price">126,50 €</p><button>{button}</button>'
    assert read(shop_page(box)).price is None
    now = '<p>Sofort-Kaufen</p><p class="product-price">199,00 €</p><button>Sofort-Kaufen</button>'
    assert str(read(shop_page(f"{now}<p>Gebot</p>{box.replace(label, 'Gebot')}")).price) == "199.00 EUR"


@pytest.mark.parametrize(
    "name",
    ["former-price", "price--former", "prc__previous", "cena-poprzednia", "preis-alt", "prijs-oud", "cena-puvodni",
     "price-regular-before", "price-non-discounted", "stara-cena"],
)  # fmt: skip
def test_markup_that_names_a_former_price_makes_it_one(read, shop_page, name: str) -> None:
    """In the words of five languages."""
    box = f'<div class="box"><span class="{name}">149,00 €</span> <span class="x">129,00 €</span></div>'
    assert str(read(shop_page(f"{box}<button>In den Warenkorb</button>")).price) == "129.00 EUR"


@pytest.mark.parametrize(
    "title",
    ["Klienci kupili także", "Zobacz również", "Ähnliche Artikel", "Kunden kauften auch", "Vergelijkbare producten",
     "Podobné produkty", "Customers also bought"],
)  # fmt: skip
def test_the_items_below_a_heading_of_others_are_not_the_item(read, shop_page, title: str) -> None:
    """No name of the markup tells them apart, only the heading that they stand under."""
    tiles = "".join(
        f'<div class="t"><a href="/p/{n}">Bowl number {n}</a><div>{n},90 €</div></div>' for n in (49, 19, 29)
    )
    found = read(shop_page(f"<p>Sold out</p><h3>{title}</h3>{tiles}"))
    assert (found.price, found.availability) == (None, Availability.OUT_OF_STOCK)


@pytest.mark.parametrize(
    "line",
    ["Ostatnia cena: 89,00 zł", "Letzter Preis: 89,00 €", "Laatst bekende prijs: € 89,00", "Zobacz następcę: 89 zł"],
)
def test_what_is_history_or_a_successors_is_no_price(read, shop_page, line: str) -> None:
    """A comparison that nobody is in shows the last price, a shop the next model's."""
    found = read(shop_page(f"<p>Brak ofert</p><p>{line}</p>"))
    assert (found.price, found.availability) == (None, Availability.OUT_OF_STOCK)


@pytest.mark.parametrize(
    ("line", "seller"),
    [
        ("Sprzedaje i wysyła: <a>AudioSklep</a>", "AudioSklep"),
        ("Verkauf und Versand durch <a>Klangwelt GmbH</a>", "Klangwelt GmbH"),
        ("Verkoop door <a>Geluidshuis</a>", "Geluidshuis"),
        ("Prodává a doručuje <a>Zvukárna</a>", "Zvukárna"),
        ("Sold and shipped by <a>SoundHouse Ltd</a>", "SoundHouse Ltd"),
        ("Seller <a>rating 98 %</a>", ""),
    ],
)
def test_the_seller_of_a_single_offer_is_told(read, shop_page, line: str, seller: str) -> None:
    """In the words that marketplaces use; a rating is no name."""
    assert read(shop_page(f"{PRICE}<p>{line}</p>")).seller == seller


def test_a_price_without_a_card_is_the_price_and_with_it_the_clubs(read, shop_page) -> None:
    """`Cena bez karty` beside `Cena z kartą`."""
    box = "<div><i>Cena z kartą</i><b>12,99 zł</b></div><div><i>Cena bez karty</i><b>15,99 zł</b></div>"
    found = read(shop_page(f"{box}<button>Do koszyka</button>"))
    assert str(found.price) == "15.99 PLN"
    assert PriceRole.CLUB in {candidate.role for candidate in found.rejected}


def test_radio_buttons_with_prices_are_variants_and_ways_of_delivery_are_not(read, shop_page) -> None:
    """What the chosen one costs is the price; couriers and guarantees are no choice of the item."""
    label = '<label><input type="radio" name="{}"> {} <span>{} zł</span></label>'.format
    sizes = label("v", "250 g", "39,90") + label("v", "500 g", "69,90")
    found = read(shop_page(f'{sizes}<b class="product-price">39,90 zł</b><button>Do koszyka</button>'))
    assert [row.name for row in found.variants] == ["250 g", "500 g"]
    ways = label("x", "Kurier", "14,99") + label("x", "Paczkomat", "9,99")
    assert read(shop_page(f'<b class="product-price">14,99 zł</b>{ways}<button>Do koszyka</button>')).variants == ()


def test_a_second_column_with_delivery_tells_what_delivery_costs(read, shop_page) -> None:
    """Bare price and total side by side, in a table and in a list."""
    cells = "".join(
        f'<tr><td><a class="shop-name">{s}</a></td><td class="p1">€ {p},00</td><td class="p2">€ {p + 4},95</td></tr>'
        for s, p in (("Alfa", 100), ("Beta", 102))
    )
    table = f"<table><tr><th>Winkel</th><th>Kale prijs</th><th>Totaalprijs</th></tr>{cells}</table>"
    items = "".join(
        f'<li class="row"><img class="merchant-logo" alt="{s}"><b class="price">{p},00 zł</b><i>z dostawą {p + 4},95 zł</i>'
        "<a href='/go'>Idź do sklepu</a></li>"
        for s, p in (("Alfa", 100), ("Beta", 102))
    )
    for shown in (table, f"<ul>{items}</ul>"):
        rows = read(shop_page(shown)).rows
        assert [(row.seller, str(row.price.amount), str(row.shipping)) for row in rows] == [
            ("Alfa", "100.00", "4.95"),
            ("Beta", "102.00", "4.95"),
        ]


def test_a_rating_that_only_a_title_tells_is_read(read, shop_page) -> None:
    """Stars are drawn; what they mean stands in an attribute."""
    rows = "".join(
        f'<li class="o"><a class="shop-name">{s}</a><span title="{r}"></span><b class="price">{p},00 €</b></li>'
        for s, p, r in (("Alfa", 100, "4,5 von 5"), ("Beta", 102, "98 %"))
    )
    assert [row.rating for row in read(shop_page(f"<ul>{rows}</ul>")).rows] == [9000, 9800]


@pytest.mark.parametrize(
    ("bid", "count", "buy"),
    [
        ("Aktuální příhoz: 1 250 Kč", "Počet příhozů: 7", "Kup teď: 2 490 Kč"),
        ("Aktuální cena 1 250 Kč", "Počet příhozů: 7", "Kup teď 2 490 Kč"),
        ("Aktuální cena 1 250 Kč", "7 příhozů", "Koupit hned 2 490 Kč"),
        ("Hoogste bod € 1.250,00", "Plaats bod", "Koop nu € 2.490,00"),
        ("Huidige prijs € 1.250,00", "7 biedingen", "Nu kopen € 2.490,00"),
        ("Höchstgebot: 1.250,00 €", "7 Gebote", "Sofort-Kaufen 2.490,00 €"),
        ("Aktueller Preis 1.250,00 €", "7 Gebote", "Sofort-Kaufen 2.490,00 €"),
        ("Aktualna oferta: 1250,00 zł", "7 osób licytuje", "Kup teraz 2490,00 zł"),
        ("Current bid: $1,250.00", "7 bids", "Buy it now $2,490.00"),
    ],
)
def test_a_running_bid_is_no_price_though_the_item_can_be_bought_at_once(read, shop_page, bid, count, buy) -> None:
    """What stands behind the words of buying is the price; without them there is none."""
    both = read(shop_page(f"<p>{bid}</p><p>{count}</p><p>{buy}</p>"))
    assert (both.price.text, both.ambiguous) == ("2490.00", False)
    assert read(shop_page(f"<p>{bid}</p><p>{count}</p>")).price is None


def test_a_price_to_buy_at_beside_a_count_of_bids_is_the_price(read, shop_page) -> None:
    """The bids that were made before do not take it away, and the count is no label of the number behind it."""
    beside = "<span>7 příhozů</span> <span>Kup teď</span> <b>2 490 Kč</b>"
    assert str(read(shop_page(f"<p>{beside}</p>")).price) == "2490.00 CZK"
    assert str(read(shop_page("<p>Nu kopen € 249,00</p><p>7 biedingen</p>")).price) == "249.00 EUR"


@pytest.mark.parametrize(
    ("line", "button"),
    [
        ("Dostępność: brak", "Dodaj do koszyka"),
        ("Na stanie: 0 szt.", "Dodaj do koszyka"),
        ("Na magazynie: 0 szt.", "Dodaj do koszyka"),
        ("<span>Stan magazynowy:</span> <b>0</b>", "Dodaj do koszyka"),
        ("Wyprzedane", "Dodaj do koszyka"),
        ("Lagerbestand: 0", "In den Warenkorb"),
        ("Stan: brak", "Dodaj do koszyka"),
        ("Stan: 0", "Dodaj do koszyka"),
        ("Voorraad: geen", "In winkelwagen"),
        ("Ausverkauft", "In den Warenkorb"),
        ("Op voorraad: 0", "In winkelwagen"),
        ("Skladem: 0 ks", "Do košíku"),
        ("In stock: 0", "Add to cart"),
    ],
)
def test_none_left_is_out_of_stock_whatever_button_is_there(read, shop_page, line: str, button: str) -> None:
    """Many shops leave the button to buy where it is."""
    assert read(shop_page(f"{PRICE}<p>{line}</p><button>{button}</button>")).availability is Availability.OUT_OF_STOCK


@pytest.mark.parametrize(
    "box",
    [
        "<p>Stan magazynowy: 10</p>",
        "<p>Stan: nowy</p>",
        "<p>Stan: brak uwag</p>",
        "<p>Dostępny w magazynie</p><p>(<b>0</b>) opinii</p>",
        '<p style="display: none">Wyprzedane</p>',
        "<h3>Podobne produkty</h3><p>Wyprzedane</p>",
    ],
)
def test_sold_out_that_is_not_said_of_the_item_leaves_it_in_stock(read, shop_page, box: str) -> None:
    """A count above zero, a line that nobody sees, and what is said of another item."""
    found = read(shop_page(f"{PRICE}<button>Dodaj do koszyka</button>{box}"))
    assert found.availability is Availability.IN_STOCK


def test_a_reduced_price_and_a_dead_button_beat_what_only_machines_are_told(read, shop_page, json_ld) -> None:
    """Structured data that is out of date stands nowhere on the page; the difference is told."""
    offer = '{"price":"199.00","priceCurrency":"EUR","availability":"https://schema.org/InStock"}'
    stale = json_ld(f'{{"@type":"Product","name":"Kettle Steel 1.7","offers":{offer}}}')
    box = "<p><del>UVP 249,00 €</del> <span>189,00 €</span></p><p>Derzeit nicht verfügbar</p>"
    found = read(shop_page(f"{box}<button disabled>In den Warenkorb</button>", head=stale, lang="de"))
    assert (str(found.price), found.availability) == ("189.00 EUR", Availability.OUT_OF_STOCK)
    assert "199.00" in found.conflict


def test_the_delivery_told_is_that_of_the_offer_whose_price_is_told(read, shop_page) -> None:
    """A row's delivery is its own, and no price; the condition may stand in brackets behind the price."""
    lines = [("A-Shop", "€ 129,00", "Gratis verzending"), ("B-Shop", "€ 131,00", "€ 6,95 verzendkosten"),
             ("C-Shop", "€ 79,00 (gebruikt)", "€ 6,95 verzendkosten")]  # fmt: skip
    named, bare = (
        "".join(f'<div><b{name}>{s}</b> <span class="price">{p}</span> <i>{d}</i></div>' for s, p, d in lines)
        for name in (' class="shop-name"', "")
    )
    found = read(shop_page(f"<p>Vanaf € 129,00</p>{named}", lang="nl"))
    assert (str(found.price), str(found.shipping)) == ("129.00 EUR", "0.00 EUR")
    assert [row.condition for row in found.rows] == [Condition.UNKNOWN, Condition.UNKNOWN, Condition.USED]
    assert {c.role for c in found.rejected if "6,95" in c.text} == {PriceRole.SHIPPING}
    assert read(shop_page(bare, lang="nl")).shipping is None
