"""Parsing processes: what hangs is killed, what dies is replaced, and order is kept."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from pricewatch.domain.errors import FetchError, FetchErrorKind
from pricewatch.domain.offer import Verdict
from pricewatch.ports import Page
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.pool import ParserPool

pytestmark = pytest.mark.anyio

SITE = SiteContext("shop", currency="PLN", locale="pl-PL")
ENDLESS = (r"(a+)+$", "a" * 200 + "b")  # 2^200 steps of a C loop that holds the interpreter


def page(body: bytes) -> Page:
    return Page("https://shop.pl/p", "https://shop.pl/p", 200, {"content-type": "text/html"}, body, datetime.now(UTC))


@pytest.fixture(scope="module")
def pool():
    with ParserPool(workers=2, timeout=1.5) as pool:
        yield pool


async def test_a_page_that_hangs_the_parser_costs_its_worker_and_nothing_else(pool):
    """C code that never ends is stopped at the timeout; the next page is read by a fresh worker."""
    with pytest.raises(FetchError) as caught:
        await pool.run(re.match, *ENDLESS)
    assert caught.value.kind is FetchErrorKind.PARSER
    assert "busy" in caught.value.message
    assert await pool.run(os.path.basename, "/a/b") == "b"


async def test_a_page_that_kills_its_worker_is_an_error(pool):
    """A worker that dies is replaced; the call says so."""
    with pytest.raises(FetchError, match="killed its parser"):
        await pool.run(os._exit, 7)
    assert await pool.run(os.path.basename, "/a/b") == "b"


async def test_an_error_inside_the_parser_comes_back_as_words(pool):
    """Exceptions of any type cross the process border as one error."""
    with pytest.raises(FetchError, match="ValueError"):
        await pool.run(int, "x")


async def test_a_page_that_cannot_be_parsed_has_the_verdict_unreadable():
    """Hanging, dying and raising all end as a verdict."""
    for read in (time.sleep, os.kill, int):
        with ParserPool(1, 0.5, read=read) as pool:
            assert (await pool.read(page(b"x"), SITE)).verdict is Verdict.UNREADABLE


def test_many_pages_come_back_in_order(pool):
    """`read_many` keeps the order of its input whatever worker was faster."""
    bodies = [f"<h1>Wiertarka {n}</h1>".encode() + b" " * (n % 7) * 9_000 for n in range(60)]
    hashes = [extraction.page_hash for extraction in pool.read_many((page(body), SITE) for body in bodies)]
    assert len(set(hashes)) == 60
    assert hashes == [extraction.page_hash for extraction in pool.read_many((page(body), SITE) for body in bodies)]


def test_few_pages_are_held_at_a_time(pool):
    """A batch of any length is read as it is asked for, not gathered first."""
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield page(b"<h1>x</h1>"), SITE

    answers = pool.read_many(endless())
    for _ in range(5):
        next(answers)
    assert taken <= 5 + 4 * pool.workers


def test_closing_ends_every_process():
    """Nothing keeps running after close, not even a worker that hangs."""
    pool = ParserPool(1, 60.0)
    hanging = pool._submit(time.sleep, 60)
    waiting = pool._submit(os.getpid)
    while not hanging.running():
        time.sleep(0.01)
    pool.close()
    assert hanging.done()
    assert waiting.done()


SCRIPT = """
import os, sys, time
from pricewatch.scraping.pool import ParserPool

if __name__ == "__main__":
    pool = ParserPool(1, 600.0)
    print(pool._submit(os.getpid).result(), flush=True)
    pool._submit(time.sleep, 600)
    time.sleep(600)
"""


@pytest.mark.parametrize("signal", [2, 9, 15])
def test_an_interrupted_program_leaves_no_worker_behind(tmp_path, signal):
    """Ctrl-C, SIGTERM and SIGKILL of the main process end a busy worker too."""
    script = tmp_path / "busy.py"
    script.write_text(SCRIPT)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        try:
            assert program.stdout
            worker = int(program.stdout.readline())
            time.sleep(0.3)
            program.send_signal(signal)
            program.wait(60)
        finally:
            program.kill()
    assert ends(worker)


UNSTARTABLE = """
import asyncio, os
from pricewatch.domain.errors import PricewatchError
from pricewatch.scraping.pool import ParserPool

async def main():
    with ParserPool(2, 600.0, patience=2.0) as pool:
        for _ in range(3):
            try:
                await pool.run(os.getpid)
            except PricewatchError as error:
                print(type(error).__name__, error.message)
        try:
            list(pool.read_many([(None, None)]))
        except PricewatchError as error:
            print(type(error).__name__, error.message)

asyncio.run(main())
"""


def test_processes_that_cannot_start_end_as_an_error_not_as_a_wait():
    """A program that its workers cannot load, as from standard input, is told so; it is no fault of the pages."""
    program = subprocess.run(
        [sys.executable, "-"], input=UNSTARTABLE, capture_output=True, text=True, timeout=120, check=True
    )
    told = "PricewatchError the processes that read pages cannot be started, or end at once"
    assert program.stdout.splitlines() == [told] * 4


MUTE = """
import asyncio, os, sys, threading
from pricewatch.scraping.pool import ParserPool

class Changed:
    def __reduce__(self):
        return (fail, ())

def fail():
    if os.getpid() == int(os.environ["PROGRAM"]):
        raise ImportError("pricewatch was upgraded meanwhile")

async def main():
    os.environ["PROGRAM"] = str(os.getpid())
    threading.excepthook = lambda _: None
    with ParserPool(1, 1.0, patience=2.0) as pool:
        try:
            await pool.run(Changed)
        except Exception as error:
            print(type(error).__name__)
        print(await pool.run(os.path.basename, "/a/b"))

if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.mark.slow
def test_a_pool_that_has_gone_deaf_is_replaced(tmp_path):
    """An answer that cannot be read here, as after an upgrade underneath, costs its page; the next one is read."""
    script = tmp_path / "mute.py"
    script.write_text(MUTE)
    program = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=True)
    assert program.stdout.splitlines() == ["FetchError", "b"]


def ends(pid: int, within: float = 10.0) -> bool:
    until = time.monotonic() + within
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False
