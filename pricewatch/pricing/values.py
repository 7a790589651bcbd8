"""How people write shares, amounts, endings and times in rules and settings, and what they become.

Shares become basis points, amounts stay exact decimals in major units until the currency is known, times become
seconds. Everything else is refused with a hint; nothing is guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, TypeAlias

from pydantic import PlainValidator, WithJsonSchema

from pricewatch.domain.errors import MoneyError
from pricewatch.located import Mistake

WHOLE = 10_000  # basis points
MAX_BASIS_POINTS = 1_000_000  # 10,000 %
_DURATION = re.compile(r"(\d{1,6})\s*([mhdw])")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_ENDING = re.compile(r"(?=.)\d{0,6}(\.\d{1,4})?")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Measure:
    """A share in basis points, an amount in major units of the currency, or the next allowed price on one side (-1
    just under, +1 just over): exactly one of them is set.
    """

    basis_points: int | None = None
    amount: Decimal | None = None
    beside: int = 0

    def __str__(self) -> str:
        if self.beside:
            return "just under" if self.beside < 0 else "just over"
        if self.basis_points is not None:
            return percent_text(self.basis_points)
        return f"{self.amount:f}"


def percent_text(basis_points: int) -> str:
    """Write basis points as a percentage: 1250 is `12.5 %`."""
    return f"{(Decimal(basis_points) / 100).normalize():f} %"


def duration_text(seconds: int) -> str:
    """Write seconds as they are written in rules: 14400 is `4h`."""
    unit = next(unit for unit in ("w", "d", "h", "m") if seconds % _SECONDS[unit] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


def to_minor(amount: Decimal, exponent: int) -> int:
    """Turn major units into minor ones exactly; raises MoneyError when the currency has fewer decimals."""
    minor = amount.scaleb(exponent)
    if minor != minor.to_integral_value():
        raise MoneyError(f"{amount:f} has more decimals than the currency ({exponent})")
    return int(minor)


def parse_percent(value: Any) -> int:
    """Read `"12.5%"` as 1250 basis points."""
    text = value.strip() if isinstance(value, str) else ""
    if not text.endswith("%"):
        raise Mistake(f"{value!r} is no percentage", 'write it in quotes with a % sign, as in "5%"')
    points = _decimal(text[:-1]) * 100
    if points != points.to_integral_value():
        raise Mistake(f"{value!r} is finer than 0.01 %", "use at most two decimals")
    if abs(points) > MAX_BASIS_POINTS:
        raise Mistake(f"{value!r} is beyond 10000 %", "was an amount meant? write it without %")
    return int(points)


def parse_bound(value: Any) -> int:
    """Read a percentage of zero or more."""
    points = parse_percent(value)
    _refuse_sign(value, points)
    return points


def parse_share(value: Any) -> int:
    """Read a percentage from 0 to 100."""
    points = parse_bound(value)
    if points > WHOLE:
        raise Mistake(f"{value!r} is more than all", 'a share is at most "100%"')
    return points


def parse_sum(value: Any) -> Decimal:
    """Read an amount of zero or more."""
    amount = parse_amount(value)
    _refuse_sign(value, amount)
    return amount


def parse_amount(value: Any) -> Decimal:
    """Read an amount in major units: `"99.90"` or `99`."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Mistake(f"{value!r} is no amount", 'write it in quotes, as in "99.90"')
    amount = _decimal(str(value))
    if abs(amount) > 300_000_000 or -int(amount.as_tuple().exponent) > 4:
        raise Mistake(f"{value!r} is no amount of money", "at most 300 million, at most four decimals")
    return amount


def parse_measure(value: Any) -> Measure:
    """Read `"5%"` or `"10.00"`."""
    if isinstance(value, str) and value.strip().endswith("%"):
        return Measure(basis_points=parse_percent(value))
    return Measure(amount=parse_amount(value))


def parse_change(value: Any) -> Measure:
    """Read `"-1%"`, `"-0.01"`, `"just under"` or `"just over"`."""
    words = " ".join(value.split()).lower() if isinstance(value, str) else ""
    if words in {"just under", "just over"}:
        return Measure(beside=-1 if words == "just under" else 1)
    try:
        return parse_measure(value)
    except Mistake as mistake:
        if words.endswith("%"):
            raise
        hint = 'write it as in "-1%", "-0.01", "just under" or "just over"'
        raise Mistake(str(mistake), hint) from None


def parse_limit(value: Any) -> Measure:
    """Read a measure that is zero or more."""
    measure = parse_measure(value)
    _refuse_sign(value, measure.basis_points or measure.amount or 0)
    return measure


def parse_duration(value: Any) -> int:
    """Read `"90m"`, `"36h"`, `"2d"` or `"1w"` as seconds."""
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise Mistake(f"{value!r} is no length of time", 'write "90m", "36h", "2d" or "1w"')
    return int(found[1]) * _SECONDS[found[2]]


def parse_ending(value: Any) -> str:
    """Check last digits such as `".99"`, `"9.99"` or `"9"`."""
    if not isinstance(value, str) or not _ENDING.fullmatch(value.strip()):
        shown = repr(value) if isinstance(value, str) else value
        raise Mistake(f"{shown} is no price ending", 'write the last digits in quotes, as in ".99" or "9.00"')
    return value.strip()


def parse_hours(value: Any) -> tuple[int, int]:
    """Read `"22:00-06:00"` as minutes since midnight, start and end."""
    found = _HOURS.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise Mistake(f"{value!r} is no span of hours", 'write it as in "22:00-06:00"')
    start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if start == end:
        raise Mistake(f"{value!r} has no length", "start and end must differ")
    return start, end


def _refuse_sign(value: Any, limit: int | Decimal) -> None:
    if limit < 0:
        raise Mistake(f"{value!r} is below zero", "write limits without a sign")


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text.strip()) if len(text) <= 24 else None
    except InvalidOperation:
        value = None
    if value is None or not value.is_finite() or abs(value.adjusted()) > 24:
        raise Mistake(f"{text[:24]!r} is no plain decimal number", "write it as in 12.50")
    return value


def _text(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


_PERCENT_PATTERN = r"^-?\d+(\.\d{1,2})?\s*%$"
_BOUND_PATTERN = r"^\d+(\.\d{1,2})?\s*%$"
_CHANGE_PATTERN = r"^(-?\d+(\.\d{1,4})?\s*%?|just under|just over)$"
_MEASURE_PATTERN = r"^-?\d+(\.\d{1,4})?\s*%?$"

Percent: TypeAlias = Annotated[int, PlainValidator(parse_percent), _text(_PERCENT_PATTERN, "5%")]
Bound: TypeAlias = Annotated[int, PlainValidator(parse_bound), _text(_BOUND_PATTERN, "5%")]
Share: TypeAlias = Annotated[int, PlainValidator(parse_share), _text(_BOUND_PATTERN, "50%")]
Sum: TypeAlias = Annotated[Decimal, PlainValidator(parse_sum), _text(r"^\d+(\.\d{1,4})?$", "99.90")]
Amount: TypeAlias = Annotated[Decimal, PlainValidator(parse_amount), _text(r"^-?\d+(\.\d{1,4})?$", "99.90")]
Change: TypeAlias = Annotated[Measure, PlainValidator(parse_change), _text(_CHANGE_PATTERN, "-1%")]
Limit: TypeAlias = Annotated[Measure, PlainValidator(parse_limit), _text(_MEASURE_PATTERN, "10%")]
Duration: TypeAlias = Annotated[int, PlainValidator(parse_duration), _text(r"^\d+\s*[mhdw]$", "36h")]
Ending: TypeAlias = Annotated[str, PlainValidator(parse_ending), _text(r"^\d*(\.\d+)?$", ".99")]
Hours: TypeAlias = Annotated[
    tuple[int, int], PlainValidator(parse_hours), _text(r"^\d\d:\d\d-\d\d:\d\d$", "22:00-06:00")
]
