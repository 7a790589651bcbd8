"""Amounts in other currencies are converted exactly, or not at all."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.domain.money import MAX_MINOR, Rounding
from pricewatch.domain.product import ExchangeRate
from pricewatch.pricing.exchange import factors_to, in_currency
from pricewatch.pricing.frame import MISSING

AMOUNTS = st.lists(
    st.integers(min_value=0, max_value=MAX_MINOR) | st.integers(min_value=0, max_value=10**6), max_size=5
)
RATES = st.integers(min_value=1, max_value=10**13)
PAIRS = st.sampled_from([("EUR", "PLN"), ("JPY", "PLN"), ("KWD", "JPY"), ("PLN", "KWD")])
UNITS = {"EUR": 100, "PLN": 100, "JPY": 1, "KWD": 1000}


def rounded(value: Fraction, rounding: Rounding) -> int:
    """By the book, on fractions."""
    if rounding is Rounding.DOWN:
        return int(value)
    if rounding is Rounding.UP:
        return -int(-value // 1)
    return int(value + Fraction(1, 2))


@given(AMOUNTS, RATES, PAIRS, st.booleans(), st.sampled_from([Rounding.HALF_UP, Rounding.UP, Rounding.DOWN]))
def test_conversion_agrees_with_fractions(amounts, micros, pair, inverse, rounding):
    """For any amount, rate and rounding, in both directions, small or far beyond 64 bits on the way."""
    base, quote = pair
    rate = ExchangeRate(*((quote, base) if inverse else (base, quote)), micros, "2026-11-20", "nbp")
    factor = Fraction(10**6, micros) if inverse else Fraction(micros, 10**6)
    exact = [rounded(amount * factor * UNITS[quote] / UNITS[base], rounding) for amount in amounts]
    column = np.array(amounts, dtype=np.int64)
    found = in_currency(column, [base] * len(amounts), factors_to(quote, [rate]), rounding)
    assert found.tolist() == [value if value <= MAX_MINOR else MISSING for value in exact]


def test_unknown_amounts_and_currencies_stay_unknown():
    """MISSING is never computed with, and a currency without a rate has no amount."""
    factors = factors_to("PLN", [ExchangeRate("EUR", "PLN", 4_000_000, "2026-11-20", "nbp")])
    column = np.array([MISSING, 100, 100, 100, MISSING], dtype=np.int64)
    found = in_currency(column, ["EUR", "EUR", "CZK", "PLN", None], factors)
    assert found.tolist() == [MISSING, 400, MISSING, 100, MISSING]
