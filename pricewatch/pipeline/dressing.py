"""What stands in each row of a channel that is written whole: the row's price, with what its own entry says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pricewatch.domain.decision import PriceEntry
from pricewatch.domain.listing import Desired
from pricewatch.domain.product import Sku
from pricewatch.pipeline.listings import AT_ONCE, in_parts
from pricewatch.pipeline.terms import Wardrobe
from pricewatch.ports import Store

REACH = 10  # so many entries back is looked for the one that has the price


def dress_all(store: Store, group: str, wishes: Sequence[Desired], at: datetime) -> list[Desired]:
    """Every wish, one a product, with what travels with its price; loaded in bulk, some products after the others.

    A price that is still shown while a newer one waits is dressed by the entry that it comes from, and is of that
    version and within its limits; one that no entry has takes no promotion or terms along.
    """
    return [dressed for part in in_parts(wishes, AT_ONCE) for dressed in _dressed(store, group, part, at)]


def _dressed(store: Store, group: str, wishes: Sequence[Desired], at: datetime) -> list[Desired]:
    asked = {wish.sku: wish for wish in wishes}
    entries = _entries(store, group, asked)
    wardrobe = Wardrobe(entries, store.catalogue.load(skus=asked.keys()).products)
    return [wardrobe.dress(_of(wish, entries.get(wish.sku)), at) for wish in wishes]


def _of(wish: Desired, entry: PriceEntry | None) -> Desired:
    if entry is None or entry.version == wish.version:
        return wish
    return replace(
        wish, version=entry.version, floor=entry.floor, ceiling=entry.ceiling, adopted=entry.adopted, previous=None
    )


def _entries(store: Store, group: str, asked: Mapping[Sku, Desired]) -> dict[Sku, PriceEntry]:
    """The newest entry of each product, up to the wish's version, that has the wish's price."""
    found: dict[Sku, PriceEntry] = {}
    entries = store.prices.current(group, skus=asked.keys())
    for _ in range(REACH):
        found |= {sku: entry for sku, entry in entries.items() if _has_the_price(entry, asked[sku])}
        before = {sku: min(e.version - 1, asked[sku].version) for sku, e in entries.items() if sku not in found}
        if not before:
            break
        entries = store.prices.current(group, until=max(before.values()), skus=before.keys())
    return found


def _has_the_price(entry: PriceEntry, wish: Desired) -> bool:
    return entry.version <= wish.version and entry.gross == wish.price
