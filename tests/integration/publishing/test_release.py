"""A new version goes out by and by; what one listing will not take is held, passed over or taken back."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from publishing_scene import pln

from pricewatch.demo.prestashop import SpecificPrice
from pricewatch.domain.decision import NO_TERMS
from pricewatch.domain.errors import PublishingStopped, UsageError
from pricewatch.domain.listing import Beside, Desired, Publication, PublicationState
from pricewatch.domain.money import TaxRate
from pricewatch.domain.sale import Sale
from pricewatch.pipeline.differences import LeftOut, parity, who_changed
from pricewatch.pipeline.inbox import inbox
from pricewatch.pipeline.stage import StageLog
from pricewatch.pipeline.staging import first_skus, let_go, release, staged

LOWER = {"A": "90.00", "B": "91.00", "C": "92.00"}


def block(here, sku):
    """Somebody's reduction in PrestaShop makes another price sell: ours is refused."""
    here.presta.specials.append(SpecificPrice(1, here.presta._by_sku(sku)[1].id, "0.010000"))


# --- by and by -------------------------------------------------------------------------------------------------


def test_the_rest_goes_out_when_the_first_products_show_their_prices(scene):
    """One product first, on all channels; after the wait, and verified, the other two."""
    here = scene(release={"first": 1, "wait": 60.0})
    began = here.clock.now()
    report = here.apply(LOWER)
    assert report.counts["released"] == 6
    assert here.shown("B") == ("91.00", "91.00", "91.00")
    assert (here.clock.now() - began).total_seconds() >= 60
    first = here.woo.log[0]
    assert [line.sku for line in here.woo.log] == [first.sku, *sorted({"A", "B", "C"} - {first.sku})]


def test_until_then_the_rest_keeps_its_price(scene):
    """A run that does not stay long enough leaves the rest as it was; a later one lets it go."""
    here = scene(release={"first": 1, "wait": 300.0}, wait=5)
    here.apply(LOWER)
    (waiting,) = staged(here.bench)
    assert (waiting.first, waiting.verified, waiting.waiting, waiting.halted) == (3, 3, 6, "")
    assert here.shown("B")[:2] == ("100.00", "100.00")
    here.clock.advance(seconds=400)
    here.send()
    assert here.shown("B") == ("91.00", "91.00", "91.00")


def test_while_publishing_is_stopped_nothing_is_let_go(scene):
    """The kill switch comes while the rest waits: what was put off stays so until publishing is resumed."""
    here = scene(release={"first": 1, "wait": 300.0}, wait=5)
    here.apply(LOWER)
    here.store.control.stop(at=here.clock.now(), by="anna", reason="trouble")
    here.clock.advance(seconds=400)
    with pytest.raises(PublishingStopped):
        here.send()
    assert asyncio.run(let_go(here.bench, StageLog("send", 1))) is None
    assert [each.waiting for each in staged(here.bench)] == [6]
    here.store.control.resume(at=here.clock.now(), by="anna")
    here.send()
    assert here.shown("B") == ("91.00", "91.00", "91.00")


def test_a_version_whose_first_products_fail_halts_and_says_how_to_go_on(scene):
    """The rest stays as it was, in every later run too, until a person lets it go."""
    here = scene(release={"first": 1})
    block(here, "A")
    report = here.apply(LOWER)
    (said,) = [each for each in report.set_aside if each.item == "price list 1"]
    assert "first 3 listings show their price" in said.reason
    assert "6 listings wait" in said.reason
    assert "pricewatch release" in said.hint
    here.verify()
    assert here.shown("C")[:2] == ("100.00", "100.00")
    release(here.bench, None, by="anna", reason="only that one")
    here.send()
    assert here.shown("C") == ("92.00", "92.00", "92.00")
    assert ("release", "anna") in {(event, by) for _, event, by, _ in here.store.control.audit_trail()}


def test_what_a_halted_version_holds_back_waits_for_a_person(scene):
    """It stands among all that does, with the reason and the way on."""
    here = scene(release={"first": 1})
    block(here, "A")
    here.apply(LOWER)
    (waiting,) = [each for each in inbox(here.bench) if each.command == "pricewatch release"]
    assert (waiting.what, waiting.count) == ("listings that price list 1 holds back", 6)
    assert "first 3 listings show their price" in waiting.detail


def test_there_is_nothing_to_release_when_nothing_waits(scene):
    """The mistake is said in words."""
    with pytest.raises(UsageError, match="no version waits"):
        release(scene().bench, None, by="anna", reason="")


def test_a_newer_version_takes_the_place_of_one_that_waits(scene):
    """What waited and is decided anew goes out with the newer version; the older one is forgotten."""
    here = scene(release={"first": 1})
    block(here, "A")
    here.apply(LOWER)
    here.decide({"B": "95.00", "C": "96.00"})
    here.presta.specials.clear()
    here.publish()
    here.clock.advance(hours=30)
    here.verify()
    assert here.shown("B") == ("95.00", "95.00", "95.00")
    assert here.shown("C") == ("96.00", "96.00", "96.00")
    assert staged(here.bench) == ()


def test_the_way_back_reaches_the_products_that_went_ahead_at_once(scene):
    """B went first with a version that waits; whatever is first of the next version, B does not wait for it."""
    here = scene(release={"first": 1, "wait": 300.0}, wait=5)
    here.apply(LOWER)
    here.clock.advance(seconds=400)
    here.send()
    here.apply({"B": "81.00", "C": "82.00"})
    assert [here.woo.shown(sku) for sku in "ABC"] == ["90.00", "81.00", "92.00"]
    here.apply({"A": "89.00", "B": "91.00", "C": "93.00"})
    assert [here.woo.shown(sku) for sku in "ABC"] == ["89.00", "91.00", "92.00"]


@pytest.mark.parametrize(("count", "first"), [(0, ()), (3, ("a", "c", "e")), (6, ()), (1, ("a",))])
def test_the_first_products_are_spread_over_the_list(count, first):
    """All kinds of products go first; a short list is not staged."""
    assert first_skus(list("abcdef"), count) == first


class Crash(BaseException):
    """The process is dead from here on."""


class DiesAfterTheVersion:
    """A price list whose process is killed as soon as a version is written."""

    def __init__(self, inner):
        self.inner = inner

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def append_parts(self, **what):
        self.inner.append_parts(**what)
        raise Crash


def test_a_crash_right_after_the_version_leaves_the_rest_waiting(scene):
    """The version and what waits in it are one transaction: nothing goes out early."""
    here = scene(release={"first": 1, "wait": 300.0}, wait=5)
    here.decide(LOWER)
    prices = here.store.prices
    here.store.prices = DiesAfterTheVersion(prices)
    with pytest.raises(Crash):
        here.publish()
    here.store.prices = prices
    assert [each.waiting for each in staged(here.bench)] == [6]
    here.send()
    assert here.shown("A") == ("90.00", "90.00", "90.00")
    assert here.shown("B")[:2] == ("100.00", "100.00")


def test_a_version_whose_first_products_were_all_decided_anew_waits_for_a_person(scene):
    """Nobody will ever see whether its first prices were right."""
    here = scene(release={"first": 1})
    block(here, "A")
    here.apply(LOWER)
    here.presta.specials.clear()
    here.apply({"A": "95.00"})
    (waiting,) = staged(here.bench)
    assert (waiting.version, waiting.waiting, bool(waiting.halted)) == (1, 6, True)
    assert here.shown("B")[:2] == ("100.00", "100.00")


# --- orders ----------------------------------------------------------------------------------------------------

WATCHED = {"first": 1, "wait": 3_600.0, "orders_low": 50, "orders_high": 300, "orders_least": 10}


def sell(here, count, *, since, minutes=60):
    """So many orders of A, evenly over the minutes after a time, and one of C at their end."""
    step = timedelta(minutes=minutes) / count if count else timedelta()
    lines = [Sale("woo", f"{since} {n}", "A", since + step * n, 1) for n in range(count)]
    last = Sale("woo", f"{since} C", "C", since + timedelta(minutes=minutes), 1)
    here.store.sales.save([*lines, last])


def watched(scene, *, usual, now):
    """A version whose first product went out an hour ago, and was ordered that often since and at that time before."""
    here = scene(release=WATCHED, wait=5)
    here.apply(LOWER)
    began = min(row.sent_at for row in here.store.outbox.first(1) if row.sent_at is not None)
    for week in range(5):
        sell(here, now if week == 0 else usual, since=began - timedelta(weeks=week) + timedelta(seconds=1))
    here.clock.advance(hours=2)
    return here


@pytest.mark.parametrize(("usual", "now"), [(20, 20), (20, 11), (20, 59), (5, 0), (0, 9)])
def test_the_rest_follows_where_orders_are_as_usual_or_too_few_to_tell(scene, usual, now):
    """Chance is no reason to halt."""
    here = watched(scene, usual=usual, now=now)
    here.send()
    assert here.shown("B") == ("91.00", "91.00", "91.00")


@pytest.mark.parametrize(
    ("usual", "now", "words"), [(20, 9, "orders collapsed: 9 orders"), (20, 62, "orders exploded: 62 orders")]
)
def test_orders_that_collapse_or_explode_halt_the_rest_for_good(scene, usual, now, words):
    """It says what was expected, and later orders do not let it go: a person does."""
    here = watched(scene, usual=usual, now=now)
    report = here.send()
    (said,) = [each for each in report.set_aside if each.item == "price list 1"]
    assert said.reason.startswith(words)
    assert f"about {usual} were to be expected" in said.reason
    sell(here, 20 - now if now < 20 else 1, since=here.clock.now() - timedelta(minutes=70))
    here.clock.advance(hours=100)
    here.send()
    assert here.shown("B")[:2] == ("100.00", "100.00")
    release(here.bench, None, by="anna", reason="a campaign")
    here.send()
    assert here.shown("B") == ("91.00", "91.00", "91.00")


def test_a_version_that_is_to_watch_orders_waits_for_them(scene):
    """Without sales to compare with it does not go by itself, and says what is missing."""
    here = scene(release=WATCHED, wait=5)
    here.apply(LOWER)
    here.clock.advance(hours=2)
    report = here.send()
    assert here.shown("B")[:2] == ("100.00", "100.00")
    (said,) = [each for each in report.set_aside if each.item == "price list 1"]
    assert "pricewatch sales import" in said.reason


# --- when one listing fails ------------------------------------------------------------------------------------


def test_roll_back_gives_all_channels_the_price_before(scene):
    """A refused price is taken back everywhere as a new version, and the product frozen for a while."""
    here = scene(on_failure="roll_back", refused_rest=24.0)
    here.apply(LOWER)
    block(here, "A")
    report = here.apply({"A": "85.00"})
    assert report.counts["taken back"] == 1
    assert (here.woo.shown("A"), here.feed_prices()["A"]) == ("90.00", "90.00")
    entry = here.store.prices.current("default")["A"]
    assert (entry.gross, entry.version) == (pln("90.00"), 3)
    assert entry.reason.startswith("taken back: presta did not take 85.00 PLN")
    (freeze,) = here.store.catalogue.frozen(here.clock.now())
    assert (freeze.sku, freeze.until) == (
        "A",
        here.clock.now().replace(microsecond=0) + (freeze.until - here.clock.now()),
    )
    assert here.store.prices.verify_chain() == ()


def test_roll_back_is_for_the_products_that_say_so(scene):
    """By category or tag, in order; the others do what on_failure says."""
    here = scene(on_failure="hold", failures={"Tools": "roll_back", "tag:kvi": "go_on"})
    tagged = [here.product("A", category="Tools > Drills"), here.product("B", tags=("kvi",)), here.product("C")]
    here.store.catalogue.save(tagged, at=here.clock.now(), group=here.group)
    here.apply(LOWER)
    for sku in ("A", "B", "C"):
        block(here, sku)
    here.apply({"A": "85.00", "B": "86.00", "C": "87.00"})
    assert {sku: here.woo.shown(sku) for sku in "ABC"} == {"A": "90.00", "B": "86.00", "C": "87.00"}
    assert {sku: here.feed_prices()[sku] for sku in "ABC"} == {"A": "90.00", "B": "86.00", "C": "92.00"}


def test_a_price_below_todays_floor_is_never_taken_back(scene):
    """The floor has risen above the price before: the new price is held, and it is said why."""
    here = scene(on_failure="roll_back")
    here.apply(LOWER)
    block(here, "A")
    report = here.apply({"A": "97.00"}, floor="95")
    assert report.counts.get("taken back", 0) == 0
    assert any("below the floor 95.00 PLN" in each.reason for each in report.set_aside)
    assert here.woo.shown("A") in {"90.00", "97.00"}


# --- what travels with a price ---------------------------------------------------------------------------------


def test_terms_come_from_columns_and_settings_and_are_in_the_price_list(scene):
    """A club price of its own, a coupon in percent, and the price of a litre; never below the floor."""
    terms = {"loyalty_column": "club", "coupon_code": "WIOSNA", "coupon_discount": 10, "content_column": "content"}
    here = scene(terms=terms)
    columns = {"club": "85.00", "content": "0,75 l"}
    here.store.catalogue.save([here.product("A", custom=columns)], at=here.clock.now(), group=here.group)
    here.apply({"A": "90.00"}, floor="80")
    said = here.store.prices.current("default")["A"].terms
    assert (said.loyalty, said.coupon.price, said.coupon.code) == (pln("85.00"), pln("81.00"), "WIOSNA")
    assert (said.unit.price, said.unit.per) == (pln("120.00"), "1 l")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"club": "79.99"}, "loyalty price 79.99 PLN is below the floor 80.00 PLN"),
        ({"club": "95.00"}, "loyalty price 95.00 PLN is not below the price 90.00 PLN"),
        ({"club": "cheap"}, "loyalty price 'cheap'"),
        ({"content": "a lot"}, "content 'a lot' is not understood"),
        ({"content": "0 ml"}, "content '0 ml' is not understood"),
    ],
)
def test_terms_that_cannot_be_are_left_out_and_said(scene, columns, words):
    """The price goes out without them."""
    here = scene(terms={"loyalty_column": "club", "content_column": "content"})
    here.store.catalogue.save([here.product("A", custom=columns)], at=here.clock.now(), group=here.group)
    report = here.apply({"A": "90.00"}, floor="80")
    assert here.woo.shown("A") == "90.00"
    assert here.store.prices.current("default")["A"].terms == NO_TERMS
    assert any(words in each.reason for each in report.set_aside)


def test_another_club_price_is_a_new_version_of_the_same_price(scene):
    """Nothing needs to be decided or written; the chain holds."""
    here = scene(terms={"loyalty_column": "club"})
    here.apply({"A": "90.00"})
    before = len(here.writes())
    changed = here.product("A", custom={"club": "88.00"})
    here.store.catalogue.save([changed], at=here.clock.now(), group=here.group)
    report = here.publish()
    entry = here.store.prices.current("default")["A"]
    assert (report.counts["restated"], entry.version, entry.gross) == (1, 2, pln("90.00"))
    assert entry.terms.loyalty == pln("88.00")
    assert len(here.writes()) == before
    assert here.store.prices.verify_chain() == ()


# --- parity ----------------------------------------------------------------------------------------------------


def test_parity_tells_every_difference_and_nothing_else(scene):
    """All in step is 100 %; a changed price is one difference with what is shown."""
    here = scene(drift="ask")
    here.apply(LOWER)
    assert (parity(here.bench).parity, parity(here.bench).differences) == (10_000, ())
    here.woo.set_price("A", "81.00")
    here.verify()
    (found,) = parity(here.bench).differences
    assert (found.channel, found.sku, found.wanted, found.shown) == ("woo", "A", pln("90.00"), pln("81.00"))
    assert "10 % off: a discount rule" in found.what
    assert parity(here.bench, ["feed"]).differences == ()


def test_what_a_channel_has_no_place_for_is_told_and_is_no_difference(scene):
    """A unit price stands nowhere in a shop: its listings are in step, and the report says what they leave out."""
    here = scene(terms={"content_column": "content"})
    here.store.catalogue.save([here.product("A", custom={"content": "0.5 l"})], at=here.clock.now(), group=here.group)
    here.apply({"A": "90.00"})
    found = parity(here.bench, ["woo"])
    assert (found.parity, found.left_out) == (10_000, (LeftOut("woo", Beside.UNIT, 1),))


def test_a_struck_price_that_nobody_announced_is_a_difference(scene):
    """The buyer pays our price, and sees a prior price that the price list does not know."""
    here = scene()
    here.apply({"A": "90.00"})
    here.woo.edit("A", regular_price="120.00", sale_price="90.00")
    here.verify()
    (found,) = parity(here.bench).differences
    assert found.what == "strikes 120.00 PLN, and the price list announces no reduction"


@pytest.mark.parametrize(
    ("shown", "guess"),
    [
        ("100.00", "a price of ours from before"),
        ("73.17", "without tax"),
        ("110.70", "with tax on top"),
        ("9000.00", "decimal point"),
        ("76.50", "15 % off"),
        ("83.33", "somebody there"),
    ],
)
def test_who_changed_it_is_guessed_from_how_it_looks(shown, guess):
    """An import, a tax setting, a decimal point, a discount rule, or somebody."""
    wish = Desired("woo", "1", "A", 1, pln("90.00"), TaxRate(2300), pln("50.00"), None)
    row = Publication(1, wish, PublicationState.VERIFIED)
    assert guess in who_changed(row, pln(shown), {pln("100.00")})
