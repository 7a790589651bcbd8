"""A site is asked for a product: straight to it, by a list of links, in vain, or refused; politely each time."""

from __future__ import annotations

import json

import pytest

from pricewatch.domain.errors import SetAside
from pricewatch.domain.money import TaxRate
from pricewatch.domain.product import Product
from pricewatch.ports import Lead
from pricewatch.scraping.crawl import SiteCrawler
from pricewatch.scraping.pool import ParserPool
from pricewatch.scraping.settings import ScrapingSettings

pytestmark = pytest.mark.anyio
GTIN = "5901234123457"
DRILL = Product("D-1", "Wiertarka Boren", TaxRate(2300), brand="Boren & Co", mpn="GSB/13", gtin=GTIN)


@pytest.fixture(scope="module")
def pool():
    with ParserPool(workers=1, timeout=60.0) as pool:
        yield pool


def product_page(name: str) -> bytes:
    offer = {"@type": "Offer", "price": "129.00", "priceCurrency": "PLN", "availability": "https://schema.org/InStock"}
    data = {"@context": "https://schema.org", "@type": "Product", "name": name, "offers": offer}
    script = f'<script type="application/ld+json">{json.dumps(data)}</script>'
    return f"<html><head>{script}</head><body><h1>{name}</h1><p>129,00 zł</p></body></html>".encode()


LIST = b"""<html><body><a href="/p/1">One</a><a href="/about">About</a><a href="/p/2?utm_source=x">Two</a>
<a href="https://elsewhere.example/p/3">Away</a><a href="/p/hidden">Hidden</a></body></html>"""


def crawler(lab, pool, server, **more) -> SiteCrawler:
    search = {"gtin": server.url("/s?ean={gtin}"), "mpn": server.url("/s?b={brand}&m={mpn}")}
    crawl = {"product_links": ["/p/*", "https://elsewhere.example/*"], "exclude": ["/p/hidden"]}
    site = lab.site(kind="comparison", search=search, crawl=crawl, **more)
    settings = ScrapingSettings()
    return SiteCrawler({"shop": site}, settings, lab.Now(), fetcher=lab.fetcher(site), pool=pool)


async def answers(lab, pool, routes, *paths) -> tuple[list[object], list[str]]:
    async with lab.serve(routes) as server:
        asked = [server.url(path) for path in paths]
        found = [answer async for _, answer in crawler(lab, pool, server).search("shop", asked)]
        log = [request.path for request in server.log]
        shown = [
            answer if isinstance(answer, SetAside) else
            [Lead(lead.url.removeprefix(server.url("")), lead.title) for lead in answer]
            for answer in found
        ]  # fmt: skip
    return shown, log


async def test_a_site_that_leads_straight_to_the_product_names_that_page(lab, pool):
    """After a redirect the address is where it ended."""
    routes = {
        "/s?ean=1": lab.Answer(302, headers={"location": "/p/boren"}),
        "/p/boren": lab.Answer(body=product_page("Wiertarka Boren")),
    }
    shown, _ = await answers(lab, pool, routes, "/s?ean=1")
    assert shown == [[Lead("/p/boren", "Wiertarka Boren")]]


async def test_a_list_names_its_product_links_on_the_site_that_are_not_excluded(lab, pool):
    """By the site's own patterns, in the list's order."""
    shown, _ = await answers(lab, pool, {"/s?ean=1": lab.Answer(body=LIST)}, "/s?ean=1")
    assert [lead.url for lead in shown[0]] == ["/p/1", "/p/2?utm_source=x"]


async def test_a_search_in_vain_names_nothing(lab, pool):
    """Also where the site answers 404 to say so."""
    routes = {"/s?ean=1": lab.Answer(body=b"<html><body><p>Brak produkt\xc3\xb3w</p></body></html>")}
    shown, _ = await answers(lab, pool, routes, "/s?ean=1", "/s?ean=2")
    assert shown == [[], []]


async def test_a_refusal_is_set_aside(lab, pool):
    """With what the host answered, and no exception."""
    routes = {"/s?ean=1": lab.Answer(403, b"<title>Access denied</title>"), "/s?ean=2": lab.Answer(500, b"")}
    shown, _ = await answers(lab, pool, routes, "/s?ean=1", "/s?ean=2")
    assert all(isinstance(answer, SetAside) for answer in shown)


async def test_what_robots_txt_forbids_is_not_asked(lab, pool):
    """A search page is a page like any other."""
    routes = {"/robots.txt": lab.Answer(body=b"User-agent: *\nDisallow: /s"), "/s?ean=1": lab.Answer(body=LIST)}
    shown, log = await answers(lab, pool, routes, "/s?ean=1")
    assert isinstance(shown[0], SetAside)
    assert log == ["/robots.txt"]


async def test_a_product_is_asked_for_by_gtin_and_else_by_brand_and_part_number(lab, pool):
    """Escaped as an address needs it; nothing where neither is known."""
    async with lab.serve() as server:
        reader = crawler(lab, pool, server)
        assert reader.search_address("shop", DRILL) == server.url(f"/s?ean={GTIN}")
        nameless = Product("D-2", "Wiertarka", TaxRate(2300), brand="Boren & Co", mpn="GSB/13")
        assert reader.search_address("shop", nameless) == server.url("/s?b=Boren%20%26%20Co&m=GSB%2F13")
        assert reader.search_address("shop", Product("D-3", "Wiertarka", TaxRate(2300))) == ""
