"""Boosted trees beside the pooled model: monotone in the own price, kept only in categories where they predict better.

Poisson trees (Friedman 2001; scikit-learn's histograms) of sales over each product's usual rate. What is believed then
is the middle of both in logarithms, so that demand still falls in the price. Kept as plain arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pricewatch.pricing.demand.panel import Flags, Floats, Ints

SHARED = 8  # of the controls: price, gap, rank, stock-outs, promotion, trend, season
WIDTH = SHARED + 2  # and the log of the usual rate, and the category
_MONOTONE = [-1, -1, -1, *[0] * (WIDTH - 3)]
_MOST, _LEAST = 300_000, 400  # rows
_BATCH = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Challenger:
    """Trees end to end: an inner node sends a row to `left` where its feature is at most the threshold, else to
    `right`; a leaf leads to itself. `kept` says in which categories they are heeded.
    """

    kept: Flags
    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    value: Floats
    roots: Ints
    depth: Ints
    base: Floats

    def log_rate(self, features: Floats) -> Floats:
        """The log of sales over the usual rate, of rows with WIDTH features."""
        parts = [self._part(features[at : at + _BATCH]) for at in range(0, len(features), _BATCH)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _part(self, features: Floats) -> Floats:
        count = len(features)
        flat, rows = np.ascontiguousarray(features.T).ravel(), np.arange(count)
        total = np.full(count, float(self.base[0]))
        for root, depth in zip(self.roots.tolist(), self.depth.tolist(), strict=True):
            at = np.full(count, root, dtype=np.int64)
            for _ in range(depth):
                seen = flat.take(self.feature.take(at) * count + rows)
                at = np.where(seen <= self.threshold.take(at), self.left.take(at), self.right.take(at))
            total += self.value.take(at)
        return total

    def only(self, kept: Flags) -> Challenger:
        """The same trees, heeded in these categories."""
        return replace(self, kept=np.asarray(kept, dtype=np.bool_))

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All of it by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def of(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Challenger:
        """Put together again from its arrays."""
        return cls(**{each.name: arrays[each.name] for each in fields(cls)})


def features_of(controls: Floats, level: Floats, category: Ints) -> Floats:
    """The features of rows: the first controls, the log of the product's usual rate, its category."""
    return np.column_stack([controls[:, :SHARED], np.log(np.maximum(level, 1e-6)), category.astype(np.float64)])


def grow(features: Floats, units: Floats, exposure: Floats, categories: int) -> Challenger | None:
    """Grow trees on units sold over what the usual rate would have sold; None where there is too little to learn."""
    if len(features) < _LEAST or not units.sum() > 0.0:
        return None
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    chosen = np.arange(0, len(features), max(1, -(-len(features) // _MOST)))
    weight = np.maximum(exposure[chosen], 1e-9)
    model = HistGradientBoostingRegressor(
        loss="poisson", learning_rate=0.08, max_iter=80, max_leaf_nodes=8, min_samples_leaf=50, l2_regularization=5.0,
        monotonic_cst=_MONOTONE, early_stopping=False, random_state=0,
    )  # fmt: skip
    with threadpool_limits(limits=1):
        model.fit(features[chosen], units[chosen] / weight, sample_weight=weight / weight.mean())
    return _exported(model, categories)


def _exported(model: Any, categories: int) -> Challenger:
    grown = [group[0].nodes for group in model._predictors]  # noqa: SLF001 - scikit-learn has no public way to read them
    sizes = [len(nodes) for nodes in grown]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    nodes, offset = np.concatenate(grown), np.repeat(roots, sizes)
    leaf, itself = nodes["is_leaf"].astype(np.bool_), np.arange(len(nodes), dtype=np.int64)
    sides = [np.where(leaf, itself, nodes[name].astype(np.int64) + offset) for name in ("left", "right")]
    return Challenger(
        np.ones(categories, dtype=np.bool_),
        np.where(leaf, 0, nodes["feature_idx"]).astype(np.int64),
        nodes["num_threshold"].astype(np.float64),
        sides[0],
        sides[1],
        np.where(leaf, nodes["value"], 0.0),
        roots,
        np.array([int(each["depth"].max()) for each in grown], dtype=np.int64),
        np.array([float(np.ravel(model._baseline_prediction)[0])]),  # noqa: SLF001 - as above
    )
