"""Column types that mean the same on SQLite and PostgreSQL, and the small conversions around them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from itertools import islice
from typing import Any, TypeVar

import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    Table,
    Text,
    func,
    select,
    type_coerce,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from pricewatch.domain.errors import StoreError
from pricewatch.domain.money import MAX_MINOR, Currency, Money

T = TypeVar("T")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
DAMAGED, RESTORE = "the database is damaged", "stop pricewatch, keep a copy of the file, and restore the newest backup"
CHUNK = 1_000  # keys asked for in one IN (...)


def to_micros(moment: datetime) -> int:
    """Microseconds since the epoch, exactly; raises ValueError for a naive time."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone: times are aware UTC")
    return (moment - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC time of so many microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=micros)


class Moment(TypeDecorator[datetime]):
    """An aware UTC time, kept as integer microseconds since the epoch."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        try:
            return None if value is None else from_micros(value)
        except (TypeError, OverflowError):
            raise StoreError(DAMAGED, hint=RESTORE) from None


class Words(TypeDecorator[str]):
    """Text from anywhere; what no database can hold (NUL, lone surrogates) is dropped, so that no row stops a batch."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else clean(value)


class Code(TypeDecorator[Any]):
    """A member of one StrEnum, kept as its text."""

    impl = Text
    cache_ok = True

    def __init__(self, members: type[StrEnum]) -> None:
        super().__init__()
        self.members = members
        self._by_text = {member.value: member for member in members}

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else self._by_text[value].value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002
        return None if value is None else self._by_text[value]


class Json(TypeDecorator[Any]):
    """A small structure, kept as compact JSON text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else clean(orjson.dumps(_printable(value)).decode())

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else orjson.loads(value)


# SQLite numbers rows by itself only where the key is declared INTEGER, which has 64 bits there.
RowId = BigInteger().with_variant(Integer(), "sqlite")


def clean(text: str) -> str:
    """Drop what UTF-8 or PostgreSQL cannot hold."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    return text if text.isascii() else text.encode("utf-8", "ignore").decode()


def _printable(value: Any) -> Any:
    """Clean every text inside; a NUL would come back as an escape that PostgreSQL keeps but nobody wants."""
    if isinstance(value, str):
        return clean(str(value))
    if isinstance(value, dict):
        return {clean(str(key)): _printable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_printable(item) for item in value]
    return value


def plain(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column as the database has it, without conversion: for reading in bulk."""
    kind: TypeEngine[Any] = column.type
    return type_coerce(column, kind.impl_instance) if isinstance(kind, TypeDecorator) else column


def digest(*parts: str) -> str:
    """A fixed-length key for texts of any length (an index row has a limit), 128 bits as hexadecimal."""
    joined = "\x00".join(part.replace("\x00", "") for part in parts)
    return blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def money(minor: int | None, currency: str | None) -> Money | None:
    """An amount from its two columns; unknown stays unknown."""
    return None if minor is None or currency is None else Money(minor, Currency.of(currency))


def minor(amount: Money | None) -> int | None:
    """The minor units of an amount, unknown stays unknown."""
    return None if amount is None else amount.minor


def code(amount: Money | None) -> str | None:
    """The currency code of an amount."""
    return None if amount is None else amount.currency.code


def count(value: int | None) -> int | None:
    """A number from a page, or unknown when no shop can mean it."""
    return value if value is not None and 0 <= value <= MAX_MINOR else None


def new_ids(connection: Connection, table: Table, number: int) -> Sequence[int]:
    """Numbers for so many new rows of a table, in the transaction that inserts them."""
    if connection.dialect.name == "sqlite":  # whoever writes is alone
        last = connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
        return range(last + 1, last + 1 + number)
    sequence = func.nextval(func.pg_get_serial_sequence(table.name, "id"))
    return connection.execute(select(sequence).select_from(func.generate_series(1, number))).scalars().all()


def as_columns(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """Rows as columns by name; no rows are no columns."""
    return dict(zip(names, zip(*rows, strict=True), strict=False))


def chunks(rows: Iterable[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """Split into lists of at most `size`."""
    rest = iter(rows)
    while part := list(islice(rest, size)):
        yield part
