"""Measure matching on labelled pairs: learn from two files, set thresholds on the second, report on the third."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pricewatch.domain.errors import UsageError
from pricewatch.matching.adapt import ask
from pricewatch.matching.calibrate import Bin, calibration_error, reliability
from pricewatch.matching.context import Numbers, Rows, odds_share
from pricewatch.matching.guards import objections
from pricewatch.matching.model import MatchModel
from pricewatch.matching.records import PairSet, Record
from pricewatch.matching.score import FOLDS, Judge, train_crossed, view_of

Flags = NDArray[np.bool_]
FEWEST = 20  # pairs of a file
UNLIKELY = 0.3  # below this nothing is accepted alone whatever the guards say
FOUR_OF_FIVE = 0.8416  # standard deviations that four in five normal errors stay below
DEMANDS = (0.95, 0.98, 0.99, 0.995)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What accepting alone comes to when this precision is demanded; both figures are of the test file.

    A pair that a guard objects to is never accepted alone, however probable.
    """

    demanded: float
    threshold: float
    precision: float
    share: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one run; shares are 0…1, `share` of acceptance counts true matches accepted without a person.

    `held_back` is the share of true matches of the test file that a guard sends to a person.
    """

    pairs: int
    threshold: float
    precision: float
    recall: float
    f1: float
    average_precision: float
    calibration_error: float
    pairs_per_second: float
    held_back: float
    acceptances: tuple[Acceptance, ...]
    diagram: tuple[Bin, ...]


def evaluate(found: PairSet, active: int | None = None) -> Evaluation:
    """Measure on a set of exactly three files: train, valid, test.

    A pair of several files is only learned from as one of valid, and judged by models that never saw it.

    With `active`, start from the shipped model and look at so many labels of train alone, the most doubtful ones.
    """
    labels = np.array(found.labels, dtype=np.int64)
    train, check, test = (np.unique(np.array(rows, dtype=np.int64)) for rows in found.files)
    _insist_on_enough({"train": labels[train], "valid": labels[check], "test": labels[test]})
    seen, learn = view_of(found), np.setdiff1d(train, check)
    if active is None:  # the pairs of train and valid are each judged by models that never saw them
        bar = np.concatenate([learn, check])
        judge, crossed = train_crossed(seen, labels, bar, len(check))
        probabilities = judge.probabilities(seen, labels, bar)
        probabilities[bar] = crossed
    else:
        model = MatchModel.shipped()
        judge, asked = ask(model.judge, model.replay, seen, labels, np.setdiff1d(learn, test), active)
        probabilities, bar = judge.probabilities(seen, labels, asked), check
    speed = _speed(judge, found, test)
    return figures(probabilities, labels, check, test, speed, held(found, probabilities), bar)


def _insist_on_enough(files: Mapping[str, Rows]) -> None:
    """Raise UsageError when a file, given by its labels, has too few pairs of either kind."""
    for name, labels in files.items():
        same = int(labels.sum())
        least = FOLDS if name == "train" else 1
        if len(labels) < FEWEST or not least <= same <= len(labels) - least:
            raise UsageError(
                f"{name} has too few different pairs: {len(labels)}, {same} of them the same product",
                hint=f"it needs at least {FEWEST}, of them {least} the same product and {least} not",
            )


def held(found: PairSet, probabilities: Numbers) -> Flags:
    """The pairs that a guard keeps from being accepted alone; only likely ones are looked at, the others never are."""
    return np.array(
        [
            chance >= UNLIKELY and bool(objections(_named(found.lefts[i]), found.rights[j].title))
            for (i, j), chance in zip(found.pairs, probabilities, strict=True)
        ],
        dtype=np.bool_,
    )


def _named(record: Record) -> str:
    return f"{record.model} {record.title}" if record.model else record.title


def _speed(judge: Judge, found: PairSet, test: Rows) -> float:
    """Pairs a second of processor time for the test pairs: reading, features, both passes, guards."""
    part = _part(found, test)
    started = time.process_time()
    held(part, judge.probabilities(view_of(part)))
    return len(part) / max(1e-9, time.process_time() - started)


def _part(found: PairSet, rows: Rows) -> PairSet:
    pairs = [found.pairs[row] for row in rows]
    lefts, rights = sorted({i for i, _ in pairs}), sorted({j for _, j in pairs})
    left_row, right_row = ({old: new for new, old in enumerate(side)} for side in (lefts, rights))
    return PairSet(
        [found.lefts[i] for i in lefts],
        [found.rights[j] for j in rights],
        [(left_row[i], right_row[j]) for i, j in pairs],
    )


def figures(
    probabilities: Numbers, labels: Rows, check: Rows, test: Rows, speed: float, stopped: Flags, bar: Rows
) -> Evaluation:
    """All figures on `test`; the best threshold is chosen on `check`, those of demanded precision on `bar`."""
    from sklearn.metrics import average_precision_score

    threshold = best_threshold(probabilities[check], labels[check])
    precision, recall, f1 = quality(probabilities[test] >= threshold, labels[test])
    alone = np.where(stopped, 0.0, probabilities)
    true = test[labels[test] == 1]
    weights = _as_in(labels[bar], labels[check])
    return Evaluation(
        pairs=len(test),
        threshold=threshold,
        precision=precision,
        recall=recall,
        f1=f1,
        average_precision=float(average_precision_score(labels[test], probabilities[test])),
        calibration_error=calibration_error(probabilities[test], labels[test]),
        pairs_per_second=speed,
        held_back=float(stopped[true].mean()) if len(true) else 0.0,
        acceptances=tuple(_acceptance(demand, alone, labels, bar, weights, test) for demand in DEMANDS),
        diagram=reliability(probabilities[test], labels[test]),
    )


def best_threshold(probabilities: Numbers, labels: Rows) -> float:
    """The threshold of the best F1, steadied: half way between the best on these pairs and the best in theory.

    For probabilities that hold, the best threshold is half of the best F1 (Lipton, Elkan, Naryanaswamy, 2014).
    """
    steps = odds_share(np.linspace(-6.0, 4.0, 201))
    f1 = np.array([quality(probabilities >= step, labels)[2] for step in steps])
    smooth = np.convolve(np.pad(f1, 6, mode="edge"), np.ones(13) / 13, mode="valid")
    found = float(np.median(steps[smooth >= smooth.max() - 0.002]))
    return (found + min(float(smooth.max()) / 2, 2 * found)) / 2


def quality(accepted: Flags, labels: Rows) -> tuple[float, float, float]:
    """Precision, recall and F1 of what was accepted."""
    hits = float((accepted & (labels == 1)).sum())
    precision = hits / max(1.0, float(accepted.sum()))
    recall = hits / max(1.0, float((labels == 1).sum()))
    return precision, recall, 2 * precision * recall / max(1e-12, precision + recall)


def _as_in(labels: Rows, model: Rows) -> Numbers:
    """Weights under which the share of true pairs is the same as in `model`."""
    share, wanted = labels.mean(), model.mean()
    return np.asarray(np.where(labels == 1, wanted / share, (1 - wanted) / (1 - share)), dtype=np.float64)


def _acceptance(
    demand: float, probabilities: Numbers, labels: Rows, bar: Rows, weights: Numbers, test: Rows
) -> Acceptance:
    threshold = demanded_threshold(probabilities[bar], labels[bar], demand, weights)
    accepted = probabilities[test] >= threshold
    precision, share, _ = quality(accepted, labels[test])
    return Acceptance(demand, threshold, precision if accepted.any() else 1.0, share)


def demanded_threshold(probabilities: Numbers, labels: Rows, demand: float, weights: Numbers | None = None) -> float:
    """The lowest threshold at which the demanded precision holds for pairs that were not seen; above 1 when there is
    none.

    It must hold with one error more among one pair more (99.5 % cannot be promised on fewer than 199 pairs without an
    error), and at the lower end of what the pairs at hand leave open.
    """
    order = np.argsort(-probabilities, kind="stable")
    counts = np.ones(len(order)) if weights is None else weights[order]
    pairs, wrong = np.cumsum(counts), np.cumsum(counts * (1 - labels[order]))
    worst = np.maximum((wrong + 1) / (pairs + 1), _at_worst(wrong, pairs))
    holds = np.flatnonzero((worst <= 1 - demand + 1e-12) & (probabilities[order] >= UNLIKELY))
    return float(probabilities[order[holds[-1]]]) if len(holds) else 1.01


def _at_worst(wrong: Numbers, pairs: Numbers) -> Numbers:
    """The share of errors that is not exceeded in four cases of five (Wilson's upper bound)."""
    share, spread = wrong / pairs, FOUR_OF_FIVE**2 / pairs
    off = FOUR_OF_FIVE * np.sqrt(share * (1 - share) / pairs + spread / (4 * pairs))
    return np.asarray((share + spread / 2 + off) / (1 + spread), dtype=np.float64)
