"""The store on SQLite: 10,000 products with 20 offers each, in CPU seconds and wall seconds."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pricewatch.domain.decision import DecisionStatus, Outcome, PriceEntry, Proposal, Reason
from pricewatch.domain.listing import Desired
from pricewatch.domain.match import Match, MatchStatus
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.domain.offer import Availability, Evidence, Item, ItemKey, Observation, Offer, Verdict
from pricewatch.domain.product import PriceGroup, Product
from pricewatch.ports import Sighting, Target
from pricewatch.store import DatabaseSettings, open_store
from pricewatch.store.sql import SqlStore
from pricewatch.testing import FixedClock

PRODUCTS, SELLERS, PAGES = 10_000, 20, 200
GROUP = PriceGroup("default", "PL", "PLN", "Europe/Warsaw")
PLN, VAT, FLOOR = Currency.of("PLN"), TaxRate(2300), Money(100, Currency.of("PLN"))


class Stopwatch:
    """CPU and wall seconds of the parts that are measured."""

    def __init__(self) -> None:
        self.cpu = self.wall = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu

    def report(self, what: str, rows: int) -> None:
        print(
            f"{what:<46} {rows:>8,} rows {self.cpu:7.2f} s CPU {self.wall:7.2f} s wall {rows / self.cpu:>10,.0f} rows/s"
        )


@contextmanager
def measured(what: str, rows: int) -> Iterator[None]:
    watch = Stopwatch()
    with watch.running():
        yield
    watch.report(what, rows)


def sighting(number: int, now: datetime, cut: int) -> Sighting:
    item = Item(ItemKey("site", str(number)), url=f"https://site.example/{number}", title=f"Thing {number}")
    target = Target("site", item.url)
    offers = (
        Offer(item, f"seller {seller}", Money(10_000 + number % 977 + seller * 13 - cut, PLN),
              availability=Availability.IN_STOCK, shipping=Money(999, PLN))
        for seller in range(SELLERS)
    )  # fmt: skip
    seen = tuple(Observation(offer, now, Evidence("hash", "jsonld"), item.url) for offer in offers)
    return Sighting(target, Verdict.PRODUCT, seen)


def crawl(store: SqlStore, now: datetime, what: str, changed: int = 0) -> None:
    """Save a crawl of all pages in batches, as the pipeline does; every `changed`-th page has new prices."""
    watch = Stopwatch()
    for start in range(0, PRODUCTS, PAGES):
        numbers = range(start, min(start + PAGES, PRODUCTS))
        batch = [sighting(n, now, 1 if changed and n % changed == 0 else 0) for n in numbers]
        with watch.running():
            store.sightings.save(1, batch)
    watch.report(what, PRODUCTS * SELLERS)


def proposals() -> Sequence[tuple[Proposal, DecisionStatus]]:
    reasons = tuple(
        Reason(step, "a sentence that says why", 9_999, 9_899, "rules/main.toml:12", (1, 2, 3)) for step in "abcdef"
    )
    one = Proposal("", "default", Outcome.CUT, Money(9_999, PLN), Money(9_899, PLN), FLOOR, None, reasons)
    return [(replace(one, sku=f"SKU-{number}"), DecisionStatus.APPROVED) for number in range(PRODUCTS)]


def main() -> int:
    clock = FixedClock(datetime(2026, 11, 22, 12, tzinfo=UTC))
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(DatabaseSettings(), folder=Path(folder), clock=clock)
        store.upgrade()
        measure(store, clock)
        store.close()
        size = (Path(folder) / "pricewatch.db").stat().st_size
    print(f"size of the database: {size / 2**20:.0f} MiB")
    return 0


def measure(store: SqlStore, clock: FixedClock) -> None:
    products = [Product(f"SKU-{n}", f"Thing {n}", VAT, price=Money(9_999, PLN), floor=FLOOR) for n in range(PRODUCTS)]
    offers = PRODUCTS * SELLERS
    with measured("catalogue, first import", PRODUCTS):
        store.catalogue.save(products, at=clock.now(), group=GROUP)
    crawl(store, clock.now(), "crawl, all offers new")
    clock.advance(hours=6)
    crawl(store, clock.now(), "crawl, nothing changed")
    crawl(store, clock.now(), "crawl, 3 % changed", 33)
    with measured("matches", PRODUCTS):
        store.matches.save([Match(f"SKU-{n}", ItemKey("site", str(n)), MatchStatus.ACCEPTED) for n in range(PRODUCTS)])
    with measured("market into columns", offers):
        frame = store.plans.market(GROUP, at=clock.now())
    assert len(frame.offers) == offers
    with measured("current prices in columns, with those before", offers):
        store.sightings.priced()
    with measured("current offers as records", offers):
        store.sightings.current()
    judged = proposals()
    with measured("plan saved, six reasons each", PRODUCTS):
        plan = store.plans.save(at=clock.now(), rules_hash="", proposals=judged, breakers=[], set_aside=[])
    with measured("plan read", PRODUCTS):
        store.plans.decisions(plan.number)
    publish(store, clock, plan.number)


def publish(store: SqlStore, clock: FixedClock, plan: int) -> None:
    price = Money(9_899, PLN)
    entry = PriceEntry(0, "", "default", price, VAT, FLOOR, None, plan, "", "band", clock.now())
    wish = Desired("web", "", "", 0, price, VAT, FLOOR, None)
    names = [f"SKU-{number}" for number in range(PRODUCTS)]
    with measured("price list, publications and history appended", PRODUCTS):
        store.prices.append(
            plan=plan,
            at=clock.now(),
            entries=[replace(entry, sku=name) for name in names],
            desired=[replace(wish, sku=name, remote_id=name) for name in names],
        )
    clock.set(clock.now() + timedelta(seconds=1))
    with measured("publications claimed", PRODUCTS):
        store.outbox.claim("web", at=clock.now(), limit=PRODUCTS, lease=60)
    with measured("price list's chain verified", PRODUCTS):
        store.prices.verify_chain()


if __name__ == "__main__":
    sys.exit(main())
