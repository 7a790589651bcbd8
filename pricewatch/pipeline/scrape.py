"""Read competitors' pages: discover targets, crawl those that are due, store what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pricewatch.domain.errors import SetAside
from pricewatch.pipeline.crawling import chosen_sites, crawl_targets, put_held_aside, together
from pricewatch.pipeline.discovery import Shelf, likely_pages, search_site, shelf_of
from pricewatch.pipeline.drift import unmatch_changed
from pricewatch.pipeline.stage import StageLog, stage
from pricewatch.pipeline.visits import Agenda, agenda
from pricewatch.pipeline.workbench import StageReport, Workbench
from pricewatch.ports import Target

GONE_TIMES = 5  # in a row, by default a day apart: then the page is given up for a while
RETIRED_FOR = timedelta(days=30)


async def scrape(bench: Workbench, sites: Sequence[str] | None = None, *, due_only: bool = False) -> StageReport:
    """Read all sites that are switched on (or the named ones) at the same time, each at its own polite pace."""
    names = chosen_sites(bench, sites)
    with stage(bench, "scrape", ", ".join(names)) as log:
        looks = bench.discovery.with_scrape or any(name in bench.discovery.narrow for name in names)
        shelf = shelf_of(bench) if looks else None
        try:
            await together(_scrape_site(bench, name, shelf, due_only=due_only, log=log) for name in names)
        finally:
            unmatch_changed(bench, log)  # before anybody prices by what these pages show now
        _retire_gone(bench, log)
        log.counts["evidence_pruned"] = bench.store.sightings.prune_evidence(bench.clock.now() - bench.evidence_kept)
    return log.report()


def _retire_gone(bench: Workbench, log: StageLog) -> None:
    """Leave pages alone that were gone time after time, and say which product loses a competitor by that."""
    until = bench.clock.now() + RETIRED_FOR
    for target in bench.store.discovery.retire(GONE_TIMES, until=until):
        reason = f"gone {target.failures} times in a row: it is not read again before {until:%Y-%m-%d}"
        hint = "take it out of the site's definition, or `pricewatch targets import` it again when it is back"
        log.put_aside(SetAside("scrape", target.url, reason, target.sku or target.site, hint))
        log.counts["pages_retired"] += 1


async def _scrape_site(bench: Workbench, site: str, shelf: Shelf | None, *, due_only: bool, log: StageLog) -> None:
    sightings, narrow = bench.store.sightings, site in bench.discovery.narrow
    found: list[Target] = []
    for target in await bench.crawler.discover(site):
        if isinstance(target, SetAside):
            log.put_aside(target)
        else:
            found.append(target)
    if shelf is not None and narrow:
        found = likely_pages(bench, site, shelf, found)
    if shelf is not None and bench.discovery.with_scrape:
        found += await search_site(bench, site, shelf, log)
    sightings.save_targets(found)
    told = {target.url: target.changed_at for target in found if target.changed_at}
    await crawl_targets(bench, site, _now(bench, site, told, log, due_only=due_only), log)


def _now(
    bench: Workbench, site: str, told: Mapping[str, datetime], log: StageLog, *, due_only: bool
) -> Sequence[Target]:
    """The pages to read in this run, most pressing first; what has to wait all the same is said once."""
    if not bench.sites[site].by_page:
        return bench.store.sightings.targets(site, due=bench.clock.now() if due_only else None)
    planned = agenda(bench, site, pages_of(bench, site), told)
    put_held_aside(log, "scrape", site, planned.held(everything=not due_only))
    return planned.due(everything=not due_only)


def pages_of(bench: Workbench, site: str) -> Sequence[Target]:
    """The pages of a site that are read at all."""
    idle = bench.store.discovery.idle(site) if site in bench.discovery.narrow else frozenset[str]()
    return [target for target in bench.store.sightings.targets(site) if target.url not in idle]


def crawl_plan(bench: Workbench, sites: Sequence[str] | None = None) -> tuple[Agenda, ...]:
    """What a scrape would read when, and why; nothing is asked of anybody and nothing is stored."""
    names = (name for name in chosen_sites(bench, sites) if bench.sites[name].by_page)
    return tuple(agenda(bench, name, pages_of(bench, name)) for name in names)
