"""What is due, according to the database: once, never twice, never lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pricewatch.config import load
from pricewatch.domain.errors import Locked
from pricewatch.pipeline.holding import hold
from pricewatch.pipeline.schedule import parse_interval, parse_times
from pricewatch.testing import FixedClock, MemoryStore
from pricewatch.worker import ATTEMPTS, JOB, RULE_CHANGE, Agenda, Health, Job, RuleWatch

HOURLY = Job("hourly", ("scrape",), (), parse_interval("1h"))
MORNING = Job("morning", ("plan",), (), parse_times(["06:00"], ZoneInfo("Europe/Warsaw")))


@pytest.fixture
def store(clock: FixedClock) -> Iterator[MemoryStore]:
    opened = MemoryStore(clock)
    yield opened
    opened.close()


def record(store: MemoryStore, clock: FixedClock, slot: datetime, status: str) -> None:
    """Leave the record of one attempt at the hourly job."""
    run = store.runs.begin(JOB, at=clock.now(), detail=f"hourly {slot.isoformat()}")
    if status != "running":
        store.runs.finish(run, at=clock.now(), status=status, counts={})


def test_a_slot_is_claimed_once(store: MemoryStore, clock: FixedClock) -> None:
    """Two agendas on one database do not both get a slot."""
    first, second = Agenda([HOURLY], store.runs), Agenda([HOURLY], store.runs)
    assert first.pending(clock.now())
    claim = first.claim(clock.now())
    assert claim is not None
    assert claim.slot == clock.now()
    assert second.claim(clock.now()) is None
    assert not second.pending(clock.now())


def test_a_new_calendar_waits_for_its_time(store: MemoryStore, clock: FixedClock) -> None:
    """A job at 06:00 that is configured at noon runs the next morning, also when only cron looks now and then."""
    assert Agenda([MORNING], store.runs).claim(clock.now()) is None
    clock.advance(hours=16)
    assert Agenda([MORNING], store.runs).claim(clock.now()) is None
    clock.advance(hours=1)
    claim = Agenda([MORNING], store.runs).claim(clock.now())
    assert claim is not None
    assert claim.slot == datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A shop that plans on Mondays, and its rules."""
    plan = '[schedule.weekly]\nstages = ["scrape", "plan", "publish"]\nat = ["06:00"]\nweekdays = ["mon"]\n'
    (tmp_path / "config.toml").write_text(
        f'[shop]\nname = "Shop"\ncountry = "PL"\ncurrency = "PLN"\ntimezone = "Europe/Warsaw"\n{plan}'
    )
    (tmp_path / "rules").mkdir()
    promotion(tmp_path, "2026-11-27T08:00:00", "2026-11-30")
    return tmp_path


def promotion(folder: Path, starts: str, ends: str) -> None:
    rule = f'[[rule]]\nname = "black week"\ntarget = "rrp"\nadjust = "-10 %"\nstarts = {starts}\nends = {ends}\n'
    (folder / "rules" / "sale.toml").write_text(rule)


def test_a_rule_that_starts_or_ends_is_planned_at_that_moment(
    store: MemoryStore, clock: FixedClock, project: Path
) -> None:
    """Friday 8:00 to the end of Monday, though the only job comes on Mondays; nothing is scraped for it."""
    config = load(project / "config.toml")
    agenda = Agenda((), store.runs, also=RuleWatch(config))
    assert agenda.claim(clock.now()) is None
    starts, ends = datetime(2026, 11, 27, 7, tzinfo=UTC), datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert agenda.upcoming(clock.now()) == {RULE_CHANGE: starts}
    clock.set(starts)
    claim = agenda.claim(clock.now())
    assert claim is not None
    assert (claim.job.stages, claim.slot) == (("plan", "publish"), starts)
    assert agenda.claim(clock.now()) is None
    clock.set(ends)
    claim = agenda.claim(clock.now())
    assert claim is not None
    assert claim.slot == ends


def test_edited_rules_are_looked_at_again(
    store: MemoryStore, clock: FixedClock, project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A promotion that is moved is planned at its new time; rules with a mistake leave the last good times."""
    agenda = Agenda((), store.runs, also=RuleWatch(load(project / "config.toml")))
    promotion(project, "2026-11-26T08:00:00", "2026-11-30T12:00:00")
    assert agenda.upcoming(clock.now()) == {RULE_CHANGE: datetime(2026, 11, 26, 7, tzinfo=UTC)}
    promotion(project, '"soon, perhaps"', "2026-11-30")
    assert agenda.upcoming(clock.now()) == {RULE_CHANGE: datetime(2026, 11, 26, 7, tzinfo=UTC)}
    assert "sale.toml" in caplog.text


def test_days_off_become_one_run(store: MemoryStore, clock: FixedClock) -> None:
    """After three days without a daemon the hourly job runs once."""
    agenda = Agenda([HOURLY], store.runs)
    agenda.claim(clock.now())
    clock.advance(days=3)
    assert agenda.claim(clock.now()) is not None
    assert agenda.claim(clock.now()) is None


def test_an_interrupted_job_is_taken_up_again(store: MemoryStore, clock: FixedClock) -> None:
    """A kill in the middle does not cost the slot."""
    agenda = Agenda([HOURLY], store.runs)
    claim = agenda.claim(clock.now())
    assert claim is not None
    record(store, clock, claim.slot, "running")
    assert agenda.claim(clock.now()) is None
    store.runs.interrupt_unfinished(at=clock.now())
    again = agenda.claim(clock.now())
    assert again is not None
    assert (again.slot, again.attempt) == (claim.slot, 2)


def test_a_job_that_kills_its_process_is_not_tried_for_ever(store: MemoryStore, clock: FixedClock) -> None:
    """After three attempts at one slot the job waits for the next one."""
    agenda, slot = Agenda([HOURLY], store.runs), clock.now()
    agenda.claim(slot)
    for _ in range(ATTEMPTS):
        record(store, clock, slot, "interrupted")
    assert agenda.claim(clock.now()) is None
    clock.advance(hours=1)
    following = agenda.claim(clock.now())
    assert following is not None
    assert following.slot == clock.now()


@pytest.mark.parametrize("status", ["ok", "partly", "failed"])
def test_a_job_that_ended_waits_for_its_next_slot(store: MemoryStore, clock: FixedClock, status: str) -> None:
    """Also a failed one: the mistake is reported, not hammered."""
    agenda = Agenda([HOURLY], store.runs)
    agenda.claim(clock.now())
    record(store, clock, clock.now(), status)
    assert agenda.claim(clock.now()) is None


def test_a_name_is_not_the_beginning_of_another(store: MemoryStore, clock: FixedClock) -> None:
    """The records of `hourly` say nothing of `hour`."""
    record(store, clock, clock.now(), "interrupted")
    other = Agenda([Job("hour", ("plan",), (), parse_interval("1h"))], store.runs)
    claim = other.claim(clock.now())
    assert claim is not None
    assert claim.attempt == 1


def test_the_lock_is_waited_for_only_as_long_as_asked(store: MemoryStore) -> None:
    """Without waiting, a taken lock is an error at once; a free one is let go of afterwards."""
    with hold(store), pytest.raises(Locked), hold(store):
        pass
    with hold(store, wait=0.1):
        pass


def test_health_survives_the_file(tmp_path: Path) -> None:
    """What is written is what is read, and no reader ever sees half of it."""
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    health = Health("idle", 7, now, now, tick_at=now, upcoming={"hourly": now, "never": None}, last_job="x")
    path = tmp_path / "health.json"
    health.write(path)
    assert Health.read(path) == health
    assert [file.name for file in tmp_path.iterdir()] == ["health.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": 1}', '{"beat_at": "yesterday"}'])
def test_a_health_file_that_says_nothing_is_none(tmp_path: Path, text: str) -> None:
    """A foreign or cut-off file is no daemon."""
    (tmp_path / "health.json").write_text(text)
    assert Health.read(tmp_path / "health.json") is None
    assert Health.read(tmp_path / "missing.json") is None


def test_a_daemon_without_a_beat_is_not_well() -> None:
    """Two minutes of silence, or an end on purpose."""
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    health = Health("idle", 7, now, now)
    assert health.well(now + timedelta(minutes=1))
    assert not health.well(now + timedelta(minutes=3))
    assert not Health("stopped", 7, now, now).well(now)
