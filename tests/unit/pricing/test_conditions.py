"""The expression language: typed, three-valued, bounded, and never evaluated by Python."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.domain.decision import Outcome
from pricewatch.pricing.conditions import compile_condition, compile_formula
from pricewatch.pricing.language import MAX_DEPTH, MAX_LENGTH, ExpressionError, parse

from .market import NOW, Ours, Theirs, propose

OURS = Ours(
    stock=10,
    rrp=12_345,
    tags="|sale|new|",
    changed_at=NOW - 3 * 86_400,
    custom={
        "season": "AW26",
        "age": "45.5",
        "received": "2026-11-02",
        "empty": "",
        "Größe": "M",
        "sezon żółty": "lato",
    },
)
THEIRS = [Theirs(9_000, "A"), Theirs(9_500, "B"), Theirs(10_500, "C")]


def holds(condition: str, ours: Ours = OURS) -> bool:
    """Whether a rule with this condition prices the product."""
    escaped = condition.replace('"', '\\"')
    text = f'[[rule]]\nname = "r"\nwhen = "{escaped}"\ntarget = "keep"'
    return propose(text, ours, THEIRS).outcome is Outcome.KEEP


@pytest.mark.parametrize(
    "condition",
    [
        "true",
        "not false",
        "brand == 'bosch'",
        "'Bosch' == brand",
        "brand != 'Makita'",
        "brand in ['Makita', 'BOSCH']",
        "brand not in ('Makita', 'Skil')",
        "category == 'home>kitchen'",
        "category in 'Home'",
        "category in ('Garden', 'Home > Kitchen')",
        "'SALE' in tags",
        "not ('sal' in tags)",
        "contains(name, 'ETTL')",
        "starts_with(sku, 'a')",
        "stock > 9.5",
        "stock in (5, 10)",
        "stock * 2 - 5 >= 15",
        "10 == stock",
        "margin > 38 and margin < 39%",
        "markup > 62%",
        "profit == 31.30",
        "current == 100",
        "current < rrp * 0.82",
        "current / lowest > 1.11",
        "rrp - current > 23.44",
        "-stock < 0",
        "min(rrp, current, 50) == 50",
        "max(lowest, median) == 95.00",
        "lowest == 90 and second_lowest == 95 and median == 95 and highest == 105 and average == 96.67",
        "offers == 3 and rank == 3",
        "gap > 11% and gap < 11.2",
        "days_unchanged == 3",
        "changes_today == 0",
        "known(rrp) and not known(prior)",
        "known(custom.season) and not known(custom.empty)",
        "number(custom.age) == 45.5",
        "custom.Größe == 'm' and custom.'sezon żółty' == 'lato'",
        "custom.\"sezon żółty\" in ('lato', 'zima')",
        "days_since(custom.received) == 20",
        "date >= '2026-11-22' and '2026-12-01' > date",
        "weekday in ('sat', 'sun') and hour == 13 and month == 11 and day == 22",
        "group == 'PL' and currency == 'pln'",
        "vat == 23%",
        "kvi or not kvi",
        "(stock > 5 or kvi) and (stock < 50)",
        "stock > 5 or prior > 1",
    ],
)
def test_what_is_true_holds(condition: str) -> None:
    """Each function, operator and field, on one product."""
    assert holds(condition)
    assert not holds(f"not ({condition})")


@pytest.mark.parametrize(
    "condition",
    [
        "prior > 1",
        "prior <= 1",
        "not (prior > 1)",
        "prior > 1 and stock > 5",
        "prior > 1 or stock > 50",
        "custom.empty == 'x'",
        "custom.empty != 'x'",
        "number(custom.season) > 0",
        "days_since(custom.season) > 0",
        "current / (stock - 10) > 0",
        "min(prior, current) > 0",
        "rrp * 100000000 * 10000 > 0",
    ],
)
def test_what_is_unknown_never_holds(condition: str) -> None:
    """A missing value, a text that is no number, a division by zero, a number out of range: not true, not false."""
    assert not holds(condition)
    assert not holds(f"not ({condition})")


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("", "expected a name"),
        ("stock >", "expected a name"),
        ("stock > 5 5", "expected the end"),
        ("1 < stock < 5", "do not chain"),
        ("stock", "expected a condition"),
        ("1 < 2", "no field"),
        ("kvi == true", "write the condition itself"),
        ("brand in 'Bosch'", "needs a list"),
        ("stock in ('a', 'b')", "expected a number"),
        ("brand == sku", "text in quotes"),
        ("tags == 'x'", "cannot compare"),
        ("current + stock > 5", "cannot combine"),
        ("current + brand > 5", "cannot calculate"),
        ("5 / current > 1", "cannot divide"),
        ("current / 0 > 1", "divided by zero"),
        ("-brand == 'x'", "cannot negate"),
        ("min(current, stock) > 5", "cannot compare"),
        ("known(5)", "takes a field"),
        ("known(cost, rrp)", "takes 1 argument"),
        ("number(stock) > 5", "expected a text field"),
        ("category > 'x'", "categories are compared"),
        ("current > 99999999999", "too large"),
        ("stock > 10,5", "before ','"),
        ("custom.sezon żółty == 'x'", "before 'żółty'"),
        ("custom.'' == 'x'", "cannot read"),
        ("stock > 0.00001", "too many decimals"),
        ("margin > 5.555", "too many decimals"),
        ("name.__class__ == 'x'", "unknown field"),
        ("[1, 2]", "list stands only"),
        ("brand == 'x", "cannot read"),
        ("a" * (MAX_LENGTH + 1), "longer than"),
        ("(" * (MAX_DEPTH + 2) + "kvi" + ")" * (MAX_DEPTH + 2), "too deeply nested"),
        (" and ".join(["kvi"] * 300), "more than"),
    ],
)
def test_mistakes_are_found_before_anything_runs(condition: str, message: str) -> None:
    """Each mistake has its own words and a place inside the expression."""
    with pytest.raises(ExpressionError, match=message) as caught:
        compile_condition(condition)
    assert 0 <= caught.value.at <= len(condition)


def test_a_formula_gives_an_amount() -> None:
    """A price formula that is a percentage or a number is refused."""
    assert compile_formula("max(lowest - 0.01, cost * 130%)").names == {"lowest", "cost"}
    with pytest.raises(ExpressionError, match="a price is an amount"):
        compile_formula("margin + 5%")


def mistake(read: Callable[[str], object], text: str) -> int:
    """Where the expression is wrong, 0 when it is not."""
    try:
        read(text)
    except ExpressionError as error:
        return error.at
    return 0


@given(st.text(max_size=60) | st.text(alphabet="()[]'andornotin<>=!+-*/%. 0123456789kvistockbrand,", max_size=80))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """No input makes the parser fail in another way."""
    assert 0 <= mistake(parse, text) <= len(text)


@given(st.text(alphabet="()'andornt <>=+-*/%.0123456789kvistockmarginbrandlowest,", max_size=80))
def test_any_condition_compiles_or_is_refused(text: str) -> None:
    """Type checking ends in a condition or in a located mistake."""
    assert 0 <= mistake(compile_condition, text) <= len(text)
