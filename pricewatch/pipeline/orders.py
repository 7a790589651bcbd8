"""Whether the first products of a version sell as they did: far too few orders, or far too many, are a mistake."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from pricewatch.domain.errors import ChannelError, SetAside
from pricewatch.domain.product import Sku
from pricewatch.pipeline.sales import import_sales
from pricewatch.pipeline.settings import ReleaseSettings
from pricewatch.pipeline.stage import StageLog
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import SalesSource

WEEKS, WEEK = 4, timedelta(weeks=1)
FRESH = timedelta(minutes=1)  # how old a reading of a shop's orders may be while nothing is due
UNKNOWN = "no orders are known since then to compare with the weeks before; `pricewatch sales import` takes them in"


@dataclass(frozen=True, slots=True)
class OrderRate:
    """Orders that were seen since a time, and as many as would have been expected; None = nobody knows."""

    seen: int
    expected: Fraction | None

    def wrong(self, settings: ReleaseSettings) -> str:
        """Why the rest must not follow; empty = nothing speaks against it, as far as is known."""
        if self.expected is None:
            return ""
        words = f"{self.seen} orders of its first products where about {round(self.expected)} were to be expected"
        least = settings.orders_least
        if self.expected >= least and self.seen * 100 < settings.orders_low * self.expected:
            return f"orders collapsed: {words}, less than {settings.orders_low} %"
        high = settings.orders_high
        if high and self.seen >= least and self.seen * 100 > high * self.expected:
            return f"orders exploded: {words}, more than {high} %"
        return ""


async def read_orders(bench: Workbench, since: datetime, due: datetime | None, log: StageLog) -> None:
    """Take in what was ordered in connected shops since then, as often as it may have changed what is known."""
    now, known = bench.clock.now(), known_until(bench)
    needed = max(now - FRESH, due) if due is not None and due <= now else now - FRESH
    for name, channel in bench.channels.items():
        if not (isinstance(channel, SalesSource) and channel.capabilities.sales) or known.get(name, since) > needed:
            continue
        try:
            rows = [row async for row in channel.sales(since)]
        except ChannelError as error:
            log.put_aside(SetAside("publish", name, f"orders: {error.message}", where=name, hint=error.hint))
        else:
            import_sales(bench, rows, source=name)


def order_rate(bench: Workbench, skus: Collection[Sku], since: datetime) -> OrderRate:
    """Orders of these products since a time, as far as each source is known, and the mean of the same times of the
    weeks before.
    """
    known, first = known_until(bench), {each.source: each.first for each in bench.store.sales.summary()}
    seen, expected, sources = 0, Fraction(0), 0
    for source, until in known.items():
        weeks = [
            week * WEEK for week in range(1, WEEKS + 1) if source in first and first[source] <= since - week * WEEK
        ]
        if until <= since or not weeks:
            continue
        before = [bench.store.sales.orders(source, skus, since - ago, until - ago) for ago in weeks]
        seen += bench.store.sales.orders(source, skus, since, until)
        expected += Fraction(sum(before), len(weeks))
        sources += 1
    return OrderRate(seen, expected if sources else None)


def known_until(bench: Workbench) -> Mapping[str, datetime]:
    """Up to when the orders of each source are known: its newest order, or the last reading of a connected shop."""
    until = {each.source: each.last for each in bench.store.sales.summary()}
    for run in bench.store.runs.recent(stage="sales", limit=100):
        if run.detail in bench.channels and run.status in {"ok", "partly"}:
            until[run.detail] = max(run.started_at, until.get(run.detail, run.started_at))
    return until
