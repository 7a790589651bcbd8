"""Price endings on columns: the allowed prices, and the nearest one on either side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from pricewatch.domain.money import PriceEnding
from pricewatch.pricing.exact import AMOUNT_LIMIT
from pricewatch.pricing.frame import Ints
from pricewatch.pricing.rulefile import Guardrails
from pricewatch.pricing.values import to_minor

Codes8 = npt.NDArray[np.int8]

ANY = PriceEnding(1, (0,))
WAYS = ("nearest", "down", "up")
NEAREST, DOWN, UP = range(3)
NONE = 0  # what at_most gives where no allowed price is that low


@dataclass(frozen=True, slots=True)
class Rung:
    """Prices from `low` to below `high` have one of these endings."""

    low: int
    high: int
    ending: PriceEnding


@dataclass(frozen=True, slots=True)
class Endings:
    """The allowed prices of one set of guardrails, as a ladder of one rung or more."""

    rungs: tuple[Rung, ...]

    def at_most(self, price: Ints) -> Ints:
        """The highest allowed price that is not above; NONE where there is none."""
        found = np.zeros(len(price), dtype=np.int64)
        for rung in self.rungs:
            candidate = _at_most(rung.ending, np.minimum(price, rung.high - 1))
            found = np.where((candidate >= rung.low) & (price >= rung.low), candidate, found)
        return found

    def at_least(self, price: Ints) -> Ints:
        """The lowest allowed price that is not below."""
        found = np.zeros(len(price), dtype=np.int64)
        for rung in reversed(self.rungs):
            candidate = _at_least(rung.ending, np.maximum(price, rung.low))
            found = np.where((candidate < rung.high) & (price < rung.high), candidate, found)
        return found

    def rounded(self, price: Ints, way: Codes8) -> Ints:
        """The allowed price that each way (a place in WAYS) leads to; of two equally near the lower one."""
        below, above = self.at_most(price), self.at_least(price)
        nearest = (way == NEAREST) & (price - below <= above - price)
        return np.where((below > NONE) & (nearest | (way == DOWN)), below, above)


EVERY_PRICE = Endings((Rung(1, 2 * AMOUNT_LIMIT, ANY),))


def endings_of(limits: Guardrails, exponent: int) -> Endings | None:
    """The endings that a set of guardrails asks for, None when it leaves them open."""
    top = 2 * AMOUNT_LIMIT
    if limits.multiple_of is not None:
        step = PriceEnding(to_minor(limits.multiple_of, exponent), (0,))
        return Endings((Rung(1, top, step),))
    if limits.endings:
        return Endings((Rung(1, top, price_ending(limits.endings, exponent)),))
    if not limits.ending_ladder:
        return None
    rungs, low = [], 1
    for band in limits.ending_ladder:
        high = top if band.below is None else to_minor(band.below, exponent)
        rungs.append(Rung(low, high, price_ending(band.endings, exponent)))
        low = high
    return Endings(tuple(rungs))


def price_ending(texts: Sequence[str], exponent: int) -> PriceEnding:
    """Read last digits: `.99` fixes the decimals, `9.99` one digit before the point too, `99` two; none allows any."""
    if not texts:
        return ANY
    parts = [_digits(text, exponent) for text in texts]
    modulus = max(modulus for modulus, _ in parts)
    remainders = {rest for own, first in parts for rest in range(first, modulus, own)}
    return PriceEnding(modulus, tuple(remainders))


def _digits(text: str, exponent: int) -> tuple[int, int]:
    whole, _, decimals = text.partition(".")
    modulus = 10 ** (len(whole) + exponent)
    return modulus, to_minor(Decimal(f"{whole or 0}.{decimals or 0}"), exponent)


def _at_most(ending: PriceEnding, price: Ints) -> Ints:
    if len(ending.remainders) == 1:
        return np.asarray(price - (price - ending.remainders[0]) % ending.modulus)
    rests = np.array(ending.remainders)
    rest = price % ending.modulus
    place = np.searchsorted(rests, rest, side="right") - 1
    return np.asarray(price - rest + np.where(place >= 0, rests[place], rests[-1] - ending.modulus))


def _at_least(ending: PriceEnding, price: Ints) -> Ints:
    if len(ending.remainders) == 1:
        return np.asarray(price + (ending.remainders[0] - price) % ending.modulus)
    rests = np.array(ending.remainders)
    rest = price % ending.modulus
    place = np.searchsorted(rests, rest, side="left")
    inside = place < len(rests)
    return np.asarray(
        price - rest + np.where(inside, rests[np.minimum(place, len(rests) - 1)], rests[0] + ending.modulus)
    )
