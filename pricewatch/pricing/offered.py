"""What rivals ask for the same thing, as the demand model sees it: the cheapest of each product, and each by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from pricewatch.domain.offer import Availability, Condition
from pricewatch.pricing.demand.panel import Flags, Floats
from pricewatch.pricing.demand.rivalry import MOST
from pricewatch.pricing.frame import AVAILABILITIES, CONDITIONS, OfferColumns

MOST_RIVALS = 12  # the cheapest in stock that a context keeps
OTHERS = "*"  # the lowest of all that have no name of their own
_LIKE_NEW = [CONDITIONS.index(each) for each in (Condition.NEW, Condition.UNKNOWN)]
_OUT = AVAILABILITIES.index(Availability.OUT_OF_STOCK)


def _theirs(offers: OfferColumns) -> Flags:
    """Offers of others for the very product, new, in any pack."""
    found = ~offers.own & (offers.price > 0) & (offers.factor > 0) & np.isin(offers.condition, _LIKE_NEW)
    return np.asarray(found if offers.alike is None else found & ~offers.alike)


def rivals_of(offers: OfferColumns, products: int) -> tuple[Floats, Floats]:
    """The cheapest rivals in stock of each product (n x MOST_RIVALS, NaN: none), and the share of rivals without; packs
    count by the piece.
    """
    theirs = _theirs(offers)
    absent = theirs & (offers.availability == _OUT)
    count = np.bincount(offers.product[theirs], minlength=products)
    gone = np.bincount(offers.product[absent], minlength=products)
    rows = np.flatnonzero(theirs & ~absent)
    price = offers.price[rows] / offers.factor[rows]
    order = np.lexsort((price, offers.product[rows]))
    product, price = offers.product[rows][order], price[order]
    begins = np.searchsorted(product, np.arange(products))
    number = np.arange(len(rows)) - begins[product]
    kept = number < MOST_RIVALS
    table = np.full((products, MOST_RIVALS), np.nan)
    table[product[kept], number[kept]] = price[kept]
    return table, np.divide(gone, count, out=np.full(products, np.nan), where=count > 0)


def by_name(offers: OfferColumns, products: Collection[int]) -> Mapping[int, Mapping[str, float]]:
    """What each rival in stock asks for these products (rows of the market), the lowest of its offers."""
    wanted = np.isin(offers.product, np.fromiter(products, dtype=np.int64))
    rows = np.flatnonzero(_theirs(offers) & (offers.availability != _OUT) & wanted)
    found: dict[int, dict[str, float]] = {}
    asked = (offers.price[rows] / offers.factor[rows]).tolist()
    for row, product, price in zip(rows.tolist(), offers.product[rows].tolist(), asked, strict=True):
        each, name = found.setdefault(product, {}), f"{offers.site[row]}/{offers.seller[row]}"
        each[name] = min(price, each.get(name, price))
    return found


def in_order(asked: Mapping[str, float], names: Sequence[str], named: AbstractSet[str]) -> list[float]:
    """Rivals' prices in the order of their names, NaN where one is absent."""
    return [
        min((price for name, price in asked.items() if name not in named), default=np.nan)
        if each == OTHERS
        else asked.get(each, np.nan)
        for each in names
    ]


def chosen_names(days: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    """The rivals of a product that were there on most days, and where they are many the lowest of all others."""
    seen: dict[str, int] = {}
    for asked in days:
        for name in asked:
            seen[name] = seen.get(name, 0) + 1
    often = sorted(seen, key=lambda name: (-seen[name], name))
    return tuple(often) if len(often) <= MOST else (*often[: MOST - 1], OTHERS)
