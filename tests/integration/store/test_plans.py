"""A plan is saved as it was made, and decided once."""

from __future__ import annotations

import pytest

from pricewatch.domain.decision import Breaker, DecisionStatus, Outcome, Proposal, Reason
from pricewatch.domain.errors import SetAside, StoreError

REASONS = (
    Reason("landscape", "3 offers „w magazynie”", observations=(5, 9, 12)),
    Reason("target", "lowest − 1 %", 9_000, 8_910, "rules/main.toml:12", (5,)),
)


def pending(given, *skus: str):
    return given.plan([given.proposal(sku) for sku in skus], DecisionStatus.PENDING)


def test_a_decision_comes_back_with_all_its_reasons(given):
    """Every step, in order, with the rule's place and the readings it used."""
    proposal = given.proposal(
        reasons=REASONS,
        ceiling=given.proposal().current,
        rank_before=2,
        rank_after=1,
        margin_before=1_000,
        margin_after=-50,
        competitors=3,
    )
    plan = given.plan([proposal])
    (decision,) = given.decisions(plan.number)
    assert (decision.proposal, decision.plan, decision.status) == (proposal, plan.number, DecisionStatus.APPROVED)
    assert (decision.decided_by, decision.decided_at) == ("band", given.clock.now())


def test_a_hold_without_any_amount_is_a_decision_too(given):
    """Nothing is known, and that is on record."""
    hold = Proposal("A", "default", Outcome.HOLD, None, None, None, None, (Reason("hold", "no floor"),))
    plan = given.plan([hold], DecisionStatus.NONE)
    assert given.decisions(plan.number)[0].proposal == hold


def test_a_plan_counts_its_outcomes_and_keeps_its_breakers(given):
    """What was saved is what is read, and the newest plan is the one without a number."""
    saved = given.store.plans.save(
        at=given.clock.now(),
        rules_hash="abc",
        proposals=[(given.proposal("A"), DecisionStatus.PENDING), (given.proposal("B"), DecisionStatus.PENDING)],
        breakers=[Breaker("max_changed", "60 % of the products")],
        set_aside=[SetAside("plan", "C", "no cost")],
    )
    assert (saved.counts, saved.set_aside, saved.status) == ({"cut": 2}, 1, "open")
    assert given.store.plans.get() == given.store.plans.get(saved.number) == saved
    assert given.store.plans.get(99) is None


def test_a_newer_plan_supersedes_an_open_one(given):
    """What was decided on an older market is not applied on this one."""
    old = pending(given, "A")
    new = pending(given, "A")
    assert [given.store.plans.get(number).status for number in (old.number, new.number)] == ["superseded", "open"]
    with pytest.raises(StoreError, match="superseded"):
        given.store.plans.decide(old.number, None, DecisionStatus.APPROVED, by="anna", at=given.clock.now())


def test_decisions_keep_catalogue_order_and_can_be_chosen(given):
    """By status and by product."""
    plan = pending(given, "C", "A", "B")
    given.store.plans.decide(plan.number, ["A"], DecisionStatus.APPROVED, by="anna", at=given.clock.now())
    choose = given.store.plans.decisions
    assert [decision.proposal.sku for decision in choose(plan.number)] == ["C", "A", "B"]
    assert [d.proposal.sku for d in choose(plan.number, status=DecisionStatus.PENDING)] == ["C", "B"]
    assert [d.proposal.sku for d in choose(plan.number, sku="B")] == ["B"]


def test_approving_records_who_when_and_why(given):
    """Only what is pending changes, and the number says how much did."""
    plan = pending(given, "A", "B")
    at = given.clock.advance(minutes=5)
    decide = given.store.plans.decide
    assert decide(plan.number, ["A", "X"], DecisionStatus.REJECTED, by="anna", at=at, note="too low") == 1
    assert decide(plan.number, None, DecisionStatus.APPROVED, by="jan", at=at) == 1
    assert decide(plan.number, None, DecisionStatus.APPROVED, by="jan", at=at) == 0
    first, second = given.decisions(plan.number)
    assert (first.status, first.decided_by, first.note) == (DecisionStatus.REJECTED, "anna", "too low")
    assert (second.status, second.decided_by, second.decided_at) == (DecisionStatus.APPROVED, "jan", at)


def test_no_one_marks_a_decision_applied_by_hand(given):
    """That is what writing the price list does."""
    plan = pending(given, "A")
    with pytest.raises(StoreError, match="approves or rejects"):
        given.store.plans.decide(plan.number, None, DecisionStatus.APPLIED, by="eve", at=given.clock.now())


def test_a_plan_that_does_not_exist_is_an_error(given):
    """Not an empty answer."""
    with pytest.raises(StoreError, match="no plan 7"):
        given.store.plans.decide(7, None, DecisionStatus.APPROVED, by="anna", at=given.clock.now())


def test_reset_breakers_no_longer_stop_the_plan(given):
    """A person looked, and the plan goes on."""
    plan = given.store.plans.save(
        at=given.clock.now(), rules_hash="", proposals=[], breakers=[Breaker("collapse", "all 49.95")], set_aside=[]
    )
    given.store.plans.reset_breakers(plan.number, by="anna", reason="sale", at=given.clock.now())
    assert given.store.plans.get(plan.number).breakers == ()


def test_a_products_decisions_come_newest_first(given):
    """With the time of their plans, as many as asked for."""
    first = given.clock.now()
    pending(given, "A")
    second = given.clock.advance(days=1)
    pending(given, "A", "B")
    found = given.store.plans.decisions_of("A")
    assert [(at, decision.plan) for at, decision in found] == [(second, 2), (first, 1)]
    assert len(given.store.plans.decisions_of("A", limit=1)) == 1


def test_a_plan_with_the_same_product_twice_is_refused_as_a_whole(given):
    """One price is decided per product and group; nothing of such a plan is saved."""
    with pytest.raises(StoreError, match="refuses a row"):
        pending(given, "A", "A")
    assert given.store.plans.get() is None
