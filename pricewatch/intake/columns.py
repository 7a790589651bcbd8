"""Which column of a file is which field: the user's mapping first, then the usual names in five languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from pricewatch.domain.errors import PricewatchError

# The usual names of each field, the surest first: English, Polish, German, Dutch, Czech.
PRODUCT: Mapping[str, str] = {
    "sku": "sku, variant sku, symbol, product code, item number, article number, kod produktu, kod towaru, indeks,"
    " numer katalogowy, reference, referencja, artikelnummer, art nr, artnr, bestellnummer, artikelcode, productcode,"
    " kod zbozi, artikelnummer sku, katalogove cislo, external id, offer id, id, kod, code",
    "name": "name, product name, title, product title, nazwa, nazwa produktu, nazwa towaru, tytul, bezeichnung,"
    " produktname, artikelbezeichnung, artikelname, titel, naam, productnaam, omschrijving kort, nazev,"
    " nazev produktu, jmeno",
    "price": "price, gross price, price gross, price tax incl, selling price, regular price, sale price gross, cena,"
    " variant price, cena brutto, cena sprzedazy, cena sprzedazy brutto, cena detaliczna, cena regularna, preis,"
    " bruttopreis, preis brutto, verkaufspreis, regularer preis, vk, vk brutto, prijs, verkoopprijs, reguliere prijs,"
    " prijs incl btw, cena s dph, prodejni cena, cena vcetne dph, bezna cena",
    "sale_price": "sale price, special price, promo price, promotional price, cena promocyjna, cena w promocji,"
    " angebotspreis, aktionspreis, sonderpreis, actieprijs, aanbiedingsprijs, akcni cena, cena v akci, cena po sleve",
    "sale_from": "date sale price starts, special price from date, special from date, sale price effective date,"
    " sale from, sale start, promocja od, aktion von, actie van, akce od",
    "sale_until": "date sale price ends, special price to date, special to date, sale until, sale end, promocja do,"
    " aktion bis, actie tot, akce do",
    "cost": "cost, cost price, cost per item, cost of goods, cost of goods sold, purchase price, unit cost, cogs,"
    " koszt, koszt netto, cena zakupu, cena zakupu netto, einkaufspreis, ek, ek netto, ek preis, kosten, inkoopprijs,"
    " kostprijs, nakupni cena, naklady, nakupka",
    "tax": "tax, tax rate, vat, vat rate, vat percent, vat %, stawka vat, stawka, podatek, podatek vat, mwst,"
    " mwst satz, ust, ust satz, steuersatz, umsatzsteuer, btw, btw tarief, btw percentage, dph, sazba dph",
    "floor": "floor, min price, minimum price, price floor, cena minimalna, minimalna cena, cena min, mindestpreis,"
    " preisuntergrenze, minimumprijs, minimale prijs, minimalni cena",
    "ceiling": "ceiling, max price, maximum price, price ceiling, cena maksymalna, maksymalna cena, cena max,"
    " hochstpreis, maximalpreis, maximumprijs, maximale prijs, maximalni cena",
    "rrp": "rrp, msrp, srp, list price, recommended price, cena katalogowa, cena sugerowana, sugerowana cena, uvp,"
    " listenpreis, adviesprijs, doporucena cena",
    "map_price": "map price, map, minimum advertised price",
    "stock": "stock, quantity, qty, stock quantity, in stock, inventory, inventory quantity, variant inventory qty,"
    " stan magazynowy, ilosc, ilosc sztuk, dostepna ilosc, bestand, lagerbestand, menge, voorraad, aantal, sklad,"
    " skladem, mnozstvi, pocet kusu, stan",
    "brand": "brand, manufacturer, producer, marka, producent, marke, hersteller, merk, fabrikant, znacka, vyrobce",
    "gtin": "gtin, ean, ean13, ean 13, ean code, gtin13, barcode, upc, isbn, variant barcode, kod ean, kod kreskowy,"
    " ean code gtin, gtin upc ean or isbn, gtin upc ean lub isbn, gtin upc ean oder isbn, gtin upc ean of isbn,"
    " gtin upc ean nebo isbn, ean kod, strichcode, streepjescode, carovy kod",
    "mpn": "mpn, manufacturer part number, part number, manufacturer code, kod producenta, numer producenta,"
    " herstellernummer, hersteller nr, herstellerartikelnummer, fabrikantcode, onderdeelnummer, kod vyrobce, part no",
    "category": "category, categories, product type, category path, kategoria, grupa, grupa towarowa, kategorie,"
    " kategorien, warengruppe, categorie, productgroep, google product category",
    "supplier": "supplier, vendor, dostawca, lieferant, leverancier, dodavatel",
    "tags": "tags, labels, tagi, etykiety, schlagworte, trefwoorden, stitky",
    "kvi": "kvi, key value item, produkt kluczowy",
    "currency": "currency, waluta, wahrung, valuta, mena",
    "url": "url, link, product url, adres, adres url, odnosnik, produkt url, produktlink, odkaz",
    "image_url": "image url, image link, image, images, image src, main, photo, zdjecie, adres zdjecia, bild,"
    " bild url, afbeelding, obrazek",
    "description": "description, body html, opis, beschreibung, omschrijving, beschrijving, popis",
}
STOCK: Mapping[str, str] = {"sku": PRODUCT["sku"], "stock": PRODUCT["stock"]}
PRICES: Mapping[str, str] = {"sku": PRODUCT["sku"], "price": PRODUCT["price"]}
RATES: Mapping[str, str] = {
    "base": "base, from, currency, waluta, kod waluty, wahrung, valuta, mena",
    "quote": "quote, to, quote currency, waluta docelowa",
    "rate": "rate, mid, kurs, kurs sredni, value, koers",
    "day": "day, date, effective date, data, datum",
    "source": "source, zrodlo, quelle, bron, zdroj",
}
MATCHES: Mapping[str, str] = {
    "sku": PRODUCT["sku"],
    "url": PRODUCT["url"] + ", competitor url, item url",
    "site": "site, shop, sklep, strona, seite, winkel, obchod",
    "item": "item, item id, remote id, offer",
    "variant": "variant, wariant, variante, varianta",
    "kind": "kind, match kind, rodzaj, art, soort, druh",
    "factor": "factor, pack, pack factor, mnoznik, krotnosc, faktor",
    "status": "status, stan dopasowania",
}
SALES: Mapping[str, str] = {
    "sku": PRODUCT["sku"] + ", lineitem sku, sku produktu, item sku",
    "date": "date, day, sold at, created at, order date, date created, date add, paid at, data, data zamowienia,"
    " data sprzedazy, datum, bestelldatum, auftragsdatum, kaufdatum, besteldatum, orderdatum, datum objednavky",
    "units": "units, quantity, qty, pieces, sold, units sold, lineitem quantity, quantity ordered, ilosc, sztuk,"
    " liczba sztuk, ilosc sztuk, ilosc sprzedana, sprzedana ilosc, sprzedano, menge, anzahl, stuckzahl, stuck,"
    " verkaufte menge, verkaufte stuckzahl, aantal, mnozstvi, pocet kusu",
    "price": "price paid, price, unit price, item price, lineitem price, gross price, cena, cena brutto,"
    " cena jednostkowa, preis, einzelpreis, stuckpreis, prijs, stukprijs, cena za kus, jednotkova cena",
    "total": "total, line total, row total, amount, wartosc, wartosc brutto, suma, summe, gesamt, gesamtpreis, bedrag,"
    " totaal, celkem",
    "order": "order, order id, order number, order no, name, zamowienie, numer zamowienia, nr zamowienia, bestellung,"
    " bestellnummer, auftrag, auftragsnummer, bestelling, ordernummer, objednavka, cislo objednavky",
    "line": "line, line id, line item id, item id, pozycja, lp, position, pos, regel, radek",
    "channel": "channel, source, kanal, zrodlo, kanaal, quelle",
    "promotion": "promotion, promo, promocja, aktion, actie, akce",
    "status": "status, order status, financial status, stan, stav",
    "currency": PRODUCT["currency"],
}
SCANNER: Mapping[str, str] = {
    "brand": "brand, marka, marke, merk, znacka, product, upc",
    "price": "price, unit price, cena, preis, prijs",
    "logprice": "logprice, log price, lprice, lnprice, ln price",
    "logmove": "logmove, log move, lmove, log sales, logsales, log units, logunits, lnmove, ln sales",
    "sales": "sales, units, move, quantity, units sold, volume",
}
FIELDS = tuple(field for field in PRODUCT if field != "currency")


NET_PRICE = (
    "net price, price net, price tax excl, cena netto, cena sprzedazy netto, nettopreis, preis netto, vk netto,"
    " prijs excl btw, cena bez dph"
)
_LETTERS = str.maketrans({"ł": "l", "Ł": "L", "ß": "ss", "€": " eur ", "£": " gbp ", "$": " usd "})
_SALE = re.compile(
    r"\b(sale|special|promo\w*|angebot\w*|aktion\w*|sonderpreis\w*|actie\w*|aanbieding\w*|akc\w*|slev\w*)\b"
)
_BEGINS = re.compile(r"\b(start\w*|from|begin\w*|od|von|ab|rozpocz\w*|poczat\w*|van|vanaf|zacat\w*)\b")
_ENDS = re.compile(r"\b(end\w*|until|till|to|koniec|konca|zakoncz\w*|do|bis|tot|einde|eindigt|konec|konce)\b")
_SIGNS = {"PLN": "zl", "CZK": "kc", "HUF": "ft", "RON": "lei"}


def fold(name: str) -> str:
    """A column name without case, accents, punctuation and namespace."""
    plain = unicodedata.normalize("NFKD", name.translate(_LETTERS).casefold())
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(re.findall(r"[a-z0-9%]+", letters.removeprefix("g:")))


def find(
    header: Sequence[str], names: Mapping[str, str], mapping: Mapping[str, str], where: str, currency: str = ""
) -> Mapping[str, int]:
    """Find the column of each field; raises PricewatchError when a mapped column is not in the file, or is twice.

    `Cena (zł)` is `Cena` where the currency is PLN, and no name that is known where it is not.
    """
    folded = [fold(name) for name in header]
    found: dict[str, int] = {}
    for field, column in mapping.items():
        found[field] = _only(fold(column), folded, column, header, where)
    folded = [_without(name, currency) for name in folded]
    for field, usual in names.items():
        places = (folded.index(name) for name in usual.split(", ") if name in folded)
        free = next((place for place in places if place not in found.values()), None)
        if field not in found and free is not None:
            found[field] = free
    return found


def sale_dates(header: Sequence[str], found: Mapping[str, int]) -> Mapping[str, int]:
    """Where there are sale prices, the columns that say from when to when they count, by words of their names."""
    dates: dict[str, int] = {}
    free = [(place, fold(name)) for place, name in enumerate(header) if place not in found.values()]
    for field, words in (("sale_from", _BEGINS), ("sale_until", _ENDS)):
        named = [place for place, name in free if _SALE.search(name) and words.search(name)]
        if "sale_price" in found and field not in found and len(named) == 1:
            dates[field] = named[0]
    return dates


def candidates(header: Sequence[str], usual: str, currency: str) -> list[int]:
    """All columns that have one of the usual names of a field."""
    known = usual.split(", ")
    return [place for place, name in enumerate(header) if _without(fold(name), currency) in known]


def _without(folded: str, currency: str) -> str:
    """A folded name without the currency at its end."""
    words = folded.split()
    own = {currency.lower(), _SIGNS.get(currency, "")}
    return " ".join(words[:-1]) if len(words) > 1 and words[-1] in own else folded


def _only(name: str, folded: Sequence[str], column: str, header: Sequence[str], where: str) -> int:
    if folded.count(name) == 1:
        return folded.index(name)
    if name in folded:
        raise PricewatchError(f"there are {folded.count(name)} columns {column!r}", where=where, hint="rename one")
    raise PricewatchError(
        f"there is no column {column!r}",
        where=where,
        hint=f"[catalogue] columns maps to it; the file has {', '.join(repr(name) for name in header)}",
    )
