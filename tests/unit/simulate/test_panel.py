"""The elasticity panel and its reference estimators."""

from __future__ import annotations

import numpy as np
import pytest

from pricewatch.simulate.estimators import dml, instrumented, ols, poisson
from pricewatch.simulate.panel import Panels, autoregressive, drawn
from pricewatch.simulate.protocol import stream

PANEL, TRUTH = drawn(3, 5.0, 0.05, 0.15)


def test_the_panel_has_the_moments_of_its_definition() -> None:
    """Shares of randomised weeks and cost steps, pass-through, memory and season."""
    assert PANEL.sales.shape == (400, 52)
    assert np.mean(PANEL.trial != 0.0) == pytest.approx(0.15, abs=0.01)
    assert set(np.round(np.unique(PANEL.trial), 2)) == {-0.08, -0.04, 0.0, 0.04, 0.08}
    assert np.mean(np.diff(PANEL.cost, axis=1) != 0.0) == pytest.approx(0.15, abs=0.01)
    assert np.std(PANEL.price - 0.5 * PANEL.cost - 0.4 * PANEL.rival - PANEL.trial) == pytest.approx(0.025, abs=0.001)
    assert np.all((TRUTH >= -4.5) & (TRUTH <= -2.0))
    series = autoregressive(stream(1, 0), 0.6, 0.3)
    assert np.std(series) == pytest.approx(0.3, rel=0.03)
    assert np.corrcoef(series[:, 1:].ravel(), series[:, :-1].ravel())[0, 1] == pytest.approx(0.6, abs=0.02)


@pytest.mark.parametrize("naive", [ols, poisson, dml])
def test_who_takes_prices_for_random_is_far_off(naive) -> None:
    """Prices follow demand, so demand seems not to mind prices: elasticities come out 1 to 3 too small."""
    found = naive(PANEL)
    assert np.all(found.elasticity - TRUTH > 1.0)
    assert not found.refused.any()


@pytest.mark.parametrize("names", [("cost",), ("trial",), ("cost", "trial")])
def test_instruments_find_the_truth(names: tuple[str, ...]) -> None:
    """Cost changes, randomised weeks, or both: errors of a few tenths and intervals that hold it mostly."""
    score = Panels(25.0, {}).play(5, instrumented(*names))
    assert score.value < 0.5
    assert score.details["% refused"] == 0.0


def test_without_price_trials_or_endogeneity_nothing_is_off() -> None:
    """Where prices ignore demand, plain Poisson regression is right."""
    assert Panels(25.0, {}, endogeneity=0.0).play(1, poisson).value < 0.4


def test_a_weak_instrument_is_refused() -> None:
    """No randomised weeks, no claim: the score is not a number and nothing is called an elasticity."""
    score = Panels(5.0, {}, randomised=0.0).play(1, instrumented("trial"))
    assert np.isnan(score.value)
    assert score.details == {"% refused": 100.0}


def test_equal_seeds_are_equal_panels() -> None:
    """Levels share everything but sales."""
    again, truth = drawn(3, 5.0, 0.05, 0.15)
    busy, _ = drawn(3, 25.0, 0.05, 0.15)
    assert np.array_equal(again.sales, PANEL.sales)
    assert np.array_equal(truth, TRUTH)
    assert np.array_equal(busy.price, PANEL.price)
    assert busy.sales.mean() == pytest.approx(5.0 * PANEL.sales.mean(), rel=0.05)
