"""Expressions computed on whole columns: three-valued logic, texts by their dictionary, exact fixed-point numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeAlias

import numpy as np

from pricewatch.pricing.exact import AMOUNT_LIMIT, ONE, half_up, known, only
from pricewatch.pricing.frame import MISSING, Bools, Ints, Text, distinct


class Scope(Protocol):
    """The rows that an expression is computed on."""

    @property
    def exponent(self) -> int: ...
    @property
    def today(self) -> date: ...
    def __len__(self) -> int: ...
    def number(self, name: str) -> Ints:
        """An amount (minor units), percentage (basis points) or number (ten-thousandths) for each row."""
        ...

    def text(self, name: str) -> Text: ...
    def flag(self, name: str) -> Bools: ...


@dataclass(frozen=True, slots=True)
class Truth:
    """Three-valued logic for each row: certainly true, certainly false, else unknown."""

    yes: Bools
    no: Bools

    @classmethod
    def certain(cls, yes: Bools) -> Truth:
        return cls(yes, ~yes)


Logic: TypeAlias = Callable[[Scope], Truth]
Numeric: TypeAlias = Callable[[Scope], Ints]
Words: TypeAlias = Callable[[Scope], Text]


def fold(text: str) -> str:
    """How texts are compared: whatever the case, and without blanks around them."""
    return text.strip().casefold()


def category(path: str) -> str:
    """Write a category path in one way: parts separated by ` > `, whatever the case."""
    return " > ".join(fold(part) for part in path.split(">"))


def negated(logic: Logic) -> Logic:
    """Not: what is unknown stays unknown."""

    def compute(scope: Scope) -> Truth:
        truth = logic(scope)
        return Truth(truth.no, truth.yes)

    return compute


def joined(left: Logic, right: Logic, *, both: bool) -> Logic:
    """And, or: unknown only where the other side does not settle it."""

    def compute(scope: Scope) -> Truth:
        a, b = left(scope), right(scope)
        return Truth(a.yes & b.yes, a.no | b.no) if both else Truth(a.yes | b.yes, a.no & b.no)

    return compute


_ORDER: dict[str, Callable[[Ints, Ints], Bools]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def compared(left: Numeric, right: Numeric, operator: str) -> Logic:
    """Compare two columns; unknown where one of them is."""
    order = _ORDER[operator]

    def compute(scope: Scope) -> Truth:
        a, b = left(scope), right(scope)
        certain, holds = known(a, b), order(a, b)
        return Truth(certain & holds, certain & ~holds)

    return compute


def equals(wanted: str) -> Callable[[str], bool]:
    """Test a text for equality, whatever the case."""
    folded = fold(wanted)
    return lambda text: fold(text) == folded


def ordering(operator: str, wanted: str, swapped: bool) -> Callable[[str], bool]:
    """Test a text by the order of its characters; `swapped` when the wanted text stands on the left."""
    symbol = operator.translate(str.maketrans("<>", "><")) if swapped else operator
    tests: dict[str, Callable[[str], bool]] = {
        "<": lambda text: text < wanted,
        "<=": lambda text: text <= wanted,
        ">": lambda text: text > wanted,
        ">=": lambda text: text >= wanted,
    }
    return tests[symbol]


def at_or_below(paths: Sequence[str]) -> Callable[[str], bool]:
    """Test whether a category is one of these or below one of them."""
    wanted = tuple(map(category, paths))
    return lambda text: any(f"{category(text)} > ".startswith(f"{path} > ") for path in wanted)


def tried(words: Words, test: Callable[[str], bool], *, unknown_empty: bool = True) -> Logic:
    """Try each distinct text once; an empty text is unknown."""

    def compute(scope: Scope) -> Truth:
        column = words(scope)
        used = _used(column)
        yes, no = np.zeros(len(column.values) + 1, bool), np.zeros(len(column.values) + 1, bool)
        for code in used:
            text = column.values[code]
            if text.strip() or not unknown_empty:
                holds = test(text)
                yes[code], no[code] = holds, not holds
        return Truth(yes[column.codes], no[column.codes])

    return compute


def _used(column: Text) -> Sequence[int]:
    if len(column.values) <= len(column.codes):
        return range(len(column.values))
    return distinct(column.codes)


def per_text(column: Text, read: Callable[[str], int]) -> Ints:
    """Read each distinct text once."""
    values = np.full(len(column.values) + 1, MISSING, dtype=np.int64)
    for code in _used(column):
        values[code] = read(column.values[code])
    return np.asarray(values[column.codes])


def read_number(text: str) -> int:
    """Read a plain decimal with up to four decimals as ten-thousandths; anything else is unknown."""
    text = text.strip()
    digits = text.removeprefix("-")
    whole, _, decimals = digits.partition(".")
    if not (whole + decimals).isascii() or not (whole + decimals).isdigit() or len(whole) > 9 or len(decimals) > 4:
        return MISSING
    if not whole:
        return MISSING
    value = int(whole) * ONE + int(decimals.ljust(4, "0"))
    return -value if text.startswith("-") else value


def read_amount(exponent: int) -> Callable[[str], int]:
    """Read a plain amount above zero, exactly, as minor units; anything else is unknown."""

    def read(text: str) -> int:
        whole, _, decimals = text.strip().partition(".")
        digits = whole + decimals
        if not digits.isascii() or not digits.isdigit() or not 0 < len(whole) <= 9 or len(decimals) > exponent:
            return MISSING
        return int(whole) * 10**exponent + int(decimals.ljust(exponent, "0") or 0) or MISSING

    return read


def days_to(today: date) -> Callable[[str], int]:
    """Read how many days ago a date in a text was, in ten-thousandths; anything else is unknown."""

    def read(text: str) -> int:
        try:
            return (today - date.fromisoformat(text.strip()[:10])).days * ONE
        except ValueError:
            return MISSING

    return read


_RANGE = AMOUNT_LIMIT * ONE


def _bounded(mask: Bools, values: Ints) -> Ints:
    return only(mask & (np.abs(values) <= _RANGE), values)


def minus(column: Numeric) -> Numeric:
    """The negative of a column."""

    def compute(scope: Scope) -> Ints:
        values = column(scope)
        return only(known(values), -values)

    return compute


def total(left: Numeric, right: Numeric, operator: str) -> Numeric:
    """Add or subtract; what leaves the range of money is unknown."""

    def compute(scope: Scope) -> Ints:
        a, b = left(scope), right(scope)
        mask = known(a, b)
        a, b = np.where(mask, a, 0), np.where(mask, b, 0)
        return _bounded(mask, a + b if operator == "+" else a - b)

    return compute


def product(left: Numeric, right: Numeric) -> Numeric:
    """Multiply, where `right` is a ratio; halves away from zero."""

    def compute(scope: Scope) -> Ints:
        a, b = left(scope), right(scope)
        mask = known(a, b) & (np.abs(a.astype(np.float64)) * np.abs(b.astype(np.float64)) < 2.0**61)
        return _bounded(mask, half_up(np.where(mask, a, 0) * np.where(mask, b, 0), ONE))

    return compute


def quotient(left: Numeric, right: Numeric) -> Numeric:
    """Divide to a ratio; halves away from zero; by zero is unknown."""

    def compute(scope: Scope) -> Ints:
        a, b = left(scope), right(scope)
        mask = known(a, b) & (b != 0)
        top, bottom = np.where(mask, a, 0), np.where(mask, b, 1)
        mask &= np.abs(top) < 2**47
        return _bounded(mask, half_up(np.where(mask, top, 0) * ONE * np.sign(bottom), np.abs(bottom)))

    return compute


def extreme(columns: Sequence[Numeric], function: str) -> Numeric:
    """The lowest or highest; unknown as soon as one of them is."""
    reduce = np.minimum if function == "min" else np.maximum

    def compute(scope: Scope) -> Ints:
        values = [column(scope) for column in columns]
        return only(known(*values), reduce.reduce(values))

    return compute
