"""Many seeds, many strategies: the figures of a comparison."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pricewatch.domain.errors import UsageError
from pricewatch.simulate.protocol import Score
from pricewatch.simulate.run import Contender, simulate, summary

FIXED, TEMPERED = Contender("fixed"), Contender("thompson-tempered")


def test_differences_are_taken_seed_by_seed() -> None:
    """A small steady gain is seen through a large spread of the markets."""
    first = [Score(value) for value in (10.0, 50.0, 90.0)]
    second = [Score(value + 1.0, {"part": value}) for value in (10.0, 50.0, 90.0)]
    found = summary(0.2, "b", second, first)
    assert (found.mean, found.difference, found.difference_error) == (51.0, 1.0, 0.0)
    assert found.error == pytest.approx(40.0 / 3**0.5)
    assert found.tenth == pytest.approx(np.percentile([11.0, 51.0, 91.0], 10))
    assert found.details["part"][0] == 50.0


def test_refusals_are_counted_and_left_out() -> None:
    """What makes no claim has no score."""
    scores = [Score(math.nan), Score(3.0)]
    found = summary(None, "a", scores, scores)
    assert (found.seeds, found.refused, found.mean) == (2, 1, 3.0)
    assert math.isnan(summary(None, "a", scores[:1], scores[:1]).mean)


def test_processes_change_nothing() -> None:
    """Two processes give what one gives, to the last bit, and progress reaches the total."""
    told: list[tuple[int, int]] = []
    alone = simulate("S1", [FIXED, TEMPERED], range(3, 6), level=1.0, jobs=1)
    shared = simulate("S1", [FIXED, TEMPERED], range(3, 6), level=1.0, jobs=2, told=lambda *at: told.append(at))
    assert alone == shared
    assert told[-1] == (6, 6)
    assert [result.strategy for result in alone] == ["fixed", "thompson-tempered"]


def test_every_level_is_played_when_none_is_named() -> None:
    """With the first strategy of each level as the base of that level."""
    found = simulate("S1", [FIXED], range(2), jobs=1)
    assert [result.level for result in found] == [0.2, 1.0, 5.0, 20.0]
    assert all(result.difference == 0.0 for result in found)


@pytest.mark.parametrize(("name", "level"), [("S9", None), ("S3", 1.0), ("S1", 0.0), ("S1", math.nan)])
def test_unknown_markets_and_levels_are_refused(name: str, level: float | None) -> None:
    """Before anything is played."""
    with pytest.raises(UsageError):
        simulate(name, [FIXED], range(1), level=level, jobs=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "level", "strategy", "low", "high"),
    [
        ("S1", 5.0, "fixed", 78.0, 98.0),
        ("S1", 5.0, "thompson-tempered", 96.0, 99.0),
        ("S2", 0.2, "pooled", 94.0, 97.0),
        ("S3", None, "under-reset", 88.0, 118.0),
        ("S4", None, "fixed:5", 1.5, 2.6),
        ("S5", None, "nash", -0.001, 0.001),
        ("S6", 5.0, "cost-and-trials", 0.1, 0.4),
    ],
)
def test_reference_figures_stay_where_they_were(name, level, strategy, low, high) -> None:
    """A few seeds of each market, within what seeds explain."""
    (found,) = simulate(name, [Contender(strategy)], range(8), level=level, jobs=1)
    assert low < found.mean < high
