"""The columnar engine agrees with a plain row-wise one, to the grosz and to the reason."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from pricewatch.located import build, parse
from pricewatch.pricing.engine import decide
from pricewatch.pricing.plan import PlanFrame
from pricewatch.pricing.rulefile import RuleFile
from pricewatch.pricing.rules import compile_rulebook
from pricewatch.pricing.settings import PricingSettings
from pricewatch.pricing.trail import Hold

from .market import frame
from .oracle import Answer, Oracle
from .oracle_families import Families
from .random_market import (
    AGES,
    CATALOGUE,
    FORMULAS,
    MARKET,
    NAMES,
    SIZES,
    calm_rules,
    ours,
    parities,
    rule_file,
    rules,
    settled,
    theirs,
)

PRODUCTS = 25


def answers(plan: PlanFrame) -> list[Answer]:
    """What the engine says, in the oracle's words."""
    found = []
    for number, each in enumerate(plan.proposals()):
        found.append(
            Answer(
                outcome=each.outcome.value,
                price=None if each.proposed is None else each.proposed.minor,
                hold=Hold(int(plan.trail.hold[number])).name.lower(),
                steps=tuple(
                    (reason.step, reason.before, reason.after, reason.rule, reason.observations)
                    for reason in each.reasons
                ),
                floor=None if each.floor is None else each.floor.minor,
                ceiling=None if each.ceiling is None else each.ceiling.minor,
                ranks=(each.rank_before, each.rank_after),
                margins=(each.margin_before, each.margin_after),
                competitors=each.competitors,
                announced=None if each.announcement is None else each.announcement.prior.minor,
            )
        )
    return found


def agree(seed: int, products: int = PRODUCTS, *, calm: bool = False) -> None:
    """One random rule file on a small random market; calm ones have much to do with families."""
    random = Random(seed)
    text = rule_file((calm_rules(random) if calm else rules(random)) | parities(random))
    document = parse(text, "rules.toml")
    settings = PricingSettings(
        explicit_floor_is_enough=random.random() < 0.3,
        jump_factor=random.choice([2, 3, 10]),
        loop_changes=random.choice([2, 3, 8]),
    )
    country = random.choice(["PL", "DE", ""])
    goods = [ours(random, number) for number in range(products)]
    goods = [settled(each, number) for number, each in enumerate(goods)] if calm else goods
    markets = [theirs(random, number, each.current or 9_000) for number, each in enumerate(goods)]
    markets = [
        [replace(offer, observation=row * 100 + place) for place, offer in enumerate(market, 1)]
        for row, market in enumerate(markets)
    ]
    offers = [offer for market in markets for offer in market]
    random.shuffle(offers)
    shard = random.choice([1 if products == PRODUCTS else 17, 7, 1_000])
    plan = decide(frame(goods, offers, country=country), compile_rulebook([document]), settings, shard=shard)
    oracle = Oracle(document, build(RuleFile, document), CATALOGUE | MARKET, FORMULAS, AGES, settings, country)
    expectations = Families(oracle, NAMES, SIZES).answers(list(zip(goods, markets, strict=True)))
    for product, market, found, expected in zip(goods, markets, answers(plan), expectations, strict=True):
        assert found == expected, f"seed {seed}: {product}\n{market}\n{text}"


@pytest.mark.parametrize("block", range(8))
def test_the_engine_agrees_with_the_oracle(block: int) -> None:
    """2,000 random products under 80 random rule files: price, outcome, hold, limits, ranks, margins and every step."""
    for seed in range(block * 10, block * 10 + 10):
        agree(seed)


@pytest.mark.parametrize("block", range(4))
def test_families_agree_with_the_oracle(block: int) -> None:
    """Variants and packs that are brought back, lifted and held: 1,000 products under 40 calm rule files."""
    for seed in range(block * 10, block * 10 + 10):
        agree(seed, calm=True)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(8))
def test_the_engine_agrees_with_the_oracle_at_length(block: int) -> None:
    """100,000 random products under 2,000 random rule files, every fourth of them calm."""
    for seed in range(100_000 + block * 250, 100_250 + block * 250):
        agree(seed, 50, calm=seed % 4 == 0)


def test_the_order_of_offers_and_the_shards_change_nothing() -> None:
    """The same market in another order, cut into other pieces, on two threads: the same trail, column by column."""
    random = Random(5)
    book = compile_rulebook([parse(rule_file(rules(random)), "rules.toml")])
    products = [ours(random, number) for number in range(200)]
    offers = [
        replace(offer, observation=number)
        for product, each in enumerate(products)
        for number, offer in enumerate(theirs(random, product, each.current or 9_000), product * 100 + 1)
    ]
    first = decide(frame(products, offers), book, PricingSettings())
    random.shuffle(offers)
    second = decide(frame(products, offers), book, PricingSettings(), shard=13, threads=2)
    for name in first.trail.__dataclass_fields__:
        assert np.array_equal(getattr(first.trail, name), getattr(second.trail, name)), name
    assert list(first.proposals()) == list(second.proposals())
