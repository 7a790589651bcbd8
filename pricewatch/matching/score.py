"""Judge pairs: features, then the words people let differ, then the rivals, then a probability that holds.

Two passes: the first judges each pair alone (its scores on training pairs come from models that never saw them),
the second sees the first scores of all rivals and the answers that people gave to other pairs of the same records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pricewatch.matching.calibrate import Calibration, calibrate
from pricewatch.matching.context import Numbers, Rows, answer_matrix, odds_share, rival_matrix
from pricewatch.matching.features import UNKNOWN, Matrix, Pairs, pair_matrix
from pricewatch.matching.records import PairSet
from pricewatch.matching.traits import Traits, read_traits
from pricewatch.matching.trees import Shape, Trees, folds, grow
from pricewatch.matching.words import WordModel, bags_of, learn_words

FOLDS = 4
FIRST = Shape(rounds=80, rate=0.08, leaves=12)
SECOND = (Shape(rounds=150, rate=0.06),) * 2


@dataclass(frozen=True, slots=True)
class View:
    """Pairs as the models see them."""

    matrix: Matrix
    bags: list[list[str]]
    sides: tuple[Rows, Rows]

    def __len__(self) -> int:
        return len(self.matrix)


def view(lefts: Sequence[Traits], rights: Sequence[Traits], pairs: Pairs) -> View:
    """Read the features of pairs of traits."""
    places = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    matrix = pair_matrix(lefts, rights, pairs)
    return View(matrix, bags_of(lefts, rights, pairs), (places[:, 0].copy(), places[:, 1].copy()))


def view_of(found: PairSet) -> View:
    """Read the features of a file of pairs."""
    lefts, rights = [read_traits(one) for one in found.lefts], [read_traits(one) for one in found.rights]
    return view(lefts, rights, found.pairs)


@dataclass(frozen=True, slots=True)
class Judge:
    """A trained judge of pairs from one source of answers."""

    words: tuple[WordModel, ...]
    first: tuple[Trees, ...]
    second: tuple[Trees, ...]
    calibration: Calibration

    def alone(self, seen: View) -> tuple[Matrix, Numbers]:
        """The features with what the words say, and how likely each pair is by itself."""
        said = np.mean([model.margins(seen.bags) for model in self.words], axis=0)
        joined = _with(seen.matrix, said)
        return joined, odds_share(np.mean([trees.margins(joined) for trees in self.first], axis=0))

    def margins(self, seen: View, answers: Matrix) -> Numbers:
        """The log-odds of each pair beside its rivals, before they are made to hold."""
        joined, scores = self.alone(seen)
        return self.beside(joined, rival_matrix(scores, seen.sides), answers)

    def beside(self, joined: Matrix, rivals: Matrix, answers: Matrix) -> Numbers:
        """The second pass alone."""
        full = np.hstack([joined, rivals, answers])
        return np.asarray(np.mean([trees.margins(full) for trees in self.second], axis=0), dtype=np.float64)

    def probabilities(self, margins: Numbers) -> Numbers:
        """Probabilities that hold."""
        return self.calibration.apply(margins)


def train(seen: View, labels: Rows, learn: Rows, check: Rows, seed: int = 0) -> Judge:
    """Learn from the labels of rows `learn`, calibrate on rows `check`; other rows are only rivals without a label."""
    words, word_margins = _learn_words(seen, labels, learn, seed)
    joined = _with(seen.matrix, word_margins)
    first, scores = _learn_first(joined, labels, learn, seed)
    answers = answer_matrix(labels, learn, seen.sides)
    rivals = rival_matrix(scores, seen.sides)
    full = np.hstack([joined, rivals, answers])[learn]
    unasked = full.copy()
    unasked[:, -answers.shape[1] :] = UNKNOWN  # so that records nobody was asked about are judged as well
    both, twice = np.vstack([full, unasked]), np.concatenate([labels[learn], labels[learn]])
    second = tuple(grow(both, twice, seed + number, shape) for number, shape in enumerate(SECOND))
    judge = Judge(words, first, second, Calibration())
    margins = judge.beside(joined, rivals, answers)
    return Judge(words, first, second, calibrate(margins[check], labels[check]))


def _learn_words(seen: View, labels: Rows, learn: Rows, seed: int) -> tuple[tuple[WordModel, ...], Numbers]:
    models, margins = [], np.zeros(len(seen))
    for part, held in folds(labels[learn], FOLDS, seed):
        model = learn_words([seen.bags[row] for row in learn[part]], labels[learn[part]])
        margins[learn[held]] = model.margins([seen.bags[row] for row in learn[held]])
        models.append(model)
    rest = np.setdiff1d(np.arange(len(seen)), learn)
    others = [seen.bags[row] for row in rest]
    margins[rest] = np.mean([model.margins(others) for model in models], axis=0)
    return tuple(models), margins


def _learn_first(joined: Matrix, labels: Rows, learn: Rows, seed: int) -> tuple[tuple[Trees, ...], Numbers]:
    models, margins = [], np.zeros(len(joined))
    for part, held in folds(labels[learn], FOLDS, seed):
        trees = grow(joined[learn[part]], labels[learn[part]], seed, FIRST)
        margins[learn[held]] = trees.margins(joined[learn[held]])
        models.append(trees)
    rest = np.setdiff1d(np.arange(len(joined)), learn)
    margins[rest] = np.mean([trees.margins(joined[rest]) for trees in models], axis=0)
    return tuple(models), odds_share(margins)


def _with(matrix: Matrix, margins: Numbers) -> Matrix:
    return np.column_stack([matrix, margins]).astype(np.float32)
