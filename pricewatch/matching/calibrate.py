"""Probabilities that hold: of the pairs called 90 % sure, nine in ten are true.

Source: Platt, Probabilistic Outputs for Support Vector Machines, 1999 (a line on log-odds keeps the order).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricewatch.matching.context import Numbers, Rows, odds_share


@dataclass(frozen=True, slots=True)
class Calibration:
    """A straight line on log-odds."""

    slope: float = 1.0
    base: float = 0.0

    def apply(self, margins: Numbers) -> Numbers:
        """Probabilities from a model's log-odds."""
        return odds_share(self.slope * margins + self.base)


def calibrate(margins: Numbers, labels: Rows) -> Calibration:
    """Fit the line on pairs that the model has not learned from; without both kinds of labels, leave it."""
    from sklearn.linear_model import LogisticRegression

    if len(set(labels.tolist())) < 2:
        return Calibration()
    line = LogisticRegression(C=100.0).fit(margins.reshape(-1, 1), labels)
    slope = float(line.coef_[0][0])
    return Calibration(slope, float(line.intercept_[0])) if slope > 0 else Calibration()


@dataclass(frozen=True, slots=True)
class Bin:
    """One row of a reliability diagram."""

    count: int
    promised: float
    found: float


def reliability(probabilities: Numbers, labels: Rows, bins: int = 10) -> tuple[Bin, ...]:
    """What was promised against what was found, in bins of equal width."""
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    rows = [(place == number) for number in range(bins)]
    return tuple(
        Bin(int(row.sum()), float(probabilities[row].mean()), float(labels[row].mean())) for row in rows if row.any()
    )


def calibration_error(probabilities: Numbers, labels: Rows) -> float:
    """The expected calibration error: how far promise and finding lie apart, weighted by bin."""
    diagram = reliability(probabilities, labels)
    return sum(row.count * abs(row.promised - row.found) for row in diagram) / max(1, len(labels))
