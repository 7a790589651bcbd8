"""What was sold, from a file or from a connected shop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice

from pricewatch.domain.errors import SetAside
from pricewatch.domain.sale import Sale
from pricewatch.pipeline.stage import StageLog, stage
from pricewatch.pipeline.workbench import StageReport, Workbench

BATCH = 5_000


def import_sales(bench: Workbench, rows: Iterable[Sale | SetAside], *, source: str) -> StageReport:
    """Keep sales line by line: a known line replaces itself, one of a product that we never had is set aside."""
    with stage(bench, "sales", source) as log:
        known = frozenset(bench.store.catalogue.load().products) | bench.store.catalogue.withdrawn()
        usable = _usable(rows, known, log)
        while batch := list(islice(usable, BATCH)):
            log.count(asdict(bench.store.sales.save(batch)))
    return log.report()


def _usable(rows: Iterable[Sale | SetAside], known: frozenset[str], log: StageLog) -> Iterator[Sale]:
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
