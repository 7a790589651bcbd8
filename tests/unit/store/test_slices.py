"""Columns that come in slices are the same however they were cut."""

from __future__ import annotations

import numpy as np
import pytest

from pricewatch.store.slices import Slices, in_places


@pytest.mark.parametrize("size", [1, 7, 4_096, 20_000])
def test_columns_do_not_depend_on_the_slices(size: int) -> None:
    """Every row arrives once and in order, also where the room for a column has to grow."""
    first, second = np.arange(20_000), np.arange(20_000) * 3 - 50
    found = Slices(2)
    for start in range(0, 20_000, size):
        found.add([first[start : start + size], second[start : start + size]])
    assert [column.tolist() for column in found.columns()] == [first.tolist(), second.tolist()]


def test_what_is_kept_of_a_slice_may_be_other_columns() -> None:
    """Numbers are turned slice by slice, and keep the type that they were turned into."""
    found = Slices(1, lambda numbers: (numbers[0] % 2 == 0, (numbers[0] // 2).astype(np.int8)))
    found.add([np.array([1, 2])])
    found.add([np.array([30])])
    even, half = found.columns()
    assert (even.tolist(), half.tolist(), half.dtype) == ([False, True, True], [0, 1, 15], np.dtype(np.int8))


def test_nothing_is_turned_too() -> None:
    """Without a row there are still as many columns, of the types that rows would have."""
    (kept,) = Slices(2, lambda numbers: [(numbers[0] + numbers[1]).astype(np.int16)]).columns()
    assert (len(kept), kept.dtype) == (0, np.dtype(np.int16))


def test_numbers_and_texts_come_back_to_their_places() -> None:
    """Columns stand as they were asked for; numbers that were turned into others stand first."""
    assert in_places("iti", [1, 3], [2]) == [1, 2, 3]
    assert in_places("iit", [1], [2]) == [1, 2]
