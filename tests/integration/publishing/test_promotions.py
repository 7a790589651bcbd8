"""An announced reduction from its plan to the channels, and back again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from publishing_scene import SKUS, START

from pricewatch.located import parse
from pricewatch.pipeline.plan import approve, plan
from pricewatch.pricing.rules import compile_rulebook
from pricewatch.pricing.settings import PricingSettings

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


def test_the_way_back_at_the_end_waits_for_approval(scene):
    """Who approved the start did not approve the end: the price stays at 80.00 and names no prior price any more."""
    shop = promoting(scene, rules=RULES.replace('{{ kind = "formula", price = "103.00" }}', '"keep"'))
    promoted = SKUS[0]
    shop.clock.advance(hours=25)
    run(shop)
    shop.clock.advance(hours=25)
    (decision,) = [each for each in plan(shop.bench).decisions if each.proposal.sku == promoted]
    assert (decision.proposal.proposed.text, decision.status.value) == ("100.00", "pending")
    assert shop.store.prices.current("default")[promoted].announced_at(shop.clock.now()) is None
