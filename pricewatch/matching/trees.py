"""Boosted trees as plain arrays: grown by scikit-learn, applied by numpy alone, saved without code in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewatch.matching.context import Numbers, Rows
from pricewatch.matching.overlap import Matrix

BATCH = 2048
STEPS = 255  # different values of a feature that growing tells apart
ABREAST = 4  # trees that are walked at a time: enough to be worth a call, few enough for the nearest memory


@dataclass(frozen=True, slots=True)
class Shape:
    """How trees are grown; the defaults suit a few thousand labelled pairs."""

    rounds: int = 200
    rate: float = 0.05
    leaves: int = 15
    share: float = 0.4  # of the features that each split looks at
    smallest: int = 15
    depth: int = 6
    ridge: float = 2.0


@dataclass(frozen=True, slots=True)
class Trees:
    """Many trees end to end: node arrays, where each tree starts, and the base that all margins add to.

    An inner node sends a row to `children[2 * node]` when its feature is at most the threshold, else to the next one;
    a leaf leads to itself. Features count twice: `f` with unknown as very low, `f` + width with unknown as very high.
    """

    width: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    children: NDArray[np.int32]
    value: NDArray[np.float64]
    roots: NDArray[np.int32]
    depth: NDArray[np.int32]
    base: NDArray[np.float64]

    def margins(self, matrix: Matrix) -> Numbers:
        """The log-odds of each row."""
        if matrix.shape[1] != self.width[0]:
            raise ValueError(f"{matrix.shape[1]} features, the trees were grown on {self.width[0]}")
        walk = _Walk.of(self)
        parts = [walk.margins(matrix[start : start + BATCH]) for start in range(0, len(matrix), BATCH)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays by name, to be saved."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Trees:
        """Trees from saved arrays."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


@dataclass(frozen=True, slots=True)
class _Walk:
    """Trees with their nodes in the order in which walking is cheap: the roots, then two children side by side.

    A row steps from a node to `first`, or to the node behind it when its feature is above the threshold; at a leaf it
    stays. The thresholds are rounded down to what a feature can hold, which changes no comparison.
    """

    feature: Rows
    threshold: NDArray[np.float32]
    first: Rows
    value: NDArray[np.float64]
    depth: NDArray[np.int32]
    base: float

    @classmethod
    def of(cls, trees: Trees) -> _Walk:
        """Put the nodes of trees in order."""
        left, right = trees.children.reshape(-1, 2).T.astype(np.int64)
        inner = np.flatnonzero(left != np.arange(len(left)))
        behind = len(trees.roots) + 2 * np.arange(len(inner))
        place = np.empty(len(left), dtype=np.int64)
        place[trees.roots], place[left[inner]], place[right[inner]] = np.arange(len(trees.roots)), behind, behind + 1
        feature, first = np.zeros(len(left), dtype=np.int64), np.arange(len(left))
        threshold, value = np.full(len(left), np.inf, dtype=np.float32), np.empty(len(left))
        feature[place], value[place] = trees.feature, trees.value
        first[place[inner]], threshold[place[inner]] = behind, _at_most(trees.threshold[inner])
        return cls(feature, threshold, first, value, trees.depth, float(trees.base[0]))

    def margins(self, matrix: Matrix) -> Numbers:
        """The log-odds of a batch of rows, a few trees at a time."""
        unknown, count = np.isnan(matrix).T, len(matrix)
        low, high = (np.where(unknown, np.float32(edge), matrix.T) for edge in (-np.inf, np.inf))
        columns, feature = np.concatenate([low, high]).ravel(), self.feature * count
        total = np.full(count, self.base)
        for start in range(0, len(self.depth), ABREAST):
            depth = self.depth[start : start + ABREAST]
            at = np.repeat(np.arange(start, start + len(depth)), count).reshape(len(depth), count)
            total += self._leaves(columns, feature, at, int(depth.max()))
        return total

    def _leaves(self, columns: NDArray[np.float32], feature: Rows, at: Rows, depth: int) -> Numbers:
        """The sum of the leaves to which rows come, from the nodes `at`: tree × row."""
        rows, step = np.arange(at.shape[1]), np.empty_like(at)
        seen, bound = np.empty(at.shape, dtype=np.float32), np.empty(at.shape, dtype=np.float32)
        for _ in range(depth):  # all places are within bounds; `clip` spares numpy the check
            feature.take(at, out=step, mode="clip")
            step += rows
            columns.take(step, out=seen, mode="clip")
            self.threshold.take(at, out=bound, mode="clip")
            self.first.take(at, out=step, mode="clip")
            np.add(step, seen > bound, out=at)
        return np.asarray(self.value.take(at).sum(axis=0), dtype=np.float64)


def _at_most(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """The greatest single-precision numbers that are not above these."""
    found = values.astype(np.float32)
    return np.where(found > values, np.nextafter(found, np.float32(-np.inf)), found)


def grow(matrix: Matrix, labels: Rows, seed: int, shape: Shape | None = None, weights: Numbers | None = None) -> Trees:
    """Grow trees; columns without two different known values are left out of every split."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    shape = shape or Shape()
    used = np.flatnonzero([_varies(column) for column in matrix.T])
    cut, edges = (matrix[:, used], None) if weights is None else _in_steps(matrix[:, used], weights)
    model = HistGradientBoostingClassifier(
        max_iter=shape.rounds, learning_rate=shape.rate, max_leaf_nodes=shape.leaves, max_features=shape.share,
        min_samples_leaf=shape.smallest, l2_regularization=shape.ridge, max_depth=shape.depth,
        early_stopping=False, random_state=seed,
    )  # fmt: skip
    with threadpool_limits(1):  # on a busy machine, threads that wait for each other take ten times as long
        model.fit(cut, labels, sample_weight=weights)
    return _as_arrays(model, used, edges, matrix.shape[1])


def _varies(column: NDArray[np.float32]) -> bool:
    known = column[~np.isnan(column)]
    return bool(len(known)) and bool(known.min() < known.max())


def _in_steps(matrix: Matrix, weights: Numbers) -> tuple[Matrix, list[Numbers]]:
    """The columns cut into steps, and where each is cut; unknown stays unknown.

    scikit-learn does the same, but as soon as rows have weights it takes three times as long for it as for growing.
    """
    edges = [_edges(column, weights) for column in matrix.T]
    steps = [np.where(np.isnan(one), one, np.searchsorted(at, one)) for one, at in zip(matrix.T, edges, strict=True)]
    return np.column_stack(steps).astype(np.float32), edges


def _edges(column: NDArray[np.float32], weights: Numbers) -> Numbers:
    """Half way between the values of a column, or where there are too many at those that part it into equal weights."""
    order = np.argsort(column, kind="stable")[: np.count_nonzero(~np.isnan(column))]
    known = column[order].astype(np.float64)
    values = np.unique(known)
    if len(values) <= STEPS:
        return np.asarray((values[:-1] + values[1:]) / 2, dtype=np.float64)
    reached = np.cumsum(weights[order])
    parts = np.searchsorted(reached, np.linspace(0, reached[-1], STEPS + 1)[1:-1])
    return np.unique(known[np.minimum(parts, len(known) - 1)])


def _as_arrays(model: Any, used: Rows, edges: list[Numbers] | None, width: int) -> Trees:
    grown = [group[0].nodes for group in model._predictors]  # noqa: SLF001 - scikit-learn has no public way to read them
    sizes = [len(nodes) for nodes in grown]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
    joined, offset = np.concatenate(grown), np.repeat(starts, sizes)
    leaf, itself = joined["is_leaf"].astype(bool), np.arange(len(joined))
    low = joined["missing_go_to_left"].astype(bool)
    left = np.where(leaf, itself, joined["left"].astype(np.int64) + offset)
    right = np.where(leaf, itself, joined["right"].astype(np.int64) + offset)
    return Trees(
        width=np.array([width], dtype=np.int32),
        feature=np.where(leaf, 0, used[joined["feature_idx"]] + np.where(low, 0, width)).astype(np.int32),
        threshold=_thresholds(joined, edges),
        children=np.column_stack([left, right]).ravel().astype(np.int32),
        value=np.where(leaf, joined["value"], 0.0),
        roots=starts,
        depth=np.array([int(nodes["depth"].max()) for nodes in grown], dtype=np.int32),
        base=np.array([float(np.ravel(model._baseline_prediction)[0])]),  # noqa: SLF001 - as above
    )


def _thresholds(nodes: Any, edges: list[Numbers] | None) -> Numbers:
    """Thresholds of steps as thresholds of features; an infinite one parts the known from the unknown."""
    found = np.array(nodes["num_threshold"], dtype=np.float64)
    for number, at in enumerate(edges or ()):
        mine = np.flatnonzero((nodes["feature_idx"] == number) & np.isfinite(found) & (nodes["is_leaf"] == 0))
        found[mine] = at[found[mine].astype(np.int64)]
    return found


def folds(labels: Rows, count: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Row numbers to learn from and to judge, `count` times, each class spread evenly."""
    from sklearn.model_selection import StratifiedKFold

    spread = StratifiedKFold(count, shuffle=True, random_state=seed)
    for learn, judge in spread.split(labels, labels):
        yield np.asarray(learn, dtype=np.int64), np.asarray(judge, dtype=np.int64)
