"""What runs inside a parsing process: nothing of it opens a connection or a file."""

from __future__ import annotations

import contextlib
import gc
import resource
import signal
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MEMORY = 4 * 1024**3
GRACE = 5.0


class ParserTrouble(Exception):
    """A parsing function raised; only its words cross the process border."""


def prepare() -> None:
    """Make a worker easy to kill, and keep one page from taking all memory."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with contextlib.suppress(OSError, ValueError):  # some systems do not let themselves be limited
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))
    gc.freeze()


def call(timeout: float, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function; the system's own timer ends the worker should its keeper have died meanwhile."""
    signal.setitimer(signal.ITIMER_REAL, timeout + GRACE)
    try:
        return function(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 whatever a page provokes, its worker lives on
        raise ParserTrouble(f"{type(error).__name__}: {error}"[:500]) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
