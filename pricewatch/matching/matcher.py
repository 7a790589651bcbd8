"""Which item is which product: by trustworthy identifiers first, by title only as a suggestion for a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pricewatch.domain.match import Match, MatchKind, MatchStatus
from pricewatch.domain.offer import Item, ItemKey
from pricewatch.domain.product import Product, Sku
from pricewatch.matching.candidates import TitleIndex
from pricewatch.matching.guards import objections, pack_size
from pricewatch.matching.identifiers import brand_key, mpn_key, read_gtin
from pricewatch.matching.settings import MatchingSettings

GTIN_CONFIDENCE = 9_990
MPN_CONFIDENCE = 9_970
UNSURE = 6_000  # an identifier agrees and something else speaks against it


@dataclass(frozen=True, slots=True)
class Identified:
    """A pair that an identifier names, before anything was held against it."""

    sku: Sku
    method: str
    probability: int
    words: str


def match_items(
    products: Sequence[Product],
    items: Sequence[Item],
    decided: Mapping[ItemKey, Sequence[Match]],
    settings: MatchingSettings,
    at: datetime,
) -> Iterator[Match]:
    """Judge every item that has no answer yet; what a person decided (`decided`) is left alone.

    Yields accepted matches and suggestions in the order of the items.
    """
    book = _IdentifierBook(products, items)
    by_sku = {product.sku: product for product in products}
    titles = TitleIndex([product.name for product in products])
    for item in items:
        answers = decided.get(item.key, ())
        if any(answer.decided_by != "auto" and answer.status is MatchStatus.ACCEPTED for answer in answers):
            continue
        closed = {answer.sku for answer in answers if answer.decided_by != "auto"}
        named = [hit for hit in book.look_up(item) if hit.sku not in closed]
        if named:
            yield from _judge_named(named, item, by_sku, settings, at)
        elif item.title:
            yield from _suggest(titles, products, item, closed, settings, at)


def _judge_named(
    named: Sequence[Identified], item: Item, products: Mapping[Sku, Product], settings: MatchingSettings, at: datetime
) -> Iterator[Match]:
    for hit in named:
        against = list(objections(products[hit.sku].name, item.title)) if item.title else []
        if len(named) > 1:
            against.append(f"{len(named)} of our products share this identifier")
        probability = UNSURE if against else hit.probability
        accepted = probability >= settings.accept
        kind, factor = _kind(products[hit.sku].name, item.title)
        yield Match(
            sku=hit.sku,
            item=item.key,
            status=MatchStatus.ACCEPTED if accepted else MatchStatus.SUGGESTED,
            kind=kind,
            factor=factor,
            probability=probability,
            method=hit.method,
            reasons=(hit.words, *against),
            decided_at=at,
        )


def _kind(ours: str, theirs: str) -> tuple[MatchKind, int]:
    mine, other = pack_size(ours), pack_size(theirs)
    if theirs and mine != other and other % mine == 0:
        return MatchKind.PACK, other // mine
    return MatchKind.EXACT, 1


def _suggest(
    titles: TitleIndex,
    products: Sequence[Product],
    item: Item,
    closed: set[Sku],
    settings: MatchingSettings,
    at: datetime,
) -> Iterator[Match]:
    for near in titles.nearest(item.title, settings.max_suggestions):
        probability = round(near.score * 9_000)  # a title alone never reaches certainty
        product = products[near.row]
        if probability < settings.suggest or product.sku in closed:
            continue
        kind, factor = _kind(product.name, item.title)
        yield Match(
            sku=product.sku,
            item=item.key,
            status=MatchStatus.SUGGESTED,
            kind=kind,
            factor=factor,
            probability=probability,
            method="title",
            reasons=(f"titles alike ({near.score:.0%})", *objections(product.name, item.title)),
            decided_at=at,
        )


class _IdentifierBook:
    """Our products by trade item number and by brand with part number."""

    def __init__(self, products: Iterable[Product], items: Iterable[Item]) -> None:
        self._by_gtin: dict[str, list[Sku]] = defaultdict(list)
        self._by_mpn: dict[tuple[str, str], list[Sku]] = defaultdict(list)
        self._overused = _overused_gtins(items)
        for product in products:
            if gtin := read_gtin(product.gtin).key:
                self._by_gtin[gtin].append(product.sku)
            if key := _mpn_pair(product.brand, product.mpn):
                self._by_mpn[key].append(product.sku)

    def look_up(self, item: Item) -> list[Identified]:
        """Find products by GTIN, else by brand and part number; a refused or overused GTIN does not count."""
        gtin = read_gtin(item.gtin).key
        if gtin and (item.key.site, gtin) not in self._overused and gtin in self._by_gtin:
            return [
                Identified(sku, "gtin", GTIN_CONFIDENCE, f"same GTIN {gtin.lstrip('0')}") for sku in self._by_gtin[gtin]
            ]
        key = _mpn_pair(item.brand, item.mpn)
        return [
            Identified(sku, "mpn", MPN_CONFIDENCE, f"same brand and part number {item.mpn}")
            for sku in (self._by_mpn.get(key, []) if key else [])
        ]


def _mpn_pair(brand: str, mpn: str) -> tuple[str, str] | None:
    maker, number = brand_key(brand), mpn_key(mpn, brand)
    return (maker, number) if maker and number else None


def _overused_gtins(items: Iterable[Item]) -> frozenset[tuple[str, str]]:
    """GTINs that one site puts on several items with different titles: a default value, not an identifier."""
    titles: dict[tuple[str, str], set[str]] = defaultdict(set)
    for item in items:
        if key := read_gtin(item.gtin).key:
            titles[item.key.site, key].add(item.title)
    return frozenset(place for place, seen in titles.items() if len(seen) > OVERUSED)


OVERUSED = 3
