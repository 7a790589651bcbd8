"""Prices of the catalogue that were never decided: they are followed, as long as they change as prices do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from publishing_scene import pln

from pricewatch.pipeline.catalogue import import_catalogue
from pricewatch.pipeline.found import held_prices
from pricewatch.pipeline.inbox import inbox


@pytest.fixture
def here(scene):
    """Everything at 100.00, the feed too; A costs 40.00 net and may not go below 60.00."""
    made = scene()
    feed = {"feed": made.bench.channels["feed"]}
    made.bench = replace(made.bench, channels=feed, channel_groups={"feed": "default"})
    made.apply({"C": "99.00"})
    return made


def imported(here, **prices):
    limits = {"A": {"floor": pln("60.00"), "cost": pln("40.00")}, "B": {"cost": pln("40.00")}}
    goods = [here.product(sku, price, **limits.get(sku, {})) for sku, price in prices.items()]
    here.store.catalogue.save(goods, at=here.clock.now(), group=here.group)
    here.clock.advance(minutes=1)


def test_the_catalogues_price_is_followed(here):
    """A price that was never decided changes in the catalogue: the feed shows the new one."""
    imported(here, A="95.00", B="105.00")
    here.publish()
    assert (here.feed_prices()["A"], here.feed_prices()["B"]) == ("95.00", "105.00")


@pytest.mark.parametrize(("price", "words"), [("59.99", "below the floor of 60.00"), ("70.00", "below the cost")])
def test_a_first_price_below_floor_or_cost_goes_nowhere(scene, price, words):
    """A product that is new in the catalogue: no feed shows such a price before a person has said that it is right."""
    here = scene()
    here.apply({"C": "99.00"})
    cost = pln("60.00") if "cost" in words else None
    new = replace(here.product("D", price, floor=pln("60.00")), cost=cost)
    here.store.catalogue.save([new], at=here.clock.now(), group=here.group)
    here.clock.advance(minutes=1)
    assert [words in aside.reason for aside in here.publish().set_aside if aside.item == "D"] == [True]
    assert "D" not in here.store.prices.current(here.group.name)


@pytest.mark.parametrize(
    ("sku", "price", "words"),
    [
        ("A", "59.99", "below the floor of 60.00 PLN"),
        ("B", "33.00", "below the cost of 40.00 PLN"),
        ("B", "10000.00", "a jump by a factor of 3 or more"),
        ("B", "48.00", "below the cost of 40.00 PLN"),
        ("B", "105.01", "more than is approved by itself"),
        ("B", "299.00", "more than is approved by itself"),
    ],
)
def test_a_slip_in_the_catalogue_goes_nowhere(here, sku, price, words):
    """Below the floor or the cost, a multiple of the price before, or more than changes unasked: it is reported in
    every run, and waits in the inbox, until a person says that it is right.
    """
    imported(here, **{sku: price})
    for _ in range(2):
        (said,) = here.publish().set_aside
        assert words in said.reason
        assert f"pricewatch apply --adopt {sku}" in said.hint
        assert here.feed_prices()[sku] == "100.00"
    (waiting,) = inbox(here.bench)
    assert (waiting.what, waiting.command) == ("prices of the catalogue held back", f"pricewatch apply --adopt {sku}")
    assert words in waiting.detail
    assert [words in held.wrong for held in held_prices(here.bench, [sku])] == [True]
    here.publish(adopt=[sku], by="anna")
    assert (here.feed_prices()[sku], inbox(here.bench)) == (price, ())


def test_a_word_of_two_people_is_asked_for_where_two_must_approve(here):
    """What a decision would need, a price of the catalogue needs as well; the same person twice is one."""
    here.bench = replace(here.bench, pricing=here.bench.pricing.model_copy(update={"four_eyes_above": 2_000}))
    imported(here, B="130.00")
    for _ in range(2):
        here.publish(adopt=["B"], by="anna")
        assert here.feed_prices()["B"] == "100.00"
    here.publish(adopt=["B"], by="ola")
    assert here.feed_prices()["B"] == "130.00"


def test_who_imports_a_jump_as_right_need_not_say_so_twice(here):
    """The word is of this very price: another jump waits again, and so does what is below the cost. It may be said when
    the price is known already.
    """
    imported(here, A="1000.00")
    rows = [here.product(sku, price, cost=pln("40.00")) for sku, price in (("A", "1000.00"), ("B", "30.00"))]
    import_catalogue(here.bench, [*rows, here.product("C")], source="file", jumps=True, by="anna")
    here.clock.advance(minutes=1)
    (aside,) = here.publish().set_aside
    assert (aside.item, here.feed_prices()["A"], here.feed_prices()["B"]) == ("B", "1000.00", "100.00")
    assert "below the cost" in aside.reason
    imported(here, A="97.00")
    assert "A" in [aside.item for aside in here.publish().set_aside]
