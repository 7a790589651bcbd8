"""What reading one page came to, in full; `extract_page` hands on the part that the use cases need."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from pricewatch.domain.errors import MoneyError
from pricewatch.domain.money import Currency, Money
from pricewatch.domain.offer import Availability, Condition, PriceRole, Verdict
from pricewatch.ports import Finding
from pricewatch.scraping.extract.identifiers import Identity
from pricewatch.scraping.extract.records import Candidate, RowFacts, Source


@dataclass(frozen=True, slots=True)
class Reading:
    """One page: its verdict, the item, the price with what agreed and what lost, and every offer on it.

    `rows` are offers of several sellers, `variants` the item's own choices, `siblings` the items of a listing.
    """

    verdict: Verdict
    message: str = ""
    page_hash: str = ""
    identity: Identity = field(default_factory=Identity)
    price: Money | None = None
    role: PriceRole = PriceRole.REGULAR
    was: Money | None = None
    availability: Availability = Availability.UNKNOWN
    condition: Condition = Condition.UNKNOWN
    shipping: Money | None = None
    seller: str = ""
    pieces: int | None = None
    ambiguous: bool = False
    readings: tuple[str, ...] = ()
    currency: str = ""
    conflict: str = ""
    confidence: int = 0
    source: Source | None = None
    where: str = ""
    snippet: str = ""
    agreeing: tuple[Candidate, ...] = ()
    rejected: tuple[Candidate, ...] = ()
    findings: tuple[Finding, ...] = ()
    links: tuple[str, ...] = ()
    rows: tuple[RowFacts, ...] = ()
    variants: tuple[RowFacts, ...] = ()
    siblings: tuple[RowFacts, ...] = ()
    notes: tuple[str, ...] = field(default=())


def money(amount: Decimal | None, currency: str) -> Money | None:
    """Exact money, or None when currency is unknown or the amount has more decimals than it can have."""
    if amount is None or not currency:
        return None
    try:
        unit = Currency.of(currency)
        return Money.parse(amount.quantize(Decimal(1).scaleb(-unit.exponent)) if _fits(amount, unit) else amount, unit)
    except (MoneyError, ArithmeticError):
        return None


def _fits(amount: Decimal, unit: Currency) -> bool:
    return amount == amount.quantize(Decimal(1).scaleb(-unit.exponent))
