"""The numbers of two records beside each other, whatever stands around them: `13` is `13-inch`, `im2306` is `2306`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache

FIGURE_NAMES = (
    "figures shared", "shared figures weigh", "left figures weigh alone", "right figures weigh alone",
    "left rarest figure of all alone", "right rarest figure of all alone", "left figures without a like",
    "right figures without a like", "no figure shared", "left number runs in right", "right number runs in left",
)  # fmt: skip
SIGN = "#"  # in front of a figure where words are counted
_FIGURE = re.compile(r"\d+(?:[.,]\d+)?")


@lru_cache(maxsize=65_536)
def figures(folded: str) -> frozenset[str]:
    """All numbers in a folded text, also inside words, without leading zeros."""
    return frozenset([SIGN + _plain(found) for found in _FIGURE.findall(folded)])


def _plain(figure: str) -> str:
    return figure.replace(",", ".").lstrip("0") or "0"


def compared(
    ours: tuple[AbstractSet[str], AbstractSet[str]],
    theirs: tuple[AbstractSet[str], AbstractSet[str]],
    rarity: Callable[[AbstractSet[str]], Sequence[float]],
) -> tuple[float, ...]:
    """The columns `FIGURE_NAMES` but the last two, of the figures of each side's title, and of its whole record."""
    (mine, all_mine), (other, all_other) = ours, theirs
    left, right = mine - all_other, other - all_mine
    left_weights, right_weights = rarity(left), rarity(right)
    shared = len(mine & other)
    return (
        shared,
        sum(rarity(all_mine & all_other)),
        sum(left_weights),
        sum(right_weights),
        max(left_weights, default=0.0),
        max(right_weights, default=0.0),
        len(left),
        len(right),
        float(not shared) if mine and other else math.nan,
    )


def run(number: str, text: str) -> float:
    """The share of a part number that stands in one piece in a text; unknown without a part number."""
    if not number:
        return math.nan
    if number in text:
        return 1.0
    best, size = 0, len(number)
    for start in range(size):
        while start + best < size and number[start : start + best + 1] in text:
            best += 1
    return best / size
