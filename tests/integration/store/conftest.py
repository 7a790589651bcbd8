"""Short words for what the store's tests set up again and again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import text

from pricewatch.domain.decision import Announcement, Decision, DecisionStatus, Outcome, PriceEntry, PriceList, Proposal
from pricewatch.domain.decision import Plan as SavedPlan
from pricewatch.domain.listing import Desired
from pricewatch.domain.match import Match, MatchKind, MatchStatus
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.domain.offer import Availability, Evidence, Item, ItemKey, Observation, Offer, Verdict
from pricewatch.domain.product import PriceGroup, Product
from pricewatch.ports import SaveCount, Sighting, Target
from pricewatch.pricing.frame import MarketFrame
from pricewatch.store.sql import SqlStore
from pricewatch.testing import FixedClock

GROUP = PriceGroup("default", "PL", "PLN", "Europe/Warsaw")
VAT = TaxRate(2300)
PAGE = Target("shop", "https://shop.example/p/1")


def pln(amount: str) -> Money:
    return Money.parse(amount, "PLN")


class Given:
    """A shop with its database; every method does one thing that a use case would do."""

    group = GROUP

    def __init__(self, store: SqlStore, clock: FixedClock) -> None:
        self.store = store
        self.clock = clock

    def product(self, sku: str = "A", price: str | None = "100.00", **known: object) -> Product:
        made = Product(sku, f"Thing {sku}", VAT, price=None if price is None else pln(price), floor=pln("1.00"))
        made = replace(made, **known)
        self.store.catalogue.save([made], at=self.clock.now(), group=GROUP)
        return made

    def set_revision(self, revision: str) -> None:
        """Pretend that another pricewatch made the tables."""
        with self.store.database.bare() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})

    def observation(
        self, price: str | None = "90.00", *, seller: str = "bob", item: str = "1", **known: object
    ) -> Observation:
        key = ItemKey("shop", item)
        amount = None if price is None else pln(price)
        offer = Offer(Item(key, url=PAGE.url, title="Thing"), seller, amount, availability=Availability.IN_STOCK)
        quarantine, page_hash = str(known.pop("quarantine", "")), str(known.pop("page_hash", "hash"))
        return Observation(
            replace(offer, **known), self.clock.now(), Evidence(page_hash, "jsonld"), PAGE.url, quarantine=quarantine
        )

    def sees(
        self, *observations: Observation, target: Target = PAGE, verdict: Verdict = Verdict.PRODUCT, **known: object
    ) -> SaveCount:
        return self.store.sightings.save(1, [Sighting(target, verdict, observations, **known)])

    def accepted(self, sku: str = "A", item: str = "1", **known: object) -> Match:
        match = Match(sku, ItemKey("shop", item), MatchStatus.ACCEPTED, decided_by="anna", probability=10_000)
        match = replace(match, **known)
        self.store.matches.save([match])
        return match

    def pack(self, sku: str, item: str, factor: int) -> Match:
        return self.accepted(sku, item, kind=MatchKind.PACK, factor=factor)

    def market(self, at: datetime | None = None, **known: object) -> MarketFrame:
        return self.store.plans.market(GROUP, at=at or self.clock.now(), **known)

    def proposal(self, sku: str = "A", price: str = "95.00", **known: object) -> Proposal:
        made = Proposal(sku, "default", Outcome.CUT, pln("100.00"), pln(price), pln("1.00"), None, ())
        return replace(made, **known)

    def plan(self, proposals: Iterable[Proposal], status: DecisionStatus = DecisionStatus.APPROVED) -> SavedPlan:
        return self.store.plans.save(
            at=self.clock.now(),
            rules_hash="rules",
            proposals=[(proposal, status) for proposal in proposals],
            breakers=[],
            set_aside=[],
        )

    def decisions(self, number: int) -> Sequence[Decision]:
        return self.store.plans.decisions(number)

    def entry(self, sku: str = "A", price: str = "95.00", **known: object) -> PriceEntry:
        entry = PriceEntry(0, sku, "default", pln(price), VAT, pln("1.00"), None, 1, "rule", "band", self.clock.now())
        return replace(entry, **known)

    def desired(self, sku: str = "A", price: str = "95.00", channel: str = "web", **known: object) -> Desired:
        made = Desired(channel, f"remote-{sku}", sku, 0, pln(price), VAT, pln("1.00"), None)
        return replace(made, **known)

    def priced(self, price: str, sku: str = "A", *, announced_from: str | None = None) -> PriceList:
        """Decide and apply a price now, on one channel."""
        plan = self.plan([self.proposal(sku, price)])
        announcement = Announcement(pln(announced_from), self.clock.now(), None) if announced_from else None
        version = self.store.prices.append(
            plan=plan.number,
            at=self.clock.now(),
            entries=[self.entry(sku, price, plan=plan.number, announcement=announcement)],
            desired=[self.desired(sku, price)],
        )
        return replace(version, entries=self.store.prices.version(version.version).entries)


@pytest.fixture
def given(store: SqlStore, clock: FixedClock) -> Given:
    return Given(store, clock)


@pytest.fixture
def given_sqlite(sqlite_store: SqlStore, clock: FixedClock) -> Given:
    return Given(sqlite_store, clock)


@pytest.fixture
def eur() -> Currency:
    return Currency.of("EUR")
