"""Builds everything from the configuration: the only module that knows the use cases and the adapters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pricewatch.channels import build_channel
from pricewatch.config import Config, Project, load_project, locator
from pricewatch.domain.errors import SetAside
from pricewatch.domain.match import Match
from pricewatch.intake import read_matches
from pricewatch.notify import build_notifier
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import Channel, Clock, Progress, SiteInfo, Store
from pricewatch.scraping.crawl import SiteCrawler
from pricewatch.scraping.site import SiteDefinition
from pricewatch.store import open_store as open_database


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """The present, aware UTC."""
        return datetime.now(UTC)


class Silence:
    """Progress that nobody watches."""

    def advance(self, stage: str, done: int, total: int | None, note: str = "") -> None:
        """Show nothing."""


@dataclass(frozen=True, slots=True)
class App:
    """The configuration with everything that was built from it."""

    config: Config
    bench: Workbench
    sites: Mapping[str, SiteDefinition]
    crawler: SiteCrawler
    folder: Path


def open_store(config: Config) -> Store:
    """Open the database alone, whatever revision it has."""
    return open_database(config.database, folder=config.folder)


@contextmanager
def open_app(
    config_path: Path | None = None, *, progress: Progress | None = None, clock: Clock | None = None
) -> Iterator[App]:
    """Read the configuration and build the App; raises ConfigError with every problem, StoreError on a bad database."""
    project = load_project(config_path)
    store = open_store(project.config)
    try:
        time = clock or SystemClock()
        crawler = SiteCrawler(project.sites, project.config.scraping, time, keep=store.sightings.save_evidence)
        try:
            bench = _workbench(project, store, crawler, time, progress or Silence())
            yield App(project.config, bench, project.sites, crawler, project.config.folder)
        finally:
            crawler.close()
    finally:
        store.close()


def _workbench(project: Project, store: Store, crawler: SiteCrawler, clock: Clock, progress: Progress) -> Workbench:
    config = project.config
    enabled = {name: channel for name, channel in config.channels.items() if channel.enabled}
    return Workbench(
        store=store,
        clock=clock,
        groups=config.price_groups,
        sites={name: _info(site, config) for name, site in project.sites.items()},
        crawler=crawler,
        channels=_channels(config, store),
        channel_groups={name: channel.group for name, channel in enabled.items()},
        rulebook=project.rulebook,
        matching=config.matching,
        pricing=config.pricing,
        publishing=config.publishing,
        notifier=build_notifier(config.notify, clock),
        progress=progress,
        own_sellers=frozenset((config.shop.name, *config.shop.own_sellers)),
        match_map=lambda: _match_map(project),
        evidence_kept=timedelta(days=config.scraping.evidence_days),
        max_shrink=config.catalogue.max_shrink,
    )


def _match_map(project: Project) -> Iterable[Match | SetAside]:
    file = project.config.matching.map_file
    return read_matches(project.config.folder / file, locate=locator(project.sites)) if file else ()


def _info(site: SiteDefinition, config: Config) -> SiteInfo:
    known = site.info()
    return SiteInfo(known.name, known.kind, known.enabled, own=known.own or site.name in config.shop.own_sites)


def _channels(config: Config, store: Store) -> dict[str, Channel]:
    currencies = {group.name: group.currency for group in config.price_groups}
    return {
        name: build_channel(
            name,
            settings,
            folder=config.folder,
            currency=currencies[settings.group],
            stop_check=lambda: store.control.stopped() is not None,
            assortment=store.catalogue.load,
        )
        for name, settings in config.channels.items()
        if settings.enabled
    }
