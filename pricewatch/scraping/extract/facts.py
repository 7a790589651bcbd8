"""Facts that a page states as a label with a value: brand, article number, part number, condition, delivery, pieces."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pricewatch.scraping.extract.dom import tidy

MAX_LABEL = 40
MAX_VALUE = 60
LONGEST = MAX_LABEL + MAX_VALUE
_LABELS = {
    "brand": "brand|brand name|manufacturer|marka|producent|marke|hersteller|merk|fabrikant|značka|výrobce|výrobca|"
    "marque|fabricant|marca|fabricante|produttore|märke|mærke|merke|brändi|márka|gyártó|brend|бренд|марка",
    "sku": "sku|item number|item no|item #|product code|product number|article number|art. no|asin|ebay item number|"
    "catalogue number|cat. number|nr artykułu|numer artykułu|kod produktu|nr produktu|indeks|symbol|artikelnummer|"
    "art.-nr|artikel-nr|art.nr|bestellnummer|bestell-nr|artnr|produktnummer|artikelcode|bestelnummer|kód produktu|"
    "kód zboží|objednací kód|référence|réf|referencia|código|codice|codice articolo|varenummer|tuotenumero|cikkszám|"
    "cod produs|артикул|код товара",
    "mpn": "mpn|manufacturer part number|part number|model number|mfr part number|kod producenta|nr katalogowy|"
    "numer katalogowy|herstellernummer|herstellerartikelnummer|hersteller-nr|part-nr|fabrikantcode|kód výrobce|"
    "part no|référence fabricant",
    "condition": "condition|item condition|stan|stan produktu|zustand|artikelzustand|stav|stav zboží|conditie|staat|"
    "état|condizione|condizioni|estado|skick|stand",
}  # fmt: skip
_KNOWN = {label: name for name, labels in _LABELS.items() for label in labels.split("|")}
_ALONE = {label + mark: name for label, name in _KNOWN.items() for mark in ("", ":", " :", "：", ".", "#", "-")}
_PAIR = re.compile(r"([^:：]{2,40})[:：]\s*(\S.{0,80})")
_JUNK = " \t\u00a0\u200e\u200f:：#.()|-–"


def facts_in(texts: Sequence[str], lowered: Sequence[str]) -> list[tuple[int, str, str]]:
    """Every labelled fact of the texts: its place, its name and its value, the label in front or in the text before."""
    found: list[tuple[int, str, str]] = []
    for place, text in enumerate(lowered):
        if text in _ALONE:
            name, value = _ALONE[text], _next(texts, place)
        elif ":" in text or "：" in text:
            name, value = _labelled(texts[place]) if len(texts[place]) <= LONGEST else ("", "")
        else:
            continue
        if name and (value := value.strip(_JUNK)) and len(value) <= MAX_VALUE and value.lower() not in _KNOWN:
            found.append((place, name, value))
    return found


def _labelled(text: str) -> tuple[str, str]:
    """The fact that a text with a colon states behind it."""
    pair = _PAIR.fullmatch(text)
    return (_KNOWN.get(pair[1].strip(_JUNK).lower(), ""), pair[2]) if pair else ("", "")


_SOLD_BY = re.compile(
    r"^\W*(?:(?:(?:versand und )?verkauf(?: (?:und|&) versand)? durch|"
    r"(?:versandt und )?verkauft (?:und versandt )?(?:von|durch)|"
    r"(?:(?:ships from|dispatched from|shipped) and )?sold (?:and (?:shipped|dispatched|delivered) )?by|"
    r"sprzedaje(?: i wysyła)?|wysyła i sprzedaje|sprzedaż i wysyłka|sprzedawane przez|"
    r"(?:verzonden en )?verk(?:oop|ocht)(?: en (?:verzonden|verzending))? door|"
    r"prodává(?: a (?:doručuje|odesílá|expeduje))?|vendu par|vendido por|venduto da)\b\s*:?|"
    r"(?:sprzedawca|verkäufer|anbieter|verkoper|prodejce|seller)(?:\s*:|$))\s*(.{0,60})$",
    re.IGNORECASE,
)
_SOLD_BY_STARTS = frozenset("adpsvwADPSVW\u017f")  # what its words begin with
_SOLD_BY_STEMS = ("verk", "sold", "sprzeda", "prodáv", "prodejce", "vend", "anbieter", "seller")
_SENTENCE = re.compile(r"(?<=\w{4})\. (?=[^\W\d_]{3})")
_AMOUNT = re.compile(r"\d[.,]\d\d(?!\d)|\d ?(?:zł|€|kč)", re.IGNORECASE)
_NO_NAME = re.compile(r"rating|bewertung|beoordeling|hodnocení|opini|feedback|\bships\b|details|info", re.IGNORECASE)


def sold_by(texts: Sequence[str]) -> str:
    """The seller that a short text near the title names: `Sold by Anna`; empty when none does."""
    together = "\0".join(texts).casefold()
    if not any(stem in together for stem in _SOLD_BY_STEMS):
        return ""
    for place, text in enumerate(texts):
        if text[:1] not in _SOLD_BY_STARTS and text[:1].isalnum():
            continue
        found = _SOLD_BY.match(tidy(text)) if len(text) <= 80 else None
        name = _SENTENCE.split(found[1] or _next(texts, place))[0].strip(_JUNK) if found else ""
        if 2 <= len(name) <= MAX_VALUE and any(map(str.isalpha, name)) and not _NO_NAME.search(name):
            return name
    return ""


_FROM = frozenset({"od", "von", "door", "by", "from", "od:", "par", "da", "de", "prodejce"})
LONGEST_NAME = 40


def from_whom(texts: Sequence[str]) -> str:
    """The seller that follows a text that is nothing but `od`, `von` or `by`; empty when none does."""
    for place, text in enumerate(texts[:-1]):
        if text.lower() in _FROM:
            name = texts[place + 1]
            if len(name) <= LONGEST_NAME and any(map(str.isalpha, name)) and not _AMOUNT.search(name):
                return name
    return ""


def _next(texts: Sequence[str], place: int) -> str:
    for text in texts[place + 1 : place + 4]:
        value = text.strip(_JUNK)
        if value:
            return "" if value.endswith(":") else value
    return ""
