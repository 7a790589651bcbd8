"""Traps that equal numbers and alike titles fall into: packs, bundles, accessories, worn goods, other sizes and models.

A guard never rejects; it keeps a pair from being accepted without a person, and says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from pricewatch.matching.claims import contradictions
from pricewatch.matching.models import near_models, spelled_models
from pricewatch.matching.normalise import colours, fold, says, tokens

_PIECES = (
    r"packs?\b|pk\b|-?pak\b|szt\b|sztuk\w*|stuck\b|stk\b|er[\s-]?(?:pack|set)\b|ks\b|kusy?\b|stuks?\b|pcs?\b|pieces\b"
)
_PACKS = tuple(  # each with what a title must say for it to be worth looking
    (tuple(signs.split("|")), re.compile(pattern))
    for signs, pattern in (
        ("pa|pk|szt|st|ks|kus|pc|piece|er", rf"(?<![\w-])(\d{{1,3}})[\s-]*(?:{_PIECES})"),
        ("x", r"^(\d{1,2}) ?x (?=\D)|\b(\d{1,2})x$|(?<!\d )(?<!\d)\bx ?(\d{1,2})$"),
        ("x", r"\b(\d{1,2}) ?x ?(?=\d+(?:[.,]\d+)? ?(?:ml|l|g|kg)\b)"),
        (
            "zestaw|komplet|set |pack |lot |box |case |opakowanie|sada",
            r"\b(?:zestaw|komplet|(?:set|pack|lot|box|case) (?:of|van|von)|opakowanie|sada)\s+(\d{1,3})\b",
        ),
    )
)
_MAYBE_PACK = (
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
_NOUNS = (
    r"cases?|covers?|sleeves?|pouch|skins?|batter(?:y|ies)|chargers?|adapters?|adaptors?|cables?|straps?|mounts?"
    r"|holders?|screen protectors?|remote controls?|stands?|brackets?|bags?|memory cards?|etui|pokrowiec|pokrowce"
    r"|folia|ladowarka|uchwyt|hulle|tasche|akku|ladegerat|kabel|hoesje|hoes|oplader|pouzdro|nabijecka|baterie"
)
_ACCESSORY = re.compile(
    rf"\b(?:{_NOUNS})\s+(?:for|do|na|fur|voor|pro|pre|compatible)\b|szklo hartowane|bateria do|akumulator do|zamiennik"
    r"|\breplacement\b|\bersatz|kompatybiln|kompatib|compatible (?:with|met|for|toner|ink|cartridge)|passend fur"
    r"|nahradni|zamienn|opzetborstel|\bfits\b|vervangings"
)
_BUNDLE = re.compile(
    r"\w \+ \w|\w & \w+ (?:case|bag|kit|card)|\bbundle|\bbundel|w zestawie|zestaw z\b|\bim set\b|gratis|\bkit with\b"
    r"|accessory kit|\bincl(?:uding|\.)? |\bmit zubehor|z akcesoriami|s prislusenstvim|met accessoires"
)
_FOR = re.compile(r"\s(?:for|do|na|fur|voor|pro|pre|zu|s|met):?\s")
MEANT = 0.6  # of the words behind a `for` that are ours, from which it is our product that something is for
_LAST_NOUN = re.compile(rf"\b({_NOUNS})$")
_WARNINGS = {"used": _USED, "accessory": _ACCESSORY, "bundle": _BUNDLE}
_WORDS = {"used": "used or refurbished", "accessory": "an accessory", "bundle": "a bundle"}
_STEMS = {  # a title without any of these has nothing that the pattern could find, and is done with sooner
    "used": "uzywan odnowion refurb renewed poleasing gebraucht uberholt powystaw outlet open ware stock tweedehands "
    "pouzit repasovan used owned recondition remanufactur second demo recertified gereviseerd wiederaufbereitet "
    "regenerowan gebruikt ausstellung vorfuhr showmodel display bazaru vystaven rozbalen zwrocie uszkodzone",
    "accessory": " for| do| na| fur| voor| pro| pre| compatible|hartowane|zamiennik|replacement|ersatz|kompatybiln"
    "|compatible|kompatib|zamienn|opzet|passend|nahradni|fits|vervangings",
    "bundle": "+ & bundle bundel zestaw set gratis kit incl zubehor akcesoriami prislusenstvim accessoires",
}
_STARTS = {name: tuple(text.split("|" if "|" in text else " ")) for name, text in _STEMS.items()}
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


@lru_cache(maxsize=65_536)
def pack_size(title: str) -> int:
    """How many pieces a title sells together; 1 when it does not say."""
    text = fold(title).strip()
    if not says(text, _MAYBE_PACK):
        return 1
    told = [hit[hit.lastindex or 0] for signs, pattern in _PACKS if says(text, signs) for hit in pattern.finditer(text)]
    sizes_said = [int(count) for count in told]
    if "pa" in text or "bal" in text:
        sizes_said += [size for size, named in _NAMED_PACKS.items() if named.search(text)]
    return max((size for size in sizes_said if 1 <= size <= 500), default=1)


@lru_cache(maxsize=65_536)
def warnings(title: str) -> Mapping[str, str]:
    """What a title by itself warns of: `used`, `accessory`, `bundle`, each with the word that says so."""
    text = " ".join(fold(title).split())
    told = [name for name, stems in _STARTS.items() if says(text, stems)]
    found = {name: _WARNINGS[name].search(text) for name in told}
    return {name: hit[0].strip() for name, hit in found.items() if hit}


def objections(ours: str, theirs: str) -> tuple[str, ...]:
    """Why two titles may not be the same product, in words; empty when nothing speaks against it."""
    return tuple(_objections(ours, theirs))


def _objections(ours: str, theirs: str) -> Iterator[str]:
    if pack_size(ours) != pack_size(theirs):
        yield f"pack of {pack_size(theirs)} against {pack_size(ours)}"
    yield from _warning_signs(ours, theirs)
    yield from _size_conflicts(ours, theirs)
    yield from (
        f"model {other} against {mine}" for mine, other in near_models(spelled_models(ours), spelled_models(theirs))
    )
    yield from contradictions(ours, theirs)
    known, said = colours(tokens(ours)), colours(tokens(theirs))
    if known - said and said - known:
        yield f"{'/'.join(sorted(said))} against {'/'.join(sorted(known))}"


def _warning_signs(ours: str, theirs: str) -> Iterator[str]:
    """What their title warns of and ours does not; an accessory that ours names too is what we sell."""
    known, said, mine = warnings(ours), warnings(theirs), fold(ours)
    for name in [name for name in said if name not in known]:
        if name != "accessory" or said[name].split()[0].rstrip("s") not in mine:
            yield f"looks like {_WORDS[name]} ({said[name]!r})"
    if "accessory" not in said and (before := _made_for(ours, theirs)):
        yield f"looks like an accessory ({before!r})"
    last = _LAST_NOUN.search(fold(theirs).rstrip(" ).,"))
    if last and "accessory" not in said and last[1].rstrip("s") not in mine:
        yield f"ends as an accessory ({last[1]!r})"


def _made_for(ours: str, theirs: str) -> str:
    """The words before a `for`, when what stands behind it is our title and they are not in it; else nothing."""
    for hit in _FOR.finditer(fold(theirs)):
        mine, behind = set(tokens(ours)), set(tokens(theirs[hit.end() :]))
        before = tokens(theirs[: hit.start()])
        if before and not mine & set(before) and len(behind & mine) >= max(2, MEANT * len(behind)):
            return f"{' '.join(before[-3:])} {hit[0].strip()}"
    return ""


def _size_conflicts(ours: str, theirs: str) -> Iterator[str]:
    mine, other = sizes(ours), sizes(theirs)
    for unit in sorted(mine.keys() & other.keys()):
        if mine[unit] - other[unit] and other[unit] - mine[unit]:
            yield f"{_join(other[unit], unit)} against {_join(mine[unit], unit)}"


@lru_cache(maxsize=65_536)
def sizes(title: str) -> Mapping[str, frozenset[float]]:
    """The quantities of a title by base unit (`0,5 l` → 500 ml)."""
    found: dict[str, set[float]] = {}
    for token in tokens(title):
        if token[0].isdigit() and (sized := _quantity(token)):
            found.setdefault(sized[0], set()).add(sized[1])
    return {unit: frozenset(values) for unit, values in found.items()}


@lru_cache(maxsize=65_536)
def _quantity(token: str) -> tuple[str, float] | None:
    """The base unit and the number in it, when a word is a number with a unit."""
    if not (sized := _CAPACITY.fullmatch(token)):
        return None
    base, scale = _SCALE.get(sized[2], (sized[2], 1.0))
    return base, round(float(sized[1]) * scale, 6)


def _join(values: Iterable[float], unit: str) -> str:
    return "/".join(f"{value:g}" for value in sorted(values)) + f" {unit}"
