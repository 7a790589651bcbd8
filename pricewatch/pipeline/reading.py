"""What a read-back means for one publication: pure, from the row, what the channel shows, and the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pricewatch.domain.listing import Capabilities, Listing, Publication, PublicationState
from pricewatch.domain.money import Money
from pricewatch.ports import PublicationChange

NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # parked: nothing happens until a sweep or a new price list version
AGAIN = timedelta(seconds=1)
NOT_TAKEN = "not taken"  # how it is said that a listing never showed what it was sent


def shows(row: Publication, listing: Listing | None, capabilities: Capabilities) -> bool:
    """Whether a listing shows exactly what it shall, now and without being set to switch away from it; where the
    channel announces reductions, with the prior price while one runs and without one at other times.
    """
    if listing is None or listing.payable != row.desired.price or listing.upcoming is not None:
        return False
    return not capabilities.announces or _struck(listing) == _announced(row)


def _struck(listing: Listing) -> Money | None:
    return None if listing.sale_price is None else listing.price


def _announced(row: Publication) -> Money | None:
    told = row.desired.announcement
    return None if told is None else told.prior


def change(
    row: Publication,
    state: PublicationState,
    at: datetime,
    *,
    listing: Listing | None = None,
    message: str = "",
    next_at: datetime | None = None,
    matching_reads: int = 0,
    sent: bool = False,
) -> PublicationChange:
    """A state change of this row, fenced by its token."""
    return PublicationChange(
        publication=row.id,
        token=row.token,
        state=state,
        at=at,
        observed=listing.payable if listing else None,
        message=message,
        next_at=next_at,
        matching_reads=matching_reads,
        attempts=row.attempts + 1 if sent else None,
        sent_at=at if sent else None,
    )


def matched(
    row: Publication, listing: Listing, capabilities: Capabilities, at: datetime, *, doubtful: bool = False
) -> PublicationChange:
    """A matching read: verified at once, or where writes apply late by the second one further apart than that, unless
    it is the answer that was waited for; a `doubtful` one may be the answer to an earlier version.
    """
    late = timedelta(seconds=capabilities.late_apply)
    confirmed = row.matching_reads > 0 and row.checked_at is not None and at - row.checked_at > late
    if not late or confirmed or (capabilities.answers and not doubtful):
        reads = row.matching_reads + 1
        return change(row, PublicationState.VERIFIED, at, listing=listing, matching_reads=reads)
    return change(
        row,
        PublicationState.SENT,
        at,
        listing=listing,
        message="shown once",
        next_at=at + late + AGAIN,
        matching_reads=1,
    )


def still_settling(row: Publication, capabilities: Capabilities, at: datetime) -> datetime | None:
    """Until when an earlier write may still show up by itself; None when it would have by now, or when it was sent by a
    clock that was far ahead.
    """
    if row.sent_at is None or row.state not in {PublicationState.SENT, PublicationState.UNKNOWN}:
        return None
    window = timedelta(seconds=max(capabilities.late_apply, capabilities.read_delay))
    until = row.sent_at + window
    return until + AGAIN if row.sent_at - window <= at < until else None


def refusal(row: Publication, listing: Listing | None) -> str:
    """The words in which this price was refused after it had been accepted; empty = it was not."""
    said = listing.refusal if listing is not None else None
    asked = row.state in {PublicationState.SENT, PublicationState.UNKNOWN}
    return said.words if said is not None and asked and said.price == row.desired.price else ""


def not_yet(row: Publication, listing: Listing | None, capabilities: Capabilities) -> str:
    """What is still missing of a price that was written, in words."""
    words = foreign(row, listing)
    return f"waits for {capabilities.answers}; {words} until then" if capabilities.answers else words


def last_shown(row: Publication) -> Money | None:
    """What a listing was last seen to show; None when it is gone, or never showed a price."""
    return None if row.message == foreign(row, None) else row.observed


def asks(row: Publication, shown: Money | None) -> str:
    """What a listing asks that cannot show its price, in words."""
    if shown is None or shown.currency != row.desired.price.currency or shown == row.desired.price:
        return f"it shows {shown or 'no price'} meanwhile"
    return f"it asks {shown} meanwhile, {'more' if shown > row.desired.price else 'less'} than the price list says"


def foreign(row: Publication, listing: Listing | None) -> str:
    """What the channel shows instead, in words."""
    if listing is None:
        return "the listing is gone from the channel"
    if listing.sku != row.desired.sku:
        return f"the listing is of another product now: SKU {listing.sku or '(none)'}"
    if listing.payable is None:
        return f"shows no price instead of {row.desired.price}"
    if listing.payable == row.desired.price and listing.upcoming is not None:
        return f"is set to switch to {listing.upcoming} by itself"
    if listing.payable == row.desired.price:
        return f"shows {_struck(listing) or 'nothing'} struck instead of {_announced(row) or 'nothing'}"
    return f"shows {listing.payable} instead of {row.desired.price}"
