"""What ran, what is due, and who stopped it."""

from __future__ import annotations

from datetime import timedelta

from pricewatch.domain.errors import SetAside
from pricewatch.ports import RunRecord, StopState

ASIDE = SetAside("scrape", "https://shop.example/1", "blocked", hint="see it")


def test_a_run_is_on_record_from_its_beginning(store, clock):
    """Open while it runs, then with all that it counted and set aside."""
    started = clock.now()
    run = store.runs.begin("scrape", at=started, detail="shop")
    assert store.runs.recent() == (RunRecord(run, "scrape", "shop", started),)
    ended = clock.advance(minutes=1)
    store.runs.finish(run, at=ended, status="partly", counts={"pages": 3}, set_aside=[ASIDE], message="so so")
    assert store.runs.recent() == (
        RunRecord(run, "scrape", "shop", started, ended, "partly", {"pages": 3}, (ASIDE,), "so so"),
    )


def test_recent_runs_come_newest_first(store, clock):
    """Of one stage or of all, as many as asked for."""
    for stage in ("scrape", "match", "scrape"):
        store.runs.begin(stage, at=clock.now())
    assert [run.id for run in store.runs.recent(stage="scrape")] == [3, 1]
    assert [run.id for run in store.runs.recent(limit=2)] == [3, 2]


def test_runs_that_a_killed_process_left_open_are_closed(store, clock):
    """What was finished stays as it was."""
    done = store.runs.begin("scrape", at=clock.now())
    store.runs.finish(done, at=clock.now(), status="ok", counts={})
    store.runs.begin("match", at=clock.now())
    assert store.runs.interrupt_unfinished(at=clock.now()) == 1
    assert [run.status for run in store.runs.recent()] == ["interrupted", "ok"]
    assert store.runs.interrupt_unfinished(at=clock.now()) == 0


def test_a_slot_is_taken_once(store, clock):
    """The second daemon finds it taken; other slots and schedules are free."""
    slot = clock.now()
    assert store.runs.last_slot("night") is None
    assert store.runs.claim_slot("night", slot, at=clock.now())
    assert not store.runs.claim_slot("night", slot, at=clock.now())
    assert store.runs.claim_slot("night", slot + timedelta(days=1), at=clock.now())
    assert store.runs.claim_slot("day", slot, at=clock.now())
    assert store.runs.last_slot("night") == slot + timedelta(days=1)


def test_the_kill_switch_is_on_until_somebody_resumes(store, clock):
    """Stopped twice is stopped once: the first reason shows, one resume ends it."""
    assert store.control.stopped() is None
    first = StopState(clock.now(), "anna", "wrong costs")
    store.control.stop(at=first.at, by=first.by, reason=first.reason)
    store.control.stop(at=clock.advance(minutes=1), by="jan", reason="same")
    assert store.control.stopped() == first
    assert store.control.resume(at=clock.now(), by="anna")
    assert store.control.stopped() is None
    assert not store.control.resume(at=clock.now(), by="anna")


def test_the_audit_trail_reads_newest_first(store, clock):
    """When, what, who, and the detail."""
    first = clock.now()
    store.control.audit("stopped", at=first, by="anna", detail="wrong costs")
    second = clock.advance(minutes=1)
    store.control.audit("resumed", at=second, by="jan")
    assert store.control.audit_trail() == ((second, "resumed", "jan", ""), (first, "stopped", "anna", "wrong costs"))
    assert len(store.control.audit_trail(limit=1)) == 1
