"""What hosts' answers taught us outlives the process that learnt it: each fetcher here is a new one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pricewatch.domain.errors import FetchError, FetchErrorKind
from pricewatch.ports import Target
from pricewatch.testing import MemoryStore

pytestmark = pytest.mark.anyio


@pytest.fixture
def memory():
    store = MemoryStore()
    yield store.hosts
    store.close()


async def asks(fetcher, url: str) -> object:
    """The page's status, or the kind of error in its place."""
    try:
        return (await fetcher.fetch(Target("shop", url))).status
    except FetchError as error:
        return error.kind


async def test_a_long_retry_after_holds_for_the_next_process(lab, memory):
    """A host that asked for an hour is asked nothing by the next process either, however short its patience is."""
    async with lab.serve({"/p": lab.Answer(503, b"", {"retry-after": "3600"}), "/q": lab.Answer()}) as server:
        keys = {"memory": memory, "respect_robots": False}
        assert await asks(lab.fetcher(**keys), server.url("/p")) is FetchErrorKind.HTTP_STATUS
        assert await asks(lab.fetcher(**keys, retry_delay_cap=60), server.url("/q")) is FetchErrorKind.PAUSED
    assert [r.path for r in server.log] == ["/p"]
    (record,) = memory.load()
    assert record.held_until > datetime.now(UTC) + timedelta(minutes=55)


@pytest.mark.parametrize("status", [301, 403, 404, 429, 500, 503])
async def test_retry_after_counts_whatever_it_comes_with(lab, memory, status):
    """Redirects, refusals and errors alike: the host said when to come back."""
    headers = {"retry-after": "99999999999999999999", "location": "/q"}
    async with lab.serve({"/p": lab.Answer(status, b"", headers), "/q": lab.Answer()}) as server:
        f = lab.fetcher(memory=memory, respect_robots=False)
        await asks(f, server.url("/p"))
        assert await asks(f, server.url("/q")) is FetchErrorKind.PAUSED
    assert [r.path for r in server.log] == ["/p"]


async def test_a_refusing_host_stays_paused_until_a_person_lifts_it(lab, memory):
    """The pause is there for the next process, with its site and reason; lifted, the host is asked again."""
    async with lab.serve({"/p": lab.Answer(403), "/q": lab.Answer()}) as server:
        keys = {"memory": memory, "respect_robots": False, "block_limit": 1}
        assert await asks(lab.fetcher(**keys), server.url("/p")) == 403
        assert await asks(lab.fetcher(**keys), server.url("/q")) is FetchErrorKind.PAUSED
        (record,) = memory.load()
        assert (record.site, record.reason) == ("shop", "refuses us")
        assert memory.resume([record.host], at=datetime.now(UTC)) == (record.host,)
        assert await asks(lab.fetcher(**keys), server.url("/q")) == 200


async def test_a_strained_host_is_still_spared_by_the_next_process(lab, memory):
    """The slower pace is remembered, and only good answers bring it back."""
    answers = [lab.Answer(503)]
    async with lab.serve({"/p": lambda r: answers.pop() if answers else lab.Answer()}) as server:
        keys = {"memory": memory, "respect_robots": False, "retries": 0}
        await asks(lab.fetcher(**keys), server.url("/p"))
        (strained,) = memory.load()
        await asks(lab.fetcher(**keys), server.url("/p"))
        (better,) = memory.load()
    assert strained.slowness == 2.0
    assert 1.0 < better.slowness < 2.0


async def test_robots_is_not_asked_for_again_by_every_process(lab, memory):
    """Its rules and its Crawl-delay come from memory as long as they hold."""
    text = b"User-agent: *\nDisallow: /no\nCrawl-delay: 0.2"
    async with lab.serve({"/robots.txt": lab.Answer(body=text), "/p": lab.Answer()}) as server:
        for _ in range(2):
            f = lab.fetcher(memory=memory)
            assert await asks(f, server.url("/p")) == 200
            assert await asks(f, server.url("/no")) is FetchErrorKind.ROBOTS
    assert [r.path for r in server.log] == ["/robots.txt", "/p", "/p"]


async def test_the_day_s_requests_are_counted_over_processes(lab, memory):
    """Ten a day are ten a day, however many processes ask, robots.txt included."""
    async with lab.serve({"/p": lab.Answer()}) as server:
        told = [await asks(lab.fetcher(memory=memory, daily_budget=4), server.url("/p")) for _ in range(5)]
    assert told == [200, 200, 200, FetchErrorKind.PAUSED, FetchErrorKind.PAUSED]
    assert len(server.log) == 4
