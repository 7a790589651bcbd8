"""On a channel that strikes prior prices: what is announced is struck there, and no longer when it is over. On one that
answers later: what is waited for is said.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from pricewatch.channels.gate import EdgeGate
from pricewatch.domain.decision import Announcement, DecisionStatus, Outcome, Proposal, Reason
from pricewatch.domain.listing import Capabilities, ChannelRole
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import PriceGroup, Product
from pricewatch.pipeline.insight import status
from pricewatch.pipeline.publish import publish
from pricewatch.pipeline.settings import PublishingSettings
from pricewatch.pipeline.verify import verify
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.rules import compile_rulebook
from pricewatch.pricing.settings import PricingSettings
from pricewatch.testing import FixedClock, MemoryStore
from pricewatch.testing.loopback import LoopbackChannel, Mishap

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
GROUP = PriceGroup("default", "PL", "PLN", "Europe/Warsaw")


class NoProgress:
    def advance(self, stage, done, total, note=""):
        pass


def pln(text):
    return Money.parse(text, "PLN")


class Shop:
    """One product at 100.00, cut to 80.00 with a prior price of 95.00 for two days."""

    def __init__(self, drift="repair", draw=lambda: None, decided=True, stocked="100.00", **can):
        self.clock = FixedClock(START)
        self.store = MemoryStore(self.clock)
        mine = Capabilities(ChannelRole.CHECKOUT, 10, 1_000, "PLN", announces=True, **can)
        self.channel = LoopbackChannel("shop", mine, self.clock, draw=draw)
        self.channel.stock({"A": ("A", pln(stocked))})
        self.store.catalogue.save([Product("A", "Item A", TaxRate(2300), price=pln("100.00"))], at=START, group=GROUP)
        self.bench = Workbench(
            store=self.store, clock=self.clock, groups=(GROUP,), sites={}, crawler=None,
            channels={"shop": EdgeGate(self.channel, lambda: False)}, channel_groups={"shop": "default"},
            rulebook=compile_rulebook([]), matching=None, pricing=PricingSettings(),
            publishing=PublishingSettings(drift=drift, wait=0), notifier=None, progress=NoProgress(),
        )  # fmt: skip
        told = Announcement(pln("95.00"), START, START + timedelta(days=2))
        proposal = Proposal(
            sku="A", group="default", outcome=Outcome.CUT, current=pln("100.00"), proposed=pln("80.00"),
            floor=pln("50.00"), ceiling=pln("200.00"), reasons=(Reason("target", "a promotion"),), announcement=told,
        )  # fmt: skip
        rows = [(proposal, DecisionStatus.APPROVED)] if decided else []
        self.store.plans.save(at=START, rules_hash="h", proposals=rows, breakers=(), set_aside=[])
        asyncio.run(publish(self.bench))

    def verify(self):
        return asyncio.run(verify(self.bench))


@pytest.fixture
def shop():
    made = []

    def make(drift="repair", **can):
        made.append(Shop(drift, **can))
        return made[-1]

    yield make
    for each in made:
        each.store.close()


@pytest.mark.parametrize("drift", ["repair", "ask", "adopt"])
def test_our_own_prior_price_is_taken_down_when_its_reduction_ends(shop, drift):
    """Whatever is done about foreign prices: that is not one, and nothing is adopted or frozen because of it."""
    here = shop(drift)
    assert (here.channel.shown("A"), here.channel.struck("A")) == (pln("80.00"), pln("95.00"))
    here.clock.advance(days=3)
    here.verify()
    assert (here.channel.shown("A"), here.channel.struck("A")) == (pln("80.00"), None)
    entry = here.store.prices.current("default")["A"]
    assert (entry.version, entry.gross, entry.adopted) == (1, pln("80.00"), False)
    assert here.store.catalogue.frozen(here.clock.now()) == ()


@pytest.mark.parametrize(("drift", "struck"), [("repair", "95.00"), ("ask", "140.00"), ("adopt", "95.00")])
def test_somebody_elses_prior_price_is_no_price_to_adopt(shop, drift, struck):
    """It is repaired, or asked about; the law knows no prior price that the price list does not."""
    here = shop(drift)
    here.channel.strike("A", pln("140.00"))
    here.verify()
    assert (here.channel.shown("A"), here.channel.struck("A")) == (pln("80.00"), pln(struck))
    assert here.store.prices.version().version == 1


def test_what_waits_for_an_answer_says_for_whose(shop):
    """A file that a till has not read yet is no fault: the row and `status` say what is waited for, until it comes."""
    here = shop(draw=lambda: Mishap.LATE, late_apply=3_600.0, answers="the till's answer")
    (row,) = here.store.outbox.publications()
    assert row.message == "accepted, but waits for the till's answer; shows 100.00 PLN instead of 80.00 PLN until then"
    assert [each.waits for each in status(here.bench).channels] == ["1 wait for the till's answer"]
    here.clock.advance(minutes=55)
    here.verify()
    assert here.store.outbox.publications()[0].state == "verified"
    assert [each.waits for each in status(here.bench).channels] == [""]


@pytest.mark.parametrize(("displays", "shown"), [(True, "100.00"), (False, "120.00")])
@pytest.mark.parametrize("drift", ["repair", "ask", "adopt"])
def test_what_has_no_price_of_its_own_shows_what_was_found_in_the_catalogue(shop, displays, shown, drift):
    """A label that shows something else gets the catalogue's price as feeds do; a shop's own price is left alone."""
    here = shop(drift, decided=False, displays=displays, stocked="120.00")
    here.verify()
    assert here.channel.shown("A") == pln(shown)
    assert here.store.prices.current("default")["A"].adopted
