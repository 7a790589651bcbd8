"""Whose dollar a bare sign is, where neither the shop's country nor the page's language tells.

A dozen currencies are written with the same sign. What is asked, in this order: the codes that the page's scripts
name, the numbers to call, the countries that its text names, the language of its text. Nothing is guessed where these
leave several: then the price stays open, and the reading says which it could be.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from pricewatch.scraping.extract.currencies import currency_of_phone
from pricewatch.scraping.extract.dom import Document, attribute

MAX_PHONES = 20
MOST = 3  # times as often as the next country
SPANISH = 4  # words of Spanish in a page's texts
_CODED = re.compile(rb"""currency(?:_?code|iso)?\\?["']?\s*[:=]\s*\\?["']([A-Z]{3})\\?["']""", re.IGNORECASE)
_COUNTRIES = {
    "CAD": r"canad(?:a|ian)|ontario|québec|quebec|british columbia|alberta|toronto|vancouver",
    "AUD": r"australian?|queensland|melbourne|sydney|nsw",
    "NZD": r"new zealand|auckland|nz",
    "SGD": r"singapore",
    "HKD": r"hong kong|香港",
    "TWD": r"taiwan|台灣|台北",
    "MXN": r"méxico|mexico|cdmx",
    "ARS": r"argentina|buenos aires",
    "CLP": r"chile|chilen[ao]s?",
    "COP": r"colombia|bogotá",
    "UYU": r"uruguay|montevideo",
    "USD": r"usa|u\.s\.|united states|estados unidos",
}
_NAMED = re.compile(
    r"(?<!\w)(?:" + "|".join(f"(?P<{code}>{names})" for code, names in _COUNTRIES.items()) + r")(?!\w)", re.IGNORECASE
)
_SPANISH = re.compile(
    r"(?<!\w)(?:el|los|las|una|del|con|para|por|añadir|agregar|carrito|comprar|envío|envíos|precio|compra|tu|más|entrada)"
    r"(?!\w)",
    re.IGNORECASE,
)
_FOREIGN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


def whose(document: Document, texts: Sequence[str], codes: tuple[str, ...]) -> str:
    """The one currency of these codes that a sign stands for on this page; empty when the page does not tell."""
    written = set(_CODED.findall(document.encoded))
    coded = {code for code in codes if code.encode() in written}
    if len(coded) == 1:
        return next(iter(coded))
    return (_called(document) or _named(texts, codes)) if "CLP" in codes else ""


def language(texts: Sequence[str]) -> str:
    """`es` or `zh` where the texts are in it, whatever the page declares; else empty."""
    near = " ".join(texts[:300])[:8000]
    if len(_SPANISH.findall(near)) >= SPANISH:
        return "es"
    return "zh" if len(_FOREIGN.findall(near)) >= SPANISH else ""


def _called(document: Document) -> str:
    """The currency of the country in which the numbers to call are; empty where they are in several or in none."""
    links = document.all("a[href^='tel:+'],a[href^='tel:00'],a[href*='wa.me/'],a[href*='whatsapp.com/send?phone=']")
    found = {currency_of_phone(attribute(link, "href")) for link in links[:MAX_PHONES]}
    return found.pop() if len(found) == 1 else ""


def _named(texts: Sequence[str], codes: tuple[str, ...]) -> str:
    """The currency of the country that the page names far more often than any other, and more than once."""
    found = Counter(match.lastgroup or "" for text in texts for match in _NAMED.finditer(text))
    best = found.most_common(2)
    if not best or best[0][1] < 2 or best[0][0] not in codes:
        return ""
    return best[0][0] if len(best) == 1 or best[0][1] >= MOST * best[1][1] else ""
