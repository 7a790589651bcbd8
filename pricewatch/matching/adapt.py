"""A judge that moves to new ground on few answers, and keeps what it learned on made-up shops beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewatch.matching.context import ANSWER_NAMES, RIVAL_NAMES, Numbers, Rows, odds_share
from pricewatch.matching.features import Matrix
from pricewatch.matching.linear import learn_line, plain_line
from pricewatch.matching.near import KIN_NAMES
from pricewatch.matching.score import FLAT, Judge, View, in_context
from pricewatch.matching.trees import Shape, grow

FIRST = Shape(rounds=80, rate=0.08, leaves=12)
SECOND = Shape(rounds=100, rate=0.06)
ANSWER_WEIGHT = 10.0  # of one answer beside one pair of the made-up shops
WIDTH = len(RIVAL_NAMES) + len(ANSWER_NAMES) + len(KIN_NAMES)
ROUND = 20  # answers after which it learns again


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


def adapted(base: Judge, replay: Replay, seen: View, labels: Rows, answered: Rows, seed: int = 0) -> Judge:
    """A judge that heeds the labels of rows `answered`; all other rows are looked at without their labels."""
    joined, _ = base.alone(seen)
    weights = np.concatenate([np.ones(len(replay.labels)), np.full(len(answered), ANSWER_WEIGHT)])
    said = np.concatenate([replay.labels, labels[answered]])
    first = grow(np.vstack([replay.full[:, :-WIDTH], joined[answered]]), said, seed, FIRST, weights)
    scores = odds_share(first.margins(joined))
    asked, unasked = in_context(joined, scores, seen, labels, answered), in_context(joined, scores, seen)
    full = np.vstack([replay.full, asked[answered], unasked[answered]])
    weights = np.concatenate([np.ones(len(replay.labels)), np.full(2 * len(answered), ANSWER_WEIGHT / 2)])
    said = np.concatenate([replay.labels, labels[answered], labels[answered]])
    second, line = grow(full, said, seed, SECOND, weights), learn_line(full, said, FLAT, weights)
    return Judge((), (first,), (second,), line, plain_line([0.5, 0.5, 0.0, 0.0, 0.0]), base)


def ask(base: Judge, replay: Replay, seen: View, labels: Rows, pool: Rows, count: int) -> tuple[Judge, Rows]:
    """Ask for the labels of the `count` most doubtful rows of a pool, a few at a time; the judge then, and the rows."""
    judge, asked = base, np.zeros(0, dtype=np.int64)
    while len(asked) < min(count, len(pool)):
        chances = judge.probabilities(seen, labels, asked) if len(asked) else judge.probabilities(seen)
        asked = np.concatenate([asked, doubtful(chances, np.setdiff1d(pool, asked), min(ROUND, count - len(asked)))])
        if len(set(labels[asked].tolist())) == 2:
            judge = adapted(base, replay, seen, labels, asked)
    return judge, asked


def doubtful(chances: Numbers, rows: Rows, count: int) -> Rows:
    """The rows whose probability is nearest to even."""
    return rows[np.argsort(np.abs(chances[rows] - 0.5), kind="stable")[:count]]
