"""Versions that go no further than their first listings, because what was ordered there was not what was expected."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "halts",
        sa.Column("version", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["version"], ["price_list.version"], name=op.f("fk_halts_version")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_halts")),
    )
