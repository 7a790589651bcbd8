"""Products whose prices must fit together, looked at when every price of a plan is known.

Packs: a bigger pack is never dearer per unit than a smaller one of its family. The price of a bigger pack is brought
down, and that of a smaller one up, as far as the lower of the old and the new price of the others (the higher one, for
the bigger packs) asks for: whichever of the changes a person approves, what results fits together. A price is only
ever brought back towards the old one, to an allowed ending; where that leaves nothing, the old price stays. Floor and
ceiling come first: an old price outside them is put right, whatever that does to the family.

Variants: all cost the same, at most `allow` less than the dearest. All of them move, or none: one that may not change
now (dwell, changes a day, quiet hours, a loop, a jump, a reduction that could not be announced) keeps the others where
they are. A change that is left smaller than `min_change` is not made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields, replace

import numpy as np

from pricewatch.domain.product import Product, Sku
from pricewatch.pricing.conditions import Formula
from pricewatch.pricing.exact import AMOUNT_LIMIT, ONE, margin_of
from pricewatch.pricing.fields import CUSTOM
from pricewatch.pricing.frame import MISSING, Bools, Ints, MarketFrame
from pricewatch.pricing.guardrails import Applied, Armour
from pricewatch.pricing.promotions import Promotions
from pricewatch.pricing.rules import Family, RuleBook
from pricewatch.pricing.scope import Fields
from pricewatch.pricing.settings import PricingSettings
from pricewatch.pricing.shards import Shard
from pricewatch.pricing.trail import CUT, HOLD, RAISE, Hold, Trail
from pricewatch.pricing.values import percent_text

MAX_SIZE = 2**20 * ONE  # of a pack, in ten-thousandths


def fit(frame: MarketFrame, book: RuleBook, settings: PricingSettings, trail: Trail) -> Trail:
    """Make the prices of families fit together; without families nothing happens."""
    if not book.families or not len(trail):
        return trail
    fitted = replace(trail, **{each.name: getattr(trail, each.name).copy() for each in fields(Trail)})
    scope = Fields.of(Shard(frame, 0, len(frame.products), np.zeros(0, dtype=np.intp)))
    limits = _Limits(book, settings, scope, fitted)
    for number, family in enumerate(book.families):
        _Family(scope, limits, fitted, number, family).fit()
    return fitted


class _Limits:
    """What holds back a change that no rule asked for by itself, product by product."""

    def __init__(self, book: RuleBook, settings: PricingSettings, scope: Fields, trail: Trail) -> None:
        self.endings = Armour(book, scope.exponent).endings
        self.promotions = Promotions.of(book, scope, trail.branch)
        self._factor, self._least = settings.jump_factor, trail.least_change
        applied, current = Applied(Armour(book, scope.exponent), scope, trail.branch), scope.current
        outside = (current < trail.floor) | ((trail.ceiling_by != -1) & (current > trail.ceiling))
        self._bound = ~outside & ~self.promotions.free
        self._braked = self._bound & np.logical_or.reduce([where for where, _, _ in applied.brakes()])
        self._looping = {
            way: self._bound & applied.looping(current + way, settings.loop_changes) for way in (-1, 1)
        }  # fmt: skip

    def forbid(self, row: int, price: int) -> bool:
        """Whether a product may not be given this price now."""
        way = 1 if price > int(self.promotions.current[row]) else -1
        braked = bool(self._braked[row] or self._looping[way][row])
        return braked or self.refuse(row, price) or self._jumps(row, price)

    def small(self, row: int, price: int) -> bool:
        """Whether the change is not worth making."""
        least = int(self._least[row])
        return bool(self._bound[row]) and abs(price - int(self.promotions.current[row])) < least

    def refuse(self, row: int, price: int) -> bool:
        """Whether the price may not be announced as the reduction that its rule wants."""
        named = self.named(row, price)
        return bool(self.promotions.announced[row]) and (named == MISSING or price >= named)

    def named(self, row: int, price: int) -> int:
        """The prior price that goes with a price."""
        deeper = price < int(self.promotions.current[row])
        return int((self.promotions.deeper if deeper else self.promotions.other)[row])

    def _jumps(self, row: int, price: int) -> bool:
        anchor, current = int(self.promotions.anchor[row]), int(self.promotions.current[row])
        far = price >= anchor * self._factor or price * self._factor <= anchor
        return far or (price > anchor and price >= current * self._factor)


def relatives(families: Sequence[Family], products: Iterable[Product], skus: Collection[Sku]) -> tuple[Sku, ...]:
    """The products, and all that belong to a family with one of them, or with one of these: without them no family
    fits together.
    """
    everything, wanted, before = tuple(products), set(skus), -1
    while len(wanted) > before:
        before = len(wanted)
        for family in families:
            names = {_name_in(product, family.field) for product in everything if product.sku in wanted} - {""}
            wanted |= {product.sku for product in everything if _name_in(product, family.field) in names}
    return tuple(product.sku for product in everything if product.sku in wanted)


def _name_in(product: Product, field: str) -> str:
    if field.startswith(CUSTOM):
        return product.custom.get(field.removeprefix(CUSTOM), "").strip()
    return str(getattr(product, field, "")).strip()


class _Family:
    """One parity table at work on a trail."""

    def __init__(self, scope: Fields, limits: _Limits, trail: Trail, number: int, family: Family) -> None:
        self._scope = scope
        self._limits = limits
        self._trail = trail
        self._number = number
        self._family = family
        self._current = scope.current
        self._planned = np.where(trail.moving, trail.price, self._current)

    def fit(self) -> None:
        sized = self._family.size
        size = None if sized is None else self._sizes(sized)
        for members in self._members():
            if size is None:
                self._variants(members)
            else:
                self._packs(members, size[members])

    def _members(self) -> Iterator[Ints]:
        """The rows of each family that something may be done about, in the order of the catalogue."""
        names = self._scope.text(self._family.field)
        inside = self._current != MISSING
        if self._family.when is not None:
            inside &= self._family.when.holds(self._scope)
        named = np.array([bool(value.strip()) for value in names.values] or [False])[names.codes]
        rows = np.flatnonzero(inside & named)
        codes = names.codes[rows]
        order = np.argsort(codes, kind="stable")
        rows = rows[order]
        if not len(rows):
            return
        starts = np.concatenate(([0], np.flatnonzero(np.diff(codes[order])) + 1))
        stops = np.append(starts[1:], len(rows))
        for place in np.flatnonzero((stops - starts > 1) & self._stirred(rows, starts)):
            yield rows[starts[place] : stops[place]]

    def _stirred(self, rows: Ints, starts: Ints) -> Bools:
        """The families in which a pack changes its price, or variants would not cost the same."""
        if self._family.size is not None:
            return np.logical_or.reduceat(self._trail.moving[rows], starts)
        planned = self._planned[rows]
        lowest, highest = np.minimum.reduceat(planned, starts), np.maximum.reduceat(planned, starts)
        return np.asarray(lowest * ONE < highest * (ONE - self._family.allow))

    # --- packs

    def _packs(self, members: Ints, size: Ints) -> None:
        members, size = members[size > 0], size[size > 0]
        planned = self._planned[members]  # the same for all, whoever is looked at first
        moving = planned != self._current[members]
        for place, row in enumerate(members):
            if not moving[place]:
                continue
            bounds = [
                self._bound(int(row), (int(self._current[other]), int(planned[at])), int(size[place]), int(size[at]))
                for at, other in enumerate(members)
                if size[at] != size[place]
            ]
            self._bring_back(int(row), [bound for bound in bounds if bound is not None])

    def _sizes(self, sized: Formula) -> Ints:
        size = sized.compute(self._scope)
        return np.where((size > 0) & (size <= MAX_SIZE), size, 0)

    def _bound(self, row: int, prices: tuple[int, int], mine: int, theirs: int) -> int | None:
        """How far a price may go because of another pack; None where it goes the other way."""
        allow = ONE + self._family.allow
        raising = int(self._trail.outcome[row]) == RAISE
        if mine > theirs and raising:
            return min(prices) * mine * allow // (theirs * ONE)
        if mine < theirs and not raising:
            return -(-max(prices) * mine * ONE // (theirs * allow))
        return None

    def _bring_back(self, row: int, bounds: list[int]) -> None:
        """Keep a price inside the strictest bound, between the old price and the planned one."""
        if not bounds:
            return
        current, planned = int(self._current[row]), int(self._trail.price[row])
        ending = self._limits.endings[int(self._trail.ending[row])]
        if planned > current:
            bound = min(bounds)
            if planned <= bound:
                return
            price = int(ending.at_most(np.array([max(bound, 0)]))[0])
            self._move(row, price if current < price < planned and self._worth(row, price) else current)
        else:
            bound = max(bounds)
            if planned >= bound:
                return
            price = int(ending.at_least(np.array([min(bound, AMOUNT_LIMIT)]))[0])
            self._move(row, price if planned < price < current and self._worth(row, price) else current)

    def _worth(self, row: int, price: int) -> bool:
        """Whether what is left of a change may be made, and is large enough."""
        return not self._limits.small(row, price) and not self._limits.refuse(row, price)

    # --- variants

    def _variants(self, members: Ints) -> None:
        """The dearest planned price is everybody's, less what is allowed; each goes up to it from its own."""
        planned = self._planned[members]
        least = -(-int(planned.max()) * (ONE - self._family.allow) // ONE)
        if planned.min() >= least:
            return
        wanted = {int(row): self._lifted(int(row), least) for row in members}
        if all(price is not None for price in wanted.values()) and self._fits(wanted):
            for row, price in wanted.items():
                if price != int(self._planned[row]):
                    self._move(row, price or 0)
        else:
            for row in members[self._planned[members] != self._current[members]]:
                self._move(int(row), int(self._current[row]))

    def _lifted(self, row: int, least: int) -> int | None:
        """What a variant would cost; None where its limits or its hold forbid it."""
        planned, trail = int(self._planned[row]), self._trail
        if planned >= least:
            return planned
        ending = self._limits.endings[int(trail.ending[row])]
        price = int(ending.at_least(np.array([least]))[0])
        tops = [int(column[row]) for column in (trail.ceiling, trail.high) if int(column[row]) != MISSING]
        held = int(trail.hold[row]) != Hold.NONE or price > min([AMOUNT_LIMIT, *tops]) or price < int(trail.floor[row])
        return None if held or (price != int(self._current[row]) and self._limits.forbid(row, price)) else price

    def _fits(self, wanted: dict[int, int | None]) -> bool:
        prices = [price or 0 for price in wanted.values()]
        return min(prices) * ONE >= max(prices) * (ONE - self._family.allow)

    # --- outcome

    def _move(self, row: int, price: int) -> None:
        """Give a product another price; its old one is a hold. A price outside floor or ceiling it never gives."""
        trail, current = self._trail, int(self._current[row])
        top = int(trail.ceiling[row])
        if price < int(trail.floor[row]) or (top != MISSING and price > top):
            return
        if trail.parity[row] == MISSING:
            trail.parity[row] = trail.price[row]
        trail.parity_by[row] = self._number
        trail.price[row] = price
        held = price == current
        trail.hold[row] = Hold.PARITY if held else Hold.NONE
        trail.outcome[row] = HOLD if held else RAISE if price > current else CUT
        trail.reference[row] = MISSING if held else self._limits.named(row, price)
        self._planned[row] = price
        one = np.array([price])
        products = self._scope.shard.frame.products
        vat, cost = products.vat[row : row + 1], self._scope.cost[row : row + 1]
        trail.margin_after[row] = margin_of(one, vat, cost)[0]


def parity_text(family: Family) -> str:
    """What a family asks for, in words."""
    if family.size is None:
        return "variants cost the same" + (f", within {percent_text(family.allow)}" if family.allow else "")
    more = f" by more than {percent_text(family.allow)}" if family.allow else ""
    return f"a bigger pack is not dearer per unit{more}"
