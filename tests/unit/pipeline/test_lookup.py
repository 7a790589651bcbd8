"""The price look-up: what a query finds, and what is said of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pricewatch.domain.decision import Announcement, PriceEntry
from pricewatch.domain.errors import UsageError
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import PriceGroup, Product
from pricewatch.pipeline.finding import Finder
from pricewatch.pipeline.lookup import PriceLookup, look_up_in

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
VAT = TaxRate(2300)
MARKETS = {
    "PL": PriceGroup("pl", "PL", "PLN", "Europe/Warsaw"),
    "DE": PriceGroup("de", "DE", "EUR", "Europe/Berlin"),
    "NL": PriceGroup("nl", "NL", "EUR", "Europe/Amsterdam"),
    "CZ": PriceGroup("cz", "CZ", "CZK", "Europe/Prague"),
    "IE": PriceGroup("ie", "IE", "EUR", "Europe/Dublin"),
}
PRODUCTS = {
    product.sku: product
    for product in (
        Product("WU-1", "Wiertarka udarowa Młot 750 W", VAT, stock=3, brand="Acme", gtin="5907170000011",
                mpn="AC 750/1", url="https://shop.example/wu-1", custom={"delivery": "24 h"}),
        Product("WU-2", "Wiertarka udarowa Młot 900 W", VAT, stock=0, brand="Acme", gtin="05907170000028",
                mpn="AC-900"),
        Product("12345678", "Łopata do śniegu", VAT, gtin="5907170000035"),
    )
}  # fmt: skip


def entry(sku: str, price: str, currency: str = "PLN", *, prior: str = "", ends: timedelta | None = None) -> PriceEntry:
    told = Announcement(Money.parse(prior, currency), NOW - timedelta(days=1), ends and NOW + ends) if prior else None
    return PriceEntry(
        7, sku, "pl", Money.parse(price, currency), VAT, None, None, 1, "rule", "anna", NOW - timedelta(days=1),
        announcement=told,
    )  # fmt: skip


def ask(query: str, *entries: PriceEntry, market: str = "PL", limit: int = 5, language: str = "") -> PriceLookup:
    known = {each.sku: each for each in entries}
    return look_up_in(Finder(PRODUCTS), known, MARKETS[market], query, at=NOW, limit=limit, language=language)


@pytest.mark.parametrize(
    ("query", "skus"),
    [
        ("WU-1", ["WU-1"]),
        (" wu 1 ", ["WU-1"]),
        ("5907170000011", ["WU-1"]),
        ("5 907170 000028", ["WU-2"]),
        ("0005907170000011", []),
        ("ac750/1", ["WU-1"]),
        ("12345678", ["12345678"]),
        ("wiertarka mlot", ["WU-1", "WU-2"]),
        ("MŁOT 900", ["WU-2"]),
        ("lopata snieg", ["12345678"]),
        ("acme udarowa 75", ["WU-1"]),
        ("!!!", []),
    ],
)
def test_a_query_finds_by_sku_gtin_part_number_and_words(query: str, skus: list[str]) -> None:
    """Case, accents, blanks and leading zeros do not matter; all words have to fit."""
    assert [answer.sku for answer in ask(query).answers] == skus


def test_only_the_price_lists_price_is_told() -> None:
    """A product without one has none, whatever the catalogue or a plan says."""
    (answer,) = ask("WU-1", entry("WU-2", "9.99")).answers
    assert (answer.price, answer.version, answer.since) == (None, 0, None)
    assert "nie ma jeszcze ceny" in ask("WU-1").text


def test_an_answer_says_the_version_and_since_when() -> None:
    """Name, price, stock, delivery, link and where the price comes from, in one message."""
    assert ask("WU-1", entry("WU-1", "1299.00")).text == (
        "Wiertarka udarowa Młot 750 W (WU-1): 1299,00 zł. Na stanie: 3 szt. Dostawa: 24 h. "
        "Cena z cennika 7, od 21.11.2026. https://shop.example/wu-1"
    )


@pytest.mark.parametrize(
    ("market", "currency", "words"),
    [
        ("PL", "PLN", "99,00 zł. Promocja do 29.11.2026. Najniższa cena z 30 dni przed obniżką: 129,00 zł."),
        ("DE", "EUR", ("99,00 €. Angebot bis 29.11.2026. "
         "Niedrigster Preis der letzten 30 Tage vor der Ermäßigung: 129,00 €.")),
        ("NL", "EUR", ("€ 99,00. Aanbieding t/m 29-11-2026. "
         "Laagste prijs in de 30 dagen vóór de prijsverlaging: € 129,00.")),
        ("CZ", "CZK", "99,00 Kč. Akce do 29.11.2026. Nejnižší cena za 30 dní před slevou: 129,00 Kč."),
        ("IE", "EUR", ("99.00 EUR. On offer until 2026-11-29. "
         "Lowest price in the 30 days before the reduction: 129.00 EUR.")),
    ],
)  # fmt: skip
def test_an_announced_reduction_names_its_prior_price_in_the_markets_language(
    market: str, currency: str, words: str
) -> None:
    """As article 6a of Directive 98/6/EC wants it."""
    told = entry("WU-1", "99.00", currency, prior="129.00", ends=timedelta(days=7))
    assert words in ask("WU-1", told, market=market).text


@pytest.mark.parametrize(("prior", "ends"), [("129.00", timedelta(hours=-1)), ("99.00", None), ("89.00", None)])
def test_a_reduction_that_is_over_or_none_is_not_told(prior: str, ends: timedelta | None) -> None:
    """No struck price without a running announcement of a higher prior price."""
    found = ask("WU-1", entry("WU-1", "99.00", prior=prior, ends=ends))
    assert (found.answers[0].announced, found.answers[0].promotion) == (None, "")
    assert "Najniższa" not in found.text


def test_several_hits_are_a_short_list() -> None:
    """One line each, and how many there are in all."""
    found = ask("wiertarka", entry("WU-1", "99.00"), entry("WU-2", "149.00"), limit=1)
    assert (len(found.answers), found.more) == (1, 1)
    assert found.text == "Do „wiertarka” pasuje 2:\nWiertarka udarowa Młot 750 W (WU-1): 99,00 zł"


def test_no_hit_names_the_nearest_ones() -> None:
    """A slip of the finger leads on; nonsense does not."""
    found = ask("wiertraka udarwa 750")
    assert found.answers == ()
    assert found.near[0] == ("WU-1", "Wiertarka udarowa Młot 750 W")
    assert "Podobne: Wiertarka udarowa Młot 750 W (WU-1)" in found.text
    assert ask("{qqq} %s").text == "Nie ma produktu „{qqq} %s”."


@pytest.mark.parametrize(("query", "language"), [("", ""), (" \n", ""), ("WU-1", "xx")])
def test_an_empty_query_or_an_unknown_language_is_the_callers_mistake(query: str, language: str) -> None:
    """Said at once."""
    with pytest.raises(UsageError):
        ask(query, language=language)


def test_a_reduction_that_ends_at_midnight_is_told_until_the_day_before() -> None:
    """In the market's time zone."""
    told = entry("WU-1", "99.00", prior="129.00", ends=timedelta(days=7, hours=11))
    assert "Promocja do 29.11.2026." in ask("WU-1", told).text


def test_any_language_can_be_asked_for() -> None:
    """A Polish price in English, for a guest."""
    assert ask("WU-1", entry("WU-1", "99.00"), language="en").text.startswith(
        "Wiertarka udarowa Młot 750 W (WU-1): 99.00 PLN."
    )


def test_a_name_turns_no_price_around() -> None:
    """What cannot be seen stays out of names, in fields and in words."""
    goods = {"A": Product("A", "Drill \u202e99,00\u202c\u0007", VAT)}
    found = look_up_in(Finder(goods), {"A": entry("A", "12.00")}, MARKETS["PL"], "A", at=NOW)
    assert found.answers[0].name == "Drill 99,00"
    assert "\u202e" not in found.text
