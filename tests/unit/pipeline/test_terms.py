"""What travels with a price is read from the catalogue's own columns."""

from __future__ import annotations

import pytest

from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import Product
from pricewatch.pipeline.settings import TermsSettings
from pricewatch.pipeline.terms import terms_for


def priced(text: str):
    product = Product(sku="A1", name="Drill", tax=TaxRate.parse("23"), custom={"club": text})
    settings = TermsSettings.model_validate({"loyalty_column": "club"})
    return terms_for(product, Money.parse("499.00", "PLN"), None, settings)


@pytest.mark.parametrize("text", ["479.00", "479,00", "479,0", "479"])
def test_a_club_price_may_have_a_decimal_comma(text: str) -> None:
    """As the other columns of the same file may."""
    terms, wrong = priced(text)
    assert terms.loyalty == Money.parse("479.00", "PLN")
    assert not wrong


@pytest.mark.parametrize("text", ["4,790", "4,79,0", "cheap", "479,00 zł"])
def test_a_club_price_that_could_be_two_is_none(text: str) -> None:
    """It is left out, and said."""
    terms, wrong = priced(text)
    assert terms.loyalty is None
    assert text in wrong
