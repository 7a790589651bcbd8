"""The probability that sales fall by more than so much is what the weights of the shapes say."""

from __future__ import annotations

import numpy as np

from pricewatch.pricing.demand.posterior import Posterior
from pricewatch.pricing.demand.shapes import DEFAULT


def test_it_agrees_with_counting_shapes() -> None:
    """Up and down from the usual price, for small and large falls; elasticities lie on a grid, hence the tolerance."""
    random = np.random.default_rng(3)
    pull = -0.5 * ((np.log(DEFAULT.elasticity) - 1.0) / 0.5) ** 2
    weight = np.exp(pull + 0.1 * random.standard_normal((6, len(DEFAULT))))
    weight /= weight.sum(axis=1, keepdims=True)
    believed = Posterior(DEFAULT, weight, np.ones_like(weight), np.ones(6))
    usual, relative = np.full((6, 1), 1.05), np.tile([0.8, 0.9, 1.0, 1.1, 1.3], (6, 1))
    least = np.log(random.uniform(0.6, 1.6, relative.shape))
    fallen = np.log(DEFAULT.curves(usual)) - np.log(DEFAULT.curves(relative))
    counted = np.einsum("nj,nmj->nm", weight, fallen > least[:, :, None])
    assert np.max(np.abs(believed.falls(usual, relative, least) - counted)) < 0.08
    assert np.mean(np.abs(believed.falls(usual, relative, least) - counted)) < 0.02


def test_the_usual_price_itself_falls_by_nothing() -> None:
    """Only a negative bound is passed by no fall at all."""
    weight = np.full((1, len(DEFAULT)), 1.0 / len(DEFAULT))
    believed = Posterior(DEFAULT, weight, np.ones_like(weight), np.ones(1))
    found = believed.falls(np.ones((1, 1)), np.ones((1, 2)), np.array([[-0.01, 0.01]]))
    assert np.allclose(found, [[1.0, 0.0]])
