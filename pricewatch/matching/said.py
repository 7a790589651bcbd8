"""What a title says that guards look at: packs, sizes, wear, accessories, claims; read once, kept while it is fresh."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from pricewatch.matching import claims, normalise
from pricewatch.matching.claims import claimed
from pricewatch.matching.normalise import fold, split
from pricewatch.matching.signs import DIGITS, Signs, behind_digits

_PIECES = (
    r"packs?\b|pk\b|-?pak\b|szt\b|sztuk\w*|stuck\b|stk\b|er[\s-]?(?:pack|set)\b|ks\b|kusy?\b|stuks?\b|pcs?\b|pieces\b"
)
_PACKS = {
    "pieces": re.compile(rf"(?<![\w-])(\d{{1,3}})[\s-]*(?:{_PIECES})"),
    "times": re.compile(r"^(\d{1,2}) ?x (?=\D)|\b(\d{1,2})x$|(?<!\d )(?<!\d)\bx ?(\d{1,2})$"),
    "times size": re.compile(r"\b(\d{1,2}) ?x ?(?=\d+(?:[.,]\d+)? ?(?:ml|l|g|kg)\b)"),
    "set": re.compile(r"\b(?:zestaw|komplet|(?:set|pack|lot|box|case) (?:of|van|von)|opakowanie|sada)\s+(\d{1,3})\b"),
}
_PACK_WORDS = (  # a number and `pc` alone are a computer's as often as pieces
    "pac", "pak", "pk", "szt", "stk", "stu", "ks", "kus", "pcs", "piece", "x", "komp", "zest", "set", "lot", "box",
    "case", "sada", "bal", "pair", "dupl", "duo",
)  # fmt: skip
_NAMED_PACKS = {
    2: re.compile(r"\b(?:twin|double|duo|dual)[\s-]?pack|\bdwupak|\bdoppelpack|\bpair of\b|\bduopack|\bdvojbaleni"),
    3: re.compile(r"\b(?:triple|tri|trio)[\s-]?pack|\btrojpak|\bdreierpack"),
    4: re.compile(r"\b(?:quad)[\s-]?pack|\bczteropak|\bviererpack"),
}
_USED = re.compile(
    r"uzywan|odnowion|refurb|renewed|poleasing|gebraucht|generaluberholt|powystaw|outlet|\bopen[\s-]box|\bb-?(?:ware|stock)\b"
    r"|tweedehands|pouzit|repasovan|\bused\b|pre-?owned|recondition|remanufactur|second[\s-]?hand|\bex[\s-]?demo|\brecertified"
    r"|gereviseerd|wiederaufbereitet|regenerowan|gebruikt|ausstellungsstuck|vorfuhr|showmodel|\bex[\s-]?display"
    r"|\bz bazaru|vystaven|rozbalen|po zwrocie|uszkodzone opakowanie"
)
NOUNS = (
    r"cases?|covers?|sleeves?|pouch|skins?|batter(?:y|ies)|chargers?|adapters?|adaptors?|cables?|straps?|mounts?"
    r"|holders?|screen protectors?|remote controls?|stands?|brackets?|bags?|memory cards?|etui|pokrowiec|pokrowce"
    r"|folia|ladowarka|uchwyt|hulle|tasche|akku|ladegerat|kabel|hoesje|hoes|oplader|pouzdro|nabijecka|baterie"
)
_ACCESSORY = re.compile(
    rf"\b(?:{NOUNS})\s+(?:for|do|na|fur|voor|pro|pre|compatible)\b|szklo hartowane|bateria do|akumulator do|zamiennik"
    r"|\breplacement\b|\bersatz|kompatybiln|kompatib|compatible (?:with|met|for|toner|ink|cartridge)|passend fur"
    r"|nahradni|zamienn|opzetborstel|\bfits\b|vervangings"
)
_BUNDLE = re.compile(
    r"\w \+ \w|\w & \w+ (?:case|bag|kit|card)|\bbundle|\bbundel|w zestawie|zestaw z\b|\bim set\b|gratis|\bkit with\b"
    r"|accessory kit|\bincl(?:uding|\.)? |\bmit zubehor|z akcesoriami|s prislusenstvim|met accessoires"
)
_WARNINGS = {"used": _USED, "accessory": _ACCESSORY, "bundle": _BUNDLE}
_SIGNS = {  # kind → what a text must hold at least for its pattern to find anything, as `Signs` wants it
    "pieces": behind_digits("psek-"),
    "times": tuple(sign for digit in DIGITS for sign in (f"{digit}x", f"{digit} x", f"x{digit}", f"x {digit}")),
    "times size": tuple(sign for digit in DIGITS for sign in (f"{digit}x", f"{digit} x")),
    "set": ("zes", "mpl", " of", " va", " vo", "opa", "sad"),
    "named": ("pac", "pak", "pai", "bal"),
    "used": (
        "uzy", "odn", "efu", "new", "eas", "geb", "rho", "owy", "let", "ope", "war", "sto", "eed", "ouz", "epa", "use",
        "own", "eco", "ema", "seco", "dem", "ece", "evi", "ede", "ege", "aus", "vor", "how", "dis", "baz", "vys", "roz",
        "zwr", "usz",
    ),
    "accessory": (
        " fo", " do", " na", " fu", " vo", " pr", " co", "art", "zam", "epl", "rsa", "omp", "opz", "pas", "hra", "fit",
        "erv",
    ),
    "bundle": (" + ", " & ", "bun", "zes", " se", "gra", "kit", "inc", "zub", "akc", "pri", "acc"),
}  # fmt: skip
_CAPACITY = re.compile(r"(\d+(?:\.\d+)?)(gb|tb|mb|ml|l|kg|g|kw|w|v|mah|ah|[kmg]?hz|oz|ft|lbs?|inch|cm|mm|m)")
_SCALE = {
    "tb": ("gb", 1000.0),
    "l": ("ml", 1000.0),
    "kg": ("g", 1000.0),
    "ah": ("mah", 1000.0),
    "kw": ("w", 1000.0),
    "m": ("mm", 1000.0),
    "cm": ("mm", 10.0),
}

_WORTH = Signs({**normalise.SIGNS, **_SIGNS, **claims.SIGNS})
_KEPT = 65_536  # titles


class Said(NamedTuple):
    """What one title says: `pack` pieces, quantities by base unit, warnings (`used`, `accessory`, `bundle`) with the
    word that says so, and claims by kind.
    """

    tokens: tuple[str, ...]
    pack: int
    sizes: Mapping[str, frozenset[float]]
    warnings: Mapping[str, str]
    claims: Mapping[str, frozenset[str]]


_fresh: dict[str, Said] = {}


def said(title: str) -> Said:
    """What a title says."""
    return _fresh.get(title) or said_all([title])[0]


def said_all(titles: Sequence[str]) -> list[Said]:
    """What each of many titles says: quicker than one by one."""
    known = {title: _fresh.get(title) for title in titles}
    new = [title for title, told in known.items() if told is None]
    flat = [" ".join(fold(title).split()) for title in new]
    worth = _WORTH.of(flat) if len(new) > 1 else map(_WORTH.of_one, flat)
    read = {title: _read(title, text, kinds) for title, text, kinds in zip(new, flat, worth, strict=True)}
    if len(_fresh) + len(read) > _KEPT:
        _fresh.clear()
    _fresh.update(read)
    return [known[title] or read[title] for title in titles]


def _read(title: str, flat: str, worth: tuple[str, ...]) -> Said:
    words = split(folded := fold(title), worth)
    return Said(words, _pack(folded, worth), _sizes(words), _warnings(flat, worth), claimed(flat, words, worth))


def _pack(text: str, worth: Collection[str]) -> int:
    """How many pieces a folded title sells together; 1 when it does not say."""
    text, told = text.strip(), [pattern for kind, pattern in _PACKS.items() if kind in worth]
    sizes_said = [int(hit[hit.lastindex or 0]) for pattern in told for hit in pattern.finditer(text)]
    if "named" in worth:
        sizes_said += [size for size, named in _NAMED_PACKS.items() if named.search(text)]
    sold = max((size for size in sizes_said if 1 <= size <= 500), default=1)
    return sold if sold > 1 and any(map(text.__contains__, _PACK_WORDS)) else 1


def _warnings(text: str, worth: Collection[str]) -> Mapping[str, str]:
    """What a folded title by itself warns of."""
    found = {name: pattern.search(text) for name, pattern in _WARNINGS.items() if name in worth}
    return {name: hit[0].strip() for name, hit in found.items() if hit}


def _sizes(words: Sequence[str]) -> Mapping[str, frozenset[float]]:
    """The quantities of a title by base unit (`0,5 l` → 500 ml)."""
    found: dict[str, set[float]] = {}
    for word in words:
        if word[0].isdigit() and not word.isdigit() and (quantity := _quantity(word)):
            found.setdefault(quantity[0], set()).add(quantity[1])
    return {unit: frozenset(values) for unit, values in found.items()}


@lru_cache(maxsize=65_536)
def _quantity(token: str) -> tuple[str, float] | None:
    """The base unit and the number in it, when a word is a number with a unit."""
    if not (sized := _CAPACITY.fullmatch(token)):
        return None
    base, scale = _SCALE.get(sized[2], (sized[2], 1.0))
    return base, round(float(sized[1]) * scale, 6)
