"""Whole-number arithmetic on columns: every rounding is named, MISSING stays MISSING, nothing overflows silently.

All amounts that take part are at most AMOUNT_LIMIT minor units and all factors at most 2^28, so that every
product stays inside int64. Larger amounts are no prices: whoever reads them in says so and leaves them out.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from pricewatch.pricing.frame import MISSING, Bools, Ints

AMOUNT_BITS = 35
AMOUNT_LIMIT = 2**AMOUNT_BITS - 1  # 343,597,383.67 in a currency with two decimals
ONE = 10_000  # basis points, and the unit of fixed-point numbers with four decimals

Numbers: TypeAlias = Ints | int


def known(*columns: Ints) -> Bools:
    """Where all columns have a value."""
    mask = np.asarray(columns[0] != MISSING)
    for column in columns[1:]:
        mask &= column != MISSING
    return mask


def half_up(numerator: Ints, denominator: Numbers) -> Ints:
    """Divide by a positive number; halves go away from zero."""
    doubled = 2 * np.asarray(denominator, dtype=np.int64)
    return np.asarray(np.sign(numerator) * ((2 * np.abs(numerator) + denominator) // doubled), dtype=np.int64)


def floor_div(numerator: Ints, denominator: Numbers) -> Ints:
    """Divide by a positive number and round down."""
    return np.asarray(numerator // denominator)


def ceil_div(numerator: Ints, denominator: Numbers) -> Ints:
    """Divide by a positive number and round up."""
    return np.asarray(-(-numerator // denominator))


def scaled(column: Ints, basis_points: Numbers) -> Ints:
    """Multiply amounts by basis points, halves away from zero; MISSING stays MISSING."""
    return only(known(column), half_up(np.asarray(np.where(known(column), column, 0) * basis_points), ONE))


def only(mask: Bools, values: Numbers) -> Ints:
    """The values where the mask holds, MISSING elsewhere."""
    return np.where(mask, values, MISSING)


def lowest_of(left: Ints, right: Ints) -> Ints:
    """The smaller of two values; a value wins over MISSING."""
    return np.where(left == MISSING, right, np.where(right == MISSING, left, np.minimum(left, right)))


def positive(column: Ints) -> Ints:
    """Amounts of zero or less become MISSING: null is never zero, and zero is never a price."""
    return only(column > 0, column)


def net_of(gross: Ints, vat: Ints) -> Ints:
    """The net part of gross prices, halves up; MISSING stays MISSING."""
    mask = known(gross, vat)
    return only(mask, half_up(np.where(mask, gross, 0) * ONE, ONE + np.where(mask, vat, 0)))


def gross_of(net: Ints, vat: Ints) -> Ints:
    """The gross prices of net amounts, halves up; MISSING stays MISSING."""
    mask = known(net, vat)
    return only(mask, half_up(np.where(mask, net, 0) * (ONE + np.where(mask, vat, 0)), ONE))


def margin_of(gross: Ints, vat: Ints, cost: Ints) -> Ints:
    """Margin in basis points of the net price, halves away from zero; MISSING without cost or net price."""
    net = net_of(gross, vat)
    mask = known(net, cost) & (net > 0)
    return only(mask, half_up(np.where(mask, net - cost, 0) * ONE, np.where(mask, net, 1)))
