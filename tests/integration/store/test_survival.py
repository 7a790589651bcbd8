"""Full disks, other writers, kills in the middle: an error with a hint, and nothing half-written."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from pricewatch.domain.errors import StoreError
from pricewatch.located import Secret
from pricewatch.ports import Target
from pricewatch.store import DatabaseSettings, open_store
from pricewatch.store.migrations import HEAD

# --- SQLite ------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_an_error_that_loses_nothing(given_sqlite):
    """What was saved stays, the step that did not fit is not there in part, and it can be run again."""
    given_sqlite.sees(given_sqlite.observation())
    store = given_sqlite.store
    with store.database.raw() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 20}")
    many = [Target("shop", f"https://shop.example/{number}") for number in range(5_000)]
    with pytest.raises(StoreError, match="disk of the database is full") as caught:
        store.sightings.save_targets(many)
    assert "make room" in caught.value.hint
    assert len(store.sightings.targets()) == len(store.sightings.current()) == 1
    assert store.check() == ()
    with store.database.raw() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    assert store.sightings.save_targets(many).added == 5_000


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own of 3 MB, where the system lets us have one."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        words = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place]
        done = subprocess.run(words, check=False, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"no disk can be mounted here: {error}")
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def test_a_disk_without_room_beside_the_database_is_full_too(small_disk):
    """SQLite calls it a failure of the disk when its shared memory does not fit."""
    store = open_store(DatabaseSettings(), folder=small_disk)
    store.upgrade()
    store.close()
    with (small_disk / "fill").open("wb", buffering=0) as fill, suppress(OSError):
        while True:
            fill.write(bytes(1_024))
    store = open_store(DatabaseSettings(), folder=small_disk)
    with pytest.raises(StoreError, match="disk of the database is full"):
        store.sightings.save_targets([Target("shop", "https://shop.example/1")])
    store.close()


def test_another_writer_is_waited_for_and_then_named_as_the_cause(sqlite_place, clock):
    """The error says that the database is locked, and readers go on meanwhile."""
    settings = sqlite_place.settings.model_copy(update={"wait": 0.05})
    store = open_store(settings, folder=sqlite_place.folder, clock=clock)
    other = sqlite3.connect(sqlite_place.folder / "pricewatch.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another process"):
        store.runs.begin("scrape", at=clock.now())
    assert store.runs.recent() == ()
    assert (store.revision(), store.check()) == ((HEAD, HEAD), ())
    other.execute("ROLLBACK")
    other.close()
    assert store.runs.begin("scrape", at=clock.now()) == 1
    store.close()


def test_a_file_that_is_no_database_is_named(tmp_path):
    """With the advice to restore a backup."""
    (tmp_path / "pricewatch.db").write_bytes(b"not a database at all, but long enough to look at" * 100)
    store = open_store(DatabaseSettings(), folder=tmp_path)
    with pytest.raises(StoreError, match="damaged") as caught:
        store.runs.recent()
    assert str(tmp_path) in str(caught.value)
    assert "backup" in caught.value.hint
    store.close()


def test_a_damaged_page_is_found_by_the_check(given_sqlite, sqlite_place):
    """Bytes that were overwritten on disk do not pass for data."""
    given_sqlite.sees(*(given_sqlite.observation(item=str(number)) for number in range(500)))
    given_sqlite.store.close()
    file = sqlite_place.folder / "pricewatch.db"
    content = bytearray(file.read_bytes())
    for start in range(8_192, len(content) - 4_096, 4_096):
        content[start : start + 64] = b"\xff" * 64
    file.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        given_sqlite.store.sightings.current()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    """The path that was tried stands in the message."""
    store = open_store(DatabaseSettings(), folder=tmp_path / "missing")
    with pytest.raises(StoreError, match="cannot be opened") as caught:
        store.runs.recent()
    assert "missing" in str(caught.value)


def test_a_file_that_was_taken_away_is_never_made_anew(given_sqlite, sqlite_place):
    """An empty one in its place would cost what is still beside it; when it is back, nothing is missing."""
    given_sqlite.sees(given_sqlite.observation())
    store, file = given_sqlite.store, given_sqlite.store.database.file
    away = file.rename(file.with_name("elsewhere.db"))
    other = open_store(DatabaseSettings(url=f"sqlite:///{file}"), folder=file.parent)
    for act in (other.revision, other.upgrade):
        with pytest.raises(StoreError, match="the database file is gone"):
            act()
    with pytest.raises(StoreError, match="there is no database file"):
        other.sightings.current()
    assert not file.exists()
    away.rename(file)
    other.close()
    assert len(store.sightings.current()) == 1
    assert store.check() == ()


def test_a_database_without_tables_asks_for_an_upgrade(tmp_path):
    """A new project is no failure, nor is an empty file: the hint says the command."""
    store = open_store(DatabaseSettings(), folder=tmp_path)
    with pytest.raises(StoreError, match="there is no database file") as caught:
        store.runs.recent()
    assert "pricewatch db upgrade" in caught.value.hint
    store.database.file.touch()
    with pytest.raises(StoreError, match="no tables yet") as caught:
        store.runs.recent()
    assert "pricewatch db upgrade" in caught.value.hint
    store.close()


def test_sqlite_keeps_what_it_acknowledged(sqlite_store):
    """WAL with synchronous=FULL (2), and links are checked."""
    with sqlite_store.database.raw() as connection:
        settings = [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert settings == ["wal", 2, 1]


# --- both --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "advice"), [("0000", "pricewatch db upgrade"), ("f00d", "upgrade pricewatch itself")]
)
def test_a_database_of_another_version_is_not_touched(given, found, advice):
    """Neither read nor written: the hint says what an older and what a newer one needs."""
    given.set_revision(found)
    try:
        with pytest.raises(StoreError, match=f"revision {found}") as caught:
            given.product()
        assert advice in caught.value.hint
    finally:
        given.set_revision(HEAD)


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
import psycopg
from sqlalchemy import event
from pricewatch.domain.decision import PriceEntry
from pricewatch.domain.listing import Desired
from pricewatch.domain.money import Money, TaxRate
from pricewatch.store import DatabaseSettings, open_store
from pricewatch.store.migrations import HEAD
url, folder, moment = sys.argv[1:]
store = open_store(DatabaseSettings(url=url), folder=Path(folder))
die = lambda: os.kill(os.getpid(), signal.SIGKILL)
if moment == "COMMIT":
    event.listen(store.database.engine, "commit", lambda connection: die())
else:
    @event.listens_for(store.database.engine, "before_cursor_execute")
    def watch(connection, cursor, statement, parameters, context, many):
        if statement.startswith(moment):
            die()
    class Copying(psycopg.Cursor):  # PostgreSQL takes many rows as one copy, past the events
        def copy(self, statement, *more, **known):
            if statement.startswith(moment.replace("INSERT INTO", "COPY") + " "):
                die()
            return super().copy(statement, *more, **known)
    @event.listens_for(store.database.engine, "connect")
    def connected(raw, record):
        if isinstance(raw, psycopg.Connection):
            raw.cursor_factory = Copying
price, floor, vat = Money.parse("95.00", "PLN"), Money.parse("1.00", "PLN"), TaxRate(2300)
at = datetime(2026, 11, 22, tzinfo=UTC)
entry = PriceEntry(0, "A", "default", price, vat, floor, None, 1, "rule", "band", at)
wish = Desired("web", "remote-A", "A", 0, price, vat, floor, None)
store.prices.append(plan=1, at=at, entries=[entry], desired=[wish])
"""

MOMENTS = [
    pytest.param("INSERT INTO price_list", marks=pytest.mark.slow),
    pytest.param("INSERT INTO price_entries", marks=pytest.mark.slow),
    pytest.param("INSERT INTO own_prices", marks=pytest.mark.slow),
    "INSERT INTO publications",
    "COMMIT",
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_in_the_middle_of_applying_leaves_nothing_half_written(given, place, moment):
    """Before any statement and before the commit: no version, no publication, no mark; then it works once."""
    given.product()
    plan = given.plan([given.proposal()])
    command = [sys.executable, "-c", KILLED, place.settings.url, str(place.folder), moment]
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
    store = given.store
    assert (store.prices.version(), store.outbox.publications()) == (None, ())
    assert [point.source for point in store.prices.own_history("A", "default")] == ["catalogue"]
    store.prices.append(plan=plan.number, at=given.clock.now(), entries=[given.entry()], desired=[given.desired()])
    assert (store.prices.version().version, len(store.outbox.publications())) == (1, 1)
    assert store.check() == ()


def test_two_senders_never_claim_the_same_publication(given, place):
    """Four at once, each on connections of its own: together they get all, each one once."""
    given.product()
    given.priced("95.00")
    wishes = [given.desired("A", remote_id=str(number), version=1) for number in range(300)]
    given.store.outbox.enqueue(wishes, at=given.clock.now())

    def drain(_: int) -> list[int]:
        store, mine = place.open(given.clock), []
        while claimed := store.outbox.claim("web", at=given.clock.now(), limit=7, lease=60):
            mine += [publication.id for publication in claimed]
        store.close()
        return mine

    with ThreadPoolExecutor(4) as pool:
        claimed = [number for mine in pool.map(drain, range(4)) for number in mine]
    assert sorted(claimed) == list(range(1, 302))


def test_of_two_processes_that_claim_a_slot_one_gets_it(given, place):
    """However near they are."""

    def take(_: int) -> bool:
        store = place.open(given.clock)
        taken = store.runs.claim_slot("night", given.clock.now(), at=given.clock.now())
        store.close()
        return taken

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(take, range(4))) == [False, False, False, True]


def test_the_same_decision_applied_by_two_at_once_is_applied_once(given, place):
    """One of them is told that it came too late; the chain has one version."""
    given.product()
    plan = given.plan([given.proposal()])

    def apply(_: int) -> str:
        store = place.open(given.clock)
        try:
            store.prices.append(
                plan=plan.number, at=given.clock.now(), entries=[given.entry()], desired=[given.desired()]
            )
        except StoreError as error:
            return error.message
        finally:
            store.close()
        return "applied"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(apply, range(4)))
    assert outcomes == ["applied"] + ["plan 1 is applied"] * 3
    assert (given.store.prices.version().version, len(given.store.outbox.publications(states=None))) == (1, 1)


# --- PostgreSQL --------------------------------------------------------------------------------------------------


def test_a_server_that_is_not_there_is_named_without_its_password(tmp_path, monkeypatch):
    """The message says what to check, and no secret."""
    monkeypatch.setenv("PW_SECRET", "hunter2")
    url = f"postgresql://shop@/prices?host={tmp_path}"
    store = open_store(DatabaseSettings(url=url, password=Secret(env="PW_SECRET")), folder=tmp_path)
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        store.runs.recent()
    assert "hunter2" not in str(caught.value) + repr(store.database.engine) + repr(caught.value.__cause__)


def test_a_table_that_somebody_locks_is_waited_for_and_then_named(postgresql_place, clock):
    """No writer waits for ever."""
    settings = postgresql_place.settings.model_copy(update={"wait": 0.1})
    store = open_store(settings, folder=Path(), clock=clock)
    other = create_engine(settings.url.replace("postgresql:", "postgresql+psycopg:"))
    with other.begin() as connection:
        connection.execute(text("LOCK TABLE runs IN EXCLUSIVE MODE"))
        with pytest.raises(StoreError, match="locked by another process"):
            store.runs.begin("scrape", at=clock.now())
    other.dispose()
    assert store.runs.begin("scrape", at=clock.now()) == 1
    store.close()


def test_a_connection_that_died_is_replaced_before_it_is_used(postgresql, postgresql_store, clock):
    """The server was restarted over night; the first command of the morning works."""
    postgresql_store.runs.begin("scrape", at=clock.now())
    postgresql.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'upgraded'")
    assert len(postgresql_store.runs.recent()) == 1
