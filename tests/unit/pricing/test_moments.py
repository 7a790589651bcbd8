"""A rule begins and ends at one instant, whatever the clock on the wall shows that night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pricewatch.located import parse
from pricewatch.pricing.rules import Branch, compile_rulebook

WARSAW = ZoneInfo("Europe/Warsaw")


def rule(starts: str, ends: str) -> Branch:
    text = f'[[rule]]\nname = "night"\nstarts = {starts}\nends = {ends}\ntarget = "lowest"\n'
    return compile_rulebook([parse(text, "rules.toml")]).branches[0]


def active(branch: Branch, first: datetime, hours: float, zone: ZoneInfo = WARSAW) -> list[bool]:
    """Whether the rule is used, every ten minutes."""
    steps = range(int(hours * 6) + 1)
    return [branch.active((first + timedelta(minutes=10 * step)).astimezone(zone)) for step in steps]


def test_a_rule_that_starts_in_the_hour_that_autumn_repeats_starts_once() -> None:
    """It begins when the clock shows the time first, and is not switched off when the hour comes again."""
    found = active(rule("2027-10-31T02:30:00", "2027-10-31T04:30:00"), datetime(2027, 10, 31, 0, 0, tzinfo=UTC), 4)
    assert found == [False] * 3 + [True] * 18 + [False] * 4  # 00:30 UTC is 02:30 in summer time; 03:30 is 04:30


def test_a_rule_that_ends_in_the_hour_that_autumn_repeats_ends_once() -> None:
    """What has ended does not begin anew an hour later."""
    found = active(rule("2027-10-30", "2027-10-31T02:30:00"), datetime(2027, 10, 31, 0, 0, tzinfo=UTC), 3)
    assert found == [True] * 3 + [False] * 16


def test_a_moment_in_the_hour_that_spring_leaves_out_comes_once() -> None:
    """02:30 is never shown that night: half an hour after the clock was put forward."""
    found = active(rule("2027-03-28T02:30:00", "2027-03-28T05:00:00"), datetime(2027, 3, 28, 0, 30, tzinfo=UTC), 3)
    assert found == [False] * 6 + [True] * 9 + [False] * 4


@pytest.mark.parametrize("zone", ["Europe/Warsaw", "America/New_York"])
def test_the_ends_of_all_years_are_moments_too(zone: str) -> None:
    """Somebody who means for good may write the first and the last day there is."""
    branch = rule("0001-01-01", "9999-12-31T23:30:00")
    assert active(branch, datetime(2027, 1, 1, tzinfo=UTC), 0, ZoneInfo(zone)) == [True]
