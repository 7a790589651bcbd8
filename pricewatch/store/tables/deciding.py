"""What we decide: plans, the price list, our own prices."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
)

from pricewatch.domain.decision import DecisionStatus, Outcome
from pricewatch.store.columns import Code, Json, Moment, RowId, Words
from pricewatch.store.tables.parts import amount, key, known, metadata, positive, text_column, within_limits

# Of a plan of everything, or of what had changed: `read_at` is when its market was read, `inputs` names what else it
# was made with, `basis` is the plan of everything that one of changes stands on.
plans = Table(
    "plans",
    metadata,
    Column("number", RowId, primary_key=True, autoincrement=True),
    Column("created_at", Moment, nullable=False),
    Column("rules_hash", Words, nullable=False),
    Column("counts", Json, nullable=False),
    Column("breakers", Json, nullable=False),
    Column("set_aside", Json, nullable=False),
    Column("status", Words, nullable=False),
    Column("reset_at", Moment),
    text_column("reset_by"),
    text_column("reset_reason"),
    Column("basis", BigInteger),
    text_column("inputs"),
    Column("read_at", Moment),
    CheckConstraint("status IN ('open', 'applied', 'superseded', 'stopped')", name="status_known"),
)

# `shape` and `numbers` are the reasons (see pricing/reasons.py); those of older plans are written out in `reasons`.
decisions = Table(
    "decisions",
    metadata,
    Column("plan", BigInteger, ForeignKey("plans.number"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("sku", Words, nullable=False),
    Column("price_group", Words, nullable=False),
    Column("outcome", Code(Outcome), nullable=False),
    Column("status", Code(DecisionStatus), nullable=False),
    Column("currency", Words),
    amount("current_minor"),
    amount("proposed_minor"),
    amount("floor_minor"),
    amount("ceiling_minor"),
    Column("rank_before", Integer),
    Column("rank_after", Integer),
    Column("margin_before", BigInteger),
    Column("margin_after", BigInteger),
    Column("competitors", Integer, nullable=False),
    Column("reasons", Json, nullable=False),
    text_column("decided_by"),
    Column("decided_at", Moment),
    text_column("note"),
    amount("prior_minor"),
    Column("announced_from", Moment),
    Column("announced_until", Moment),
    Column("shape", Integer),
    Column("numbers", LargeBinary),
    Column("tax", Integer),
    PrimaryKeyConstraint("plan", "sku", "price_group"),
    known("outcome", Outcome),
    known("status", DecisionStatus),
    CheckConstraint("status <> 'applied' OR proposed_minor > 0", name="positive"),
    *within_limits("proposed_minor", unless="status <> 'applied'"),
    Index(None, "sku", "plan"),
)

# The reasons of a plan's decisions, with places for the numbers.
shapes = Table(
    "shapes",
    metadata,
    Column("plan", BigInteger, ForeignKey("plans.number"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("lines", Json, nullable=False),
    PrimaryKeyConstraint("plan", "number"),
)

price_list = Table(
    "price_list",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("created_at", Moment, nullable=False),
    Column("plan", BigInteger, ForeignKey("plans.number")),
    Column("previous_hash", Words, nullable=False, unique=True),
    Column("hash", Words, nullable=False, unique=True),
)

price_entries = Table(
    "price_entries",
    metadata,
    Column("version", BigInteger, ForeignKey("price_list.version"), nullable=False),
    Column("sku", Words, nullable=False),
    Column("price_group", Words, nullable=False),
    Column("currency", Words, nullable=False),
    Column("gross_minor", BigInteger, nullable=False),
    Column("tax", Integer, nullable=False),
    amount("floor_minor"),
    amount("ceiling_minor"),
    Column("plan", BigInteger, nullable=False),
    text_column("reason"),
    text_column("approved_by"),
    Column("valid_from", Moment, nullable=False),
    Column("adopted", Boolean, nullable=False),
    amount("prior_minor"),
    Column("announced_from", Moment),
    Column("announced_until", Moment),
    amount("loyalty_minor"),
    amount("coupon_minor"),
    Column("coupon_code", Words),
    amount("unit_minor"),
    Column("unit_per", Words),
    Column("valid_to", Moment),
    Column("run", BigInteger),
    PrimaryKeyConstraint("version", "sku", "price_group"),
    positive("gross_minor", "prior_minor"),
    *within_limits("gross_minor", unless="adopted"),
    CheckConstraint("prior_minor IS NULL OR gross_minor < prior_minor", name="reduction_is_one"),
    Index(None, "price_group", "sku", "version"),
)

# Versions that a person let go to all listings, although the first ones did not all take their prices.
releases = Table(
    "releases",
    metadata,
    Column("version", BigInteger, ForeignKey("price_list.version"), primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("by", Words, nullable=False),
    Column("reason", Words, nullable=False),
)

# Versions that stay with their first listings, because of what was ordered there.
halts = Table(
    "halts",
    metadata,
    Column("version", BigInteger, ForeignKey("price_list.version"), primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("reason", Words, nullable=False),
)

own_prices = Table(
    "own_prices",
    metadata,
    key(),
    Column("sku", Words, nullable=False),
    Column("price_group", Words, nullable=False),
    text_column("channel"),
    Column("currency", Words, nullable=False),
    Column("gross_minor", BigInteger, nullable=False),
    Column("since", Moment, nullable=False),
    Column("source", Words, nullable=False),
    Column("announced", Boolean, nullable=False),
    positive("gross_minor"),
    CheckConstraint("source IN ('catalogue', 'price_list', 'channel')", name="source_known"),
    Index(None, "price_group", "channel", "sku", "since", "id"),
)

# What changed since the last plan, noted by triggers (see watched.py): an item, a product, or everything.
touched = Table(
    "touched",
    metadata,
    key(),
    Column("item", BigInteger),
    Column("sku", Words),
)

# Products to be planned again although nothing is written about them: from a time on, when an offer that was too old is
# seen again, or because an input is missing (which every plan counts).
again = Table(
    "again",
    metadata,
    key(),
    Column("sku", Words, nullable=False),
    Column("price_group", Words, nullable=False),
    Column("why", Words, nullable=False),
    Column("at", Moment, nullable=False),
    CheckConstraint("why IN ('time', 'unseen', 'input')", name="why_known"),
)
