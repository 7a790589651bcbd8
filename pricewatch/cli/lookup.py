"""What does it cost: a price for whoever is asked for one."""

from __future__ import annotations

from typing import Annotated

import typer

from pricewatch.cli import options
from pricewatch.cli.call import FAILED, OK, Call, command
from pricewatch.cli.named import group_named
from pricewatch.cli.opening import opened
from pricewatch.cli.output import Column
from pricewatch.cli.text import clean_lines, plural

_Query = Annotated[list[str], options.argument("QUERY", "A SKU, GTIN, part number, or words of the name.")]
_Text = Annotated[
    bool, options.option("--text", env=False, help="Print one message for chat or SMS, in the market's language.")
]
_Group = Annotated[
    str, options.option("--group", env=False, metavar="NAME", help="The price group. [default: the first one]")
]
_Language = Annotated[
    str, options.option("--language", env=False, metavar="CODE", help="pl, de, nl, cs or en. [default: the market's]")
]

_HITS = (
    Column("sku"),
    Column("name", fold=True),
    Column("price", money=True),
    Column("stock", rank=1),
    Column("promotion", below=True),
    Column("version", rank=2),
    Column("since", rank=2),
    Column("url", below=True),
)


def add_to(app: typer.Typer) -> None:
    """Mount the command."""
    command(app, "price")(price)


def price(
    call: Call,
    query: _Query,
    *,
    text: _Text = False,
    price_group: _Group = "",
    language: _Language = "",
    limit: options.Limit = 5,
) -> int:
    """Tell what a product costs, by the price list: price, announced promotion, stock, delivery, link."""
    from pricewatch.pipeline.lookup import fields_of, look_up

    with opened(call) as app:
        group = group_named(app, price_group)
        found = look_up(
            app.bench.store, group, " ".join(query), at=app.bench.clock.now(), language=language, limit=limit
        )
    code = OK if found.answers else FAILED
    if text and call.out.mode != "json":
        call.out.write(clean_lines(found.text))
        return code
    if len(found.answers) == 1 and not found.more:
        call.out.record("price", fields_of(found.answers[0]))
    elif found.answers:
        rows = [
            (hit.sku, hit.name, hit.price, hit.stock, hit.promotion, hit.version, hit.since, hit.url)
            for hit in found.answers
        ]
        call.out.table("price", _HITS, rows)
    elif found.near:
        call.out.table("near", (Column("sku"), Column("name", fold=True)), found.near)
    return call.finish(*_verdict(found.query, len(found.answers), found.more, len(found.near)), code=code)


def _verdict(query: str, found: int, more: int, near: int) -> tuple[str]:
    if found:
        return (f"{plural(found + more, 'product')} for {query!r}" + (f", {more} not shown (--limit)" if more else ""),)
    return (f"nothing for {query!r}" + ("; similar ones are shown" if near else ""),)
