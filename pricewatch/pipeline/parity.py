"""The order of writes: at no moment does a checkout take more than an advert shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from pricewatch.domain.listing import ChannelRole, Listing, Publication, PublicationState
from pricewatch.domain.money import Money
from pricewatch.domain.product import Sku
from pricewatch.pipeline.settings import FailurePolicy

FLAGGED = frozenset({PublicationState.REFUSED, PublicationState.UNREPRESENTABLE})
IN_FLIGHT = frozenset({PublicationState.SENT, PublicationState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Spot:
    """The bounds of what one listing may be showing now (None = nothing); `flagged` when it will not take its price."""

    channel: str
    role: ChannelRole
    low: Money | None
    high: Money | None
    flagged: bool = False


class Board:
    """What the listings of each product are known to show, in one price group after another."""

    def __init__(self, policy: FailurePolicy) -> None:
        self._policy = policy
        self._spots: dict[tuple[str, Sku], dict[tuple[str, str], Spot]] = defaultdict(dict)

    def place(
        self, group: str, row: Publication, role: ChannelRole, prices: Iterable[Money | None], *, flagged: bool = False
    ) -> None:
        """Note all prices that a listing may be showing."""
        known = [price for price in prices if price is not None and price.currency == row.desired.price.currency]
        low, high = (min(known), max(known)) if known else (None, None)
        spot = Spot(row.desired.channel, role, low, high, flagged)
        self._spots[group, row.desired.sku][row.desired.channel, row.desired.remote_id] = spot

    def objection(self, group: str, row: Publication) -> str:
        """Why this listing must wait for others before it takes its price; empty = it need not.

        A checkout may always go down and an advert always up; the other way each waits for the other side.
        """
        spots = self._spots[group, row.desired.sku]
        own = spots[row.desired.channel, row.desired.remote_id]
        price = row.desired.price
        if own.role is ChannelRole.CHECKOUT:
            if own.low is not None and price <= own.low:
                return ""
            late = (s for s in spots.values() if s.role is ChannelRole.ADVERT and s.low is not None and s.low < price)
            return self._waiting(late, "may still show less")
        if own.high is not None and price >= own.high:
            return ""
        late = (s for s in spots.values() if s.role is ChannelRole.CHECKOUT and s.high is not None and s.high > price)
        return self._waiting(late, "may still ask for more")

    def _waiting(self, late: Iterable[Spot], words: str) -> str:
        blockers = [s for s in late if not (s.flagged and self._policy is FailurePolicy.GO_ON)]
        return f"waits: {', '.join(sorted({s.channel for s in blockers}))} {words}" if blockers else ""


def presumed(row: Publication, mirrored: Listing | None) -> tuple[Money | None, ...]:
    """What a listing may be showing that was not read just now, from what is stored of it."""
    if row.state is PublicationState.VERIFIED:
        return (row.desired.price,)
    last = row.observed if row.observed is not None else (mirrored.payable if mirrored else None)
    if row.state in FLAGGED or row.state is PublicationState.DRIFTED:
        return (last,)
    return (last, row.desired.previous, row.desired.price if row.attempts else None)


def seen(row: Publication, listing: Listing | None, *, late_apply: float) -> tuple[Money | None, ...]:
    """What a listing may be showing that was read just now; where writes apply late, the older ones may still come."""
    payable = listing.payable if listing else None
    if late_apply <= 0:
        return (payable,)
    return (payable, row.desired.previous, row.desired.price if row.attempts else None)
