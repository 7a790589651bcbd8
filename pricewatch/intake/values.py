"""Cells as values: amounts, rates, counts and flags, read in the one way they can be meant, or refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, tzinfo
from decimal import Decimal

from pricewatch.domain.errors import MoneyError
from pricewatch.domain.money import Currency, Money, Rounding, TaxRate, divide, known_currency_codes
from pricewatch.intake.table import Cell

_SIGNS = {
    "zł": "PLN", "zl": "PLN", "€": "EUR", "kč": "CZK", "kc": "CZK", "£": "GBP", "$": "USD", "ft": "HUF", "lei": "RON",
}  # fmt: skip
_GAPS = " \u00a0\u2009\u202f'’"
_AMOUNT = re.compile(
    rf"(?P<before>[^\d.,+\-]*?)\s*(?P<number>[+-]?[\d.,][\d.,{_GAPS}]*?)(?:[.,]-)?\s*(?P<after>[^\d.,]*)"
)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROLS_IN_LINES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_GROUPED = re.compile(rf"[0-9]{{1,3}}(?:[{_GAPS}][0-9]{{3}})+(?=$|[.,])")
_YES = frozenset({"1", "true", "yes", "y", "x", "tak", "t", "ja", "j", "ano", "a"})
_NO = frozenset({"0", "false", "no", "n", "nie", "nein", "nee", "ne"})
_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})(.*)", re.DOTALL)
_SHORT_YEAR = re.compile(r"(\d{1,2}[./]\d{1,2}[./])(\d{2})(?=$|\s)")
_SHORT_HOUR = re.compile(r"(?<=[ T])(\d)(?=:)")
_EXEMPT = frozenset({"zw", "zw.", "np", "np.", "zwolniony", "zwolnione", "exempt"})
_LONGEST = 40


class Unreadable(ValueError):
    """A cell that cannot be meant, or can be meant in two ways."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def text_of(cell: Cell, *, lines: bool = False) -> str:
    """A cell as text: trimmed, control characters turned into blanks (line breaks stay when `lines`)."""
    if not cell and isinstance(cell, str):
        return ""
    plain = isinstance(cell, Decimal) and cell.is_finite() and abs(cell.adjusted()) <= _LONGEST
    text = f"{cell:f}" if plain else str(cell)
    return (_CONTROLS_IN_LINES if lines else _CONTROLS).sub(" ", text).strip()


def number(cell: Cell, decimal: str = "auto") -> Decimal:
    """Read a number; raises Unreadable. `decimal` settles what 1.299 means; without it such numbers are refused."""
    if isinstance(cell, Decimal):
        if not cell.is_finite() or abs(cell.adjusted()) > _LONGEST:
            raise Unreadable("is no number that can be meant")
        return cell
    text = cell.strip()
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    spaced = _GROUPED.match(digits)
    if spaced:
        digits = re.sub(f"[{_GAPS}]", "", digits)
    if len(digits) > _LONGEST or not re.fullmatch(r"[0-9]*(?:[.,][0-9]+)*", digits) or not digits:
        raise Unreadable(f"{text[:_LONGEST]!r} is no number")
    return sign * Decimal(_plain(digits, decimal, grouped=spaced is not None))


def _plain(digits: str, decimal: str, *, grouped: bool) -> str:
    """Digits with at most one point: tell the decimal separator from the one between thousands."""
    marks = re.findall(r"[.,]", digits)
    point = _decimal_mark(digits, marks, decimal, grouped=grouped)
    for mark in set(marks) - {point}:
        whole = digits.rpartition(point)[0] if point else digits
        if not re.fullmatch(r"[0-9]{1,3}(?:" + re.escape(mark) + "[0-9]{3})+", whole):
            raise Unreadable(f"{digits!r} is no number", f"decimals are written with {point or decimal!r}")
        digits = digits.replace(mark, "")
    return digits.replace(",", ".")


def _decimal_mark(digits: str, marks: list[str], decimal: str, *, grouped: bool) -> str:
    """Which separator is the decimal one; empty when there are no decimals."""
    if not marks:
        return ""
    last = marks[-1]
    if decimal != "auto":
        return decimal if decimal in marks and marks.count(decimal) == 1 and last == decimal else ""
    if len(set(marks)) == 2:
        return last if marks.count(last) == 1 else ""
    if len(marks) > 1:
        return ""
    if ambiguous(digits) and not grouped:
        raise Unreadable(
            f"{digits!r} can be read in two ways", 'set decimal in [catalogue] to "." or ",", as the file writes it'
        )
    return last


def ambiguous(digits: str) -> bool:
    """Say whether a number has one separator that may be the decimal one or the one between thousands."""
    return re.fullmatch(r"[1-9][0-9]{0,2}[.,][0-9]{3}", digits) is not None


def decimal_of(cells: Iterable[Cell]) -> str:
    """The decimal separator that all amounts with only one reading agree on; `auto` when they don't tell."""
    seen = set()
    for cell in cells:
        found = _AMOUNT.fullmatch(cell.strip()[:_LONGEST]) if isinstance(cell, str) else None
        digits = re.sub(rf"[{_GAPS}+\-]", "", found["number"]) if found else ""
        marks = re.findall(r"[.,]", digits)
        if marks and not ambiguous(digits) and (len(marks) == 1 or len(set(marks)) == 2):
            seen.add(marks[-1])
    return seen.pop() if len(seen) == 1 else "auto"


def amount(cell: Cell, currency: Currency, decimal: str = "auto") -> Decimal:
    """Read an amount of money above zero in major units; another currency beside it is refused."""
    if isinstance(cell, str):
        found = _AMOUNT.fullmatch(cell.strip()) if len(cell) <= 2 * _LONGEST else None
        if found is None:
            raise Unreadable(f"{cell.strip()[:_LONGEST]!r} is no amount")
        for sign in (found["before"].strip(), found["after"].strip()):
            _same_currency(sign, currency)
        cell = found["number"].strip()
    value = number(cell, decimal)
    if value < 0:
        raise Unreadable(f"{value} is below zero")
    if value == 0:
        raise Unreadable("is 0", "leave the cell empty when the amount is not known")
    return value


def _same_currency(sign: str, currency: Currency) -> None:
    code = _SIGNS.get(sign.casefold(), sign.upper())
    if not sign or code == currency.code:
        return
    if code in known_currency_codes():
        raise Unreadable(f"is in {code}, and the catalogue in {currency}", "export it in the shop's currency")
    raise Unreadable(f"{sign[:_LONGEST]!r} beside a number is no currency")


def exact(value: Decimal, currency: Currency) -> Money:
    """Major units as money; more decimals than the currency has are refused."""
    try:
        return Money.parse(value, currency)
    except MoneyError as error:
        raise Unreadable(error.message, error.hint) from None


def scaled(value: Decimal, currency: Currency, rate: tuple[int, int], rounding: Rounding) -> Money:
    """Major units times a fraction, as money, rounded once."""
    top, bottom = value.as_integer_ratio()
    try:
        return Money(divide(top * currency.unit * rate[0], bottom * rate[1], rounding), currency)
    except MoneyError as error:
        raise Unreadable(error.message, error.hint) from None


def tax_rate(cell: Cell, form: str = "percent") -> TaxRate:
    """Read a VAT rate: 23, 23%, 8.0; "zw" and "np" are 0. A bare 0.23 is refused unless `form` is fraction."""
    text = text_of(cell)
    if text.casefold() in _EXEMPT:
        return TaxRate(0)
    value = number(text.removesuffix("%").strip(), "," if "," in text else ".")
    fraction = form == "fraction" and not text.endswith("%")
    if fraction and value > 1:
        raise Unreadable(f"{text} is no fraction", 'set tax_as = "percent" in [catalogue]')
    if not fraction and not text.endswith("%") and 0 < value < 1:
        raise Unreadable(f"{text} may mean {value * 100:f} % or {value} %", 'set tax_as = "fraction" in [catalogue]')
    points = value * (10_000 if fraction else 100)
    if points != points.to_integral_value():
        raise Unreadable(f"{text} is finer than 0.01 %")
    try:
        return TaxRate(int(points))
    except MoneyError:
        raise Unreadable(f"{text} is no VAT rate", "it is between 0 and 100 %") from None


def pieces(cell: Cell, decimal: str = "auto") -> int:
    """Read a stock count, rounded down to whole pieces; less than nothing counts as none."""
    value = number(cell, decimal)
    if abs(value) > 10**9:
        raise Unreadable(f"{value} is no stock count")
    return max(int(value), 0)


def flag(cell: Cell) -> bool:
    """Read yes or no."""
    word = text_of(cell).casefold()
    if word in _YES | _NO:
        return word in _YES
    raise Unreadable(f"{word[:_LONGEST]!r} is neither yes nor no")


def moment(text: str, zone: tzinfo) -> datetime:
    """Read a day or a time, in `zone` unless it says another; raises Unreadable."""
    whole = _SHORT_HOUR.sub(r"0\1", _SHORT_YEAR.sub(r"\g<1>20\2", text))
    found = _DAY_FIRST.fullmatch(whole)
    plain = f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}{found[4]}" if found else whole
    try:
        read = datetime.fromisoformat(plain.strip())
    except ValueError:
        raise Unreadable(f"{text[:40]!r} is no date", "write 2026-11-22 or 22.11.2026, a time may follow") from None
    return read if read.tzinfo else read.replace(tzinfo=zone)


def is_nothing(cell: Cell) -> bool:
    """Whether an amount is written as 0, in whatever form."""
    digits = re.sub(r"[^\d]", "", text_of(cell))
    return bool(digits) and int(digits) == 0
