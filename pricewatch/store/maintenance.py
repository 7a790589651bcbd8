"""Backup and health of the database."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, Connection, func, select, text

from pricewatch.domain.errors import StoreError
from pricewatch.store import pricelist
from pricewatch.store.database import Database, revision_of
from pricewatch.store.failures import UPGRADE
from pricewatch.store.migrations import HEAD
from pricewatch.store.tables import observations, offers

_SHOWN = 10  # problems of one kind that are listed


def backup(database: Database, destination: Path) -> Path:
    """Copy the database, while others use it, to a file that appears only when it is whole; returns its path.

    A destination that is a folder gets a file with the time in its name.
    """
    target = destination
    if destination.is_dir():
        suffix = "db" if database.sqlite else "dump"
        target = destination / f"pricewatch-{database.now():%Y%m%d-%H%M%S}.{suffix}"
    if database.file is not None and target.resolve() == database.file:
        raise StoreError("a backup cannot replace the database itself", where=str(target), hint="name another file")
    with _appearing(target) as unfinished:
        if database.sqlite:
            _copy_sqlite(database, unfinished)
        else:
            _dump_postgresql(database, unfinished)
    return target


@contextmanager
def _appearing(target: Path) -> Iterator[Path]:
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        unfinished.touch(mode=0o600)  # costs and margins are for the owner only
        yield unfinished
        _flush(unfinished)
        unfinished.replace(target)
        _flush(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"the backup failed: {error}", where=str(target), hint="check the room and the folder"
        ) from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_sqlite(database: Database, target: Path) -> None:
    with database.raw() as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy, pages=4_096)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
        problems = [row[0] for row in copy.execute("PRAGMA quick_check")]
    if problems != ["ok"]:
        raise StoreError(f"the copy is damaged: {problems[0]}", where=str(target), hint="run: pricewatch doctor")


def _dump_postgresql(database: Database, target: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        hint = "install the PostgreSQL client tools, or run pg_dump where the server is"
        raise StoreError("a PostgreSQL database is backed up by pg_dump, which is not on the PATH", hint=hint)
    url = database.engine.url
    password = {"PGPASSWORD": str(url.password)} if url.password else {}
    address = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    command = [program, "--format=custom", "--no-password", "--file", str(target), "--dbname", str(address)]
    done = subprocess.run(command, env=os.environ | password, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise StoreError(
            f"pg_dump failed: {done.stderr.strip()}",
            where=database.place,
            hint="its version must be the server's or newer",
        )


def check(database: Database) -> tuple[str, ...]:
    """What is wrong with the database, in words: its file, its version, its links, the price list's chain."""
    if database.is_new:
        return (f"the database is without tables; {UPGRADE}",)
    with database.look() as connection:
        problems = list(_sqlite_problems(connection)) if database.sqlite else []
        found = revision_of(connection)
        if found != HEAD:
            known = f"of revision {found}, not {HEAD}" if found else "without tables"
            return (*problems, f"the database is {known}; {UPGRADE}")
        problems += _lost_readings(connection)
        return (*problems, *pricelist.broken_links(connection))


def _sqlite_problems(connection: Connection) -> Iterator[str]:
    for (problem,) in connection.execute(text(f"PRAGMA integrity_check({_SHOWN})")):
        if problem != "ok":
            yield f"the file is damaged: {problem}"
    for row in connection.execute(text("PRAGMA foreign_key_check")).fetchmany(_SHOWN):
        yield f"row {row[1]} of {row[0]} refers to a row of {row[2]} that is not there"


def _lost_readings(connection: Connection) -> Iterator[str]:
    joined = offers.outerjoin(observations, observations.c.id == offers.c.observation)
    lost = select(func.count()).select_from(joined).where(observations.c.id.is_(None))
    number = connection.execute(lost).scalar_one()
    if number:
        yield f"{number} offers point to no reading"
