"""What a price teaches about the other products of its category, and where the risk of a price weighs most."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pricewatch.pricing.demand.posterior import Habits, Posterior, believe
from pricewatch.pricing.demand.shapes import Evidence
from pricewatch.pricing.explore.ask import Ask, Policy
from pricewatch.pricing.explore.decide import propose
from pricewatch.pricing.explore.lessons import Lessons

SIZE = 12
CATEGORY = np.zeros(SIZE, dtype=np.int64)
SOLD = np.geomspace(5.0, 500.0, SIZE)
ONES = np.ones(SIZE)


def believed(sold: np.ndarray = SOLD, category: np.ndarray = CATEGORY) -> tuple[Posterior, Habits]:
    """A hundred days at the reference price: levels are known, slopes are not."""
    evidence = Evidence.none(len(sold))
    evidence.add(np.ones(len(sold)), sold, 100.0)
    return believe(evidence, category, Habits.usual(int(category.max()) + 1))


def lessons(**changed: np.ndarray) -> Lessons:
    posterior, habits = believed()
    return Lessons.of(posterior, ONES, CATEGORY, replace(habits, **changed))


def test_a_price_teaches_more_the_further_it_is_from_those_before() -> None:
    """Nothing at the mean of what was asked, as much above it as below, and more by the pieces that are sold there."""
    prices = np.exp(np.tile([-0.1, -0.05, 0.0, 0.05, 0.1], (SIZE, 1)))
    taught = lessons().value(prices, np.ones((SIZE, 5)), ONES)
    assert np.all(taught[:, 2] == 0.0)
    assert np.all(np.diff(taught[:, 2:], axis=1) > 0.0)
    assert np.allclose(taught, taught[:, ::-1])
    assert np.allclose(lessons().value(prices, np.full((SIZE, 5), 2.0), ONES), 2.0 * taught)


def test_lessons_end_when_a_category_is_known() -> None:
    """What half the uncertainty leaves is worth a quarter."""
    unsure = believed()[1].unsure
    assert np.allclose(lessons(unsure=0.5 * unsure).worth, 0.25 * lessons().worth)
    assert np.all(lessons(unsure=0.0 * unsure).worth == 0.0)


def test_a_product_of_a_small_category_teaches_nobody() -> None:
    """Four products are no common experiment; eight are."""
    category = np.repeat([0, 1], [4, 8])
    found = Lessons.of(believed(category=category)[0], ONES, category, Habits.usual(2))
    assert np.array_equal(found.worth > 0.0, category == 1)
    assert np.array_equal(found.shared, category == 1)


def test_the_risk_of_what_sells_least_weighs_most() -> None:
    """A tenth to ten times; less where all sell fast, for a mistake is seen soon; as it is where nobody compares."""
    light = lessons().light
    assert np.all(np.diff(light) <= 0.0)
    assert light[0] <= 10.0
    assert light[-1] >= 0.1
    posterior, habits = believed(0.05 * SOLD)
    slower = Lessons.of(posterior, ONES, CATEGORY, habits).light
    assert np.all(slower >= light)
    assert slower.mean() > light.mean()
    alone = np.arange(SIZE)
    assert np.all(Lessons.of(believed(category=alone)[0], ONES, alone, Habits.usual(SIZE)).light == 1.0)


def test_who_pays_for_trials_asks_prices_that_teach() -> None:
    """Within the step, where the expected profit is nearly even: further from the usual price than without a budget."""
    posterior, habits = believed(np.full(SIZE, 300.0))
    prices = np.tile(np.linspace(95.0, 105.0, 41), (SIZE, 1))
    what = Ask.of(np.arange(SIZE), prices, 100.0, np.linspace(60.0, 85.0, SIZE), waiting=30.0)
    taught, nothing = Lessons.of(posterior, 100.0 * ONES, CATEGORY, habits), np.zeros((SIZE, 42))
    far = []
    for budget in (0.0, np.inf):
        policy, random = Policy(gate=0.0, budget=budget, caution=0.0), np.random.default_rng(1)
        found = propose(posterior, 100.0 * ONES, what, nothing, CATEGORY, policy, taught, random)
        far.append(np.abs(np.where(found.at >= 0, prices[0, found.at], 100.0) - 100.0).mean())
    assert far[1] > far[0]
