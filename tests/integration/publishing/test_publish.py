"""Approved decisions reach every channel, once, in the right order, and are read back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from publishing_scene import pln

from pricewatch.demo.faults import Fault
from pricewatch.domain.decision import Breaker, DecisionStatus
from pricewatch.domain.errors import BreakerTripped, NotApproved, PublishingStopped
from pricewatch.ports import Freeze


def test_an_approved_price_is_shown_by_every_channel_and_read_back(scene):
    """Both shops and the feed show the decided price, and every publication is verified."""
    here = scene()
    report = here.apply({"A": "89.99", "B": "120.00"})
    assert here.shown("A") == ("89.99", "89.99", "89.99")
    assert here.shown("B") == ("120.00", "120.00", "120.00")
    assert set(here.states().values()) == {"verified"}
    assert report.status == "ok"
    assert report.counts["decided"] == 2
    assert report.counts["open"] == 0


def test_what_was_never_decided_is_adopted_shown_in_feeds_and_written_nowhere(scene):
    """The catalogue's other products come into the price list as found; only the feed gets them."""
    here = scene()
    here.apply({"A": "89.99"})
    assert here.feed_prices() == {"A": "89.99", "B": "100.00", "C": "100.00"}
    assert {line.sku for line in here.writes()} == {"A"}
    entry = here.store.prices.current("default")["B"]
    assert (entry.adopted, entry.floor, entry.gross) == (True, None, pln("100.00"))


def test_a_converged_run_writes_nothing(scene):
    """Publishing, sending and verifying again change no shop and no file."""
    here = scene()
    here.apply({"A": "89.99"})
    before, stat = len(here.writes()), here.feed.stat()
    reports = [here.publish(), here.send(), here.verify()]
    assert len(here.writes()) == before
    assert (here.feed.stat().st_ino, here.feed.stat().st_mtime_ns) == (stat.st_ino, stat.st_mtime_ns)
    assert [report.counts.get("written", 0) for report in reports] == [0, 0, 0]
    assert here.store.prices.version().version == 1


def test_each_price_is_written_once(scene):
    """One change is one write per shop."""
    here = scene()
    here.apply({"A": "89.99"})
    here.apply({"A": "85.00"})
    assert [line.price for line in here.woo.log] == ["89.99", "85.00"]
    assert [line.price for line in here.presta.log] == ["89.99", "85.00"]


def test_pending_decisions_alone_are_not_published(scene):
    """Nothing leaves without approval."""
    here = scene()
    here.decide({"A": "89.99"}, status=DecisionStatus.PENDING)
    with pytest.raises(NotApproved, match="1 decision waits for approval"):
        here.publish()
    assert here.writes() == []
    assert here.store.prices.version() is None


def test_what_was_frozen_after_its_approval_stays_as_it_is(scene):
    """A freeze is younger than the approval, and wins; the other products go on."""
    here = scene()
    here.decide({"A": "89.99", "B": "120.00"})
    here.store.catalogue.freeze(Freeze("A", "season start", "anna"))
    report = here.publish()
    assert here.shown("A")[0] == "100.00"
    assert here.shown("B") == ("120.00", "120.00", "120.00")
    assert [(aside.item, "season start" in aside.reason) for aside in report.set_aside] == [("A", True)]


def test_what_was_applied_goes_on_while_another_decision_waits(scene):
    """A killed apply is taken up by the next one, whatever nobody has decided yet."""
    here = scene()
    saved = here.decide({"A": "89.99", "B": "120.00"}, status=DecisionStatus.PENDING)
    here.store.plans.decide(saved.number, ["A"], DecisionStatus.APPROVED, by="anna", at=here.clock.now())
    here.publish()
    assert here.publish().status == "ok"
    assert here.shown("A") == ("89.99", "89.99", "89.99")
    assert here.shown("B")[0] == "100.00"


def test_without_a_plan_there_is_nothing_to_apply(scene):
    """Apply does exactly a plan and nothing else."""
    with pytest.raises(NotApproved, match="there is no plan"):
        scene().publish()


def test_a_superseded_plan_is_not_applied(scene):
    """Only the newest plan counts."""
    here = scene()
    old = here.decide({"A": "89.99"})
    here.decide({"A": "88.99"})
    with pytest.raises(NotApproved, match="superseded"):
        here.publish(old.number)


def test_a_tripped_breaker_stops_the_plan(scene):
    """An abnormal plan waits for a person."""
    here = scene()
    here.decide({"A": "89.99"}, breakers=[Breaker("max_changed", "too much changes")])
    with pytest.raises(BreakerTripped, match="too much changes"):
        here.publish()
    assert here.writes() == []


def test_while_stopped_nothing_is_published(scene):
    """The kill switch holds for publish and send."""
    here = scene()
    here.decide({"A": "89.99"})
    here.store.control.stop(at=here.clock.now(), by="ada", reason="audit")
    for attempt in (here.publish, here.send):
        with pytest.raises(PublishingStopped, match="ada"):
            attempt()
    assert here.writes() == []


def test_the_kill_switch_works_in_the_middle_of_a_run_and_loses_nothing(scene):
    """Thrown after the first write, it stops the rest; after resume the rest is sent."""
    here = scene()
    here.watch = lambda name, sku, price: here.store.control.stop(at=here.clock.now(), by="ada", reason="odd")
    here.decide({"A": "89.99", "B": "88.99", "C": "87.99"})
    with pytest.raises(PublishingStopped):
        here.publish()
    assert len(here.presta.log) <= 1
    here.watch = lambda name, sku, price: None
    here.store.control.resume(at=here.clock.now(), by="ada")
    here.send()
    assert [here.shown(sku) for sku in "ABC"] == [("89.99",) * 3, ("88.99",) * 3, ("87.99",) * 3]


def test_an_apply_that_goes_on_with_an_earlier_version_says_so(scene):
    """What a stop left open is sent by the next apply, which does not claim that no price changed."""
    here = scene()
    here.watch = lambda name, sku, price: here.store.control.stop(at=here.clock.now(), by="ada", reason="odd")
    here.decide({"A": "89.99", "B": "88.99"})
    with pytest.raises(PublishingStopped):
        here.publish()
    here.watch = lambda name, sku, price: None
    here.store.control.resume(at=here.clock.now(), by="ada")
    assert "went on with what was open" in here.publish().message
    assert here.publish().message == "no price changed"


def test_a_decision_on_a_price_that_is_no_longer_ours_is_set_aside(scene):
    """A stale base is reported, and the other decisions go on."""
    here = scene()
    here.decide({"A": "89.99"}, current=pln("99.00"))
    report = here.publish()
    assert [(s.item, "is 100.00 PLN by now" in s.reason) for s in report.set_aside] == [("A", True)]
    assert here.woo.log == []


@pytest.mark.parametrize("fault", [Fault.HANG_AFTER, Fault.ERROR_AFTER, Fault.RESET_AFTER])
def test_applied_without_an_answer_ends_verified_and_is_not_doubled(scene, fault):
    """Timeout, 500 and reset after applying: the read-back shows it, and nothing is written twice."""
    here = scene()
    here.woo.faults.next_write.append(fault)
    here.presta.faults.next_write.append(fault)
    here.apply({"A": "89.99"})
    assert here.shown("A") == ("89.99", "89.99", "89.99")
    assert len(here.writes()) == 2
    assert set(here.states().values()) == {"verified"}


@pytest.mark.parametrize(
    "fault", [Fault.HANG_BEFORE, Fault.ERROR_BEFORE, Fault.RESET_BEFORE, Fault.LIE, Fault.TOO_MANY]
)
def test_what_was_not_applied_is_sent_again(scene, fault):
    """Trouble before applying, and a yes that was a lie, are mended in the same run."""
    here = scene()
    here.woo.faults.next_write.append(fault)
    here.presta.faults.next_write.append(fault)
    here.apply({"A": "89.99"})
    assert here.shown("A") == ("89.99", "89.99", "89.99")
    assert set(here.states().values()) == {"verified"}


def test_a_stale_read_does_not_double_a_write(scene):
    """A read-back that shows the old price is read again before anything is written again."""
    here = scene()
    reads = here.woo.faults.next_read
    here.watch = lambda name, sku, price: reads.append(Fault.STALE) if name == "woo" else None
    here.apply({"A": "89.99"})
    assert [line.price for line in here.woo.log] == ["89.99"]


def test_where_prices_apply_late_two_reads_make_it_verified(scene):
    """With a late apply of 30 s, a price counts as verified only by a second read more than 30 s after the first."""
    here = scene(woo={"late_apply": 30.0})
    started = here.clock.now()
    here.decide({"A": "89.99"})
    here.publish()
    row = next(r for r in here.store.outbox.publications(channel="woo", sku="A"))
    assert (row.state.value, row.matching_reads) == ("verified", 2)
    assert (here.clock.now() - started).total_seconds() > 30


def test_a_channel_that_is_away_waits_and_the_others_go_on(scene):
    """The other shop gets the price at once; the one that is away when it is back; nothing is lost."""
    here = scene(wait=1)
    here.apply({"A": "99.00"})
    key, here.woo.key = here.woo.key, "changed"
    report = here.apply({"A": "89.99"})
    assert (here.woo.shown("A"), here.presta.shown("A")) == ("99.00", "89.99")
    assert any(s.item == "woo" and "credentials" in s.reason for s in report.set_aside)
    here.woo.key = key
    here.clock.advance(hours=1)
    here.send()
    assert here.shown("A") == ("89.99", "89.99", "89.99")


def test_a_channel_that_was_away_from_the_start_gets_its_prices_by_the_sweep(scene):
    """Listings that could not be seen when the price list was written are found later."""
    here = scene(wait=1)
    key, here.woo.key = here.woo.key, "changed"
    here.apply({"A": "89.99"})
    here.woo.key = key
    here.clock.advance(hours=1)
    here.verify()
    assert here.woo.shown("A") == "89.99"


def test_a_product_that_a_shop_does_not_have_any_more_holds_nothing_back(scene):
    """A listing that is gone neither gets a price nor keeps the adverts waiting."""
    here = scene()
    here.apply({"A": "89.99"})
    here.woo.delete("A")
    here.apply({"A": "88.00", "B": "88.00"})
    assert (here.woo.shown("B"), here.presta.shown("A"), here.feed_prices()["A"]) == ("88.00",) * 3


def test_a_product_that_vanishes_between_mirror_and_write_is_set_aside_alone(scene):
    """It is refused and reported; the other products go on."""
    here = scene()
    here.watch = lambda name, sku, price: here.presta.products.pop(2, None)
    report = here.apply({"A": "89.99", "B": "88.00"})
    assert here.presta.shown("A") == "89.99"
    assert [(s.item, s.where) for s in report.set_aside] == [("B", "presta")]
    assert here.states()["presta", "B"] == "refused"


def test_a_price_that_a_channel_cannot_show_is_not_sent(scene):
    """Net with two decimals cannot show 89.98: it is reported with the nearest prices, and nothing is written."""
    here = scene(woo={"net": True, "decimals": 2})
    here.woo.edit("A", regular_price="81.30")
    report = here.apply({"A": "89.98"})
    reasons = [s.reason for s in report.set_aside if s.where == "woo"]
    assert here.states()["woo", "A"] == "unrepresentable"
    assert "reachable: 89.97 PLN, 89.99 PLN" in reasons[0]
    assert here.woo.log == []


def test_the_gate_stops_what_the_plan_let_through(scene):
    """A cut by more than half reaches no channel, with the gate's words."""
    here = scene()
    report = here.apply({"A": "49.00"}, floor="1.00")
    assert here.states()["woo", "A"] == "refused"
    assert any("gate: 49.00 PLN is more than 50 % below" in s.reason for s in report.set_aside)
    assert here.writes() == []


def test_a_price_below_its_floor_never_becomes_one(scene):
    """A decision that breaks its own floor is set aside before the price list."""
    here = scene()
    report = here.apply({"A": "89.99"}, floor="95.00")
    assert "outside its own floor" in report.set_aside[0].reason
    assert "A" not in [e.sku for e in here.store.prices.version().entries if not e.adopted]


class TestOrder:
    """At no moment does a checkout take more than an advert shows."""

    def watched(self, scene, **options):
        """PrestaShop and the feed advertise, WooCommerce sells; every change anywhere is checked as it happens."""
        broken = []
        here = scene(presta={"role": "advert"}, **options)

        def check(name, sku, price):
            feed = here.feed_prices().get(sku, "Infinity")
            adverts = [here.presta.shown(sku), feed]
            if any(Decimal(here.woo.shown(sku)) > Decimal(advert) for advert in adverts):
                broken.append((name, sku, here.woo.shown(sku), adverts))

        here.watch = check
        return here, broken

    def test_a_cut_reaches_the_checkout_first_and_a_rise_the_adverts(self, scene):
        """Through cuts and rises, every instant is in order."""
        here, broken = self.watched(scene)
        for prices in ({"A": "90.00", "B": "110.00"}, {"A": "120.00", "B": "80.00"}, {"A": "70.00", "B": "75.00"}):
            here.apply(prices)
        assert broken == []
        assert here.shown("A") == ("70.00",) * 3
        assert here.shown("B") == ("75.00",) * 3

    def test_an_advert_waits_while_the_checkout_refuses_a_cut(self, scene):
        """With hold the adverts keep the higher price, and it is reported that they wait."""
        here, broken = self.watched(scene, wait=0)
        here.apply({"A": "99.00"})
        here.woo.key = "changed"
        here.apply({"A": "90.00"})
        assert here.shown("A") == ("99.00", "99.00", "99.00")
        assert "may still ask for more" in here.store.outbox.publications(channel="presta", sku="A")[0].message
        assert broken == []

    def test_a_rise_waits_for_an_advert_that_cannot_be_reached(self, scene):
        """The checkout does not rise above what may still be advertised."""
        here, broken = self.watched(scene, wait=0)
        here.apply({"A": "99.00"})
        here.presta.key = "changed"
        here.apply({"A": "110.00"})
        assert here.woo.shown("A") == "99.00"
        assert here.feed_prices()["A"] == "110.00"
        assert broken == []

    def test_go_on_does_not_wait_for_a_listing_that_refused(self, scene):
        """With go_on a refusal of one listing does not hold the others."""
        here = scene(presta={"role": "advert"}, on_failure="go_on")
        here.apply({"A": "99.00"})
        here.presta.specials.append(special(here.presta.products[1].id))
        here.apply({"A": "110.00"})
        assert here.woo.shown("A") == "110.00"
        assert here.states()["presta", "A"] == "refused"


def special(product):
    from pricewatch.demo.prestashop import SpecificPrice

    return SpecificPrice(1, product, "0.050000")
