"""Ranges of prices: `8,90 € – 38,90 €` torn over elements, and the price of the chosen variant inside of one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from pricewatch.domain.offer import PriceRole
from pricewatch.scraping.extract.currencies import SIGNS
from pricewatch.scraping.extract.records import Candidate, Source
from pricewatch.scraping.extract.score import AMONG_OTHERS
from pricewatch.scraping.extract.visible import Scan

LOWER, UPPER = "the lower end of a range", "the upper end of a range"
WITHIN = 8  # texts from one end of a range to the other
_JOINS = re.compile(r"(?:[-–—]|to|bis|do|tot|až|à|a|til|–)")
_OPEN = frozenset({PriceRole.REGULAR, PriceRole.SALE})
Found = list[Candidate | None]


def told(scan: Scan, scored: Found) -> Found:
    """The candidates, the ends of ranges whose dash stands in a text of its own called so."""
    roles: dict[int, tuple[PriceRole, str]] = {}
    for low, high in pairwise(range(len(scored))):
        if _is_range(scan, scored, low, high):
            roles |= {low: (PriceRole.FROM, LOWER), high: (PriceRole.OTHER_PRODUCT, UPPER)}
    return [c.as_role(*roles[n]) if c and n in roles else c for n, c in enumerate(scored)] if roles else scored


def _is_range(scan: Scan, scored: Found, low: int, high: int) -> bool:
    one, other, start, stop = scored[low], scored[high], scan.spots[low].order, scan.spots[high].order
    if not (one and other) or one.role not in _OPEN or other.role not in _OPEN or one.amount >= other.amount:
        return False
    between = [text.strip().lower() for text in scan.texts[start : stop - 1]] if stop - start <= WITHIN else []
    dashes = [text for text in between if _JOINS.fullmatch(text)]
    return len(dashes) == 1 and all(not text or text in dashes or text in SIGNS for text in between)


def chosen_in(amount: Decimal, known: Sequence[Candidate], least: int) -> Decimal | None:
    """The one plainly shown price inside of the range that begins with an amount: that of the chosen variant."""
    highest = max((c.amount for c in known if UPPER in c.why and c.score >= least), default=None)
    if highest is None:
        return None
    inside = {
        c.amount for c in known
        if c.source is Source.VISIBLE and c.role in _OPEN and c.score >= least and AMONG_OTHERS not in c.why
        and amount < c.amount <= highest
    }  # fmt: skip
    return inside.pop() if len(inside) == 1 else None
