"""Guardrails: each limit by itself, and the fixed order between them."""

from __future__ import annotations

import pytest

from pricewatch.domain.decision import Outcome
from pricewatch.pricing.settings import PricingSettings

from .market import HOUR, NOW, Ours, Theirs, minor, propose, rule, steps

FOLLOW = 'below_floor = "follow"\nat_floor = "follow"'


def at(price: int) -> list[Theirs]:
    """A market of one offer."""
    return [Theirs(price)]


def lowest(guardrails: str, ours: Ours, price: int, **options: object) -> object:
    """Follow one offer under some guardrails."""
    return propose(rule(guardrails=guardrails, situations=FOLLOW), ours, at(price), **options)  # type: ignore[arg-type]


# --- floors


@pytest.mark.parametrize(
    ("limits", "ours", "floor"),
    [
        ("", Ours(cost=5_000), 6_150),  # the cost itself: 50.00 and 23 % VAT
        ("", Ours(cost=5_001), 6_152),  # 61.5123 is rounded up
        ('min_margin = "10%"', Ours(cost=5_000), 6_834),  # 6150 / 0.9 = 6833.33
        ('min_markup = "20%"', Ours(cost=5_000), 7_380),
        ('min_profit = "7.77"', Ours(cost=5_000), 7_106),  # 57.77 * 1.23 = 71.0571
        ('fee = "10%"', Ours(cost=5_000), 7_013),  # 5000 * 1.23 / (1 - 0.1 * 1.23) = 7012.54
        ('fee = "10%"\nfixed_fee = "1.00"\nmin_margin = "5%"', Ours(cost=5_000), 7_586),
        ('floor = "80.00"', Ours(cost=5_000), 8_000),
        ('min_margin = "-50%"', Ours(cost=5_000), 4_100),
        ("", Ours(cost=5_000, floor=7_777), 7_777),
        ("", Ours(cost=5_000, floor=6_000), 6_150),  # the highest floor counts
    ],
)
def test_the_floor_is_the_highest_of_all_rounded_up(limits: str, ours: Ours, floor: int) -> None:
    """Floors of the product, the rules and the cost are combined; the strictest counts."""
    proposal = lowest(limits, ours, 3_000)
    assert proposal.floor.minor == floor
    assert (minor(proposal), proposal.reasons[-1].step) == (floor, "floor")


def test_a_rule_tightens_limits_and_never_loosens_them() -> None:
    """A rule's smaller margin does not undo the margin that holds for every product."""
    text = '[[guardrails]]\nmin_margin = "10%"\n' + rule(guardrails='min_margin = "1%"')
    assert propose(text, theirs=at(3_000)).floor.minor == 6_834


def test_no_floor_is_not_repriced() -> None:
    """Neither cost nor floor: held, and it says so."""
    proposal = lowest("", Ours(cost=None), 9_000)
    assert (proposal.outcome, proposal.proposed) == (Outcome.HOLD, None)
    assert proposal.reasons[-1].text.startswith("no floor")


def test_a_missing_cost_holds_although_there_is_a_floor() -> None:
    """An explicit floor is not enough unless the settings say so."""
    ours = Ours(cost=None, floor=8_000)
    assert lowest("", ours, 9_000).reasons[-1].text.startswith("no cost")
    enough = PricingSettings(explicit_floor_is_enough=True)
    assert minor(lowest("", ours, 9_000, settings=enough)) == 9_000


@pytest.mark.parametrize("blank", [Ours(cost=0), Ours(cost=0, floor=0), Ours(cost=None, floor=0)])
def test_null_is_never_zero(blank: Ours) -> None:
    """A cost or floor of 0 is a blank, not a price to sell at."""
    enough = PricingSettings(explicit_floor_is_enough=True)
    assert lowest("", blank, 1, settings=enough).outcome is Outcome.HOLD


def test_a_margin_that_no_price_reaches_holds() -> None:
    """Fee and VAT can leave no room for the margin: then there is no price."""
    proposal = lowest('fee = "60%"\nmin_margin = "30%"', Ours(), 9_000)
    assert (proposal.outcome, proposal.floor) == (Outcome.HOLD, None)


# --- ceilings


@pytest.mark.parametrize(
    ("limits", "ours", "ceiling"),
    [
        ("", Ours(ceiling=9_900), 9_900),
        ('ceiling = "98.50"', Ours(ceiling=9_900), 9_850),
        ('max_markup = "60%"', Ours(cost=5_001), 9_841),  # 8001.6 -> 8001; * 1.23 = 9841.23
        ('max_above_rrp = "10%"', Ours(rrp=8_555), 9_410),  # 9410.5 rounded down
    ],
)
def test_the_ceiling_is_the_lowest_of_all_rounded_down(limits: str, ours: Ours, ceiling: int) -> None:
    """Ceilings of the product, the cost and the recommended price are combined; the strictest counts."""
    proposal = lowest(limits, ours, 15_000)
    assert proposal.ceiling.minor == ceiling
    assert (minor(proposal), proposal.reasons[-1].step) == (ceiling, "ceiling")


def test_floor_above_ceiling_holds_the_old_price() -> None:
    """A contradiction is never decided by one side."""
    proposal = lowest("", Ours(floor=9_000, ceiling=8_000), 8_500)
    assert (proposal.outcome, proposal.proposed) == (Outcome.HOLD, None)
    assert "between floor and ceiling" in proposal.reasons[-1].text


# --- steps


@pytest.mark.parametrize(
    ("limits", "price", "expected"),
    [
        ('max_cut = "5%"', 8_000, 9_500),
        ('max_raise = "5%"', 12_000, 10_500),
        ('max_cut = "7.50"', 8_000, 9_250),
        ('max_cut = "5%"\nmax_cut_day = "2%"', 8_000, 9_702),  # 2 % of 99.00, the price in the morning
        ('max_raise_day = "5%"', 12_000, 10_395),
        ('max_cut = "0%"', 8_000, 10_000),
    ],
)
def test_steps_are_limited_per_change_and_per_day(limits: str, price: int, expected: int) -> None:
    """The stricter of the two limits counts."""
    assert minor(lowest(limits, Ours(day_start=9_900), price)) == expected


def test_a_step_limit_never_moves_a_price_by_itself() -> None:
    """A price that has already left the day's band stays where it is."""
    proposal = lowest('max_raise_day = "5%"', Ours(current=12_000, day_start=10_000), 12_500)
    assert (proposal.outcome, minor(proposal)) == (Outcome.KEEP, 12_000)


def test_ceiling_and_floor_beat_the_step() -> None:
    """A price outside its limits is corrected at once, beyond the step."""
    assert minor(lowest('max_cut = "1%"', Ours(ceiling=8_000), 9_000)) == 8_000
    assert minor(lowest('max_raise = "1%"', Ours(current=5_000), 4_000)) == 6_150


# --- endings


@pytest.mark.parametrize(
    ("limits", "price", "expected"),
    [
        ('endings = [".99"]', 9_040, 8_999),
        ('endings = [".99"]', 9_050, 9_099),
        ('endings = [".99", ".49"]', 9_024, 8_999),
        ('endings = [".99"]\nrounding = "down"', 9_098, 8_999),
        ('endings = [".99"]\nrounding = "up"', 9_000, 9_099),
        ('endings = ["9.00"]', 9_300, 8_900),
        ('endings = ["9.00", ".50"]', 9_290, 9_250),
        ('multiple_of = "0.05"', 9_003, 9_005),
        ('multiple_of = "5.00"', 9_260, 9_500),
        ('ending_ladder = [{ below = "90.00", endings = [".49"] }, { endings = ["0.00"] }]', 8_999, 9_000),
        ('ending_ladder = [{ below = "90.00", endings = [".49"] }, { endings = ["0.00"] }]', 8_970, 8_949),
    ],
)
def test_prices_go_to_the_nearest_allowed_ending(limits: str, price: int, expected: int) -> None:
    """Of two equally near endings the lower one; a ladder has its own endings on each rung."""
    assert minor(lowest(limits, Ours(), price)) == expected


def test_a_clamp_goes_to_the_nearest_allowed_ending_inside() -> None:
    """Neither floor nor ceiling is crossed for the sake of an ending."""
    assert minor(lowest('endings = [".99"]', Ours(), 3_000)) == 6_199
    assert minor(lowest('endings = [".99"]', Ours(ceiling=9_950), 15_000)) == 9_899
    assert minor(lowest('endings = [".99"]\nmax_cut = "5%"', Ours(), 3_000)) == 9_599


def test_no_allowed_ending_between_floor_and_ceiling_holds() -> None:
    """6150 to 6160 has no .99: the old price stays."""
    proposal = lowest('endings = [".99"]', Ours(ceiling=6_160), 9_000)
    assert (proposal.outcome, proposal.proposed) == (Outcome.HOLD, None)


def test_no_allowed_ending_within_the_step_holds() -> None:
    """1 % of 100.00 reaches no price in 9.00."""
    proposal = lowest('endings = ["9.00"]\nmax_cut = "0.5%"\nmax_raise = "0.5%"', Ours(), 9_000)
    assert proposal.outcome is Outcome.HOLD
    assert "step limits" in proposal.reasons[-1].text


def test_the_rules_own_ending_replaces_the_common_one() -> None:
    """Endings are the one thing that is replaced, not added up."""
    text = '[[guardrails]]\nendings = [".99"]\n' + rule(guardrails='endings = [".00"]')
    assert minor(propose(text, theirs=at(9_040))) == 9_000


# --- hysteresis and brakes


def test_small_changes_are_not_made() -> None:
    """Less than the least change keeps the old price; exactly that much is a change."""
    assert lowest('min_change = "1%"', Ours(), 9_901).outcome is Outcome.KEEP
    assert lowest('min_change = "1%"', Ours(), 9_900).outcome is Outcome.CUT
    assert lowest('min_change = "1.01"', Ours(), 9_900).outcome is Outcome.KEEP


@pytest.mark.parametrize(
    ("limits", "ours", "held"),
    [
        ('dwell = "4h"', Ours(changed_at=NOW - 3 * HOUR), True),
        ('dwell = "4h"', Ours(changed_at=NOW - 4 * HOUR), False),
        ('dwell = "4h"', Ours(changed_at=None), False),
        ("max_changes_a_day = 2", Ours(changes_today=2), True),
        ("max_changes_a_day = 2", Ours(changes_today=1), False),
        ("max_changes_a_day = 2", Ours(changes_today=None), True),
        ('quiet_hours = "13:00-14:00"', Ours(), True),
        ('quiet_hours = "22:00-13:00"', Ours(), False),
        ('quiet_hours = "12:30-06:00"', Ours(), True),
        ("freeze = true", Ours(), True),
        ("", Ours(frozen=True), True),
    ],
)
def test_brakes_hold_the_old_price(limits: str, ours: Ours, held: bool) -> None:
    """Dwell, changes a day, quiet hours (in Warsaw it is 13:00) and freezes."""
    proposal = lowest(limits, ours, 9_000)
    assert (proposal.outcome is Outcome.HOLD) == held
    assert (proposal.proposed is None) == held


def test_brakes_do_not_hold_back_a_correction() -> None:
    """A price below its floor is corrected whatever the hour; only a freeze holds it."""
    limits = 'dwell = "1w"\nmax_changes_a_day = 0\nquiet_hours = "13:00-14:00"\nmin_change = "90%"'
    ours = Ours(current=6_100, changed_at=NOW, changes_today=5)
    assert minor(lowest(limits, ours, 6_000)) == 6_150
    assert lowest("freeze = true", ours, 6_000).outcome is Outcome.HOLD


@pytest.mark.parametrize(("price", "held"), [(30_000, True), (29_999, False), (3_333, True), (3_334, False)])
def test_a_jump_holds_the_old_price(price: int, held: bool) -> None:
    """Three times the old price or a third of it needs a person, in both directions."""
    proposal = lowest("", Ours(cost=100), price)
    assert (proposal.outcome is Outcome.HOLD) == held


# --- reports


def test_a_new_low_says_what_it_does_to_the_prior_price() -> None:
    """The warning names the new reference and until when it holds at least."""
    reason = lowest("", Ours(prior=9_200), 9_000).reasons[-1]
    assert reason.step == "prior_price"
    assert "becomes 90.00 until 2026-12-22" in reason.text
    assert "prior_price" not in steps(lowest("", Ours(prior=9_000), 9_000))


def test_the_minimum_advertised_price_is_reported_and_never_enforced() -> None:
    """A price below it is published, and the reason says so, unless nobody wants to know."""
    ours = Ours(map_price=9_500)
    for text in ("", "map_report = true"):
        proposal = lowest(text, ours, 9_000)
        assert (minor(proposal), proposal.reasons[-1].step) == (9_000, "map")
    assert "map" not in steps(lowest("map_report = false", ours, 9_000))


def test_limits_name_their_place() -> None:
    """Every clamp says which line of which file asked for it."""
    proposal = lowest('min_margin = "10%"', Ours(), 3_000)
    assert proposal.reasons[-1].rule == "1.toml:5"
    assert "min_margin 10 %" in proposal.reasons[-1].text


@pytest.mark.parametrize(
    ("limits", "ours", "words"),
    [
        ('dwell = "36h"', Ours(changed_at=NOW), "dwell 36h"),
        ("max_changes_a_day = 2", Ours(changes_today=2), "max_changes_a_day 2"),
        ('quiet_hours = "12:30-06:00"', Ours(), "quiet_hours 12:30-06:00"),
        ('max_cut = "5%"', Ours(), "max_cut 5 %"),
        ('max_cut = "5.50"', Ours(), "max_cut 5.50"),
        ('min_profit = "30.00"', Ours(), "min_profit 30.00"),
        ("freeze = true", Ours(), "freeze"),
    ],
)
def test_reasons_name_the_limit_as_it_was_written(limits: str, ours: Ours, words: str) -> None:
    """A person finds the words of the file in the reason."""
    assert any(f"({words})" in reason.text for reason in lowest(limits, ours, 9_000).reasons)


def test_the_first_brake_that_holds_is_named() -> None:
    """Of several brakes the reason names the first, with its own line."""
    limits = 'dwell = "36h"\nmax_changes_a_day = 0\nquiet_hours = "12:30-06:00"'
    reason = lowest(limits, Ours(changed_at=NOW), 9_000).reasons[-1]
    assert (reason.rule, reason.text) == ("1.toml:5", "the last change is too recent (dwell 36h)")
    reason = lowest(limits, Ours(), 9_000).reasons[-1]
    assert (reason.rule, reason.text) == ("1.toml:6", "the price has changed often enough today (max_changes_a_day 0)")


def test_the_floor_is_that_of_the_dearest_channel() -> None:
    """(5000 + 120) * 1.23 / (1 - 0.11 * 1.23) on allegro, more than 6150 in the shop."""
    channels = 'channels = { shop = { fee = "0%" }, allegro = { fee = "11%", fixed_fee = "1.20" } }'
    proposal = lowest(channels, Ours(current=7_000), 5_000)
    assert (minor(proposal), proposal.reasons[-1].text) == (
        7_283,
        "clamped to the floor of 72.83 (channels shop, allegro)",
    )
    assert lowest('fee = "2%"\n' + channels, Ours(), 9_000).floor.minor == 7_283


def test_a_rule_can_round_its_own_way_and_keep_the_endings() -> None:
    """Never below the middle: 667.49 goes to 667.99."""
    text = '[[guardrails]]\nendings = [".00", ".99"]\n' + rule(guardrails='rounding = "up"')
    assert minor(propose(text, Ours(current=66_000, cost=30_000), at(66_749))) == 66_799
    assert minor(propose(text.replace('"up"', '"nearest"'), Ours(current=66_000, cost=30_000), at(66_749))) == 66_700


@pytest.mark.parametrize(
    ("streak", "price", "held"), [(-8, 9_000, True), (-7, 9_000, False), (8, 9_000, False), (8, 10_500, True)]
)
def test_a_price_that_goes_one_way_again_and_again_needs_a_look(streak: int, price: int, *, held: bool) -> None:
    """Eight times within a week in the same direction, and again: a rival's robot may be answering ours."""
    proposal = lowest("", Ours(streak=streak), price)
    assert (proposal.outcome is Outcome.HOLD) == held
    assert ("8 times in a row" in proposal.reasons[-1].text) == held


def test_a_correction_is_no_loop() -> None:
    """A price below its floor is put right, however often it went up."""
    assert minor(lowest("", Ours(current=6_000, streak=9), 5_000)) == 6_150
