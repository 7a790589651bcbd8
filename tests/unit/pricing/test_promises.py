"""Promises that hold for any market and any rules: no price outside its limits, never an exception."""

from __future__ import annotations

from itertools import product as combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.domain.decision import Outcome
from pricewatch.domain.money import PriceEnding
from pricewatch.domain.offer import Availability
from pricewatch.located import parse
from pricewatch.pricing.engine import decide
from pricewatch.pricing.rules import compile_rulebook
from pricewatch.pricing.settings import PricingSettings

from .market import HOUR, NOW, Ours, Theirs, book, frame, propose, rule
from .random_market import ours, rule_file, rules, theirs

amounts = st.integers(1, 50_000)
maybe = st.none() | amounts
anything = st.none() | st.sampled_from([0, -1, 1, 2**35 - 1, 2**35, 2**53, 2**62]) | st.integers(-100, 60_000)


@given(
    current=amounts,
    cost=amounts,
    floor=maybe,
    ceiling=maybe,
    market=st.lists(amounts, max_size=5),
    ending=st.sampled_from([".99", ".00", "9.90"]),
    step=st.integers(0, 40),
)
def test_no_proposed_price_is_outside_floor_ceiling_or_ending(
    current: int, cost: int, floor: int | None, ceiling: int | None, market: list[int], ending: str, step: int
) -> None:
    """Whatever the market says, a price that changes is allowed in every respect, or nothing changes."""
    text = rule('target = "lowest"\nadjust = "-3%"', f'endings = ["{ending}"]\nmax_cut = "{step}%"\nmin_margin = "7%"')
    product = Ours(current=current, cost=cost, floor=floor, ceiling=ceiling)
    proposal = propose(text, product, [Theirs(price, str(number)) for number, price in enumerate(market)])
    if proposal.outcome not in {Outcome.RAISE, Outcome.CUT}:
        return
    price = proposal.proposed.minor
    least = -(-cost * 12_300 // 9_300)
    assert price >= max(least, floor or 0)
    assert ceiling is None or price <= ceiling
    modulus, rest = {".99": (100, 99), ".00": (100, 0), "9.90": (1_000, 990)}[ending]
    assert PriceEnding(modulus, (rest,)).allows(price)
    corrected = current < max(least, floor or 0) or (ceiling is not None and current > ceiling)
    lowest_step = current - current * step // 100
    assert price >= lowest_step or corrected


@pytest.mark.parametrize("seed", range(200, 230))
def test_random_rules_never_publish_outside_the_proposal_s_own_limits(seed: int) -> None:
    """Random rule files: every change lies between its floor and its ceiling, and never without a floor."""
    random = Random(seed)
    compiled = compile_rulebook([parse(rule_file(rules(random)), "rules.toml")])
    products = [ours(random, number) for number in range(30)]
    offers = [each for row, own in enumerate(products) for each in theirs(random, row, own.current or 9_000)]
    for proposal in decide(frame(products, offers), compiled, PricingSettings()).proposals():
        if proposal.outcome in {Outcome.RAISE, Outcome.CUT}:
            assert proposal.floor is not None
            assert proposal.proposed >= proposal.floor
            assert proposal.ceiling is None or proposal.proposed <= proposal.ceiling


@given(
    numbers=st.tuples(*[anything] * 13),
    price=anything,
    shipping=anything,
    factor=st.sampled_from([0, 1, 3, -2, 2**62]),
    seen=st.sampled_from([None, 0, NOW, 2**40, -(2**40)]),
)
def test_absurd_input_is_a_stated_outcome_and_never_an_exception(
    numbers: tuple[int | None, ...], price: int | None, shipping: int | None, factor: int, seen: int | None
) -> None:
    """Any amount in any place: the product is held or priced inside its limits, with a reason."""
    names = ("current", "cost", "floor", "ceiling", "rrp", "map_price", "day_start", "prior")
    names += ("optimal", "announced", "regular", "sold", "streak")
    product = Ours(**dict(zip(names, numbers, strict=True)))
    offer = Theirs(price, shipping=shipping, factor=factor, seen_at=seen, before=numbers[0], featured=True)
    formula = '{ kind = "formula", price = "max(lowest * 1.1, cost * 200%, rrp - 5)" }'
    text = rule(
        f'target = {{ kind = "first_of", of = [{formula}, "buy_box", "optimal", "prior", "weighted"] }}',
        'max_cut = "5%"\nmax_raise_day = "10.00"\nfee = "10%"\nmax_markup = "10000%"\nmap_report = true',
        landscape='basis = "landed"\npacks = true\nweights = { B = 1000 }\nnet_sites = ["shop"]',
        situations='rising = "raise"\nno_competition = "optimal"',
    )
    plan = decide(frame([product], [offer, Theirs(9_000, "B", shipping=0)]), book(text), PricingSettings())
    proposal = next(plan.proposals())
    plan.market(0)
    assert proposal.reasons
    if proposal.outcome is Outcome.RAISE:  # far only on the way back from a reduction, and no further than that
        assert proposal.proposed.minor < 3 * product.current or proposal.proposed.minor <= product.regular


@pytest.mark.parametrize(
    ("market", "outcome"),
    [
        ([], Outcome.KEEP),
        ([Theirs(9_000)], Outcome.CUT),
        ([Theirs(9_000, seen_at=NOW - 999 * HOUR)] * 50, Outcome.HOLD),
        ([Theirs(None)] * 50, Outcome.KEEP),  # without a rate foreign prices arrive as unknown
        ([Theirs(-9_000), Theirs(0)], Outcome.KEEP),
        ([Theirs(9_000, availability=Availability.OUT_OF_STOCK)], Outcome.KEEP),
        ([Theirs(9_000, own=True)], Outcome.KEEP),
        ([Theirs(1)], Outcome.HOLD),
    ],
)
def test_absurd_markets_have_a_stated_outcome(market: list[Theirs], outcome: Outcome) -> None:
    """None, one, all stale, all foreign, negative, sold out, all our own, bait: each has its answer."""
    assert propose(rule(), Ours(cost=1_000), market).outcome is outcome


def test_extreme_rules_on_extreme_amounts_do_not_overflow() -> None:
    """The largest amounts under the largest factors stay exact or are held."""
    top = 2**35 - 1
    limits = 'min_margin = "99%"\nfee = "0.99%"\nmax_markup = "10000%"\nmax_above_rrp = "10000%"\nmax_raise = "10000%"'
    for current, cost in combinations((1, 9_999, top), repeat=2):
        product = Ours(current=current, cost=cost, rrp=top, vat=10_000)
        for target in ('{ kind = "cost_plus", percent = "10000%" }', '"rrp"', '"lowest"'):
            proposal = propose(rule(f'target = {target}\nadjust = "10000%"', limits), product, [Theirs(top)])
            assert proposal.outcome in {Outcome.HOLD, Outcome.KEEP, Outcome.RAISE, Outcome.CUT}
            if proposal.proposed is not None and proposal.outcome is not Outcome.KEEP:
                assert proposal.proposed >= proposal.floor
