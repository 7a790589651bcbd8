"""Which column, element or key of a feed is which field: the mapping first, then the usual names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

# The usual names, the surest first: English (Google, Awin), Polish (Ceneo), German, Dutch, Czech (Heureka).
NAMES: Mapping[str, str] = {
    "id": "id, offer id, item id, aw product id, merchant product id, product id, sku, symbol, reference, item number,"
    " article number, product code, kod produktu, kod towaru, indeks, numer katalogowy, artikelnummer, art nr, artnr,"
    " bestellnummer, artikelcode, productcode, kod zbozi, katalogove cislo, item group id, kod, code",
    "variant": "variant, variant id, wariant, variante, varianta",
    "gtin": "gtin, ean, ean13, ean 13, gtin13, product gtin, ean code, barcode, upc, isbn, kod ean, kod kreskowy,"
    " ean kod, kod ean gtin, ean code gtin, strichcode, streepjescode, carovy kod",
    "mpn": "mpn, manufacturer part number, part number, part no, manufacturer code, kod producenta, kod_producenta,"
    " numer producenta, herstellernummer, hersteller nr, herstellerartikelnummer, fabrikantcode, onderdeelnummer,"
    " productno, kod vyrobce, product model, model number",
    "brand": "brand, brand name, manufacturer, producer, marka, producent, marke, hersteller, merk, fabrikant,"
    " znacka, vyrobce",
    "name": "name, product name, productname, title, product title, nazwa, nazwa produktu, nazwa towaru, tytul,"
    " bezeichnung, produktname, artikelbezeichnung, artikelname, titel, naam, productnaam, nazev, nazev produktu,"
    " product, jmeno",
    "category": "category, product type, category path, merchant category, category name, categorytext, cat,"
    " kategoria, grupa, kategorie, warengruppe, categorie, productgroep, google product category",
    "url": "url, link, product url, producturl, aw deep link, merchant deep link, deeplink, deep link, adres,"
    " adres url, odnosnik, produktlink, odkaz",
    "image": "image, image link, image url, imgurl, merchant image url, aw image url, imgs main url, zdjecie, bild,"
    " bild url, afbeelding, obrazek",
    "price": "price, gross price, price gross, price vat, price tax incl, price incl vat, search price, store price,"
    " selling price, regular price, price value, price amount, cena, cena brutto, cena sprzedazy,"
    " cena sprzedazy brutto, cena detaliczna, preis, bruttopreis, preis brutto, verkaufspreis, vk, vk brutto,"
    " prijs, verkoopprijs, prijs incl btw, cena s dph, prodejni cena, cena vcetne dph",
    "sale_price": "sale price, special price, promo price, promotional price, discount price, sale price value,"
    " cena promocyjna, cena w promocji, aktionspreis, angebotspreis, sonderpreis, actieprijs, aanbiedingsprijs,"
    " akcni cena, cena po sleve",
    "sale_period": "sale price effective date, sale price effective period",
    "shipping": "shipping, shipping price, shipping cost, delivery cost, delivery price, delivery price vat,"
    " delivery delivery price vat, delivery delivery price, postage, koszt dostawy, koszt wysylki, dostawa, wysylka,"
    " versandkosten, versand, lieferkosten, verzendkosten, verzending, cena dopravy, doprava, postovne",
    "stock": "stock quantity, quantity, qty, stock, inventory, stan magazynowy, ilosc, ilosc sztuk, dostepna ilosc,"
    " stan, bestand, lagerbestand, menge, voorraad, aantal, mnozstvi, pocet kusu, sklad",
    "availability": "availability, stock status, in stock, is for sale, avail, dostepnosc, status, verfugbarkeit,"
    " lieferstatus, beschikbaarheid, dostupnost, skladem",
    "condition": "condition, state, item type, stan produktu, zustand, toestand, conditie, stav",
    "seller": "seller, seller name, shop, shop name, merchant name, merchant, store, sprzedawca, sklep, verkaufer,"
    " handler, shopname, verkoper, winkel, prodejce, obchod",
    "currency": "currency, currency code, price currency, waluta, wahrung, valuta, mena",
}


def fold(name: str) -> str:
    """A column name without case, accents, punctuation and namespace."""
    plain = unicodedata.normalize("NFKD", name.replace("ł", "l").replace("Ł", "L").replace("ß", "ss").casefold())
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(re.findall(r"[a-z0-9%]+", letters.removeprefix("g:")))


USUAL: Mapping[str, tuple[str, int]] = {
    fold(name): (field, rank)
    for field, names in reversed(tuple(NAMES.items()))
    for rank, name in reversed(tuple(enumerate(names.split(", "))))
}


class Columns:
    """Where each field stands, learnt from the keys that rows have; `places` lists the keys of a field, best first."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self._mapping = {field: fold(name) for field, name in mapping.items()}
        self._seen: set[str] = set()
        self._ranked: dict[str, list[tuple[int, str]]] = {}
        self.places: dict[str, tuple[str, ...]] = {}

    def learn(self, keys: Iterable[str]) -> None:
        """Take note of the keys of a row; most rows have only known ones."""
        if self._seen.issuperset(keys):
            return
        for key in keys:
            if key not in self._seen:
                self._seen.add(key)
                self._place(key, fold(key))
        self.places = {field: tuple(key for _, key in sorted(ranked)) for field, ranked in self._ranked.items()}

    def _place(self, key: str, folded: str) -> None:
        mapped = [field for field, name in self._mapping.items() if name == folded]
        field, rank = USUAL.get(folded, ("", 0))
        for each in mapped:
            self._ranked.setdefault(each, []).append((-1, key))
        if field and not mapped and field not in self._mapping:
            self._ranked.setdefault(field, []).append((rank, key))

    def missing(self) -> tuple[str, ...]:
        """Fields that are mapped to what no row has."""
        return tuple(field for field in self._mapping if field not in self._ranked)


def known(header: Iterable[str], mapping: Mapping[str, str]) -> int:
    """How many of the names are those of fields."""
    mapped = {fold(name) for name in mapping.values()}
    return sum(name in USUAL or name in mapped for name in map(fold, header))
