"""Orders and sales from a file: one line an order line, or one line a product and day."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pricewatch.domain.errors import PricewatchError, SetAside
from pricewatch.domain.money import Currency, Money, Rounding
from pricewatch.domain.sale import Sale
from pricewatch.intake.columns import SALES
from pricewatch.intake.orders import read_orders
from pricewatch.intake.table import Row, Table, read_table
from pricewatch.intake.values import Unreadable, amount, decimal_of, flag, is_nothing, moment, number, scaled, text_of

STAGE = "sales"
MOST_UNITS = 1_000_000  # of one line
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
_RETURNS = re.compile(r"return|refund|zwrot|retoure|rückgabe|erstattung|retour|vratka|vrácen", re.IGNORECASE)
_CANCELLED = re.compile(r"cancel|anulow|storn|geannuleerd|zrušen|failed|draft|trash", re.IGNORECASE)


def read_sales(
    path: Path, *, currency: str, timezone: str, source: str, now: datetime, net: int | None = None
) -> Iterator[Sale | SetAside]:
    """Read a CSV, or orders in JSON, with SKU, date and units, and optionally price or total, order, line, channel,
    promotion, status.

    A price is what was paid for one piece, gross, or net with the VAT rate `net` in basis points; a total is for all
    pieces of the line. Times without a zone are those of `timezone`. Cancelled orders are left out, returned ones count
    below zero. Unusable rows are set aside with their line: a date before 2000 or more than a day ahead of `now`, no
    units, more than a million. Raises PricewatchError when the file cannot be read or lacks a column.
    """
    table = read_orders(path, stage=STAGE) if path.suffix.lower() == ".json" else read_table(path, SALES, stage=STAGE)
    columns = table.columns(SALES)
    for needed in ("sku", "date", "units"):
        if needed not in columns:
            hint = f"name that column {needed!r} in the first line; the file has {', '.join(table.header)}"
            raise PricewatchError(f"no column holds the {needed}", where=table.file, hint=hint)
    reader = _Reader(table, columns, Currency.of(currency), ZoneInfo(timezone), source, now, net)
    return reader.rows()


class _Reader:
    def __init__(
        self,
        table: Table,
        columns: Mapping[str, int],
        currency: Currency,
        zone: ZoneInfo,
        source: str,
        now: datetime,
        net: int | None,
    ) -> None:
        self._table, self._columns, self._currency, self._zone = table, columns, currency, zone
        self._source, self._latest, self._net = source, now + timedelta(days=1), net
        places = [columns[name] for name in ("price", "total") if name in columns]
        self._decimal = decimal_of(row.cells[place] for row in table.rows if isinstance(row, Row) for place in places)
        self._lines: Counter[str] = Counter()
        self._empty = 0

    def rows(self) -> Iterator[Sale | SetAside]:
        for row in self._table.rows:
            if isinstance(row, SetAside):
                yield row
                continue
            cells = {name: text_of(row.cells[place]) for name, place in self._columns.items()}
            try:
                sale = self._sale(cells)
            except Unreadable as error:
                yield SetAside(STAGE, cells["sku"] or row.place, str(error), row.place, error.hint)
                continue
            if sale is not None:
                yield sale
        if self._empty:
            what = f"lines in which nothing was sold: {self._empty}"
            yield SetAside(STAGE, "0 pieces", what, "", "days without a sale need no line")

    def _sale(self, cells: Mapping[str, str]) -> Sale | None:
        status = cells.get("status", "")
        if _CANCELLED.search(status):
            return None
        if not cells["sku"]:
            raise Unreadable("the SKU is missing")
        at, units = self._moment(cells["date"]), self._units(cells["units"])
        if not units:
            self._empty += 1
            return None
        if _RETURNS.search(status) and units > 0:
            units = -units
        paid = self._paid(cells, abs(units))
        return Sale(
            source=cells.get("channel", "") or self._source,
            reference=self._reference(cells, at, paid),
            sku=cells["sku"],
            sold_at=at,
            units=units,
            paid=paid,
            promotion=bool(cells.get("promotion")) and flag(cells["promotion"]),
        )

    def _reference(self, cells: Mapping[str, str], at: datetime, paid: Money | None) -> str:
        """The line's name: order and line; where there is no line number, how many such lines came before it."""
        order, line = cells.get("order", ""), cells.get("line", "")
        if order and line:
            return f"{order}/{line}"
        name = f"{order}/{cells['sku']}" if order else f"day {at:%Y-%m-%dT%H:%M}/{cells['sku']}/{paid}"
        self._lines[name] += 1
        return f"{name}#{self._lines[name]}"

    def _units(self, text: str) -> int:
        value = number(text, self._decimal)
        if value != value.to_integral_value():
            raise Unreadable(f"{text!r} is no number of pieces", "sales are counted in whole pieces")
        if abs(value) > MOST_UNITS:
            raise Unreadable(f"{text} pieces in one line are more than a shop sells")
        return int(value)

    def _paid(self, cells: Mapping[str, str], units: int) -> Money | None:
        currency = cells.get("currency", "").upper()
        if currency and currency != self._currency.code:
            raise Unreadable(
                f"is in {currency}, and the shop in {self._currency}", "import each currency's group apart"
            )
        single, total = cells.get("price", ""), cells.get("total", "")
        if not single and not total:
            return None
        try:
            value = amount(single or total, self._currency, self._decimal)
        except Unreadable:
            if is_nothing(single or total):
                return None  # given away: says nothing of demand at a price
            raise
        gross = (10_000 + self._net, 10_000) if self._net is not None else (1, 1)
        rate = gross if single else (gross[0], gross[1] * units)
        return scaled(value, self._currency, rate, Rounding.HALF_UP)

    def _moment(self, text: str) -> datetime:
        local = moment(text, self._zone)
        far = not FIRST.year <= local.year <= self._latest.year + 1  # the ends of the calendar have no other time zones
        if far or not FIRST <= local.astimezone(UTC) <= self._latest:
            raise Unreadable(f"{text[:40]} is not a time at which this shop has sold", "was the clock wrong?")
        return local.astimezone(UTC)
