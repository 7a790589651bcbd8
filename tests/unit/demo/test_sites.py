"""The rivals as web sites: what they answer, and how the traps look from outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest

from pricewatch.demo.hosting import serving
from pricewatch.demo.market import MarketPage, Trap, open_market
from pricewatch.demo.sites import Stage, site_app

OPENED = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture
def stage() -> Stage:
    return Stage(open_market(OPENED))


@contextmanager
def browsing(name: str, stage: Stage) -> Iterator[httpx.Client]:
    with serving(lambda base: site_app(name, stage, base)) as address, httpx.Client(base_url=address) as client:
        yield client


def trapped(stage: Stage, trap: Trap) -> MarketPage:
    return next(page for page in stage.market.pages if page.trap is trap)


def test_the_sitemap_lists_every_product_page(stage: Stage) -> None:
    """And robots.txt says where it is, and asks for no delay."""
    with browsing("elektroport", stage) as client:
        robots = client.get("/robots.txt").text
        sitemap = client.get("/sitemap.xml")
        pages = stage.market.of("elektroport")
        assert f"Sitemap: {client.base_url.join('/sitemap.xml')}" in robots
        assert "Crawl-delay" not in robots
        assert all(f"{page.path}</loc>" in sitemap.text for page in pages)


def test_category_pages_lead_through_all_products(stage: Stage) -> None:
    """The last page has no next one."""
    found, path = 0, "/lista"
    with browsing("majster24", stage) as client:
        while path:
            text = client.get(path).text
            found += text.count('class="card-link"')
            path = text.partition('rel="next" href="')[2].partition('"')[0]
    assert found == len(stage.market.of("majster24"))


def test_an_unchanged_page_is_answered_with_304(stage: Stage) -> None:
    """Before and after the market moved, when its asks did not."""
    later = stage.market.moved()
    page = next(p for p, q in zip(stage.market.pages, later.pages, strict=True) if p == q and not p.trap)
    with browsing(page.site, stage) as client:
        tag = client.get(page.path).headers["etag"]
        stage.show(later)
        assert client.get(page.path, headers={"if-none-match": tag}).status_code == 304


def test_a_moved_page_is_sent_again(stage: Stage) -> None:
    """Its tag differs."""
    later = stage.market.moved()
    page = next(p for p, q in zip(stage.market.pages, later.pages, strict=True) if p != q and not p.trap)
    with browsing(page.site, stage) as client:
        tag = client.get(page.path).headers["etag"]
        stage.show(later)
        assert client.get(page.path, headers={"if-none-match": tag}).status_code == 200


def test_the_captcha_page_shows_no_product(stage: Stage) -> None:
    """It answers 200 with a challenge, as the nastier ones do."""
    page = trapped(stage, Trap.CAPTCHA)
    with browsing(page.site, stage) as client:
        answer = client.get(page.path)
    assert answer.status_code == 200
    assert page.title not in answer.text
    assert "robotem" in answer.text


def test_the_hanging_page_never_answers_and_the_server_still_stops(stage: Stage) -> None:
    """The request runs into the reader's own limit."""
    page = trapped(stage, Trap.HANG)
    with browsing(page.site, stage) as client, pytest.raises(httpx.ReadTimeout):
        client.get(page.path, timeout=0.3)


def test_the_gone_page_is_there_only_in_the_first_round(stage: Stage) -> None:
    """Then it is a 404."""
    page = trapped(stage, Trap.GONE)
    with browsing(page.site, stage) as client:
        assert client.get(page.path).status_code == 200
        stage.show(stage.market.moved())
        assert client.get(page.path).status_code == 404


def test_the_wrongly_encoded_page_is_no_utf8_though_it_says_so(stage: Stage) -> None:
    """Header and meta lie."""
    page = trapped(stage, Trap.MISENCODED)
    with browsing(page.site, stage) as client:
        answer = client.get(page.path)
    assert "utf-8" in answer.headers["content-type"]
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()
    assert "zł" in answer.content.decode("cp1250")
