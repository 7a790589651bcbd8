"""Which offers count, and why the others do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pricewatch.domain.offer import Availability, Condition, PriceRole, SiteKind
from pricewatch.pricing.engine import decide
from pricewatch.pricing.exact import AMOUNT_LIMIT
from pricewatch.pricing.frame import MISSING
from pricewatch.pricing.landscape import by_price
from pricewatch.pricing.settings import PricingSettings

from .market import HOUR, NOW, Ours, Theirs, book, frame, minor, propose, rule

GOOD = Theirs(9_500, "Good", rating=9_900, shipping=500)


def excluded(landscape: str, offer: Theirs) -> str:
    """Why an offer beside a good one does not count."""
    plan = decide(frame([Ours()], [GOOD, offer]), book(rule(landscape=landscape)), PricingSettings())
    market = plan.market(0)
    reason = next(each.excluded for each in market.offers if each.observation == 2)
    assert next(each.excluded for each in market.offers if each.observation == 1) == ""
    assert int(plan.trail.offers[0]) == (1 if reason else 2)
    return reason


@pytest.mark.parametrize(
    ("landscape", "offer", "reason"),
    [
        ("", Theirs(9_000), ""),
        ("", Theirs(9_000, own=True), "our own or a sister seller"),
        ("", Theirs(9_000, role=PriceRole.CLUB), "another kind of price"),
        ('roles = ["regular", "club"]', Theirs(9_000, role=PriceRole.CLUB), ""),
        ("", Theirs(9_000, condition=Condition.USED), "another condition"),
        ("", Theirs(9_000, condition=Condition.UNKNOWN), ""),
        ("", Theirs(9_000, availability=Availability.UNKNOWN), "out of stock or not said to be in stock"),
        ('kinds = ["shop"]', Theirs(9_000, kind=SiteKind.AUCTION), "another kind of site"),
        ('sellers = ["good"]', Theirs(9_000), "another seller"),
        ('without_sellers = ["RIVAL"]', Theirs(9_000), "a seller that is left out"),
        ('without_sites = ["other"]', Theirs(9_000, site="other"), "a site that is left out"),
        ('min_rating = "95%"', Theirs(9_000, rating=9_499), "seller rated too low or not rated"),
        ('min_rating = "95%"', Theirs(9_000), "seller rated too low or not rated"),
        ("", Theirs(9_000, factor=2), "another pack size"),
        ("", Theirs(9_000, seen_at=NOW - 49 * HOUR), "too old"),
        ('max_age = "9d"', Theirs(9_000, seen_at=NOW - 49 * HOUR), "too old"),
        ('max_age = "4h"', Theirs(9_000, seen_at=NOW - 5 * HOUR), "too old"),
        ("", Theirs(9_000, seen_at=NOW + 2 * HOUR), "dated in the future"),
        ('basis = "landed"', Theirs(9_000), "shipping is not shown"),
        ('basis = "landed"\nassume_shipping = "9.99"', Theirs(9_000), ""),
        ("one_per_seller = true", Theirs(9_600, "GOOD"), "a dearer offer of the same seller"),
        ('max_distance = "20%"', Theirs(12_000), "too far from the median"),
        ("", Theirs(0), "no price, or one that cannot be meant"),
    ],
)
def test_each_filter_gives_its_reason(landscape: str, offer: Theirs, reason: str) -> None:
    """Every offer counts or says why not; a rule can only shorten the age in the settings."""
    assert excluded(landscape, offer) == reason


def test_landed_prices_compare_like_with_like() -> None:
    """Their price and shipping against ours: what our buyers pay for shipping is taken off."""
    text = rule(landscape='basis = "landed"\nown_shipping = "9.99"')
    theirs = [Theirs(9_000, shipping=1_999), Theirs(9_500, "B", shipping=0)]
    assert minor(propose(text, theirs=theirs)) == 8_501


def test_packs_are_compared_by_the_piece() -> None:
    """A pack of three at 285.00 is 95.00 a piece, rounded half up."""
    text = rule(landscape="packs = true")
    assert minor(propose(text, theirs=[Theirs(28_501, factor=3)])) == 9_500
    assert minor(propose(text, theirs=[Theirs(19_001, factor=2)])) == 9_501


def test_equivalents_count_where_a_rule_says_so() -> None:
    """What buyers take instead is another product: left out with this reason, unless the landscape has it."""
    theirs = [Theirs(9_000, alike=True), Theirs(9_500, "B")]
    assert minor(propose(rule(), theirs=theirs)) == 9_500
    assert excluded("", theirs[0]) == "an equivalent, another product"
    assert minor(propose(rule(landscape="equivalents = true"), theirs=theirs)) == 9_000


def test_the_lower_median_is_a_price_that_somebody_asks() -> None:
    """Of four offers the second, not the mean of the middle two."""
    theirs = [Theirs(price, str(price)) for price in (9_000, 9_100, 9_900, 10_000)]
    assert minor(propose(rule('target = "median"'), theirs=theirs)) == 9_100


def test_ranks_count_the_offers_that_are_cheaper() -> None:
    """A tie shares the better rank, before and after."""
    theirs = [Theirs(9_000, "A"), Theirs(9_500, "B"), Theirs(10_000, "C")]
    proposal = propose(rule('target = { kind = "nth_lowest", n = 2 }'), theirs=theirs)
    assert (proposal.rank_before, proposal.rank_after, proposal.competitors) == (3, 2, 3)


def test_offers_of_unknown_products_are_nobody_s() -> None:
    """Rows that point outside the frame are left alone."""
    market = frame([Ours()], [Theirs(9_000, product=7), Theirs(9_500, product=-1), Theirs(9_900)])
    assert decide(market, book(rule()), PricingSettings()).trail.offers.tolist() == [1]


@pytest.mark.parametrize("price", [None, 0, -5, 2**35, 2**62])
def test_absurd_prices_never_count(price: int | None) -> None:
    """Unknown, zero, negative and enormous prices are no offers."""
    assert propose(rule(), theirs=[Theirs(price)]).competitors == 0


def test_ten_thousand_offers_are_no_trouble() -> None:
    """The n-th of many."""
    theirs = [Theirs(9_000 + number, f"s{number}") for number in range(10_000)]
    text = rule('target = { kind = "percentile", percent = "10%" }')
    proposal = propose(text, theirs=theirs)
    assert (minor(proposal), proposal.competitors) == (9_999, 10_000)


def test_results_do_not_depend_on_the_order_of_sellers_codes() -> None:
    """The dearer twin of a seller is left out whichever comes first."""
    twins = [Theirs(9_600, "Good", observation=5), replace(GOOD, observation=4)]
    text = rule('target = "average"', landscape="one_per_seller = true")
    assert minor(propose(text, theirs=twins)) == minor(propose(text, theirs=twins[::-1])) == 9_500


def test_the_market_record_shows_unknown_shipping_as_unknown() -> None:
    """Null is never zero, there too."""
    plan = decide(frame([Ours()], [Theirs(9_000), GOOD]), book(rule()), PricingSettings())
    assert [offer.shipping is None for offer in plan.market(0).offers] == [True, False]
    assert np.all(plan.frame.offers.shipping == [MISSING, 500])


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize(("products", "offers"), [(1, 0), (3, 5), (700, 30), (40_000, 1), (2, 9_000)])
def test_offers_stand_by_price_and_then_by_observation(products: int, offers: int, ascending: bool) -> None:
    """However many there are of a product, and in whatever order they were read; the dearest amount included."""
    random = np.random.default_rng(products)
    each = random.integers(0, offers + 1, products) if offers > 1 else np.full(products, offers)
    local = np.repeat(np.arange(products), each)
    price = random.choice([1, 500, 501, AMOUNT_LIMIT], len(local))
    observation = np.arange(len(local)) if ascending else random.permutation(len(local))
    starts = np.searchsorted(local, np.arange(products + 1))
    found = by_price(starts, local, price, observation)
    assert found.tolist() == np.lexsort((observation, price, local)).tolist()
