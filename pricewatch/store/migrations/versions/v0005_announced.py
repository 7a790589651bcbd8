"""Decisions that announce a reduction: the prior price it names, and when it runs."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("prior_minor", "announced_from", "announced_until"):
        op.add_column("decisions", sa.Column(name, sa.BigInteger(), nullable=True))
