"""Variants and pack sizes: prices that fit together, whichever of the changes a person approves."""

from __future__ import annotations

from itertools import pairwise
from itertools import product as combinations
from random import Random

import pytest

from pricewatch.domain.decision import Outcome
from pricewatch.domain.money import TaxRate
from pricewatch.domain.product import Product
from pricewatch.pricing.engine import decide
from pricewatch.pricing.parity import relatives
from pricewatch.pricing.plan import PlanFrame
from pricewatch.pricing.settings import PricingSettings

from .market import NOW, Ours, Theirs, book, frame

PACKS = '[[parity]]\nname = "packs"\nfamily = "custom.model"\nsize = "number(custom.pieces)"\n'
VARIANTS = '[[parity]]\nname = "colours"\nfamily = "custom.model"\n'
RULE = '[[rule]]\nname = "r"\ntarget = "lowest"\n'


def planned(
    parity: str, current: list[int], rivals: list[int], sizes: list[str], limits: str = "", **more: int
) -> PlanFrame:
    """Each product follows the one offer for it; all are of one family."""
    products = [
        Ours(sku=f"P{row}", current=price, cost=100, custom={"model": "M", "pieces": size}, **more)
        for row, (price, size) in enumerate(zip(current, sizes, strict=True))
    ]
    offers = [Theirs(price, product=row) for row, price in enumerate(rivals)]
    return decide(frame(products, offers), book(RULE + limits + parity), PricingSettings())


def prices(plan: PlanFrame) -> list[int]:
    return [(each.proposed or each.current).minor for each in plan.proposals()]


def test_a_bigger_pack_is_brought_down_to_the_unit_price_of_the_smaller_one() -> None:
    """Three for 31.00 beside one for 10.00: at most 30.00, and the reason says why."""
    plan = planned(PACKS, [1_000, 2_500], [1_000, 3_100], ["1", "3"])
    assert prices(plan) == [1_000, 3_000]
    reason = list(plan.proposals())[1].reasons[-1]
    assert (reason.step, reason.before, reason.after) == ("parity", 3_100, 3_000)
    assert "a bigger pack is not dearer per unit (packs)" in reason.text


def test_a_smaller_pack_is_not_cut_below_the_unit_price_of_the_bigger_one() -> None:
    """Three cost 27.00: one goes down to 9.00 and not to 8.00."""
    assert prices(planned(PACKS, [1_000, 2_700], [800, 2_700], ["1", "3"])) == [900, 2_700]


def test_parity_goes_to_an_allowed_ending_or_holds() -> None:
    """9.99 for one is 29.97 for three: 28.99 is inside; where no ending is left the old price stays."""
    limits = 'guardrails.endings = [".99"]\n'
    assert prices(planned(PACKS, [999, 2_500], [999, 3_100], ["1", "3"], limits)) == [999, 2_899]
    plan = planned(PACKS, [999, 2_899], [999, 3_100], ["1", "3"], limits)
    proposal = list(plan.proposals())[1]
    assert (proposal.outcome, proposal.proposed) == (Outcome.HOLD, None)
    assert plan.holds == {"parity": 1}


def test_more_can_be_allowed_and_sizes_that_cannot_be_read_are_left_alone() -> None:
    """10 % more per unit; a product without a size has no unit price."""
    allowed = PACKS + 'allow = "10%"\n'
    assert prices(planned(allowed, [1_000, 2_500], [1_000, 3_500], ["1", "3"])) == [1_000, 3_300]
    assert prices(planned(PACKS, [1_000, 2_500], [1_000, 3_500], ["1", "three"])) == [1_000, 3_500]


@pytest.mark.parametrize("seed", range(20))
def test_packs_fit_together_whichever_changes_are_approved(seed: int) -> None:
    """Random families that fit: every choice of approvals fits, and each price is between the old and the planned."""
    random = Random(seed)
    sizes = random.sample([1, 2, 3, 5, 8], random.randint(2, 4))
    unit = random.randint(500, 900)
    current = [unit * size - random.randint(0, 20) * size * (size - 1) // 2 for size in sizes]
    units = sorted(zip(sizes, current, strict=True))
    if any(high * small > low * big for (small, low), (big, high) in pairwise(units)):
        current = [unit * size for size in sizes]
    rivals = [price * random.randint(70, 130) // 100 for price in current]
    free = planned("", current, rivals, list(map(str, sizes)))
    plan = planned(PACKS, current, rivals, list(map(str, sizes)))
    for old, wished, new in zip(current, prices(free), prices(plan), strict=True):
        assert min(old, wished) <= new <= max(old, wished)
    choices = combinations(*zip(current, prices(plan), strict=True))
    for chosen in choices:
        family = sorted(zip(sizes, chosen, strict=True))
        for (small, low), (big, high) in combinations(family, family):
            assert small >= big or high * small <= low * big


def test_variants_go_up_to_the_dearest_together() -> None:
    """All cost the same; ranks and margins are those of the new price."""
    plan = planned(VARIANTS, [1_000, 1_000, 1_000], [1_000, 1_050, 990], ["", "", ""])
    assert prices(plan) == [1_050, 1_050, 1_050]
    third = list(plan.proposals())[2]
    assert (third.rank_after, third.margin_after, third.reasons[-1].step) == (2, 8_829, "parity")


def test_variants_move_together_or_not_at_all() -> None:
    """One may not go up that far: none moves."""
    plan = planned(VARIANTS, [1_000, 1_000], [1_000, 1_400], ["", ""], ceiling=1_450)
    assert prices(plan) == [1_400, 1_400]
    stuck = "[[guardrails]]\nwhen = \"sku == 'P0'\"\nfreeze = true\n"
    plan = planned(VARIANTS + stuck, [1_000, 1_000], [1_000, 1_400], ["", ""])
    assert prices(plan) == [1_000, 1_000]


def test_products_without_a_family_are_their_own() -> None:
    """An empty text is no family."""
    products = [Ours(sku=str(row), custom={"model": ""}) for row in range(2)]
    offers = [Theirs(9_000, product=0), Theirs(9_500, product=1)]
    plan = decide(frame(products, offers), book(RULE + VARIANTS), PricingSettings())
    assert prices(plan) == [9_000, 9_500]


def test_the_floor_comes_before_the_family() -> None:
    """A price below its floor is put right, whatever that does to the unit price; the others wait."""
    limits = '[[guardrails]]\nwhen = "sku == \'P1\'"\nfloor = "31.00"\n'
    assert prices(planned(PACKS + limits, [1_000, 2_500], [1_000, 2_500], ["1", "3"])) == [1_000, 3_100]
    plan = planned(VARIANTS + limits + 'ceiling = "32.00"\n', [3_000, 3_000], [3_300, 3_050], ["", ""])
    assert prices(plan) == [3_000, 3_100]


def test_a_single_product_is_planned_with_its_whole_family() -> None:
    """Whoever belongs to one of the products by the text of the field, and nobody without one."""
    vat = TaxRate(2_300)
    goods = [
        Product(sku, sku, vat, custom={"model": model, "style": style})
        for sku, model, style in (("A", "M", ""), ("B", "M", "S"), ("C", "N", "S"), ("D", "", ""), ("E", "", ""))
    ]
    one = book(RULE + PACKS)
    both = book(RULE + PACKS + VARIANTS.replace("custom.model", "custom.style"))
    assert relatives(one.families, goods, ["A"]) == ("A", "B")
    assert relatives(both.families, goods, ["A"]) == ("A", "B", "C")
    assert relatives(both.families, goods, ["D"]) == ("D",)


def test_a_variant_that_may_not_change_now_keeps_the_others_where_they_are() -> None:
    """One was changed a minute ago: its dwell of a day holds for a change that its family asks for as well."""
    products = [
        Ours(sku=f"P{row}", custom={"model": "M"}, changed_at=NOW - 60 * minutes)
        for row, minutes in enumerate([1, 3_000])
    ]
    rules = '[[guardrails]]\ndwell = "1d"\n' + RULE + VARIANTS
    plan = decide(frame(products, [Theirs(10_000), Theirs(11_000, product=1)]), book(rules), PricingSettings())
    assert prices(plan) == [10_000, 10_000]
    free = decide(frame(products[1:], [Theirs(11_000)]), book(rules), PricingSettings())
    assert prices(free) == [11_000]


def test_a_family_announces_no_reduction_that_is_none() -> None:
    """The second one would cost its own prior price of 80.00 beside the first one: then none of them is reduced."""
    text = """
[[rule]]
name = "promotion"
starts = 2026-11-20
ends = 2026-11-29
announced = true
target = "prior"
adjust = "-20%"
"""
    products = [Ours(sku=f"P{row}", prior=prior, custom={"model": "M"}) for row, prior in enumerate([10_000, 8_000])]
    plan = decide(frame(products, []), book(text + VARIANTS), PricingSettings())
    assert [(each.outcome, each.announcement) for each in plan.proposals()] == [(Outcome.HOLD, None)] * 2


def test_what_a_family_leaves_of_a_change_is_made_only_if_it_is_worth_making() -> None:
    """Three may cost 30.30 beside one for 10.10: thirty grosz are less than the smallest change of a zloty."""
    limits = 'guardrails.min_change = "1.00"\n'
    assert prices(planned(PACKS, [1_010, 3_000], [1_010, 3_600], ["1", "3"], limits)) == [1_010, 3_000]
    assert prices(planned(PACKS, [1_010, 2_900], [1_010, 3_600], ["1", "3"], limits)) == [1_010, 3_030]


def test_a_variant_that_is_lifted_is_not_said_to_stand_on_its_floor() -> None:
    """Its reasons lead to its own price first, and from there to the family's."""
    plan = planned(VARIANTS, [1_000, 1_000], [990, 1_050], ["", ""])
    reasons = next(plan.proposals()).reasons
    assert [(each.step, each.before, each.after) for each in reasons][-2:] == [
        ("target", 1_000, 990),
        ("parity", 990, 1_050),
    ]
