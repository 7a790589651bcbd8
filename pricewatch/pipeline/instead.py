"""What a checkout is asked for in place of a price that it cannot show: the nearest one below, so that nobody pays more
than is advertised.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pricewatch.domain.listing import ChannelRole, Desired
from pricewatch.domain.money import Money
from pricewatch.pipeline.settings import UnreachablePolicy
from pricewatch.ports import Channel


def instead(
    channel: Channel, desired: Desired, shown: Money | None, policy: UnreachablePolicy, *, undercut: bool = False
) -> Desired | None:
    """The wish to write in place of one that the channel cannot show; None = none, what is shown stays.

    `hold` leaves the price that the listing had before; what it asks beyond the price list without anybody having
    decided it (its net price at another tax rate), or while an advert shows less (`undercut`), comes down all the same.
    """
    if channel.capabilities.role is not ChannelRole.CHECKOUT or channel.capabilities.full_state or shown is None:
        return None
    decided = shown == desired.previous and not undercut
    if policy is UnreachablePolicy.HOLD and (shown <= desired.price or decided):
        return None
    near = max(_below(channel, replace(desired, announcement=None)), key=lambda wish: wish.price, default=None)
    return None if near is None or near.price == shown else near


def _below(channel: Channel, plain: Desired) -> Iterator[Desired]:
    """What it can show at or below a price, without naming a prior one, and not below the floor."""
    for price in (plain.price, *channel.predict(plain).nearest):
        wish = replace(plain, price=price)
        bottom = plain.floor is None or price >= plain.floor
        if price <= plain.price and bottom and channel.predict(wish).reachable:
            yield wish
