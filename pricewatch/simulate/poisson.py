"""Poisson regression with a normal prior, for many products at once: what the learning reference strategies know.

log of the mean = features · β. The posterior is Laplace's approximation, kept up to date by Newton steps from the last
mode (McCullagh and Nelder, Generalized Linear Models, 2nd edition, chapter 6).
"""

from __future__ import annotations

import numpy as np

from pricewatch.simulate.protocol import Floats, Random

_MOST = 30.0  # of the linear predictor: e^30 sales are beyond every market


class PoissonPosterior:
    """Posterior of β for n products with k features each, learnt from one row a period."""

    def __init__(self, products: int, mean: Floats, deviation: Floats) -> None:
        self._prior = np.broadcast_to(mean, (products, len(mean))).astype(float)
        self._precision = np.diag(1.0 / np.asarray(deviation, dtype=float) ** 2)
        self._rows = np.empty((products, 64, len(mean)))
        self._sales = np.empty((products, 64))
        self._exposure = np.empty(64)
        self._count = 0
        self._fitted = False
        self.mean = self._prior.copy()
        self.covariance = np.broadcast_to(np.linalg.inv(self._precision), (products, len(mean), len(mean))).copy()

    def add(self, features: Floats, sales: Floats, length: float = 1.0) -> None:
        """Take in one period: features n x k, sales n, both of a period of this length."""
        if self._count == len(self._exposure):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)], axis=1)
            self._sales = np.concatenate([self._sales, np.empty_like(self._sales)], axis=1)
            self._exposure = np.concatenate([self._exposure, np.empty_like(self._exposure)])
        self._rows[:, self._count] = features
        self._sales[:, self._count] = sales
        self._exposure[self._count] = length
        self._count += 1
        self._fitted = False

    def fit(self, steps: int = 8, tolerance: float = 1e-3) -> None:
        """Bring mode and covariance up to date with what was taken in."""
        for _ in range(0 if self._fitted else steps):
            gradient, hessian = self._curvature()
            self.covariance = np.linalg.inv(hessian)
            move = np.einsum("nij,nj->ni", self.covariance, gradient)
            size = np.max(np.abs(move))
            self.mean = self.mean + move / max(1.0, float(size))
            if size < tolerance:
                break
        self._fitted = True

    def draw(self, random: Random, temper: float = 1.0) -> Floats:
        """One β for each product from the posterior, its covariance scaled by `temper`: n x k."""
        root = np.linalg.cholesky(self.covariance)
        noise = random.standard_normal(self.mean.shape)
        return np.asarray(self.mean + np.sqrt(temper) * np.einsum("nij,nj->ni", root, noise))

    def _curvature(self) -> tuple[Floats, Floats]:
        rows, sales = self._rows[:, : self._count], self._sales[:, : self._count]
        mean = self._exposure[: self._count] * rate(rows, self.mean)
        away = np.einsum("ij,nj->ni", self._precision, self._prior - self.mean)
        gradient = np.einsum("ntk,nt->nk", rows, sales - mean) + away
        return gradient, np.matmul(np.swapaxes(rows, 1, 2), rows * mean[:, :, None]) + self._precision


def rate(features: Floats, beta: Floats) -> Floats:
    """The mean of the model: features n x t x k and β n x k give n x t."""
    return np.asarray(np.exp(np.clip(np.einsum("ntk,nk->nt", features, beta), -_MOST, _MOST)))
