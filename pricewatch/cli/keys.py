"""One key at a time from a terminal, or one line at a time from anything else."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

END = ""  # nobody answers any more
_CTRL_D = "\x04"
_ESCAPE = re.compile(r"\x1b(?:[\[O][0-?]*[ -/]*[@-~]?|.)?")


class Keys(Protocol):
    """Where answers come from."""

    def key(self) -> str:
        """The next key, in lower case; END when there is none."""
        ...

    def line(self) -> str:
        """A whole line without its end; END when there is none."""
        ...


class LineKeys:
    """Answers from a pipe or file: the first letter of each line; empty lines do not count."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def key(self) -> str:
        """The first letter of the next line that has one."""
        while line := self._stream.readline():
            if line.strip():
                return line.strip()[0].lower()
        return END

    def line(self) -> str:
        """The next line."""
        return self._stream.readline().strip()


class TerminalKeys:
    """Answers from a terminal: each key counts at once, Ctrl-C still interrupts."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.fileno()
        self._pressed = ""  # what was typed ahead

    def key(self) -> str:
        """The next key; arrows and other keys that send several bytes count as none."""
        with _at_once(self._terminal):
            while not self._pressed:
                read = os.read(self._terminal, 256).decode("utf-8", "ignore")
                if not read:
                    return END  # the terminal is gone
                self._pressed = "".join(_ESCAPE.sub("", read).split())
        key, self._pressed = self._pressed[0], self._pressed[1:]
        return END if key == _CTRL_D else key.lower()

    def line(self) -> str:
        """A line, typed and mended as usual."""
        self._pressed = ""
        return self._stream.readline().strip()


@contextmanager
def _at_once(terminal: int) -> Iterator[None]:
    """Let the terminal hand over keys as they are pressed; as it was, afterwards."""
    import termios
    import tty

    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal, termios.TCSANOW)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)


def open_keys() -> Keys:
    """The keys of this process: a terminal's when stdin is one."""
    return TerminalKeys(sys.stdin) if sys.stdin.isatty() else LineKeys(sys.stdin)
