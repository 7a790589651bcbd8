"""Loaded only into the server that parsing processes are forked from.

A process whose parent is interrupted or done while it starts finds its orders cut off or its locks gone: it ends, and
has nobody to tell.
"""

from __future__ import annotations

import pickle
import sys
from types import TracebackType

_CUT_OFF = (EOFError, pickle.UnpicklingError, ConnectionError, FileNotFoundError)


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, _CUT_OFF):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _tell
