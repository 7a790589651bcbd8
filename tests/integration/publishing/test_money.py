"""Currencies and tax rates that are not the usual ones, from the decision to every channel."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pricewatch.domain.money import Money


@pytest.mark.parametrize(
    ("currency", "tax", "price"),
    [("PLN", 0, "89.99"), ("JPY", 10, "9999"), ("JPY", 0, "9998"), ("KWD", 5, "89.990")],
)
def test_every_channel_shows_the_decided_price(scene, currency, tax, price):
    """No VAT, no minor units, three of them: each shop and the feed shows exactly what was decided, once."""
    here = scene(currency=currency, tax=tax)
    report = here.apply({"A": price})
    assert (report.status, report.counts["decided"]) == ("ok", 1), report.set_aside
    assert [Decimal(shown) for shown in here.shown("A")] == [Decimal(price)] * 3
    assert here.verify().counts["in step"] == 9
    assert len(here.writes()) == 2


def test_a_catalogue_in_another_currency_does_not_keep_a_group_from_its_first_price(scene):
    """What the catalogue asks in euro is nobody's price in a zloty group: the decision starts from nothing."""
    here = scene()
    here.store.catalogue.save([_priced(here.product("A"), "25.00", "EUR")], at=here.clock.now(), group=here.group)
    report = here.apply({"A": "89.99"})
    assert report.counts["decided"] == 1, report.set_aside
    assert here.shown("A") == ("89.99", "89.99", "89.99")


def test_a_price_in_another_currency_is_not_adopted(scene):
    """The feed of a zloty group leaves out what costs euro, until a price in zloty is decided."""
    here = scene()
    here.store.catalogue.save([_priced(here.product("A"), "25.00", "EUR")], at=here.clock.now(), group=here.group)
    here.apply({"B": "89.99"})
    assert here.feed_prices() == {"B": "89.99", "C": "100.00"}
    assert here.woo.shown("A") == "100.00"


@pytest.mark.parametrize(("limit", "price"), [("floor", "95.00"), ("ceiling", "85.00")])
def test_a_limit_that_came_after_the_plan_holds(scene, limit, price):
    """The catalogue's floor and ceiling of today count, not only those that the plan knew."""
    here = scene()
    here.decide({"A": "89.99"})
    here.store.catalogue.save([here.product("A", **{limit: here.money(price)})], at=here.clock.now(), group=here.group)
    (aside,) = here.publish().set_aside
    assert f"the {limit} of {price} PLN that the catalogue has by now" in aside.reason
    assert here.shown("A") == ("100.00", "100.00", "100.00")


def _priced(product, price, currency):
    return type(product)(product.sku, product.name, product.tax, price=Money.parse(price, currency), stock=5)


def test_another_tax_rate_keeps_the_price_and_changes_what_is_stored_without_tax(scene):
    """8 % becomes 23 % in the catalogue and in the shop: customers go on paying the price list's price everywhere."""
    here = scene(tax=8)
    here.apply({"A": "89.99"})
    here.tax = here.presta.rates["1"] = 23
    here.bench = here.build()
    goods = [here.product(sku) for sku in here.skus]
    here.store.catalogue.save(goods, at=here.clock.now(), group=here.group)
    here.clock.advance(minutes=1)
    assert here.presta.shown("A") == "102.49"
    report = here.publish()
    assert (report.counts["restated"], here.shown("A")) == (3, ("89.99", "89.99", "89.99"))
    assert {str(entry.tax) for entry in here.store.prices.current("default").values()} == {"23 %"}
    here.clock.advance(minutes=1)
    assert "restated" not in here.publish().counts


def after_a_rise_of_vat(scene, price="70.99", floor="50", **options):
    """A net shop with two decimals whose products go from 8 to 23 %, in the catalogue and in the shop; both are new to
    the price list.
    """
    here = scene(tax=8, woo={"net": True, "decimals": 2}, **options)
    here.woo.edit("A", regular_price="92.59")
    here.apply({"A": price}, floor=floor)
    assert here.shown("A") == ("65.73", price, price)
    here.tax = here.presta.rates["1"] = 23
    here.bench = here.build()
    here.store.catalogue.save([here.product(sku) for sku in here.skus], at=here.clock.now(), group=here.group)
    here.clock.advance(minutes=1)
    return here


def test_a_price_that_a_new_tax_rate_put_above_the_adverts_comes_down_to_what_can_be_shown(scene):
    """65.73 without tax asks 80.85 now and can show 70.98 or 71.00, never 70.99: it asks 70.98, and that is said."""
    here = after_a_rise_of_vat(scene)
    report = here.publish()
    (aside,) = [s for s in report.set_aside if s.where == "woo" and s.item == "A"]
    assert here.shown("A") == ("57.71", "70.99", "70.99")
    assert here.states()["woo", "A"] == "unrepresentable"
    assert "reachable: 70.98 PLN, 71.00 PLN" in aside.reason
    assert aside.reason.endswith("it asks 70.98 PLN meanwhile, less than the price list says")
    writes = len(here.writes())
    here.verify()
    assert len(here.writes()) == writes


def test_no_checkout_goes_below_a_floor_to_be_below_an_advert(scene):
    """Where nothing lies between the floor and the advert, the listing stays, and every sweep says what it asks."""
    here = after_a_rise_of_vat(scene, floor="70.99")
    for report in (here.publish(), here.verify()):
        (aside,) = [s for s in report.set_aside if s.where == "woo" and s.item == "A"]
        assert aside.reason.endswith("it asks 80.85 PLN meanwhile, more than the price list says")
    assert here.shown("A") == ("65.73", "70.99", "70.99")


def test_what_a_sweep_finds_above_the_adverts_comes_down_as_well(scene):
    """The catalogue has the new rate first, the shop a day later: nothing is written until the shop asks more."""
    here = after_a_rise_of_vat(scene)
    here.publish()
    here.woo.edit("A", regular_price="65.73")
    here.verify()
    assert here.shown("A") == ("57.71", "70.99", "70.99")


def test_unreachable_prices_go_to_the_nearest_one_below_where_that_is_wanted(scene):
    """With "below" a cut goes out a hundredth lower, adverts follow it, and it is reported once and stays."""
    here = scene(woo={"net": True, "decimals": 2}, unreachable="below")
    here.woo.edit("A", regular_price="81.30")
    report = here.apply({"A": "89.98"})
    assert here.shown("A") == ("73.15", "89.98", "89.98")
    assert [s.where for s in report.set_aside if s.item == "A"] == ["woo"]
    writes = len(here.writes())
    here.verify()
    assert len(here.writes()) == writes
