"""How often pages are worth reading: as plain arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.pipeline.revisit import Bounds, intervals, rates

some = st.lists(st.floats(min_value=0.01, max_value=50), min_size=1, max_size=40)


@given(some, st.floats(min_value=0.1, max_value=200), st.randoms())
def test_the_budget_and_both_bounds_hold(found, readings, dice):
    """However lively the pages are: none is read sooner or later than allowed, and all together within the readings."""
    rate = np.array(found)
    weight = np.array([dice.choice([0.5, 1.0, 3.0]) for _ in found])
    bounds = Bounds(readings, 0.01, 2.0)
    days = intervals(rate, weight, bounds)
    assert (days >= 0.01).all()
    assert (days <= 2.0).all()
    assert (1 / days).sum() <= max(readings, len(found) / 2.0) * 1.01


def test_what_changes_more_often_is_read_more_often():
    """Twice the rate never waits longer, and without limits in the way waits half as long."""
    days = intervals(np.array([0.5, 1.0, 2.0]), np.ones(3), Bounds(7.0, 0.001, 100.0))
    assert days[0] == pytest.approx(2 * days[1], rel=0.01)
    assert days[1] == pytest.approx(2 * days[2], rel=0.01)
    assert (1 / days).sum() == pytest.approx(7.0, rel=0.01)


def test_what_matters_more_is_read_more_often():
    """Of two pages that change alike the heavier one is read sooner."""
    light, heavy = intervals(np.ones(2), np.array([1.0, 3.0]), Bounds(2.0, 0.001, 100.0))
    assert heavy < light


def test_pages_that_are_alike_share_alike():
    """Without anything known the plan is the plain one: everybody at the same pace."""
    days = intervals(np.ones(4), np.ones(4), Bounds(16.0, 0.001, 100.0))
    assert days == pytest.approx(np.full(4, 0.25), rel=0.01)


def test_a_page_that_nobody_knows_takes_after_the_others():
    """A new page counts as lively as its site; what was watched for long counts by itself."""
    quiet, lively, new = rates(
        np.array([0.0, 30.0, 0.0]), np.array([30.0, 30.0, 0.0]), np.array([0.0, 7.0, 0.0]), np.array([7.0, 7.0, 0.0])
    )
    assert quiet < new < lively
    assert lively == pytest.approx(1.0, rel=0.1)


def test_a_recent_change_counts_more_than_an_old_one():
    """The same number of changes, but of this week."""
    days, week = np.full(2, 30.0), np.full(2, 7.0)
    old, recent = rates(np.full(2, 5.0), days, np.array([0.0, 5.0]), week)
    assert recent > old
