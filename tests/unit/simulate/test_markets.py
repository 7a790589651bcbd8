"""The markets: seeded, scored by expected profit, and true to their definitions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pricewatch.simulate import assortment, static
from pricewatch.simulate.catalogue import ALONE, COMPETING, RIVAL_SETS, SHOP
from pricewatch.simulate.collusion import Audit, Trigger, demand, gain, monopoly, nash, profit, static_nash
from pricewatch.simulate.competition import Competition, crowd
from pricewatch.simulate.fixed import constant, incumbent, match, under_reset, undercut
from pricewatch.simulate.marketplace import Marketplace, Place, Thresholds
from pricewatch.simulate.protocol import Period, Terms, stream

SHORT = {
    "S1": (static.Static(1.0, ALONE), ALONE["thompson-tempered"]),
    "S2": (assortment.Assortment(0.2, SHOP), SHOP["pooled"]),
    "S3": (Competition({"match": (match,), "ols": (COMPETING["greedy-ols"],)}, 20, COMPETING), undercut),
    "S3c": (Competition({"match": (match,)}, 20, COMPETING, shift=True), under_reset),
    "S4": (Marketplace(RIVAL_SETS, COMPETING, 20), COMPETING["thompson-rank"]),
    "S5": (Audit({"match": match}, COMPETING, 20), COMPETING["greedy-ols"]),
}


def terms(cost: float = 60.0, **more: float) -> Terms:
    return Terms(np.full(1, cost), np.full(1, 1.03 * cost), np.full(1, 140.0), 100.0, 10, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SHORT)
def test_a_seed_is_a_market(name: str) -> None:
    """The same seed gives the same score to the last bit, another seed another one."""
    market, strategy = SHORT[name]
    first = market.play(7, strategy)
    assert market.play(7, strategy) == first
    assert market.play(8, strategy).value != first.value


# --- S1 and S2 -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALONE)
def test_nobody_beats_the_clairvoyant(name: str) -> None:
    """Profit is expected profit, so luck cannot lift a score above the best price's."""
    scores = [static.Static(5.0, ALONE).play(seed, ALONE[name]).value for seed in (1, 2, 3)]
    assert all(20.0 < score < 100.05 for score in scores), scores  # the best price lies between two of the grid


def test_the_clairvoyant_reaches_everything() -> None:
    """A seller who asks the best price all the time scores 100."""
    offer, curve = static.drawn(3, 1.0)
    grid = offer.grid()[0]
    best = grid[np.argmax((grid - offer.cost) * curve(grid))]
    assert static.Static(1.0, ALONE).play(3, constant(best)).value == pytest.approx(100.0)


def test_demand_curves_meet_at_the_reference_price() -> None:
    """At 100 every kind sells its level, and less above."""
    for kind in ("log-log", "linear", "logit"):
        curve = replace(static.drawn(0, 5.0)[1], kind=kind)
        sales = curve(np.array([100.0, 110.0, 139.0]))
        assert sales[0] == pytest.approx(5.0)
        assert sales[0] > sales[1] >= sales[2] >= 0.0


def test_levels_of_demand_share_their_products() -> None:
    """Curves over the levels compare like with like."""
    (low, _), (high, curve) = static.drawn(4, 0.2), static.drawn(4, 20.0)
    assert low.cost == high.cost
    assert curve.level == 20.0


def test_overdispersed_sales_have_the_variance_that_is_promised() -> None:
    """Variance m + m² at the reference price."""

    class Notes:
        def __init__(self) -> None:
            self.sales: list[float] = []

        def observe(self, seen: Period) -> None:
            self.sales += list(seen.sales)

        def price(self, rivals: np.ndarray) -> np.ndarray:
            return np.full(1, 100.0)

    notes = Notes()
    market = static.Static(5.0, ALONE, "negative binomial")
    for seed in range(20):
        market.play(seed, lambda _terms, _random: notes)
    assert np.mean(notes.sales) == pytest.approx(5.0, rel=0.05)
    assert np.var(notes.sales) == pytest.approx(30.0, rel=0.15)


def test_an_assortment_changes_in_small_steps() -> None:
    """A seller that wants to jump moves by 5 % a week, and ends where it wanted to be."""
    offers, _ = assortment.drawn(1, 0.2)
    asked: list[np.ndarray] = []

    class Jumper:
        def observe(self, seen: Period) -> None:
            asked.append(seen.prices)

        def price(self, rivals: np.ndarray) -> np.ndarray:
            return offers.high

    score = assortment.Assortment(0.2, SHOP).play(1, lambda _terms, _random: Jumper())
    weeks = np.array(asked[3:])
    assert len(weeks) == 53
    assert np.max(np.abs(weeks[1:] / weeks[:-1] - 1.0)) <= 0.05 + 1e-12
    assert np.allclose(weeks[-1], offers.high)
    assert score.details["% worse than before"] > 50.0


def test_who_changes_nothing_leaves_nothing_worse() -> None:
    """The incumbent's prices are what products are compared with."""
    score = assortment.Assortment(0.2, SHOP).play(2, incumbent)
    assert score.details == {"% worse than before": 0.0}
    assert 70.0 < score.value < 100.0


def test_the_slope_of_an_assortment_is_its_elasticity() -> None:
    """Both kinds of demand fall by the drawn elasticity at the reference price."""
    _, curves = assortment.drawn(5, 1.0)
    prices = np.tile([99.99, 100.01], (len(curves.volume), 1))
    slope = np.diff(np.log(curves(prices)), axis=1)[:, 0] / np.diff(np.log(prices), axis=1)[:, 0]
    assert np.allclose(slope, -curves.elasticity, rtol=1e-3)


# --- S3 --------------------------------------------------------------------------------------------------------


def test_shoppers_go_to_the_cheapest_and_split_at_a_tie() -> None:
    """A grosz decides over them; equal sellers share equally."""
    market = replace(crowd(stream(3, 0), 2), quality=np.zeros(2))
    tied, first = market(np.array([100.0, 100.0])), market(np.array([99.99, 100.0]))
    assert tied[0] == pytest.approx(tied[1])
    shoppers = market.arrivals * market.shares[0]
    assert first[0] - tied[0] == pytest.approx(tied[1] - first[1], rel=0.02)
    assert 0.3 * shoppers / 2 < first[0] - tied[0] <= 1.01 * shoppers / 2


def test_nobody_sells_to_more_customers_than_come() -> None:
    """Expected sales add up to less than the arrivals, at giveaway prices too."""
    for seed in range(20):
        market = crowd(stream(seed, 0), 5)
        assert market(np.full(5, 1.0)).sum() <= market.arrivals + 1e-9


def test_sellers_move_at_the_same_time() -> None:
    """One sees what the other asked in the period before, in ticks of a hundredth."""
    seen: list[float] = []
    asked: list[float] = []

    class Watcher:
        def observe(self, period: Period) -> None:
            asked.append(float(period.rivals[0, 0]))

        def price(self, rivals: np.ndarray) -> np.ndarray:
            seen.append(float(rivals[0, 0]))
            return np.full(1, 97.12345)

    Competition({"match": (match,)}, 10, COMPETING).play(1, lambda _terms, _random: Watcher())
    assert len(asked) == 24
    assert seen == asked[13:-1]
    assert set(asked[15:]) == {97.12}


def test_rules_of_thumb_keep_their_clips() -> None:
    """Match and undercut stop at 1.05 times the cost and at 120; a war is left upwards below 1.10 times the cost."""
    cheap, dear, usual = (np.full((1, 1), price) for price in (61.0, 149.0, 100.0))
    random = stream(0, 2)
    assert match(terms(), random).price(cheap) == pytest.approx(63.0)
    assert match(terms(), random).price(dear) == pytest.approx(120.0)
    assert undercut(terms(), random).price(usual) == pytest.approx(99.0)
    assert under_reset(terms(), random).price(cheap) == pytest.approx(115.0)
    assert under_reset(terms(), random).price(np.full((1, 1), 66.0)) == pytest.approx(65.4)


# --- S4 --------------------------------------------------------------------------------------------------------


def test_expected_shares_are_what_customers_do() -> None:
    """The grid of tastes agrees with many drawn customers."""
    random = stream(2, 0)
    place = Place(np.round(random.uniform(0.5, 5.5, 5)), random.uniform(90.0, 100.0, 5))
    prices = np.array([6.0, 7.0, 6.5, 8.0, 9.0])
    bought = sum(place.sales(prices, random) for _ in range(30_000))
    assert bought / (0.2 * 30_000) == pytest.approx(place.share(prices), abs=0.03)


def test_threshold_rivals_cycle() -> None:
    """They undercut down to their floor and jump up when somebody asks less than the threshold."""
    rival = Thresholds(10.0, 5.0, 4.9)
    assert rival.price(np.array([[8.0, 9.0]])) == 7.5
    assert rival.price(np.array([[5.1, 9.0]])) == 4.9
    assert rival.price(np.array([[4.9, 9.0]])) == 10.0


def test_the_bounds_of_a_marketplace_are_ours_alone() -> None:
    """Who asks less than 1 or more than 15 is clipped, rivals are not: they answer 1 by their own top."""
    seen: list[float] = []

    class Watcher:
        def observe(self, period: Period) -> None:
            assert period.prices[0] in (1.0, 15.0)

        def price(self, rivals: np.ndarray) -> np.ndarray:
            seen.extend(rivals[0])
            return np.full(1, 0.5 if len(seen) % 8 else 99.0)

    far = Thresholds(30.0, 5.0, 0.2)
    Marketplace({"far": (far,) * 4}, COMPETING, 60).play(1, lambda _terms, _random: Watcher())
    assert max(seen) > 15.0


# --- S5 --------------------------------------------------------------------------------------------------------


def test_the_audit_has_the_published_equilibrium() -> None:
    """Competition and monopoly of the paper: prices 1.4729 and 1.9250, profits .2229 and .3375."""
    assert (round(nash(), 4), round(monopoly(), 4)) == (1.4729, 1.9250)
    assert (round(profit(nash()), 4), round(profit(monopoly()), 4)) == (0.2229, 0.3375)


def test_neither_gains_by_leaving_the_equilibrium() -> None:
    """Against the competitive price no other price earns more."""
    grid = np.linspace(1.0, 2.5, 301)
    earned = [(price - 1.0) * demand(np.array([price, nash()]))[0] for price in grid]
    assert max(earned) <= profit(nash()) + 1e-12


def test_delta_is_zero_in_competition_and_one_in_collusion() -> None:
    """Static Nash does not collude, a trigger strategy does with itself and not with a rule that undercuts it."""
    audit = Audit({"undercut": undercut}, COMPETING, 40)
    assert audit.play(0, static_nash).value == pytest.approx(0.0, abs=1e-9)
    collusive = audit.play(0, Trigger)
    assert collusive.value == pytest.approx(1.0)
    assert collusive.details["against undercut"] < 0.9
    assert gain(profit(monopoly())) == pytest.approx(1.0)
