"""From a [channels.NAME] section to a channel behind the edge gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from pricewatch.channels.ceneo import CeneoFormat
from pricewatch.channels.csvfile import CsvFormat
from pricewatch.channels.feed import Feed, FeedFormat
from pricewatch.channels.gate import EdgeGate, GateLimits, never
from pricewatch.channels.google import GoogleFormat
from pricewatch.channels.settings import (
    CeneoSettings,
    ChannelSettings,
    CsvSettings,
    GoogleSettings,
    PluginSettings,
    PrestaShopSettings,
    WooCommerceSettings,
)
from pricewatch.domain.errors import ConfigError, Problem
from pricewatch.domain.product import Assortment
from pricewatch.ports import Channel

if TYPE_CHECKING:
    import httpx

ENTRY_POINTS = "pricewatch.channels"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a channel may need besides its settings: where relative paths count from, its currency, our catalogue, and
    whether the kill switch is on.
    """

    folder: Path
    currency: str
    assortment: Callable[[], Assortment]
    transport: httpx.AsyncBaseTransport | None = None
    stopped: Callable[[], bool] = never


def build_channel(
    name: str,
    settings: ChannelSettings,
    *,
    currency: str,
    folder: Path,
    stop_check: Callable[[], bool],
    assortment: Callable[[], Assortment],
    transport: httpx.AsyncBaseTransport | None = None,
) -> Channel:
    """Make a channel from its settings, behind the edge gate; raises ConfigError for a missing plug-in.

    `currency` is the price group's, `stop_check` says whether the kill switch is on, `assortment` loads the catalogue
    (feeds show names and stock from it), `transport` replaces the network in tests.
    """
    around = Surroundings(folder, settings.currency or currency, assortment, transport, stop_check)
    gate = settings.gate
    limits = GateLimits(max_rise=gate.max_rise, max_cut=gate.max_cut, max_changes=gate.max_changes)
    return EdgeGate(_bare(name, settings, around), stop_check, limits=limits)


def _bare(name: str, settings: ChannelSettings, around: Surroundings) -> Channel:
    match settings:
        case WooCommerceSettings() | PrestaShopSettings():
            return _shop(name, settings, around)
        case GoogleSettings() | CeneoSettings() | CsvSettings():
            return _feed(name, settings, around)
        case PluginSettings():
            return _plugin(name, settings, around)


def _shop(name: str, settings: WooCommerceSettings | PrestaShopSettings, around: Surroundings) -> Channel:
    """The HTTP libraries are loaded only when a shop is connected."""
    if isinstance(settings, WooCommerceSettings):
        from pricewatch.channels.woocommerce import WooCommerce

        return WooCommerce(name, settings, currency=around.currency, transport=around.transport, stopped=around.stopped)
    from pricewatch.channels.prestashop import PrestaShop

    return PrestaShop(name, settings, currency=around.currency, transport=around.transport, stopped=around.stopped)


def _feed(name: str, settings: GoogleSettings | CeneoSettings | CsvSettings, around: Surroundings) -> Channel:
    return Feed(
        name,
        around.folder / settings.path,
        _layout(settings),
        role=settings.role,
        currency=around.currency,
        max_shrink=settings.max_shrink,
        assortment=around.assortment,
    )


def _layout(settings: GoogleSettings | CeneoSettings | CsvSettings) -> FeedFormat:
    match settings:
        case GoogleSettings():
            return GoogleFormat(title=settings.title, link=settings.link, unknown_stock=settings.unknown_stock)
        case CeneoSettings():
            return CeneoFormat()
        case CsvSettings():
            return CsvFormat(delimiter=settings.delimiter, decimal=settings.decimal, columns=settings.columns)


def _plugin(name: str, settings: PluginSettings, around: Surroundings) -> Channel:
    """An entry point names a function of (name, settings, surroundings) that makes a Channel."""
    found = entry_points(group=ENTRY_POINTS, name=settings.plugin)
    if not found:
        known = ", ".join(sorted(entry_points(group=ENTRY_POINTS).names)) or "none is installed"
        message = f"no installed package offers a channel named {settings.plugin!r}"
        raise ConfigError([Problem(f"[channels.{name}]", 0, 0, message, f"installed: {known}")])
    make: Callable[[str, PluginSettings, Surroundings], Channel] = next(iter(found)).load()
    return make(name, settings, around)
