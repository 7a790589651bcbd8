"""Stock and delivery times are compared with the catalogue at verify, and brought back without their prices."""

from __future__ import annotations

from dataclasses import replace

import pytest
from publishing_scene import START

from pricewatch.pipeline.differences import parity


@pytest.fixture
def stocked(scene):
    """A scene with five pieces of everything in both shops, whose stock is the catalogue's where it is said."""

    def make(*, woo=True, presta=True, **options):
        here = scene(woo={"stock": woo}, presta={"stock": presta}, **options)
        for sku in here.skus:
            here.woo.edit(sku, stock=5)
            here.presta.edit(sku, stock=5)
        here.apply({"A": "89.99"})
        return here

    return make


def pieces(here, sku="A"):
    """What both shops count."""
    woo = next(item for item in here.woo.items.values() if item.sku == sku)
    presta = next(item for item in here.presta.products.values() if item.reference == sku)
    return woo.stock, presta.stock


def test_stock_that_differs_is_brought_back_without_a_price(stocked):
    """Other counts in the shops become the catalogue's again; no price is written for it."""
    here = stocked()
    here.woo.edit("A", stock=3)
    here.presta.edit("A", stock=9)
    prices = len(here.woo.log), len(here.presta.log), here.shown("A")
    report = here.verify()
    assert pieces(here) == (5, 5)
    assert (report.status, report.counts["stock drifted"], report.counts["restocked"]) == ("ok", 2, 2)
    log = [line.price for line in here.woo.log[prices[0] :]]
    assert set(log) <= {"89.99"}
    assert (len(here.presta.log), here.shown("A")) == (prices[1], prices[2])
    assert set(here.states("woo").values()) == {"verified"}


def test_a_shop_that_is_its_own_master_is_left_alone(stocked):
    """Without stock = true nothing is written, compared or told, however much the counts differ."""
    here = stocked(woo=False, presta=False)
    here.woo.edit("A", stock=3)
    here.presta.edit("A", stock=9)
    report = here.verify()
    assert pieces(here) == (3, 9)
    assert (report.status, report.counts.get("stock drifted", 0)) == ("ok", 0)
    assert parity(here.bench).differences == ()


def test_a_second_look_writes_nothing(stocked):
    """Stock that is as it shall be costs no write."""
    here = stocked()
    here.woo.edit("A", stock=3)
    here.verify()
    before = len(here.writes())
    assert here.verify().counts.get("stock drifted", 0) == 0
    assert len(here.writes()) == before


@pytest.mark.parametrize("looking", [{"repair": False}, {}])
def test_where_drift_is_only_told_stock_is_only_told(stocked, looking):
    """With drift = "ask", or without repair, the counts stay and are told in words."""
    here = stocked(presta=False, **({"drift": "ask"} if not looking else {}))
    here.woo.edit("A", stock=3)
    report = here.verify(**looking)
    assert pieces(here)[0] == 3
    assert [(each.item, each.where, each.reason) for each in report.set_aside] == [
        ("A", "woo", "stock 3 there, 5 in the list")
    ]


def test_parity_shows_stock_that_differs(stocked):
    """The parity report names the listing, whose price is verified all the same."""
    here = stocked(presta=False, drift="ask")
    here.woo.edit("A", stock=3)
    here.verify()
    found = parity(here.bench)
    assert [(each.channel, each.sku, each.what) for each in found.differences] == [
        ("woo", "A", "stock 3 there, 5 in the list")
    ]
    assert found.parity is not None
    assert found.parity < 10_000


def test_stock_goes_out_with_a_new_price(stocked):
    """A new price brings the catalogue's stock of now along, and is itself written once."""
    here = stocked()
    here.store.catalogue.save([here.product("A", stock=2)], at=START, group=here.group)
    here.apply({"A": "84.99"})
    assert (pieces(here), here.shown("A")) == ((2, 2), ("84.99", "84.99", "84.99"))
    assert [line.price for line in here.presta.log if line.sku == "A"].count("84.99") == 1


def test_what_the_shop_does_not_count_is_left_alone(stocked):
    """A product whose pieces the shop does not count goes on without counting."""
    here = stocked(presta=False)
    item = next(item for item in here.woo.items.values() if item.sku == "B")
    here.woo.items[item.id] = replace(item, stock=None)
    report = here.verify()
    assert pieces(here, "B")[0] is None
    assert report.counts.get("stock drifted", 0) == 0


def test_stock_that_the_catalogue_does_not_know_is_left_alone(stocked):
    """A product without a count in the catalogue keeps the shop's."""
    here = stocked()
    here.store.catalogue.save([here.product("A", stock=None)], at=START, group=here.group)
    here.woo.edit("A", stock=77)
    assert here.verify().counts.get("stock drifted", 0) == 0
    assert pieces(here)[0] == 77


def test_a_refused_stock_is_told_and_stops_nothing(stocked):
    """A shelf that the shop counts by itself is told in words; the others are brought back."""
    here = stocked(woo=False)
    here.presta.edit("A", stock=3, counted_elsewhere=True)
    here.presta.edit("B", stock=3)
    report = here.verify()
    assert (pieces(here)[1], pieces(here, "B")[1]) == (3, 5)
    (said,) = report.set_aside
    assert (said.item, said.where) == ("A", "presta")
    assert "advanced stock management" in said.reason


def test_a_stop_holds_stock_back(stocked):
    """While publishing is stopped stock is only told."""
    here = stocked(presta=False)
    here.woo.edit("A", stock=3)
    here.store.control.stop(at=here.clock.now(), by="anna", reason="test")
    report = here.verify()
    assert pieces(here)[0] == 3
    assert [each.reason for each in report.set_aside] == ["stock 3 there, 5 in the list"]
