"""A user's own rule files as a seller: what they would do in a market whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pricewatch.domain.errors import UsageError
from pricewatch.domain.offer import Availability, Condition, PriceRole, SiteKind
from pricewatch.located import build, read
from pricewatch.pricing.demand.model import DemandModel
from pricewatch.pricing.engine import decide
from pricewatch.pricing.frame import (
    AVAILABILITIES,
    CONDITIONS,
    MISSING,
    ROLES,
    SITE_KINDS,
    Ints,
    MarketFrame,
    OfferColumns,
    ProductColumns,
    Text,
)
from pricewatch.pricing.rules import RuleBook, compile_rulebook
from pricewatch.pricing.settings import LearningSettings, PricingSettings
from pricewatch.simulate.protocol import Floats, Make, Period, Terms
from pricewatch.simulate.shop import RIVAL, SITE, Learner

START, DAY, HOUR = 1_767_268_800, 86_400, 3_600  # the first period is Thursday, 2026-01-01, 12:00 UTC
PRIOR_DAYS = 30
STOCK = 20
CURRENCY, EXPONENT, MINOR = "PLN", 2, 100


def load_learning(file: Path) -> LearningSettings:
    """The `[pricing.learning]` of a configuration file; raises ConfigError for mistakes in it."""
    document = read(file)
    if not isinstance(document.data.get("pricing", {}), dict):
        raise UsageError("`pricing` is no table here", where=str(file), hint="write [pricing.learning]")
    return build(LearningSettings, document, ("pricing", "learning"))


def load_rules(folder: Path) -> RuleBook:
    """Compile all rule files of a folder; raises UsageError when it has none, ConfigError when one has mistakes."""
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise UsageError("there are no rule files (*.toml) here", where=str(folder), hint="name a folder with rules")
    book = compile_rulebook([read(file) for file in files])
    book.check_currency(CURRENCY, EXPONENT)
    return book


def follows(book: RuleBook, learning: LearningSettings | None = None) -> Make:
    """Make sellers whose prices a rule book decides."""
    return lambda terms, _: RuleSeller(terms, book, learning or LearningSettings())


class RuleSeller:
    """Prices by a rule book: one decision a period, which is a day of the calendar; prices are PLN without VAT.

    A product has 20 pieces in stock, the bounds of the market for floor and ceiling, and its category as `group N`.
    Rivals are shops that have it in stock, new, read an hour ago. Where a rule asks the demand model, one is trained
    every seven periods on all that was seen, as `model train` does, and used without being judged first.
    """

    def __init__(self, terms: Terms, book: RuleBook, learning: LearningSettings | None = None) -> None:
        self._terms, self._book = terms, book
        self._names = tuple(f"P{number + 1}" for number in range(len(terms)))
        self._learner = (
            Learner(self._names, terms.group_of_each(), learning or LearningSettings(), START // DAY)
            if book.reads_optimal
            else None
        )
        self._settings = PricingSettings()
        self._current = _minor(np.full(len(terms), terms.reference))
        self._changed = np.full(len(terms), MISSING)
        self._past: list[Ints] = []
        self._now = START

    @property
    def model(self) -> DemandModel | None:
        """The demand model in use; None where no rule asks one, or too little was seen."""
        return self._learner.model if self._learner is not None else None

    def observe(self, seen: Period) -> None:
        """Remember what was asked: the price in force, when it changed, and the lowest of 30 days."""
        asked = _minor(seen.prices)
        self._now += int(seen.length * DAY)
        self._changed = np.where(asked == self._current, self._changed, self._now - int(seen.length * DAY))
        self._current = asked
        self._past = [*self._past, asked][-PRIOR_DAYS:]
        if self._learner is not None:
            minor = Period(asked.astype(np.float64), seen.sales, MINOR * seen.rivals, seen.length)
            self._learner.observe(minor)

    def price(self, rivals: Floats) -> Floats:
        """What the rules decide; where they hold or keep, the price in force."""
        frame = MarketFrame(
            "simulated", CURRENCY, EXPONENT, "Europe/Warsaw", self._now, self._products(), self._offers(rivals)
        )
        if self._learner is not None:
            waiting = np.where(self._changed == MISSING, np.inf, (self._now - self._changed) / DAY)
            home = _minor(np.full(len(self._terms), self._terms.reference)).astype(np.float64)
            frame = self._learner.advised(frame, home, waiting)
        trail = decide(frame, self._book, self._settings).trail
        return np.where(trail.moving, trail.price, self._current) / MINOR

    def _products(self) -> ProductColumns:
        size, terms = len(self._terms), self._terms
        names = list(self._names)
        nothing, no = np.full(size, MISSING), np.zeros(size, dtype=bool)
        return ProductColumns(
            sku=names,
            name=names,
            current=self._current,
            cost=_minor(terms.cost),
            vat=np.zeros(size, dtype=np.int64),
            floor=np.ceil(MINOR * terms.low - 1e-9).astype(np.int64),
            ceiling=np.floor(MINOR * terms.high + 1e-9).astype(np.int64),
            rrp=nothing,
            map_price=nothing,
            stock=np.full(size, STOCK),
            kvi=no,
            frozen=no,
            changed_at=self._changed,
            changes_today=np.zeros(size, dtype=np.int64),
            day_start=self._current,
            prior=np.min(self._past, axis=0) if self._past else nothing,
            brand=_same("", size),
            category=Text.of(f"group {number + 1}" for number in terms.group),
            supplier=_same("", size),
            tags=_same("", size),
        )

    def _offers(self, rivals: Floats) -> OfferColumns:
        products, each = rivals.shape
        size = rivals.size
        nothing = np.full(size, MISSING)
        return OfferColumns(
            product=np.repeat(np.arange(products), each),
            price=_minor(rivals.ravel()),
            shipping=np.zeros(size, dtype=np.int64),
            seen_at=np.full(size, self._now - HOUR),
            factor=np.ones(size, dtype=np.int64),
            observation=np.arange(size),
            rating=nothing,
            pieces=nothing,
            availability=np.full(size, AVAILABILITIES.index(Availability.IN_STOCK), dtype=np.int8),
            condition=np.full(size, CONDITIONS.index(Condition.NEW), dtype=np.int8),
            role=np.full(size, ROLES.index(PriceRole.REGULAR), dtype=np.int8),
            kind=np.full(size, SITE_KINDS.index(SiteKind.SHOP), dtype=np.int8),
            own=np.zeros(size, dtype=bool),
            seller=Text.of(f"{RIVAL} {number + 1}" for _ in range(products) for number in range(each)),
            site=_same(SITE, size),
        )


def _minor(prices: Floats) -> Ints:
    """Prices in the smallest unit of money, halves to even."""
    return np.rint(MINOR * prices).astype(np.int64)


def _same(text: str, size: int) -> Text:
    return Text(np.zeros(size, dtype=np.int32), (text,))
