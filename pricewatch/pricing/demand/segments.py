"""Demand among rivals as a mix of customers: who takes the cheapest, who does not look, and who weighs offers.

Expected sales are a sum, with weights that cannot be negative, of what a market of one kind of customer would buy
(a fixed grid of kinds: Fox, Kim, Ryan and Bajari, Quantitative Economics 2, 2011; kinds as in Varian, A Model of
Sales, 1980). Each kind buys less at a higher own price and more at higher rivals', so the sum does. Weights are the
mode under Gamma priors, found by expectation and maximisation; an ensemble on reweighted pasts stands for what is not
known (Rubin 1981, The Bayesian Bootstrap; Lu and Van Roy 2017, Ensemble Sampling).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtr

from pricewatch.pricing.demand.panel import Floats

_WILLING = tuple((mean, spread) for mean in (0.8, 0.9, 1.0, 1.1, 1.25) for spread in (0.1, 0.25))
_ADVANTAGES = {5.0: (-0.4, -0.15, 0.0, 0.15, 0.4), 9.0: (-0.2, -0.05, 0.05, 0.2), 18.0: (-0.1, 0.0, 0.1)}
_WEIGHING = tuple(
    (slope, slope * advantage, outside)
    for slope, advantages in _ADVANTAGES.items()
    for advantage in advantages
    for outside in (-0.5, 0.5)
)
_SLOPES, _LIKINGS, _OUTSIDES = np.array(_WEIGHING).T
_STEEP, _WHICH = np.unique(_SLOPES, return_inverse=True)
_OUTSIDE, _LIKED = np.exp(_OUTSIDES), np.exp(_LIKINGS)
_MEAN, _SPREAD = np.array(_WILLING).T
KINDS = 2 * len(_WILLING) + len(_WEIGHING)
_START, _TIES = 64, 1e-9
_FIRST, _AGAIN = 60, 6  # rounds of expectation and maximisation


def kinds(own: Floats, rivals: Floats) -> Floats:
    """The share of each kind of customer that buys from us: own relative prices m, rivals m x r, result m x KINDS."""
    cheapest = rivals.min(axis=1) if rivals.shape[1] else np.full(len(own), np.inf)
    tied = (np.abs(rivals - own[:, None]) < _TIES).sum(axis=1)
    first = np.where(own < cheapest + _TIES, 1.0 / (1.0 + tied), 0.0)
    staying = ndtr((_MEAN - own[:, None]) / _SPREAD)
    ours = _LIKED * np.exp(_STEEP * (1.0 - own[:, None]))[:, _WHICH]
    theirs = np.exp(_STEEP[:, None] * (1.0 - rivals[:, None, :])).sum(axis=2)[:, _WHICH]
    weighing = ours / (_OUTSIDE + ours + theirs)
    return np.concatenate([first[:, None] * staying, staying / (1.0 + rivals.shape[1]), weighing], axis=1)


@dataclass(slots=True)
class Segments:
    """One product's customers, learnt period by period; `members` pasts are kept, each weighing periods its own way."""

    random: np.random.Generator
    members: int = 4
    worth: float = 2.0
    fade: float = 1.0
    _seen: Floats = field(default_factory=lambda: np.empty((_START, KINDS)))
    _sold: Floats = field(default_factory=lambda: np.empty(_START))
    _days: Floats = field(init=False)
    _count: int = 0
    _fitted: bool = False
    weight: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Nobody is known yet."""
        self._days = np.empty((self.members, _START))
        self.weight = np.full((self.members, KINDS), 1.0)

    def add(self, own: float, rivals: Floats, lengths: Floats, units: float) -> None:
        """Take in a period: own relative price, the situations of rivals in it (s x r) and how long each was, units."""
        if self._count == len(self._sold):
            self._seen = np.concatenate([self._seen, np.empty_like(self._seen)])
            self._sold = np.concatenate([self._sold, np.empty_like(self._sold)])
            self._days = np.concatenate([self._days, np.empty_like(self._days)], axis=1)
        at = self._count
        self._seen[at] = lengths @ kinds(np.full(len(rivals), own), rivals)
        self._sold[at] = units
        self._days[:, :at] *= self.fade
        self._days[:, at] = self.random.exponential(size=self.members)
        self._days[0, at] = 1.0
        self._count += 1

    def fit(self) -> None:
        """Bring the weights of all members up to date: many rounds the first time, a few from then on."""
        if not self._count:
            return
        rounds, self._fitted = _AGAIN if self._fitted else _FIRST, True
        seen, sold, days = self._seen[: self._count], self._sold[: self._count], self._days[:, : self._count]
        rate = (sold.sum() + 0.5) / (seen.sum(axis=0).mean() + 0.5)
        prior = self.worth / KINDS
        below = days @ seen + prior * KINDS / rate
        bought = days * sold
        for _ in range(rounds):
            expected = self.weight @ seen.T
            self.weight = (self.weight * ((bought / np.maximum(expected, 1e-12)) @ seen) + prior) / below

    def forget(self) -> None:
        """Let the next fit begin anew; what was seen stays."""
        self.weight, self._fitted = np.full((self.members, KINDS), 1.0), False

    def sales(self, shares: Floats, members: Floats | None = None) -> Floats:
        """Expected sales where kinds buy by these shares (... x KINDS), under a weighted mean of the members."""
        weight = self.weight.mean(axis=0) if members is None else members @ self.weight / members.sum()
        return np.asarray(shares @ weight)
