"""Read competitors' pages: discover targets, crawl those that are due, store what changed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from pricewatch.domain.errors import SetAside, UsageError
from pricewatch.pipeline.stage import StageLog, stage
from pricewatch.pipeline.workbench import StageReport, Workbench
from pricewatch.ports import Sighting, Target

BATCH = 200


async def scrape(bench: Workbench, sites: Sequence[str] | None = None, *, due_only: bool = False) -> StageReport:
    """Read all sites that are switched on (or the named ones) at the same time, each at its own polite pace."""
    names = _chosen(bench, sites)
    with stage(bench, "scrape", ", ".join(names)) as log:
        await _together(_scrape_site(bench, name, due_only=due_only, log=log) for name in names)
        log.counts["evidence_pruned"] = bench.store.sightings.prune_evidence(bench.clock.now() - bench.evidence_kept)
    return log.report()


async def _together(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do all at once; when one fails the rest is stopped, and its own error is raised, not a group of them."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from errors


def _chosen(bench: Workbench, sites: Sequence[str] | None) -> list[str]:
    unknown = [name for name in sites or () if name not in bench.sites]
    if unknown:
        raise UsageError(
            f"no site definition named {', '.join(unknown)}", hint="`pricewatch site list` shows the sites"
        )
    return list(sites) if sites else [name for name, site in bench.sites.items() if site.enabled and not site.own]


async def _scrape_site(bench: Workbench, site: str, *, due_only: bool, log: StageLog) -> None:
    sightings = bench.store.sightings
    found: list[Target] = []
    for target in await bench.crawler.discover(site):
        if isinstance(target, SetAside):
            log.put_aside(target)
        else:
            found.append(target)
    sightings.save_targets(found)
    targets = sightings.targets(site, due=bench.clock.now() if due_only else None)
    await _crawl(bench, site, targets, log)


async def _crawl(bench: Workbench, site: str, targets: Sequence[Target], log: StageLog) -> None:
    batch: list[Sighting] = []
    done = 0
    try:
        async for sighting in bench.crawler.crawl(site, targets):
            batch.append(sighting)
            done += 1
            bench.progress.advance(f"scrape {site}", done, len(targets), sighting.target.url)
            if len(batch) >= BATCH:
                _store(bench, batch, log)
    finally:
        _store(bench, batch, log)  # what was read before an interruption is kept


def _store(bench: Workbench, batch: list[Sighting], log: StageLog) -> None:
    if not batch:
        return
    log.count({f"offers_{name}": count for name, count in asdict(bench.store.sightings.save(log.run, batch)).items()})
    log.counts["pages"] += len(batch)
    log.counts["pages_not_modified"] += sum(sighting.not_modified for sighting in batch)
    for sighting in batch:
        if sighting.set_aside:
            log.put_aside(sighting.set_aside)
    batch.clear()
