"""Trade item numbers and makers' part numbers: which can be trusted, and as what key.

Sources: GS1 General Specifications (check digit, restricted circulation prefixes), ISO 2108 (ISBN).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from pricewatch.matching.normalise import fold

GTIN_LENGTHS = (8, 12, 13, 14)
PLACEHOLDERS = frozenset({"1234567890128", "0123456789012", "1234567890123"})
_ISBN10 = re.compile(r"\d{9}[\dXx]")


@dataclass(frozen=True, slots=True)
class GtinReading:
    """A GTIN as a key of 14 digits, or why it is refused; `key` is empty when it is."""

    key: str
    refused: str = ""


@lru_cache(maxsize=65_536)
def read_gtin(text: str) -> GtinReading:
    """Normalise a GTIN-8/12/13/14 or ISBN to one 14-digit key; numbers that name no single trade item are refused."""
    digits = re.sub(r"[\s\-‐-–]", "", text.strip()).removesuffix(".0")
    if not digits:
        return GtinReading("", "empty")
    if "e+" in digits.lower():
        return GtinReading("", "a spreadsheet has rounded it; the last digits are lost")
    if _ISBN10.fullmatch(digits) and _isbn10_valid(digits):
        digits = _with_check_digit("978" + digits[:9])
    if not digits.isascii() or not digits.isdigit():
        return GtinReading("", "has other characters than digits")
    return _read_digits(digits)


def printed_gtin(text: str) -> str:
    """A GTIN with the digits that it was written with, an ISBN-10 with its 13 digits; empty when it is none."""
    key, digits = read_gtin(text).key, re.sub(r"\D", "", text)
    return digits if key and len(digits) in GTIN_LENGTHS and digits.zfill(14) == key else key.removeprefix("0")


def _read_digits(digits: str) -> GtinReading:
    significant = digits.lstrip("0")
    if len(digits) not in GTIN_LENGTHS:
        if not 10 <= len(digits) <= 11:
            return GtinReading("", f"has {len(digits)} digits")
        digits = digits.zfill(12)  # a spreadsheet drops leading zeros
    if len(set(significant)) <= 1:
        return GtinReading("", "is one digit repeated")
    key = digits.zfill(14)
    if check_digit(key[:-1]) != key[-1]:
        return GtinReading("", "its check digit is wrong")
    if reason := _restricted(digits, key):
        return GtinReading("", reason)
    return GtinReading(key)


def _restricted(digits: str, key: str) -> str:
    """Why a well-formed number does not identify a trade item that two shops can both sell."""
    thirteen = key[1:]
    if thirteen in PLACEHOLDERS:
        return "is a well-known placeholder"
    if len(digits) == 14 and digits[0] == "9":
        return "is a variable-measure item (indicator 9)"
    if len(digits) == 8:
        return "has an in-store prefix (GTIN-8 0 or 2)" if digits[0] in "02" else ""
    if thirteen[0] == "2" or thirteen[:2] in {"02", "04"}:
        return f"has an in-store prefix ({thirteen[:2]})"
    if thirteen[:2] == "99" or thirteen[:3] in {"981", "982", "983", "984", "977"} or thirteen[:2] == "05":
        return f"is a coupon or serial ({thirteen[:3]})"
    return ""


def check_digit(body: str) -> str:
    """The GS1 check digit of a number without it (weights 3 and 1 from the right)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)


def _with_check_digit(body: str) -> str:
    return body + check_digit(body)


def _isbn10_valid(digits: str) -> bool:
    values = [10 if c in "Xx" else int(c) for c in digits]
    return sum(value * weight for value, weight in zip(values, range(10, 0, -1), strict=True)) % 11 == 0


def mpn_key(mpn: str, brand: str) -> str:
    """A part number as a key: case, separators and a leading brand name do not count; too short is no key."""
    key = re.sub(r"[^a-z0-9]", "", fold(mpn))
    prefix = re.sub(r"[^a-z0-9]", "", fold(brand))
    if prefix and key.startswith(prefix) and len(key) - len(prefix) >= 3:
        key = key[len(prefix) :]
    return key if len(key) >= 3 and any(c.isdigit() for c in key) else ""


@lru_cache(maxsize=65_536)
def brand_key(brand: str) -> str:
    """A brand as a key: case, accents, punctuation and company forms do not count."""
    words = [word for word in re.split(r"[^a-z0-9]+", fold(brand)) if word]
    while len(words) > 1 and words[-1] in {"gmbh", "ag", "sa", "inc", "ltd", "sp", "zoo", "co", "bv", "sro", "kg"}:
        words.pop()
    return "".join(words)
