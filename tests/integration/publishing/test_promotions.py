"""An announced reduction from its plan to the channels, and back again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from publishing_scene import SKUS, START

from pricewatch.located import parse
from pricewatch.pipeline.inbox import inbox
from pricewatch.pipeline.plan import approve, plan, reject
from pricewatch.pricing.rules import compile_rulebook
from pricewatch.pricing.settings import BreakerSettings, PricingSettings

RULES = """
[[guardrails]]
max_cut = "5%"
max_raise = "5%"
dwell = "1w"
[[rule]]
name = "promotion"
priority = 1
when = "sku == '{sku}'"
starts = {starts}
ends = {ends}
announced = true
target = "prior"
adjust = "-20%"
[[rule]]
name = "otherwise"
target = {{ kind = "formula", price = "103.00" }}
"""


def promoting(scene, *, days=1, rules=RULES):
    """A shop that cuts one product by 20 % from tomorrow noon for some days; every product has a floor of 50.00."""
    shop = scene()
    begins, over = START + timedelta(days=1), START + timedelta(days=1 + days)
    text = rules.format(sku=SKUS[0], starts=begins.isoformat(), ends=over.isoformat())
    settings = PricingSettings(explicit_floor_is_enough=True)
    shop.bench = replace(shop.bench, rulebook=compile_rulebook([parse(text, "rules.toml")]), pricing=settings)
    floored = [shop.product(sku, floor=shop.money("50.00")) for sku in shop.skus]
    shop.store.catalogue.save(floored, at=START, group=shop.group)
    return shop


def run(shop):
    """Plan, approve everything, publish."""
    made = plan(shop.bench)
    approve(shop.bench, made.plan.number, None, by="anna")
    shop.publish()


def test_a_reduction_is_published_with_its_prior_price_and_ends_by_itself(scene):
    """100.00 until yesterday: 80.00 with a prior price of 100.00; afterwards 103.00 at once, and no prior price."""
    shop = promoting(scene)
    promoted = SKUS[0]
    shop.clock.advance(hours=25)
    run(shop)
    entry = shop.store.prices.current("default")[promoted]
    assert (entry.gross.text, entry.announcement.prior.text) == ("80.00", "100.00")
    assert entry.announcement.ends == START + timedelta(days=2)
    assert shop.feed_prices()[promoted] == "80.00"
    other = shop.store.prices.current("default")[SKUS[1]]
    assert other.announcement is None
    shop.clock.advance(hours=1)
    assert plan(shop.bench).plan.counts.get("keep") == len(SKUS)
    shop.clock.advance(hours=24)
    run(shop)
    entry = shop.store.prices.current("default")[promoted]
    assert (entry.gross.text, entry.announcement) == ("103.00", None)
    announced = [price.announced for price in shop.store.prices.own_history(promoted, "default")]
    assert announced == [False, True, False]


def test_a_reduction_of_several_days_keeps_its_price_and_its_prior_price_and_then_the_regular_price(scene):
    """80.00 from 100.00 on each of three days, whatever else is planned; to keep the price then means the 100.00."""
    rules = RULES.replace('{{ kind = "formula", price = "103.00" }}', '"keep"')
    shop = promoting(scene, days=3, rules=rules)
    promoted = SKUS[0]
    shop.clock.advance(hours=25)
    for _ in range(3):
        run(shop)
        entry = shop.store.prices.current("default")[promoted]
        assert (entry.gross.text, entry.announcement.prior.text) == ("80.00", "100.00")
        shop.clock.advance(hours=24)
    run(shop)
    entry = shop.store.prices.current("default")[promoted]
    assert (entry.gross.text, entry.announcement) == ("100.00", None)
    assert shop.feed_prices()[promoted] == "100.00"
    assert [each.gross.text for each in shop.store.prices.own_history(promoted, "default")] == [
        "100.00",
        "80.00",
        "100.00",
    ]


def test_a_reduction_of_another_day_is_set_aside(scene):
    """Its prior price is that of the day it was planned for; tomorrow's may be lower."""
    shop = promoting(scene)
    shop.clock.advance(hours=25)
    made = plan(shop.bench)
    approve(shop.bench, made.plan.number, None, by="anna")
    shop.clock.advance(hours=13)
    report = shop.publish()
    assert [(each.item, each.reason.partition(" for ")[0]) for each in report.set_aside] == [
        (SKUS[0], "its reduction was planned")
    ]
    assert shop.store.prices.current("default")[SKUS[0]].gross.text == "100.00"


KEEPING = RULES.replace('{{ kind = "formula", price = "103.00" }}', '"keep"')


def over(scene, **pricing):
    """A promotion of 80.00 that ran, was approved by a person, and whose last day is over: the plan of then."""
    shop = promoting(scene, rules=KEEPING)
    shop.bench = replace(shop.bench, pricing=shop.bench.pricing.model_copy(update=pricing))
    shop.clock.advance(hours=25)
    run(shop)
    shop.clock.advance(hours=25)
    return shop


def test_who_approved_a_promotion_has_approved_its_stated_end(scene):
    """The way back to exactly the price before it waits for nobody, and says why."""
    shop = over(scene)
    (decision,) = [each for each in plan(shop.bench).decisions if each.proposal.sku == SKUS[0]]
    assert (decision.proposal.proposed.text, decision.status.value, decision.decided_by) == (
        "100.00", "approved", "promotion",
    )  # fmt: skip
    shop.publish()
    entry = shop.store.prices.current("default")[SKUS[0]]
    assert (entry.gross.text, entry.announcement, entry.approved_by) == ("100.00", None, "promotion")


@pytest.mark.parametrize("pricing", [{"ends_approved": False}, {"four_eyes_above": 2_000}])
def test_the_end_waits_where_the_configuration_says_so(scene, pricing):
    """25 % up is more than one person may approve, or every end asks for a person: inbox names what still runs."""
    shop = over(scene, **pricing)
    (decision,) = [each for each in plan(shop.bench).decisions if each.proposal.sku == SKUS[0]]
    assert (decision.proposal.proposed.text, decision.status.value) == ("100.00", "pending")
    assert ("promotions that are over", 1) in {(each.what, each.count) for each in inbox(shop.bench)}


def test_a_way_back_that_a_guardrail_changes_waits_for_a_person(scene):
    """The cost rose meanwhile: 130.00 is not the price that anybody approved."""
    shop = over(scene)
    dearer = [shop.product(sku, floor=shop.money("130.00")) for sku in shop.skus]
    shop.store.catalogue.save(dearer, at=shop.clock.now(), group=shop.group)
    (decision,) = [each for each in plan(shop.bench).decisions if each.proposal.sku == SKUS[0]]
    assert (decision.proposal.proposed.text, decision.status.value) == ("130.00", "pending")


def test_a_promotion_that_goes_on_is_not_ended(scene):
    """Before its last day is over nothing is approved with it: a rule taken out early waits for a person."""
    shop = promoting(scene, days=3, rules=KEEPING)
    shop.clock.advance(hours=25)
    run(shop)
    shop.clock.advance(hours=25)
    text = '[[rule]]\nname = "otherwise"\ntarget = "keep"\n'
    shop.bench = replace(shop.bench, rulebook=compile_rulebook([parse(text, "rules.toml")]))
    (decision,) = [each for each in plan(shop.bench).decisions if each.proposal.sku == SKUS[0]]
    assert (decision.proposal.proposed.text, decision.status.value) == ("100.00", "pending")


def test_a_plan_says_what_its_approval_says_of_the_end(scene):
    """Before anybody approves, in words."""
    shop = promoting(scene, rules=KEEPING)
    shop.clock.advance(hours=25)
    (told,) = plan(shop.bench).ends
    assert told == (
        "1 announced reduction with a stated end: the way back to exactly the price before is approved with it, to any "
        "other price it is not"
    )


def test_a_plan_says_that_a_temporary_price_promises_nothing_of_its_end(scene):
    """A rule that ends and announces nothing is followed by a decision like any other."""
    shop = promoting(scene, rules=KEEPING.replace("announced = true", ""))
    shop.clock.advance(hours=25)
    assert plan(shop.bench).ends == ("1 price of rules that end: what follows is another decision to approve",)


def wary(shop):
    """Hardly any change passes the breakers of this shop."""
    limits = BreakerSettings(min_products=1, max_changed="1%", max_average_move="1%")
    shop.bench = replace(shop.bench, pricing=shop.bench.pricing.model_copy(update={"breakers": limits}))
    return shop


def test_the_way_back_from_many_promotions_trips_no_breaker(scene):
    """25 % on average is no abnormal run where a person approved every one of the moves."""
    shop = wary(over(scene))
    made = plan(shop.bench)
    (decision,) = [each for each in made.decisions if each.proposal.sku == SKUS[0]]
    assert (made.plan.breakers, decision.status.value, decision.decided_by) == ((), "approved", "promotion")


def test_a_run_that_others_make_abnormal_stops_the_way_back_too(scene):
    """A breaker that other moves trip stops the whole plan."""
    shop = wary(over(scene))
    dearer = [shop.product(sku, floor=shop.money("130.00" if sku == SKUS[1] else "50.00")) for sku in shop.skus]
    shop.store.catalogue.save(dearer, at=shop.clock.now(), group=shop.group)
    made = plan(shop.bench)
    (decision,) = [each for each in made.decisions if each.proposal.sku == SKUS[0]]
    assert made.plan.breakers
    assert (decision.proposal.proposed.text, decision.status.value) == ("100.00", "pending")


def test_a_person_refuses_a_way_back_before_it_is_applied(scene):
    """Named and rejected, the promotional price stays."""
    shop = over(scene)
    number = plan(shop.bench).plan.number
    assert reject(shop.bench, number, [SKUS[0]], by="anna") == 1
    shop.publish()
    assert shop.store.prices.current("default")[SKUS[0]].gross.text == "80.00"


def test_a_promotion_ends_on_the_day_that_was_announced_though_its_rule_was_made_longer(scene):
    """Nobody approved the longer one: the price before comes back, and no other reduction follows by itself."""
    shop = promoting(scene, rules=KEEPING)
    shop.clock.advance(hours=25)
    run(shop)
    begins = START + timedelta(days=1)
    text = KEEPING.format(sku=SKUS[0], starts=begins.isoformat(), ends=(begins + timedelta(days=9)).isoformat())
    shop.bench = replace(shop.bench, rulebook=compile_rulebook([parse(text, "rules.toml")]))
    shop.clock.advance(hours=1)
    assert plan(shop.bench).plan.counts.get("keep") == len(SKUS)
    shop.clock.advance(hours=24)
    (decision,) = [each for each in plan(shop.bench).decisions if each.proposal.sku == SKUS[0]]
    assert (decision.proposal.proposed.text, decision.decided_by) == ("100.00", "promotion")
    shop.publish()
    assert shop.feed_prices()[SKUS[0]] == "100.00"
    (after,) = [each for each in plan(shop.bench).decisions if each.proposal.sku == SKUS[0]]
    assert after.status.value != "approved"
