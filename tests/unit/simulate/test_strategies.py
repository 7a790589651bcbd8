"""The reference strategies, and rule files as a strategy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pricewatch.domain.errors import ConfigError, UsageError
from pricewatch.simulate.catalogue import MARKETS, market, strategy
from pricewatch.simulate.competition import Competition
from pricewatch.simulate.fixed import incumbent, undercut
from pricewatch.simulate.poisson import PoissonPosterior, rate
from pricewatch.simulate.protocol import Period, Terms, stream
from pricewatch.simulate.rulefiles import RuleSeller, follows, load_rules
from pricewatch.simulate.static import Static

UNDERCUT = '[[guardrails]]\nmin_markup = "5%"\n[[rule]]\nname = "a"\ntarget = "lowest"\nadjust = "-1%"\n'


def rules(folder: Path, text: str):
    (folder / "rules.toml").write_text(text)
    return load_rules(folder)


def terms(products: int = 1, rivals: int = 0) -> Terms:
    return Terms(
        np.full(products, 60.0), np.full(products, 61.8), np.full(products, 140.0), 100.0, 10, rivals,
        np.arange(products), tick=0.01,
    )  # fmt: skip


def nothing(products: int = 1) -> np.ndarray:
    return np.empty((products, 0))


@pytest.mark.parametrize("name", [name for name in MARKETS if name != "S6"])
def test_every_strategy_prices_on_every_market_that_lists_it(name: str) -> None:
    """From no history at all, for as many products as the terms have, with finite prices."""
    entry = MARKETS[name]
    rivals = 0 if name.startswith(("S1", "S2")) else 2
    for label in entry.strategies:
        seller = strategy(entry, label)(terms(3, rivals), stream(1, 2))
        seen = np.full((3, rivals), 99.0)
        for _ in range(12):
            prices = np.broadcast_to(seller.price(seen), (3,))
            assert np.all(np.isfinite(prices) & (prices > 0.0)), label
            seller.observe(Period(np.full(3, 100.0), np.array([0.0, 2.0, 5.0]), seen))


def test_the_posterior_finds_the_curve_behind_the_sales() -> None:
    """Two products at once, each with its own curve, and a narrow posterior after much data."""
    random, truth = stream(1, 0), np.array([[1.0, -3.0], [2.0, -2.0]])
    posterior = PoissonPosterior(2, np.array([0.0, -2.5]), np.array([5.0, 2.0]))
    for _ in range(400):
        row = np.stack([np.ones(2), random.uniform(-0.2, 0.2, 2)], axis=1)
        posterior.add(row, random.poisson(rate(row[:, None], truth)[:, 0]).astype(float))
    posterior.fit(20)
    error = np.sqrt(np.diagonal(posterior.covariance, axis1=1, axis2=2))
    assert np.all(np.abs(posterior.mean - truth) < 3.5 * error)
    assert np.all(error[:, 1] < 0.35)


def test_two_short_periods_teach_what_a_long_one_does() -> None:
    """The length of a period counts."""
    both = [PoissonPosterior(1, np.array([0.0, -2.5]), np.array([5.0, 2.0])) for _ in range(2)]
    row = np.array([[1.0, 0.1]])
    both[0].add(row, np.array([7.0]), 4.0)
    for sales in (3.0, 4.0):
        both[1].add(row, np.array([sales]), 2.0)
    for posterior in both:
        posterior.fit(30, 1e-9)
    assert np.allclose(both[0].mean, both[1].mean)


def test_learners_learn() -> None:
    """With many sales every learner ends far above the price that nobody ever questioned."""
    seeds = [seed for seed in range(30) if Static(20.0, {}).play(seed, incumbent).value < 90.0][:3]
    for name in ("greedy-ols", "thompson-arms", "thompson", "thompson-tempered"):
        learner = strategy(market("S1"), name)
        gains = [Static(20.0, {}).play(seed, learner).value for seed in seeds]
        fixed = [Static(20.0, {}).play(seed, incumbent).value for seed in seeds]
        assert np.mean(gains) > np.mean(fixed) + 5.0, name


def test_a_rule_file_prices_like_the_rule_that_it_states(tmp_path: Path) -> None:
    """One percent below the lowest, not under 5 % on top of the cost: the reference strategy, but for roundings."""
    book = rules(tmp_path, UNDERCUT)
    game = Competition({"fixed": (incumbent,)}, 30, {})
    assert game.play(1, follows(book)).value == pytest.approx(game.play(1, undercut).value, rel=1e-3)


def test_a_rule_file_prices_a_batch_and_knows_categories(tmp_path: Path) -> None:
    """Conditions see category, cost and stock of each product."""
    book = rules(
        tmp_path,
        '[[guardrails]]\nmin_markup = "0%"\n[[rule]]\nname = "a"\nwhen = "category in \'group 2\' and stock == 20"\n'
        'target = { kind = "cost_plus", percent = "50%" }\n[[rule]]\nname = "b"\ntarget = "keep"\n',
    )
    assert list(RuleSeller(terms(3), book).price(nothing(3))) == [100.0, 90.0, 100.0]


def test_rules_meet_their_dwell_and_their_own_past(tmp_path: Path) -> None:
    """A period is a day: a price that changed yesterday stays while the guardrail says so."""
    book = rules(tmp_path, UNDERCUT.replace('min_markup = "5%"', 'min_markup = "5%"\ndwell = "3d"'))
    seller, asked = RuleSeller(terms(1, 1), book), []
    for lowest in (90.0, 80.0, 80.0, 80.0, 80.0):
        rival = np.array([[lowest]])
        asked.append(float(seller.price(rival)[0]))
        seller.observe(Period(np.array(asked[-1:]), np.zeros(1), rival))
    assert asked == [89.1, 89.1, 89.1, 79.2, 79.2]


def test_rules_never_leave_the_bounds_of_a_market(tmp_path: Path) -> None:
    """The market's bounds are the product's floor and ceiling."""
    seller = RuleSeller(terms(1, 1), rules(tmp_path, UNDERCUT))
    assert seller.price(np.array([[40.0]])) == [63.0]
    assert seller.price(np.array([[150.0]])) == [140.0]


def test_folders_without_rules_and_rules_with_mistakes_are_told(tmp_path: Path) -> None:
    """The folder's name, or the file's place."""
    with pytest.raises(UsageError, match="no rule files"):
        load_rules(tmp_path)
    with pytest.raises(ConfigError, match=r"rules\.toml:3"):
        rules(tmp_path, '[[rule]]\nname = "a"\ntarget = "lowst"\n')


@pytest.mark.parametrize("name", ["nobody", "fixed:", "fixed:-1", "fixed:nan", "match:3"])
def test_unknown_strategies_are_told_with_those_there_are(name: str) -> None:
    """So are prices that cannot be."""
    with pytest.raises(UsageError, match="thompson-tempered"):
        strategy(market("s1"), name)


def test_fixed_takes_a_price() -> None:
    """Any constant can be judged."""
    assert strategy(market("S4"), "fixed:7.5")(terms(), stream(0, 2)).price(nothing()) == [7.5]
