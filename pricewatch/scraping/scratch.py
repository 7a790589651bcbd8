"""Folders for a while, on the machine's place for temporary files: what a killed process left, the next one removes.

A folder belongs to whoever holds the lock on its `owner` file. The system lets go of the lock when a process ends,
however it ends, so no number of a process that is long another's counts as alive.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OWNER = ".owner"


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder of our own, gone afterwards."""
    with _locked(_home() / ".lock"):
        _sweep(_home())
        place = Path(tempfile.mkdtemp(prefix="", dir=_home()))
        owner = os.open(place / OWNER, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(owner, fcntl.LOCK_EX)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        os.close(owner)


def sweep() -> None:
    """Remove what processes left that were killed."""
    with suppress(OSError), _locked(_home() / ".lock"):
        _sweep(_home())


def _home() -> Path:
    """Where our folders are; the one of another user, or a link to elsewhere, is never used."""
    home = Path(tempfile.gettempdir()) / f"pricewatch-{os.getuid()}"
    with suppress(FileExistsError):
        home.mkdir(mode=0o700)
    found = home.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(13, "it is not ours; TMPDIR names another place for temporary files", str(home))
    return home


def _sweep(home: Path) -> None:
    for place in home.iterdir():
        if place.is_dir() and not place.is_symlink() and not _alive(place / OWNER):
            shutil.rmtree(place, ignore_errors=True)


def _alive(owner: Path) -> bool:
    try:
        handle = os.open(owner, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
