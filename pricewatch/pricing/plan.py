"""A whole plan as columns: what became of every product, and how to read it product by product."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from pricewatch.domain.decision import Breaker, DecisionStatus, Market, Proposal
from pricewatch.pricing.breakers import NOTHING, Rest, breakers
from pricewatch.pricing.decided import STATUSES, Decided
from pricewatch.pricing.exact import ONE
from pricewatch.pricing.explain import Explainer
from pricewatch.pricing.frame import MISSING, Bools, Codes, Ints, MarketFrame, distinct
from pricewatch.pricing.guardrails import Armour
from pricewatch.pricing.rules import Branch, RuleBook
from pricewatch.pricing.settings import PricingSettings
from pricewatch.pricing.trail import OUTCOMES, TESTED, Hold, Trail
from pricewatch.pricing.values import to_minor

_WAYS = (DecisionStatus.NONE, DecisionStatus.PENDING, DecisionStatus.APPROVED)


@dataclass(frozen=True)
class PlanFrame:
    """The decisions for a frame: one row of `trail` for each product, in the frame's order."""

    frame: MarketFrame
    book: RuleBook
    settings: PricingSettings
    trail: Trail
    rest: Rest = NOTHING

    @cached_property
    def breakers(self) -> tuple[Breaker, ...]:
        """The whole-run checks that tripped; nothing may be published before a person has looked."""
        return breakers(self.frame, self.trail, self.settings.breakers, self.rest, self.returning)

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many products were planned, how many of each outcome, and how many changes need no person."""
        found = {"products": len(self.trail)}
        found |= {each.value: int(np.sum(self.trail.outcome == code)) for code, each in enumerate(OUTCOMES)}
        return MappingProxyType(found | {"auto_approved": int(np.sum(self.auto_approved))})

    @cached_property
    def holds(self) -> Mapping[str, int]:
        """How many products were held, by cause."""
        numbers = np.bincount(self.trail.hold, minlength=len(Hold))
        return MappingProxyType({each.name.lower(): int(numbers[each]) for each in Hold if each and numbers[each]})

    @cached_property
    def auto_approved(self) -> Bools:
        """Which changes lie inside the configured band; none at all when a breaker tripped."""
        if self.breakers:
            return np.zeros(len(self.trail), bool)
        current = self.frame.products.current
        move = np.abs(np.where(self.trail.moving, self.trail.price - current, 0))
        inside = self.trail.moving & (
            move * ONE <= np.where(self.trail.moving, current, 0) * self.settings.approve_up_to
        )
        if self.settings.approve_up_to_amount is not None:
            inside &= move <= to_minor(self.settings.approve_up_to_amount, self.frame.exponent)
        return np.asarray((inside | self._tested(move) | self._ended) & ~self._cut_short)

    @property
    def _cut_short(self) -> Bools:
        """Where an announced reduction ends before its day: buyers were told another one, so a person decides."""
        announcing = np.array([each.announced for each in self.book.branches] + [False])[self.trail.branch]
        running = np.zeros(len(self.trail), bool)
        if self.frame.products.announced is not None:
            running |= self.frame.products.announced > 0
        return np.asarray(running & announcing & (self.trail.reference == MISSING))

    def _tested(self, move: Ints) -> Bools:
        """What a test of prices asks for: who started the test has approved it, as far as one person may."""
        return self._for_one(self.trail.moving & (self.trail.part == TESTED), move)

    @property
    def _ended(self) -> Bools:
        """Which ways back are approved: none at all when a breaker tripped."""
        return np.asarray(self.returning & (not self.breakers))

    @cached_property
    def returning(self) -> Bools:
        """The ways back from announced reductions at their stated end to exactly the price before them: who approved
        the start has approved them, as far as one person may, so they count in no breaker.
        """
        over, regular = self.frame.products.over, self.frame.products.regular
        if over is None or regular is None or not self.settings.ends_approved:
            return np.zeros(len(self.trail), bool)
        back = self.trail.moving & over & (self.trail.price == regular) & (self.trail.reference == MISSING)
        return self._for_one(back, np.abs(np.where(back, self.trail.price - self.frame.products.current, 0)))

    def _for_one(self, rows: Bools, move: Ints) -> Bools:
        """Those of the rows that one person may approve."""
        if self.settings.four_eyes_above is None:
            return np.asarray(rows)
        limit = np.where(self.trail.moving, self.frame.products.current, 0) * self.settings.four_eyes_above
        return np.asarray(rows & (move * ONE <= limit))

    @cached_property
    def learned(self) -> Bools:
        """Which changes follow what a demand model asked for."""
        most = max((len(branch.parts) for branch in self.book.branches), default=1)
        asks = np.zeros((len(self.book.branches) or 1, most), dtype=np.bool_)
        for number, each in enumerate(self.book.branches):
            asks[number, : len(each.parts)] = [part.target.kind == "optimal" for part in each.parts]
        part, branch = np.maximum(self.trail.part, 0), np.maximum(self.trail.branch, 0)
        follows = (self.trail.branch >= 0) & (self.trail.situation == 0) & (self.trail.part != TESTED)
        return np.asarray(self.trail.moving & follows & asks[branch, np.where(follows, part, 0)])

    def proposals(self) -> Iterator[Proposal]:
        """One record for each product, in the frame's order, with its ordered reasons."""
        for part in self._explainer.decided(self._status, self._ended):
            yield from part.proposals()

    def decided(self, progress: Callable[[int, int], None] | None = None) -> Decided:
        """All decisions as columns, with the numbers of their reasons; what lies inside the band is approved."""
        parts: list[Decided] = []
        for part in self._explainer.decided(self._status, self._ended):
            parts.append(part)
            if progress is not None:
                progress(sum(map(len, parts)), len(self.trail))
        return Decided.joined(parts)

    @property
    def _status(self) -> Codes:
        none, pending, approved = map(STATUSES.index, _WAYS)
        status = np.where(self.auto_approved, approved, np.where(self.trail.moving, pending, none))
        return status.astype(np.int32)

    def market(self, row: int) -> Market:
        """Everything that was offered for a product, lowest first, and why an offer did not count."""
        return self._explainer.market(row)

    @cached_property
    def idle(self) -> tuple[Branch, ...]:
        """The rules and cases that price no product of this plan, in the order in which they are tried."""
        used = set(distinct(self.trail.branch))
        return tuple(branch for number, branch in enumerate(self.book.branches) if number not in used)

    @cached_property
    def notices(self) -> tuple[str, ...]:
        """What a person should know: columns that the rules name and the catalogue lacks, rates that are too old."""
        stale = self.frame.stale_rates
        rates = (f"amounts in {', '.join(stale)} are unknown: the exchange rates are too old",) if stale else ()
        return (*self._explainer.notices(), *rates)

    @cached_property
    def _explainer(self) -> Explainer:
        armour = Armour(self.book, self.frame.exponent)
        return Explainer(self.frame, self.book, self.settings, self.trail, armour)
