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
