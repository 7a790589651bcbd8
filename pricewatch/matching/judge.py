"""Offers as they come, judged against a standing index of our products.

Identifiers first, then the trained model beside its rivals, then the guards; each judgement says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np

from pricewatch.collector import uncollected
from pricewatch.domain.match import Match, MatchKind, MatchStatus
from pricewatch.domain.money import Money
from pricewatch.domain.offer import Item, ItemKey
from pricewatch.domain.product import Product, Sku
from pricewatch.matching.book import Identified, IdentifierBook
from pricewatch.matching.candidates import TitleIndex
from pricewatch.matching.context import Numbers
from pricewatch.matching.guards import objections
from pricewatch.matching.model import MatchModel
from pricewatch.matching.near import Table, unknown
from pricewatch.matching.overlap import Corpus, Matrix
from pricewatch.matching.reasons import part_numbers, reasons
from pricewatch.matching.records import Record
from pricewatch.matching.said import said
from pricewatch.matching.score import view
from pricewatch.matching.settings import MatchingSettings
from pricewatch.matching.traits import Traits, read_all

BATCH = 2_000
NEAREST = 8  # titles that each offer is compared with
GTIN_SURE, MPN_SURE = 9_990, 9_970
GUARDED = 6_000  # the most that a pair can be worth which a guard objects to
FAR = 2.0  # times our price, or a part of it, beyond which a number alone is not believed
ODD = 0.02  # below this the titles contradict an equal GTIN
NO_PRICES: Mapping[ItemKey, Money] = MappingProxyType({})


class MatchVerdict(StrEnum):
    """What is to be done with a pair."""

    ACCEPT = "accept"
    ASK = "ask"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Judgement:
    """How sure it is (basis points) that an item is one of our products, what is to be done, and why.

    `factor` says how many of ours one of theirs holds; it is 1 unless `kind` is PACK.
    """

    sku: Sku
    item: ItemKey
    probability: int
    kind: MatchKind
    factor: int
    verdict: MatchVerdict
    method: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    """One item beside one product, and the identifier that brought them together."""

    item: int
    row: int
    named: Identified | None = None


class OfferJudge:
    """Judges offers one batch after the other; products can be added at any time."""

    def __init__(
        self,
        products: Sequence[Product],
        *,
        model: MatchModel,
        settings: MatchingSettings,
        prices: Mapping[Sku, Money] = MappingProxyType({}),
        known: Iterable[Item] = (),
        answers: Iterable[Match] = (),
    ) -> None:
        self._model, self._settings, self._prices = model, settings, prices
        self._products: list[Product] = []
        self._traits: list[Traits] = []
        self._row: dict[Sku, int] = {}
        self._book = IdentifierBook()
        self._book.watch(known)
        self._index = TitleIndex([searched(product) for product in products])
        self._take(products)
        self._corpus = Corpus.of(self._traits)
        self._done: set[ItemKey] = set()
        self._closed: set[tuple[Sku, ItemKey]] = set()
        self.hear(answers)

    def add(self, products: Sequence[Product]) -> None:
        """Take in more products without building the index again."""
        self._index.add([searched(product) for product in products])
        self._take(products)

    def hear(self, answers: Iterable[Match]) -> None:
        """Respect what people decided: an accepted item is not judged again, a rejected pair never comes back."""
        for answer in answers:
            if answer.decided_by != "auto" and answer.status is MatchStatus.ACCEPTED:
                self._done.add(answer.item)
            elif answer.decided_by != "auto":
                self._closed.add((answer.sku, answer.item))

    def judge(
        self, items: Iterable[Item], prices: Mapping[ItemKey, Money] = NO_PRICES
    ) -> Iterator[tuple[Judgement, ...]]:
        """The judgements of each item, best first, in the order of the items; rivals are seen within a batch."""
        batch: list[Item] = []
        for item in items:
            batch.append(item)
            if len(batch) == BATCH:
                yield from map(self._kept, self._batch(batch, prices))
                batch = []
        yield from map(self._kept, self._batch(batch, prices))

    @uncollected
    def _take(self, products: Sequence[Product]) -> None:
        for product in products:
            self._row.setdefault(product.sku, len(self._products))
            self._products.append(product)
        mine = (ours(product, self._prices.get(product.sku) or product.price) for product in products)
        self._traits += read_all(list(mine))
        self._book.add(products)

    @uncollected
    def _batch(self, items: Sequence[Item], prices: Mapping[ItemKey, Money]) -> list[list[Judgement]]:
        """The judgements of each item that can come to anything, or its best one."""
        self._book.watch(items)
        traits = read_all([theirs(item, prices.get(item.key)) for item in items])
        pairs = list(self._pairs(items))
        found: list[list[Judgement]] = [[] for _ in items]
        chances = self._chances(items, traits, pairs)
        shared = _named_by(pairs)
        for pair, chance in self._hopeful(pairs, chances.tolist()):
            judged = self._judged(pair, items[pair.item], traits[pair.item], chance, shared.get(pair.item, 0))
            found[pair.item].append(judged)
        return found

    def _hopeful(self, pairs: Sequence[_Pair], chances: Sequence[float]) -> Iterator[tuple[_Pair, float]]:
        """The pairs that are not rejected whatever the guards say, and the best pair of each item without one.

        Guards only lower what is above all others: none of these could become the best, and putting their reasons into
        words takes as long as judging them.
        """
        least = min(self._settings.suggest, self._settings.accept - 1, GUARDED)
        best: dict[int, tuple[int, Sku, _Pair, float]] = {}
        hoped: set[int] = set()
        for pair, chance in zip(pairs, chances, strict=True):
            points = round(chance * 10_000)
            if pair.named or points >= least:
                hoped.add(pair.item)
                yield pair, chance
            else:
                one = (-points, self._products[pair.row].sku, pair, chance)
                best[pair.item] = min(best.get(pair.item, one), one, key=lambda other: other[:2])
        yield from ((pair, chance) for item, (_, _, pair, chance) in best.items() if item not in hoped)

    def _pairs(self, items: Sequence[Item]) -> Iterator[_Pair]:
        """Each item beside the products that an identifier names and beside the nearest titles."""
        titles = (item.title and f"{item.title} {item.mpn}" for item in items)
        for number, (item, near) in enumerate(zip(items, self._index.nearest_of(titles, NEAREST), strict=True)):
            if item.key in self._done:
                continue
            named = {self._row[hit.sku]: hit for hit in self._book.look_up(item)}
            for row in dict.fromkeys([*named, *(candidate.row for candidate in near)]):
                if (self._products[row].sku, item.key) not in self._closed:
                    yield _Pair(number, row, named.get(row))

    def _chances(self, items: Sequence[Item], traits: Sequence[Traits], pairs: Sequence[_Pair]) -> Numbers:
        """What the model says of each pair beside its rivals: other products, and other items of the same site."""
        if not pairs:
            return np.zeros(0)
        places = [(pair.row, pair.item) for pair in pairs]
        near = self._near(traits, places, [items[pair.item].key.site for pair in pairs])
        sites: dict[tuple[int, str], int] = {}
        lefts = [sites.setdefault((pair.row, items[pair.item].key.site), len(sites)) for pair in pairs]
        rights = np.array([pair.item for pair in pairs], dtype=np.int64) + len(sites)
        sides = np.array(lefts, dtype=np.int64), rights
        return self._model.judge.probabilities(view(self._traits, traits, places, sides, self._corpus, near))

    def _near(self, traits: Sequence[Traits], places: Sequence[tuple[int, int]], sites: Sequence[str]) -> Matrix:
        """How near each pair is, among the candidates and the items of its own site."""
        near = unknown(len(places))
        for site in dict.fromkeys(sites):
            rows = [number for number, said in enumerate(sites) if said == site]
            lefts = {row: number for number, row in enumerate(dict.fromkeys(places[number][0] for number in rows))}
            rights = {row: number for number, row in enumerate(dict.fromkeys(places[number][1] for number in rows))}
            table = Table.of([self._traits[row] for row in lefts], [traits[row] for row in rights])
            near[rows] = table.near([(lefts[places[number][0]], rights[places[number][1]]) for number in rows])
        return near

    def _judged(self, pair: _Pair, item: Item, theirs: Traits, chance: float, shared: int) -> Judgement:
        ours, product = self._traits[pair.row], self._products[pair.row]
        kind, factor = _kind(product.name, item.title)
        against = [*(objections(f"{product.mpn} {product.name}".strip(), item.title) if item.title else ())]
        if pair.named and shared > 1:
            against.append(f"{shared} of our products share this identifier")
        if not item.title and not _fair(ours.record, theirs.record):
            against.append("neither a title nor a price like ours bears the identifier out")
        if pair.named and item.title and chance < ODD:
            against.append("apart from the identifier they look like different products")
        if doubt := self._doubt(ours, theirs, item):
            against.append(doubt)
        sure = self._sure(pair, ours, theirs, chance)
        probability = min(sure, GUARDED) if against else sure
        named = (pair.named.words,) if pair.named else ()
        words = (*named, *reasons(ours, theirs), *against, *filter(None, (self._book.distrusted(item),)))
        method = pair.named.method if pair.named else "model"
        return Judgement(product.sku, item.key, probability, kind, factor, self._verdict(probability), method, words)

    def _doubt(self, ours: Traits, theirs: Traits, item: Item) -> str:
        """What speaks against trusting the numbers of an item."""
        if ours.gtin and theirs.gtin and ours.gtin != theirs.gtin and not self._book.overused(item, theirs.gtin):
            return f"another GTIN: {theirs.gtin.lstrip('0')} against {ours.gtin.lstrip('0')}"
        return ""

    def _sure(self, pair: _Pair, ours: Traits, theirs: Traits, chance: float) -> int:
        """Basis points: an identifier's own certainty, else the model's; a title alone never makes it certain."""
        if pair.named:
            return GTIN_SURE if pair.named.method == "gtin" else MPN_SURE
        probability = round(chance * 10_000)
        return probability if _telling(ours, theirs) else min(probability, self._settings.accept - 1)

    def _verdict(self, probability: int) -> MatchVerdict:
        if probability >= self._settings.accept:
            return MatchVerdict.ACCEPT
        return MatchVerdict.ASK if probability >= self._settings.suggest else MatchVerdict.REJECT

    def _kept(self, judgements: list[Judgement]) -> tuple[Judgement, ...]:
        ordered = sorted(judgements, key=lambda one: (-one.probability, one.method == "model", one.sku))
        worth = [one for one in ordered if one.verdict is not MatchVerdict.REJECT]
        return tuple(worth[: self._settings.max_suggestions] or ordered[:1])


def _named_by(pairs: Sequence[_Pair]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for pair in pairs:
        counts[pair.item] = counts.get(pair.item, 0) + (pair.named is not None)
    return counts


def _telling(ours: Traits, theirs: Traits) -> bool:
    """Whether a part number and the brand are said on both sides."""
    numbers = {model for model in part_numbers(ours) & part_numbers(theirs) if len(model) >= 5}
    brand = ours.brand or theirs.brand
    return (
        bool(numbers)
        and bool(brand)
        and brand in (ours.brand + ours.compact)
        and brand in (theirs.brand + theirs.compact)
    )


def _fair(ours: Record, theirs: Record) -> bool:
    """Whether their price is like ours, as far as that can be told."""
    known = ours.price > 0 and theirs.price > 0 and ours.currency == theirs.currency
    return known and 1 / FAR <= theirs.price / ours.price <= FAR


def _kind(ours: str, theirs: str) -> tuple[MatchKind, int]:
    """Another pack with its factor; worn goods are at most something that buyers take instead."""
    if "used" in said(theirs).warnings and "used" not in said(ours).warnings:
        return MatchKind.EQUIVALENT, 1
    mine, other = said(ours).pack, said(theirs).pack
    if theirs and mine != other and other % mine == 0:
        return MatchKind.PACK, other // mine
    return MatchKind.EXACT, 1


def searched(product: Product) -> str:
    """The text by which a product is found."""
    return f"{product.name} {product.brand} {product.mpn}"


def ours(product: Product, price: Money | None) -> Record:
    """What matching reads of a product."""
    return Record(
        product.sku, product.name, product.brand, product.mpn, product.gtin, product.description, product.category,
        *_plain(price),
    )  # fmt: skip


def theirs(item: Item, price: Money | None) -> Record:
    """What matching reads of an item."""
    return Record(item.key.item, item.title, item.brand, item.mpn, item.gtin, "", item.category, *_plain(price))


def _plain(price: Money | None) -> tuple[str, float]:
    """Currency and amount, only ever compared as a ratio."""
    return (str(price.currency), float(price.amount)) if price else ("", 0.0)
