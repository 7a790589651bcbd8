"""Amounts of many currencies as one: by the newest rate, exactly, rounded half up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np

from pricewatch.domain.money import MAX_MINOR, Currency, Rounding, divide
from pricewatch.domain.product import ExchangeRate
from pricewatch.pricing.frame import MISSING, Ints

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
        exact = (divide(int(amount) * self.numerator, self.denominator, rounding) for amount in amounts)
        return np.fromiter((value if value <= MAX_MINOR else MISSING for value in exact), dtype=np.int64)


def factors_to(currency: str, rates: Iterable[ExchangeRate]) -> Mapping[str, Factor]:
    """How to come from each currency to this one: by its own rate or the inverse one, whichever is newer."""
    best: dict[str, tuple[str, bool, Factor]] = {}
    for rate in rates:
        direct = rate.quote == currency
        if not direct and rate.base != currency:
            continue
        other = rate.base if direct else rate.quote
        found = (rate.day, direct, _factor(rate, Currency.of(other), Currency.of(currency), direct=direct))
        if other not in best or found[:2] > best[other][:2]:
            best[other] = found
    return {other: factor for other, (_, _, factor) in best.items()} | {currency: Factor(1, 1)}


def _factor(rate: ExchangeRate, source: Currency, goal: Currency, *, direct: bool) -> Factor:
    numerator, denominator = (rate.rate_micros, _MICROS) if direct else (_MICROS, rate.rate_micros)
    numerator, denominator = numerator * goal.unit, denominator * source.unit
    common = gcd(numerator, denominator)
    return Factor(numerator // common, denominator // common)


def in_currency(
    amounts: Ints,
    currencies: Sequence[str | None],
    factors: Mapping[str, Factor],
    rounding: Rounding = Rounding.HALF_UP,
) -> Ints:
    """Convert a column of mixed currencies; an amount in a currency without a rate becomes MISSING."""
    kinds = {kind: place for place, kind in enumerate(dict.fromkeys(currencies))}
    codes = np.fromiter((kinds[kind] for kind in currencies), dtype=np.int32, count=len(currencies))
    result = np.full(len(amounts), MISSING)
    for kind, place in kinds.items():
        factor = factors.get(kind or "")
        if factor is not None:
            rows = codes == place
            result[rows] = factor.convert(amounts[rows], rounding)
    return result
