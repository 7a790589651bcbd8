"""Market situations in which following the target is not wanted."""

from __future__ import annotations

from pricewatch.domain.decision import Outcome
from pricewatch.domain.offer import Availability

from .market import HOUR, NOW, Ours, Theirs, minor, propose, rule

OLD = NOW - 72 * HOUR
GONE = Availability.OUT_OF_STOCK


def test_no_competition_keeps_the_price_by_default() -> None:
    """Nobody else: the current price is kept, within the limits."""
    proposal = propose(rule())
    assert (proposal.outcome, minor(proposal)) == (Outcome.KEEP, 10_000)


def test_no_competition_can_go_to_the_ceiling() -> None:
    """A ceiling is a price to go to when nobody else offers the product."""
    proposal = propose(rule(situations='no_competition = "ceiling"'), Ours(ceiling=11_500))
    assert minor(proposal) == 11_500


def test_an_action_without_its_price_holds() -> None:
    """No ceiling, nothing to go to: the old price is held."""
    assert propose(rule(situations='no_competition = "ceiling"')).outcome is Outcome.HOLD


def test_fewer_offers_than_asked_for_are_no_competition() -> None:
    """min_offers turns a thin market into none."""
    text = rule(situations='no_competition = "hold"', landscape="min_offers = 2")
    assert propose(text, theirs=[Theirs(9_000)]).outcome is Outcome.HOLD
    assert propose(text, theirs=[Theirs(9_000), Theirs(9_100, "B")]).outcome is Outcome.CUT


def test_stale_offers_hold_by_default() -> None:
    """Old readings are no reason to move, and no reason to believe that we are alone."""
    proposal = propose(rule(), theirs=[Theirs(9_000, seen_at=OLD)])
    assert proposal.outcome is Outcome.HOLD
    assert "too old" in proposal.reasons[-1].text


def test_alone_in_stock_is_its_own_situation() -> None:
    """Rivals that are sold out are not the same as no rivals."""
    text = rule(situations='alone_in_stock = "rrp"\nno_competition = "hold"')
    assert minor(propose(text, Ours(rrp=12_000), [Theirs(9_000, availability=GONE)])) == 12_000
    assert propose(text, Ours(rrp=12_000)).outcome is Outcome.HOLD


def test_unknown_stock_is_not_in_stock() -> None:
    """`unknown` is never read as in stock."""
    assert propose(rule(), theirs=[Theirs(9_000, availability=Availability.UNKNOWN)]).competitors == 0


def test_below_the_floor_takes_the_floor_by_default() -> None:
    """A rival below our floor is not followed: 5000 net cost is 6150 gross."""
    proposal = propose(rule(), Ours(current=6_500), [Theirs(6_000)])
    assert minor(proposal) == 6_150


def test_below_the_floor_can_follow_the_next_one_up() -> None:
    """`next` goes for the lowest offer above the floor, with the rule's adjustment."""
    text = rule('target = "lowest"\nadjust = "-0.01"', situations='below_floor = "next"')
    theirs = [Theirs(6_000), Theirs(6_150, "B"), Theirs(7_000, "C"), Theirs(8_000, "D")]
    assert minor(propose(text, Ours(current=6_500), theirs)) == 6_999
    assert minor(propose(text, Ours(current=6_500), theirs[:2])) == 6_150


def test_at_the_floor_is_its_own_situation() -> None:
    """A target of exactly the floor can be answered differently from one below it."""
    text = rule(situations='at_floor = "hold"')
    assert propose(text, Ours(current=6_500), [Theirs(6_150)]).outcome is Outcome.HOLD
    assert propose(text, Ours(current=6_500), [Theirs(6_149)]).outcome is Outcome.CUT


def test_being_the_lowest_can_be_kept() -> None:
    """The lowest seller can stay where it is instead of going up."""
    text = rule(situations='lowest = "keep"')
    assert propose(text, Ours(current=8_000), [Theirs(9_000)]).outcome is Outcome.KEEP
    assert propose(text, Ours(current=9_000), [Theirs(9_000)]).outcome is Outcome.KEEP
    assert propose(text, Ours(current=9_500), [Theirs(9_000)]).outcome is Outcome.CUT


def test_a_rising_and_a_falling_market_are_situations() -> None:
    """The counting offers together against a week ago; offers without a past do not say anything."""
    text = rule(situations='rising = "raise"\nfalling = "hold"', guardrails='max_raise = "4%"')
    rising = [Theirs(9_000, before=8_000), Theirs(9_500, "B")]
    assert minor(propose(text, theirs=rising)) == 10_400
    assert propose(text, theirs=[Theirs(9_000, before=9_500)]).outcome is Outcome.HOLD
    assert minor(propose(text, theirs=[Theirs(9_000, before=9_100)])) == 9_000
    assert minor(propose(text, theirs=[Theirs(9_000)])) == 9_000


def test_from_which_move_on_a_market_rises_is_the_landscape_s_to_say() -> None:
    """1.1 % is a rise when 1 % is enough."""
    text = rule(situations='falling = "hold"', landscape='trend = "1%"')
    assert propose(text, theirs=[Theirs(9_000, before=9_100)]).outcome is Outcome.HOLD


def test_raise_stops_at_the_ceiling_and_needs_a_limit() -> None:
    """Without a step limit or a ceiling there is no price to go up to."""
    text = rule(situations='no_competition = "raise"')
    assert minor(propose(text, Ours(ceiling=11_500))) == 11_500
    assert propose(text).outcome is Outcome.HOLD


def test_the_model_can_decide_where_nobody_competes() -> None:
    """Its optimum is the price; where it has none the old price is held."""
    text = rule(situations='no_competition = "optimal"')
    assert minor(propose(text, Ours(optimal=10_900))) == 10_900
    assert propose(text).outcome is Outcome.HOLD


def test_situations_apply_where_the_winning_target_comes_from_the_market() -> None:
    """The first known target is the cost's: that nobody competes does not matter."""
    text = rule('target = { kind = "first_of", of = ["lowest", { kind = "cost_plus", percent = "50%" }] }')
    assert minor(propose(text)) == 9_225
    assert minor(propose(text, theirs=[Theirs(9_000)])) == 9_000
