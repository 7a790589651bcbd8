"""The product's own learner as a seller: the same posterior and the same decisions that price a shop."""

from __future__ import annotations

import numpy as np

from pricewatch.pricing.demand.posterior import Habits, Posterior, believe
from pricewatch.pricing.demand.shapes import Evidence
from pricewatch.pricing.explore.ask import Ask, Policy
from pricewatch.pricing.explore.contest import Contest, settled
from pricewatch.pricing.explore.decide import HOLD, propose
from pricewatch.pricing.explore.lessons import Lessons
from pricewatch.simulate.protocol import Floats, Period, Random, Strategy, Terms

_POINTS = 41
BOLD = Policy(gate=1.0, step=np.inf, most=np.inf)  # whatever draws ask for, at once and wherever it lies
_WORTH, _SHARED = 20.0, 100.0  # sales that Poisson noise, and the noise of all products, is believed for


class Alone:
    """Prices by what sales taught of each product's own curve, with products of a category teaching each other."""

    def __init__(self, terms: Terms, random: Random, policy: Policy | None = None) -> None:
        self._terms, self._random, self._policy = terms, random, policy or Policy()
        self._evidence = Evidence.none(len(terms))
        self._group = terms.group_of_each()
        self._habits = Habits.usual(int(self._group.max()) + 1)
        self._last = np.full(len(terms), terms.reference)
        self._away, self._waiting = np.zeros(len(terms)), np.full(len(terms), np.inf)
        self._expected = np.zeros(len(terms))
        self._posterior: Posterior | None = None
        self._home = self._last
        self._rounds = 12

    def observe(self, seen: Period) -> None:
        """Add a period to the evidence."""
        relative = seen.prices / self._terms.reference
        if self._posterior is not None:
            expected = seen.length * self._posterior.sales(relative[:, None])[:, 0]
            self._away += (seen.sales - expected) ** 2
            self._expected += expected
        self._evidence.add(relative, seen.sales, seen.length)
        moved = np.abs(seen.prices / self._last - 1.0) > 1e-9
        self._waiting = np.where(moved, 0.0, self._waiting) + seen.length
        self._last = seen.prices

    def price(self, rivals: Floats) -> Floats:  # noqa: ARG002 - the shape that markets call
        """The learner's choice; where it makes none, the price in force."""
        posterior, self._habits = believe(
            self._evidence, self._group, self._habits, noise=self._noise(), rounds=self._rounds
        )
        self._posterior, self._rounds = posterior, 2
        size, step = len(self._terms), min(self._policy.step, self._terms.step)
        share = np.linspace(1.0 - step, 1.0 + step, _POINTS)
        prices = np.clip(self._last[:, None] * share, self._terms.low[:, None], self._terms.high[:, None])
        ask = Ask.of(np.arange(size), prices, self._last, self._terms.cost, waiting=self._waiting, home=self._home)
        effect = np.zeros((size, _POINTS + 1))
        reference = np.full(size, self._terms.reference)
        ready = np.zeros(size, dtype=np.int64)
        middle = self._evidence.steps[:, 0] / np.maximum(self._evidence.units, 1.0)  # of bend 0, which sees logs
        lessons = Lessons.of(posterior, reference, self._group, self._habits, middle)
        chosen = propose(posterior, reference, ask, effect, ready, self._policy, lessons, self._random)
        return np.where(chosen.mode <= HOLD, self._last, prices[np.arange(size), chosen.at])

    def _noise(self) -> Floats:
        """How much more than a count each product's sales vary, all products' noise for those that tell little."""
        shared = max(1.0, float((self._away.sum() + _WORTH) / (self._expected.sum() + _WORTH)))
        return np.maximum(1.0, (self._away + _SHARED * shared) / (self._expected + _SHARED))


class Among:
    """Prices among rivals: customers of all kinds learnt from own sales, rivals' next prices from their past."""

    def __init__(self, terms: Terms, random: Random, *, ahead: bool = False, policy: Policy | None = None) -> None:
        self._terms, self._unit, self._policy = terms, terms.reference, policy or BOLD
        low, high = (float(bound[0]) / self._unit for bound in (terms.low, terms.high))
        self._contest = Contest(float(terms.cost[0]) / self._unit, low, high, terms.rivals, random, ahead)
        self._waiting: Period | None = None

    def observe(self, seen: Period) -> None:
        """Keep the period until it is known whether rivals moved within it."""
        self._learn(None)
        self._waiting = seen

    def price(self, rivals: Floats) -> Floats:
        """The best answer to what rivals will probably ask; the reference price before anything was seen."""
        moved = self._waiting is not None and not np.array_equal(self._waiting.rivals, rivals)
        now = rivals[0] / self._unit if moved else None
        self._learn(now)
        if self._contest.last is None:
            return np.full(len(self._terms), self._unit)
        tick = (self._terms.tick or 1e-3 * self._unit) / self._unit
        options = self._contest.options(tick, self._policy.step, now)
        asked, _ = settled(self._contest.reply(options, now), self._policy, self._policy.budget)
        return np.array([self._unit * (self._contest.last[0] if asked is None else asked)])

    def _learn(self, after: Floats | None) -> None:
        if self._waiting is not None:
            seen = self._waiting
            own, rivals = float(seen.prices[0]) / self._unit, seen.rivals[0] / self._unit
            self._contest.add(own, rivals, float(seen.sales[0]), seen.length, after)
        self._waiting = None


def learned(terms: Terms, random: Random) -> Strategy:
    """The default learner: curves where nobody else sells, customers and rivals where somebody does."""
    return Among(terms, random) if terms.rivals else Alone(terms, random)


def learned_ahead(terms: Terms, random: Random) -> Strategy:
    """The opt-in mode, which also counts how rivals will answer later."""
    return Among(terms, random, ahead=True) if terms.rivals else Alone(terms, random)
