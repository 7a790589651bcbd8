"""Reasons as words and numbers say what was decided, product by product."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from pricewatch.located import parse
from pricewatch.pricing.decided import Decided
from pricewatch.pricing.engine import decide
from pricewatch.pricing.frame import MISSING
from pricewatch.pricing.plan import PlanFrame
from pricewatch.pricing.reasons import Shape, packed, unpacked
from pricewatch.pricing.rules import compile_rulebook
from pricewatch.pricing.settings import PricingSettings

from .market import Theirs, frame, propose, rule
from .random_market import ours, rule_file, rules, theirs


def plan(seed: int, only: int | None = None) -> PlanFrame:
    """A random market under random rules, or one product of it alone."""
    random = Random(seed)
    book = compile_rulebook([parse(rule_file(rules(random)), "rules.toml")])
    goods = [ours(random, number) for number in range(20)]
    markets = [
        [replace(offer, observation=row * 1_000 + place) for place, offer in enumerate(theirs(random, row, 9_000) * 9)]
        for row in range(len(goods))
    ]
    if only is not None:
        goods, markets = [goods[only]], [[replace(offer, product=0) for offer in markets[only]]]
    return decide(frame(goods, [offer for market in markets for offer in market]), book, PricingSettings())


def test_numbers_of_every_size_come_back() -> None:
    """Zero, negative ones, the largest and MISSING, row by row."""
    numbers = np.array([0, -1, 1, 63, -64, 64, 2**62, -(2**63), 2**63 - 1, MISSING, 300])
    data, ends = packed(numbers.copy(), np.array([0, 3, 3, 11]))
    whole = data.tobytes()
    assert [unpacked(whole[a:b]) for a, b in pairwise(ends)] == [
        [0, -1, 1],
        [],
        numbers[3:].tolist(),
    ]


def test_products_that_share_words_keep_their_own_numbers() -> None:
    """Each product's reasons are those that it has when it is decided alone."""
    for seed in range(6):
        together = plan(seed).decided()
        for row in range(len(together)):
            (alone,) = plan(seed, only=row).decided()
            assert together[row].proposal.reasons == alone.proposal.reasons, (seed, row)


def test_words_survive_being_written() -> None:
    """What is stored of a plan is enough to tell every decision."""
    for seed in range(6):
        decided = plan(seed).decided()
        read = replace(decided, shapes=tuple(Shape.read(shape.written()) for shape in decided.shapes))
        assert read == decided


def test_records_and_columns_are_the_same_decisions() -> None:
    """From columns to records and back, joined and taken apart."""
    decided = plan(3).decided()
    again = Decided.of([(decision.proposal, decision.status) for decision in decided])
    assert Decided.joined([again[:7], again[7:]]) == decided
    assert list(again.outcomes().values()) == list(decided.outcomes().values())


@pytest.mark.parametrize("target", ["lowest", "keep"])
def test_a_floor_that_asks_for_a_jump_is_named(target: str) -> None:
    """A margin of 95 % of a cost of 50.00: whoever reads it sees which limit to look at."""
    proposal = propose(rule(f'target = "{target}"', 'min_margin = "95%"'), theirs=[Theirs(9_000)])
    text = "the floor of 1230.00 asks for a jump by a factor of 3 or more: look at it ([pricing] jump_factor)"
    assert proposal.reasons[-1].text == f"{text} (min_margin 95 %)"
