"""Bring the tables up to date, by Alembic, over our own connection."""

from __future__ import annotations

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import text

from pricewatch.domain.errors import StoreError
from pricewatch.store.database import Database, revision_of
from pricewatch.store.failures import NEWER
from pricewatch.store.migrations import HEAD


def upgrade(database: Database) -> str:
    """Run every migration that is missing, in one transaction; returns the revision.

    Raises StoreError for a database that a newer pricewatch made.
    """
    config = Config()
    config.set_main_option("script_location", str(files("pricewatch.store") / "migrations"))
    with database.bare() as connection:
        if not database.sqlite:  # two processes that start together must not migrate together
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('pricewatch upgrade'))"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, HEAD)
        except CommandError as error:
            found = revision_of(connection)
            raise StoreError(
                f"the database is of revision {found}, which this pricewatch does not know",
                where=database.place,
                hint=NEWER,
            ) from error
        return revision_of(connection)
