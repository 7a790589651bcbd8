"""Which offers count, and what they say: lowest, n-th, median, rank, from one sort of packed integers.

A price is compared as an item price, or landed: price + shipping - what a buyer pays us for shipping. Product and
price are packed into one int64 (28 bits and 35 bits), so that sorting that one column orders everything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from pricewatch.pricing.exact import AMOUNT_BITS, AMOUNT_LIMIT, ONE, half_up, only
from pricewatch.pricing.frame import (
    AVAILABILITIES,
    CONDITIONS,
    MISSING,
    ROLES,
    SITE_KINDS,
    Bools,
    Ints,
    MarketFrame,
    Text,
)
from pricewatch.pricing.rulefile import Landscape
from pricewatch.pricing.shards import Shard
from pricewatch.pricing.values import to_minor

CLOCK_SKEW = 3_600  # seconds by which a reading may seem to come from the future
MAX_PRODUCTS = 2 ** (63 - AMOUNT_BITS)

T = TypeVar("T")
_TREND_RANGE = 2**47  # sums of prices up to which their share is computed exactly


class Survey:
    """The counting offers of a shard's products; every statistic is a column with MISSING where none counts.

    `detail` finds what the prices alone don't say; it is asked only when needed.
    """

    def __init__(
        self, keys: Ints, products: int, stale: Bools, unstocked: Bools, detail: Callable[[], Detail] | None = None
    ) -> None:
        self._keys = keys
        self._detail = detail
        edges = np.arange(products + 1, dtype=np.int64) << AMOUNT_BITS
        self._starts = np.searchsorted(keys, edges).astype(np.int64)
        self.offers: Ints = np.diff(self._starts)
        self.stale = stale & (self.offers == 0)
        self.unstocked = unstocked & (self.offers == 0)

    def prices(self, row: int) -> Ints:
        """The counting prices of one product, lowest first."""
        return np.asarray(self._keys[self._starts[row] : self._starts[row + 1]] & AMOUNT_LIMIT)

    def _at(self, place: Ints) -> Ints:
        """The price at a place among each product's counting offers."""
        if not len(self._keys):
            return np.full(len(self.offers), MISSING)
        inside = np.minimum(self._starts[:-1] + place, len(self._keys) - 1)
        return only(self.offers > 0, self._keys[inside] & AMOUNT_LIMIT)

    def nth(self, n: int) -> Ints:
        """The n-th lowest price; the highest one where there are fewer."""
        return self._at(np.minimum(n, self.offers) - 1)

    @cached_property
    def lowest(self) -> Ints:
        return self.nth(1)

    @cached_property
    def highest(self) -> Ints:
        return self._at(self.offers - 1)

    @cached_property
    def median(self) -> Ints:
        """The lower median: a price that somebody really asks."""
        return self._at(np.maximum(self.offers - 1, 0) // 2)

    @cached_property
    def average(self) -> Ints:
        """The mean, halves up."""
        sums = np.concatenate(([0], np.cumsum(self._keys & AMOUNT_LIMIT)))
        total = sums[self._starts[1:]] - sums[self._starts[:-1]]
        return only(self.offers > 0, half_up(total, np.maximum(self.offers, 1)))

    @cached_property
    def detail(self) -> Detail:
        """Weighted mean, trend and buy box."""
        assert self._detail is not None, "surveys that are asked for details are made with them"
        return self._detail()

    @property
    def weighted(self) -> Ints:
        """The mean by the weights of the sellers, halves up."""
        return self.detail.weighted

    @property
    def trend(self) -> Ints:
        """How far the counting offers moved within a week, in basis points of what they were, halves away from zero."""
        return self.detail.trend

    @property
    def buy_box(self) -> Ints:
        """The offer that the marketplace shows first, the lowest where several do."""
        return self.detail.buy_box

    def percentile(self, basis_points: int) -> Ints:
        """The nearest-rank percentile: the lowest price with at least this share of the offers at or below it."""
        place = -(-self.offers * basis_points // ONE) - 1
        return self._at(np.maximum(place, 0))

    def between(self, basis_points: int) -> Ints:
        """The price this far on the way from the lowest to the highest, halves up."""
        low, high = np.maximum(self.lowest, 0), np.maximum(self.highest, 0)
        return only(self.offers > 0, low + half_up((high - low) * basis_points, ONE))

    def rank(self, price: Ints) -> Ints:
        """1 + how many counting offers are below our price; MISSING where none counts or the price is unknown."""
        usable = (self.offers > 0) & (price > 0) & (price <= AMOUNT_LIMIT)
        return only(usable, 1 + self._place(np.where(usable, price, 0), "left"))

    def above(self, price: Ints) -> Ints:
        """The lowest counting price above a price; MISSING where there is none."""
        usable = (price > 0) & (price <= AMOUNT_LIMIT)
        place = self._place(np.where(usable, price, 0), "right")
        return only(usable & (place < self.offers), self._at(np.minimum(place, np.maximum(self.offers - 1, 0))))

    def _place(self, price: Ints, side: str) -> Ints:
        needles = (np.arange(len(price), dtype=np.int64) << AMOUNT_BITS) | price
        found = np.searchsorted(self._keys, needles, side="left" if side == "left" else "right")
        return np.asarray(found - self._starts[:-1])


@dataclass(frozen=True, slots=True)
class Detail:
    """What a survey knows beyond the prices, for each product."""

    weighted: Ints
    trend: Ints
    buy_box: Ints


@dataclass(frozen=True, slots=True)
class Filter:
    """One reason not to count an offer; `keeps` says which offers pass."""

    reason: str
    keeps: Callable[[Shard], Bools]


@dataclass(frozen=True, slots=True)
class Counted:
    """The counting offers of a shard, row by row, and which offers failed only by age or only by stock."""

    rows: npt.NDArray[np.intp]
    local: Ints
    price: Ints
    stale: Bools
    unstocked: Bools


@dataclass(frozen=True, slots=True)
class Ranking:
    """Prices and observations of the counting offers; those of product i are at starts[i] to starts[i + 1]."""

    starts: npt.NDArray[np.intp]
    price: Ints
    observation: Ints

    def of(self, row: int) -> tuple[list[int], list[int]]:
        """Prices and observations of one product."""
        there = slice(int(self.starts[row]), int(self.starts[row + 1]))
        return self.price[there].tolist(), self.observation[there].tolist()


class Surveyor:
    """Looks at a frame through one landscape."""

    def __init__(self, frame: MarketFrame, landscape: Landscape, max_age: int) -> None:
        self._landscape = landscape
        self._frame = frame
        self._own_shipping = to_minor(landscape.own_shipping, frame.exponent)
        assume = landscape.assume_shipping
        self._assumed = None if assume is None else to_minor(assume, frame.exponent)
        age = max_age if landscape.max_age is None else min(max_age, landscape.max_age)
        self._net = _table(frame.offers.site, landscape.net_sites) if landscape.net_sites else None
        self._filters = tuple(_filters(landscape, frame))
        self._stock = _one_of("out of stock or not said to be in stock", "availability", AVAILABILITIES,
                              landscape.availability)  # fmt: skip
        self._fresh = Filter("too old", lambda shard: shard.offer("seen_at") >= frame.taken_at - age)

    def narrowed(self, sellers: Sequence[str], max_age: int) -> Surveyor:
        """The same landscape, but only these sellers."""
        return Surveyor(self._frame, self._landscape.model_copy(update={"sellers": tuple(sellers)}), max_age)

    def survey(self, shard: Shard) -> Survey:
        """Find and sort what counts."""
        counted = self.count(shard)
        keys = (counted.local << AMOUNT_BITS) | counted.price
        keys.sort()
        survey = Survey(keys, len(shard), counted.stale, counted.unstocked, lambda: self._detail(shard))
        if self._landscape.max_distance is None:
            return survey
        near = self._near(keys >> AMOUNT_BITS, keys & AMOUNT_LIMIT, survey.median)
        return Survey(keys[near], len(shard), counted.stale, counted.unstocked, lambda: self._detail(shard))

    def _detail(self, shard: Shard) -> Detail:
        rows, local, price = self._nearby(shard)
        return Detail(
            self._weighted(shard, rows, local, price), _trend(shard, rows, local), _buy_box(shard, rows, local, price)
        )

    def _weighted(self, shard: Shard, rows: npt.NDArray[np.intp], local: Ints, price: Ints) -> Ints:
        table = {name.strip().casefold(): weight for name, weight in self._landscape.weights.items()}
        each = [table.get(value.strip().casefold(), 1) for value in self._frame.offers.seller.values]
        weight = np.array(each or [1], dtype=np.int64)[shard.offer("seller")[rows]]
        weights, total = _sums(shard, local, weight), _sums(shard, local, weight * price)
        return only(weights > 0, half_up(total, np.maximum(weights, 1)))

    def _nearby(self, shard: Shard) -> tuple[npt.NDArray[np.intp], Ints, Ints]:
        """The rows of the counting offers, after the distance from the median was judged, with product and price."""
        counted = self.count(shard)
        if self._landscape.max_distance is None:
            return counted.rows, counted.local, counted.price
        near = ~np.isin(counted.rows, self._too_far(shard, counted))
        return counted.rows[near], counted.local[near], counted.price[near]

    def count(self, shard: Shard) -> Counted:
        """Find what counts, before the distance from the median is judged."""
        price = self._comparable(shard)
        keep = (price > 0) & (price <= AMOUNT_LIMIT)
        for each in self._filters:
            keep &= each.keeps(shard)
        fresh = self._fresh.keeps(shard)
        stocked = np.ones(len(keep), bool) if self._stock is None else self._stock.keeps(shard)
        stale = _any(shard, keep & stocked & ~fresh)
        unstocked = _any(shard, keep & fresh & ~stocked)
        rows = np.flatnonzero(keep & fresh & stocked)
        if self._landscape.one_per_seller:
            rows = self._cheapest_of_sellers(shard, rows, price)
        return Counted(rows, shard.local[rows], price[rows], stale, unstocked)

    def ranking(self, shard: Shard) -> Ranking:
        """The counting offers of each product with their observations, by price and then by observation."""
        rows, local, price = self._nearby(shard)
        observation = shard.offer("observation")[rows]
        starts = np.searchsorted(local, np.arange(len(shard) + 1))
        order = by_price(starts, local, price, observation)
        return Ranking(starts, price[order], observation[order])

    def comparable(self, shard: Shard) -> Ints:
        """What each offer is compared at; MISSING where it cannot be compared."""
        price = self._comparable(shard)
        return only((price > 0) & (price <= AMOUNT_LIMIT), price)

    def _comparable(self, shard: Shard) -> Ints:
        price: Ints = shard.offer("price")
        if self._landscape.basis == "item" and not self._landscape.packs and self._net is None:
            return price
        usable = (price > 0) & (price <= AMOUNT_LIMIT)
        price = np.where(usable, price, 0)
        if self._net is not None:
            vat = shard.product("vat")[shard.local]
            net = self._net[shard.offer("site")]
            usable &= ~net | ((vat >= 0) & (vat <= ONE))
            price = np.where(net & usable, half_up(price * (ONE + np.where(usable & net, vat, 0)), ONE), price)
        if self._landscape.basis == "landed":
            shipping, shown = self._shipping(shard)
            usable &= shown
            price = price + shipping - self._own_shipping
        if self._landscape.packs:
            factor = shard.offer("factor")
            usable &= (factor > 0) & (price > 0)
            price = half_up(price, np.where(factor > 0, factor, 1))
        return only(usable & (price > 0), price)

    def _shipping(self, shard: Shard) -> tuple[Ints, Bools]:
        shipping = shard.offer("shipping")
        shown = (shipping >= 0) & (shipping <= AMOUNT_LIMIT)
        if self._assumed is None:
            return np.where(shown, shipping, 0), shown
        shown_or_missing = shown | (shipping == MISSING)
        return np.where(shown, shipping, self._assumed), shown_or_missing

    def _cheapest_of_sellers(self, shard: Shard, rows: npt.NDArray[np.intp], price: Ints) -> npt.NDArray[np.intp]:
        seller = _folded(self._frame.offers.seller)[shard.offer("seller")[rows]]
        local = shard.local[rows]
        order = np.lexsort((shard.offer("observation")[rows], price[rows], seller, local))
        local, seller = local[order], seller[order]
        first = np.ones(len(order), bool)
        first[1:] = (local[1:] != local[:-1]) | (seller[1:] != seller[:-1])
        return np.sort(rows[order[first]])

    def _near(self, local: Ints, price: Ints, median: Ints) -> Bools:
        middle = median[local]
        return np.asarray(np.abs(price - middle) * ONE <= middle * (self._landscape.max_distance or 0))

    def exclusions(self, shard: Shard) -> list[str]:
        """Why each offer of a shard does not count; an empty text where it does. The first reason is given."""
        reasons = [""] * len(shard.offer("price"))
        checks = [Filter("no price, or one that cannot be meant", self._has_price), *self._filters]
        checks += [each for each in (self._stock,) if each is not None]
        checks += [self._fresh, Filter("shipping is not shown", lambda each: self.comparable(each) != MISSING)]
        for each in checks:
            for row in np.flatnonzero(~each.keeps(shard)):
                reasons[row] = reasons[row] or each.reason
        counted = self.count(shard)
        left_out = np.setdiff1d(np.arange(len(reasons)), counted.rows)
        for place in map(int, left_out):
            reasons[place] = reasons[place] or "a dearer offer of the same seller"
        for place in self._too_far(shard, counted):
            reasons[place] = "too far from the median"
        return reasons

    def _has_price(self, shard: Shard) -> Bools:
        price = shard.offer("price")
        return np.asarray((price > 0) & (price <= AMOUNT_LIMIT))

    def _too_far(self, shard: Shard, counted: Counted) -> npt.NDArray[np.intp]:
        if self._landscape.max_distance is None:
            return counted.rows[:0]
        keys = np.sort((counted.local << AMOUNT_BITS) | counted.price)
        median = Survey(keys, len(shard), counted.stale, counted.unstocked).median
        return np.asarray(counted.rows[~self._near(counted.local, counted.price, median)])


def by_price(starts: Ints, local: Ints, price: Ints, observation: Ints) -> npt.NDArray[np.intp]:
    """The order by product, price and observation of rows that stand product by product. Where each product's stand in
    the order of their observations and are few, their place among them goes into the number that is sorted.
    """
    bits = max(63 - AMOUNT_BITS - len(starts).bit_length(), 0)
    ascending = (observation[1:] > observation[:-1]) | (local[1:] != local[:-1])
    if not ascending.all() or int(np.diff(starts).max(initial=0)) >> bits:
        return np.lexsort((observation, price, local))
    first = starts[local]
    keys = (((local << AMOUNT_BITS) | price) << bits) | (np.arange(len(local)) - first)
    keys.sort()
    return np.asarray(first + (keys & ((1 << bits) - 1)))


def _sums(shard: Shard, local: Ints, values: Ints) -> Ints:
    """The sum over the offers of each product."""
    found = np.zeros(len(shard), dtype=np.int64)
    np.add.at(found, local, values)
    return found


def _trend(shard: Shard, rows: npt.NDArray[np.intp], local: Ints) -> Ints:
    """The move of all counting offers together, over those whose price of a week ago is known."""
    now, before = shard.offer("price")[rows], shard.offer("before")[rows]
    usable = (before > 0) & (before <= AMOUNT_LIMIT)
    base = _sums(shard, local, np.where(usable, before, 0))
    moved = _sums(shard, local, np.where(usable, now - np.where(usable, before, 0), 0))
    small = (base > 0) & (np.maximum(base, np.abs(moved)) < _TREND_RANGE)
    return only(small, half_up(np.where(small, moved, 0) * ONE, np.where(small, base, 1)))


def _buy_box(shard: Shard, rows: npt.NDArray[np.intp], local: Ints, price: Ints) -> Ints:
    found = np.full(len(shard), AMOUNT_LIMIT + 1)
    first = shard.offer("featured")[rows] == 1
    np.minimum.at(found, local[first], price[first])
    return only(found <= AMOUNT_LIMIT, found)


def _any(shard: Shard, mask: Bools) -> Bools:
    """Which products have an offer in the mask."""
    found = np.zeros(len(shard), bool)
    found[shard.local[mask]] = True
    return found


def _filters(landscape: Landscape, frame: MarketFrame) -> list[Filter]:
    """All filters but price, stock and age, in the order in which reasons are given."""
    late = frame.taken_at + CLOCK_SKEW
    found = [Filter("our own or a sister seller", lambda shard: ~shard.offer("own"))]
    codes = [
        _one_of("another kind of price", "role", ROLES, landscape.roles),
        _one_of("another condition", "condition", CONDITIONS, landscape.conditions),
        _one_of("another kind of site", "kind", SITE_KINDS, landscape.kinds),
    ]
    found += [each for each in codes if each is not None]
    if not landscape.equivalents and frame.offers.alike is not None:
        found.append(Filter("an equivalent, another product", lambda shard: ~shard.offer("alike")))
    if not landscape.packs:
        found.append(Filter("another pack size", lambda shard: shard.offer("factor") == 1))
    found += _named("site", frame.offers.site, landscape.sites, landscape.without_sites)
    found += _named("seller", frame.offers.seller, landscape.sellers, landscape.without_sellers)
    if landscape.min_rating is not None:
        rating = landscape.min_rating
        found.append(Filter("seller rated too low or not rated", lambda shard: shard.offer("rating") >= rating))
    found.append(Filter("dated in the future", lambda shard: shard.offer("seen_at") <= late))
    return found


def _one_of(reason: str, column: str, members: Sequence[T], allowed: Sequence[T]) -> Filter | None:
    """Pass offers whose code is one of the allowed members; None when all are."""
    codes = [code for code, member in enumerate(members) if member in allowed]
    if len(codes) == len(members):
        return None

    def keeps(shard: Shard) -> Bools:
        column_codes = shard.offer(column)
        mask = np.zeros(len(column_codes), bool)
        for code in codes:
            mask |= column_codes == code
        return mask

    return Filter(reason, keeps)


def _named(column: str, text: Text, inside: Sequence[str], outside: Sequence[str]) -> list[Filter]:
    found = []
    if inside:
        found.append(Filter(f"another {column}", _in_table(column, _table(text, inside))))
    if outside:
        found.append(Filter(f"a {column} that is left out", _in_table(column, ~_table(text, outside))))
    return found


def _table(text: Text, names: Sequence[str]) -> Bools:
    wanted = {name.strip().casefold() for name in names}
    return np.array([value.strip().casefold() in wanted for value in text.values] or [False])


def _in_table(column: str, table: Bools) -> Callable[[Shard], Bools]:
    return lambda shard: np.asarray(table[shard.offer(column)])


def _folded(text: Text) -> npt.NDArray[np.int64]:
    """One code for all spellings of a name that differ only in case."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(value.strip().casefold(), code) for code, value in enumerate(text.values)] or [0])
