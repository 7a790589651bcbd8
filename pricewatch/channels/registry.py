"""From a [channels.NAME] section to a channel behind the edge gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from pricewatch.channels.budgets import MemoryUsage
from pricewatch.channels.ceneo import CeneoFormat
from pricewatch.channels.csvfile import CsvFormat
from pricewatch.channels.feed import Feed, FeedFormat, nothing_published, utc_now
from pricewatch.channels.gate import EdgeGate, GateLimits
from pricewatch.channels.google import GoogleFormat, GoogleTable
from pricewatch.channels.heureka import HeurekaFormat
from pricewatch.channels.idealo import IdealoFormat
from pricewatch.channels.marketplaces.settings import MarketplaceSection
from pricewatch.channels.meta import MetaFormat
from pricewatch.channels.offline.settings import LabelsSettings, OfflineSettings, TillSettings, WebhookSettings
from pricewatch.channels.sections import ApiSection
from pricewatch.channels.settings import (
    CeneoSettings,
    ChannelSettings,
    CsvSettings,
    FeedSettings,
    GoogleSettings,
    HeurekaSettings,
    IdealoSettings,
    MetaSettings,
    PluginSettings,
    SkapiecSettings,
    TemplateSettings,
)
from pricewatch.channels.skapiec import SkapiecFormat
from pricewatch.channels.surroundings import Surroundings
from pricewatch.channels.template import TemplateCsv, TemplateSet, TemplateXml
from pricewatch.domain.decision import PriceEntry
from pricewatch.domain.errors import ConfigError, Problem
from pricewatch.domain.product import Assortment, Sku
from pricewatch.ports import Channel, UsageStore

if TYPE_CHECKING:
    import httpx

ENTRY_POINTS = "pricewatch.channels"

APIS: Mapping[str, tuple[str, str]] = {
    "allegro": ("marketplaces.allegro", "Allegro"),
    "amazon": ("marketplaces.amazon", "Amazon"),
    "baselinker": ("marketplaces.baselinker", "BaseLinker"),
    "bigcommerce": ("marketplaces.bigcommerce", "BigCommerce"),
    "ebay": ("marketplaces.ebay", "Ebay"),
    "kaufland": ("marketplaces.kaufland", "Kaufland"),
    "mirakl": ("marketplaces.mirakl", "Mirakl"),
    "idosell": ("shops.idosell", "IdoSell"),
    "magento": ("shops.magento", "Magento"),
    "medusa": ("shops.medusa", "Medusa"),
    "prestashop": ("shops.prestashop", "PrestaShop"),
    "saleor": ("shops.saleor", "Saleor"),
    "shoper": ("shops.shoper", "Shoper"),
    "shopify": ("shops.shopify", "Shopify"),
    "vendure": ("shops.vendure", "Vendure"),
    "woocommerce": ("shops.woocommerce", "WooCommerce"),
}
"""The module and class of each type of channel that is reached by an API."""

OFFLINE: Mapping[str, tuple[str, str]] = {
    "labels": ("labels", "ShelfLabels"),
    "till": ("till", "Till"),
    "webhook": ("webhook", "Webhook"),
}
"""The same of what is no shop in the web."""


def build_channel(
    name: str,
    settings: ChannelSettings,
    *,
    currency: str,
    folder: Path,
    stop_check: Callable[[], bool],
    assortment: Callable[[], Assortment],
    transport: httpx.AsyncBaseTransport | None = None,
    published: Callable[[], Mapping[Sku, PriceEntry]] = nothing_published,
    now: Callable[[], datetime] = utc_now,
    usage: UsageStore | None = None,
) -> Channel:
    """Make a channel from its settings, behind the edge gate; raises ConfigError for a missing plug-in.

    `currency` is the price group's, `stop_check` says whether the kill switch is on, `assortment` loads the catalogue
    (feeds show names and stock from it), `published` the price list of the channel's group (feeds announce reductions
    from it), `usage` counts what limits are on, `transport` replaces the network in tests.
    """
    shown, counted = settings.currency or currency, usage or MemoryUsage()
    around = Surroundings(folder, shown, assortment, transport, stop_check, published, now, counted)
    gate = settings.gate
    limits = GateLimits(max_rise=gate.max_rise, max_cut=gate.max_cut, max_changes=gate.max_changes)
    return EdgeGate(_bare(name, settings, around), stop_check, limits=limits, usage=counted, now=now)


def _bare(name: str, settings: ChannelSettings, around: Surroundings) -> Channel:
    match settings:
        case LabelsSettings() | TillSettings() | WebhookSettings():
            return _offline(name, settings, around)
        case MarketplaceSection():
            return _marketplace(name, settings, *APIS[settings.type], around)
        case ApiSection():
            return _connected(name, settings, *APIS[settings.type], around)
        case PluginSettings():
            return _plugin(name, settings, around)
        case _:
            return _feed(name, settings, around)


def _connected(name: str, settings: ApiSection, module: str, cls: str, around: Surroundings) -> Channel:
    """The code and the libraries of an API are loaded only when it is connected."""
    make: Callable[..., Channel] = getattr(import_module(f"pricewatch.channels.{module}"), cls)
    return make(name, settings, currency=around.currency, transport=around.transport, stopped=around.stopped)


def _marketplace(name: str, settings: MarketplaceSection, module: str, cls: str, around: Surroundings) -> Channel:
    """It is paced, counted and signed by the machine's own time, because it really waits."""
    reach = import_module("pricewatch.channels.marketplaces.base").Reach(
        around.currency, around.transport, around.stopped, around.usage
    )
    make: Callable[..., Channel] = getattr(import_module(f"pricewatch.channels.{module}"), cls)
    return make(name, settings, reach)


def _offline(name: str, settings: OfflineSettings, around: Surroundings) -> Channel:
    module, cls = OFFLINE[settings.type]
    make: Callable[..., Channel] = getattr(import_module(f"pricewatch.channels.offline.{module}"), cls)
    return make(name, settings, around)


def _feed(name: str, settings: FeedSettings, around: Surroundings) -> Channel:
    return Feed(
        name,
        around.folder / settings.path,
        _layout(settings, around),
        role=settings.role,
        currency=around.currency,
        max_shrink=settings.max_shrink,
        assortment=around.assortment,
        published=around.published,
        now=around.now,
        compressed=settings.gzip,
        delta_hours=settings.delta_hours if settings.delta else None,
    )


def _layout(settings: FeedSettings, around: Surroundings) -> FeedFormat:
    match settings:
        case GoogleSettings():
            google = GoogleTable if settings.form == "tsv" else GoogleFormat
            programme = (settings.loyalty_program, settings.loyalty_tier) if settings.loyalty_program else None
            return google(
                title=settings.title,
                link=settings.link,
                unknown_stock=settings.unknown_stock,
                programme=programme,
                content=settings.content_column,
            )
        case MetaSettings():
            return MetaFormat(unknown_stock=settings.unknown_stock)
        case CeneoSettings():
            return CeneoFormat()
        case SkapiecSettings():
            return SkapiecFormat(title=settings.title, link=settings.link, now=around.now)
        case HeurekaSettings():
            return HeurekaFormat(restock_days=settings.restock_days)
        case IdealoSettings():
            costs, fees = settings.delivery_costs, settings.payment_costs
            return IdealoFormat(delivery_time=settings.delivery_time, delivery_costs=costs, payment_costs=fees)
        case CsvSettings():
            return CsvFormat(delimiter=settings.delimiter, decimal=settings.decimal, columns=settings.columns)
        case TemplateSettings():
            return _template(settings)


def _template(settings: TemplateSettings) -> FeedFormat:
    given = TemplateSet(
        columns=settings.columns,
        decimal=settings.decimal,
        words={str(word): text for word, text in settings.words.items()},
        required=settings.required,
        longest=settings.longest,
    )
    if settings.form == "csv":
        return TemplateCsv(given, delimiter=settings.delimiter)
    return TemplateXml(given, root=settings.root, item=settings.item)


def _plugin(name: str, settings: PluginSettings, around: Surroundings) -> Channel:
    """An entry point names a function of (name, settings, surroundings) that makes a Channel."""
    found = entry_points(group=ENTRY_POINTS, name=settings.plugin)
    if not found:
        known = ", ".join(sorted(entry_points(group=ENTRY_POINTS).names)) or "none is installed"
        message = f"no installed package offers a channel named {settings.plugin!r}"
        raise ConfigError([Problem(f"[channels.{name}]", 0, 0, message, f"installed: {known}")])
    make: Callable[[str, PluginSettings, Surroundings], Channel] = next(iter(found)).load()
    return make(name, settings, around)
