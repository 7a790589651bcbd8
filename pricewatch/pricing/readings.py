"""The current readings of our products' offers as columns, before anything is worked out of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from pricewatch.pricing.frame import Bools, Ints, Text


@dataclass(frozen=True, slots=True)
class PricedReadings:
    """One row a reading and accepted match, product by product (in the order of the codes), of each the oldest first.

    `price` and `shipping` are minor units of `currency`, times epoch seconds: when this price was first and last seen.
    `kind` is the place of the match's kind in MatchKind, `factor` its pack factor; `foremost` marks the match that the
    item is judged by, where it has several. `availability`, `condition` and `role` are places as in OfferColumns;
    `net` marks prices without tax, `featured` the offer that a page puts first.
    """

    observation: Ints
    sku: Text
    site: Text
    factor: Ints
    kind: npt.NDArray[np.int8]
    foremost: Bools
    price: Ints
    currency: Text
    shipping: Ints
    first_seen: Ints
    last_seen: Ints
    rating: Ints
    pieces: Ints
    availability: npt.NDArray[np.int8]
    condition: npt.NDArray[np.int8]
    role: npt.NDArray[np.int8]
    net: Bools
    featured: Bools
    seller: Text

    @classmethod
    def none(cls) -> PricedReadings:
        """No reading at all."""
        number, small, text = np.zeros(0, np.int64), np.zeros(0, np.int8), Text.of(())
        kinds: dict[str, Any] = {"Ints": number, "Bools": np.zeros(0, np.bool_), "Text": text}
        return cls(**{each.name: kinds.get(str(each.type), small) for each in fields(cls)})

    def __len__(self) -> int:
        return len(self.observation)

    def take(self, rows: Any) -> PricedReadings:
        """Some of the readings, by place or mask."""
        columns: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        taken: dict[str, Any] = {
            name: each.take(rows) if isinstance(each, Text) else each[rows] for name, each in columns.items()
        }
        return PricedReadings(**taken)

    def runs(self, size: int) -> Iterator[slice]:
        """Cut the rows into runs of about `size` that hold products whole."""
        start, codes = 0, self.sku.codes
        while start < len(codes):
            stop = start + size
            if stop < len(codes):
                stop = int(np.searchsorted(codes, codes[stop - 1], side="right"))
            yield slice(start, min(stop, len(codes)))
            start = stop
