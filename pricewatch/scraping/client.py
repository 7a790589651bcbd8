"""Gets pages politely: identified, within robots.txt, at one rate a host, from allowed addresses only.

Every request, whether for a page, a redirect hop or robots.txt, passes `_send`: address, host's turn, bounds.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias
from urllib.parse import unquote, urljoin, urlsplit

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver
from httpx_aiohttp import AiohttpTransport

from pricewatch.domain.errors import FetchError, FetchErrorKind
from pricewatch.domain.offer import Verdict
from pricewatch.pacing import backoff, retry_after
from pricewatch.ports import Clock, Page, Target
from pricewatch.redaction import redact
from pricewatch.scraping.guard import guarded_session, refusal
from pricewatch.scraping.rate import Host
from pricewatch.scraping.robots import ALLOW_ALL, Robots, robots_of
from pricewatch.scraping.settings import ScrapingSettings
from pricewatch.scraping.site import SiteDefinition
from pricewatch.scraping.urls import host_key, is_web_address, origin, without_credentials
from pricewatch.wire import Bounds, Reply, exchange, open_client, tls

log = logging.getLogger(__name__)

REDIRECTS = frozenset({301, 302, 303, 307, 308})
REFUSALS = frozenset({403, 429})
STRAINED = frozenset({429, 503})
SILENT_PAUSE = 600.0
ROBOTS_RETRY = 600.0  # seconds after which an unreadable robots.txt is asked for again
ROBOTS_REDIRECTS = 5
ROBOTS_BYTES = 5 * 1024 * 1024
SILENCE = frozenset({FetchErrorKind.CONNECTION, FetchErrorKind.TIMEOUT, FetchErrorKind.TLS})
Send: TypeAlias = Callable[[httpx.AsyncClient], Awaitable[Reply]]
ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5"


@dataclass(slots=True)
class _Connections:
    """The open clients of one event loop: one behind the strict guard, one that may reach private addresses."""

    public: httpx.AsyncClient
    private: httpx.AsyncClient
    places: asyncio.Semaphore
    users: int = 0


@dataclass(frozen=True, slots=True)
class _Remembered:
    robots: Robots
    until: float


@dataclass(slots=True)
class _Trip:
    """One page on its way through redirects: where it is, and what may still be sent along."""

    target: Target
    site: SiteDefinition | None
    url: str
    headers: dict[str, str]
    credentials: str = ""
    home: str = ""
    seen: set[str] = field(default_factory=set)


class HttpFetcher:
    """The Fetcher over HTTP; connections live while somebody is inside `opened`, what is known of hosts lives on.

    `resolver` makes the resolver of names; the addresses it gives pass the guard like all others.
    """

    def __init__(
        self,
        settings: ScrapingSettings,
        sites: Mapping[str, SiteDefinition],
        clock: Clock,
        *,
        resolver: Callable[[], AbstractResolver | None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._sites = sites
        self._clock = clock
        self._resolver = resolver
        self._hosts: dict[str, Host] = {}
        self._robots: dict[str, _Remembered] = {}
        self._open: _Connections | None = None
        self._bounds = Bounds(settings.total_timeout, settings.max_download_bytes, settings.max_page_bytes)

    # --- what others call ---

    async def fetch(self, target: Target) -> Page:
        """Get one page, following redirects; raises FetchError with its kind."""
        trip = self._start(target)
        async with self.opened():
            for _ in range(self._settings.max_redirects + 1):
                try:
                    reply = await self._visit(trip)
                except FetchError as error:
                    self._lament(error, trip)
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
            return await self._persist(url, site, send)

    async def sitemaps(self, url: str, site: SiteDefinition) -> tuple[str, ...]:
        """The sitemaps that the host's robots.txt names."""
        async with self.opened():
            return (await self._rules(url, site)).sitemaps

    def judge(self, page: Page, *, blocked: bool) -> None:
        """Tell what an answer that called itself good turned out to be: a challenge counts as a refusal of its host."""
        if page.status >= 400:
            return
        host = self._host(page.final_url, None)
        if blocked:
            self._refuse(host, page.final_url)
        else:
            host.refusals = 0

    def paused(self, url: str) -> float:
        """Seconds for which the host of an address is left alone; 0 = it is not."""
        host = self._hosts.get(host_key(url))
        return max(host.paused_until - time.monotonic(), 0.0) if host else 0.0

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Keep connections open while inside; the last one out closes them."""
        connections = self._open = self._open or self._connect()
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
        for host in self._hosts.values():
            host.detach()
        if connections:
            await connections.public.aclose()
            await connections.private.aclose()

    # --- one page ---

    def _start(self, target: Target) -> _Trip:
        if not is_web_address(target.url):
            raise _no_address(target.url)
        parts = urlsplit(target.url)
        return _Trip(
            target,
            self._sites.get(target.site),
            without_credentials(target.url),
            {"accept": ACCEPT} | _conditions(target),
            credentials=_basic(parts.username, parts.password),
            home=origin(target.url),
        )

    async def _visit(self, trip: _Trip) -> Reply:
        trip.seen.add(trip.url)
        await self.check_robots(trip.url, trip.site)
        headers = dict(trip.headers)
        if trip.credentials and origin(trip.url) == trip.home:
            headers["authorization"] = trip.credentials
        return await self._persist(trip.url, trip.site, partial(_get, trip.url, headers, self._bounds))

    def _moves_on(self, trip: _Trip, reply: Reply) -> bool:
        """Turn the trip to the next hop, or say that it has arrived; credentials never come from a Location."""
        location = reply.headers.get("location", "")
        if reply.status not in REDIRECTS or not location:
            return False
        url = next_hop(trip.url, location)
        if url in trip.seen:
            raise _redirect_error("it redirects in a circle", trip.target.url)
        if trip.site and not trip.site.match(url):
            raise _redirect_error(f"it leads away from the site, to {redact(url)}", trip.target.url)
        trip.url = url
        return True

    def _page(self, trip: _Trip, reply: Reply) -> Page:
        if reply.status == 429 or reply.status >= 500:
            raise _status_error(reply, trip.url, self._wait_of(reply))
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
        raise FetchError(
            rules.refused or f"robots.txt does not let {self._settings.robots_token} read it",
            kind=FetchErrorKind.ROBOTS,
            where=url,
            hint="leave the page out, or ask the site's owner for permission",
        )

    async def _rules(self, url: str, site: SiteDefinition | None) -> Robots:
        """The rules of the address's host, read once a day; several pages waiting for them ask once."""
        if not self._respects_robots(site):
            return ALLOW_ALL
        host, place = self._host(url, site), origin(url)
        if host.robots_lock is None:
            host.robots_lock = asyncio.Lock()
        async with host.robots_lock:
            known = self._robots.get(place)
            if known is None or known.until <= time.monotonic():
                known = self._robots[place] = await self._read_robots(place, site)
            cap = self._settings.crawl_delay_cap
            host.delay = max(host.delay, min(known.robots.crawl_delay(self._settings.robots_token), cap))
        return known.robots

    def _respects_robots(self, site: SiteDefinition | None) -> bool:
        own = site.crawl.respect_robots if site else None
        return self._settings.respect_robots if own is None else own

    async def _read_robots(self, place: str, site: SiteDefinition | None) -> _Remembered:
        robots = await self._follow_robots(f"{place}/robots.txt", site)
        lifetime = ROBOTS_RETRY if robots.refused else self._settings.robots_hours * 3_600
        return _Remembered(robots, time.monotonic() + lifetime)

    async def _follow_robots(self, url: str, site: SiteDefinition | None) -> Robots:
        """Follow up to five redirects, as RFC 9309 says; a longer chain counts as no robots.txt at all."""
        bounds = Bounds(self._settings.total_timeout, ROBOTS_BYTES, ROBOTS_BYTES)
        for _ in range(ROBOTS_REDIRECTS + 1):
            try:
                reply = await self._persist(url, site, partial(_get, url, {"accept": "text/plain,*/*;q=0.5"}, bounds))
            except FetchError as error:
                if error.kind in (FetchErrorKind.TOO_LARGE, FetchErrorKind.DECODING):
                    return Robots(refused=f"robots.txt cannot be read: {error.message}")
                raise
            location = reply.headers.get("location", "")
            if reply.status not in REDIRECTS or not location:
                return robots_of(reply.status, reply.body)
            url = next_hop(url, location)
        return ALLOW_ALL

    # --- one request ---

    async def _persist(self, url: str, site: SiteDefinition | None, send: Send) -> Reply:
        """Send, and send again after a connection error, 429 or 5xx, within the retries and the host's budget."""
        host = self._host(url, site)
        for attempt in range(self._settings.retries + 1):
            last = attempt == self._settings.retries or not host.may_retry(self._settings.retry_budget)
            try:
                reply = await self._send(host, url, site, send)
            except FetchError as error:
                if last or error.kind is not FetchErrorKind.CONNECTION:
                    raise
            else:
                if last or not (reply.status == 429 or reply.status >= 500) or self._waits_long(host):
                    return reply
            host.retries += 1
            await asyncio.sleep(
                backoff(
                    attempt, base=self._settings.retry_delay, cap=self._settings.retry_delay_cap, chance=host.chance
                )
            )
        raise AssertionError("the last attempt returns or raises")

    def _waits_long(self, host: Host) -> bool:
        """A host that is paused, or asks for a longer wait than is waited within a crawl, is not asked again now."""
        now = time.monotonic()
        return host.paused_until > now or host.held_until - now > self._settings.retry_delay_cap

    async def _send(self, host: Host, url: str, site: SiteDefinition | None, send: Send) -> Reply:
        self._check_pause(host, url)
        connections = self._open
        assert connections is not None, "requests are sent inside opened()"
        client = connections.private if site and site.allow_private and site.match(url) else connections.public
        async with host.turn():
            self._check_pause(host, url)
            async with connections.places:
                try:
                    reply = await send(client)
                except FetchError as error:
                    raise _sorted(error, url) from error
        self._learn(host, url, reply)
        return reply

    def _check_pause(self, host: Host, url: str) -> None:
        now = time.monotonic()
        if host.paused_until > now:
            raise FetchError(
                f"the host {host.paused_for} and is left alone for {host.paused_until - now:.0f} s",
                kind=FetchErrorKind.BLOCKED,
                where=url,
                hint="read it less often, or ask its owner; `pricewatch status` shows paused hosts",
                retry_after=host.paused_until - now,
            )
        if host.held_until - now > self._settings.retry_delay_cap:
            raise FetchError(
                f"the host asked to wait for {host.held_until - now:.0f} s",
                kind=FetchErrorKind.BLOCKED,
                where=url,
                hint="the page stays due",
                retry_after=host.held_until - now,
            )

    def _learn(self, host: Host, url: str, reply: Reply) -> None:
        """Remember what an answer says about the host's patience."""
        wait = self._wait_of(reply)
        if wait is not None and reply.status in STRAINED:
            host.hold(wait, time.monotonic())
        if reply.status in STRAINED:
            host.slow_down()
        if reply.status in REFUSALS:
            self._refuse(host, url)
        elif reply.status < 400:
            host.answered_well()

    def _refuse(self, host: Host, url: str) -> None:
        pause = self._settings.block_pause
        if host.refused(time.monotonic(), limit=self._settings.block_limit, pause=pause):
            log.warning("%s refuses us; it is left alone for %.0f s", host_key(url), pause)

    def _lament(self, error: FetchError, trip: _Trip) -> None:
        """A host that does not answer at all, page after page, is left alone for a while too."""
        host, pause = self._host(trip.url, trip.site), min(SILENT_PAUSE, self._settings.block_pause)
        if error.kind in SILENCE and host.silent(time.monotonic(), limit=self._settings.block_limit, pause=pause):
            log.warning("%s does not answer; it is left alone for %.0f s", host_key(trip.url), pause)

    def _wait_of(self, reply: Reply) -> float | None:
        return retry_after(reply.headers.get("retry-after"), self._clock.now())

    # --- hosts and connections ---

    def _host(self, url: str, site: SiteDefinition | None) -> Host:
        """What is known of a host; where several definitions share it, the slowest pace holds."""
        crawl = site.crawl if site else None
        delay = crawl.delay if crawl and crawl.delay is not None else self._settings.delay
        places = crawl.concurrency if crawl and crawl.concurrency else self._settings.concurrency
        host = self._hosts.setdefault(host_key(url), Host(delay, places))
        if crawl:
            host.delay = max(host.delay, delay)
        return host

    def _connect(self) -> _Connections:
        return _Connections(
            self._client(private=False),
            self._client(private=True),
            asyncio.Semaphore(self._settings.max_connections),
        )

    def _client(self, *, private: bool) -> httpx.AsyncClient:
        def session() -> aiohttp.ClientSession:
            connections = self._settings.max_connections
            return guarded_session(private=private, connections=connections, resolver=self._resolver())

        return open_client(
            user_agent=self._settings.identity,
            transport=AiohttpTransport(verify=tls(), client=session),
            timeout=httpx.Timeout(self._settings.read_timeout, connect=self._settings.connect_timeout, pool=None),
        )


async def _get(url: str, headers: Mapping[str, str], bounds: Bounds, client: httpx.AsyncClient) -> Reply:
    return await exchange(client, _request(client, url, headers), bounds)


def _request(client: httpx.AsyncClient, url: str, headers: Mapping[str, str]) -> httpx.Request:
    try:
        return client.build_request("GET", url, headers=dict(headers))
    except httpx.InvalidURL as error:
        raise _no_address(url) from error


def _no_address(url: str) -> FetchError:
    return FetchError(
        "this is no web address", kind=FetchErrorKind.ADDRESS, where=redact(url), hint="write it as https://…"
    )


def _conditions(target: Target) -> dict[str, str]:
    """Ask only for changes where the last reading was good; the values are the host's own, so they are checked."""
    if target.verdict not in (Verdict.PRODUCT, Verdict.LISTING) or target.failures:
        return {}
    known = {"if-none-match": target.etag, "if-modified-since": target.last_modified}
    return {name: value for name, value in known.items() if value and len(value) < 1_000 and value.isprintable()}


def _basic(user: str | None, password: str | None) -> str:
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


def _sorted(error: FetchError, url: str) -> FetchError:
    """Tell the guard's refusals from other connection errors."""
    refused = refusal(error)
    if refused is None:
        return error
    return FetchError(
        f"{refused.address} is a private or reserved address",
        kind=FetchErrorKind.ADDRESS,
        where=url,
        hint="only a site definition with allow_private = true may read such pages, on its own domains",
    )
