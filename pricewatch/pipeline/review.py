"""What waits for a person: the pairs whose answer is worth most first, each with both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from pricewatch.domain.match import Match, MatchStatus
from pricewatch.domain.money import Money
from pricewatch.domain.offer import Item, ItemKey
from pricewatch.domain.product import Product, Sku
from pricewatch.matching.candidates import TitleIndex
from pricewatch.matching.identifiers import read_gtin
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pipeline.worth import uncertainty, worth

FOREMOST = 200  # products whose rules are looked up
LEAST = 0.05  # even what is nearly certain is asked about some time


@dataclass(frozen=True, slots=True)
class Question:
    """A suggested match with both sides: our product with its price, their item with its lowest price.

    `weight` is the value of asking: how open it is, times how much the price matters.
    """

    pair: Match
    product: Product
    item: Item
    ours: Money | None
    theirs: Money | None
    weight: float

    @property
    def ratio(self) -> float | None:
        """Their price as a share of ours, for one piece of ours; None when it cannot be compared."""
        if self.ours is None or self.theirs is None or self.ours.currency != self.theirs.currency:
            return None
        return self.theirs.minor / self.pair.factor / self.ours.minor if self.ours.minor > 0 else None


def review_queue(bench: Workbench, sku: Sku | None = None, site: str | None = None) -> list[Question]:
    """What waits for an answer, the most valuable first; the candidates of one item stay together."""
    store = bench.store
    products = store.catalogue.load().products
    pairs = [
        pair
        for pair in store.matches.all(status=MatchStatus.SUGGESTED)
        if pair.sku in products and sku in (None, pair.sku) and site in (None, pair.item.site)
    ]
    competitors = Counter(pair.sku for pair in store.matches.all(status=MatchStatus.ACCEPTED))
    seen = store.matches.described({pair.item for pair in pairs})
    listed = store.prices.current(bench.groups[0].name)
    questions = []
    for pair in pairs:
        product = products[pair.sku]
        ours = listed[pair.sku].gross if pair.sku in listed else product.price
        weight = (uncertainty(pair.probability) + LEAST) * worth(product, ours, competitors[pair.sku])
        known = seen.get(pair.item)
        item = known.item if known else Item(pair.item, url=pair.item.item)
        questions.append(Question(pair, product, item, ours, known.price if known else None, weight))
    return _by_weight(_with_rules(bench, _by_weight(questions)))


def _with_rules(bench: Workbench, questions: Sequence[Question]) -> list[Question]:
    """Weigh the foremost questions by how many rules the product's price goes through: each adds a quarter."""
    newest = bench.store.plans.get()
    if newest is None:
        return list(questions)
    rules: dict[Sku, int] = {}
    for sku in islice(dict.fromkeys(one.product.sku for one in questions), FOREMOST):
        decided = bench.store.plans.decisions(newest.number, sku=sku)
        rules[sku] = len({reason.rule for each in decided for reason in each.proposal.reasons if reason.rule})
    return [replace(one, weight=one.weight * (1 + rules.get(one.product.sku, 0) / 4)) for one in questions]


def _by_weight(questions: Sequence[Question]) -> list[Question]:
    heaviest: dict[ItemKey, float] = {}
    for one in questions:
        heaviest[one.item.key] = max(heaviest.get(one.item.key, 0.0), one.weight)
    return sorted(
        questions,
        key=lambda one: (
            -heaviest[one.item.key], one.item.key.site, one.item.key.item, one.item.key.variant, -one.pair.probability,
            one.pair.sku,
        ),
    )  # fmt: skip


class Finder:
    """Finds one of our products by SKU, GTIN or words."""

    def __init__(self, products: Mapping[Sku, Product]) -> None:
        self._products = products
        self._order = tuple(products.values())
        self._titles = TitleIndex([f"{product.name} {product.brand} {product.mpn}" for product in self._order])

    def find(self, words: str, most: int = 7) -> list[Product]:
        """The product with this SKU or GTIN, else the most alike, best first."""
        exact = self._products.get(words.strip())
        gtin = read_gtin(words).key
        named = [exact] if exact else []
        if gtin:
            named += [product for product in self._order if read_gtin(product.gtin).key == gtin]
        near = [self._order[found.row] for found in self._titles.nearest(words, most)]
        return list({product.sku: product for product in (*named, *near)}.values())[:most]
