"""What the server called a kept page: without it a page is not read again as it was read."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("evidence", sa.Column("content_type", sa.Text(), nullable=False, server_default=""))
