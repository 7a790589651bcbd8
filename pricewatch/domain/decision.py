"""The price and why, for one product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.offer import Availability, Condition, SiteKind
from pricewatch.domain.product import Sku


class Outcome(StrEnum):
    """What a proposal asks for."""

    RAISE = "raise"
    CUT = "cut"
    KEEP = "keep"  # the computed price is the current one, or too near to it
    HOLD = "hold"  # a guardrail, freeze or missing input stopped it; the old price stays


class DecisionStatus(StrEnum):
    """Where a proposal stands on its way to the channels."""

    NONE = "none"  # nothing to approve: keep or hold
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    APPLIED = "applied"


@dataclass(frozen=True, slots=True)
class MarketOffer:
    """One offer as the decision saw it; `excluded` says why it did not count, empty = it counted."""

    observation: int
    site: str
    kind: SiteKind
    seller: str
    price: Money
    shipping: Money | None
    availability: Availability
    condition: Condition
    seen_at: datetime
    url: str
    excluded: str = ""


@dataclass(frozen=True, slots=True)
class Market:
    """Everything that a decision for one product and price group looked at, in a fixed order."""

    sku: Sku
    group: str
    taken_at: datetime
    current: Money | None
    cost: Money | None
    offers: tuple[MarketOffer, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """One step on the way to the price: which step, in words, from what to what, and the rule's place.

    `step` is one of: landscape, rule, target, adjust, tax, ending, step, ceiling, floor, min_change, freeze, parity,
    announced, prior_price, map, hold. `before` and `after` are minor units in the group's currency; `rule` is
    file:line. `observations` are ids of the readings that this step used.
    """

    step: str
    text: str
    before: int | None = None
    after: int | None = None
    rule: str = ""
    observations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Announcement:
    """An announced reduction: the struck prior price and when it runs; the only source of a was-price."""

    prior: Money
    starts: datetime
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class Coupon:
    """The gross price with a coupon, and the code that gives it."""

    code: str
    price: Money


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """The gross price for a unit of measure, such as `1 kg`, `1 l`, `1 m` or `1 pc` (directive 98/6/EC)."""

    price: Money
    per: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What is sold beside the price that everybody pays: for members of the loyalty programme, with a coupon, and what
    it means for a unit of measure.
    """

    loyalty: Money | None = None
    coupon: Coupon | None = None
    unit: UnitPrice | None = None


NO_TERMS = Terms()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the rules ask for one product in one price group, with ordered reasons; never itself a price."""

    sku: Sku
    group: str
    outcome: Outcome
    current: Money | None
    proposed: Money | None
    floor: Money | None
    ceiling: Money | None
    reasons: tuple[Reason, ...]
    rank_before: int | None = None
    rank_after: int | None = None
    margin_before: int | None = None  # basis points of the net price
    margin_after: int | None = None
    competitors: int = 0
    announcement: Announcement | None = None
    tax: TaxRate | None = None  # the VAT rate that it was decided with


@dataclass(frozen=True, slots=True)
class Decision:
    """A proposal of plan `plan` with its approval."""

    plan: int
    proposal: Proposal
    status: DecisionStatus
    decided_by: str = ""
    decided_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class PriceEntry:
    """One line of the price list: the one truth for a product in a price group from `version` on.

    `adopted` marks a price that nobody decided here. Without a floor it was `found` in the catalogue: it is shown in
    feeds and checked on channels, and never written to one. With the floor of the price before it was taken over from
    a channel, and holds on all of them. `valid_to` is a planned end, that of the announced reduction; None = until a
    newer version. `run` is the run that wrote it.
    """

    version: int
    sku: Sku
    group: str
    gross: Money
    tax: TaxRate
    floor: Money | None
    ceiling: Money | None
    plan: int
    reason: str
    approved_by: str
    valid_from: datetime
    adopted: bool = False
    announcement: Announcement | None = None
    terms: Terms = NO_TERMS
    valid_to: datetime | None = None
    run: int = 0

    @property
    def net(self) -> Money:
        """The net part of the gross price, rounded half up."""
        return self.tax.net_of(self.gross)

    @property
    def found(self) -> bool:
        """Whether it is the catalogue's price, and never was ours."""
        return self.adopted and self.floor is None

    def announced_at(self, at: datetime) -> Announcement | None:
        """The reduction that is announced at this time: it runs then, and its prior price is above the price."""
        told = self.announcement
        if told is None or told.starts > at or (told.ends is not None and told.ends <= at):
            return None
        return told if told.prior.currency == self.gross.currency and told.prior > self.gross else None


@dataclass(frozen=True, slots=True)
class PriceList:
    """One version of our prices: what changed in it, and the hash that chains it to the version before."""

    version: int
    created_at: datetime
    plan: int
    entries: tuple[PriceEntry, ...]
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Breaker:
    """A whole-run check that tripped: its name, what it saw, and its limit."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A saved, numbered set of decisions; `apply` does exactly this and nothing else."""

    number: int
    created_at: datetime
    rules_hash: str
    counts: Mapping[str, int] = field(default_factory=dict)
    breakers: tuple[Breaker, ...] = ()
    set_aside: int = 0
    status: str = "open"  # open, applied, superseded, stopped
