"""This item is that product."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pricewatch.domain.offer import ItemKey
from pricewatch.domain.product import Sku


class MatchStatus(StrEnum):
    """Where a match stands; only accepted ones count in a plan."""

    SUGGESTED = "suggested"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class MatchKind(StrEnum):
    """How the item relates to the product: the same, another pack size, or something buyers take instead."""

    EXACT = "exact"
    PACK = "pack"
    EQUIVALENT = "equivalent"


@dataclass(frozen=True, slots=True)
class Match:
    """One judged pair; a person's answer (`decided_by` other than `auto`) wins over the model for ever.

    `probability` is in basis points; `factor` says how many of our product one of the item holds.
    """

    sku: Sku
    item: ItemKey
    status: MatchStatus
    kind: MatchKind = MatchKind.EXACT
    factor: int = 1
    probability: int = 0
    method: str = ""
    reasons: tuple[str, ...] = ()
    decided_by: str = "auto"
    decided_at: datetime | None = None
