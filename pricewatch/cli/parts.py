"""Our sales channels and feeds: list them and try them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from pricewatch.cli import options
from pricewatch.cli.call import PARTLY, Call, command, complete, group
from pricewatch.cli.named import channel_named
from pricewatch.cli.opening import opened
from pricewatch.cli.output import Column, Row
from pricewatch.cli.text import plural

if TYPE_CHECKING:
    from pricewatch.bootstrap import App
    from pricewatch.domain.listing import Listing
    from pricewatch.ports import Channel


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    channel = group(app, "channel", "Our sales channels and feeds.")
    command(channel, "list", path="channel list")(channel_list)
    command(channel, "test", path="channel test")(channel_test)


_CHANNELS = (
    Column("channel"),
    Column("type"),
    Column("role", rank=2),
    Column("group", rank=1),
    Column("enabled"),
    Column("currency"),
    Column("net", rank=3),
    Column("rate", "a minute", rank=4),
    Column("listings"),
)


def channel_list(call: Call) -> int:
    """List our channels and what they can do."""
    with opened(call) as app:
        rows = [_channel(app, name) for name in app.config.channels]
    call.out.table("channel", _CHANNELS, rows)
    return call.finish(plural(len(rows), "channel"), next_step="pricewatch channel test NAME", channels=len(rows))


def _channel(app: App, name: str) -> Row:
    settings, channel = app.config.channels[name], app.bench.channels.get(name)
    can = channel.capabilities if channel else None
    pace = (can.currency, can.net, can.requests_per_minute) if can else (settings.currency, None, None)
    listings = len(app.bench.store.outbox.listings(name))
    return name, settings.type, settings.role, settings.group, settings.enabled, *pace, listings


_LISTINGS = (
    Column("channel"),
    Column("remote_id", "listing"),
    Column("sku"),
    Column("price", money=True),
    Column("sale_price", "sale", money=True),
    Column("active"),
    Column("name", fold=True, rank=1),
)


def channel_test(call: Call, name: options.ChannelName, *, limit: options.Limit = 5) -> int:
    """Log in to a channel and read its first listings; changes nothing."""
    with opened(call) as app:
        channel = channel_named(app, name)
        found = complete(first_listings(channel, limit))
    rows = [(it.channel, it.remote_id, it.sku, it.price, it.sale_price, it.active, it.name) for it in found]
    call.out.table("listing", _LISTINGS, rows)
    if not found:
        return call.finish(
            f"{name} answers and has no listings", code=PARTLY, next_step="check that its products have SKUs"
        )
    return call.finish(f"{name} answers", next_step="pricewatch verify --no-repair", listings=len(found))


async def first_listings(channel: Channel, limit: int) -> list[Listing]:
    """Read at most `limit` listings and close the channel; raises ChannelError when it can't be used."""
    found: list[Listing] = []
    try:
        async for listing in channel.listings():
            found.append(listing)
            if len(found) >= limit:
                break
    finally:
        await channel.close()
    return found
