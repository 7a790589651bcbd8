"""What runs inside a parsing process: nothing of it opens a connection or a file."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import multiprocessing
import os
import resource
import signal
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MEMORY = 4 * 1024**3
GRACE = 5.0


class ParserTrouble(Exception):
    """A parsing function raised; only its words cross the process border."""


def prepare() -> None:
    """Make a worker easy to kill, let it end with the program, and keep one page from taking all memory."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _end_with_the_program()
    with contextlib.suppress(OSError, ValueError):  # some systems do not let themselves be limited
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))
    gc.freeze()


def _end_with_the_program() -> None:
    """Have the system send SIGIO, which ends the worker even inside C code, when the program's end of a pipe closes."""
    program = multiprocessing.parent_process()
    if program is not None:
        fcntl.fcntl(program.sentinel, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(program.sentinel, fcntl.F_SETFL, fcntl.fcntl(program.sentinel, fcntl.F_GETFL) | os.O_ASYNC)


def call(timeout: float, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function; the system's own timer ends the worker should its keeper have died meanwhile."""
    signal.setitimer(signal.ITIMER_REAL, timeout + GRACE)
    try:
        return function(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 whatever a page provokes, its worker lives on
        raise ParserTrouble(f"{type(error).__name__}: {error}"[:500]) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def read_all(read: Callable[..., T], pages: Iterable[tuple[Any, ...]]) -> list[T]:
    """Read some pages, one after the other."""
    return [read(*page) for page in pages]
