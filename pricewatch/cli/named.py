"""Sites, channels, price groups and products by the names that people type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pricewatch.domain.errors import UsageError

if TYPE_CHECKING:
    from pricewatch.bootstrap import App
    from pricewatch.domain.product import PriceGroup
    from pricewatch.ports import Channel
    from pricewatch.scraping.site import SiteDefinition


def site_named(sites: Mapping[str, SiteDefinition], name: str) -> SiteDefinition:
    """The definition with this name; raises UsageError when there is none."""
    if name not in sites:
        raise UsageError(
            f"no site definition named {name}", hint=near(name, sites) or "`pricewatch site list --all` shows the sites"
        )
    return sites[name]


def channel_named(app: App, name: str) -> Channel:
    """The channel with this name; raises UsageError when there is none."""
    channels = app.bench.channels
    if name not in channels:
        known = ", ".join(channels) or "none is configured"
        raise UsageError(f"there is no channel {name!r}", hint=near(name, channels) or f"channels: {known}")
    return channels[name]


def group_named(app: App, name: str) -> PriceGroup:
    """The price group with this name, the first one for none; raises UsageError when there is no such group."""
    groups = {each.name: each for each in app.bench.groups}
    if name and name not in groups:
        hint = near(name, groups) or f"the groups are {', '.join(groups)}"
        raise UsageError(f"there is no price group {name}", hint=hint)
    return groups[name] if name else app.bench.groups[0]


def require_product(app: App, sku: str) -> None:
    """Raise UsageError when the catalogue does not know the SKU."""
    if app.bench.store.catalogue.get(sku) is None:
        raise UsageError(f"no product {sku!r} in the catalogue", hint="SKUs are case-sensitive")


def near(name: str, known: Iterable[str]) -> str:
    """A hint with the known name nearest to a mistyped one, or an empty text."""
    from pricewatch.located import did_you_mean

    found = did_you_mean(name, known)
    return f"did you mean `{found}`?" if found else ""
