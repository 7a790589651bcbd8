"""Values as text: exact, unambiguous, and harmless to a terminal."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewatch.cli.text import Percent, ago, clean, clean_lines, duration, human, json_line, plain, plural, shorten
from pricewatch.domain.money import Money

WARSAW = ZoneInfo("Europe/Warsaw")
HOSTILE = "\x1b]0;owned\x07\x1b[2Jred\x9b31m\u202etxt\u2066\u200b\x00\r\nnext\U000e0041"


def acts(text: str) -> list[str]:
    """The characters of a text that a terminal would act on or hide."""
    return [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]


@given(st.text())
def test_clean_text_is_one_harmless_line(text: str) -> None:
    """Whatever a page calls its product, nothing of it acts on the terminal, and cleaning twice changes nothing."""
    shown = clean(text)
    assert not [c for c in acts(shown) if unicodedata.category(c) != "Cf" or c in "\u202e\u2066\u200b\ufeff"]
    assert "\n" not in shown
    assert clean(shown) == shown


def test_escape_sequences_disappear_with_what_they_carry() -> None:
    """A title that sets the window's name and clears the screen leaves only its words."""
    assert clean(HOSTILE) == "red?31m?txt??? next?"


def test_lines_keep_their_indentation() -> None:
    """An error's caret stays under its column."""
    assert clean_lines("a:1:3: wrong\n  x = \x1b[31m1\n    ^") == "a:1:3: wrong\n  x = 1\n    ^"


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.none(), st.booleans())))
def test_a_json_line_is_one_harmless_line_that_reads_back_exactly(record: dict[str, object]) -> None:
    """Programs get every character; a terminal that shows the line acts on none of them."""
    line = json_line(record)
    assert "\n" not in line
    assert not [c for c in acts(line) if c in "\x1b\x9b\u202e\u2066\u200b\u2028\x00\x07"]
    assert json.loads(line) == record


@pytest.mark.parametrize(
    ("value", "people", "programs"),
    [
        (Money.parse("1299", "PLN"), "1299.00 PLN", "1299.00"),
        (Money.parse("1299", "JPY"), "1299 JPY", "1299"),
        (Percent(-1234, signed=True), "-12.3 %", "-12.34"),
        (Percent(500, signed=True), "+5.0 %", "5.00"),
        (12_345, "12345", "12345"),
        (True, "yes", "true"),
        (None, "–", ""),
        (("a", 2), "a, 2", "a, 2"),
        ({"offers_new": 3}, "offers new 3", "offers new 3"),
        (datetime(2026, 7, 1, 12, tzinfo=UTC), "2026-07-01 14:00 CEST", "2026-07-01T14:00:00+02:00"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "2026-10-25 02:30 CEST", "2026-10-25T02:30:00+02:00"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "2026-10-25 02:30 CET", "2026-10-25T02:30:00+01:00"),
        (timedelta(seconds=90), "1 min 30 s", "90"),
    ],
)
def test_values_have_one_form_for_people_and_one_for_programs(value: object, people: str, programs: str) -> None:
    """People see currency and time zone; programs get plain numbers and offsets."""
    assert human(value, WARSAW) == people
    assert plain(value, WARSAW) == programs


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.96, "10.0 s"), (59, "59 s"), (60, "1 min"), (3_600, "1 h"), (3_660, "1 h 1 min"),
     (86_400 * 3 + 7_200, "3 d 2 h"), (86_405, "1 d"), (-120, "-2 min")],
)  # fmt: skip
def test_durations_name_their_units(seconds: float, text: str) -> None:
    """No `1:30` that could be minutes or hours."""
    assert duration(timedelta(seconds=seconds)) == text


def test_times_can_lie_behind_and_ahead() -> None:
    """A clock that was set back is not told as `-5 min ago`."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert ago(now - timedelta(minutes=5), now) == "5 min ago"
    assert ago(now + timedelta(minutes=5), now) == "in 5 min"


def test_small_words() -> None:
    """Counting and cutting."""
    assert [plural(1, "price"), plural(2_000, "price"), plural(2, "entry", "entries")] == [
        "1 price",
        "2000 prices",
        "2 entries",
    ]
    assert [shorten("abcdef", 6), shorten("abcdefg", 6)] == ["abcdef", "abcde…"]
