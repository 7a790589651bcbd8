"""The parts that people configure: sites and channels; list them and try them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

import typer

from pricewatch.cli import options
from pricewatch.cli.call import FAILED, OK, PARTLY, Call, command, complete, group
from pricewatch.cli.opening import opened
from pricewatch.cli.output import Column, Row
from pricewatch.cli.text import plural
from pricewatch.domain.errors import SetAside, UsageError

if TYPE_CHECKING:
    from pricewatch.bootstrap import App
    from pricewatch.domain.listing import Listing
    from pricewatch.ports import Channel, Sighting, Target


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    site = group(app, "site", "Competitors' sites.")
    command(site, "list", path="site list")(site_list)
    command(site, "test", path="site test")(site_test)
    channel = group(app, "channel", "Our sales channels and feeds.")
    command(channel, "list", path="channel list")(channel_list)
    command(channel, "test", path="channel test")(channel_test)


_SITES = (
    Column("site"),
    Column("kind", rank=2),
    Column("enabled"),
    Column("own", rank=4),
    Column("country", rank=3),
    Column("targets", rank=1),
    Column("last_read", "last read"),
    Column("terms", rank=5),
    Column("domains", fold=True),
)


def site_list(call: Call) -> int:
    """List the site definitions that are in use."""
    with opened(call) as app:
        rows = []
        for name, site in app.sites.items():
            targets = app.bench.store.sightings.targets(name)
            seen = max((target.seen_at for target in targets if target.seen_at), default=None)
            own = site.own or name in app.config.shop.own_sites
            rows.append(
                (name, site.kind, site.enabled, own, site.country, len(targets), seen, site.terms.verdict, site.domains)
            )
    call.out.table("site", _SITES, rows)
    return call.finish(plural(len(rows), "site"), next_step="pricewatch site test NAME", sites=len(rows))


_OFFERS = (
    Column("url", below=True, address=True),
    Column("verdict", badge=True),
    Column("title", fold=True),
    Column("seller", rank=1),
    Column("price", money=True),
    Column("shipping", money=True, rank=3),
    Column("availability", "stock"),
    Column("condition", rank=4),
    Column("gtin", rank=2),
    Column("source", rank=5),
    Column("message", below=True),
)


def site_test(call: Call, name: options.SiteName, urls: options.Urls = None, *, limit: options.Limit = 5) -> int:
    """Read some pages of a site and show what was found on them; stores nothing."""
    with opened(call) as app:
        if name not in app.bench.sites:
            raise UsageError(f"no site definition named {name}", hint="`pricewatch site list` shows the sites")
        set_aside, sightings = complete(_read(app, name, urls or [], limit))
    rows = [row for sighting in sightings for row in _sighted(sighting)]
    call.out.table("offer", _OFFERS, rows)
    call.out.set_aside(set_aside)
    found = sum(len(sighting.observations) for sighting in sightings)
    failed = [sighting for sighting in sightings if sighting.set_aside]
    text = f"{plural(len(sightings), 'page')} read, {plural(found, 'offer')} found, {len(failed)} failed"
    code = FAILED if not found else PARTLY if failed or set_aside else OK
    return call.finish(
        text, code=code, next_step="pricewatch extract URL (shows where on a page a price stands)", offers=found
    )


async def _read(app: App, name: str, urls: Sequence[str], limit: int) -> tuple[list[SetAside], list[Sighting]]:
    from pricewatch.ports import Target

    crawler = app.bench.crawler
    found: Sequence[Target | SetAside] = [Target(name, url) for url in urls] or await crawler.discover(name)
    targets = list(islice((target for target in found if not isinstance(target, SetAside)), limit))
    return (
        [item for item in found if isinstance(item, SetAside)],
        [sighting async for sighting in crawler.crawl(name, targets)],
    )


def _sighted(sighting: Sighting) -> list[Row]:
    verdict = sighting.verdict.value if sighting.verdict else "failed"
    reason = sighting.set_aside.reason if sighting.set_aside else ""
    if not sighting.observations:
        return [(sighting.target.url, verdict, "", "", None, None, None, None, "", "", reason)]
    return [
        (
            sighting.target.url, verdict, seen.offer.item.title, seen.offer.seller, seen.offer.price,
            seen.offer.shipping, seen.offer.availability, seen.offer.condition, seen.offer.item.gtin,
            seen.evidence.source, seen.quarantine or reason,
        )
        for seen in sighting.observations
    ]  # fmt: skip


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
        channel = app.bench.channels.get(name)
        if channel is None:
            known = ", ".join(app.bench.channels) or "none is configured"
            raise UsageError(f"there is no channel {name!r}", hint=f"channels: {known}")
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
