"""Single situations with their outcome: a logit by maximum likelihood, and a challenger only where it is better."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pricewatch.domain.errors import UsageError
from pricewatch.pricing.demand.purchase import log_loss, logit, purchase

HPI = Path(__file__).resolve().parents[5] / "shared" / "demand" / "hpi"
PUBLISHED = {"S1": (-1769.11, 3556.23), "S2": (-1729.05, 3476.1), "S3": (-2128.18, 4274.36)}


def situations(size: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    features = random.normal(0.0, 1.0, (size, 2))
    chance = 1.0 / (1.0 + np.exp(1.0 + 1.5 * features[:, 0] - 0.5 * features[:, 1]))
    return features, (random.random(size) < chance).astype(float)


def test_coefficients_are_the_most_likely_ones() -> None:
    """Near the truth, and no small step raises the likelihood."""
    features, bought = situations()
    found = logit(features, bought)
    assert found.beta == pytest.approx([-1.0, -1.5, 0.5], abs=0.15)
    for at in range(3):
        for step in (-1e-3, 1e-3):
            beta = found.beta.copy()
            beta[at] += step
            chance = 1.0 / (1.0 + np.exp(-(beta[0] + features @ beta[1:])))
            assert -len(bought) * log_loss(bought, chance) < found.log_likelihood


def test_the_challenger_is_kept_only_where_it_is_better() -> None:
    """A logit world needs none; a world with a threshold does, and stays monotone in price."""
    features, bought = situations()
    assert purchase(features, bought, np.array([-1, 1])).challenger is None
    random = np.random.default_rng(2)
    steep = (random.random(len(features)) < np.where(np.abs(features[:, 1]) < 0.5, 0.7, 0.1)).astype(float)
    found = purchase(features, steep, np.array([-1, 0]))
    assert found.challenger is not None
    odds = found.challenger.predict_proba(np.column_stack([np.linspace(-2, 2, 30), np.zeros(30)]))[:, 1]
    assert np.all(np.diff(odds) <= 1e-12)


def test_what_teaches_nothing_is_refused() -> None:
    """Nobody bought, or a feature that is not a number."""
    features, bought = situations(50)
    with pytest.raises(UsageError, match="nothing to learn"):
        logit(features, np.zeros(50))
    with pytest.raises(UsageError, match="a number in every feature"):
        logit(np.where(features > 1.0, np.nan, features), bought)


@pytest.mark.skipif(not HPI.is_dir(), reason="the market situations are not here")
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_fits_are_reproduced(name: str) -> None:
    """Log likelihood and AIC of the authors' logit to a tenth; a visit counts as bought when anything was sold."""
    rows = np.loadtxt(HPI / f"demand_learning_data_{name}.csv", delimiter=",")
    found = logit(rows[:, 1:-1], (rows[:, -1] > 0.0).astype(float))
    assert (found.log_likelihood, found.aic) == pytest.approx(PUBLISHED[name], abs=0.1)


@pytest.mark.slow
@pytest.mark.skipif(not HPI.is_dir(), reason="the market situations are not here")
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_second_half_is_predicted_no_worse_than_by_the_logit(name: str) -> None:
    """Learnt on the first half."""
    rows = np.loadtxt(HPI / f"demand_learning_data_{name}.csv", delimiter=",")
    features, bought, half = rows[:, 1:-1], (rows[:, -1] > 0.0).astype(float), len(rows) // 2
    found = purchase(features[:half], bought[:half], np.zeros(9, dtype=np.int64))
    loss = [log_loss(bought[half:], each.probability(features[half:])) for each in (found, found.logit)]
    assert loss[0] <= loss[1] + 1e-9
