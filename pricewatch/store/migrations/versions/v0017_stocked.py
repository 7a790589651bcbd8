"""What channels say of stock and delivery time."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("listings", sa.Column("stock", sa.BigInteger(), nullable=True))
    op.add_column("listings", sa.Column("delivery", sa.Text(), server_default="", nullable=False))
