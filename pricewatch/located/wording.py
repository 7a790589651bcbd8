"""Validation errors in words for people who edit TOML."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from pydantic_core import ErrorDetails

from pricewatch.domain.errors import PricewatchError
from pricewatch.located.models import Mistake

_SHOWN = 60


def words(error: ErrorDetails) -> tuple[str, str]:
    """Message and hint for one validation error."""
    context: Mapping[str, Any] = error.get("ctx", {})
    value = error["input"]
    if error["type"] == "value_error":
        return _raised(context["error"])
    if error["type"] in _CHOICES:
        return _choice(value, choices(context["expected"]))
    if error["type"] == "union_tag_invalid":
        return _choice(context["tag"], choices(context["expected_tags"]))
    if error["type"] in _LIMITS:
        return _LIMITS[error["type"]](context), ""
    return _expected(error["type"], error["msg"], value)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The known name nearest to a mistyped one, or an empty text."""
    near = difflib.get_close_matches(word.lower(), tuple(known), n=1, cutoff=0.6)
    return near[0] if near else ""


def choices(expected: str) -> tuple[str, ...]:
    """The names in pydantic's enumeration of allowed values."""
    return tuple(re.findall(r"'([^']*)'", expected))


def listed(names: Iterable[str]) -> str:
    """Names for a hint, in back quotes."""
    return ", ".join(f"`{name}`" for name in names)


_CHOICES = frozenset({"enum", "literal_error"})
_LIMITS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than": lambda limit: f"must be more than {limit['gt']}",
    "greater_than_equal": lambda limit: f"must be at least {limit['ge']}",
    "less_than": lambda limit: f"must be less than {limit['lt']}",
    "less_than_equal": lambda limit: f"must be at most {limit['le']}",
    "multiple_of": lambda limit: f"must be a multiple of {limit['multiple_of']}",
    "too_short": lambda limit: _at_least(limit["min_length"], "entry", "entries"),
    "too_long": lambda limit: f"must have at most {limit['max_length']} entries",
    "string_too_short": lambda limit: _at_least(limit["min_length"], "character", "characters"),
    "string_too_long": lambda limit: f"must have at most {limit['max_length']} characters",
    "string_pattern_mismatch": lambda limit: f"does not have the form {limit['pattern']}",
    "decimal_max_places": lambda limit: f"must have at most {limit['decimal_places']} decimals",
    "decimal_max_digits": lambda limit: f"must have at most {limit['max_digits']} digits",
}
_KINDS = (  # the start of pydantic's error type, what a person writes, an example
    ("string", "text in quotes", '"text"'),
    ("int", "a whole number", "12"),
    ("decimal", "a number", "12.5"),
    ("finite", "a number", "12.5"),
    ("float", "a number", "12.5"),
    ("bool", "true or false", "true"),
    ("tuple", "a list", '["a", "b"]'),
    ("list", "a list", '["a", "b"]'),
    ("set", "a list", '["a", "b"]'),
    ("frozen_set", "a list", '["a", "b"]'),
    ("model", "a table", '{ key = "value" }'),
    ("dict", "a table", '{ key = "value" }'),
    ("mapping", "a table", '{ key = "value" }'),
    ("dataclass", "a table", '{ key = "value" }'),
    ("datetime", "a date and time", "2026-01-31T12:00:00"),
    ("date", "a date", "2026-01-31"),
    ("time_delta", "a duration", '"PT6H"'),
    ("time", "a time of day", "06:00:00"),
    ("path", "a path in quotes", '"folder/file"'),
    ("url", "a web address", '"https://example.com/"'),
)


def _at_least(count: int, one: str, many: str) -> str:
    if count == 1:
        return "must not be empty"
    return f"must have at least {count} {many if count > 1 else one}"


def _raised(error: Exception) -> tuple[str, str]:
    if isinstance(error, (Mistake, PricewatchError)):
        return error.message, error.hint
    return str(error), ""


def _choice(value: Any, known: tuple[str, ...]) -> tuple[str, str]:
    near = did_you_mean(str(value), known)
    question = f"did you mean `{near}`? " if near else ""
    return f"cannot be {shown(value)}", f"{question}the choices: {listed(known)}"


def _expected(kind: str, message: str, value: Any) -> tuple[str, str]:
    for start, what, example in _KINDS:
        if kind.startswith(start):
            return f"needs {what}, not {shown(value)}", f"as in {example}"
    plain = re.sub(r"^Input should be (a valid )?", "must be ", message)
    return plain[:1].lower() + plain[1:], ""


def shown(value: Any) -> str:
    """A value as its file has it, shortened."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= _SHOWN else f'"{value[:_SHOWN]}…"'
    if isinstance(value, (int, Decimal, date, datetime, time)):
        return str(value)
    return "that"
