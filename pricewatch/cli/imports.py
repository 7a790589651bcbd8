"""What comes in from our own side: catalogue, stock, exchange rates, pages to watch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from pricewatch.cli import options
from pricewatch.cli.call import Call, command, complete, group, who
from pricewatch.cli.named import channel_named, group_named
from pricewatch.cli.opening import locked
from pricewatch.cli.products import catalogue_list
from pricewatch.cli.reports import idle, show_stages
from pricewatch.domain.errors import SetAside, UsageError
from pricewatch.domain.product import Product

if TYPE_CHECKING:
    from pricewatch.bootstrap import App


_Group = Annotated[str, options.option("--price-group", env=False, metavar="NAME", help="The group that asks them.")]
_Jumps = Annotated[
    bool,
    options.option(
        "--jumps", env=False, help="Amounts that became several times larger or smaller are right: take them."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    catalogue = group(app, "catalogue", "Our own products.")
    command(catalogue, "import", path="catalogue import", locks=True)(catalogue_import)
    command(catalogue, "list", path="catalogue list")(catalogue_list)
    stock = group(app, "stock", "Stock counts.")
    command(stock, "import", path="stock import", locks=True)(stock_import)
    fx = group(app, "fx", "Exchange rates.")
    command(fx, "import", path="fx import", locks=True)(fx_import)
    prices = group(app, "prices", "Prices of markets beside the catalogue's own.")
    command(prices, "import", path="prices import", locks=True)(prices_import)
    targets = group(app, "targets", "Competitors' pages that are read again and again.")
    command(targets, "import", path="targets import", locks=True)(targets_import)


def catalogue_import(
    call: Call, file: options.OptionalFile = None, *, channel: options.FromChannel = "", jumps: _Jumps = False
) -> int:
    """Take products with cost, stock and prices; unusable rows are set aside with their line."""
    from pricewatch.intake import read_catalogue
    from pricewatch.pipeline.catalogue import import_catalogue

    if file and channel:
        raise UsageError("a file and a channel are both named", hint="name one of them")
    with locked(call) as app:
        if channel:
            rows: Iterable[Product | SetAside] = complete(_products(app, channel))
            source = channel
        else:
            path = file or app.config.catalogue.file
            if path is None:
                raise UsageError("which file?", hint='name it, or set file = "products.csv" in [catalogue]')
            now = app.bench.clock.now().astimezone(ZoneInfo(app.config.shop.timezone))
            rows, source = read_catalogue(path, app.config.catalogue, app.config.shop.currency, now), str(path)
        report = import_catalogue(app.bench, rows, source=source, jumps=jumps, by=who("") if jumps else "")
    then = "catalogue import FILE" if idle(report) else "scrape"
    return show_stages(call, [report], next_step=f"pricewatch {then}", nothing=f"no product in {source}")


async def _products(app: App, name: str) -> list[Product | SetAside]:
    channel = channel_named(app, name)
    if not channel.capabilities.catalogue:
        raise UsageError(f"{name} has no catalogue to read", hint="import a file instead")
    try:
        return [row async for row in channel.products()]
    finally:
        await channel.close()


def stock_import(call: Call, file: options.File) -> int:
    """Set stock counts from a CSV file with sku and stock."""
    from pricewatch.intake import read_stock
    from pricewatch.pipeline.catalogue import import_stock

    with locked(call) as app:
        report = import_stock(app.bench, read_stock(file, app.config.catalogue))
    return show_stages(call, [report], next_step="pricewatch plan")


def prices_import(call: Call, file: options.File, *, price_group: _Group, jumps: _Jumps = False) -> int:
    """Take what is asked in a price group from a CSV file with sku and price: the start of what is decided there."""
    from pricewatch.intake import read_prices
    from pricewatch.pipeline.market_prices import import_prices

    with locked(call) as app:
        chosen = group_named(app, price_group)
        rows = read_prices(file, chosen.currency, app.config.catalogue)
        report = complete(import_prices(app.bench, chosen, rows, jumps=jumps))
    return show_stages(call, [report], next_step="pricewatch plan")


def fx_import(call: Call, file: options.File) -> int:
    """Take exchange rates from a file: CSV, or the tables of the ECB and the NBP."""
    from pricewatch.intake import read_rates
    from pricewatch.pipeline.catalogue import import_rates

    with locked(call) as app:
        report = import_rates(app.bench, read_rates(file))
    return show_stages(call, [report], next_step="pricewatch plan")


def targets_import(call: Call, file: options.File) -> int:
    """Take pages to watch from a CSV file with site, url and optionally sku."""
    from pricewatch.config import locator
    from pricewatch.intake import read_targets
    from pricewatch.pipeline.catalogue import import_targets

    with locked(call) as app:
        report = import_targets(app.bench, read_targets(file, locate=locator(app.sites)))
    return show_stages(call, [report], next_step="pricewatch scrape")
