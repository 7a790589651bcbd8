"""What people answered is kept for ever; what the judge has seen is not shown to it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pricewatch.domain.match import Match, MatchKind, MatchStatus
from pricewatch.domain.offer import Condition, Item, ItemKey, Verdict
from pricewatch.ports import Search, Target

KEY = ItemKey("shop", "1")
FOUND = Match("A", KEY, MatchStatus.SUGGESTED, probability=7_000, method="model", reasons=("alike",))
YES = Match("A", KEY, MatchStatus.ACCEPTED, probability=10_000, method="person", decided_by="anna")


def shows(given, title: str, *, item: str = "1", gtin: str = "", price: str = "90.00", **more: object) -> None:
    """A page shows one item."""
    page = Target("shop", f"https://shop.example/p/{item}")
    described = Item(ItemKey("shop", item), page.url, title=title, gtin=gtin, brand="Boren", mpn="M1")
    seen = given.observation(price, item=item, **more)
    offer = replace(seen.offer, item=described)
    given.sees(replace(seen, offer=offer, target=page.url), target=replace(page, seen_at=given.clock.now()))
    given.clock.advance(minutes=1)


def test_an_answer_keeps_both_texts_and_what_the_model_had_said(given):
    """Names, numbers and prices of both sides as they were seen, who and when: what training needs."""
    given.product("A", name="Ours", gtin="5901234123457")
    shows(given, "Theirs")
    given.store.matches.save([FOUND])
    given.store.matches.save([replace(YES, decided_at=given.clock.now())])
    (told,) = given.store.matches.answers()
    assert (told.said, told.by, told.at, told.probability) == ("accepted", "anna", given.clock.now(), 7_000)
    assert (told.ours.title, told.ours.gtin, told.ours.price, told.ours.currency) == (
        "Ours", "5901234123457", 100.0, "PLN",
    )  # fmt: skip
    assert (told.theirs.title, told.theirs.brand, told.theirs.model, told.theirs.price) == (
        "Theirs", "Boren", "M1", 90.0,
    )  # fmt: skip


def test_answers_stay_as_they_were_given(given):
    """Neither a renamed product nor a changed page rewrites what somebody saw when answering."""
    given.product("A", name="Ours")
    shows(given, "Theirs")
    given.store.matches.save([YES])
    given.product("A", name="Renamed")
    shows(given, "Something else")
    (told,) = given.store.matches.answers()
    assert (told.ours.title, told.theirs.title) == ("Ours", "Theirs")


def test_every_answer_stays_on_record_and_the_newest_holds(given):
    """Also one that was taken back; the same answer again is no new one."""
    given.product("A")
    shows(given, "Theirs")
    given.store.matches.save([FOUND])
    given.store.matches.save([YES])
    given.store.matches.save([YES])
    given.store.matches.save([replace(YES, status=MatchStatus.REJECTED, decided_by="jan")])
    given.store.matches.take_back(replace(YES, decided_by="jan"), FOUND)
    assert [(told.said, told.by) for told in given.store.matches.answers()] == [
        ("accepted", "anna"), ("rejected", "jan"), ("withdrawn", "jan"),
    ]  # fmt: skip
    assert given.store.matches.all() == (FOUND,)


def test_an_answer_before_the_first_sighting_takes_the_text_that_came(given):
    """A map names an item that nobody has seen yet."""
    given.product("A")
    given.store.matches.save([YES])
    shows(given, "Theirs")
    (told,) = given.store.matches.answers()
    assert told.theirs.title == "Theirs"


def test_what_a_person_has_accepted_leaves_nothing_of_the_judge_beside(given):
    """An item is one product: other candidates of the same item go, those of other items stay."""
    other = replace(FOUND, item=ItemKey("shop", "2"))
    given.store.matches.save([FOUND, replace(FOUND, sku="B"), other])
    given.store.matches.save([YES])
    assert {(pair.sku, pair.item.item) for pair in given.store.matches.all()} == {("A", "1"), ("A", "2")}


def test_an_answer_that_came_while_the_judge_was_at_it_stands_alone(given):
    """Whoever reviews need not wait for the stage to end."""
    given.product("A")
    shows(given, "Thing")
    given.store.matches.save([YES])
    given.store.matches.settle("one", [KEY], [replace(FOUND, sku="B", status=MatchStatus.ACCEPTED)])
    assert [pair.sku for pair in given.store.matches.all()] == ["A"]


def waiting(given, judge: str = "one") -> list[str]:
    return [seen.item.title for seen in given.store.matches.waiting(judge)]


def test_an_item_waits_until_a_judge_has_settled_it_and_again_when_its_text_changes(given):
    """A new price is no reason; a new title is; another judge sees everything once more."""
    shows(given, "Thing")
    assert waiting(given) == ["Thing"]
    given.store.matches.settle("one", [KEY], [FOUND])
    assert waiting(given) == []
    shows(given, "Thing", price="80.00")
    assert waiting(given) == []
    assert waiting(given, "two") == ["Thing"]
    shows(given, "Another thing")
    assert waiting(given) == ["Another thing"]


def test_items_wait_by_site_with_their_lowest_price(given):
    """Worn goods are told; an item that is gone does not wait."""
    shows(given, "New", item="1")
    shows(given, "Used", item="2", condition=Condition.USED)
    shows(given, "Gone", item="3")
    given.sees(target=Target("shop", "https://shop.example/p/3"), verdict=Verdict.GONE)
    found = {seen.item.title: (str(seen.price), seen.worn) for seen in given.store.matches.waiting("one")}
    assert found == {"New": ("90.00 PLN", False), "Used": ("90.00 PLN", True)}
    assert set(given.store.matches.described([KEY, ItemKey("shop", "9")])) == {KEY}


def test_what_the_judge_does_not_find_any_more_goes_and_answers_stay(given):
    """Only pairs of the judged items, and only the judge's own."""
    shows(given, "Thing")
    given.store.matches.save([FOUND, replace(FOUND, sku="B"), replace(FOUND, item=ItemKey("shop", "2"))])
    given.store.matches.save([replace(YES, sku="C", status=MatchStatus.REJECTED)])
    given.store.matches.settle("one", [KEY], [replace(FOUND, sku="B", probability=8_000)])
    kept = {(pair.sku, pair.item.item, pair.probability) for pair in given.store.matches.all()}
    assert kept == {("B", "1", 8_000), ("A", "2", 7_000), ("C", "1", 10_000)}


def test_an_accepted_item_that_changes_is_told_with_its_text_before(given):
    """Of an answer the text that was answered, of the judge's the text that it saw; the first change counts."""
    given.product("A")
    shows(given, "One")
    given.store.matches.settle("one", [KEY], [replace(FOUND, status=MatchStatus.ACCEPTED)])
    assert given.store.matches.changed() == ()
    shows(given, "Two")
    shows(given, "Three")
    (found,) = given.store.matches.changed()
    assert (found.match.sku, found.then.title, found.now.title) == ("A", "One", "Three")
    given.store.matches.save([YES])
    (found,) = given.store.matches.changed()
    assert (found.then.title, found.now.title) == ("Three", "Three")


def test_a_suspended_match_counts_no_more_and_is_asked_about_with_its_reason(given):
    """Even a person's; the judge's doubts do not hide the reason, a new answer ends it."""
    given.product("A")
    shows(given, "One")
    given.store.matches.save([YES])
    asked = replace(YES, status=MatchStatus.SUGGESTED, kind=MatchKind.EXACT, reasons=("the page has changed",))
    given.store.matches.suspend([asked])
    assert [pair.reasons for pair in given.store.matches.suspended()] == [("the page has changed",)]
    assert len(given.market().offers) == 0
    given.store.matches.settle("one", [KEY], [FOUND])
    given.store.matches.settle("one", [KEY], [])
    assert [pair.reasons for pair in given.store.matches.all()] == [("the page has changed",)]
    given.store.matches.save([replace(YES, decided_by="jan")])
    assert given.store.matches.suspended() == ()


def test_digests_of_products_are_replaced_as_a_whole(given):
    """What is not named any more is forgotten."""
    given.store.matches.index({"A": "1", "B": "1"})
    given.store.matches.index({"A": "2", "C": "1"})
    assert given.store.matches.indexed() == {"A": "2", "C": "1"}


def test_searches_are_remembered(given):
    """The newest of each product on each site."""
    first = Search("shop", "A", "https://shop.example/s?q=1", given.clock.now(), 0)
    later = replace(first, at=given.clock.advance(days=1), found=2)
    given.store.discovery.note([first, replace(first, site="other")])
    given.store.discovery.note([later])
    assert given.store.discovery.searched("shop") == {"A": later}


def test_a_page_that_is_gone_time_after_time_is_given_up_for_a_while(given):
    """It is not read again before its time, comes back by itself then, and at once when somebody wants it."""
    store, page = given.store, Target("shop", "https://shop.example/p/1")
    given.product("A")
    shows(given, "Thing")
    given.store.matches.save([YES])
    for times in (1, 2, 3):
        gone = replace(page, verdict=Verdict.GONE, failures=times, seen_at=given.clock.now())
        given.sees(target=gone, verdict=Verdict.GONE)
    until = given.clock.now() + timedelta(days=30)
    assert store.discovery.retire(4, until=until) == ()
    assert [(target.url, target.sku) for target in store.discovery.retire(3, until=until)] == [(page.url, "A")]
    assert store.discovery.retire(3, until=until) == ()
    assert store.sightings.targets("shop") == ()
    given.clock.advance(days=31)
    assert len(store.sightings.targets("shop")) == 1
    store.discovery.retire(3, until=given.clock.now() + timedelta(days=30))
    assert store.discovery.revive([page]) == 1
    (back,) = store.sightings.targets("shop")
    assert back.failures == 0


def test_pages_on_which_nothing_is_ours_are_idle(given):
    """Once they were read and judged, and unless somebody has bound them to a product."""
    shows(given, "Ours", item="1")
    shows(given, "Not ours", item="2")
    shows(given, "Not judged", item="3")
    given.store.matches.settle("one", [KEY, ItemKey("shop", "2")], [FOUND])
    assert given.store.discovery.idle("shop") == {"https://shop.example/p/2"}
    given.store.sightings.save_targets([Target("shop", "https://shop.example/p/2", sku="A")])
    assert given.store.discovery.idle("shop") == frozenset()
    assert given.store.discovery.bound() == (("A", ItemKey("shop", "2"), "https://shop.example/p/2"),)
