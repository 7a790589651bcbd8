"""What crawling costs: CPU per page on loopback beside aiohttp and Scrapy, memory under bombs, robots.txt, planning.

python -m benchmarks.crawl                   all of it
python -m benchmarks.crawl --pages 3000      as many pages a contender

The server runs in a process of its own; every contender runs in one of its own too, with 32 connections, and its CPU is
that of all its processes. Ratios are of one run: the machine's speed cancels out.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import hashlib
import importlib.util
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp
import brotli
import numpy as np
import zstandard
from protego import Protego
from selectolax.lexbor import LexborHTMLParser

from benchmarks.extract import made_up
from pricewatch.domain.errors import FetchError
from pricewatch.domain.money import Money
from pricewatch.domain.offer import Availability, Condition, Evidence, Item, ItemKey, Offer, Verdict
from pricewatch.pipeline.revisit import Bounds, Numbers, intervals, rates
from pricewatch.ports import Extraction, Finding, Page, Target
from pricewatch.scraping.client import HttpFetcher
from pricewatch.scraping.crawl import SiteCrawler
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.extract.page import extract_page
from pricewatch.scraping.pool import ParserPool, Read
from pricewatch.scraping.robots import parse_robots
from pricewatch.scraping.settings import ScrapingSettings
from pricewatch.scraping.site import SiteDefinition
from pricewatch.scraping.sources.reading import Terms
from pricewatch.scraping.sources.rows import Layout
from pricewatch.scraping.sources.sorting import sort_feed
from pricewatch.scraping.sources.unpack import Limits

CONNECTIONS = 32
HOSTS = ("127.0.0.1", "127.0.0.2")
ROBOTS = Path(__file__).parents[2] / "shared" / "robots" / "cases.jsonl"
BOMB = 537_000_000
TICK = os.sysconf("SC_CLK_TCK")


# --- the server ------------------------------------------------------------------------------------------------


class Shop(asyncio.Protocol):
    """Answers every request with a page made beforehand, gzipped as shops do; /bomb/NAME grows."""

    def __init__(self, pages: list[bytes], bombs: dict[str, bytes]) -> None:
        self.pages = pages
        self.bombs = bombs
        self.held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.held += data
        while b"\r\n\r\n" in self.held:
            head, _, self.held = self.held.partition(b"\r\n\r\n")
            self.transport.write(self.answer(head.split(b" ", 2)[1].decode()))

    def answer(self, path: str) -> bytes:
        if path.startswith("/p/"):
            return self.pages[int(path[3:]) % len(self.pages)]
        name = path.removeprefix("/bomb/")
        if name in self.bombs:
            return reply(self.bombs[name], name)
        return b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n"


HEAD = """HTTP/1.1 200 OK
Server: shop
Date: Thu, 01 Jan 2026 00:00:00 GMT
Content-Type: text/html; charset=utf-8
Cache-Control: max-age=60
Vary: Accept-Encoding
Set-Cookie: session=abc; Path=/; HttpOnly
X-Frame-Options: DENY
Strict-Transport-Security: max-age=1
"""


def reply(body: bytes, encoding: str) -> bytes:
    head = f"{HEAD}Content-Encoding: {encoding}\nContent-Length: {len(body)}\n\n"
    return head.replace("\n", "\r\n").encode() + body


def bombs() -> dict[str, bytes]:
    """Half a gigabyte of nothing in every encoding that we say we accept."""
    packed: dict[str, bytes] = {}
    for name, packer in (("gzip", zlib.compressobj(9, wbits=31)), ("deflate", zlib.compressobj(9))):
        packed[name] = b"".join(packer.compress(bytes(1_000_000)) for _ in range(BOMB // 1_000_000)) + packer.flush()
    squeeze = brotli.Compressor(quality=5)
    packed["br"] = b"".join(squeeze.process(bytes(1_000_000)) for _ in range(BOMB // 1_000_000)) + squeeze.finish()
    zipper = zstandard.ZstdCompressor().compressobj()
    packed["zstd"] = b"".join(zipper.compress(bytes(1_000_000)) for _ in range(BOMB // 1_000_000)) + zipper.flush()
    return packed


def serve(told: Connection) -> None:
    """Listen on every loopback address, tell the port, and go on until killed."""
    pages = [reply(gzip.compress(page.body, 6), "gzip") for page in made_up()]
    packed = bombs()

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: Shop(pages, packed), "0.0.0.0", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


# --- contenders ------------------------------------------------------------------------------------------------


def addresses(port: int, pages: int) -> list[str]:
    return [f"http://{HOSTS[n % len(HOSTS)]}:{port}/p/{n}" for n in range(pages)]


def site() -> SiteDefinition:
    return SiteDefinition.model_validate(
        {
            "name": "shop",
            "domains": HOSTS,
            "allow_private": True,
            "currency": "PLN",
            "terms": {"verdict": "allowed"},
            "crawl": {"delay": 0, "concurrency": CONNECTIONS // len(HOSTS)},
        }
    )


def settings(**keys: object) -> ScrapingSettings:
    keys = {"delay": 0, "max_connections": CONNECTIONS, "evidence_days": 0, "workers": 1, **keys}
    return ScrapingSettings.model_validate(keys)


CONTEXT = site().context()


class Wall:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def with_pricewatch(port: int, pages: int, workers: int = 1, read: Read = extract_page) -> None:
    """Everything that a crawl does: robots, turns, guard, bounds, parsing apart, sightings."""
    shop = site()

    async def run() -> None:
        with ParserPool(workers, read=read) as pool:
            crawler = SiteCrawler({"shop": shop}, settings(workers=workers), Wall(), pool=pool)
            await drain(crawler, addresses(port, 8 * workers))  # every process is up and warm
            begin()
            report(await drain(crawler, addresses(port, pages)))

    asyncio.run(run())


async def drain(crawler: SiteCrawler, urls: list[str]) -> int:
    return sum([len(s.observations) async for s in crawler.crawl("shop", [Target("shop", url) for url in urls])])


def with_two_workers(port: int, pages: int) -> None:
    """The same with a parsing process for each of two cores."""
    with_pricewatch(port, pages, 2)


def with_pricewatch_and_light(port: int, pages: int) -> None:
    """Everything that a crawl does, around the small parse that the others do."""
    with_pricewatch(port, pages, read=light)


def fetched_by_pricewatch(port: int, pages: int) -> None:
    """Only the client."""
    fetcher = HttpFetcher(settings(), {"shop": site()}, Wall())

    async def one(urls: Iterator[str]) -> int:
        return sum([len((await fetcher.fetch(Target("shop", url))).body) > 9_000 for url in urls])

    async def run() -> None:
        urls = iter(addresses(port, pages))
        async with fetcher.opened():
            await one(iter(addresses(port, 8)))
            begin()
            found = await asyncio.gather(*(one(urls) for _ in range(CONNECTIONS)))
        report(sum(found))

    asyncio.run(run())


def _aiohttp(port: int, pages: int, read: Callable[[str, bytes, dict[str, str]], int]) -> None:
    async def one(session: aiohttp.ClientSession, urls: Iterator[str]) -> int:
        count = 0
        for url in urls:
            async with session.get(url, headers={"Accept-Encoding": "gzip"}) as response:
                count += read(url, await response.read(), {k.lower(): v for k, v in response.headers.items()})
        return count

    async def run() -> None:
        urls = iter(addresses(port, pages))
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:
            await one(session, iter(addresses(port, 8)))
            begin()
            report(sum(await asyncio.gather(*(one(session, urls) for _ in range(CONNECTIONS)))))

    asyncio.run(run())


def _page(url: str, body: bytes, headers: dict[str, str]) -> Page:
    return Page(url, url, 200, headers, body, datetime.now(UTC))


def whole(url: str, body: bytes, headers: dict[str, str]) -> int:
    """All that pricewatch reads on a page."""
    return len(extract_page(_page(url, body, headers), CONTEXT).findings)


def small(url: str, body: bytes, headers: dict[str, str]) -> int:
    """What a spider written for one shop reads."""
    return len(light(_page(url, body, headers), CONTEXT).findings)


def light(page: Page, context: SiteContext) -> Extraction:
    """Title, shown price and stock by one selector each: as little as a parse can be."""
    tree = LexborHTMLParser(page.body)
    name, shown = (tree.css_first(selector) for selector in ("h1", "main .price"))
    item = Item(ItemKey(context.name, page.url), page.url, name.text() if name else "")
    price = Money.parse(shown.text().removesuffix(" zł").replace(",", "."), "PLN") if shown else None
    offer = Offer(item, "shop", price, availability=Availability.IN_STOCK, url=page.url)
    digest = hashlib.sha256(page.body).hexdigest()
    return Extraction(Verdict.PRODUCT, (Finding(offer, Evidence(digest, "css")),), page_hash=digest)


def with_aiohttp(port: int, pages: int) -> None:
    """Bare aiohttp, with the same parse in the same process."""
    _aiohttp(port, pages, whole)


def with_aiohttp_and_light(port: int, pages: int) -> None:
    """Bare aiohttp, with the small parse."""
    _aiohttp(port, pages, small)


def fetched_by_aiohttp(port: int, pages: int) -> None:
    """Bare aiohttp, and nothing read."""
    _aiohttp(port, pages, lambda _, body, __: len(body) > 9_000)


def with_scrapy(port: int, pages: int, read: Callable[[str, bytes, dict[str, str]], int] = whole) -> None:
    """Scrapy with its usual middlewares but robots.txt, with the same parse in its callback."""
    import scrapy
    from scrapy.crawler import CrawlerProcess

    class Spider(scrapy.Spider):
        name = "shop"
        count = 0

        async def start(self):  # type: ignore[no-untyped-def]
            begin()
            for url in addresses(port, pages):
                yield scrapy.Request(url)

        def parse(self, response):  # type: ignore[no-untyped-def]
            headers = {k.decode().lower(): v[0].decode() for k, v in response.headers.items()}
            Spider.count += read(response.url, response.body, headers)

    process = CrawlerProcess(
        {
            "LOG_ENABLED": False,
            "ROBOTSTXT_OBEY": False,
            "CONCURRENT_REQUESTS": CONNECTIONS,
            "CONCURRENT_REQUESTS_PER_DOMAIN": CONNECTIONS // len(HOSTS),
            "DOWNLOAD_DELAY": 0,
            "TELNETCONSOLE_ENABLED": False,
        }
    )
    process.crawl(Spider)
    process.start()
    report(Spider.count)


def with_scrapy_and_light(port: int, pages: int) -> None:
    """Scrapy with the small parse."""
    with_scrapy(port, pages, small)


def with_bombs(port: int, _: int) -> None:
    """Fetch one bomb of each kind; print by how much the peak of memory grew."""
    fetcher = HttpFetcher(settings(respect_robots=False), {"shop": site()}, Wall())

    async def run() -> dict[str, float]:
        grown: dict[str, float] = {}
        async with fetcher.opened():
            await fetcher.fetch(Target("shop", f"http://127.0.0.1:{port}/p/1"))
            for name in ("gzip", "deflate", "br", "zstd"):
                before = memory("VmRSS")
                reset_peak()
                try:
                    await fetcher.fetch(Target("shop", f"http://127.0.0.1:{port}/bomb/{name}"))
                    grown[name] = -1
                except FetchError as error:
                    grown[name] = memory("VmHWM") - before if error.kind == "too_large" else -1
        return grown

    print(json.dumps(asyncio.run(run())))


FILLINGS = {"one line": b"a", "rows": b"1;2,00;x\n", "elements": b"<o><id>1</id></o>", "blanks": b" "}


def with_feed_bombs(_: int, __: int) -> None:
    """Read a packed feed of each kind that is a bomb; print by how much the peak of memory grew, and the seconds."""
    grown: dict[str, float] = {}
    terms = Terms("bomb", {}, "", "auto", Condition.NEW, "", "PLN", "pl-PL", datetime.now(UTC))
    with tempfile.TemporaryDirectory() as folder:
        for name, filling in FILLINGS.items():
            file, shelves = Path(folder, "bomb.gz"), Path(folder, name)
            shelves.mkdir()
            block, start = filling * (1_000_000 // len(filling)), b"<all>" if name == "elements" else b"id;price;name\n"
            with gzip.open(file, "wb", 6) as packed:
                packed.write(start)
                for _block in range(BOMB // 1_000_000):
                    packed.write(block)
            before = memory("VmRSS")
            reset_peak()
            report = sort_feed(file, shelves, Layout(), terms, Limits())
            grown[name] = memory("VmHWM") - before if report.cut_off else -1
    print(json.dumps(grown))


def memory(name: str) -> float:
    """This process's memory in MB, from /proc."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1_000


def reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


ROLES: dict[str, Callable[[int, int], None]] = {
    "fetch: aiohttp": fetched_by_aiohttp,
    "fetch: pricewatch": fetched_by_pricewatch,
    "small parse: aiohttp": with_aiohttp_and_light,
    "small parse: pricewatch": with_pricewatch_and_light,
    "small parse: Scrapy": with_scrapy_and_light,
    "extract: aiohttp": with_aiohttp,
    "extract: pricewatch": with_pricewatch,
    "extract: pricewatch, 2 workers": with_two_workers,
    "extract: Scrapy": with_scrapy,
    "bombs": with_bombs,
    "feed bombs": with_feed_bombs,
}


# --- measuring -------------------------------------------------------------------------------------------------

_begun = (0.0, 0.0)


def begin() -> None:
    """Count from here: what was loaded and warmed up does not count."""
    global _begun  # noqa: PLW0603
    _begun = (session_cpu(), time.perf_counter())


def session_cpu() -> float:
    """CPU seconds of all processes of this session, those that have ended included."""
    me, ticks = os.getsid(0), 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == me:
            ticks += sum(map(int, fields[11:15]))
    return ticks / TICK


def report(found: int) -> None:
    """Print what a contender used since it began."""
    cpu, wall = _begun
    print(json.dumps({"cpu": session_cpu() - cpu, "wall": time.perf_counter() - wall, "found": found}))


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU and wall time a page, in milliseconds."""

    cpu: float
    wall: float


def run_role(role: str, port: int, pages: int) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.crawl", "--role", role, "--port", str(port), "--pages", str(pages)],
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    if done.returncode:
        raise RuntimeError(f"{role}: {done.stderr[-2_000:]}")
    return done.stdout.splitlines()[-1]


def cost(role: str, port: int, pages: int, rounds: int) -> Cost:
    """The median of the rounds; each page must have been found right."""
    costs = []
    for _ in range(rounds):
        told = json.loads(run_role(role, port, pages))
        if told["found"] != pages:
            raise RuntimeError(f"{role} found {told['found']} of {pages} pages")
        costs.append(Cost(told["cpu"] / pages * 1_000, told["wall"] / pages * 1_000))
    return Cost(statistics.median(c.cpu for c in costs), statistics.median(c.wall for c in costs))


def crawling(port: int, pages: int, rounds: int, only: str) -> None:
    """The table of contenders, and the promised ratios."""
    print(f"ms a page ({pages} pages of 60 kB gzipped, {CONNECTIONS} connections, median of {rounds})")
    found: dict[str, Cost] = {}
    scrapy = importlib.util.find_spec("scrapy") is not None
    for role in ROLES:
        if role.endswith("bombs") or only not in role or (role.endswith("Scrapy") and not scrapy):
            continue
        found[role] = cost(role, port, pages, rounds)
        print(f"  {role:34}{found[role].cpu:8.3f} cpu {found[role].wall:8.3f} wall", flush=True)
    for work in ("fetch", "small parse", "extract"):
        for peer, promise in (("aiohttp", " (promised ≤ 2)"), ("Scrapy", " (promised ≤ 0.5)")):
            ours, theirs = found.get(f"{work}: pricewatch"), found.get(f"{work}: {peer}")
            if ours and theirs:
                told = promise if work == "small parse" else ""
                print(f"  CPU, {work}: pricewatch ÷ {peer}  {ours.cpu / theirs.cpu:.2f}{told}")


def bombing(port: int) -> None:
    """Peak memory while each bomb is met."""
    print(f"\nmemory above idle for bombs of {BOMB // 1_000_000} MB (promised < 50 MB)")
    for role, of in (("bombs", "pages"), ("feed bombs", "feeds")):
        grown: dict[str, float] = json.loads(run_role(role, port, 0))
        told = ", ".join(f"{name} {'NOT REFUSED' if size < 0 else f'{size:.0f} MB'}" for name, size in grown.items())
        print(f"  {of}: {told}")


def obeying() -> None:
    """The published robots.txt expectations, beside the library that we build on."""
    if not ROBOTS.exists():
        return
    cases = [json.loads(line) for line in ROBOTS.read_text().splitlines()]
    bodies = [(case, case["robotstxt"].encode("utf-8", "surrogateescape")) for case in cases]
    ours = sum(parse_robots(body).allows(case["url"], case["ua"]) == case["allowed"] for case, body in bodies)
    plain = sum(
        Protego.parse(body.decode("utf-8", "replace")).can_fetch(case["url"], case["ua"]) == case["allowed"]
        for case, body in bodies
    )
    print(f"\nrobots.txt expectations: {ours} of {len(cases)}; protego alone {plain}")


# --- planning --------------------------------------------------------------------------------------------------


def planning(pages: int = 2_000, days: int = 60, each_day: float = 1.0, seed: int = 1) -> None:
    """Readings by value beside everybody-at-the-same-pace, on pages whose liveliness differs as shops' do.

    Both get the same number of readings a day; rates are estimated from what the readings noticed, never told.
    """
    print(f"\nreading by value: {pages:,} pages, {days} days, {each_day:g} readings a page and day, changes caught")
    for name, spread in (("alike", 0.3), ("as in shops", 1.5), ("very unlike", 2.5)):
        dice = np.random.default_rng(seed)
        rate = np.exp(dice.normal(-1.5, spread, pages))
        weight = dice.choice([0.5, 1.0, 2.0, 3.0], pages, p=[0.2, 0.5, 0.2, 0.1])
        plain = walk(rate, weight, days, each_day, dice, by_value=False)
        ours = walk(rate, weight, days, each_day, dice, by_value=True)
        print(
            f"  {name:12} per reading {ours.caught / plain.caught:5.2f} ×   weighted {ours.worth / plain.worth:5.2f} ×"
            f"   readings {ours.reads / plain.reads:.2f} ×   oldest page {ours.oldest:.1f} d (promised ≤ 4)"
        )


@dataclass(slots=True)
class Caught:
    """What a way of planning brought: readings, changes noticed a reading, their weight, the oldest page in days."""

    reads: int = 0
    found: float = 0.0
    value: float = 0.0
    oldest: float = 0.0

    @property
    def caught(self) -> float:
        return self.found / self.reads

    @property
    def worth(self) -> float:
        return self.value / self.reads


def walk(
    rate: Numbers, weight: Numbers, days: int, each_day: float, dice: np.random.Generator, *, by_value: bool
) -> Caught:
    """Go through the days hour by hour; plan anew once a day from what was noticed, as `scrape --due` does."""
    pages, hour, total = len(rate), 1 / 24, Caught()
    seen = dice.uniform(-1 / each_day, 0.0, pages)
    noticed, log = np.zeros(pages), np.zeros((days, pages))
    every = np.full(pages, 1 / each_day)
    for step in range(days * 24):
        now, today = step * hour, step // 24
        if by_value and step % 24 == 0 and today:
            recent = log[max(0, today - 7) : today].sum(axis=0)
            known = rates(noticed, np.full(pages, float(today)), recent, np.full(pages, float(min(today, 7))))
            every = intervals(known, weight, Bounds(pages * each_day, 0.05, 4 / each_day))
        age = now - seen
        due = age >= every - hour / 2
        changed = due & (dice.random(pages) < -np.expm1(-rate * age))
        total.reads += int(due.sum())
        total.found += int(changed.sum())
        total.value += float(weight[changed].sum())
        total.oldest = max(total.oldest, float(age[due].max(initial=0.0)))
        noticed += changed
        log[today] += changed
        seen[due] = now
    return total


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pages", type=int, default=1_500)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--only", default="", help="only contenders with this in their name")
    arguments.add_argument("--role", choices=ROLES, help=argparse.SUPPRESS)
    arguments.add_argument("--port", type=int, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.role:
        ROLES[chosen.role](chosen.port, chosen.pages)
        return
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        port = ours.recv()
        crawling(port, chosen.pages, chosen.rounds, chosen.only)
        if not chosen.only:
            bombing(port)
    finally:
        server.kill()
    if not chosen.only:
        obeying()
        planning()


if __name__ == "__main__":
    main()
