"""A process is killed in the middle of sending; the next one finishes: nothing lost, nothing doubled."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from publishing_scene import START, Scene, pln

from pricewatch.demo.faults import Fault, FaultSchedule
from pricewatch.demo.hosting import serving
from pricewatch.store import open_store
from pricewatch.store.settings import DatabaseSettings

SKUS = tuple(f"P{n:02d}" for n in range(40))
PRICES = {sku: f"{60 + n}.99" for n, sku in enumerate(SKUS)}

CHILD = """
import asyncio, importlib.util, sys
from pathlib import Path

spec = importlib.util.spec_from_file_location("publishing_scene", sys.argv[1])
scene = importlib.util.module_from_spec(spec)
sys.modules["publishing_scene"] = scene
spec.loader.exec_module(scene)

from pricewatch.store import open_store
from pricewatch.store.settings import DatabaseSettings

folder = Path(sys.argv[2])
store = open_store(DatabaseSettings(url="sqlite:///prices.db"), folder=folder)
here = scene.Scene(folder, store=store, skus=sys.argv[5].split(","), urls={"woo": sys.argv[3], "presta": sys.argv[4]})
print("ready", flush=True)
here.publish()
"""


@pytest.fixture
def shops(tmp_path):
    """The servers live in the test's process and outlive the killed one."""
    slow = {
        name: FaultSchedule(n, {Fault.SLOW: 60, Fault.ERROR_AFTER: 6}, slow=0.02)
        for n, name in enumerate(("woo", "presta"))
    }
    store = open_store(DatabaseSettings(url="sqlite:///prices.db"), folder=tmp_path)
    store.upgrade()
    here = Scene(tmp_path, store=store, skus=SKUS, faults=slow)
    with serving(lambda _: here.woo.app) as woo, serving(lambda _: here.presta.app) as presta:
        here.urls = {"woo": woo, "presta": presta}
        here.transport = lambda app: None
        here.bench = here.build()
        yield here
    store.close()


def kill_in_the_middle(here, seconds):
    """Start a publishing process, and kill it without warning that long after its first write."""
    arguments = [str(Path(__file__).with_name("scene.py")), str(here.folder), here.urls["woo"], here.urls["presta"]]
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments, ",".join(SKUS)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "ready\n"
        patience = time.monotonic() + 30
        while not here.writes() and child.poll() is None and time.monotonic() < patience:
            time.sleep(0.005)
        time.sleep(seconds)
        child.send_signal(signal.SIGKILL)
    finally:
        child.wait(10)
        child.stdout.close()
    return child.returncode


@pytest.mark.parametrize(
    "seconds", [0.0, pytest.param(0.05, marks=pytest.mark.slow), 0.2, pytest.param(0.5, marks=pytest.mark.slow)]
)
def test_a_killed_sender_is_finished_by_the_next_one(shops, seconds):
    """Every price arrives, each shop is written the decided prices only, and the database is whole."""
    shops.decide(PRICES)
    kill_in_the_middle(shops, seconds)
    assert len(shops.store.prices.version().entries) == len(SKUS)
    assert shops.store.prices.verify_chain() == ()
    for schedule in (shops.woo.faults, shops.presta.faults):
        schedule.stop()
    shops.clock.set(START.replace(hour=10))
    shops.send()
    assert {sku: shops.woo.shown(sku) for sku in SKUS} == PRICES
    assert {sku: shops.presta.shown(sku) for sku in SKUS} == PRICES
    assert shops.feed_prices() == PRICES
    assert set(shops.states().values()) == {"verified"}
    assert all(line.price == PRICES[line.sku] for line in shops.writes())
    assert shops.store.check() == ()


def test_a_killed_sender_leaves_no_decision_applied_twice(shops):
    """Publishing again after the kill makes no second version and no second write of what was there."""
    shops.decide(PRICES)
    kill_in_the_middle(shops, 0.1)
    for schedule in (shops.woo.faults, shops.presta.faults):
        schedule.stop()
    before = Counter(line.sku for line in shops.woo.log)
    shown = {sku for sku in SKUS if shops.woo.shown(sku) == PRICES[sku]}
    shops.clock.set(START.replace(hour=10))
    shops.publish()
    after = Counter(line.sku for line in shops.woo.log)
    assert shops.store.prices.version().version == 1
    assert all(after[sku] == before[sku] for sku in shown)
    assert shops.store.prices.current("default")["P00"].gross == pln(PRICES["P00"])
