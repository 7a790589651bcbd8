"""Other rules, another market, the prior price, and the way back: what a pricing manager asks before and after."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import pytest

from pricewatch.domain.decision import DecisionStatus, Outcome
from pricewatch.domain.errors import UsageError
from pricewatch.located import parse
from pricewatch.pipeline.catalogue import import_catalogue
from pricewatch.pipeline.compare import Shock, rule_diff, what_if
from pricewatch.pipeline.inbox import inbox
from pricewatch.pipeline.match import match
from pricewatch.pipeline.plan import approve, chosen_by, plan, reject
from pricewatch.pipeline.prior import prior_price_of
from pricewatch.pipeline.publish import publish
from pricewatch.pipeline.rollback import rollback, version_of_run
from pricewatch.pipeline.scrape import scrape
from pricewatch.pricing.rules import compile_rulebook
from pricewatch.pricing.settings import PricingSettings

from .conftest import GTINS, RULES, zloty

E1, E2 = GTINS[:2]


@pytest.fixture
def priced(bench, rivals):
    """Two products with rivals, planned, approved and in the price list."""
    rivals.ask("alfa", E1, "117.00")
    rivals.ask("beta", E1, "118.00")
    rivals.ask("alfa", E2, "110.00")
    apply(bench)
    return bench


def apply(bench):
    """Scrape, match, plan, approve everything, apply; returns the publish run."""
    asyncio.run(scrape(bench))
    match(bench)
    made = plan(bench).plan
    approve(bench, made.number, None, by="ann")
    return asyncio.run(publish(bench)).run


def prices(bench) -> dict[str, str]:
    return {sku: str(entry.gross) for sku, entry in bench.store.prices.current("default").items()}


def cheaper(bench, rivals, clock) -> int:
    """Rivals go down, and we follow, a day later."""
    clock.advance(days=1)
    rivals.ask("alfa", E1, "101.00")
    rivals.ask("beta", E1, "102.00")
    return apply(bench)


# --- side by side ----------------------------------------------------------------------------------------------


def test_edited_rules_are_compared_without_a_trace(priced) -> None:
    """Only products that would get another price are named; nothing is saved."""
    edited = compile_rulebook([parse(RULES.replace('"-1%"', '"-5%"'), "edited.toml")])
    before = priced.store.plans.get()
    found = rule_diff(priced, edited)
    assert {each.after.sku: str(each.after.proposed) for each in found.differences} == {
        "S-1": "110.99 PLN",
        "S-2": "104.99 PLN",
    }
    assert found.products == 4
    assert priced.store.plans.get() == before
    assert rule_diff(priced, priced.rulebook).differences == ()


def test_one_product_is_compared_with_its_family_in_mind(priced) -> None:
    """Edited rules that make all lamps cost the same answer for one lamp what they answer for it among all."""
    goods = priced.store.catalogue.load().products
    alike = [replace(goods[sku], custom={"style": "lamp"}) for sku in ("S-1", "S-2")]
    priced.store.catalogue.save(alike, at=priced.clock.now(), group=priced.groups[0])
    family = '[[parity]]\nname = "lamps"\nfamily = "custom.style"\n'
    edited = compile_rulebook([parse(RULES.replace('"-1%"', '"-5%"') + family, "edited.toml")])
    among_all = {each.after.sku: each.after.proposed for each in rule_diff(priced, edited).differences}
    alone = rule_diff(priced, edited, ["S-2"])
    assert {each.after.sku: each.after.proposed for each in alone.differences} == {"S-2": among_all["S-2"]}
    assert alone.products == sum(alone.before.values()) == sum(alone.after.values()) == 1


def test_a_rival_that_drops_ten_percent_is_answered(priced) -> None:
    """One rival moves: only its products get another price; names count in any case."""
    found = what_if(priced, Shock(("ALFA",), price=-1_000))
    assert {each.after.sku: str(each.after.proposed) for each in found.differences} == {
        "S-1": "103.99 PLN",
        "S-2": "97.99 PLN",
    }
    assert what_if(priced, Shock(("beta",), price=-10)).differences == ()


def test_a_rival_that_leaves_counts_no_more(priced) -> None:
    """Without the lowest the next one is followed."""
    found = what_if(priced, Shock(("alfa",), gone=True))
    assert str(next(each.after for each in found.differences if each.after.sku == "S-1").proposed) == "116.99 PLN"


def test_costs_that_rise_push_the_floor(priced) -> None:
    """A cost 60 % higher lifts the floor above the rivals."""
    found = what_if(priced, Shock(cost=6_000))
    assert all(each.after.proposed > each.before.proposed for each in found.differences if each.after.proposed)
    assert len(found.differences) == 4


def test_nobody_of_that_name_is_a_usage_error(priced) -> None:
    """A mistyped rival is not silently nobody, and a product that we do not have neither."""
    with pytest.raises(UsageError, match="alpha") as caught:
        what_if(priced, Shock(("alpha",), price=-1_000))
    assert "alfa" in caught.value.hint
    with pytest.raises(UsageError, match="not every named product"):
        what_if(priced, Shock(price=-1_000), ["S-1", "S-99"])


# --- the prior price -------------------------------------------------------------------------------------------


def test_the_prior_price_is_the_lowest_of_the_window(priced, rivals, clock) -> None:
    """A day at 115.99 and then 99.99: a reduction that begins two days later is measured from 99.99."""
    cheaper(priced, rivals, clock)
    clock.advance(days=2)
    (found,) = prior_price_of(priced, "S-1")
    assert (str(found.price), str(found.current)) == ("99.99 PLN", "99.99 PLN")
    assert [str(own.gross) for own in found.changes][-2:] == ["115.99 PLN", "99.99 PLN"]


def test_a_reduction_may_begin_on_another_day(priced, rivals, clock) -> None:
    """When the low price is older than the window it counts no more, unless it is still in force."""
    today = clock.now().date()
    (found,) = prior_price_of(priced, "S-1", on=date(today.year + 1, today.month, 1))
    assert str(found.price) == "115.99 PLN"
    assert (found.last_day - found.first_day).days == 29


def test_without_history_nothing_may_be_announced(bench) -> None:
    """A product whose price was never ours has no prior price, and it is said."""
    (found,) = prior_price_of(bench, "S-4", on=bench.clock.now().date())
    assert found.price is None
    assert "unknown" in found.reason
    for unknown in ({"sku": "S-99"}, {"sku": "S-1", "group": "none"}, {"sku": "S-1", "channel": "none"}):
        with pytest.raises(UsageError):
            prior_price_of(bench, **unknown)


# --- the way back ----------------------------------------------------------------------------------------------


def test_a_run_is_undone_by_the_ordinary_way(priced, rivals, clock) -> None:
    """The old prices become a plan, wait for approval, and a new version of the price list."""
    before = prices(priced)
    run = cheaper(priced, rivals, clock)
    assert prices(priced) != before
    made = rollback(priced, undo=version_of_run(priced, run), reason="wrong feed")
    assert [decision.status for decision in made.decisions] == [DecisionStatus.PENDING]
    assert "wrong feed" in made.decisions[0].proposal.reasons[0].text
    approve(priced, made.plan.number, None, by="ann")
    asyncio.run(publish(priced))
    assert prices(priced) == before
    assert priced.store.prices.version().version == 3
    assert priced.store.prices.verify_chain() == ()


def test_a_way_back_may_be_longer_than_a_step(priced, rivals, clock) -> None:
    """Step limits hold a rule, not a person who goes back."""
    cheaper(priced, rivals, clock)
    limited = compile_rulebook([parse(RULES.replace('"10%"', '"10%"\nmax_raise = "1%"'), "rules/test.toml")])
    object.__setattr__(priced, "rulebook", limited)
    made = rollback(priced, reason="back")
    assert [(d.proposal.outcome, str(d.proposal.proposed)) for d in made.decisions] == [(Outcome.RAISE, "115.99 PLN")]


def test_a_preview_is_the_plan_that_would_be_made(bench, rivals) -> None:
    """A first reading at 1.00 is doubted by both; released by a person it counts for both."""
    for site, price in (("alfa", "100.00"), ("beta", "1.00")):
        rivals.ask(site, E1, price)
    asyncio.run(scrape(bench))
    match(bench)

    def asked(save: bool) -> list[str]:
        return [str(each.proposal.proposed) for each in plan(bench, skus=["S-1"], save=save).decisions]

    assert asked(save=False) == ["98.99 PLN"]
    assert not bench.store.sightings.quarantined()
    assert asked(save=True) == ["98.99 PLN"]
    (held,) = bench.store.sightings.quarantined()
    bench.store.sightings.release([held.id], by="ann")
    assert asked(save=False) == asked(save=True) == ["82.99 PLN"]


def test_the_first_version_goes_back_to_the_prices_that_it_started_from(priced) -> None:
    """There is no price list before it: the way back leads to 119.99, the price of the catalogue."""
    made = rollback(priced, reason="all wrong")
    assert {d.proposal.sku: str(d.proposal.proposed) for d in made.decisions} == {
        "S-1": "119.99 PLN",
        "S-2": "119.99 PLN",
    }
    assert "before the first price list: all wrong" in made.decisions[0].proposal.reasons[0].text


def test_a_way_back_may_be_smaller_than_the_smallest_change_and_next_to_an_ending(priced, rivals, clock) -> None:
    """It leads to exactly the prices of then, on the grosz."""
    cheaper(priced, rivals, clock)
    text = RULES.replace('".99"', '"9.00"').replace('"10%"', '"10%"\nmin_change = "50.00"')
    object.__setattr__(priced, "rulebook", compile_rulebook([parse(text, "rules/test.toml")]))
    made = rollback(priced, reason="back")
    assert [(d.proposal.outcome, str(d.proposal.proposed)) for d in made.decisions] == [(Outcome.RAISE, "115.99 PLN")]


def test_a_deepened_reduction_does_not_run_away(priced, clock) -> None:
    """20 % off, deepened to 25 % by an edit; the day after nothing was edited, and nothing changes."""
    dates = "starts = 2026-01-01\nends = 2026-12-31\nannounced = true\npriority = 9\n"
    shown = []
    for off in ("20%", "20%", "25%", "25%", "25%"):
        promotion = f'\n[[rule]]\nname = "sale"\n{dates}target = "prior"\nadjust = "-{off}"\n'
        object.__setattr__(priced, "rulebook", compile_rulebook([parse(RULES + promotion, "rules/test.toml")]))
        clock.advance(days=1)
        apply(priced)
        shown.append(prices(priced)["S-1"])
    assert shown == ["92.99 PLN", "92.99 PLN", "86.99 PLN", "86.99 PLN", "86.99 PLN"]


def test_no_way_leads_back_to_an_announced_reduction(priced) -> None:
    """Its prior price was that of then: only a rule finds the one of today."""
    dates = "starts = 2026-01-01\nends = 2026-12-31\nannounced = true\npriority = 9\n"
    promotion = f'\n[[rule]]\nname = "sale"\n{dates}target = "prior"\nadjust = "-10%"\n'
    rules = priced.rulebook
    object.__setattr__(priced, "rulebook", compile_rulebook([parse(RULES + promotion, "rules/test.toml")]))
    priced.clock.advance(days=1)
    apply(priced)
    reduced = priced.store.prices.version().version
    assert priced.store.prices.current("default")["S-1"].announcement is not None
    object.__setattr__(priced, "rulebook", rules)
    priced.clock.advance(days=1)
    apply(priced)
    made = rollback(priced, to=reduced, skus=["S-1"], reason="back to the sale")
    (decision,) = made.decisions
    assert decision.proposal.outcome is Outcome.HOLD
    assert "only a rule announces one" in decision.proposal.reasons[-1].text


def test_no_way_back_below_todays_floor(priced, rivals, clock) -> None:
    """Costs rose since: the old low price is below the floor, and stays what it is."""
    cheaper(priced, rivals, clock)
    low = priced.store.prices.version().version
    clock.advance(days=1)
    rivals.ask("alfa", E1, "140.00")
    rivals.ask("beta", E1, "141.00")
    apply(priced)
    products = list(priced.store.catalogue.load().products.values())
    dearer = [replace(product, cost=zloty("85.00")) for product in products]
    import_catalogue(priced, dearer, source="test")
    made = rollback(priced, to=low, skus=["S-1"], reason="back")
    (decision,) = made.decisions
    assert decision.proposal.outcome is Outcome.HOLD
    assert "below today's floor" in decision.proposal.reasons[-1].text


def test_a_way_back_needs_a_reason_and_a_place_to_go(bench, priced) -> None:
    """No reason, no such version, no such run, a run that changed nothing, nothing that differs: each says so."""
    scraped = asyncio.run(scrape(priced)).run
    for call, words in (
        (lambda: rollback(priced, reason=" "), "reason"),
        (lambda: rollback(priced, to=99, reason="x"), "no version 99"),
        (lambda: rollback(priced, to=1, reason="x"), "no price differs"),
        (lambda: version_of_run(priced, 9_999), "no run 9999"),
        (lambda: version_of_run(priced, scraped), "changed no price"),
    ):
        with pytest.raises(UsageError, match=words):
            call()


# --- who approves ----------------------------------------------------------------------------------------------


@pytest.fixture
def undecided(bench, rivals):
    """A plan with one large and one small change that wait, where large ones need two people."""
    rivals.ask("alfa", E1, "100.00")
    rivals.ask("alfa", E2, "117.00")
    object.__setattr__(bench, "pricing", PricingSettings(approve_up_to="0%", four_eyes_above="10%"))
    asyncio.run(scrape(bench))
    match(bench)
    return bench, plan(bench).plan.number


def test_a_large_change_needs_two_people(undecided) -> None:
    """The first approval is noted and the price waits; the same person cannot be the second one."""
    bench, number = undecided
    assert approve(bench, number, None, by="ann") == 1
    assert approve(bench, number, None, by="Ann") == 0
    (left,) = bench.store.plans.decisions(number, status=DecisionStatus.PENDING)
    assert (left.proposal.sku, left.decided_by) == ("S-1", "ann")
    assert {item.what: item.count for item in inbox(bench)} == {
        "prices that a second person must approve": 1,
        "approved prices to apply": 1,
    }
    assert approve(bench, number, ["S-1"], by="ben") == 1
    assert {d.decided_by for d in bench.store.plans.decisions(number, sku="S-1")} == {"ann and ben"}


def test_one_person_may_still_reject(undecided) -> None:
    """A no needs no second person, and a half approved price is rejected like any other."""
    bench, number = undecided
    approve(bench, number, None, by="ann")
    assert reject(bench, number, None, by="ben") == 1
    assert not bench.store.plans.decisions(number, status=DecisionStatus.PENDING)


def test_pending_changes_are_chosen_by_way_and_size(undecided) -> None:
    """Filters name what passes; nothing else is touched."""
    bench, number = undecided
    assert chosen_by(bench, number, outcome=Outcome.CUT) == ("S-1", "S-2")
    assert chosen_by(bench, number, outcome=Outcome.RAISE) == ()
    assert chosen_by(bench, number, up_to=500) == ("S-2",)


def test_the_inbox_is_empty_when_nothing_waits(priced) -> None:
    """After everything was applied nobody has to look at anything."""
    assert inbox(priced) == ()
    priced.store.control.stop(at=priced.clock.now(), by="ann", reason="holiday")
    assert [item.what for item in inbox(priced)] == ["publishing is stopped"]
