"""What feeds and APIs say in short words: amounts, stock, condition, periods. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from pricewatch.domain.errors import MoneyError
from pricewatch.domain.money import Currency, Money
from pricewatch.domain.offer import Availability, Condition
from pricewatch.scraping.extract.condition import condition_of
from pricewatch.scraping.extract.identifiers import clean_gtin
from pricewatch.scraping.extract.price_text import parse_price
from pricewatch.scraping.extract.stock import availability_of

SHORTEST_GTIN = 12
_YES = frozenset(
    ["1", "yes", "y", "true", "t", "tak", "ja", "j", "ano", "skladem", "instock", "available", "vorhanden"]
)
_NO = frozenset(["0", "no", "n", "false", "f", "nie", "nein", "nee", "ne", "outofstock", "unavailable"])
_LATER = {"preorder": Availability.PRE_ORDER, "backorder": Availability.BACK_ORDER, "limited": Availability.IN_STOCK}
# Ceneo's `avail`: in how many days it is sent; 90 to order, 99 ask the shop, 110 before its release.
_CENEO = {
    "1": Availability.IN_STOCK,
    "3": Availability.IN_STOCK,
    "7": Availability.IN_STOCK,
    "14": Availability.IN_STOCK,
    "90": Availability.BACK_ORDER,
    "99": Availability.UNKNOWN,
    "110": Availability.PRE_ORDER,
}
_DIGITS = re.compile(r"\d[\d.,\u00a0 ]*\d")
_TWO_WAYS = re.compile(r"\D*[1-9]\d{0,2}[.,]\d{3}\D*")
_NUMBER = (
    r"(?:(?:\d{1,3}(?:(?P<mark>[ .,'’\u00a0\u2009\u202f])\d{3})(?:(?P=mark)\d{3})*|\d+)"
    r"(?:[.,](?:\d{1,6}|--?|[–—])?)?|[.,]\d{1,2})"
)
_ONE_PRICE = re.compile(
    rf"\s*(?P<before>[^\d=+*/%()#<>;−–-]*?)\s*(?P<number>{_NUMBER})\s*(?P<after>[^\d=+%()#<>;−–-]*)"
)
_GROSS = re.compile(r"\b(?:brutto|gross|incl|inkl|inc|vat|ust|mwst|btw|dph)\b\.?")
_NET = re.compile(r"\b(?:netto|net|ohne|excl|exkl|ex|bez|zzgl)\b")
_PIECES = re.compile(r"(-?\d{1,9})(?:[.,]0{1,4})?")
_AT_LEAST = re.compile(r"(?:>=?\s*|über\s*|ponad\s*|meer dan\s*)\d+|\d+\s*\+")


class Amount(NamedTuple):
    """A price as a feed says it: minor units of a currency; or why there is none, with the text in question."""

    minor: int | None = None
    currency: str = ""
    fault: str = ""
    text: str = ""


def decimal_style(texts: Iterable[str]) -> str:
    """The decimal separator that the unmistakable ones of some prices use; empty when none are, or they differ."""
    marks = {mark for text in texts if (mark := _decimal_mark(text))}
    return marks.pop() if len(marks) == 1 else ""


def _decimal_mark(text: str) -> str:
    found = _DIGITS.search(text)
    digits = found[0].replace(" ", "").replace("\u00a0", "") if found else ""
    marks = [c for c in digits if c in ".,"]
    if not marks or _TWO_WAYS.fullmatch(digits):
        return ""
    last = marks[-1]
    if len(marks) > 1 and len(set(marks)) == 1:
        return "." if last == "," else ","  # "1.226.000": it groups
    return last


@lru_cache(maxsize=16_384)
def amount(text: str, *, currency: str, locale: str, decimal: str) -> Amount:
    """Read a price through the price parser; what can be read in two ways is settled by the file's own `decimal`.

    Locale and currency do not settle it here: programs that write three places do so in every country.
    """
    if fault := _no_one_price(text):
        return Amount(fault=fault, text=text[:40])
    doubtful = bool(_TWO_WAYS.fullmatch(text))
    reading = parse_price(text, locale=locale, currency=currency, decimal=decimal if doubtful else "")
    if reading.ambiguous or (doubtful and not decimal):
        return Amount(fault="the price can be read in two ways; set `decimal`", text=text[:40])
    if reading.amount is None:
        return Amount(fault="the price cannot be read", text=text[:40])
    if not reading.currency:
        return Amount(fault="nothing says the currency; set `currency`", text=text[:40])
    try:
        return Amount(Money.parse(reading.amount, reading.currency).minor, reading.currency)
    except MoneyError:
        return Amount(fault="the price is too exact or too large", text=text[:40])


def _no_one_price(text: str) -> str:
    """Why a cell is not one plain price; a program wrote it, so ranges, formulas, 1E+03 and dates are faults of it."""
    found = _ONE_PRICE.fullmatch(text)
    if found is None:
        return "the price cannot be read"
    beside = f"{found['before']} {found['after']}".lower()
    if _NET.search(beside):
        return "the price is net of VAT"
    beside = _GROSS.sub("", beside).strip(" .,:*")
    if beside and not currency_code(beside.upper() if beside.isascii() else beside):
        return "the price cannot be read"
    return "this is a GTIN, not a price; name the column of the price" if _is_gtin(found["number"]) else ""


def _is_gtin(number: str) -> bool:
    return len(number) >= SHORTEST_GTIN and number.isdigit() and bool(clean_gtin(number))


@lru_cache(maxsize=4_096)
def currency_code(text: str) -> str:
    """A currency by code or sign; empty when it is none."""
    try:
        return Currency.of(text).code
    except MoneyError:
        return parse_price(f"1 {text}").currency if text else ""


@lru_cache(maxsize=4_096)
def availability(text: str, key: str = "") -> Availability:
    """Stock out of a code, a schema.org address, a word or a phrase; `key` is the name of its column."""
    word = re.sub(r"[\s_-]", "", text.rpartition("/")[2] if "schema.org" in text else text).lower()
    if key.lower() == "avail" and word in _CENEO:
        return _CENEO[word]
    if word in _LATER:
        return _LATER[word]
    if word in _YES:
        return Availability.IN_STOCK
    if word in _NO:
        return Availability.OUT_OF_STOCK
    return availability_of(text.replace("_", " "))


@lru_cache(maxsize=4_096)
def pieces(text: str) -> tuple[int | None, Availability]:
    """A stock count, and what it says of stock; "10+" says that there is some."""
    plain = text.strip().replace(" ", "").replace("\u00a0", "")
    found = _PIECES.fullmatch(plain)
    if found:
        count = int(found[1])
        return max(count, 0), Availability.IN_STOCK if count > 0 else Availability.OUT_OF_STOCK
    if _AT_LEAST.fullmatch(text.strip().lower()):
        return None, Availability.IN_STOCK
    return None, availability(text)


@lru_cache(maxsize=1_024)
def condition(text: str) -> Condition:
    """The condition out of a word; "bazar" is Heureka's for used."""
    return condition_of(text.replace("_", " ").removeprefix("http://schema.org/").replace("Condition", ""))


@lru_cache(maxsize=4_096)
def in_period(text: str, now: datetime) -> bool:
    """Whether `start/end` (ISO 8601, no zone = UTC) holds now; no period always does, an unreadable one never."""
    if not text:
        return True
    start, _, end = text.partition("/")
    try:
        return _time(start) <= now <= _time(end)
    except ValueError:
        return False


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text.strip())
    return time if time.tzinfo else time.replace(tzinfo=UTC)
