"""Which prices lie outside the floor and the ceiling that a market and a rule book give, without deciding anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pricewatch.pricing.engine import Engine
from pricewatch.pricing.frame import MISSING, Ints, MarketFrame
from pricewatch.pricing.guardrails import UNREACHABLE, Armour, Limit
from pricewatch.pricing.rules import RuleBook
from pricewatch.pricing.settings import PricingSettings
from pricewatch.pricing.shards import shards


@dataclass(frozen=True, slots=True)
class Outside:
    """The price of a product, by its row, that breaks a limit: the limit in minor units (None = no price keeps it) and
    where it comes from, in words (empty = there is no floor that it could keep).
    """

    row: int
    below: bool
    limit: int | None
    source: str


def outside(frame: MarketFrame, book: RuleBook, settings: PricingSettings, price: Ints) -> Iterator[Outside]:
    """The prices, one for each product of the frame (MISSING = none), that are below the floor, without one, or above
    the ceiling.
    """
    book.check_currency(frame.currency, frame.exponent)
    engine, sources = Engine(frame, book, settings), Armour(book, frame.exponent).sources
    for shard in shards(frame):
        mine = price[shard.start : shard.stop]
        floor, ceiling = engine.limits(shard)
        asked = mine != MISSING
        below = asked & (floor.by != -1) & (mine < floor.value)
        above = asked & ~below & (ceiling.by != -1) & (mine > ceiling.value)
        for row in np.flatnonzero(asked & (floor.by == -1)).tolist():
            yield Outside(shard.start + row, below=True, limit=None, source="")
        for limit, where in ((floor, below), (ceiling, above)):
            for row in np.flatnonzero(where).tolist():
                text = sources[int(limit.by[row])].text
                yield Outside(shard.start + row, limit is floor, _reachable(limit, row), text)


def own_limits(book: RuleBook) -> bool:
    """Whether some rule has limits of its own, so that they depend on the market."""
    return any(branch.guardrails.places for branch in book.branches)


def _reachable(limit: Limit, row: int) -> int | None:
    value = int(limit.value[row])
    return value if value < UNREACHABLE else None
