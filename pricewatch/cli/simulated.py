"""Scores of strategies as a page with curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pricewatch.cli.charts import COLOURS, Chart, Line, page

if TYPE_CHECKING:
    from pricewatch.simulate.run import Result

_HEADER = ("level", "strategy", "seeds", "mean", "±", "10th percentile", "to the first", "± of it")


def drawn(title: str, unit: str, found: Sequence[Result]) -> str:
    """A table, and for each level the scores of all strategies from each one's worst seed to its best, and what each
    earns beyond the first one on the same seeds.
    """
    rows = [
        (_text(each.level), each.strategy, str(each.seeds), *map(_text, (each.mean, each.error, each.tenth)),
         _text(each.difference), _text(each.difference_error))
        for each in found
    ]  # fmt: skip
    levels = list(dict.fromkeys(each.level for each in found))
    charts = [chart for level in levels for chart in _charts([each for each in found if each.level == level])]
    lead = f"Score: {unit}. One step is one seed; each line is sorted by itself, so steps of two lines are not pairs."
    return page(f"Simulated market {title}", lead, _HEADER, rows, charts)


def _charts(found: Sequence[Result]) -> list[Chart]:
    at = "" if found[0].level is None else f", level {found[0].level:g}"
    scores = [(each.strategy, list(each.values)) for each in found]
    first = scores[0][1]
    beyond = [(name, [mine - base for mine, base in zip(values, first, strict=True)]) for name, values in scores[1:]]
    charts = [Chart(f"Scores by seed{at}", _lines(scores), "worst seed", "best seed")]
    if beyond:
        title = f"Beyond {scores[0][0]}, on the same seed{at}"
        nothing = Line(f"as {scores[0][0]}", [0.0] * len(first), "#9e9e9e")
        charts.append(Chart(title, [*_lines(beyond, 1), nothing], "most below", "most above"))
    return charts


def _lines(named: Sequence[tuple[str, Sequence[float]]], start: int = 0) -> list[Line]:
    return [
        Line(name, sorted(value for value in values if math.isfinite(value)), COLOURS[(start + at) % len(COLOURS)])
        for at, (name, values) in enumerate(named)
    ]


def _text(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.4g}"
