"""When a job is due: pure functions from a schedule, the last slot that was claimed, and the time now.

A slot is the UTC time at which a job should run. Missed slots coalesce: only the newest one is due. Wall-clock
times are read in the shop's time zone, and stay one slot a day when the clocks change:

- a time that the spring change leaves out (02:30 in Warsaw) runs once, as much later as the clock jumps (03:30);
- a time that the autumn change repeats runs once, the first time; a cron line whose hour field covers the whole
  day counts real hours and runs in both;
- after the clock was set back, slots that were claimed before stay claimed: the caller's claim (unique for
  schedule and slot) keeps a job from running twice, and nothing waits for a clock that was wrong for a while.

Intervals are counted from the epoch in UTC, so that a restart does not shift them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
SHORTEST = timedelta(minutes=1)
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_HORIZON = 366 * 9  # days: 29 February may be eight years away
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_LENGTH = re.compile(r"(\d{1,6})\s*(min|[smhdw])\s*")
_ALL_DAYS, _ALL_MONTHS, _ALL_WEEKDAYS = frozenset(range(1, 32)), frozenset(range(1, 13)), frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Interval:
    """Every so many whole seconds, counted from the epoch in UTC."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """Wall-clock times on the days that match, in a business time zone.

    `weekdays` count from Monday = 0. `either` is cron's rule for a line that restricts both day fields: one is
    enough. `every_hour` makes a repeated hour count twice.
    """

    zone: ZoneInfo
    times: tuple[time, ...]
    weekdays: frozenset[int] = _ALL_WEEKDAYS
    days: frozenset[int] = _ALL_DAYS
    months: frozenset[int] = _ALL_MONTHS
    either: bool = False
    every_hour: bool = False

    def covers(self, day: date) -> bool:
        """Say whether the schedule has slots on a day of the wall calendar."""
        by_day, by_weekday = day.day in self.days, day.weekday() in self.weekdays
        fits = (by_day or by_weekday) if self.either else (by_day and by_weekday)
        return fits and day.month in self.months

    def slots(self, day: date) -> Iterator[datetime]:
        """The day's slots in UTC, in no order; a time that does not exist moves on by the clock's jump."""
        for at in self.times:
            first = datetime.combine(day, at, self.zone).astimezone(UTC)
            yield first
            second = datetime.combine(day, at.replace(fold=1), self.zone).astimezone(UTC)
            if self.every_hour and second > first:
                yield second


@dataclass(frozen=True, slots=True)
class Moments:
    """Single points in time, in UTC and in order."""

    times: tuple[datetime, ...]


Schedule: TypeAlias = Interval | Calendar | Moments


@dataclass(frozen=True, slots=True)
class Due:
    """A slot to claim; `run` False only marks where a new schedule begins."""

    slot: datetime
    run: bool


def due(schedule: Schedule, *, last: datetime | None, now: datetime) -> Due | None:
    """The newest slot that is not later than `now`, unless it is the last one claimed.

    A calendar that never ran starts with its next time, everything else at once.
    """
    slot = latest_slot(schedule, now)
    if slot is None or slot == last:
        return None
    return Due(slot, run=last is not None or not isinstance(schedule, Calendar))


def latest_slot(schedule: Schedule, at: datetime) -> datetime | None:
    """The newest slot that is not later than `at`; None when there was none in nine years."""
    if isinstance(schedule, Interval):
        return _grid(schedule, at)
    if isinstance(schedule, Moments):
        return max((moment for moment in schedule.times if moment <= at), default=None)
    past = ([slot for slot in slots if slot <= at] for slots in _near(schedule, at, -1))
    return next((max(slots) for slots in past if slots), None)


def next_slot(schedule: Schedule, after: datetime) -> datetime | None:
    """The first slot later than `after`; None when there is none in nine years."""
    if isinstance(schedule, Interval):
        return _grid(schedule, after) + timedelta(seconds=schedule.seconds)
    if isinstance(schedule, Moments):
        return min((moment for moment in schedule.times if moment > after), default=None)
    future = ([slot for slot in slots if slot > after] for slots in _near(schedule, after, 1))
    return next((min(slots) for slots in future if slots), None)


def _grid(schedule: Interval, at: datetime) -> datetime:
    whole = int(at.timestamp() // schedule.seconds) * schedule.seconds
    return datetime.fromtimestamp(whole, UTC)


def _near(schedule: Calendar, at: datetime, step: int) -> Iterator[list[datetime]]:
    """Slots of days around `at`, outwards in one direction: first three days together, as a zone may skip a day."""
    centre = at.astimezone(schedule.zone).date()
    around = [centre + timedelta(days=offset) for offset in (-1, 0, 1)]
    yield [slot for day in around if schedule.covers(day) for slot in schedule.slots(day)]
    for distance in range(2, _HORIZON):
        day = centre + timedelta(days=step * distance)
        if schedule.covers(day):
            yield list(schedule.slots(day))


def parse_interval(text: str) -> Interval:
    """Read `90s`, `15m`, `2h`, `1d`, `1h30m`; raises ValueError for anything else and for less than a minute."""
    words = text.strip().lower()
    if not re.fullmatch(f"(?:{_LENGTH.pattern})+", words):
        raise ValueError(f"{text!r} is no length of time; write it as in 15m, 2h or 1d")
    seconds = sum(int(count) * _UNITS[unit] for count, unit in _LENGTH.findall(words))
    if seconds < SHORTEST.total_seconds():
        raise ValueError(f"{text!r} is shorter than a minute")
    return Interval(seconds)


def parse_times(times: Sequence[str], zone: ZoneInfo, *, days: Sequence[str] = ()) -> Calendar:
    """Read times of day (`06:00`, `18:30`) and weekdays (`mon`, `sat-sun`; none = all); raises ValueError."""
    if not times:
        raise ValueError("a schedule needs at least one time of day, as in 06:00")
    weekdays = _field(",".join(days), 0, 6, WEEKDAYS, "weekday") if days else _ALL_WEEKDAYS
    return Calendar(zone, tuple(sorted({_time(text) for text in times})), weekdays=weekdays)


def _time(text: str) -> time:
    found = re.fullmatch(r"\s*(\d{1,2}):(\d{2})\s*", text)
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        raise ValueError(f"{text!r} is no time of day; write it as in 06:00 or 18:30")
    return time(int(found[1]), int(found[2]))


def parse_cron(text: str, zone: ZoneInfo) -> Calendar:
    """Read a cron line of five fields (minute hour day month weekday; 0 and 7 are Sunday); raises ValueError."""
    fields = text.split()
    if len(fields) != 5:
        raise ValueError(f"{text!r} has {len(fields)} fields; a cron line has five: minute hour day month weekday")
    minutes = _field(fields[0], 0, 59, (), "minute")
    hours = _field(fields[1], 0, 23, (), "hour")
    days = _field(fields[2], 1, 31, (), "day")
    months = _field(fields[3], 1, 12, MONTHS, "month")
    weekdays = frozenset((number - 1) % 7 for number in _field(fields[4], 0, 7, _CRON_WEEKDAYS, "weekday"))
    either = not fields[2].startswith("*") and not fields[4].startswith("*")
    if not either and not any(day <= _LONGEST_MONTHS[month - 1] for day in days for month in months):
        raise ValueError(f"{text!r} never happens: no such day in these months")
    times = tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes))
    return Calendar(zone, times, weekdays, days, months, either=either, every_hour=len(hours) == 24)


_CRON_WEEKDAYS = ("sun", *WEEKDAYS[:6])


def _field(text: str, low: int, high: int, names: Sequence[str], what: str) -> frozenset[int]:
    """Read one field: numbers or names, ranges, steps, lists; names start at `low`."""
    chosen: set[int] = set()
    for part in text.lower().split(","):
        span, _, step = part.strip().partition("/")
        first, last = (low, high) if span == "*" else _span(span, low, high, names, what)
        if step:
            last = high if span != "*" and "-" not in span else last
            if not step.isdecimal() or not 0 < int(step) <= high:
                raise ValueError(f"{part!r} is no {what}: the step after / is a number from 1 to {high}")
        chosen.update(range(first, last + 1, int(step or 1)))
    return frozenset(chosen)


def _span(span: str, low: int, high: int, names: Sequence[str], what: str) -> tuple[int, int]:
    first, dash, last = span.partition("-")
    start = _member(first, low, high, names, what)
    end = _member(last, low, high, names, what) if dash else start
    if last == "sun" and end < start:
        end = high  # fri-sun: Sunday is also the last day
    if end < start:
        raise ValueError(f"{span!r} runs backwards")
    return start, end


def _member(text: str, low: int, high: int, names: Sequence[str], what: str) -> int:
    if text in names:
        return low + names.index(text)
    if not text.isdecimal() or len(text) > 3 or not low <= int(text) <= high:
        choices = f"{low} to {high}" + (f" or {', '.join(names)}" if names else "")
        raise ValueError(f"{text!r} is no {what}; use {choices}")
    return int(text)
