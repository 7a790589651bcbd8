"""Money is exact, in one currency, and never outside its endings."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.domain.errors import MoneyError
from pricewatch.domain.money import Currency, Money, PriceEnding, Rounding, TaxRate, divide, known_currency_codes

PLN = Currency.of("PLN")
amounts = st.integers(min_value=-(10**12), max_value=10**12)
rates = st.integers(min_value=0, max_value=10_000).map(TaxRate)
DECIMAL_MODES = {
    Rounding.HALF_UP: ROUND_HALF_UP,
    Rounding.HALF_EVEN: ROUND_HALF_EVEN,
    Rounding.DOWN: ROUND_DOWN,
    Rounding.UP: ROUND_UP,
}


@pytest.mark.parametrize(
    ("code", "text", "minor"), [("PLN", "1299.00", 129900), ("JPY", "1299", 1299), ("KWD", "1.234", 1234)]
)
def test_amounts_are_counted_in_the_minor_units_of_their_currency(code: str, text: str, minor: int) -> None:
    """ISO 4217 exponents decide what a minor unit is."""
    money = Money.parse(text, code)
    assert money.minor == minor
    assert money.text == text
    assert str(money) == f"{text} {code}"


@given(amounts, st.sampled_from(sorted(known_currency_codes())))
def test_text_reads_back_as_the_same_money(minor: int, code: str) -> None:
    """Writing and reading an amount loses nothing in any currency."""
    money = Money(minor, Currency.of(code))
    assert Money.parse(money.text, code) == money


@pytest.mark.parametrize("text", ["", "abc", "NaN", "Infinity", "1,5", "1E+999999", "12.345", "9" * 60])
def test_what_is_no_plain_amount_is_refused(text: str) -> None:
    """Grouping, words, endless exponents and too many decimals never become a price."""
    with pytest.raises(MoneyError):
        Money.parse(text, "PLN")


def test_a_float_is_refused() -> None:
    """0.1 is not a tenth."""
    with pytest.raises(MoneyError, match="float"):
        Money.parse(0.1, "PLN")  # type: ignore[arg-type]
    with pytest.raises(MoneyError):
        Money(1.0, PLN)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "operate", [Money.__add__, Money.__sub__, Money.__lt__, Money.__le__, Money.__gt__, Money.__ge__]
)
def test_currencies_never_mix(operate: object) -> None:
    """Adding or comparing złoty and euro raises instead of guessing a rate."""
    with pytest.raises(MoneyError, match="EUR"):
        operate(Money(1, PLN), Money(1, Currency.of("EUR")))  # type: ignore[operator]


def test_sum_adds_money() -> None:
    """The built-in sum works on money."""
    assert sum([Money(1, PLN), Money(2, PLN)]) == Money(3, PLN)


def test_an_unknown_currency_is_refused_with_a_hint() -> None:
    """`zzz` is nobody's money."""
    with pytest.raises(MoneyError, match="ISO 4217"):
        Currency.of("zzz")


@given(amounts, st.integers(min_value=1, max_value=10**6), st.sampled_from(Rounding))
def test_division_rounds_like_decimal_does(numerator: int, denominator: int, mode: Rounding) -> None:
    """Each rounding mode agrees with the decimal module, for both signs."""
    with localcontext(prec=80):
        expected = (Decimal(numerator) / Decimal(denominator)).quantize(Decimal(1), rounding=DECIMAL_MODES[mode])
    assert divide(numerator, denominator, mode) == int(expected)


@given(amounts, rates)
def test_net_of_gross_of_net_is_within_one_minor_unit(minor: int, rate: TaxRate) -> None:
    """VAT out and in again moves a price by rounding at most."""
    net = Money(minor, PLN)
    assert abs(rate.net_of(rate.gross_of(net)).minor - net.minor) <= 1


@pytest.mark.parametrize(("text", "points"), [("23", 2300), ("5.5", 550), ("8%", 800), ("0", 0)])
def test_tax_rates_are_basis_points(text: str, points: int) -> None:
    """Percent as people write it."""
    assert TaxRate.parse(text).basis_points == points


@pytest.mark.parametrize("text", ["-1", "101", "5.555", "x"])
def test_impossible_tax_rates_are_refused(text: str) -> None:
    """No VAT below 0 or above 100 %."""
    with pytest.raises(MoneyError):
        TaxRate.parse(text)


@st.composite
def endings(draw: st.DrawFn) -> PriceEnding:
    modulus = draw(st.sampled_from([5, 10, 100, 500, 1000, 10_000]))
    remainders = draw(st.lists(st.integers(0, modulus - 1), min_size=1, max_size=4))
    return PriceEnding(modulus, tuple(remainders))


@given(endings(), st.integers(min_value=1, max_value=10**9))
def test_endings_bracket_every_amount(ending: PriceEnding, minor: int) -> None:
    """at_most ≤ amount ≤ at_least, both allowed, and nothing allowed lies between them."""
    below, above = ending.at_most(minor), ending.at_least(minor)
    assert below <= minor <= above
    assert ending.allows(below)
    assert ending.allows(above)
    assert (below == above == minor) or above - below <= ending.modulus
    assert not any(ending.allows(between) for between in range(below + 1, min(above, below + 1_000)))


@given(endings(), st.integers(min_value=1, max_value=10**9))
def test_the_nearest_ending_is_positive_and_nearest(ending: PriceEnding, minor: int) -> None:
    """Rounding to an ending never gives a price of zero or less."""
    chosen = ending.nearest(minor)
    assert chosen > 0
    assert ending.allows(chosen)
    below, above = ending.at_most(minor), ending.at_least(minor)
    if below > 0:
        assert abs(chosen - minor) == min(minor - below, above - minor)
