"""Small records as rows of JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pricewatch.domain.errors import SetAside


def write_aside(items: Iterable[SetAside]) -> list[list[str]]:
    """Set-aside items as lists of text."""
    return [[item.stage, item.item, item.reason, item.where, item.hint] for item in items]


def read_aside(rows: Iterable[Sequence[str]]) -> tuple[SetAside, ...]:
    """Set-aside items from their lists."""
    return tuple(SetAside(*row) for row in rows)
