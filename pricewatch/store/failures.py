"""What databases complain of, in words that say what to do next."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from pricewatch.domain.errors import StoreError
from pricewatch.store.columns import DAMAGED, RESTORE

ROOM = 65_536  # bytes that SQLite wants for its shared memory before it writes a thing
UPGRADE = "run: pricewatch db upgrade"
NEWER = "a newer pricewatch made it: upgrade pricewatch itself"


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong, and what to do about it."""

    message: str
    hint: str


_FULL = Complaint("the disk of the database is full; nothing of this step was saved", "make room, then run it again")
_BUSY = Complaint("the database is locked by another process", "wait until it is done, or raise `wait` in [database]")
_CORRUPT = Complaint(DAMAGED, RESTORE)
_READ_ONLY = Complaint("the database cannot be written", "check the permissions of the file and of its folder")
_NOT_OPENED = Complaint("the database cannot be opened", "check `url` in [database], and that the folder exists")
_GONE = Complaint("there is no database file", f"put it back where it was; for a new project {UPGRADE}")
_BROKEN_DISK = Complaint(
    "the disk of the database cannot be read or written; nothing of this step was saved",
    "look for a limit on the size of files (`ulimit -f`), a quota, a mount that is gone or a failing disk; then "
    "`pricewatch doctor`, and a backup where it finds damage",
)
_WRONG_VERSION = Complaint("the database has other tables than this pricewatch needs", UPGRADE)
_NO_SERVER = Complaint(
    "the database server cannot be reached", "check that PostgreSQL runs, and `url` in [database]; then run it again"
)
_REFUSED = Complaint("the database server refuses the login", "check user, database and `password` in [database]")
_TOO_MANY = Complaint("the database server has no connection left", "raise max_connections, or stop other clients")
_MEMORY = Complaint("the database has no memory left", "give the machine or the server more memory")

_BY_SQLITE_NAME = {
    "SQLITE_FULL": _FULL,
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_CORRUPT": _CORRUPT,
    "SQLITE_NOTADB": _CORRUPT,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_CANTOPEN": _NOT_OPENED,
    "SQLITE_IOERR": _BROKEN_DISK,
    "SQLITE_NOMEM": _MEMORY,
}

# PostgreSQL, by SQLSTATE or its class (two characters).
_BY_SQLSTATE = {
    "53100": _FULL,
    "53200": _MEMORY,
    "53300": _TOO_MANY,
    "55P03": _BUSY,
    "40": _BUSY,
    "42P01": _WRONG_VERSION,
    "42703": _WRONG_VERSION,
    "28": _REFUSED,
    "3D": _REFUSED,
    "25006": _READ_ONLY,
    "42501": _READ_ONLY,
    "XX001": _CORRUPT,
    "XX002": _CORRUPT,
    "58": _BROKEN_DISK,
    "08": _NO_SERVER,
    "57P": _NO_SERVER,
}


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn what the database raises into StoreError; `place` names the database without its password."""
    try:
        yield
    except DBAPIError as error:
        raise _store_error(error, place) from error
    except (SQLAlchemyError, OverflowError) as error:
        raise StoreError(str(error).splitlines()[0], where=place, hint="this is a bug; please report it") from error


def _store_error(error: DBAPIError, place: str) -> StoreError:
    cause = error.orig
    complaint = _by_sqlite(cause) or _by_sqlstate(cause)
    if complaint is _BROKEN_DISK and _is_full(place):
        complaint = _FULL
    if complaint is _NOT_OPENED and Path(place).parent.is_dir() and not Path(place).exists():
        complaint = _GONE
    if complaint is None and isinstance(error, IntegrityError):
        complaint = Complaint(f"the database refuses a row: {_first_line(cause)}", "nothing of this step was saved")
    if complaint is None:
        complaint = Complaint(f"the database failed: {_first_line(cause)}", "run: pricewatch doctor")
    return StoreError(complaint.message, where=place, hint=complaint.hint)


def _is_full(place: str) -> bool:
    """Whether a database file's disk has no room; SQLite says so of the file alone, not of those beside it."""
    try:
        return shutil.disk_usage(Path(place).parent).free < ROOM
    except OSError:
        return False


def _by_sqlite(cause: Any) -> Complaint | None:
    name: str = getattr(cause, "sqlite_errorname", "")
    known = next((found for prefix, found in _BY_SQLITE_NAME.items() if name.startswith(prefix)), None)
    if known is None and name == "SQLITE_ERROR" and str(cause).startswith(("no such table", "no such column")):
        return _WRONG_VERSION
    return known


def _by_sqlstate(cause: Any) -> Complaint | None:
    if not type(cause).__module__.startswith("psycopg"):
        return None
    state: str = getattr(cause, "sqlstate", None) or ""
    if not state:
        refused = any(word in str(cause) for word in ("authentication failed", "does not exist", "no password"))
        return _REFUSED if refused else _NO_SERVER
    return next((_BY_SQLSTATE[key] for key in (state, state[:3], state[:2]) if key in _BY_SQLSTATE), None)


def _first_line(cause: Any) -> str:
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0]
