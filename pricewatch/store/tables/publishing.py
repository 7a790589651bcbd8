"""What channels show, and what was used of their limits."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    text,
)

from pricewatch.domain.listing import OPEN_STATES, PublicationState
from pricewatch.store.columns import Code, Moment, Words
from pricewatch.store.tables.parts import amount, key, known, metadata, positive, text_column, within_limits

publications = Table(
    "publications",
    metadata,
    key(),
    Column("channel", Words, nullable=False),
    Column("remote_id", Words, nullable=False),
    Column("sku", Words, nullable=False),
    Column("version", BigInteger, ForeignKey("price_list.version"), nullable=False),
    Column("currency", Words, nullable=False),
    Column("price_minor", BigInteger, nullable=False),
    Column("tax", Integer, nullable=False),
    amount("floor_minor"),
    amount("ceiling_minor"),
    amount("previous_minor"),
    Column("adopted", Boolean, nullable=False),
    Column("latest", Boolean, nullable=False),
    Column("state", Code(PublicationState), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("token", BigInteger, nullable=False),
    amount("observed_minor"),
    Column("observed_currency", Words),
    text_column("message"),
    Column("created_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("checked_at", Moment),
    Column("next_at", Moment),
    Column("lease_until", Moment),
    Column("matching_reads", Integer, nullable=False),
    positive("price_minor"),
    *within_limits("price_minor", unless="adopted"),
    known("state", PublicationState),
    Index(None, "sku"),
)

Index(
    "uq_publications_latest",
    publications.c.channel,
    publications.c.remote_id,
    unique=True,
    sqlite_where=publications.c.latest,
    postgresql_where=publications.c.latest,
)

OPEN = text(f"latest AND state IN ({', '.join(repr(state.value) for state in sorted(OPEN_STATES))})")

Index(
    "ix_publications_open",
    publications.c.channel,
    publications.c.version,
    publications.c.id,
    sqlite_where=OPEN,
    postgresql_where=OPEN,
)

listings = Table(
    "listings",
    metadata,
    Column("channel", Words, nullable=False),
    Column("remote_id", Words, nullable=False),
    Column("sku", Words, nullable=False),
    amount("price_minor"),
    Column("price_currency", Words),
    amount("sale_minor"),
    Column("sale_currency", Words),
    text_column("name"),
    text_column("url"),
    Column("active", Boolean, nullable=False),
    Column("stock", BigInteger),
    text_column("delivery"),
    Column("seen_at", Moment, nullable=False),
    PrimaryKeyConstraint("channel", "remote_id"),
    Index(None, "sku"),
)

usage = Table(
    "channel_usage",
    metadata,
    Column("account", Words),
    Column("key", Words),
    Column("seconds", BigInteger),
    Column("slot", BigInteger),
    Column("used", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False),
    PrimaryKeyConstraint("account", "key", "seconds", "slot"),
    Index(None, "ends"),
)
