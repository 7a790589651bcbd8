"""How a price is told to buyers in the languages of our markets, an announced reduction as Directive 98/6/EC art. 6a
wants it: with the lowest price of the 30 days before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pricewatch.domain.decision import Announcement
from pricewatch.domain.money import Money

_INSTANT = timedelta(microseconds=1)  # a reduction that ends at midnight was last told of the day before


@dataclass(frozen=True, slots=True)
class Wording:
    """The sentences of one language."""

    language: str
    decimal: str
    date: str
    prior_price: str
    until: str
    reduced: str
    stock: str
    out_of_stock: str
    delivery: str
    version: str
    several: str
    nothing: str
    near: str
    no_price: str
    loyalty: str
    coupon: str
    as_of: str
    symbols: Mapping[str, str]
    symbol_first: bool = False

    def money(self, amount: Money) -> str:
        """An amount as people write it; a currency without a sign of its own here keeps its code."""
        symbol = self.symbols.get(amount.currency.code, amount.currency.code)
        number = amount.text.replace(".", self.decimal)
        return f"{symbol} {number}" if self.symbol_first else f"{number} {symbol}"

    def prior(self, amount: Money) -> str:
        """The prior price, in the words of the law."""
        return self.prior_price.format(price=self.money(amount))

    def reduction(self, told: Announcement, zone: ZoneInfo) -> str:
        """That a price is reduced, and until which day where an end is known."""
        return self.until.format(day=self.day((told.ends - _INSTANT).astimezone(zone))) if told.ends else self.reduced

    def day(self, at: datetime) -> str:
        """A day as people write it."""
        return at.strftime(self.date)


LANGUAGES: Mapping[str, Wording] = {
    "pl": Wording(
        "pl", ",", "%d.%m.%Y", "Najniższa cena z 30 dni przed obniżką: {price}", "Promocja do {day}", "Promocja",
        "Na stanie: {count} szt.", "Chwilowo niedostępny.", "Dostawa: {text}.", "Cena z cennika {version}, od {day}.",
        "Do „{query}” pasuje {count}:", "Nie ma produktu „{query}”.", "Podobne: {names}", "nie ma jeszcze ceny",
        "Z kartą stałego klienta: {price}", "Z kodem {code}: {price}", "Ceny z dnia {day}.",
        {"PLN": "zł", "EUR": "€", "CZK": "Kč"},
    ),
    "de": Wording(
        "de", ",", "%d.%m.%Y", "Niedrigster Preis der letzten 30 Tage vor der Ermäßigung: {price}", "Angebot bis {day}",
        "Angebot", "Auf Lager: {count} Stück.", "Zurzeit nicht lieferbar.", "Lieferung: {text}.",
        "Preis aus Preisliste {version}, seit {day}.", "Zu „{query}“ passen {count}:", "Kein Produkt „{query}“.",
        "Ähnlich: {names}", "noch ohne Preis", "Mit Kundenkarte: {price}",
        "Mit Code {code}: {price}", "Preise vom {day}.", {"EUR": "€", "PLN": "zł"},
    ),
    "nl": Wording(
        "nl", ",", "%d-%m-%Y", "Laagste prijs in de 30 dagen vóór de prijsverlaging: {price}", "Aanbieding t/m {day}",
        "Aanbieding", "Op voorraad: {count}.", "Tijdelijk niet leverbaar.", "Levering: {text}.",
        "Prijs uit prijslijst {version}, sinds {day}.", "{count} producten passen bij '{query}':",
        "Geen product '{query}'.", "Lijkt op: {names}", "nog geen prijs",
        "Met klantenkaart: {price}", "Met code {code}: {price}", "Prijzen van {day}.", {"EUR": "€"}, symbol_first=True,
    ),
    "cs": Wording(
        "cs", ",", "%d.%m.%Y", "Nejnižší cena za 30 dní před slevou: {price}", "Akce do {day}", "Akce",
        "Skladem: {count} ks.", "Momentálně nedostupné.", "Doručení: {text}.", "Cena z ceníku {version}, od {day}.",
        "„{query}“ odpovídá {count}:", "Produkt „{query}“ neexistuje.", "Podobné: {names}", "zatím bez ceny",
        "S věrnostní kartou: {price}", "S kódem {code}: {price}", "Ceny ze dne {day}.",
        {"CZK": "Kč", "EUR": "€", "PLN": "zł"},
    ),
    "en": Wording(
        "en", ".", "%Y-%m-%d", "Lowest price in the 30 days before the reduction: {price}", "On offer until {day}",
        "On offer", "In stock: {count}.", "Out of stock now.", "Delivery: {text}.",
        "Price list {version}, since {day}.", '{count} products fit "{query}":', 'No product "{query}".',
        "Similar: {names}", "no price yet", "With a loyalty card: {price}",
        "With code {code}: {price}", "Prices of {day}.", {},
    ),
}  # fmt: skip
_COUNTRIES = {"PL": "pl", "DE": "de", "AT": "de", "NL": "nl", "BE": "nl", "CZ": "cs"}


def language_of(country: str) -> str:
    """The language that buyers in a country are told prices in; English where there is no wording of its own."""
    return _COUNTRIES.get(country.upper(), "en")
