"""How often each page is worth reading: what changes often, or matters, more; nothing less than a stated age. Pure.

A page that changes `rate` times a day and is read every `t` days catches (1 - exp(-rate·t)) / t changes a day. Summed
over all pages with their weights, that is largest for a given number of readings where the last reading of each page
brings the same: weight · (1 - exp(-x)·(1 + x)) = μ with x = rate·t (Cho & Garcia-Molina 2003, for changes that are
noticed instead of freshness).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

PRIOR_DAYS = 3.0  # of watching that what is known of the whole site is worth for one page
LEAST_RATE = 0.01  # changes a day that even a page that never changed may have
RECENT_COUNTS = 2.0  # a change of the last days counts so many times on top
_X = np.concatenate([[0.0], np.geomspace(1e-4, 1e5, 6_000)])
_GAIN = 1.0 - np.exp(-_X) * (1.0 + _X)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Readings a day that all pages share, and the shortest and longest time between two of one page, in days."""

    readings: float
    shortest: float
    longest: float


def rates(changes: Numbers, watched: Numbers, recent: Numbers, recently_watched: Numbers) -> Numbers:
    """Changes a day of each page, from what was noticed in days of watching; new pages take after the others."""
    seen = changes + RECENT_COUNTS * recent
    days = watched + RECENT_COUNTS * recently_watched
    usual = max(float(seen.sum()) / max(float(days.sum()), PRIOR_DAYS), LEAST_RATE)
    found: Numbers = (seen + usual * PRIOR_DAYS) / (days + PRIOR_DAYS)
    return np.maximum(found, LEAST_RATE)


def intervals(rate: Numbers, weight: Numbers, bounds: Bounds) -> Numbers:
    """Days between two readings of each page; `longest` holds even where it takes more than `readings` a day."""
    if not len(rate):
        return rate
    low, high = 0.0, float(weight.max())
    for _ in range(60):
        middle = (low + high) / 2
        if (1.0 / _spaced(rate, weight, middle, bounds)).sum() > bounds.readings:
            low = middle
        else:
            high = middle
    return _spaced(rate, weight, high, bounds)


def _spaced(rate: Numbers, weight: Numbers, level: float, bounds: Bounds) -> Numbers:
    """The intervals at which the last reading of every page brings `level`."""
    wanted = np.minimum(level / weight, 1.0)
    days = np.interp(wanted, _GAIN, _X) / rate
    spaced: Numbers = np.clip(days, bounds.shortest, bounds.longest)
    return spaced
