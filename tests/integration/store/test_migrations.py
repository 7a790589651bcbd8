"""The migrations lead to exactly the tables that the code works with, on both databases."""

from __future__ import annotations

import re

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from pricewatch.domain.errors import StoreError
from pricewatch.store import DatabaseSettings, open_store
from pricewatch.store.migrations import HEAD
from pricewatch.store.tables import create_all, metadata


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_store(request, tmp_path):
    """A store whose database has no tables yet."""
    settings = DatabaseSettings()
    if request.param == "postgresql":
        settings = request.getfixturevalue("postgresql").create("empty")
    store = open_store(settings, folder=tmp_path)
    yield store
    store.close()


def constraints(connection: Connection) -> set[str]:
    """All tables, defaults, checks and indexes as the database itself describes them."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")).scalars()
        parts = (part for row in rows for part in re.split(r",\s+", row))
        return {re.sub(r"[\s\"()]+", " ", part).strip() for part in parts}
    defaults = (
        "SELECT table_name || '.' || column_name || ' ' || coalesce(column_default, '') || is_nullable"
        " FROM information_schema.columns WHERE table_schema = 'public'"
    )
    checks = "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint"
    indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
    return {line for asked in (defaults, checks, indexes) for line in connection.execute(text(asked)).scalars()}


def test_migrations_and_tables_agree(empty_store):
    """Columns, types, keys and indexes: Alembic finds nothing to change."""
    empty_store.upgrade()
    with empty_store.database.bare() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []


def test_migrations_and_tables_agree_in_every_check(empty_store):
    """Also in what Alembic does not compare: the database describes both the same."""
    empty_store.upgrade()
    with empty_store.database.bare() as connection:
        migrated = constraints(connection)
        metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        create_all(connection, HEAD)
        differing = constraints(connection) ^ migrated
        assert [line for line in differing if "alembic_version" not in line] == []


def test_an_upgrade_says_the_revision_it_reached_and_can_be_repeated(empty_store):
    """From nothing to what this version needs; a second run changes nothing."""
    assert empty_store.revision() == ("", HEAD)
    assert empty_store.upgrade() == HEAD
    assert empty_store.upgrade() == HEAD
    assert empty_store.revision() == (HEAD, HEAD)
    assert empty_store.runs.recent() == ()


def test_a_database_of_a_newer_pricewatch_is_left_alone(empty_store):
    """It cannot be upgraded to what it has already passed."""
    empty_store.upgrade()
    with empty_store.database.bare() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="9999") as caught:
        empty_store.upgrade()
    assert "upgrade pricewatch itself" in caught.value.hint
    assert empty_store.check() == (f"the database is of revision 9999, not {HEAD}; run: pricewatch db upgrade",)


def test_the_needed_revision_is_the_newest_migration():
    """HEAD, which start-up reads without Alembic, is what the migration files say."""
    from importlib.resources import files

    scripts = ScriptDirectory(str(files("pricewatch.store") / "migrations"))
    assert scripts.get_heads() == [HEAD]


def test_a_database_without_tables_is_told_by_the_check(empty_store):
    """In words, with the command that helps."""
    assert empty_store.check() == ("the database is without tables; run: pricewatch db upgrade",)
