"""Rules that can never apply are found, and none that can is accused."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from pricewatch.located import parse
from pricewatch.pricing.engine import decide
from pricewatch.pricing.reach import specificity
from pricewatch.pricing.rules import compile_rulebook
from pricewatch.pricing.settings import PricingSettings

from .market import Ours, Theirs, book, frame, propose
from .random_market import CATALOGUE, MARKET, ours, theirs

RULE = '[[rule]]\nname = "{name}"\nwhen = "{when}"\ntarget = "{target}"\n'


def warnings(*conditions: str) -> list[str]:
    """What is said of rules with these conditions, by the number of the rule."""
    text = "".join(RULE.format(name=f"r{n}", when=when, target="lowest") for n, when in enumerate(conditions))
    return [f"{warning.line // 4}: {warning.message.partition(':')[0]}" for warning in book(text).warnings]


@pytest.mark.parametrize(
    "condition",
    [
        "stock > 5 and stock < 3",
        "stock > 5 and not (stock > 5)",
        "brand == 'Bosch' and brand == 'Makita'",
        "brand in ('Bosch', 'AEG') and brand == 'Makita'",
        "kvi and not kvi",
        "hour == 25",
        "month > 12",
        "weekday in ('monday', 'friday')",
        "offers < 0",
        "category in 'Home' and category in 'Garden'",
        "lowest >= 100 and lowest < 99.99",
        "stock >= 5 and stock <= 5 and stock < 5",
        "false",
    ],
)
def test_conditions_that_exclude_each_other_are_found(condition: str) -> None:
    """No product can ever fulfil them."""
    assert warnings(condition) == ["0: rule 'r0' can never apply"]


@pytest.mark.parametrize(
    "condition",
    [
        "stock >= 5 and stock <= 5",
        "brand == 'Bosch' or brand == 'Makita'",
        "category in 'Home' and category in 'Home > Kitchen'",
        "hour == 23 and weekday in ('mon', 'FRI')",
        "margin > 20 and margin < 20.01%",
        "not (stock > 5 and stock < 3)",
    ],
)
def test_conditions_that_can_hold_are_not_accused(condition: str) -> None:
    """What is reported is certain."""
    assert warnings(condition) == []


@pytest.mark.parametrize(
    ("first", "second", "shadowed"),
    [
        ("stock > 5", "stock > 10", True),
        ("stock > 5", "stock > 10 and kvi", True),
        ("stock > 10", "stock > 5", False),
        ("stock >= 5", "stock > 5", True),
        ("stock > 5", "stock >= 5", False),
        ("brand in ('Bosch', 'AEG')", "brand == 'bosch'", True),
        ("brand == 'Bosch'", "brand in ('Bosch', 'AEG')", False),
        ("category in 'Home'", "category in 'Home > Kitchen'", True),
        ("category in 'Home > Kitchen'", "category in 'Home'", False),
        ("category == 'Home'", "category in 'Home'", False),
        ("kvi", "kvi", True),
        ("offers >= 2", "offers >= 3", True),
        ("kvi or stock > 5", "kvi or stock > 5", True),
    ],
)
def test_a_rule_that_an_earlier_one_leaves_nothing_to_is_found(first: str, second: str, *, shadowed: bool) -> None:
    """Wherever the later condition holds the earlier one does."""
    assert warnings(first, second) == (["1: this rule is never reached"] if shadowed else [])


def test_another_landscape_is_another_market() -> None:
    """Two offers in shops are not two offers anywhere."""
    text = RULE.format(name="a", when="offers >= 2", target="lowest") + 'landscape.kinds = ["shop"]\n'
    text += RULE.format(name="b", when="offers >= 2", target="lowest")
    assert book(text).warnings == ()


def test_rules_for_some_days_shadow_nothing() -> None:
    """When it is over the other one decides."""
    text = RULE.format(name="a", when="kvi", target="lowest") + "ends = 2026-11-29\n"
    text += RULE.format(name="b", when="kvi", target="lowest")
    assert book(text).warnings == ()


@pytest.mark.parametrize("seed", range(15))
def test_no_rule_that_prices_anything_is_called_unreachable(seed: int) -> None:
    """Random rules on random markets: those that are accused never decide."""
    random = Random(seed)
    conditions = [*CATALOGUE, *MARKET]
    text = "".join(
        RULE.format(name=f"r{n}", when=" and ".join(random.sample(conditions, random.randint(1, 2))), target="keep")
        for n in range(8)
    )
    compiled = compile_rulebook([parse(text, "rules.toml")])
    goods = [ours(random, number) for number in range(150)]
    offers = [offer for row, own in enumerate(goods) for offer in theirs(random, row, own.current or 9_000)]
    used = set(np.unique(decide(frame(goods, offers), compiled, PricingSettings()).trail.branch))
    lines = {warning.line for warning in compiled.warnings}
    accused = {n for n, branch in enumerate(compiled.branches) if int(branch.place.split(":")[1]) in lines}
    assert not accused & used


@pytest.mark.parametrize(
    ("condition", "weight"),
    [
        ("kvi", 1),
        ("sku == 'A1'", 1_000),
        ("brand == 'Bosch' and stock > 5", 11),
        ("category in 'Home > Kitchen > Kettles'", 30),
        ("category in ('Home > Kitchen', 'Garden')", 10),
        ("sku == 'A1' or kvi", 1),
        ("custom.season == 'AW26'", 10),
    ],
)
def test_specificity_counts_what_conditions_name(condition: str, weight: int) -> None:
    """A SKU 1000, brands, tags, columns and category levels 10, anything else 1."""
    assert specificity([condition]) == weight


def test_the_most_specific_rule_can_come_first() -> None:
    """Said once for all files; priority still comes before it."""
    rules = RULE.format(name="all", when="known(current)", target="highest")
    rules += RULE.format(name="brand", when="brand == 'Bosch'", target="lowest")
    market = [Theirs(9_000, "A"), Theirs(9_900, "B")]
    assert propose(rules, theirs=market).proposed.minor == 9_900
    assert propose('order = "most_specific"\n' + rules, theirs=market).proposed.minor == 9_000
    first = rules.replace('target = "highest"', 'target = "highest"\npriority = 1')
    assert propose('order = "most_specific"\n' + first, Ours(), market).proposed.minor == 9_900
