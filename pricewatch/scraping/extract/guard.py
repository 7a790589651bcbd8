"""What must be known of a text before the parser may see it: some HTML hangs it for minutes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Places = NDArray[np.intp]

MAX_BYTES = 12_000_000
MAX_ELEMENTS = 500_000
MAX_DEPTH = 4_000
MAX_FORMATTING = 600
MAX_ATTRIBUTES = 3_000
LONG_TAG = 30_000
_SUSPECT = 600
_LESS, _SLASH, _BACKSLASH = ord("<"), ord("/"), ord("\\")
_NO_MARKUP = re.compile(rb"<!--.*?-->|<(script|style|textarea|title)\b.*?</\1", re.DOTALL | re.IGNORECASE)
_LONG_TAG = re.compile(rb"<[a-zA-Z][^<>]{%d,}" % LONG_TAG)
_QUOTED = re.compile(rb"\"[^\"]*\"|'[^']*'")
_TAGS = re.compile(rb"<(/?)([a-z][a-z0-9:-]*)(?:[^<>]*?(/?)>)?", re.IGNORECASE)
_VOID = frozenset(
    b"br img meta link input hr source col area wbr base embed param track path use circle rect polygon line p li"
    b" option td tr th tbody thead dd dt stop ellipse image".split()
)
_FORMATTING = re.compile(rb"<(/?)(?:b|i|a|em|font|u|s|strong|small|code|nobr|big|strike|tt)[\s>]", re.IGNORECASE)


def _pairs(names: bytes) -> Iterator[tuple[int, int]]:
    """The first two letters of each name, in every mixture of capitals."""
    for one, two in (name[:2] for name in names.split()):
        yield from ((a, b) for a in {one, one & ~32} for b in {two, two & ~32 if chr(two).isalpha() else two})


# Elements without content, by their first two letters: they add no depth.
_DEEP = np.zeros(65_536, dtype=bool)
_DEEP[[one * 256 + two for one in (*range(97, 123), *range(65, 91)) for two in range(256)]] = True
_DEEP[[one * 256 + two for one, two in _pairs(b"br im me li in hr so pa us re ci p>")]] = False


def hostile(body: bytes) -> str:
    """Say why a UTF-8 body must not be parsed; empty when it may. Linear in its length."""
    if len(body) > MAX_BYTES:
        return f"the page is larger than {MAX_BYTES // 1_000_000} MB"
    if len(body) <= LONG_TAG and body.count(b"<") < _SUSPECT:
        return ""
    data = np.frombuffer(body, dtype=np.uint8)
    opens = np.flatnonzero(data == _LESS)
    if len(opens) > MAX_ELEMENTS:
        return f"the page has more than {MAX_ELEMENTS:,} elements"
    if _endless_tag(body, opens):
        return f"the page has an element with more than {MAX_ATTRIBUTES:,} attributes"
    return _nested(body) if len(opens) >= _SUSPECT and _suspected_depth(data, opens) >= _SUSPECT else ""


def _nested(body: bytes) -> str:
    markup = _NO_MARKUP.sub(b"", body)
    if _depth(markup) > MAX_DEPTH:
        return f"the page is nested deeper than {MAX_DEPTH:,} elements"
    if _open_formatting(markup) > MAX_FORMATTING:
        return f"the page leaves more than {MAX_FORMATTING} formatting elements open"
    return ""


def _endless_tag(body: bytes, opens: Places) -> bool:
    """Whether a tag goes on for very long before it closes: thousands of attributes are compared pair by pair."""
    long = np.flatnonzero(opens[1:] - opens[:-1] > LONG_TAG)
    places = [*opens[long].tolist(), *(opens[-1:].tolist() if len(body) > LONG_TAG else ())]
    suspects = [at for at in places if len(body) - at > LONG_TAG and body.find(b">", at, at + LONG_TAG) < 0]
    if not any(_crowded(tag.group()) for at in suspects if (tag := _LONG_TAG.match(body, at))):
        return False
    return any(map(_crowded, _LONG_TAG.findall(_NO_MARKUP.sub(b"", body))))  # scripts may hold what looks like one


def _crowded(tag: bytes) -> bool:
    return len(_QUOTED.sub(b" ", tag).split()) > MAX_ATTRIBUTES


def _suspected_depth(data: Bytes, opens: Places) -> int:
    """The running number of open elements by a look at two letters of each tag; too high rather than too low."""
    opens = opens[: np.searchsorted(opens, len(data) - 3)]  # what opens at the very end has no name
    one = data[opens + 1]
    closing = (one == _SLASH) | (one == _BACKSLASH)
    start = opens + closing
    names = data[start + 1].astype(np.uint16)
    names <<= 8
    names |= data[start + 2]
    steps = _DEEP[names].astype(np.int8)
    steps[closing] *= -1
    return int(np.max(np.cumsum(steps, dtype=np.int32), initial=0))


def _depth(markup: bytes) -> int:
    depth = deepest = 0
    for slash, name, closed in _TAGS.findall(markup):
        if closed or name.lower() in _VOID:
            continue
        depth = max(0, depth - 1) if slash else depth + 1
        deepest = max(deepest, depth)
    return deepest


def _open_formatting(markup: bytes) -> int:
    left = most = 0
    for slash in _FORMATTING.findall(markup):
        left = max(0, left - 1) if slash else left + 1
        most = max(most, left)
    return most
