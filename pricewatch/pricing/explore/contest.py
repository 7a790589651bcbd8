"""The price of one product among rivals who move: learnt customers, guessed rivals, and the best answer to both.

The default answers to what rivals will probably ask next. Looking ahead, it also counts what they will answer later to
the price that it asks now: more profit, and further from competition, so it is for whoever asks for it knowingly.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pricewatch.pricing.demand.panel import Floats
from pricewatch.pricing.demand.segments import Segments, kinds
from pricewatch.pricing.explore.rivals import RivalWatch

PATIENCE = 0.95  # what the next period's profit counts when looking ahead
_STATES, _ROUNDS, _EVERY = 81, 60, 5


@dataclass(slots=True)
class Contest:
    """One product and its rivals over time; prices and `cost` are relative to the product's reference price.

    `low` and `high` bound what we ask. Rivals answer before the next period, or within it: then `before` is the part
    of a period that passes until they do. `ahead` looks ahead.
    """

    cost: float
    low: float
    high: float
    rivals: int
    random: np.random.Generator
    ahead: bool = False
    before: float = 0.5
    members: int = 4
    segments: Segments = field(init=False)
    watch: RivalWatch = field(init=False)
    _later: tuple[Floats, Floats] | None = None
    _age: int = 0
    _laid: tuple[Floats, Floats] | None = None

    def __post_init__(self) -> None:
        """Nothing is known yet."""
        self.segments = Segments(self.random, self.members)
        self.watch = RivalWatch(self.rivals)

    def add(self, own: float, rivals: Floats, units: float, length: float = 1.0, after: Floats | None = None) -> None:
        """Take in a period: what was asked, what was sold, and what rivals had come to ask `after` it, if within it."""
        met = rivals[None, :] if after is None else np.stack([rivals, after])
        parts = np.array([length]) if after is None else length * np.array([self.before, 1.0 - self.before])
        self.segments.add(own, met, parts, units)
        self.watch.add(own, rivals)

    def answer(self, tried: Floats, now: Floats | None = None) -> float:
        """The best of some relative prices; `now` (r) are rivals' prices that hold until they answer within it."""
        self.segments.fit()
        if now is None:
            last = self.watch.last
            assert last is not None
            likely = self.watch.answers(last[:1], last[None, 1:])
            met = self._met(tried, likely * self.watch.misses())
        else:
            likely = self.watch.answers(tried, np.repeat(now[None], len(tried), axis=0))
            met = self.before * kinds(tried, np.repeat(now[None], len(tried), axis=0))
            met += (1.0 - self.before) * self._each(tried, likely)
        drawn = (self.random.random(self.members) < 0.5).astype(np.float64) + 1e-9
        earned = (tried - self.cost) * self.segments.sales(met, drawn)
        if self.ahead:
            earned = earned + PATIENCE * self._worth(tried, np.broadcast_to(likely, (len(tried), self.rivals)))
        return float(tried[np.argmax(earned)])

    def expected(self, now: Floats | None = None) -> Floats:
        """Prices that rivals may ask in the next period: all scenarios, flat; with `now`, those prices themselves."""
        last = self.watch.last
        assert last is not None
        if now is not None:
            return now
        return np.asarray((self.watch.answers(last[:1], last[None, 1:]) * self.watch.misses()).ravel())

    def _met(self, tried: Floats, likely: Floats) -> Floats:
        """Shares of kinds at every price, the same scenarios of rivals for each: m x KINDS."""
        shares = kinds(np.repeat(tried, len(likely)), np.tile(likely, (len(tried), 1)))
        return np.asarray(shares.reshape(len(tried), len(likely), -1).mean(axis=1))

    def _each(self, tried: Floats, likely: Floats) -> Floats:
        """The same where rivals answer to each price in their own way."""
        misses = self.watch.misses()
        shares = kinds(np.repeat(tried, len(misses)), (likely[:, None, :] * misses).reshape(-1, self.rivals))
        return np.asarray(shares.reshape(len(tried), len(misses), -1).mean(axis=1))

    def _worth(self, own: Floats, rivals: Floats) -> Floats:
        """What is to come after a period in which this was asked: own m, rivals m x r."""
        if self._later is None or self._age >= _EVERY:
            self._later, self._age = self._solved(rivals), 0
        self._age += 1
        lowest, worth = self._later
        return np.asarray(np.interp(self.watch.answers(own, rivals).min(axis=1), lowest, worth))

    def _solved(self, rivals: Floats) -> tuple[Floats, Floats]:
        """Value iteration over the lowest rival's price, others as far above it as they are now (Bellman 1957)."""
        spread = rivals[0] / rivals[0].min()
        lowest = np.geomspace(0.9 * self.low, 1.1 * self.high, _STATES)
        tried = np.geomspace(self.low, self.high, _STATES)
        own, met = np.tile(tried, _STATES), np.repeat(lowest, _STATES)[:, None] * spread
        if self._laid is None or not np.array_equal(self._laid[0], spread):
            self._laid = spread, kinds(own, met)
        earned = (own - self.cost) * self.segments.sales(self._laid[1])
        places = np.interp(self.watch.answers(own, met).min(axis=1), lowest, np.arange(_STATES))
        left = np.minimum(places.astype(np.int64), _STATES - 2)
        part, worth = places - left, np.full(_STATES, earned.mean() / (1.0 - PATIENCE))
        for _ in range(_ROUNDS):
            later = worth[left] * (1.0 - part) + worth[left + 1] * part
            worth = (earned + PATIENCE * later).reshape(_STATES, _STATES).max(axis=1)
        return lowest, worth
