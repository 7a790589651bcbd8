"""Reasons of decisions as numbers; the words that they share are kept once a plan."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("decisions", sa.Column("shape", sa.Integer(), nullable=True))
    op.add_column("decisions", sa.Column("numbers", sa.LargeBinary(), nullable=True))
    op.create_table(
        "shapes",
        sa.Column("plan", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["plan"], ["plans.number"], name=op.f("fk_shapes_plan")),
        sa.PrimaryKeyConstraint("plan", "number", name=op.f("pk_shapes")),
    )
