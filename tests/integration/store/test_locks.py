"""A lock says who has it, and dies with its holder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pricewatch.domain.errors import Locked
from pricewatch.testing import MemoryStore

HOLDER = """
import os, sys, time
from pathlib import Path
from pricewatch.store import DatabaseSettings, open_store
url, folder, forks = sys.argv[1:]
with open_store(DatabaseSettings(url=url), folder=Path(folder)).lock("run"):
    child = os.fork() if forks == "yes" else 0
    if forks == "no" or child:
        print(child, flush=True)
    time.sleep(60)
"""


@contextmanager
def holder(place, *, forks: bool = False) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Another process that holds the lock; with `forks` a child of it lives on."""
    command = [sys.executable, "-c", HOLDER, place.settings.url, str(place.folder), "yes" if forks else "no"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    child = 0
    try:
        child = int(process.stdout.readline())
        yield process, child
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        if child:
            os.kill(child, signal.SIGKILL)


def take_soon(store, seconds: float = 5.0) -> bool:
    """Whether the lock can be had within some seconds: a server needs a moment to notice a death."""
    end = time.monotonic() + seconds
    while True:
        try:
            with store.lock("run"):
                return True
        except Locked:
            if time.monotonic() > end:
                return False
            time.sleep(0.05)


def test_a_taken_lock_says_at_once_who_has_it(store, place):
    """The second process is told the first one's number, and exits with 5."""
    with (
        holder(place) as (process, _),
        pytest.raises(Locked, match=f"process {process.pid}") as caught,
        store.lock("run"),
    ):
        pass
    assert caught.value.exit_code == 5


def test_a_killed_holder_leaves_no_lock_behind(store, place):
    """Kill -9 frees it without anybody cleaning up."""
    with holder(place) as (process, _):
        process.kill()
        process.wait()
        assert take_soon(store)


def test_a_child_of_a_killed_holder_does_not_keep_the_lock(store, place):
    """A parsing worker that outlives its parent has inherited nothing that counts."""
    with holder(place, forks=True) as (process, _):
        with pytest.raises(Locked), store.lock("run"):
            pass
        process.kill()
        process.wait()
        assert take_soon(store)


def test_a_lock_is_free_again_when_its_work_ends_also_by_an_error(store):
    """Taken, failed, taken again."""
    with pytest.raises(RuntimeError), store.lock("run"):
        raise RuntimeError
    with store.lock("run"):
        pass


def test_a_process_does_not_take_its_own_lock_twice(store):
    """Two threads, or a command inside the daemon, exclude each other like strangers."""
    with store.lock("run"), pytest.raises(Locked), store.lock("run"):
        pass


def test_locks_of_other_names_do_not_mind_each_other(store):
    """Publishing may go on while pages are read."""
    with store.lock("run"), store.lock("publish"):
        pass


def test_a_store_in_memory_has_locks_of_its_own():
    """Two of them are two databases."""
    one, other = MemoryStore(), MemoryStore()
    with one.lock("run"), other.lock("run"), pytest.raises(Locked), one.lock("run"):
        pass
    one.close()
    other.close()
