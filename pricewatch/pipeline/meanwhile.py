"""What a till that knows nothing of a product yet asks for it, while the product's price waits for others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pricewatch.domain.decision import PriceEntry
from pricewatch.domain.listing import Publication
from pricewatch.domain.money import Money
from pricewatch.domain.product import Sku
from pricewatch.pipeline.parity import Board
from pricewatch.ports import Store

REACH = 10  # so many entries back is looked for one that no advert is below


def meanwhile(store: Store, board: Board, group: str, rows: Sequence[Publication]) -> dict[int, Money]:
    """By publication: the newest earlier price of ours that no advert is known to be below, and where nobody has looked
    at the adverts the lowest one; without one a till leaves the product out.
    """
    found: dict[int, Money] = {}
    unseen = {row.desired.sku: row for row in rows if not board.knows(group, row)}
    left = {row.desired.sku: row for row in rows if row.desired.sku not in unseen}
    for prices in _earlier(store, group, rows):
        for sku, price in prices.items():
            if sku in left and board.bears(group, left[sku], price):
                found[left.pop(sku).id] = price
            elif sku in unseen and price.currency == unseen[sku].desired.price.currency:
                found[unseen[sku].id] = min(price, found.get(unseen[sku].id, price))
        if not left and not unseen:
            break
    return found


def _earlier(store: Store, group: str, rows: Sequence[Publication]) -> Iterator[Mapping[Sku, Money]]:
    """The prices of these products before the ones that they wait for, the newest first."""
    yield {row.desired.sku: row.desired.previous for row in rows if row.desired.previous is not None}
    versions = {row.desired.sku: row.desired.version for row in rows}
    until = max(versions.values(), default=1) - 1
    for _ in range(REACH):
        entries: Mapping[Sku, PriceEntry] = store.prices.current(group, until=until, skus=versions.keys())
        if not entries:
            return
        yield {sku: entry.gross for sku, entry in entries.items() if entry.version < versions[sku]}
        until = max(entry.version for entry in entries.values()) - 1
