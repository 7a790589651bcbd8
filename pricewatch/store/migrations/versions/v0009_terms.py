"""What is sold beside a price, its planned end and the run that wrote it; versions that may go to all listings."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OPEN = "latest AND state IN ('drifted', 'pending', 'sent', 'unknown')"


def upgrade() -> None:
    for name in ("loyalty_minor", "coupon_minor", "unit_minor", "valid_to", "run"):
        op.add_column("price_entries", sa.Column(name, sa.BigInteger(), nullable=True))
    for name in ("coupon_code", "unit_per"):
        op.add_column("price_entries", sa.Column(name, sa.Text(), nullable=True))
    op.create_index(
        "ix_publications_open",
        "publications",
        ["channel", "version", "id"],
        sqlite_where=sa.text(OPEN),
        postgresql_where=sa.text(OPEN),
    )
    op.create_table(
        "releases",
        sa.Column("version", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["version"], ["price_list.version"], name=op.f("fk_releases_version")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_releases")),
    )
