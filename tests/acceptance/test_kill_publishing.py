"""`pricewatch run` is killed again and again while it publishes, over both databases, to shops that answer late, with
errors after they have applied a price, and not at all: nothing is lost, doubled, below its floor, or above its advert.

What is true is what the shops recorded, at every instant; the program is only asked at the end.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest

from pricewatch.bootstrap import open_app
from pricewatch.demo.faults import Fault, FaultSchedule
from pricewatch.demo.hosting import serving
from pricewatch.demo.woocommerce import Applied, WooItem, WooShop
from pricewatch.domain.listing import PublicationState

SKUS = tuple(f"P{number:02d}" for number in range(24))
FACTORS = ("0.80", "1.10", "0.70", "0.95", "0.75", "1.20", "0.85")
PATIENCE = 240.0  # seconds after which a command counts as hanging
LATE = 0.6  # seconds
FAULTS = {Fault.ERROR_AFTER: 12, Fault.LATE: 10, Fault.RESET_AFTER: 6, Fault.TOO_MANY: 4, Fault.SLOW: 30}
CONFIG = """
[shop]
name = "Test"
country = "PL"
currency = "PLN"
timezone = "Europe/Warsaw"

[database]
url = "{database}"

[pricing]
approve_up_to = "100%"
explicit_floor_is_enough = true
[pricing.breakers]
max_changed = "100%"
max_average_move = "100%"

[publishing]
retry_base = 0.2
retry_cap = 1.0
wait = 120.0
[publishing.release]
first = 3

[channels.shop]
type = "woocommerce"
url = "{shop}"
key = {{ file = "key" }}
secret = {{ file = "secret" }}
late_apply = 1.0
batch = 5
rate = 100000

[channels.ads]
type = "woocommerce"
role = "advert"
url = "{ads}"
key = {{ file = "key" }}
secret = {{ file = "secret" }}
late_apply = 1.0
batch = 5
rate = 100000

[channels.feed]
type = "csv"
path = "prices.csv"
columns = {{ sku = "sku", price = "price" }}
"""
RULES = """
[[guardrails]]
max_cut = "90%"
max_raise = "90%"
[[rule]]
name = "all"
target = {{ kind = "formula", price = "rrp * {factor}" }}
"""


class Market:
    """A shop and a place of adverts, and the project of whoever sells there."""

    def __init__(self, folder: Path, database: str, stack: ExitStack) -> None:
        self.folder, self.above = folder, []
        self.shop, self.ads = self._server("shop", 1), self._server("ads", 2)
        addresses = {
            "shop": stack.enter_context(serving(lambda _: self.shop.app)),
            "ads": stack.enter_context(serving(lambda _: self.ads.app)),
        }
        (folder / "rules").mkdir()
        (folder / "key").write_text("ck_test")
        (folder / "secret").write_text("cs_test")
        (folder / "config.toml").write_text(CONFIG.format(database=database, **addresses))
        rows = [f"{sku},Item {sku},23,100.00,60.00,{100 + number}.00,5" for number, sku in enumerate(SKUS)]
        (folder / "products.csv").write_text("\n".join(["sku,name,tax,price,floor,rrp,stock", *rows]))
        self.rule(FACTORS[0])
        assert self.call("catalogue", "import", "products.csv").wait(PATIENCE) == 0

    def _server(self, name: str, seed: int) -> WooShop:
        items = [WooItem(number, sku, f"Item {sku}", "100.00") for number, sku in enumerate(SKUS, start=10)]
        faults = FaultSchedule(seed, FAULTS, slow=0.05)
        return WooShop(items, key="ck_test", secret="cs_test", faults=faults, late=LATE, on_change=self.watch)

    def watch(self, line: Applied) -> None:
        """At this very instant, nobody pays more than is advertised."""
        paid, told = (
            next((Decimal(item.price) for item in server.items.values() if item.sku == line.sku), None)
            for server in (self.shop, self.ads)
        )
        if paid is not None and told is not None and paid > told:
            self.above.append((line, paid, told))

    def rule(self, factor: str) -> None:
        """Everything shall cost so much of its recommended price."""
        (self.folder / "rules" / "all.toml").write_text(RULES.format(factor=factor))

    def call(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command in the project's folder."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PRICEWATCH_")}
        log = (self.folder / "log.txt").open("ab")
        with log:
            return subprocess.Popen(
                [sys.executable, "-m", "pricewatch", *words], cwd=self.folder, env=environment, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def kill(self, dice: random.Random) -> None:
        """Start a run, and kill it without warning: at any time, or after some more prices have arrived."""
        process = self.call("run", "plan", "publish", "verify")
        began, until = time.monotonic(), time.monotonic() + PATIENCE
        moment = dice.uniform(0.5, 4.0) if dice.random() < 0.3 else PATIENCE
        prices = self.written() + dice.randrange(1, len(SKUS))
        while process.poll() is None and time.monotonic() < until:
            if time.monotonic() - began > moment or self.written() >= prices:
                os.killpg(process.pid, signal.SIGKILL)
                break
            time.sleep(0.002)
        process.wait(PATIENCE)

    def written(self) -> int:
        """How many prices the shops have taken."""
        return len(self.shop.log) + len(self.ads.log)

    def finish(self) -> None:
        """The servers are well again, and a run may end."""
        for server in (self.shop, self.ads):
            server.faults.stop()
        for _ in range(2):
            assert self.call("run", "plan", "publish", "verify").wait(PATIENCE) in {0, 3}, self.said()

    def said(self) -> str:
        return (self.folder / "log.txt").read_text()[-3_000:]

    def check(self) -> None:
        """By the back door: nothing lost, nothing doubled, nothing undecided, no checkout above its advert, ever."""
        with open_app(self.folder / "config.toml") as app:
            store = app.bench.store
            entries = store.prices.current("default")
            decided = {
                (entry.sku, entry.gross.text)
                for head in store.prices.versions(limit=1_000)
                for entry in store.prices.version(head.version).entries
            }
            assert store.prices.verify_chain() == ()
            assert store.check() == ()
            assert {row.state for row in store.outbox.publications()} == {PublicationState.VERIFIED}, self.said()
        wanted = {sku: entry.gross.text for sku, entry in entries.items()}
        feed = dict(line.split(",")[:2] for line in (self.folder / "prices.csv").read_text().splitlines()[1:])
        assert {sku: self.shop.shown(sku) for sku in SKUS} == wanted
        assert {sku: self.ads.shown(sku) for sku in SKUS} == wanted
        assert feed == wanted
        for server in (self.shop, self.ads):
            last: dict[str, str] = {}
            for line in server.log:
                assert (line.sku, line.price) in decided
                assert Decimal(line.price) >= 60
                assert last.get(line.sku) != line.price, f"{line} was written twice in a row"
                last[line.sku] = line.price
        assert self.above == []


@pytest.fixture(params=["sqlite", "postgresql"])
def market(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Market]:
    """A market on each kind of database."""
    if request.param == "sqlite":
        database = "sqlite:///prices.db"
    else:
        database = request.getfixturevalue("postgresql").create("killed").url
    with ExitStack() as stack:
        yield Market(tmp_path, database, stack)


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_publishes_every_price_once(market: Market) -> None:
    """Each life has new prices to bring; the last one may end."""
    dice = random.Random(int(os.environ.get("SEED", "5")))
    for factor in FACTORS[: int(os.environ.get("KILLS", "4"))]:
        market.rule(factor)
        market.kill(dice)
        assert market.above == []
    market.finish()
    market.check()
