"""A whole market as columns: what the pricing engine reads.

Amounts are int64 minor units of the group's currency, rates and ratios basis points, times seconds since the
epoch (UTC). `MISSING` stands for "unknown" in every int64 column and is never computed with. Text is
dictionary-encoded. Deciding one product is a frame of one row through the same code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pricewatch.domain.offer import Availability, Condition, PriceRole, SiteKind

Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Codes: TypeAlias = npt.NDArray[np.int32]

MISSING = int(np.iinfo(np.int64).min)

# The code of a member in the int columns of OfferColumns is its place in these tuples.
AVAILABILITIES = tuple(Availability)
CONDITIONS = tuple(Condition)
ROLES = tuple(PriceRole)
SITE_KINDS = tuple(SiteKind)


@dataclass(frozen=True, slots=True)
class Text:
    """A dictionary-encoded text column: row i reads `values[codes[i]]`."""

    codes: Codes
    values: tuple[str, ...]

    @classmethod
    def of(cls, rows: Iterable[str]) -> Text:
        """Encode rows of text; values keep the order of their first appearance."""
        seen: dict[str, int] = {}
        codes = np.fromiter((seen.setdefault(row, len(seen)) for row in rows), dtype=np.int32)
        return cls(codes, tuple(seen))

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: int) -> str:
        return self.values[int(self.codes[row])]

    def take(self, rows: npt.NDArray[np.intp] | Ints | Bools) -> Text:
        """Select rows by index or mask; the dictionary is shared."""
        return Text(self.codes[rows], self.values)


def distinct(codes: Ints | Codes) -> list[int]:
    """The different values of a column of small whole numbers, ascending."""
    if not len(codes):
        return []
    least = int(codes.min())
    return [int(place) + least for place in np.flatnonzero(np.bincount(codes - least))]


def ints(rows: Iterable[int | None]) -> Ints:
    """Build an int64 column; None becomes MISSING."""
    return np.fromiter((MISSING if row is None else row for row in rows), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class ProductColumns:
    """Our products in one price group, one row each, in catalogue order.

    `current` is the gross price in force, `cost` is net, `floor`/`ceiling`/`rrp`/`map_price` are gross,
    `vat` is basis points. `changed_at` is when the price last changed (MISSING = never by us).
    `changes_today` counts price changes in the group's current calendar day. `day_start` is the price in force
    at the start of that day. `prior` is the lowest price of the 30 days before today (MISSING = unknown).
    `custom` holds further catalogue columns as text.

    Columns that may be None are unknown for every product then. `sold` counts the pieces sold in the last 28 days.
    `optimal` is the gross price that a demand model asks for, `optimal_why` its reason in words, `learnt` what it said,
    packed (empty = nothing). `trial` is the price that a test of prices asks for in this week, whatever the rule aims
    at; its reason is in `optimal_why`. `streak` counts the
    last price changes within 7 days that all went the same way (negative = down). Of a price in force that is an
    announced reduction `announced` is the prior price it names, `began` that of the first of its steps without a
    break, `regular` the last price before it, and `over` marks those whose stated end has come.
    """

    sku: Sequence[str]
    name: Sequence[str]
    current: Ints
    cost: Ints
    vat: Ints
    floor: Ints
    ceiling: Ints
    rrp: Ints
    map_price: Ints
    stock: Ints
    kvi: Bools
    frozen: Bools
    changed_at: Ints
    changes_today: Ints
    day_start: Ints
    prior: Ints
    brand: Text
    category: Text
    supplier: Text
    tags: Text  # joined by "|", with "|" at both ends: "|sale|new|"
    custom: Mapping[str, Text] = field(default_factory=dict)
    sold: Ints | None = None
    optimal: Ints | None = None
    optimal_why: Text | None = None
    learnt: Sequence[bytes] | None = None
    trial: Ints | None = None
    streak: Ints | None = None
    announced: Ints | None = None
    began: Ints | None = None
    regular: Ints | None = None
    over: Bools | None = None

    def __len__(self) -> int:
        return len(self.sku)


@dataclass(frozen=True, slots=True)
class OfferColumns:
    """The current, usable offers of everybody, one row each; `product` is the row in ProductColumns.

    `price` and `shipping` are converted to the group's currency, gross (`shipping` MISSING = unknown).
    `factor` is the pack factor of the match. `own` marks our own and sister sellers.
    `observation` is the id of the reading. Rows may come in any order: results do not depend on it.

    Columns that may be None are unknown for every offer then. `before` is the price of the same offer a week ago,
    converted as `price` is. `featured` marks the offer that a marketplace shows first (the buy box),
    `alike` offers of an equivalent, which is another product.
    """

    product: Ints
    price: Ints
    shipping: Ints
    seen_at: Ints
    factor: Ints
    observation: Ints
    rating: Ints
    pieces: Ints
    availability: npt.NDArray[np.int8]
    condition: npt.NDArray[np.int8]
    role: npt.NDArray[np.int8]
    kind: npt.NDArray[np.int8]
    own: Bools
    seller: Text
    site: Text
    before: Ints | None = None
    featured: Bools | None = None
    alike: Bools | None = None

    def __len__(self) -> int:
        return len(self.product)


@dataclass(frozen=True, slots=True)
class RateUse:
    """An exchange rate that amounts in the frame were converted by: millionths of the group's currency for one unit.

    `day` is its ISO date (of a cross rate the older of the two), `source` who published it, `previous_micros` the
    newest rate of an earlier day, None = there is none.
    """

    currency: str
    micros: int
    day: str
    source: str
    previous_micros: int | None = None


@dataclass(frozen=True, slots=True)
class MarketFrame:
    """One price group's products and offers at one instant (`taken_at`, epoch seconds).

    `rates` are the exchange rates that amounts were converted by. `stale_rates` are currencies whose newest rate is
    too old: their amounts are unknown. `country` is the ISO code of the market, empty = unknown. `model` names the
    demand model that was asked, empty = none.
    """

    group: str
    currency: str
    exponent: int
    timezone: str
    taken_at: int
    products: ProductColumns
    offers: OfferColumns
    rates: tuple[RateUse, ...] = ()
    stale_rates: tuple[str, ...] = ()
    country: str = ""
    model: str = ""
