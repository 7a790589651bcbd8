"""Only numbers that name one trade item are trusted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.matching.identifiers import brand_key, check_digit, mpn_key, read_gtin


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("5901234123457", "05901234123457"),
        ("590-1234-123457", "05901234123457"),
        ("036000291452", "00036000291452"),
        ("36000291452", "00036000291452"),
        ("96385074", "00000096385074"),
        ("0-306-40615-2", "09780306406157"),
        ("5901234123457.0", "05901234123457"),
    ],
)
def test_every_form_of_a_number_becomes_one_key(text: str, key: str) -> None:
    """GTIN-8, 12, 13, ISBN-10, separators and a spreadsheet's damage lead to the same 14 digits."""
    assert read_gtin(text).key == key


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5901234123458", "check digit"),
        ("0000000000000", "repeated"),
        ("1234567890128", "placeholder"),
        ("2012345678903", "in-store"),
        ("5.90123E+12", "spreadsheet"),
        ("590123412345", "check digit"),
        ("12345", "digits"),
        ("ABC", "characters"),
        ("", "empty"),
        ("9771234567898", "coupon"),
    ],
)
def test_numbers_that_name_nothing_are_refused_and_why_is_said(text: str, reason: str) -> None:
    """A refused number has no key and a reason in words."""
    reading = read_gtin(text)
    assert reading.key == ""
    assert reason in reading.refused


@given(st.integers(min_value=300_000_000_000, max_value=976_999_999_999))
def test_a_right_check_digit_is_accepted_and_a_wrong_one_is_not(body: int) -> None:
    """For every body exactly one of the ten last digits is right."""
    digits = str(body)
    right = digits + check_digit(digits)
    wrong = digits + str((int(check_digit(digits)) + 1) % 10)
    assert "check digit" not in read_gtin(right).refused
    assert read_gtin(wrong).key == ""


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    """Hostile text ends as a key or as a refusal."""
    reading = read_gtin(text)
    assert bool(reading.key) != bool(reading.refused)


@pytest.mark.parametrize(
    ("mpn", "brand", "key"),
    [
        ("GSR 12V-15", "Bosch", "gsr12v15"),
        ("Bosch GSR12V15", "BOSCH", "gsr12v15"),
        ("ab", "Bosch", ""),
        ("Professional", "Bosch", ""),
    ],
)
def test_part_numbers_compare_without_case_separators_and_brand(mpn: str, brand: str, key: str) -> None:
    """A word without a digit is no part number."""
    assert mpn_key(mpn, brand) == key


def test_brands_compare_without_accents_and_company_forms() -> None:
    """Kärcher and KARCHER GmbH are one maker."""
    assert brand_key("KÄRCHER GmbH") == brand_key("Karcher")
