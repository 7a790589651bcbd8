"""Prices on paper and in letters: shelf labels, posters, leaflet tables, newsletter snippets."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated

import typer

from pricewatch.cli import options
from pricewatch.cli.call import FAILED, OK, Call, command, group
from pricewatch.cli.named import group_named
from pricewatch.cli.opening import opened
from pricewatch.cli.text import plural
from pricewatch.domain.errors import PricewatchError, UsageError

if TYPE_CHECKING:
    from pricewatch.paper.tags import Tags

_Out = Annotated[Path, options.option("--out", "-o", metavar="FILE", env=False, help="The file to write.")]
_Since = Annotated[
    int,
    options.option("--since", metavar="VERSION", min=0, env=False, help="Only prices that changed after this version."),
]
_Reduced = Annotated[bool, options.option("--reduced", env=False, help="Only announced reductions.")]
_Group = Annotated[
    str, options.option("--group", env=False, metavar="NAME", help="The price group. [default: the first one]")
]
_Language = Annotated[
    str, options.option("--language", env=False, metavar="CODE", help="pl, de, nl, cs or en. [default: the market's]")
]
_Size = Annotated[str, options.option("--size", env=False, metavar="WxH", help="A label's size in millimetres.")]
_Page = Annotated[str, options.option("--page", env=False, metavar="NAME", help="A3, A4, A5 or A6.")]


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    prints = group(app, "print", "Print prices: labels, posters, leaflets, newsletters.")
    command(prints, "labels", path="print labels")(labels)
    command(prints, "posters", path="print posters")(posters)
    command(prints, "leaflet", path="print leaflet")(leaflet)
    command(prints, "newsletter", path="print newsletter")(newsletter)


def labels(
    call: Call, skus: options.Skus = None, *, out: _Out, since: _Since = 0, reduced: _Reduced = False,
    price_group: _Group = "", language: _Language = "", size: _Size = "70x37", page: _Page = "A4",
) -> int:  # fmt: skip
    """Write shelf labels as PDF: name, price, price a unit, an announced reduction with its prior price, barcode."""
    sheets = _sheets()
    layout = sheets.grid(size, page)
    wanted = _tags(call, skus, since=since, reduced=reduced, price_group=price_group, language=language)
    tags = sheets.legible(wanted)
    return _finish(call, tags, {out: sheets.labels(tags, layout)} if tags.tags else {}, "label")


def posters(
    call: Call, skus: options.Skus = None, *, out: _Out, since: _Since = 0, reduced: _Reduced = False,
    price_group: _Group = "", language: _Language = "", page: _Page = "A4",
) -> int:  # fmt: skip
    """Write posters as PDF, one page a product."""
    sheets = _sheets()
    wanted = _tags(call, skus, since=since, reduced=reduced, price_group=price_group, language=language)
    tags = sheets.legible(wanted)
    return _finish(call, tags, {out: sheets.posters(tags, page)} if tags.tags else {}, "poster")


def leaflet(
    call: Call, skus: options.Skus = None, *, out: _Out, since: _Since = 0, reduced: _Reduced = False,
    price_group: _Group = "", language: _Language = "",
) -> int:  # fmt: skip
    """Write a table (CSV) for whoever sets a leaflet, texts ready to print."""
    from pricewatch.paper.letters import leaflet as made

    tags = _tags(call, skus, since=since, reduced=reduced, price_group=price_group, language=language)
    return _finish(call, tags, {out: made(tags).encode()} if tags.tags else {}, "line")


def newsletter(
    call: Call, skus: options.Skus = None, *, out: _Out, since: _Since = 0, reduced: _Reduced = False,
    price_group: _Group = "", language: _Language = "",
) -> int:  # fmt: skip
    """Write a snippet for a newsletter: FILE as HTML, and the plain text beside it as .txt; prices as of now."""
    from pricewatch.paper.letters import newsletter_html, newsletter_text

    tags = _tags(call, skus, since=since, reduced=reduced, price_group=price_group, language=language)
    beside = out.with_suffix(".txt")
    if beside == out:
        raise UsageError(
            "the plain text would take the place of the HTML", hint="use --out with a name like offers.html"
        )
    files = {out: newsletter_html(tags).encode(), beside: newsletter_text(tags).encode()}
    return _finish(call, tags, files if tags.tags else {}, "product")


def _tags(call: Call, skus: list[str] | None, *, since: int, reduced: bool, price_group: str, language: str) -> Tags:
    from pricewatch.paper.tags import Chosen, tags_of

    with opened(call) as app:
        chosen = group_named(app, price_group)
        which = Chosen(tuple(skus or ()), since, reduced)
        return tags_of(app.bench.store, chosen, which, at=app.bench.clock.now(), language=language)


def _sheets() -> ModuleType:
    try:
        from pricewatch.paper import sheets
    except ImportError as error:
        hint = "in the folder of pricewatch's source: pip install '.[print]'"
        raise PricewatchError(f"PDF needs a library that is not installed ({error.name})", hint=hint) from error
    return sheets


def _finish(call: Call, tags: Tags, files: dict[Path, bytes], what: str) -> int:
    call.out.set_aside(tags.set_aside)
    for file, content in files.items():
        _write(file, content)
        call.out.say(f"wrote {file}")
    text = f"{plural(len(tags.tags), what)} at the prices of version {tags.version}"
    code = OK if tags.tags else FAILED
    return call.finish(
        text if tags.tags else "nothing to print, no file was written", code=code, printed=len(tags.tags),
        set_aside=len(tags.set_aside), version=tags.version,
    )  # fmt: skip


def _write(file: Path, content: bytes) -> None:
    """Replace a file in one step: nobody prints half a sheet."""
    from pricewatch.channels.filing import beside, put, settle

    with beside(file) as (stream, fresh):
        stream.write(content)
        settle(stream)
        put(fresh, file)
