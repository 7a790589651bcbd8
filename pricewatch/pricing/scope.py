"""What conditions read: catalogue and market fields of one shard as columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from pricewatch.pricing.columns import per_text, read_number
from pricewatch.pricing.exact import AMOUNT_LIMIT, ONE, half_up, known, margin_of, net_of, only, positive
from pricewatch.pricing.fields import CUSTOM
from pricewatch.pricing.frame import MISSING, Bools, Codes, Ints, MarketFrame, Text
from pricewatch.pricing.landscape import Survey
from pricewatch.pricing.shards import Shard

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 86_400
_MONEY = {"floor", "ceiling", "rrp", "optimal", "announced", "began", "regular"}
_MARKET_MONEY = {"lowest", "median", "average", "highest", "buy_box"}
SOLD_COLUMN = "sold_28_days"  # of the catalogue, where nothing else knows what was sold
SOLD_DAYS = 28
NEVER_SOLD = 9_999  # days of stock where nothing is sold


@dataclass(frozen=True)
class Fields:
    """The scope of conditions for one shard; market fields read `survey`, which is None for catalogue conditions.
    `own` is what stands for our price in force, where it is not that price.
    """

    shard: Shard
    now: datetime
    survey: Survey | None = None
    own: Ints | None = None
    _columns: dict[str, Ints] = field(default_factory=dict)

    @classmethod
    def of(cls, shard: Shard) -> Fields:
        return cls(shard, local_time(shard.frame))

    def seeing(self, survey: Survey, own: Ints | None = None) -> Fields:
        """The same products with a landscape, and with other prices of ours."""
        return Fields(self.shard, self.now, survey, own)

    def __len__(self) -> int:
        return len(self.shard)

    @property
    def exponent(self) -> int:
        return self.shard.frame.exponent

    @property
    def today(self) -> date:
        return self.now.date()

    @cached_property
    def current(self) -> Ints:
        return _amount(self.shard.product("current") if self.own is None else self.own)

    @cached_property
    def lowest_before(self) -> Ints:
        """The lowest price of the 30 days before today, our own promotional ones among them."""
        return _amount(self.shard.product("prior"))

    @cached_property
    def cost(self) -> Ints:
        return _amount(self.shard.product("cost"))

    @cached_property
    def vat(self) -> Ints:
        vat = self.shard.product("vat")
        return only((vat >= 0) & (vat <= ONE), vat)

    def number(self, name: str) -> Ints:
        """An amount in minor units, a percentage in basis points or a number in ten-thousandths, for each row."""
        if name not in self._columns:
            self._columns[name] = self._number(name)
        return self._columns[name]

    def _number(self, name: str) -> Ints:
        if name in _MONEY:
            return _amount(self.shard.product(name))
        if name == "map":
            return _amount(self.shard.product("map_price"))
        if name in _MARKET_MONEY:
            column: Ints = getattr(self.market(), name)
            return column
        return _COMPUTED[name](self)

    def market(self) -> Survey:
        """The landscape that market fields read."""
        assert self.survey is not None, "market fields are only compiled into rules"
        return self.survey

    def text(self, name: str) -> Text:
        if name.startswith(CUSTOM):
            column = self.shard.custom(name.removeprefix(CUSTOM))
            return self._constant("") if column is None else column
        constants = {
            "group": self.shard.frame.group,
            "currency": self.shard.frame.currency,
            "date": self.today.isoformat(),
            "weekday": WEEKDAYS[self.now.weekday()],
        }
        return self._constant(constants[name]) if name in constants else self.shard.product_text(name)

    def _constant(self, value: str) -> Text:
        codes: Codes = np.zeros(len(self), dtype=np.int32)
        return Text(codes, (value,))

    @cached_property
    def sold(self) -> Ints:
        """Pieces sold in the last 28 days: as the frame has it, else as a column of the catalogue says."""
        if self.shard.frame.products.sold is not None:
            sold: Ints = self.shard.product("sold")
        else:
            column = self.shard.custom(SOLD_COLUMN)
            sold = np.full(len(self), MISSING) if column is None else per_text(column, _whole)
        return only((sold >= 0) & (sold < 2**40), sold)

    def flag(self, name: str) -> Bools:
        if name == "on_promotion":
            return np.asarray(self.shard.product("announced") > 0)
        column: Bools = self.shard.product(name)
        return column


def local_time(frame: MarketFrame) -> datetime:
    """The frame's instant in the group's business time zone."""
    return datetime.fromtimestamp(frame.taken_at, UTC).astimezone(ZoneInfo(frame.timezone))


def _amount(column: Ints) -> Ints:
    """Amounts that can be meant; zero, negative and absurd ones are unknown."""
    return only((column > 0) & (column <= AMOUNT_LIMIT), column)


def _fixed(column: Ints) -> Ints:
    """Whole numbers as ten-thousandths."""
    usable = known(column) & (np.abs(column) < 2**40)
    return only(usable, np.where(usable, column, 0) * ONE)


def _whole(text: str) -> int:
    number = read_number(text)
    return number // ONE if number != MISSING and number % ONE == 0 else MISSING


def _velocity(fields: Fields) -> Ints:
    usable = known(fields.sold)
    return only(usable, half_up(np.where(usable, fields.sold, 0) * ONE, SOLD_DAYS))


def _days_of_stock(fields: Fields) -> Ints:
    """Stock divided by velocity, with four decimals, halves up; at most NEVER_SOLD."""
    stock = fields.shard.product("stock")
    usable = known(stock, fields.sold) & (stock >= 0) & (stock < 2**36)
    stock, sold = np.where(usable, stock, 0), np.where(usable, fields.sold, 0)
    days = np.where(sold > 0, half_up(stock * SOLD_DAYS * ONE, np.maximum(sold, 1)), NEVER_SOLD * ONE)
    return only(usable, np.where(stock == 0, 0, np.minimum(days, NEVER_SOLD * ONE)))


def _share(part: Ints, whole: Ints) -> Ints:
    usable = known(part, whole) & (whole > 0)
    return only(usable, half_up(np.where(usable, part, 0) * ONE, np.where(usable, whole, 1)))


def _prior(fields: Fields) -> Ints:
    """A running reduction has that of its start, of the first of its steps: the days before today are its own."""
    running, began = fields.number("announced"), fields.number("began")
    return np.where(known(running), np.where(known(began), began, running), fields.lowest_before)


def _profit(fields: Fields) -> Ints:
    net = net_of(fields.current, fields.vat)
    usable = known(net, fields.cost)
    return only(usable, np.where(usable, net, 0) - np.where(usable, fields.cost, 0))


def _days_unchanged(fields: Fields) -> Ints:
    changed = fields.shard.product("changed_at")
    usable = known(changed)
    return _fixed(only(usable, (fields.shard.frame.taken_at - np.where(usable, changed, 0)) // _DAY))


def _gap(fields: Fields) -> Ints:
    lowest = fields.number("lowest")
    usable = known(fields.current, lowest)
    return _share(only(usable, np.where(usable, fields.current, 0) - np.where(usable, lowest, 0)), positive(lowest))


def _same(fields: Fields, value: int) -> Ints:
    return np.full(len(fields), value * ONE, dtype=np.int64)


_COMPUTED: dict[str, Callable[[Fields], Ints]] = {
    "current": lambda fields: fields.current,
    "cost": lambda fields: fields.cost,
    "vat": lambda fields: fields.vat,
    "stock": lambda fields: _fixed(fields.shard.product("stock")),
    "changes_today": lambda fields: _fixed(fields.shard.product("changes_today")),
    "days_unchanged": _days_unchanged,
    "prior": _prior,
    "profit": _profit,
    "margin": lambda fields: margin_of(fields.current, fields.vat, fields.cost),
    "markup": lambda fields: _share(_profit(fields), fields.cost),
    "hour": lambda fields: _same(fields, fields.now.hour),
    "month": lambda fields: _same(fields, fields.now.month),
    "day": lambda fields: _same(fields, fields.now.day),
    "velocity": _velocity,
    "days_of_stock": _days_of_stock,
    "streak": lambda fields: _fixed(fields.shard.product("streak")),
    "trend": lambda fields: fields.market().trend,
    "offers": lambda fields: _fixed(fields.market().offers),
    "second_lowest": lambda fields: only(fields.market().offers > 1, fields.market().nth(2)),
    "rank": lambda fields: _fixed(fields.market().rank(fields.current)),
    "gap": _gap,
}
