"""What is written is read back the same, on every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.store.columns import clean, count, digest, from_micros, to_micros

ZONES = st.integers(min_value=-14 * 60, max_value=14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(9000, 1, 1), timezones=ZONES))
def test_times_survive_to_the_microsecond(moment):
    """Any aware time comes back as the same instant, in UTC."""
    back = from_micros(to_micros(moment))
    assert back == moment
    assert back.tzinfo is UTC


def test_a_time_without_a_zone_is_refused():
    """Nobody knows when it was."""
    with pytest.raises(ValueError, match="no time zone"):
        to_micros(datetime(2026, 11, 22))


@given(st.text(st.characters(codec=None)))
def test_cleaned_text_can_be_stored_and_cleaning_again_changes_nothing(text):
    """No NUL and no lone surrogate is left; everything else stays."""
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert "\x00" not in cleaned.encode("utf-8").decode()
    assert cleaned == "".join(c for c in text if c != "\x00" and not 0xD800 <= ord(c) <= 0xDFFF)


@given(st.lists(st.text(st.characters(codec=None)), min_size=2, max_size=4))
def test_keys_depend_on_every_part_and_on_where_it_ends(parts):
    """Moving a letter over the seam gives another key."""
    moved = [parts[0] + "x", *parts[1:]], [parts[0], "x" + parts[1], *parts[2:]]
    assert len({digest(*parts), digest(*moved[0]), digest(*moved[1])}) == 3
    assert len(digest(*parts)) == 32


@pytest.mark.parametrize(("told", "kept"), [(0, 0), (7, 7), (-1, None), (10**30, None), (None, None)])
def test_counts_that_no_shop_can_mean_are_unknown(told, kept):
    """A page can claim anything."""
    assert count(told) == kept
