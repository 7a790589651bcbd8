"""What we sell, as the catalogue has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pricewatch.cli import options
from pricewatch.cli.call import Call
from pricewatch.cli.opening import opened
from pricewatch.cli.output import Column
from pricewatch.cli.text import plural
from pricewatch.domain.money import Money
from pricewatch.domain.product import Product

_Query = Annotated[
    list[str] | None,
    options.argument("QUERY", "A SKU, GTIN, part number, or words of the name; all when none is given."),
]
_Unpriced = Annotated[
    bool, options.option("--not-priced", help="Only products that are never repriced, because their cost is missing.")
]
_NEXT = "pricewatch catalogue import FILE"
_COLUMNS = (
    Column("sku"),
    Column("name", fold=True),
    Column("price", money=True),
    Column("cost", money=True),
    Column("tax", rank=1),
    Column("floor", money=True, rank=1),
    Column("ceiling", money=True, rank=2),
    Column("stock", rank=1),
    Column("brand", rank=2),
    Column("gtin", rank=2),
    Column("mpn", rank=3),
    Column("category", rank=3),
)


def catalogue_list(
    call: Call, query: _Query = None, *, not_priced: _Unpriced = False, limit: options.RowLimit = 40
) -> int:
    """Show our products with what we ask and pay for them, as far as the catalogue knows it."""
    from pricewatch.pipeline.finding import Finder

    with opened(call) as app:
        known = app.bench.store.catalogue.load().products
        enough = app.bench.pricing.explicit_floor_is_enough
        found = Finder(known).find(" ".join(query)) if query else tuple(known.values())
        chosen = [product for product in found if not (not_priced and _priced(product, enough))]
        asked = app.bench.store.prices.current(app.bench.groups[0].name, skus=[product.sku for product in chosen])
        prices = {sku: entry.gross for sku, entry in asked.items()}
    rows = [_row(product, prices.get(product.sku, product.price)) for product in chosen]
    call.out.table("product", _COLUMNS, rows, limit=limit, more="--limit, or words of a name, show others")
    return call.finish(_summary(len(rows), len(known), bool(query)), next_step="" if known else _NEXT)


def _priced(product: Product, explicit_floor_is_enough: bool) -> bool:
    return product.cost is not None or (explicit_floor_is_enough and product.floor is not None)


def _row(product: Product, price: Money | None) -> Sequence[object]:
    return (
        product.sku, product.name, price, product.cost, str(product.tax), product.floor, product.ceiling,
        product.stock, product.brand, product.gtin, product.mpn, product.category,
    )  # fmt: skip


def _summary(shown: int, known: int, asked: bool) -> str:
    return f"{shown} of {plural(known, 'product')}" if asked or shown < known else plural(known, "product")
