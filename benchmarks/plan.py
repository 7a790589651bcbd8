"""Plan time beside a kernel written by hand, databases, data frames and rule engines.

`python -m benchmarks.plan [--products N] [--offers N] [--threads N]`; those that are not installed are left out.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Callable
from dataclasses import fields, replace
from itertools import islice

import numpy as np

from benchmarks._plan_peers import engines, facts, peers
from pricewatch.located import parse
from pricewatch.pricing.engine import Engine, decide
from pricewatch.pricing.frame import MISSING, MarketFrame, OfferColumns, ProductColumns, Text
from pricewatch.pricing.landscape import Surveyor
from pricewatch.pricing.prior_price import prior_prices
from pricewatch.pricing.rules import RuleBook, compile_rulebook
from pricewatch.pricing.settings import PricingSettings
from pricewatch.pricing.shards import shards

NOW = 1_795_348_800
DAY = 86_400

RULES = (
    """
[landscape]
basis = "landed"
own_shipping = "9.99"
without_sellers = ["seller 7", "seller 11"]

[[guardrails]]
min_margin = "5%"
max_raise = "15%"
max_cut = "10%"
max_cut_day = "15%"
max_raise_day = "20%"
min_change = "0.5%"
max_changes_a_day = 4
endings = [".99"]
max_above_rrp = "10%"
map_report = true
"""
    + "\n".join(
        f'[[rule]]\nname = "{name}"\nwhen = "{when}"\n{target}'
        for name, when, target in (
            ("frozen brand", "brand == 'brand 3' and margin < 5%", 'target = "keep"'),
            ("key items", "kvi and offers >= 3", 'target = "lowest"\nadjust = "-0.01"'),
            ("key items, thin", "kvi", 'target = "median"'),
            ("old stock", "stock > 45 and days_unchanged > 20", 'target = "lowest"\nadjust = "-1%"'),
            ("clearance", "'sale' in tags and stock > 10", 'target = "lowest"'),
            ("own brand", "brand in ('brand 1', 'brand 2')", 'target = { kind = "cost_plus", percent = "60%" }'),
            ("rank", "category in 'group 2' and rank > 4", 'target = { kind = "nth_lowest", n = 2 }'),
            ("rich", "margin > 35% and lowest < current", 'target = "median"\nadjust = "-2%"'),
            ("covered", "offers >= 5", 'target = { kind = "nth_lowest", n = 2 }\nadjust = "-0.01"'),
        )
    )
    + '\n[[rule]]\nname = "rest"\ntarget = "median"\n'
)


def market(products: int, offers: int) -> MarketFrame:
    """A seeded market; offers come ordered by product, as the database gives them."""
    random = np.random.default_rng(7)
    base = random.integers(1_000, 300_000, products)
    current = base * random.integers(95, 115, products) // 100
    nothing = np.full(products, MISSING)
    columns = ProductColumns(
        sku=range(products),  # type: ignore[arg-type]
        name=range(products),  # type: ignore[arg-type]
        current=current,
        cost=base * 6 // 10,
        vat=np.full(products, 2_300),
        floor=nothing,
        ceiling=nothing,
        rrp=base * 14 // 10,
        map_price=base * 9 // 10,
        stock=random.integers(0, 50, products),
        kvi=random.random(products) < 0.05,
        frozen=random.random(products) < 0.01,
        changed_at=NOW - random.integers(0, 40, products) * DAY,
        changes_today=random.integers(0, 3, products),
        day_start=current.copy(),
        prior=base * 9 // 10,
        brand=_text(random, products, "brand", 50),
        category=Text(_codes(random, products, 40), tuple(f"group {n % 4} > part {n}" for n in range(40))),
        supplier=_text(random, products, "supplier", 20),
        tags=Text(_codes(random, products, 4), ("|sale|", "|new|", "", "|old|")),
    )
    return MarketFrame("pl", "PLN", 2, "Europe/Warsaw", NOW, columns, _offers(random, base, offers))


def _text(random: np.random.Generator, rows: int, name: str, distinct: int) -> Text:
    return Text(_codes(random, rows, distinct), tuple(f"{name} {number}" for number in range(distinct)))


def _codes(random: np.random.Generator, rows: int, distinct: int) -> np.ndarray:
    return random.integers(0, distinct, rows, dtype=np.int32)


def _offers(random: np.random.Generator, base: np.ndarray, each: int) -> OfferColumns:
    rows = len(base) * each
    price = np.repeat(base, each)
    price *= random.integers(85, 130, rows, dtype=np.int16)
    price //= 100
    return OfferColumns(
        product=np.repeat(np.arange(len(base)), each),
        price=price,
        shipping=random.integers(0, 2_000, rows),
        seen_at=NOW - random.integers(0, 3 * DAY, rows),
        factor=np.ones(rows, dtype=np.int64),
        observation=np.arange(rows),
        rating=np.full(rows, 9_500),
        pieces=np.full(rows, MISSING),
        availability=(random.random(rows, dtype=np.float32) < 0.2).astype(np.int8),
        condition=np.zeros(rows, dtype=np.int8),
        role=np.zeros(rows, dtype=np.int8),
        kind=np.zeros(rows, dtype=np.int8),
        own=random.random(rows, dtype=np.float32) < 0.01,
        seller=_text(random, rows, "seller", 300),
        site=_text(random, rows, "site", 30),
    )


def kernel(frame: MarketFrame) -> np.ndarray:
    """The same job cut down to one rule and written by hand: no reasons, no rule files, no options."""
    ours, theirs = frame.products, frame.offers
    keep = (theirs.availability == 0) & (theirs.seen_at >= NOW - 2 * DAY) & ~theirs.own
    keep &= (theirs.seller.codes != 7) & (theirs.seller.codes != 11)
    landed = theirs.price + theirs.shipping - 999
    keep &= landed > 0
    keys = (theirs.product[keep] << 35) | landed[keep]
    keys.sort()
    starts = np.searchsorted(keys, np.arange(len(ours) + 1) << 35)
    counts = np.diff(starts)
    last = len(keys) - 1
    lowest = keys[np.minimum(starts[:-1], last)] & (2**35 - 1)
    second = keys[np.minimum(starts[:-1] + np.minimum(counts, 2) - 1, last)] & (2**35 - 1)
    median = keys[np.minimum(starts[:-1] + (counts - 1) // 2, last)] & (2**35 - 1)
    rank = np.searchsorted(keys, (np.arange(len(ours)) << 35) | ours.current) - starts[:-1] + 1
    target = np.where(rank > 3, second, np.where(counts >= 5, lowest, median)) - 1
    floor = -(-ours.cost * 12_300 // 9_500)
    price = np.clip(target, ours.day_start * 85 // 100, ours.day_start * 120 // 100)
    price = np.maximum(price - (price - 99) % 100, floor + (99 - floor) % 100)
    return np.where((counts == 0) | ours.frozen, ours.current, price)


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds and wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def peak() -> int:
    """The peak of resident memory so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def size(frame: MarketFrame) -> int:
    """What the frame's columns take, in MiB."""
    columns = [getattr(part, each.name) for part in (frame.products, frame.offers) for each in fields(part)]
    arrays = [column.codes if isinstance(column, Text) else column for column in columns]
    return sum(array.nbytes for array in arrays if isinstance(array, np.ndarray)) // 2**20


def history(listings: int, changes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Change points of our own prices over 200 days, in random order."""
    random = np.random.default_rng(3)
    rows = listings * changes
    return (
        random.integers(0, listings, rows),
        NOW - random.integers(0, 200 * DAY, rows),
        random.integers(1_000, 99_999, rows),
    )


def compare(products: int, offers: int, frame: MarketFrame) -> None:
    """The kernel's job by others, each in CPU seconds for all products; the sum of all prices must be the same."""
    few = min(products, 20_000)
    some = frame if few == products else market(few, offers)
    sums = {len(part.products): int(kernel(part).sum()) for part in (frame, some)}
    for found in peers(frame, some):
        done = products if found.name in {"DuckDB", "Polars"} else few
        right = "" if found.checksum == sums[done] else "  WRONG SUM"
        note = f"  ({done:,} products, scaled{'; ' + found.note if found.note else ''})" if done < products else ""
        print(f"{found.name:<20}{found.seconds * products / done:8.3f} s CPU{note}{right}")


def rule_engines(few: int, offers: int, ours: float) -> None:
    """The ten conditions by rule engines, for products that the plan gave to a rule; how often they chose another."""
    part, book = market(few, offers), compile_rulebook([parse(RULES, "rules.toml")])
    trail = decide(part, book, PricingSettings()).trail
    survey = Surveyor(part, book.landscapes[0], PricingSettings().max_age).survey(next(shards(part)))
    known = facts(part, survey.offers, survey.lowest, survey.rank(part.products.current))
    rows = [row for row in range(few) if trail.branch[row] >= 0]
    for name, choose in engines().items():
        start = time.process_time()
        chosen = [choose(known[row]) for row in rows]
        each = (time.process_time() - start) / len(rows)
        others = sum(number != trail.branch[row] for number, row in zip(chosen, rows, strict=True))
        note = f"  {others} of {len(rows):,} CHOSE ANOTHER RULE" if others else ""
        print(f"  {name:<18}{each * 1e6:8.1f} us a product = {each / ours:.0f} x ours{note}")


def conditions(frame: MarketFrame, book: RuleBook) -> float:
    """CPU seconds to choose the rule of every product, once its market is known (no offers: nothing to survey)."""
    engine, pieces = Engine(frame, book, PricingSettings()), list(shards(frame))
    return min(measured(lambda: [engine.chosen(piece) for piece in pieces])[0] for _ in range(3))


def on_cores(frame: MarketFrame, book: RuleBook, cores: int) -> None:
    """Wall seconds of `decide` on one core and on several, one after the other, five times, and how busy these were."""
    faster = []
    for _ in range(5):
        cpu, alone = measured(lambda: decide(frame, book, PricingSettings()))
        both, together = measured(lambda: decide(frame, book, PricingSettings(), threads=cores))
        faster.append(alone / together)
        busy = f"{cpu:.2f} and {both:.2f} s CPU, {cpu / alone:.2f} and {both / together:.2f} cores busy"
        print(
            f"one {alone:.2f} s, {cores} cores {together:.2f} s wall = {faster[-1]:.2f} x as fast; {busy}", flush=True
        )
    print(f"median {sorted(faster)[2]:.2f} x as fast; load of the machine {os.getloadavg()[0]:.1f} (should be near 1)")


def main() -> None:
    parser = argparse.ArgumentParser(description="plan time beside a hand-written kernel")
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--offers", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cores", type=int, help="only this: as many cores beside one, in pairs, on an idle machine")
    options = parser.parse_args()
    frame = market(options.products, options.offers)
    book, settings = compile_rulebook([parse(RULES, "rules.toml")]), PricingSettings()
    if options.cores:
        on_cores(frame, book, options.cores)
        return
    print(f"{options.products:,} products, {options.products * options.offers:,} offers, {len(book.branches)} rules")
    print(f"frame {size(frame):,} MiB in memory, peak so far {peak():,} MiB")
    by_hand = min(measured(lambda: kernel(frame))[0] for _ in range(3))
    before = peak()
    runs = [measured(lambda: decide(frame, book, settings)) for _ in range(3)]
    cpu, wall = min(runs)
    print(f"kernel by hand      {by_hand:8.3f} s CPU")
    print(
        f"decide              {cpu:8.3f} s CPU = {cpu / by_hand:.1f} x the kernel; peak {peak():,} MiB (was {before:,})"
    )
    threaded = min(measured(lambda: decide(frame, book, settings, threads=options.threads))[1] for _ in range(3))
    print(f"decide, {options.threads} threads   {threaded:8.3f} s wall = {wall / threaded:.2f} x as fast as one")
    compare(options.products, options.offers, frame)
    alone = replace(frame, offers=_offers(np.random.default_rng(1), frame.products.current, 0))
    rules = min(measured(lambda: decide(alone, book, settings))[0] for _ in range(3))
    print(
        f"whole chain         {rules / options.products * 1e6:8.3f} us a product, no offers: rules, guardrails, trail"
    )
    chosen = conditions(alone, book) / options.products
    print(f"ten conditions      {chosen * 1e6:8.3f} us a product; by a rule engine:")
    rule_engines(min(options.products, 2_000), options.offers, chosen)
    plan = decide(frame, book, settings)
    some = min(options.products, 20_000)
    told = measured(lambda: list(islice(plan.proposals(), some)))[0]
    print(f"proposals           {told / some * 1e6:8.1f} us a product, with reasons")
    listing, since, gross = history(options.products, 12)
    prior = measured(lambda: prior_prices(listing, since, gross, options.products, NOW - 30 * DAY, NOW))[0]
    print(f"prior prices        {prior:8.3f} s CPU for {options.products:,} listings, {len(listing):,} change points")


if __name__ == "__main__":
    main()
