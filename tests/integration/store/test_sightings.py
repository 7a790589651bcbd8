"""What others ask is kept as change points, and nothing is read out of a page that was not read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pricewatch.domain.errors import SetAside
from pricewatch.domain.money import Money
from pricewatch.domain.offer import Availability, Condition, ItemKey, PriceRole, Verdict
from pricewatch.ports import KeptPage, SaveCount, Sighting, Target
from pricewatch.pricing.frame import MISSING

PAGE = Target("shop", "https://shop.example/p/1")
OTHER = Target("shop", "https://shop.example/p/2")


def prices(readings):
    return [reading.observation.offer.price and reading.observation.offer.price.text for reading in readings]


def test_an_offer_seen_again_unchanged_costs_no_row(given):
    """The second sighting of the same facts is counted, and writes no observation."""
    given.sees(given.observation("90.00"))
    given.clock.advance(hours=1)
    assert given.sees(given.observation("90.00")) == SaveCount(unchanged=1)
    assert [reading.id for reading in given.store.sightings.current()] == [1]


def test_an_unchanged_offer_was_last_seen_when_its_page_was(given):
    """Freshness comes from the target, although the observation is older."""
    first = given.clock.now()
    given.sees(given.observation("90.00"))
    later = given.clock.advance(hours=1)
    given.sees(given.observation("90.00"))
    (reading,) = given.store.sightings.current()
    assert (reading.observation.seen_at, reading.last_seen_at) == (first, later)


@pytest.mark.parametrize(
    "change",
    [
        {"availability": Availability.OUT_OF_STOCK},
        {"role": PriceRole.SALE},
        {"condition": Condition.NEW},
        {"pieces": 3},
        {"seller_rating": 9_900},
        {"tax_included": True},
        {"bids": 2},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_fact_of_an_offer_makes_a_change_point(given, change):
    """Not only the price: stock, role, condition and terms are history too."""
    given.sees(given.observation())
    assert given.sees(given.observation(**change)) == SaveCount(changed=1)
    assert len(given.store.sightings.current()) == 1


def test_another_address_of_the_same_offer_is_no_change(given):
    """Links that carry a new token on every visit would make every visit a change."""
    given.sees(given.observation(url="https://shop.example/go?token=1"))
    assert given.sees(given.observation(url="https://shop.example/go?token=2")) == SaveCount(unchanged=1)


def test_history_keeps_every_change_point_in_order(given):
    """Prices of matched offers come back oldest first, the newest one last."""
    given.accepted()
    for price in ("90.00", "90.00", "85.00", "90.00"):
        given.sees(given.observation(price))
        given.clock.advance(hours=1)
    assert prices(given.store.sightings.history("A")) == ["90.00", "85.00", "90.00"]


def test_an_offer_that_a_read_page_no_longer_shows_is_gone(given):
    """Of two sellers the one that left becomes gone, with a change point that says when."""
    given.accepted()
    given.sees(given.observation(seller="bob"), given.observation("80.00", seller="eve"))
    given.clock.advance(hours=1)
    assert given.sees(given.observation(seller="bob")) == SaveCount(unchanged=1, gone=1)
    assert [reading.observation.offer.seller for reading in given.store.sightings.current()] == ["bob"]
    last = given.store.sightings.history("A")[-1]
    assert (last.gone, last.observation.offer.seller, last.observation.seen_at) == (True, "eve", given.clock.now())


@pytest.mark.parametrize("verdict", [Verdict.BLOCKED, Verdict.UNREADABLE, Verdict.NONE, None])
def test_a_page_that_could_not_be_read_takes_nothing_away(given, verdict):
    """A captcha or a failure is no news of the offers, and does not make them fresher either."""
    seen = given.clock.now()
    given.sees(given.observation())
    given.clock.advance(hours=1)
    aside = SetAside("scrape", PAGE.url, "blocked")
    assert given.sees(verdict=verdict, target=replace(PAGE, failures=1), set_aside=aside) == SaveCount()
    (reading,) = given.store.sightings.current()
    (target,) = given.store.sightings.targets("shop")
    assert (reading.last_seen_at, target.verdict, target.failures, target.message) == (seen, verdict, 1, "blocked")


def test_a_page_that_was_not_modified_refreshes_its_offers_without_rows(given):
    """A 304 says that everything is as it was: seen now, nothing written but the target."""
    given.sees(given.observation(), target=replace(PAGE, etag='"1"'))
    later = given.clock.advance(hours=1)
    assert given.sees(verdict=None, not_modified=True) == SaveCount()
    (reading,) = given.store.sightings.current()
    (target,) = given.store.sightings.targets()
    assert (reading.last_seen_at, target.seen_at, target.etag, target.verdict) == (later, later, '"1"', Verdict.PRODUCT)


def test_a_page_that_is_gone_takes_its_offers_with_it(given):
    """404 and 410 are an answer: what stood there is no longer offered."""
    given.sees(given.observation())
    assert given.sees(verdict=Verdict.GONE) == SaveCount(gone=1)
    assert given.store.sightings.current() == ()
    assert list(given.store.sightings.items()) == []


def test_an_offer_that_comes_back_at_the_same_price_is_a_change(given):
    """Gone and back is two change points: nobody could buy in between."""
    given.accepted()
    given.sees(given.observation())
    given.sees()
    assert given.sees(given.observation()) == SaveCount(changed=1)
    assert [reading.gone for reading in given.store.sightings.history("A")] == [False, True, False]


def test_an_offer_that_a_list_no_longer_shows_ages_instead_of_being_gone(given):
    """It may stand on the next page of the list: it keeps the time when it was last seen."""
    given.sees(given.observation(item="1"), given.observation(item="2"), verdict=Verdict.LISTING)
    seen = given.clock.advance(hours=1)
    given.sees(given.observation(item="1"), given.observation(item="2"), verdict=Verdict.LISTING)
    given.clock.advance(hours=1)
    assert given.sees(given.observation(item="1"), verdict=Verdict.LISTING) == SaveCount(unchanged=1)
    lost = [one for one in given.store.sightings.current() if one.observation.offer.item.key == ItemKey("shop", "2")]
    assert [one.last_seen_at for one in lost] == [seen]


def test_an_offer_out_of_sight_for_a_week_is_gone(given):
    """No list shows it any more; the next crawl of anything notices."""
    given.sees(given.observation(item="1"), given.observation(item="2"), verdict=Verdict.LISTING)
    given.sees(given.observation(item="1"), verdict=Verdict.LISTING)
    given.clock.advance(days=7)
    assert given.sees(given.observation(item="1"), verdict=Verdict.LISTING) == SaveCount(unchanged=1)
    given.clock.advance(seconds=1)
    assert given.sees(given.observation(item="1"), verdict=Verdict.LISTING) == SaveCount(unchanged=1, gone=1)
    assert [item.key.item for item in given.store.sightings.items()] == ["1"]


def test_an_offer_that_comes_back_after_long_was_not_gone(given):
    """Found again in the very crawl that would have given it up."""
    given.sees(given.observation(), verdict=Verdict.LISTING)
    given.sees(verdict=Verdict.LISTING)
    given.clock.advance(days=30)
    assert given.sees(given.observation(), verdict=Verdict.LISTING) == SaveCount(unchanged=1)


def test_a_page_that_was_read_in_part_takes_nothing_away(given):
    """One of its offers could not be used; the one that is missing may be that one."""
    seen = given.clock.now()
    given.sees(given.observation(seller="bob"), given.observation(seller="eve"))
    given.clock.advance(hours=1)
    aside = SetAside("scrape", PAGE.url, "an offer without a currency")
    assert given.sees(given.observation(seller="bob"), set_aside=aside) == SaveCount(unchanged=1)
    last_seen = {one.observation.offer.seller: one.last_seen_at for one in given.store.sightings.current()}
    assert last_seen == {"bob": given.clock.now(), "eve": seen}


def test_an_offer_that_moves_to_another_list_page_stays_one_offer(given):
    """Page two shows today what page one showed yesterday: no change, and fresh."""
    given.sees(given.observation(item="1"), verdict=Verdict.LISTING)
    later = given.clock.advance(hours=1)
    given.sees(verdict=Verdict.LISTING)
    assert given.sees(given.observation(item="1"), verdict=Verdict.LISTING, target=OTHER) == SaveCount(unchanged=1)
    assert [one.last_seen_at for one in given.store.sightings.current()] == [later]


def test_used_and_club_offers_stand_beside_the_ordinary_one(given):
    """One seller's new, used and club prices for the same item are three offers, not one that changes."""
    seen = (
        given.observation("90.00"),
        given.observation("60.00", condition=Condition.USED),
        given.observation("80.00", role=PriceRole.CLUB),
    )
    assert given.sees(*seen) == SaveCount(new=3)
    assert given.sees(*reversed(seen)) == SaveCount(unchanged=3)


def test_of_two_same_offers_on_a_page_the_one_that_a_buyer_would_take_counts(given):
    """In stock before out of stock, then the lower price; in whatever order the page has them."""
    sold_out = given.observation("70.00", availability=Availability.OUT_OF_STOCK)
    seen = (given.observation("90.00"), sold_out, given.observation("80.00"))
    given.sees(*seen)
    assert given.sees(*reversed(seen)) == SaveCount(unchanged=1)
    assert prices(given.store.sightings.current()) == ["80.00"]


def test_sightings_of_one_batch_follow_each_other(given):
    """The same page twice in a batch gives the change points of both, in order."""
    given.accepted()
    first = Sighting(PAGE, Verdict.PRODUCT, (given.observation("90.00"),))
    second = Sighting(PAGE, Verdict.PRODUCT, (given.observation("85.00"),))
    assert given.store.sightings.save(1, [first, second]) == SaveCount(new=1, changed=1)
    assert prices(given.store.sightings.history("A")) == ["90.00", "85.00"]


def test_a_shipping_price_in_another_currency_is_unknown(given):
    """It cannot be added to the price, so it is not kept as if it could."""
    given.sees(given.observation(shipping=Money.parse("5.00", "EUR")))
    (reading,) = given.store.sightings.current()
    assert reading.observation.offer.shipping is None


def test_hostile_text_and_numbers_do_not_stop_a_batch(given):
    """NUL, lone surrogates, endless addresses and absurd counts are cut down; the offer beside them is stored."""
    wild = given.observation(seller="ev\x00il\ud800" * 2_000, item="x" * 50_000, pieces=10**40, bids=-1)
    assert given.sees(wild, given.observation(), target=Target("shop", "https://e.example/" + "y" * 50_000)).new == 2
    stored = next(one for one in given.store.sightings.current() if "evil" in one.observation.offer.seller)
    assert stored.observation.offer.pieces is None
    assert "\x00" not in stored.observation.offer.seller
    assert given.sees(wild, given.observation()).unchanged == 2


def test_a_poorer_description_does_not_erase_a_richer_one(given):
    """The list shows a title only; brand and GTIN that the product page told stay."""
    rich = given.observation()
    item = replace(rich.offer.item, brand="Bosch", gtin="4006381333931")
    given.sees(replace(rich, offer=replace(rich.offer, item=item)))
    given.sees(given.observation())
    (found,) = given.store.sightings.items()
    assert (found.brand, found.gtin) == ("Bosch", "4006381333931")


# --- quarantine ------------------------------------------------------------------------------------------------


def test_a_doubtful_reading_is_stored_and_held_back(given):
    """Nothing is thrown away, and nothing doubtful is used."""
    given.product()
    given.accepted()
    given.sees(given.observation("1.23", quarantine="1.226 can mean two amounts"))
    (held,) = given.store.sightings.quarantined()
    assert held.observation.quarantine == "1.226 can mean two amounts"
    assert len(given.market().offers) == 0


def test_a_released_reading_is_usable_for_good(given):
    """Once a person has let it pass it is not held again, not even for another reason."""
    given.product()
    given.accepted()
    given.sees(given.observation())
    (reading,) = given.store.sightings.current()
    given.store.sightings.quarantine({reading.id: "moved by 60 %"})
    assert given.store.sightings.release([reading.id], by="anna") == 1
    given.store.sightings.quarantine({reading.id: "something else"})
    assert given.store.sightings.quarantined() == ()
    assert len(given.market().offers) == 1


def test_a_release_counts_only_what_was_held(given):
    """Releasing twice, or what was never held, releases nothing."""
    given.sees(given.observation(quarantine="odd"))
    (reading,) = given.store.sightings.current()
    assert given.store.sightings.release([reading.id, 999], by="anna") == 1
    assert given.store.sightings.release([reading.id], by="anna") == 0


def test_a_clear_reading_of_the_same_price_lifts_the_doubt(given):
    """What was ambiguous and is read clearly now is a new, usable change point."""
    given.sees(given.observation(quarantine="ambiguous"))
    assert given.sees(given.observation()) == SaveCount(changed=1)
    assert given.store.sightings.quarantined() == ()


def test_doubt_about_a_price_that_was_read_clearly_before_changes_nothing(given):
    """The clear reading stands: the doubtful one says the same."""
    given.sees(given.observation())
    assert given.sees(given.observation(quarantine="ambiguous")) == SaveCount(unchanged=1)
    assert given.store.sightings.quarantined() == ()


def test_the_previous_price_is_the_newest_usable_one_before(given):
    """A held-back slip and a reading without a price are passed over."""
    given.sees(given.observation("90.00"))
    given.sees(given.observation("0.90", quarantine="100 times less"))
    given.sees(given.observation(None, availability=Availability.OUT_OF_STOCK))
    given.sees(given.observation("88.00"), given.observation("70.00", seller="new"))
    given.accepted()
    found = given.store.sightings.offered()
    key, price, currency = given.store.sightings.previous(found.observation)
    before = [None if amount == MISSING else amount for amount in price.tolist()]
    assert key.tolist() == found.observation.tolist()
    assert list(zip(found.price.tolist(), before, strict=True)) == [(8_800, 9_000), (7_000, None)]
    assert [currency[row] for row in range(2)] == ["PLN", ""]


# --- targets and evidence --------------------------------------------------------------------------------------


def test_a_target_found_again_keeps_what_is_known_of_it(given):
    """Discovery runs before every crawl and must not forget ETag and due time."""
    due = given.clock.now() + timedelta(hours=6)
    given.sees(given.observation(), target=replace(PAGE, etag='"7"', due_at=due))
    assert given.store.sightings.save_targets([PAGE]).unchanged == 1
    (target,) = given.store.sightings.targets("shop")
    assert (target.etag, target.due_at) == ('"7"', due)


def test_a_map_binds_a_known_target_to_a_product(given):
    """The product is the one thing that an import changes of a target."""
    given.store.sightings.save_targets([PAGE])
    assert given.store.sightings.save_targets([replace(PAGE, sku="A")]).changed == 1
    assert given.store.sightings.save_targets([PAGE]).unchanged == 1
    assert [target.sku for target in given.store.sightings.targets()] == ["A"]


def test_only_targets_whose_time_has_come_are_due(given):
    """A target without a due time is due at once."""
    given.sees(target=replace(PAGE, due_at=given.clock.now() + timedelta(hours=1)))
    given.store.sightings.save_targets([OTHER])
    assert [target.url for target in given.store.sightings.targets(due=given.clock.now())] == [OTHER.url]
    given.clock.advance(hours=1)
    assert len(given.store.sightings.targets(due=given.clock.now())) == 2


def test_evidence_comes_back_byte_for_byte(given):
    """A page that a price rests on can be shown later, exactly."""
    page = KeptPage("hash", bytes(range(256)) * 100, "text/html; charset=iso-8859-2")
    given.sees(given.observation(), pages=(page,))
    assert given.store.sightings.evidence("hash") == page
    assert given.store.sightings.evidence("other") is None


def test_a_page_on_which_nothing_has_changed_is_not_kept_again(given):
    """What is kept are the pages of change points: the same price a hundred times is one page."""
    given.sees(given.observation(), pages=(KeptPage("hash", b"page"),))
    given.sees(given.observation(page_hash="later"), pages=(KeptPage("later", b"the same price"),))
    assert given.store.sightings.evidence("later") is None
    assert given.store.sightings.evidence("hash") is not None


def test_pruning_keeps_the_pages_of_current_offers(given):
    """Age alone does not delete what a price of today rests on."""
    given.sees(given.observation("100.00", page_hash="old"), pages=(KeptPage("old", b"what it said before"),))
    given.clock.advance(days=30)
    given.sees(given.observation("99.00"), pages=(KeptPage("hash", b"page of a current offer"),))
    given.clock.advance(days=90)
    assert given.store.sightings.prune_evidence(given.clock.now()) == 1
    assert given.store.sightings.evidence("hash") is not None
    assert given.store.sightings.evidence("old") is None


@pytest.mark.slow
def test_more_items_than_one_page_of_reading_come_each_once(given):
    """Items are read in pages; none is lost or doubled at the seams."""
    names = [str(number) for number in range(10_001)]
    given.sees(*(given.observation(item=name) for name in names))
    assert sorted(item.key.item for item in given.store.sightings.items()) == sorted(names)


def test_free_shipping_of_an_offer_without_a_price_is_kept(given):
    """Zero is an amount: free is not unknown."""
    free = Money.parse("0.00", "PLN")
    given.sees(given.observation(None, shipping=free))
    (reading,) = given.store.sightings.current()
    assert reading.observation.offer.shipping == free
