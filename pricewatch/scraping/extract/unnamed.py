"""Offer rows whose markup names nothing: each leads to a shop, and the words that no other row has are the seller."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from selectolax.lexbor import LexborNode

from pricewatch.domain.offer import Availability, Condition
from pricewatch.scraping.extract.condition import whole_line
from pricewatch.scraping.extract.dom import attribute, inside, squeeze, text_of
from pricewatch.scraping.extract.neighbours import holds_money
from pricewatch.scraping.extract.numerals import plain
from pricewatch.scraping.extract.stock import availability_of

LONGEST_NAME = 40
LONGEST_ROW = 1500
MOST_NAMES = 12  # of one row that are looked at
OFTEN = 6
TO_SHOP = re.compile(
    r"idź do sklepu|(?:przejdź )?do sklepu|(?:sprawdź|zobacz) (?:ofertę|w sklepie)|zum (?:shop|angebot|händler)|"
    r"do obchodu|naar (?:de )?(?:web)?(?:winkel|shop)|bekijk (?:aanbod|aanbieding|deal|in winkel)|"
    r"(?:visit|view|see|go to|to) (?:the )?(?:site|shop|store|deal|offer)\b|get (?:this )?deal|"
    r"(?:voir|vers) (?:l'offre|le site|la boutique)|(?:vai|vedi) (?:al (?:negozio|sito)|l'offerta|offerta)|"
    r"(?:ir a la|ver) (?:tienda|oferta)|в магазин|till butik|til butik|kauppaan|irány a bolt|spre magazin|"
    r"în magazin"
)
_NO_NAME = re.compile(
    r"bewertung|review|opini|rating|hodnocen|beoordel|avis\b|stars?\b|info|agb|regulamin|details?|"
    r"versand|dostaw|liefer|deliver|shipping|doprav|verzend|livraison|werktag|dni\b|days?\b|dnů|dagen\b|"
    r"sklepu|shop$|angebot$|offer$|deal$|^\W*\d|\d[.,]\d",
    re.IGNORECASE,
)


def sellers_in(rows: Sequence[LexborNode]) -> list[str]:
    """The seller of every row, in order; empty where not all lead to a shop, or one has no name of its own."""
    if len(rows) < 2 or not all(leads_to_a_shop(row) for row in rows):
        return []
    names = [_names(row) for row in rows]
    shared = Counter(name for own in names for name in set(own))
    most = max(1, len(rows) // OFTEN)  # some sell one thing twice
    found = [next((name for name in own if shared[name] <= most), "") for own in names]
    return found if all(found) else []


def leads_to_a_shop(row: LexborNode) -> bool:
    """Whether a row says how to get to the shop that sells."""
    return TO_SHOP.search(text_of(row, LONGEST_ROW).lower()) is not None


def _names(row: LexborNode) -> list[str]:
    """What may be a seller's name, the likeliest first: pictures of a row, its links, then its other short texts."""
    logos = [attribute(node, "alt") for node in inside(row, "img[alt]")[:MOST_NAMES]]
    links = [text_of(node, LONGEST_NAME + 1) for node in inside(row, "a[href]")[:MOST_NAMES]]
    parts = [part.strip() for part in text_of(row, LONGEST_ROW, "|").split("|")]
    return [name for name in map(squeeze, (*logos, *links, *parts[: 4 * MOST_NAMES])) if _is_name(name)]


def _is_name(text: str) -> bool:
    if not 2 <= len(text) <= LONGEST_NAME or not any(map(str.isalpha, text)) or _NO_NAME.search(text):
        return False
    if whole_line(text) is not Condition.UNKNOWN or availability_of(text) is not Availability.UNKNOWN:
        return False
    return not TO_SHOP.search(text.lower()) and not holds_money(plain(text))
