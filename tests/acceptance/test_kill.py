"""A process that is killed in the middle loses nothing and doubles nothing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pricewatch.bootstrap import open_app
from pricewatch.demo.checks import feeds, parity
from pricewatch.demo.project import write_project
from pricewatch.demo.theatre import Theatre, open_theatre

GROUP = "default"
PATIENCE = 120.0  # seconds after which a command counts as hanging


@pytest.fixture
def theatre() -> Iterator[Theatre]:
    """Serve the demo's market and shops."""
    with open_theatre(seed=7) as opened:
        yield opened


@pytest.fixture
def folder(theatre: Theatre, tmp_path: Path) -> Path:
    """Start a project for that market, with its catalogue imported."""
    project = tmp_path / "shop"
    project.mkdir()
    write_project(
        project,
        addresses=theatre.addresses,
        secrets=theatre.secrets,
        articles=theatre.stage.articles,
        day="2026-01-02",
    )
    assert call(project, "catalogue", "import", "products.csv").wait(PATIENCE) == 3
    assert call(project, "fx", "import", "rates.csv").wait(PATIENCE) == 0
    return project


def call(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start a command as its own process in the project's folder."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PRICEWATCH_")}
    command = [sys.executable, "-m", "pricewatch", *words]
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill_when(process: subprocess.Popen[bytes], ready: Callable[[], bool]) -> bool:
    """Kill the process and its workers as soon as `ready`; False when it ended before."""
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        if ready():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(PATIENCE)
            return True
        time.sleep(0.002)
    return False


def written(theatre: Theatre) -> int:
    """How many prices the shops have been told."""
    return sum(len(log) for log in theatre.writes().values())


def check_truth(theatre: Theatre, folder: Path) -> None:
    """By the back door: all channels show the price list, none below its floor, and none was told a price twice."""
    with open_app(folder / "config.toml") as app:
        entries = app.bench.store.prices.current(GROUP)
        assert app.bench.store.prices.verify_chain() == ()
    assert any(not entry.adopted for entry in entries.values())
    for channel, shown in {**theatre.shown(), **feeds(folder / "feeds")}.items():
        found = parity(channel, shown, entries)
        assert (found.wrong, found.below_floor) == ((), ()), channel
    for shop in (theatre.woocommerce, theatre.prestashop):
        last: dict[str, str] = {}
        for line in shop.log:
            assert last.get(line.sku) != line.price, f"{line.sku} was told {line.price} twice in a row"
            last[line.sku] = line.price


@pytest.mark.parametrize("told", [1, 12])
def test_killed_while_it_publishes(theatre: Theatre, folder: Path, told: int) -> None:
    """The kill comes when a shop has taken some prices: the next run brings the rest, and none again."""
    assert kill_when(call(folder, "run"), lambda: written(theatre) >= told)
    assert call(folder, "audit", "verify").wait(PATIENCE) == 0
    assert call(folder, "run").wait(PATIENCE) in {0, 3}
    check_truth(theatre, folder)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_killed_again_and_again_at_any_moment(theatre: Theatre, folder: Path, seed: int) -> None:
    """Five kills at random moments, each followed by a look at the chain; then one whole run puts all in step."""
    dice = random.Random(seed)
    for _ in range(5):
        end = time.monotonic() + dice.uniform(0.4, 6.0)
        kill_when(call(folder, "run"), lambda end=end: time.monotonic() > end)
        assert call(folder, "audit", "verify").wait(PATIENCE) == 0
    assert call(folder, "run").wait(PATIENCE) in {0, 3}
    check_truth(theatre, folder)
