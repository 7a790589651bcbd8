"""A straight line over features, as plain arrays: learned by scikit-learn, applied by numpy alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewatch.matching.context import Numbers, Rows

FAR = 300.0  # no feature says more than this


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights of centred and scaled columns; each comes twice: its value, and whether it is unknown."""

    centre: Numbers
    scale: Numbers
    weights: Numbers
    base: Numbers

    def margins(self, matrix: NDArray[Any]) -> Numbers:
        """The log-odds of each row."""
        return np.asarray((_known(matrix) - self.centre) / self.scale @ self.weights + self.base[0], dtype=np.float64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays by name, to be saved."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Linear:
        """A line from saved arrays."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def learn_line(matrix: NDArray[Any], labels: Rows, strength: float, weights: Numbers | None = None) -> Linear:
    """Learn a line; a smaller strength keeps it flatter."""
    from sklearn.linear_model import LogisticRegression

    known = _known(matrix)
    centre, scale = known.mean(axis=0), known.std(axis=0)
    scale[scale < 1e-9] = 1.0
    model = LogisticRegression(C=strength, max_iter=500).fit((known - centre) / scale, labels, sample_weight=weights)
    return Linear(centre, scale, model.coef_[0].astype(np.float64), model.intercept_.astype(np.float64))


def mean_line(lines: Sequence[Linear]) -> Linear:
    """One line that says what several say on average."""
    weights = np.mean([line.weights / line.scale for line in lines], axis=0)
    base = np.mean([line.base - (line.centre / line.scale) @ line.weights for line in lines], axis=0)
    return Linear(np.zeros(len(weights)), np.ones(len(weights)), weights, base)


def plain_line(weights: list[float]) -> Linear:
    """A line with given weights: what is used where nothing could be learned."""
    padded = np.array([*weights, *[0.0] * len(weights)])
    return Linear(np.zeros(len(padded)), np.ones(len(padded)), padded, np.zeros(1))


def _known(matrix: NDArray[Any]) -> Numbers:
    unknown = np.isnan(matrix)
    return np.hstack([np.clip(np.where(unknown, 0.0, matrix), -FAR, FAR), unknown]).astype(np.float64)
