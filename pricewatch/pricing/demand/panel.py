"""What was sold at which price: the columns a demand model learns from, and which of their rows it can believe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pricewatch.domain.errors import UsageError

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

MOST_PERIODS = 100_000
_ENORMOUS, _USUAL = 12.0, 10.0


@dataclass(frozen=True, slots=True)
class Goods:
    """The products of a panel: their SKUs, and each one's category as a number into `categories`."""

    sku: Sequence[str]
    category: Ints
    categories: Sequence[str]

    def __len__(self) -> int:
        return len(self.sku)


@dataclass(frozen=True, slots=True)
class SalesPanel:
    """One row a product, period and price, in any order; every column has a value a row.

    `product` counts into `goods`; `period` counts periods of `period_days` days from `start` (days since 1970-01-01);
    `days` is how long the product was really on sale (a stock-out is time that teaches nothing); `units` were sold at
    `price`, in any one unit of money. `promotion` is the share of the time it was promoted. `cheapest` is the lowest
    price of rivals in stock, `rank` the share of them that asked less (half of it for ties), `rivals_out` the share of
    rivals without stock: NaN where nothing is known. `cost` is what the product cost us then, NaN where unknown.
    `trial` is the part of the log price that was drawn by lot, 0 in ordinary periods.
    """

    goods: Goods
    product: Ints
    period: Ints
    days: Floats
    units: Floats
    price: Floats
    promotion: Floats
    cheapest: Floats
    rank: Floats
    rivals_out: Floats
    cost: Floats
    trial: Floats
    start: int = 0
    period_days: int = 7

    def __len__(self) -> int:
        return len(self.product)

    def rows(self, chosen: Flags | Ints) -> SalesPanel:
        """The same panel with these rows only."""
        return replace(self, **{name: getattr(self, name)[chosen] for name in COLUMNS})

    def before(self, period: int) -> SalesPanel:
        """What was known when this period began."""
        return self.rows(self.period < period)

    def since(self, period: int) -> SalesPanel:
        """What came from this period on."""
        return self.rows(self.period >= period)


COLUMNS = tuple(each.name for each in fields(SalesPanel) if each.name not in {"goods", "start", "period_days"})


def panel(goods: Goods, *, start: int = 0, period_days: int = 7, **columns: npt.ArrayLike) -> SalesPanel:
    """A panel of the columns that are known; promotion and trial default to 0, days to the period, others to unknown.

    Raises UsageError when columns have different lengths or `product`, `period`, `units` or `price` are missing.
    """
    missing = {"product", "period", "units", "price"} - set(columns)
    if missing or set(columns) - set(COLUMNS):
        wrong = ", ".join(sorted(missing | (set(columns) - set(COLUMNS))))
        raise UsageError(f"a sales panel has the columns {', '.join(COLUMNS)}; missing or unknown: {wrong}")
    size = len(np.asarray(columns["product"]))
    usual = dict.fromkeys(COLUMNS, np.nan) | {"days": float(period_days), "promotion": 0.0, "trial": 0.0}
    made = {name: _column(name, columns.get(name, np.broadcast_to(usual[name], (size,))), size) for name in COLUMNS}
    return SalesPanel(goods=goods, start=start, period_days=period_days, **made)  # type: ignore[arg-type]


def _column(name: str, values: npt.ArrayLike, size: int) -> Floats | Ints:
    whole = name in {"product", "period"}
    found: Floats | Ints = np.asarray(values, np.int64) if whole else np.asarray(values, np.float64)
    if found.shape != (size,):
        raise UsageError(f"column {name} of a sales panel has {found.shape} values where {size} rows are")
    return found


@dataclass(frozen=True, slots=True)
class Tidied:
    """The rows that can be believed, ordered by product and period, and how many were set aside or cut, by reason."""

    panel: SalesPanel
    set_aside: Mapping[str, int] = field(default_factory=dict)


def tidy(raw: SalesPanel, *, now: int | None = None) -> Tidied:
    """Set aside what cannot be: no price, negative or unknown units, no time on sale, the future, exact duplicates.

    `now` is the first period that is not over; a row from later was dated by a clock that jumped. An order far beyond
    all others of its product is cut to the largest that is believed and counted as `enormous, cut`.
    """
    last = MOST_PERIODS if now is None else now
    faults = {
        "no such product": (raw.product < 0) | (raw.product >= len(raw.goods)),
        "no price": ~(np.isfinite(raw.price) & (raw.price > 0.0)),
        "negative or unknown units": ~(np.isfinite(raw.units) & (raw.units >= 0.0)),
        "not on sale": ~(np.isfinite(raw.days) & (raw.days > 0.0)),
        "dated outside the panel": (raw.period < 0) | (raw.period >= last),
    }
    good, counts = np.ones(len(raw), dtype=bool), dict[str, int]()
    for reason, fault in faults.items():
        counts[reason] = int(np.sum(good & fault))
        good &= ~fault
    kept = raw if good.all() else raw.rows(good)
    kept = _ordered(kept)
    again = _repeated(kept)
    counts["duplicate"] = int(again.sum())
    kept = kept.rows(~again) if again.any() else kept
    cut = _believed(kept)
    counts["enormous, cut"] = int(np.sum(cut < kept.units))
    kept = replace(kept, units=cut)
    return Tidied(kept, {reason: count for reason, count in counts.items() if count})


def _ordered(found: SalesPanel) -> SalesPanel:
    step = np.diff(found.product)
    if np.all((step > 0) | ((step == 0) & (np.diff(found.period) >= 0))):
        return found
    return found.rows(np.lexsort((found.period, found.product)))


def _repeated(found: SalesPanel) -> Flags:
    """Rows that say in every known column what the row before them says."""
    same = np.ones(len(found), dtype=bool)
    same[:1] = False
    for name in ("product", "period", "units", "price", "days"):
        column = getattr(found, name)
        same[1:] &= column[1:] == column[:-1]
    return same


def _believed(found: SalesPanel) -> Floats:
    """Units, cut where they are many times all that the product sells otherwise."""
    size = len(found.goods)
    rows = np.bincount(found.product, minlength=size)
    total = np.bincount(found.product, found.units, size)
    others = (total[found.product] - found.units) / np.maximum(rows[found.product] - 1, 1)
    return np.minimum(found.units, np.maximum(_USUAL, _ENORMOUS * np.ceil(others) + _USUAL))
