"""Judge pairs: features, then the words people let differ, then the rivals, then a probability that holds.

Two passes: the first judges each pair alone (its scores on training pairs come from models that never saw them),
the second sees the first scores of all rivals and the answers that people gave to other pairs of the same records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewatch.collector import uncollected
from pricewatch.matching.context import (
    ANSWER_NAMES,
    RIVAL_NAMES,
    Numbers,
    Rows,
    answer_matrix,
    lead_matrix,
    odds_share,
    rival_matrix,
)
from pricewatch.matching.features import NAMES, pair_matrix
from pricewatch.matching.linear import Linear, learn_line, mean_line, plain_line
from pricewatch.matching.near import KIN_NAMES, Table, kin_matrix, unknown
from pricewatch.matching.overlap import UNKNOWN, Corpus, Matrix, Overlap, Pairs
from pricewatch.matching.records import PairSet
from pricewatch.matching.traits import Traits, read_all
from pricewatch.matching.trees import Shape, Trees, folds, grow
from pricewatch.matching.words import Bags, WordModel, as_one, learn_words

FOLDS = 4
FIRST = Shape(rounds=80, rate=0.08, leaves=12)
SECOND = (Shape(rounds=150, rate=0.06),) * 2
FLAT = 0.02
TRUST = "trust"
HOPELESS = -5.0  # log-odds
LEAD = 8.0  # no lead over a rival, in log-odds, counts more
_LED = (  # features of which a pair may lead its rivals, and whether more is better
    ("left covered", 1), ("shared figures weigh", 1), ("left figures weigh alone", -1),
    ("right figures weigh alone", -1), ("left number runs in right", 1), ("right number runs in left", 1),
    ("price distance", -1), ("prices equal", 1), ("colours shared", 1), ("colours on one side", -1),
)  # fmt: skip
LED = [NAMES.index(name) for name, _ in _LED]
LED_SIGNS = np.array([sign for _, sign in _LED], dtype=np.float32)
LED_NAMES = tuple(f"lead in {name} for {side}" for side in ("left", "right") for name, _ in _LED)
LEADS = tuple(RIVAL_NAMES.index(f"lead over best rival for {side}") for side in ("left", "right"))


@dataclass(frozen=True, slots=True)
class View:
    """Pairs as the models see them."""

    matrix: Matrix
    bags: Bags
    sides: tuple[Rows, Rows]
    pairs: Pairs = ()
    table: Table | None = None

    def __len__(self) -> int:
        return len(self.matrix)


def pooled(views: Sequence[View]) -> View:
    """Several sets of pairs as one; their records stay apart, their words are not told."""
    counts = [1 + max(int(side.max(initial=-1)) for side in one.sides) for one in views]
    offsets = np.cumsum([0, *counts])
    left, right = (
        np.concatenate([one.sides[side] + offset for one, offset in zip(views, offsets, strict=False)])
        for side in (0, 1)
    )
    matrix = np.vstack([one.matrix for one in views])
    return View(matrix, Bags.empty(len(matrix)), (left, right))


def view(
    lefts: Sequence[Traits],
    rights: Sequence[Traits],
    pairs: Pairs,
    sides: tuple[Rows, Rows],
    corpus: Corpus | None = None,
    near: Matrix | None = None,
) -> View:
    """Read the features of pairs of traits; without a corpus, words are as rare as they are among these records.

    Pairs with the same number in `sides` are rivals. `near` has the columns `NEAR_NAMES`; they are unknown without it.
    """
    overlap = Overlap.of(lefts, rights, pairs)
    alike = pair_matrix(lefts, rights, pairs, corpus, overlap)
    leads = lead_matrix(alike[:, LED] * LED_SIGNS, sides)
    matrix = np.hstack([alike, unknown(len(pairs)) if near is None else near, leads])
    return View(matrix, Bags.of(overlap), sides)


@uncollected
def view_of(found: PairSet) -> View:
    """Read the features of a file of pairs."""
    lefts, rights = read_all(found.lefts), read_all(found.rights)
    table = Table.of(lefts, rights)
    seen = view(lefts, rights, found.pairs, found.sides(), near=table.near(found.pairs))
    return replace(seen, pairs=found.pairs, table=table)


@dataclass(frozen=True, slots=True)
class Judge:
    """A trained judge of pairs; one that moved to new ground on few answers keeps the one it came from as `base`.

    `trust` is the share of the base in what it says.
    """

    words: tuple[WordModel, ...]
    first: tuple[Trees, ...]
    second: tuple[Trees, ...]
    line: Linear
    blend: Linear
    base: Judge | None = None
    trust: float = 1 / 3

    def alone(self, seen: View) -> tuple[Matrix, Numbers]:
        """The features with what the words say, and how likely each pair is by itself."""
        said = _said(self.words, seen.bags)
        joined = _with(seen.matrix, said)
        return joined, odds_share(_mean_margins(self.first, joined))

    def margins(self, seen: View, labels: Rows | None = None, answered: Rows | None = None) -> Numbers:
        """The log-odds of each pair beside its rivals and what people said of them."""
        joined, scores = self.alone(seen)
        full = in_context(joined, scores, seen, labels, answered)
        own = self.blend.margins(_opinions(self.second, self.line, full, joined.shape[1]))
        return own if self.base is None else (1 - self.trust) * own + self.trust * self.base.margins(seen)

    def probabilities(self, seen: View, labels: Rows | None = None, answered: Rows | None = None) -> Numbers:
        """Probabilities that hold; only the labels of rows `answered` are looked at, and never a pair's own."""
        return odds_share(self.margins(seen, labels, answered))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything it has learned, as named arrays."""
        found: dict[str, NDArray[Any]] = {}
        kinds: tuple[tuple[str, Sequence[WordModel | Trees | Linear]], ...] = (
            ("words", self.words),
            ("first", self.first),
            ("second", self.second),
            ("lines", (self.line, self.blend)),
        )
        for kind, parts in kinds:
            for number, part in enumerate(parts):
                found |= {f"{kind}/{number}/{name}": array for name, array in part.arrays().items()}
        base = self.base.arrays() | {TRUST: np.array([self.trust])} if self.base else {}
        return found | {f"base/{name}": array for name, array in base.items()}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Judge:
        """A judge from saved arrays."""
        line, blend = (Linear.of(part) for part in _parts(arrays, "lines"))
        base = {name.removeprefix("base/"): array for name, array in arrays.items() if name.startswith("base/")}
        return cls(
            tuple(WordModel.of(part) for part in _parts(arrays, "words")),
            tuple(Trees.of(part) for part in _parts(arrays, "first")),
            tuple(Trees.of(part) for part in _parts(arrays, "second")),
            line,
            blend,
            cls.of(base) if base else None,
            float(base[TRUST][0]) if base else 0.0,
        )


def _parts(arrays: Mapping[str, NDArray[Any]], kind: str) -> Iterator[dict[str, NDArray[Any]]]:
    numbers = {int(name.split("/")[1]) for name in arrays if name.startswith(kind + "/")}
    for number in sorted(numbers):
        start = f"{kind}/{number}/"
        yield {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}


def _said(words: Sequence[WordModel], bags: Bags) -> Numbers:
    """What the words of each pair say; unknown where no words were learned."""
    if not words:
        return np.full(bags.table.shape[0], UNKNOWN)
    return np.asarray(np.mean([model.margins(bags) for model in words], axis=0), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Learned:
    """The first pass: what was learned, and the features of all pairs beside their rivals.

    Scores of pairs that were learned from come from models that never saw them. `asked` heeds people's answers.
    """

    words: tuple[WordModel, ...]
    first: tuple[Trees, ...]
    width: int
    asked: Matrix
    unasked: Matrix

    def doubled(self, rows: Rows, labels: Rows) -> tuple[Matrix, Rows]:
        """Pairs to learn from, each as if people had answered about its records and as if they had not."""
        return np.vstack([self.asked[rows], self.unasked[rows]]), np.concatenate([labels[rows], labels[rows]])


def train(seen: View, labels: Rows, learn: Rows, check: Rows, seed: int = 0, *, by_heart: bool = True) -> Judge:
    """Learn from the labels of rows `learn`, calibrate on rows `check`; other rows are only rivals without a label.

    Without `by_heart` no word is learned: for a judge of things that were not seen before.
    """
    return _second(_first(seen, labels, learn, seed, by_heart=by_heart), labels, learn, check, seed)


def train_crossed(seen: View, labels: Rows, learn: Rows, calibrate: int, seed: int = 0) -> tuple[Judge, Numbers]:
    """A judge whose parts each left out a quarter of the rows `learn`, and what the part that had not seen a row says.

    It is calibrated on what is said of the last `calibrate` of these rows.
    """
    found = _first(seen, labels, learn, seed)
    second: list[Trees] = []
    lines: list[Linear] = []
    opinions = np.zeros((len(learn), 3 + len(LEADS)))
    for part, held in folds(labels[learn], FOLDS, seed + 1):
        both, twice = found.doubled(learn[part], labels)
        second.append(grow(both, twice, seed + len(second), SECOND[0]))
        lines.append(learn_line(both, twice, FLAT))
        opinions[held] = _opinions(second[-1:], lines[-1], found.asked[learn[held]], found.width)
    blend = _blend(opinions[-calibrate:], labels[learn[-calibrate:]])
    judge = Judge(found.words, found.first, tuple(second), mean_line(lines), blend)
    return judge, odds_share(judge.blend.margins(opinions))


def _first(seen: View, labels: Rows, learn: Rows, seed: int, *, by_heart: bool = True) -> _Learned:
    words, word_margins = learn_said(seen, labels, learn, seed) if by_heart else ((), np.full(len(seen), UNKNOWN))
    joined = _with(seen.matrix, word_margins)
    first, scores = _learn_first(joined, labels, learn, seed)
    asked, unasked = in_context(joined, scores, seen, labels, learn), in_context(joined, scores, seen)
    return _Learned((as_one(words),) if words else (), first, joined.shape[1], asked, unasked)


def _second(found: _Learned, labels: Rows, learn: Rows, check: Rows, seed: int) -> Judge:
    both, twice = found.doubled(learn, labels)
    second = tuple(grow(both, twice, seed + number, shape) for number, shape in enumerate(SECOND))
    line = learn_line(both, twice, FLAT)
    opinions = _opinions(second, line, found.asked[check], found.width)
    return Judge(found.words, found.first, second, line, _blend(opinions, labels[check]))


def _opinions(second: Sequence[Trees], line: Linear, full: Matrix, width: int) -> Numbers:
    """What trees and line say of each pair, what it was worth alone, and how far it leads its rivals on either side."""
    trees = _mean_margins(second, full)
    leads = [np.clip(np.nan_to_num(full[:, width + column], nan=LEAD), -LEAD, LEAD) for column in LEADS]
    return np.column_stack([trees, line.margins(full), full[:, width], *leads])


def _mean_margins(several: Sequence[Trees], matrix: Matrix) -> Numbers:
    """What several say on average; about what the first of them finds hopeless the others are not asked."""
    found = several[0].margins(matrix)
    rest = np.flatnonzero(found > HOPELESS)
    found[rest] = np.mean([found[rest], *(one.margins(matrix[rest]) for one in several[1:])], axis=0)
    return found


def _blend(opinions: Numbers, labels: Rows) -> Linear:
    """How much each opinion counts, so that probabilities hold: learned on pairs that nothing else was learned from."""
    if len(set(labels.tolist())) < 2:
        return plain_line([0.5, 0.5, 0.0, 0.0, 0.0])
    return learn_line(opinions, labels, strength=1.0)


def in_context(
    joined: Matrix, scores: Numbers, seen: View, labels: Rows | None = None, answered: Rows | None = None
) -> Matrix:
    """The features of each pair, its rivals, what people said of these, and how near it is to what they said."""
    answers = np.full((len(scores), len(ANSWER_NAMES)), UNKNOWN, dtype=np.float32)
    kin = np.full((len(scores), len(KIN_NAMES)), UNKNOWN, dtype=np.float32)
    if labels is not None and answered is not None:
        answers = answer_matrix(labels, answered, seen.sides)
        if seen.table is not None:
            kin = kin_matrix(seen.table, seen.pairs, labels, answered)
    return np.hstack([joined, rival_matrix(scores, seen.sides), answers, kin])


def learn_said(seen: View, labels: Rows, learn: Rows, seed: int) -> tuple[tuple[WordModel, ...], Numbers]:
    """Word models that each left out a quarter of the rows `learn`, and what the words of every pair say: to these
    rows by the models that had not seen them.
    """
    models, margins = [], np.zeros(len(seen))
    for part, held in folds(labels[learn], FOLDS, seed):
        model = learn_words(seen.bags[learn[part]], labels[learn[part]])
        margins[learn[held]] = model.margins(seen.bags[learn[held]])
        models.append(model)
    rest = np.setdiff1d(np.arange(len(seen)), learn)
    margins[rest] = np.mean([model.margins(seen.bags[rest]) for model in models], axis=0)
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
