"""A frame cut into runs of products with their offers, so that memory stays bounded and work can be spread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pricewatch.pricing.frame import MISSING, Ints, MarketFrame, Text

Rows: TypeAlias = slice | npt.NDArray[np.intp]

SHARD = 32_768  # products; some 650,000 offers at 20 a product fit the caches


@dataclass(frozen=True, slots=True)
class Shard:
    """Products `start` to `stop` of a frame and the rows of their offers, ordered by product."""

    frame: MarketFrame
    start: int
    stop: int
    rows: Rows
    _cache: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.stop - self.start

    def product(self, name: str) -> Any:
        """A product column of this shard; a column that the frame lacks is MISSING."""
        column = getattr(self.frame.products, name)
        return np.full(len(self), MISSING) if column is None else column[self.start : self.stop]

    def product_text(self, name: str) -> Text:
        """A text column of our products; SKUs and names are encoded on first use."""
        column = getattr(self.frame.products, name)
        if isinstance(column, Text):
            return column.take(np.arange(self.start, self.stop))
        if name not in self._cache:
            self._cache[name] = Text.of(column[self.start : self.stop])
        text: Text = self._cache[name]
        return text

    def custom(self, name: str) -> Text | None:
        """A further catalogue column, None when the catalogue has no such column."""
        column = self.frame.products.custom.get(name)
        return None if column is None else column.take(np.arange(self.start, self.stop))

    def offer(self, name: str) -> Any:
        """An offer column of this shard; a column that the frame lacks is MISSING."""
        if name not in self._cache:
            column = getattr(self.frame.offers, name)
            if column is None:
                column = np.full(len(self.frame.offers), MISSING)
            self._cache[name] = (column.codes if isinstance(column, Text) else column)[self.rows]
        return self._cache[name]

    @property
    def local(self) -> Ints:
        """The product of each offer, counted from the shard's first."""
        return np.asarray(self.offer("product") - self.start)


def shards(frame: MarketFrame, size: int = SHARD) -> Iterator[Shard]:
    """Cut a frame; offers of products that are not in the frame belong to no shard."""
    product = frame.offers.product
    order: npt.NDArray[np.intp] | None = None
    if len(product) and bool(np.any(product[1:] < product[:-1])):
        order = np.argsort(product, kind="stable")
        product = product[order]
    starts = range(0, len(frame.products), size)
    cuts = np.searchsorted(product, [*starts, len(frame.products)])
    for number, start in enumerate(starts):
        rows = slice(int(cuts[number]), int(cuts[number + 1]))
        yield Shard(frame, start, min(start + size, len(frame.products)), rows if order is None else order[rows])
