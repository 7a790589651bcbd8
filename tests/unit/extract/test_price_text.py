"""Money out of any wording, and an honest "ambiguous" where the text alone does not tell."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.scraping.extract.price_text import parse_price

WORDINGS = [
    ("1 299,00 zł", "1299.00", "PLN"),
    ("1\u202f299,00\u00a0zł", "1299.00", "PLN"),
    ("od 1 299,99 zł", "1299.99", "PLN"),
    ("79 zł 99 gr", "79.99", "PLN"),
    ("79zł99", "79.99", "PLN"),
    ("68 50 zł", "68.50", "PLN"),
    ("130, 38 zł", "130.38", "PLN"),
    ("rata 10x 129,90 zł", "129.90", "PLN"),
    ("Cena: 55,72 zł brutto", "55.72", "PLN"),
    ("1.226 €", "1226", "EUR"),
    ("2.130,00 €", "2130.00", "EUR"),
    (",89 €", "0.89", "EUR"),
    ("35€ 99", "35.99", "EUR"),
    ("3 Ausgaben für nur 14,85 EUR", "14.85", "EUR"),
    ("statt 199,00 € 149,00 €", "149.00", "EUR"),
    ("CHF 1’299.00", "1299.00", "CHF"),
    ("CHF 1'049,95", "1049.95", "CHF"),
    ("5 290 Kč", "5290", "CZK"),
    ("3,990 Ft", "3990", "HUF"),
    ("US$:12.99", "12.99", "USD"),
    ("AU $59.95", "59.95", "AUD"),
    ("$ SGD4.90", "4.90", "SGD"),
    ("Was $120.00 Now $60.00", "60.00", "USD"),
    ("£3.50 / unit", "3.50", "GBP"),
    ("85p", "0.85", "GBP"),
    ("¥1,226", "1226", "JPY"),
    ("12.500 ₫", "12500", "VND"),
    ("KWD 12.50", "12.50", "KWD"),
    ("٦٤٤٫٠٠ جنيه", "644.00", "EGP"),
    ("$1,234,567.89", "1234567.89", "USD"),
    ("1.299,-", "1299", ""),
    ("1249,--", "1249", ""),
    ("664, –", "664", ""),
    ("68⁵⁰", "68.50", ""),
    ("34.12 (40.94 inc VAT)", "34.12", ""),
    ("Free!", "0", ""),
    ("za darmo", "0", ""),
]


NO_PRICE = [
    "1,23E+03", "1e308", "12-", "12--", "-12,00", "−12,00", "-12 zł", "€-5,00", "Rabatt: -5,00 €", "(12,00)", "10:30",
    "2026-11-22", "22.11.2026", "22/11/2026", "12,0 0", "1 2", "1 2 zł", "12,0 0 zł", "1 234,5 6", "1.2.3", "1/2",
    "12.5.20 zł", "12,345,6",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_PRICE)
def test_what_only_looks_like_a_price_is_none(text: str) -> None:
    """What is less than nothing, left open, a date, a fraction, or written by a program gives no amount at all."""
    reading = parse_price(text, locale="pl-PL", currency="PLN")
    assert (reading.amount, reading.readings) == (None, ())


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("100-120", ("100", "120")),
        ("100–120 zł", ("100", "120")),
        ("od 100 do 120 zł", ("100", "120")),
        ("From 26 to 50 €", ("26", "50")),
        ("€ 10.00 – € 12.00", ("10.00", "12.00")),
        ("$45,000 - $70,000", ("45000", "70000")),
    ],
)
def test_a_range_is_ambiguous_between_its_ends(text: str, readings: tuple[str, ...]) -> None:
    """Neither end alone is the price of anything."""
    reading = parse_price(text)
    assert (reading.amount, reading.ambiguous, reading.readings) == (None, True, readings)


@pytest.mark.parametrize("text", ["1 049 99 zł", "€ 1.049 99", "1049,99 zł", "1.049,99 zł"])
def test_decimals_in_an_element_of_their_own_belong_to_the_number(text: str) -> None:
    """A whole number with its thousands apart keeps the decimals behind it."""
    assert parse_price(text, locale="pl-PL").amount == Decimal("1049.99")


@pytest.mark.parametrize("text", ["Cena 2026-11-22: 12,00 zł", "12,00 zł (10:30)", "12,00 zł - 15%", "12,00 (−5%)"])
def test_a_date_or_a_share_beside_the_price_is_left_aside(text: str) -> None:
    """The amount is found among what is none."""
    assert parse_price(text, locale="pl-PL").amount == Decimal("12.00")


@pytest.mark.parametrize(("text", "amount", "currency"), WORDINGS)
def test_a_wording_is_read(text: str, amount: str, currency: str) -> None:
    """Each wording that shops use gives its amount and currency."""
    reading = parse_price(text)
    assert (reading.amount, reading.currency, reading.ambiguous) == (Decimal(amount), currency, False)


@pytest.mark.parametrize(
    "text", ["", None, "i", "Not Available", "Pure & IP BP Ph. Eur.", "-38 %", "Free Shipping on Orders $49+."]
)
def test_a_text_without_a_price_has_none(text: str | None) -> None:
    """No amount is made up where there is none."""
    assert parse_price(text).amount is None


@pytest.mark.parametrize("text", ["1.226", "1,226", "3.350", "999.999"])
def test_one_separator_before_three_digits_is_ambiguous(text: str) -> None:
    """Both readings are given, and neither is chosen."""
    reading = parse_price(text)
    assert reading.ambiguous
    assert reading.amount is None
    assert len(reading.readings) == 2


@pytest.mark.parametrize(
    ("hint", "amount"),
    [
        ({"locale": "de-DE"}, "1226"),
        ({"locale": "en-GB"}, "1.226"),
        ({"locale": "de-CH"}, "1.226"),
        ({"locale": "es-MX"}, "1.226"),
        ({"currency": "EUR"}, "1226"),
        ({"currency": "JPY"}, "1226"),
        ({"decimal": "."}, "1.226"),
        ({"decimal": ","}, "1226"),
        ({"siblings": ["1.399,00 €"]}, "1226"),
        ({"siblings": ["13.99"]}, "1.226"),
    ],
)
def test_a_hint_settles_what_is_ambiguous(hint: dict[str, object], amount: str) -> None:
    """Locale, currency, the site's separator and sibling prices each settle it."""
    assert parse_price("1.226", **hint).amount == Decimal(amount)  # type: ignore[arg-type]


def test_hints_that_contradict_each_other_settle_nothing() -> None:
    """An English page with euro prices may mean either, so it stays ambiguous until a sibling tells."""
    assert parse_price("1.226 €", locale="en-US").ambiguous
    assert parse_price("1.226 €", locale="en-US", siblings=["899,00 €"]).amount == Decimal(1226)


def test_a_currency_of_three_decimals_leaves_three_digits_ambiguous() -> None:
    """A dinar has a thousand fils: 1,250 KWD may be one or the other."""
    assert parse_price("1,250 KWD").ambiguous


@pytest.mark.parametrize(
    ("text", "hint", "currency"),
    [("$12.00", "CAD", "CAD"), ("£5", "EUR", "GBP"), ("5.76", "zł", "PLN"), ("899,00", "Pris NOK 899,00", "NOK")],
)
def test_a_currency_hint_narrows_a_sign_and_never_overrules_it(text: str, hint: str, currency: str) -> None:
    """`$` with CAD is Canadian; `£` with EUR stays sterling; a hint may be a sign or a text with one."""
    assert parse_price(text, currency=hint).currency == currency


def test_a_sign_of_several_countries_follows_the_locale() -> None:
    """`kr` alone names no currency; a locale does."""
    assert parse_price("805 kr").currency == ""
    assert parse_price("805 kr", locale="sv-SE").currency == "SEK"


@given(st.text(max_size=200))
def test_no_text_raises(text: str) -> None:
    """Whatever a page holds, the parser answers, and an amount is never negative."""
    reading = parse_price(text)
    assert reading.amount is None or reading.amount >= 0
    assert reading.ambiguous == (len(reading.readings) > 1)


STYLES = {
    "pl-PL": ("{:,.2f}", ",", "\u00a0", "{} zł"),
    "de-DE": ("{:,.2f}", ",", ".", "{} €"),
    "en-GB": ("{:,.2f}", ".", ",", "£{}"),
    "de-CH": ("{:,.2f}", ".", "’", "CHF {}"),
    "cs-CZ": ("{:,.2f}", ",", " ", "{} Kč"),
}


@given(st.integers(min_value=1, max_value=99_999_999), st.sampled_from(sorted(STYLES)))
def test_what_a_locale_writes_is_read_back_exactly(minor: int, locale: str) -> None:
    """Any amount with two decimals, written in a country's way, is read as itself without any hint."""
    amount = Decimal(minor).scaleb(-2)
    form, point, group, sign = STYLES[locale]
    text = sign.format(form.format(amount).replace(",", "\0").replace(".", point).replace("\0", group))
    assert parse_price(text).amount == amount


def test_a_hundredth_of_a_zloty_is_never_read_as_a_whole_one() -> None:
    """Where nothing says that it is Polish money, `gr` may as well be grams."""
    polish = parse_price("99 gr", locale="pl-PL")
    assert (str(polish.amount), polish.currency) == ("0.99", "PLN")
    assert str(parse_price("3 zł 99 gr").amount) == "3.99"
    assert parse_price("99 gr").amount is None


def test_digits_of_a_script_that_is_not_read_are_no_amount() -> None:
    """An amount is written in digits that are known, or there is none."""
    assert [parse_price(text).amount for text in ("१२३", "₹ १२३")] == [None, None]


def test_a_belarusian_price_never_raises_and_has_its_currency() -> None:
    """`бел.` alone is the rouble of Belarus; `1.234` with it is either of two numbers unless something settles it."""
    assert (str(parse_price("12,50 бел.").amount), parse_price("12,50 бел.").currency) == ("12.50", "BYN")
    assert parse_price("1.234 бел.", locale="pl-PL").currency == "BYN"


def test_thousands_behind_a_typographic_apostrophe_or_a_hard_space_are_one_number() -> None:
    """What typesetters put between thousands is no decimal mark, whatever sign stands beside it."""
    texts = ("CHF 1’298.00", "1\u00a0298,00 €", "$1\u00a0298,00", "Cena 1\u00a0298,00 zł")
    assert [str(parse_price(text).amount) for text in texts] == ["1298.00"] * 4
