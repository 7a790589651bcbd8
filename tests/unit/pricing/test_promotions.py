"""Announced reductions: only from a known prior price, only below it, from their start to their end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pricewatch.domain.decision import Outcome, Proposal
from pricewatch.pricing.engine import decide
from pricewatch.pricing.settings import PricingSettings

from .market import NOW, Ours, Theirs, book, frame, minor, steps

PROMOTION = """
[[guardrails]]
max_cut = "5%"
max_raise = "5%"
dwell = "1w"
[[rule]]
name = "promotion"
priority = 1
starts = 2026-11-20T08:00:00
ends = {ends}
announced = true
target = "prior"
adjust = "-20%"
[[rule]]
name = "otherwise"
target = "lowest"
"""


def decided(
    ours: Ours, *, ends: str = "2026-11-29", country: str = "PL", more: str = "", rival: int = 9_700
) -> Proposal:
    text = PROMOTION.format(ends=ends).replace("announced = true", f"announced = true\n{more}")
    market = frame([ours], [Theirs(rival)], country=country)
    return next(decide(market, book(text), PricingSettings()).proposals())


def test_a_reduction_names_its_prior_price_and_its_end() -> None:
    """20 % below the lowest price of the 30 days before; midnight after the last day ends it in Warsaw."""
    proposal = decided(Ours(prior=9_500))
    assert minor(proposal) == 7_600
    assert proposal.announcement.prior.minor == 9_500
    assert proposal.announcement.starts == datetime.fromtimestamp(NOW, UTC)
    assert proposal.announcement.ends == datetime(2026, 11, 29, 23, tzinfo=UTC)
    assert "announced as a reduction of 20 % from the prior price of 95.00" in str(proposal.reasons)


def test_ordinary_repricing_announces_nothing() -> None:
    """A cut is not a reduction."""
    proposal = decided(Ours(prior=9_800), ends="2026-11-22T12:00:00")
    assert (proposal.outcome, proposal.announcement) == (Outcome.CUT, None)


@pytest.mark.parametrize("prior", [None, 7_000])
def test_without_a_higher_prior_price_nothing_is_announced(prior: int | None) -> None:
    """Unknown, or not above the new price: held, whatever the rule says."""
    text = (
        PROMOTION.format(ends="2026-11-29")
        .replace('target = "prior"', 'target = "current"')
        .replace('target = "current"', 'target = { kind = "formula", price = "90.00" }')
    )
    proposal = next(decide(frame([Ours(prior=prior)], []), book(text), PricingSettings()).proposals())
    assert (proposal.outcome, proposal.announcement) == (Outcome.HOLD, None)
    assert "no reduction to announce" in proposal.reasons[-1].text


def test_dates_are_a_person_s_and_wait_for_no_step_or_dwell() -> None:
    """It was changed a minute ago and may go down 5 %, and the promotion starts all the same."""
    assert minor(decided(Ours(prior=9_500, changed_at=NOW - 60))) == 7_600


def test_the_floor_holds_for_promotions() -> None:
    """6150 is the floor of a cost of 5000."""
    assert minor(decided(Ours(prior=7_000))) == 6_150


def test_while_it_runs_unchanged_nothing_is_decided_anew() -> None:
    """The price in force is the promotional one: kept, with its prior price of the first day."""
    proposal = decided(Ours(current=7_600, announced=9_500, regular=10_000, prior=9_500))
    assert (proposal.outcome, proposal.announcement) == (Outcome.KEEP, None)


def test_a_deeper_price_is_a_new_reduction_in_poland_and_the_same_one_in_germany() -> None:
    """There is no progressive clause in Poland: its own promotional price is in the new window."""
    running = Ours(current=7_900, announced=9_500, regular=10_000, prior=7_900)
    assert decided(running).announcement.prior.minor == 7_900
    fixed = replace(running, prior=8_900)
    assert decided(fixed, country="DE").announcement.prior.minor == 9_500
    raised = decided(replace(running, current=7_000, prior=9_000), country="DE")
    assert (raised.outcome, raised.announcement.prior.minor) == (Outcome.RAISE, 9_000)


def test_the_way_back_starts_from_the_regular_price() -> None:
    """From 76.00 back to the market at 97.00: 5 % at most from the regular 100.00, and no dwell."""
    back = Ours(current=7_600, announced=9_500, regular=10_000, changed_at=NOW - 60)
    assert minor(decided(back, ends="2026-11-22T13:00:00")) == 9_700
    assert minor(decided(back, ends="2026-11-22T13:00:00", rival=9_000)) == 9_500


def test_a_running_reduction_is_computed_from_the_prior_price_of_its_start() -> None:
    """On the second day its own 263.00 is the lowest of the 30 days before: it is no start for 20 % more."""
    running = Ours(current=26_300, cost=15_000, prior=26_300, announced=32_899, regular=32_899)
    whole = 'multiple_of = "1.00"'
    for target in ("", 'target = { kind = "formula", price = "prior" }'):
        text = PROMOTION.format(ends="2026-11-29").replace('dwell = "1w"', whole)
        text = text.replace('target = "prior"', target) if target else text
        proposal = next(decide(frame([running], []), book(text), PricingSettings()).proposals())
        assert (proposal.outcome, minor(proposal)) == (Outcome.KEEP, 26_300)


def test_a_further_reduction_without_a_break_is_computed_from_the_first_prior_price() -> None:
    """30 % instead of 20 %: 70.00 of the first 100.00; Germany names 100.00 still, Poland the 80.00 of yesterday."""
    text = PROMOTION.format(ends="2026-11-29").replace("-20%", "-30%")
    running = Ours(current=8_000, prior=8_000, announced=10_000, regular=10_000)
    for country, named in (("DE", 10_000), ("PL", 8_000)):
        market = frame([running], [], country=country)
        proposal = next(decide(market, book(text), PricingSettings()).proposals())
        assert (minor(proposal), proposal.announcement.prior.minor) == (7_000, named)


@pytest.mark.parametrize(
    "after",
    ['target = "keep"', 'target = "lowest"', 'target = { kind = "first_of", of = ["rrp", "keep"] }'],
)
def test_to_keep_the_price_after_a_reduction_is_to_take_the_regular_one(after: str) -> None:
    """Also where the market says nothing: 328.99 as before, and not 10 % less than that."""
    back = Ours(current=26_300, cost=15_000, prior=26_300, announced=32_899, regular=32_899, changed_at=NOW - 60)
    text = PROMOTION.format(ends="2026-11-22T13:00:00").replace('target = "lowest"', after)
    proposal = next(decide(frame([back], []), book(text), PricingSettings()).proposals())
    assert (proposal.outcome, minor(proposal), proposal.announcement) == (Outcome.RAISE, 32_899, None)
    assert "step" not in steps(proposal)
    assert "the regular price from before the reduction" in str(proposal.reasons)


def test_goods_that_spoil_are_computed_from_the_price_that_they_name() -> None:
    """On every day of the reduction: 20 % off the 100.00 before it, not off the lowest of the month."""
    before = Ours(current=10_000, prior=8_500)
    running = Ours(current=8_000, prior=8_000, announced=10_000, regular=10_000)
    assert minor(decided(before, more="perishable = true")) == 8_000
    assert decided(running, more="perishable = true").outcome is Outcome.KEEP


def test_goods_that_spoil_take_the_price_before_the_first_reduction_where_the_law_says_so() -> None:
    """In Poland the 100.00 just before it, not the 85.00 of two weeks ago; elsewhere the lowest."""
    spoiling = Ours(current=10_000, prior=8_500)
    assert decided(spoiling, more="perishable = true").announcement.prior.minor == 10_000
    assert decided(spoiling, more="perishable = true", country="CZ").announcement.prior.minor == 8_500


def test_moments_are_exact() -> None:
    """It is 13:00 in Warsaw: a rule that ends then is over, one that starts then holds."""
    assert "announced" not in steps(decided(Ours(prior=9_500), ends="2026-11-22T13:00:00"))
    assert "announced" in steps(decided(Ours(prior=9_500), ends="2026-11-22T13:00:01"))


def test_the_moments_of_a_rule_book_are_known() -> None:
    """So that a plan can be made at each of them; a day ends at its midnight."""
    rules = book(PROMOTION.format(ends="2026-11-29"))
    starts, ends = datetime(2026, 11, 20, 7, tzinfo=UTC), datetime(2026, 11, 29, 23, tzinfo=UTC)
    assert rules.moments("Europe/Warsaw") == (starts, ends)


def test_a_running_reduction_below_a_new_floor_ends_and_goes_up_to_it() -> None:
    """The cost rose to 70.00: 76.00 is below the floor of 86.10, and 86.10 is no reduction from the 76.00 of
    yesterday. It is asked without an announcement, and only by a person: buyers were told another last day.
    """
    running = Ours(current=7_600, cost=7_000, prior=7_600, announced=9_500, regular=10_000)
    text = PROMOTION.format(ends="2026-11-29")
    plan = decide(frame([running], []), book(text), PricingSettings(approve_up_to="100%"))
    proposal = next(plan.proposals())
    assert (proposal.outcome, minor(proposal), proposal.announcement) == (Outcome.RAISE, 8_610, None)
    assert "the reduction ends: no price from the floor of 86.10 up may be announced as one" in str(proposal.reasons)
    assert not plan.auto_approved.any()


def test_a_reduction_that_cannot_start_does_not_keep_a_price_below_its_floor() -> None:
    """95.00 and a floor of 110.70: up to the floor, not to the 160.00 that the rule would announce."""
    text = PROMOTION.format(ends="2026-11-29").replace('target = "prior"', 'target = "rrp"')
    market = frame([Ours(current=9_500, cost=9_000, prior=9_500, rrp=20_000)], [])
    proposal = next(decide(market, book(text), PricingSettings()).proposals())
    assert (minor(proposal), proposal.announcement) == (11_070, None)
    assert "no reduction starts" in str(proposal.reasons)


@pytest.mark.parametrize("ends", ["2026-11-29", "2026-11-22T13:00:00"])
def test_a_formula_takes_the_regular_price_while_a_reduction_runs_and_right_after_it(ends: str) -> None:
    """10 % off our own price is 90.00 on each day of the reduction, and its end leads back to the same 100.00."""
    text = PROMOTION.format(ends=ends).replace('target = "lowest"', 'target = { kind = "formula", price = "current" }')
    text = text.replace('target = "prior"\nadjust = "-20%"', 'target = { kind = "formula", price = "current * 90%" }')
    running = Ours(current=9_000, prior=9_000, announced=10_000, regular=10_000)
    proposal = next(decide(frame([running], []), book(text), PricingSettings()).proposals())
    assert minor(proposal) == (9_000 if ends == "2026-11-29" else 10_000)
    assert "where our price is the regular one from before the reduction" in str(proposal.reasons)


@pytest.mark.parametrize("country", ["PL", "DE"])
def test_a_deepened_reduction_is_computed_from_the_first_prior_price_on_every_day(country: str) -> None:
    """90.00 before; 72.00, deepened to 63.00, which names 72.00 in Poland: 30 % off is 63.00 the day after, too."""
    text = PROMOTION.format(ends="2026-11-29").replace("-20%", "-30%")
    named = 7_200 if country == "PL" else 9_000
    running = Ours(current=6_300, cost=1_000, prior=6_300, announced=named, began=9_000, regular=11_000)
    proposal = next(decide(frame([running], [], country=country), book(text), PricingSettings()).proposals())
    assert (proposal.outcome, minor(proposal)) == (Outcome.KEEP, 6_300)
