"""The price of one product among rivals who move: learnt customers, guessed rivals, and the best answer to both.

The default answers to what rivals will probably ask next. Looking ahead, it also counts what they will answer later to
the price that it asks now: more profit, and further from competition, so it is for whoever asks for it knowingly.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtr

from pricewatch.pricing.demand.panel import Floats
from pricewatch.pricing.demand.segments import Segments, kinds
from pricewatch.pricing.explore.ask import Policy
from pricewatch.pricing.explore.rivals import RivalWatch

PATIENCE = 0.95  # what the next period's profit counts when looking ahead
POINTS = 41
_STATES, _ROUNDS, _EVERY = 81, 60, 5
TINY = 1e-12
_OFF, _BELOW = 3.0, 0.99  # where a rival without stock stands, and how far below one we look


@dataclass(frozen=True, slots=True)
class Reply:
    """What a contest says of our next price, in relative prices and expected pieces a period.

    `best` earns most by all that is known, `tried` under a part of it that was drawn; `gain` is the probability that
    the best earns more than the price in force. `worth` is what each earns, in the order now, best, tried, `units` what
    each sells; `rival` is the lowest price that rivals will probably ask.
    """

    best: float
    tried: float
    gain: float
    worth: tuple[float, float, float]
    units: tuple[float, float, float]
    rival: float


@dataclass(slots=True)
class Contest:
    """One product and its rivals over time; prices and `cost` are relative to the product's reference price.

    Rivals answer before the next period, or within it: then `before` is the part of a period that passes until they
    do. `ahead` looks ahead, to prices from `low` to `high`. A rival without stock is NaN. `last` is what is asked now,
    ours and theirs, `seen` the lowest and highest price that we ever asked.
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
    last: tuple[float, Floats] | None = None
    seen: tuple[float, float] = (np.inf, 0.0)
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
        if length > 0.0:
            self.segments.add(own, _absent(met), parts, units)
        before = rivals if self.watch.last is None else self.watch.last[1:]
        self.watch.add(own, np.where(np.isfinite(rivals), rivals, before))
        self.last, self.seen = (own, rivals), (min(self.seen[0], own), max(self.seen[1], own))

    def options(self, tick: float, step: float, now: Floats | None = None) -> Floats:
        """Relative prices that are worth a look, on ticks: evenly over what is allowed, and just below rivals.

        An answer may be as far as it will within what we have asked before, and a `step` beyond.
        """
        assert self.last is not None
        lowest, highest = min(self.seen[0], self.last[0]), max(self.seen[1], self.last[0])
        low = min(max(self.low, lowest * (1.0 - step)), self.high)
        high = max(min(self.high, highest * (1.0 + step)), low)
        asked = self.expected(now)
        tried = np.concatenate([np.linspace(low, high, POINTS), asked - tick, _BELOW * asked])
        on_ticks = np.round(tried / tick) * tick
        return np.unique(np.clip(on_ticks, low, high))

    def reply(self, options: Floats, now: Floats | None = None, *, beside: float = 0.0) -> Reply:
        """The best of some relative prices; `now` (r) are rivals' prices that hold until they answer within the period.

        `beside` is what close substitutes of our own earn more where our price doubles e-fold.
        """
        assert self.last is not None
        self.segments.fit()
        tried = np.append(options, self.last[0])
        met, likely = self._situation(tried, now)
        units = met @ self.segments.weight.T
        earned = (tried - self.cost)[:, None] * units + beside * np.log(tried / self.last[0])[:, None]
        if self.ahead:
            earned = earned + PATIENCE * self._worth(tried, np.broadcast_to(likely, (len(tried), self.rivals)))[:, None]
        drawn = (self.random.random(self.members) < 0.5).astype(np.float64) + 1e-9
        mean, sold = earned.mean(axis=1), units.mean(axis=1)
        here, best, at = len(options), int(np.argmax(mean[:-1])), int(np.argmax(earned[:-1] @ drawn))
        return Reply(
            best=float(tried[best]),
            tried=float(tried[at]),
            gain=_likely(earned[best] - earned[here]),
            worth=(float(mean[here]), float(mean[best]), float(mean[at])),
            units=(float(sold[here]), float(sold[best]), float(sold[at])),
            rival=float(np.min(likely)),
        )

    def curve(self, tried: Floats) -> Floats:
        """Expected pieces a period at some relative prices, by every member: m x members."""
        return np.asarray(self._situation(tried, None)[0] @ self.segments.weight.T)

    def sold(self, own: Floats, theirs: Floats) -> Floats:
        """Expected pieces a period where we ask this and they ask that: m, m x r."""
        return self.segments.sales(kinds(own, _absent(theirs)))

    def expected(self, now: Floats | None = None) -> Floats:
        """Prices that rivals may ask in the next period: all scenarios, flat; with `now`, those prices themselves."""
        assert self.last is not None
        if now is not None:
            return now[np.isfinite(now)]
        asked = self._guessed() * self.watch.misses()
        return np.asarray(asked[:, np.isfinite(self.last[1])].ravel())

    def _guessed(self) -> Floats:
        """What rivals will probably ask after this: 1 x r, far off for those who are absent."""
        assert self.last is not None
        assert self.watch.last is not None
        own, rivals = self.last
        there = np.isfinite(rivals)
        likely = self.watch.answers(np.array([own]), np.where(there, rivals, self.watch.last[1:])[None])
        return np.where(there, likely, _OFF)

    def _situation(self, tried: Floats, now: Floats | None) -> tuple[Floats, Floats]:
        """Shares of kinds that buy at every price (m x KINDS), and what rivals will probably ask."""
        if now is None:
            likely = self._guessed()
            return self._met(tried, likely * self.watch.misses()), likely
        there = np.repeat(_absent(now)[None], len(tried), axis=0)
        likely = self.watch.answers(tried, there)
        met = self.before * kinds(tried, there)
        return met + (1.0 - self.before) * self._each(tried, likely), likely

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


def settled(reply: Reply, policy: Policy, budget: float = np.inf) -> tuple[float | None, bool]:
    """The relative price to ask, None for the one in force; whether it is a trial: the best one where a gain is likely
    enough, else one to learn from where that costs little and no more than the budget.
    """
    now, best, tried = reply.worth
    if reply.gain >= policy.gate and best > now:
        return reply.best, False
    loss = max(now - tried, 0.0)
    affordable = loss <= policy.most * max(now, TINY) and 0.0 < budget >= loss
    return (reply.tried, True) if affordable else (None, False)


def _absent(rivals: Floats) -> Floats:
    return np.where(np.isfinite(rivals), rivals, _OFF)


def _likely(gains: Floats) -> float:
    """The probability that a gain is above zero, by the mean and the spread of what the members say."""
    mean, spread = float(gains.mean()), float(gains.std(ddof=1)) if len(gains) > 1 else 0.0
    return float(ndtr(mean / spread)) if spread > 0.0 else float(mean > 0.0)
