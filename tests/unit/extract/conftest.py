"""Pieces of pages, and reading them, as the tests of this room need it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from pricewatch.ports import Extraction, Page
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.extract.page import extract_page, read_page
from pricewatch.scraping.extract.reading import Reading

SHOP = "https://shop.example/p/kettle"
Read = Callable[..., Reading]


def page_of(
    html: str | bytes,
    *,
    url: str = SHOP,
    final_url: str = "",
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Page:
    body = html.encode() if isinstance(html, str) else html
    return Page(url, final_url or url, status, headers or {}, body, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture(scope="session")
def read() -> Read:
    """Read a page in full: `read(html, site, url=…, status=…)`."""

    def reading(html: str | bytes, site: SiteContext | None = None, **page: object) -> Reading:
        return read_page(page_of(html, **page), site or SiteContext())  # type: ignore[arg-type]

    return reading


@pytest.fixture(scope="session")
def extract() -> Callable[..., Extraction]:
    """Read a page as the crawler does."""

    def extraction(html: str | bytes, site: SiteContext | None = None, **page: object) -> Extraction:
        return extract_page(page_of(html, **page), site or SiteContext())  # type: ignore[arg-type]

    return extraction


@pytest.fixture(scope="session")
def shop_page() -> Callable[..., str]:
    """A product page with a title, a frame and some text around what the test is about."""

    def page(
        inside: str, *, head: str = "", lang: str = "pl", title: str = "Kettle Steel 1.7", behind: str = ""
    ) -> str:
        return f"""<!doctype html><html lang="{lang}"><head><title>{title} | Shop</title>{head}</head><body>
        <header class="site-header"><nav><a href="/">Start</a><a href="/cart" class="cart-link">Cart 0,00 zł</a></nav>
        </header><main><h1>{title}</h1>{inside}<p>It boils water quickly, and switches itself off.</p></main>{behind}
        <footer class="footer"><p>Free delivery from 199,00 zł</p></footer></body></html>"""

    return page


@pytest.fixture(scope="session")
def json_ld() -> Callable[[str], str]:
    """A JSON-LD block."""
    return '<script type="application/ld+json">{}</script>'.format
