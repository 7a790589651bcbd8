"""Competitors' sites: list them, try their definitions on live and on kept pages; see `site_new`, `site_repair`."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from itertools import islice
from typing import TYPE_CHECKING, Annotated, cast

import typer

from pricewatch.cli import options, site_new, site_plan, site_recorded, site_repair, site_shipped
from pricewatch.cli.call import FAILED, FINDINGS, OK, PARTLY, Call, command, complete, group
from pricewatch.cli.named import site_named
from pricewatch.cli.opening import opened
from pricewatch.cli.output import Column, Row
from pricewatch.cli.text import plural
from pricewatch.domain.errors import SetAside, UsageError

if TYPE_CHECKING:
    from pricewatch.bootstrap import App
    from pricewatch.ports import KeptPage, PageGroup, Sighting, StoredObservation
    from pricewatch.scraping.learn_replay import Difference, Kept
    from pricewatch.scraping.site import SiteDefinition

MOST = 200  # offers that a test shows before it stops
Everything = Annotated[bool, options.option("--all", env=False, help="With those that come along, switched off.")]
Replay = Annotated[
    bool,
    options.option("--replay", env=False, help="Read the kept pages again, and show what would read differently now."),
]


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    site = group(app, "site", "Competitors' sites.")
    command(site, "list", path="site list")(site_list)
    command(site, "test", path="site test")(site_test)
    command(site, "copy", path="site copy")(site_shipped.site_copy)
    command(site, "new", path="site new")(site_new.site_new)
    command(site, "repair", path="site repair")(site_repair.site_repair)
    command(site, "resume", path="site resume", locks=True)(site_plan.site_resume)
    command(site, "record", path="site record")(site_recorded.site_record)


_SITES = (
    Column("site"),
    Column("kind", rank=2),
    Column("enabled"),
    Column("own", rank=4),
    Column("country", rank=3),
    Column("targets", rank=1),
    Column("last_read", "last read"),
    Column("terms", rank=5),
    Column("domains", fold=True),
    Column("note", below=True),
)


def site_list(call: Call, *, everything: Everything = False) -> int:
    """List the sites of this project, and those whose pages have stopped making sense."""
    from pricewatch.config import project_sites
    from pricewatch.pipeline.insight import lost_pages

    with opened(call) as app:
        pages = app.bench.store.sightings.pages()
        known = [(name, site, [one for one in pages if one.site == name]) for name, site in app.sites.items()]
        own, ours = app.config.shop.own_sites, project_sites(app.config)
    found = [it for it in known if it[1].enabled or it[2] or it[0] in ours]
    if everything:
        found += sorted((it for it in known if it not in found), key=lambda it: (it[1].country, it[0]))
    lost = {name: lost_pages(mine) for name, _, mine in found}
    changed = [name for name, count in lost.items() if count]
    rows = [(*_site(site, mine, own=name in own), _note(name, lost[name])) for name, site, mine in found]
    call.out.table("site", _SITES, rows)
    more = len(known) - len(found)
    text = plural(len(rows), "site") + (f"; --all shows {more} more that come with pricewatch" if more else "")
    step = "pricewatch site copy NAME" if everything or not rows else "pricewatch site test NAME"
    step = f"pricewatch site repair {changed[0]}" if changed else step
    return call.finish(text, next_step=step, sites=len(rows), more=more)


def _site(site: SiteDefinition, pages: Sequence[PageGroup], *, own: bool) -> Row:
    seen = max((group.seen_at for group in pages if group.seen_at), default=None)
    number = sum(group.count for group in pages)
    return (
        site.name, site.kind, site.enabled, site.own or own, site.country, number, seen, site.terms.verdict,
        site.domains,
    )  # fmt: skip


def _note(name: str, lost: int) -> str:
    pages = f"{plural(lost, 'page')} that had offers show none any more"
    return f"{pages}: `pricewatch site repair {name}`" if lost else ""


# --- site test -------------------------------------------------------------------------------------------------

_OFFERS = (
    Column("url", below=True, address=True),
    Column("verdict", badge=True),
    Column("title", fold=True),
    Column("seller", rank=1),
    Column("price", money=True),
    Column("shipping", money=True, rank=3),
    Column("availability", "stock"),
    Column("condition", rank=4),
    Column("gtin", rank=2),
    Column("source", rank=5),
    Column("message", below=True),
)


def site_test(
    call: Call,
    name: options.SiteName,
    urls: options.Urls = None,
    *,
    limit: options.Limit = 5,
    replay: Replay = False,
    recorded: site_recorded.Recorded = False,
    exit_code: options.ExitCode = False,
) -> int:
    """Read some pages of a site, live, kept or recorded, and show what was found on them; stores nothing."""
    if recorded:
        return site_recorded.check(call, name)
    with opened(call) as app:
        site = site_named(app.sites, name)
        if replay:
            return _replay(call, app, name, exit_code=exit_code)
        if site.terms.verdict == "forbidden":
            hint = (
                f"change terms.verdict in scrapers/{name}.toml only when the site's owner agrees; --recorded needs none"
            )
            raise UsageError(f"the terms of use of {name} forbid reading it", hint=hint)
        set_aside, sightings = complete(_read(app, name, urls or [], limit))
    if site.source:  # a file or an API has no pages; its own closing word shows no offer
        sightings = [sighting for sighting in sightings if sighting.observations or sighting.set_aside]
    rows = [row for sighting in sightings for row in _sighted(sighting)]
    call.out.table("offer", _OFFERS, rows)
    call.out.set_aside(set_aside)
    found = sum(len(sighting.observations) for sighting in sightings)
    failed = sum(sighting.set_aside is not None for sighting in sightings)
    code = FAILED if not found else PARTLY if failed or set_aside else OK
    if site.source:
        return _tested_source(call, site, found, failed, code)
    text = f"{plural(len(sightings), 'page')} read, {plural(found, 'offer')} found, {failed} failed"
    step = f"pricewatch extract {sightings[0].target.url if sightings else 'URL'} --site {name} --explain"
    return call.finish(text, code=code, next_step=step, offers=found)


def _tested_source(call: Call, site: SiteDefinition, found: int, failed: int, code: int) -> int:
    """How a test of a feed or an API ends: it is cut short after some offers, and the file is what to look at."""
    shown = " are shown, there may be more" if found > MOST else " found"
    faults = f"; {plural(failed, 'fault')}, told above" if failed else ""
    start = f"pricewatch scrape {site.name}" if site.enabled else f"set enabled = true in scrapers/{site.name}.toml"
    step = f"correct [source] in scrapers/{site.name}.toml, or ask who makes the file" if code else start
    return call.finish(f"{plural(found, 'offer')}{shown}{faults}", code=code, next_step=step, offers=found)


async def _read(app: App, name: str, urls: Sequence[str], limit: int) -> tuple[list[SetAside], list[Sighting]]:
    from pricewatch.ports import Target

    crawler = app.bench.crawler
    found: Sequence[Target | SetAside] = [Target(name, url) for url in urls] or await crawler.discover(name)
    targets = list(islice((target for target in found if not isinstance(target, SetAside)), limit))
    sightings: list[Sighting] = []
    async with aclosing(cast("AsyncGenerator[Sighting]", crawler.crawl(name, targets))) as crawl:
        async for sighting in crawl:
            sightings.append(sighting)
            if sum(len(sighting.observations) for sighting in sightings) > MOST:  # a feed may have a million
                break
    return [item for item in found if isinstance(item, SetAside)], sightings


def _sighted(sighting: Sighting) -> list[Row]:
    verdict = sighting.verdict.value if sighting.verdict else "failed"
    aside = sighting.set_aside
    reason = f"{aside.reason}; {aside.hint}" if aside and aside.hint else aside.reason if aside else ""
    if not sighting.observations:
        return [(sighting.target.url, verdict, "", "", None, None, None, None, "", "", reason)]
    return [
        (
            sighting.target.url, verdict, seen.offer.item.title, seen.offer.seller, seen.offer.price,
            seen.offer.shipping, seen.offer.availability, seen.offer.condition, seen.offer.item.gtin,
            seen.evidence.source, seen.quarantine or reason,
        )
        for seen in sighting.observations
    ]  # fmt: skip


# --- site test --replay ----------------------------------------------------------------------------------------

_DIFFERENCES = (
    Column("reading"),
    Column("title", fold=True, rank=1),
    Column("seller", rank=2),
    Column("field"),
    Column("before"),
    Column("now", fold=True),
    Column("url", below=True, address=True),
)


def _replay(call: Call, app: App, name: str, *, exit_code: bool) -> int:
    readings = app.bench.store.sightings.current(site=name)
    kept = kept_by_hash(app, readings)
    found, pages = complete(_read_again(app, app.sites[name], readings, kept))
    rows = [(d.reading, d.title, d.seller, d.field, d.before, d.now, d.url) for d in found]
    call.out.table("difference", _DIFFERENCES, rows)
    again = sum(reading.observation.evidence.page_hash in kept for reading in readings)
    differ = len({difference.reading for difference in found})
    gone = len(readings) - again
    text = f"{plural(again, 'reading')} of {plural(pages, 'kept page')} read again, {differ} would differ"
    text += f"; the pages of {gone} are not kept" if gone else ""
    step = "pricewatch extract --explain URL" if differ else f"pricewatch scrape {name}"
    counts: Mapping[str, int] = {"readings": again, "pages": pages, "differ": differ, "not_kept": gone}
    code = FINDINGS if exit_code and differ else OK if again or not readings else PARTLY
    return call.finish(text, code=code, next_step=step, **counts)


def kept_by_hash(app: App, readings: Sequence[StoredObservation]) -> dict[str, KeptPage]:
    """The kept pages that readings rest on, by their hash."""
    sightings = app.bench.store.sightings
    hashes = Counter(reading.observation.evidence.page_hash for reading in readings)
    pages = {page_hash: sightings.evidence(page_hash) for page_hash in hashes if page_hash}
    return {page_hash: page for page_hash, page in pages.items() if page is not None}


async def _read_again(
    app: App, site: SiteDefinition, readings: Sequence[StoredObservation], kept: Mapping[str, KeptPage]
) -> tuple[list[Difference], int]:
    from pricewatch.scraping.learn_replay import differences, kept_pages
    from pricewatch.scraping.pool import ParserPool
    from pricewatch.scraping.sighting import sighting_of

    settings = app.config.scraping
    found: list[Difference] = []
    pages: list[Kept] = list(kept_pages(site, readings, kept))
    with ParserPool(settings.workers, settings.parse_timeout) as pool:
        for one in pages:
            extraction = await pool.read(one.page, site.context())
            found += differences(one, sighting_of(one.target, site.kind, one.page, extraction, revisit=0))
    return found, len(pages)
