"""Our price on a channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pricewatch.domain.decision import NO_TERMS, Announcement, Terms
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import Sku


class PublicationState(StrEnum):
    """Where a listing stands on its way to showing the price list's price."""

    PENDING = "pending"
    SENT = "sent"
    UNKNOWN = "unknown"
    VERIFIED = "verified"
    DRIFTED = "drifted"
    REFUSED = "refused"
    UNREPRESENTABLE = "unrepresentable"
    SUPERSEDED = "superseded"


OPEN_STATES = frozenset(
    {PublicationState.PENDING, PublicationState.SENT, PublicationState.UNKNOWN, PublicationState.DRIFTED}
)


class ChannelRole(StrEnum):
    """Checkouts take money at the price, adverts only show it: a checkout is never above an advert."""

    CHECKOUT = "checkout"
    ADVERT = "advert"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was said, in its own words, instead of taking a price."""

    price: Money
    words: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One of our items as a channel shows it now; `price` is what a buyer pays there, gross.

    `remote_id` is the channel's own id (`parent/variant` where it needs both). `sale_price` is set when the
    channel shows a struck price beside it; then `price` is the regular one and the buyer pays `sale_price`.
    `upcoming` is another price that the channel is set to switch to by itself, such as a scheduled sale. `stock` is
    how many pieces it says that there are, where it counts them, and `delivery` how long it says that delivery takes.

    Where something has to answer, `answered` says that this is the answer to all that it was asked, so that nothing
    of before may still come, and `refusal` what it said of the newest price that it was asked for.
    """

    channel: str
    remote_id: str
    sku: Sku
    price: Money | None
    sale_price: Money | None = None
    name: str = ""
    url: str = ""
    active: bool = True
    upcoming: Money | None = None
    stock: int | None = None
    delivery: str = ""
    answered: bool = False
    refusal: Refusal | None = None

    @property
    def payable(self) -> Money | None:
        """What a buyer pays there now."""
        return self.sale_price if self.sale_price is not None else self.price


@dataclass(frozen=True, slots=True)
class Availability:
    """What a listing shall show beside its price, in the channel's own form: pieces, and how long delivery takes.

    None and an empty text leave that to the channel.
    """

    stock: int | None = None
    delivery: str = ""

    def missing(self, listing: Listing) -> str:
        """What a listing shows instead, in words; empty = it is as it shall be, or the channel does not count it."""
        wrong: list[str] = []
        if self.stock is not None and listing.stock is not None and listing.stock != self.stock:
            wrong.append(f"stock {listing.stock} there, {self.stock} in the list")
        if self.delivery and listing.delivery != self.delivery:
            wrong.append(f"delivery time {listing.delivery or 'unknown'} there, {self.delivery} in the list")
        return "; ".join(wrong)


@dataclass(frozen=True, slots=True)
class Desired:
    """What one listing shall show: an absolute price from one price list version, with its own limits.

    `previous` is the price list's price before this version. An `adopted` price without a floor was
    `found` in the catalogue: it may be shown in a feed and compared with what a channel shows, but is never written to
    a channel that has a price of its own.

    What travels with the price is the price list's and the catalogue's of now: `announcement` is the reduction that
    runs now, else None; `terms` as of the same entry; `stock` in pieces and `delivery` in words, where known.

    `again` says that it was refused before, and is asked for once more.
    """

    channel: str
    remote_id: str
    sku: Sku
    version: int
    price: Money
    tax: TaxRate
    floor: Money | None
    ceiling: Money | None
    previous: Money | None = None
    adopted: bool = False
    announcement: Announcement | None = None
    terms: Terms = NO_TERMS
    stock: int | None = None
    delivery: str = ""
    again: bool = False

    @property
    def found(self) -> bool:
        """Whether it is the catalogue's price, and never was ours."""
        return self.adopted and self.floor is None


@dataclass(frozen=True, slots=True)
class Publication:
    """The outbox row: desired state of one listing, and what is known of how far it got.

    `token` fences updates: a state change with an older token is ignored. `observed` is what was read back.
    """

    id: int
    desired: Desired
    state: PublicationState
    attempts: int = 0
    token: int = 0
    observed: Money | None = None
    message: str = ""
    created_at: datetime | None = None
    sent_at: datetime | None = None
    checked_at: datetime | None = None
    next_at: datetime | None = None
    matching_reads: int = 0


class PushStatus(StrEnum):
    """What a channel answered for one item of a batch."""

    ACCEPTED = "accepted"  # it said yes; only a read-back proves it
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PushResult:
    """The channel's answer for one item, in its own words."""

    remote_id: str
    status: PushStatus
    message: str = ""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the channel would show if it were sent the price; `reachable` False = it can't show it exactly."""

    reachable: bool
    shown: Money
    nearest: tuple[Money, ...] = ()
    message: str = ""


class Beside(StrEnum):
    """What may stand beside a price where a channel has a place for it."""

    ANNOUNCEMENT = "announced reduction"
    LOYALTY = "loyalty price"
    COUPON = "coupon price"
    UNIT = "unit price"
    STOCK = "stock"
    DELIVERY = "delivery time"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can do: sizes, pace and form of price; `read_delay` and `late_apply` are in seconds.

    A channel that `announces` shows the prior price of a running reduction as the regular price and ours as its sale
    price, and no sale price at other times; this is then read back as well. What it `carries` is shown or taken
    together with the price; what it does not is a declared difference. What of it the channel `tells` again is compared
    with the catalogue, which is its master there, and brought back alone, without its price. `answers` is what is
    waited for before a price counts as shown, such as "the till's answer", where something else than the channel itself
    says so.
    """

    role: ChannelRole
    batch_size: int
    requests_per_minute: int
    currency: str
    net: bool = False
    read_delay: float = 0.0
    late_apply: float = 0.0
    full_state: bool = False  # a feed: every push writes the whole channel anew
    catalogue: bool = False  # `products()` can read our catalogue from it
    announces: bool = False
    sales: bool = False  # `sales()` can read what was sold there
    carries: frozenset[Beside] = frozenset()
    tells: frozenset[Beside] = frozenset()
    answers: str = ""
    displays: bool = False  # it has no prices of its own, such as a shelf label: it shows what the price list says

    @property
    def shows_found(self) -> bool:
        """Whether prices that were only found in the catalogue are written there as well, as into a feed."""
        return self.full_state or self.displays
