"""What comes in from our own side: catalogue, stock, exchange rates, targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict, replace
from datetime import date, timedelta
from itertools import islice
from typing import TypeVar

from pricewatch.domain.errors import SetAside
from pricewatch.domain.product import ExchangeRate, Product, Sku
from pricewatch.pipeline.stage import StageLog, stage
from pricewatch.pipeline.workbench import StageReport, Workbench
from pricewatch.ports import Target, Vouch

T = TypeVar("T")
BATCH = 1_000
_AMOUNTS = ("price", "cost", "floor", "ceiling", "rrp", "map_price")


def import_catalogue(
    bench: Workbench, rows: Iterable[Product | SetAside], *, source: str, jumps: bool = False, by: str = ""
) -> StageReport:
    """Save products in batches; unusable rows are set aside and the rest is imported.

    An amount that is `[pricing] jump_factor` times the one the catalogue has, or that part of it, is a slip until a
    person says `jumps`: the old one stays, and it is reported. With `jumps` the prices in these rows are right, says
    whoever it is `by`, and go out although they changed much.
    What the catalogue had and these rows do not bring is withdrawn: its prices stay as they are, nobody decides or
    publishes them any more, and feeds leave it out, until an import brings it again. Rows that lack more than
    `[catalogue] max_shrink` percent of the catalogue withdraw nothing, and it is reported.
    """
    with stage(bench, "catalogue", source) as log:
        known = bench.store.catalogue.load().products
        before = frozenset(known)
        seen: set[Sku] = set()
        usable: Iterator[Product] = _unique(_usable(rows, log), log, seen)
        if not jumps:
            usable = _without_jumps(usable, known, bench.pricing.jump_factor, log)
        gtins: Counter[str] = Counter()
        while batch := list(islice(usable, BATCH)):
            gtins.update(product.gtin for product in batch if product.gtin)
            saved = bench.store.catalogue.save(batch, at=bench.clock.now(), group=bench.groups[0])
            log.count(asdict(saved))
        if jumps:
            _vouch(bench, seen, by)
        present = seen | {aside.item for aside in log.set_aside}  # a bad row is no sign that the product is gone
        _withdraw(bench, before, before - present, source, log)
        if shared := sum(times for times in gtins.values() if times > 1):
            log.count({"of_shared_gtins": shared})
    return log.report()


def _vouch(bench: Workbench, imported: AbstractSet[Sku], by: str) -> None:
    """A person's word for each price here that the price list does not have yet."""
    news = imported & frozenset().union(*(bench.store.prices.unpriced(group) for group in bench.groups))
    products = bench.store.catalogue.load(skus=news).products.values() if news else ()
    words = [Vouch(product.sku, product.price, by) for product in products if product.price is not None]
    if words:
        bench.store.catalogue.vouch(words, at=bench.clock.now())


def _without_jumps(
    products: Iterable[Product], known: Mapping[Sku, Product], factor: int, log: StageLog
) -> Iterator[Product]:
    """The products with amounts that jump put back to what the catalogue has."""
    for product in products:
        old = known.get(product.sku)
        slips = [name for name in _AMOUNTS if old is not None and _jumps(product, old, name, factor)]
        for name in slips:
            reason = f"{name} {getattr(product, name)} instead of {getattr(old, name)}: a slip? the old one stays"
            hint = "correct the file; if it is right, import it again with --jumps"
            log.put_aside(SetAside("catalogue", product.sku, reason, hint=hint))
        yield replace(product, **{name: getattr(old, name) for name in slips}) if slips else product


def _jumps(product: Product, old: Product, name: str, factor: int) -> bool:
    new, was = getattr(product, name), getattr(old, name)
    return new is not None and was is not None and new.jumped(was, factor)


def _withdraw(
    bench: Workbench, before: AbstractSet[Sku], missing: AbstractSet[Sku], source: str, log: StageLog
) -> None:
    if len(missing) * 100 > len(before) * bench.max_shrink:
        reason = f"{len(missing)} of {len(before)} products are not in it; they stay as they were"
        hint = "if they are really gone, raise max_shrink in [catalogue] and import again"
        log.put_aside(SetAside("catalogue", source, reason, hint=hint))
    elif missing:
        log.count({"withdrawn": bench.store.catalogue.withdraw(missing, at=bench.clock.now())})


def import_stock(bench: Workbench, rows: Iterable[tuple[Sku, int] | SetAside]) -> StageReport:
    """Set stock counts; SKUs that the catalogue does not have are set aside."""
    with stage(bench, "stock") as log:
        stock = dict(_usable(rows, log))
        changed, unknown = bench.store.catalogue.set_stock(stock, at=bench.clock.now())
        for sku in unknown:
            log.put_aside(SetAside("stock", sku, "not in the catalogue", hint="import the catalogue first"))
        log.count({"changed": changed, "unchanged": len(stock) - changed - len(unknown)})
    return log.report()


def import_rates(bench: Workbench, rows: Iterable[ExchangeRate | SetAside]) -> StageReport:
    """Save exchange rates with their source and day; a rate of a day that has not come is set aside."""
    with stage(bench, "fx") as log:
        last = (bench.clock.now() + timedelta(days=1)).date()  # it is tomorrow already in other parts of the world
        known = [rate for rate in _usable(rows, log) if _has_come(rate, last, log)]
        log.count({"rates": bench.store.catalogue.save_rates(known)})
    return log.report()


def _has_come(rate: ExchangeRate, last: date, log: StageLog) -> bool:
    come = date.fromisoformat(rate.day) <= last
    if not come:
        reason = f"{rate.day} has not come yet"
        log.put_aside(SetAside("fx", f"{rate.base}/{rate.quote}", reason, hint="correct the date and import it again"))
    return come


def import_targets(bench: Workbench, rows: Iterable[Target | SetAside]) -> StageReport:
    """Save pages to watch; a page of a site that has no definition is set aside, one that is switched off is told."""
    with stage(bench, "targets") as log:
        known = []
        for target in _usable(rows, log):
            if target.site in bench.sites:
                known.append(target)
            else:
                log.put_aside(
                    SetAside(
                        "targets", target.url, f"no site definition {target.site!r}", hint="see: pricewatch site list"
                    )
                )
        log.count(asdict(bench.store.sightings.save_targets(known)))
        log.count({"read_again": bench.store.discovery.revive(known)})
        if off := sum(not bench.sites[target.site].enabled for target in known):
            log.count({"of_switched_off_sites": off})
    return log.report()


def _usable(rows: Iterable[T | SetAside], log: StageLog) -> Iterator[T]:
    for row in rows:
        if isinstance(row, SetAside):
            log.put_aside(row)
        else:
            yield row


def _unique(products: Iterable[Product], log: StageLog, seen: set[Sku]) -> Iterator[Product]:
    """Keep the first of every SKU: which of two different rows is meant is not ours to guess."""
    for product in products:
        if product.sku in seen:
            log.put_aside(SetAside("catalogue", product.sku, "the SKU stands more than once; the first row counts"))
            continue
        seen.add(product.sku)
        yield product
