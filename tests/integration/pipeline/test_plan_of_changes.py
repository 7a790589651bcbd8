"""A plan of what changed ends where a plan of everything would have ended."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from types import MappingProxyType

import pytest

from pricewatch.bootstrap import Silence
from pricewatch.domain.decision import Proposal
from pricewatch.domain.errors import BreakerTripped, NotApproved
from pricewatch.domain.match import Match, MatchKind, MatchStatus
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.offer import (
    Availability,
    Condition,
    Evidence,
    Item,
    ItemKey,
    Observation,
    Offer,
    SiteKind,
    Verdict,
)
from pricewatch.domain.product import ExchangeRate, PriceGroup, Product
from pricewatch.domain.sale import Sale
from pricewatch.located import parse
from pricewatch.matching.settings import MatchingSettings
from pricewatch.pipeline.plan import approve, plan, reset_breakers
from pricewatch.pipeline.publish import publish
from pricewatch.pipeline.settings import PublishingSettings
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import Freeze, Sighting, SiteInfo, Target
from pricewatch.pricing.rules import compile_rulebook
from pricewatch.pricing.settings import BreakerSettings, PricingSettings
from pricewatch.store import DatabaseSettings, open_store
from pricewatch.testing import FixedClock

from .conftest import Nobody, Rivals, zloty

GROUPS = (
    PriceGroup("default", "PL", "PLN", "Europe/Warsaw"),
    PriceGroup("cz", "CZ", "CZK", "Europe/Prague", ((2_300, 2_100),)),
)
SHOPS = ("alfa", "beta", "gamma")
SIZE = 20
ALL = "100%"
NEVER = BreakerSettings(
    max_changed=ALL, max_average_move=ALL, collapse=ALL, missing_inputs=ALL, max_loops=ALL, max_at_risk="300000000"
)
SELDOM = NEVER.model_copy(update={"max_changed": 3_000, "missing_inputs": 1_500})
BOOKS = {
    "the lowest, slowly": """
[landscape]
max_age = "20h"
[[guardrails]]
min_margin = "5%"
max_raise_day = "20%"
dwell = "3h"
max_changes_a_day = 2
[[rule]]
name = "slow movers"
when = "velocity > 0.1 and stock > 3"
target = "lowest"
adjust = "-2%"
[[rule]]
name = "rest"
target = { kind = "nth_lowest", n = 2 }
""",
    "the clock": """
[[guardrails]]
min_margin = "3%"
quiet_hours = "22:00-06:00"
[[rule]]
name = "old prices"
when = "days_unchanged >= 1"
target = "lowest"
[[rule]]
name = "in the evening"
when = "hour >= 17"
target = "median"
[[rule]]
name = "in a row"
when = "streak <= -1"
target = "highest"
[[rule]]
name = "from noon"
starts = 2026-11-24T12:00:00
target = "highest"
[[rule]]
name = "rest"
target = "median"
adjust = "-0.05"
""",
    "families": """
[[guardrails]]
min_margin = "2%"
[[parity]]
name = "colours"
family = "custom.model"
[[rule]]
name = "rest"
target = "lowest"
""",
}


class Shop:
    """A market that changes at random, and two databases: one planned by changes, and copies planned as a whole."""

    def __init__(self, folder, seed: int, rules: str) -> None:
        self.random, self.folder, self.copies = Random(seed), folder, 0
        self.clock = FixedClock(datetime(2026, 11, 23, 7, 30, tzinfo=UTC))
        self.limits = NEVER if seed % 3 else SELDOM
        self.bench = self._bench(folder, rules)
        self.known: dict[tuple[str, str], Proposal] = {}
        self.products: dict[str, Product] = {}
        self.offers: dict[str, dict[str, Offer]] = {}
        for number in range(SIZE):
            self._new_product(number)
        self.bench.store.catalogue.save_rates([ExchangeRate("EUR", "PLN", 4_300_000, "2026-11-20", "test"),
                                               ExchangeRate("CZK", "PLN", 172_000, "2026-11-20", "test")])  # fmt: skip

    def _bench(self, folder, rules: str) -> Workbench:
        store = open_store(DatabaseSettings(), folder=folder, clock=self.clock)
        store.upgrade()
        return Workbench(
            store=store, clock=self.clock, groups=GROUPS, crawler=Rivals(self.clock), channels={}, channel_groups={},
            sites=MappingProxyType({name: SiteInfo(name, SiteKind.SHOP, enabled=True) for name in SHOPS}),
            rulebook=compile_rulebook([parse(rules, "rules/test.toml")]), matching=MatchingSettings(),
            pricing=PricingSettings(breakers=self.limits, changes_up_to=ALL), publishing=PublishingSettings(),
            notifier=Nobody(), progress=Silence(),
        )  # fmt: skip

    # --- what happens

    def _new_product(self, number: int) -> None:
        price = self.random.randint(5_000, 15_000)
        cost = None if self.random.random() < 0.1 else Money(price * 6 // 10, zloty("1.00").currency)
        self.products[f"S-{number}"] = Product(
            f"S-{number}", f"Thing {number}", TaxRate(2300), price=Money(price, zloty("1.00").currency), cost=cost,
            stock=self.random.randint(0, 9), custom={"model": f"m{number // 3}"},
        )  # fmt: skip
        self._save()
        for shop in SHOPS[: self.random.randint(0, 3)]:
            self._page(f"S-{number}", shop)
            key = ItemKey(shop, f"S-{number}")
            self.bench.store.matches.save([Match(f"S-{number}", key, MatchStatus.ACCEPTED)])

    def _save(self) -> None:
        self.bench.store.catalogue.save(list(self.products.values()), at=self.clock.now(), group=GROUPS[0])

    def _page(self, sku: str, shop: str, *, factor: float = 1.0, again: bool = False) -> None:
        url = f"https://{shop}.example/{sku}"
        item = Item(ItemKey(shop, sku), url, title=sku)
        ours = self.products[sku].price.minor
        shown = self.offers.setdefault(url, {})
        if not again or not shown:
            for seller in self.random.sample(("one", "two", "three", "four"), self.random.randint(1, 3)):
                price = Money(max(int(ours * self.random.uniform(0.75, 1.2) * factor), 1), zloty("1.00").currency)
                if self.random.random() < 0.2:
                    price = Money.parse(f"{max(price.minor // 430, 1)}.00", "EUR")
                stock = self.random.choice((Availability.IN_STOCK,) * 4 + (Availability.OUT_OF_STOCK,))
                shown[seller] = Offer(item, seller, price, url=url, availability=stock, condition=Condition.NEW,
                                      shipping=zloty("0.00"))  # fmt: skip
            if self.random.random() < 0.3:
                shown.pop(self.random.choice(list(shown)))
        now = self.clock.now()
        seen = tuple(Observation(each, now, Evidence("0" * 64, "json-ld"), target=url) for each in shown.values())
        target = Target(shop, url, seen_at=now, verdict=Verdict.PRODUCT)
        self.bench.store.sightings.save(1, [Sighting(target, Verdict.PRODUCT, seen)])

    def happens(self) -> None:
        """One of the things that happen to a shop."""
        read, catalogue, people = self._read, self._catalogue, self._people
        self.random.choice((read, read, catalogue, people, self._sells))(self.random.choice(list(self.products)))
        self.clock.advance(hours=self.random.choice((0, 0, 0, 0.1, 0.1, 1)))

    def _read(self, sku: str) -> None:
        """A page shows other prices, absurd ones, or the same once more; its item may be other products, too."""
        shop, other = self.random.choice(SHOPS), self.random.choice(list(self.products))
        factor = self.random.choice((1.0, 1.0, 1.0, 0.1, 0.3, 10.0))
        self._page(sku, shop, factor=factor, again=self.random.random() < 0.3)
        if self.random.random() < 0.3:
            kind, size = self.random.choice(((MatchKind.EXACT, 1), (MatchKind.PACK, 2), (MatchKind.EQUIVALENT, 1)))
            status = self.random.choice((MatchStatus.ACCEPTED, MatchStatus.REJECTED))
            self.bench.store.matches.save([Match(other, ItemKey(shop, sku), status, kind=kind, factor=size)])

    def _catalogue(self, sku: str) -> None:
        match self.random.randrange(4):
            case 0:
                cost = Money(self.random.randint(3_000, 9_000), zloty("1.00").currency)
                self.products[sku] = replace(self.products[sku], cost=self.random.choice((cost, cost, None)))
                self._save()
            case 1:
                self.bench.store.catalogue.set_stock({sku: self.random.randint(0, 9)}, at=self.clock.now())
            case 2:
                self._new_product(len(self.products))
            case 3:
                self.bench.store.catalogue.withdraw([sku], at=self.clock.now())

    def _people(self, sku: str) -> None:
        store = self.bench.store
        match self.random.randrange(3):
            case 0:
                until = self.random.choice((None, self.clock.now() + timedelta(hours=self.random.randint(1, 9))))
                store.catalogue.freeze(Freeze(sku, "why", "ann", until))
            case 1:
                store.catalogue.unfreeze(sku)
            case 2:
                if held := store.sightings.quarantined():
                    store.sightings.release([self.random.choice(held).id], by="ann")

    def _sells(self, sku: str) -> None:
        ago = timedelta(days=self.random.choice((0, 5, 27, 28)), hours=self.random.randint(-3, 3))
        line = Sale("web", str(self.random.randrange(40)), sku, self.clock.now() - ago, self.random.randint(1, 9))
        self.bench.store.sales.save([line])

    def decides(self) -> None:
        """Sometimes a person lets the plan go on, and its prices come into force."""
        if self.random.random() < 0.5:
            if self.bench.store.plans.get().breakers and self.random.random() < 0.5:
                reset_breakers(self.bench, None, by="ann", reason="looked at")
            approve(self.bench, None, None, by="ann")
        if self.random.random() < 0.7:
            with suppress(NotApproved, BreakerTripped):  # a breaker tripped
                asyncio.run(publish(self.bench))

    # --- what is compared

    def plans_alike(self) -> bool:
        """Plan the changes here and everything in a copy, compare all that was decided; say whether it was a part."""
        self.copies += 1
        copy = self.folder / f"copy{self.copies}"
        copy.mkdir()
        self.bench.store.backup(copy / "pricewatch.db")
        other = open_store(DatabaseSettings(), folder=copy, clock=self.clock)
        whole = plan(replace(self.bench, store=other))
        part = plan(self.bench, changed=True)
        everything = {(one.proposal.sku, one.proposal.group): one.proposal for one in whole.decisions}
        self.known.update({(one.proposal.sku, one.proposal.group): one.proposal for one in part.decisions})
        assert {key: self.known.get(key) for key in everything} == everything
        assert [one.name for one in part.plan.breakers] == [one.name for one in whole.plan.breakers]
        assert self.bench.store.sightings.held() == other.sightings.held()
        statuses = {(one.proposal.sku, one.proposal.group): one.status for one in whole.decisions}
        assert all(statuses[one.proposal.sku, one.proposal.group] == one.status for one in part.decisions)
        other.close()
        return len(part.decisions) < len(whole.decisions)


def lives(folder, seed: int, rules: str, rounds: int) -> int:
    """Let a shop live for some rounds; how many of its plans were plans of a part."""
    shop, parts = Shop(folder, seed, rules), 0
    try:
        for _ in range(rounds):
            for _ in range(shop.random.randint(0, 3)):
                shop.happens()
            parts += shop.plans_alike()
            shop.decides()
            shop.clock.advance(hours=shop.random.choice((0, 0, 0.2, 0.2, 4)))
    finally:
        shop.bench.store.close()
    return parts


@pytest.mark.parametrize("rules", BOOKS)
def test_a_plan_of_changes_is_the_plan_of_everything(tmp_path, rules):
    """Readings, matches, catalogue, stock, freezes, sales, releases, publications and time: the same prices, reasons,
    states, breakers and doubts.
    """
    assert lives(tmp_path, 7, BOOKS[rules], 8) > 0


@pytest.mark.slow
@pytest.mark.parametrize("rules", BOOKS)
def test_a_plan_of_changes_is_the_plan_of_everything_in_other_lives_too(tmp_path, rules):
    """More shops, for longer, some of them with breakers that trip."""
    folders = [tmp_path / str(seed) for seed in range(1, 4)]
    for folder in folders:
        folder.mkdir()
    assert sum(lives(folder, seed, BOOKS[rules], 14) for seed, folder in enumerate(folders, 1)) > 0
