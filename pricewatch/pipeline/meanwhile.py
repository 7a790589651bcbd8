"""What a till or feed that knows nothing of a product yet says of it, while the product's price waits for others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pricewatch.domain.listing import Publication
from pricewatch.domain.money import Money
from pricewatch.domain.product import Sku
from pricewatch.ports import Store

REACH = 10  # so many entries back is looked for one that fits

Fits = Callable[[str, Publication, Money], bool]


def meanwhile(store: Store, fits: Fits, group: str, rows: Mapping[Sku, Publication]) -> dict[Sku, Money]:
    """The newest earlier price of ours that fits beside what the other side shows, by product; what has none is left
    out.
    """
    left = dict(rows)
    found: dict[Sku, Money] = {}
    for prices in _earlier(store, group, left):
        for sku in [sku for sku, price in prices.items() if sku in left and fits(group, left[sku], price)]:
            found[sku] = prices[sku]
            del left[sku]
        if not left:
            break
    return found


def _earlier(store: Store, group: str, rows: Mapping[Sku, Publication]) -> Iterator[Mapping[Sku, Money]]:
    """The prices of these products before the ones that they wait for, the newest first."""
    wishes = {sku: row.desired for sku, row in rows.items()}
    yield {sku: wish.previous for sku, wish in wishes.items() if wish.previous is not None}
    until = max((wish.version for wish in wishes.values()), default=1) - 1
    for _ in range(REACH):
        entries = store.prices.current(group, until=until, skus=wishes.keys())
        if not entries:
            return
        yield {sku: entry.gross for sku, entry in entries.items() if entry.version < wishes[sku].version}
        until = max(entry.version for entry in entries.values()) - 1
