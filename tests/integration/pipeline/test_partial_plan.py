"""A plan of some products, which reads no more than they need."""

from __future__ import annotations

from pricewatch.pipeline.plan import plan

from .test_rules_at_work import packs


def test_a_plan_of_one_product_decides_it_as_a_plan_of_all_does(bench):
    """Each product with its family and its market: the same price, limits and reasons."""
    made = packs(bench)
    whole = {decision.proposal.sku: decision.proposal for decision in plan(made).decisions}
    assert len(whole) > 2
    for sku, proposal in whole.items():
        (alone,) = plan(made, skus=[sku]).decisions
        assert alone.proposal == proposal
