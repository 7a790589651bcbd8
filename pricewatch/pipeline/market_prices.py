"""What we ask in a market of its own before anything was decided there; the catalogue brings the first group's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pricewatch.domain.decision import PriceEntry
from pricewatch.domain.errors import SetAside, UsageError
from pricewatch.domain.money import Money
from pricewatch.domain.product import PriceGroup, Product, Sku
from pricewatch.pipeline.found import abnormal
from pricewatch.pipeline.listings import desired_for
from pricewatch.pipeline.publish import adopted
from pricewatch.pipeline.stage import StageLog, stage
from pricewatch.pipeline.timing import next_version_at
from pricewatch.pipeline.workbench import StageReport, Workbench

STAGE = "prices"
HINT = "mend the file, or `pricewatch fx import` rates; if it is right, import it with --jumps"
FOUND = "imported as what is asked, not decided yet"


async def import_prices(
    bench: Workbench, group: PriceGroup, rows: Iterable[tuple[Sku, Money] | SetAside], *, jumps: bool = False
) -> StageReport:
    """Take prices into the price list as found, for products that were never decided in the group.

    They go to feeds, tills and labels with the next sending, and are what the next plan starts from. Amounts that
    changed abnormally, or are far from the catalogue's price, stay as they were unless `jumps`. Raises UsageError
    before there is a first plan, and for a group in the catalogue's currency, where its prices hold.
    """
    if group.currency == bench.groups[0].currency:
        hint = "change the price in the catalogue, and import that"
        raise UsageError(f"the catalogue's own prices hold in price group {group.name}", hint=hint)
    plan = bench.store.plans.get()
    if plan is None:
        raise UsageError("there is no plan yet that the prices could stand beside", hint="run: pricewatch plan")
    with stage(bench, STAGE, group.name) as log:
        at = next_version_at(bench)
        current = bench.store.prices.current(group.name)
        products = bench.store.catalogue.load().products
        entries = [
            replace(adopted(product, price, group, plan.number, at), reason=FOUND, run=log.run)
            for product, price in _new(bench, group, rows, products, current, log, jumps=jumps)
        ]
        if entries:
            previous = {(group.name, e.sku): current[e.sku].gross for e in entries if e.sku in current}
            desired = await desired_for(bench, entries, previous, log)
            bench.store.prices.append(plan=plan.number, at=at, entries=entries, desired=desired)
        log.count({"prices": len(entries)})
    return log.report()


def _new(
    bench: Workbench,
    group: PriceGroup,
    rows: Iterable[tuple[Sku, Money] | SetAside],
    products: Mapping[Sku, Product],
    current: Mapping[Sku, PriceEntry],
    log: StageLog,
    *,
    jumps: bool,
) -> Iterable[tuple[Product, Money]]:
    """The prices that say something new; what cannot be taken is put aside."""
    said: set[Sku] = set()
    for row in rows:
        if isinstance(row, SetAside):
            log.put_aside(row)
            continue
        sku, price = row
        known, product = current.get(sku), products.get(sku)
        if known is not None and known.gross == price:
            log.count({"unchanged": 1})
        elif product is None:
            log.put_aside(SetAside(STAGE, sku, "not in the catalogue", hint="import the catalogue first"))
        elif sku in said:
            log.put_aside(SetAside(STAGE, sku, "the SKU stands more than once; the first row counts"))
        elif known is not None and not known.found:
            reason = f"the price list has {known.gross}, which was decided here"
            log.put_aside(SetAside(STAGE, sku, reason, hint="rules and plans change it"))
        elif not jumps and (wrong := abnormal(bench, product, price, known.gross if known else None, group)):
            log.put_aside(SetAside(STAGE, sku, wrong, hint=HINT))
        else:
            said.add(sku)
            yield product, price
