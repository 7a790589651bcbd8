"""Amounts of many currencies as one: by the newest rate, exactly, rounded half up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np

from pricewatch.domain.money import MAX_MINOR, Currency, Rounding, divide
from pricewatch.domain.product import ExchangeRate
from pricewatch.pricing.frame import MISSING, Ints, Text

_MICROS = 1_000_000
_SAFE = 2**62


@dataclass(frozen=True, slots=True)
class Factor:
    """Minor units of one currency times `numerator` over `denominator` are minor units of the other."""

    numerator: int
    denominator: int

    def convert(self, amounts: Ints, rounding: Rounding = Rounding.HALF_UP) -> Ints:
        """Convert a column, each amount exactly and rounded once; what is no amount any more becomes MISSING."""
        if self.numerator == self.denominator:
            return amounts
        known = (amounts != MISSING) & (amounts >= 0)
        result = np.full(len(amounts), MISSING)
        result[known] = self._whole(amounts[known], rounding)
        result[result > MAX_MINOR] = MISSING
        return result

    def _whole(self, amounts: Ints, rounding: Rounding) -> Ints:
        highest = int(amounts.max(initial=1))
        if rounding is Rounding.HALF_UP and (highest * self.numerator + self.denominator) * 2 < _SAFE:
            return (amounts * (2 * self.numerator) + self.denominator) // (2 * self.denominator)
        distinct, places = np.unique(amounts, return_inverse=True)
        exact = (divide(int(amount) * self.numerator, self.denominator, rounding) for amount in distinct)
        found = np.fromiter((value if value <= MAX_MINOR else MISSING for value in exact), dtype=np.int64)
        return np.asarray(found[places])


HUBS = ("EUR", "PLN")  # whose central banks publish tables of many currencies


@dataclass(frozen=True, slots=True)
class Route:
    """How to come from one currency to another: by one rate, or through a third currency by two.

    `day` is the ISO date of the rate, of two the older one; `source` says whose they are, with both dates.
    """

    factor: Factor
    day: str
    source: str


def routes_to(currency: str, rates: Sequence[ExchangeRate], oldest: str = "") -> Mapping[str, Route]:
    """The way from each currency to this one; rates of a day before `oldest` are not used.

    A currency's own rate (or the inverse one, whichever is newer) comes before one through a third currency; of those
    the one whose older rate is newest, EUR before PLN. Nothing is rounded on the way.
    """
    usable = [rate for rate in rates if rate.day >= oldest]
    found = dict(_direct(currency, usable))
    legs = {hub: _direct(hub, usable) for hub in HUBS if hub in found}
    for other in sorted({code for rate in usable for code in (rate.base, rate.quote)} - {currency, *found}):
        crossed = [_crossed(hub, legs[hub][other], found[hub]) for hub in legs if other in legs[hub]]
        if crossed:
            found[other] = max(crossed, key=lambda route: route.day)  # of equal days the first
    return found


def factors_to(currency: str, rates: Sequence[ExchangeRate], oldest: str = "") -> Mapping[str, Factor]:
    """How to come from each currency to this one, itself included."""
    routes = routes_to(currency, rates, oldest)
    return {other: route.factor for other, route in routes.items()} | {currency: Factor(1, 1)}


def _direct(currency: str, rates: Iterable[ExchangeRate]) -> Mapping[str, Route]:
    best: dict[str, tuple[str, bool, Route]] = {}
    for rate in rates:
        direct = rate.quote == currency
        if not direct and rate.base != currency:
            continue
        other = rate.base if direct else rate.quote
        factor = _factor(rate, Currency.of(other), Currency.of(currency), direct=direct)
        found = (rate.day, direct, Route(factor, rate.day, rate.source))
        if other not in best or found[:2] > best[other][:2]:
            best[other] = found
    return {other: route for other, (_, _, route) in best.items()}


def _crossed(hub: str, first: Route, second: Route) -> Route:
    factor = _reduced(
        first.factor.numerator * second.factor.numerator, first.factor.denominator * second.factor.denominator
    )
    source = f"through {hub}: {first.source} of {first.day}, {second.source} of {second.day}"
    return Route(factor, min(first.day, second.day), source)


def micros(factor: Factor, source: Currency, goal: Currency) -> int:
    """A factor as the rate that people know: millionths of the goal for one unit of the source, halves up."""
    return divide(factor.numerator * source.unit * _MICROS, factor.denominator * goal.unit)


def _factor(rate: ExchangeRate, source: Currency, goal: Currency, *, direct: bool) -> Factor:
    numerator, denominator = (rate.rate_micros, _MICROS) if direct else (_MICROS, rate.rate_micros)
    return _reduced(numerator * goal.unit, denominator * source.unit)


def _reduced(numerator: int, denominator: int) -> Factor:
    common = gcd(numerator, denominator)
    return Factor(numerator // common, denominator // common)


def in_currency(
    amounts: Ints,
    currencies: Sequence[str | None] | Text,
    factors: Mapping[str, Factor],
    rounding: Rounding = Rounding.HALF_UP,
) -> Ints:
    """Convert a column of mixed currencies; an amount in a currency without a rate becomes MISSING."""
    coded = currencies if isinstance(currencies, Text) else Text.of(code or "" for code in currencies)
    if len(coded.values) == 1 and coded.values[0] in factors:
        return factors[coded.values[0]].convert(amounts, rounding)
    result = np.full(len(amounts), MISSING)
    for place, code in enumerate(coded.values):
        factor = factors.get(code)
        if factor is not None:
            rows = coded.codes == place
            result[rows] = factor.convert(amounts[rows], rounding)
    return result
