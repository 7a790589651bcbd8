"""What a till that knows nothing of a product yet asks for it, while the product's price waits for others."""

from __future__ import annotations

from collections.abc import Sequence

from pricewatch.domain.listing import Publication
from pricewatch.domain.money import Money
from pricewatch.pipeline.parity import Board
from pricewatch.ports import Store

REACH = 10  # so many entries back is looked for one that no advert is below


def meanwhile(store: Store, board: Board, group: str, rows: Sequence[Publication]) -> dict[int, Money]:
    """By publication: the newest earlier price of ours that no advert is known to be below; without one a till leaves
    the product out.
    """
    before = {row.id: row.desired.previous for row in rows}
    found = {row.id: price for row in rows if (price := before[row.id]) and board.bears(group, row, price)}
    left = {row.desired.sku: row for row in rows if row.id not in found}
    until = max((row.desired.version for row in left.values()), default=1) - 1
    for _ in range(REACH):
        entries = store.prices.current(group, until=until, skus=left.keys()) if left else {}
        if not entries:
            break
        for sku, entry in entries.items():
            row = left[sku]
            if entry.version < row.desired.version and board.bears(group, row, entry.gross):
                found[left.pop(sku).id] = entry.gross
        until = max(entry.version for entry in entries.values()) - 1
    return found
