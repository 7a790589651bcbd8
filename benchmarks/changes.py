"""A plan of what changed beside a plan of everything: `python -m benchmarks.changes [--products N] [--offers N]`.

Makes a seeded shop on SQLite, lets its first plan come into force, changes one offer of 1 % of the products, and plans
the changes, then everything, in one process: CPU seconds of the two, and whether the prices are the same.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np
from sqlalchemy import text

from benchmarks.scale import Shop, made
from pricewatch.bootstrap import App, open_app
from pricewatch.pipeline.plan import approve, plan
from pricewatch.pipeline.publish import publish
from pricewatch.pipeline.workbench import PlanReport
from pricewatch.store.columns import to_micros

T = TypeVar("T")
RULES = """
[[guardrails]]
min_margin = "5%"
endings = [".99"]
[[rule]]
name = "rest"
target = { kind = "nth_lowest", n = 2 }
"""
UNBOUND = """
[pricing.breakers]
max_changed = "100%"
max_average_move = "100%"
"""


def touch(app: App, share: float, seed: int) -> int:
    """Let one offer of a share of the products show another price, as a crawl would write it; how many there are."""
    with app.bench.store.database.write() as connection:  # type: ignore[attr-defined]
        products = connection.execute(text("SELECT count(*) FROM products")).scalar_one()
        offers = connection.execute(text("SELECT count(*) FROM offers")).scalar_one() // products
        chosen = np.random.default_rng(seed).choice(products, max(int(products * share), 1), replace=False)
        rows = [{"offer": int(number) * offers + 1, "now": to_micros(datetime.now(UTC))} for number in chosen]
        connection.execute(text(COPY), rows)
        connection.execute(text(POINT), rows)
    return len(rows)


COLUMNS = (
    "offer, run, gone, doubtful, currency, shipping_minor, role, availability, condition, pieces, rating, tax_included,"
    " rejected"
)
COPY = (
    f"INSERT INTO observations ({COLUMNS}, seen_at, price_minor) SELECT {COLUMNS}, :now, price_minor * 99 / 100 + 1"
    " FROM observations WHERE id = (SELECT observation FROM offers WHERE id = :offer)"
)
POINT = (
    "UPDATE offers SET observation = (SELECT max(id) FROM observations WHERE offer = :offer), seen_at = :now"
    " WHERE id = :offer"
)


def measured(work: Callable[[], T]) -> tuple[float, T]:
    """CPU seconds of this process and of those that it waited for, and what came of it."""
    start = _used()
    result = work()
    return _used() - start, result


def _used() -> float:
    each = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in each)


def prices(report: PlanReport) -> dict[str, tuple[str, object]]:
    """What was decided for each product."""
    return {one.proposal.sku: (one.proposal.outcome, one.proposal.proposed) for one in report.decisions}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--products", type=int, default=20_000)
    parser.add_argument("--offers", type=int, default=20)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/pricewatch-changes"))
    options = parser.parse_args()
    folder = options.folder / f"{options.products}-{options.offers}"
    folder.mkdir(parents=True, exist_ok=True)
    fresh = not (folder / "made").exists()
    made(folder, "sqlite:///pricewatch.db", Shop(options.products, options.offers, _now()))
    if fresh:
        (folder / "rules" / "main.toml").write_text(RULES)
        (folder / "config.toml").write_text((folder / "config.toml").read_text() + UNBOUND)
    with open_app(folder / "config.toml") as app:
        if fresh:
            plan(app.bench)
            approve(app.bench, None, None, by="benchmark")
            asyncio.run(publish(app.bench))
        plan(app.bench)
        print(f"{options.products:,} products, {options.products * options.offers:,} offers")
        for number, share in enumerate((0.01, 0.001)):
            compare(app, share, number)
    return 0


def compare(app: App, share: float, number: int) -> None:
    """Touch some products, plan the changes, then everything, and print both."""
    touched = touch(app, share, number)
    part, some = measured(lambda: plan(app.bench, changed=True))
    whole, every = measured(lambda: plan(app.bench))
    known, all_of = prices(some), prices(every)
    same = all(all_of[sku] == decided for sku, decided in known.items())
    rest = all(outcome in ("keep", "hold") for sku, (outcome, _) in all_of.items() if sku not in known)
    print(
        f"{touched:,} touched ({share:.1%}): changes {part:.2f} s CPU ({len(known):,} planned), everything {whole:.2f}"
        f" s CPU = {part / whole:.1%}; {'the same prices' if same and rest else 'OTHER PRICES'}",
        flush=True,
    )


def _now() -> int:
    return to_micros(datetime.now(UTC) - timedelta(hours=1))


if __name__ == "__main__":
    sys.exit(main())
