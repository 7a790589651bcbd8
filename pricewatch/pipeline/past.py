"""What markets were at past times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from pricewatch.domain.product import PriceGroup, Sku
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.history import MarketHistory
from pricewatch.pricing.rules import RuleBook


def market_history(
    bench: Workbench,
    group: PriceGroup,
    begins: datetime,
    skus: Sequence[Sku] | None = None,
    books: Iterable[RuleBook] = (),
) -> MarketHistory:
    """What the market of a group was at any time since `begins`, for the products as they are now, with all that our
    rules and `books` read.
    """
    equivalents = any(book.reads_equivalents for book in (bench.rulebook, *books))
    return bench.store.plans.history(
        group, at=bench.clock.now(), begins=begins, skus=skus, equivalents=equivalents, **reading(bench)
    )


def reading(bench: Workbench) -> dict[str, Any]:
    """What the store needs to know of sites, sellers and rates to read a market."""
    oldest = bench.clock.now() - timedelta(seconds=bench.pricing.max_rate_age)
    return {
        "site_kinds": {name: site.kind for name, site in bench.sites.items()},
        "own_sites": frozenset(name for name, site in bench.sites.items() if site.own),
        "own_sellers": bench.own_sellers,
        "rates_since": oldest.date().isoformat(),
    }
