"""Which offer is which product, and where products are found."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pricewatch.domain.match import Match, MatchKind, MatchStatus
from pricewatch.domain.money import Money
from pricewatch.domain.offer import Item, ItemKey
from pricewatch.domain.product import Sku
from pricewatch.matching.records import Record
from pricewatch.ports.catalogue import ImportCount
from pricewatch.ports.reading import Target


@dataclass(frozen=True, slots=True)
class Waiting:
    """An item that is offered and that the judge has not seen as it is now: its lowest price, and whether every offer
    of it is of worn goods.
    """

    item: Item
    price: Money | None = None
    worn: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """An accepted match whose item says something else than it did when it was judged or answered."""

    match: Match
    then: Item
    now: Item


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said of a pair, with both texts as they were seen; `said` is a MatchStatus, or `withdrawn`."""

    sku: Sku
    item: ItemKey
    said: str
    kind: MatchKind
    factor: int
    probability: int  # what the model had said before, in basis points
    by: str
    at: datetime
    ours: Record
    theirs: Record


class MatchStore(Protocol):
    """Which item is which product; a person's answer is never overwritten by the model, and kept for ever."""

    def save(self, matches: Sequence[Match]) -> ImportCount:
        """Save judged pairs; where a person has answered, only a person's answer replaces it. What people say goes
        into `answers` too, with the texts of both sides.
        """
        ...

    def all(self, *, status: MatchStatus | None = None) -> tuple[Match, ...]: ...
    def of_item(self, key: ItemKey) -> tuple[Match, ...]: ...
    def of_sku(self, sku: Sku) -> tuple[Match, ...]: ...
    def count(self) -> Mapping[MatchStatus, int]:
        """How many pairs there are of each status."""
        ...

    def answered(self) -> tuple[Match, ...]:
        """The pairs that a person has decided, oldest first."""
        ...

    def suspended(self) -> tuple[Match, ...]:
        """The pairs that were accepted until their page changed, and that nobody has answered since."""
        ...

    def answers(self) -> Iterator[Answer]:
        """Everything that people ever said, oldest first: the newest of each pair is what holds."""
        ...

    def take_back(self, answer: Match, before: Match | None) -> None:
        """Put a pair back to what it was before a person's answer; the answer stays on record, as withdrawn."""
        ...

    def described(self, items: Collection[ItemKey]) -> Mapping[ItemKey, Waiting]:
        """These items with their lowest prices, as far as they are offered now."""
        ...

    def waiting(self, judge: str) -> Iterator[Waiting]:
        """Items that are offered now and that this judge has not seen as they are, by site."""
        ...

    def settle(self, judge: str, judged: Sequence[ItemKey], found: Sequence[Match]) -> ImportCount:
        """Save what the judge found for these items, in one transaction; what it had found before and no longer does
        goes, except where a person has answered.
        """
        ...

    def judge_again(self, items: Collection[ItemKey] | None) -> None:
        """Let these items, or all, wait for the judge once more."""
        ...

    def changed(self) -> tuple[Changed, ...]:
        """Accepted matches whose items have changed their text and were not judged since."""
        ...

    def suspend(self, matches: Sequence[Match]) -> None:
        """Put accepted pairs back to a person, as the given suggestions, whoever had decided them."""
        ...

    def indexed(self) -> Mapping[Sku, str]:
        """The digest of each product's text when it was last looked at."""
        ...

    def index(self, texts: Mapping[Sku, str]) -> None:
        """Remember the digests of all products' texts, and only these."""
        ...


@dataclass(frozen=True, slots=True)
class Search:
    """A product was searched for on a site: by which address, when, and how many pages it led to."""

    site: str
    sku: Sku
    words: str
    at: datetime
    found: int


class DiscoveryStore(Protocol):
    """What was searched for, and which pages are gone."""

    def searched(self, site: str) -> Mapping[Sku, Search]: ...
    def note(self, searches: Sequence[Search]) -> None: ...
    def idle(self, site: str) -> frozenset[str]:
        """The addresses of pages that were read, and on which nothing is matched or waits for an answer."""
        ...

    def bound(self) -> tuple[tuple[Sku, ItemKey, str], ...]:
        """The items on pages that somebody has bound to a product, with the page's address: those alone on theirs."""
        ...

    def retire(self, failures: int, *, until: datetime) -> tuple[Target, ...]:
        """Leave pages alone until then that were gone so many times in a row; returns those that are newly retired,
        each with the product that was matched to it.
        """
        ...

    def revive(self, targets: Sequence[Target]) -> int:
        """Read retired pages again; returns how many were retired."""
        ...
