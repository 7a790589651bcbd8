"""Traps that equal numbers and alike titles fall into: packs, bundles, accessories, worn goods, other sizes.

A guard never rejects; it keeps a pair from being accepted without a person, and says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pricewatch.matching.normalise import fold, tokens

_PIECES = r"x\b|pack\b|-?pak\b|szt\b|sztuk\w*|stuck\b|stk\b|er[\s-]?(?:pack|set)\b|ks\b|kusy?\b|stuks?\b|pcs\b|pieces\b"
_PACK = re.compile(
    rf"\b(\d{{1,3}})[\s-]*(?:{_PIECES})|\b(?:zestaw|komplet|set of|pack of|lot of|opakowanie|sada)\s+(\d{{1,3}})\b"
)
_USED = re.compile(
    "uzywan|odnowion|refurb|renewed|poleasing|gebraucht|generaluberholt|powystaw|outlet|open box|b-ware"
    "|tweedehands|pouzit|repasovan"
)
_ACCESSORY = re.compile(
    "etui|pokrowiec|case for|hulle fur|hoesje|pouzdro|folia|szklo hartowane|bateria do|akumulator do|zamiennik"
    "|replacement|ersatzakku|kompatybiln|compatible with|passend fur|uchwyt do|kabel do|ladowarka do|charger for"
    "|nahradni"
)
_BUNDLE = re.compile(r" \+ |w zestawie z|bundle|zestaw z|im set mit|gratis")
_WARNINGS = {"used": _USED, "accessory": _ACCESSORY, "bundle": _BUNDLE}
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


def pack_size(title: str) -> int:
    """How many pieces a title sells together; 1 when it does not say."""
    sizes = [int(a or b) for a, b in _PACK.findall(fold(title))]
    return max((size for size in sizes if 1 <= size <= 500), default=1)


def warnings(title: str) -> dict[str, str]:
    """What a title by itself warns of: `used`, `accessory`, `bundle`, each with the word that says so."""
    text = fold(title)
    found = {name: pattern.search(text) for name, pattern in _WARNINGS.items()}
    return {name: hit[0].strip() for name, hit in found.items() if hit}


def objections(ours: str, theirs: str) -> tuple[str, ...]:
    """Why two titles may not be the same product, in words; empty when nothing speaks against it."""
    return tuple(_objections(ours, theirs))


def _objections(ours: str, theirs: str) -> Iterator[str]:
    mine, other = fold(ours), fold(theirs)
    if pack_size(ours) != pack_size(theirs):
        yield f"pack of {pack_size(theirs)} against {pack_size(ours)}"
    for pattern, name in ((_USED, "used or refurbished"), (_ACCESSORY, "an accessory"), (_BUNDLE, "a bundle")):
        if hit := next((word for word in pattern.findall(other) if word not in mine), ""):
            yield f"looks like {name} ({hit.strip()!r})"
    yield from _size_conflicts(ours, theirs)


def _size_conflicts(ours: str, theirs: str) -> Iterator[str]:
    mine, other = sizes(ours), sizes(theirs)
    for unit in sorted(mine.keys() & other.keys()):
        if not mine[unit] & other[unit]:
            yield f"{_join(other[unit], unit)} against {_join(mine[unit], unit)}"


def sizes(title: str) -> dict[str, frozenset[float]]:
    """The quantities of a title by base unit (`0,5 l` → 500 ml)."""
    found: dict[str, set[float]] = {}
    for token in tokens(title):
        if sized := _CAPACITY.fullmatch(token):
            base, scale = _SCALE.get(sized[2], (sized[2], 1.0))
            found.setdefault(base, set()).add(round(float(sized[1]) * scale, 6))
    return {unit: frozenset(values) for unit, values in found.items()}


def _join(values: Iterable[float], unit: str) -> str:
    return "/".join(f"{value:g}" for value in sorted(values)) + f" {unit}"
