"""Which offer is which product: the stage, and what people say about its suggestions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from pricewatch.cli import match_candidates, match_evaluate, options
from pricewatch.cli.call import OK, Call, command, group, root, who
from pricewatch.cli.opening import locked, opened
from pricewatch.cli.output import Column, Row
from pricewatch.cli.reports import show_stages
from pricewatch.cli.text import Percent
from pricewatch.domain.errors import UsageError
from pricewatch.domain.match import Match, MatchStatus
from pricewatch.domain.offer import Item, ItemKey

if TYPE_CHECKING:
    from pricewatch.bootstrap import App

_COLUMNS = (
    Column("sku"),
    Column("status", badge=True, rank=4),
    Column("probability", "sure"),
    Column("kind", rank=3),
    Column("factor", machine=True),
    Column("site"),
    Column("item", below=True, address=True),
    Column("variant", machine=True),
    Column("title", fold=True),
    Column("method", rank=2),
    Column("decided_by", "by", rank=1),
    Column("reasons", "why", below=True),
)


def add_to(app: typer.Typer) -> None:
    """Mount the commands."""
    inner = group(app, "match", "Find out which offer is which product; without a command: match now.", has_root=True)
    root(inner, path="match", locks=True)(match)
    command(inner, "suggest", path="match suggest")(suggest)
    command(inner, "accept", path="match accept")(accept)
    command(inner, "reject", path="match reject")(reject)
    command(inner, "import", path="match import", locks=True)(import_)
    command(inner, "export", path="match export")(export)
    match_candidates.add_to(inner)
    match_evaluate.add_to(inner)


def match(call: Call) -> int:
    """Match what was scraped to the catalogue; suggestions wait for a person."""
    from pricewatch.pipeline import match as stage

    with locked(call) as app:
        report = stage(app.bench)
    suggested = report.counts.get("suggested", 0)
    return show_stages(call, [report], next_step="pricewatch match suggest" if suggested else "pricewatch plan")


def suggest(call: Call, sku: options.OneSku = None, *, limit: options.RowLimit = 40) -> int:
    """List suggested matches, the surest first, for a person to accept or reject."""
    with opened(call) as app:
        found = [pair for pair in app.bench.store.matches.all(status=MatchStatus.SUGGESTED) if sku in (None, pair.sku)]
        items = {item.key: item for item in app.bench.store.sightings.items()}
    found.sort(key=lambda pair: (-pair.probability, pair.sku))
    call.out.table("match", _COLUMNS, (_row(pair, items.get(pair.item)) for pair in found), limit=limit)
    if not found:
        return call.finish("nothing waits for a decision", next_step="pricewatch plan", suggested=0)
    first = found[0]
    step = f"pricewatch match accept {first.sku} {first.item.item} --site {first.item.site}"
    return call.finish(f"{len(found)} suggested", next_step=step, suggested=len(found))


def _row(pair: Match, item: Item | None) -> Row:
    return (
        pair.sku, pair.status, Percent(pair.probability), pair.kind, pair.factor, pair.item.site, pair.item.item,
        pair.item.variant, item.title if item else "", pair.method, pair.decided_by, pair.reasons,
    )  # fmt: skip


def accept(
    call: Call, sku: options.Sku, item: options.ItemText, *, site: options.Site = "", variant: options.Variant = "",
    by: options.By = "",
) -> int:  # fmt: skip
    """Say that an item is this product; the model never overrules it."""
    return _decide(call, sku, item, site, variant, MatchStatus.ACCEPTED, by)


def reject(
    call: Call, sku: options.Sku, item: options.ItemText, *, site: options.Site = "", variant: options.Variant = "",
    by: options.By = "",
) -> int:  # fmt: skip
    """Say that an item is not this product; the model never overrules it."""
    return _decide(call, sku, item, site, variant, MatchStatus.REJECTED, by)


def _decide(call: Call, sku: str, item: str, site: str, variant: str, status: MatchStatus, by: str) -> int:
    from pricewatch.pipeline import decide_match

    with opened(call) as app:
        key = _item(app, item, site, variant)
        answer = decide_match(app.bench, sku, key, status, by=who(by))
    call.out.table("match", _COLUMNS, [_row(answer, None)])
    return call.finish(f"{answer.sku}: {answer.status}", next_step="pricewatch match suggest")


def _item(app: App, text: str, site: str, variant: str) -> ItemKey:
    """Find the one known item that starts with the text; an exact one wins."""
    keys = {item.key for item in app.bench.store.sightings.items()} | {
        pair.item for pair in app.bench.store.matches.all()
    }
    fitting = [
        key for key in keys if key.item.startswith(text) and site in ("", key.site) and variant in ("", key.variant)
    ]
    chosen = [key for key in fitting if key.item == text] or fitting
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
    from pricewatch.pipeline import import_matches

    with locked(call) as app:
        report = import_matches(app.bench, read_matches(file, locate=locator(app.sites)), by=who(by))
    return show_stages(call, [report], next_step="pricewatch plan")


def export(call: Call, *, status: options.Status = None) -> int:
    """Print all matches; `--json`, or TSV that `match import` reads back."""
    with opened(call) as app:
        found = app.bench.store.matches.all(status=status)
        items = {item.key: item for item in app.bench.store.sightings.items()}
    call.out.table("match", _COLUMNS, (_row(pair, items.get(pair.item)) for pair in found))
    return call.finish(f"{len(found)} matches", code=OK, next_step="pricewatch match import FILE", matches=len(found))
