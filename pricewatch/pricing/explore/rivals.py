"""What rivals will ask next, learnt from what they asked: a few simple guesses, each trusted as it proved right."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.spatial import KDTree

from pricewatch.pricing.demand.panel import Floats, Ints

_MEMORY = 0.93  # how much of a guess's record counts from one period to the next
_NEAREST, _RATIOS, _KEPT, _LONG = 3, 7, 12, 60
_START, _FAR, _ITSELF = 64, 0.3, 0.5
_MANY = 50_000  # comparisons of situations with pasts, from which on a tree of the pasts is worth planting
GUESSES = 4
_ALIKE = 2


@dataclass(slots=True)
class RivalWatch:
    """The prices of r rivals and us over time; guesses the rivals' next ones.

    The guesses are: as before; as far from the lowest of all others as lately; what followed the most similar pasts;
    the usual price. All prices are kept as logs of relative prices.
    """

    rivals: int
    wrong: Floats = field(init=False)
    missed: list[Floats] = field(default_factory=list)
    _past: Floats = field(init=False)
    _under: Floats = field(init=False)
    _count: int = 0
    _guessed: Floats | None = None

    def __post_init__(self) -> None:
        """All guesses start equal."""
        self.wrong = np.full((GUESSES, self.rivals), 0.05)
        self._past = np.zeros((_START, self.rivals + 1))
        self._under = np.zeros((_START, self.rivals))

    def add(self, own: float, rivals: Floats) -> None:
        """Take in what was asked in a period (relative prices), and judge the guesses made for it."""
        now = np.log(np.concatenate([[own], rivals]))
        if self._guessed is not None:
            miss = now[1:] - self._guessed
            self.wrong = _MEMORY * self.wrong + (1.0 - _MEMORY) * np.minimum(np.abs(miss), _FAR)
            self.missed = [*self.missed, miss][-_KEPT:]
        if self._count == len(self._past):
            self._past = np.concatenate([self._past, np.zeros_like(self._past)])
            self._under = np.concatenate([self._under, np.zeros_like(self._under)])
        self._past[self._count], self._under[self._count] = now, _others(now[None])[0]
        self._count += 1
        self._guessed = self._guesses(now[None, :1], now[None, 1:])[:, 0]

    @property
    def last(self) -> Floats | None:
        """What was asked last, ours first; None before anything was seen."""
        return np.asarray(np.exp(self._past[self._count - 1])) if self._count else None

    def newest(self, periods: int) -> Floats:
        """The logs of what was asked in the last periods, ours first."""
        return self._past[max(self._count - periods, 0) : self._count]

    def resume(self, past: Floats, wrong: Floats, missed: Floats) -> None:
        """Go on from what was known: `newest` periods, and how wrong the guesses were, in all and lately."""
        self._past, self._under, self._count = np.array(past), _others(past), len(past)
        self.wrong, self.missed, self._guessed = np.array(wrong), list(missed), None

    def answers(self, own: Floats, rivals: Floats) -> Floats:
        """What rivals would ask after a period in which we and they asked this: own m, rivals m x r, all relative."""
        trusted = np.argmin(self.wrong, axis=0)
        guessed = self._guesses(np.log(own)[:, None], np.log(rivals), alike=bool((trusted == _ALIKE).any()))
        return np.asarray(np.exp(guessed[trusted, :, np.arange(self.rivals)].T))

    def misses(self) -> Floats:
        """By which factors the trusted guesses were off lately: scenarios x r."""
        if not self.missed:
            return np.asarray(np.exp(np.linspace(-0.05, 0.05, 5)[:, None] * np.ones(self.rivals)))
        return np.asarray(np.exp(self._best(np.array(self.missed).transpose(1, 0, 2))))

    def _best(self, guesses: Floats) -> Floats:
        """Of guesses (GUESSES x m x r), each rival's most trusted: m x r."""
        best = np.argmin(self.wrong, axis=0)
        return np.asarray(guesses[best, :, np.arange(self.rivals)].T)

    def _guesses(self, own: Floats, rivals: Floats, *, alike: bool = True) -> Floats:
        """All guesses, GUESSES x m x r; that of similar pasts is left as before where nobody needs it."""
        found: Floats = np.repeat(rivals[None], GUESSES, axis=0)
        past = self._past[: self._count]
        if len(past) < _NEAREST + 2:
            return found
        before, lowest = self._under[: self._count], _others(np.concatenate([own, rivals], axis=1))
        followed = past[1:, 1:]
        found[1] = lowest + np.median((followed - before[:-1])[-_RATIOS:], axis=0)
        if alike:
            found[_ALIKE] = self._followed(before[:-1], lowest, rivals)
        found[3] = past[-_LONG:, 1:].mean(axis=0)
        return found

    def _followed(self, before: Floats, lowest: Floats, rivals: Floats) -> Floats:
        """What each rival asked after the pasts that were most like these situations, on average: m x r."""
        itself, followed = self._past[: self._count - 1, 1:], self._past[1 : self._count, 1:]
        if len(rivals) * len(before) > _MANY:
            return np.stack([
                followed[_nearest(before[:, at], itself[:, at], lowest[:, at], rivals[:, at]), at].mean(axis=1)
                for at in range(self.rivals)
            ], axis=1)  # fmt: skip
        away = (before.T[:, None] - lowest.T[:, :, None]) ** 2
        away += _ITSELF * (itself.T[:, None] - rivals.T[:, :, None]) ** 2
        near = np.argpartition(away, _NEAREST, axis=2)[:, :, :_NEAREST]
        return np.asarray(np.take_along_axis(followed.T[:, None], near, axis=2).mean(axis=2).T)


def _nearest(before: Floats, itself: Floats, lowest: Floats, now: Floats) -> Ints:
    """The places of the pasts that are most like each situation: m x _NEAREST."""
    scale = _ITSELF**0.5
    pasts = KDTree(np.stack([before, scale * itself], axis=1))
    _, places = pasts.query(np.stack([lowest, scale * now], axis=1), k=_NEAREST)
    return np.asarray(places)


def _others(asked: Floats) -> Floats:
    """The lowest price of everybody else for each rival: m x (r + 1), ours first, gives m x r."""
    two = np.partition(asked, 1, axis=1)[:, :2]
    return np.where(asked[:, 1:] > two[:, :1], two[:, :1], two[:, 1:])
