"""Traps that equal numbers and alike titles fall into: packs, bundles, accessories, worn goods, other sizes and models.

A guard never rejects; it keeps a pair from being accepted without a person, and says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pricewatch.matching.claims import contradictions
from pricewatch.matching.models import near_models, spelled_models
from pricewatch.matching.normalise import colours, fold, tokens
from pricewatch.matching.said import NOUNS, Said, said

_FOR = re.compile(r"\s(?:for|do|na|fur|voor|pro|pre|zu|s|met):?\s")
MEANT = 0.6  # of the words behind a `for` that are ours, from which it is our product that something is for
_LAST_NOUN = re.compile(rf"\b({NOUNS})$")
_WORDS = {"used": "used or refurbished", "accessory": "an accessory", "bundle": "a bundle"}


def objections(ours: str, theirs: str) -> tuple[str, ...]:
    """Why two titles may not be the same product, in words; empty when nothing speaks against it."""
    return tuple(_objections(ours, theirs))


def _objections(ours: str, theirs: str) -> Iterator[str]:
    mine, other = said(ours), said(theirs)
    if mine.pack != other.pack:
        yield f"pack of {other.pack} against {mine.pack}"
    yield from _warning_signs(ours, theirs)
    yield from _size_conflicts(mine, other)
    yield from (
        f"model {one} against {another}" for another, one in near_models(spelled_models(ours), spelled_models(theirs))
    )
    yield from contradictions(ours, theirs, mine.claims, other.claims)
    known, told = colours(mine.tokens), colours(other.tokens)
    if known - told and told - known:
        yield f"{'/'.join(sorted(told))} against {'/'.join(sorted(known))}"


def _warning_signs(ours: str, theirs: str) -> Iterator[str]:
    """What their title warns of and ours does not; an accessory that ours names too is what we sell."""
    known, told, mine = said(ours).warnings, said(theirs).warnings, fold(ours)
    for name in [name for name in told if name not in known]:
        if name != "accessory" or told[name].split()[0].rstrip("s") not in mine:
            yield f"looks like {_WORDS[name]} ({told[name]!r})"
    if "accessory" not in told and (before := _made_for(ours, theirs)):
        yield f"looks like an accessory ({before!r})"
    last = _LAST_NOUN.search(fold(theirs).rstrip(" ).,"))
    if last and "accessory" not in told and last[1].rstrip("s") not in mine:
        yield f"ends as an accessory ({last[1]!r})"


def _made_for(ours: str, theirs: str) -> str:
    """The words before a `for`, when what stands behind it is our title and they are not in it; else nothing."""
    for hit in _FOR.finditer(fold(theirs)):
        mine, behind = set(tokens(ours)), set(tokens(theirs[hit.end() :]))
        before = tokens(theirs[: hit.start()])
        if before and not mine & set(before) and len(behind & mine) >= max(2, MEANT * len(behind)):
            return f"{' '.join(before[-3:])} {hit[0].strip()}"
    return ""


def _size_conflicts(ours: Said, theirs: Said) -> Iterator[str]:
    mine, other = ours.sizes, theirs.sizes
    for unit in sorted(mine.keys() & other.keys()):
        if mine[unit] - other[unit] and other[unit] - mine[unit]:
            yield f"{_join(other[unit], unit)} against {_join(mine[unit], unit)}"


def _join(values: Iterable[float], unit: str) -> str:
    return "/".join(f"{value:g}" for value in sorted(values)) + f" {unit}"
