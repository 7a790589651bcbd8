"""What rivals will ask next, learnt from what they asked: a few simple guesses, each trusted as it proved right."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pricewatch.pricing.demand.panel import Floats

_MEMORY = 0.93  # how much of a guess's record counts from one period to the next
_NEAREST, _RATIOS, _KEPT, _LONG = 3, 7, 12, 60
_START, _FAR, _ITSELF = 64, 0.3, 0.5
GUESSES = 4


@dataclass(slots=True)
class RivalWatch:
    """The prices of r rivals and us over time; guesses the rivals' next ones.

    The guesses are: as before; as far from the lowest of all others as lately; what followed the most similar pasts;
    the usual price. All prices are kept as logs of relative prices.
    """

    rivals: int
    _past: Floats = field(init=False)
    _count: int = 0
    _guessed: Floats | None = None
    _wrong: Floats = field(init=False)
    _misses: list[Floats] = field(default_factory=list)

    def __post_init__(self) -> None:
        """All guesses start equal."""
        self._wrong = np.full((GUESSES, self.rivals), 0.05)
        self._past = np.zeros((_START, self.rivals + 1))

    def add(self, own: float, rivals: Floats) -> None:
        """Take in what was asked in a period (relative prices), and judge the guesses made for it."""
        now = np.log(np.concatenate([[own], rivals]))
        if self._guessed is not None:
            miss = now[1:] - self._guessed
            self._wrong = _MEMORY * self._wrong + (1.0 - _MEMORY) * np.minimum(np.abs(miss), _FAR)
            self._misses = [*self._misses, miss][-_KEPT:]
        if self._count == len(self._past):
            self._past = np.concatenate([self._past, np.zeros_like(self._past)])
        self._past[self._count] = now
        self._count += 1
        self._guessed = self._guesses(now[None, :1], now[None, 1:])[:, 0]

    @property
    def last(self) -> Floats | None:
        """What was asked last, ours first; None before anything was seen."""
        return np.asarray(np.exp(self._past[self._count - 1])) if self._count else None

    def answers(self, own: Floats, rivals: Floats) -> Floats:
        """What rivals would ask after a period in which we and they asked this: own m, rivals m x r, all relative."""
        return np.asarray(np.exp(self._best(self._guesses(np.log(own)[:, None], np.log(rivals)))))

    def misses(self) -> Floats:
        """By which factors the trusted guesses were off lately: scenarios x r."""
        if not self._misses:
            return np.asarray(np.exp(np.linspace(-0.05, 0.05, 5)[:, None] * np.ones(self.rivals)))
        return np.asarray(np.exp(self._best(np.array(self._misses).transpose(1, 0, 2))))

    def _best(self, guesses: Floats) -> Floats:
        """Of guesses (GUESSES x m x r), each rival's most trusted: m x r."""
        best = np.argmin(self._wrong, axis=0)
        return np.asarray(guesses[best, :, np.arange(self.rivals)].T)

    def _guesses(self, own: Floats, rivals: Floats) -> Floats:
        found: Floats = np.repeat(rivals[None], GUESSES, axis=0)
        past = self._past[: self._count]
        if len(past) < _NEAREST + 2:
            return found
        state = np.concatenate([own, rivals], axis=1)
        for rival in range(1, self.rivals + 1):
            before, lowest = (np.delete(each, rival, axis=1).min(axis=1) for each in (past, state))
            followed, itself = past[1:, rival], past[:-1, rival]
            found[1, :, rival - 1] = lowest + np.median((followed - before[:-1])[-_RATIOS:])
            away = (before[:-1] - lowest[:, None]) ** 2 + _ITSELF * (itself - state[:, rival, None]) ** 2
            near = np.argpartition(away, _NEAREST, axis=1)[:, :_NEAREST]
            found[2, :, rival - 1] = followed[near].mean(axis=1)
            found[3, :, rival - 1] = past[-_LONG:, rival].mean()
        return found
