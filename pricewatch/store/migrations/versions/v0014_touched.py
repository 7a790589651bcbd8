"""What changed since the last plan: noted by the database itself, whoever writes."""

import sqlalchemy as sa
from alembic import op

from pricewatch.store.watched import watch

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("plans", sa.Column("basis", sa.BigInteger(), nullable=True))
    op.add_column("plans", sa.Column("inputs", sa.Text(), server_default="", nullable=False))
    op.add_column("plans", sa.Column("read_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "touched",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("item", sa.BigInteger(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_touched")),
    )
    op.create_table(
        "again",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("price_group", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("why IN ('time', 'unseen', 'input')", name=op.f("ck_again_why_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_again")),
    )
    watch(op.get_bind())
