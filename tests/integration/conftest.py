"""A small shop in a folder and a rival on loopback, for tests of the entry points."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

GTINS = ("5901234123457", "4006381333931", "9780306406157")
CONFIG = """
[shop]
name = "Test shop"
country = "PL"
currency = "PLN"
timezone = "Europe/Warsaw"

[scraping]
user_agent = "pricewatch-test"
contact = "test@example.com"
delay = 0.0
concurrency = 1
retries = 0

[pricing]
approve_up_to = "1%"

[pricing.breakers]
max_changed = "100%"

[channels.feed]
type = "csv"
path = "feeds/prices.csv"

[schedule.all]
stages = ["scrape", "match", "plan", "publish", "verify"]
every = "24h"
"""
RULES = """
[[guardrails]]
name = "earn something"
min_margin = "5%"

[[rule]]
name = "level with the lowest"
when = "offers >= 1"
target = "lowest"

[[rule]]
name = "else keep"
target = "keep"
"""
SITE = """
name = "rival"
kind = "shop"
domains = ["127.0.0.1:{port}"]
currency = "PLN"
tax = "gross"
seller = "Rival"
allow_private = true

[crawl]
targets = [{targets}]

[terms]
verdict = "allowed"
"""


@dataclass
class Rival:
    """A shop with a JSON-LD page a product; `pause` makes every page slow."""

    prices: dict[str, str] = field(default_factory=lambda: dict(zip(GTINS, ("95.00", "190.00", "285.00"), strict=True)))
    pause: float = 0.0
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def answer(self, path: str) -> Answered:
        """A page a product; what was asked for is remembered."""
        self.asked.append(path)
        time.sleep(self.pause if path != "/robots.txt" else 0)
        gtin = path.rsplit("/", 1)[-1]
        return Answered(self.page(gtin).encode(), 200) if gtin in self.prices else Answered()

    def page(self, gtin: str) -> str:
        offer = {"@type": "Offer", "price": self.prices[gtin], "priceCurrency": "PLN", "availability": "InStock"}
        product = {"@context": "https://schema.org", "@type": "Product", "name": f"Thing {gtin}", "gtin13": gtin,
                   "offers": offer}  # fmt: skip
        script = f'<script type="application/ld+json">{json.dumps(product)}</script>'
        return f"<html><head><title>Thing</title>{script}</head><body>Thing {self.prices[gtin]} zł</body></html>"


@dataclass(frozen=True)
class Answered:
    """What a server on loopback answers to a path."""

    body: bytes = b"not here"
    status: int = 404
    content_type: str = "text/html; charset=utf-8"


@contextmanager
def serving(answer: Callable[[str], Answered]) -> Iterator[int]:
    """Serve on loopback what a function answers to each path; gives the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answered = answer(self.path)
            with contextlib.suppress(ConnectionError):
                self.send_response(answered.status)
                self.send_header("content-type", answered.content_type)
                self.send_header("content-length", str(len(answered.body)))
                self.end_headers()
                self.wfile.write(answered.body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@contextmanager
def open_rival() -> Iterator[Rival]:
    """Serve a rival on loopback."""
    rival = Rival()
    with serving(rival.answer) as rival.port:
        yield rival


@dataclass(frozen=True)
class Shop:
    """A project folder, and pricewatch run in it as its own process."""

    folder: Path

    def write(self, rival: Rival | None = None) -> None:
        """Write configuration, rules, catalogue and the rival's definition."""
        (self.folder / "rules").mkdir(parents=True)
        (self.folder / "scrapers").mkdir()
        (self.folder / "config.toml").write_text(CONFIG)
        (self.folder / "rules" / "10-rules.toml").write_text(RULES)
        rows = [f"A-{n},Thing {n},{n}00.00,{n}0.00,23,5,{gtin}" for n, gtin in enumerate(GTINS, 1)]
        (self.folder / "products.csv").write_text("\n".join(["sku,name,price,cost,tax,stock,gtin", *rows]) + "\n")
        if rival:
            targets = ", ".join(f'"http://127.0.0.1:{rival.port}/p/{gtin}"' for gtin in rival.prices)
            (self.folder / "scrapers" / "rival.toml").write_text(SITE.format(port=rival.port, targets=targets))

    def write_band(self, band: str) -> None:
        """Set how far prices may move without approval."""
        config = self.folder / "config.toml"
        config.write_text(re.sub('approve_up_to = "[^"]*"', f'approve_up_to = "{band}"', config.read_text()))

    def environment(self, **more: str) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PRICEWATCH_", "COV"))}
        return clean | more

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, in this process: the same entry point without the interpreter's start."""
        from pricewatch.cli.main import run

        out, err, before = io.StringIO(), io.StringIO(), dict(os.environ)
        os.environ.clear()
        os.environ.update(self.environment(**more))
        try:
            with contextlib.chdir(self.folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = run(words)
        finally:
            os.environ.clear()
            os.environ.update(before)
        return subprocess.CompletedProcess(list(words), code, out.getvalue(), err.getvalue())

    def process(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, in a process of its own."""
        return subprocess.run(
            self.command(words), cwd=self.folder, env=self.environment(**more), capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        return subprocess.Popen(
            self.command(words), cwd=self.folder, env=self.environment(**more), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def command(self, words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "pricewatch", *words]

    def json(self, *words: str, **more: str) -> list[dict[str, object]]:
        """Run a command with --json and read its lines."""
        done = self.run(*words, "--json", **more)
        assert done.stdout, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


def wait_until(condition: object, seconds: float = 30.0) -> None:
    """Wait for something that another process does; fails when it does not happen."""
    assert callable(condition)
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture(name="serving")
def server() -> object:
    """Serves on loopback what a function answers to each path."""
    return serving


@pytest.fixture(name="answered")
def answered() -> type[Answered]:
    """What such a server answers."""
    return Answered


@pytest.fixture
def rival() -> Iterator[Rival]:
    """A competitor's shop on loopback."""
    with open_rival() as opened:
        yield opened


@pytest.fixture
def shop(tmp_path: Path, rival: Rival) -> Shop:
    """A new shop that watches the rival and publishes one feed."""
    made = Shop(tmp_path / "shop")
    made.folder.mkdir()
    made.write(rival)
    return made


@pytest.fixture(name="wait_until")
def waiting() -> object:
    """Waits for something that another process does."""
    return wait_until
