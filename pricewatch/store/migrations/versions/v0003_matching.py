"""What matching has seen, what people answered, what was searched for, and pages that are gone."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _judged()
    _answers()
    _found()


def _judged() -> None:
    op.create_table(
        "judged",
        sa.Column("item", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["item"], ["items.id"], name=op.f("fk_judged_item")),
        sa.PrimaryKeyConstraint("item", name=op.f("pk_judged")),
    )
    op.create_index(op.f("ix_judged_by"), "judged", ["by"], unique=False)
    op.create_table(
        "indexed",
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_indexed")),
    )


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("item", sa.BigInteger(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("factor", sa.Integer(), nullable=False),
        sa.Column("probability", sa.Integer(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ours", sa.Text(), nullable=False),
        sa.Column("theirs", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "said IN ('accepted', 'rejected', 'suggested', 'withdrawn')", name=op.f("ck_answers_said_known")
        ),
        sa.CheckConstraint("kind IN ('exact', 'pack', 'equivalent')", name=op.f("ck_answers_kind_known")),
        sa.ForeignKeyConstraint(["item"], ["items.id"], name=op.f("fk_answers_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
    )
    op.create_index(op.f("ix_answers_item_sku"), "answers", ["item", "sku"], unique=False)


def _found() -> None:
    op.create_table(
        "searches",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("site", "sku", name=op.f("pk_searches")),
    )
    op.create_table(
        "retired",
        sa.Column("target", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["target"], ["targets.id"], name=op.f("fk_retired_target")),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_retired")),
    )
