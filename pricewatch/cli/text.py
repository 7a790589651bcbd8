"""Values as text, for people and for programs; outside text can neither move the cursor nor pass as markup."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, TypeAlias

from pricewatch.domain.money import Money

# C0 and C1 controls, line and paragraph separators, and the characters that reorder or hide text on a terminal.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
    "|[\U000e0000-\U000e007f]"
)
_BLANKS = re.compile(r"\s+")
_ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Percent:
    """A ratio in basis points, shown as a percentage; `signed` puts a plus before a rise."""

    basis_points: int
    signed: bool = False

    def __str__(self) -> str:
        value = Decimal(self.basis_points).scaleb(-2)
        return f"{value:+.1f} %" if self.signed else f"{value:.1f} %"


def clean(text: str) -> str:
    """Make text from outside one harmless line: control sequences go, blanks shrink, what hides becomes `?`."""
    if text.isascii() and text.isprintable() and "  " not in text:  # as nearly all is
        return text.strip()
    shown = _BLANKS.sub(" ", _ESCAPE_SEQUENCE.sub("", text)).strip()
    return _UNSAFE.sub("?", shown)


def clean_lines(text: str) -> str:
    """Make text of several lines harmless and keep its lines, their indentation included."""
    lines = (_UNSAFE.sub("?", _ESCAPE_SEQUENCE.sub("", line.replace("\t", " "))) for line in text.split("\n"))
    return "\n".join(line.rstrip() for line in lines)


def shorten(text: str, width: int) -> str:
    """Cut clean text to `width` characters, with an ellipsis where something is missing."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def shorten_middle(text: str, width: int) -> str:
    """Cut clean text to `width` characters in its middle: an address keeps its host and its end."""
    if len(text) <= width:
        return text
    tail = max(width - 1, 0) // 2
    return f"{text[: max(width - 1 - tail, 0)]}…{text[len(text) - tail :]}"


Writers: TypeAlias = tuple[tuple[type, Callable[[Any, tzinfo], str]], ...]
_PEOPLE: Writers = (
    (bool, lambda value, _: "yes" if value else "no"),
    (int, lambda value, _: str(value)),
    (datetime, lambda value, zone: f"{value.astimezone(zone):%Y-%m-%d %H:%M %Z}"),
    (timedelta, lambda value, _: duration(value)),
)
_PROGRAMS: Writers = (
    (bool, lambda value, _: "true" if value else "false"),
    (datetime, lambda value, zone: value.astimezone(zone).isoformat(timespec="seconds")),
    (timedelta, lambda value, _: f"{value.total_seconds():.3f}".rstrip("0").rstrip(".")),
    (Money, lambda value, _: value.text),
    (Percent, lambda value, _: str(Decimal(value.basis_points).scaleb(-2))),
)


def human(value: Any, zone: tzinfo = UTC) -> str:
    """Write a value for people: money with its currency, times in `zone` with its abbreviation."""
    return (_written(value, zone, _PEOPLE) if value is not None else "") or NOTHING


def plain(value: Any, zone: tzinfo = UTC) -> str:
    """Write a value for programs: plain decimals, ISO 8601 with offset, seconds, nothing for None."""
    return "" if value is None else _written(value, zone, _PROGRAMS)


def _written(value: Any, zone: tzinfo, writers: Writers) -> str:
    if type(value) in {str, int}:  # most values are, and there may be millions
        return clean(str(value))
    for kind, write in writers:
        if isinstance(value, kind):
            return write(value, zone)
    if isinstance(value, Mapping):
        parts = ((str(key).replace("_", " "), _written(item, zone, writers)) for key, item in value.items())
        return ", ".join(f"{clean(name)} {text}" for name, text in parts)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_written(item, zone, writers) for item in value)
    return clean(str(value))


def jsonable(value: Any, zone: tzinfo = UTC) -> Any:
    """Turn a value into what JSON has: amounts and percentages are decimal strings, times ISO 8601 with offset."""
    match value:
        case None | bool() | int() | float():
            return None if isinstance(value, float) and not math.isfinite(value) else value
        case datetime() | timedelta() | Money() | Percent():
            return plain(value, zone)
        case Mapping():
            return {str(key): jsonable(item, zone) for key, item in value.items()}
        case str():
            return str(value)
        case Sequence() | frozenset() | set():
            return [jsonable(item, zone) for item in value]
    return str(value)


def json_line(record: Mapping[str, Any], zone: tzinfo = UTC) -> str:
    """Write one JSON object on one line; characters that could act on a terminal are escaped."""
    text = json.dumps(jsonable(record, zone), ensure_ascii=False, separators=(",", ":"))
    return _UNSAFE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    """Write one character as JSON escapes, as a surrogate pair where it needs two."""
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))


def duration(length: timedelta) -> str:
    """Write a length of time with its two largest units: `3 d 4 h`, `2 min 5 s`, `0.4 s`."""
    seconds = length.total_seconds()
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    if seconds < 10:
        return f"{sign}{seconds:.1f} s"
    rest, parts = int(seconds), list[str]()
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count} {name}" if count else "")
    return sign + " ".join(part for part in parts[:2] if part)


def ago(then: datetime, now: datetime) -> str:
    """Say how long ago (or how far ahead) a time is."""
    length = now - then
    return f"in {duration(-length)}" if length < timedelta(0) else f"{duration(length)} ago"


def plural(count: int, noun: str, many: str = "") -> str:
    """Count things in words: `1 price`, `2 prices`."""
    return f"{human(count)} {noun if count == 1 else many or noun + 's'}"
