"""Prices for several pieces: `1–3 pcs 44,90 · 4–9 pcs 41,90 · from 10 pcs 38,90`; who buys one pays the first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from pricewatch.domain.offer import PriceRole
from pricewatch.scraping.extract.records import Candidate
from pricewatch.scraping.extract.visible import Scan

NEAR = 30  # texts between two tiers
LONGEST = 30
_QUANTITY = re.compile(
    r"\W*(?:ab|od|vanaf|from|bis|do|tot|až|up to|min\.?|dès|à partir de|desde|da|över|fra)? ?(\d{1,5}) ?"
    r"(?:[-–] ?\d{1,5})? ?(?:\+|szt\w*\.?|stk\.?|stück|stuks?|ks|kusů|pcs|pieces?|units?|pièces?|x)?\W*",
    re.IGNORECASE,
)
_OPEN = frozenset({PriceRole.REGULAR, PriceRole.SALE, PriceRole.FROM})
REASON = "for several pieces"
Tier = tuple[int, int, Decimal]


def told(scan: Scan, scored: list[Candidate | None]) -> list[Candidate | None]:
    """The candidates, those of the tiers behind the first one taken for what several pieces cost each."""
    tiers = [
        (place, int(found[1]), candidate.amount)
        for place, (spot, candidate) in enumerate(zip(scan.spots, scored, strict=True))
        if candidate and candidate.role in _OPEN and candidate.score > 0
        and 0 < len(spot.before) <= LONGEST and (found := _QUANTITY.fullmatch(spot.before))
    ]  # fmt: skip
    down = [(low, high) for low, high in pairwise(tiers) if _go_down(low, high, scan)]
    several = {high[0] for _, high in down}
    several |= {low[0] for low, _ in down if low[1] > 1 and _is_dearer_alone(low, tiers, scored)}
    if not several:
        return scored
    return [c.as_role(PriceRole.OTHER_PRODUCT, REASON) if c and n in several else c for n, c in enumerate(scored)]


def _is_dearer_alone(low: Tier, tiers: Sequence[Tier], scored: Sequence[Candidate | None]) -> bool:
    """Whether one piece has a price of its own, above the first tier's."""
    places = {place for place, _, _ in tiers}
    alone = (c for n, c in enumerate(scored) if c and n not in places and c.role in _OPEN and c.score > 0)
    return any(c.amount > low[2] for c in alone)


def _go_down(low: Tier, high: Tier, scan: Scan) -> bool:
    """Whether the second of two neighbouring tiers asks less for more of the same."""
    near = scan.spots[high[0]].order - scan.spots[low[0]].order <= NEAR
    return near and high[1] > low[1] and high[2] < low[2]


def in_data(stated: Sequence[Candidate], scored: Sequence[Candidate | None]) -> list[Candidate]:
    """What structured data states, the amounts that the page asks only for several pieces told so."""
    several = {c.amount for c in scored if c and c.why[-1:] == (REASON,)}
    several -= {c.amount for c in scored if c and c.role in _OPEN}
    if not several:
        return list(stated)
    return [
        c.as_role(PriceRole.OTHER_PRODUCT, REASON) if c.role in _OPEN and c.amount in several else c for c in stated
    ]
