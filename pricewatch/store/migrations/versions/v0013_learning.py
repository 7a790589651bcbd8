"""Tests of prices by lot, records of learned decisions, and what products cost when."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_STATUSES = "status IN ('planned', 'running', 'done', 'stopped', 'dropped')"
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _tests_of_prices()
    _learned_decisions()
    _costs()


def _tests_of_prices() -> None:
    op.create_table(
        "experiments",
        sa.Column("number", _KEY, autoincrement=True, nullable=False),
        sa.Column("price_group", sa.Text(), nullable=False),
        sa.Column("design", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("weeks", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("worst", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), server_default="", nullable=False),
        sa.Column("begins", sa.BigInteger(), nullable=True),
        sa.Column("started_by", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("stated", sa.Text(), nullable=False),
        sa.CheckConstraint(_STATUSES, name=op.f("ck_experiments_status_known")),
        sa.CheckConstraint("status <> 'running' OR begins IS NOT NULL", name=op.f("ck_experiments_begun")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_experiments")),
    )
    op.create_table(
        "lots",
        sa.Column("experiment", sa.BigInteger(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("base_minor", sa.BigInteger(), nullable=False),
        sa.Column("ways", sa.Text(), nullable=False),
        sa.Column("family", sa.Integer(), nullable=False),
        sa.CheckConstraint("(base_minor IS NULL OR base_minor > 0)", name=op.f("ck_lots_positive")),
        sa.ForeignKeyConstraint(["experiment"], ["experiments.number"], name=op.f("fk_lots_experiment")),
        sa.PrimaryKeyConstraint("experiment", "sku", name=op.f("pk_lots")),
    )


def _learned_decisions() -> None:
    op.create_table(
        "learnt",
        sa.Column("plan", sa.BigInteger(), nullable=False),
        sa.Column("price_group", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["plan"], ["plans.number"], name=op.f("fk_learnt_plan")),
        sa.PrimaryKeyConstraint("plan", "price_group", "sku", name=op.f("pk_learnt")),
    )
    op.create_table(
        "learned_moves",
        sa.Column("price_group", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("home_minor", sa.BigInteger(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(home_minor IS NULL OR home_minor > 0) AND (price_minor IS NULL OR price_minor > 0)",
            name=op.f("ck_learned_moves_positive"),
        ),
        sa.PrimaryKeyConstraint("price_group", "sku", name=op.f("pk_learned_moves")),
    )


def _costs() -> None:
    op.create_table(
        "costs",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("cost_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_costs")),
    )
    op.create_index(op.f("ix_costs_sku_since"), "costs", ["sku", "since"])
