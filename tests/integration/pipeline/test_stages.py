"""From a rival's page to an approved decision: each stage on both kinds of database."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from pricewatch.domain.decision import DecisionStatus, Outcome
from pricewatch.domain.errors import NotApproved, SetAside, UsageError
from pricewatch.domain.match import MatchStatus
from pricewatch.domain.offer import Availability, Condition
from pricewatch.pipeline.answers import import_matches
from pricewatch.pipeline.catalogue import import_catalogue, import_stock, import_targets
from pricewatch.pipeline.insight import explain, history, status
from pricewatch.pipeline.match import decide_match, match
from pricewatch.pipeline.plan import approve, plan, reject, reset_breakers
from pricewatch.pipeline.run import run
from pricewatch.pipeline.scrape import scrape
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import Target

E1, E2, E3, E4 = "5901234123457", "5907170001965", "5907170031566", "5907170051915"


def read_market(bench: Workbench) -> None:
    """Scrape and match."""
    asyncio.run(scrape(bench))
    match(bench)


def decided(bench: Workbench, sku: str, number: int | None = None):
    """The decision for a product in a plan."""
    found = bench.store.plans.get(number)
    (one,) = bench.store.plans.decisions(found.number, sku=sku)
    return one


def test_an_offer_becomes_a_decision_with_its_reasons(bench, rivals) -> None:
    """117.00 at a rival's leads to 115.99: one per cent under, rounded to the ending, with the rule's place."""
    rivals.ask("alfa", E1, "117.00")
    read_market(bench)
    proposal = next(d.proposal for d in plan(bench).decisions if d.proposal.sku == "S-1")
    assert (proposal.outcome, str(proposal.proposed)) == (Outcome.CUT, "115.99 PLN")
    assert any(reason.rule.startswith("rules/test.toml:") for reason in proposal.reasons)
    assert any(reason.observations for reason in proposal.reasons)


def test_sites_that_are_switched_off_are_left_alone(bench, rivals) -> None:
    """Only named sites and those that are on are read; an unknown name is a usage error."""
    rivals.ask("sleepy", E1, "100.00")
    rivals.ask("alfa", E1, "117.00")
    asyncio.run(scrape(bench))
    assert rivals.crawled == [f"https://alfa.example/{E1}"]
    with pytest.raises(UsageError, match="nowhere"):
        asyncio.run(scrape(bench, ["nowhere"]))


def test_only_what_changed_is_stored_again(bench, rivals) -> None:
    """A second crawl of the same prices adds no observation."""
    rivals.ask("alfa", E1, "117.00")
    rivals.ask("beta", E1, "118.00")
    asyncio.run(scrape(bench))
    rivals.ask("beta", E1, "116.00")
    report = asyncio.run(scrape(bench))
    assert (report.counts["offers_changed"], report.counts["offers_unchanged"]) == (1, 1)


def test_a_page_that_fails_does_not_stop_the_batch(bench, rivals) -> None:
    """It is set aside with its reason, and the run says partly."""
    rivals.ask("alfa", E1, "117.00")
    rivals.shown["alfa", "https://alfa.example/x"] = SetAside("scrape", "https://alfa.example/x", "no answer")
    report = asyncio.run(scrape(bench))
    assert report.status == "partly"
    assert [item.reason for item in report.set_aside] == ["no answer"]
    assert report.counts["offers_new"] == 1


def test_a_slip_of_a_hundred_is_held_back_and_released_by_a_person(bench, rivals, clock) -> None:
    """1.17 instead of 117.00 is not followed until somebody says that it is right."""
    rivals.ask("alfa", E1, "117.00")
    read_market(bench)
    plan(bench)
    clock.advance(hours=1)
    rivals.ask("alfa", E1, "1.17")
    read_market(bench)
    report = plan(bench).report
    (held,) = bench.store.sightings.quarantined()
    assert "slip" in held.observation.quarantine
    assert any("slip" in item.reason for item in report.set_aside)
    assert decided(bench, "S-1").proposal.outcome is Outcome.KEEP
    bench.store.sightings.release([held.id], by="anna")
    plan(bench)
    assert bench.store.sightings.quarantined() == ()


def test_a_large_move_is_believed_when_it_is_seen_again(bench, rivals, clock) -> None:
    """A price cut to a third waits two hours for a second sighting, and then counts by itself."""
    for shop in ("alfa", "beta"):
        rivals.ask(shop, E1, "117.00")
    read_market(bench)
    plan(bench)
    rivals.ask("alfa", E1, "39.00")
    read_market(bench)
    plan(bench)
    assert len(bench.store.sightings.quarantined()) == 1
    clock.advance(hours=3)
    read_market(bench)
    plan(bench)
    assert bench.store.sightings.quarantined() == ()


def test_used_goods_are_not_bait(bench, rivals) -> None:
    """A used one far below all new ones is no suspicious reading."""
    for shop in ("alfa", "beta"):
        rivals.ask(shop, E1, "117.00")
    rivals.ask("alfa", E2, "117.00")
    rivals.ask("beta", E2, "40.00", condition=Condition.USED)
    read_market(bench)
    plan(bench)
    assert bench.store.sightings.quarantined() == ()


def test_changes_inside_the_band_are_approved_and_larger_ones_wait(bench, rivals) -> None:
    """By default 5 %: the rest is pending until a person answers; a rejected one stays rejected."""
    rivals.ask("alfa", E1, "119.00")
    rivals.ask("alfa", E2, "105.00")
    rivals.ask("alfa", E3, "104.00")
    read_market(bench)
    number = plan(bench).plan.number
    states = {sku: decided(bench, sku).status for sku in ("S-1", "S-2", "S-3", "S-4")}
    assert states == {
        "S-1": DecisionStatus.APPROVED,
        "S-2": DecisionStatus.PENDING,
        "S-3": DecisionStatus.PENDING,
        "S-4": DecisionStatus.NONE,
    }
    assert approve(bench, number, ["S-2"], by="anna", note="fine") == 1
    assert reject(bench, number, ["S-3"], by="anna") == 1
    assert (decided(bench, "S-2").decided_by, decided(bench, "S-2").note) == ("anna", "fine")
    assert approve(bench, number, None, by="anna") == 0


def test_a_newer_plan_closes_the_older_one(bench, rivals) -> None:
    """Nobody approves prices that were computed from yesterday's market."""
    rivals.ask("alfa", E1, "105.00")
    read_market(bench)
    first = plan(bench).plan.number
    plan(bench)
    with pytest.raises(NotApproved, match="superseded"):
        approve(bench, first, None, by="anna")


def test_what_a_plan_left_as_it_was_is_forgotten_after_a_week(bench, rivals, clock) -> None:
    """A plan an hour does not fill the disk; what somebody answered is kept for good, and so is the newest plan."""
    for gtin, price in ((E1, "119.00"), (E2, "105.00"), (E3, "104.00")):
        rivals.ask("alfa", gtin, price)
    read_market(bench)
    first = plan(bench).plan.number
    reject(bench, first, ["S-2"], by="anna")
    clock.advance(days=8)
    newest = plan(bench).plan.number
    left = {decision.proposal.sku: decision.status for decision in bench.store.plans.decisions(first)}
    assert left == {"S-1": DecisionStatus.APPROVED, "S-2": DecisionStatus.REJECTED}
    assert len(bench.store.plans.decisions(newest)) == 4


def test_a_preview_saves_nothing(bench, rivals) -> None:
    """Looking at one product leaves the open plan open."""
    rivals.ask("alfa", E1, "105.00")
    read_market(bench)
    number = plan(bench).plan.number
    seen = plan(bench, skus=["S-1"], save=False)
    assert seen.plan.number == 0
    assert bench.store.plans.get().number == number
    with pytest.raises(UsageError, match="S-9"):
        plan(bench, skus=["S-9"], save=False)


def test_resetting_a_breaker_needs_a_reason(bench, rivals) -> None:
    """A person says why, and the audit trail keeps it."""
    rivals.ask("alfa", E1, "105.00")
    read_market(bench)
    plan(bench)
    with pytest.raises(UsageError, match="reason"):
        reset_breakers(bench, None, by="anna", reason=" ")
    reset_breakers(bench, None, by="anna", reason="checked the rates")
    assert any("checked the rates" in detail for _, _, _, detail in bench.store.control.audit_trail())


def test_a_product_without_cost_or_floor_is_held_and_it_says_so(bench, rivals) -> None:
    """Null is never zero: no floor, no repricing."""
    product = replace(bench.store.catalogue.get("S-1"), cost=None)
    import_catalogue(bench, [product], source="test")
    rivals.ask("alfa", E1, "105.00")
    read_market(bench)
    plan(bench)
    held = decided(bench, "S-1").proposal
    assert held.outcome is Outcome.HOLD
    assert any("floor" in reason.text for reason in held.reasons)


def test_a_persons_answer_wins_over_the_matcher(bench, rivals) -> None:
    """A rejected pair does not count again, however often it is matched."""
    rivals.ask("alfa", E1, "105.00")
    read_market(bench)
    (pair,) = bench.store.matches.of_sku("S-1")
    decide_match(bench, "S-1", pair.item, MatchStatus.REJECTED, by="anna")
    match(bench)
    plan(bench)
    assert decided(bench, "S-1").proposal.competitors == 0
    with pytest.raises(UsageError, match="S-9"):
        decide_match(bench, "S-9", pair.item, MatchStatus.ACCEPTED, by="anna")


def test_imports_set_aside_what_they_cannot_use(bench, rivals) -> None:
    """Unknown SKUs, unknown sites and a repeated SKU are reported; the rest is saved."""
    rows = list(bench.store.catalogue.load().products.values())
    assert [a.item for a in import_catalogue(bench, [rows[0], *rows], source="test").set_aside] == ["S-1"]
    assert [a.item for a in import_stock(bench, [("S-1", 9), ("S-9", 1)]).set_aside] == ["S-9"]
    assert bench.store.catalogue.get("S-1").stock == 9
    rivals.ask("alfa", E1, "105.00")
    read_market(bench)
    (pair,) = bench.store.matches.of_sku("S-1")
    report = import_matches(bench, [("map.csv:2", pair), ("map.csv:3", replace(pair, sku="S-9"))])
    assert [a.item for a in report.set_aside] == ["S-9"]
    report = import_targets(bench, [Target("alfa", "https://alfa.example/a"), Target("nowhere", "https://x.example")])
    assert [a.item for a in report.set_aside] == ["https://x.example"]


def test_explain_lays_the_whole_path_open(bench, rivals) -> None:
    """Offers in and out with the reason, the decision, the reading's evidence."""
    rivals.ask("alfa", E1, "105.00")
    rivals.ask("beta", E1, "99.00", availability=Availability.OUT_OF_STOCK)
    read_market(bench)
    number = plan(bench).plan.number
    told = explain(bench, "S-1")
    (group,) = told.groups
    counted = {offer.seller: offer.excluded for offer in group.market.offers}
    assert counted["alfa"] == ""
    assert counted["beta"]
    assert group.decided.plan == number
    assert len(told.readings) == len(told.matches) == 2
    assert explain(bench, "S-1", plan=number + 7).groups[0].decided is None
    with pytest.raises(UsageError, match="S-9"):
        explain(bench, "S-9")


def test_history_and_status_tell_what_was(bench, rivals, clock) -> None:
    """Change points of offers oldest first, and everything at a glance."""
    for price in ("117.00", "116.00", "115.00"):
        rivals.ask("alfa", E1, price)
        read_market(bench)
        clock.advance(hours=1)
    plan(bench)
    told = history(bench, "S-1", limit=2)
    assert [str(seen.observation.offer.price) for seen in told.offers] == ["116.00 PLN", "115.00 PLN"]
    now = status(bench)
    assert (now.products, now.offers, now.price_list, now.plan.number) == (4, 1, 0, 1)
    assert {site.name: site.targets for site in now.sites} == {"alfa": 1, "beta": 0, "sleepy": 0}


def test_run_does_all_stages_in_their_order(bench, rivals) -> None:
    """Named stages only, in the fixed order, and an unknown one is a usage error."""
    rivals.ask("alfa", E1, "118.00")
    reports = asyncio.run(run(bench, ["plan", "scrape", "match"]))
    assert [report.stage for report in reports] == ["scrape", "match", "plan"]
    assert decided(bench, "S-1").proposal.outcome is Outcome.CUT
    with pytest.raises(UsageError, match="dance"):
        asyncio.run(run(bench, ["dance"]))


def test_a_stage_that_breaks_is_recorded_as_failed(bench, rivals) -> None:
    """Whatever happens, the run record is closed with what went wrong."""

    async def broken(site):
        raise RuntimeError("the disk is on fire")

    rivals.discover = broken
    with pytest.raises(RuntimeError):
        asyncio.run(scrape(bench))
    (record, *_) = bench.store.runs.recent(stage="scrape")
    assert (record.status, record.message) == ("failed", "RuntimeError: the disk is on fire")
