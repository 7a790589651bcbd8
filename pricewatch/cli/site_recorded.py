"""Recorded pages of a site: `site record` keeps one and what was read from it, `site test --recorded` reads all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pricewatch.cli import options
from pricewatch.cli.call import FAILED, OK, Call, complete
from pricewatch.cli.learning import apart, save, saved, scraping_settings
from pricewatch.cli.named import site_named
from pricewatch.cli.output import Column
from pricewatch.cli.text import plural
from pricewatch.domain.errors import ConfigError, UsageError
from pricewatch.domain.offer import Verdict

if TYPE_CHECKING:
    from pricewatch.ports import Page
    from pricewatch.scraping.site import SiteDefinition

Recorded = Annotated[
    bool,
    options.option("--recorded", env=False, help="Read the recorded pages in scrapers/tests/NAME, without network."),
]
Address = Annotated[str, options.argument("URL", "The page.")]
Saved = Annotated[
    Path | None,
    options.option("--file", env=False, metavar="FILE", help="A saved page to take instead of fetching it."),
]
Title = Annotated[
    str, options.option("--as", env=False, metavar="TITLE", help="What to call it. [default: the end of its address]")
]

_DIFFERENCES = (Column("page"), Column("key"), Column("expected"), Column("read"))
_FACTS = (Column("key"), Column("read", fold=True))


def check(call: Call, name: str) -> int:
    """Read all recorded pages of a site with its definition; 1 when one reads otherwise than it must."""
    from pricewatch.scraping.recorded import recordings, replay

    site, folder = _site(call, name)
    records = recordings(folder)
    if not records:
        raise UsageError(f"no page of {name} is recorded", where=str(folder), hint=f"pricewatch site record {name} URL")
    results = [replay(file, site.context()) for file in records]
    rows = [(result.file.stem, d.key, d.expected, d.found) for result in results for d in result.differences]
    call.out.table("difference", _DIFFERENCES, rows)
    wrong = sum(bool(result.differences) for result in results)
    text = f"{plural(len(results), 'recorded page')} read, {len(results) - wrong} as expected"
    step = f"pricewatch extract FILE --site {name} --explain" if wrong else f"pricewatch site test {name}"
    return call.finish(text, code=FAILED if wrong else OK, next_step=step, pages=len(results), wrong=wrong)


def site_record(call: Call, name: options.SiteName, url: Address, *, file: Saved = None, title: Title = "") -> int:
    """Keep a page of a site, and beside it what was read from it, as a test of the site's definition."""
    from pricewatch.scraping.extract.page import read_page
    from pricewatch.scraping.recorded import record_text

    site, folder = _site(call, name)
    if not site.match(url):
        hint = "name one of its pages, or add the host to its domains"
        raise UsageError(f"{url} is not on {', '.join(site.domains)}", hint=hint)
    record = folder / f"{_slug(title or url)}.toml"
    if record.exists():
        raise UsageError("there is such a record already", where=str(record), hint="--as TITLE chooses another name")
    page = saved([url], [file])[0] if file else complete(_fetched(call, site, url))
    reading = apart(read_page, page, site.context())
    record.parent.mkdir(parents=True, exist_ok=True)
    record.with_suffix(".html").write_bytes(page.body)
    save(record, record_text(page, reading))
    rows = [tuple(line.split(" = ", 1)) for line in record.read_text("utf-8").splitlines() if " = " in line]
    call.out.table("fact", _FACTS, rows)
    other = "" if reading.verdict is Verdict.PRODUCT else f" ({reading.verdict.value}: {reading.message})"
    text = f"{record} is written with what was read{other}; compare it with the page and put it right"
    return call.finish(text, next_step=f"pricewatch site test {name} --recorded", file=str(record))


def _site(call: Call, name: str) -> tuple[SiteDefinition, Path]:
    """The definition and the folder of its recorded pages, with or without a config.toml."""
    sites, folder = _project(call)
    return site_named(sites, name), folder / "tests" / name


def _project(call: Call) -> tuple[Mapping[str, SiteDefinition], Path]:
    from pricewatch.config import find, load, load_sites, load_sites_around, scrapers_folder

    try:
        file = find(call.config)
    except ConfigError:
        if call.config is not None:
            raise
        return load_sites_around(Path.cwd()), Path("scrapers")
    config = load(file)
    return load_sites(config), scrapers_folder(config)


async def _fetched(call: Call, site: SiteDefinition, url: str) -> Page:
    from pricewatch.bootstrap import SystemClock
    from pricewatch.ports import Target
    from pricewatch.scraping.client import HttpFetcher

    fetcher = HttpFetcher(scraping_settings(call), {site.name: site}, SystemClock())
    async with fetcher.opened():
        return await fetcher.fetch(Target(site.name, url))


def _slug(text: str) -> str:
    """A file's name out of the last part of an address or a title."""
    last = text.partition("#")[0].partition("?")[0].rstrip("/").rsplit("/", 1)[-1]
    return re.sub(r"[^a-z0-9]+", "-", last.removesuffix(".html").lower()).strip("-")[:60] or "page"
