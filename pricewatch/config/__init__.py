"""The whole configuration: config.toml with its site definitions and rules, checked together."""

from pricewatch.config.loading import (
    Project,
    example,
    find,
    load,
    load_project,
    load_rulebook,
    load_sites,
    load_sites_around,
    locator,
    shipped,
)
from pricewatch.config.sections import (
    Config,
    ConfigFile,
    LogSettings,
    PathSettings,
    PriceGroupSettings,
    ScheduleSettings,
    ShopSettings,
    WebSettings,
)

__all__ = [
    "Config",
    "ConfigFile",
    "LogSettings",
    "PathSettings",
    "PriceGroupSettings",
    "Project",
    "ScheduleSettings",
    "ShopSettings",
    "WebSettings",
    "example",
    "find",
    "load",
    "load_project",
    "load_rulebook",
    "load_sites",
    "load_sites_around",
    "locator",
    "shipped",
]
