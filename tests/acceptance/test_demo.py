"""`pricewatch demo` as a newcomer runs it, and what they can do in its folder afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

SKU = "DW-1007"
FOLDER = "demo-shop"


def pricewatch(*words: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pricewatch", *words],
        cwd=folder, env=_environment() | more, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PRICEWATCH_")}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def told(home: Path) -> subprocess.CompletedProcess[str]:
    """The demo, run once, with a database of the user's own in the environment that it must not touch."""
    elsewhere = home / "mine.db"
    return pricewatch("demo", "--folder", FOLDER, folder=home, PRICEWATCH_DATABASE_URL=f"sqlite:///{elsewhere}")


@pytest.mark.slow
def test_the_demo_ends_well(told: subprocess.CompletedProcess[str]) -> None:
    """Exit code 0: every claim that it makes was checked against the servers' own memory."""
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-3000:]


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        "$ pricewatch catalogue import products.csv",
        "$ pricewatch scrape",
        "$ pricewatch match",
        "$ pricewatch plan",
        "$ pricewatch approve",
        "$ pricewatch apply",
        "$ pricewatch verify",
        "$ pricewatch run",
        "offers read exactly as they are asked",
        "show the price list, none below its floor",
        "prices changed and were written once",
        "items were set aside, and the rest went on",
        "Try next",
    ],
)
def test_the_demo_shows_every_step(told: subprocess.CompletedProcess[str], words: str) -> None:
    """The commands that a user would type, and what came of them."""
    assert words in told.stdout


@pytest.mark.slow
def test_the_demo_leaves_only_its_folder(told: subprocess.CompletedProcess[str], home: Path) -> None:
    """Nothing beside it, and not the database that the environment names."""
    assert told.returncode == 0
    assert [entry.name for entry in home.iterdir()] == [FOLDER]


@pytest.mark.slow
def test_a_pipe_gets_plain_lines(told: subprocess.CompletedProcess[str]) -> None:
    """No colours, no cursor movements, no progress bars."""
    assert "\x1b" not in told.stdout + told.stderr
    assert "\r" not in told.stdout + told.stderr


@pytest.mark.slow
def test_a_price_of_the_demo_explains_itself(told: subprocess.CompletedProcess[str], home: Path) -> None:
    """The rule's file and line, and the readings with their pages."""
    assert told.returncode == 0
    shown = pricewatch("explain", SKU, "--json", folder=home / FOLDER)
    assert shown.returncode == 0, shown.stderr
    records = [json.loads(line) for line in shown.stdout.splitlines()]
    assert any(r["type"] == "step" and r["rule"].startswith("rules/pricing.toml:") for r in records)
    assert any(r["type"] == "reading" and r["url"].startswith("http://127.0.0.1") for r in records)


@pytest.mark.slow
def test_a_price_of_the_demo_has_a_history(told: subprocess.CompletedProcess[str], home: Path) -> None:
    """Ours, theirs, and the decisions."""
    assert told.returncode == 0
    shown = pricewatch("history", SKU, "--json", folder=home / FOLDER)
    assert shown.returncode == 0, shown.stderr
    kinds = {record.get("what", "") for record in map(json.loads, shown.stdout.splitlines())}
    assert {"our price", "offer"} <= kinds
    assert any(kind.startswith("decision") for kind in kinds)


@pytest.mark.slow
def test_the_demos_shop_has_a_status(told: subprocess.CompletedProcess[str], home: Path) -> None:
    """All channels in step."""
    assert told.returncode == 0
    shown = pricewatch("status", "--json", folder=home / FOLDER)
    assert shown.returncode == 0, shown.stderr
    channels = [r for r in map(json.loads, shown.stdout.splitlines()) if r["type"] == "channel"]
    assert {r["channel"] for r in channels} == {"woocommerce", "prestashop", "google", "ceneo", "csv"}
    assert all(Decimal(r["parity"]) == 100 for r in channels), channels


def test_a_foreign_folder_is_refused(tmp_path: Path) -> None:
    """Nothing in it is touched, exit code 2."""
    own = tmp_path / FOLDER / "thesis.txt"
    own.parent.mkdir()
    own.write_text("years of work")
    refused = pricewatch("demo", "--folder", FOLDER, folder=tmp_path)
    assert refused.returncode == 2
    assert "was not made by the demo" in refused.stderr
    assert [entry.name for entry in own.parent.iterdir()] == ["thesis.txt"]


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["scrape", "apply"])
def test_ctrl_c_ends_the_demo_at_once(stage: str, tmp_path: Path) -> None:
    """As a terminal sends it, to all its processes: exit code 130, no traceback, and said once."""
    demo = subprocess.Popen(
        [sys.executable, "-m", "pricewatch", "demo", "--folder", FOLDER], start_new_session=True,
        cwd=tmp_path, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert demo.stdout is not None
    for line in demo.stdout:
        if line.startswith(f"$ pricewatch {stage}"):
            break
    time.sleep(0.5)  # into the stage
    os.killpg(demo.pid, signal.SIGINT)
    rest, errors = demo.communicate(timeout=30)
    assert demo.returncode == 130, errors
    assert "Traceback" not in rest + errors
    assert errors.count("interrupted:") == 1
