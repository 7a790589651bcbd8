"""The daemon as an operator knows it: it works, it ends when told, and it loses nothing when killed."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import time_machine

from pricewatch.bootstrap import SystemClock, open_app
from pricewatch.config import load
from pricewatch.daemon import Daemon
from pricewatch.domain.errors import Locked, StoreError
from pricewatch.store import open_store
from pricewatch.worker import Agenda, Health, jobs_of

WaitUntil = Callable[[Callable[[], object]], None]


def health(shop) -> Health | None:
    return Health.read(shop.folder / "pricewatch.health.json")


def finished(shop) -> bool:
    found = health(shop)
    return found is not None and found.last_status != ""


def jobs(shop) -> list[tuple[str, str]]:
    """The records of all attempts at jobs: slot and how it ended."""
    with sqlite3.connect(shop.folder / "pricewatch.db") as connection:
        rows = connection.execute("SELECT detail, status FROM runs WHERE stage = 'job' ORDER BY id").fetchall()
    connection.close()
    return rows


@pytest.fixture
def stocked(shop):
    """The shop with its catalogue."""
    shop.write_band("10%")
    assert shop.run("catalogue", "import", "products.csv").returncode == 0
    return shop


@contextmanager
def daemon(shop, **more: str) -> Iterator[subprocess.Popen[str]]:
    """A daemon that is gone at the end, whatever happens."""
    process = shop.start("daemon", "--tick", "0.2", **more)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=60)
    return process.returncode, told


def test_it_does_what_is_due_and_ends_when_told(stocked, wait_until: WaitUntil) -> None:
    """A new interval runs at once; SIGTERM ends it with 0; the health file tells both."""
    with daemon(stocked) as process:
        wait_until(lambda: finished(stocked))
        assert health(stocked).state in ("idle", "working")
        code, told = end(process)
    assert code == 0, told
    assert "job all: ok" in told
    found = health(stocked)
    assert (found.state, found.last_job, found.last_status, found.open_publications) == ("stopped", "all", "ok", 0)
    assert found.upcoming["all"] > found.beat_at
    assert (stocked.folder / "feeds" / "prices.csv").exists()
    assert [status for _, status in jobs(stocked)] == ["ok"]


def test_there_is_one_daemon_a_shop(stocked, wait_until: WaitUntil) -> None:
    """The second one ends with 5 and says why; commands work beside an idle one."""
    with daemon(stocked) as process:
        wait_until(lambda: finished(stocked))
        second = stocked.process("daemon")
        assert second.returncode == 5
        assert "another pricewatch process" in second.stderr
        assert stocked.run("plan", "--wait", "30").returncode == 0
        assert end(process)[0] == 0


def test_a_command_that_comes_in_between_ends_with_5(stocked, rival, wait_until: WaitUntil) -> None:
    """While a job is under way nothing else changes things; reading goes on."""
    rival.pause = 10.0
    with daemon(stocked) as process:
        wait_until(lambda: any(path.startswith("/p/") for path in rival.asked))
        assert stocked.run("plan").returncode == 5
        assert stocked.run("status").returncode == 0
        rival.pause = 0.0
        end(process)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_job_that_was_cut_off_is_taken_up_again(stocked, rival, wait_until: WaitUntil, how: signal.Signals) -> None:
    """Told to end or killed in the middle of reading: the next daemon finishes the same slot, once."""
    rival.pause = 10.0
    with daemon(stocked) as process:
        wait_until(lambda: any(path.startswith("/p/") for path in rival.asked))
        process.send_signal(how)
        process.communicate(timeout=60)
        assert process.returncode == (-9 if how is signal.SIGKILL else 0)
    rival.pause = 0.0
    with daemon(stocked) as process:
        wait_until(lambda: finished(stocked) and health(stocked).last_status == "ok")
        end(process)
    attempts = jobs(stocked)
    assert [status for _, status in attempts] == ["interrupted", "ok"]
    assert attempts[0][0] == attempts[1][0]


def test_a_command_in_the_background_of_a_script_ends_when_told(stocked, rival, wait_until: WaitUntil) -> None:
    """The shell started it deaf to Ctrl-C; SIGTERM is meant for it all the same."""
    rival.pause = 10.0
    words = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *stocked.command(("scrape",))]
    process = subprocess.Popen(words, cwd=stocked.folder, env=stocked.environment(), stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: any(path.startswith("/p/") for path in rival.asked))
        code, told = end(process)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    assert code == 130, told
    assert "interrupted" in told


def test_cron_can_do_the_daemons_work(stocked) -> None:
    """`run --due` does the job once and then says when it comes again."""
    first = stocked.run("run", "--due")
    assert first.returncode == 0, first.stderr
    second = stocked.run("run", "--due")
    assert second.returncode == 0
    assert "nothing is due" in second.stderr
    assert "next: all at 20" in second.stderr
    assert len(jobs(stocked)) == 1


def test_logs_are_json_lines_on_request(stocked, wait_until: WaitUntil) -> None:
    """Each line is one object with its time, level and what the job counted."""
    config = stocked.folder / "config.toml"
    config.write_text(config.read_text() + '\n[log]\nformat = "json"\n')
    with daemon(stocked) as process:
        wait_until(lambda: finished(stocked))
        _, told = end(process)
    lines = [json.loads(line) for line in told.splitlines()]
    done = next(line for line in lines if line.get("job") == "all" and "status" in line)
    assert (done["status"], done["scrape.pages"], done["publish.listings"]) == ("ok", 3, 3)
    assert all(datetime.fromisoformat(line["at"]).tzinfo for line in lines)


def test_prices_that_wait_for_a_person_are_no_failure(stocked, wait_until: WaitUntil) -> None:
    """Outside the band nothing is published, the job is well, and the channels are verified all the same."""
    stocked.write_band("1%")
    done = stocked.run("run", "--due", "--json")
    assert done.returncode == 0, done.stderr
    stages = {line["stage"]: line for line in map(json.loads, done.stdout.splitlines()) if line["type"] == "stage"}
    assert "wait for approval" in stages["publish"]["message"]
    assert stages["verify"]["status"] == "ok"
    assert jobs(stocked)[0][1] == "ok"


def test_the_kill_switch_stops_prices_and_nothing_else(stocked) -> None:
    """Stopped by a person, the job goes on reading and planning, and no feed is written."""
    stocked.run("stop", "--reason", "holiday")
    done = stocked.run("run", "--due")
    assert done.returncode == 0, done.stderr
    assert "holiday" in done.stdout
    assert not (stocked.folder / "feeds" / "prices.csv").exists()


def test_without_a_schedule_there_is_no_daemon(stocked) -> None:
    """Exit code 2 and what to add."""
    config = stocked.folder / "config.toml"
    config.write_text(config.read_text().partition("[schedule")[0])
    done = stocked.process("daemon")
    assert done.returncode == 2
    assert "[schedule.NAME]" in done.stderr


# --- in this process -------------------------------------------------------------------------------------------


@contextmanager
def running(shop, opener: object, *, tick: float = 0.1) -> Iterator[Path]:
    """A daemon in a thread; yields its health file."""
    config = load(shop.folder / "config.toml")
    store, file = open_store(config.database, folder=config.folder), shop.folder / "pricewatch.health.json"
    made = Daemon(Agenda(jobs_of(config), store.runs), store, opener, clock=SystemClock(), health=file, tick=tick)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        yield file
    finally:
        made.stop()
        thread.join()
        store.close()


def test_a_shop_that_does_not_open_is_tried_again(stocked, wait_until: WaitUntil) -> None:
    """A rules file that is broken for a while, or a lock that is taken, does not cost the slot."""
    troubles: list[Exception] = [StoreError("the disk is full"), Locked("somebody works"), RuntimeError("a mistake")]

    @contextmanager
    def opener() -> Iterator[object]:
        if troubles:
            raise troubles.pop()
        with open_app(stocked.folder / "config.toml") as app:
            yield app

    with running(stocked, opener):
        wait_until(lambda: finished(stocked))
    assert not troubles
    assert [status for _, status in jobs(stocked)] == ["ok"]


def test_a_clock_that_is_set_back_does_not_stop_the_tick(stocked, wait_until: WaitUntil) -> None:
    """An hour back: due work is looked for within seconds, not an hour later."""
    with running(stocked, partial(open_app, stocked.folder / "config.toml")):
        wait_until(lambda: finished(stocked))
        with time_machine.travel(datetime.now(UTC) - timedelta(hours=1), tick=True):
            wait_until(lambda: health(stocked).tick_at < datetime.now(UTC) + timedelta(minutes=1))
    assert jobs(stocked)[0][1] == "ok"
