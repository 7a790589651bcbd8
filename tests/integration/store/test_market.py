"""The market in columns: only what surely is our product, usable, now, in our currency."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pricewatch.domain.match import Match, MatchKind, MatchStatus
from pricewatch.domain.money import Money
from pricewatch.domain.offer import Availability, Condition, ItemKey, PriceRole, SiteKind
from pricewatch.domain.product import ExchangeRate, PriceGroup
from pricewatch.pricing.frame import AVAILABILITIES, CONDITIONS, MISSING, ROLES, SITE_KINDS


def eur(amount: str) -> Money:
    return Money.parse(amount, "EUR")


def rate(micros: int, base: str = "EUR", quote: str = "PLN", day: str = "2026-11-20") -> ExchangeRate:
    return ExchangeRate(base, quote, micros, day, "nbp")


@pytest.fixture
def matched(given):
    given.product()
    given.accepted()
    return given


def test_a_matched_offer_stands_in_the_market_with_all_it_says(matched):
    """Every column of the frame is what was observed."""
    offer = matched.observation(
        "90.00",
        shipping=Money.parse("9.99", "PLN"),
        condition=Condition.REFURBISHED,
        role=PriceRole.SALE,
        pieces=7,
        seller_rating=9_870,
    )
    matched.sees(offer)
    offers = matched.market(site_kinds={"shop": SiteKind.COMPARISON}).offers
    assert (offers.price.tolist(), offers.shipping.tolist(), offers.factor.tolist()) == ([9_000], [999], [1])
    assert (offers.pieces.tolist(), offers.rating.tolist(), offers.product.tolist()) == ([7], [9_870], [0])
    assert offers.seen_at.tolist() == [int(matched.clock.now().timestamp())]
    assert AVAILABILITIES[offers.availability[0]] is Availability.IN_STOCK
    assert CONDITIONS[offers.condition[0]] is Condition.REFURBISHED
    assert ROLES[offers.role[0]] is PriceRole.SALE
    assert SITE_KINDS[offers.kind[0]] is SiteKind.COMPARISON
    assert (offers.seller[0], offers.site[0], offers.own.tolist()) == ("bob", "shop", [False])


def test_a_product_without_offers_still_has_its_row(given):
    """Products come in catalogue order, known and unknown amounts apart."""
    given.product("B", cost=Money.parse("55.50", "PLN"), stock=3, kvi=True, tags=("new", "x"), custom={"season": "w"})
    given.product("A", price=None, floor=None)
    columns = given.market().products
    assert (list(columns.sku), columns.current.tolist()) == (["B", "A"], [10_000, MISSING])
    assert (columns.cost.tolist(), columns.floor.tolist()) == ([5_550, MISSING], [100, MISSING])
    assert (columns.vat.tolist(), columns.stock.tolist(), columns.kvi.tolist()) == (
        [2300, 2300],
        [3, MISSING],
        [True, False],
    )
    assert (columns.tags[0], columns.tags[1], columns.custom["season"][0], columns.custom["season"][1]) == (
        "|new|x|",
        "",
        "w",
        "",
    )


@pytest.mark.parametrize("status", [MatchStatus.SUGGESTED, MatchStatus.REJECTED])
def test_only_accepted_matches_count(given, status):
    """A suggestion is no fact."""
    given.product()
    given.sees(given.observation())
    given.store.matches.save([Match("A", ItemKey("shop", "1"), status)])
    assert len(given.market().offers) == 0


def test_an_equivalent_product_is_no_price_of_ours(given):
    """What buyers take instead is not the product."""
    given.product()
    given.accepted(kind=MatchKind.EQUIVALENT)
    given.sees(given.observation())
    assert len(given.market().offers) == 0


def test_a_pack_counts_with_its_factor(given):
    """The engine divides by it, once."""
    given.product()
    given.pack("A", "1", 6)
    given.sees(given.observation("480.00"))
    assert given.market().offers.factor.tolist() == [6]


def test_offers_without_a_price_or_gone_or_held_back_are_left_out(matched):
    """Three sellers that cannot be followed, one that can."""
    slip = matched.observation("0.90", seller="slip", quarantine="odd")
    sold_out = matched.observation(None, seller="out", availability=Availability.OUT_OF_STOCK)
    matched.sees(matched.observation(seller="left"), matched.observation("91.00", seller="here"), slip, sold_out)
    matched.sees(matched.observation("91.00", seller="here"), slip, sold_out)
    assert matched.market().offers.price.tolist() == [9_100]


def test_freshness_is_when_the_page_last_showed_the_offer(matched):
    """Seen again unchanged is seen now; a failed visit is not."""
    matched.sees(matched.observation())
    later = matched.clock.advance(hours=5)
    matched.sees(matched.observation())
    matched.clock.advance(hours=5)
    matched.sees(verdict=None)
    assert matched.market().offers.seen_at.tolist() == [int(later.timestamp())]


def test_our_own_and_sister_sellers_are_marked(matched):
    """By the site or by the seller's name in any case: nobody undercuts himself."""
    matched.sees(matched.observation(seller=" Our SHOP "), matched.observation(seller="bob"))
    by_seller = matched.market(own_sellers=frozenset({"our shop"})).offers
    assert {by_seller.seller[row]: bool(by_seller.own[row]) for row in range(2)} == {" Our SHOP ": True, "bob": False}
    assert matched.market(own_sites=frozenset({"shop"})).offers.own.tolist() == [True, True]


def test_foreign_prices_are_converted_exactly_and_rounded_half_up(matched):
    """10.10 EUR at 4.255 are 42.9755, so 42.98; 1.00 EUR shipping are 4.255, so 4.26."""
    matched.store.catalogue.save_rates([rate(4_255_000)])
    offer = matched.observation(None)
    matched.sees(replace(offer, offer=replace(offer.offer, price=eur("10.10"), shipping=eur("1.00"))))
    offers = matched.market().offers
    assert (offers.price.tolist(), offers.shipping.tolist()) == ([4_298], [426])


def test_the_inverse_of_a_rate_serves_as_well(matched):
    """1 PLN = 0.25 EUR: 10 EUR are 40 PLN; the newer of both directions counts."""
    matched.store.catalogue.save_rates([rate(250_000, "PLN", "EUR", "2026-11-21"), rate(5_000_000)])
    offer = matched.observation(None)
    matched.sees(replace(offer, offer=replace(offer.offer, price=eur("10.00"))))
    assert matched.market().offers.price.tolist() == [4_000]


def test_currencies_with_other_decimals_are_converted_by_their_units(matched):
    """1000 JPY at 0.026 are 26.00 PLN."""
    matched.store.catalogue.save_rates([rate(26_000, "JPY")])
    offer = matched.observation(None)
    matched.sees(replace(offer, offer=replace(offer.offer, price=Money.parse("1000", "JPY"))))
    assert matched.market().offers.price.tolist() == [2_600]


def test_an_offer_in_a_currency_without_a_rate_is_left_out(matched):
    """It is not taken for zlotys."""
    offer = matched.observation(None)
    matched.sees(
        replace(offer, offer=replace(offer.offer, price=eur("10.00"))), matched.observation("91.00", seller="eve")
    )
    assert matched.market().offers.price.tolist() == [9_100]


def test_absurd_foreign_prices_overflow_into_nothing(matched):
    """A placeholder of billions does not become a negative price."""
    matched.store.catalogue.save_rates([rate(4_000_000_000)])
    offer = matched.observation(None)
    matched.sees(replace(offer, offer=replace(offer.offer, price=Money(2**53, eur("1").currency))))
    assert len(matched.market().offers) == 0


def test_limits_in_another_currency_are_converted_to_the_safe_side(given):
    """A floor is rounded up, a ceiling down, a cost half up."""
    given.store.catalogue.save_rates([rate(4_255_300)])
    given.product(cost=eur("1.00"), floor=eur("1.00"), ceiling=eur("1.00"))
    columns = given.market().products
    assert (columns.cost[0], columns.floor[0], columns.ceiling[0]) == (426, 426, 425)


def test_a_catalogue_price_in_another_currency_is_nobodys_price(given):
    """A second market starts without a price instead of with a converted one."""
    given.store.catalogue.save_rates([rate(4_000_000)])
    given.product(price="100.00", cost=Money.parse("40.00", "PLN"))
    abroad = PriceGroup("de", "DE", "EUR", "Europe/Berlin")
    columns = given.store.plans.market(abroad, at=given.clock.now()).products
    assert (columns.current.tolist(), columns.cost.tolist()) == ([MISSING], [1_000])


def test_a_price_that_is_valid_from_later_is_not_yet_current(given):
    """The list already has it; the market shows what is asked now."""
    given.product()
    plan = given.plan([given.proposal()])
    later = given.clock.now() + timedelta(days=1)
    given.store.prices.append(
        plan=plan.number, at=given.clock.now(), entries=[given.entry(plan=plan.number, valid_from=later)], desired=[]
    )
    assert given.market().products.current.tolist() == [10_000]
    assert given.market(at=later).products.current.tolist() == [9_500]


def test_some_products_have_the_prices_that_they_have_among_all(given):
    """Of several entries the newest one that is in force, in this currency; of what we ask, the newest of all."""
    given.product()
    given.product("B")
    later = given.clock.now() + timedelta(days=1)
    for price, known in (("94.00", {}), ("93.00", {}), ("92.00", {"valid_from": later})):
        plan = given.plan([given.proposal(price=price)])
        entry = given.entry(price=price, plan=plan.number, **known)
        given.store.prices.append(plan=plan.number, at=given.clock.now(), entries=[entry], desired=[])
    for skus in (None, ["A", "B"]):
        assert given.market(skus=skus).products.current.tolist() == [9_300, 10_000]
        assert given.market(skus=skus, at=later).products.current.tolist() == [9_200, 10_000]
        assert given.store.catalogue.amounts("default", skus).price.tolist() == [9_200, 10_000]


def test_asking_for_some_products_brings_their_offers_only(given):
    """An unknown SKU among them is simply not there."""
    for sku in ("A", "B"):
        given.product(sku)
        given.accepted(sku, item=sku)
    given.sees(given.observation(item="A"), given.observation("80.00", item="B"))
    frame = given.market(skus=["B", "X", "B"])
    assert (list(frame.products.sku), frame.offers.price.tolist(), frame.offers.product.tolist()) == (
        ["B"],
        [8_000],
        [0],
    )
    assert len(given.market(skus=[]).products) == 0
