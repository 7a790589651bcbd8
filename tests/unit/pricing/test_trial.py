"""Examples in rule files are promises that the rules keep or break."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pricewatch.domain.errors import ConfigError
from pricewatch.domain.product import PriceGroup
from pricewatch.located import parse
from pricewatch.pricing.rules import RuleBook, compile_rulebook
from pricewatch.pricing.settings import PricingSettings
from pricewatch.pricing.trial import Verdict, try_examples

RULES = """
[[guardrails]]
min_margin = "10%"
endings = [".99"]

[[rule]]
name = "night"
when = "hour < 6"
target = "keep"

[[rule]]
name = "under"
target = "lowest"
adjust = "-1%"
"""
EXAMPLE = """
[[example]]
name = "one per cent under the cheaper rival"
product = { price = "119.99", cost = "60.00" }
offers = [{ seller = "alfa", price = "117.00" }, { seller = "beta", price = "118.00" }]
expect = { price = "115.99", outcome = "cut", rule = "under", why = "lowest" }
at = 2026-11-23T12:00:00
"""
POLAND = PriceGroup("default", "PL", "PLN", "Europe/Warsaw")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def book(text: str) -> RuleBook:
    return compile_rulebook([parse(RULES + text, "rules/test.toml")])


def tried(text: str) -> tuple[Verdict, ...]:
    return try_examples(book(text), PricingSettings(), POLAND, NOW)


def test_a_promise_that_is_kept_says_nothing() -> None:
    """Price, outcome, rule and reason are as expected; the verdict knows where the example stands."""
    (verdict,) = tried(EXAMPLE)
    assert verdict.wrong == ()
    assert verdict.place == "rules/test.toml:16"


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ('price = "115.99"', 'price = "116.99"', "the price is 115.99 PLN, not 116.99 PLN"),
        ('outcome = "cut"', 'outcome = "raise"', "the outcome is cut, not raise"),
        ('rule = "under"', 'rule = "night"', "it is priced by 'under', not by 'night'"),
        ('why = "lowest"', 'why = "buy box"', "no reason says 'buy box'"),
    ],
)
def test_a_broken_promise_says_what_differs(was: str, now: str, told: str) -> None:
    """Each expectation is checked on its own."""
    (verdict,) = tried(EXAMPLE.replace(was, now))
    assert verdict.wrong == (told,)


def test_hours_are_those_of_the_shop() -> None:
    """At four in the morning the night rule keeps the price; without a time it is now."""
    (night,) = tried(EXAMPLE.replace("T12:00:00", "T04:00:00"))
    assert "it is priced by 'night', not by 'under'" in night.wrong
    (now,) = tried(EXAMPLE.replace("at = 2026-11-23T12:00:00", ""))
    assert now.wrong == ()


def test_what_is_left_out_is_unknown() -> None:
    """No cost and no floor: nothing is repriced, and the example can say so; nobody offers it: the price stays."""
    text = """
[[example]]
name = "no cost"
product = { price = "119.99" }
offers = [{ price = "100.00" }]
expect = { outcome = "hold" }
[[example]]
name = "alone"
product = { price = "119.99", cost = "60.00" }
expect = { price = "119.99" }
[[example]]
name = "a stale, a used, a sold out and our own offer count nothing"
product = { price = "119.99", cost = "60.00" }
offers = [{ price = "90.00", age = "9d" }, { price = "91.00", condition = "used" }, { price = "92.00", own = true },
          { price = "93.00", availability = "out_of_stock" }]
expect = { price = "119.99" }
"""
    assert [verdict.wrong for verdict in tried(text)] == [(), (), ()]


def test_examples_are_no_rules() -> None:
    """Editing an example does not make other rules of the same ones; mistakes in it are found at their place."""
    assert book(EXAMPLE).hash == book("").hash
    for wrong in ("expect = {}", 'expect = { prise = "1.00" }'):
        with pytest.raises(ConfigError, match=r"rules/test.toml:2\d"):
            book(EXAMPLE.split("expect", maxsplit=1)[0] + wrong)
