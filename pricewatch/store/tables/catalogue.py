"""What we sell, and what was sold."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from pricewatch.store.columns import Json, Moment, Words
from pricewatch.store.tables.parts import amount, key, metadata, positive, text_column


def _amounts() -> list[Column[Any]]:
    return [column for name in AMOUNTS for column in (amount(f"{name}_minor"), Column(f"{name}_currency", Words))]


AMOUNTS = ("price", "cost", "floor", "ceiling", "rrp", "map_price")  # of a product, each with its own currency

products = Table(
    "products",
    metadata,
    Column("sku", Words, primary_key=True),
    Column("position", BigInteger, nullable=False),
    text_column("name"),
    Column("tax", Integer, nullable=False),
    *_amounts(),
    Column("stock", BigInteger),
    text_column("brand"),
    text_column("gtin"),
    text_column("mpn"),
    text_column("category"),
    text_column("supplier"),
    Column("tags", Json, nullable=False),
    Column("kvi", Boolean, nullable=False),
    text_column("url"),
    text_column("image_url"),
    text_column("description"),
    Column("custom", Json, nullable=False),
    positive("price_minor", "floor_minor", "ceiling_minor", "rrp_minor", "map_price_minor"),
    CheckConstraint("cost_minor IS NULL OR cost_minor >= 0", name="cost_not_negative"),
    CheckConstraint("tax BETWEEN 0 AND 10000", name="tax_known"),
)

# What an import no longer brought: known for its history, and neither priced nor published.
withdrawn = Table(
    "withdrawn",
    metadata,
    Column("sku", Words, ForeignKey("products.sku"), primary_key=True),
    Column("since", Moment, nullable=False),
)

# What had been withdrawn and came back, for those who only ask for changes.
returned = Table(
    "returned",
    metadata,
    Column("sku", Words, ForeignKey("products.sku"), primary_key=True),
    Column("since", Moment, nullable=False),
)

exchange_rates = Table(
    "exchange_rates",
    metadata,
    Column("base", Words),
    Column("quote", Words),
    Column("day", Words),
    Column("rate_micros", BigInteger, nullable=False),
    text_column("source"),
    PrimaryKeyConstraint("base", "quote", "day"),
    positive("rate_micros"),
)

freezes = Table(
    "freezes",
    metadata,
    Column("sku", Words, ForeignKey("products.sku"), primary_key=True),
    text_column("reason"),
    text_column("by"),
    Column("until", Moment),
)

# Who said of a product's catalogue price that it is right; beyond floor and cost as well, or only as a large change.
vouched = Table(
    "vouched",
    metadata,
    Column("sku", Words, ForeignKey("products.sku"), primary_key=True),
    Column("by", Words, primary_key=True),
    Column("price_minor", BigInteger, nullable=False),
    Column("price_currency", Words, nullable=False),
    Column("beyond_limits", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
)

sales = Table(
    "sales",
    metadata,
    key(),
    Column("source", Words, nullable=False),
    Column("reference", Words, nullable=False),
    Column("sku", Words, nullable=False),
    Column("sold_at", Moment, nullable=False),
    Column("units", BigInteger, nullable=False),
    amount("paid_minor"),
    Column("currency", Words),
    Column("promotion", Boolean, nullable=False),
    CheckConstraint("units <> 0", name="some"),
    positive("paid_minor"),
    UniqueConstraint("source", "reference"),
    Index(None, "sold_at", "sku"),
)

outages = Table(
    "outages",
    metadata,
    key(),
    Column("sku", Words, nullable=False),
    Column("since", Moment, nullable=False),
    Column("out", Boolean, nullable=False),
    Index(None, "sku"),
)
