"""Pages that only scripts complete, in the Chromium of this machine; skipped where there is none."""

from __future__ import annotations

import asyncio
import json
import os

import pytest

from pricewatch.domain.offer import Verdict
from pricewatch.ports import Target
from pricewatch.scraping.browser import Renderer, _family, _Gate, what_is_missing
from pricewatch.scraping.crawl import SiteCrawler
from pricewatch.scraping.pool import ParserPool
from pricewatch.scraping.settings import BrowserSettings, ScrapingSettings

MISSING = what_is_missing(BrowserSettings())
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(bool(MISSING), reason=f"no browser here: {MISSING}"),
]


@pytest.fixture(scope="module")
def pool():
    with ParserPool(workers=1, timeout=60.0) as pool:
        yield pool


def page(script: str, head: str = "") -> bytes:
    body = f"<body><h1>Drill X1</h1><script>{script}</script></body>"
    return f"<html><head><title>Drill X1</title>{head}</head>{body}</html>".encode()


PRODUCT = {"@context": "https://schema.org", "@type": "Product", "name": "Drill X1"}
OFFER = {"@type": "Offer", "price": "129.00", "priceCurrency": "PLN", "availability": "https://schema.org/InStock"}
SHOW = """fetch('/api/price').then(r => r.json()).then(data => {
  const tag = document.createElement('script'); tag.type = 'application/ld+json';
  tag.textContent = JSON.stringify(data); document.head.appendChild(tag); });"""
RESTLESS = "setInterval(() => fetch('/api/price'), 200);"  # never at rest, so it is waited for
HOG = "const all = []; try { for (;;) all.push(new Uint8Array(50e6).fill(7)); } catch { for (;;); }"
API = json.dumps({**PRODUCT, "offers": OFFER}).encode()


def shop(lab, pool, server, resolver=None, browser=None, **keys) -> tuple[SiteCrawler, Renderer]:
    """A crawler whose site is this very server; everything else on loopback is a stranger."""
    domains = [f"127.0.0.1:{server.port}", f"shop.example:{server.port}"]
    site = lab.site(**{"domains": domains, "render": "auto", **keys})
    limits = {"sandbox": os.geteuid() != 0, "timeout": 60, "settle": 40, **(browser or {})}
    settings = ScrapingSettings.model_validate({"user_agent": "pricewatch/9", "browser": limits})
    fetcher = lab.fetcher(site, resolver=resolver)
    renderer = Renderer(settings, fetcher, resolver=lambda: resolver)
    crawler = SiteCrawler({"shop": site}, settings, lab.Now(), fetcher=fetcher, pool=pool, renderer=renderer)
    return crawler, renderer


async def sights(crawler, *urls):
    return [sighting async for sighting in crawler.crawl("shop", [Target("shop", url) for url in urls])]


async def test_a_price_that_a_script_brings_is_read(lab, pool):
    """The page is fetched once, its data under our name, and the pictures not at all."""
    routes = {
        "/p": lab.Answer(body=page(SHOW + "new Image().src = '/picture.png';")),
        "/api/price": lab.Answer(body=API),
    }
    async with lab.serve(routes) as server:
        (sighting,) = await sights(shop(lab, pool, server)[0], server.url("/p"))
    assert sighting.verdict is Verdict.PRODUCT
    assert str(sighting.observations[0].offer.price) == "129.00 PLN"
    assert [len(server.asked(path)) for path in ("/p", "/api/price", "/picture.png")] == [1, 1, 0]
    assert server.asked("/api/price")[0].headers["user-agent"].startswith("pricewatch/9")


async def test_a_page_that_plain_reading_understands_starts_no_browser(lab, pool):
    """`auto` renders only what shows nothing."""
    data = f'<script type="application/ld+json">{API.decode()}</script>'
    async with lab.serve({"/p": lab.Answer(body=page("fetch('/api/price')", data))}) as server:
        (sighting,) = await sights(shop(lab, pool, server)[0], server.url("/p"))
    assert sighting.observations
    assert not server.asked("/api/price")


async def test_robots_txt_holds_for_what_scripts_ask_for(lab, pool):
    """A path that robots.txt forbids is not fetched by a page either."""
    robots = lab.Answer(body=b"User-agent: *\nDisallow: /api")
    routes = {"/p": lab.Answer(body=page(SHOW)), "/api/price": lab.Answer(body=API), "/robots.txt": robots}
    async with lab.serve(routes) as server:
        (sighting,) = await sights(shop(lab, pool, server)[0], server.url("/p"))
    assert sighting.verdict is Verdict.NONE
    assert not server.asked("/api/price")


async def test_robots_txt_holds_for_where_a_script_is_led(lab, pool):
    """Every hop of a redirect is looked up, not only the address that the page names; open hops are followed."""
    robots = lab.Answer(body=b"User-agent: *\nDisallow: /closed")
    routes = {
        "/robots.txt": robots,
        "/p": lab.Answer(body=page("fetch('/closing').catch(() => 0);" + SHOW)),
        "/closing": lab.Answer(302, headers={"location": "/open"}),
        "/open": lab.Answer(302, headers={"location": "/closed/price"}),
        "/api/price": lab.Answer(302, headers={"location": "/api/v2"}),
        "/api/v2": lab.Answer(body=API),
    }
    async with lab.serve(routes) as server:
        (sighting,) = await sights(shop(lab, pool, server)[0], server.url("/p"))
    assert [len(server.asked(path)) for path in ("/closing", "/open", "/closed/price")] == [1, 1, 0]
    assert str(sighting.observations[0].offer.price) == "129.00 PLN"


async def test_no_request_of_a_page_reaches_a_private_address(lab, pool):
    """By name, number, redirect, frame, WebSocket, worker, form or leaving the page: another server is never asked."""
    async with lab.serve() as secret, lab.serve() as server:
        inside, named = f"http://127.0.0.1:{secret.port}", f"http://rebound.example:{secret.port}"
        attack = f"""
          const post = {{method: 'POST', mode: 'no-cors', body: 'x'}};
          for (const url of ['{inside}/fetch', '{named}/name', 'http://localhost:{secret.port}/local',
                             'http://[::1]:{secret.port}/six', '/away']) fetch(url, post).catch(() => 0);
          new WebSocket('ws://127.0.0.1:{secret.port}/socket');
          const blob = new Blob(["fetch('{inside}/worker'); new WebSocket('ws://127.0.0.1:{secret.port}/ws2')"]);
          new Worker(URL.createObjectURL(blob));
          const frame = document.createElement('iframe'); frame.src = '{inside}/frame'; document.body.append(frame);
          const script = document.createElement('script'); script.src = '{inside}/script'; document.body.append(script);
          navigator.sendBeacon('{inside}/beacon');
          setTimeout(() => location.href = '{inside}/left', 500);"""
        server.routes["/p"] = lab.Answer(body=page(attack))
        server.routes["/away"] = lab.Answer(307, headers={"location": f"{inside}/redirected"})
        names = lab.Everywhere()
        crawler, _ = shop(lab, pool, server, resolver=names, crawl={"respect_robots": False})
        await sights(crawler, server.url("/p"))
        assert server.asked("/away")
        assert secret.connections == 0


async def test_a_script_that_never_ends_costs_its_page_only(lab, pool):
    """The time is up, the page is set aside, and the next one is read."""
    routes = {
        "/endless": lab.Answer(body=page("while (true) {}")),
        "/p": lab.Answer(body=page(SHOW)),
        "/api/price": lab.Answer(body=API),
    }
    async with lab.serve(routes) as server:
        crawler, renderer = shop(lab, pool, server, browser={"timeout": 30, "settle": 29})
        async with renderer.opened():
            (endless,) = await sights(crawler, server.url("/endless"))
            mark = renderer._mark
            (good,) = await sights(crawler, server.url("/p"))
    assert "30 s" in endless.set_aside.reason
    assert good.observations
    assert not _family(mark)


async def test_a_page_that_takes_all_memory_is_ended(lab, pool):
    """The browser is killed and started anew for the next page, before it knows itself that it is gone."""
    routes = {"/hog": lab.Answer(body=page(HOG)), "/p": lab.Answer(body=page(SHOW)), "/api/price": lab.Answer(body=API)}
    async with lab.serve(routes) as server:
        crawler, renderer = shop(lab, pool, server, browser={"max_memory": 900_000_000})
        async with renderer.opened():
            (ended,) = await sights(crawler, server.url("/hog"))
            (good,) = await sights(crawler, server.url("/p"))
    assert "closed" in ended.set_aside.reason
    assert good.observations


async def test_a_page_that_loses_its_browser_to_another_is_read_again(lab, pool):
    """The one that takes all memory is set aside; the one that was beside it is read in a new browser."""
    routes = {
        "/hog": lab.Answer(body=page(HOG)),
        "/p": lab.Answer(body=page(SHOW + RESTLESS)),
        "/api/price": lab.Answer(body=API),
    }
    limits = {"max_memory": 900_000_000, "settle": 10, "requests": 2_000}
    async with lab.serve(routes) as server:
        crawler, renderer = shop(lab, pool, server, browser=limits, crawl={"concurrency": 2})
        async with renderer.opened():
            found = {sighting.target.url: sighting async for sighting in crawler.crawl(
                "shop", [Target("shop", server.url(path)) for path in ("/p", "/hog")]
            )}  # fmt: skip
    assert "closed" in found[server.url("/hog")].set_aside.reason
    assert found[server.url("/p")].observations


async def test_a_cancelled_crawl_leaves_no_browser_behind(lab, pool):
    """Ctrl-C in the middle of a page ends every process of the browser."""
    async with lab.serve({"/p": lab.Answer(body=page("while (true) {}"))}) as server:
        crawler, renderer = shop(lab, pool, server)
        task = asyncio.create_task(sights(crawler, server.url("/p")))
        for _ in range(600):
            if renderer._mark and _family(renderer._mark):
                break
            await asyncio.sleep(0.1)
        running = _family(renderer._mark)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert running
    assert not _family(renderer._mark)


async def test_without_a_chromium_the_page_says_what_to_install(lab, pool):
    """The target is set aside, and the rest of the crawl goes on."""
    async with lab.serve({"/p": lab.Answer(body=page(SHOW))}) as server:
        crawler, _ = shop(lab, pool, server, browser={"path": "/nowhere/chromium"})
        (sighting,) = await sights(crawler, server.url("/p"))
    assert "browser" in sighting.set_aside.reason
    assert "/nowhere/chromium" in sighting.set_aside.hint


async def test_a_page_is_waited_for_however_late_the_program_hears_of_it(lab, pool, monkeypatch):
    """What a page asks for counts as asked for before a busy program has come to look at it."""
    hop = _Gate._hop

    async def late(*args) -> None:
        await asyncio.sleep(3)
        await hop(*args)

    monkeypatch.setattr(_Gate, "_hop", late)
    routes = {"/p": lab.Answer(body=page(SHOW)), "/api/price": lab.Answer(body=API)}
    async with lab.serve(routes) as server:
        (sighting,) = await sights(shop(lab, pool, server)[0], server.url("/p"))
    assert sighting.observations
