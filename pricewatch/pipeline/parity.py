"""The order of writes: at no moment does a checkout take more than an advert shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from pricewatch.domain.listing import ChannelRole, Publication
from pricewatch.domain.money import Money
from pricewatch.domain.product import Sku
from pricewatch.pipeline.settings import FailurePolicy


@dataclass(frozen=True, slots=True)
class Spot:
    """The bounds of what one listing may be showing now; both None = it shows nothing.

    `unread` means that nobody knows, `flagged` that the listing will not take its price.
    """

    channel: str
    role: ChannelRole
    low: Money | None = None
    high: Money | None = None
    unread: bool = False
    flagged: bool = False

    def above(self, price: Money) -> bool:
        """Whether it may be showing more than this price."""
        return self.unread or (self.high is not None and self.high > price)

    def below(self, price: Money) -> bool:
        """Whether it may be showing less than this price."""
        return self.unread or (self.low is not None and self.low < price)


class Board:
    """What the listings of each product are known to show, in one price group after another."""

    def __init__(self) -> None:
        self.usual = FailurePolicy.HOLD
        self.policies: dict[Sku, FailurePolicy] = {}
        self.failed: dict[tuple[str, Sku], Publication] = {}
        self._spots: dict[tuple[str, Sku], dict[tuple[str, str], Spot]] = defaultdict(dict)
        self._unread: dict[tuple[str, ChannelRole], set[str]] = defaultdict(set)

    def wipe(self) -> None:
        """Forget the listings of all products but those of which one failed: others come on the board."""
        kept = self.failed.keys() & self._spots.keys()
        self._spots = defaultdict(dict, {key: self._spots[key] for key in kept})

    def place(self, group: str, row: Publication, role: ChannelRole, prices: Iterable[Money | None]) -> None:
        """Note all prices that a listing may be showing, as it was just read."""
        known = [price for price in prices if price is not None and price.currency == row.desired.price.currency]
        low, high = (min(known), max(known)) if known else (None, None)
        before = self._spots[group, row.desired.sku].get((row.desired.channel, row.desired.remote_id))
        self._put(group, row, Spot(row.desired.channel, role, low, high, flagged=before is not None and before.flagged))

    def lose(self, group: str, row: Publication, role: ChannelRole) -> None:
        """Note that nobody could read what a listing shows."""
        self._put(group, row, Spot(row.desired.channel, role, unread=True))

    def unread(self, group: str, role: ChannelRole, channel: str) -> None:
        """Note that nobody could ever read what a whole channel shows."""
        self._unread[group, role].add(channel)

    def widen(self, group: str, row: Publication, price: Money) -> None:
        """Note that a listing may from now on show this price as well."""
        spot = self._spot(group, row)
        low = price if spot.low is None else min(spot.low, price)
        high = price if spot.high is None else max(spot.high, price)
        self._put(group, row, replace(spot, low=low, high=high))

    def policy(self, sku: Sku) -> FailurePolicy:
        """What the rest of a product's listings do when one fails."""
        return self.policies.get(sku, self.usual)

    def flag(self, group: str, row: Publication, message: str = "") -> None:
        """Note that a listing will not take its price."""
        self._put(group, row, replace(self._spot(group, row), flagged=True))
        self.failed.setdefault((group, row.desired.sku), replace(row, message=message))

    def forgive(self, products: Collection[tuple[str, Sku]]) -> None:
        """These products are to show another price: what would not take the last one may take this."""
        for key in products:
            self.failed.pop(key, None)
            self._spots[key] = {place: replace(spot, flagged=False) for place, spot in self._spots[key].items()}

    def objection(self, group: str, row: Publication) -> str:
        """Why this listing must wait for others before it takes its price; empty = it need not.

        A checkout may always go down and an advert always up; the other way each waits for the other side.
        """
        own, price = self._spot(group, row), row.desired.price
        spots = self._spots[group, row.desired.sku].values()
        if own.role is ChannelRole.CHECKOUT:
            if not own.unread and own.low is not None and price <= own.low:
                return ""
            late = [spot for spot in spots if spot.role is ChannelRole.ADVERT and spot.below(price)]
            return self._waiting(row, late, "may still show less", self._unread[group, ChannelRole.ADVERT])
        if not own.unread and own.high is not None and price >= own.high:
            return ""
        late = [spot for spot in spots if spot.role is ChannelRole.CHECKOUT and spot.above(price)]
        return self._waiting(row, late, "may still ask for more", self._unread[group, ChannelRole.CHECKOUT])

    def undercut(self, group: str, row: Publication) -> bool:
        """Whether an advert of the product is known to show less than this listing may ask."""
        high = self._spot(group, row).high
        adverts = [spot.low for spot in self._spots[group, row.desired.sku].values() if spot.role is ChannelRole.ADVERT]
        return high is not None and any(low is not None and low < high for low in adverts)

    def knows(self, group: str, row: Publication) -> bool:
        """Whether the listings of this product were looked at."""
        return bool(self._spots.get((group, row.desired.sku)))

    def bears(self, group: str, row: Publication, price: Money) -> bool:
        """Whether no advert of the product is known that may show less than a checkout which asks this price."""
        spots = self._spots[group, row.desired.sku].values()
        adverts = [spot.low for spot in spots if spot.role is ChannelRole.ADVERT and spot.low is not None]
        return price.currency == row.desired.price.currency and all(low >= price for low in adverts)

    def covers(self, group: str, row: Publication, price: Money) -> bool:
        """Whether no checkout of the product may ask more than an advert that shows this price."""
        spots = [s for s in self._spots[group, row.desired.sku].values() if s.role is ChannelRole.CHECKOUT]
        same = price.currency == row.desired.price.currency
        return same and not any(s.above(price) for s in spots) and not self._unread[group, ChannelRole.CHECKOUT]

    def _waiting(self, row: Publication, late: Iterable[Spot], words: str, unread: Iterable[str]) -> str:
        go_on = self.policy(row.desired.sku) is FailurePolicy.GO_ON
        blockers = {spot.channel for spot in late if not (spot.flagged and go_on)}
        if blockers:
            return f"waits: {', '.join(sorted(blockers))} {words}"
        missing = () if go_on else sorted(unread)
        return f"waits: nobody could read yet what {', '.join(missing)} shows" if missing else ""

    def _spot(self, group: str, row: Publication) -> Spot:
        return self._spots[group, row.desired.sku][row.desired.channel, row.desired.remote_id]

    def _put(self, group: str, row: Publication, spot: Spot) -> None:
        self._spots[group, row.desired.sku][row.desired.channel, row.desired.remote_id] = spot
