"""Files of our own side as text: what encoding they are in, and what they are when they are no text at all."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from pathlib import Path

from pricewatch.domain.errors import PricewatchError

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NO_TEXT = (
    (b"PK\x03\x04", "an Excel or OpenDocument workbook, or a ZIP file", "save it as CSV UTF-8"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save it as CSV UTF-8"),
    (b"%PDF", "a PDF document", "export CSV, JSON or XML instead"),
    (b"\x1f\x8b", "compressed with gzip", "unpack it first"),
    (b"SQLite format 3", "an SQLite database", "export CSV, JSON or XML instead"),
)
_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}encoding=["']([A-Za-z0-9._-]+)""")
_CODEPAGES = ("cp1250", "iso8859-2", "cp1252")
# Letters beyond ASCII that each language writes; text in the right code page stays within one of them.
_ALPHABETS = tuple(
    frozenset(letters + letters.upper())
    for letters in (
        "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "äöüß", "áéíóöőúüű", "ăâîșşțţ", "čćđšž",
        "àâæçèéêëîïôœùûüÿ", "áéíñóúü", "åäöøæ", "àèéìòù", "áâãàçéêíóôõú", "éëïöüèàç",
    )
)  # fmt: skip
_SIGNS = frozenset("€£§°²³×±µ–—„”“’‘…•®™©«»½¼ ")


def read_text(path: Path, encoding: str = "auto") -> str:
    """Read a file as text without a byte order mark; raises PricewatchError when it is missing, empty or no text."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        hint = "a path counts from the folder that the command runs in" if isinstance(error, FileNotFoundError) else ""
        raise PricewatchError(f"cannot read the file: {error.strerror}", where=str(path), hint=hint) from None
    if not raw.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise PricewatchError("the file is empty", where=str(path), hint="export it again")
    for start, what, hint in _NO_TEXT:
        if raw.startswith(start):
            raise PricewatchError(f"the file is {what}, not text", where=str(path), hint=hint)
    chosen = detect(raw) if encoding == "auto" else encoding
    try:
        text = raw.decode(chosen) if chosen else ""
    except UnicodeError as error:
        raise _undecodable(path, chosen, raw, error) from None
    if not chosen or _mostly_controls(text):
        raise PricewatchError("the file is binary, not text", where=str(path), hint="export CSV, JSON or XML as UTF-8")
    return text.removeprefix("\ufeff")


def detect(raw: bytes) -> str:
    """Find the encoding: a byte order mark, UTF-16 by its zero bytes, UTF-8 when it is valid, else the code page in
    which most letters belong to one European language; empty for binary data.
    """
    for mark, name in _BOMS:
        if raw.startswith(mark):
            return name
    wide = _utf16(raw) if b"\0" in raw else ""
    if wide:
        return wide
    declared = _DECLARED.match(raw)
    if declared:
        return _known(declared[1].decode("ascii"))
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        scores = {name: _score(raw, name) for name in _CODEPAGES}
        best = max(_CODEPAGES, key=lambda name: scores[name])  # the first of equals: Windows is the commoner
        return best if scores[best] > -1 else ""
    return "utf-8"


def _known(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "utf-8"


def _utf16(raw: bytes) -> str:
    """Tell UTF-16 without a mark by where its zero bytes are: text of Europe has every second one."""
    even, odd = raw[0:4000:2].count(0), raw[1:4000:2].count(0)
    half = len(raw[:4000]) // 2
    if odd > half * 0.8 and even <= half * 0.02:
        return "utf-16-le"
    return "utf-16-be" if even > half * 0.8 and odd <= half * 0.02 else ""


def _score(raw: bytes, encoding: str) -> float:
    """How well the bytes beyond ASCII read: 1 = all in one alphabet, below -1 = not text."""
    beyond = bytes(byte for byte in raw if byte >= 0x80)[:20_000]
    try:
        text = beyond.decode(encoding)
    except UnicodeDecodeError:
        text = beyond.decode(encoding, "replace")
    count = _counts(text)
    total = sum(count.values()) or 1
    letters = max(sum(n for c, n in count.items() if c in alphabet) for alphabet in _ALPHABETS)
    signs = sum(n for c, n in count.items() if c in _SIGNS)
    wrong = sum(n for c, n in count.items() if c == "\ufffd" or "\x80" <= c <= "\x9f")
    return (letters + signs / 2 - 2 * wrong) / total


def _counts(text: str) -> Mapping[str, int]:
    return {c: text.count(c) for c in set(text)}


def _mostly_controls(text: str) -> bool:
    """Text has hardly any control characters; a stray one does not make a file binary."""
    start = text[:20_000]
    return sum(c < "\t" or "\r" < c < " " or c == "\ufffd" for c in start) > max(len(start) * 0.02, 1)


def _undecodable(path: Path, encoding: str, raw: bytes, error: UnicodeError) -> PricewatchError:
    start = getattr(error, "start", 0)
    line = raw.count(b"\n", 0, start) + 1
    hint = 'set encoding in [catalogue] to "auto" or to the one that the file was saved in'
    return PricewatchError(f"the file is not {encoding} text", where=f"{path}:{line}", hint=hint)
