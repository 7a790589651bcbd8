"""Let the garbage collector rest while many small records are made: they have no cycles, so its rounds find nothing."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Found = TypeVar("Found")


def uncollected(work: Callable[Given, Found]) -> Callable[Given, Found]:
    """The same function, during which nothing is looked for that only a cycle keeps alive."""

    @wraps(work)
    def done(*args: Given.args, **named: Given.kwargs) -> Found:
        if not gc.isenabled():
            return work(*args, **named)
        gc.disable()
        try:
            return work(*args, **named)
        finally:
            gc.enable()

    return done
