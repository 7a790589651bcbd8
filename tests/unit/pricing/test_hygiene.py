"""Readings that may not be used yet."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.pricing.frame import MISSING, ints
from pricewatch.pricing.hygiene import CONFIRM_AFTER, Reading, Readings, confirmed, suspicious
from pricewatch.pricing.hygiene import others as others_of

MARKET = (9_000, 9_500, 10_000)


def reading(price: int, **given: Any) -> Reading:
    """One reading of product 0, in złoty unless said otherwise."""
    fields: dict[str, Any] = {
        "observation": 99,
        "product": 0,
        "price": price,
        "currency": "PLN",
        "exponent": 2,
        "converted": price,
        "previous": None,
        "previous_currency": "",
        "seller": "new",
        "first_seen": 0,
        "last_seen": 0,
    }
    fields |= {"previous_currency": "PLN"} if given.get("previous") else {}
    return Reading(**(fields | given))


def others() -> list[Reading]:
    """Three steady offers of other sellers."""
    return [
        reading(price, observation=number, seller=f"seller {number}", previous=price)
        for number, price in enumerate(MARKET)
    ]


def why(*readings: Reading, price: int | None = 10_000, cost: int | None = 6_000) -> str:
    """The first word of the reason for reading 99, or an empty text."""
    found = suspicious(Readings.of(readings), ints([price]), ints([cost]))
    assert set(found) <= {99}
    return found.get(99, "").partition(":")[0]


@pytest.mark.parametrize("price", [0, -100, 1, 100, 999_999, 999_900, 9_999_999, 99_999_999, 2**40])
def test_placeholders_are_held(price: int) -> None:
    """0, 0.01, 1, 9999.99, 9999, 99999.99: numbers that stand for none."""
    assert why(*others(), reading(price)) == "placeholder"


def test_a_number_that_the_market_confirms_is_no_placeholder() -> None:
    """9999.99 is a price where others ask about the same, or we do."""
    assert why(reading(999_999), reading(980_000, observation=1, seller="a"), price=None, cost=None) == ""
    assert why(reading(999_999), price=950_000, cost=700_000) == ""


@pytest.mark.parametrize("price", [100_000, 95_000, 1_000_000, 10_000_000, 1_000, 105])
def test_slips_by_powers_of_ten_are_held(price: int) -> None:
    """Ten, a hundred or a thousand times the offer's own last price, up or down, within a tolerance."""
    assert why(reading(price, previous=10_000), price=None) == "slip"


def test_a_slip_against_the_market_is_held_for_a_new_offer() -> None:
    """A new offer at a hundredth of what two others ask."""
    assert why(*others(), reading(95_000)) == "slip"


def test_a_slip_that_comes_back_to_the_market_is_believed() -> None:
    """The correction of an earlier slip is a jump too, and right."""
    assert why(*others(), reading(9_500, previous=950_000, agreed=True)) == ""


def test_a_currency_flip_is_held() -> None:
    """The same offer in another currency than before."""
    assert why(*others(), reading(2_300, currency="EUR", converted=9_800, previous=9_800)) == "currency"


def test_bait_is_held() -> None:
    """One new seller far below all others; an old one that cut its price is not bait."""
    assert why(*others(), reading(5_000)) == "bait"
    assert why(*others(), reading(6_000)) == ""
    assert why(*others(), reading(5_000, previous=9_000)) == ""


def test_a_lone_new_offer_is_compared_with_our_cost() -> None:
    """Where nobody else offers the product, far below our own cost is bait."""
    assert why(reading(3_500)) == "bait"
    assert why(reading(3_700)) == ""
    assert why(reading(3_500), cost=None) == ""


def test_a_new_offer_far_above_all_others_waits_for_a_second_sighting() -> None:
    """3.6 times the others would move means, the highest and the next one up; two and a half times is a market."""
    assert why(*others(), reading(34_000)) == "outlier"
    assert why(*others(), reading(23_000)) == ""
    assert why(*others(), reading(34_000, previous=33_000)) == ""
    assert why(*others(), reading(34_000, last_seen=CONFIRM_AFTER)) == ""
    assert confirmed("outlier: a new offer far above all others", 0, CONFIRM_AFTER)


def test_of_two_offers_our_own_price_and_cost_say_which_one_is_off() -> None:
    """One other alone proves nothing: 250.00 beside 90.00 is right where we ask 240.00 ourselves."""
    other = reading(9_000, observation=1, seller="a", previous=9_000)
    assert why(other, reading(26_000)) == "outlier"
    assert why(other, reading(26_000), price=24_000) == ""
    assert why(other, reading(26_000), price=None) == ""
    assert why(other, reading(3_500)) == "bait"
    assert why(other, reading(3_500), cost=2_000) == ""


def test_a_lone_new_offer_far_above_our_price_waits() -> None:
    """Nobody else asks anything: two and a half times our own price is not followed at once."""
    assert why(reading(26_000)) == "outlier"
    assert why(reading(24_000)) == ""
    assert why(reading(26_000), price=None) == ""


@pytest.mark.parametrize(("price", "held"), [(4_000, False), (3_400, True), (29_000, False), (31_000, True)])
def test_genuine_promotions_pass_and_extreme_moves_wait(price: int, held: bool) -> None:
    """-60 % passes; beyond that a second sighting is needed, unless two extractions agree."""
    assert why(reading(price, previous=10_000)) == ("move" if held else "")
    assert why(reading(price, previous=10_000, agreed=True)) == ""


def test_a_second_sighting_settles_moves_bait_and_currency() -> None:
    """The same price two hours later is believed."""
    seen_again = {"first_seen": 0, "last_seen": CONFIRM_AFTER}
    assert why(reading(3_400, previous=10_000, **seen_again)) == ""
    assert why(*others(), reading(5_000, **seen_again)) == ""
    assert confirmed("bait: a new offer far below all others", 0, CONFIRM_AFTER)
    assert not confirmed("bait: a new offer far below all others", 0, CONFIRM_AFTER - 1)


def test_placeholders_and_slips_need_a_person() -> None:
    """The same wrong number is wrong the second time too."""
    seen_again = {"first_seen": 0, "last_seen": 10 * CONFIRM_AFTER}
    assert why(reading(0, **seen_again)) == "placeholder"
    assert why(reading(1_000, previous=10_000, **seen_again), price=None) == "slip"
    assert not confirmed("slip: ten, a hundred or a thousand times off", 0, 10 * CONFIRM_AFTER)


def test_a_quiet_market_raises_no_doubt() -> None:
    """Steady readings, unmatched ones and an empty list pass."""
    assert suspicious(Readings.of(others()), ints([10_000]), ints([6_000])) == {}
    assert suspicious(Readings.of([]), ints([]), ints([])) == {}
    assert why(reading(9_000, product=-1)) == ""


def test_the_market_is_the_other_sellers() -> None:
    """Two cheap offers of one new seller do not confirm each other."""
    twin = reading(5_000, observation=98, product=0)
    found = suspicious(Readings.of([*others(), reading(5_000), twin]), ints([10_000]), ints([6_000]))
    assert set(found) == {98, 99}


# --- the market beside a reading -------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(-1, 4), st.integers(0, 5), st.one_of(st.none(), st.integers(1, 20))), max_size=40)
)
def test_a_reading_is_compared_with_the_lower_median_of_the_other_sellers(rows):
    """Each other seller counts once, by the lowest of its prices; seen one by one it is the same as in columns."""
    built = Readings.of(
        reading(100, observation=number, product=product, converted=price, seller=f"seller {seller}")
        for number, (product, seller, price) in enumerate(rows)
    )
    median, count = others_of(built)
    for number, (product, seller, price) in enumerate(rows):
        lowest: dict[int, int] = {}
        for other, who, asked in rows:
            if asked is not None and other == product >= 0 and who != seller:
                lowest[who] = min(asked, lowest.get(who, asked))
        prices = sorted(lowest.values()) if price is not None else []
        assert count[number] == len(prices)
        assert median[number] == (prices[(len(prices) - 1) // 2] if prices else MISSING)
