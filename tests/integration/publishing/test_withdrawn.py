"""Listings of products that left the catalogue: nothing is written to them, and feeds leave them out."""

from __future__ import annotations

import pytest


@pytest.fixture
def without(scene):
    """A scene with prices everywhere, from which A was withdrawn."""
    here = scene(refused_rest=0, columns={"sku": "sku", "price": "price"})
    here.apply({"A": "89.99"})
    here.store.catalogue.withdraw(["A"], at=here.clock.now())
    return here


def test_its_prices_stay_and_the_feed_leaves_it_out(without):
    """The sweep counts it, and touches no shop."""
    before = len(without.writes())
    report = without.verify()
    assert report.counts["withdrawn"] == 3
    assert without.shown("A") == ("89.99", "89.99", None)
    assert len(without.writes()) == before


def test_somebody_may_change_what_is_not_ours_any_more(without):
    """A price that a person sets in the shop is not repaired, and no new listing of it is priced."""
    without.woo.set_price("A", "70.00")
    without.woo.edit("C", sku="A")
    without.verify()
    without.verify()
    assert {item.price for item in without.woo.items.values() if item.sku == "A"} == {"70.00", "100.00"}


def test_a_price_that_is_on_its_way_does_not_arrive(scene):
    """Decided, then withdrawn before a shop that was away comes back: it is set aside with the reason."""
    here = scene()
    here.store.control.stop(at=here.clock.now(), by="me", reason="not yet")
    here.decide({"A": "89.99", "B": "79.99"})
    here.store.control.resume(at=here.clock.now(), by="me")
    here.store.catalogue.withdraw(["A"], at=here.clock.now())
    report = here.publish()
    assert [aside.reason for aside in report.set_aside] == ["is not in the catalogue any more"]
    assert here.shown("A") == ("100.00", "100.00", None)
    assert here.shown("B") == ("79.99", "79.99", "79.99")


def test_what_is_open_when_it_is_withdrawn_is_not_sent(scene):
    """A publication that waits for a shop ends there, refused with the reason."""
    here = scene()
    here.apply({"B": "95.00"})
    here.store.plans.save(at=here.clock.now(), rules_hash="", proposals=[], breakers=[], set_aside=[])
    wish = here.store.outbox.publications(channel="woo", sku="B")[0].desired
    here.store.outbox.enqueue([wish], at=here.clock.now())
    here.woo.set_price("B", "80.00")
    here.store.catalogue.withdraw(["B"], at=here.clock.now())
    report = here.send()
    assert "is not in the catalogue any more" in report.set_aside[0].reason
    assert here.woo.shown("B") == "80.00"


def test_back_in_the_catalogue_it_has_the_prices_of_the_list_again(without):
    """In the shops, where they were changed meanwhile, and in the feed."""
    without.verify()
    without.woo.set_price("A", "70.00")
    without.store.catalogue.save([without.product("A")], at=without.clock.now(), group=without.group)
    without.verify()
    assert without.shown("A") == ("89.99", "89.99", "89.99")
