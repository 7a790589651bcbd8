"""The market of one price group, as the engine reads it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from pricewatch.domain.product import PriceGroup, Sku
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.frame import MarketFrame


def market_frame(bench: Workbench, group: PriceGroup, skus: Sequence[Sku] | None = None) -> MarketFrame:
    """All products of a group (or the named ones) with the usable offers; our own offers are marked as ours."""
    now = bench.clock.now()
    return bench.store.plans.market(
        group,
        at=now,
        skus=skus,
        site_kinds={name: site.kind for name, site in bench.sites.items()},
        own_sites=frozenset(name for name, site in bench.sites.items() if site.own),
        own_sellers=bench.own_sellers,
        rates_since=(now - timedelta(seconds=bench.pricing.max_rate_age)).date().isoformat(),
        trend=bench.rulebook.reads_trend,
    )
