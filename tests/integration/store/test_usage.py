"""Published limits hold over processes and restarts, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pricewatch.domain.limits import Limit

MINUTE = [Limit(100, 60)]


def test_what_fits_is_counted_and_the_rest_is_told_to_wait(store, clock):
    """100 of 100 fit; the next one waits until all of their slot is older than a minute."""
    assert store.usage.take("me", {"requests": 100}, MINUTE, at=clock.now()) == {}
    wait = store.usage.take("me", {"requests": 1}, MINUTE, at=clock.now())["requests"]
    assert 60 <= wait <= 61
    assert store.usage.take("me", {"requests": 100}, MINUTE, at=clock.now() + timedelta(seconds=wait)) == {}


def test_each_key_and_each_account_has_its_own_room(store, clock):
    """One listing that is used up does not keep others from being counted, nor other accounts."""
    daily = [Limit(2, 86_400)]
    store.usage.take("me", {"a": 2, "b": 1}, daily, at=clock.now())
    assert set(store.usage.take("me", {"a": 1, "b": 1}, daily, at=clock.now())) == {"a"}
    assert store.usage.take("other", {"a": 2}, daily, at=clock.now()) == {}


def test_every_limit_has_to_have_room(store, clock):
    """Nothing is counted against the hour when the minute is full."""
    both = [Limit(5, 60), Limit(8, 3_600)]
    assert store.usage.take("me", {"changes": 5}, both, at=clock.now()) == {}
    assert store.usage.take("me", {"changes": 4}, both, at=clock.now())["changes"] > 3_000
    assert store.usage.take("me", {"changes": 3}, both, at=clock.now())["changes"] <= 61
    assert store.usage.take("me", {"changes": 3}, both, at=clock.now() + timedelta(seconds=62)) == {}


def test_more_than_a_limit_allows_at_all_never_fits(store, clock):
    """A single ask over the limit waits forever instead of being let through."""
    assert store.usage.take("me", {"requests": 101}, MINUTE, at=clock.now()) == {"requests": float("inf")}


@pytest.mark.parametrize("seconds", [60, 3_600])
def test_no_window_ever_holds_more_than_the_limit(store, clock, seconds):
    """Whatever second a window starts at, what was let through in it stays within the limit."""
    limit, granted = Limit(20, seconds), []
    for step in range(300):
        at = clock.now() + timedelta(seconds=step * seconds / 50)
        if not store.usage.take("me", {"requests": 1}, [limit], at=at):
            granted.append(at.timestamp())
    assert len(granted) >= 100
    assert all(sum(start <= at < start + seconds for at in granted) <= 20 for start in granted)
