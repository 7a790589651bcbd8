"""The matching stage at scale: 100,000 offers of ten sites against 10,000 products, through the database.

`python -m benchmarks.matchflow [PRODUCTS] [OFFERS]`; names are made up. Prints CPU, wall and the most memory of a
first run, of one in which nothing changed, of one with a thousand changed offers, and of one with ten changed products.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pricewatch.bootstrap import Silence
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.domain.offer import Availability, Condition, Evidence, Item, ItemKey, Observation, Offer, Verdict
from pricewatch.domain.product import PriceGroup, Product
from pricewatch.matching.identifiers import check_digit
from pricewatch.matching.settings import MatchingSettings
from pricewatch.pipeline.match import match
from pricewatch.pipeline.settings import PublishingSettings
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import Sighting, Target
from pricewatch.pricing.settings import PricingSettings
from pricewatch.store import DatabaseSettings, open_store
from pricewatch.testing import FixedClock

SITES, BATCH = 10, 2_000
PLN, VAT = Currency.of("PLN"), TaxRate(2300)
GROUP = PriceGroup("default", "PL", "PLN", "Europe/Warsaw")
STEMS = ("bor", "ven", "kal", "mir", "tes", "zor", "lum", "dak", "rin", "pol", "gar", "sel", "nov", "hex", "tra", "wik")
KINDS = ("wiertarka", "lampa", "kabel", "plecak", "czajnik", "monitor", "słuchawki", "router", "dysk", "odkurzacz")


def main() -> int:
    count, asked = (int(word) for word in (*sys.argv[1:3], *("10000", "100000")[len(sys.argv[1:3]) :]))
    dice, clock = random.Random(7), FixedClock(datetime(2026, 11, 22, 12, tzinfo=UTC))
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(DatabaseSettings(), folder=Path(folder), clock=clock)
        store.upgrade()
        products = [_product(dice, number) for number in range(count)]
        for start in range(0, count, BATCH):
            store.catalogue.save(products[start : start + BATCH], at=clock.now(), group=GROUP)
        items = [_item(dice, products, number) for number in range(asked)]
        _see(store, items, clock)
        bench = _bench(store, clock)
        first = _measured("first run", lambda: match(bench).counts)
        _measured("nothing changed", lambda: match(bench).counts)
        _see(store, [replace(item, title=item.title + " nowość") for item in items[:1_000]], clock)
        _measured("1,000 offers changed", lambda: match(bench).counts)
        changed = [replace(product, name=product.name + " v2") for product in products[:10]]
        store.catalogue.save(changed, at=clock.now(), group=GROUP)
        _measured("10 products changed", lambda: match(bench).counts)
        store.close()
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    return 0 if first["judged"] == asked else 1


def _measured(what: str, work: Callable[[], Mapping[str, int]]) -> Mapping[str, int]:
    wall, cpu = time.perf_counter(), time.process_time()
    counts = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{what:<24} {cpu:7.1f} s CPU {wall:7.1f} s wall  {dict(counts)}", flush=True)
    return counts


def _word(dice: random.Random) -> str:
    return "".join(dice.choices(STEMS, k=dice.randint(1, 3)))


def _product(dice: random.Random, number: int) -> Product:
    brand, model = _word(dice).title(), f"{dice.choice('ABCDEFGH')}{dice.choice('XYZ')}{dice.randrange(100, 9999)}"
    body = f"590{number:09d}"
    name = f"{dice.choice(KINDS)} {brand} {model} {_word(dice)} {dice.choice((16, 32, 64, 128))} GB".capitalize()
    gtin = body + check_digit(body) if dice.random() < 0.8 else ""
    price = Money(dice.randrange(1_000, 200_000), PLN)
    return Product(f"P{number}", name, VAT, price=price, brand=brand, gtin=gtin, mpn=model, stock=dice.randrange(50))


def _item(dice: random.Random, products: list[Product], number: int) -> Item:
    """Half are ours, half of these with their GTIN; the rest is what else a shop sells."""
    key = ItemKey(f"site{number % SITES}", f"https://site{number % SITES}.example/{number}")
    ours = dice.random() < 0.5
    product = dice.choice(products) if ours else _product(dice, 10**8 + number)
    words = product.name.split()
    dice.shuffle(words)
    gtin = product.gtin if dice.random() < 0.5 else ""
    return Item(key, key.item, title=" ".join(words[: max(4, len(words) - 1)]), gtin=gtin, brand=product.brand)


def _see(store, items: list[Item], clock: FixedClock) -> None:
    for start in range(0, len(items), BATCH):
        store.sightings.save(1, [_sighting(item, clock.now()) for item in items[start : start + BATCH]])


def _sighting(item: Item, now: datetime) -> Sighting:
    price = Money(1_000 + hash(item.key.item) % 100_000, PLN)
    offer = Offer(item, item.key.site, price, availability=Availability.IN_STOCK, condition=Condition.NEW)
    target = Target(item.key.site, item.url)
    return Sighting(target, Verdict.PRODUCT, (Observation(offer, now, Evidence("0", "jsonld"), item.url),))


class _Nobody:
    """Neither crawls nor tells: the stage needs neither."""

    def __iter__(self) -> Iterator[str]:
        return iter(())


def _bench(store, clock: FixedClock) -> Workbench:
    nobody = _Nobody()
    return Workbench(
        store=store, clock=clock, groups=(GROUP,), sites={}, crawler=nobody, channels={}, channel_groups={},
        rulebook=nobody, matching=MatchingSettings(), pricing=PricingSettings(), publishing=PublishingSettings(),
        notifier=nobody, progress=Silence(),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
