"""robots.txt, Crawl-delay, Retry-After and one rate a host, judged by what the server saw."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pricewatch.domain.errors import FetchError, FetchErrorKind
from pricewatch.ports import Target

pytestmark = pytest.mark.anyio


def keeps_apart(requests, delay: float, began: float) -> bool:
    """Whether no request came earlier than so many delays after the beginning: late arrivals prove nothing."""
    return all(request.at - began >= place * delay for place, request in enumerate(requests))


async def fetch_all(fetcher, server, paths, site="shop") -> list[BaseException | object]:
    jobs = (fetcher.fetch(Target(site, server.url(path))) for path in paths)
    return await asyncio.gather(*jobs, return_exceptions=True)


def robots(lab, text: str, status: int = 200):
    return lab.Answer(status, text.encode(), {"content-type": "text/plain"})


async def kind_of(fetcher, url: str) -> FetchErrorKind:
    with pytest.raises(FetchError) as caught:
        await fetcher.fetch(Target("shop", url))
    return caught.value.kind


async def test_robots_is_read_once_and_kept_to(lab):
    """Many pages at once ask for robots.txt once, and closed ones are not asked for at all."""
    async with lab.serve({"/robots.txt": robots(lab, "User-agent: *\nDisallow: /b"), "/a": lab.Answer()}) as server:
        results = await fetch_all(lab.fetcher(), server, ["/a", "/b", "/a", "/b/c"])
    assert [getattr(r, "kind", "page") for r in results] == [
        "page",
        FetchErrorKind.ROBOTS,
        "page",
        FetchErrorKind.ROBOTS,
    ]
    assert sorted(r.path for r in server.log) == ["/a", "/a", "/robots.txt"]


async def test_robots_rules_are_looked_up_by_our_own_name(lab):
    """A group that names us outweighs the one for everybody, whatever version we send."""
    text = "User-agent: *\nDisallow: /\n\nUser-agent: pricewatch\nDisallow: /no"
    async with lab.serve({"/robots.txt": robots(lab, text), "/yes": lab.Answer()}) as server:
        f = lab.fetcher()
        assert (await f.fetch(Target("shop", server.url("/yes")))).status == 200
        assert await kind_of(f, server.url("/no")) is FetchErrorKind.ROBOTS


@pytest.mark.parametrize(
    ("status", "allowed"), [(404, True), (403, True), (410, True), (429, False), (500, False), (503, False)]
)
async def test_what_a_missing_robots_means(lab, status, allowed):
    """RFC 9309: unavailable (4xx) lets everything be read, unreachable (5xx) nothing."""
    async with lab.serve({"/robots.txt": robots(lab, "", status), "/p": lab.Answer()}) as server:
        f = lab.fetcher(retries=0)
        if status in (404, 403, 410):
            assert (await f.fetch(Target("shop", server.url("/p")))).status == 200
        else:
            assert await kind_of(f, server.url("/p")) is FetchErrorKind.ROBOTS
            assert not server.asked("/p")


async def test_robots_may_move(lab):
    """Redirects of robots.txt are followed; the rules hold for the host that was asked."""
    moved = {
        "/robots.txt": lab.Answer(301, b"", {"location": "/r"}),
        "/r": robots(lab, "User-agent: *\nDisallow: /p"),
        "/p": lab.Answer(),
    }
    async with lab.serve(moved) as server:
        assert await kind_of(lab.fetcher(), server.url("/p")) is FetchErrorKind.ROBOTS


async def test_a_huge_robots_is_read_as_far_as_500_kib(lab):
    """What stands behind the limit does not count; what stands before it does."""
    text = "User-agent: *\nDisallow: /p\n" + "#" * 520_000 + "\nDisallow: /q\n"
    async with lab.serve({"/robots.txt": robots(lab, text), "/p": lab.Answer(), "/q": lab.Answer()}) as server:
        f = lab.fetcher()
        assert await kind_of(f, server.url("/p")) is FetchErrorKind.ROBOTS
        assert (await f.fetch(Target("shop", server.url("/q")))).status == 200


async def test_a_site_may_be_excepted_from_robots(lab):
    """A definition that says the owner allowed it reads on, and does not even ask."""
    async with lab.serve({"/robots.txt": robots(lab, "User-agent: *\nDisallow: /"), "/p": lab.Answer()}) as server:
        f = lab.fetcher(lab.site(crawl={"respect_robots": False}))
        assert (await f.fetch(Target("shop", server.url("/p")))).status == 200
    assert [r.path for r in server.log] == ["/p"]


async def test_requests_to_a_host_start_the_delay_apart(lab):
    """However many pages wait, two starts are never nearer than the delay, robots.txt included."""
    async with lab.serve({f"/{n}": lab.Answer() for n in range(4)}) as server:
        began = time.monotonic()
        await fetch_all(lab.fetcher(delay=0.2), server, ["/0", "/1", "/2", "/3"])
    assert len(server.log) == 5
    assert keeps_apart(server.log, 0.2, began)


async def test_two_sites_on_one_host_share_its_rate(lab):
    """The rate belongs to the host and port, and the slower definition decides."""
    async with lab.serve({"/0": lab.Answer(), "/1": lab.Answer()}) as server:
        one, two = lab.site("one", crawl={"delay": 0.3}), lab.site("two", crawl={"delay": 0.0})
        f = lab.fetcher(one, two, respect_robots=False)
        began = time.monotonic()
        await asyncio.gather(fetch_all(f, server, ["/0", "/1"], "one"), fetch_all(f, server, ["/0", "/1"], "two"))
    assert len(server.log) == 4
    assert keeps_apart(server.log, 0.3, began)


async def test_no_more_requests_at_once_than_the_host_s_places(lab):
    """Concurrency is counted at the host, over everybody who asks."""
    now = most = 0
    pair = asyncio.Barrier(2)

    async def busy(writer) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await pair.wait()
        await asyncio.sleep(0.05)  # a third one may show itself
        now -= 1
        writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    async with lab.serve({"/p": lab.Answer(write=busy)}) as server:
        await fetch_all(lab.fetcher(concurrency=2, respect_robots=False), server, ["/p"] * 8)
    assert (most, len(server.log)) == (2, 8)


async def test_crawl_delay_is_kept_up_to_its_cap(lab):
    """Crawl-delay slows a host down; an absurd one is shortened to the stated cap."""
    for text, cap, least in (("Crawl-delay: 0.3", 30, 0.3), ("Crawl-delay: 86400", 0.2, 0.2)):
        async with lab.serve({"/robots.txt": robots(lab, f"User-agent: *\n{text}"), "/p": lab.Answer()}) as server:
            began = time.monotonic()
            await fetch_all(lab.fetcher(crawl_delay_cap=cap), server, ["/p", "/p", "/p"])
        assert len(server.asked("/p")) == 3
        assert keeps_apart(server.asked("/p"), least, began)


async def test_retry_after_is_waited_for(lab):
    """After a 429 with Retry-After nothing at all is asked of the host until then."""
    answers = [lab.Answer(429, b"", {"retry-after": "1"})]
    routes = {"/p": lambda r: answers.pop() if answers else lab.Answer(), "/q": lab.Answer()}
    async with lab.serve(routes) as server:
        f = lab.fetcher(respect_robots=False, concurrency=1)
        results = await fetch_all(f, server, ["/p", "/q"])
    assert [r.status for r in results] == [200, 200]
    assert server.log[1].at - server.log[0].at >= 1.0


async def test_a_long_retry_after_is_not_sat_out(lab):
    """A host that asks for an hour is left alone for an hour; its pages end at once, saying when to come back."""
    when = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    async with lab.serve({"/p": lab.Answer(503, b"", {"retry-after": when}), "/q": lab.Answer()}) as server:
        f = lab.fetcher(respect_robots=False)
        with pytest.raises(FetchError) as first:
            await f.fetch(Target("shop", server.url("/p")))
        with pytest.raises(FetchError) as second:
            await f.fetch(Target("shop", server.url("/q")))
    assert [r.path for r in server.log] == ["/p"]
    assert first.value.kind is FetchErrorKind.HTTP_STATUS
    assert second.value.kind is FetchErrorKind.PAUSED
    assert 3_500 < (second.value.retry_after or 0) <= 3_600
