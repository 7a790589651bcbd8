"""Runs a page in a system Chromium before it is read: for sites whose prices only scripts write.

The page itself is fetched like every other, politely and once. The browser is given it, and gets what its scripts ask
for through the guarding proxy, within robots.txt, a number of requests, bytes, seconds and memory. Nothing is ever
downloaded to install it: Playwright drives the Chromium that the machine has.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp.abc import AbstractResolver

from pricewatch.domain.errors import FetchError, FetchErrorKind
from pricewatch.ports import Page
from pricewatch.scraping.browser_proxy import GuardingProxy, Pass
from pricewatch.scraping.client import HttpFetcher
from pricewatch.scraping.scratch import scratch
from pricewatch.scraping.settings import BrowserSettings, ScrapingSettings
from pricewatch.scraping.site import SiteDefinition
from pricewatch.wire import Reply

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, CDPSession, Route

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "microsoft-edge")
PLACES = ("/Applications/Chromium.app/Contents/MacOS/Chromium",
          "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")  # fmt: skip
LEFT_OUT = frozenset(["image", "media", "font", "texttrack", "manifest", "ping", "websocket", "eventsource", "other"])
PASSED_ON = frozenset(["content-type", "content-security-policy", "set-cookie", "content-language"])
LONGEST_PLACE = 50  # characters: Chromium puts a socket below, whose address may have 104
WATCH = 0.5  # seconds between two looks at the browser's memory
ENDING = 5.0  # seconds that a page or the browser may take to close before it is killed
ARGUMENTS = (
    "--disable-quic", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--disable-gpu",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp", "--disable-background-networking",
    "--no-first-run", "--js-flags=--max-old-space-size=384", "--renderer-process-limit=4", "--mute-audio",
    "--disable-dev-shm-usage", "--block-new-web-contents",
)  # fmt: skip
HTML_OF = "limit => { const t = document.documentElement.outerHTML; return t.length > limit ? null : t; }"


def find_browser(settings: BrowserSettings) -> Path | None:
    """The Chromium to use: the configured one, else the first that the machine has; None when there is none."""
    if settings.path is not None:
        return settings.path if settings.path.exists() else None
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return Path(found) if found else next((Path(place) for place in PLACES if Path(place).exists()), None)


def what_is_missing(settings: BrowserSettings) -> str:
    """What has to be installed before pages can be rendered; empty = nothing."""
    if find_spec("playwright") is None:
        return "in the folder of pricewatch's source: pip install '.[browser]'"
    if find_browser(settings) is None:
        place = f" at {settings.path}" if settings.path else ""
        return f"there is no Chromium{place}: `apt-get install chromium`, or set scraping.browser.path"
    return ""


class Renderer:
    """Renders pages; the browser starts with the first one and ends when the last user leaves `opened`."""

    def __init__(
        self,
        settings: ScrapingSettings,
        fetcher: HttpFetcher,
        *,
        resolver: Callable[[], AbstractResolver | None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._fetcher = fetcher
        self._resolver = resolver
        self._users = 0
        self._parts = AsyncExitStack()
        self._starting = asyncio.Lock()
        self._places = asyncio.Semaphore(settings.browser.pages)
        self._again = asyncio.Lock()
        self._browser: Browser | None = None
        self._proxy: GuardingProxy | None = None
        self._mark = ""
        self._killed = False  # by us; it may still call itself connected

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Keep the browser running while inside, once it was needed; the last one out ends it."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                await asyncio.shield(self._end())

    async def render(self, page: Page, site: SiteDefinition) -> Page:
        """The page as its scripts leave it; raises FetchError. Call it inside `opened`."""
        await self._fetcher.check_robots(page.final_url, site)  # known before the host's turn is taken for long
        async with self._places:
            run = partial(self._run, page, site)
            try:
                reply = await self._fetcher.ask(page.final_url, site, run, robots=False)
            except _LostError:
                async with self._again:  # one after the other: the one that costs the browser takes no others along
                    reply = await self._fetcher.ask(page.final_url, site, run, robots=False)
        headers = {**page.headers, "content-type": "text/html; charset=utf-8"}
        return replace(page, body=reply.body, headers=headers, elapsed=page.elapsed + reply.elapsed)

    # --- the browser ---

    async def _started(self) -> tuple[Browser, GuardingProxy]:
        async with self._starting:
            if self._browser is not None and (self._killed or not self._browser.is_connected()):
                await self._end()
            if self._browser is None:
                await self._start()
        assert self._browser is not None
        assert self._proxy is not None
        return self._browser, self._proxy

    async def _start(self) -> None:
        settings = self._settings.browser
        if missing := what_is_missing(settings):
            raise _trouble("the page needs a browser", hint=missing)
        if settings.sandbox and hasattr(os, "geteuid") and os.geteuid() == 0:
            raise _trouble(
                "Chromium's sandbox does not work for root",
                hint="run pricewatch as another user, or set scraping.browser.sandbox = false in a container",
            )
        from playwright.async_api import Error, async_playwright

        self._mark, self._killed = f"--pricewatch={secrets.token_hex(8)}", False
        try:
            proxy = await self._parts.enter_async_context(GuardingProxy(self._resolver).opened())
            with _temporary_files_in(self._parts.enter_context(scratch())):
                playwright = await self._parts.enter_async_context(async_playwright())
            self._parts.callback(_kill, self._mark)
            self._browser = await playwright.chromium.launch(
                executable_path=str(find_browser(settings)),
                chromium_sandbox=settings.sandbox,
                args=[*ARGUMENTS, self._mark],
                proxy={"server": proxy.address},
                timeout=settings.timeout * 1_000,
            )
            self._proxy = proxy
        except (Error, OSError) as error:
            await self._end()
            raise _trouble(f"Chromium does not start: {str(error)[:300]}", hint="try it by hand; see doctor") from None
        watch = asyncio.create_task(self._watch_memory(self._mark, settings.max_memory))
        self._parts.push_async_callback(_cancelled, watch)

    async def _end(self) -> None:
        """Close the browser, and kill what does not close."""
        browser, self._browser, self._proxy = self._browser, None, None
        parts, self._parts = self._parts, AsyncExitStack()
        if browser is not None and browser.is_connected():
            with contextlib.suppress(Exception):
                await asyncio.wait_for(browser.close(), ENDING)
        _kill(self._mark)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(parts.aclose(), ENDING)

    def _kill(self) -> None:
        """End the browser at once; the next page gets a new one."""
        self._killed = True
        _kill(self._mark)

    async def _watch_memory(self, mark: str, most: int) -> None:
        """Kill the browser when all its processes together take more than `most` bytes."""
        while True:
            await asyncio.sleep(WATCH)
            if await asyncio.to_thread(_memory, mark) > most:
                self._kill()

    # --- one page ---

    async def _run(self, page: Page, site: SiteDefinition, _: Any) -> Reply:
        """Run one page within its limits."""
        from playwright.async_api import Error

        settings = self._settings.browser
        browser, proxy = await self._started()
        holder = Pass(site, settings.max_bytes)
        proxy.admit(holder)
        started = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(settings.timeout), self._context(browser, proxy, holder) as context:
                html = await self._html(context, page, holder)
        except TimeoutError:
            raise FetchError(
                f"the page was not ready in {settings.timeout:g} s",
                kind=FetchErrorKind.TIMEOUT, where=page.final_url, hint="raise scraping.browser.timeout",
            ) from None  # fmt: skip
        except Error as error:
            words = str(error).splitlines()[0][:200] if str(error) else "it crashed"
            made = _LostError if self._killed or not browser.is_connected() else FetchError
            raise _trouble(f"the browser could not run the page: {words}", page.final_url, made=made) from None
        finally:
            proxy.dismiss(holder)
        return Reply(page.final_url, 200, {}, html, asyncio.get_running_loop().time() - started)

    @asynccontextmanager
    async def _context(self, browser: Browser, proxy: GuardingProxy, holder: Pass) -> AsyncIterator[BrowserContext]:
        """A fresh profile that stores, downloads and installs nothing."""
        context = await browser.new_context(
            accept_downloads=False,
            service_workers="block",
            user_agent=self._settings.identity,
            proxy={
                "server": proxy.address, "username": holder.name, "password": holder.word, "bypass": "<-loopback>",
            },
        )  # fmt: skip
        try:
            yield context
        finally:
            try:
                await asyncio.shield(asyncio.wait_for(context.close(), ENDING))
            except Exception:  # noqa: BLE001 a page that does not close costs the whole browser
                self._kill()

    async def _html(self, context: BrowserContext, page: Page, holder: Pass) -> bytes:
        settings = self._settings
        gate = _Gate(self._fetcher, page, holder, settings.browser.requests)
        await context.route("**/*", gate)
        await context.route_web_socket("**/*", lambda socket: socket.close())
        tab = await context.new_page()
        session = await context.new_cdp_session(tab)
        await gate.watch_redirects(session)
        rest = await _watch_rest(session)
        await tab.goto(page.final_url, wait_until="domcontentloaded", timeout=settings.browser.timeout * 1_000)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(rest.wait(), settings.browser.settle)
        html = await tab.evaluate(HTML_OF, settings.max_page_bytes // 4)
        if not isinstance(html, str):
            raise FetchError(
                f"the rendered page is larger than {settings.max_page_bytes:,} bytes",
                kind=FetchErrorKind.TOO_LARGE, where=page.final_url, hint="raise scraping.max_page_bytes",
            )  # fmt: skip
        return html.encode("utf-8", "replace")


class _Gate:
    """Decides on every request of a page: the page itself is given, the rest is asked for within limits."""

    def __init__(self, fetcher: HttpFetcher, page: Page, holder: Pass, most: int) -> None:
        self._fetcher, self._page, self._site, self._left = fetcher, page, holder.site, most
        self._holder = holder
        self._given = False
        self._tasks: set[asyncio.Future[None]] = set()

    async def __call__(self, route: Route) -> None:
        from playwright.async_api import Error

        with contextlib.suppress(Error):  # the page may be gone meanwhile
            request = route.request
            if request.is_navigation_request() and not self._given:
                self._given = True
                headers = {name: value for name, value in self._page.headers.items() if name in PASSED_ON}
                await route.fulfill(status=200, headers=headers, body=self._page.body)
            elif await self._allowed(request.url, request.resource_type, navigates=request.is_navigation_request()):
                await route.continue_()
            else:
                await route.abort("blockedbyclient")

    async def watch_redirects(self, session: CDPSession) -> None:
        """Decide on the later hops of a redirected request too: Playwright lets them all pass unseen."""
        session.on("Fetch.requestPaused", lambda event: self._soon(self._hop(session, event)))
        session.on("Fetch.authRequired", lambda event: self._soon(self._sign_in(session, event)))
        every = {"patterns": [{"urlPattern": "*", "requestStage": "Request"}], "handleAuthRequests": True}
        await session.send("Fetch.enable", every)

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _sign_in(self, session: CDPSession, event: Mapping[str, Any]) -> None:
        """Whoever watches requests is asked for the proxy's password in Playwright's place."""
        from playwright.async_api import Error

        answer: dict[str, str] = {"response": "Default"}
        if event["authChallenge"].get("source") == "Proxy":
            word = {"username": self._holder.name, "password": self._holder.word}
            answer = {"response": "ProvideCredentials", **word}
        with contextlib.suppress(Error):
            order = {"requestId": event["requestId"], "authChallengeResponse": answer}
            await session.send("Fetch.continueWithAuth", order)

    async def _hop(self, session: CDPSession, event: Mapping[str, Any]) -> None:
        from playwright.async_api import Error

        kind, url = str(event.get("resourceType", "")).lower(), event["request"]["url"]
        first = "redirectedRequestId" not in event
        with contextlib.suppress(Error):  # the page may be gone meanwhile
            if first or await self._allowed(url, kind, navigates=kind == "document"):
                await session.send("Fetch.continueRequest", {"requestId": event["requestId"]})
            else:
                refused = {"requestId": event["requestId"], "errorReason": "BlockedByClient"}
                await session.send("Fetch.failRequest", refused)

    async def _allowed(self, url: str, kind: str, *, navigates: bool) -> bool:
        self._left -= 1
        ours = self._site.match(url) if url.startswith(("http://", "https://")) else None
        if self._left < 0 or ours is None or kind in LEFT_OUT or (navigates and not ours):
            return False
        try:
            await self._fetcher.check_robots(url, self._site if ours else None)
        except (FetchError, ValueError):  # an address that Chromium reads and nobody else does
            return False
        return True


async def _watch_rest(session: CDPSession) -> asyncio.Event:
    """Is set while the page has come to rest, by its own engine's word: nothing asked for during half a second.

    Playwright's `networkidle` counts the requests that it has heard of; on a busy machine it hears of them too late.
    """
    rest = asyncio.Event()
    main = (await session.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]

    def hear(event: Mapping[str, Any]) -> None:
        if event["frameId"] == main and event["name"] == "init":
            rest.clear()
        elif event["frameId"] == main and event["name"] == "networkIdle":
            rest.set()

    session.on("Page.lifecycleEvent", hear)
    await session.send("Page.enable")
    await session.send("Page.setLifecycleEventsEnabled", {"enabled": True})
    return rest


class _LostError(FetchError):
    """The whole browser was lost while a page was in it, maybe for another page's sake."""


def _trouble(
    words: str, where: str = "", hint: str = "look at the page in a browser", made: type[FetchError] = FetchError
) -> FetchError:
    return made(words, kind=FetchErrorKind.PARSER, where=where, hint=hint)


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """Playwright has no setting for where profiles go: it takes what the environment says at the moment it starts."""
    before = os.environ.get("TMPDIR")
    if len(str(folder)) < LONGEST_PLACE:
        os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("TMPDIR", None)
        else:
            os.environ["TMPDIR"] = before


# --- processes -------------------------------------------------------------------------------------------------


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _memory(mark: str) -> int:
    return sum(_own_bytes(process) for process in _family(mark))


def _own_bytes(process: int) -> int:
    """What a process has in memory and shares with no file."""
    try:
        resident, shared = map(int, Path(f"/proc/{process}/statm").read_text().split()[1:3])
    except (OSError, ValueError):
        return 0
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


def _kill(mark: str) -> None:
    """End the browser that was started with a mark, with all its processes; nothing else."""
    for process in _family(mark) if mark else ():
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGKILL)


def _family(mark: str) -> list[int]:
    """The process with the mark on its command line, and all below it; none where the system has no /proc."""
    children: dict[int, list[int]] = {}
    found: list[int] = []
    for process, parent in _processes():
        children.setdefault(parent, []).append(process)
        with contextlib.suppress(OSError):
            if mark.encode() in Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0"):
                found.append(process)
    for process in found:
        found += [child for child in children.get(process, ()) if child not in found]
    return found


def _processes() -> Iterator[tuple[int, int]]:
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            yield int(folder.name), int((folder / "stat").read_text().rpartition(")")[2].split()[1])
