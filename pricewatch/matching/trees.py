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
        parts = [self._margins(matrix[start : start + BATCH]) for start in range(0, len(matrix), BATCH)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _margins(self, matrix: Matrix) -> Numbers:
        unknown, count = np.isnan(matrix).T, len(matrix)
        columns = np.concatenate([np.where(unknown, -np.inf, matrix.T), np.where(unknown, np.inf, matrix.T)]).ravel()
        feature, children = self.feature.astype(np.int64) * count, self.children.astype(np.int64)
        rows, total = np.arange(count), np.full(count, float(self.base[0]))
        for root, depth in zip(self.roots, self.depth, strict=True):
            at = np.full(count, root, dtype=np.int64)
            for _ in range(depth):
                seen = columns.take(feature.take(at) + rows)
                at = children.take(2 * at + (seen > self.threshold.take(at)))
            total += self.value.take(at)
        return total

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays by name, to be saved."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Trees:
        """Trees from saved arrays."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def grow(matrix: Matrix, labels: Rows, seed: int, shape: Shape | None = None, weights: Numbers | None = None) -> Trees:
    """Grow trees; columns without two different known values are left out of every split."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    shape = shape or Shape()
    used = np.flatnonzero([_varies(column) for column in matrix.T])
    model = HistGradientBoostingClassifier(
        max_iter=shape.rounds, learning_rate=shape.rate, max_leaf_nodes=shape.leaves, max_features=shape.share,
        min_samples_leaf=shape.smallest, l2_regularization=shape.ridge, max_depth=shape.depth,
        early_stopping=False, random_state=seed,
    )  # fmt: skip
    with threadpool_limits(1):  # on a busy machine, threads that wait for each other take ten times as long
        model.fit(matrix[:, used], labels, sample_weight=weights)
    return _as_arrays(model, used, matrix.shape[1])


def _varies(column: NDArray[np.float32]) -> bool:
    known = column[~np.isnan(column)]
    return bool(len(known)) and bool(known.min() < known.max())


def _as_arrays(model: Any, used: NDArray[np.int64], width: int) -> Trees:
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
        threshold=joined["num_threshold"].astype(np.float64),
        children=np.column_stack([left, right]).ravel().astype(np.int32),
        value=np.where(leaf, joined["value"], 0.0),
        roots=starts,
        depth=np.array([int(nodes["depth"].max()) for nodes in grown], dtype=np.int32),
        base=np.array([float(np.ravel(model._baseline_prediction)[0])]),  # noqa: SLF001 - as above
    )


def folds(labels: Rows, count: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Row numbers to learn from and to judge, `count` times, each class spread evenly."""
    from sklearn.model_selection import StratifiedKFold

    spread = StratifiedKFold(count, shuffle=True, random_state=seed)
    for learn, judge in spread.split(labels, labels):
        yield np.asarray(learn, dtype=np.int64), np.asarray(judge, dtype=np.int64)
