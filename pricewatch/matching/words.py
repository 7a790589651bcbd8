"""Which words may differ between two titles of one product: learned from answers, a logistic model over words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewatch.matching.context import Numbers, Rows
from pricewatch.matching.overlap import MARKS, Overlap


@dataclass(frozen=True, slots=True)
class Bags:
    """The marked words of pairs, `=` shared, `-` only ours, `+` only theirs, `~` on one side: pair × mark and word."""

    words: list[str]
    table: Any

    @classmethod
    def of(cls, overlap: Overlap) -> Bags:
        """The marked words of compared pairs."""
        return cls(overlap.words, overlap.bags())

    @classmethod
    def empty(cls, count: int) -> Bags:
        """So many pairs of which no word is told."""
        from scipy import sparse

        return cls([], sparse.csr_matrix((count, 0), dtype=np.float64))

    def __getitem__(self, rows: Rows) -> Bags:
        return Bags(self.words, self.table[rows])

    def names(self) -> Iterator[str]:
        """The name of each column."""
        return (mark + word for mark in MARKS for word in self.words)


@dataclass(frozen=True, slots=True)
class WordModel:
    """Weights of marked words."""

    vocabulary: dict[str, int]
    weights: Numbers
    base: float

    def margins(self, bags: Bags) -> Numbers:
        """The log-odds of each bag of marked words; words never seen weigh nothing."""
        row = self.vocabulary.get
        places = np.array([row(name, -1) for name in bags.names()], dtype=np.int64)
        weights = np.where(places >= 0, np.append(self.weights, 0.0)[places], 0.0)
        return np.asarray(bags.table @ weights + self.base, dtype=np.float64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The words as one text in bytes, and their weights."""
        text = "\n".join(self.vocabulary).encode()
        return {"text": np.frombuffer(text, dtype=np.uint8), "weights": self.weights, "base": np.array([self.base])}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> WordModel:
        """Words from saved arrays."""
        text = arrays["text"].tobytes().decode()
        names = text.split("\n") if text else []
        return cls({name: row for row, name in enumerate(names)}, arrays["weights"], float(arrays["base"][0]))


def learn_words(bags: Bags, labels: Rows) -> WordModel:
    """Learn from labelled bags; a word must occur in two of them."""
    from sklearn.linear_model import LogisticRegression

    kept = np.flatnonzero(np.asarray(bags.table.sum(axis=0)).ravel() > 1)
    if not len(kept):
        return WordModel({}, np.zeros(0), 0.0)
    names = list(bags.names())
    model = LogisticRegression(C=0.3, max_iter=500).fit(bags.table[:, kept], labels)
    vocabulary = {names[column]: row for row, column in enumerate(kept)}
    return WordModel(vocabulary, model.coef_[0].astype(np.float64), float(model.intercept_[0]))


def as_one(models: Sequence[WordModel]) -> WordModel:
    """One model that says what several say on average."""
    total: dict[str, float] = {}
    for model in models:
        for word, weight in zip(model.vocabulary, model.weights, strict=True):
            total[word] = total.get(word, 0.0) + float(weight) / len(models)
    base = sum(model.base for model in models) / max(1, len(models))
    return WordModel({word: row for row, word in enumerate(total)}, np.array(list(total.values())), base)
