"""What was sold, and when we had nothing to sell."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "sales",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("sold_at", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("promotion", sa.Boolean(), nullable=False),
        sa.CheckConstraint("units <> 0", name=op.f("ck_sales_some")),
        sa.CheckConstraint("(paid_minor IS NULL OR paid_minor > 0)", name=op.f("ck_sales_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales")),
        sa.UniqueConstraint("source", "reference", name=op.f("uq_sales_source_reference")),
    )
    op.create_index(op.f("ix_sales_sold_at_sku"), "sales", ["sold_at", "sku"])
    op.create_table(
        "outages",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("out", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outages")),
    )
    op.create_index(op.f("ix_outages_sku"), "outages", ["sku"])
