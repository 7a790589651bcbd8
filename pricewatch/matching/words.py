"""Which words may differ between two titles of one product: learned from answers, a logistic model over words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewatch.matching.context import Numbers, Rows
from pricewatch.matching.features import Pairs
from pricewatch.matching.traits import Traits


def marked_words(left: Traits, right: Traits) -> list[str]:
    """The words of a pair: `=` shared, `-` only ours, `+` only theirs, `~` on one side."""
    ours = [word for word in left.words - right.words if len(word) < 3 or word not in right.compact]
    theirs = [word for word in right.words - left.words if len(word) < 3 or word not in left.compact]
    marked = ["=" + word for word in left.words & right.words]
    marked += ["-" + word for word in ours] + ["+" + word for word in theirs]
    return marked + ["~" + word for word in left.words ^ right.words]


@dataclass(frozen=True, slots=True)
class WordModel:
    """Weights of marked words."""

    vocabulary: dict[str, int]
    weights: Numbers
    base: float

    def margins(self, bags: Sequence[list[str]]) -> Numbers:
        """The log-odds of each bag of marked words; words never seen weigh nothing."""
        return np.asarray(_counts(bags, self.vocabulary) @ self.weights + self.base, dtype=np.float64)

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


def learn_words(bags: Sequence[list[str]], labels: Rows) -> WordModel:
    """Learn from labelled bags; a word must occur in two of them."""
    from sklearn.linear_model import LogisticRegression

    seen: dict[str, int] = {}
    for bag in bags:
        for word in bag:
            seen[word] = seen.get(word, 0) + 1
    vocabulary = {word: row for row, word in enumerate(sorted(word for word, count in seen.items() if count > 1))}
    if not vocabulary:
        return WordModel({}, np.zeros(0), 0.0)
    model = LogisticRegression(C=0.3, max_iter=500).fit(_counts(bags, vocabulary), labels)
    return WordModel(vocabulary, model.coef_[0].astype(np.float64), float(model.intercept_[0]))


def as_one(models: Sequence[WordModel]) -> WordModel:
    """One model that says what several say on average."""
    total: dict[str, float] = {}
    for model in models:
        for word, weight in zip(model.vocabulary, model.weights, strict=True):
            total[word] = total.get(word, 0.0) + float(weight) / len(models)
    base = sum(model.base for model in models) / max(1, len(models))
    return WordModel({word: row for row, word in enumerate(total)}, np.array(list(total.values())), base)


def bags_of(lefts: Sequence[Traits], rights: Sequence[Traits], pairs: Pairs) -> list[list[str]]:
    """The marked words of every pair."""
    return [marked_words(lefts[i], rights[j]) for i, j in pairs]


def _counts(bags: Sequence[list[str]], vocabulary: dict[str, int]) -> Any:
    from scipy import sparse

    rows, columns = [], []
    for row, bag in enumerate(bags):
        known = [vocabulary[word] for word in bag if word in vocabulary]
        rows += [row] * len(known)
        columns += known
    ones = np.ones(len(rows), dtype=np.float64)
    return sparse.csr_matrix((ones, (rows, columns)), shape=(len(bags), len(vocabulary)))
