"""The nearest of our titles to titles from outside: sparse TF-IDF over words and joined neighbours, best k by cosine.

The index stands: a new offer is looked up, and a new product added, without building it again. Words are hashed to a
fixed number of columns, so nothing grows with the vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from pricewatch.matching.normalise import tokens

COLUMNS = 1 << 21
BATCH = 10_000
COMMON = 0.05  # of the titles; a word in more of them is left out where a title has others
ALWAYS = 50  # titles that a word may be in without being common
FEWEST = 8  # known words of a title that are kept however common they are


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row of the index and its cosine (0…1)."""

    row: int
    score: float


class TitleIndex:
    """A standing index over titles; rows are numbered in the order they came in."""

    def __init__(self, titles: Sequence[str]) -> None:
        bags = [_columns(title) for title in titles]
        seen = np.zeros(COLUMNS, dtype=np.int32)
        for bag in bags:
            seen[bag] += 1
        self._seen, self._common = seen, max(COMMON * len(titles), ALWAYS)
        self._weights = (np.log((1 + len(titles)) / (1 + seen)) + 1).astype(np.float32)
        self._vectors = self._matrix(bags)

    def __len__(self) -> int:
        return int(self._vectors.shape[1])

    def add(self, titles: Sequence[str]) -> None:
        """Take in more titles behind the others; how rare words are is not counted again."""
        from scipy import sparse

        more = self._matrix([_columns(title) for title in titles])
        self._vectors = sparse.hstack([self._vectors, more], format="csr")

    def nearest(self, title: str, most: int) -> list[Candidate]:
        """The most alike titles, best first, ties by row."""
        return next(self.nearest_of([title], most), [])

    def nearest_of(self, titles: Iterable[str], most: int) -> Iterator[list[Candidate]]:
        """The most alike titles of each title, in order; memory is bounded by a batch."""
        from sparse_dot_topn import sp_matmul_topn

        for batch in _batches(titles, BATCH):
            if most < 1 or not len(self):
                yield from ([] for _ in batch)
                continue
            asked = self._matrix([_columns(title) for title in batch]).T.tocsr()
            found = sp_matmul_topn(asked, self._vectors, top_n=most, sort=True, n_threads=1)
            for start, end in pairwise(found.indptr):
                yield _ordered(found.indices[start:end], found.data[start:end])

    def _matrix(self, bags: Sequence[NDArray[np.int64]]) -> Any:
        """The columns of unit length, one for each bag, as the index keeps them: word × title."""
        from scipy import sparse

        kept = [self._telling(bag) for bag in bags]
        ends = np.cumsum([0, *map(len, kept)])
        columns = np.concatenate([*kept, np.empty(0, dtype=np.int64)])
        values = self._weights[columns]
        rows = np.repeat(np.arange(len(bags)), np.diff(ends))
        lengths = np.sqrt(np.bincount(rows, weights=values**2, minlength=len(bags)))
        values = (values / np.maximum(lengths[rows], 1e-9)).astype(np.float32)
        return sparse.csr_matrix((values, columns, ends), shape=(len(bags), COLUMNS)).T.tocsr()

    def _telling(self, bag: NDArray[np.int64]) -> NDArray[np.int64]:
        """The words that decide: all but common ones, and the rarest of these where there are few."""
        if len(bag) <= FEWEST:
            return bag
        rarest_first = bag[np.argsort(self._seen[bag], kind="stable")]
        seen = self._seen[rarest_first]
        strange, telling = int((seen == 0).sum()), int((seen <= self._common).sum())
        return rarest_first[: max(telling, FEWEST + strange)]


def _ordered(rows: NDArray[np.int32], scores: NDArray[np.float32]) -> list[Candidate]:
    order = np.lexsort((rows, -scores))
    return [Candidate(int(rows[place]), min(1.0, float(scores[place]))) for place in order if scores[place] > 0]


def _columns(title: str) -> NDArray[np.int64]:
    """The columns of a title's words and of neighbours joined, so that `gsb 13` also meets `gsb13`."""
    words = tokens(title)
    joined = (one + other for one, other in pairwise(words) if _has_digit(one + other))
    stems = (f"{word[:5]}~" for word in words if len(word) > 5)
    return np.array(sorted({_column(word) for source in (words, joined, stems) for word in source}), dtype=np.int64)


@lru_cache(maxsize=262_144)
def _column(word: str) -> int:
    return crc32(word.encode()) % COLUMNS


def _has_digit(word: str) -> bool:
    return any(c.isdigit() for c in word)


def _batches(titles: Iterable[str], size: int) -> Iterator[list[str]]:
    batch: list[str] = []
    for title in titles:
        batch.append(title)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


@dataclass(frozen=True, slots=True)
class Paired:
    """A pair that one direction or both found; a rank of 0 means that this direction did not."""

    left: int
    right: int
    score: float
    left_rank: int = 0
    right_rank: int = 0


def both_ways(lefts: Sequence[str], rights: Sequence[str], most: int) -> Iterator[Paired]:
    """The `most` nearest of each left title among the right ones, and the other way round, by left row, best first."""
    back: dict[int, dict[int, tuple[float, int]]] = {}
    for right, found in enumerate(TitleIndex(lefts).nearest_of(rights, most)):
        for rank, near in enumerate(found, start=1):
            back.setdefault(near.row, {})[right] = (near.score, rank)
    for left, found in enumerate(TitleIndex(rights).nearest_of(lefts, most)):
        others = back.get(left, {})
        pairs = [
            Paired(left, near.row, near.score, rank, others.pop(near.row, (0.0, 0))[1])
            for rank, near in enumerate(found, start=1)
        ]
        pairs += [Paired(left, right, score, 0, rank) for right, (score, rank) in others.items()]
        yield from sorted(pairs, key=lambda pair: (-pair.score, pair.right))
