"""What tables are made of: keys, texts, amounts, and the checks that hold in all of them."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    MetaData,
)

from pricewatch.store.columns import RowId, Words

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def key() -> Column[int]:
    """A number of its own for each row."""
    return Column("id", RowId, primary_key=True, autoincrement=True)


def text_column(name: str) -> Column[str]:
    """Text that is empty where nothing is known."""
    return Column(name, Words, nullable=False, server_default="")


def amount(name: str) -> Column[int]:
    """An amount in minor units; null where it is not known."""
    return Column(name, BigInteger)


def positive(*names: str) -> CheckConstraint:
    """Amounts that are above zero wherever they are known."""
    return CheckConstraint(" AND ".join(f"({name} IS NULL OR {name} > 0)" for name in names), name="positive")


def known(column: str, members: type[StrEnum]) -> CheckConstraint:
    """A column that holds a member of an enumeration."""
    values = ", ".join(f"'{member.value}'" for member in members)
    return CheckConstraint(f"{column} IN ({values})", name=f"{column}_known")


def within_limits(price: str, *, unless: str) -> tuple[CheckConstraint, ...]:
    """A price that is written somewhere has a floor and lies between its limits."""
    return (
        CheckConstraint(f"{unless} OR floor_minor IS NOT NULL", name="has_floor"),
        CheckConstraint(f"{unless} OR {price} >= floor_minor", name="not_below_floor"),
        CheckConstraint(f"{unless} OR ceiling_minor IS NULL OR {price} <= ceiling_minor", name="not_above_ceiling"),
    )
