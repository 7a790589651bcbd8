"""Prices of the catalogue of which people said that they are right, although they changed abnormally."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vouched",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("price_currency", sa.Text(), nullable=False),
        sa.Column("beyond_limits", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["sku"], ["products.sku"], name=op.f("fk_vouched_sku")),
        sa.PrimaryKeyConstraint("sku", "by", name=op.f("pk_vouched")),
    )
