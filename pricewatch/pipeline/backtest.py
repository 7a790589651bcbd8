"""Rules replayed over the stored history of the market, beside what really happened. Nothing is saved.

Rivals' offers, their stock and their absence are as they were. Our costs, floors, stock and catalogue are as they are
now: their history is not kept. Rivals do not answer us: how they would have answered other prices is not known.
Everything that the rules ask for is taken as approved; what a breaker stops is not applied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from pricewatch.domain.errors import UsageError
from pricewatch.domain.product import PriceGroup, Sku
from pricewatch.pipeline.past import market_history
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.engine import decide
from pricewatch.pricing.frame import MISSING, Bools, Ints, MarketFrame, OfferColumns
from pricewatch.pricing.history import MarketHistory
from pricewatch.pricing.plan import PlanFrame
from pricewatch.pricing.rules import RuleBook

MOST_CELLS = 20_000_000  # products x steps that one replay may keep
WINDOW = 30  # days that the prior price looks back
ACTUAL = "as it was"


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when, and how often prices were decided."""

    begins: datetime
    ends: datetime
    every: timedelta

    def steps(self) -> Iterator[datetime]:
        """The times at which prices are decided."""
        at = self.begins
        while at <= self.ends:
            yield at
            at += self.every

    def __len__(self) -> int:
        return max((self.ends - self.begins) // self.every + 1, 0)


@dataclass(frozen=True, slots=True)
class Trip:
    """A breaker that would have stopped a run."""

    at: datetime
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What one set of rules (or history itself) did: one row a step, one column a product; MISSING = unknown.

    Prices are gross minor units, margins basis points of the net price, `changed` marks a new price.
    """

    name: str
    price: Ints
    rank: Ints
    margin: Ints
    changed: Bools
    trips: tuple[Trip, ...] = ()

    def changes(self) -> int:
        """How many prices changed altogether."""
        return int(self.changed.sum())

    def mean_rank(self, column: int | None = None) -> float | None:
        """The mean rank among the counting offers, of one product or of all."""
        return _mean(self.rank if column is None else self.rank[:, column])

    def mean_margin(self, column: int | None = None) -> float | None:
        """The mean margin in basis points, of one product or of all."""
        return _mean(self.margin if column is None else self.margin[:, column])

    def lowest_share(self) -> float | None:
        """How often we were the lowest, of the times when anybody offered the product."""
        known = self.rank != MISSING
        return float((self.rank[known] == 1).mean()) if known.any() else None


@dataclass(frozen=True, slots=True)
class Backtest:
    """Replays of one price group over one span; `lowest` is the lowest rival's price at each step."""

    group: PriceGroup
    span: Span
    skus: tuple[Sku, ...]
    names: tuple[str, ...]
    lowest: Ints
    replays: tuple[Replay, ...]

    @property
    def days(self) -> float:
        """The length of the span."""
        return max((self.span.ends - self.span.begins) / timedelta(days=1), 1.0)


def backtest(
    bench: Workbench, books: Mapping[str, RuleBook], span: Span, skus: Sequence[Sku] | None = None
) -> tuple[Backtest, ...]:
    """Replay each rule book over the span, beside what really happened; one result for each price group."""
    if not len(span):
        raise UsageError("the span ends before it begins", hint="--from must lie before --to")
    return tuple(_of_group(bench, group, books, span, skus) for group in bench.groups)


def _of_group(
    bench: Workbench, group: PriceGroup, books: Mapping[str, RuleBook], span: Span, skus: Sequence[Sku] | None
) -> Backtest:
    history = market_history(bench, group, span.begins, skus, books.values())
    products = history.now.products
    _refuse_too_much(len(products) * len(span))
    actual = _actual(bench, group, products.sku, span)
    replays = [_replay(bench, ACTUAL, bench.rulebook, history, span, lambda step, _plan: actual[step])]
    start = np.where(actual[0] == MISSING, products.current, actual[0])
    for name, book in books.items():
        replays.append(_replay(bench, name, book, history, span, _Follower(start)))
    lowest = np.array([_lowest(history.at(_seconds(at)), len(products)) for at in span.steps()])
    return Backtest(group, span, tuple(products.sku), tuple(products.name), lowest, tuple(replays))


def _refuse_too_much(cells: int) -> None:
    if cells > MOST_CELLS:
        raise UsageError(
            f"{cells:,} prices would have to be kept, at most {MOST_CELLS:,} can be",
            hint="name products with --sku, shorten the span, or decide less often with --every",
        )


# --- what really happened --------------------------------------------------------------------------------------


def _actual(bench: Workbench, group: PriceGroup, skus: Sequence[Sku], span: Span) -> Ints:
    """Our own price at each step, as the price history has it; MISSING before its first point."""
    times = np.array([_seconds(at) for at in span.steps()])
    table = np.full((len(times), len(skus)), MISSING, dtype=np.int64)
    for column, sku in enumerate(skus):
        for own in bench.store.prices.own_history(sku, group.name, since=span.begins):
            if own.gross.currency.code == group.currency:
                table[times >= _seconds(own.since), column] = own.gross.minor
    return table


# --- replaying -------------------------------------------------------------------------------------------------

Prices = Callable[[int, PlanFrame | None], Ints]


class _Follower:
    """Our prices when everything is done that the rules ask for and no breaker stops."""

    def __init__(self, start: Ints) -> None:
        self._price = start.copy()

    def __call__(self, _step: int, plan: PlanFrame | None) -> Ints:
        if plan is not None and not plan.breakers:
            self._price = np.where(plan.trail.moving, plan.trail.price, self._price)
        return self._price


class _OwnColumns:
    """What the engine wants to know of our own past, kept along the way."""

    def __init__(self, price: Ints, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._day: date | None = None
        self._lows: list[tuple[date, Ints]] = []
        self._changed_at = np.full(len(price), MISSING, dtype=np.int64)
        self._today = np.zeros(len(price), dtype=np.int64)
        self._day_start = price

    def frame(self, now: MarketFrame, offers: OfferColumns, at: datetime, price: Ints) -> MarketFrame:
        """The market at a time, with our price and what follows from its past."""
        self._turn(at.astimezone(self._zone).date(), price)
        products = replace(
            now.products,
            current=price,
            changed_at=self._changed_at,
            changes_today=self._today,
            day_start=self._day_start,
            prior=self._prior(),
            streak=None,
        )
        return replace(now, taken_at=_seconds(at), products=products, offers=offers)

    def note(self, at: datetime, changed: Bools, price: Ints) -> None:
        """Remember what changed at a time."""
        self._changed_at = np.where(changed, _seconds(at), self._changed_at)
        self._today = self._today + changed
        self._lower(price)

    def _turn(self, day: date, price: Ints) -> None:
        if day == self._day:
            return
        self._day, self._day_start = day, price
        self._today = np.zeros_like(self._today)
        self._lows = [(each, low) for each, low in self._lows if each >= day - timedelta(days=WINDOW)]
        self._lows.append((day, np.where(price == MISSING, np.iinfo(np.int64).max, price)))

    def _lower(self, price: Ints) -> None:
        day, low = self._lows[-1]
        self._lows[-1] = day, np.minimum(low, np.where(price == MISSING, np.iinfo(np.int64).max, price))

    def _prior(self) -> Ints:
        """The lowest price of the days before this one."""
        earlier = [low for day, low in self._lows if day != self._day]
        if not earlier:
            return np.full(len(self._changed_at), MISSING, dtype=np.int64)
        lowest = np.min(earlier, axis=0)
        return np.where(lowest == np.iinfo(np.int64).max, MISSING, lowest)


def _replay(bench: Workbench, name: str, book: RuleBook, history: MarketHistory, span: Span, prices: Prices) -> Replay:
    price = prices(0, None)
    own = _OwnColumns(price, history.now.timezone)
    rows: list[tuple[Ints, Ints, Ints, Bools]] = []
    trips: list[Trip] = []
    for step, at in enumerate(span.steps()):
        frame = own.frame(history.now, history.at(_seconds(at)), at, price)
        plan = decide(frame, book, bench.pricing)
        trips += [Trip(at, breaker.name, breaker.text) for breaker in plan.breakers]
        before, price = price, prices(step, plan)
        changed = (price != before) & (before != MISSING)
        own.note(at, changed, price)
        after = decide(own.frame(history.now, frame.offers, at, price), book, bench.pricing) if changed.any() else plan
        rows.append((price, after.trail.rank_before, after.trail.margin_before, changed))
        bench.progress.advance(f"backtest {name}", step + 1, len(span))
    price_, rank, margin, changed_ = (np.array(column) for column in zip(*rows, strict=True))
    return Replay(name, price_, rank, margin, changed_, () if name == ACTUAL else tuple(trips))


def _lowest(offers: OfferColumns, products: int) -> Ints:
    lowest = np.full(products, np.iinfo(np.int64).max, dtype=np.int64)
    rivals = ~offers.own if offers.alike is None else ~offers.own & ~offers.alike
    np.minimum.at(lowest, offers.product[rivals], offers.price[rivals])
    return np.where(lowest == np.iinfo(np.int64).max, MISSING, lowest)


def _mean(values: Ints) -> float | None:
    known = values[values != MISSING]
    return float(known.mean()) if len(known) else None


def _seconds(at: datetime) -> int:
    return (at.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
