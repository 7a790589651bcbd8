"""Amounts in other currencies are converted exactly, or not at all."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.domain.money import MAX_MINOR, Rounding
from pricewatch.domain.product import ExchangeRate
from pricewatch.pricing.exchange import factors_to, in_currency, routes_to
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


@given(AMOUNTS, RATES, RATES, st.sampled_from(["EUR", "PLN"]))
def test_cross_rates_are_exact(amounts, first, second, hub):
    """Through a third currency by two rates, rounded once at the end, however large the numbers on the way."""
    rates = [
        ExchangeRate("CZK", hub, first, "2026-11-20", "nbp"),
        ExchangeRate(hub, "HUF", second, "2026-11-19", "ecb"),
    ]
    factor = Fraction(first, 10**6) * Fraction(second, 10**6)
    exact = [rounded(amount * factor, Rounding.HALF_UP) for amount in amounts]
    found = in_currency(np.array(amounts, dtype=np.int64), ["CZK"] * len(amounts), factors_to("HUF", rates))
    assert found.tolist() == [value if value <= MAX_MINOR else MISSING for value in exact]


def test_a_cross_rate_says_both_of_its_dates_and_is_as_old_as_the_older():
    """And an own rate comes before one through a third currency, however new that is."""
    rates = [
        ExchangeRate("EUR", "PLN", 4_250_000, "2026-11-20", "NBP"),
        ExchangeRate("EUR", "CZK", 25_000_000, "2026-11-18", "ECB"),
    ]
    route = routes_to("CZK", rates)["PLN"]
    assert (route.day, route.source) == ("2026-11-18", "through EUR: NBP of 2026-11-20, ECB of 2026-11-18")
    own = [*rates, ExchangeRate("PLN", "CZK", 5_900_000, "2026-11-01", "bank")]
    assert routes_to("CZK", own)["PLN"].source == "bank"


def test_of_two_ways_through_others_the_newer_counts():
    """Its age is that of its older rate; of equal ones EUR comes first."""
    rates = [
        ExchangeRate("CZK", "EUR", 40_000, "2026-11-20", "ECB"),
        ExchangeRate("EUR", "HUF", 390_000_000, "2026-11-10", "ECB"),
        ExchangeRate("CZK", "PLN", 170_000, "2026-11-19", "NBP"),
        ExchangeRate("PLN", "HUF", 92_000_000, "2026-11-19", "NBP"),
    ]
    assert routes_to("HUF", rates)["CZK"].source.startswith("through PLN")
    assert routes_to("HUF", [*rates[:2], replace(rates[2], day="2026-11-10"), rates[3]])["CZK"].source.startswith(
        "through EUR"
    )


def test_stale_rates_are_not_used():
    """What they would convert is unknown, and what is unknown holds."""
    rates = [ExchangeRate("EUR", "PLN", 4_250_000, "2026-11-10", "NBP")]
    assert set(factors_to("PLN", rates, "2026-11-10")) == {"EUR", "PLN"}
    assert set(factors_to("PLN", rates, "2026-11-11")) == {"PLN"}
