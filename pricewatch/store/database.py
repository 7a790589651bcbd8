"""The engine and its transactions: the same promises on SQLite and PostgreSQL.

SQLite: write-ahead log with synchronous=FULL (an acknowledged commit survives a power cut), foreign keys on, and a
writer takes its lock when it begins, so that it waits in one place instead of failing in the middle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any, TypeAlias
from urllib.parse import quote

from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import StaticPool

from pricewatch.domain.errors import StoreError
from pricewatch.store.failures import NEWER, UPGRADE, translated
from pricewatch.store.migrations import HEAD
from pricewatch.store.settings import DatabaseSettings

Now: TypeAlias = Callable[[], datetime]

_IMMEDIATE = "pricewatch_immediate"
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -65536",
    "PRAGMA temp_store = MEMORY",
)


def utc_now() -> datetime:
    """The present, aware UTC."""
    return datetime.now(UTC)


class Database:
    """One database and its transactions; everything it raises is a StoreError."""

    def __init__(self, engine: Engine, *, file: Path | None, now: Now) -> None:
        self.engine = engine
        self.file = file
        self.now = now
        self.place = str(file) if file else engine.url.render_as_string(hide_password=True)
        self.sqlite = engine.dialect.name == "sqlite"
        self.memory = self.sqlite and file is None
        self._writing = engine.execution_options(**{_IMMEDIATE: True}) if self.sqlite else engine
        self._snapshot = engine if self.sqlite else engine.execution_options(isolation_level="REPEATABLE READ")
        self._one_at_a_time: Any = RLock() if self.memory else nullcontext()  # there is only one connection
        self._right_version = False

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that reads one consistent state."""
        with self._transaction(self._snapshot) as connection:
            self._check_version(connection)
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: all of it, or nothing."""
        with self._transaction(self._writing) as connection:
            self._check_version(connection)
            yield connection

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """A transaction that reads whatever tables there are, and keeps nobody from writing."""
        with self._transaction(self._snapshot) as connection:
            yield connection

    @property
    def is_new(self) -> bool:
        """Whether there is no database file yet; raises StoreError when there was one and it has been taken away."""
        if self.file is None or self.file.exists():
            return False
        if left := [
            name for name in (f"{self.file.name}-wal", f"{self.file.name}-shm") if (self.file.parent / name).exists()
        ]:
            raise StoreError(
                f"the database file is gone, and {left[0]} is still there",
                where=self.place,
                hint=f"put it back: {left[0]} holds the newest of it; or take that away and restore a backup",
            )
        return True

    @contextmanager
    def bare(self) -> Iterator[Connection]:
        """A writing transaction on whatever tables there are: for migrations. Only here a new file is made."""
        if self.is_new and self.file is not None:
            _make(self.file)
        with self._transaction(self._writing) as connection:
            yield connection
        self._right_version = False

    @contextmanager
    def raw(self) -> Iterator[Any]:
        """The driver's own connection, outside any transaction."""
        with self._one_at_a_time, translated(self.place):
            connection = self.engine.raw_connection()
            try:
                yield connection.driver_connection
            finally:
                connection.close()

    def serialise(self, connection: Connection, table: Table) -> None:
        """Let nobody else write to a table before this transaction ends; a writer of SQLite is alone anyway."""
        if not self.sqlite:
            connection.execute(text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        with self._one_at_a_time, translated(self.place), engine.begin() as connection:
            yield connection

    def _check_version(self, connection: Connection) -> None:
        if self._right_version:
            return
        found = revision_of(connection)
        if found != HEAD:
            message = f"the database is of revision {found}, this pricewatch needs {HEAD}"
            hint = NEWER if found > HEAD else UPGRADE
            raise StoreError(message if found else "the database has no tables yet", where=self.place, hint=hint)
        self._right_version = True


def revision_of(connection: Connection) -> str:
    """The revision of the tables, empty when there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def open_database(settings: DatabaseSettings, *, folder: Path, now: Now = utc_now) -> Database:
    """Make the engine; nothing is connected yet."""
    url = make_url(settings.url)
    if settings.sqlite:
        return _open_sqlite(url, folder, settings, now)
    if settings.password is not None:
        url = url.set(password=settings.password.reveal())
    return _open_postgresql(url, settings, now)


def memory_database(*, now: Now = utc_now) -> Database:
    """A database that lives as long as this object."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    _prepare_sqlite(engine, wait=0)
    return Database(engine, file=None, now=now)


def _open_sqlite(url: URL, folder: Path, settings: DatabaseSettings, now: Now) -> Database:
    if url.database in (None, "", ":memory:"):
        return memory_database(now=now)
    file = (folder / Path(str(url.database)).expanduser()).resolve()
    engine = create_engine(url.set(database=str(file)))

    @event.listens_for(engine, "do_connect")
    def only_what_exists(_dialect: Any, _record: Any, given: list[Any], named: dict[str, Any]) -> None:
        given[0] = f"file:{quote(str(file))}?mode=rw"  # a file that is gone is never made anew by looking into it
        named["uri"] = True

    _prepare_sqlite(engine, wait=settings.wait)
    return Database(engine, file=file, now=now)


def _make(file: Path) -> None:
    try:
        file.touch()
    except OSError as error:
        hint = "check `url` in [database], and that the folder exists and may be written"
        raise StoreError(f"the database cannot be made: {error.strerror}", where=str(file), hint=hint) from error


def _prepare_sqlite(engine: Engine, *, wait: float) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours, not the driver's
        connection.execute(f"PRAGMA busy_timeout = {int(wait * 1000)}")
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get(_IMMEDIATE)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _open_postgresql(url: URL, settings: DatabaseSettings, now: Now) -> Database:
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_size=settings.connections,
            connect_args={"connect_timeout": 10},
        )
    except ModuleNotFoundError as error:
        hint = "in the folder of pricewatch's source: pip install '.[postgresql]'"
        raise StoreError("PostgreSQL needs the psycopg package", where="[database]", hint=hint) from error

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.execute(f"SET lock_timeout = {int(settings.wait * 1000)}")
        connection.commit()

    return Database(engine, file=None, now=now)
