"""A pair among all records of both sides: how near its words are, and whether another record lies nearer to either end.

Words weigh by their rarity among all records at hand; nearness is the cosine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewatch.matching.context import Numbers, Rows
from pricewatch.matching.normalise import tokens
from pricewatch.matching.overlap import UNKNOWN, Matrix, Pairs
from pricewatch.matching.traits import Traits

SIDE_NAMES = ("nearer records for {}", "lead over nearest record for {}", "nearest twin of {}")
NEAR_NAMES = ("nearness", *(name.format(side) for side in ("left", "right") for name in SIDE_NAMES))
KIN_NAMES = tuple(f"nearest {said} beside {side}" for side in ("left", "right") for said in ("yes", "no"))
MOST = 20  # nearer records that are counted


@dataclass(frozen=True, slots=True)
class Table:
    """The words of all records of both sides as vectors of unit length, and which record is which."""

    left: Any
    right: Any
    left_number: Rows
    right_number: Rows

    @classmethod
    def of(cls, lefts: Sequence[Traits], rights: Sequence[Traits]) -> Table:
        """Read the words of title, brand and model."""
        from scipy import sparse

        column: defaultdict[str, int] = defaultdict(count().__next__)
        bags = [_words(one) for one in (*lefts, *rights)]
        ends = np.cumsum([0, *map(len, bags)])
        places = np.array([column[word] for word in chain.from_iterable(bags)], dtype=np.int64)
        seen = np.bincount(places, minlength=len(column))
        values = (np.log((1 + len(bags)) / (1 + seen)) + 1)[places]
        rows = np.repeat(np.arange(len(bags)), np.diff(ends))
        lengths = np.sqrt(np.bincount(rows, weights=values**2, minlength=len(bags)))
        data = (values / np.maximum(lengths[rows], 1e-9)).astype(np.float32)
        both = sparse.csr_matrix((data, places, ends), shape=(len(bags), max(1, len(column))))
        number: dict[Any, int] = {}
        numbers = np.array([number.setdefault(one.record, len(number)) for one in (*lefts, *rights)], dtype=np.int64)
        return cls(both[: len(lefts)], both[len(lefts) :], numbers[: len(lefts)], numbers[len(lefts) :])

    def near(self, pairs: Pairs) -> Matrix:
        """The columns `NEAR_NAMES` of each pair."""
        i, j = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        nearness = _cosines(self.left, i, self.right, j)
        sides = (
            (self.left, self.right, self.left_number, self.right_number, i),
            (self.right, self.left, self.right_number, self.left_number, j),
        )
        columns = [column for side in sides for column in _beside(nearness, *side)]
        return np.column_stack([nearness, *columns]).astype(np.float32)


def unknown(count: int) -> Matrix:
    """The columns where no table is at hand."""
    return np.full((count, len(NEAR_NAMES)), UNKNOWN, dtype=np.float32)


def _words(traits: Traits) -> Collection[str]:
    """Each once, in their own order: what is added up is the same in every process."""
    record = traits.record
    return dict.fromkeys((*traits.text.split(), *tokens(record.brand), *tokens(record.model)))


def _cosines(left: Any, i: Rows, right: Any, j: Rows) -> Numbers:
    return np.asarray(left[i].multiply(right[j]).sum(axis=1), dtype=np.float64).ravel()


def _beside(nearness: Numbers, mine: Any, other: Any, own: Rows, others: Rows, rows: Rows) -> list[Numbers]:
    """How many records of the other side lie nearer, by how much it leads the nearest of them, and the nearest twin."""
    best = _best(mine, other, own, others, MOST + 1)[rows]
    twins = _best(mine, mine, own, own, min(MOST, int(np.bincount(own).max(initial=0))) + 1)
    nearer = (best > nearness[:, None] + 1e-6).sum(axis=1)
    rival = np.where(nearer == 0, best[:, 1], best[:, 0])
    return [nearer.astype(np.float64), nearness - rival, twins[:, 0][rows]]


def _best(mine: Any, other: Any, own: Rows, others: Rows, most: int) -> NDArray[np.float64]:
    """The cosines of the nearest others of each record, best first, itself left out."""
    from sparse_dot_topn import sp_matmul_topn

    found = sp_matmul_topn(mine, other.T.tocsr(), top_n=most, sort=True, n_threads=1)
    rows = np.repeat(np.arange(mine.shape[0]), np.diff(found.indptr))
    kept = own[rows] != others[found.indices]
    rows, values = rows[kept], found.data[kept]
    starts = np.searchsorted(rows, np.arange(mine.shape[0]))
    place = np.arange(len(rows)) - starts[rows]
    best = np.zeros((mine.shape[0], most + 1))
    best[rows, place] = values
    return best


def kin_matrix(table: Table, pairs: Pairs, labels: Rows, answered: Rows) -> Matrix:
    """The columns `KIN_NAMES`: how near the other end is to what people took, and refused, for the same record.

    A pair never sees its own answer; where nobody was asked it is unknown.
    """
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    columns = [
        _nearest_said(vectors, ends[:, side], ends[:, 1 - side], answered[labels[answered] == said])
        for side, vectors in ((0, table.right), (1, table.left))
        for said in (1, 0)
    ]
    return np.column_stack(columns).astype(np.float32)


def _nearest_said(vectors: Any, shared: Rows, other: Rows, said: Rows) -> Numbers:
    """For each pair the cosine of its other end to the nearest one among the rows `said` with the same shared end."""
    found = np.full(len(shared), UNKNOWN)
    order = said[np.argsort(shared[said], kind="stable")]
    low, high = (np.searchsorted(shared[order], shared, side=side) for side in ("left", "right"))
    counts = high - low
    asking = np.repeat(np.arange(len(shared)), counts)
    within = np.arange(len(asking)) - np.repeat(np.cumsum(counts) - counts, counts)
    answering = order[low[asking] + within] if len(asking) else asking
    kept = asking != answering
    asking, answering = asking[kept], answering[kept]
    if len(asking):
        best = np.full(len(shared), -1.0)
        np.maximum.at(best, asking, _cosines(vectors, other[asking], vectors, other[answering]))
        found[best >= 0] = best[best >= 0]
    return found
