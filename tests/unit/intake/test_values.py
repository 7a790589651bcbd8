"""Cells are read in the one way they can be meant, or refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.domain.money import Currency, Money, Rounding, TaxRate
from pricewatch.intake.values import Unreadable, amount, decimal_of, exact, flag, number, pieces, scaled, tax_rate

PLN = Currency.of("PLN")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1299", "1299"), ("1299.00", "1299"), ("1299,5", "1299.5"), ("1 299,00", "1299"), ("1\u00a0299,00", "1299"),
        ("1\u202f299.90", "1299.90"), ("1.299,00", "1299"), ("1,299.00", "1299"), ("1.234.567", "1234567"),
        ("1’299.00", "1299"), ("0.123", "0.123"), ("12.3456", "12.3456"), ("-5", "-5"), (",99", "0.99"),
        ("1 299.000", "1299"),
    ],
)  # fmt: skip
def test_a_number_is_read_whatever_separators_it_has(text: str, value: str) -> None:
    """Thousands and decimals are told apart where only one reading is possible."""
    assert number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["1.299", "1,299", "12.500", "999,000"])
def test_a_number_with_two_readings_is_refused(text: str) -> None:
    """Whether 1.299 is about one or over a thousand is not guessed."""
    with pytest.raises(Unreadable, match="two ways"):
        number(text)


def test_the_decimal_setting_settles_two_readings() -> None:
    """With the separator known, 1.299 has one meaning."""
    assert number("1.299", ",") == 1299
    assert number("1.299", ".") == Decimal("1.299")
    with pytest.raises(Unreadable, match="no number"):
        number("12.50", ",")


@pytest.mark.parametrize(
    "text", ["", "abc", "1e3", "12-15", "1.2.3", "1,23,4", "12 34", "٣", "1_000", "0x10", "NaN", "inf", "9" * 41, "12,"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    """Nothing is read out of a text that is not wholly a number."""
    with pytest.raises(Unreadable):
        number(text)


@given(st.integers(0, 10**9), st.sampled_from([".", ","]), st.sampled_from(["", " ", "\u00a0", "."]))
def test_what_a_spreadsheet_writes_is_what_is_read(minor: int, point: str, gap: str) -> None:
    """Any amount with two decimals comes back exactly, in every usual format."""
    whole = f"{minor // 100:,}".replace(",", gap if gap != point else "")
    assert number(f"{whole}{point}{minor % 100:02d}") * 100 == minor


@pytest.mark.parametrize("text", ["1 299,00 zł", "1299.00 PLN", "PLN 1299", "1299,-", "1.299,00 zl"])
def test_an_amount_may_name_our_currency(text: str) -> None:
    """A currency sign beside the number is fine when it is ours."""
    assert amount(text, PLN) == 1299


@pytest.mark.parametrize(
    ("text", "why"),
    [("12 EUR", "is in EUR"), ("€12", "is in EUR"), ("12 szt", "no currency"), ("-1", "below zero"), ("0", "is 0"),
     ("od 12", "no currency"), ("12,99 13,99", "no number")],
)  # fmt: skip
def test_an_amount_that_cannot_be_ours_is_refused_with_the_reason(text: str, why: str) -> None:
    """Another currency, a unit, nothing and less than nothing are no prices."""
    with pytest.raises(Unreadable, match=why):
        amount(text, PLN)


def test_the_decimal_separator_of_a_file_is_what_all_clear_amounts_agree_on() -> None:
    """One clear amount settles the ambiguous ones, and two that contradict each other settle nothing."""
    assert decimal_of(["1.299", "12,50"]) == ","
    assert decimal_of(["1.299", "12,50", "9.99"]) == "auto"
    assert decimal_of(["1.299", "5"]) == "auto"
    assert decimal_of(["1.299,00 zł"]) == ","


def test_gross_amounts_are_exact_and_others_are_rounded_once() -> None:
    """A gross price finer than the currency is refused; computed ones are rounded as they say."""
    assert exact(Decimal("12.500"), PLN) == Money(1250, PLN)
    with pytest.raises(Unreadable, match="more decimals"):
        exact(Decimal("12.505"), PLN)
    assert scaled(Decimal("10.0001"), PLN, (1, 1), Rounding.UP) == Money(1001, PLN)
    assert scaled(Decimal("105.69"), PLN, (12_300, 10_000), Rounding.HALF_UP) == Money(13000, PLN)


@pytest.mark.parametrize(
    ("text", "points"), [("23", 2300), ("23%", 2300), ("23 %", 2300), ("23,00", 2300), ("8.0", 800), ("5.5", 550),
                         ("0", 0), ("zw", 0), ("ZW.", 0), ("np", 0), ("0.23%", 23), ("23.000", 2300)]
)  # fmt: skip
def test_a_vat_rate_is_a_percentage(text: str, points: int) -> None:
    """Usual ways to write a rate, the Polish exemptions among them."""
    assert tax_rate(text) == TaxRate(points)


def test_a_bare_fraction_is_no_vat_rate_unless_the_file_writes_fractions() -> None:
    """0.23 is refused by default, because 0.23 % would sell at a loss; the setting says what it means."""
    with pytest.raises(Unreadable, match="may mean"):
        tax_rate("0.23")
    assert tax_rate("0.23", "fraction") == TaxRate(2300)
    assert tax_rate("23%", "fraction") == TaxRate(2300)
    with pytest.raises(Unreadable, match="no fraction"):
        tax_rate("23", "fraction")


@pytest.mark.parametrize("text", ["abc", "120", "-5", "23.005", "A"])
def test_what_is_no_vat_rate_is_refused(text: str) -> None:
    """Fiscal letters, negative and impossible rates are not read."""
    with pytest.raises(Unreadable):
        tax_rate(text)


def test_stock_counts_whole_pieces_and_never_less_than_none() -> None:
    """Oversold stock is no stock; a part of a piece cannot be sold."""
    assert [pieces(text) for text in ("5", "-3", "2,5", "1 200", "12.00")] == [5, 0, 2, 1200, 12]


def test_flags_are_read_in_five_languages() -> None:
    """Yes and no, and nothing else."""
    assert [flag(text) for text in ("tak", "JA", "ano", "x", "1", "nie", "nein", "0")] == [True] * 5 + [False] * 3
    with pytest.raises(Unreadable):
        flag("maybe")
