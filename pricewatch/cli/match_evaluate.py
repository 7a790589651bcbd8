"""Measure matching on files of labelled pairs: `match evaluate`."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pricewatch.cli import options
from pricewatch.cli.call import OK, PARTLY, Call, command
from pricewatch.cli.output import Column
from pricewatch.domain.errors import UsageError

if TYPE_CHECKING:
    from pricewatch.matching.evaluate import Evaluation

Train = Annotated[Path, options.option("--train", env=False, metavar="FILE", help="Labelled pairs to learn from.")]
Valid = Annotated[
    Path,
    options.option(
        "--valid",
        env=False,
        metavar="FILE",
        help="More of them; the threshold is set on these, each judged by models that never saw it.",
    ),
]
Test = Annotated[Path, options.option("--test", env=False, metavar="FILE", help="Labelled pairs to report on.")]
Active = Annotated[
    int | None,
    options.option(
        "--active",
        env=False,
        min=0,
        metavar="N",
        help="Start from the shipped model and look at N labels of --train alone, the most doubtful ones.",
    ),
]

_FIGURES = (
    Column("pairs"),
    Column("threshold"),
    Column("precision"),
    Column("recall"),
    Column("f1"),
    Column("average_precision"),
    Column("ece"),
    Column("pairs_per_second", "pairs/s"),
    Column("held_back", "true matches held back"),
)
_ACCEPTANCES = (
    Column("demanded", "precision demanded"),
    Column("threshold"),
    Column("precision", "precision on test"),
    Column("share", "true matches accepted alone"),
)
_DIAGRAM = (Column("pairs"), Column("promised"), Column("found"))


def add_to(inner: typer.Typer) -> None:
    """Mount the command in the group `match`."""
    command(inner, "evaluate", path="match evaluate")(evaluate)


def evaluate(call: Call, *, train: Train, valid: Valid, test: Test, active: Active = None) -> int:
    """Learn from two files of labelled pairs, set thresholds, and say how good matching is on a third file."""
    from pricewatch.matching.evaluate import evaluate as measure
    from pricewatch.matching.records import read_pairs

    found, aside = read_pairs([_labelled(path) for path in (train, valid, test)])
    result = measure(found, active)
    call.out.table("evaluation", _FIGURES, [_figures(result)])
    acceptances = [
        (row.demanded, round(row.threshold, 4), round(row.precision, 4), round(row.share, 4))
        for row in result.acceptances
    ]
    call.out.table("acceptance", _ACCEPTANCES, acceptances, title="Accepting alone", aside=True)
    diagram = [(row.count, round(row.promised, 4), round(row.found, 4)) for row in result.diagram]
    call.out.table("reliability", _DIAGRAM, diagram, title="Promised against found", aside=True)
    call.out.set_aside(aside)
    code = PARTLY if aside else OK
    return call.finish(f"F1 {result.f1:.4f} on {result.pairs} pairs", code=code, pairs=result.pairs, f1=result.f1)


def _labelled(path: Path) -> list[dict[str, str]]:
    """The rows of a file of labelled pairs; raises UsageError when it has none or lacks a column."""
    from pricewatch.matching.records import REQUIRED

    found = list(rows(path))
    if missing := [name for name in (*REQUIRED, "label") if found and name not in found[0]]:
        raise UsageError(
            f"{path} has no column {', '.join(missing)}", hint="the first line of a file names its columns"
        )
    if not found:
        raise UsageError(f"{path} has no pairs", hint=f"columns {', '.join(REQUIRED)} and label are needed")
    return found


def _figures(result: Evaluation) -> tuple[int | float, ...]:
    return (
        result.pairs,
        round(result.threshold, 4),
        round(result.precision, 4),
        round(result.recall, 4),
        round(result.f1, 4),
        round(result.average_precision, 4),
        round(result.calibration_error, 4),
        round(result.pairs_per_second),
        round(result.held_back, 4),
    )


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file; raises UsageError when it cannot be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.DictReader(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"cannot read {path}: {error}", hint="a CSV file in UTF-8 is needed") from error
