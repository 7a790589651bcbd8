"""Two titles of one page, read at different times: the same thing in other words, or another thing."""

from __future__ import annotations

from collections.abc import Collection

from pricewatch.matching.guards import objections
from pricewatch.matching.normalise import compact, fold, tokens
from pricewatch.matching.overlap import kinship
from pricewatch.matching.traits import plain_words

ALIKE = 60.0  # per cent of words in common below which a title is another product's
KIN = 0.88  # from which two words of one beginning are one word, inflected or misspelt
_SPELT = 4  # letters that a word needs to be told from another one by its spelling
_MEMBERS = (  # words that set one member of a series apart from another
    "mini maxi midi micro nano pro plus max ultra lite light slim compact junior senior duo xl xxl xs fe air go"
)
_SAY_NOTHING = (
    "a an and the of with for in to i oraz z ze w we na do od und mit der die das fur von en met van het een voor s se"
    " nowy nowa nowe nowosc new neu neue nieuw novinka promocja promo hit okazja wyprzedaz bestseller sale angebot"
    " aanbieding akce gratis polecamy sklep online"
)
_VARIANTS, _FILLERS = frozenset(_MEMBERS.split()), frozenset(_SAY_NOTHING.split())


def another(then: str, now: str) -> str:
    """Why a title names something else than it did then, in words; empty when it does not, or when one is missing.

    A word in the place of another is reason enough: whoever said what it is had read the other one.
    """
    from rapidfuzz.fuzz import token_set_ratio

    if not then or not now or then == now:
        return ""
    changed = f"{now[:80]!r} instead of {then[:80]!r}"
    if against := next(iter(objections(then, now)), "") or _exchanged(then, now):
        return f"{changed}: {against}"
    return changed if token_set_ratio(fold(then), fold(now)) < ALIKE else ""


def shrunk(then: str, now: str) -> bool:
    """Whether a title says less than half of what it said."""
    before, after = set(_words(then)), set(_words(now))
    return bool(after) and 2 * len(before & after) < len(before)


def _exchanged(then: str, now: str) -> str:
    lost, found = _alone(then, now), _alone(now, then)
    gone, new = _without_kin(lost, found), _without_kin(found, lost)
    if gone and new:
        return f"{' '.join(new[:3])} in the place of {' '.join(gone[:3])}"
    variants = [word for word in (*gone, *new) if word in _VARIANTS]
    return f"{variants[0]} {'added' if new else 'left out'}" if variants else ""


def _alone(title: str, other: str) -> list[str]:
    """The words of a title that are not in the other one, not even joined to others."""
    words, whole = set(_words(other)), compact(fold(other))
    return [word for word in _words(title) if word not in words and not (len(word) >= _SPELT and word in whole)]


def _words(title: str) -> list[str]:
    return [word for word in plain_words(tokens(title)) if word not in _FILLERS]


def _without_kin(words: Collection[str], others: Collection[str]) -> list[str]:
    return [word for word in words if not any(_kin(word, other) for other in others)]


def _kin(one: str, other: str) -> bool:
    spelt = min(len(one), len(other)) >= _SPELT and one.isalpha() and other.isalpha()
    return spelt and one[0] == other[0] and kinship(one, other) >= KIN
