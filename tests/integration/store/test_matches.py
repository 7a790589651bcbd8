"""A person's answer wins over the model for ever."""

from __future__ import annotations

from dataclasses import replace

from pricewatch.domain.match import Match, MatchKind, MatchStatus
from pricewatch.domain.offer import ItemKey
from pricewatch.ports import ImportCount

KEY = ItemKey("shop", "1", "red")
SUGGESTED = Match("A", KEY, MatchStatus.SUGGESTED, probability=7_000, method="title", reasons=("alike",))


def test_a_match_comes_back_as_it_was_saved(given):
    """With its reasons, by status, item and product."""
    judged = replace(SUGGESTED, kind=MatchKind.PACK, factor=6, decided_at=given.clock.now())
    assert given.store.matches.save([judged]) == ImportCount(added=1)
    assert given.store.matches.all() == (judged,)
    assert given.store.matches.all(status=MatchStatus.SUGGESTED) == (judged,)
    assert given.store.matches.all(status=MatchStatus.ACCEPTED) == ()
    assert (given.store.matches.of_item(KEY), given.store.matches.of_sku("A")) == ((judged,), (judged,))
    assert (given.store.matches.of_item(ItemKey("shop", "1")), given.store.matches.of_sku("B")) == ((), ())


def test_the_model_may_change_its_mind(given):
    """Automatic over automatic: the newer judgement."""
    given.store.matches.save([SUGGESTED])
    surer = replace(SUGGESTED, status=MatchStatus.ACCEPTED, probability=9_990)
    assert given.store.matches.save([surer]) == ImportCount(changed=1)
    assert given.store.matches.all() == (surer,)


def test_the_same_judgement_at_another_time_is_no_change(given):
    """Matching runs every night and mostly says the same."""
    given.store.matches.save([SUGGESTED])
    assert given.store.matches.save([replace(SUGGESTED, decided_at=given.clock.now())]) == ImportCount(unchanged=1)


def test_the_model_never_overrules_a_person(given):
    """A person's no stays a no, however sure the model is."""
    person = replace(SUGGESTED, status=MatchStatus.REJECTED, decided_by="anna")
    given.store.matches.save([person])
    assert given.store.matches.save([replace(SUGGESTED, status=MatchStatus.ACCEPTED)]) == ImportCount(unchanged=1)
    assert given.store.matches.all() == (person,)


def test_a_person_overrules_the_model_and_other_people(given):
    """The newest answer of a person counts."""
    given.store.matches.save([SUGGESTED])
    for answer in (
        replace(SUGGESTED, status=MatchStatus.ACCEPTED, decided_by="anna"),
        replace(SUGGESTED, status=MatchStatus.REJECTED, decided_by="jan"),
    ):
        assert given.store.matches.save([answer]) == ImportCount(changed=1)
        assert given.store.matches.all() == (answer,)


def test_a_map_may_name_items_that_were_never_seen(given):
    """The answer waits for the first sighting, and is no item on offer until then."""
    given.product()
    given.accepted()
    assert list(given.store.sightings.items()) == []
    given.sees(given.observation())
    assert len(given.market().offers) == 1
