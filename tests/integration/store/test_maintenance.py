"""A backup is whole or not there, and the check finds what is wrong."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from pricewatch.domain.errors import StoreError
from pricewatch.store import DatabaseSettings, open_store
from pricewatch.store.migrations import HEAD
from pricewatch.testing import MemoryStore


def test_a_backup_is_a_database_that_can_be_used(given_sqlite, tmp_path):
    """Taken while the store is in use, opened like any other."""
    given_sqlite.product()
    folder = tmp_path / "copy"
    folder.mkdir()
    assert given_sqlite.store.backup(folder / "pricewatch.db") == folder / "pricewatch.db"
    copy = open_store(DatabaseSettings(), folder=folder)
    assert list(copy.catalogue.load().products) == ["A"]
    assert copy.check() == ()
    copy.close()


def test_a_backup_into_a_folder_has_the_time_in_its_name(given_sqlite, tmp_path):
    """And nothing unfinished is left beside it."""
    folder = tmp_path / "backups"
    folder.mkdir()
    made = given_sqlite.store.backup(folder)
    assert made == folder / "pricewatch-20261122-120000.db"
    assert list(folder.iterdir()) == [made]


def test_a_backup_replaces_an_older_one_only_when_it_is_whole(given_sqlite, tmp_path):
    """A backup that fails leaves the last one as it was."""
    folder = tmp_path / "gone"
    with pytest.raises(StoreError, match="backup failed"):
        given_sqlite.store.backup(folder / "pricewatch.db")
    old = tmp_path / "old.db"
    old.write_text("yesterday's")
    given_sqlite.store.backup(old)
    assert old.read_bytes().startswith(b"SQLite format 3")


def test_a_backup_does_not_replace_the_database_itself(given_sqlite, sqlite_place):
    """That would be the opposite of one."""
    with pytest.raises(StoreError, match="cannot replace the database"):
        given_sqlite.store.backup(sqlite_place.folder / "pricewatch.db")


def test_postgresql_is_backed_up_by_pg_dump(postgresql_store, tmp_path, monkeypatch, postgresql):
    """In the server's own format, which pg_restore reads."""
    monkeypatch.setenv("PATH", f"{postgresql.programs}{os.pathsep}{os.environ['PATH']}")
    made = postgresql_store.backup(tmp_path)
    assert made.suffix == ".dump"
    assert made.read_bytes().startswith(b"PGDMP")


def test_without_pg_dump_the_error_says_what_to_install(postgresql_store, tmp_path, monkeypatch):
    """And no empty file is left."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreError, match="pg_dump") as caught:
        postgresql_store.backup(tmp_path)
    assert "client tools" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_sound_database_has_no_problems(given):
    """After a whole round of work."""
    given.product()
    given.accepted()
    given.sees(given.observation())
    given.priced("95.00")
    assert given.store.check() == ()


def test_the_check_finds_links_that_lead_nowhere(given_sqlite, sqlite_place):
    """Somebody deleted rows by hand."""
    given_sqlite.sees(given_sqlite.observation())
    given_sqlite.store.close()
    hand = sqlite3.connect(sqlite_place.folder / "pricewatch.db")
    hand.execute("DELETE FROM items")
    hand.execute("DELETE FROM observations")
    hand.commit()
    hand.close()
    assert given_sqlite.store.check() == (
        "row 1 of offers refers to a row of items that is not there",
        "1 offers point to no reading",
    )


def test_the_check_finds_a_damaged_index(given_sqlite, sqlite_place):
    """An index that says something else than its table."""
    given_sqlite.product()
    given_sqlite.store.close()
    hand = sqlite3.connect(sqlite_place.folder / "pricewatch.db")
    hand.execute("PRAGMA writable_schema = ON")
    hand.execute("DELETE FROM sqlite_master WHERE name = 'ix_own_prices_price_group_channel_sku_since_id'")
    hand.commit()
    hand.close()
    assert any("never used" in problem for problem in given_sqlite.store.check())


def test_a_backup_of_a_store_in_memory_is_a_file(tmp_path):
    """What was only tried out can be kept."""
    store = MemoryStore()
    made = store.backup(tmp_path / "kept.db")
    hand = sqlite3.connect(made)
    assert hand.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
    hand.close()
    store.close()


def test_backups_are_for_their_owner_only(given_sqlite, tmp_path):
    """Costs and margins are nobody else's business."""
    made = given_sqlite.store.backup(tmp_path / "kept.db")
    assert Path(made).stat().st_mode & 0o077 == 0
