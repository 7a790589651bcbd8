"""The shop without a net behaves like a shop."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import httpx

from pricewatch.ports import Target
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.extract.page import extract_page
from pricewatch.testing import FakeShop, FixedClock

CLOCK = FixedClock(datetime(2026, 3, 1, tzinfo=UTC))
PAGE = """<html><body><h1>Kettle</h1><script type="application/ld+json">
{"@type": "Product", "name": "Kettle", "offers": {"price": "129.00", "priceCurrency": "PLN"}}</script></body></html>"""


def test_a_page_is_fetched_through_the_port_and_read() -> None:
    """What a plug-in author writes in a test: a page in, an offer out."""
    shop = FakeShop(CLOCK, {"/kettle": PAGE})
    page = asyncio.run(shop.fetch(Target("shop", "https://shop.example/kettle")))
    (found,) = extract_page(page, SiteContext()).findings
    assert str(found.offer.price) == "129.00 PLN"
    assert (page.fetched_at, shop.asked) == (CLOCK.now(), ["GET /kettle"])


def test_what_it_does_not_have_is_404() -> None:
    """An unknown path is an answer, not an exception."""

    async def ask() -> int:
        async with httpx.AsyncClient(transport=FakeShop(CLOCK).transport) as client:
            return (await client.get("https://shop.example/nothing")).status_code

    assert asyncio.run(ask()) == 404
