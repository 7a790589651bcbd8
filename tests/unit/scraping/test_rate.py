"""One host's turns, as plain arithmetic over a clock that the test holds."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pricewatch.scraping.rate import Host

delays = st.integers(min_value=0, max_value=100_000).map(lambda ms: ms / 1_000)


@given(delay=delays, arrivals=st.lists(st.floats(min_value=0, max_value=1_000), min_size=2, max_size=30))
def test_starts_are_never_nearer_than_the_delay(delay, arrivals):
    """Whenever the requests come, their reserved starts keep the delay between them and none is early."""
    host = Host(delay, 1)
    starts = [(now, host.reserve(now)) for now in sorted(arrivals)]
    assert all(start >= now for now, start in starts)
    assert all(b - a >= delay * 0.999_999 for (_, a), (_, b) in pairwise(starts))


def test_a_wait_that_was_asked_for_moves_everybody():
    """Retry-After holds the whole host, and a shorter one does not shorten it."""
    host = Host(1.0, 1)
    host.hold(30, now=100)
    host.hold(5, now=101)
    assert host.reserve(102) == 130


def test_strain_doubles_the_delay_and_only_good_answers_undo_it():
    """429 and 503 slow a host down; errors of any kind never speed it up."""
    host = Host(1.0, 1)

    def gap() -> float:
        return -host.reserve(0.0) + host.reserve(0.0)

    plain = gap()
    for _ in range(3):
        host.slow_down()
    strained = Host(1.0, 1, slowness=host.slowness)
    assert strained.reserve(0) == 0
    assert strained.reserve(0) >= 8
    assert plain <= 1.25
    for _ in range(60):
        host.answered_well()
    assert host.slowness == 1.0


@given(st.integers(min_value=0, max_value=200), st.floats(min_value=0, max_value=500))
def test_a_strained_host_still_gets_a_turn(times, delay):
    """However often it was strained, the next start is at most a minute off, or the delay if that is longer."""
    host = Host(delay, 1)
    for _ in range(times):
        host.slow_down()
    host.reserve(0.0)
    assert host.reserve(0.0) <= max(60.0, delay) * 1.25


def test_refusals_in_a_row_pause_a_host():
    """Only an unbroken row counts, and a pause starts the count afresh."""
    host = Host(0, 1)
    assert not host.refused(0, limit=2, pause=60)
    assert host.refused(1, limit=2, pause=60)
    assert (host.paused_until, host.paused_for) == (61, "refuses us")
    assert not host.refused(70, limit=2, pause=60)


def test_silence_pauses_a_host_until_it_answers():
    """Pages without an answer count like refusals; a good answer forgets them."""
    host = Host(0, 1)
    host.silent(0, limit=2, pause=60)
    host.answered_well()
    assert not host.silent(0, limit=2, pause=60)
    assert host.silent(0, limit=2, pause=60)


def test_retries_have_a_budget():
    """A fifth of the requests may be retries, three always, none at all if the budget is 0."""
    assert Host(0, 1, requests=1, retries=2).may_retry(20)
    assert not Host(0, 1, requests=1, retries=3).may_retry(20)
    assert Host(0, 1, requests=100, retries=19).may_retry(20)
    assert not Host(0, 1, requests=100, retries=20).may_retry(20)
    assert not Host(0, 1, requests=100).may_retry(0)


def test_answers_that_come_late_slow_a_host_down():
    """Three in a row of over three times the usual time are strain; one alone, or a quick host's jitter, is not."""
    host = Host(1.0, 1)
    for seconds in (0.5, 0.5, 0.9, 0.6, 4.0, 0.5, 4.0, 4.0):
        host.answered_well(seconds)
    assert host.slowness == 1.0
    host.answered_well(4.0)
    assert host.slowness == 2.0
    assert host.usual < 0.6


def test_a_late_answer_never_speeds_a_host_up():
    """Coming back to the plain delay takes many good and quick answers, and each brings little."""
    host = Host(1.0, 1, slowness=4.0, usual=0.2)
    host.answered_well(5.0)
    assert host.slowness == 4.0
    host.answered_well(0.2)
    assert 3.7 < host.slowness < 4.0
