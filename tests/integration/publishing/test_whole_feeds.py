"""Every row of a feed is dressed by its own price list entry: what changes, what does not, what waits for a till."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from publishing_scene import START, pln

from pricewatch.channels.offline.settings import TillSettings
from pricewatch.channels.offline.till import Till
from pricewatch.channels.surroundings import Surroundings
from pricewatch.domain.decision import Announcement, DecisionStatus, Outcome, Proposal, Reason

COLUMNS = {
    "sku": "sku", "price": "price", "prior": "prior_price", "club": "loyalty_price", "each": "unit_price",
    "sent": "delivery",
}  # fmt: skip
TERMS = {"loyalty_column": "club", "content_column": "content"}


class Shop:
    """Two products at 100.00, for members at 60.00, in a feed and, with `till`, at a till that answers when told to."""

    def __init__(self, scene, *, till):
        self.scene = here = scene(skus=("A", "B"), columns=COLUMNS, terms=TERMS, wait=0)
        custom = {"club": "60.00", "content": "2 l", "delivery": "24 h"}
        goods = [here.product(sku, custom=custom) for sku in here.skus]
        here.store.catalogue.save(goods, at=START, group=here.group)
        channels = {"feed": here.bench.channels["feed"]}
        if till:
            around = Surroundings(here.folder, "PLN", here.store.catalogue.load)
            channels["till"] = Till("till", TillSettings(type="till", folder=Path("till")), around)
        here.bench = replace(here.bench, channels=channels, channel_groups=dict.fromkeys(channels, "default"))

    def apply(self, price, announcement=None):
        proposal = Proposal(
            sku="A", group="default", outcome=Outcome.CUT, current=self.scene.base("A"), proposed=pln(price),
            floor=pln("50.00"), ceiling=pln("200.00"), reasons=(Reason("target", "a test"),), announcement=announcement,
        )  # fmt: skip
        self.scene.clock.advance(minutes=1)
        self.scene.store.plans.save(
            at=self.scene.clock.now(), rules_hash="h", proposals=[(proposal, DecisionStatus.APPROVED)], breakers=(),
            set_aside=[],
        )  # fmt: skip
        self.scene.publish()

    def answer(self):
        """The till reads all its files."""
        for file in (self.scene.folder / "till").glob("prices-*.csv"):
            file.with_name(f"{file.name}.ack").touch()
        self.scene.clock.advance(hours=2)

    def row(self, sku):
        if not self.scene.feed.exists():
            return None
        with self.scene.feed.open(newline="") as stream:
            rows = {row["sku"]: tuple(row.values())[1:] for row in csv.DictReader(stream)}
        return rows.get(sku)


@pytest.fixture
def shop(scene):
    return lambda till=False: Shop(scene, till=till)


def test_what_does_not_change_keeps_its_terms_in_the_feed(shop):
    """One product gets another price: the other's row is as it was, before a sweep and after it."""
    here = shop()
    here.apply("90.00")
    before = here.row("B")
    assert before == ("100.00", "", "60.00", "50.00", "24 h")
    here.apply("80.00")
    assert (here.row("A"), here.row("B")) == (("80.00", "", "60.00", "40.00", "24 h"), before)
    here.scene.verify()
    assert here.row("B") == before


def test_a_price_that_is_still_shown_is_dressed_by_its_own_entry(shop):
    """While newer prices wait for the till, the running reduction stands with its prior price and its terms."""
    here = shop(till=True)
    told = Announcement(pln("95.00"), START, START + timedelta(days=9))
    here.apply("90.00", told)
    here.answer()
    here.scene.send()
    running = ("90.00", "95.00", "60.00", "45.00", "24 h")
    assert here.row("A") == running
    later = replace(told, starts=here.scene.clock.now())
    here.apply("80.00", later)
    here.apply("70.00", later)
    dearer = here.scene.product("B", "101.00", custom={"club": "61.00", "content": "2 l", "delivery": "24 h"})
    here.scene.store.catalogue.save([dearer], at=here.scene.clock.now(), group=here.scene.group)
    here.scene.publish()
    assert (here.row("A"), here.row("B")) == (running, ("101.00", "", "61.00", "50.50", "24 h"))


def test_an_advert_waits_for_a_till_that_has_never_answered(shop):
    """It may still ask the catalogue's price: what is cut goes out after its answer, everything else at once."""
    here = shop(till=True)
    here.apply("90.00")
    assert (here.row("A")[0], here.row("B")[0]) == ("100.00", "100.00")
    (waiting,) = here.scene.store.outbox.publications(channel="feed", skus=["A"])
    assert waiting.message == "waits: till may still ask for more"
    here.answer()
    here.scene.send()
    assert here.row("A")[0] == "90.00"


def test_what_waits_keeps_no_other_row_from_being_todays(shop):
    """A cut waits for the till, and stays out of the feed: a sweep writes B's delivery time all the same."""
    here = shop(till=True)
    here.apply("100.00")
    here.answer()
    here.scene.send()
    here.apply("90.00")
    later = here.scene.product("B", custom={"club": "60.00", "content": "2 l", "delivery": "48 h"})
    here.scene.store.catalogue.save([later], at=here.scene.clock.now(), group=here.scene.group)
    here.scene.verify()
    assert (here.row("A")[0], here.row("B")[-1]) == ("100.00", "48 h")


@pytest.mark.parametrize("later", [False, True], ids=["before the version", "while it waits"])
def test_a_feed_that_is_added_to_a_staged_release_lists_every_product_at_the_price_in_force(scene, later):
    """A goes first; what waits of the version stands at its price of before, up or down, and follows with the rest."""
    here = scene(release={"first": 1, "wait": 3_600})
    feed = here.bench.channels["feed"]
    shops = {name: channel for name, channel in here.bench.channels.items() if name != "feed"}
    if later:
        here.bench = replace(here.bench, channels=shops)
    here.apply({"A": "90.00", "B": "120.00", "C": "80.00"})
    if later:
        here.clock.advance(minutes=1)
        here.bench = replace(here.bench, channels={**shops, "feed": feed})
        here.verify()
    assert here.feed_prices() == {"A": "90.00", "B": "100.00", "C": "100.00"}
    here.verify()
    assert here.feed_prices() == {"A": "90.00", "B": "100.00", "C": "100.00"}
    here.clock.advance(hours=2)
    here.send()
    here.send()
    assert here.feed_prices() == {"A": "90.00", "B": "120.00", "C": "80.00"}
    assert (here.shown("B"), here.shown("C")) == (("120.00",) * 3, ("80.00",) * 3)


def test_a_feed_that_is_added_when_nothing_is_open_gets_its_prices_with_the_next_apply(scene):
    """Nobody has to wait for a sweep, and the apply after that finds nothing to do."""
    here = scene()
    channels = here.bench.channels
    here.bench = replace(here.bench, channels={each: channels[each] for each in channels if each != "feed"})
    here.apply({"A": "90.00"})
    here.clock.advance(minutes=1)
    here.bench = replace(here.bench, channels=channels)
    report = here.publish()
    assert here.shown("A") == ("90.00",) * 3
    assert report.message == "nothing new was decided; new listings got their prices"
    here.clock.advance(minutes=1)
    before = here.writes()
    assert here.publish().message == "no price changed"
    assert here.writes() == before


def test_an_apply_of_nothing_leaves_a_new_shop_as_it_is(scene):
    """It sells at prices of its own, which only a change or a sweep replaces."""
    here = scene()
    channels = here.bench.channels
    here.bench = replace(here.bench, channels={each: channels[each] for each in channels if each != "presta"})
    here.apply({"A": "90.00"})
    here.clock.advance(minutes=1)
    here.bench = replace(here.bench, channels=channels)
    assert here.publish().message == "no price changed"
    assert here.shown("A") == ("90.00", "100.00", "90.00")
