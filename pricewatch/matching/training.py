"""Learn from what people answered about a shop's own matches, over the model in use, and see whether that is better."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np

from pricewatch.domain.errors import UsageError
from pricewatch.domain.offer import ItemKey
from pricewatch.domain.product import Product, Sku
from pricewatch.matching.adapt import adapted
from pricewatch.matching.calibrate import calibration_error
from pricewatch.matching.candidates import TitleIndex
from pricewatch.matching.context import Numbers, Rows
from pricewatch.matching.evaluate import quality
from pricewatch.matching.judge import ours, searched
from pricewatch.matching.model import MatchModel
from pricewatch.matching.records import PairSet, Record
from pricewatch.matching.score import view_of

FEWEST = 20  # answers, some of them yes and some no
NEAREST = 3  # other products that an accepted item is thereby not
HELD = 4  # one item in so many is kept to judge the new model by
WORSE = 0.005  # a log-loss that is higher by so much is worse


@dataclass(frozen=True, slots=True)
class Told:
    """What a person said of a pair, with both texts as they were then: the same product or not, or None where an
    earlier answer was taken back.
    """

    sku: Sku
    item: ItemKey
    ours: Record
    theirs: Record
    same: bool | None


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


def learn_on(base: MatchModel, products: Sequence[Product], told: Iterable[Told], name: str) -> Training:
    """Learn from answers, oldest first, over a model; one item in four is held back to judge by.

    What a person took for the same product is true, what a person rejected is not, nor are the products that lie
    nearest to an accepted item besides. Raises UsageError when there are too few answers.
    """
    found = answered_pairs(products, told)
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


def answered_pairs(products: Sequence[Product], told: Iterable[Told]) -> PairSet:
    """The pairs of answers that stand, with the texts that people saw; those without a text are left out.

    An item that sold something else later, and was asked about again, is another record for each of its texts.
    """
    texts: dict[tuple[ItemKey, str], list[Told]] = {}
    for one in standing(told):
        texts.setdefault((one.item, one.theirs.title), []).append(one)
    found = PairSet([ours(product, product.price) for product in products])
    row = {(product.sku, product.name): number for number, product in enumerate(products)}
    titles = [title for _, title in texts]
    near = TitleIndex([searched(product) for product in products]).nearest_of(titles, NEAREST)
    for number, (answers, candidates) in enumerate(zip(texts.values(), near, strict=True)):
        found.rights.append(replace(answers[-1].theirs, ident=answers[-1].item.item))
        labels = {_row(one, row, found.lefts): int(bool(one.same)) for one in answers}
        if 1 in labels.values():
            labels = {candidate.row: 0 for candidate in candidates} | labels
        found.pairs += [(place, number) for place in labels]
        found.labels += labels.values()
    return found


def standing(told: Iterable[Told]) -> list[Told]:
    """The newest answer to each pair of texts, without those that were taken back."""
    kept: dict[tuple[Sku, ItemKey], dict[str, Told]] = {}
    for one in told:
        said = kept.setdefault((one.sku, one.item), {})
        if one.same is not None:
            said.pop(one.theirs.title, None)
            said[one.theirs.title] = one
        elif said:
            said.popitem()
    return [one for said in kept.values() for one in said.values() if one.ours.title and one.theirs.title]


def _row(one: Told, row: dict[tuple[Sku, str], int], lefts: list[Record]) -> int:
    """The product of an answer: as it is now, or a record of its own when it had another name then."""
    key = one.sku, one.ours.title
    if key not in row:
        row[key] = len(lefts)
        lefts.append(one.ours)
    return row[key]


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
