"""What we sell, our own prices, and what was sold."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from pricewatch.domain.errors import SetAside
from pricewatch.domain.money import Money
from pricewatch.domain.product import Assortment, ExchangeRate, PriceGroup, Product, Sku
from pricewatch.domain.sale import Sale
from pricewatch.pricing.frame import Ints, Text


@dataclass(frozen=True, slots=True)
class ImportCount:
    """What an import did."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Freeze:
    """A product whose price stays as it is until `until` (None = until unfrozen)."""

    sku: Sku
    reason: str
    by: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Vouch:
    """A person's word that a product's catalogue price is right although it changed much; where it says so, also that
    it may lie beyond the product's floor, ceiling and cost.
    """

    sku: Sku
    price: Money
    by: str
    beyond_limits: bool = False


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """One change point of our own price: in force from `since` until the next one of the same key.

    `channel` is empty for the price list itself; else the channel that confirmed showing it.
    """

    sku: Sku
    group: str
    gross: Money
    since: datetime
    source: str  # catalogue, price_list, channel
    channel: str = ""
    announced: bool = False


@dataclass(frozen=True, slots=True)
class OwnAmounts:
    """What we ask and pay for products, as columns in minor units: the price list's price or else the catalogue's, the
    net cost, and the VAT rate in basis points; MISSING is unknown.
    """

    sku: Sequence[Sku]
    price: Ints
    currency: Text
    cost: Ints
    cost_currency: Text
    tax: Ints


class CatalogueStore(Protocol):
    """What we sell, and what is known of it from our own side."""

    def save(self, products: Sequence[Product], *, at: datetime, group: PriceGroup) -> ImportCount:
        """Insert or update products; a product's first or changed catalogue price is also an OwnPrice of `group`."""
        ...

    def load(self, *, skus: Collection[Sku] | None = None) -> Assortment:
        """The catalogue, or some products of it."""
        ...

    def skus(self) -> frozenset[Sku]:
        """The products that the catalogue has."""
        ...

    def amounts(self, group: str, skus: Sequence[Sku] | None = None) -> OwnAmounts:
        """What we ask and pay for the products of the catalogue, or for some of them."""
        ...

    def count(self) -> int:
        """How many products `load` would bring."""
        ...

    def get(self, sku: Sku) -> Product | None: ...
    def withdraw(self, skus: Collection[Sku], *, at: datetime) -> int:
        """Note that the catalogue no longer has these: nobody loads, prices or publishes them until `save` brings one
        back; their history stays. Returns how many are newly withdrawn.
        """
        ...

    def withdrawn(self) -> frozenset[Sku]:
        """What was once in the catalogue and no longer is."""
        ...

    def moves(self, since: datetime) -> tuple[frozenset[Sku], frozenset[Sku]]:
        """What was withdrawn, and what came back, since then."""
        ...

    def set_stock(self, stock: Mapping[Sku, int], *, at: datetime) -> tuple[int, tuple[Sku, ...]]:
        """Set stock counts; returns how many changed and the SKUs that are not in the catalogue."""
        ...

    def save_rates(self, rates: Sequence[ExchangeRate]) -> int: ...
    def rates(self) -> tuple[ExchangeRate, ...]:
        """The newest rate of every currency pair."""
        ...

    def vouch(self, words: Sequence[Vouch], *, at: datetime) -> None:
        """Keep what people said of prices; a later word of the same person on a product replaces the earlier one."""
        ...

    def vouched(self, skus: Collection[Sku]) -> Sequence[Vouch]:
        """What people said of these products' prices."""
        ...

    def freeze(self, freeze: Freeze) -> None: ...
    def unfreeze(self, sku: Sku) -> bool: ...
    def frozen(self, at: datetime) -> tuple[Freeze, ...]: ...


@dataclass(frozen=True, slots=True)
class SalesSummary:
    """What is known of one source of sales."""

    source: str
    lines: int
    units: int
    first: datetime
    last: datetime
    products: int


class SaleStore(Protocol):
    """What was sold, line by line, and when we had nothing to sell."""

    def save(self, lines: Sequence[Sale]) -> ImportCount:
        """Keep lines; the same line (source and reference) again replaces itself."""
        ...

    def between(self, begins: datetime, ends: datetime) -> Iterator[Sale]:
        """All lines of a time, the oldest first."""
        ...

    def summary(self) -> tuple[SalesSummary, ...]: ...
    def orders(self, source: str, skus: Collection[Sku], begins: datetime, ends: datetime) -> int:
        """How many lines of these products were sold at a source in a time; what came back is none."""
        ...

    def outages(self, begins: datetime) -> Mapping[Sku, tuple[tuple[datetime, bool], ...]]:
        """When products went out of stock (True) and came back (False): all changes after `begins`, and the last one
        before it.
        """
        ...


@runtime_checkable
class SalesSource(Protocol):
    """A channel that also knows what was sold there, where `capabilities.sales`."""

    def sales(self, since: datetime) -> AsyncIterator[Sale | SetAside]:
        """Order lines that were made or changed since then, returns below zero; raises ChannelUnavailable."""
        ...
