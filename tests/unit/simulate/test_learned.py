"""The product's learner as a seller: better than the price that nobody questioned, and never out of bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pricewatch.simulate.assortment import Assortment
from pricewatch.simulate.competition import Competition
from pricewatch.simulate.fixed import incumbent, under_reset, undercut
from pricewatch.simulate.learned import Alone, Among, learned, learned_ahead
from pricewatch.simulate.learned_panel import learned_elasticities
from pricewatch.simulate.panel import Panels
from pricewatch.simulate.protocol import Period, Terms, stream
from pricewatch.simulate.run import Contender, simulate
from pricewatch.simulate.static import Static


def test_it_is_one_learner_with_two_sides() -> None:
    """Curves where nobody else sells, customers and rivals where somebody does."""
    terms = [Terms(np.full(1, 60.0), np.full(1, 62.0), np.full(1, 140.0), 100.0, 10, rivals) for rivals in (0, 2)]
    assert isinstance(learned(terms[0], stream(1, 2)), Alone)
    assert isinstance(learned(terms[1], stream(1, 2)), Among)
    assert isinstance(learned_ahead(terms[0], stream(1, 2)), Alone)


def test_it_lifts_a_product_whose_price_was_wrong() -> None:
    """Where the usual price is far from the best it ends far above it."""
    seed = next(seed for seed in range(900, 960) if Static(5.0, {}).play(seed, incumbent).value < 85.0)
    assert Static(5.0, {}).play(seed, learned).value > Static(5.0, {}).play(seed, incumbent).value + 5.0


def test_an_assortment_earns_more_and_few_end_worse() -> None:
    """A year of weekly steps."""
    usual, found = (Assortment(1.0, {}).play(901, make) for make in (incumbent, learned))
    assert found.value > usual.value + 2.0
    assert found.details["% worse than before"] < 25.0


def test_it_answers_rivals_at_once_and_inside_its_bounds() -> None:
    """No step holds the reaction back: against a rival who undercuts it moves by more than 5 % within one period."""
    asked: list[float] = []

    class Watched:
        def __init__(self, terms: Terms, random: np.random.Generator) -> None:
            self.seller = learned(terms, random)
            self.terms = terms

        def observe(self, seen: Period) -> None:
            self.seller.observe(seen)

        def price(self, rivals: np.ndarray) -> np.ndarray:
            price = self.seller.price(rivals)
            assert self.terms.low[0] <= price[0] <= self.terms.high[0]
            asked.append(float(price[0]))
            return price

    Competition({"under-reset": (under_reset,)}, 60, {}).play(902, Watched)
    assert np.max(np.abs(np.diff(np.log(asked)))) > 0.05


def test_it_earns_more_than_undercutting_against_an_undercutter() -> None:
    """Two who undercut each other end at their clips."""
    seeds = (903, 904)
    duel = Competition({"undercut": (undercut,)}, 100, {})
    earned = [np.mean([duel.play(seed, make).value for seed in seeds]) for make in (undercut, learned)]
    assert earned[1] > earned[0]


def test_elasticities_without_an_instrument_are_refused() -> None:
    """The panel market with neither cost changes nor lots in sight."""
    score = Panels(5.0, {}, randomised=0.0).play(1, lambda seen: learned_elasticities(_costless(seen)))
    assert score.details == {"% refused": 100.0}


def _costless(seen):
    return replace(seen, cost=np.zeros_like(seen.cost))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "level", "low"),
    [("S1", 5.0, 96.5), ("S2", 1.0, 95.0), ("S3b", None, 45.0)],
)
def test_it_reaches_what_the_guide_says(name: str, level: float | None, low: float) -> None:
    """On a handful of seeds of each market, with room for their noise."""
    (found,) = simulate(name, [Contender("learned")], range(910, 914), level=level, jobs=1)
    assert found.mean > low
