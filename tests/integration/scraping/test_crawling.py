"""The crawler from targets to sightings, on a real server and with the real parser."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from datetime import UTC, datetime

import pytest

from pricewatch.domain.errors import SetAside
from pricewatch.domain.offer import Availability, ItemKey, Verdict
from pricewatch.ports import Target
from pricewatch.scraping.crawl import SiteCrawler
from pricewatch.scraping.pool import ParserPool
from pricewatch.scraping.reader import fingerprint
from pricewatch.scraping.settings import ScrapingSettings

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def pool():
    with ParserPool(workers=2, timeout=60.0) as pool:
        yield pool


def product(name: str = "Wiertarka X1", price: str = "129.00", stock: str = "InStock", visible: str = "") -> bytes:
    offer = {"@type": "Offer", "price": price, "priceCurrency": "PLN", "availability": f"https://schema.org/{stock}"}
    data = {"@context": "https://schema.org", "@type": "Product", "name": name, "sku": "X1", "offers": offer}
    script = f'<script type="application/ld+json">{json.dumps(data)}</script>'
    shown = visible or f"{price.replace('.', ',')} zł"
    return f"<html><head><title>{name}</title>{script}</head><body><h1>{name}</h1><p>{shown}</p></body></html>".encode()


def crawler(lab, pool, *sites, **keys) -> SiteCrawler:
    fetcher = lab.fetcher(*sites, **keys)
    chosen = {s.name: s for s in sites or (lab.site(),)}
    settings = ScrapingSettings(evidence_days=keys.get("evidence_days", 30), **pick(keys, "deadline"))
    return SiteCrawler(chosen, settings, lab.Now(), fetcher=fetcher, pool=pool)


def pick(keys, *names):
    return {name: keys[name] for name in names if name in keys}


async def sights(crawler, server, paths, site="shop", **target):
    targets = [Target(site, server.url(path), **target) for path in paths]
    return {s.target.url.removeprefix(server.url("")): s async for s in crawler.crawl(site, targets)}


async def test_a_product_page_becomes_an_observation_with_its_evidence(lab, pool):
    """Price, stock, item and page hash arrive, and the page's source is kept under that hash."""
    async with lab.serve({"/p": lab.Answer(body=product(), headers={"etag": '"3"'})}) as server:
        url = server.url("/p")
        sighting = (await sights(crawler(lab, pool), server, ["/p"]))["/p"]
    (seen,) = sighting.observations
    assert (str(seen.offer.price), seen.offer.availability) == ("129.00 PLN", Availability.IN_STOCK)
    assert seen.offer.item.key == ItemKey("shop", url)
    assert (seen.offer.seller, seen.target, seen.quarantine) == ("shop", url, "")
    assert [(page.page_hash, page.body) for page in sighting.pages] == [(seen.evidence.page_hash, product())]
    assert (sighting.verdict, sighting.set_aside, sighting.target.etag) == (Verdict.PRODUCT, None, '"3"')
    assert sighting.target.due_at is not None
    assert sighting.target.due_at > datetime.now(UTC)


async def test_every_target_ends_as_one_sighting_whatever_happens(lab, pool):
    """Gone, blocked, refused, late, unreadable and hostile pages are sightings with a reason beside the good one."""

    async def silent(writer) -> None:
        await asyncio.sleep(60)

    routes = {
        "/robots.txt": lab.Answer(body=b"User-agent: *\nDisallow: /closed"),
        "/good": lab.Answer(body=product()),
        "/blocked": lab.Answer(403, b"<title>Access denied</title>"),
        "/hostile": lab.Answer(body=b"<div>" * 40_000),
        "/binary": lab.Answer(body=bytes(range(256)) * 50, headers={"content-type": "image/png"}),
        "/error": lab.Answer(500),
        "/silent": lab.Answer(write=silent),
        "/torn": lab.Answer(raw=b"HTTP/1.1 200 X\r\nContent-Length: 99\r\n\r\n<h1>"),
        "/bomb": lab.Answer(body=gzip.compress(bytes(3_000_000)), headers={"content-encoding": "gzip"}),
        "/empty": lab.Answer(body=b""),
    }
    paths = [*list(routes)[1:], "/gone", "/closed"]
    async with lab.serve(routes) as server:
        found = await sights(
            crawler(lab, pool, retries=0, read_timeout=2, max_page_bytes=1_000_000, block_limit=9), server, paths
        )
    assert {path: s.verdict for path, s in found.items()} == {
        "/good": Verdict.PRODUCT,
        "/blocked": Verdict.BLOCKED,
        "/hostile": Verdict.UNREADABLE,
        "/binary": Verdict.UNREADABLE,
        "/error": None,
        "/silent": None,
        "/torn": None,
        "/bomb": None,
        "/empty": Verdict.UNREADABLE,
        "/gone": Verdict.GONE,
        "/closed": None,
    }
    assert [path for path, s in found.items() if s.set_aside is None] == ["/good"]
    bad = [s.target for path, s in found.items() if path != "/good"]
    assert all(target.failures == 1 and target.message and target.due_at for target in bad)


async def test_an_unchanged_page_says_so(lab, pool):
    """304 is a sighting without observations that keeps what is known of the target."""
    async with lab.serve({"/p": lab.Answer(304, b"")}) as server:
        known = {"etag": '"3"', "verdict": Verdict.PRODUCT, "reader": fingerprint(lab.site())}
        found = await sights(crawler(lab, pool), server, ["/p"], **known)
    sighting = found["/p"]
    assert (sighting.not_modified, sighting.verdict, sighting.set_aside) == (True, Verdict.PRODUCT, None)
    assert sighting.target.etag == '"3"'


async def test_a_page_that_another_definition_read_is_not_asked_for_changes_only(lab, pool):
    """After the definition changed, the whole page is asked for again; with the same one only its changes."""
    routes = {"/p": lambda r: lab.Answer(304, b"") if r.headers.get("if-none-match") else lab.Answer(body=product())}
    async with lab.serve(routes) as server:
        first = (await sights(crawler(lab, pool), server, ["/p"], etag='"3"', verdict=Verdict.PRODUCT))["/p"]
        known = {"etag": '"3"', "verdict": Verdict.PRODUCT, "reader": first.target.reader}
        same = (await sights(crawler(lab, pool), server, ["/p"], **known))["/p"]
        changed = lab.site(read={"prices": {"regular": ["p"]}})
        other = (await sights(crawler(lab, pool, changed), server, ["/p"], **known))["/p"]
    assert [s.not_modified for s in (first, same, other)] == [False, True, False]
    assert first.target.reader == same.target.reader != other.target.reader


async def test_a_challenge_that_says_200_pauses_its_host(lab, pool):
    """Challenge pages in a row count as refusals: the rest of the site is left alone and reported."""
    challenge = b"<title>Just a moment...</title><div id=cf-challenge>Checking your browser</div>"
    async with lab.serve({f"/{n}": lab.Answer(body=challenge) for n in range(12)}) as server:
        shop = lab.site(crawl={"concurrency": 1})
        found = await sights(crawler(lab, pool, shop, block_limit=3), server, [f"/{n}" for n in range(12)])
    asked = {r.path for r in server.log} - {"/robots.txt"}
    assert 3 <= len(asked) < 12
    assert {path for path, s in found.items() if s.verdict is Verdict.BLOCKED} == asked
    spared = [s for path, s in found.items() if path not in asked]
    assert all("left alone" in s.set_aside.reason for s in spared)
    assert all((s.verdict, s.target.failures, s.target.due_at) == (None, 0, None) for s in spared)


async def test_what_time_does_not_allow_stays_due(lab, pool):
    """At the deadline the remaining targets come back untouched and set aside."""
    async with lab.serve({f"/{n}": lab.Answer(body=product()) for n in range(9)}) as server:
        shop = lab.site(crawl={"delay": 0.2, "concurrency": 1})
        found = await sights(crawler(lab, pool, shop, deadline=0.5), server, [f"/{n}" for n in range(9)])
    late = [s for s in found.values() if s.set_aside]
    assert len(found) == 9
    assert late
    assert all(s.verdict is None and "out of time" in s.set_aside.reason and s.target.failures == 0 for s in late)


async def test_a_target_off_the_site_is_not_asked_for(lab, pool):
    """A definition whose domains changed leaves its old targets alone."""
    async with lab.serve() as server:
        found = [s async for s in crawler(lab, pool).crawl("shop", [Target("shop", "https://elsewhere.example/p")])]
    assert "domains" in found[0].set_aside.reason
    assert not server.log


async def test_a_crawl_that_is_broken_off_stops_asking(lab, pool):
    """Closing the iteration cancels what is under way and lets the connections go."""
    async with lab.serve({f"/{n}": lab.Answer(body=product()) for n in range(50)}) as server:
        shop = lab.site(crawl={"delay": 0.05, "concurrency": 1})
        running = crawler(lab, pool, shop).crawl("shop", [Target("shop", server.url(f"/{n}")) for n in range(50)])
        await anext(running)
        await running.aclose()
        await asyncio.sleep(0.1)  # what was on the wire arrives
        asked = len(server.log)
        await asyncio.sleep(0.3)
        assert len(server.log) == asked
        assert asked < 20


def listing(*hrefs: str, more: str = "") -> bytes:
    links = "".join(f'<a class="p" href="{href}">x</a>' for href in hrefs)
    return f'<html><a href="/about">about</a>{links}<a class="next" href="{more}">next</a></html>'.encode()


async def found_of(crawler, site="shop"):
    found = await crawler.discover(site)
    return [f.url for f in found if isinstance(f, Target)], [f for f in found if isinstance(f, SetAside)]


async def test_listing_pages_are_followed_to_their_products(lab, pool):
    """Product links by selector, page after page, each product once, in a circle only once round."""
    async with lab.serve() as server:
        server.routes |= {
            "/c": lab.Answer(body=listing("/p/1", "/p/2?utm_source=c", more="/c?page=2")),
            "/c?page=2": lab.Answer(body=listing("/p/2", "https://elsewhere.example/p/9", "/p/3", more="/c")),
        }
        shop = lab.site(crawl={"start": [server.url("/c")], "product_selector": "a.p", "next_selector": "a.next"})
        targets, aside = await found_of(crawler(lab, pool, shop))
        assert targets == [server.url("/p/1"), server.url("/p/2?utm_source=c"), server.url("/p/3")]
        assert aside == []
        assert len(server.asked("/c")) == 1


async def test_product_links_are_known_by_their_pattern(lab, pool):
    """Without a selector every link that fits a pattern is a product; exclusions are left out."""
    async with lab.serve() as server:
        server.routes["/c"] = lab.Answer(body=listing("/p/1.html", "/p/2", "/p/3.html"))
        rules = {"start": [server.url("/c")], "product_links": ["/p/*.html"], "exclude": ["*/3.html"]}
        targets, _ = await found_of(crawler(lab, pool, lab.site(crawl=rules)))
        assert targets == [server.url("/p/1.html")]


async def test_sitemaps_named_by_robots_are_walked(lab, pool):
    """An index, a gzipped sitemap and a plain list are all read; foreign addresses are left out."""

    def xml(tag: str, *urls: str) -> bytes:
        inner = "".join(f"<{tag}><loc>{url}</loc></{tag}>" for url in urls)
        return f'<?xml version="1.0"?><x xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{inner}</x>'.encode()

    async with lab.serve() as server:
        u = server.url
        server.routes |= {
            "/robots.txt": lab.Answer(
                body=f"Sitemap: {u('/index.xml')}\nSitemap: https://other.example/s.xml".encode()
            ),
            "/index.xml": lab.Answer(body=xml("sitemap", u("/a.xml.gz"), u("/b.txt"), u("/index.xml"))),
            "/a.xml.gz": lab.Answer(
                body=gzip.compress(xml("url", u("/p/1"), u("/about"), "https://other.example/p/2"))
            ),
            "/b.txt": lab.Answer(body=f"{u('/p/3')}\n".encode(), headers={"content-type": "text/plain"}),
        }
        domains = [f"127.0.0.1:{server.port}"]
        rules = {"sitemaps": ["robots.txt"], "product_links": ["/p/*"], "targets": [{"url": u("/p/0"), "sku": "A"}]}
        shop = lab.site(domains=domains, crawl=rules)
        found = await crawler(lab, pool, shop).discover("shop")
        assert found == (Target("shop", u("/p/0"), "A"), Target("shop", u("/p/1")), Target("shop", u("/p/3")))


async def test_robots_of_a_site_without_https_is_found_by_http(lab, pool):
    """A site of which only the domain is known: its robots.txt and sitemap are read by the scheme that it speaks."""
    async with lab.serve() as server:
        u = server.url
        stamp = "<lastmod>2026-03-01</lastmod>"
        server.routes |= {
            "/robots.txt": lab.Answer(body=f"Sitemap: {u('/s.xml')}".encode()),
            "/s.xml": lab.Answer(body=f"<urlset><url><loc>{u('/p/1')}</loc>{stamp}</url></urlset>".encode()),
        }
        shop = lab.site(domains=[f"127.0.0.1:{server.port}"], crawl={"sitemaps": ["robots.txt"]})
        found = await crawler(lab, pool, shop, retries=0).discover("shop")
        assert found == (Target("shop", u("/p/1"), changed_at=datetime(2026, 3, 1, tzinfo=UTC)),)


@pytest.mark.parametrize(
    "body",
    [
        b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><urlset><url><loc>&a;</loc></url></urlset>",
        b"<urlset><url><loc>http://x",
        b"\x00\x01nonsense",
        gzip.compress(bytes(3_000_000)),
    ],
)
async def test_a_bad_sitemap_is_set_aside(lab, pool, body):
    """Entities, torn XML, garbage and bombs cost the sitemap, not the site."""
    async with lab.serve({"/s.xml": lab.Answer(body=body)}) as server:
        rules = {"sitemaps": [server.url("/s.xml")], "targets": [server.url("/p")]}
        fetcher = lab.fetcher(lab.site(crawl=rules), max_page_bytes=1_000_000)
        settings = ScrapingSettings(max_page_bytes=1_000_000)
        c = SiteCrawler({"shop": lab.site(crawl=rules)}, settings, lab.Now(), fetcher=fetcher, pool=pool)
        targets, aside = await found_of(c)
    assert targets == [server.url("/p")]
    assert [a.item for a in aside] == [server.url("/s.xml")]


async def test_a_listing_that_would_hang_the_parser_is_set_aside(lab, pool):
    """Nesting without end is turned away before it is parsed, and said."""
    async with lab.serve({"/c": lab.Answer(body=b"<div>" * 40_000)}) as server:
        rules = {"start": [server.url("/c")], "product_links": ["/p/*"]}
        _, aside = await found_of(crawler(lab, pool, lab.site(crawl=rules)))
    assert "nested deeper" in aside[0].reason


class Busy(ParserPool):
    """Parsing processes in which nothing that is read ever comes to its end."""

    async def run(self, function, *args):
        return await super().run(time.sleep, 1_000_000)


async def test_a_listing_that_hangs_the_parser_is_set_aside(lab):
    """What keeps a parser busy ends at its timeout, and costs that listing only."""
    async with lab.serve({"/c": lab.Answer(body=listing("/p/1"))}) as server:
        rules = {"start": [server.url("/c")], "product_links": ["/p/*"], "targets": [server.url("/p/0")]}
        with Busy(1, 0.5) as pool:
            targets, aside = await found_of(crawler(lab, pool, lab.site(crawl=rules)))
    assert targets == [server.url("/p/0")]
    assert "busy" in aside[0].reason


async def test_discovery_keeps_to_its_limits(lab, pool):
    """Listing pages and targets end at the site's limits, and it says so."""
    async with lab.serve() as server:
        for n in range(9):
            server.routes[f"/c{n}"] = lab.Answer(body=listing(f"/p/{n}a", f"/p/{n}b", more=f"/c{n + 1}"))
        rules = {"start": [server.url("/c0")], "product_selector": "a.p", "next_selector": "a.next"}
        pages = await found_of(crawler(lab, pool, lab.site(crawl=rules | {"max_pages": 3})))
        products = await found_of(crawler(lab, pool, lab.site(crawl=rules | {"max_targets": 5})))
    assert (len(pages[0]), len(pages[1])) == (6, 1)
    assert (len(products[0]), len(products[1])) == (5, 1)


async def test_a_missing_listing_is_set_aside(lab, pool):
    """A start page that is gone does not go unnoticed."""
    async with lab.serve() as server:
        _, aside = await found_of(crawler(lab, pool, lab.site(crawl={"start": [server.url("/c")]})))
    assert "404" in aside[0].reason
