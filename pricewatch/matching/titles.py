"""Two titles of one page, read at different times: the same thing in other words, or another thing."""

from __future__ import annotations

from pricewatch.matching.guards import objections
from pricewatch.matching.normalise import fold

ALIKE = 60.0  # per cent of words in common below which a title is another product's


def another(then: str, now: str) -> str:
    """Why a title names something else than it did then, in words; empty when it does not, or when one is missing."""
    from rapidfuzz.fuzz import token_set_ratio

    if not then or not now or then == now:
        return ""
    if against := objections(then, now):
        return f"{now[:80]!r} instead of {then[:80]!r}: {against[0]}"
    if token_set_ratio(fold(then), fold(now)) < ALIKE:
        return f"{now[:80]!r} instead of {then[:80]!r}"
    return ""
