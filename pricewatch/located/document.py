"""A TOML file in memory: its values, and the place of each."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

from pricewatch.domain.errors import ConfigError, Problem
from pricewatch.domain.money import MAX_DIGITS
from pricewatch.located.positions import Lines, Path, Place, places

_SECRET_LIKE = re.compile(r"""(?i)[\w-]*(?:(?:secret|pas+w|token|credential)[\w-]*|key)["']?[ \t]*=(?![ \t]*\{)""")
_USER_INFO = re.compile(r"://[^/\s\"']*@")
_TOMLLIB = re.compile(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL)


@dataclass(frozen=True)
class Document:
    """One parsed TOML file; `folder` is where its relative paths count from, None keeps them as written.

    A document with parts left out knows the `whole` one, and by the name of each list which of its entries it `kept`.
    """

    file: str
    data: Mapping[str, Any]
    text: str
    folder: FilePath | None = None
    whole: Document | None = None
    kept: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @cached_property
    def lines(self) -> Lines:
        """Its lines."""
        return Lines.of(self.text)

    @cached_property
    def places(self) -> Mapping[Path, Place]:
        """Where everything in it stands."""
        return places(self.text)

    def without(self, parts: Collection[Path]) -> Document:
        """The same file as if these keys, and these entries of keys, were not in it; places stay what they are."""
        data: dict[str, Any] = {}
        kept: dict[str, list[int]] = {}
        for name, value in self.data.items():
            if isinstance(value, list):
                kept[name] = [number for number in range(len(value)) if (name, number) not in parts]
                data[name] = [value[number] for number in kept[name]]
            elif isinstance(value, dict):
                data[name] = {key: inner for key, inner in value.items() if (name, key) not in parts}
            else:
                data[name] = value
        left = {name: value for name, value in data.items() if (name,) not in parts}
        return replace(self, data=left, whole=self, kept=kept)

    def _in_whole(self, path: Path) -> Path:
        numbers = self.kept.get(str(path[0]), ()) if len(path) > 1 else ()
        number = path[1] if len(path) > 1 else None
        if isinstance(number, int) and number < len(numbers):
            return (path[0], numbers[number], *path[2:])
        return path

    def position(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Line and column of the value (or the key) at `path`; (1, 1) for the whole file.

        What is not in the file is where it would be: at the nearest table around it, or the value in its stead.
        """
        if self.whole is not None:
            return self.whole.position(self._in_whole(path), key=key)
        known = self.known(path)
        if not known:
            return 1, 1
        place = self.places[known]
        if known != path:
            key = isinstance(self.value(known), (dict, list))
        return self.lines.position(place.key if key else place.value)

    def value(self, path: Path) -> Any:
        """What the file says at a path; None when it says nothing there."""
        found: Any = self.data
        for part in path:
            holds = part in found if isinstance(found, dict) else isinstance(found, list) and part in range(len(found))
            if not holds:
                return None
            found = found[part]
        return found

    def known(self, path: Path) -> Path:
        """The longest beginning of a path that is in the file, as the whole file counts."""
        if self.whole is not None:
            return self.whole.known(self._in_whole(path))
        while path and path not in self.places:
            path = path[:-1]
        return path

    def place(self, path: Path) -> str:
        """Where the key at `path` is, as `file:line`."""
        return f"{self.file}:{self.position(path, key=True)[0]}"

    def problem(
        self, path: Path, message: str, hint: str = "", *, key: bool = False, hide: Path | None = None
    ) -> Problem:
        """A mistake at a value (or its key), with its source line; `hide` is the path of a secret to leave out."""
        line, column = self.position(path, key=key)
        source = without_secrets(self.lines.line(line))
        if hide is not None:
            cuts = [at for number, at in (self.position(path), self.position(hide)) if number == line]
            source = f"{source[: min(cuts, default=1) - 1]}…"
        return Problem(self.file, line, column, message, hint, source)


def parse(text: str, file: str, *, folder: FilePath | None = None) -> Document:
    """Parse TOML with `Decimal` numbers; raises ConfigError at the place of a syntax error."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        data = tomllib.loads(text, parse_float=_decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_syntax_problem(str(error), file, Lines.of(text))]) from None
    except _NoNumber as error:
        line, column = Lines.of(text).position(max(text.find(str(error)), 0))
        message = f"{str(error)[:MAX_DIGITS]} is no number that can be meant"
        raise ConfigError([Problem(file, line, column, message, "write it plainly, as in 12.5")]) from None
    except (RecursionError, ValueError):
        message = "a number is too long, or the nesting too deep"
        raise ConfigError([Problem(file, 0, 0, message, "look for a value that nobody typed on purpose")]) from None
    return Document(file, data, text, folder)


def read(path: FilePath, *, shown: str = "") -> Document:
    """Read and parse a file as UTF-8; raises ConfigError when it is missing, unreadable or not text.

    `shown` is the name that problems and places use instead of the path.
    """
    file = shown or str(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise ConfigError([Problem(file, 0, 0, f"cannot read the file: {reason}")]) from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = len(raw[: error.start].rpartition(b"\n")[2].decode("utf-8")) + 1
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8 text"
        raise ConfigError([Problem(file, line, column, message, "save the file as UTF-8")]) from None
    return parse(text, file, folder=path.absolute().parent)


def without_secrets(line: str) -> str:
    """Cut a source line behind a key that looks like a secret's, unless its value names where to find it; hide the
    user and password of addresses.
    """
    found = _SECRET_LIKE.search(line)
    shown = f"{line[: found.end()]} …" if found else line
    return _USER_INFO.sub("://…@", shown)


class _NoNumber(ArithmeticError):
    """A float literal that no setting can mean."""


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise _NoNumber(text) from None
    if not value.is_finite() or len(text) > MAX_DIGITS or abs(value.adjusted()) > MAX_DIGITS:
        raise _NoNumber(text)
    return value


def _syntax_problem(error: str, file: str, lines: Lines) -> Problem:
    found = _TOMLLIB.fullmatch(error)
    if found is None:
        return Problem(file, 0, 0, f"not valid TOML: {error}")
    if found["line"]:
        line, column = int(found["line"]), int(found["column"])
    else:
        line, column = len(lines.lines), len(lines.lines[-1]) + 1
    message, hint = _in_words(found["what"])
    return Problem(file, line, column, message, hint, without_secrets(lines.line(line)))


_WORDS = (
    ("Cannot overwrite a value", "this name is already in use above", "keep one of the two"),
    ("Cannot declare", "this table is declared twice", "put the keys of both under one header"),
    ("Cannot mutate immutable", "this table was closed above and cannot grow", "put its keys in one place"),
    ("Cannot redefine namespace", "this array of tables is already a table above", "use [[…]] or […], not both"),
    ("Duplicate inline table key", "this key is set twice", "keep one of the two"),
    ("Invalid value", "this is not a TOML value", 'text needs quotes, as in name = "text"; decimals use a point'),
    ("Invalid initial character", "a key cannot start here", 'quote keys that are not plain letters: "my key" = …'),
    ("Invalid statement", "neither a key nor a table header", "write key = value, or [table]"),
    ("Expected '=' after a key", "an equals sign is missing", "write key = value"),
    ("Expected newline or end", "there is something behind the value", "one key = value per line; # opens a comment"),
    ("Unclosed array", "the list has no closing bracket", "end it with ]; a comma between its values"),
    ("Unclosed inline table", "the inline table has no closing brace", "end it with } on the same line"),
    ("Unescaped", "a lone backslash in a text", "write \\\\, or use single quotes: 'C:\\folder'"),
    ("Unterminated string", "the text has no closing quote", ""),
    ("Illegal character '\\n'", "the text has no closing quote on this line", ""),
    ("Invalid date", "there is no such date or time", ""),
    ("Expected ']", "the table header has no closing bracket", "write [table] on a line of its own"),
)


def _in_words(what: str) -> tuple[str, str]:
    for start, message, hint in _WORDS:
        if what.startswith(start):
            return message, hint
    return f"not valid TOML: {what[:1].lower()}{what[1:]}", ""
