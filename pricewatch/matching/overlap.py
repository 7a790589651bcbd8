"""The words of pairs: which both sides have, which only one has, and what that says; all pairs at once.

Everything here is a flat array with one entry for each word of each pair.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewatch.matching.traits import Traits

Matrix = NDArray[np.float32]
Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]
Pairs = Sequence[tuple[int, int]]
RAREST = 5.3
UNKNOWN = math.nan
MARKS = "=-+~"  # shared, only ours, only theirs, on one side however written
LETTERS = 32

WORD_NAMES = (
    "shared weight", "left covered", "right covered", "left unexplained", "right unexplained", "left rarest alone",
    "right rarest alone", "shared rarest", "left words", "right words", "shared words", "shared share",
    "left figures alone", "right figures alone", "left rarest figure", "right rarest figure",
    "left without kin", "right without kin", "left rarest without kin", "right rarest without kin", "left described",
    "right described",
)  # fmt: skip


class Corpus:
    """How rare each word is among the titles at hand; rare words say more. From 1 to 1 + RAREST."""

    def __init__(self, texts: Collection[Iterable[str]]) -> None:
        counts = Counter(chain.from_iterable(texts))
        total = max(1, len(texts))
        scale = RAREST / math.log(1 + total)
        self._weights = {word: 1 + scale * math.log((1 + total) / (1 + count)) for word, count in counts.items()}

    @classmethod
    def of(cls, records: Iterable[Traits]) -> Corpus:
        """The words and figures of records."""
        return cls([side.words | side.figures[1] for side in records])

    def weights(self, words: Iterable[str]) -> Numbers:
        """The inverse document frequency of each word; an unseen one is as rare as can be."""
        return np.array(self.rarity(words), dtype=np.float64)

    def rarity(self, words: Iterable[str]) -> list[float]:
        """The same as a list: quicker for a few words."""
        get, unseen = self._weights.get, 1 + RAREST
        return [get(word, unseen) for word in words]


@dataclass(frozen=True, slots=True)
class Entries:
    """Words of pairs; `alone` are those that the other side does not even have joined to a neighbour."""

    pair: Rows
    word: Rows
    alone: Flags

    def lonely(self) -> Entries:
        """The words that only this side has."""
        return Entries(self.pair[self.alone], self.word[self.alone], self.alone[self.alone])


@dataclass(frozen=True, slots=True)
class Overlap:
    """The words of both sides of every pair."""

    words: list[str]
    count: int
    shared: Entries
    left: Entries
    right: Entries

    @classmethod
    def of(cls, lefts: Sequence[Traits], rights: Sequence[Traits], pairs: Pairs) -> Overlap:
        """Compare the words of pairs."""
        column: defaultdict[str, int] = defaultdict(count().__next__)
        ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        left, right = (
            _entries([dict.fromkeys(records[row].text.split()) for row in rows], ends[:, side], rows, column)
            for side, records, rows in ((0, lefts, np.unique(ends[:, 0])), (1, rights, np.unique(ends[:, 1])))
        )
        words, width = list(column), max(1, len(column))
        keys = [pair * width + word for pair, word in (left, right)]
        both = np.isin(keys[0], keys[1]), np.isin(keys[1], keys[0])
        return cls(
            words,
            len(pairs),
            Entries(left[0][both[0]], left[1][both[0]], np.zeros(int(both[0].sum()), dtype=np.bool_)),
            _unshared(left, ~both[0], words, [rights[j].compact for _, j in pairs]),
            _unshared(right, ~both[1], words, [lefts[i].compact for i, _ in pairs]),
        )

    def matrix(self, lefts: Sequence[Traits], rights: Sequence[Traits], pairs: Pairs, corpus: Corpus) -> Matrix:
        """The columns `WORD_NAMES`."""
        rare = corpus.weights(self.words)
        plain = np.array([word.isalpha() for word in self.words], dtype=np.bool_)
        left, right = self.left.lonely(), self.right.lonely()
        common, missing_left, missing_right = (self._sum(side, rare[side.word]) for side in (self.shared, left, right))
        kin = self._without_kin(left, right, rare)
        figures = [np.where(plain[side.word], 0.0, rare[side.word]) for side in (left, right)]
        counts = [np.bincount(side.pair, minlength=self.count) for side in (self.left, self.right, self.shared)]
        theirs, ours = [rights[j].said_words for _, j in pairs], [lefts[i].said_words for i, _ in pairs]
        return np.column_stack(
            [
                common,
                common / (common + missing_left + 1e-6),
                common / (common + missing_right + 1e-6),
                missing_left,
                missing_right,
                self._most(left, rare[left.word]),
                self._most(right, rare[right.word]),
                self._most(self.shared, rare[self.shared.word]),
                counts[0] + counts[2],
                counts[1] + counts[2],
                counts[2],
                common / (common + missing_left + missing_right + 1e-6),
                *(self._sum(side, values) for side, values in zip((left, right), figures, strict=True)),
                *(self._most(side, values) for side, values in zip((left, right), figures, strict=True)),
                *(self._sum(side, values) for side, values in zip((left, right), kin, strict=True)),
                *(self._most(side, values) for side, values in zip((left, right), kin, strict=True)),
                self._described(left, rare, missing_left, theirs),
                self._described(right, rare, missing_right, ours),
            ]
        ).astype(np.float32)

    def bags(self) -> Any:
        """Marked words as a sparse matrix of ones: pair × mark and word, in the order of `MARKS`."""
        from scipy import sparse

        left, right, width = self.left.lonely(), self.right.lonely(), len(self.words)
        parts = (self.shared, left, right, self.left, self.right)
        columns = [side.word + mark * width for side, mark in zip(parts, (0, 1, 2, 3, 3), strict=True)]
        rows, places = np.concatenate([side.pair for side in parts]), np.concatenate(columns)
        return sparse.csr_matrix(
            (np.ones(len(rows)), (rows, places)), shape=(self.count, len(MARKS) * width), dtype=np.float64
        )

    def _sum(self, side: Entries, values: Numbers) -> Numbers:
        return np.asarray(np.bincount(side.pair, weights=values, minlength=self.count), dtype=np.float64)

    def _most(self, side: Entries, values: Numbers) -> Numbers:
        found = np.zeros(self.count)
        np.maximum.at(found, side.pair, values)
        return found

    def _described(self, side: Entries, rare: Numbers, missing: Numbers, said: Sequence[frozenset[str]]) -> Numbers:
        """How much of what a title says alone the other side's description says."""
        known = np.array([bool(words) for words in said], dtype=np.bool_) & (missing > 0)
        told = [
            self.words[word] in said[pair] for pair, word in zip(side.pair.tolist(), side.word.tolist(), strict=True)
        ]
        weight = self._sum(side, rare[side.word] * np.array(told, dtype=np.float64))
        return np.where(known, weight / np.maximum(missing, 1e-9), UNKNOWN)

    def _without_kin(self, left: Entries, right: Entries, rare: Numbers) -> tuple[Numbers, Numbers]:
        """What the words weigh for which the other side has no word that may be the same, cut short or misspelt."""
        kin = np.zeros(len(left.pair)), np.zeros(len(right.pair))
        letter = np.array([ord(word[0]) - 96 if word.isalpha() else 0 for word in self.words], dtype=np.int64)
        mine, other = _joined(left.pair * LETTERS + letter[left.word], right.pair * LETTERS + letter[right.word])
        kept = letter[left.word[mine]] > 0
        mine, other = mine[kept], other[kept]
        names = (
            (self.words[one], self.words[two]) for one, two in zip(left.word[mine], right.word[other], strict=True)
        )
        near = np.fromiter((kinship(*pair) for pair in names), dtype=np.float64, count=len(mine))
        np.maximum.at(kin[0], mine, near)
        np.maximum.at(kin[1], other, near)
        return rare[left.word] * (1 - kin[0]), rare[right.word] * (1 - kin[1])


def _entries(bags: Sequence[Collection[str]], ends: Rows, rows: Rows, column: Mapping[str, int]) -> tuple[Rows, Rows]:
    """The pair and the word of each entry of one side; new words get the next number."""
    words = [column[word] for word in chain.from_iterable(bags)]
    sizes = np.array([len(bag) for bag in bags], dtype=np.int64)
    starts, place = np.cumsum(sizes) - sizes, np.searchsorted(rows, ends)
    return _ranges(starts[place], sizes[place], np.array(words, dtype=np.int64))


def _ranges(starts: Rows, sizes: Rows, values: Rows) -> tuple[Rows, Rows]:
    """For each range of values: its number, and its values, end to end."""
    number = np.repeat(np.arange(len(starts)), sizes)
    place = np.arange(len(number)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(starts, sizes)
    return number, values[place]


def _unshared(side: tuple[Rows, Rows], kept: Flags, words: Sequence[str], other: Sequence[str]) -> Entries:
    pair, word = side[0][kept], side[1][kept]
    long = [len(name) > 2 for name in words]
    alone = [not long[w] or words[w] not in other[p] for p, w in zip(pair.tolist(), word.tolist(), strict=True)]
    return Entries(pair, word, np.array(alone, dtype=np.bool_))


def _joined(mine: Rows, other: Rows) -> tuple[Rows, Rows]:
    """All places of two arrays that hold the same number."""
    order = np.argsort(other, kind="stable")
    low, high = (np.searchsorted(other[order], mine, side=side) for side in ("left", "right"))
    return _ranges(low, high - low, order)


@lru_cache(maxsize=262_144)
def kinship(one: str, other: str) -> float:
    """How likely two words with one first letter are the same: `upg` is `upgrade`, `immers` is `immersion`."""
    from rapidfuzz.distance import JaroWinkler

    short, long = (one, other) if len(one) <= len(other) else (other, one)
    letters = iter(long)
    if len(short) >= 2 and all(letter in letters for letter in short):
        return 0.9 if long.startswith(short[:3]) else 0.7
    alike = JaroWinkler.similarity(one, other)
    return alike if alike >= 0.88 else 0.0
