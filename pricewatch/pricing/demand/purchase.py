"""Whether a customer buys in one situation: a logit, and a monotone boosted challenger kept where it is better later.

For marketplaces that tell each visit and its outcome rather than sales a week. The logit is maximum likelihood by
Newton steps, without a penalty; the challenger is blended in half where it lowers the loss on the last part of what is
known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from pricewatch.domain.errors import UsageError
from pricewatch.pricing.demand.panel import Floats, Ints

_STEPS, _KEPT_BACK = 50, 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Logit:
    """Coefficients, the constant first, and the log likelihood that they reach."""

    beta: Floats
    log_likelihood: float

    @property
    def aic(self) -> float:
        """Akaike's criterion, the constant not counted."""
        return 2.0 * (len(self.beta) - 1) - 2.0 * self.log_likelihood

    def probability(self, features: Floats) -> Floats:
        """The probability of a purchase in each situation."""
        return np.asarray(_sigmoid(_design(features) @ self.beta))


def logit(features: Floats, bought: Floats) -> Logit:
    """Fit a logit; raises UsageError when all or none bought, or a feature is not a number."""
    _checked(features, bought)
    design = _design(features)
    beta = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chance = _sigmoid(design @ beta)
        weight = np.maximum(chance * (1.0 - chance), 1e-12)
        step = np.linalg.lstsq((design * weight[:, None]).T @ design, design.T @ (bought - chance), rcond=None)[0]
        beta = beta + step / max(1.0, float(np.max(np.abs(step))) / 5.0)
        if float(np.max(np.abs(step))) < 1e-10:
            break
    return Logit(beta, -len(bought) * log_loss(bought, _sigmoid(design @ beta)))


@dataclass(frozen=True, slots=True, eq=False)
class Purchase:
    """A logit, and the challenger where it helped; `monotone` are the signs that were asked for."""

    logit: Logit
    challenger: Any = None

    def probability(self, features: Floats) -> Floats:
        """The probability of a purchase: the logit's, or the middle of both in log odds."""
        first = self.logit.probability(features)
        if self.challenger is None:
            return first
        second = self.challenger.predict_proba(features)[:, 1]
        return np.asarray(_sigmoid(0.5 * (_odds(first) + _odds(second))))


def purchase(features: Floats, bought: Floats, monotone: Ints) -> Purchase:
    """Learn from situations in the order of time; `monotone` has -1, 0 or 1 a feature (a dearer price: -1)."""
    _checked(features, bought)
    cut = len(bought) - max(1, round(_KEPT_BACK * len(bought)))
    found = logit(features, bought)
    if len(np.unique(bought[:cut])) < 2:
        return Purchase(found)
    trial = Purchase(logit(features[:cut], bought[:cut]), _boosted(features[:cut], bought[:cut], monotone))
    losses = [log_loss(bought[cut:], each.probability(features[cut:])) for each in (trial, trial.logit)]
    return Purchase(found, _boosted(features, bought, monotone) if losses[0] < losses[1] else None)


def log_loss(bought: Floats, chance: Floats) -> float:
    """Mean negative log likelihood of what happened."""
    inside = np.clip(chance, 1e-15, 1.0 - 1e-15)
    return -float(np.mean(bought * np.log(inside) + (1.0 - bought) * np.log1p(-inside)))


def _boosted(features: Floats, bought: Floats, monotone: Ints) -> HistGradientBoostingClassifier:
    model = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=120, max_leaf_nodes=8, min_samples_leaf=50, l2_regularization=5.0,
        monotonic_cst=list(monotone), early_stopping=False, random_state=0,
    )  # fmt: skip
    with threadpool_limits(limits=1):  # threads that wait for a busy machine cost more than they save
        return model.fit(features, bought)


def _checked(features: Floats, bought: Floats) -> None:
    if not np.isfinite(features).all() or not np.isin(bought, (0.0, 1.0)).all():
        raise UsageError("situations need a number in every feature, and 0 or 1 for what happened")
    if len(np.unique(bought)) < 2:
        raise UsageError("there is nothing to learn where everybody bought, or nobody", hint="add other situations")


def _design(features: Floats) -> Floats:
    return np.column_stack([np.ones(len(features)), features])


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -500.0, 500.0))))


def _odds(chance: Floats) -> Floats:
    inside = np.clip(chance, 1e-12, 1.0 - 1e-12)
    return np.asarray(np.log(inside) - np.log1p(-inside))
