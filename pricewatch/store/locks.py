"""Named locks that no killed process leaves behind: the kernel or the server lets go of them.

A process that this one forks must not keep the lock alive after its parent was killed: it closes what it inherited.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from sqlalchemy import Connection, text

from pricewatch.domain.errors import Locked, StoreError
from pricewatch.store.database import Database
from pricewatch.store.failures import translated

_inherited: set[int] = set()  # descriptors that a forked child must close
_in_process: set[tuple[int, str]] = set()
_guard = threading.Lock()


def _close_inherited() -> None:
    for descriptor in _inherited:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _inherited.clear()


os.register_at_fork(after_in_child=_close_inherited)


@contextmanager
def lock(database: Database, name: str) -> Iterator[None]:
    """Hold a named lock of this database; raises Locked at once, with who has it, when it is taken."""
    if database.file is not None:
        hold = _file_lock(database.file.with_name(f"{database.file.name}.{name}.lock"), name)
    elif database.memory:
        hold = _process_lock(database, name)
    else:
        hold = _advisory_lock(database, name)
    with hold:
        yield


def _locked(name: str, holder: str) -> Locked:
    who = f" ({holder})" if holder else ""
    return Locked(
        f"another pricewatch process{who} holds the lock {name!r}",
        hint="wait until it is done; a killed process lets go of it by itself",
    )


@contextmanager
def _file_lock(path: Path, name: str) -> Iterator[None]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(
            f"cannot lock: {error.strerror}", where=str(path), hint="check the folder's permissions"
        ) from error
    _inherited.add(descriptor)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _locked(name, os.pread(descriptor, 100, 0).decode("utf-8", "replace").strip()) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}\n".encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        _inherited.discard(descriptor)
        os.close(descriptor)


@contextmanager
def _process_lock(database: Database, name: str) -> Iterator[None]:
    key = (id(database), name)
    with _guard:
        if key in _in_process:
            raise _locked(name, f"process {os.getpid()}")
        _in_process.add(key)
    try:
        yield
    finally:
        with _guard:
            _in_process.discard(key)


@contextmanager
def _advisory_lock(database: Database, name: str) -> Iterator[None]:
    """A session lock on a connection of its own, outside the pool's reach until it is let go."""
    key = int.from_bytes(blake2b(f"pricewatch {name}".encode(), digest_size=8).digest(), signed=True)
    with translated(database.place):
        connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        with translated(database.place):
            _take(connection, key, name)
        descriptor = connection.connection.dbapi_connection.fileno()  # type: ignore[union-attr]
        _inherited.add(descriptor)
        try:
            yield
        finally:
            _inherited.discard(descriptor)
    finally:
        connection.invalidate()  # closes the session, and with it the lock
        connection.close()


def _take(connection: Connection, key: int, name: str) -> None:
    label = f"pricewatch {name}, process {os.getpid()}"
    connection.execute(text("SELECT set_config('application_name', :label, false)"), {"label": label})
    if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar_one():
        raise _locked(name, _holder(connection, key))


def _holder(connection: Connection, key: int) -> str:
    unsigned = key % 2**64
    asked = text(
        "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.classid::bigint = :high AND l.objid::bigint = :low LIMIT 1"
    )
    found = connection.execute(asked, {"high": unsigned >> 32, "low": unsigned % 2**32}).scalar()
    return str(found or "").removeprefix("pricewatch ")
