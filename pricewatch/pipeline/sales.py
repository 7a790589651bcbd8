"""What was sold, from a file or from a connected shop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict, replace
from itertools import islice

from pricewatch.domain.errors import SetAside
from pricewatch.domain.product import Product, Sku
from pricewatch.domain.sale import Sale
from pricewatch.pipeline.stage import StageLog, stage
from pricewatch.pipeline.workbench import StageReport, Workbench

BATCH = 5_000
UNIT_SLIP = 20  # times the catalogue's price, or that part of it: grosze for złote, a line's sum for a piece's price


def import_sales(bench: Workbench, rows: Iterable[Sale | SetAside], *, source: str) -> StageReport:
    """Keep sales line by line: a known line replaces itself, one of a product that we never had is set aside.

    A price that cannot be of that product is left out; its pieces count all the same.
    """
    with stage(bench, "sales", source) as log:
        products = bench.store.catalogue.load().products
        usable = _priced(_usable(rows, products.keys() | bench.store.catalogue.withdrawn(), log), products, log)
        while batch := list(islice(usable, BATCH)):
            log.count(asdict(bench.store.sales.save(batch)))
    return log.report()


def _usable(rows: Iterable[Sale | SetAside], known: AbstractSet[str], log: StageLog) -> Iterator[Sale]:
    for row in rows:
        if isinstance(row, SetAside):
            log.put_aside(row)
        elif row.sku not in known:
            hint = "import the catalogue first"
            where = f"sale {row.reference} of source {row.source!r}"
            log.put_aside(SetAside("sales", row.sku, "not in the catalogue", where, hint))
        else:
            if row.units < 0:
                log.count({"returned": 1})
            if row.paid is None:
                log.count({"without_price": 1})
            yield row


def _priced(sales: Iterable[Sale], products: Mapping[Sku, Product], log: StageLog) -> Iterator[Sale]:
    """Sales whose prices can be of their products: what was paid in another unit would teach a wrong demand."""
    for sale in sales:
        product = products.get(sale.sku)
        price = product.price if product else None
        if price and sale.paid and sale.paid.jumped(price, UNIT_SLIP):
            reason = f"{sale.paid} a piece is {UNIT_SLIP} times the catalogue's {price}, or that part of it, or more"
            hint = "its pieces count, its price does not; correct the unit or the column and import it again"
            log.put_aside(SetAside("sales", sale.sku, reason, f"sale {sale.reference} of source {sale.source!r}", hint))
            yield replace(sale, paid=None)
        else:
            yield sale
