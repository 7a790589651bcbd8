"""Pages are handed to parsing processes together when these are busy, and each gets its own answer."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import UTC, datetime

import pytest

from pricewatch.domain.offer import Verdict
from pricewatch.ports import Extraction, Page
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.gathering import Gathering
from pricewatch.scraping.pool import ParserPool

pytestmark = pytest.mark.anyio


def echo(page: Page, site: SiteContext) -> Extraction:
    """Say what was read; a page that says so kills its process."""
    if page.body == b"kill":
        os.kill(os.getpid(), signal.SIGKILL)
    return Extraction(Verdict.LISTING, message=page.body.decode())


def page(body: str) -> Page:
    return Page("https://shop.pl/p", "https://shop.pl/p", 200, {}, body.encode(), datetime.now(UTC))


async def read(gathering: Gathering, *bodies: str) -> list[Extraction]:
    return await asyncio.gather(*(gathering.read(page(body), SiteContext()) for body in bodies))


async def test_every_page_gets_its_own_answer():
    """A hundred at once come back as they were asked for."""
    bodies = [f"page {n}" for n in range(100)]
    with ParserPool(1, 60.0, read=echo) as pool:
        found = await read(Gathering(pool), *bodies)
    assert [extraction.message for extraction in found] == bodies


async def test_a_page_that_kills_its_reader_costs_none_of_those_beside_it():
    """Its companions are read again, each alone; it is unreadable."""
    bodies = [*(f"page {n}" for n in range(6)), "kill", *(f"page {n}" for n in range(6))]
    with ParserPool(1, 60.0, read=echo) as pool:
        found = await read(Gathering(pool), *bodies)
    assert [extraction.verdict is Verdict.UNREADABLE for extraction in found] == [body == "kill" for body in bodies]


async def test_who_stops_waiting_keeps_nobody_else_from_an_answer():
    """A page whose crawl was broken off is left out; the others are read."""
    with ParserPool(1, 60.0, read=echo) as pool:
        gathering = Gathering(pool)
        tasks = [asyncio.create_task(gathering.read(page(f"page {n}"), SiteContext())) for n in range(20)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in found[::2])
    assert [each.message for each in found[1::2]] == [f"page {n}" for n in range(1, 20, 2)]
