"""What the sources on a page hand to the decision: price candidates, structured products, offer rows."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from pricewatch.domain.offer import Availability, Condition, PriceRole


class Source(StrEnum):
    """Where on a page something was said."""

    SELECTOR = "selector"
    JSON_LD = "json-ld"
    MICRODATA = "microdata"
    RDFA = "rdfa"
    META = "meta"
    STATE = "state"
    VISIBLE = "visible"


class Candidate(NamedTuple):
    """One number on the page that may be the price; two `amounts` when its separators can be read both ways.

    `score` orders visible candidates; `why` names what spoke for and against it; `codes` are all currencies that
    its sign can mean and `digits` the number as written; `net` amounts are said to be without tax.
    """

    source: Source
    role: PriceRole
    amounts: tuple[Decimal, ...]
    currency: str
    text: str
    where: str
    score: int = 0
    why: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    digits: str = ""
    net: bool = False

    @property
    def amount(self) -> Decimal:
        return self.amounts[0]

    def as_role(self, role: PriceRole, reason: str) -> Candidate:
        """The same number with another role and the reason for it."""
        return self._replace(role=role, why=(*self.why, reason))

    def __str__(self) -> str:
        reasons = f" ({', '.join(self.why)})" if self.why else ""
        return f"{self.role.value}: {self.text.strip()[:60]!r} [{self.source.value}: {self.where[:80]}]{reasons}"


class OfferFacts(NamedTuple):
    """One offer as structured data states it."""

    prices: tuple[Candidate, ...] = ()
    availability: Availability = Availability.UNKNOWN
    condition: Condition = Condition.UNKNOWN
    seller: str = ""
    shipping: Candidate | None = None
    sku: str = ""
    gtin: str = ""
    name: str = ""
    url: str = ""
    aggregate: bool = False


class ProductFacts(NamedTuple):
    """One product as one source describes it; `main` tells the page's own product from its neighbours."""

    source: Source
    name: str = ""
    brand: str = ""
    gtin: str = ""
    sku: str = ""
    mpn: str = ""
    category: str = ""
    image: str = ""
    url: str = ""
    description: str = ""
    offers: tuple[OfferFacts, ...] = ()
    variants: tuple[ProductFacts, ...] = ()
    where: str = ""
    condition: Condition = Condition.UNKNOWN


class RowFacts(NamedTuple):
    """One offer row of a page that shows many."""

    price: Candidate | None
    seller: str = ""
    shipping: Decimal | None = None
    availability: Availability = Availability.UNKNOWN
    condition: Condition = Condition.UNKNOWN
    name: str = ""
    url: str = ""
    bid: Decimal | None = None
    bids: int | None = None
    ends_at: str = ""
    rating: int | None = None
    currency: str = ""
    where: str = ""
    sku: str = ""
    gtin: str = ""
    mpn: str = ""
    rejected: tuple[str, ...] = ()
    featured: bool = False
