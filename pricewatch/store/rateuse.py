"""Exchange rates as one market uses them: which, how old, and what they were the day before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from pricewatch.domain.money import Currency, Rounding
from pricewatch.domain.product import ExchangeRate
from pricewatch.pricing.exchange import Factor, Route, in_currency, micros, routes_to
from pricewatch.pricing.frame import Ints, RateUse, Text
from pricewatch.store.catalogue import rates_by_place


@dataclass(slots=True)
class Rates:
    """The ways from every currency to one, of which `asked` were needed; rates of a day before `since` are stale."""

    currency: str
    newest: tuple[ExchangeRate, ...]
    previous: tuple[ExchangeRate, ...]
    since: str
    routes: Mapping[str, Route]
    factors: Mapping[str, Factor]
    asked: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, connection: Connection, currency: str, since: str) -> Rates:
        """The newest rate of every pair, and the one before it."""
        newest, previous = (rates_by_place(connection, place) for place in (1, 2))
        routes = routes_to(currency, newest, since)
        factors = {other: route.factor for other, route in routes.items()} | {currency: Factor(1, 1)}
        return cls(currency, newest, previous, since, routes, factors)

    def convert(
        self, amounts: Ints, currencies: Sequence[str | None] | Text, rounding: Rounding = Rounding.HALF_UP
    ) -> Ints:
        """Convert a column of mixed currencies; an amount without a usable rate becomes MISSING."""
        coded = currencies if isinstance(currencies, Text) else Text.of(code or "" for code in currencies)
        self.asked.update(code for code in coded.values if code and code != self.currency)
        return in_currency(amounts, coded, self.factors, rounding)

    def used(self) -> tuple[RateUse, ...]:
        """The rates that amounts were converted by."""
        older = {(rate.base, rate.quote) for rate in self.previous}
        mixed = [*self.previous, *(rate for rate in self.newest if (rate.base, rate.quote) not in older)]
        before = routes_to(self.currency, mixed)
        return tuple(self._use(code, before) for code in sorted(self.asked) if code in self.routes)

    def _use(self, code: str, before: Mapping[str, Route]) -> RateUse:
        route, source, goal = self.routes[code], Currency.of(code), Currency.of(self.currency)
        earlier = before.get(code)
        return RateUse(
            currency=code,
            micros=micros(route.factor, source, goal),
            day=route.day,
            source=route.source,
            previous_micros=None if earlier is None else micros(earlier.factor, source, goal),
        )

    def stale(self) -> tuple[str, ...]:
        """The currencies that were needed and have only rates that are too old."""
        known = routes_to(self.currency, self.newest)
        return tuple(code for code in sorted(self.asked) if code in known and code not in self.routes)
