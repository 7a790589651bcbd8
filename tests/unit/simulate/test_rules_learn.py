"""A rule file with the target `optimal` in a market: the very learner that prices a shop."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest

from pricewatch.domain.errors import UsageError
from pricewatch.located import parse
from pricewatch.pricing.demand.model import DemandModel
from pricewatch.pricing.optimal import policy_of
from pricewatch.pricing.rules import RuleBook, compile_rulebook
from pricewatch.pricing.settings import LearningSettings
from pricewatch.simulate.learned import Among
from pricewatch.simulate.protocol import Period, Terms
from pricewatch.simulate.rulefiles import RuleSeller, load_learning

RULES = """
[[rule]]
name = "learned"
when = "optimal > 0"
target = "optimal"

[[rule]]
name = "the rest"
target = "keep"
"""
DAYS = 56


@pytest.fixture(scope="module")
def book() -> RuleBook:
    return compile_rulebook([parse(RULES, "rules.toml")])


def days() -> list[Period]:
    """Eight weeks beside two rivals: four in five customers take the cheapest."""
    random = np.random.default_rng(3)
    found = []
    for _ in range(DAYS):
        own, rivals = np.round(random.uniform(90.0, 110.0, 1), 2), np.round(random.uniform(90.0, 110.0, (1, 2)), 2)
        expected = 10.0 if own[0] < rivals.min() else 2.0
        found.append(Period(own, random.poisson(expected, 1).astype(float), rivals))
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_the_rules_and_the_simulated_learner_ask_the_same_price_after_the_same_days(book: RuleBook, seed: int) -> None:
    """To the grosz: the product's path through training, model, market and engine, and the simulators' own."""
    cost, low, high = np.full(1, 60.0), np.full(1, 62.0), np.full(1, 140.0)
    rules = RuleSeller(Terms(cost, low, high, 100.0, 100, rivals=2), book, LearningSettings())
    history = days()
    for seen in history:
        rules.observe(seen)
    now = np.array([[94.0 + 3.0 * seed, 105.0]])
    last = Period(history[-1].prices, np.full(1, 4.0), now)
    rules.observe(last)
    asked = rules.price(now)[0]

    model = rules.model
    assert isinstance(model, DemandModel)
    assert model.rivals is not None
    unit = float(model.reference[0])  # the same shop in minor units, seen from its usual price
    terms = Terms(100.0 * cost, 100.0 * low, 100.0 * high, unit, 100, rivals=2, tick=1.0)
    other = Among(terms, np.random.default_rng(zlib.crc32(b"P1")), policy=policy_of(LearningSettings(), 2))
    for seen in [*history, last]:
        other.observe(Period(np.rint(100.0 * seen.prices), seen.sales, np.rint(100.0 * seen.rivals)))
    assert np.rint(other.price(np.rint(100.0 * now))[0]) == np.rint(100.0 * asked)
    assert asked != history[-1].prices[0], "a price that nobody would have to learn"


def test_a_price_that_never_moved_is_tried_only_where_trials_are_paid(book: RuleBook) -> None:
    """Thirty days at one price: left to the rules without a budget, moved by a step at most with one."""
    terms = Terms(np.full(1, 50.0), np.full(1, 51.0), np.full(1, 140.0), 100.0, 100)
    random, asked = np.random.default_rng(4), dict[str | None, set[float]]()
    for budget in (None, "100"):
        seller = RuleSeller(terms, book, LearningSettings(budget=budget))
        for _ in range(30):
            seller.observe(Period(np.full(1, 100.0), random.poisson(5.0, 1).astype(float), np.empty((1, 0))))
        asked[budget] = {float(seller.price(np.empty((1, 0)))[0]) for _ in range(3)}
    assert asked[None] == {100.0}
    assert asked["100"] != {100.0}
    assert all(95.0 <= price <= 105.0 for price in asked["100"])


def test_the_learning_of_a_configuration_file_is_read(tmp_path: Path) -> None:
    """Its own table only; without one the defaults hold."""
    (tmp_path / "one.toml").write_text('[pricing.learning]\nrivals = "look ahead"\n[shop]\nname = "x"\n')
    (tmp_path / "two.toml").write_text("")
    assert load_learning(tmp_path / "one.toml").rivals == "look ahead"
    assert load_learning(tmp_path / "two.toml") == LearningSettings()
    (tmp_path / "three.toml").write_text("pricing = 3")
    with pytest.raises(UsageError, match="no table"):
        load_learning(tmp_path / "three.toml")
