"""Which offer is which product: the stage, and what people say about its suggestions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from pricewatch.cli import match_candidates, match_evaluate, match_train, options, review
from pricewatch.cli.call import OK, Call, command, complete, group, root, who
from pricewatch.cli.named import require_product
from pricewatch.cli.opening import locked, opened
from pricewatch.cli.output import Column, Row
from pricewatch.cli.reports import show_stages
from pricewatch.cli.text import Percent
from pricewatch.domain.errors import UsageError
from pricewatch.domain.match import Match, MatchKind, MatchStatus
from pricewatch.domain.offer import Item, ItemKey
from pricewatch.domain.product import Product

if TYPE_CHECKING:
    from pricewatch.bootstrap import App

Kind = Annotated[
    MatchKind | None, options.option("--kind", env=False, help="How it relates to ours. [default: as suggested]")
]
Factor = Annotated[
    int | None,
    options.option("--factor", env=False, metavar="NUMBER", min=2, max=10_000, help="It is a pack of so many of ours."),
]
_COLUMNS = (
    Column("sku"),
    Column("name", "ours", fold=True),
    Column("status", badge=True, rank=4),
    Column("probability", "sure"),
    Column("kind", rank=3),
    Column("factor", machine=True),
    Column("title", "theirs", fold=True),
    Column("site"),
    Column("item", below=True, address=True),
    Column("variant", machine=True),
    Column("method", rank=2),
    Column("decided_by", "by", rank=1),
    Column("reasons", "why", below=True),
)


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    inner = group(app, "match", "Find out which offer is which product; without a command: match now.", has_root=True)
    root(inner, path="match", locks=True)(match)
    review.add_to(inner)
    command(inner, "suggest", path="match suggest")(suggest)
    command(inner, "accept", path="match accept")(accept)
    command(inner, "reject", path="match reject")(reject)
    command(inner, "import", path="match import", locks=True)(import_)
    command(inner, "export", path="match export")(export)
    command(inner, "discover", path="match discover", locks=True)(discover)
    match_candidates.add_to(inner)
    match_evaluate.add_to(inner)
    match_train.add_to(inner)


def match(call: Call) -> int:
    """Judge what is new or has changed: the sure pairs are accepted, the likely ones wait for a person."""
    from pricewatch.pipeline.match import match as stage

    with locked(call) as app:
        report = stage(app.bench)
    suggested = report.counts.get("suggested", 0)
    return show_stages(call, [report], next_step="pricewatch match review" if suggested else "pricewatch plan")


def discover(call: Call, sites: options.Sites = None) -> int:
    """Find and read pages on which competitors sell what we sell, by their search and their addresses; then match."""
    from pricewatch.pipeline.discovery import discover as find
    from pricewatch.pipeline.match import match as stage

    with locked(call) as app:
        reports = [complete(find(app.bench, sites or None)), stage(app.bench)]
    suggested = reports[1].counts.get("suggested", 0)
    return show_stages(call, reports, next_step="pricewatch match review" if suggested else "pricewatch plan")


def suggest(call: Call, sku: options.OneSku = None, *, limit: options.RowLimit = 40) -> int:
    """List suggested matches with both names, those worth most first, for a person to accept or reject."""
    from pricewatch.pipeline.review import review_queue

    with opened(call) as app:
        if sku:
            require_product(app, sku)
        found = review_queue(app.bench, sku)
    rows = (_row(one.pair, one.product, one.item) for one in found)
    call.out.table("match", _COLUMNS, rows, limit=limit, more="pricewatch match review")
    if not found:
        return call.finish("nothing waits for a decision", next_step="pricewatch plan", suggested=0)
    step = f"pricewatch match review{f' {sku}' if sku else ''}, or pricewatch match accept|reject SKU ITEM"
    return call.finish(f"{len(found)} suggested", next_step=step, suggested=len(found))


def _row(pair: Match, product: Product | None, item: Item | None) -> Row:
    return (
        pair.sku, product.name if product else "", pair.status, Percent(pair.probability), pair.kind, pair.factor,
        item.title if item else "", pair.item.site, pair.item.item, pair.item.variant, pair.method, pair.decided_by,
        pair.reasons,
    )  # fmt: skip


def accept(
    call: Call, sku: options.Sku, item: options.ItemText, *, site: options.Site = "", variant: options.Variant = "",
    kind: Kind = None, factor: Factor = None, by: options.By = "",
) -> int:  # fmt: skip
    """Say that an item is this product; the model never overrules it."""
    if factor is not None and kind not in (None, MatchKind.PACK):
        raise UsageError(f"--factor goes with --kind pack, not {kind}", hint="leave one of them out")
    chosen = MatchKind.PACK if factor is not None else kind
    return _decide(call, sku, item, site, variant, MatchStatus.ACCEPTED, by, kind=chosen, factor=factor)


def reject(
    call: Call, sku: options.Sku, item: options.ItemText, *, site: options.Site = "", variant: options.Variant = "",
    by: options.By = "",
) -> int:  # fmt: skip
    """Say that an item is not this product; the model never overrules it."""
    return _decide(call, sku, item, site, variant, MatchStatus.REJECTED, by)


def _decide(
    call: Call, sku: str, item: str, site: str, variant: str, status: MatchStatus, by: str,
    *, kind: MatchKind | None = None, factor: int | None = None,
) -> int:  # fmt: skip
    from pricewatch.pipeline.match import decide_match

    with opened(call) as app:
        key = _item(app, item, site, variant)
        answer = decide_match(app.bench, sku, key, status, by=who(by), kind=kind, factor=factor)
        seen = app.bench.store.matches.described([key]).get(key)
        row = _row(answer, app.bench.store.catalogue.get(sku), seen.item if seen else None)
    call.out.table("match", _COLUMNS, [row])
    return call.finish(f"{answer.sku}: {answer.status}", next_step="pricewatch match suggest")


def _item(app: App, text: str, site: str, variant: str) -> ItemKey:
    """Find the one known item that starts with the text or has it as its address; an exact one wins."""
    urls = {item.key: item.url for item in app.bench.store.sightings.items()}
    keys = urls.keys() | {pair.item for pair in app.bench.store.matches.all()}
    wanted = [key for key in keys if site in ("", key.site) and variant in ("", key.variant)]
    exact = [key for key in wanted if text in (key.item, urls.get(key))]
    chosen = exact or [key for key in wanted if key.item.startswith(text)]
    if len(chosen) == 1:
        return chosen[0]
    if not chosen:
        raise UsageError(f"no item known as {text!r}", hint="`pricewatch match suggest` lists items; copy one whole")
    raise UsageError(f"{text!r} fits {len(chosen)} items", hint=f"add --site or --variant: {_listed(chosen)}")


def _listed(keys: Sequence[ItemKey]) -> str:
    shown = sorted(f"{key.site} {key.item} {key.variant}".strip() for key in keys)
    return ", ".join(shown[:5]) + (" …" if len(shown) > 5 else "")


def import_(call: Call, file: options.File, *, by: options.By = "") -> int:
    """Take matches from a map file as a person's answers; bad rows are set aside."""
    from pricewatch.config import locator
    from pricewatch.intake import read_matches
    from pricewatch.pipeline.answers import import_matches

    with locked(call) as app:
        report = import_matches(app.bench, read_matches(file, locate=locator(app.sites)), by=who(by))
    return show_stages(call, [report], next_step="pricewatch plan")


def export(call: Call, *, status: options.Status = None) -> int:
    """Print all matches; `--json`, or TSV that `match import` reads back."""
    with opened(call) as app:
        found = app.bench.store.matches.all(status=status)
        items = {item.key: item for item in app.bench.store.sightings.items()}
        products = app.bench.store.catalogue.load().products
    rows = (_row(pair, products.get(pair.sku), items.get(pair.item)) for pair in found)
    call.out.table("match", _COLUMNS, rows)
    return call.finish(f"{len(found)} matches", code=OK, next_step="pricewatch match import FILE", matches=len(found))
