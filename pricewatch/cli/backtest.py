"""Replay rules over the stored history of the market."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from pricewatch.cli import options
from pricewatch.cli.call import Call, command
from pricewatch.cli.charts import COLOURS, RIVALS, Chart, Line, page
from pricewatch.cli.opening import opened
from pricewatch.cli.output import Column, Row
from pricewatch.cli.text import Percent, plural
from pricewatch.domain.errors import UsageError
from pricewatch.domain.money import Currency, Money

if TYPE_CHECKING:
    from pricewatch.bootstrap import App
    from pricewatch.pipeline.backtest import Backtest, Replay, Span
    from pricewatch.pricing.rules import RuleBook

LIVE = "live rules"
MOST_CHARTS = 60  # products whose prices are drawn: those that changed most

_Edited = Annotated[Path | None, options.argument("FOLDER", "Rule files to judge; the live rules when none is given.")]
_From = Annotated[
    str, options.option("--from", env=False, metavar="DATE", help="First day, shop time. [default: 30 days ago]")
]
_To = Annotated[str, options.option("--to", env=False, metavar="DATE", help="Last day, shop time. [default: now]")]
_Every = Annotated[
    str, options.option("--every", env=False, metavar="TIME", help="How often prices are decided: 6h, 30m, 1d.")
]
_OnlySkus = Annotated[
    list[str] | None, options.option("--sku", env=False, metavar="SKU", help="Only this product; may be repeated.")
]
_Html = Annotated[Path | None, options.option("--html", env=False, metavar="FILE", help="Draw the prices into a page.")]

_TOTALS = (
    Column("group"),
    Column("rules"),
    Column("changes"),
    Column("changes_a_day", "a day"),
    Column("mean_rank", "rank"),
    Column("lowest_share", "lowest"),
    Column("mean_margin", "margin"),
    Column("stopped", "runs stopped"),
)
_PRODUCTS = (
    Column("sku"),
    Column("group", rank=5),
    Column("rules"),
    Column("first", money=True),
    Column("last", money=True),
    Column("lowest_price", "low", money=True, rank=3),
    Column("highest_price", "high", money=True, rank=2),
    Column("changes"),
    Column("mean_rank", "rank"),
    Column("mean_margin", "margin", rank=1),
)
_TRIPS = (Column("at"), Column("rules"), Column("breaker"), Column("saw", below=True))


def add_to(app: typer.Typer) -> None:
    """Mount the command."""
    command(app, "backtest")(backtest)


def backtest(
    call: Call,
    edited: _Edited = None,
    *,
    begins: _From = "",
    ends: _To = "",
    every: _Every = "6h",
    skus: _OnlySkus = None,
    html: _Html = None,
    limit: options.RowLimit = 40,
) -> int:
    """Replay rules over the market as it was, beside what really happened: prices, ranks, margins, changes a day.

    Rivals do what they did; our costs, floors and stock are those of today. Nothing is saved.
    """
    from pricewatch.pipeline.backtest import backtest as use_case

    with opened(call) as app:
        results = use_case(app.bench, _books(app, edited), _span(app, begins, ends, every), skus)
    call.out.table("replay", _TOTALS, [_total(each, replay) for each in results for replay in each.replays])
    products = [row for each in results for row in _products(each)]
    call.out.table("product", _PRODUCTS, products, title="Products", aside=True, limit=limit, more="add --limit")
    trips = [
        (trip.at, replay.name, trip.name, trip.text)
        for each in results
        for replay in each.replays
        for trip in replay.trips
    ]
    if trips:
        call.out.table("breaker", _TRIPS, trips, title="Would have been stopped", aside=True, limit=limit)
    if html is not None:
        html.write_text(_drawn(results), "utf-8")
    steps = len(results[0].span) if results else 0
    text = f"{plural(len(results[0].skus) if results else 0, 'product')} at {plural(steps, 'time')}"
    step = f"open {html}" if html else "add --html FILE to see the prices"
    return call.finish(text, next_step=step, products=len(products), steps=steps, stopped=len(trips))


def _books(app: App, edited: Path | None) -> dict[str, RuleBook]:
    from pricewatch.config import read_rules

    books = {LIVE: app.bench.rulebook}
    return books if edited is None else books | {str(edited): read_rules(edited, app.config)}


def _span(app: App, begins: str, ends: str, every: str) -> Span:
    from pricewatch.pipeline.backtest import Span
    from pricewatch.pricing.values import parse_duration

    zone, now = ZoneInfo(app.bench.groups[0].timezone), app.bench.clock.now()
    last = _moment(ends, "--to", zone, time.max) if ends else now
    first = _moment(begins, "--from", zone, time.min) if begins else last - timedelta(days=30)
    try:
        step = timedelta(seconds=parse_duration(every))
    except ValueError as error:
        raise UsageError(f"--every: {error}", hint="write it as 6h, 30m or 1d") from None
    return Span(first, min(last, now), step)


def _moment(text: str, name: str, zone: ZoneInfo, default: time) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{name}: {text!r} is no date", hint="write it as 2026-11-30") from None
    if len(text.strip()) <= len("2026-11-30"):
        found = datetime.combine(found.date(), default)
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _total(found: Backtest, replay: Replay) -> Row:
    share = replay.lowest_share()
    return (
        found.group.name, replay.name, replay.changes(), round(replay.changes() / found.days, 1),
        _round(replay.mean_rank()),
        None if share is None else Percent(round(share * 10_000)), _percent(replay.mean_margin()),
        len({trip.at for trip in replay.trips}),
    )  # fmt: skip


def _products(found: Backtest) -> list[Row]:
    order = sorted(range(len(found.skus)), key=lambda column: -_movement(found, column))
    return [_product(found, replay, column) for column in order for replay in found.replays]


def _movement(found: Backtest, column: int) -> int:
    return max(int(replay.changed[:, column].sum()) for replay in found.replays)


def _product(found: Backtest, replay: Replay, column: int) -> Row:
    prices = [price for price in replay.price[:, column].tolist() if price > 0]
    ends = (prices[0], prices[-1], min(prices), max(prices)) if prices else (None,) * 4
    currency = Currency.of(found.group.currency)
    amounts = (None if price is None else Money(price, currency) for price in ends)
    return (
        found.skus[column], found.group.name, replay.name, *amounts,
        int(replay.changed[:, column].sum()), _round(replay.mean_rank(column)), _percent(replay.mean_margin(column)),
    )  # fmt: skip


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _percent(basis_points: float | None) -> Percent | None:
    return None if basis_points is None else Percent(round(basis_points))


# --- drawing ---------------------------------------------------------------------------------------------------


def _drawn(results: tuple[Backtest, ...]) -> str:
    rows = [[_cell(cell) for cell in _total(each, replay)] for each in results for replay in each.replays]
    charts = [chart for each in results for chart in _charts(each)]
    lead = "Rivals do what they did; our costs, floors and stock are those of today."
    return page("Backtest", lead, [column.heading for column in _TOTALS], rows, charts)


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _charts(found: Backtest) -> list[Chart]:
    order = sorted(range(len(found.skus)), key=lambda column: -_movement(found, column))[:MOST_CHARTS]
    first, last = (f"{at:%Y-%m-%d %H:%M}" for at in (found.span.begins, found.span.ends))
    scale = 10 ** Currency.of(found.group.currency).exponent
    charts = []
    for column in order:
        lines = [Line("lowest rival", _values(found.lowest[:, column].tolist(), scale), RIVALS)]
        for replay, colour in zip(found.replays, COLOURS, strict=False):
            lines.append(Line(replay.name, _values(replay.price[:, column].tolist(), scale), colour))
        title = f"{found.skus[column]} {found.names[column]} ({found.group.currency})"
        charts.append(Chart(title, lines, first, last))
    return charts


def _values(minors: list[int], scale: int) -> list[float | None]:
    return [minor / scale if minor > 0 else None for minor in minors]
