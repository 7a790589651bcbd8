"""Titles as tokens that compare across shops and languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache

MAX_TITLE = 600
NONE: frozenset[str] = frozenset()
_SPECIAL = str.maketrans({"ł": "l", "đ": "d", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "″": '"', "”": '"'})
_NUMBER_UNIT = re.compile(
    r"(\d)[\s ]+(gb|tb|mb|mm|cm|m|ml|l|kg|g|w|kw|v|mah|ah|[kmg]?hz|szt|stk|ks|st|pcs|oz|ft|lbs?|cali|zoll|inch)\b"
)
_INCHES = re.compile(r"(\d)\s*-?\s*(?:''|\"|' |(?:inch(?:es)?|zoll|cali|calowy|palcu|palcovy)\b)")
SIGNS = {  # kind → what a text must hold at least, as `Signs` wants it
    "inch": ("'", '"', "inch", "zoll", "cal", "palc"),
    "unit": tuple(f"{digit} {letter}" for digit in "0123456789" for letter in "gtmclkwvahspofiz"),
}
ALL = tuple(SIGNS)
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_DROPPED = {code: None for code in range(128) if not chr(code).isalnum()}
_TOKEN = re.compile(r"\d+[.,]\d+[a-z]*|[a-z0-9]+")
_COLOURS = {
    "black": "black czarny czarna czarne schwarz schwarze schwarzer zwart zwarte cerny cerna cerne noir blk",
    "white": "white bialy biala biale weiss weisse weisser wit witte bily bila bile blanc wht",
    "grey": "grey gray szary szara szare grau graue grijs grijze sedy seda sede graphite grafit grafitowy anthrazit",
    "silver": "silver srebrny srebrna srebrne silber zilver stribrny stribrna argent",
    "red": "red czerwony czerwona czerwone rot rote roter rood rode cerveny cervena cervene rouge",
    "blue": "blue niebieski niebieska niebieskie blau blaue blauer blauw blauwe modry modra modre bleu navy granatowy",
    "green": "green zielony zielona zielone grun grune gruner groen groene zeleny zelena zelene vert",
    "yellow": "yellow zolty zolta zolte gelb gelbe gelber geel gele zluty zluta zlute jaune",
    "orange": "orange pomaranczowy pomaranczowa oranje oranzovy oranzova",
    "pink": "pink rozowy rozowa rozowe rosa roze ruzovy ruzova rose",
    "purple": "purple fioletowy fioletowa lila paars fialovy fialova violet",
    "brown": "brown brazowy brazowa braun braune bruin hnedy hneda",
    "gold": "gold zloty zlota zlote golden goud zlaty zlata",
    "beige": "beige bezowy bezowa bezovy",
    "cyan": "cyan",
    "magenta": "magenta",
}
_COLOUR_OF = {word: colour for colour, words in _COLOURS.items() for word in words.split()}


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Lower case without accents; also for letters that Unicode does not decompose (ł, ß, ø)."""
    lowered = text[:MAX_TITLE].lower()
    if lowered.isascii():
        return lowered
    decomposed = unicodedata.normalize("NFKD", lowered.translate(_SPECIAL))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@lru_cache(maxsize=65_536)
def tokens(title: str) -> tuple[str, ...]:
    """The words and numbers of a title, a number joined with its unit (`128 GB` → `128gb`, `15"` → `15inch`)."""
    return split(fold(title))


def split(text: str, worth: Collection[str] = ALL) -> tuple[str, ...]:
    """The same of a folded text, of which it is known which kinds of `SIGNS` it may hold."""
    if "inch" in worth:
        text = _INCHES.sub(r"\1inch ", text)
    if "unit" in worth:
        text = _NUMBER_UNIT.sub(r"\1\2", text)
    found = _TOKEN.findall(text)
    return tuple([token.replace(",", ".") for token in found] if "," in text else found)


def compact(folded: str) -> str:
    """A folded text without anything but letters and digits."""
    return folded.translate(_DROPPED) if folded.isascii() else _SEPARATORS.sub("", folded)


def colours(words: Iterable[str]) -> frozenset[str]:
    """The colours that words name, in English, whichever language they are in."""
    known = _COLOUR_OF.keys() & words
    return frozenset([_COLOUR_OF[word] for word in known]) if known else NONE
