"""Among rivals: who buys, what rivals will ask, and the best answer."""

from __future__ import annotations

import numpy as np
import pytest

from pricewatch.pricing.demand.segments import KINDS, Segments, kinds
from pricewatch.pricing.explore.contest import Contest
from pricewatch.pricing.explore.rivals import RivalWatch


def test_every_kind_buys_less_when_dearer_and_more_when_rivals_are() -> None:
    """At any number of rivals, and never more than everybody."""
    own = np.linspace(0.6, 1.6, 60)
    for rivals in (np.empty((60, 0)), np.full((60, 1), 1.0), np.tile([0.9, 1.1, 1.3], (60, 1))):
        shares = kinds(own, rivals)
        assert shares.shape == (60, KINDS)
        assert np.all(np.diff(shares, axis=0) <= 1e-12)
        assert np.all((shares >= 0.0) & (shares <= 1.0))
        assert np.all(kinds(own, 1.05 * rivals) >= shares - 1e-12)


def test_ties_share_those_who_take_the_cheapest() -> None:
    """Half at a tie of two, all one step below."""
    tied, below = (kinds(np.array([price]), np.array([[1.0]]))[0, 0] for price in (1.0, 0.9999))
    assert below == pytest.approx(2.0 * tied, rel=0.01)


def test_customers_are_found_from_sales() -> None:
    """Ten shoppers a period who take the cheapest: nearly nobody buys above the rival, and about ten below."""
    random = np.random.default_rng(1)
    found = Segments(np.random.default_rng(2))
    for _ in range(300):
        own, rival = random.uniform(0.8, 1.0, 2)
        found.add(own, np.array([[rival]]), np.ones(1), float(random.poisson(10.0 if own < rival else 0.5)))
        found.fit()
    above, below = found.sales(kinds(np.array([0.92, 0.88]), np.full((2, 1), 0.9)))
    assert below == pytest.approx(10.0, rel=0.15)
    assert above < 2.5


@pytest.mark.parametrize("factor", [1.0, 0.99])
def test_a_rival_who_follows_us_is_seen_through(factor: float) -> None:
    """Matching and undercutting by one percent are guessed to a fraction of that after a dozen periods."""
    random, watch, rival = np.random.default_rng(3), RivalWatch(1), 1.0
    for _ in range(30):
        own = random.uniform(0.8, 1.2)
        watch.add(own, np.array([rival]))
        rival = factor * own
    assert watch.answers(np.array([0.9, 1.1]), np.full((2, 1), rival))[:, 0] == pytest.approx(
        [factor * 0.9, factor * 1.1], rel=1e-3
    )


def test_a_rival_who_stays_is_expected_to_stay() -> None:
    """Whatever we ask."""
    random, watch = np.random.default_rng(3), RivalWatch(2)
    for _ in range(20):
        watch.add(random.uniform(0.8, 1.2), np.array([1.0, 1.1]))
    assert watch.answers(np.array([0.5]), np.array([[1.0, 1.1]]))[0] == pytest.approx([1.0, 1.1])


def played(ahead: bool) -> list[float]:
    """Two hundred periods against a rival who matches our last price, between 0.7 and 1.2."""
    random, rival, own, asked = np.random.default_rng(4), 1.0, 1.0, []
    contest = Contest(0.6, 0.62, 1.5, 1, np.random.default_rng(5), ahead)
    for period in range(120):
        tried = np.linspace(0.62, 1.5, 89)
        own = contest.reply(tried).best if period >= 14 else random.uniform(0.92, 1.08)
        met = np.array([[rival]])
        units = random.poisson(5.0 * kinds(np.array([own]), met)[0, [5, 14]].sum())
        contest.add(own, met[0], float(units))
        rival = float(np.clip(own, 0.7, 1.2))
        asked.append(own)
    return asked


def test_looking_ahead_asks_more_of_a_rival_who_matches() -> None:
    """The default answers the last price and slides down; who counts the answer does not undercut a mirror."""
    assert np.mean(played(True)[-40:]) > np.mean(played(False)[-40:]) + 0.02


def test_prices_come_from_those_tried() -> None:
    """Nothing else is ever asked."""
    contest = Contest(0.6, 0.62, 1.5, 1, np.random.default_rng(5))
    contest.add(1.0, np.array([1.0]), 3.0)
    tried = np.array([0.7, 0.95, 1.2])
    reply = contest.reply(tried)
    assert {reply.best, reply.tried} <= set(tried)


def test_an_answer_stays_within_what_was_asked_before_and_a_step() -> None:
    """However far a rival goes down, and inside the bounds."""
    contest = Contest(0.3, 0.31, 2.0, 1, np.random.default_rng(5))
    for own in (0.9, 1.0, 1.1):
        contest.add(own, np.array([0.5]), 3.0)
    options = contest.options(0.01, 0.05)
    assert options.min() == pytest.approx(0.9 * 0.95, abs=0.01)
    assert options.max() == pytest.approx(1.1 * 1.05, abs=0.01)
    contest.low, contest.high = 0.95, 1.0
    options = contest.options(0.01, 0.05)
    assert (options.min(), options.max()) == pytest.approx((0.95, 1.0))


def test_a_rival_without_stock_takes_nobody_away() -> None:
    """As many buy as where the rival is far too dear."""
    contest = Contest(0.6, 0.62, 1.5, 1, np.random.default_rng(5))
    random = np.random.default_rng(6)
    for day in range(60):
        rival = np.nan if day % 3 == 0 else 0.9
        contest.add(random.uniform(0.95, 1.05), np.array([rival]), 8.0 if day % 3 == 0 else 2.0)
    alone, beside = (contest.sold(np.ones(1), np.array([[asked]]))[0] for asked in (np.nan, 0.9))
    assert alone > 2.0 * beside
