"""Learn from what people answered about a shop's own matches, over the model in use, and see whether that is better."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from pricewatch.domain.errors import UsageError
from pricewatch.domain.match import Match, MatchKind, MatchStatus
from pricewatch.domain.offer import Item, ItemKey
from pricewatch.domain.product import Product
from pricewatch.matching.adapt import adapted
from pricewatch.matching.calibrate import calibration_error
from pricewatch.matching.candidates import TitleIndex
from pricewatch.matching.context import Numbers, Rows
from pricewatch.matching.evaluate import quality
from pricewatch.matching.judge import ours, searched, theirs
from pricewatch.matching.model import MatchModel
from pricewatch.matching.records import PairSet
from pricewatch.matching.score import view_of

FEWEST = 20  # answers, some of them yes and some no
NEAREST = 3  # other products that an accepted item is thereby not
HELD = 4  # one item in so many is kept to judge the new model by
WORSE = 0.005  # a log-loss that is higher by so much is worse


@dataclass(frozen=True, slots=True)
class Figures:
    """How a model does on answers that it has not learned from; shares are 0…1, `loss` is the mean log-loss."""

    precision: float
    recall: float
    f1: float
    loss: float
    calibration_error: float


@dataclass(frozen=True, slots=True)
class Training:
    """A model that learned on, and how it and the one before it do on the same answers."""

    model: MatchModel
    learned: int
    judged: int
    before: Figures
    after: Figures

    @property
    def better(self) -> bool:
        """Whether the new model is at least as good as the one before."""
        return self.after.loss <= self.before.loss + WORSE and self.after.f1 >= self.before.f1


def learn_on(
    base: MatchModel, products: Sequence[Product], items: Iterable[Item], answers: Iterable[Match], name: str
) -> Training:
    """Learn from answers over a model; one item in four is held back to judge by.

    What a person took for the same product is true, what a person rejected is not, nor are the products that lie
    nearest to an accepted item besides. Raises UsageError when there are too few answers.
    """
    found = answered_pairs(products, items, answers)
    labels = np.array(found.labels, dtype=np.int64)
    held = np.array([_is_held(found.rights[j].ident) for _, j in found.pairs], dtype=bool)
    rows = np.arange(len(found))
    learn, judge = rows[~held], rows[held]
    _check(labels, learn, judge)
    seen = view_of(found)
    trained = adapted(base.judge, base.replay, seen, labels, learn)
    before = _figures(base.judge.probabilities(seen)[judge], labels[judge])
    after = _figures(trained.probabilities(seen, labels, learn)[judge], labels[judge])
    notes = {"over": base.name, "learned": len(learn), "judged": len(judge)}
    return Training(MatchModel.of(trained, base.replay, name, notes), len(learn), len(judge), before, after)


def answered_pairs(products: Sequence[Product], items: Iterable[Item], answers: Iterable[Match]) -> PairSet:
    """The answered pairs with their labels; answers about unknown products or items are left out."""
    decided: dict[ItemKey, list[Match]] = {}
    for answer in answers:
        if answer.decided_by != "auto" and answer.status is not MatchStatus.SUGGESTED:
            decided.setdefault(answer.item, []).append(answer)
    known = [item for item in items if item.key in decided and item.title]
    row = {product.sku: number for number, product in enumerate(products)}
    found = PairSet([ours(product, product.price) for product in products], [theirs(item, None) for item in known])
    near = TitleIndex([searched(product) for product in products]).nearest_of([item.title for item in known], NEAREST)
    for number, (item, candidates) in enumerate(zip(known, near, strict=True)):
        labels = _labels(decided[item.key], row)
        if 1 in labels.values():
            labels = {candidate.row: 0 for candidate in candidates} | labels
        found.pairs += [(place, number) for place in labels]
        found.labels += labels.values()
    return found


def _labels(answers: Iterable[Match], row: Mapping[str, int]) -> dict[int, int]:
    """1 for the same product, 0 for another one, another pack or an equivalent, by row of the product."""
    return {
        row[answer.sku]: int(answer.status is MatchStatus.ACCEPTED and answer.kind is MatchKind.EXACT)
        for answer in answers
        if answer.sku in row
    }


def _is_held(ident: str) -> bool:
    return crc32(ident.encode()) % HELD == 0


def _check(labels: Rows, learn: Rows, judge: Rows) -> None:
    for name, rows in (("learn from", learn), ("judge by", judge)):
        kinds = set(labels[rows].tolist())
        if len(rows) < FEWEST // (1 if name == "learn from" else HELD) or len(kinds) < 2:
            raise UsageError(
                f"{len(rows)} answers to {name} are too few",
                hint=f"`pricewatch match review` asks; about {2 * FEWEST} answers are needed, some yes and some no",
            )


def _figures(chances: Numbers, labels: Rows) -> Figures:
    precision, recall, f1 = quality(chances >= 0.5, labels)
    kept = np.clip(chances, 1e-4, 1 - 1e-4)
    loss = float(-np.mean(np.where(labels == 1, np.log(kept), np.log(1 - kept))))
    return Figures(precision, recall, f1, loss, calibration_error(chances, labels))
