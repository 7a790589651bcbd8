"""Gets pages politely: identified, within robots.txt, at one rate a host, from allowed addresses only.

Every request, whether for a page, a redirect hop or robots.txt, passes `_send`: address, host's turn, bounds.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import unquote, urljoin, urlsplit

import httpx
from aiohttp.abc import AbstractResolver

from pricewatch.domain.errors import FetchError, FetchErrorKind
from pricewatch.domain.offer import Verdict
from pricewatch.pacing import backoff
from pricewatch.ports import Clock, HostStore, Page, Target
from pricewatch.redaction import redact
from pricewatch.scraping.hosts import HostBook
from pricewatch.scraping.rate import Host
from pricewatch.scraping.robots import ALLOW_ALL, MAX_BYTES, Robots, robots_of
from pricewatch.scraping.settings import ScrapingSettings
from pricewatch.scraping.site import SiteDefinition
from pricewatch.scraping.transport import Line, no_address, refusal_of
from pricewatch.scraping.urls import is_web_address, origin, without_credentials
from pricewatch.wire import Bounds, Reply

REDIRECTS = frozenset({301, 302, 303, 307, 308})
ROBOTS_REDIRECTS = 5
ROBOTS_BYTES = 5 * 1024 * 1024
Send: TypeAlias = Callable[[httpx.AsyncClient], Awaitable[Reply]]
_Send: TypeAlias = Callable[[Line], Awaitable[Reply]]
ASK_FIRST = "leave the page out, or ask the site's owner for permission"
COOKIES = 8_192  # characters of Set-Cookie that are looked at
_COOKIE = re.compile(r"(?:^|, )([!#$%&'*+.^_`|~0-9A-Za-z-]+)=([!#-+\--:<-\[\]-~]*)")  # RFC 6265, joined by commas
ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5"


@dataclass(slots=True)
class _Connections:
    """The open connections of one event loop: behind the strict guard, and those that may reach private addresses."""

    public: Line
    private: Line
    places: asyncio.Semaphore
    users: int = 0


@dataclass(slots=True)
class _Trip:
    """One page on its way through redirects: where it is, and what may still be sent along.

    Cookies are given back on the same origin until the page has arrived, and then forgotten: some shops see by them
    that they are read, and send everybody else round in a circle.
    """

    target: Target
    site: SiteDefinition | None
    url: str
    headers: dict[str, str]
    credentials: str = ""
    home: str = ""
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)

    @property
    def cookie(self) -> str:
        """The Cookie header for where it is."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.get(origin(self.url), {}).items())

    def take(self, given: str) -> None:
        """Remember what Set-Cookie said."""
        if given:
            known = self.cookies.setdefault(origin(self.url), {})
            known |= dict(_COOKIE.findall(given[:COOKIES]))


class HttpFetcher:
    """The Fetcher over HTTP; connections live while somebody is inside `opened`, what is known of hosts lives on.

    `memory` keeps that for the next process. `resolver` makes the resolver of names; the addresses it gives pass the
    guard like all others.
    """

    def __init__(
        self,
        settings: ScrapingSettings,
        sites: Mapping[str, SiteDefinition],
        clock: Clock,
        *,
        memory: HostStore | None = None,
        resolver: Callable[[], AbstractResolver | None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._sites = sites
        self._clock = clock
        self._resolver = resolver
        self._hosts = HostBook(settings, clock, memory)
        self._open: _Connections | None = None
        self._bounds = Bounds(settings.total_timeout, settings.max_download_bytes, settings.max_page_bytes)

    # --- what others call ---

    async def fetch(self, target: Target) -> Page:
        """Get one page, following redirects; raises FetchError with its kind (paused: the host was not asked)."""
        trip = self._start(target)
        async with self.opened():
            for _ in range(self._settings.max_redirects + 1):
                try:
                    reply = await self._visit(trip)
                except FetchError as error:
                    self._hosts.lament(self._hosts.of(trip.url, trip.site), trip.url, error)
                    raise
                if not self._moves_on(trip, reply):
                    return self._page(trip, reply)
        raise _redirect_error(f"more than {self._settings.max_redirects} redirects", target.url)

    async def ask(self, url: str, site: SiteDefinition, send: Send, *, robots: bool = True) -> Reply:
        """Have `send` make one request of any kind, in the host's turn and with the site's retries; every refusal and
        Retry-After counts as on pages. `robots` False is for APIs that we have a key for.
        """
        async with self.opened():
            if robots:
                await self.check_robots(url, site)
            return await self._persist(url, site, lambda line: send(line.client))

    async def sitemaps(self, url: str, site: SiteDefinition) -> tuple[str, ...]:
        """The sitemaps that the host's robots.txt names."""
        async with self.opened():
            return (await self._rules(url, site)).sitemaps

    def judge(self, page: Page, *, blocked: bool) -> None:
        """Tell what an answer that called itself good turned out to be: a challenge counts as a refusal of its host."""
        if page.status >= 400:
            return
        host = self._hosts.of(page.final_url, None)
        if blocked:
            self._hosts.refuse(host, page.final_url)
        else:
            host.refusals = 0

    def paused(self, url: str) -> float:
        """Seconds for which the host of an address is left alone; 0 = it is not."""
        return self._hosts.paused(url)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Keep connections open while inside; the last one out closes them."""
        if self._open is None:
            self._hosts.load()
            self._open = self._connect()
        connections = self._open
        connections.users += 1
        try:
            yield
        finally:
            connections.users -= 1
            if not connections.users:
                await self.close()

    async def close(self) -> None:
        """Let go of all connections; the fetcher stays usable."""
        connections, self._open = self._open, None
        if connections is None:
            return
        async with AsyncExitStack() as closing:  # all of it, even when the first one's closing is cancelled
            closing.callback(self._hosts.save)
            closing.push_async_callback(connections.private.close)
            closing.push_async_callback(connections.public.close)

    # --- one page ---

    def _start(self, target: Target) -> _Trip:
        if not is_web_address(target.url):
            raise no_address(target.url)
        trip = _Trip(target, self._sites.get(target.site), target.url, {"accept": ACCEPT} | _conditions(target))
        if "@" in target.url:
            parts = urlsplit(target.url)
            trip.url, trip.home = without_credentials(target.url), origin(target.url)
            trip.credentials = basic(parts.username, parts.password)
        return trip

    async def _visit(self, trip: _Trip) -> Reply:
        cookie = trip.cookie if trip.cookies else ""  # most pages have none, and asking costs
        trip.seen.add((trip.url, cookie))
        await self.check_robots(trip.url, trip.site)
        headers = dict(trip.headers)
        if trip.credentials and origin(trip.url) == trip.home:
            headers["authorization"] = trip.credentials
        if cookie:
            headers["cookie"] = cookie
        return await self._persist(trip.url, trip.site, _get(trip.url, headers, self._bounds))

    def _moves_on(self, trip: _Trip, reply: Reply) -> bool:
        """Turn the trip to the next hop, or say that it has arrived; credentials never come from a Location."""
        location = reply.headers.get("location", "")
        if reply.status not in REDIRECTS or not location:
            return False
        url = next_hop(trip.url, location)
        if trip.site and not trip.site.match(url):
            raise _redirect_error(f"it leads away from the site, to {redact(url)}", trip.target.url)
        trip.take(reply.headers.get("set-cookie", ""))
        trip.url = url
        if (url, trip.cookie) in trip.seen:
            raise _redirect_error("it redirects in a circle", trip.target.url)
        return True

    def _page(self, trip: _Trip, reply: Reply) -> Page:
        if reply.status == 429 or reply.status >= 500:
            raise _status_error(reply, trip.url, self._hosts.wait_of(reply))
        return Page(
            url=trip.target.url,
            final_url=trip.url,
            status=reply.status,
            headers=reply.headers,
            body=reply.body,
            fetched_at=self._clock.now(),
            not_modified=reply.status == 304,
            elapsed=reply.elapsed,
        )

    # --- robots.txt ---

    async def check_robots(self, url: str, site: SiteDefinition | None) -> None:
        """Raise FetchError when the host's robots.txt does not let us read an address; call it inside `opened`."""
        rules = await self._rules(url, site)
        if rules.allows(url, self._settings.robots_token):
            return
        words, hint = f"robots.txt does not let {self._settings.robots_token} read it", ASK_FIRST
        if rules.refused:
            words, hint = rules.refused, "nothing is read until its rules can be; they are asked for again later"
        raise FetchError(words, kind=FetchErrorKind.ROBOTS, where=url, hint=hint)

    async def _rules(self, url: str, site: SiteDefinition | None) -> Robots:
        """The rules of the address's host, read once a day; several pages waiting for them ask once."""
        if not self._respects_robots(site):
            return ALLOW_ALL
        place = origin(url)
        known = self._hosts.robots(place)
        if known is None:
            known = await self._learn_rules(place, url, site)
        elif known.rules is not None:
            self._keep_pace(known, url, site)
        return known

    async def _learn_rules(self, place: str, url: str, site: SiteDefinition | None) -> Robots:
        host = self._hosts.of(url, site)
        if host.robots_lock is None:
            host.robots_lock = asyncio.Lock()
        async with host.robots_lock:
            known = self._hosts.robots(place)
            if known is None:
                known, body = await self._follow_robots(f"{place}/robots.txt", site)
                self._hosts.remember(place, known, body)
                self._keep_pace(known, url, site)
        return known

    def _keep_pace(self, robots: Robots, url: str, site: SiteDefinition | None) -> None:
        """Leave as much time between requests as Crawl-delay asks for, up to the cap."""
        host, asked = self._hosts.of(url, site), robots.crawl_delay(self._settings.robots_token)
        host.delay = max(host.delay, min(asked, self._settings.crawl_delay_cap))

    def _respects_robots(self, site: SiteDefinition | None) -> bool:
        own = site.crawl.respect_robots if site else None
        return self._settings.respect_robots if own is None else own

    async def _follow_robots(self, url: str, site: SiteDefinition | None) -> tuple[Robots, bytes]:
        """Follow up to five redirects, as RFC 9309 says; a longer chain counts as no robots.txt at all."""
        bounds = Bounds(self._settings.total_timeout, ROBOTS_BYTES, ROBOTS_BYTES)
        headers = {"accept": "text/plain,*/*;q=0.5"}
        for _ in range(ROBOTS_REDIRECTS + 1):
            try:
                reply = await self._persist(url, site, _get(url, headers, bounds))
            except FetchError as error:
                if error.kind in (FetchErrorKind.TOO_LARGE, FetchErrorKind.DECODING):
                    return Robots(refused=f"robots.txt cannot be read: {error.message}"), b""
                raise
            location = reply.headers.get("location", "")
            if reply.status not in REDIRECTS or not location:
                robots = robots_of(reply.status, reply.body)
                return robots, reply.body[:MAX_BYTES] if robots.rules else b""
            url = next_hop(url, location)
        return ALLOW_ALL, b""

    # --- one request ---

    async def _persist(self, url: str, site: SiteDefinition | None, send: _Send) -> Reply:
        """Send, and send again after a connection error, 429 or 5xx, within the retries and the host's budget."""
        host = self._hosts.of(url, site)
        for attempt in range(self._settings.retries + 1):
            last = attempt == self._settings.retries or not host.may_retry(self._settings.retry_budget)
            try:
                reply = await self._send(host, url, site, send)
            except FetchError as error:
                if last or error.kind is not FetchErrorKind.CONNECTION:
                    raise
            else:
                if last or not (reply.status == 429 or reply.status >= 500) or self._hosts.waits_long(host):
                    return reply
            host.retries += 1
            await asyncio.sleep(
                backoff(
                    attempt, base=self._settings.retry_delay, cap=self._settings.retry_delay_cap, chance=host.chance
                )
            )
        raise AssertionError("the last attempt returns or raises")

    async def _send(self, host: Host, url: str, site: SiteDefinition | None, send: _Send) -> Reply:
        self._hosts.check(host, url)
        connections = self._open
        assert connections is not None, "requests are sent inside opened()"
        line = connections.private if site and site.allow_private and site.match(url) else connections.public
        async with host.turn(self._settings.retry_delay_cap):
            self._hosts.check(host, url)
            async with connections.places:
                self._hosts.count(host)
                try:
                    reply = await send(line)
                except FetchError as error:
                    refused = refusal_of(error, url)
                    if refused is None:
                        raise
                    raise refused from error
        self._hosts.learn(host, url, reply)
        return reply

    def _connect(self) -> _Connections:
        return _Connections(
            Line(self._settings, self._resolver(), private=False),
            Line(self._settings, self._resolver(), private=True),
            asyncio.Semaphore(self._settings.max_connections),
        )


def _get(url: str, headers: Mapping[str, str], bounds: Bounds) -> _Send:
    return lambda line: line.get(url, headers, bounds)


def _conditions(target: Target) -> dict[str, str]:
    """Ask only for changes where the last reading was good; the values are the host's own, so they are checked."""
    known = {"if-none-match": target.etag, "if-modified-since": target.last_modified}
    if not any(known.values()) or target.verdict not in (Verdict.PRODUCT, Verdict.LISTING) or target.failures:
        return {}
    return {name: value for name, value in known.items() if value and len(value) < 1_000 and value.isprintable()}


def basic(user: str | None, password: str | None) -> str:
    """The Authorization header of a name and a password; empty when there is no name."""
    if user is None:
        return ""
    pair = f"{unquote(user)}:{unquote(password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode("ascii")


def next_hop(url: str, location: str) -> str:
    """The address that a redirect leads to; raises FetchError when it is none."""
    try:
        joined = without_credentials(urljoin(url, location.strip()).partition("#")[0])
    except ValueError:
        joined = ""
    if not is_web_address(joined):
        raise _redirect_error(f"it redirects to {redact(location[:200])!r}, which is no web address", url)
    return joined


def _redirect_error(words: str, url: str) -> FetchError:
    return FetchError(
        words, kind=FetchErrorKind.REDIRECT, where=redact(url), hint="open it in a browser and correct the address"
    )


def _status_error(reply: Reply, url: str, wait: float | None) -> FetchError:
    kind = FetchErrorKind.BLOCKED if reply.status == 429 else FetchErrorKind.HTTP_STATUS
    return FetchError(
        f"the host answered {reply.status}",
        kind=kind,
        where=url,
        hint="it is tried again later",
        status=reply.status,
        retry_after=wait,
    )
