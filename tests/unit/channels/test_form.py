"""What a channel shows for a price, from the form that it stores it in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.channels.form import PriceForm
from pricewatch.domain.listing import Desired
from pricewatch.domain.money import Currency, Money, TaxRate

PLN = Currency.of("PLN")


def desired(minor, rate=2300):
    return Desired("shop", "1", "A", 1, Money(minor, PLN), TaxRate(rate), floor=Money(1, PLN), ceiling=None)


@pytest.mark.parametrize(
    ("rate", "share"), [(2300, 1870), (2100, 1736), (1900, 1597), (900, 826), (800, 741), (500, 476)]
)
def test_how_many_gross_prices_a_net_channel_with_two_decimals_cannot_show(rate, share):
    """The shares of the prices 0.01 to 500.00 that were counted on real arithmetic, in hundredths of a percent."""
    form = PriceForm(2, net=True)
    missed = sum(not form.predict(desired(minor, rate)).reachable for minor in range(1, 50_001))
    assert round(missed * 10_000 / 50_000) == share


@given(minor=st.integers(1, 10_000_000), rate=st.sampled_from([0, 500, 800, 900, 1900, 2100, 2300, 2700]))
def test_net_with_four_or_more_decimals_shows_every_price(minor, rate):
    """With four decimals or more there is no price that cannot be shown."""
    assert all(PriceForm(decimals, net=True).predict(desired(minor, rate)).reachable for decimals in (4, 6))


@given(minor=st.integers(3, 1_000_000), rate=st.sampled_from([500, 800, 2300]))
def test_the_nearest_prices_are_reachable_and_on_both_sides(minor, rate):
    """An unreachable price names its neighbours, and those are reachable themselves."""
    form = PriceForm(2, net=True)
    prediction = form.predict(desired(minor, rate))
    if not prediction.reachable:
        below, above = prediction.nearest
        assert below.minor < minor < above.minor
        assert all(form.predict(desired(near.minor, rate)).reachable for near in prediction.nearest)


@given(
    minor=st.integers(1, 10_000_000),
    rate=st.sampled_from([0, 800, 2300]),
    decimals=st.integers(0, 6),
    net=st.booleans(),
)
def test_what_is_predicted_is_what_its_own_text_reads_as(minor, rate, decimals, net):
    """The text that is sent, read back, shows the predicted price."""
    form, wanted = PriceForm(decimals, net), desired(minor, rate)
    text = form.text(wanted.price, wanted.tax)
    assert form.shown_text(text, PLN, wanted.tax) == form.predict(wanted).shown


def test_a_shop_without_decimals_cannot_show_cents():
    """83.99 in a shop with whole prices would show 84.00."""
    prediction = PriceForm(0).predict(desired(8_399))
    assert (prediction.shown.text, [p.text for p in prediction.nearest]) == ("84.00", ["83.00", "84.00"])


@pytest.mark.parametrize("text", ["", "abc", "NaN", "1E+999999", "9" * 60, "1,5"])
def test_text_that_is_no_price_is_none(text):
    """Garbage from a channel is no price and costs no time."""
    assert PriceForm(2).shown_text(text, PLN, TaxRate(2300)) is None
