"""Three-valued stock out of the phrases that shops use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from pricewatch.domain.offer import Availability
from pricewatch.scraping.extract.words import any_of

_PHRASES = {
    Availability.OUT_OF_STOCK: (
        "out of stock|sold out|currently unavailable|not available|temporarily unavailable|unavailable|"
        "no longer available|no longer sold|n'est plus disponible|plus commercialisé|ya no está disponible|"
            "descatalogado|"
        "non è più disponibile|fuori produzione|discontinued|out-of-stock|not in stock|item is sold|this item has sold|"
        "temporarily out|currently out|join the waitlist|no offers|brak ofert|brak dostępnych ofert|keine angebote|"
        "geen aanbiedingen|niet meer in assortiment|geen aanbieders|žádné nabídky|žádná nabídka|"
        "niedostępn|brak w magazynie|brak na stanie|brak towaru|brak produktu|chwilowy brak|"
        "wyprzedan|nakład wyczerpany|wycofan|nie jest już dostępn|oczekiwanie na dostawę|oczekujemy na dostawę|"
        "powiadom o dostępności|powiadom mnie o dostępności|powiadom mnie gdy|powiadom mnie, gdy|powiadom gdy|"
        "powiadom, gdy|notify me when|email me when|"
        "benachrichtigen wenn|benachrichtige mich|benachrichtigen sie mich|bei verfügbarkeit benachrichtigen|"
        "nicht verfügbar|ausverkauft|nicht auf lager|nicht lieferbar|derzeit nicht|nicht vorrätig|vergriffen|"
        "nicht mehr verfügbar|nicht mehr lieferbar|nicht mehr erhältlich|nicht mehr im sortiment|nicht bestellbar|"
        "nicht erhältlich|momentan nicht|zurzeit nicht|"
        "uitverkocht|niet op voorraad|niet leverbaar|niet beschikbaar|niet meer leverbaar|niet meer verkrijgbaar|"
        "niet meer beschikbaar|niet verkrijgbaar|geen voorraad|uit het assortiment|mail mij wanneer|"
        "vyprodán|není skladem|není na skladě|nedostupn|není dostupn|nelze objednat|prodej ukončen|prodej byl ukončen|"
        "ukončený prodej|ukončen prodej|již není v nabídce|hlídat dostupnost|"
        "nie je na sklade|nie je skladom|nie je dostupn|vypredan|"
        "agotado|fuera de stock|sin existencias|no disponible|sin stock|"
        "rupture de stock|épuisé|indisponible|actuellement indisponible|en rupture|"
        "non disponibile|esaurito|attualmente non disponibile|"
        "esgotado|indisponível|sem stock|"
        "slutsåld|slut i lager|tillfälligt slut|ej i lager|finns ej i lager|inte i lager|bevaka|udsolgt|"
        "ikke på lager|utsolgt|loppuunmyyty|loppu varastosta|ei varastossa|ei saatavilla|tilapäisesti loppu|"
        "elfogyott|nincs készleten|nincs raktáron|nem rendelhető|nem elérhető|stoc epuizat|indisponibil|"
        "nu este în stoc|"
        "изчерпан|няма наличност|няма в наличност|не е в наличност|нет в наличии|немає в наявності|распродано|"
        "rasprodano|razprodano|nije dostupno|nema na zalihi|nedostupno|ni na zalogi|ni na voljo|läbi müüdud|"
        "laost otsas|pole hetkel saadaval|ei ole saadaval|ei ole hetkel saadaval|pole saadaval|"
        "nav pieejams|nav noliktavā|izpārdots|išparduota|neturime|prekės nėra|nėra sandėlyje|"
        "εξαντλήθηκε|εξαντλημέν|μη διαθέσιμ|εκτός αποθέματος|"
        "אזל מהמלאי|לא במלאי|אינו במלאי|המוצר אינו במלאי|המוצר אזל|stokta yok|tükendi|在庫切れ|売り切れ|缺貨|售完"
    ),
    Availability.PRE_ORDER: (
        "pre-order|preorder|pre order|przedsprzedaż|zapowiedź|vorbestell|vorbestellung|vorbestellbar|předobjedn|"
        "predobjedn|pre-bestel|reserveer nu|précommande|preventa|reservar ahora|preordine|pré-venda|előrendel"
    ),
    Availability.BACK_ORDER: (
        "available on backorder|on backorder|backorder|back-order|back order|"
        "na zamówienie|auf bestellung|nachbestell|nabestelling|na objednávku|"
        "sur commande|bajo pedido|su ordinazione|available to order|sob encomenda|beställningsvara|bestillingsvare|"
        "tilaustuote|rendelésre|la comandă|po narudžbi|po naročilu|по поръчка|под заказ|на заказ|под замовлення|"
        "tellimisel|pagal užsakymą|pēc pasūtījuma|κατόπιν παραγγελίας|お取り寄せ"
    ),
    Availability.IN_STOCK: (
        "in stock|available now|add to cart|add to basket|add to bag|buy now|ready to ship|"
        "dostępn|na stanie|w magazynie|do koszyka|kup teraz|duża ilość|średnia ilość|mała ilość|ostatnie sztuki|"
        "auf lager|lieferbar|sofort verfügbar|verfügbar|vorrätig|knapper lagerbestand|"
        "geringer bestand|wenige auf lager|lagernd|versandfertig|in den warenkorb|"
        "op voorraad|leverbaar|in winkelwagen|op werkdagen|"
        "skladem|na skladě|přidat do košíku|do košíku|na sklade|skladom|do košíka|ihned k odeslání|"
        "en stock|disponible|añadir al carrito|ajouter au panier|disponibile|aggiungi al carrello|"
        "em stock|disponível|adicionar ao carrinho|"
        "i lager|finns i lager|på lager|varastossa|raktáron|készleten|în stoc|in stoc|в наличност|в наличии|"
        "в наявності|laos|ir noliktavā|yra sandėlyje|prekę turime|na zalihi|na zalogi|dobavljivo|διαθέσιμ|"
        "άμεσα διαθέσιμ|σε απόθεμα|"
        "ετοιμοπαράδοτ|במלאי|stokta|stokta var|在庫あり|現貨"
    ),
}  # fmt: skip
_ORDER = (Availability.OUT_OF_STOCK, Availability.PRE_ORDER, Availability.BACK_ORDER, Availability.IN_STOCK)
Own = Mapping[Availability, tuple[str, ...]]


def _compiled(phrases: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){any_of(phrases.split('|'))}", re.IGNORECASE)


_PATTERNS = {kind: _compiled(phrases) for kind, phrases in _PHRASES.items()}
WINDOW = 90
MAX_PHRASE = 70
_LABELS = "status|stock|availability|dostępność|verfügbarkeit|dostupnost|lager"
_FILLERS = (
    "sorry|this|the|item|product|is|are|has|been|we|currently|temporarily|now|size|online|produkt|towar|ten|"
    "został|artikel|dieser|dieses|das|ist|jest|leider|aktuell|derzeit|momentan|momentálně|obecnie|zboží|je|"
    "ce|produit|est|el|este|producto|esta|il|prodotto|dit|deze|tento|produkt|już|sofort|direct|noch|nog|only|"
    "tylko|jetzt|nu|teraz|jeszcze|ještě|x|szt|stück|stuks|ks|tijdelijk|tymczasowo|momenteel|helaas|niestety|"
    "chwilowo|bohužel|dočasně|zur|zeit|zurzeit|désolé|temporairement|momentanément|actuellement|"
    "temporalmente|actualmente|temporaneamente|momentaneamente|attualmente|articolo|artículo|article|varan|"
    "varen|tuote|är|er|on|termék|produsul|este|jelenleg|prekės|toto|tato|przepraszamy|entschuldigung|"
    "sentimos|lo|siamo|spiacenti|omlouváme|se|sajnáljuk|tyvärr|desværre|beklager|valitettavasti|nous|sommes|"
    "désolés|questo|cet|cette|denna|detta|denne|dette|ez a|vabandame|antud|hetkel|see|proizvod|prekė|prece|"
    "toode|προϊόν|το|ürün|товар|товара"
)
_OPENING = rf"\n\W*(?:{any_of(_LABELS.split('|'))}\W+|(?:(?:{any_of(_FILLERS.split('|'))}|\d+)\W+){{1,6}})?"
# Whole lines are looked for from the line break in front of them on, which is far quicker than from every character.
# A line that opens with the phrase, or closes with it after a few words.
_WHOLE_LINE = {
    kind: re.compile(rf"{_OPENING}{any_of(phrases.split('|'))}.*$", re.MULTILINE) for kind, phrases in _PHRASES.items()
}
_WORD = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")
_STARTS = re.compile(r"(\w{1,4})\w*")
# The start of the longest word of each phrase: without one of them no phrase can be there, and that is quickly seen.
_KEYS = {
    kind: frozenset(max(_WORD.findall(phrase), key=len)[:4] for phrase in phrases.split("|"))
    for kind, phrases in _PHRASES.items()
}
_STOCK_WORDS = re.compile(
    r"stock|available|only|left|dostępn|magazyn|na stanie|zosta|ostatni|noch|lager|verfügbar|nog|voorraad|sklad|ještě|"
    r"posledn|dispon|stanie|zásob",
)
_PIECES = re.compile(
    r"(?:only|noch|nur noch|zostało|ostatnie|ještě|nog|skladem|auf lager|in stock|na stanie|dostępne|dostępnych)\D{0,6}"
    r"(\d{1,5})(?!\d|[.,]\d|\s*%)|(\d{1,5}) ?(?:szt\.?|stück|stuks|ks|pcs|pieces|available|in stock|left)\b",
    re.IGNORECASE,
)


def availability_of(text: str, own: Own | None = None) -> Availability:
    """Read stock out of a text that is known to be about stock; the site's own phrases first, the longest foremost."""
    lowered = text.lower()
    return told(lowered, own or {}) or _built_in(lowered[:600])


def told(lowered: str, own: Own) -> Availability | None:
    """What the longest of the site's own phrases in a text in lower case says; None when none is in it."""
    said = [(len(phrase), kind) for kind, phrases in own.items() for phrase in phrases if phrase in lowered]
    return max(said)[1] if said else None


@lru_cache(maxsize=1024)
def _built_in(text: str) -> Availability:
    if _NONE_LEFT.search(f"\n{text}") or text.strip() == "brak":
        return Availability.OUT_OF_STOCK
    return next((kind for kind in _ORDER if _PATTERNS[kind].search(text)), Availability.UNKNOWN)


_DELIVERABLE = re.compile(
    r"\n\W*(?:(?:wysyłka|wysyłamy|dostawa|realizacja)\W+(?:w ciągu |w |do |za )?"
    r"(?:\d+ ?h|\d+ ?(?:dni|dzień|godz)|jutro|dziś|dzisiaj|24)|"
    r"(?:czas (?:wysyłki|dostawy)|lieferzeit|levertijd|delivery time)\W+(?:ca\.? ?|ok\. ?|do )?\d+(?: ?[-–] ?\d+)? ?"
    r"(?:werk|arbeits)?(?:tage?|dag|dni|dzień|day|h\b|godz)|"
    r"(?:current )?stock\W{1,3}[1-9]\d*\s*$|[1-9]\d* available\b|"
    r"lieferung (?:zwischen|bis|am|morgen|heute)|"
    r"(?:in |binnen |within )?(?:\d+ ?[-–] ?)?\d+ (?:werktage?n?|werkdag(?:en)?|working days?|dni roboczych|dnů|dní)\b|"
    r"(?:(?:vóór|voor) \d\d?[:.]?\d* ?(?:uur)? besteld|vandaag besteld)?\W*(?:morgen|vandaag|overmorgen) "
    r"(?:nog )?(?:in huis|bezorgd|geleverd)|"
    r"(?:delivery|arrives|ships|dispatched|usually ships|usually dispatched) (?:by|in|within|tomorrow|today)\b|"
    r"(?:zítra|pozítří|dnes) u vás|u vás (?:zítra|pozítří|dnes|za|do)|odesíláme|expedujeme|"
    r"do \d+ (?:dnů|dní|pracovních))",
    re.IGNORECASE | re.MULTILINE,
)
_SOON = frozenset(
    ["wysy", "dost", "real", "czas", "lief", "leve", "werk", "work", "robo", "dnů", "dní", "morg", "vand", "over",
     "stoc", "avai", "deli", "arri", "ship", "disp", "usua", "zítr", "pozí", "odes", "expe", "prac"]
)  # fmt: skip


# Lines that are nothing else: "Sold", "Lagerbestand: 0", "0 in stock".
_PIECE = r"(?:szt|sztuk|stück|stuks|ks|kusů|pcs|pieces)\.?"
_COUNT = (  # labels that are nothing else: what they name may stand on the next line
    r"(?:stan (?:magazynow[yu]|magazynu)|dostępn(?:ość|a ilość)|lagerbestand|verfügbarkeit|dostupnost|availability)"
)
_COUNTED = (
    rf"(?:{_COUNT}|(?:na|w) (?:stanie|magazynie)|dostępnych|auf lager|verfügbar|op voorraad|voorraad|skladem|na skladě|"
    r"in stock|available)"
)
_NONE_LEFT = re.compile(
    r"\n\W*(?:sold|sprzedan[yae]|verkauft|verkocht|prodáno|"
    rf"(?:{_COUNTED}|stock|ilość|bestand)[^\w\n]+0(?: ?{_PIECE})?|"
    rf"{_COUNT}\W+(?:0(?: ?{_PIECE})?|brak|keine?|geen|none)|"
    rf"stan:[^\S\n]*0|(?:stan|bestand|voorraad|stock|sklad)[^\w\n]+(?:brak|keine?r?|geen|none|žádn[ýé])|"
    rf"(?:{_COUNTED}[^\w\n]+)?0 ?(?:{_PIECE}|in stock|available|op voorraad|auf lager|skladem|na stanie|"
    r"w magazynie))\W*$",
    re.MULTILINE,
)
_OFF_THE_SHELF = re.compile(
    rf"\n\W*(?:{_COUNTED}\W+)?(?:(?:produkt|towar|artikel|this|item|product|zboží|is|are|ist|jest|je|leider|niestety|"
    r"helaas|bohužel|dieser?|ten|dit|currently|derzeit|obecnie|momenteel|momentálně|sorry)\W+){0,4}"
    r"(?:wyprzedan[yeao]|niedostępn[yea]|brak (?:w magazynie|na stanie|towaru)|nakład wyczerpany|ausverkauft|"
    r"vergriffen|nicht (?:verfügbar|lieferbar|vorrätig|auf lager)|uitverkocht|"
    r"niet (?:op voorraad|leverbaar|beschikbaar)|vyprodán[ao]?|není skladem|nedostupn[éýá]|"
    r"sold out|out of stock|not in stock)\W*$|"
    rf"\n\W*{_COUNT}\W+.{{1,30}}\W(?:out of stock|sold out|ausverkauft|wyprzedan[yeao]|uitverkocht|vyprodán[ao]?)\W*$",
    re.MULTILINE,
)


_ON_THE_SHELF = re.compile(
    r"\n\W*(?:in stock|available|dostępn[yea]|na stanie|auf lager|lagernd|vorrätig|sofort (?:verfügbar|lieferbar)|"
    r"verfügbar|op voorraad|leverbaar|skladem|na skladě|na sklade|skladom|en stock|disponible|disponibile|i lager|"
    r"på lager|varastossa|raktáron|în stoc)\W*(?:\W[1-9]\d* ?\w{0,5}\W*)?$",
    re.MULTILINE,
)


def none_left(lines: str) -> int:
    """How many lines, in lower case, say nothing but that none is left: a count of zero, or sold out."""
    return sum(1 for pattern in (_NONE_LEFT, _OFF_THE_SHELF) for _ in pattern.finditer(f"\n{lines}"))


def some_left(lines: str) -> bool:
    """Whether a line, in lower case, says nothing but that there is some: where choices are listed, of one of them."""
    return _ON_THE_SHELF.search(f"\n{lines}") is not None


def counts_none(lines: str) -> bool:
    """Whether a line, in lower case, says nothing but that zero pieces are left."""
    return any("0" in found.group() for found in _NONE_LEFT.finditer(f"\n{lines}"))


def shown(window: str) -> tuple[Availability, str]:
    """What the lines around the item's title say of its stock, and in which words; lines in lower case."""
    window = f"\n{window}"
    if found := _NONE_LEFT.search(window):
        return Availability.OUT_OF_STOCK, found.group().strip()
    starts = set(_STARTS.findall(window))
    for kind in _ORDER:
        found = None if _KEYS[kind].isdisjoint(starts) else _WHOLE_LINE[kind].search(window)
        if found:
            return kind, found.group().strip()
    soon = None if _SOON.isdisjoint(starts) else _DELIVERABLE.search(window)
    return (Availability.IN_STOCK, soon.group().strip()) if soon else (Availability.UNKNOWN, "")


def pieces_shown(window: str) -> int | None:
    """The quantity that a line about stock shows, around the item's title."""
    for line in window.splitlines():
        if _DIGIT.search(line) and _STOCK_WORDS.search(line) and (pieces := pieces_of(line)) is not None:
            return pieces
    return None


def pieces_of(text: str) -> int | None:
    """The quantity that a stock text shows, as in "only 3 left"; None when it shows none."""
    found = _PIECES.search(text[:300])
    return int(found.group(1) or found.group(2)) if found else None
