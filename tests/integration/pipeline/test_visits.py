"""The plan of readings, on a real database: what is read first, what waits, and why."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from pricewatch.domain.errors import SetAside
from pricewatch.pipeline.match import match
from pricewatch.pipeline.scrape import crawl_plan, scrape
from pricewatch.ports import HostRecord

E1, E2, E3, E4 = "5901234123457", "5907170001965", "5907170031566", "5907170051915"
HOST = "alfa.example:443"


def url(gtin: str) -> str:
    return f"https://alfa.example/{gtin}"


@pytest.fixture
def alfa(bench, rivals):
    """The bench with one site of four pages that are read twice a day on average."""
    for gtin in (E1, E2, E3, E4):
        rivals.ask("alfa", gtin, "300.00")

    def changed(**keys):
        site = replace(bench.sites["alfa"], revisit=43_200.0, **keys)
        return replace(bench, sites=MappingProxyType({"alfa": site}))

    return changed


def visits(bench):
    (plan,) = crawl_plan(bench)
    return {visit.target.url: visit for visit in plan.visits}


def live(bench, rivals, clock, days: int, gtin: str) -> None:
    """Let days go by in which one page has another price every time it is read."""
    for day in range(days * 2):
        rivals.ask("alfa", gtin, f"{300 + day % 7}.00")
        asyncio.run(scrape(bench))
        clock.advance(hours=12)


def test_a_page_that_changes_is_read_more_often_than_one_that_does_not(alfa, rivals, clock) -> None:
    """After a week of changes on one page the plan gives it the readings that the quiet ones can do without."""
    bench = alfa()
    live(bench, rivals, clock, 7, E1)
    found = visits(bench)
    assert found[url(E1)].every < 0.6 * found[url(E2)].every
    assert found[url(E2)].every <= 86_400.0
    assert any("changes in 30 days" in reason for reason in found[url(E1)].reasons)
    assert sum(86_400 / visit.every for visit in found.values()) <= 8.01


def test_key_items_and_close_rivals_come_before_the_rest(alfa, bench, rivals) -> None:
    """A page that shows a key item is worth most, then one near our price; what is not matched is worth least."""
    rivals.ask("alfa", E2, "117.00")
    product = bench.store.catalogue.get("S-1")
    bench.store.catalogue.save([replace(product, kvi=True)], at=bench.clock.now(), group=bench.groups[0])
    bench = alfa()
    asyncio.run(scrape(bench))
    match(bench)
    found = visits(bench)
    assert found[url(E1)].every < found[url(E2)].every < found[url(E3)].every
    assert "key item" in found[url(E1)].reasons
    assert "close to our price" in found[url(E2)].reasons


def test_the_day_s_budget_of_a_host_is_kept_and_said(alfa, rivals) -> None:
    """With one request left today one page is read, the most pressing; the others stay due, and it is said once."""
    bench = alfa(daily_budget=10)
    day = f"{bench.clock.now():%Y-%m-%d}"
    bench.store.hosts.save([HostRecord(HOST, "alfa", day=day, asked=9)])
    report = asyncio.run(scrape(bench))
    assert len(rivals.crawled) == 1
    assert report.counts["pages_held"] == 3
    (told,) = report.set_aside
    assert "10 requests a day" in told.reason


def test_a_paused_host_is_not_asked_and_its_pages_stay_due(alfa, rivals, clock) -> None:
    """Nothing of it is read until the pause ends; then all of it is."""
    bench, until = alfa(), clock.now() + timedelta(hours=2)
    bench.store.hosts.save([HostRecord(HOST, "alfa", paused_until=until, reason="refuses us")])
    report = asyncio.run(scrape(bench, due_only=True))
    assert rivals.crawled == []
    (told,) = report.set_aside
    assert "refuses us: left alone until" in told.reason
    clock.advance(hours=3)
    asyncio.run(scrape(bench, due_only=True))
    assert len(rivals.crawled) == 4


def test_nothing_is_due_before_its_time(alfa, rivals, clock) -> None:
    """What was just read waits; within the longest time everything is read again."""
    bench = alfa()
    asyncio.run(scrape(bench, due_only=True))
    asyncio.run(scrape(bench, due_only=True))
    assert len(rivals.crawled) == 4
    for _ in range(24):
        clock.advance(hours=1)
        asyncio.run(scrape(bench, due_only=True))
    assert all(rivals.crawled.count(url(gtin)) >= 2 for gtin in (E1, E2, E3, E4))


def test_looking_at_the_plan_asks_nobody(alfa, rivals) -> None:
    """A dry run reads the database only."""
    rivals.shown["alfa", url(E4)] = SetAside("scrape", url(E4), "torn")
    crawl_plan(alfa())
    assert rivals.crawled == []
