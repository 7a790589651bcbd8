"""Which offer a page puts first: the buy box of a marketplace."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("observations", sa.Column("featured", sa.Boolean(), server_default=sa.false(), nullable=False))
