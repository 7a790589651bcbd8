"""Costs, tax rates and rules that change between a plan and its `apply`: what they forbid is set aside."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pricewatch.domain.money import TaxRate
from pricewatch.located import parse
from pricewatch.pipeline.plan import approve, plan
from pricewatch.pipeline.rollback import rollback
from pricewatch.pricing.rules import compile_rulebook
from pricewatch.pricing.settings import PricingSettings

RULES = """
[[guardrails]]
min_margin = "{margin}"
[[rule]]
name = "cut"
target = {{ kind = "formula", price = "90.00" }}
{own}
"""


def ruled(here, margin="5%", own=""):
    book = compile_rulebook([parse(RULES.format(margin=margin, own=own), "rules.toml")])
    here.bench = replace(here.bench, rulebook=book)


def stocked(here, cost="40.00", **more):
    goods = [here.product(sku, cost=here.money(cost), **more) for sku in here.skus]
    here.store.catalogue.save(goods, at=here.clock.now(), group=here.group)


def approved(scene, **options):
    """Three products that cost us 40.00, cut from 100.00 to 90.00 by an approved plan that was not applied yet."""
    here = scene(**options)
    ruled(here)
    stocked(here)
    made = plan(here.bench)
    approve(here.bench, made.plan.number, None, by="anna")
    return here


def test_a_price_below_the_floor_of_a_cost_that_rose_is_set_aside(scene):
    """A cost of 75.00 needs 97.11: no 90.00 leaves, whoever approved it."""
    here = approved(scene)
    stocked(here, "75.00")
    report = here.publish()
    assert {aside.reason for aside in report.set_aside} == {
        "90.00 PLN is below the floor of 97.11 PLN that catalogue and rules have by now (min_margin 5 %)"
    }
    assert here.woo.shown("A") == "100.00"


def test_a_margin_that_was_raised_after_the_plan_holds(scene):
    """The rules of the day of `apply` count."""
    here = approved(scene)
    ruled(here, margin="60%")
    assert len(here.publish().set_aside) == 3
    assert here.woo.shown("A") == "100.00"


def test_a_limit_of_the_rule_itself_holds_although_it_came_after_the_plan(scene):
    """A rule's own guardrails are those of the rule that prices the product."""
    here = approved(scene)
    ruled(here, own='[rule.guardrails]\nfloor = "95.00"')
    assert len(here.publish().set_aside) == 3
    assert here.woo.shown("A") == "100.00"


def test_a_price_whose_tax_rate_changed_after_the_plan_is_set_aside(scene):
    """It was worked out, and approved, with another one."""
    here = approved(scene)
    here.publish()
    ruled(here, margin="5%")
    here.bench = replace(here.bench, rulebook=compile_rulebook([parse(RULES.format(margin="5%", own="").replace(
        "90.00", "85.00"), "rules.toml")]))  # fmt: skip
    here.clock.advance(minutes=1)
    approve(here.bench, plan(here.bench).plan.number, None, by="anna")
    stocked(here, tax=TaxRate(800))
    report = here.publish()
    assert {aside.reason for aside in report.set_aside} == {"was decided with a VAT rate of 23 %, which is 8 % by now"}


@pytest.mark.parametrize("cost", ["40.00", "60.00"])
def test_what_today_s_floor_allows_is_applied(scene, cost):
    """Nothing changed, or the cost rose and leaves the margin all the same."""
    here = approved(scene)
    stocked(here, cost)
    report = here.publish()
    assert (report.counts["decided"], report.set_aside) == (3, ())
    assert here.shown("A") == ("90.00", "90.00", "90.00")


def test_a_way_back_is_held_to_the_floor_of_today(scene):
    """90.00 was a price before the cost rose to 75.00 and 100.00 before that: back to 90.00 goes nothing."""
    here = approved(scene)
    here.publish()
    here.clock.advance(minutes=1)
    here.apply(dict.fromkeys(here.skus, "99.00"))
    here.clock.advance(minutes=1)
    made = rollback(here.bench, reason="too dear")
    approve(here.bench, made.plan.number, None, by="anna")
    stocked(here, "75.00")
    assert len(here.publish().set_aside) == 3
    assert here.shown("A") == ("99.00", "99.00", "99.00")


@pytest.mark.parametrize("floor", [None, "30.00"])
def test_a_price_whose_cost_was_removed_after_the_plan_is_set_aside(scene, floor):
    """Nobody knows what is left of 90.00 then, not even where a floor of its own would be kept."""
    here = approved(scene)
    here.store.catalogue.save(
        [here.product(sku, floor=floor and here.money(floor)) for sku in here.skus],
        at=here.clock.now(), group=here.group,
    )  # fmt: skip
    report = here.publish()
    assert {aside.reason for aside in report.set_aside} == {"was decided with a cost, and none is known by now"}
    assert here.woo.shown("A") == "100.00"


def test_a_tax_rate_that_changed_is_seen_without_a_cost_and_without_an_earlier_price(scene):
    """The decision knows its rate: an explicit floor is enough to price by, and nothing was published before."""
    here = scene()
    here.bench = replace(here.bench, pricing=PricingSettings(explicit_floor_is_enough=True))
    ruled(here)
    goods = [here.product(sku, floor=here.money("30.00")) for sku in here.skus]
    here.store.catalogue.save(goods, at=here.clock.now(), group=here.group)
    approve(here.bench, plan(here.bench).plan.number, None, by="anna")
    here.store.catalogue.save(
        [replace(each, tax=TaxRate(800)) for each in goods], at=here.clock.now(), group=here.group
    )
    assert {aside.reason for aside in here.publish().set_aside} == {
        "was decided with a VAT rate of 23 %, which is 8 % by now"
    }


def test_a_price_whose_floor_was_removed_after_the_plan_is_set_aside(scene):
    """No floor, no new price: neither by a plan nor by `apply`."""
    here = scene()
    here.bench = replace(here.bench, pricing=PricingSettings(explicit_floor_is_enough=True))
    ruled(here)
    goods = [here.product(sku, floor=here.money("30.00")) for sku in here.skus]
    here.store.catalogue.save(goods, at=here.clock.now(), group=here.group)
    approve(here.bench, plan(here.bench).plan.number, None, by="anna")
    here.store.catalogue.save([replace(one, floor=None) for one in goods], at=here.clock.now(), group=here.group)
    assert {aside.reason for aside in here.publish().set_aside} == {
        "90.00 PLN has no floor by now that it could keep: neither a cost nor a floor of its own is known"
    }
