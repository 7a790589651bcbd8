"""Fitting and deciding at scale, with peers in the same run: `python -m benchmarks.demand [PRODUCTS …]`.

Sales are made up: 52 weeks, categories of 200 products, elasticities 2 to 4.5, half a sale a day on average. CPU time
of one core, peak memory of the process. Peers that are not installed are left out (dependency group `bench`).
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import importlib.util
import resource
import sys
import time
from dataclasses import replace

import numpy as np
from sklearn.linear_model import PoissonRegressor

from pricewatch.pricing.demand.curves import elasticity
from pricewatch.pricing.demand.model import DemandModel, train
from pricewatch.pricing.demand.panel import Goods, SalesPanel, panel
from pricewatch.pricing.explore.ask import Ask, Policy
from pricewatch.pricing.explore.decide import MODES, Choices, choose

WEEKS, CATEGORY = 52, 200
PRICES, DRAWS = 41, 50
ONE_BY_ONE = 200
LIMITS = {10_000: (2.0, 3.0), 100_000: (25.0, 3.0)}
MEMORY = 1_200


def main() -> int:
    sizes = [int(word) for word in sys.argv[1:]] or [10_000, 100_000]
    return max(int(measured(size)) for size in sizes)


def measured(products: int) -> bool:
    """Print one size; True when a promise was broken."""
    sold, truth = shop(products)
    each = one_by_one(sold) / ONE_BY_ONE
    start = time.process_time()
    model = train(sold)
    fit = time.process_time() - start
    rows = np.arange(products)
    prices = model.reference[:, None] * np.linspace(0.95, 1.05, PRICES)
    ask = Ask.of(rows, prices, model.reference, 0.7 * model.reference)
    decide, found = chosen(model, ask)
    home, _ = chosen(model, replace(ask, home=model.reference))
    off = -elasticity(model, rows, model.reference).mean - truth
    error = float(np.sqrt(np.mean(off**2)))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{products} products x {WEEKS} weeks: fit {fit:.2f} s CPU; error of elasticities {error:.2f}")
    print(f"  a PoissonRegressor each: {each * products:.1f} s CPU (from {ONE_BY_ONE}), {each * products / fit:.0f} x")
    for name, spent in peers(sold):
        print(f"  {name}, elasticities by category with product effects: {spent:.2f} s CPU")
    counts = ", ".join(f"{name} {np.sum(found.mode == at)}" for at, name in enumerate(MODES))
    print(f"  decide {products} x {PRICES} prices x {DRAWS} draws: {decide:.2f} s CPU ({counts})")
    print(f"  the same where every product has a usual price: {home:.2f} s CPU; peak {memory:.0f} MB")
    limit = LIMITS.get(products, (np.inf, np.inf))
    return fit > limit[0] or max(decide, home) > limit[1] or memory > MEMORY or each * products < 20.0 * fit


def chosen(model: DemandModel, ask: Ask) -> tuple[float, Choices]:
    """What is decided, and the CPU seconds that it takes."""
    start = time.process_time()
    found = choose(model, ask, Policy(draws=DRAWS), np.random.default_rng(1))
    return time.process_time() - start, found


def shop(products: int) -> tuple[SalesPanel, np.ndarray]:
    """A year of sales and the true elasticities."""
    random = np.random.default_rng(1)
    category = np.arange(products) // CATEGORY
    usual = random.uniform(2.0, 4.5, category[-1] + 1)
    truth = usual[category] + random.normal(0.0, 0.4, products)
    steps = (random.random((products, WEEKS)) < 0.15) * random.normal(0.0, 0.05, (products, WEEKS))
    moves = np.cumsum(steps, axis=1)
    season = 0.2 * np.sin(2.0 * np.pi * np.arange(WEEKS) / WEEKS)
    volume = 3.5 * np.exp(random.normal(0.0, 1.0, products) - 0.5)
    units = random.poisson(volume[:, None] * np.exp(-truth[:, None] * moves + season)).astype(float)
    price = 50.0 * np.exp(random.normal(0.0, 1.0, products))[:, None] * np.exp(moves)
    goods = Goods(
        [f"P{number}" for number in range(products)], category, [f"C{number}" for number in range(len(usual))]
    )
    product, week = np.repeat(np.arange(products), WEEKS), np.tile(np.arange(WEEKS), products)
    return panel(goods, product=product, period=week, units=units.ravel(), price=price.ravel()), truth


def one_by_one(sold: SalesPanel) -> float:
    """CPU seconds for a regression a product, for the first so many."""
    start = time.process_time()
    for product in range(ONE_BY_ONE):
        there = slice(product * WEEKS, (product + 1) * WEEKS)
        angle = 2.0 * np.pi * sold.period[there] / WEEKS
        design = np.stack([np.log(sold.price[there]), np.sin(angle), np.cos(angle)], axis=1)
        PoissonRegressor(alpha=1e-3).fit(design, sold.units[there])
    return time.process_time() - start


def peers(sold: SalesPanel) -> list[tuple[str, float]]:
    """What others take for category elasticities alone, on the same rows."""
    found = []
    if len(sold.goods) <= 10_000 and importlib.util.find_spec("pyfixest"):
        found.append(("pyfixest fepois", _pyfixest(sold)))
    if len(sold.goods) <= 10_000 and importlib.util.find_spec("statsmodels"):
        found.append(("statsmodels GLM, one category, times their number", _statsmodels(sold)))
    return found


def _pyfixest(sold: SalesPanel) -> float:
    import pandas as pd
    import pyfixest

    category = sold.goods.category[sold.product]
    frame = pd.DataFrame(
        {
            "units": sold.units,
            "price": np.log(sold.price),
            "product": sold.product,
            "category": category,
            "week": sold.period,
        }
    )
    start = time.process_time()
    pyfixest.fepois("units ~ price:C(category) | product + week", frame)
    return time.process_time() - start


def _statsmodels(sold: SalesPanel) -> float:
    import statsmodels.api as sm

    rows = np.flatnonzero(sold.goods.category[sold.product] == 0)
    product = sold.product[rows]
    design = np.column_stack([np.log(sold.price[rows]), (product[:, None] == np.unique(product)).astype(float)])
    start = time.process_time()
    sm.GLM(sold.units[rows], design, family=sm.families.Poisson()).fit()
    return (time.process_time() - start) * len(sold.goods.categories)


if __name__ == "__main__":
    sys.exit(main())
