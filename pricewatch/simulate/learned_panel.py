"""The product's own estimator of category elasticities on the panel market."""

from __future__ import annotations

import numpy as np

from pricewatch.pricing.demand.elasticities import claims
from pricewatch.pricing.demand.panel import Goods, SalesPanel, panel
from pricewatch.simulate.panel import Estimate, Panel


def as_sales(seen: Panel) -> SalesPanel:
    """A panel market's columns as the sales panel that a shop would hand in."""
    products, weeks = seen.sales.shape
    categories = tuple(f"group {number + 1}" for number in range(int(seen.group.max()) + 1))
    goods = Goods(tuple(f"P{number + 1}" for number in range(products)), seen.group.astype(np.int64), categories)
    return panel(
        goods,
        product=np.repeat(np.arange(products), weeks),
        period=np.tile(np.arange(weeks), products),
        units=seen.sales.ravel(),
        price=np.exp(seen.price.ravel()),
        cheapest=np.exp(seen.rival.ravel()),
        cost=np.exp(seen.cost.ravel()),
        trial=seen.trial.ravel(),
    )


def learned_elasticities(seen: Panel) -> Estimate:
    """What the product would claim of each category."""
    found = claims(as_sales(seen))
    return Estimate(found.elasticity, found.low, found.high, found.refused)
