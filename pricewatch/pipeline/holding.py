"""The lock of everything that changes things: one process at a time works on a database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from pricewatch.domain.errors import Locked
from pricewatch.ports import Store

LOCK = "pricewatch"
_PAUSE = 0.2


@contextmanager
def hold(store: Store, *, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock of everything that changes things; raises Locked when it is not free within `wait` seconds."""
    until = time.monotonic() + wait
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(store.lock(LOCK))
                break
            except Locked:
                if time.monotonic() >= until:
                    raise
                time.sleep(_PAUSE)
        yield
