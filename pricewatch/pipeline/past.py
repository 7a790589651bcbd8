"""What markets were at past times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pricewatch.domain.product import PriceGroup, Sku
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.history import MarketHistory


def market_history(
    bench: Workbench, group: PriceGroup, begins: datetime, skus: Sequence[Sku] | None = None
) -> MarketHistory:
    """What the market of a group was at any time since `begins`, for the products as they are now."""
    return bench.store.plans.history(group, at=bench.clock.now(), begins=begins, skus=skus, **reading(bench))


def reading(bench: Workbench) -> dict[str, Any]:
    """What the store needs to know of sites, sellers and rates to read a market."""
    oldest = bench.clock.now() - timedelta(seconds=bench.pricing.max_rate_age)
    return {
        "site_kinds": {name: site.kind for name, site in bench.sites.items()},
        "own_sites": frozenset(name for name, site in bench.sites.items() if site.own),
        "own_sellers": bench.own_sellers,
        "rates_since": oldest.date().isoformat(),
    }
