"""When jobs are due, also while clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricewatch.pipeline.schedule import (
    Calendar,
    Interval,
    due,
    latest_slot,
    next_slot,
    parse_cron,
    parse_interval,
    parse_times,
)

WARSAW = ZoneInfo("Europe/Warsaw")
ZONES = [
    WARSAW,
    ZoneInfo("UTC"),
    ZoneInfo("America/New_York"),
    ZoneInfo("Australia/Lord_Howe"),
    ZoneInfo("Asia/Beirut"),
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def slots_between(schedule: Calendar | Interval, start: str, end: str) -> list[str]:
    """Walk the slots as a daemon would, in local time."""
    found, at = [], utc(start)
    while (at := next_slot(schedule, at)) and at <= utc(end):
        zone = schedule.zone if isinstance(schedule, Calendar) else UTC
        found.append(f"{at.astimezone(zone):%m-%d %H:%M%z}")
    return found


def test_a_time_left_out_by_the_spring_change_runs_once_an_hour_later() -> None:
    """02:30 does not exist on 29 March 2026 in Warsaw: the job runs at 03:30, and the days around it as ever."""
    nightly = parse_times(["02:30"], WARSAW)
    assert slots_between(nightly, "2026-03-27T12:00", "2026-03-30T12:00") == [
        "03-28 02:30+0100",
        "03-29 03:30+0200",
        "03-30 02:30+0200",
    ]


def test_a_time_repeated_by_the_autumn_change_runs_once() -> None:
    """02:30 exists twice on 25 October 2026 in Warsaw: the job runs the first time only."""
    nightly = parse_times(["02:30"], WARSAW)
    assert slots_between(nightly, "2026-10-23T12:00", "2026-10-26T12:00") == [
        "10-24 02:30+0200",
        "10-25 02:30+0200",
        "10-26 02:30+0100",
    ]


def test_an_hourly_line_counts_real_hours_through_both_changes() -> None:
    """`30 * * * *` neither pauses two hours in autumn nor runs twice in spring."""
    hourly = parse_cron("30 * * * *", WARSAW)
    for start, end in (("2026-10-24T20:00", "2026-10-25T06:00"), ("2026-03-28T20:00", "2026-03-29T06:00")):
        walked, at = [], utc(start)
        while (at := next_slot(hourly, at)) and at <= utc(end):
            walked.append(at)
        assert {later - earlier for earlier, later in pairwise(walked)} == {timedelta(hours=1)}


def test_midnight_never_skips_a_day_in_a_year_of_changes() -> None:
    """`0 0 * * *` has a slot on every one of the 365 days."""
    midnight, at, days = parse_cron("0 0 * * *", WARSAW), utc("2025-12-31T22:59"), []
    while (at := next_slot(midnight, at)) and at < utc("2026-12-31T22:59"):
        days.append(at.astimezone(WARSAW).date())
    assert days == [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]


def test_missed_runs_coalesce_to_the_newest_slot() -> None:
    """After a day off, one run is due: the latest."""
    schedule = parse_interval("1h")
    found = due(schedule, last=utc("2026-05-01T10:00"), now=utc("2026-05-02T10:20"))
    assert found is not None
    assert (found.slot, found.run) == (utc("2026-05-02T10:00"), True)


def test_nothing_is_due_twice_in_one_slot() -> None:
    """While the newest slot is the claimed one, nothing is due."""
    schedule = parse_times(["06:00"], WARSAW)
    slot = utc("2026-05-02T04:00")
    assert due(schedule, last=slot, now=slot) is None
    assert due(schedule, last=slot, now=slot + timedelta(hours=23, minutes=59)) is None
    assert due(schedule, last=slot, now=slot + timedelta(hours=24)) is not None


def test_a_new_calendar_waits_for_its_time_and_a_new_interval_starts_at_once() -> None:
    """First sight of `at 06:00` at noon claims this morning without running; `every 1h` runs."""
    noon = utc("2026-05-02T10:00")
    calendar = due(parse_times(["06:00"], WARSAW), last=None, now=noon)
    interval = due(parse_interval("1h"), last=None, now=noon)
    assert calendar is not None
    assert interval is not None
    assert (calendar.run, interval.run) == (False, True)


def test_a_clock_that_was_far_ahead_does_not_stop_the_schedule() -> None:
    """A slot claimed in 2099 by a wrong clock leaves today's slots due."""
    found = due(parse_interval("5m"), last=utc("2099-01-01T00:00"), now=utc("2026-05-02T10:03"))
    assert found is not None
    assert found.slot == utc("2026-05-02T10:00")


@pytest.mark.parametrize(
    ("line", "after", "expected"),
    [
        ("0 6 * * mon-fri", "2026-05-01T12:00", "2026-05-04T04:00"),  # Friday noon -> Monday 06:00 in Warsaw
        ("0 6 * * 0", "2026-05-01T12:00", "2026-05-03T04:00"),
        ("0 6 * * 7", "2026-05-01T12:00", "2026-05-03T04:00"),
        ("0 6 * * sun", "2026-05-01T12:00", "2026-05-03T04:00"),
        ("0 6 * * fri-sun", "2026-05-02T12:00", "2026-05-03T04:00"),
        ("15,45 */6 * * *", "2026-05-01T04:20", "2026-05-01T04:45"),
        ("0 8-18/2 * * *", "2026-05-01T06:00", "2026-05-01T08:00"),
        ("0 0 29 feb *", "2026-05-01T00:00", "2028-02-28T23:00"),
        ("0 0 1 jan,JUL *", "2026-05-01T00:00", "2026-06-30T22:00"),
        ("0 12 13 * fri", "2026-05-01T12:00", "2026-05-08T10:00"),  # either day field is enough, as in cron
        ("5/20 * * * *", "2026-05-01T12:06", "2026-05-01T12:25"),
    ],
)
def test_cron_lines_mean_what_cron_means(line: str, after: str, expected: str) -> None:
    """Names, lists, ranges, steps, both Sundays and cron's either-day rule."""
    assert next_slot(parse_cron(line, WARSAW), utc(after)) == utc(expected)


@pytest.mark.parametrize(
    "line",
    ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *", "5-1 * * * *",
     "0 0 30 feb *", "x * * * *", "* * * * moon", "1e3 * * * *", "-1 * * * *", "* * * * ²", "0 0 31 feb,apr *"],
)  # fmt: skip
def test_a_cron_line_that_cannot_be_meant_is_refused(line: str) -> None:
    """Wrong counts, ranges, names and days that never come are mistakes, not schedules."""
    with pytest.raises(ValueError):
        parse_cron(line, WARSAW)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("15 min", 900), ("2h", 7200), ("1h30m", 5400), ("1d", 86_400), ("1w", 604_800)],
)
def test_lengths_of_time_are_read(text: str, seconds: int) -> None:
    """Units may be combined."""
    assert parse_interval(text) == Interval(seconds)


@pytest.mark.parametrize("text", ["", "0m", "30s", "5", "h", "1.5h", "-5m", "9999999d"])
def test_lengths_that_cannot_be_meant_are_refused(text: str) -> None:
    """Nothing under a minute, no fractions, no bare numbers."""
    with pytest.raises(ValueError):
        parse_interval(text)


@pytest.mark.parametrize("text", ["24:00", "6", "06:60", "six", "06:00:00"])
def test_times_that_cannot_be_meant_are_refused(text: str) -> None:
    """A time of day is HH:MM."""
    with pytest.raises(ValueError):
        parse_times([text], WARSAW)


def test_weekdays_do_not_run_backwards() -> None:
    """`sat-mon` could mean two things."""
    with pytest.raises(ValueError, match="backwards"):
        parse_times(["06:00"], WARSAW, days=["sat-mon"])


def test_weekdays_limit_times() -> None:
    """`days = ["sat-sun"]` leaves the working week out."""
    weekend = parse_times(["06:00", "18:00"], WARSAW, days=["sat-sun"])
    assert slots_between(weekend, "2026-05-01T12:00", "2026-05-04T12:00") == [
        "05-02 06:00+0200",
        "05-02 18:00+0200",
        "05-03 06:00+0200",
        "05-03 18:00+0200",
    ]


moments = st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
calendars = st.builds(
    Calendar,
    st.sampled_from(ZONES),
    st.lists(st.times().map(lambda at: time(at.hour, at.minute)), min_size=1, max_size=4, unique=True).map(tuple),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    every_hour=st.booleans(),
)
schedules = st.one_of(st.builds(Interval, st.integers(60, 10**6)), calendars)


@given(schedules, moments)
def test_next_and_latest_are_neighbours(schedule: Calendar | Interval, at: datetime) -> None:
    """No slot lies between the latest one and the next one, and they lie on either side of the moment."""
    before, after = latest_slot(schedule, at), next_slot(schedule, at)
    assert before is not None
    assert after is not None
    assert before <= at < after
    assert next_slot(schedule, before) == after
    assert latest_slot(schedule, after) == after


@given(st.sampled_from(ZONES), st.times(), st.dates(date(2024, 1, 1), date(2031, 1, 1)))
def test_a_daily_time_has_one_slot_on_every_day(zone: ZoneInfo, at: time, day: date) -> None:
    """Whatever the clocks do, a job that runs daily at some minute runs exactly once a day."""
    daily = Calendar(zone, (time(at.hour, at.minute),))
    slots = sorted(slot for n in range(5) for slot in daily.slots(day + timedelta(days=n)))
    assert [slot.astimezone(zone).date() for slot in slots] == [day + timedelta(days=n) for n in range(5)]


@given(schedules, moments, st.lists(st.integers(-7_200, 86_400 * 3), min_size=1, max_size=30))
@settings(deadline=None)
def test_however_the_clock_moves_the_newest_slot_has_been_claimed(
    schedule: Calendar | Interval, start: datetime, steps: list[int]
) -> None:
    """A clock that jumps back and forth leaves nothing behind, and a slot is offered again only when it is older."""
    claimed: set[datetime] = set()
    now = start
    for step in [0, *steps]:
        now += timedelta(seconds=step)
        last = max(claimed, default=None)
        found = due(schedule, last=last, now=now)
        if found:
            assert found.slot not in claimed or found.slot < max(claimed)
            claimed.add(found.slot)
        assert latest_slot(schedule, now) in claimed
        assert due(schedule, last=latest_slot(schedule, now), now=now) is None
