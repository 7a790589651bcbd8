"""Which pages a site's definition leads to: fixed targets, sitemaps, and listing pages with their links."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from pricewatch.domain.errors import FetchError, FetchErrorKind, SetAside
from pricewatch.domain.offer import Verdict
from pricewatch.ports import Extraction, Lead, Page, Target
from pricewatch.scraping.client import HttpFetcher
from pricewatch.scraping.links import Links, read_links, read_sitemap
from pricewatch.scraping.pool import ParserPool
from pricewatch.scraping.site import FROM_ROBOTS, SiteDefinition
from pricewatch.scraping.urls import canonical_url, is_web_address, origin
from pricewatch.wire import decode

STAGE = "scrape"
UNREACHED = frozenset({FetchErrorKind.CONNECTION, FetchErrorKind.TLS, FetchErrorKind.TIMEOUT})
GZIP = b"\x1f\x8b"

Reader: TypeAlias = Callable[[Page, SiteDefinition], Awaitable[Links]]


@dataclass(slots=True)
class _Found:
    """Targets in the order they are found, each page once, no more than the site allows."""

    site: SiteDefinition
    targets: dict[str, Target] = field(default_factory=dict)
    aside: list[SetAside] = field(default_factory=list)
    full: bool = False

    def add(self, url: str, sku: str | None = None, *, changed_at: datetime | None = None) -> None:
        crawl = self.site.crawl
        key = canonical_url(url)
        if key in self.targets or crawl.is_excluded(url) or not self.site.match(url):
            return
        if len(self.targets) < crawl.max_targets:
            self.targets[key] = Target(self.site.name, url, sku or None, changed_at=changed_at)
        elif not self.full:
            self.full = True
            self.put_aside(
                url, f"the site has more than {crawl.max_targets:,} product pages", "raise crawl.max_targets"
            )

    def put_aside(self, url: str, reason: str, hint: str = "") -> None:
        self.aside.append(SetAside(STAGE, url, reason, where=self.site.name, hint=hint))


class Discovery:
    """Looks for a site's pages, politely and within `max_pages` listing pages and sitemaps."""

    def __init__(self, fetcher: HttpFetcher, pool: ParserPool, *, max_bytes: int) -> None:
        self._fetcher = fetcher
        self._pool = pool
        self._max_bytes = max_bytes

    async def discover(self, site: SiteDefinition) -> tuple[Target | SetAside, ...]:
        """List the targets, then what was set aside; nothing raises."""
        found = _Found(site)
        for entry in site.crawl.targets:
            found.add(entry.url, entry.sku)
        async with self._fetcher.opened():
            await self._walk(found, await self._sitemaps(found), self._sitemap)
            await self._walk(found, site.crawl.start, self._listing)
        return (*found.targets.values(), *found.aside)

    async def search(
        self, site: SiteDefinition, addresses: Sequence[str]
    ) -> AsyncIterator[tuple[str, tuple[Lead, ...] | SetAside]]:
        """Ask at each address in turn; nothing raises."""
        async with self._fetcher.opened():
            for address in addresses:
                try:
                    answer = await self._answer(await self._fetcher.fetch(Target(site.name, address)), site)
                except FetchError as error:
                    answer = SetAside(STAGE, address, error.message, site.name, error.hint)
                yield address, answer

    async def _answer(self, page: Page, site: SiteDefinition) -> tuple[Lead, ...] | SetAside:
        """What the answer to a search names: the page itself where the site leads straight to the product."""
        if page.status in (404, 410):
            return ()  # some sites say so when they have found nothing
        extraction = await self._pool.read(page, site.context())
        blocked = extraction.verdict is Verdict.BLOCKED
        self._fetcher.judge(page, blocked=blocked)
        if page.status >= 400 or blocked:
            reason = (
                "the site shows a challenge or a refusal instead" if blocked else f"the host answered {page.status}"
            )
            return SetAside(STAGE, page.url, reason, site.name, "ask it less often, or correct [search]")
        if extraction.verdict is Verdict.PRODUCT:
            titles = (finding.offer.item.title for finding in extraction.findings)
            return (Lead(page.final_url, next(titles, "")),)
        links = await self._pool.run(read_links, page, site.crawl)
        leads = _leads(extraction, links.products or extraction.links)
        return tuple(lead for lead in leads if site.match(lead.url) and not site.crawl.is_excluded(lead.url))

    async def _walk(self, found: _Found, start: Sequence[str], read: Reader) -> None:
        """Go breadth first through listing pages or sitemaps, each once."""
        site, pages = found.site, 0
        waiting, seen = deque(start), {canonical_url(url) for url in start}
        while waiting and not found.full:
            if pages == site.crawl.max_pages:
                found.put_aside(waiting[0], f"only the first {pages} listing pages were read", "raise crawl.max_pages")
                return
            pages += 1
            links = await self._try(found, waiting.popleft(), read)
            for product in links.products:
                found.add(product, changed_at=links.modified.get(product))
            for url in links.further:
                if site.match(url) and not site.crawl.is_excluded(url) and canonical_url(url) not in seen:
                    seen.add(canonical_url(url))
                    waiting.append(url)

    async def _try(self, found: _Found, url: str, read: Reader) -> Links:
        try:
            page = await self._fetcher.fetch(Target(found.site.name, url))
            if page.status >= 400:
                found.put_aside(url, f"the host answered {page.status}", "correct the address in [crawl]")
                return Links()
            return await read(page, found.site)
        except FetchError as error:
            found.put_aside(url, error.message, error.hint)
            return Links()

    async def _sitemaps(self, found: _Found) -> tuple[str, ...]:
        """The sitemaps' addresses; those that robots.txt names on other hosts are left out."""
        urls: dict[str, None] = {}
        for url in found.site.crawl.sitemaps:
            named = await self._named(found) if url == FROM_ROBOTS else (url,)
            urls |= dict.fromkeys(named)
        return tuple(urls)

    async def _named(self, found: _Found) -> tuple[str, ...]:
        homes, named = _homes(found.site), tuple[str, ...]()
        for home in homes:
            try:
                named = await self._fetcher.sitemaps(home, found.site)
            except FetchError as error:
                if error.kind in UNREACHED and home != homes[-1]:
                    continue
                found.put_aside(f"{home}/robots.txt", error.message, error.hint)
                return ()
            break
        if not named:
            words = "robots.txt names no sitemap, or is not to be kept to"
            found.put_aside(f"{home}/robots.txt", words, "write the sitemap's address instead")
        return tuple(url for url in named if is_web_address(url) and found.site.match(url))

    async def _sitemap(self, page: Page, site: SiteDefinition) -> Links:
        body = decode(page.body, "gzip", self._max_bytes, page.url) if page.body.startswith(GZIP) else page.body
        links = await self._pool.run(read_sitemap, body)
        return replace(links, products=tuple(url for url in links.products if site.crawl.is_product(url)))

    async def _listing(self, page: Page, site: SiteDefinition) -> Links:
        """Read by the site's own patterns; without any, what the extractor takes for product links counts."""
        links = await self._pool.run(read_links, page, site.crawl)
        if site.crawl.product_links or site.crawl.product_selector:
            return links
        extraction = await self._pool.read(page, site.context())
        return Links(extraction.links, links.further)


def _leads(extraction: Extraction, links: Sequence[str]) -> list[Lead]:
    """The offers of a list with their titles, then the links that it has beside them, each page once."""
    offers = [finding.offer for finding in extraction.findings]
    titled = {offer.url or offer.item.url: offer.item.title for offer in offers}
    pages = dict.fromkeys((*filter(is_web_address, titled), *links))
    return [Lead(url, titled.get(url, "")) for url in pages]


def _homes(site: SiteDefinition) -> tuple[str, ...]:
    """Where the site's robots.txt is: beside a page that is known; else by https, and by http if there is none."""
    written = [url for url in site.crawl.sitemaps if url != FROM_ROBOTS]
    pages = [*(target.url for target in site.crawl.targets), *site.crawl.start, *written]
    if pages:
        return (origin(pages[0]),)
    return origin(f"https://{site.domains[0]}"), origin(f"http://{site.domains[0]}")
