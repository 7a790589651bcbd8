"""What a plan would bring: by rule, and in money if buyers buy as they did."""

from __future__ import annotations

from pricewatch.domain.decision import Outcome
from pricewatch.pricing.engine import decide
from pricewatch.pricing.impact import Impact
from pricewatch.pricing.plan import PlanFrame
from pricewatch.pricing.settings import PricingSettings

from .market import Ours, Theirs, book, frame

RULES = """
[[rule]]
name = "tools: it's the lowest"
when = "brand == 'Bosch'"
target = "lowest"
[[rule]]
name = "others"
when = "brand == 'Makita'"
target = "keep"
"""


def planned(*products: Ours) -> PlanFrame:
    offers = [Theirs(11_070, product=row) for row in range(len(products))]
    return decide(frame(products, offers), book(RULES), PricingSettings(explicit_floor_is_enough=True))


def test_one_piece_of_each_is_counted_where_no_sale_is_known() -> None:
    """From 98.40 to 110.70 at 23 % VAT and a cost of 50.00: net 80.00 and 90.00, so 30.00 and 40.00 of profit."""
    found = Impact.of(planned(Ours(current=9_840), Ours(sku="M", brand="Makita")))
    assert (found.products, found.sold) == (1, False)
    assert (found.revenue, found.profit, found.costless) == ((9_840, 11_070), (3_000, 4_000), 0)


def test_pieces_of_the_last_28_days_count_where_sales_are_known() -> None:
    """Seven pieces of one product, and none of the other one."""
    found = Impact.of(planned(Ours(current=9_840, sold=7), Ours(sku="B", current=9_840, sold=0)))
    assert (found.products, found.sold, found.revenue, found.profit) == (2, True, (68_880, 77_490), (21_000, 28_000))


def test_products_without_a_cost_bring_revenue_and_an_unknown_profit() -> None:
    """They are counted apart, not as free."""
    found = Impact.of(planned(Ours(current=9_840, cost=None, floor=5_000)))
    assert (found.revenue, found.profit, found.costless) == ((9_840, 11_070), (0, 0), 1)


def test_huge_sums_are_exact() -> None:
    """Beyond 64 bits: 2,000 products of ten million złoty, sixteen million pieces each."""
    plan = planned(*(Ours(sku=str(row), current=1_000_000_000, cost=1, sold=2**24) for row in range(2_000)))
    assert Impact.of(plan).products == 0
    plan = decide(
        frame([Ours(sku=str(row), current=1_000_000_000, cost=1, sold=2**24) for row in range(2_000)],
              [Theirs(1_000_000_001, product=row) for row in range(2_000)]),
        book(RULES), PricingSettings(),
    )  # fmt: skip
    assert Impact.of(plan).revenue == (2_000 * 2**24 * 1_000_000_000, 2_000 * 2**24 * 1_000_000_001)


def test_outcomes_are_counted_by_rule() -> None:
    """By its name as it is written; what no rule priced stands apart."""
    plan = planned(Ours(), Ours(sku="M", brand="Makita"), Ours(sku="L", brand="Lego"), Ours(sku="B", current=11_070))
    assert plan.decided().by_rule() == {
        "tools: it's the lowest": {Outcome.RAISE: 1, Outcome.KEEP: 1},
        "others": {Outcome.KEEP: 1},
        "no rule": {Outcome.HOLD: 1},
    }
