"""What was learnt of demand and how: tests of prices, records of learned decisions, costs as they were."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
)

from pricewatch.domain.experiment import ExperimentStatus
from pricewatch.store.columns import Code, Json, Moment, RowId, Words
from pricewatch.store.tables.parts import key, known, metadata, positive, text_column

experiments = Table(
    "experiments",
    metadata,
    Column("number", RowId, primary_key=True, autoincrement=True),
    Column("price_group", Words, nullable=False),
    Column("design", Words, nullable=False),
    Column("status", Code(ExperimentStatus), nullable=False),
    Column("weeks", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("worst", Integer, nullable=False),
    Column("made_at", Moment, nullable=False),
    text_column("made_by"),
    Column("begins", Moment),
    text_column("started_by"),
    Column("ended_at", Moment),
    text_column("reason"),
    Column("stated", Json, nullable=False),
    known("status", ExperimentStatus),
    CheckConstraint("status <> 'running' OR begins IS NOT NULL", name="begun"),
)

# What each product is asked in each week of a test; `base_minor` is its usual price.
lots = Table(
    "lots",
    metadata,
    Column("experiment", BigInteger, ForeignKey("experiments.number"), nullable=False),
    Column("sku", Words, nullable=False),
    Column("base_minor", BigInteger, nullable=False),
    Column("ways", Words, nullable=False),
    Column("family", Integer, nullable=False),
    PrimaryKeyConstraint("experiment", "sku"),
    positive("base_minor"),
)

# What the demand model said when a price was decided: its curve, profits, elasticity and data.
learnt = Table(
    "learnt",
    metadata,
    Column("plan", BigInteger, ForeignKey("plans.number"), nullable=False),
    Column("price_group", Words, nullable=False),
    Column("sku", Words, nullable=False),
    Column("model", Words, nullable=False),
    Column("record", LargeBinary, nullable=False),
    PrimaryKeyConstraint("plan", "price_group", "sku"),
)

# Prices that the model has moved: where they stood before the first such move, and the last one.
learned_moves = Table(
    "learned_moves",
    metadata,
    Column("price_group", Words, nullable=False),
    Column("sku", Words, nullable=False),
    Column("home_minor", BigInteger, nullable=False),
    Column("price_minor", BigInteger, nullable=False),
    Column("moved_at", Moment, nullable=False),
    PrimaryKeyConstraint("price_group", "sku"),
    positive("home_minor", "price_minor"),
)

# What products cost us from when on.
costs = Table(
    "costs",
    metadata,
    key(),
    Column("sku", Words, nullable=False),
    Column("since", Moment, nullable=False),
    Column("cost_minor", BigInteger, nullable=False),
    Column("currency", Words, nullable=False),
    Index(None, "sku", "since"),
)
