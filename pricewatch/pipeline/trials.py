"""What tests of prices ask for in this week."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from pricewatch.domain.experiment import Experiment, ExperimentStatus, Lot
from pricewatch.pipeline.workbench import Workbench
from pricewatch.pricing.frame import MISSING, Ints, MarketFrame, Text
from pricewatch.pricing.values import percent_text

_BACK = timedelta(days=14)  # so long a test that is over asks for the usual price


def with_trials(bench: Workbench, frame: MarketFrame) -> MarketFrame:
    """The market with the price of this week of every test of its group; after a test, its usual price until the
    price has changed again.
    """
    at = datetime.fromtimestamp(frame.taken_at, UTC)
    asking = [test for test in bench.store.learning.tests(frame.group) if _asks(test, at)]
    if not asking:
        return frame
    place = {sku: row for row, sku in enumerate(frame.products.sku)}
    asked, words = np.full(len(place), MISSING), dict[int, str]()
    for test in asking:
        for lot in bench.store.learning.lots(test.number):
            row = place.get(lot.sku)
            if row is not None and (found := _asked(test, lot, frame, row, at)):
                asked[row], words[row] = found
    return _marked(frame, asked, words)


def _asks(test: Experiment, at: datetime) -> bool:
    if test.status is ExperimentStatus.RUNNING:
        return test.week(at) >= 0
    over = test.begins is not None and test.ended_at is not None and test.begins < test.ended_at
    return over and test.ended_at is not None and at - test.ended_at < _BACK


def at_work(bench: Workbench, group: str, since: datetime, now: datetime) -> str:
    """Which test may move prices otherwise than it did in a plan of `since`, in words; empty where none does."""
    for test in bench.store.learning.tests(group):
        if test.status is ExperimentStatus.RUNNING:
            return f"price test {test.number} is running"
        ended = test.ended_at is not None and test.ended_at >= since
        if _asks(test, since) and (ended or not _asks(test, now)):
            return f"price test {test.number} has ended"
    return ""


def _asked(test: Experiment, lot: Lot, frame: MarketFrame, row: int, at: datetime) -> tuple[int, str] | None:
    week = test.week(at)
    if test.status is not ExperimentStatus.RUNNING or week >= test.weeks:
        return _back(test, lot, frame, row)
    way = lot.way(week)
    words = f"price test {test.number}, week {week + 1} of {test.weeks}, by lot: "
    if not way:
        return lot.base, words + "its usual price"
    return price_of(
        lot, test, way
    ), words + f"{percent_text(test.step)} {'above' if way > 0 else 'below'} its usual price"


def price_of(lot: Lot, test: Experiment, way: int) -> int:
    """What a lot asks in minor units, before endings and limits."""
    return round(lot.base * (1.0 + way * test.share))


def _back(test: Experiment, lot: Lot, frame: MarketFrame, row: int) -> tuple[int, str] | None:
    """The usual price, where nothing has moved the price since the test ended."""
    changed, ended = int(frame.products.changed_at[row]), test.ended_at or test.ends
    if ended is None or int(frame.products.current[row]) == lot.base or changed > ended.timestamp():
        return None
    return lot.base, f"price test {test.number} is over: back to the usual price"


def _marked(frame: MarketFrame, asked: Ints, words: dict[int, str]) -> MarketFrame:
    products = frame.products
    why = products.optimal_why
    told = [words.get(row) or (why[row] if why is not None else "") for row in range(len(products))]
    return replace(frame, products=replace(products, trial=asked, optimal_why=Text.of(told)))


def on_trial(bench: Workbench, group: str) -> Iterator[tuple[Experiment, Lot]]:
    """Every lot of the tests that run in a price group."""
    for test in bench.store.learning.tests(group):
        if test.status is ExperimentStatus.RUNNING:
            for lot in bench.store.learning.lots(test.number):
                yield test, lot
