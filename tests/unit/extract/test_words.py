"""Long lists of words are looked for by what they have in common, with the answers of a plain list."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from pricewatch.scraping.extract.facts import facts_in
from pricewatch.scraping.extract.words import any_of

WORDS = st.lists(st.text("abc.+ ", min_size=1, max_size=4), min_size=1, max_size=8)


@given(WORDS, st.text("abc.+ ", max_size=12))
def test_the_longest_of_the_words_is_taken(words: list[str], text: str) -> None:
    """Whatever the words have in common, the match is that of a plain list with its longest words first."""
    plain = re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))
    assert [m.span() for m in re.finditer(any_of(words), text)] == [m.span() for m in plain.finditer(text)]


def test_signs_of_expressions_are_only_letters_in_words() -> None:
    """A word may hold what means something in an expression."""
    assert re.fullmatch(any_of(["a.b", "a+"]), "a.b")
    assert not re.fullmatch(any_of(["a.b", "a+"]), "axb")


def test_a_label_is_one_whatever_its_letters_case() -> None:
    """Labels are looked for in the texts' lower case, values are told as they are written."""
    texts = ["ASIN", "B07FW264WL", "Marka: Bosch"]
    assert facts_in(texts, [text.lower() for text in texts]) == [(0, "sku", "B07FW264WL"), (2, "brand", "Bosch")]
