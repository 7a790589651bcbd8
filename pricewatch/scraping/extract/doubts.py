"""What speaks against an amount although nothing else is shown: where it stands, and what the page says came off.

Where the price itself is missing from the text, because a script fills it in or it is hidden, the next amount is
another one: a delivery threshold, an accessory, the price of a whole outfit, a price per piece, the old price.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from pricewatch.domain.offer import PriceRole
from pricewatch.scraping.extract.records import Candidate, Source
from pricewatch.scraping.extract.score import ALIKE, AMONG_OTHERS, FAR_BEFORE, FAR_BELOW, FURTHER_DOWN, LABELLED

PLAINLY_SHOWN = 50  # a visible price that leaves little doubt
ENOUGH = 25  # a visible price alone
_AWAY = frozenset({FAR_BEFORE, FURTHER_DOWN, FAR_BELOW})
_OPEN = frozenset({PriceRole.REGULAR, PriceRole.SALE, PriceRole.FROM})
LIKE = 12  # points by which the prices of other items differ
_SHARE = re.compile(r"(\d{1,2}) ?%")
_ROUNDING = Decimal("0.75")  # of a per cent


def is_stray(group: Sequence[Candidate], tiles: Mapping[Decimal, int]) -> bool:
    """Whether an amount is shown away from the title or among others' only, not plainly, and stated by nothing.

    `tiles` are the amounts among other products with their points.
    """
    return all(c.source is Source.VISIBLE and _is_away(c, tiles) for c in group)


def shown_of_others(known: Sequence[Candidate]) -> dict[Decimal, int]:
    """The amounts that are shown among other products, with their points."""
    tiles = (c for c in known if AMONG_OTHERS in c.why and c.role in _OPEN and not c.net)
    return {c.amount: c.score for c in tiles if c.score >= ENOUGH}


def _is_away(candidate: Candidate, tiles: Mapping[Decimal, int]) -> bool:
    """Whether an amount that is not called the price stands far off, or as one of several among other products."""
    if AMONG_OTHERS in candidate.why:
        like = (points for amount, points in tiles.items() if amount != candidate.amount)
        return ALIKE in candidate.why or any(abs(points - candidate.score) <= LIKE for points in like)
    away = LABELLED not in candidate.why and not _AWAY.isdisjoint(candidate.why)
    return away and candidate.score < PLAINLY_SHOWN


def doubts(best: Sequence[Candidate], known: Sequence[Candidate]) -> Iterator[str]:
    """What the page itself says against an amount: the reduction it shows leaves another, or it is the old price."""
    amounts = {amount for c in best for amount in c.amounts}
    shown = [c for c in known if c.source is Source.VISIBLE and c.score >= ENOUGH]
    left = list(_left_over(shown))
    if left and amounts.isdisjoint(left):
        yield f"the reduction leaves {left[0]}"
    plainest = max((c.score for c in best if c.source is Source.VISIBLE), default=None)
    if plainest is not None and (old := _plainly_old(shown, amounts, plainest)):
        yield f"shown as the old price {old.amount} {old.currency}".strip()


def _left_over(shown: Sequence[Candidate]) -> Iterator[Decimal]:
    """What remains of an old price where a sum is taken off it whose share the page names, too: `Save £4 (10%)`."""
    for old in (c for c in shown if c.role is PriceRole.WAS):
        for taken in (c for c in shown if c.role is PriceRole.OTHER_PRODUCT and c.amount < old.amount):
            shares = map(int, _SHARE.findall(taken.text))
            if any(abs(100 * taken.amount / old.amount - share) <= _ROUNDING for share in shares):
                yield old.amount - taken.amount


def _plainly_old(shown: Sequence[Candidate], amounts: set[Decimal], plainest: int) -> Candidate | None:
    """The same amount as an old price, shown more plainly than as the one that is asked."""
    old = (c for c in shown if c.role is PriceRole.WAS and c.amount in amounts)
    return next((c for c in old if c.score >= PLAINLY_SHOWN and c.score > plainest), None)
