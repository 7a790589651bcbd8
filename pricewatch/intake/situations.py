"""Market situations with their outcome: numbers line by line, and whether somebody bought."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pricewatch.domain.errors import PricewatchError
from pricewatch.intake.columns import fold

_OUTCOMES = ("bought", "buy", "purchase", "purchased", "outcome", "choice", "target", "y")
MOST = 5_000_000  # lines


@dataclass(frozen=True, slots=True)
class Situations:
    """What was there in each situation, by name, and whether it was bought (0 or 1); lines that cannot be read."""

    names: tuple[str, ...]
    features: tuple[tuple[float, ...], ...]
    bought: tuple[float, ...]
    unreadable: int


def holds_situations(path: Path) -> bool:
    """Whether a file looks like situations: numbers alone from its first line on, or a column that says `bought`."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            first = next(csv.reader(islice(file, 1)), [])
    except (OSError, csv.Error):
        return False
    return len(first) > 2 and (_numbers(first) is not None or any(fold(name) in _OUTCOMES for name in first))


def read_situations(path: Path) -> Situations:
    """Read a CSV: without a header the last column is the outcome, with one the column called bought or such. A
    first column that counts the lines is left out; any outcome above 0 is a purchase. Raises PricewatchError when
    nothing can be read.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            lines = list(islice(csv.reader(file), MOST))
    except (OSError, csv.Error) as error:
        raise PricewatchError(f"cannot be read: {error}", where=str(path)) from None
    header = lines[0] if lines and _numbers(lines[0]) is None else []
    rows = [_numbers(line) for line in lines[bool(header) :] if line]
    width = max((len(row) for row in rows if row is not None), default=0)
    known = [row for row in rows if row is not None and len(row) == width]
    if not known or width < 2:
        raise PricewatchError("no line holds numbers", where=str(path), hint="one situation a line, the outcome last")
    outcome = next((at for at, name in enumerate(header) if fold(name) in _OUTCOMES), width - 1)
    counted = all(row[0] == number for number, row in enumerate(known, start=int(known[0][0])))
    kept = [at for at in range(width) if at != outcome and not (counted and at == 0)]
    names = tuple(header[at] if header else f"column {at + 1}" for at in kept)
    features = tuple(tuple(row[at] for at in kept) for row in known)
    return Situations(names, features, tuple(float(row[outcome] > 0) for row in known), len(rows) - len(known))


def _numbers(cells: Sequence[str]) -> tuple[float, ...] | None:
    try:
        found = tuple(float(cell) for cell in cells)
    except ValueError:
        return None
    return found if all(map(math.isfinite, found)) else None
