"""The price list is written once, whole, and cannot be changed unseen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from pricewatch.domain.decision import Announcement, DecisionStatus
from pricewatch.domain.errors import NotApproved, StoreError
from pricewatch.domain.listing import PublicationState
from pricewatch.domain.money import Money
from pricewatch.ports import VersionPart
from pricewatch.store import pricelist


def pln(amount: str) -> Money:
    return Money.parse(amount, "PLN")


class Unplugged(BaseException):
    """The process ends."""


def everything(given) -> tuple[object, ...]:
    """All that appending to the price list touches."""
    store = given.store
    return (
        store.prices.version(),
        dict(store.prices.current("default")),
        store.prices.own_history("A", "default"),
        store.outbox.publications(states=PublicationState),
        store.plans.decisions(1),
        store.plans.get(1),
    )


def test_applying_writes_list_history_publications_and_marks_together(given):
    """One transaction: what follows from a decision is there, all of it."""
    given.product()
    version = given.priced("95.00")
    assert [entry.gross.text for entry in version.entries] == ["95.00"]
    assert given.store.prices.version() == given.store.prices.version(1) == version
    assert given.store.prices.current("default") == {"A": version.entries[0]}
    assert [point.gross.text for point in given.store.prices.own_history("A", "default")] == ["100.00", "95.00"]
    (publication,) = given.store.outbox.publications()
    assert (publication.desired.version, publication.desired.price, publication.state) == (
        1,
        pln("95.00"),
        PublicationState.PENDING,
    )
    assert [decision.status for decision in given.decisions(1)] == [DecisionStatus.APPLIED]
    assert given.store.plans.get(1).status == "applied"


def test_every_field_of_an_entry_comes_back(given):
    """Limits, tax, reason, times and the announced reduction."""
    plan = given.plan([given.proposal()])
    entry = given.entry(
        plan=plan.number,
        ceiling=pln("200.00"),
        reason="lowest − 1 %",
        approved_by="anna",
        announcement=Announcement(pln("120.00"), given.clock.now(), given.clock.now() + timedelta(days=7)),
    )
    given.store.prices.append(plan=plan.number, at=given.clock.now(), entries=[entry], desired=[])
    assert given.store.prices.current("default") == {"A": replace(entry, version=1)}
    assert given.store.prices.own_history("A", "default")[0].announced


def test_applying_the_same_decision_again_writes_nothing(given):
    """A retried apply fails loudly and doubles nothing."""
    given.product()
    given.priced("95.00")
    before = everything(given)
    with pytest.raises(StoreError, match="applied"):
        given.store.prices.append(
            plan=1, at=given.clock.now(), entries=[given.entry(plan=1)], desired=[given.desired()]
        )
    assert everything(given) == before


def test_a_plan_is_applied_in_parts_and_never_a_part_twice(given):
    """What was pending then can be approved and applied later, while the plan is the newest."""
    plan = given.store.plans.save(
        at=given.clock.now(),
        rules_hash="",
        proposals=[(given.proposal("A"), DecisionStatus.APPROVED), (given.proposal("B"), DecisionStatus.PENDING)],
        breakers=[],
        set_aside=[],
    )
    append = given.store.prices.append
    append(plan=plan.number, at=given.clock.now(), entries=[given.entry("A")], desired=[])
    assert given.store.plans.get().status == "open"
    given.store.plans.decide(plan.number, None, DecisionStatus.APPROVED, by="anna", at=given.clock.now())
    with pytest.raises(StoreError, match="A in default: this decision was applied before"):
        append(plan=plan.number, at=given.clock.now(), entries=[given.entry("A"), given.entry("B")], desired=[])
    append(plan=plan.number, at=given.clock.now(), entries=[given.entry("B")], desired=[])
    assert (given.store.plans.get().status, given.store.prices.version().version) == ("applied", 2)


@pytest.mark.parametrize("status", [DecisionStatus.PENDING, DecisionStatus.REJECTED, DecisionStatus.NONE])
def test_what_nobody_approved_is_not_applied(given, status):
    """Pending, rejected and empty decisions stay where they are."""
    plan = given.plan([given.proposal()], status)
    with pytest.raises(NotApproved):
        given.store.prices.append(plan=plan.number, at=given.clock.now(), entries=[given.entry()], desired=[])
    assert given.store.prices.version() is None


def test_another_price_than_the_decided_one_is_refused(given):
    """Apply does exactly what was approved."""
    plan = given.plan([given.proposal(price="95.00")])
    with pytest.raises(StoreError, match="not the decided price"):
        given.store.prices.append(
            plan=plan.number, at=given.clock.now(), entries=[given.entry(price="94.00")], desired=[]
        )


def test_a_product_that_was_not_planned_is_refused(given):
    """There is no price without a decision."""
    plan = given.plan([given.proposal("A")])
    with pytest.raises(StoreError, match="no such decision"):
        given.store.prices.append(plan=plan.number, at=given.clock.now(), entries=[given.entry("B")], desired=[])


def test_a_superseded_plan_is_not_applied(given):
    """The market has moved on."""
    old = given.plan([given.proposal()])
    given.plan([given.proposal()])
    with pytest.raises(StoreError, match="superseded"):
        given.store.prices.append(plan=old.number, at=given.clock.now(), entries=[given.entry()], desired=[])


def test_adopted_prices_need_no_decision_and_no_floor(given):
    """What was found in the catalogue is shown, and published nowhere below anything."""
    given.product()
    found = given.entry(price="100.00", plan=0, floor=None, adopted=True)
    wish = given.desired(price="100.00", floor=None, adopted=True)
    version = given.store.prices.append(plan=0, at=given.clock.now(), entries=[found], desired=[wish])
    assert given.store.prices.current("default")["A"].adopted
    assert given.store.outbox.publications()[0].desired.adopted
    assert (version.plan, given.store.prices.version().plan) == (0, 0)
    assert len(given.store.prices.own_history("A", "default")) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": "0.50"},
        {"floor": None},
        {"price": "95.00", "ceiling": pln("94.99")},
        {"price": "0.00", "floor": pln("-1.00")},
    ],
    ids=["below floor", "no floor", "above ceiling", "zero"],
)
def test_the_tables_refuse_a_price_outside_its_limits(given, wrong):
    """Even if everything above them failed; and nothing else of that step is written either."""
    given.product()
    known = {"floor": pln("1.00"), "ceiling": None} | wrong
    proposal = given.proposal("A", known.get("price", "95.00"), floor=known["floor"], ceiling=known["ceiling"])
    given.plan([proposal])
    before = everything(given)
    entry = given.entry(price=known.get("price", "95.00"), floor=known["floor"], ceiling=known["ceiling"])
    with pytest.raises(StoreError, match="refuses a row"):
        given.store.prices.append(plan=1, at=given.clock.now(), entries=[entry], desired=[])
    assert everything(given) == before


def test_a_publication_outside_its_own_limits_takes_the_whole_step_with_it(given):
    """A channel's floor may be higher than the group's: then nothing is written, not even the list."""
    given.product()
    given.plan([given.proposal()])
    before = everything(given)
    wish = given.desired(floor=pln("96.00"))
    with pytest.raises(StoreError, match="refuses a row"):
        given.store.prices.append(plan=1, at=given.clock.now(), entries=[given.entry()], desired=[wish])
    assert everything(given) == before


def test_a_struck_price_must_be_above_the_price(given):
    """No reduction is announced that is none."""
    plan = given.plan([given.proposal()])
    entry = given.entry(announcement=Announcement(pln("95.00"), given.clock.now(), None))
    with pytest.raises(StoreError, match="refuses a row"):
        given.store.prices.append(plan=plan.number, at=given.clock.now(), entries=[entry], desired=[])


def test_an_empty_version_is_refused(given):
    """A number without content would be noise in the chain."""
    with pytest.raises(StoreError, match="without entries"):
        given.store.prices.append(plan=1, at=given.clock.now(), entries=[], desired=[])


# --- the chain ---------------------------------------------------------------------------------------------------


def three_versions(given) -> None:
    given.product()
    for price in ("95.00", "94.00", "93.00"):
        given.clock.advance(hours=1)
        given.priced(price)


def test_versions_form_a_chain(given):
    """Each names the hash of the one before, and the whole checks out."""
    three_versions(given)
    versions = [given.store.prices.version(number) for number in (1, 2, 3)]
    assert [version.previous_hash for version in versions[1:]] == [version.hash for version in versions[:-1]]
    assert given.store.prices.verify_chain() == ()


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("UPDATE price_entries SET gross_minor = 9300 WHERE version = 2", "version 2 was changed"),
        ("UPDATE price_entries SET approved_by = 'eve' WHERE version = 1", "version 1 was changed"),
        ("UPDATE price_entries SET floor_minor = floor_minor - 1 WHERE version = 3", "version 3 was changed"),
        ("UPDATE price_list SET created_at = created_at + 1 WHERE version = 2", "version 2 was changed"),
        ("UPDATE price_list SET previous_hash = 'x' WHERE version = 3", "version 3 does not follow"),
        ("UPDATE price_list SET hash = 'x' WHERE version = 1", "version 2 does not follow"),
        ("DELETE FROM price_entries WHERE version = 3", "version 3 was changed"),
    ],
)
def test_tampering_with_the_price_list_is_found(given, tampering, found):
    """Whoever edits the tables by hand is seen by the next check."""
    three_versions(given)
    with given.store.database.bare() as connection:
        connection.execute(text(tampering))
    assert any(found in problem for problem in given.store.prices.verify_chain())
    assert any(found in problem for problem in given.store.check())


def test_a_listing_that_is_to_show_another_price_than_the_price_list_is_found(given):
    """Whoever edits what is to be sent is seen as well."""
    given.product("A")
    plan = given.plan([given.proposal("A")])
    part = VersionPart([given.entry("A", plan=plan.number)], desired=[given.desired("A")])
    given.store.prices.append_parts(plan=plan.number, at=given.clock.now(), parts=[part])
    assert given.store.prices.verify_chain() == ()
    with given.store.database.bare() as connection:
        connection.execute(text("UPDATE publications SET price_minor = price_minor + 1"))
    (problem,) = given.store.prices.verify_chain()
    assert problem.endswith("are to show a price that no price list has, such as that of A")


def test_a_version_that_was_written_past_the_program_is_found(given):
    """Its hash is right and it follows the last one; but nobody ever decided its price."""
    three_versions(given)
    last = given.store.prices.version()
    forged = replace(last.entries[0], version=4, gross=Money(9_600, last.entries[0].gross.currency))
    with given.store.database.write() as connection:
        writer = pricelist.VersionWriter(connection, last.plan, last.created_at)
        writer.write([forged])
        writer.close()
    (problem,) = given.store.prices.verify_chain()
    assert problem.startswith("price list version 4 has 1 prices that nobody decided, such as that of")


def test_a_version_in_parts_is_the_version_in_one(given):
    """Cut anywhere by group and SKU, a version has the same entries, publications and hash as in one part."""
    skus = ("A", "B", "C")
    for sku in skus:
        given.product(sku)
    plan = given.plan([given.proposal(sku) for sku in skus])
    parts = (VersionPart([given.entry(sku, plan=plan.number)], desired=[given.desired(sku)]) for sku in skus)
    written = given.store.prices.append_parts(plan=plan.number, at=given.clock.now(), parts=parts)
    assert [entry.sku for entry in given.store.prices.version(written.version).entries] == list(skus)
    assert {row.desired.sku for row in given.store.outbox.publications()} == set(skus)
    assert given.store.prices.verify_chain() == ()


def test_a_version_that_fails_in_a_later_part_was_never_written(given):
    """All parts are one transaction: nothing of the first ones stays, and the decisions are still approved."""
    given.product("A")
    given.product("B")
    plan = given.plan([given.proposal("A"), given.proposal("B")])

    def parts():
        yield VersionPart([given.entry("A", plan=plan.number)], desired=[given.desired("A")])
        raise Unplugged

    with pytest.raises(Unplugged):
        given.store.prices.append_parts(plan=plan.number, at=given.clock.now(), parts=parts())
    assert given.store.prices.version(None) is None
    assert given.store.outbox.publications() == ()
    assert given.store.plans.count(plan.number)[DecisionStatus.APPROVED] == 2


def test_versions_cut_off_the_end_are_missed(given_sqlite):
    """Publications remember a version that the list no longer has."""
    three_versions(given_sqlite)
    with given_sqlite.store.database.raw() as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DELETE FROM price_entries WHERE version = 3")
        connection.execute("DELETE FROM price_list WHERE version = 3")
        connection.execute("PRAGMA foreign_keys = ON")
    assert given_sqlite.store.prices.verify_chain() == ("price list version 3 was published and is missing",)


def test_the_price_before_the_newest_one_is_known(given):
    """Of a product that had one, however many versions of other products lie between."""
    three_versions(given)
    given.product("B")
    given.priced("50.00", "B")
    newest = given.store.prices.current("default")["A"]
    (before,) = given.store.prices.before("default", ["A", "B", "C"]).items()
    earlier = given.store.prices.current("default", until=newest.version - 1)["A"]
    assert before == ("A", earlier.gross)
    assert earlier.gross != newest.gross
