# ruff: noqa: E501 - vocabularies are written as they read
"""Labelled pairs of two shops: every true pair that both offer, and the most alike false ones, as a person would be asked."""

from __future__ import annotations

import random
from collections.abc import Iterator

from benchmarks.match_training.goods import KINDS, Good, market
from benchmarks.match_training.shops import TRAPS, offer, two_shops
from pricewatch.matching.candidates import TitleIndex
from pricewatch.matching.records import PairSet, Record

DEPARTMENTS = (*KINDS, "software", "books")


def markets(count: int, seed: int, *, size: int = 120) -> Iterator[PairSet]:
    """So many markets, each with its own shops, goods and habits."""
    dice = random.Random(seed)
    for _ in range(count):
        yield one_market(random.Random(dice.random()), size)


def one_market(dice: random.Random, size: int) -> PairSet:
    departments = DEPARTMENTS if dice.random() < 0.3 else tuple(dice.sample(DEPARTMENTS, k=dice.randint(1, 3)))
    goods = market(dice, size, departments)
    ours, theirs = two_shops(dice)
    lefts = [(good, offer(dice, good, ours, f"l{row}")) for row, good in enumerate(goods) if dice.random() < 0.75]
    rights: list[tuple[Good, Record, bool]] = []
    for row, good in enumerate(goods):
        copies = [copy for copy in range(1 + (dice.random() < 0.1)) if dice.random() < 0.75]
        rights += [(good, offer(dice, good, theirs, f"r{row}-{copy}"), False) for copy in copies]
        if dice.random() < 0.08:
            rights.append((good, offer(dice, good, theirs, f"t{row}", dice.choice(list(TRAPS))), True))
    found = PairSet([record for _, record in lefts], [record for _, record, _ in rights])
    near = TitleIndex([record.title for record in found.rights]).nearest_of(
        [record.title for record in found.lefts], dice.choice((4, 6, 9))
    )
    by_family: dict[int, list[int]] = {}
    for j, (good, _, _) in enumerate(rights):
        by_family.setdefault(good.family, []).append(j)
    for i, ((good, _), candidates) in enumerate(zip(lefts, near, strict=True)):
        family = by_family.get(good.family, [])
        chosen = {candidate.row for candidate in candidates} | {
            j for j in family if rights[j][0] is good or dice.random() < 0.5
        }
        for j in sorted(chosen):
            same = _same(good, rights[j][0]) and not rights[j][2]
            if not same and dice.random() < 0.25:
                continue
            found.pairs.append((i, j))
            found.labels.append(int(same))
    return found


def _same(one: Good, other: Good) -> bool:
    return one is other
