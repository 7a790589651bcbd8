"""What was sold: orders and sales from a file or a connected shop."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pricewatch.cli import options
from pricewatch.cli.call import Call, command, complete, group
from pricewatch.cli.named import channel_named
from pricewatch.cli.opening import locked, opened
from pricewatch.cli.output import Column
from pricewatch.cli.reports import show_stages
from pricewatch.cli.text import plural
from pricewatch.domain.errors import SetAside, UsageError
from pricewatch.domain.money import TaxRate
from pricewatch.domain.sale import Sale

if TYPE_CHECKING:
    from pricewatch.bootstrap import App

SHOP_DAYS = 400  # of a shop that is asked without --since
_Since = Annotated[
    datetime | None,
    options.option(
        "--since", env=False, formats=["%Y-%m-%d"], metavar="DATE", help="Of a shop: orders from this day on."
    ),
]
_Net = Annotated[
    str, options.option("--net", env=False, metavar="PERCENT", help="Prices in the file are net; the VAT rate to add.")
]
_Source = Annotated[
    str, options.option("--source", env=False, metavar="NAME", help="Where it was sold, if no column says it.")
]


_File = Annotated[Path | None, options.argument("FILE", "The file; none with --channel.")]
_Shop = Annotated[
    str, options.option("--channel", metavar="NAME", help="Read the orders of this connected shop instead of a file.")
]


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    sales = group(app, "sales", "What was sold.")
    command(sales, "import", path="sales import", locks=True)(sales_import)
    command(sales, "status", path="sales status")(sales_status)


def sales_import(
    call: Call, file: _File = None, *, channel: _Shop = "", since: _Since = None,
    net: _Net = "", source: _Source = "file",
) -> int:  # fmt: skip
    """Take orders or sales from a file (CSV, or JSON as shops' APIs answer) or a connected shop; the same line again
    replaces itself.
    """
    from pricewatch.intake import read_sales
    from pricewatch.pipeline.sales import import_sales

    if bool(file) == bool(channel):
        raise UsageError("which sales?", hint="name a file, or a shop with --channel")
    with locked(call) as app:
        if channel:
            rows: Iterable[Sale | SetAside] = complete(_sold(app, channel, since))
        else:
            assert file is not None
            group = app.bench.groups[0]
            rows = read_sales(
                file, currency=group.currency, timezone=group.timezone, source=source, now=app.bench.clock.now(),
                net=TaxRate.parse(net).basis_points if net else None,
            )  # fmt: skip
        report = import_sales(app.bench, rows, source=channel or str(file))
    return show_stages(call, [report], next_step="pricewatch sales status", nothing=f"no sale in {channel or file}")


async def _sold(app: App, name: str, since: datetime | None) -> list[Sale | SetAside]:
    from pricewatch.ports import SalesSource

    channel = channel_named(app, name)
    if not isinstance(channel, SalesSource) or not channel.capabilities.sales:
        raise UsageError(
            f"{name} does not tell what was sold",
            hint="WooCommerce, PrestaShop, Shopify and BaseLinker do; else take a file",
        )
    shop: SalesSource = channel
    begins = since.replace(tzinfo=UTC) if since else app.bench.clock.now() - timedelta(days=SHOP_DAYS)
    try:
        return [row async for row in shop.sales(begins)]
    finally:
        await channel.close()


def sales_status(call: Call) -> int:
    """Show what is known of sales: lines, pieces and days by where they were sold."""
    with opened(call) as app:
        known = app.bench.store.sales.summary()
    columns = [Column(name) for name in ("source", "lines", "units", "first", "last", "products")]
    call.out.table(
        "sales",
        columns,
        [(each.source, each.lines, each.units, each.first, each.last, each.products) for each in known],
    )
    if not known:
        return call.finish("no sale was imported yet", next_step="pricewatch sales import FILE", lines=0)
    lines = sum(each.lines for each in known)
    return call.finish(f"{plural(lines, 'line')} from {plural(len(known), 'source')}", lines=lines)
