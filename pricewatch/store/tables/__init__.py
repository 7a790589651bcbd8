"""The tables. Amounts are BIGINT minor units beside a currency code, times integer microseconds UTC.

What must never be true is refused here as well, by CHECK: a price of 0, a publication below its floor, a state
that does not exist.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from pricewatch.store.tables.catalogue import (
    AMOUNTS,
    exchange_rates,
    freezes,
    outages,
    products,
    returned,
    sales,
    vouched,
    withdrawn,
)
from pricewatch.store.tables.deciding import (
    again,
    decisions,
    halts,
    own_prices,
    plans,
    price_entries,
    price_list,
    releases,
    shapes,
    touched,
)
from pricewatch.store.tables.learning import costs, experiments, learned_moves, learnt, lots
from pricewatch.store.tables.market import (
    answers,
    evidence,
    hosts,
    indexed,
    items,
    judged,
    matches,
    observations,
    offers,
    quarantine,
    retired,
    robots,
    searches,
    targets,
)
from pricewatch.store.tables.parts import metadata
from pricewatch.store.tables.publishing import OPEN, listings, publications, usage
from pricewatch.store.tables.running import audit, runs, slots, stops
from pricewatch.store.watched import watch

__all__ = [
    "AMOUNTS",
    "OPEN",
    "again",
    "answers",
    "audit",
    "costs",
    "create_all",
    "decisions",
    "evidence",
    "exchange_rates",
    "experiments",
    "freezes",
    "halts",
    "hosts",
    "indexed",
    "items",
    "judged",
    "learned_moves",
    "learnt",
    "listings",
    "lots",
    "matches",
    "metadata",
    "observations",
    "offers",
    "outages",
    "own_prices",
    "plans",
    "price_entries",
    "price_list",
    "products",
    "publications",
    "quarantine",
    "releases",
    "retired",
    "returned",
    "robots",
    "runs",
    "sales",
    "searches",
    "shapes",
    "slots",
    "stops",
    "targets",
    "touched",
    "usage",
    "vouched",
    "withdrawn",
]


def create_all(connection: Connection, revision: str) -> None:
    """Make all tables at once and note their revision: what the migrations lead to, without their history."""
    metadata.create_all(connection)
    watch(connection)
    key = "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)"
    connection.execute(text(f"CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, {key})"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
