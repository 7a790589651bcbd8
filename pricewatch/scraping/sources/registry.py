"""From a [source] table to the source that reads it."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points

from pricewatch.domain.errors import ConfigError, Problem
from pricewatch.scraping.sources.base import ENTRY_POINTS, Source, Surroundings
from pricewatch.scraping.sources.ebay import EbaySource
from pricewatch.scraping.sources.feed import FeedSource
from pricewatch.scraping.sources.mirakl import MiraklSource
from pricewatch.scraping.sources.settings import (
    EbaySettings,
    FeedSettings,
    MiraklSettings,
    PluginSource,
    SourceSettings,
)


def build_source(settings: SourceSettings, around: Surroundings) -> Source:
    """Make a source from its settings; raises ConfigError for a missing plug-in."""
    match settings:
        case FeedSettings():
            return FeedSource(settings, around)
        case EbaySettings():
            return EbaySource(settings, around)
        case MiraklSettings():
            return MiraklSource(settings, around)
        case PluginSource():
            return _plugin(settings, around)


def _plugin(settings: PluginSource, around: Surroundings) -> Source:
    """An entry point names a function of (settings, surroundings) that makes a Source."""
    found = entry_points(group=ENTRY_POINTS, name=settings.plugin)
    if not found:
        known = ", ".join(sorted(entry_points(group=ENTRY_POINTS).names)) or "none is installed"
        message = f"no installed package offers a source named {settings.plugin!r}"
        raise ConfigError([Problem(f"site {around.site.name}", 0, 0, message, f"installed: {known}")])
    make: Callable[[PluginSource, Surroundings], Source] = next(iter(found)).load()
    return make(settings, around)
