"""Rows of JSON: the objects of one list, or one a line, read as a stream; numbers stay as they are written."""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterator
from typing import Any

from pricewatch.scraping.sources.rows import LONGEST_ROW, Layout, Raw
from pricewatch.scraping.sources.unpack import STEP, Bounded, FeedError

MAX_CELLS = 2_000
MAX_DEPTH = 20
BLANK = " \t\r\n"


def _number(word: str) -> str:
    """A number as plain digits; the point of JSON is always a decimal one, so three places behind it become four."""
    whole, point, places = word.partition(".")
    if "e" in places or "E" in places or not point:
        return word
    places = places.rstrip("0")
    return f"{whole}.{places}0" if len(places) == 3 else f"{whole}.{places}" if places else whole


DECODER = json.JSONDecoder(parse_float=_number, parse_int=str, parse_constant=str)


def line_rows(stream: Bounded) -> Iterator[Raw]:
    """Read one object a line."""
    text = io.TextIOWrapper(io.BufferedReader(stream, STEP), "utf-8-sig", errors="replace")
    number, ended = 0, True
    while line := text.readline(LONGEST_ROW):
        number += 1
        if len(line) >= LONGEST_ROW:
            raise FeedError(f"line {number} is longer than {LONGEST_ROW:,} characters")
        ended = line.endswith("\n")
        if line.strip():
            raw = _line(number, line)
            if raw.fault and not ended:
                raise FeedError(f"line {number} ends in the middle")
            yield raw


def _line(number: int, line: str) -> Raw:
    try:
        value = DECODER.decode(line)
    except (ValueError, RecursionError) as error:
        return Raw(number, {}, f"the line is no JSON: {error}"[:200])
    return _row(number, value)


def _row(number: int, value: Any) -> Raw:
    if not isinstance(value, dict):
        return Raw(number, {}, "it is no JSON object")
    cells: dict[str, str] = {}
    _flatten(value, "", cells, 0)
    return Raw(number, cells, "" if len(cells) <= MAX_CELLS else f"it has more than {MAX_CELLS:,} values")


def _flatten(value: Any, name: str, cells: dict[str, str], depth: int) -> None:
    if len(cells) > MAX_CELLS or depth > MAX_DEPTH:
        return
    if isinstance(value, dict):
        for key, each in value.items():
            _flatten(each, f"{name}.{key}" if name else key, cells, depth + 1)
    elif isinstance(value, list):
        for place, each in enumerate(value[:50]):
            _flatten(each, f"{name}.{place}" if isinstance(each, (dict, list)) else name, cells, depth + 1)
    elif isinstance(value, bool):
        cells.setdefault(name, "true" if value else "false")
    elif value is not None:
        cells.setdefault(name, str(value))


def json_rows(stream: Bounded, layout: Layout) -> Iterator[Raw]:
    """Read the objects of the list at a path, or of the first list of objects in the file."""
    reader = _Reader(stream)
    path = [part for part in layout.rows.replace("/", ".").split(".") if part]
    number = 0
    for value in _walk(reader, path, 0, named=bool(path)):
        number += 1
        yield _row(number, value)
    if not number and not reader.found:
        raise FeedError(f"there is no list at {layout.rows}" if path else "no list of objects was found; name `rows`")
    if reader.peek():
        raise FeedError("there is more after the end of the JSON text")


def _walk(reader: _Reader, path: list[str], depth: int, *, named: bool) -> Iterator[Any]:
    """Go down to the list of rows, skip all beside it, and read on to the end, which tells that nothing is cut off."""
    if depth > MAX_DEPTH:
        raise FeedError(f"the JSON is nested more than {MAX_DEPTH} deep")
    if not reader.found and not path and reader.peek() == "[":
        yield from _list(reader, named=named)
    elif not reader.found and reader.peek() == "{" and (path or not named):
        reader.take("{")
        if reader.peek() == "}":
            reader.take("}")
            return
        while True:
            key = reader.value()
            reader.take(":")
            if not path or key == path[0]:
                yield from _walk(reader, path[1:], depth + 1, named=named)
            else:
                reader.value()
            if reader.next_of(",}") == "}":
                return
    else:
        reader.value()


def _list(reader: _Reader, *, named: bool) -> Iterator[Any]:
    reader.take("[")
    if reader.peek() == "]":
        reader.take("]")
        reader.found = reader.found or named
        return
    rows = named or reader.peek() == "{"
    reader.found = rows
    while True:
        value = reader.value()
        if rows:
            yield value
        if reader.next_of(",]") == "]":
            return


class _Reader:
    """A window on JSON text that moves on; a single value must fit into it."""

    def __init__(self, stream: Bounded) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._text, self._at, self._done = "", 0, False
        self.found = False
        if self.peek() == "\ufeff":
            self._at += 1

    def peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in BLANK:
                    return self._text[self._at]
                self._at += 1
            if not self._fill():
                return ""

    def take(self, character: str) -> None:
        """Go past a character that has to come now."""
        self.next_of(character)

    def next_of(self, characters: str) -> str:
        """Go past one of some characters."""
        found = self.peek()
        if not found or found not in characters:
            raise FeedError(
                "the JSON is cut off" if not found else f"the JSON has {found!r} where {characters} belongs"
            )
        self._at += 1
        return found

    def value(self) -> Any:
        """Read one whole value."""
        self.peek()
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                raise FeedError("the JSON is nested too deep") from None
            except ValueError as error:
                if not self._fill():
                    raise FeedError(f"the JSON is broken or cut off: {error}"[:200]) from None
                continue
            if end < len(self._text) or not self._fill():  # a number may go on behind the window
                self._at = end
                return value

    def _fill(self) -> bool:
        if self._done:
            return False
        if len(self._text) - self._at > LONGEST_ROW:
            raise FeedError(f"the JSON has a value of more than {LONGEST_ROW:,} characters, or is broken")
        data = self._stream.read(max(STEP, len(self._text) - self._at))
        self._done = not data
        self._text = self._text[self._at :] + self._decoder.decode(data, final=self._done)
        self._at = 0
        return not self._done
