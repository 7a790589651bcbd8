"""Rules on a real database: which are idle, what the catalogue lacks, and products planned with their family."""

from __future__ import annotations

from dataclasses import replace

from pricewatch.located import parse
from pricewatch.pipeline.idle import idle_rules
from pricewatch.pipeline.insight import explain
from pricewatch.pipeline.plan import plan
from pricewatch.pricing.rules import compile_rulebook
from pricewatch.pricing.settings import PricingSettings

from .conftest import zloty

RULES = """
[[parity]]
family = "custom.model"
size = "number(custom.pieces)"
[[rule]]
name = "before its time"
starts = 2099-01-01
target = "lowest"
[[rule]]
name = "nobody's"
when = "custom.season == 'AW'"
target = "lowest"
[[rule]]
name = "everybody's"
target = { kind = "formula", price = "amount(custom.wanted)" }
"""


def packs(bench):
    """One piece for 10.00 and three for 25.00 that the rules want to cost 35.00."""
    settings = PricingSettings(explicit_floor_is_enough=True)
    made = replace(bench, rulebook=compile_rulebook([parse(RULES, "rules.toml")]), pricing=settings)
    one = next(iter(made.store.catalogue.load().products.values()))
    goods = [
        replace(one, sku=sku, gtin="", price=zloty(price), cost=zloty("1.00"), custom=custom)
        for sku, price, custom in (
            ("ONE", "10.00", {"model": "M", "pieces": "1", "wanted": "10.00"}),
            ("THREE", "25.00", {"model": "M", "pieces": "3", "wanted": "35.00"}),
        )
    ]
    made.store.catalogue.save(goods, at=made.clock.now(), group=made.groups[0])
    return made


def test_rules_that_price_nothing_are_named_with_the_reason(bench):
    """Not its time, or nobody meets its conditions; the plan says which column is missing."""
    made = packs(bench)
    idle = {each.rule: each.reason for each in idle_rules(made)}
    assert idle == {
        "before its time": "it is not used at this time",
        "nobody's": "no product meets its conditions that a rule before it has not taken",
    }
    assert "the catalogue has no column 'season'" in plan(made).report.message


def test_a_product_is_planned_and_explained_with_its_family(bench):
    """Alone it would cost 35.00; beside one piece for 10.00 it costs 30.00, and nobody else is in the plan."""
    made = packs(bench)
    decisions = plan(made, skus=["THREE"]).decisions
    assert [(each.proposal.sku, str(each.proposal.proposed)) for each in decisions] == [("THREE", "30.00 PLN")]
    live = explain(made, "THREE").groups[0].live
    assert (live.proposal.sku, str(live.proposal.proposed)) == ("THREE", "30.00 PLN")
