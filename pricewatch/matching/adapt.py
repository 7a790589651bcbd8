"""A judge that moves to new ground on few answers, and keeps what it learned on made-up shops beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewatch.matching.context import ANSWER_NAMES, RIVAL_NAMES, Numbers, Rows, odds_share
from pricewatch.matching.linear import learn_line, plain_line
from pricewatch.matching.near import KIN_NAMES
from pricewatch.matching.overlap import Matrix
from pricewatch.matching.score import FLAT, FOLDS, Judge, View, in_context, learn_said
from pricewatch.matching.trees import Shape, grow
from pricewatch.matching.words import WordModel, as_one

FIRST = Shape(rounds=80, rate=0.08, leaves=12)
SECOND = Shape(rounds=100, rate=0.06)
ANSWER_WEIGHT = 10.0  # of one answer beside one pair of the made-up shops
WIDTH = len(RIVAL_NAMES) + len(ANSWER_NAMES) + len(KIN_NAMES)
ROUND = 20  # answers after which it learns again
SETTLINGS = 2  # times that it learns from its own sure judgements when all answers are in
SURELY_NOT, SURELY = 0.03, 0.95  # chances beyond which a judgement of its own is taken for true
NOTHING: Rows = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Replay:
    """A sample of what the shipped judge was trained on: features with their context, and labels."""

    full: Matrix
    labels: Rows

    @classmethod
    def sampled(cls, full: Matrix, labels: Rows, most: int, seed: int = 0) -> Replay:
        """A third true pairs, two thirds false ones."""
        dice = np.random.default_rng(seed)
        kinds = ((1, most // 3), (0, most - most // 3))
        rows = np.concatenate([dice.permutation(np.flatnonzero(labels == label))[:count] for label, count in kinds])
        return cls(full[rows].astype(np.float16).astype(np.float32), labels[rows])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Half precision is enough to learn from."""
        return {"full": self.full.astype(np.float16), "labels": self.labels.astype(np.int8)}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Replay:
        """A sample from saved arrays."""
        return cls(arrays["full"].astype(np.float32), arrays["labels"].astype(np.int64))


@dataclass(frozen=True, slots=True)
class Weights:
    """How much one pair of each kind counts, and how much the judge that it came from."""

    replay: float = 1.0
    answer: float = ANSWER_WEIGHT
    guess: float = 0.0
    base: float = 1 / 3

    def of(self, replay: Replay, answered: int, rows: Rows) -> Numbers:
        """The weights of the pairs of a replay, then of `rows`, the first of which were answered."""
        kinds = ((self.replay, len(replay.labels)), (self.answer, answered), (self.guess, len(rows) - answered))
        return np.concatenate([np.full(count, weight) for weight, count in kinds])


SETTLING = Weights(replay=0.3, answer=20.0, guess=0.5, base=0.2)


def adapted(
    base: Judge,
    replay: Replay,
    seen: View,
    labels: Rows,
    answered: Rows,
    seed: int = 0,
    weights: Weights = Weights(),
    guessed: Rows = NOTHING,
) -> Judge:
    """A judge that heeds the labels of rows `answered`; all other rows are looked at without their labels.

    The rows `guessed` count as `labels` says as well, with their own weight; no context is made of them. Where there
    are enough of both kinds it learns from them, too, which words may differ.
    """
    joined, _ = base.alone(seen)
    rows, many = np.concatenate([answered, guessed]), len(answered)
    words: tuple[WordModel, ...] = ()
    if len(guessed) and np.bincount(labels[rows], minlength=2).min() >= FOLDS:
        words, said_by_words = learn_said(seen, labels, rows, seed)
        joined = np.column_stack([joined[:, :-1], said_by_words]).astype(np.float32)
    said = np.concatenate([replay.labels, labels[rows]])
    first = grow(np.vstack([replay.full[:, :-WIDTH], joined[rows]]), said, seed, FIRST, weights.of(replay, many, rows))
    scores = odds_share(first.margins(joined))
    asked, unasked = in_context(joined, scores, seen, labels, answered), in_context(joined, scores, seen)
    full, said = np.vstack([replay.full, asked[rows], unasked[answered]]), np.concatenate([said, labels[answered]])
    half = replace(weights, answer=weights.answer / 2)
    counts = np.concatenate([half.of(replay, many, rows), np.full(many, half.answer)])
    second, line = grow(full, said, seed, SECOND, counts), learn_line(full, said, FLAT, counts)
    learned = (as_one(words),) if words else ()
    return Judge(learned, (first,), (second,), line, plain_line([0.5, 0.5, 0.0, 0.0, 0.0]), base, weights.base)


def ask(base: Judge, replay: Replay, seen: View, labels: Rows, pool: Rows, count: int) -> tuple[Judge, Rows]:
    """Ask for the labels of the `count` most doubtful rows of a pool, a few at a time; the judge then, and the rows."""
    judge, asked = base, NOTHING
    while len(asked) < min(count, len(pool)):
        chances = judge.probabilities(seen, labels, asked) if len(asked) else judge.probabilities(seen)
        asked = np.concatenate([asked, doubtful(chances, np.setdiff1d(pool, asked), min(ROUND, count - len(asked)))])
        judge = adapted(base, replay, seen, labels, asked)
    return (settled(judge, base, replay, seen, labels, asked) if len(asked) else base), asked


def settled(judge: Judge, base: Judge, replay: Replay, seen: View, labels: Rows, answered: Rows) -> Judge:
    """A judge that also learns from what the one before was sure of among the pairs nobody answered, twice over.

    No label but those of rows `answered` is looked at.
    """
    for _ in range(SETTLINGS):
        chances = judge.probabilities(seen, labels, answered)
        sure = np.flatnonzero((chances < SURELY_NOT) | (chances > SURELY))
        guesses = (chances > SURELY).astype(np.int64)
        guesses[answered] = labels[answered]
        judge = adapted(base, replay, seen, guesses, answered, 0, SETTLING, np.setdiff1d(sure, answered))
    return judge


def doubtful(chances: Numbers, rows: Rows, count: int) -> Rows:
    """The rows whose probability is nearest to even."""
    return rows[np.argsort(np.abs(chances[rows] - 0.5), kind="stable")[:count]]
