"""A product's days among its rivals, and what was learnt from them of customers and rivals: plain arrays of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from pricewatch.pricing.demand.panel import Floats, Ints

MOST = 6  # rivals of one product; what others ask beside them is one more price, their lowest


@dataclass(frozen=True, slots=True, eq=False)
class Rivalry:
    """One product day by day: our price, rivals' prices (days x rivals, NaN: not in stock), pieces, share of the day on
    sale; all prices in one unit. `names` are the rivals'.
    """

    names: tuple[str, ...]
    own: Floats
    theirs: Floats
    units: Floats
    days: Floats

    def __len__(self) -> int:
        return len(self.own)

    def part(self, days: slice) -> Rivalry:
        """The same of some days."""
        return Rivalry(self.names, self.own[days], self.theirs[days], self.units[days], self.days[days])


@dataclass(frozen=True, slots=True, eq=False)
class Rivals:
    """What was learnt for some products of a model, k in all: `rows` count into it, ascending; `names` k x MOST.

    `weight` (k x members x kinds) are the customers; `past` (k x days x MOST + 1, logs of relative prices, ours first,
    NaN before it begins), `wrong` and `misses` (NaN before they begin) what is known of the rivals' answers.
    """

    rows: Ints
    names: npt.NDArray[np.str_]
    weight: Floats
    past: Floats
    wrong: Floats
    misses: Floats

    def __len__(self) -> int:
        return len(self.rows)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All of it by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def of(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Rivals:
        """The reverse; raises TypeError where an array lacks."""
        return cls(**arrays)

    def find(self, rows: Ints) -> Ints:
        """The place of each row of the model, -1 where nothing was learnt of its rivals."""
        place = np.minimum(np.searchsorted(self.rows, rows), max(len(self) - 1, 0))
        return np.where(self.rows[place] == rows, place, -1) if len(self) else np.full(len(rows), -1)
