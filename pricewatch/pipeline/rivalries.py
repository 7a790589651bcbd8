"""Our products day by day among their rivals, by our own records: what a model learns of rivals who move."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from pricewatch.domain.product import PriceGroup, Sku
from pricewatch.pipeline.demand import Span, by_day
from pricewatch.pipeline.past import market_history
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.demand.rivalry import Rivalry
from pricewatch.pricing.explore.among import FEW_DAYS, FEW_UNITS, PRODUCTS
from pricewatch.pricing.offered import by_name, chosen_names, in_order

DAY, NOON = 86_400, 43_200  # seconds


def rivalries(bench: Workbench, group: PriceGroup, *, weeks: int) -> dict[Sku, Rivalry]:
    """The days of the products that sold enough to learn from, the PRODUCTS that sold most of them, where a rival was
    seen; rivals as they stood at noon. A day before the first rival was seen is left out.
    """
    span = Span.before(bench.clock.now(), weeks)
    daily, asked, onsale = by_day(bench, group, span)
    sold = daily.units.sum(axis=1)
    enough = np.flatnonzero((sold >= FEW_UNITS) & ((onsale > 0.0).sum(axis=1) >= FEW_DAYS))
    kept = enough[np.argsort(-sold[enough], kind="stable")][:PRODUCTS]
    days = _rivals(bench, group, span, [daily.skus[row] for row in kept.tolist()])
    found = {}
    for row in kept.tolist():
        seen = days.get(daily.skus[row], [])
        first = next((at for at, each in enumerate(seen) if each), len(seen))
        if first < len(seen):
            part = slice(first, len(seen))
            names, theirs = _table(seen[first:])
            found[daily.skus[row]] = Rivalry(names, asked[row, part], theirs, daily.units[row, part], onsale[row, part])
    return found


def _rivals(
    bench: Workbench, group: PriceGroup, span: Span, skus: Collection[Sku]
) -> Mapping[Sku, list[Mapping[str, float]]]:
    """What each rival asked at noon of each day."""
    if not skus:
        return {}
    history = market_history(bench, group, span.begins, list(skus))
    place = {sku: row for row, sku in enumerate(history.now.products.sku)}
    rows = {place[sku]: sku for sku in skus if sku in place}
    found: dict[Sku, list[Mapping[str, float]]] = {sku: [] for sku in rows.values()}
    for day in range(span.days):
        asked = by_name(history.at(int(span.begins.timestamp()) + DAY * day + NOON), rows)
        for row, sku in rows.items():
            found[sku].append(asked.get(row, {}))
    return found


def _table(days: Sequence[Mapping[str, float]]) -> tuple[tuple[str, ...], np.ndarray]:
    names = chosen_names(days)
    named = set(names)
    return names, np.array([in_order(asked, names, named) for asked in days])
