"""Builds everything from the configuration: the only module that knows the use cases and the adapters.

What talks to the network (crawler, channels, notifier) is made when it is first used: its libraries take longer to load
than most commands take to run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from pricewatch.config import Config, Project, load_project, locator
from pricewatch.intake import read_matches
from pricewatch.matching.model import MatchModel
from pricewatch.pipeline.demand_models import DemandModels
from pricewatch.pipeline.workbench import MapLine, Workbench
from pricewatch.ports import Channel, Clock, Progress, SiteInfo, Store
from pricewatch.scraping.site import SiteDefinition
from pricewatch.store import open_store as open_database

if TYPE_CHECKING:
    from pricewatch.channels.settings import ChannelSettings
    from pricewatch.ports import Notifier
    from pricewatch.scraping.crawl import SiteCrawler

T = TypeVar("T")

MODELS = "models"  # the folder beside config.toml that `match train` writes to


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """The present, aware UTC."""
        return datetime.now(UTC)


class OnDemand(Generic[T]):
    """Stands for what `build` makes, and makes it when it is first touched."""

    def __init__(self, build: Callable[[], T]) -> None:
        self._build = build
        self._made: T | None = None

    def __getattr__(self, name: str) -> Any:
        if self._made is None:
            self._made = self._build()
        return getattr(self._made, name)

    def made(self) -> T | None:
        """What was made so far."""
        return self._made


class Connected(Mapping[str, Channel]):
    """The channels by name; each is made, once, when it is first looked at."""

    def __init__(
        self, settings: Mapping[str, ChannelSettings], build: Callable[[str, ChannelSettings], Channel]
    ) -> None:
        self._settings = settings
        self._build = build
        self._made: dict[str, Channel] = {}

    def __getitem__(self, name: str) -> Channel:
        if name not in self._made:
            self._made[name] = self._build(name, self._settings[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._settings)

    def __len__(self) -> int:
        return len(self._settings)

    def __contains__(self, name: object) -> bool:
        return name in self._settings


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
        lazy = OnDemand(partial(_crawler, project, store, time))
        crawler = cast("SiteCrawler", lazy)
        try:
            bench = _workbench(project, store, crawler, time, progress or Silence())
            yield App(project.config, bench, project.sites, crawler, project.config.folder)
        finally:
            if made := lazy.made():
                made.close()
    finally:
        store.close()


def _crawler(project: Project, store: Store, clock: Clock) -> SiteCrawler:
    from pricewatch.scraping.crawl import SiteCrawler

    return SiteCrawler(
        project.sites,
        project.config.scraping,
        clock,
        memory=store.hosts,
        assortment=store.catalogue.load,
    )


def _notifier(config: Config, clock: Clock) -> Notifier:
    from pricewatch.notify.notifier import build_notifier

    return build_notifier(config.notify, clock)


def _workbench(project: Project, store: Store, crawler: SiteCrawler, clock: Clock, progress: Progress) -> Workbench:
    config = project.config
    enabled = {name: channel for name, channel in config.channels.items() if channel.enabled}
    return Workbench(
        store=store,
        clock=clock,
        groups=config.price_groups,
        sites={name: _info(site, config) for name, site in project.sites.items()},
        crawler=crawler,
        channels=_channels(config, store, clock),
        channel_groups={name: channel.group for name, channel in enabled.items()},
        rulebook=project.rulebook,
        matching=config.matching,
        pricing=config.pricing,
        publishing=config.publishing,
        notifier=cast("Notifier", OnDemand(partial(_notifier, config, clock))),
        progress=progress,
        own_sellers=frozenset((config.shop.name, *config.shop.own_sellers)),
        match_map=lambda: _match_map(project),
        discovery=config.discovery,
        demand_models=partial(DemandModels, config.folder / MODELS),
        match_model=lambda: MatchModel.active(config.folder / MODELS),
        evidence_kept=timedelta(days=config.scraping.evidence_days),
        max_shrink=config.catalogue.max_shrink,
    )


def _match_map(project: Project) -> Iterable[MapLine]:
    file = project.config.matching.map_file
    return read_matches(project.config.folder / file, locate=locator(project.sites)) if file else ()


def _info(site: SiteDefinition, config: Config) -> SiteInfo:
    known = site.info()
    crawl, revisit = config.scraping, site.crawl.revisit
    return replace(
        known,
        own=known.own or site.name in config.shop.own_sites,
        revisit=crawl.revisit if revisit is None else revisit,
        shortest=crawl.shortest_revisit,
        longest=crawl.longest_revisit,
        daily_budget=crawl.daily_budget,
        by_page=site.source is None,
    )


def _channels(config: Config, store: Store, clock: Clock) -> Connected:
    currencies = {group.name: group.currency for group in config.price_groups}

    def build(name: str, settings: ChannelSettings) -> Channel:
        from pricewatch.channels.registry import build_channel

        return build_channel(
            name,
            settings,
            folder=config.folder,
            currency=currencies[settings.group],
            stop_check=lambda: store.control.stopped() is not None,
            assortment=store.catalogue.load,
            published=partial(store.prices.current, settings.group),
            now=clock.now,
            usage=store.usage,
        )

    return Connected({name: channel for name, channel in config.channels.items() if channel.enabled}, build)
