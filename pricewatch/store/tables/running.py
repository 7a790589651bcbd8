"""What ran, and the switches that hold for all processes."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    PrimaryKeyConstraint,
    Table,
)

from pricewatch.store.columns import Json, Moment, Words
from pricewatch.store.tables.parts import key, metadata, text_column

runs = Table(
    "runs",
    metadata,
    key(),
    Column("stage", Words, nullable=False),
    text_column("detail"),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("status", Words, nullable=False),
    Column("counts", Json, nullable=False),
    Column("set_aside", Json, nullable=False),
    text_column("message"),
    CheckConstraint("status IN ('running', 'ok', 'partly', 'failed', 'interrupted')", name="status_known"),
)

slots = Table(
    "slots",
    metadata,
    Column("schedule", Words),
    Column("slot", Moment),
    Column("claimed_at", Moment, nullable=False),
    PrimaryKeyConstraint("schedule", "slot"),
)

stops = Table(
    "stops",
    metadata,
    key(),
    Column("at", Moment, nullable=False),
    text_column("by"),
    text_column("reason"),
    Column("resumed_at", Moment),
    text_column("resumed_by"),
)

audit = Table(
    "audit",
    metadata,
    key(),
    Column("at", Moment, nullable=False),
    Column("event", Words, nullable=False),
    text_column("by"),
    text_column("detail"),
)
