"""The market of one price group, as the engine reads it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pricewatch.domain.product import PriceGroup, Sku
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.frame import MarketFrame
from pricewatch.pricing.history import MarketHistory
from pricewatch.pricing.parity import relatives
from pricewatch.pricing.rules import RuleBook


def market_frame(bench: Workbench, group: PriceGroup, skus: Sequence[Sku] | None = None) -> MarketFrame:
    """All products of a group (or the named ones) with the usable offers; our own offers are marked as ours."""
    frame = bench.store.plans.market(
        group, at=bench.clock.now(), skus=skus, trend=bench.rulebook.reads_trend, **_ours(bench)
    )
    return bench.learned(frame) if bench.rulebook.reads_optimal else frame


def market_history(
    bench: Workbench, group: PriceGroup, begins: datetime, skus: Sequence[Sku] | None = None
) -> MarketHistory:
    """What the market of a group was at any time since `begins`, for the products as they are now."""
    return bench.store.plans.history(group, at=bench.clock.now(), begins=begins, skus=skus, **_ours(bench))


def _ours(bench: Workbench) -> dict[str, Any]:
    oldest = bench.clock.now() - timedelta(seconds=bench.pricing.max_rate_age)
    return {
        "site_kinds": {name: site.kind for name, site in bench.sites.items()},
        "own_sites": frozenset(name for name, site in bench.sites.items() if site.own),
        "own_sellers": bench.own_sellers,
        "rates_since": oldest.date().isoformat(),
    }


def whole_families(bench: Workbench, skus: Sequence[Sku] | None, other: RuleBook | None = None) -> Sequence[Sku] | None:
    """The products with all that their prices must fit together with, by our rules and `other`; None = all."""
    families = (*bench.rulebook.families, *(other.families if other else ()))
    if skus is None or not families:
        return skus
    products = bench.store.catalogue.load().products
    unknown = [sku for sku in skus if sku not in products]
    return (*relatives(families, products.values(), skus), *unknown)
