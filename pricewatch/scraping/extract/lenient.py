"""JSON as pages really write it: comments, trailing commas, control characters, escaped as HTML, NaN."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import orjson

MAX_JSON = 4_000_000
_WRAPPERS = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/)|(?:-->|//\s*\]\]>|\]\]>|"
    r"/\*\s*\]\]>\s*\*/)\s*;?\s*$"
)
_COMMENTS_AND_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"|/\*.*?\*/|//[^\n]*', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)
_BAD_ESCAPE = re.compile(r'\\(?![\\"/bfnrtu])')
_NOT_NUMBERS = re.compile(r"(?<=[:\[,\s])(?:NaN|-?Infinity|undefined)(?=[\s,}\]])")


def loads(text: str) -> Any:
    """Read JSON, mending what is commonly broken; None when nothing can be made of it."""
    if len(text) > MAX_JSON:
        return None
    try:
        return orjson.loads(text)
    except (ValueError, UnicodeError):
        pass
    for attempt in (_mended, _unescaped):
        value = _try(attempt(text))
        if value is not None:
            return value
    return None


def _try(text: str) -> Any:
    try:
        value, _ = json.JSONDecoder(strict=False).raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _mended(text: str) -> str:
    text = _WRAPPERS.sub("", _WRAPPERS.sub("", text)).strip().lstrip("\ufeff").strip()
    text = _COMMENTS_AND_STRINGS.sub(lambda m: m.group() if m.group()[0] == '"' else " ", text)
    text = _TRAILING_COMMA.sub(lambda m: m.group(1) or "", text)
    return _BAD_ESCAPE.sub(r"\\\\", _NOT_NUMBERS.sub("null", text))


def _unescaped(text: str) -> str:
    return _mended(html.unescape(text)) if "&" in text else ""
