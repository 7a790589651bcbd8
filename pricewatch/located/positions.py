"""Where every key and value of a valid TOML text stands; `tomllib` reads the values, this finds the places."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d[^\s,\]}#]*|[^\s,\]}#]+")


@dataclass(frozen=True, slots=True)
class Place:
    """Offsets into the text: where the key starts, and where its value starts."""

    key: int
    value: int


def places(text: str) -> Mapping[Path, Place]:
    """Find the place of every key, table and array element of a text that `tomllib` has accepted.

    A table's place is its header's name; a table that was never opened by itself has its first mention.
    """
    scan = _Scan(text)
    scan.document()
    return scan.found


class _Scan:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, Place] = {}
        self.lengths: dict[Path, int] = {}  # arrays of tables so far

    def document(self) -> None:
        base: Path = ()
        self._take(_BLANK)
        while self.at < len(self.text):
            if self.text.startswith("[[", self.at):
                base = self._header(2, self._open_element)
            elif self.text.startswith("[", self.at):
                base = self._header(1, self._open_table)
            else:
                self._pair(base)
            self._take(_BLANK)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise ValueError(f"no {pattern.pattern} at {self.at}")
        self.at = match.end()
        return match.group()

    def _header(self, brackets: int, opened: Callable[[list[tuple[str, int]]], Path]) -> Path:
        self.at += brackets
        base = opened(self._key())
        self.at += brackets
        return base

    def _open_table(self, keys: list[tuple[str, int]]) -> Path:
        path = self._descend((), keys[:-1])
        name, at = keys[-1]
        self.found[(*path, name)] = Place(at, at)
        return (*path, name)

    def _open_element(self, keys: list[tuple[str, int]]) -> Path:
        name, at = keys[-1]
        array = (*self._descend((), keys[:-1]), name)
        index = self.lengths.get(array, 0)
        self.lengths[array] = index + 1
        self.found.setdefault(array, Place(at, at))
        self.found[(*array, index)] = Place(at, at)
        return (*array, index)

    def _descend(self, path: Path, keys: list[tuple[str, int]]) -> Path:
        """Follow parent names, into the newest element where one is an array of tables."""
        for name, at in keys:
            path = (*path, name)
            self.found.setdefault(path, Place(at, at))
            if path in self.lengths:
                path = (*path, self.lengths[path] - 1)
        return path

    def _key(self) -> list[tuple[str, int]]:
        """Read a dotted key as (name, offset) parts, and the blanks behind it."""
        parts = []
        while True:
            self._take(_SPACE)
            start = self.at
            parts.append((_unquoted(self._take(_KEY)), start))
            self._take(_SPACE)
            if not self.text.startswith(".", self.at):
                return parts
            self.at += 1

    def _pair(self, base: Path) -> None:
        keys = self._key()
        self.at += 1  # the equals sign
        self._take(_SPACE)
        path = (*self._descend(base, keys[:-1]), keys[-1][0])
        self.found[path] = Place(keys[-1][1], self.at)
        self._value(path)

    def _value(self, path: Path) -> None:
        mark = self.text[self.at]
        if mark == "[":
            self._array(path)
        elif mark == "{":
            self._inline_table(path)
        else:
            self._take(_STRING if mark in "\"'" else _BARE)

    def _array(self, path: Path) -> None:
        for index in self._members("]"):
            self.found[(*path, index)] = Place(self.at, self.at)
            self._value((*path, index))

    def _inline_table(self, path: Path) -> None:
        for _ in self._members("}"):
            self._pair(path)

    def _members(self, end: str) -> Iterator[int]:
        """Count the members of an array or inline table while the caller reads them."""
        self.at += 1
        index = 0
        while self._more(end):
            yield index
            index += 1

    def _more(self, end: str) -> bool:
        """Step over blanks and a comma to the next member; False behind the closing bracket."""
        self._take(_BLANK)
        if self.text[self.at] == ",":
            self.at += 1
            self._take(_BLANK)
        if self.text[self.at] != end:
            return True
        self.at += 1
        return False


def _unquoted(key: str) -> str:
    if key.startswith("'"):
        return key[1:-1]
    return str(tomllib.loads(f"key = {key}")["key"]) if key.startswith('"') else key


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a text; turns offsets into lines and columns, both counted from 1 in characters."""

    lines: tuple[str, ...]
    starts: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> Lines:
        """Note where each line starts."""
        return cls(tuple(text.split("\n")), (0, *(match.end() for match in re.finditer("\n", text))))

    def position(self, offset: int) -> tuple[int, int]:
        """The line and column of an offset."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line, empty when there is no such line."""
        return self.lines[number - 1] if 1 <= number <= len(self.lines) else ""
