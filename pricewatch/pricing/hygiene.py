"""Readings that may not be used yet: placeholders, slips by powers of ten, currency flips, large moves, and new offers
far below (bait) or far above (outliers) everything that is known.

Judged after matching and before planning. Two kinds of doubt are told apart by the reason's first word:

- `placeholder` and `slip` never settle by themselves: the same wrong number is wrong the second time too. A person
  releases them, or the next reading differs.
- `currency`, `move`, `bait` and `outlier` settle when the same price is sighted again at least CONFIRM_AFTER seconds
  later.

Measured on synthetic readings: a plain ratio gate holds back 46 % of genuine promotions of -10 to -60 %, so a move is
only doubted beyond that, and never when two independent extractions agree on it.

A new offer is compared with two others or more; with a single other one only where our own price (going up) or cost
(going down) says the same: of two prices it cannot be told which one is wrong. Where nobody else offers, these alone
are asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pricewatch.pricing.exact import AMOUNT_BITS, AMOUNT_LIMIT, only
from pricewatch.pricing.frame import MISSING, Bools, Codes, Ints, Text, ints

CONFIRM_AFTER = 7_200  # seconds between two sightings of the same price
SETTLING = ("currency", "move", "bait", "outlier")

_SLIP_TOLERANCE = 15  # % around a power of ten
_CLOSE = 2  # a reference within this factor excuses a number that looks like a placeholder
_DOWN, _UP = 35, 300  # % of the previous price beyond which a move is doubted
_BAIT = 60  # % of the others' median below which a new offer is doubted
_BAIT_COST = 60  # % of our gross cost, where there is no market to compare with
_OUTLIER = 250  # % of the others' median, and of our own price, above which a new offer is doubted


class Reading(NamedTuple):
    """One current reading of an offer that is matched to a product.

    `price` and `previous` (the offer's previous usable price, None = new) are minor units of their own currencies,
    `exponent` is that of `price`; `converted` is the price in the group's currency, None without an exchange rate.
    Times are epoch seconds: when this price was first and last seen. `agreed` says that two independent
    extractions found the same price.
    """

    observation: int
    product: int
    price: int
    currency: str
    exponent: int
    converted: int | None
    previous: int | None
    previous_currency: str
    seller: str
    first_seen: int
    last_seen: int
    agreed: bool = False


@dataclass(frozen=True, slots=True)
class Readings:
    """Readings as columns; see Reading."""

    observation: Ints
    product: Ints
    price: Ints
    currency: Text
    unit: Ints
    converted: Ints
    previous: Ints
    previous_currency: Text
    seller: Text
    first_seen: Ints
    last_seen: Ints
    agreed: Bools

    @classmethod
    def of(cls, rows: Iterable[Reading]) -> Readings:
        """Build the columns from records."""
        readings = list(rows)
        return cls(
            observation=ints(row.observation for row in readings),
            product=ints(row.product for row in readings),
            price=ints(row.price for row in readings),
            currency=Text.of(row.currency for row in readings),
            unit=ints(10**row.exponent for row in readings),
            converted=ints(row.converted for row in readings),
            previous=ints(row.previous for row in readings),
            previous_currency=Text.of(row.previous_currency for row in readings),
            seller=Text.of(row.seller.strip().casefold() for row in readings),
            first_seen=ints(row.first_seen for row in readings),
            last_seen=ints(row.last_seen for row in readings),
            agreed=np.array([row.agreed for row in readings], dtype=bool),
        )

    def __len__(self) -> int:
        return len(self.observation)


def suspicious(
    readings: Readings, own_price: Ints, own_cost: Ints, market: tuple[Ints, Ints] | None = None
) -> dict[int, str]:
    """Name every reading that may not be used yet, with the reason, by observation id.

    `own_price` (gross) and `own_cost` (with VAT) are our own amounts by product row in the group's currency,
    MISSING = unknown. The market that a reading is compared with is the lower median of the *other* sellers' prices;
    `market` is what `others` says, where it was asked before.
    """
    rest, count = market or others(readings)
    own = _of(own_price, readings)
    settled = readings.last_seen - readings.first_seen >= CONFIRM_AFTER
    reasons: dict[int, str] = {}
    for reason, where in (
        ("placeholder: no shop means this number", _placeholders(readings, rest, own)),
        ("currency: another one than at the previous reading", _flips(readings) & ~settled),
        ("slip: ten, a hundred or a thousand times off", _slips(readings, rest, count)),
        ("move: far from the offer's previous price", _moves(readings) & ~settled),
        *_far_off(readings, rest, count, own, _of(own_cost, readings), ~settled),
    ):
        for observation in readings.observation[where].tolist():
            reasons.setdefault(observation, reason)
    return reasons


def doubtful(readings: Readings, rest: Ints) -> Bools:
    """Which readings `suspicious` could name at all: most are settled, in line with the others and possible amounts."""
    known, possible = readings.price != MISSING, _usable(readings.price)
    return np.asarray(asks_history(readings, rest) | (known & ~possible))


def calm(readings: Readings, group: Codes) -> Bools:
    """Where the whole group (of readings that stand side by side, each a market of its own) is settled, possible, near
    itself and of more than one seller: none of it is doubtful, whatever the others' median is.
    """
    if not len(readings):
        return np.zeros(0, dtype=np.bool_)
    starts = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))
    settled = readings.last_seen - readings.first_seen >= CONFIRM_AFTER
    fine = np.logical_and.reduceat(settled & _usable(readings.price) & _usable(readings.converted), starts)
    low, high = np.minimum.reduceat(readings.converted, starts), np.maximum.reduceat(readings.converted, starts)
    sellers = [reduce.reduceat(readings.seller.codes, starts) for reduce in (np.minimum, np.maximum)]
    found = fine & (np.where(fine, high, 0) <= np.where(fine, low, 0) * _CLOSE) & (sellers[0] != sellers[1])
    return np.repeat(found, np.diff(np.append(starts, len(readings))))


def asks_history(readings: Readings, rest: Ints) -> Bools:
    """Where the offer's previous price matters: what was sighted twice, and is in line with the others, is not doubted
    for it.
    """
    settled = readings.last_seen - readings.first_seen >= CONFIRM_AFTER
    return np.asarray(~settled | ~_within(readings.converted, rest, _CLOSE))


def asks_amounts(readings: Readings, market: tuple[Ints, Ints]) -> Bools:
    """Where what we ask and pay ourselves matters: of new offers, and of numbers that look like placeholders where
    nobody else offers.
    """
    settled = readings.last_seen - readings.first_seen >= CONFIRM_AFTER
    new = ~settled & ~_usable(readings.previous)
    return np.asarray(new | (~_usable(market[0]) & _stands_in(readings)))


def confirmed(reason: str, first_seen: int, last_seen: int) -> bool:
    """Whether a second sighting of the same price settles the doubt."""
    return reason.startswith(SETTLING) and last_seen - first_seen >= CONFIRM_AFTER


def _of(column: Ints, readings: Readings) -> Ints:
    inside = (readings.product >= 0) & (readings.product < len(column))
    if not len(column):
        return np.full(len(readings), MISSING, dtype=np.int64)
    value = column[np.where(inside, readings.product, 0)]
    return only(inside & (value > 0) & (value <= AMOUNT_LIMIT), value)


def _usable(column: Ints) -> Bools:
    return np.asarray((column > 0) & (column <= AMOUNT_LIMIT))


def others(readings: Readings) -> tuple[Ints, Ints]:
    """For each reading: the lower median of the other sellers' lowest prices for the product, and how many they are."""
    median = np.full(len(readings), MISSING, dtype=np.int64)
    count = np.zeros(len(readings), dtype=np.int64)
    usable = np.flatnonzero(_usable(readings.converted) & (readings.product >= 0))
    if not len(usable):
        return median, count
    each = len(readings.seller.values)
    asked = readings.product[usable] * each + readings.seller.codes[usable]
    order = np.argsort(asked)
    asked = asked[order]
    opens = np.ones(len(order), bool)
    np.not_equal(asked[1:], asked[:-1], out=opens[1:])
    starts = np.flatnonzero(opens)
    lowest = np.minimum.reduceat(readings.converted[usable][order], starts)  # of each seller for each product
    rest, left = _without_own(asked[starts] // each, lowest)
    of, rows = np.cumsum(opens) - 1, usable[order]
    median[rows], count[rows] = rest[of], left[of]
    return median, count


def _without_own(product: Ints, price: Ints) -> tuple[Ints, Ints]:
    """For each of the prices (in the order of products): the lower median of the product's others, and their number."""
    order = np.argsort((product << AMOUNT_BITS) | price)  # of equal prices of a product any may come first
    numbers = np.bincount(product)
    sizes, starts = numbers[product], (np.cumsum(numbers) - numbers)[product]
    place = np.arange(len(order)) - starts
    middle = np.maximum(sizes - 2, 0) // 2
    chosen = np.minimum(starts + middle + (place <= middle), len(order) - 1)
    median, left = np.empty(len(order), dtype=np.int64), sizes - 1
    median[order] = only(sizes > 1, price[order][chosen])
    return median, left


def _placeholders(readings: Readings, others: Ints, own: Ints) -> Bools:
    """Zero or less always; 0.01, 1, 9999.99 and their like unless the market or our price is near."""
    price, looks = readings.price, _stands_in(readings)
    reference = np.where(others != MISSING, others, own)
    near = _usable(reference) & _within(readings.converted, reference, _CLOSE)
    known_price = price != MISSING
    return np.asarray(known_price & ((price <= 0) | (price > AMOUNT_LIMIT) | (looks & ~near)))


def _stands_in(readings: Readings) -> Bools:
    """Where a price is a number that is written where there is none."""
    price, unit = readings.price, readings.unit
    looks = (price == 1) | (price == unit)
    for digits in (4, 5, 6, 7):
        looks |= (price == 10**digits * unit - 1) | (price == (10**digits - 1) * unit)
    return np.asarray(looks)


def _within(price: Ints, reference: Ints, factor: int) -> Bools:
    usable = _usable(price) & _usable(reference)
    a, b = np.where(usable, price, 0), np.where(usable, reference, 0)
    return np.asarray(usable & (a <= b * factor) & (b <= a * factor))


def _flips(readings: Readings) -> Bools:
    before = np.array([code.strip().upper() for code in readings.previous_currency.values] or [""])
    now = np.array([code.strip().upper() for code in readings.currency.values] or [""])
    if not len(readings):
        return np.zeros(0, bool)
    old, new = before[readings.previous_currency.codes], now[readings.currency.codes]
    return np.asarray((old != "") & (old != new))


def _same_currency(readings: Readings) -> Bools:
    return _usable(readings.previous) & _usable(readings.price) & ~_flips(readings)


def _slips(readings: Readings, others: Ints, count: Ints) -> Bools:
    """Near a power of ten off the own history, and not back in line with the market; or off a market of two or more."""
    in_line = _within(readings.converted, others, _CLOSE)
    history = _same_currency(readings) & _power_of_ten(readings.price, readings.previous) & ~in_line
    fresh = ~_usable(readings.previous)
    market = fresh & (count >= 2) & _power_of_ten(readings.converted, others)
    return np.asarray(history | market)


def _power_of_ten(price: Ints, reference: Ints) -> Bools:
    usable = _usable(price) & _usable(reference)
    a, b = np.where(usable, price, 0), np.where(usable, reference, 0)
    found = np.zeros(len(price), bool)
    for factor in (10, 100, 1_000):
        for large, small in ((a, b), (b, a)):
            found |= np.abs(large - small * factor) * 100 <= small * factor * _SLIP_TOLERANCE
    return found & usable


def _moves(readings: Readings) -> Bools:
    usable = _same_currency(readings) & ~readings.agreed
    price, previous = np.where(usable, readings.price, 0), np.where(usable, readings.previous, 0)
    return np.asarray(usable & ((price * 100 < previous * _DOWN) | (price * 100 > previous * _UP)))


def _far_off(
    readings: Readings, others: Ints, count: Ints, own: Ints, own_cost: Ints, unsettled: Bools
) -> tuple[tuple[str, Bools], ...]:
    """New offers far below or far above the market; with few others, what is our own decides."""
    new = unsettled & ~_usable(readings.previous) & _usable(readings.converted)
    price = np.where(new, readings.converted, 0)
    low, cheap = _below(price, others, _BAIT), _below(price, own_cost, _BAIT_COST)
    high, dear = _above(price, others), _above(price, own)
    many, one, none = count >= 2, count == 1, count == 0
    return (
        ("bait: a new offer far below all others", new & low & (many | (one & cheap))),
        ("bait: a new offer far below our cost", new & none & cheap),
        ("outlier: a new offer far above all others", new & high & (many | (one & dear))),
        ("outlier: a new offer far above our own price", new & none & dear),
    )


def _below(price: Ints, reference: Ints, percent: int) -> Bools:
    return np.asarray(price * 100 < np.where(reference != MISSING, reference, 0) * percent)


def _above(price: Ints, reference: Ints) -> Bools:
    return np.asarray((reference != MISSING) & (price * 100 > np.where(reference != MISSING, reference, 0) * _OUTLIER))
