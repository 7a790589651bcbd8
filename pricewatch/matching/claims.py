"""What titles claim in words that exclude each other: side, plug, edition, platform, flavour, size, licences.

Two titles contradict each other where both make a claim of one kind and share none of its values.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from pricewatch.matching.normalise import fold, tokens
from pricewatch.matching.signs import DIGITS, behind_digits

Claims = Mapping[str, frozenset[str]]
_WORDS = {  # kind → value → words of five languages, folded
    "side": {
        "left": "left lewy lewa lewe links linke linker linkes linkerkant levy leva leve levou",
        "right": "right prawy prawa prawe rechts rechte rechter rechtes rechterkant pravy prava prave pravou",
    },
    "platform": {
        "ps3": "ps3",
        "ps4": "ps4",
        "ps5": "ps5",
        "xbox": "xbox",
        "switch": "switch",
        "windows": "windows win winxp win98 vista",
        "mac": "mac macintosh macos osx",
        "linux": "linux",
    },
    "edition": {
        "home": "home domowy domowa",
        "pro": "pro professional prof profesjonalny profesjonalna",
        "standard": "standard std standaard standardni",
        "premium": "premium prem",
        "student": "student academic edu education educational",
        "enterprise": "enterprise",
        "basic": "basic essentials starter",
        "deluxe": "deluxe dlx",
        "ultimate": "ultimate",
    },
    "scope": {
        "upgrade": "upgrade upgrd upg upsell aktualizacja",
        "full version": "full vollversion pelna",
    },
    "camera": {
        "body": "body korpus gehause telo",
        "with lens": "lens lenses obiektyw obiektywem objektiv objektivem objektief",
    },
    "flavour": {
        "vanilla": "vanilla wanilia waniliowy waniliowa vanille vanilka vanilkovy",
        "chocolate": "chocolate czekolada czekoladowy czekoladowa schokolade schoko chocolade cokolada cokoladovy",
        "strawberry": "strawberry truskawka truskawkowy truskawkowa erdbeere aardbei jahoda jahodovy",
        "raspberry": "raspberry malina malinowy malinowa himbeere framboos malinovy",
        "lemon": "lemon cytryna cytrynowy cytrynowa zitrone citroen citron citronovy",
        "mint": "mint mieta mietowy minze munt mata matovy peppermint pfefferminze",
        "lavender": "lavender lawenda lawendowy lavendel levandule levandulovy",
        "coconut": "coconut kokos kokosowy kokosnuss kokosovy",
        "banana": "banana banan bananowy banane banaan bananovy",
        "caramel": "caramel karmel karmelowy karamell karamel karamelovy",
        "apple": "jablko jablkowy apfel appel jablecny",
    },
}
_OF_WORD = {
    word: (kind, value) for kind, values in _WORDS.items() for value, words in values.items() for word in words.split()
}
_PLUG = r"(?:plug|wtyczk\w*|stecker|stekker|zastrck\w*)"
_SIZE = r"(?:size|rozmiar|rozm|grosse|gr|maat|velikost|vel)\b\.?:? ?"
_LETTERS = {"small": "s", "medium": "m", "large": "l"}
_PATTERNS = {  # kind → pattern; the value is whatever its groups caught
    "plug": re.compile(rf"\b(eu|uk|us|ch|au)[ -]?{_PLUG}|{_PLUG} \(?(eu|uk|us|ch|au)\b|\((eu|uk|us)\)"),
    "size": re.compile(rf"\b{_SIZE}(\d\d(?:[.,]5)?|x{{0,3}}s|m|x{{0,4}}l)\b"),
    "tyre": re.compile(r"\b(\d{3})[/ ](\d\d) ?z?r(\d\d)\b"),
    "generation": re.compile(
        r"\b(\d)\.?(?:st|nd|rd|th|e)? ?gen(?:eration|eracji|eracja|eratie|erace)?\b|\bgen(?:eration|eracji)?\.? ?(\d)\b"
    ),
    "mark": re.compile(r"\bmk\.? ?(i{1,3}v?|iv|\d)\b"),
    "year": re.compile(r"(?<![\d/.-])(20[0-4]\d)(?![\d/.-])"),
    "licences": re.compile(
        r"\b(\d{1,4}) ?-?(?:users?|uzytkownik\w*|stanowisk\w*|gerate?n?|apparaat|apparaten|zarizeni|devices?|urzadze\w*"
        r"|seats?|pcs?|komputer\w*|licen[cs]es?)\b"
    ),
    "years": re.compile(r"\b(\d) ?-?(?:rok|roky|lata|lat|let|jahre?|jaar|years?|yrs?)\b"),
    "servings": re.compile(
        r"\b(\d{1,3}) ?-?(?:bags|torebek|torebki|beutel|zakjes|sacku|tabs|tabletek|tabletten|tablet\b)"
    ),
}
_LAST_SIZE = re.compile(r"(?<=[a-z])[ ,/-]+\(?(xxs|xs|s|m|l|xl|xxl|3xl)\)?$|\b(small|medium|large)$")
_LAST = 16  # letters at the end of a title in which its last word stands, if that is a size
SIGNS = {  # kind → what a text must hold at least for the pattern of the kind to find anything, as `Signs` wants it
    "plug": ("plu", "wty", "eck", "ekk", "zas", "(eu", "(uk", "(us"),
    "size": ("siz", "roz", "gro", "gr ", "gr.", "gr:", "maa", "vel"),
    "tyre": tuple(f"{before}r{digit}" for before in f"{DIGITS} z" for digit in DIGITS),
    "generation": ("gen",),
    "mark": ("mk",),
    "year": ("200", "201", "202", "203", "204"),
    "licences": ("use", "uzy", "sta", "ger", "app", "zar", "dev", "urz", "sea", "pc", "kom", "lic"),
    "years": behind_digits("rljy-"),
    "servings": ("bag", "ore", "beu", "zak", "sac", "tab"),
    "last": tuple(f"{letter}\n\n" for letter in "sml)e"),
}
_BEHIND = frozenset({"pro", "plus", "max", "ultra", "lite", "mini", "se", "fe", "air"})
_NUMBERED = re.compile(r"\b(?!for\b|set\b)([a-z]{3,}) (\d{1,2})(?:\.0)?(?= [a-z(]|[),]|$)")


def contradictions(ours: str, theirs: str, known: Claims, said: Claims) -> Iterator[str]:
    """What two titles, and the claims that they make, say against each other, in words, theirs first."""
    for kind in sorted(known.keys() & said.keys()):
        if not known[kind] & said[kind]:
            yield f"{'/'.join(sorted(said[kind]))} against {'/'.join(sorted(known[kind]))}"
    yield from _numbered(ours, theirs)
    yield from _suffixed(tokens(ours), tokens(theirs))


def claimed(text: str, words: Sequence[str], worth: Collection[str]) -> Claims:
    """The values that a title claims, by kind, from its folded text with single spaces and its words.

    `worth` are the kinds of `SIGNS` that it may hold.
    """
    found: dict[str, set[str]] = {}
    for word in _OF_WORD.keys() & words:
        kind, value = _OF_WORD[word]
        found.setdefault(kind, set()).add(value)
    for kind, pattern in _PATTERNS.items():
        if kind in worth:
            for hit in pattern.finditer(text):
                found.setdefault(kind, set()).add(_value(hit))
    if "last" in worth and (last := _LAST_SIZE.search(text[-_LAST:])):
        found.setdefault("size", set()).add(_value(last))
    return {kind: frozenset(values) for kind, values in found.items()}


def _value(hit: re.Match[str]) -> str:
    caught = "/".join(filter(None, hit.groups()))
    return _LETTERS.get(caught, caught)


def _numbered(ours: str, theirs: str) -> Iterator[str]:
    """A word that both titles have with a small number behind it, never the same one: `boom 3 against boom 2`."""
    mine, other = _numbers(ours), _numbers(theirs)
    for word in sorted(mine.keys() & other.keys()):
        if not mine[word] & other[word]:
            yield f"{word} {'/'.join(sorted(other[word]))} against {word} {'/'.join(sorted(mine[word]))}"


@lru_cache(maxsize=65_536)
def _numbers(title: str) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for hit in _NUMBERED.finditer(fold(title)):
        found.setdefault(hit[1], set()).add(hit[2])
    return {word: frozenset(values) for word, values in found.items()}


def _suffixed(ours: tuple[str, ...], theirs: tuple[str, ...]) -> Iterator[str]:
    """A series of which one title names a variant that the other does not: `a52 pro against a52`."""
    for word, after in _variants(theirs):
        if word in ours and not _says(ours, after):
            yield f"{word} {after} against {word}"
    for word, after in _variants(ours):
        if word in theirs and not _says(theirs, after):
            yield f"{word} against {word} {after}"


def _variants(words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    return (pair for pair in pairwise(words) if pair[1] in _BEHIND and any(c.isdigit() for c in pair[0]))


def _says(words: tuple[str, ...], variant: str) -> bool:
    return any(word == variant or _OF_WORD.get(word, ("", ""))[1] == variant for word in words)
