"""A plan of some products, which reads no more than they need."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from pricewatch.domain.match import MatchStatus
from pricewatch.pipeline.match import match
from pricewatch.pipeline.plan import approve, plan
from pricewatch.pipeline.publish import publish
from pricewatch.pipeline.scrape import scrape
from pricewatch.ports import Freeze
from pricewatch.pricing.settings import PricingSettings

from .conftest import GTINS, zloty
from .test_rules_at_work import packs


def test_a_plan_of_one_product_decides_it_as_a_plan_of_all_does(bench):
    """Each product with its family and its market: the same price, limits and reasons."""
    made = packs(bench)
    whole = {decision.proposal.sku: decision.proposal for decision in plan(made).decisions}
    assert len(whole) > 2
    for sku, proposal in whole.items():
        (alone,) = plan(made, skus=[sku]).decisions
        assert alone.proposal == proposal


def test_a_plan_of_changes_looks_at_what_was_written_and_at_nothing_else(bench, rivals, clock):
    """A rival's price, a cost, a freeze and a match, on both databases; all after an interrupted plan of all."""
    made = replace(bench, pricing=PricingSettings(changes_up_to="100%"))
    for site, gtin in (("alfa", GTINS[0]), ("beta", GTINS[0]), ("alfa", GTINS[1])):
        rivals.ask(site, gtin, "118.00")
    asyncio.run(scrape(made))
    match(made)
    assert len(plan(made, changed=True).decisions) == 4
    approve(made, None, None, by="ann")
    asyncio.run(publish(made))

    def looked_at() -> set[str]:
        return {one.proposal.sku for one in plan(made, changed=True).decisions}

    looked_at()
    assert looked_at() == set()
    clock.advance(hours=1)
    rivals.ask("beta", GTINS[0], "117.50")
    asyncio.run(scrape(made))
    assert looked_at() == {"S-1"}
    assert looked_at() == {"S-1"}  # its new price is not in force yet
    approve(made, None, None, by="ann")
    asyncio.run(publish(made))
    assert looked_at() == {"S-1"}
    product = made.store.catalogue.get("S-2")
    made.store.catalogue.save([replace(product, cost=zloty("61.00"))], at=clock.now(), group=made.groups[0])
    made.store.catalogue.freeze(Freeze("S-4", "shelf", "ann"))
    assert looked_at() == {"S-2", "S-4"}
    (found,) = made.store.matches.of_sku("S-2")
    made.store.matches.save([replace(found, status=MatchStatus.REJECTED, decided_by="ann")])
    assert looked_at() == {"S-2"}
    made.store.plans.begin_afresh()
    assert len(looked_at()) == 4
