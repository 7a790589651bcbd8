"""A pair beside its rivals: whether either side has a better partner, and whether a person has found one.

Records are told apart by whole numbers; where both sides come from one pool, a record has one number on both sides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pricewatch.matching.overlap import UNKNOWN, Matrix

Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]

SIDE_NAMES = ("lead over best rival", "best rival", "rivals", "better rivals", "share of all rivals")
RIVAL_NAMES = ("own score", *(f"{name} for {side}" for side in ("left", "right") for name in SIDE_NAMES))
ANSWER_NAMES = ("other yes for left", "other yes for right")


def rival_matrix(scores: Numbers, sides: tuple[Rows, Rows]) -> Matrix:
    """The columns `RIVAL_NAMES` from the first scores (0…1) of all pairs that are weighed against each other."""
    beside = _beside(np.concatenate([scores, scores]), np.concatenate(sides))
    halves = [column[start : start + len(scores)] for start in (0, len(scores)) for column in beside]
    return np.column_stack([log_odds(scores), *halves]).astype(np.float32)


def _beside(scores: Numbers, groups: Rows) -> list[Numbers]:
    """The columns `SIDE_NAMES` for both ends of every pair; a group holds all pairs of one record."""
    if not len(groups):
        return [np.empty(0)] * len(SIDE_NAMES)
    margins = log_odds(scores)
    order = np.lexsort((-margins, groups))
    sizes = np.bincount(groups)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    rank = np.empty(len(groups))
    rank[order] = np.arange(len(groups)) - starts[groups[order]]
    ranked = margins[order]
    several = sizes[groups] > 1
    second = ranked[np.minimum(starts[groups] + 1, len(groups) - 1)]
    best = np.where(several, np.where(rank == 0, second, ranked[starts[groups]]), UNKNOWN)
    total = np.bincount(groups, weights=scores)[groups]
    share = np.where(several, scores / np.maximum(total, 1e-9), UNKNOWN)
    return [margins - best, best, sizes[groups] - 1.0, rank, share]


def lead_matrix(values: NDArray[np.float32], sides: tuple[Rows, Rows]) -> Matrix:
    """How far each value of a pair lies above the best of its rivals, for the left and for the right record."""
    known = np.where(np.isnan(values), -np.inf, values)
    return np.hstack([_leads(known, groups) for groups in sides]).astype(np.float32)


def _leads(values: NDArray[np.float64], groups: Rows) -> NDArray[np.float64]:
    """Above the best of the others of a group; unknown where either is."""
    if not len(groups):
        return values
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    group = np.empty(len(groups), dtype=np.int64)
    group[order] = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(groups)))
    best = np.maximum.reduceat(values[order], starts)[group]
    leads = values == best
    alone = leads & (np.add.reduceat(leads[order].astype(np.int64), starts)[group] == 1)
    second = np.maximum.reduceat(np.where(leads, -np.inf, values)[order], starts)[group]
    other = np.where(alone, second, best)
    unknown = np.isinf(values) | np.isinf(other)
    return np.where(unknown, UNKNOWN, np.where(unknown, 0.0, values) - np.where(unknown, 0.0, other))


def answer_matrix(labels: Rows, answered: Rows, sides: tuple[Rows, Rows]) -> Matrix:
    """The columns `ANSWER_NAMES`: the other pairs of a side that a person confirmed; unknown where none was asked.

    `answered` holds the rows whose labels may be looked at; a pair never sees its own.
    """
    own = np.zeros(len(labels))
    own[answered] = 1.0
    said = own * labels
    columns = []
    for groups in sides:
        asked = np.bincount(groups, weights=own)[groups] - own
        yes = np.bincount(groups, weights=said)[groups] - said
        columns.append(np.where(asked > 0, yes, UNKNOWN))
    return np.column_stack(columns).astype(np.float32)


def log_odds(scores: Numbers) -> Numbers:
    """Probabilities on the scale where evidence adds up, kept finite."""
    kept = np.clip(scores, 1e-5, 1 - 1e-5)
    return np.asarray(np.log(kept / (1 - kept)), dtype=np.float64)


def odds_share(margins: Numbers) -> Numbers:
    """Back from log-odds to probabilities."""
    return np.asarray(1 / (1 + np.exp(-np.clip(margins, -60, 60))), dtype=np.float64)
