"""Whole-run checks: a run that looks abnormal is stopped before anything is published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from pricewatch.domain.decision import Breaker
from pricewatch.domain.money import Currency, Money
from pricewatch.pricing.exact import ONE
from pricewatch.pricing.frame import MISSING, Bools, Ints, MarketFrame
from pricewatch.pricing.settings import BreakerSettings
from pricewatch.pricing.trail import KEEP, Hold, Trail
from pricewatch.pricing.values import percent_text, to_minor

INPUTS = (Hold.NO_PRICE, Hold.INPUT, Hold.NO_FLOOR, Hold.NO_COST)


@dataclass(frozen=True, slots=True)
class Rest:
    """What a plan of changes leaves as it is: how many products, and how many of these lack an input. None of them
    would be given another price.
    """

    products: int = 0
    missing: int = 0


NOTHING = Rest()


def breakers(
    frame: MarketFrame, trail: Trail, limits: BreakerSettings, rest: Rest = NOTHING, settled: Bools | None = None
) -> tuple[Breaker, ...]:
    """Every check that trips, with what it saw and its limit; shares are those of all products, planned here or not.
    Moves that are `settled`, because a person approved them before, make no run abnormal.
    """
    if settled is not None and settled.any():
        trail = replace(trail, outcome=np.where(settled, KEEP, trail.outcome).astype(trail.outcome.dtype))
    found = [*_at_risk(frame, trail, limits), *_exchange(frame, limits)]
    whole = len(trail) + rest.products
    if whole >= limits.min_products:
        found += [*_changed(frame, trail, limits, whole), *_average_move(frame, trail, limits)]
        found += [*_collapse(frame, trail, limits), *_missing(trail, limits, whole, rest.missing)]
        found += _loops(trail, limits, whole)
    return tuple(found)


def _changed(frame: MarketFrame, trail: Trail, limits: BreakerSettings, whole: int) -> Iterator[Breaker]:
    changed = int(np.sum(trail.moving))
    if changed * ONE > limits.max_changed * whole:
        text = f"{changed} of {whole} prices would change; the limit is {percent_text(limits.max_changed)}"
        yield Breaker("max_changed", text + (FIRST_PLAN if _first(frame) else ""))


FIRST_PLAN = (
    ". No price was ever changed here before, so this is to be expected of a first plan: look through it (the biggest"
    " moves first), then let it go on with `pricewatch breaker reset` and a reason, or start with a part of the"
    " products and plan again"
)


def _first(frame: MarketFrame) -> bool:
    """Whether we have never changed a price of these products."""
    return bool(np.all(frame.products.changed_at == MISSING))


def _exchange(frame: MarketFrame, limits: BreakerSettings) -> Iterator[Breaker]:
    """Rates that moved too far since the day before: one wrong rate makes every price of a market wrong."""
    for rate in frame.rates:
        if rate.previous_micros is None:
            continue
        move = abs(rate.micros - rate.previous_micros) * ONE
        if move > limits.exchange_band * rate.previous_micros:
            share = percent_text(move // rate.previous_micros)
            text = (
                f"the rate of {rate.currency} moved by {share} to {_rate(rate.micros)} {frame.currency} on {rate.day}"
            )
            text += f" ({rate.source}); the limit is {percent_text(limits.exchange_band)}"
            yield Breaker("exchange_rate", text)


def _rate(micros: int) -> str:
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"


def _loops(trail: Trail, limits: BreakerSettings, whole: int) -> Iterator[Breaker]:
    loops = int(np.sum(trail.hold == Hold.LOOP))
    if loops * ONE > limits.max_loops * whole:
        text = f"{loops} of {whole} prices keep going one way, as if a rival's robot and ours answered each other;"
        yield Breaker("loops", f"{text} the limit is {percent_text(limits.max_loops)}")


def _average_move(frame: MarketFrame, trail: Trail, limits: BreakerSettings) -> Iterator[Breaker]:
    moving = trail.moving
    if not moving.any():
        return
    current = frame.products.current[moving]
    moves = np.abs(trail.price[moving] - current) * ONE // current
    average = int(moves.sum()) // len(moves)
    if average > limits.max_average_move:
        text = f"prices would move by {percent_text(average)} on average; the limit is "
        yield Breaker("max_average_move", text + percent_text(limits.max_average_move))


def _collapse(frame: MarketFrame, trail: Trail, limits: BreakerSettings) -> Iterator[Breaker]:
    """Many prices becoming one: the most frequent new price, if the old prices of its products differed."""
    moving = trail.moving
    if int(moving.sum()) < limits.min_products:
        return
    new, old = trail.price[moving], frame.products.current[moving]
    values, counts = np.unique(new, return_counts=True)
    price, count = int(values[counts.argmax()]), int(counts.max())
    differed = _most_differ(old[new == price])
    if differed and count * ONE > limits.collapse * len(new):
        money = Money(price, Currency.of(frame.currency))
        text = f"{count} of {len(new)} changed prices would become {money}; the limit is "
        yield Breaker("collapse", text + percent_text(limits.collapse))


def _most_differ(prices: Ints) -> bool:
    return 2 * len(np.unique(prices)) > len(prices)


def _missing(trail: Trail, limits: BreakerSettings, whole: int, elsewhere: int) -> Iterator[Breaker]:
    without: Bools = np.isin(trail.hold, INPUTS)
    missing = int(without.sum()) + elsewhere
    if missing * ONE > limits.missing_inputs * whole:
        text = f"{missing} of {whole} products lack a price, cost or floor; the limit is "
        yield Breaker("missing_inputs", text + percent_text(limits.missing_inputs))


def _at_risk(frame: MarketFrame, trail: Trail, limits: BreakerSettings) -> Iterator[Breaker]:
    """The sum of cuts times stock, in exact integers; unknown stock counts as one piece."""
    if limits.max_at_risk is None:
        return
    cuts = np.flatnonzero(trail.moving & (trail.price < frame.products.current))
    stock, current = frame.products.stock, frame.products.current
    risk = sum(int(current[row] - trail.price[row]) * max(int(stock[row]), 1) for row in cuts)
    if risk > to_minor(limits.max_at_risk, frame.exponent):
        text = f"cuts times stock come to {_money(risk, frame)}; the limit is {limits.max_at_risk:f} {frame.currency}"
        yield Breaker("max_at_risk", text)


def _money(minor: int, frame: MarketFrame) -> str:
    whole, rest = divmod(minor, 10**frame.exponent)
    return f"{whole}.{rest:0{frame.exponent}d} {frame.currency}" if frame.exponent else f"{whole} {frame.currency}"
