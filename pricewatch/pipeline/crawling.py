"""Read pages of many sites at the same time, and store what they show in batches."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pricewatch.domain.errors import SetAside, UsageError
from pricewatch.pipeline.stage import StageLog
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import Sighting, Target

BATCH = 200
OFFERS = 5_000  # in a batch; one part of a feed has a thousand
BYTES = 32_000_000  # of pages in a batch


async def together(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do all at once; when one fails the rest is stopped, and its own error is raised, not a group of them."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from errors


def chosen_sites(bench: Workbench, sites: Sequence[str] | None) -> list[str]:
    """The named sites, or all that are switched on and not ours; raises UsageError for an unknown or forbidden one."""
    unknown = [name for name in sites or () if name not in bench.sites]
    if unknown:
        raise UsageError(
            f"no site definition named {', '.join(unknown)}", hint="`pricewatch site list` shows the sites"
        )
    closed = [name for name in sites or () if bench.sites[name].forbidden]
    if closed:
        hint = "terms.verdict in its definition says so; change that only when the site's owner agrees"
        raise UsageError(f"the terms of use of {', '.join(closed)} forbid reading it", hint=hint)
    return list(sites) if sites else [name for name, site in bench.sites.items() if site.enabled and not site.own]


def put_held_aside(log: StageLog, stage: str, site: str, held: Mapping[str, int], what: str = "page") -> None:
    """Say once for each reason how many addresses of a site have to wait."""
    for reason, count in held.items():
        hint = "they wait their turn; `pricewatch site resume` lifts a pause, scraping.daily_budget is the day's limit"
        pages = f"1 {what}" if count == 1 else f"{count:,} {what}{'es' if what.endswith('ch') else 's'}"
        log.put_aside(SetAside(stage, f"{pages} of {site}", reason, site, hint))
        log.counts["pages_held"] += count


async def crawl_targets(bench: Workbench, site: str, targets: Sequence[Target], log: StageLog) -> None:
    """Read pages and store what they show; what was read before an interruption is kept."""
    batch: list[Sighting] = []
    done = offers = size = 0
    try:
        async for sighting in bench.crawler.crawl(site, targets):
            batch.append(sighting)
            done += 1
            offers += len(sighting.observations)
            size += sum(len(page.body) for page in sighting.pages)
            bench.progress.advance(f"scrape {site}", done, max(done, len(targets)), sighting.target.url)
            if len(batch) >= BATCH or offers >= OFFERS or size >= BYTES:
                _store(bench, batch, log)
                offers = size = 0
    finally:
        _store(bench, batch, log)


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
