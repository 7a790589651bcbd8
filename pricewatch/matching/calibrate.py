"""Whether probabilities hold: of the pairs called 90 % sure, nine in ten are true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricewatch.matching.context import Numbers, Rows


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
