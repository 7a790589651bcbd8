"""Only the newest version of a listing matters, and only one sender has it at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pricewatch.domain.listing import Listing, PublicationState
from pricewatch.domain.money import Money
from pricewatch.ports import ImportCount, PublicationChange


def pln(amount: str) -> Money:
    return Money.parse(amount, "PLN")


def claim(given, limit: int = 10):
    return given.store.outbox.claim("web", at=given.clock.now(), limit=limit, lease=60)


def change(given, publication, state, **known) -> int:
    made = PublicationChange(publication.id, publication.token, state, given.clock.now(), **known)
    return given.store.outbox.update([made])


@pytest.fixture
def waiting(given):
    given.product()
    given.priced("95.00")
    return given


def test_a_claimed_publication_is_nobody_elses_until_the_lease_ends(waiting):
    """Then another sender gets it, with a higher token."""
    (first,) = claim(waiting)
    assert claim(waiting) == ()
    waiting.clock.advance(seconds=60)
    (second,) = claim(waiting)
    assert (second.id, second.token) == (first.id, first.token + 1)


def test_a_sender_whose_lease_was_taken_over_changes_nothing(waiting):
    """Its late answer carries the old token."""
    (late,) = claim(waiting)
    waiting.clock.advance(seconds=61)
    (now,) = claim(waiting)
    assert change(waiting, late, PublicationState.VERIFIED, observed=pln("95.00")) == 0
    assert change(waiting, now, PublicationState.SENT, attempts=1, sent_at=waiting.clock.now()) == 1
    (publication,) = waiting.store.outbox.publications()
    assert (publication.state, publication.attempts, publication.observed) == (PublicationState.SENT, 1, None)


def test_a_sender_of_an_older_version_changes_nothing(waiting):
    """While it was sending, a newer price was decided."""
    (older,) = claim(waiting)
    waiting.priced("94.00")
    assert change(waiting, older, PublicationState.VERIFIED) == 0
    (publication,) = claim(waiting)
    assert (publication.desired.price, publication.desired.version) == (pln("94.00"), 2)


def test_a_newer_version_supersedes_what_is_still_open(waiting):
    """The old row stays on record, and comes back only when asked for."""
    waiting.priced("94.00")
    states = [p.state for p in waiting.store.outbox.publications(states=PublicationState)]
    assert states == [PublicationState.SUPERSEDED, PublicationState.PENDING]
    assert len(waiting.store.outbox.publications()) == 1


def test_what_was_verified_stays_on_record_as_verified(waiting):
    """A newer version replaces it; what it was stays true."""
    (publication,) = claim(waiting)
    change(waiting, publication, PublicationState.VERIFIED, observed=pln("95.00"))
    waiting.priced("94.00")
    assert [p.state for p in waiting.store.outbox.publications()] == [PublicationState.PENDING]
    assert waiting.store.outbox.publications(states=[PublicationState.VERIFIED]) == ()


def test_a_publication_that_is_not_due_is_not_claimed(waiting):
    """It comes at its time."""
    (publication,) = claim(waiting)
    change(waiting, publication, PublicationState.SENT, next_at=waiting.clock.now() + timedelta(seconds=30))
    assert claim(waiting) == ()
    waiting.clock.advance(seconds=30)
    assert len(claim(waiting)) == 1


@pytest.mark.parametrize(
    "state", [PublicationState.VERIFIED, PublicationState.REFUSED, PublicationState.UNREPRESENTABLE]
)
def test_a_finished_publication_is_not_claimed(waiting, state):
    """Nothing is left to do for it."""
    (publication,) = claim(waiting)
    change(waiting, publication, state)
    waiting.clock.advance(days=1)
    assert claim(waiting) == ()


@pytest.mark.parametrize("state", [PublicationState.SENT, PublicationState.UNKNOWN, PublicationState.DRIFTED])
def test_an_open_publication_is_claimed_again(waiting, state):
    """It has to be read back or written again."""
    (publication,) = claim(waiting)
    change(waiting, publication, state)
    assert [again.state for again in claim(waiting)] == [state]


def test_a_change_keeps_what_it_does_not_say(waiting):
    """Attempts, the time of the send and what was observed stay when they are not given."""
    (publication,) = claim(waiting)
    sent = waiting.clock.now()
    change(waiting, publication, PublicationState.SENT, attempts=1, sent_at=sent, message="202")
    later = waiting.clock.advance(seconds=5)
    (publication,) = claim(waiting)
    change(waiting, publication, PublicationState.SENT, observed=pln("100.00"), matching_reads=1)
    (now,) = waiting.store.outbox.publications()
    assert (now.attempts, now.sent_at, now.checked_at, now.observed) == (1, sent, later, pln("100.00"))
    assert (now.message, now.matching_reads) == ("", 1)


def test_leases_of_the_dead_are_ended_at_once(waiting):
    """Whoever holds the lock of publishing need not wait for their time, and shuts them out."""
    (late,) = claim(waiting)
    assert waiting.store.outbox.release() == 1
    assert len(claim(waiting)) == 1
    assert change(waiting, late, PublicationState.SENT) == 0


def test_claims_come_oldest_version_first_and_in_the_asked_number(given):
    """And only of the asked channel."""
    for sku in ("A", "B", "C"):
        given.product(sku)
        given.priced("95.00", sku)
    given.store.outbox.enqueue([given.desired("A", channel="feed", version=1)], at=given.clock.now())
    assert [claimed.desired.sku for claimed in claim(given, limit=2)] == ["A", "B"]
    assert [claimed.desired.sku for claimed in claim(given, limit=2)] == ["C"]


def test_a_drifted_listing_is_asked_for_again(waiting):
    """Verified once, changed behind our back: a new publication of the same version."""
    (publication,) = claim(waiting)
    change(waiting, publication, PublicationState.VERIFIED)
    assert waiting.store.outbox.enqueue([waiting.desired(version=1)], at=waiting.clock.now()) == 1
    (again,) = waiting.store.outbox.publications()
    assert (again.state, again.id) == (PublicationState.PENDING, publication.id + 1)


def test_what_is_already_open_is_not_asked_for_twice(waiting):
    """Nor what a newer version has overtaken."""
    assert waiting.store.outbox.enqueue([waiting.desired(version=1)], at=waiting.clock.now()) == 0
    waiting.priced("94.00")
    assert waiting.store.outbox.enqueue([waiting.desired(version=1)], at=waiting.clock.now()) == 0
    assert waiting.store.outbox.publications()[0].desired.version == 2


def test_a_listing_that_now_sells_another_product_gets_that_ones_price(given):
    """Versions of different products do not compare: the older number is not the older wish."""
    for sku in ("B", "A"):
        given.product(sku)
        given.priced("95.00", sku)
    moved = given.desired("B", remote_id="remote-A", version=1)
    assert given.store.outbox.enqueue([moved], at=given.clock.now()) == 1
    assert {p.desired.remote_id: p.desired.sku for p in given.store.outbox.publications()}["remote-A"] == "B"


def test_publications_can_be_chosen(given):
    """By channel, state, product and number, in the order of channel and id."""
    for sku in ("B", "A"):
        given.product(sku)
        given.priced("95.00", sku)
    given.store.outbox.enqueue([given.desired("A", channel="feed", version=2)], at=given.clock.now())
    find = given.store.outbox.publications
    assert [(p.desired.channel, p.desired.sku) for p in find()] == [("feed", "A"), ("web", "B"), ("web", "A")]
    assert [p.desired.sku for p in find(channel="web", limit=1)] == ["B"]
    assert [p.desired.channel for p in find(sku="A")] == ["feed", "web"]
    assert find(states=[PublicationState.DRIFTED]) == ()


# --- the mirror --------------------------------------------------------------------------------------------------

LISTING = Listing("web", "7/1", "A", pln("100.00"), sale_price=pln("90.00"), name="Thing", url="https://s.example/7")


def test_the_mirror_is_what_the_channel_shows_now(given):
    """New, changed and unchanged are counted; what is no longer there is taken out."""
    save, at = given.store.outbox.save_listings, given.clock.now()
    other = replace(LISTING, remote_id="8", sku="B", price=None, sale_price=None, active=False)
    assert save("web", [LISTING, other], at=at) == ImportCount(added=2)
    assert given.store.outbox.listings("web") == (LISTING, other)
    assert save("web", [replace(LISTING, sale_price=None)], at=at) == ImportCount(changed=1)
    assert given.store.outbox.listings() == (replace(LISTING, sale_price=None),)


def test_mirrors_of_two_channels_do_not_touch_each_other(given):
    """The same remote id may stand on both."""
    given.store.outbox.save_listings("web", [LISTING], at=given.clock.now())
    given.store.outbox.save_listings("feed", [replace(LISTING, channel="feed")], at=given.clock.now())
    given.store.outbox.save_listings("web", [], at=given.clock.now())
    assert [listing.channel for listing in given.store.outbox.listings(sku="A")] == ["feed"]


def test_what_was_asked_and_never_seen_is_remembered_until_something_newer_was_seen(waiting):
    """Earlier prices of a listing, oldest first; the newest one is not among them, nor what was verified."""
    waiting.priced("94.00")
    (sent,) = claim(waiting)
    change(waiting, sent, PublicationState.SENT, sent_at=waiting.clock.now())
    waiting.priced("93.00")
    waiting.product("B")
    overtaken = waiting.store.outbox.overtaken("web", ["A", "B"])
    asked = [(publication.desired.price, publication.sent_at) for publication in overtaken]
    assert asked == [(pln("95.00"), None), (pln("94.00"), waiting.clock.now())]
    (newest,) = claim(waiting)
    change(waiting, newest, PublicationState.VERIFIED)
    assert waiting.store.outbox.overtaken("web", ["A"]) == ()
    waiting.priced("92.00")
    assert waiting.store.outbox.overtaken("web", ["A"]) == ()


def test_a_mirror_is_replaced_a_part_at_a_time(given):
    """Nothing is forgotten before all parts are there; then what is in none of them is."""
    save, at = given.store.outbox.save_listings, given.clock.now()
    listings = [replace(LISTING, remote_id=str(number)) for number in range(3)]
    save("web", listings, at=at)
    cheaper = replace(listings[2], price=pln("1.00"), sale_price=None)
    assert save("web", [listings[0]], at=at, rest=None) == ImportCount(0, 0, 1)
    assert len(given.store.outbox.listings()) == 3
    assert save("web", [cheaper], at=at, rest={"0"}) == ImportCount(0, 1, 0)
    assert given.store.outbox.listings() == (listings[0], cheaper)


def test_what_is_verified_and_shown_is_in_step_and_nothing_else(waiting):
    """Not before it was read, not with another price there, and not while the price list says a newer one."""
    outbox, at = waiting.store.outbox, waiting.clock.now()

    def out_of_step(price: str) -> bool:
        outbox.save_listings("web", [Listing("web", "remote-A", "A", pln(price))], at=at)
        return bool(outbox.out_of_step("web", "default", announces=False))

    assert out_of_step("95.00")
    (publication,) = claim(waiting)
    change(waiting, publication, PublicationState.VERIFIED, observed=pln("95.00"))
    assert not out_of_step("95.00")
    assert out_of_step("94.00")
    ((compared, listing),) = outbox.compared(outbox.out_of_step("web", "default", announces=False))
    assert (compared.id, listing.price) == (publication.id, pln("94.00"))
    assert outbox.out_of_step("web", "default", announces=True, also=["remote-A"]) == [publication.id]
    waiting.priced("93.00")
    assert out_of_step("95.00")
