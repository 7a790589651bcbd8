"""What the rules read beside prices: trends, streaks, promotions, rates with their age, and taxes by country."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pricewatch.domain.decision import Announcement
from pricewatch.domain.match import MatchKind
from pricewatch.domain.money import Money
from pricewatch.domain.product import ExchangeRate, PriceGroup
from pricewatch.pricing.frame import MISSING, RateUse

CZECH = PriceGroup("cz", "CZ", "CZK", "Europe/Prague", ((2_300, 2_100),))


def rate(base: str, quote: str, micros: int, day: str, source: str = "NBP") -> ExchangeRate:
    return ExchangeRate(base, quote, micros, day, source)


@pytest.fixture
def matched(given):
    given.product()
    given.accepted()
    return given


def test_what_an_offer_cost_a_week_ago_is_read_when_it_is_asked_for(matched):
    """The reading that held then, by today's rates; a newer offer has no past."""
    matched.sees(matched.observation("80.00"))
    matched.clock.advance(hours=24)
    matched.sees(matched.observation("85.00"))
    matched.clock.advance(hours=7 * 24)
    matched.sees(matched.observation("90.00"), matched.observation("91.00", seller="new"))
    offers = matched.market(trend=True).offers
    before = {offers.seller[row]: int(offers.before[row]) for row in range(2)}
    assert before == {"bob": 8_500, "new": MISSING}
    assert matched.market().offers.before is None


def test_offers_of_equivalents_are_read_where_they_are_asked_for(given):
    """Marked as what they are; otherwise they are no offers of the product."""
    given.product()
    given.accepted(kind=MatchKind.EQUIVALENT)
    given.sees(given.observation("80.00"))
    assert len(given.market().offers) == 0
    asked = given.market(equivalents=True).offers
    assert (asked.price.tolist(), asked.alike.tolist()) == ([8_000], [True])


def test_changes_in_a_row_that_went_one_way_are_counted(given):
    """Up, down, down, down within a week: three down; what is older than a week is forgotten."""
    given.product()
    for price in ("101.00", "99.00", "98.00", "97.00"):
        given.clock.advance(hours=5)
        given.priced(price)
    assert given.market().products.streak.tolist() == [-3]
    given.clock.advance(hours=7 * 24 - 4)
    assert given.market().products.streak.tolist() == [-1]
    given.clock.advance(hours=5)
    assert given.market().products.streak.tolist() == [0]


def test_a_promotion_is_known_with_its_prior_price_and_the_price_before_it(given):
    """Both are unknown again when an ordinary price follows."""
    given.product()
    given.priced("99.00")
    given.clock.advance(hours=5)
    given.priced("80.00", announced_from="95.00")
    ours = given.market().products
    assert (ours.announced.tolist(), ours.regular.tolist()) == ([9_500], [9_900])
    given.clock.advance(hours=5)
    given.priced("98.00")
    ours = given.market().products
    assert (ours.announced.tolist(), ours.regular.tolist()) == ([MISSING], [9_800])


def test_a_decision_keeps_the_reduction_that_it_announces(given):
    """Saved with the plan, so that what is applied is what was approved."""
    given.product()
    now = given.clock.now()
    for ends in (now + timedelta(days=3), None):
        announcement = Announcement(Money.parse("99.00", "PLN"), now, ends)
        plan = given.plan([given.proposal(announcement=announcement)])
        assert [each.proposal.announcement for each in given.decisions(plan.number)] == [announcement]
    plan = given.plan([given.proposal()])
    assert given.decisions(plan.number)[0].proposal.announcement is None


def test_prices_come_through_a_third_currency_with_both_dates(matched):
    """CZK to PLN by way of EUR: 2530.00 CZK / 25.3 * 4.25; and the rate of the day before, where there is one."""
    matched.store.catalogue.save_rates(
        [
            rate("EUR", "PLN", 4_250_000, "2026-11-20"),
            rate("EUR", "PLN", 4_000_000, "2026-11-19"),
            rate("EUR", "CZK", 25_300_000, "2026-11-18", "ECB"),
        ]
    )
    offer = matched.observation(None)
    matched.sees(replace(offer, offer=replace(offer.offer, price=Money.parse("2530.00", "CZK"))))
    market = matched.market()
    assert market.offers.price.tolist() == [42_500]
    through = "through EUR: ECB of 2026-11-18, NBP of 2026-11-20"
    assert market.rates == (RateUse("CZK", 167_984, "2026-11-18", through, previous_micros=158_103),)


def test_stale_rates_leave_amounts_unknown_and_say_so(matched):
    """A rate of the 10th is no rate when the oldest allowed is the 15th."""
    matched.store.catalogue.save_rates([rate("EUR", "PLN", 4_250_000, "2026-11-10")])
    offer = matched.observation(None)
    matched.sees(replace(offer, offer=replace(offer.offer, price=Money.parse("10.00", "EUR"))))
    matched.product("B", cost=Money.parse("10.00", "EUR"))
    fresh, stale = (matched.market(rates_since=day) for day in ("2026-11-10", "2026-11-15"))
    assert (fresh.offers.price.tolist(), fresh.stale_rates) == ([4_250], ())
    assert (len(stale.offers), stale.stale_rates, stale.rates) == (0, ("EUR",), ())
    assert stale.products.cost[1] == MISSING


def test_taxes_are_those_of_the_country(matched):
    """23 % at home are 21 % in Czechia, for our products and for offers that are shown without tax."""
    offer = matched.observation(None)
    matched.sees(replace(offer, offer=replace(offer.offer, price=Money.parse("1000.00", "CZK"), tax_included=False)))
    market = matched.store.plans.market(CZECH, at=matched.clock.now())
    assert (market.products.vat.tolist(), market.offers.price.tolist()) == ([2_100], [121_000])
    assert (market.country, matched.market().products.vat.tolist()) == ("CZ", [2_300])
