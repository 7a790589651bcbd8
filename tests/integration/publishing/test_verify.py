"""The sweep finds what somebody else changed, and deals with it as the settings say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from publishing_scene import pln

from pricewatch.demo.faults import Fault, FaultSchedule
from pricewatch.pipeline.differences import parity
from pricewatch.pipeline.inbox import inbox


@pytest.fixture
def settled(scene):
    """A scene in which A is decided and shown everywhere; B and C are adopted."""

    def make(**options):
        here = scene(**options)
        here.apply({"A": "89.99"})
        return here

    return make


def test_all_in_step_is_said_and_nothing_is_written(settled):
    """A sweep over channels in step counts them and changes nothing."""
    here = settled()
    before = len(here.writes())
    report = here.verify()
    assert report.counts["in step"] == 9
    assert report.counts.get("drifted", 0) == 0
    assert (report.status, len(here.writes())) == ("ok", before)


def test_a_foreign_price_is_repaired(settled):
    """Somebody changed a decided price in a shop: ours comes back, and the audit trail knows."""
    here = settled()
    here.woo.set_price("A", "79.00")
    here.presta.set_price("A", "95.00")
    report = here.verify()
    assert here.shown("A") == ("89.99", "89.99", "89.99")
    assert report.counts["drifted"] == 2
    assert report.status == "ok"
    details = [detail for _, event, _, detail in here.store.control.audit_trail() if event == "drift"]
    assert sorted(details) == [
        f"A shows {shown} PLN instead of 89.99 PLN (somebody there, or a program of theirs)"
        for shown in ("79.00", "95.00")
    ]


def test_without_repair_drift_is_only_reported(settled):
    """Looking changes nothing; the next sweep with repair mends it."""
    here = settled()
    here.woo.set_price("A", "79.00")
    report = here.verify(repair=False)
    row = here.store.outbox.publications(channel="woo", sku="A")[0]
    assert (row.state.value, row.observed) == ("drifted", pln("79.00"))
    assert [(s.item, s.where) for s in report.set_aside] == [("A", "woo")]
    here.send()
    assert here.woo.shown("A") == "79.00"
    here.verify()
    assert here.woo.shown("A") == "89.99"


def test_ask_leaves_a_foreign_price_until_somebody_decides(settled):
    """With `ask` it stays and is reported at every sweep; a new price replaces it."""
    here = settled(drift="ask")
    here.woo.set_price("A", "79.00")
    assert [s.item for s in here.verify().set_aside] == ["A"]
    assert [s.item for s in here.verify().set_aside] == ["A"]
    assert here.woo.shown("A") == "79.00"
    here.apply({"A": "85.00"})
    assert here.woo.shown("A") == "85.00"


def test_adopt_takes_a_foreign_price_into_the_price_list_and_freezes_the_product(settled):
    """With `adopt` the price list follows, the feed shows it, and pricing leaves the product alone."""
    here = settled(drift="adopt")
    here.woo.set_price("A", "79.00")
    here.presta.set_price("A", "79.00")
    here.verify()
    entry = here.store.prices.current("default")["A"]
    assert (entry.gross, entry.adopted) == (pln("79.00"), True)
    assert here.shown("A") == ("79.00", "79.00", "79.00")
    assert [freeze.sku for freeze in here.store.catalogue.frozen(here.clock.now())] == ["A"]
    assert here.store.prices.verify_chain() == ()


def test_an_adopted_foreign_price_reaches_the_other_channels_and_stays(settled):
    """What one shop was given holds on all of them, within the limits that were decided; the catalogue's price of old
    does not come back.
    """
    here = settled(drift="adopt")
    here.woo.set_price("A", "79.00")
    here.verify()
    assert here.shown("A") == ("79.00", "79.00", "79.00")
    before = here.store.prices.current("default")["A"]
    assert (before.floor, before.reason) == (pln("50.00"), "changed on woo and adopted")
    here.publish()
    here.verify()
    assert here.store.prices.current("default")["A"] == before
    assert here.shown("A") == ("79.00", "79.00", "79.00")


def test_adopt_does_not_take_a_price_below_the_floor(settled):
    """A foreign price outside the guardrails is reported and not adopted."""
    here = settled(drift="adopt")
    here.woo.set_price("A", "1.00")
    report = here.verify()
    assert here.store.prices.current("default")["A"].gross == pln("89.99")
    assert [s.item for s in report.set_aside] == ["A"]


def test_a_changed_adopted_price_is_reported_and_never_written(settled):
    """B was never decided here: what the shop shows is the shop's business."""
    here = settled()
    here.woo.set_price("B", "95.00")
    report = here.verify()
    assert here.woo.shown("B") == "95.00"
    assert [(s.item, "adopted" in s.reason or "95.00" in s.reason) for s in report.set_aside] == [("B", True)]


def test_a_deleted_feed_is_written_again(settled):
    """The file on disk is what counts."""
    here = settled()
    here.feed.unlink()
    here.verify()
    assert here.feed_prices() == {"A": "89.99", "B": "100.00", "C": "100.00"}


@pytest.mark.parametrize("content", ["garbage", "sku,price\nA,1.00\nB,100.00\nC,100.00\n", "sku,price\nA,89.99\n"])
def test_a_tampered_feed_is_written_again(settled, content):
    """Broken, changed or truncated files are mended."""
    here = settled()
    here.feed.write_text(content)
    here.verify()
    assert here.feed_prices() == {"A": "89.99", "B": "100.00", "C": "100.00"}


def test_a_listing_that_is_new_on_a_channel_gets_its_price(settled):
    """A product listed after the price list was written is found by the sweep."""
    from pricewatch.demo.woocommerce import WooItem

    here = settled()
    here.woo.items[77] = WooItem(77, "A", "Item A again", "100.00", price="100.00")
    here.verify()
    assert here.woo.items[77].price == "89.99"


def test_a_listing_that_became_another_product_is_not_written(settled):
    """The shop reused the id for another SKU: the old price must not land on it."""
    here = settled()
    here.woo.edit("A", sku="X")
    report = here.verify()
    assert here.woo.shown("X") == "89.99"
    here.apply({"A": "70.00"})
    assert here.woo.shown("X") == "89.99"
    assert [(s.item, s.where) for s in report.set_aside] == [("A", "woo")]


def test_a_scheduled_sale_is_drift_before_it_starts(settled):
    """A sale that somebody planned would sell another price by itself: it is cleared."""
    here = settled()
    here.woo.edit("A", sale_price="50.00", sale_from="2099-01-01T00:00:00")
    report = here.verify()
    assert report.counts["drifted"] == 1
    assert here.woo.items[10].sale_price == ""


def test_a_refused_price_is_asked_for_again_after_a_rest(settled):
    """A specific price blocked it; when that has ended, a later sweep brings the price."""
    from pricewatch.demo.prestashop import SpecificPrice

    here = settled()
    here.presta.specials.append(SpecificPrice(1, 1, "0.050000"))
    here.apply({"A": "85.00"})
    assert here.states()["presta", "A"] == "refused"
    here.presta.specials.clear()
    here.verify()
    assert here.presta.shown("A") == "89.99"
    here.clock.advance(hours=25)
    here.verify()
    assert here.presta.shown("A") == "85.00"


def test_while_stopped_a_sweep_only_looks(settled):
    """The kill switch holds for repairs."""
    here = settled()
    here.woo.set_price("A", "79.00")
    here.store.control.stop(at=here.clock.now(), by="ada", reason="audit")
    report = here.verify()
    assert here.woo.shown("A") == "79.00"
    assert "stopped" in report.message


def test_stock_and_names_in_a_feed_are_todays(settled):
    """The feed is refreshed by a sweep although no price changed."""
    here = settled(columns={"sku": "sku", "price": "price", "stock": "stock"})
    sold = replace(here.product("A"), stock=1)
    here.store.catalogue.save([sold], at=here.clock.now(), group=here.bench.groups[0])
    here.verify()
    assert here.feed.read_text().splitlines()[1] == "A,89.99,1"


class TestOutOfSight:
    """Listings that a channel does not show while the price list goes on."""

    @pytest.fixture
    def back(self, settled):
        """A was in the bin of the shop when 84.99 was decided, and is back with its old price."""
        here = settled()
        number, kept = next((number, item) for number, item in here.woo.items.items() if item.sku == "A")
        here.woo.delete("A")
        here.apply({"A": "84.99"})
        here.woo.items[number] = kept
        return here

    def test_it_gets_the_price_that_was_decided_meanwhile(self, back):
        """The next sweep asks for the new price, and does not take the old one for right."""
        back.verify()
        assert back.shown("A") == ("84.99", "84.99", "84.99")
        assert back.states("woo")["woo", "A"] == "verified"

    def test_while_stopped_it_does_not_count_as_in_step(self, back):
        """The old price is the one that was asked for last, but not the one of the price list."""
        back.store.control.stop(at=back.clock.now(), by="me", reason="look")
        counts = back.verify().counts
        assert (counts["in step"], counts["moving"]) == (8, 1)
        assert back.woo.shown("A") == "89.99"


def test_what_is_in_step_is_not_written_again(settled):
    """A sweep that finds everything as it was leaves the rows alone."""
    here = settled()
    here.verify()
    before = here.store.outbox.publications()
    here.clock.advance(hours=1)
    assert here.verify().counts["in step"] == 9
    assert here.store.outbox.publications() == before


def test_a_shop_that_never_took_a_price_is_not_said_to_have_been_changed(scene):
    """It says yes to every write and shows what it always did: that is said as often as it is looked at."""
    here = scene(faults={"woo": FaultSchedule(1, {Fault.LIE: 100}, hang=1.0)})
    here.apply({"A": "89.99"})
    for _ in range(2):
        here.clock.advance(hours=1)
        for report in (here.verify(repair=False), here.verify()):
            (aside,) = [s for s in report.set_aside if s.where == "woo"]
            assert aside.reason.startswith("not taken")
            assert "brought it back" not in aside.reason
            assert "somebody changed it" not in aside.hint
    here.woo.set_price("A", "95.00")
    (aside,) = [s for s in here.verify(repair=False).set_aside if s.where == "woo"]
    assert aside.reason == "shows 95.00 PLN instead of 89.99 PLN (somebody there, or a program of theirs)"


def test_a_listing_that_is_gone_shows_nothing_and_a_channel_that_is_away_is_told_once(scene):
    """The parity report gives no price to what was deleted; a wrong key is one thing to mend, told once."""
    here = scene()
    here.apply({"A": "89.99"})
    here.presta.products.pop(1)
    here.woo.key = "ck_other"
    report = here.verify()
    (away,) = [s for s in report.set_aside if s.item == "woo"]
    assert "401" in away.reason
    (gone,) = [each for each in parity(here.bench, ["presta"]).differences if each.sku == "A"]
    assert (gone.shown, gone.what) == (None, "the listing is gone from the channel")
    commands = {item.command for item in inbox(here.bench) if "refused" in item.what}
    assert commands == {"pricewatch parity"}
