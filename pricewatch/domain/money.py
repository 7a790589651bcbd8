"""Exact money: integer minor units with an ISO 4217 currency, gross and net, price endings.

`Decimal` at the edges, `int` inside, never `float`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from typing import Any

from pricewatch.domain.errors import MoneyError

# Alphabetic codes of ISO 4217 (list one), grouped by the number of decimals of the minor unit.
_EXPONENTS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW"
    " CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF"
    " IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK"
    " MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP"
    " SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER"
    " ZAR ZMW ZWG BGN HRK ANG CUC SLL ZWL",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_MINOR_DIGITS = {code: exponent for exponent, codes in _EXPONENTS.items() for code in codes.split()}
CURRENCIES = tuple(_MINOR_DIGITS)

MAX_MINOR = 2**53  # far above any price; keeps every product of an amount and basis points inside int64 by 10x
MAX_DIGITS = 40


class Rounding(StrEnum):
    """How a fraction of a minor unit becomes a whole one; `half_up` rounds halves away from zero."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    DOWN = "down"
    UP = "up"


def divide(numerator: int, denominator: int, rounding: Rounding = Rounding.HALF_UP) -> int:
    """Divide two integers exactly and round once, the same way for both signs."""
    if denominator == 0:
        raise MoneyError("division by zero", hint="a rate or factor of 0 cannot be divided by")
    sign = -1 if (numerator < 0) != (denominator < 0) else 1
    whole, rest = divmod(abs(numerator), abs(denominator))
    return sign * (whole + _carry(whole, rest, abs(denominator), rounding))


def _carry(whole: int, rest: int, denominator: int, rounding: Rounding) -> int:
    if rest == 0 or rounding is Rounding.DOWN:
        return 0
    if rounding is Rounding.UP:
        return 1
    if 2 * rest != denominator:
        return int(2 * rest > denominator)
    return 1 if rounding is Rounding.HALF_UP else whole % 2


@dataclass(frozen=True, slots=True, order=True)
class Currency:
    """An ISO 4217 currency; `exponent` is the number of decimals of its minor unit (PLN 2, JPY 0, KWD 3)."""

    code: str
    exponent: int

    @staticmethod
    @lru_cache(maxsize=512)
    def of(code: str) -> Currency:
        """Find the currency by its three-letter code, in any case; raises MoneyError for an unknown one."""
        known = code.strip().upper()
        if known not in _MINOR_DIGITS:
            raise MoneyError(f"unknown currency {code!r}", hint="use an ISO 4217 code such as PLN, EUR or CZK")
        return Currency(known, _MINOR_DIGITS[known])

    @property
    def unit(self) -> int:
        """How many minor units make one major unit."""
        return int(10**self.exponent)

    def __str__(self) -> str:
        return self.code


def known_currency_codes() -> frozenset[str]:
    """All currency codes that `Currency.of` accepts."""
    return frozenset(_MINOR_DIGITS)


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount: whole minor units of one currency; mixing currencies raises MoneyError."""

    minor: int
    currency: Currency

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise MoneyError(f"money counts whole minor units, not {self.minor!r}", hint="use Money.parse")
        if abs(self.minor) > MAX_MINOR:
            raise MoneyError(f"{self.minor} minor units is no price", hint="check the decimal separator")

    @classmethod
    def parse(cls, amount: str | int | Decimal, currency: str | Currency) -> Money:
        """Read a plain decimal (`"1299.00"`, no grouping) exactly; more decimals than the currency has raise."""
        unit = currency if isinstance(currency, Currency) else Currency.of(currency)
        value = _plain_decimal(amount).scaleb(unit.exponent)
        if value != value.to_integral_value():
            raise MoneyError(
                f"{amount} has more decimals than {unit} ({unit.exponent})", hint="round it first, on purpose"
            )
        return cls(int(value), unit)

    @property
    def amount(self) -> Decimal:
        """The amount in major units, with exactly the currency's decimals."""
        return Decimal(self.minor).scaleb(-self.currency.exponent)

    @property
    def text(self) -> str:
        """The amount as a plain decimal string with the currency's decimals: `1299.00`."""
        return f"{self.amount:f}"

    def __str__(self) -> str:
        return f"{self.text} {self.currency.code}"

    def __bool__(self) -> bool:
        return self.minor != 0

    def __add__(self, other: Any) -> Money:
        if other == 0 and type(other) is int:  # lets sum() start at 0
            return self
        return Money(self.minor + self._same(other).minor, self.currency)

    __radd__ = __add__

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __mul__(self, factor: int) -> Money:
        if type(factor) is not int:
            raise MoneyError(f"multiply money by whole numbers, not {factor!r}", hint="use Money.scaled")
        return Money(self.minor * factor, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other).minor

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other).minor

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other).minor

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other).minor

    def scaled(self, numerator: int, denominator: int, rounding: Rounding = Rounding.HALF_UP) -> Money:
        """Multiply by a fraction exactly and round once."""
        return Money(divide(self.minor * numerator, denominator, rounding), self.currency)

    def jumped(self, before: Money, factor: int) -> bool:
        """Whether this is `factor` times an amount or more, or that part or less; another currency says nothing."""
        if before.currency != self.currency or before.minor <= 0:
            return False
        return self.minor >= before.minor * factor or self.minor * factor <= before.minor

    def _same(self, other: Any) -> Money:
        if not isinstance(other, Money):
            raise MoneyError(f"cannot combine {self} with {other!r}", hint="both sides must be Money")
        if other.currency != self.currency:
            raise MoneyError(f"cannot combine {self} with {other}", hint="convert with an exchange rate first")
        return other


def _plain_decimal(amount: str | int | Decimal) -> Decimal:
    """Bound the digits and the exponent before anything is computed: Decimal('1E+999999') to int takes minutes."""
    if isinstance(amount, float):
        raise MoneyError(f"{amount!r} is a float", hint="pass a string or a Decimal")
    text = str(amount).strip()
    try:
        value = Decimal(text) if len(text) <= MAX_DIGITS else None
    except InvalidOperation:
        value = None
    if value is None or not value.is_finite() or abs(value.adjusted()) > MAX_DIGITS:
        raise MoneyError(f"{text[:MAX_DIGITS]!r} is no amount", hint="write it plainly, as in 1299.00")
    return value


@dataclass(frozen=True, slots=True, order=True)
class TaxRate:
    """A value-added tax rate in basis points (23 % = 2300)."""

    basis_points: int

    def __post_init__(self) -> None:
        if type(self.basis_points) is not int or not 0 <= self.basis_points <= 10_000:
            raise MoneyError(f"{self.basis_points!r} basis points is no VAT rate", hint="23 % is 2300 basis points")

    @classmethod
    def parse(cls, percent: str | int | Decimal) -> TaxRate:
        """Read a percentage such as `23`, `5.5` or `8%`."""
        value = _plain_decimal(str(percent).strip().removesuffix("%").strip()) * 100
        if value != value.to_integral_value():
            raise MoneyError(f"{percent} % is finer than a basis point", hint="use at most two decimals")
        return cls(int(value))

    def net_of(self, gross: Money, rounding: Rounding = Rounding.HALF_UP) -> Money:
        """The net part of a gross price, rounded once to the minor unit."""
        return gross.scaled(10_000, 10_000 + self.basis_points, rounding)

    def gross_of(self, net: Money, rounding: Rounding = Rounding.HALF_UP) -> Money:
        """The gross price of a net amount, rounded once to the minor unit."""
        return net.scaled(10_000 + self.basis_points, 10_000, rounding)

    def __str__(self) -> str:
        return f"{Decimal(self.basis_points).scaleb(-2).normalize():f} %"


@dataclass(frozen=True, slots=True)
class PriceEnding:
    """The last digits that a price may have: amounts whose remainder by `modulus` is one of `remainders`.

    `.99` is modulus 100, remainder 99; `9.99` is 1000 and 999; whole fives are 500 and 0 (all in minor units).
    """

    modulus: int
    remainders: tuple[int, ...]

    def __post_init__(self) -> None:
        fits = self.modulus > 0 and self.remainders and all(0 <= r < self.modulus for r in self.remainders)
        if not fits:
            raise MoneyError(f"no price can end in {self.remainders} of {self.modulus}")
        object.__setattr__(self, "remainders", tuple(sorted(set(self.remainders))))

    def allows(self, minor: int) -> bool:
        """Say whether an amount has one of the endings."""
        return minor % self.modulus in self.remainders

    def at_most(self, minor: int) -> int:
        """The highest allowed amount that is not above `minor` (it may be negative)."""
        base = minor - minor % self.modulus
        below = [base + r for r in self.remainders if base + r <= minor]
        return below[-1] if below else base - self.modulus + self.remainders[-1]

    def at_least(self, minor: int) -> int:
        """The lowest allowed amount that is not below `minor`."""
        base = minor - minor % self.modulus
        above = [base + r for r in self.remainders if base + r >= minor]
        return above[0] if above else base + self.modulus + self.remainders[0]

    def nearest(self, minor: int) -> int:
        """The allowed amount nearest to `minor`; of two equally near the lower one, never one of 0 or less."""
        below, above = self.at_most(minor), self.at_least(minor)
        return below if below > 0 and minor - below <= above - minor else above
