"""Reads the targets of a site: fetched politely, parsed apart, each ending as one Sighting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from pricewatch.domain.errors import FetchError, SetAside
from pricewatch.domain.offer import Verdict
from pricewatch.domain.product import Assortment, Product
from pricewatch.ports import Clock, Extraction, HostStore, Lead, Page, Sighting, Target
from pricewatch.scraping.browser import Renderer
from pricewatch.scraping.client import HttpFetcher
from pricewatch.scraping.discover import Discovery
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.gathering import Gathering
from pricewatch.scraping.pool import ParserPool
from pricewatch.scraping.reader import fingerprint
from pricewatch.scraping.scratch import sweep
from pricewatch.scraping.settings import ScrapingSettings
from pricewatch.scraping.sighting import failed, left_over, sighting_of
from pricewatch.scraping.site import SiteDefinition
from pricewatch.scraping.sources.base import Source, Surroundings
from pricewatch.scraping.sources.registry import build_source
from pricewatch.scraping.urls import host_key

PARSED_BESIDE = 2  # pages that may be parsed while the host's places are taken by others


class SiteCrawler:
    """The Crawler over HTTP; `memory` keeps what hosts' answers taught us for the next process.

    Many sites may be crawled at once in one event loop: hosts, connections and parsing processes are shared.
    """

    def __init__(
        self,
        sites: Mapping[str, SiteDefinition],
        settings: ScrapingSettings,
        clock: Clock,
        *,
        memory: HostStore | None = None,
        fetcher: HttpFetcher | None = None,
        pool: ParserPool | None = None,
        renderer: Renderer | None = None,
        assortment: Callable[[], Assortment] = lambda: Assortment({}),
    ) -> None:
        sweep()  # what a killed process left, or the machine's place for temporary files fills up
        self._sources: dict[str, Source] = {}
        self._assortment = assortment
        self._readers: dict[str, str] = {}
        self._contexts: dict[str, SiteContext] = {}
        self._sites = sites
        self._settings = settings
        self._clock = clock
        self._fetcher = fetcher or HttpFetcher(settings, sites, clock, memory=memory)
        self._renderer = renderer or Renderer(settings, self._fetcher)
        self._pool = pool or ParserPool(settings.workers, settings.parse_timeout)
        self._gathering = Gathering(self._pool)
        self._discovery = Discovery(self._fetcher, self._pool, max_bytes=settings.max_page_bytes)

    async def discover(self, site: str) -> Sequence[Target | SetAside]:
        """List the pages that the site's definition leads to; failures are set aside."""
        if source := self.source(site):
            return await source.discover()
        return await self._discovery.discover(self._sites[site])

    def search_address(self, site: str, product: Product) -> str:
        """The address at which the site is asked for a product; empty when it can't be asked."""
        if self.source(site):
            return ""  # its targets ask for all our products as it is
        return self._sites[site].search.of(product)

    def search(self, site: str, addresses: Sequence[str]) -> AsyncIterator[tuple[str, Sequence[Lead] | SetAside]]:
        """Ask the site at search addresses, one after the other, at its polite pace."""
        source = self.source(site)
        return _asked(source, addresses) if source else self._discovery.search(self._sites[site], addresses)

    async def crawl(self, site: str, targets: Sequence[Target]) -> AsyncIterator[Sighting]:
        """Read all targets and yield each as it is done; failures are Sightings with `set_aside`."""
        definition, ends = self._sites[site], time.monotonic() + self._settings.deadline
        if source := self.source(site):
            async with self._fetcher.opened():
                async for sighting in source.crawl(targets, ends):
                    yield sighting
            return
        waiting, width = iter(targets), self._width(definition, targets)
        running: set[asyncio.Task[Sighting]] = set()
        done: set[asyncio.Task[Sighting]] = set()
        async with self._fetcher.opened(), self._renderer.opened():
            try:
                while True:
                    for target in islice(waiting, width - len(running)):
                        running.add(asyncio.create_task(self._sight(definition, target, ends)))
                    if not running:
                        return
                    done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        yield task.result()
            finally:
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, *done, return_exceptions=True)

    def source(self, site: str) -> Source | None:
        """The API or feed that a site is read from in place of pages, if it is."""
        definition = self._sites[site]
        if definition.source and site not in self._sources:
            around = Surroundings(definition, self._fetcher, self._settings, self._clock, self._assortment)
            self._sources[site] = build_source(definition.source, around)
        return self._sources.get(site)

    def close(self) -> None:
        """Stop the parsing processes."""
        self._pool.close()
        for source in self._sources.values():
            source.close()

    def _width(self, site: SiteDefinition, targets: Sequence[Target]) -> int:
        hosts = len({host_key(target.url) for target in targets})
        places = site.crawl.concurrency or self._settings.concurrency
        return min(self._settings.max_connections, hosts * places) + PARSED_BESIDE

    async def _sight(self, site: SiteDefinition, target: Target, ends: float) -> Sighting:
        if not site.match(target.url):
            return left_over(target, "it is not on the site's domains any more", "delete it or add its host to domains")
        if time.monotonic() > ends:
            return left_over(target, "the crawl ran out of time", "it stays due; raise scraping.deadline")
        revisit = self._settings.revisit if site.crawl.revisit is None else site.crawl.revisit
        reader = self._reader(site)
        known = target if target.reader == reader else replace(target, reader=reader, etag="", last_modified="")
        try:
            page, extraction = await self._seen(known, site)
        except FetchError as error:
            return failed(target, error, self._clock.now(), revisit=revisit)
        keep = bool(self._settings.evidence_days)
        return sighting_of(known, site.kind, page, extraction, revisit=revisit, keep=keep)

    def _context(self, site: SiteDefinition | None) -> SiteContext:
        if site is None:
            return SiteContext()
        if site.name not in self._contexts:
            self._contexts[site.name] = site.context()
        return self._contexts[site.name]

    def _reader(self, site: SiteDefinition) -> str:
        if site.name not in self._readers:
            self._readers[site.name] = fingerprint(site)
        return self._readers[site.name]

    async def _seen(self, target: Target, site: SiteDefinition | None) -> tuple[Page, Extraction]:
        """Fetch and read a page, rendered where its site wants it so; raises FetchError."""
        context, render = self._context(site), site.render if site else "plain"
        if target.price is not None:
            context = replace(context, last=target.price)
        if render == "browser":  # the same page may get another price by its scripts
            target = replace(target, etag="", last_modified="")
        page = await self._fetcher.fetch(target)
        extraction = await self._read(page, context)
        empty = extraction.verdict is Verdict.NONE and not page.not_modified
        runs = extraction.verdict is not Verdict.BLOCKED and page.status == 200
        if site is None or not runs or not (render == "browser" or (render == "auto" and empty)):
            return page, extraction
        rendered = await self._renderer.render(page, site)
        return rendered, await self._read(rendered, context)

    async def _read(self, page: Page, context: SiteContext) -> Extraction:
        extraction = Extraction(Verdict.NONE) if page.not_modified else await self._gathering.read(page, context)
        self._fetcher.judge(page, blocked=extraction.verdict is Verdict.BLOCKED)
        return extraction


async def _asked(source: Source, addresses: Sequence[str]) -> AsyncIterator[tuple[str, Sequence[Lead] | SetAside]]:
    for address in addresses:
        yield address, await source.search(address)
