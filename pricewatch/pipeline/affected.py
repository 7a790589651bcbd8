"""Which items have to be judged again because our own catalogue has changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import islice

from pricewatch.domain.offer import Item, ItemKey
from pricewatch.domain.product import Product, Sku
from pricewatch.matching.book import IdentifierBook
from pricewatch.matching.candidates import TitleIndex
from pricewatch.pipeline.workbench import Workbench

MANY = 5  # of the catalogue: when a fifth has changed, everything is judged again
NEAR = 0.2  # cosine of titles from which a changed product may be an item's best
BATCH = 10_000


def let_affected_wait(bench: Workbench, products: Sequence[Product]) -> bool:
    """Let items wait for the judge that a new, changed or withdrawn product may concern; False on the first run."""
    texts = {product.sku: _digest(product) for product in products}
    known = bench.store.matches.indexed()
    changed = [product for product in products if texts[product.sku] != known.get(product.sku)]
    gone = known.keys() - texts.keys()
    if known and (changed or gone):
        many = (len(changed) + len(gone)) * MANY > len(products)
        bench.store.matches.judge_again(None if many else set(_affected(bench, changed, gone)))
    if changed or gone:
        bench.store.matches.index(texts)
    return bool(known)


def _digest(product: Product) -> str:
    text = "\x00".join((product.name, product.brand, product.gtin, product.mpn, product.category, product.description))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _affected(bench: Workbench, changed: Sequence[Product], gone: set[Sku]) -> Iterator[ItemKey]:
    for sku in (*(product.sku for product in changed), *gone):
        yield from (pair.item for pair in bench.store.matches.of_sku(sku))
    if changed:
        yield from _near(bench.store.sightings.items(), changed)


def _near(items: Iterator[Item], changed: Sequence[Product]) -> Iterator[ItemKey]:
    """Items that share an identifier with one of the products, or whose titles are alike."""
    book = IdentifierBook()
    book.add(changed)
    titles = TitleIndex([f"{product.name} {product.brand} {product.mpn}" for product in changed])
    while batch := list(islice(items, BATCH)):
        asked = (item.title and f"{item.title} {item.mpn}" for item in batch)
        for item, nearest in zip(batch, titles.nearest_of(asked, 1), strict=True):
            if any(near.score >= NEAR for near in nearest) or book.look_up(item):
                yield item.key
