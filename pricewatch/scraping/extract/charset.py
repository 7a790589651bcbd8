"""One encoding out of many: header, byte order mark, meta, then detection."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Mapping

from charset_normalizer import from_bytes
from w3lib.encoding import (
    html_body_declared_encoding,
    http_content_type_encoding,
    read_bom,
    resolve_encoding,
)

_BINARY = (
    b"%PDF-",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"RIFF",
    b"\x00\x00\x01\x00",
    b"7z\xbc\xaf",
)
SAMPLE = 65_536
_CONTROL = bytes(range(0x09)) + bytes(range(0x0E, 0x1B))


def is_binary(body: bytes) -> bool:
    """Whether a body is no text at all."""
    if body.startswith(_BINARY):
        return True
    head = body[:4096]
    return not read_bom(head)[0] and (len(head) - len(head.translate(None, _CONTROL))) * 20 > len(head)


def utf8(body: bytes, headers: Mapping[str, str]) -> bytes:
    """The same text in UTF-8, without ever raising; what cannot be decoded becomes U+FFFD."""
    bom_encoding, bom = read_bom(body)
    if bom_encoding and bom:
        return _again(body[len(bom) :], bom_encoding)
    return body if _is_utf8(body) else _again(body, _encoding(body, headers))


def _is_utf8(body: bytes) -> bool:
    """Whether a body is valid; looked at in pieces, as one wide character makes all of a text wide."""
    reader = getincrementaldecoder("utf-8")()
    view = memoryview(body)
    try:
        for start in range(0, len(body), SAMPLE):
            reader.decode(view[start : start + SAMPLE])
        reader.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _encoding(body: bytes, headers: Mapping[str, str]) -> str:
    """The encoding of a body that is not valid UTF-8: declared, else detected."""
    declared = http_content_type_encoding(headers.get("content-type")) or html_body_declared_encoding(body[:8192])
    if declared and declared != "utf-8":
        return declared
    if _mostly_utf8(body[:SAMPLE]):
        return "utf-8"
    guess = from_bytes(body[:SAMPLE]).best()
    return guess.encoding if guess else "cp1252"


def _mostly_utf8(sample: bytes) -> bool:
    """Whether more of the characters beyond ASCII are whole than broken: a few bad bytes are forgiven."""
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return sum(character > "\x7f" for character in text) - broken >= broken


def _again(body: bytes, encoding: str) -> bytes:
    try:
        text = body.decode(resolve_encoding(encoding) or encoding, "replace")
    except (LookupError, ValueError):
        text = body.decode("utf-8", "replace")
    return text.encode("utf-8", "replace")
