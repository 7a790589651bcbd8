"""Delivery times in a catalogue's words are understood as whole days, or not at all."""

from __future__ import annotations

import pytest

from pricewatch.domain.shipping import days_of, in_days


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("24 h", 1), ("24h", 1), ("48 godzin", 2), ("1-25 h", 2), ("2 days", 2), ("1 day", 1), ("1-3 Werktage", 3),
        ("3 dni", 3), ("2-5 dni roboczych", 5), ("14", 14), ("0", 0), ("2 pracovní dny", None), ("5 jours ouvrés", 5),
        ("soon", None), ("", None), ("-3", None), ("1.5 days", None), ("9999", None), ("366 days", None),
        ("2 days ago", None), ("٣ days", 3),
    ],
)  # fmt: skip
def test_the_longest_time_counts(words, days):
    """Of a span the longer end, of hours whole days; what says no number of days says nothing."""
    assert days_of(words) == days


def test_days_are_told_in_words_that_are_understood():
    """What is told of days is read back as the same days."""
    assert [days_of(in_days(days)) for days in (0, 1, 2, 365)] == [0, 1, 2, 365]
